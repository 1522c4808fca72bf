//! Events from a file or the standard input: NDJSON, plain or gzip, one line at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use waymark_model::Event;
use waymark_wire::{Code, LINE_BYTES, WireError, parse_line};

use crate::error::CliError;
use crate::pack::shown;

/// What gzip begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
const BUFFER: usize = 1 << 20;

/// A file, or for `-` the standard input, and its size if that is known.
pub(crate) fn open(path: &str) -> Result<(Box<dyn Read>, Option<u64>), CliError> {
    if path == "-" {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let unreadable = |source| CliError::unreadable(path, source);
    let file = File::open(path).map_err(unreadable)?;
    let facts = file.metadata().map_err(unreadable)?;
    if facts.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    Ok((Box::new(file), facts.is_file().then_some(facts.len())))
}

/// Lines of bounded length, numbered from 1.
pub(crate) struct Lines {
    name: String,
    from: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
    limit: usize,
}

/// A line that is not blank.
pub(crate) struct Line<'a> {
    pub number: u64,
    /// `None` when it was longer than the limit.
    pub bytes: Option<&'a [u8]>,
}

impl Lines {
    /// Unpacks gzip, which shows in the first two bytes.
    pub(crate) fn of(path: &str, mut from: Box<dyn Read>, limit: usize) -> Result<Self, CliError> {
        let name = shown(path).to_owned();
        let mut start = Vec::with_capacity(GZIP.len());
        from.by_ref()
            .take(GZIP.len() as u64)
            .read_to_end(&mut start)
            .map_err(|source| CliError::unreadable(&name, source))?;
        let packed = start == GZIP;
        let all = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(from));
        let from: Box<dyn BufRead> = if packed {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(all)))
        } else {
            Box::new(all)
        };
        Ok(Self { name, from, line: Vec::new(), number: 0, limit })
    }

    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, CliError> {
        loop {
            let read = self.read_line();
            let more = read.map_err(|source| CliError::unreadable(&self.name, source))?;
            if !more {
                return Ok(None);
            }
            self.number += 1;
            let long = self.line.len() > self.limit;
            if long || !self.line.trim_ascii().is_empty() {
                let bytes = (!long).then_some(self.line.as_slice());
                return Ok(Some(Line { number: self.number, bytes }));
            }
        }
    }

    /// Whether there was a line. Of one that is too long only as much is kept as shows it.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        // The limit, a newline, and one byte that shows that there are more.
        let most = self.limit as u64 + 2;
        let read = self.from.by_ref().take(most).read_until(b'\n', &mut self.line)?;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
        } else if read as u64 == most {
            self.from.skip_until(b'\n')?;
        }
        Ok(read > 0)
    }
}

impl Line<'_> {
    pub(crate) fn event(&self) -> Result<Event, WireError> {
        let Some(bytes) = self.bytes else {
            let message = format!(
                "The line has more than {LINE_BYTES} bytes, which is the most that it may have. \
                 Send less."
            );
            return Err(WireError::new(Code::EventTooLarge, "", message));
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            let message = format!("The line is not UTF-8 at byte {at}. Encode it as UTF-8.");
            WireError::new(Code::BadJson, "", message)
        })?;
        parse_line(text)
    }
}

/// Whose an event is: the anonymous id, else the user's. Every event that was accepted has one.
pub(crate) fn visitor_of(event: &Event) -> &str {
    event.anonymous_id.as_deref().or(event.user_id.as_deref()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES, Lines};
    use std::io::Cursor;

    fn lines(text: &str, limit: usize) -> Vec<(u64, Option<String>)> {
        let from = Box::new(Cursor::new(text.to_owned()));
        let mut lines = Lines::of("-", from, limit).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = line.bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            all.push((line.number, text));
        }
        all
    }

    #[test]
    fn lines_keep_their_numbers_past_blank_ones() {
        let some = |number, text: &str| (number, Some(text.to_owned()));
        assert_eq!(lines("a\r\n\n  \nb", 9), [some(1, "a"), some(4, "b")]);
        assert_eq!(lines("", 9), []);
        assert_eq!(lines("\n", 9), []);
    }

    #[test]
    fn a_line_at_the_limit_is_kept_and_one_past_it_is_not() {
        let kept = |text: &str| Some(text.to_owned());
        assert_eq!(lines("abc\nabcd\nab", 3), [(1, kept("abc")), (2, None), (3, kept("ab"))]);
        assert_eq!(lines("abc\r\nabcdefgh", 3), [(1, kept("abc")), (2, None)]);
        assert_eq!(lines("abcdefgh\nabc", 3), [(1, None), (2, kept("abc"))]);
        assert_eq!(lines("abcd\n", 3), [(1, None)]);
        assert_eq!(lines("abcde\nx", 3), [(1, None), (2, kept("x"))]);
    }

    #[test]
    fn a_line_without_end_is_not_loaded_whole() {
        let endless = std::io::Read::take(std::io::repeat(b'x'), 50_000_000);
        let mut lines = Lines::of("-", Box::new(endless), LINE_BYTES).unwrap();
        assert!(lines.next().unwrap().is_some_and(|line| line.bytes.is_none()));
        assert!(lines.line.capacity() < 4 * LINE_BYTES);
        assert!(lines.next().unwrap().is_none());
    }
}
