//! Addresses, in which a value may choose where on a site to go and never to which site, and never
//! what to run.

use std::fmt::Write;

use waymark_engine::program::{Escape, Part, Template};

use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::json::At;
use crate::leaving;
use crate::template::Piece;

/// What begins a path, a query or a fragment: a scheme or a host is over there.
const ENDS: [char; 4] = ['/', '?', '#', '\\'];

/// An address that the browser or the edge goes to by itself. Its values are parts of it that can
/// lead nowhere else.
pub(in crate::pack) fn whole(
    pieces: &[Piece],
    at: At,
    remote: bool,
    desk: &mut Desk<'_>,
) -> Option<Template> {
    if let Err(message) = check_whole(pieces, remote) {
        let mend = if remote {
            "write for example https://reviews.example/latest?of={{ features.last-product }}"
        } else {
            "write for example /sale?from={{ features.last-category }}, or https:// and a host"
        };
        desk.problems.error(Code::UnsafeUrl, at, message).mend(mend);
        return None;
    }
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => Part::Literal(in_ascii(text)),
        Piece::Insert(hole) => Part::Insert(hole.clone().escaped(Escape::UrlPart)),
    });
    Some(Template(parts.collect()))
}

fn check_whole(pieces: &[Piece], remote: bool) -> Result<(), &'static str> {
    let Some(Piece::Literal(start)) = pieces.first() else {
        return Err("an address begins with where it leads, and not with a value");
    };
    let literals = pieces.iter().filter_map(|piece| match piece {
        Piece::Literal(text) => Some(text),
        Piece::Insert(_) => None,
    });
    if literals.clone().any(|text| text.contains(|c: char| c <= ' ' || c == '\\' || c == '\x7f')) {
        return Err("an address has no spaces, control characters or backslashes");
    }
    let host = start.strip_prefix("https://");
    // Without encryption no further than this machine, for trying things.
    let plain = start.strip_prefix("http://");
    let host = host.or(plain.filter(|rest| !remote || is_here(rest)));
    if let Some(rest) = host {
        let host = rest.split(ENDS).next().unwrap_or_default();
        let only = pieces.len() == 1;
        if host.is_empty() || host.contains('@') || (host.len() == rest.len() && !only) {
            return Err("the host of an address stands whole in front of its first value");
        }
        return Ok(());
    }
    if remote {
        return Err("a remote address begins with https://");
    }
    let Some(path) = start.strip_prefix('/') else {
        return Err("an address begins with `/`, http:// or https://");
    };
    if !path.starts_with('/') && !leaving::may(pieces) {
        return Ok(());
    }
    Err(leaving::LEAVES)
}

fn is_here(rest: &str) -> bool {
    let host = rest.split(ENDS).next().unwrap_or_default();
    matches!(host.split(':').next(), Some("localhost" | "127.0.0.1"))
}

/// How each value of an attribute that holds an address is escaped: `start` for one that begins it.
/// `None` when the address is one that would run, or may lead to another host than it seems to.
pub(super) fn escapes(pieces: &[Piece], start: Escape) -> Option<Vec<Escape>> {
    let mut escapes = Vec::new();
    let mut before = String::new();
    let mut begun = false;
    for piece in pieces {
        match piece {
            Piece::Literal(text) => before.push_str(text),
            Piece::Insert(_) => {
                let first = !begun && before.chars().all(|c| c <= ' ');
                escapes.push(if first { start } else { Escape::UrlPart });
                begun = true;
                // A letter as any other of a scheme.
                before.push('x');
            }
        }
    }
    // As the URL standard has it, control characters and spaces in front do not count, nor tabs and
    // line ends anywhere.
    let seen: String = before
        .trim_start_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .collect();
    let scheme = seen.split(ENDS).next().and_then(|start| start.split_once(':'));
    let harmless = scheme.is_none_or(|(scheme, _)| {
        ["http", "https", "mailto"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    });
    (harmless && !leaving::may(pieces)).then_some(escapes)
}

/// Headers take ASCII.
fn in_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
