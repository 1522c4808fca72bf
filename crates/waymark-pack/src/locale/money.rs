//! How amounts of money are written.

use waymark_engine::program::Money;

use super::{language, region};

const NARROW_SPACE: &str = "\u{202f}";
const SPACE: &str = "\u{a0}";

/// How a language writes numbers, and on which side of them currencies stand.
struct Style {
    point: &'static str,
    group: &'static str,
    before: bool,
    /// Between the currency and the number.
    space: &'static str,
}

const fn style(
    point: &'static str,
    group: &'static str,
    before: bool,
    space: &'static str,
) -> Style {
    Style { point, group, before, space }
}

fn style_of(locale: &str) -> Style {
    match (language(locale), region(locale)) {
        ("de" | "it", Some("ch" | "li")) => style(".", "’", true, SPACE),
        ("de", Some("at")) => style(",", SPACE, true, SPACE),
        ("pt", Some("pt"))
        | ("fr", Some("ca"))
        | (
            "ru" | "uk" | "bg" | "be" | "cs" | "sk" | "pl" | "hu" | "fi" | "sv" | "nb" | "no"
            | "nn" | "et" | "lv" | "lt",
            _,
        ) => style(",", SPACE, false, SPACE),
        ("fr", _) => style(",", NARROW_SPACE, false, SPACE),
        ("nl" | "pt" | "id", _) => style(",", ".", true, SPACE),
        ("tr", _) => style(",", ".", true, ""),
        ("he", _) => style(".", ",", false, SPACE),
        ("ms", _) => style(".", ",", true, SPACE),
        // In America Spanish is written as English is.
        ("es", None | Some("es"))
        | ("de" | "it" | "el" | "da" | "hr" | "sl" | "ro" | "vi" | "bs" | "sr" | "ca", _) => {
            style(",", ".", false, SPACE)
        }
        _ => style(".", ",", true, ""),
    }
}

/// Currencies with their short sign, and the one that tells them from others of that sign.
const SIGNS: [(&str, &str, &str); 40] = [
    ("AUD", "$", "A$"),
    ("BRL", "R$", "R$"),
    ("CAD", "$", "CA$"),
    ("CHF", "CHF", "CHF"),
    ("CLP", "$", "CLP"),
    ("CNY", "¥", "CN¥"),
    ("COP", "$", "COP"),
    ("CZK", "Kč", "Kč"),
    ("DKK", "kr", "DKK"),
    ("EUR", "€", "€"),
    ("GBP", "£", "£"),
    ("HKD", "$", "HK$"),
    ("HUF", "Ft", "Ft"),
    ("IDR", "Rp", "Rp"),
    ("ILS", "₪", "₪"),
    ("INR", "₹", "₹"),
    ("ISK", "kr", "ISK"),
    ("JPY", "¥", "¥"),
    ("KRW", "₩", "₩"),
    ("KZT", "₸", "₸"),
    ("MOP", "MOP$", "MOP$"),
    ("MXN", "$", "MX$"),
    ("MYR", "RM", "RM"),
    ("NGN", "₦", "₦"),
    ("NOK", "kr", "NOK"),
    ("NZD", "$", "NZ$"),
    ("PHP", "₱", "₱"),
    ("PLN", "zł", "zł"),
    ("RON", "lei", "RON"),
    ("RUB", "₽", "₽"),
    ("SEK", "kr", "SEK"),
    ("SGD", "$", "S$"),
    ("THB", "฿", "฿"),
    ("TRY", "₺", "₺"),
    ("TWD", "$", "NT$"),
    ("UAH", "₴", "₴"),
    ("USD", "$", "US$"),
    ("VND", "₫", "₫"),
    ("ZAR", "R", "R"),
    ("AED", "AED", "AED"),
];

/// Decimals of a currency's smaller unit (ISO 4217); most have two.
fn decimals(currency: &str) -> u8 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Whether it has the shape of a code of ISO 4217.
pub(crate) fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())
}

/// How amounts of a currency are written. The pack's own has its short sign: `$` in a shop that sells
/// in one kind of dollars; another is told apart.
pub(crate) fn money(locale: &str, currency: &str, own: bool) -> Money {
    let Style { point, group, before, mut space } = style_of(locale);
    let found = SIGNS.iter().find(|(code, ..)| *code == currency);
    let sign = found.map_or(currency, |(_, short, long)| if own { short } else { long });
    if before && sign.ends_with(char::is_alphabetic) {
        space = SPACE;
    }
    Money {
        before: if before { format!("{sign}{space}") } else { String::new() },
        after: if before { String::new() } else { format!("{space}{sign}") },
        point: point.to_owned(),
        group: group.to_owned(),
        grouping: if language(locale) == "hi" || region(locale) == Some("in") { 2 } else { 3 },
        decimals: decimals(currency),
    }
}
