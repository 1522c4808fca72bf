//! The filters of templates.

use alloc::string::String;

use waymark_model::{Fixed, Timestamp, Value, Zone};

use super::date::dated;
use crate::case;
use crate::evaluate::moment;
use crate::program::{Case, Filter, Fits, Form, Money};
use crate::{Numerals, WHOLE};

/// A value as text, after its filters.
pub(super) fn filtered(
    numerals: Numerals,
    filters: &[Filter],
    mut value: Value,
    mut zone: impl FnMut(Timestamp) -> Zone,
) -> String {
    for filter in filters {
        match filter {
            Filter::Default(stand_in)
                if value == Value::Null || value == Value::Text(String::new()) =>
            {
                value = stand_in.clone();
            }
            Filter::Truncate(length) if WHOLE => {
                value = Value::Text(truncated(text(numerals, &value), *length));
            }
            Filter::Case(case) if WHOLE => {
                value = Value::Text(cased(&text(numerals, &value), *case));
            }
            Filter::Money(money) if WHOLE => {
                if let Some(number) = number(numerals, &value) {
                    value = Value::Text(amount(number, money));
                }
            }
            Filter::Date(parts) if WHOLE => {
                if let Some(moment) = moment(&value) {
                    value = Value::Text(dated(moment, parts, &mut zone));
                }
            }
            Filter::Plural(forms) if WHOLE => {
                value = Value::Text(plural(number(numerals, &value), forms));
            }
            // A value that is there; no lean engine is given a Program with one of the others.
            _ => {}
        }
    }
    text(numerals, &value)
}

pub(super) fn text(numerals: Numerals, value: &Value) -> String {
    let mut text = String::new();
    print(&mut text, numerals, value);
    text
}

fn print(out: &mut String, numerals: Numerals, value: &Value) {
    match value {
        Value::Null | Value::Object(_) => {}
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&(numerals.print)(*number)),
        Value::Text(text) => out.push_str(text),
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push_str(", ");
                }
                print(out, numerals, item);
            }
        }
    }
}

/// Shops' events often have numbers as text.
fn number(numerals: Numerals, value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => *number,
        Value::Text(text) if !text.is_empty() => (numerals.parse)(text),
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn truncated(mut text: String, length: u32) -> String {
    let length = length as usize;
    if text.char_indices().nth(length).is_some() {
        let last = text.char_indices().nth(length.saturating_sub(1));
        text.truncate(last.map_or(0, |(at, _)| at));
        text.push('…');
    }
    text
}

fn cased(text: &str, case: Case) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match case {
            Case::Lower => out.push(case::lower(c)),
            Case::Capital if at > 0 => out.push(c),
            Case::Upper if c == 'ß' => out.push_str("SS"),
            Case::Upper | Case::Capital => out.push(case::upper(c)),
        }
    }
    out
}

/// Rounded in integers, so that it is the same everywhere; ±9.2 × 10¹² at most, as sums are.
fn amount(number: f64, money: &Money) -> String {
    let fixed = Fixed::from_f64(number).0;
    let scale = 10_u64.pow(money.decimals.into());
    let step = 1_000_000 / scale.max(1);
    let units = (fixed.unsigned_abs() + step / 2) / step.max(1);
    let mut out = String::new();
    if fixed < 0 && units > 0 {
        out.push('-');
    }
    out.push_str(&money.before);
    let (whole, part) = (units / scale, units % scale);
    for place in (0..places(whole)).rev() {
        push_digit(&mut out, whole, place);
        let grouped = place == 3 || (place > 3 && (place - 3) % u32::from(money.grouping) == 0);
        if grouped {
            out.push_str(&money.group);
        }
    }
    if money.decimals > 0 {
        out.push_str(&money.point);
        for place in (0..u32::from(money.decimals)).rev() {
            push_digit(&mut out, part, place);
        }
    }
    out.push_str(&money.after);
    out
}

/// A number without a sign, with zeros in front up to a width.
pub(super) fn push_digits(out: &mut String, number: u64, width: u32) {
    for place in (0..width.max(places(number))).rev() {
        push_digit(out, number, place);
    }
}

fn places(number: u64) -> u32 {
    number.checked_ilog10().map_or(1, |places| places + 1)
}

/// A digit of a number, counted from the right.
fn push_digit(out: &mut String, number: u64, place: u32) {
    let digit = number / 10_u64.pow(place) % 10;
    out.push(char::from(b'0' + digit.to_le_bytes()[0]));
}

/// What is no whole number takes the last form.
fn plural(number: Option<f64>, forms: &[Form]) -> String {
    let whole = number.map(f64::abs).and_then(|number| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared")]
        let whole = number as u64;
        #[expect(clippy::cast_precision_loss, reason = "compared")]
        let same = (whole as f64).to_bits() == number.to_bits();
        same.then_some(whole)
    });
    let form = whole
        .and_then(|number| {
            forms.iter().find(|form| form.tests.iter().all(|fits| fits.hold(number)))
        })
        .or(forms.last());
    form.map(|form| form.word.clone()).unwrap_or_default()
}

impl Fits {
    fn hold(self, number: u64) -> bool {
        let number = number.checked_rem(self.modulo.into()).unwrap_or(number);
        (u64::from(self.low)..=self.high.into()).contains(&number) == self.inside
    }
}

#[cfg(test)]
mod tests {
    use super::{amount, cased, plural, truncated};
    use crate::program::{Case, Fits, Form, Money};

    fn dollars(grouping: u8, decimals: u8) -> Money {
        Money {
            before: "$".to_owned(),
            after: String::new(),
            point: ".".to_owned(),
            group: ",".to_owned(),
            grouping,
            decimals,
        }
    }

    #[test]
    fn amounts_are_rounded_grouped_and_signed() {
        for (number, text) in [
            (0.0, "$0.00"),
            (1234.5, "$1,234.50"),
            (-1_234_567.895, "-$1,234,567.90"),
            (-0.001, "$0.00"),
            (999.995, "$1,000.00"),
            (1e300, "$9,223,372,036,854.78"),
        ] {
            assert_eq!(amount(number, &dollars(3, 2)), text);
        }
        assert_eq!(amount(12_345_678.0, &dollars(2, 0)), "$1,23,45,678");
        assert_eq!(amount(1.5, &dollars(3, 0)), "$2");
        assert_eq!(amount(1.5, &dollars(3, 6)), "$1.500000");
    }

    #[test]
    fn a_word_goes_with_its_number() {
        let fits = |modulo, low, high, inside| Fits { modulo, low, high, inside };
        let form = |tests, word: &str| Form { tests, word: word.to_owned() };
        // Polish.
        let forms = [
            form(vec![fits(0, 1, 1, true)], "plik"),
            form(vec![fits(10, 2, 4, true), fits(100, 12, 14, false)], "pliki"),
            form(Vec::new(), "plików"),
        ];
        for (number, word) in
            [(1.0, "plik"), (2.0, "pliki"), (22.0, "pliki"), (12.0, "plików"), (5.0, "plików")]
        {
            assert_eq!(plural(Some(number), &forms), word, "{number}");
        }
        assert_eq!(plural(Some(1.5), &forms), "plików");
        assert_eq!(plural(None, &forms), "plików");
        assert_eq!(plural(Some(1.0), &[]), "");
    }

    #[test]
    fn letters_change_their_case_and_the_rest_stays() {
        assert_eq!(cased("grüße, Ωmega 帐篷", Case::Upper), "GRÜSSE, ΩMEGA 帐篷");
        assert_eq!(cased("ÉCOLE", Case::Lower), "école");
        assert_eq!(cased("élan McDonald", Case::Capital), "Élan McDonald");
        assert_eq!(truncated("帐篷营地".to_owned(), 3), "帐篷…");
    }
}
