//! Capital and small letters of the scripts that have them, one letter for one.
//!
//! A page's own tables may be of another version of Unicode than the edge's, and the standard
//! library's are larger than all other code of templates; so the engine has ranges of its own.
//! Latin, Greek, Cyrillic and Armenian; letters of others stay as they are.

use alloc::string::String;

/// Capitals from the first to the last, every `step`th of them, and how far on the small one is.
struct Range {
    first: u32,
    last: u32,
    step: u32,
    ahead: i32,
}

const fn range(first: u32, last: u32, step: u32, ahead: i32) -> Range {
    Range { first, last, step, ahead }
}

#[rustfmt::skip]
const RANGES: [Range; 37] = [
    range(0x41, 0x5a, 1, 32),
    range(0xc0, 0xd6, 1, 32), range(0xd8, 0xde, 1, 32),
    range(0x100, 0x12e, 2, 1), range(0x132, 0x136, 2, 1), range(0x139, 0x147, 2, 1),
    range(0x14a, 0x176, 2, 1), range(0x178, 0x178, 1, -121), range(0x179, 0x17d, 2, 1),
    range(0x1a0, 0x1a4, 2, 1), range(0x1af, 0x1af, 1, 1), range(0x1cd, 0x1db, 2, 1),
    range(0x1de, 0x1ee, 2, 1), range(0x1f8, 0x21e, 2, 1), range(0x222, 0x232, 2, 1),
    range(0x370, 0x372, 2, 1), range(0x376, 0x376, 1, 1), range(0x386, 0x386, 1, 38),
    range(0x388, 0x38a, 1, 37), range(0x38c, 0x38c, 1, 64), range(0x38e, 0x38f, 1, 63),
    range(0x391, 0x3a1, 1, 32), range(0x3a3, 0x3ab, 1, 32),
    range(0x3d8, 0x3ee, 2, 1),
    range(0x400, 0x40f, 1, 80), range(0x410, 0x42f, 1, 32), range(0x460, 0x480, 2, 1),
    range(0x48a, 0x4be, 2, 1), range(0x4c0, 0x4c0, 1, 15), range(0x4c1, 0x4cd, 2, 1),
    range(0x4d0, 0x52e, 2, 1),
    range(0x531, 0x556, 1, 48),
    range(0x1e00, 0x1e94, 2, 1), range(0x1ea0, 0x1efe, 2, 1),
    range(0x2160, 0x216f, 1, 16), range(0x24b6, 0x24cf, 1, 26),
    range(0xff21, 0xff3a, 1, 32),
];

pub(crate) fn upper(c: char) -> char {
    match c {
        // The Greek final sigma, the long s, and the Turkish i without a dot.
        'ς' => 'Σ',
        'ſ' => 'S',
        'ı' => 'I',
        _ => moved(c, |range, code| {
            code.checked_add_signed(-range.ahead).filter(|to| range.has(*to))
        }),
    }
}

/// Text in small letters: what is compared whatever its case.
pub fn fold_case(text: &str) -> String {
    text.chars().map(lower).collect()
}

pub(crate) fn lower(c: char) -> char {
    moved(c, |range, code| code.checked_add_signed(range.ahead).filter(|_| range.has(code)))
}

fn moved(c: char, to: impl Fn(&Range, u32) -> Option<u32>) -> char {
    RANGES.iter().find_map(|range| to(range, c as u32)).and_then(char::from_u32).unwrap_or(c)
}

impl Range {
    const fn has(&self, code: u32) -> bool {
        self.first <= code && code <= self.last && (code - self.first).is_multiple_of(self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::{lower, upper};

    fn one(mut of: impl Iterator<Item = char>) -> Option<char> {
        of.next().filter(|_| of.next().is_none())
    }

    #[test]
    fn what_has_a_case_here_has_it_in_unicode() {
        for c in ('\0'..=char::MAX).filter(|c| *c != 'ß') {
            if upper(c) != c {
                assert_eq!(Some(upper(c)), one(c.to_uppercase()), "{c}");
            }
            if lower(c) != c {
                assert_eq!(Some(lower(c)), one(c.to_lowercase()), "{c}");
            }
        }
    }

    #[test]
    fn the_letters_of_europe_are_all_there() {
        // Of these blocks those whose other case is one letter of the same script's blocks.
        let blocks = ['\0'..='\u{17e}', '\u{391}'..='\u{3ce}', '\u{400}'..='\u{556}'];
        for c in blocks.into_iter().flatten().filter(|c| !"ßµİŉΐΰ".contains(*c)) {
            assert_eq!(Some(upper(c)), one(c.to_uppercase()), "{c}");
            assert_eq!(Some(lower(c)), one(c.to_lowercase()), "{c}");
        }
    }
}
