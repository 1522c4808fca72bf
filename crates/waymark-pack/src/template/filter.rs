//! Filters by their names, with what they need of the language that they write.

use waymark_engine::program::{Case, Filter};
use waymark_model::Value;

use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::json::At;
use crate::language;
use crate::locale::{categories, date, is_currency, money, plural};
use crate::problem::shown;

/// The filter of a name and its arguments, in a template of a locale.
pub(super) fn filter(
    name: &str,
    arguments: Vec<Value>,
    locale: &str,
    at: At,
    desk: &mut Desk<'_>,
) -> Option<Filter> {
    let made = match name {
        "default" => stand_in(arguments),
        "truncate" => truncate(&arguments),
        "upcase" => plain(name, &arguments, Filter::Case(Case::Upper)),
        "downcase" => plain(name, &arguments, Filter::Case(Case::Lower)),
        "capitalize" => plain(name, &arguments, Filter::Case(Case::Capital)),
        "money" => amount(&arguments, locale, desk.declared.currency.as_deref()),
        "date" => written(&arguments, locale),
        "plural" => words(&arguments, locale),
        _ => {
            let message = format!("unknown filter {}", shown(name));
            let problem = desk.problems.error(Code::UnknownFilter, at, message);
            problem.mean_one_of(name, language::names(language::FILTERS));
            return None;
        }
    };
    match made {
        Ok(filter) => Some(filter),
        Err(message) => {
            desk.problems.error(Code::BadTemplate, at, message);
            None
        }
    }
}

type Made = Result<Filter, String>;

fn stand_in(mut arguments: Vec<Value>) -> Made {
    match (arguments.pop(), arguments.is_empty()) {
        (Some(value), true) => Ok(Filter::Default(value)),
        _ => Err("`default` takes what to show instead: default: 'friend'".to_owned()),
    }
}

fn truncate(arguments: &[Value]) -> Made {
    match arguments {
        [Value::Number(length)] => whole(*length)
            .map(Filter::Truncate)
            .ok_or_else(|| "`truncate` takes a whole number from 1".to_owned()),
        _ => Err("`truncate` takes a number: truncate: 40".to_owned()),
    }
}

fn plain(name: &str, arguments: &[Value], filter: Filter) -> Made {
    match arguments {
        [] => Ok(filter),
        _ => Err(format!("`{name}` takes nothing")),
    }
}

fn amount(arguments: &[Value], locale: &str, own: Option<&str>) -> Made {
    let currency = match arguments {
        [] => own.ok_or_else(|| {
            "`money` needs a currency: money: 'USD', or the pack's `currency`".to_owned()
        })?,
        [Value::Text(code)] if is_currency(code) => code,
        _ => {
            return Err("`money` takes a currency's three capital letters: money: 'USD'".to_owned());
        }
    };
    Ok(Filter::Money(money(locale, currency, own.is_none_or(|own| own == currency))))
}

fn written(arguments: &[Value], locale: &str) -> Made {
    match arguments {
        [] => date(locale, None).map(Filter::Date),
        [Value::Text(pattern)] => date(locale, Some(pattern)).map(Filter::Date),
        _ => Err("`date` takes a pattern: date: 'd MMMM yyyy'".to_owned()),
    }
}

fn words(arguments: &[Value], locale: &str) -> Made {
    let words: Vec<String> = arguments
        .iter()
        .filter_map(|argument| match argument {
            Value::Text(word) => Some(word.clone()),
            _ => None,
        })
        .collect();
    let categories = categories(locale);
    if words.len() == categories.len() && words.len() == arguments.len() {
        return Ok(Filter::Plural(plural(locale, &words)));
    }
    let needed = categories.len();
    let language = if locale == super::NO_LOCALE { "English" } else { locale };
    let texts = if needed == 1 { "text" } else { "texts" };
    Err(format!("in {language} `plural` takes {needed} {texts}: for {}", categories.join(", ")))
}

fn whole(number: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "compared below")]
    let length = number as u32;
    (f64::from(length).to_bits() == number.to_bits() && length >= 1).then_some(length)
}
