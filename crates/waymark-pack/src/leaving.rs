//! Addresses that lead to another host than they seem to, when a value of theirs is empty.

use waymark_engine::program::Filter;
use waymark_model::Value;

use crate::template::{Hole, Piece};

/// What is wrong with one that [may].
pub(crate) const LEAVES: &str =
    "`//` begins the name of another host: give a value in between a default";

/// Whether an address may: with nothing in between, a second slash begins a host.
pub(crate) fn may(pieces: &[Piece]) -> bool {
    let written = |is_empty: fn(&Hole) -> bool| -> String {
        let parts = pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => text.as_str(),
            Piece::Insert(hole) if is_empty(hole) => "",
            Piece::Insert(_) => "x",
        });
        parts.collect()
    };
    names_host(&written(may_be_empty)) && !names_host(&written(|_| false))
}

/// A value may be, unless it has a default.
fn may_be_empty(hole: &Hole) -> bool {
    match hole.filters.last() {
        Some(Filter::Default(Value::Text(text))) => text.is_empty(),
        Some(Filter::Default(_)) => false,
        _ => true,
    }
}

/// Whether an address without a scheme begins with a host, as browsers read it.
fn names_host(address: &str) -> bool {
    let mut signs = address.trim_start_matches(|c: char| c <= ' ').chars();
    let mut is_slash = || matches!(signs.next(), Some('/' | '\\'));
    is_slash() && is_slash()
}
