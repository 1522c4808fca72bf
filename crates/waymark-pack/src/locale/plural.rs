//! Which word goes with which number.

use waymark_engine::program::{Fits, Form};

use super::language;

/// The categories of a language in CLDR's order, and the numbers of each. A category may need
/// several lines; what no line fits is of the last.
type Rule = &'static [(&'static str, &'static [Fits])];

const fn is(modulo: u32, low: u32, high: u32) -> Fits {
    Fits { modulo, low, high, inside: true }
}

const fn not(modulo: u32, low: u32, high: u32) -> Fits {
    Fits { modulo, low, high, inside: false }
}

const NONE: Rule = &[("other", &[])];
const ONE: Rule = &[("one", &[is(0, 1, 1)]), ("other", &[])];
const ZERO_OR_ONE: Rule = &[("one", &[is(0, 0, 1)]), ("other", &[])];
const ONE_AND_TWO: Rule = &[("one", &[is(0, 1, 1)]), ("two", &[is(0, 2, 2)]), ("other", &[])];
const EAST_SLAVIC: Rule = &[
    ("one", &[is(10, 1, 1), not(100, 11, 11)]),
    ("few", &[is(10, 2, 4), not(100, 12, 14)]),
    ("many", &[]),
];
const SOUTH_SLAVIC: Rule = &[
    ("one", &[is(10, 1, 1), not(100, 11, 11)]),
    ("few", &[is(10, 2, 4), not(100, 12, 14)]),
    ("other", &[]),
];
const POLISH: Rule =
    &[("one", &[is(0, 1, 1)]), ("few", &[is(10, 2, 4), not(100, 12, 14)]), ("many", &[])];
const CZECH: Rule = &[("one", &[is(0, 1, 1)]), ("few", &[is(0, 2, 4)]), ("other", &[])];
const SLOVENIAN: Rule = &[
    ("one", &[is(100, 1, 1)]),
    ("two", &[is(100, 2, 2)]),
    ("few", &[is(100, 3, 4)]),
    ("other", &[]),
];
const LITHUANIAN: Rule = &[
    ("one", &[is(10, 1, 1), not(100, 11, 19)]),
    ("few", &[is(10, 2, 9), not(100, 11, 19)]),
    ("other", &[]),
];
const LATVIAN: Rule = &[
    ("zero", &[is(10, 0, 0)]),
    ("zero", &[is(100, 11, 19)]),
    ("one", &[is(10, 1, 1)]),
    ("other", &[]),
];
const ROMANIAN: Rule =
    &[("one", &[is(0, 1, 1)]), ("few", &[is(0, 0, 0)]), ("few", &[is(100, 1, 19)]), ("other", &[])];
const ARABIC: Rule = &[
    ("zero", &[is(0, 0, 0)]),
    ("one", &[is(0, 1, 1)]),
    ("two", &[is(0, 2, 2)]),
    ("few", &[is(100, 3, 10)]),
    ("many", &[is(100, 11, 99)]),
    ("other", &[]),
];

fn rule(locale: &str) -> Rule {
    match language(locale) {
        "zh" | "ja" | "ko" | "th" | "vi" | "id" | "ms" | "my" | "lo" | "km" | "yue" => NONE,
        "fr" | "pt" | "hi" | "fa" | "bn" | "gu" | "kn" | "zu" | "hy" => ZERO_OR_ONE,
        "he" | "iw" => ONE_AND_TWO,
        "ru" | "uk" | "be" => EAST_SLAVIC,
        "sr" | "hr" | "bs" => SOUTH_SLAVIC,
        "pl" => POLISH,
        "cs" | "sk" => CZECH,
        "sl" => SLOVENIAN,
        "lt" => LITHUANIAN,
        "lv" => LATVIAN,
        "ro" => ROMANIAN,
        "ar" => ARABIC,
        _ => ONE,
    }
}

/// The categories that a language tells apart, in the order in which words are given for them.
pub(crate) fn categories(locale: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = rule(locale).iter().map(|(name, _)| *name).collect();
    names.dedup();
    names
}

/// The words with their numbers; there are as many as the language has categories.
pub(crate) fn plural(locale: &str, words: &[String]) -> Vec<Form> {
    let categories = categories(locale);
    let form = |(name, tests): &(&str, &[Fits])| {
        let word = categories.iter().position(|category| category == name);
        let word = word.and_then(|at| words.get(at)).cloned().unwrap_or_default();
        Form { tests: tests.to_vec(), word }
    };
    rule(locale).iter().map(form).collect()
}
