//! How languages write amounts, dates and plurals. Looked up while a pack is compiled: a Program
//! carries the signs and words that its templates need, and no tables.
//!
//! After the Unicode Common Locale Data Repository (CLDR 46, `common/main` and
//! `common/supplemental/plurals.xml`) and ISO 4217, for the languages that shops ask for first. A
//! language that is not here is written as English is.

mod date;
mod money;
mod plural;

pub(crate) use date::date;
pub(crate) use money::{is_currency, money};
pub(crate) use plural::{categories, plural};

/// The language of a tag: `zh` of `zh-hant-tw`.
fn language(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or_default()
}

/// The region of a tag, if it says one: `tw` of `zh-hant-tw`.
fn region(tag: &str) -> Option<&str> {
    tag.split(['-', '_']).skip(1).find(|part| part.len() == 2)
}
