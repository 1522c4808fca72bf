//! Templates, parsed before a visitor arrives. What depends on a language or a currency is resolved
//! then, too: a filter carries the signs and words that it needs.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Reader, Value, Writer};

use super::codec::{one_of, read_path, refuse, write_path};
use super::{Body, CondId, Each, From, Path};
use crate::WHOLE;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template(pub Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Literal(String),
    Insert(Insert),
    /// The parameters of the page's address that the text so far, which is an address, has not.
    Query,
    Each(Box<Each>),
}

/// `{{ path | filter: arg }}`
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    pub path: Path,
    /// Applied from the first to the last.
    pub filters: Vec<Filter>,
    pub escape: Escape,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Stands in for a missing, null or empty value.
    Default(Value),
    /// At most so many characters, the last an ellipsis when something was cut.
    Truncate(u32),
    Case(Case),
    /// Leaves alone what is no number.
    Money(Money),
    /// The word that goes with a number; the last is for what no other fits.
    Plural(Vec<Form>),
    /// A date or a time, in the visitor's zone. Leaves alone what is none.
    Date(Vec<DatePart>),
}

/// A part of a date's pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatePart {
    Literal(String),
    /// With zeros in front up to a width.
    Number {
        unit: DateUnit,
        width: u8,
    },
    /// The name of that number, counted from 0.
    Name {
        unit: DateUnit,
        names: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateUnit {
    Year,
    /// The last two digits.
    ShortYear,
    /// From 1.
    Month,
    /// From 0.
    MonthName,
    Day,
    /// 0 is Monday.
    Weekday,
    Hour,
    /// 1 to 12.
    HalfHour,
    /// Before noon or after.
    Half,
    Minute,
    Second,
}

impl DateUnit {
    const ALL: [Self; 11] = [
        Self::Year,
        Self::ShortYear,
        Self::Month,
        Self::MonthName,
        Self::Day,
        Self::Weekday,
        Self::Hour,
        Self::HalfHour,
        Self::Half,
        Self::Minute,
        Self::Second,
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    Upper,
    Lower,
    /// The first letter is a capital; the others stay.
    Capital,
}

/// How an amount is written: `-` and `before`, digits in groups, `point`, decimals, `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    pub before: String,
    pub after: String,
    pub point: String,
    pub group: String,
    /// Digits of a group after the first three from the right: 3, or 2 as in India.
    pub grouping: u8,
    /// At most [`Money::DECIMALS`]. Halves are rounded away from zero.
    pub decimals: u8,
}

/// A word, and the numbers that it goes with: those for which every test holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub tests: Vec<Fits>,
    pub word: String,
}

/// Whether a whole number, or its remainder unless `modulo` is 0, lies between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fits {
    pub modulo: u32,
    pub low: u32,
    pub high: u32,
    pub inside: bool,
}

/// What a value must not be able to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Text content is not parsed: nothing to escape.
    None,
    Text,
    Attribute,
    /// The start of a URL: only http, https, mailto or relative ones.
    Url,
    /// Inside a URL: percent-encoded.
    UrlPart,
    /// A string of JSON.
    Json,
    /// The start of a URL in a string of JSON.
    JsonUrl,
}

impl Money {
    /// Sums have six decimals.
    pub const DECIMALS: u8 = 6;
}

impl Template {
    /// Every path that it reads.
    pub fn paths<'t>(&'t self, out: &mut Vec<&'t Path>) {
        for part in &self.0 {
            match part {
                Part::Literal(_) | Part::Query => {}
                Part::Insert(insert) => out.push(&insert.path),
                Part::Each(each) => {
                    out.extend(&each.exclude);
                    out.extend(each.from.path());
                    each.template.paths(out);
                }
            }
        }
    }

    /// Every value that it shows, those of its lists too.
    pub fn inserts(&self) -> impl Iterator<Item = &Insert> {
        let inner = self.lists().flat_map(|each| &each.template.0);
        self.0.iter().chain(inner).filter_map(|part| match part {
            Part::Insert(insert) => Some(insert),
            _ => None,
        })
    }

    /// Whether it says the same whoever reads it.
    pub fn is_constant(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    pub fn lists(&self) -> impl Iterator<Item = &Each> {
        self.0.iter().filter_map(|part| match part {
            Part::Each(each) => Some(&**each),
            _ => None,
        })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.list(&self.0, |out, part| match part {
            Part::Literal(text) => {
                out.byte(0);
                out.text(text);
            }
            Part::Query => out.byte(2),
            Part::Insert(insert) => {
                out.byte(1);
                write_path(out, &insert.path);
                out.byte(insert.escape as u8);
                out.list(&insert.filters, write_filter);
            }
            Part::Each(each) => {
                out.byte(3);
                match &each.from {
                    From::Table(table) => {
                        out.byte(0);
                        out.unsigned((*table).into());
                    }
                    From::Path(path) => {
                        out.byte(1);
                        write_path(out, path);
                    }
                    From::Related(model, path) => {
                        out.byte(2);
                        out.unsigned((*model).into());
                        write_path(out, path);
                    }
                }
                out.list(&each.exclude, write_path);
                out.option(each.filter.as_ref(), |out, cond| out.unsigned(cond.0.into()));
                out.unsigned(each.most.into());
                out.option(each.fallback.as_ref(), |out, table| out.unsigned((*table).into()));
                each.template.write(out);
            }
        });
    }

    /// `lists`: whether one may have a list in it.
    pub(super) fn read(input: &mut Reader<'_>, body: Body, lists: bool) -> Self {
        Self(input.list(|input| match input.byte() {
            0 => Part::Literal(input.string()),
            1 => Part::Insert(Insert {
                path: read_path(input),
                escape: Escape::read(input, body),
                filters: input.list(read_filter),
            }),
            2 if WHOLE => Part::Query,
            3 if lists && WHOLE => Part::Each(Box::new(Each {
                from: match input.byte() {
                    0 => From::Table(input.u32()),
                    1 => From::Path(read_path(input)),
                    2 => From::Related(input.u32(), read_path(input)),
                    _ => refuse(input, "unknown-list", From::Table(0)),
                },
                exclude: input.list(read_path),
                filter: input.option(|input| CondId(input.u32())),
                most: input.u32(),
                fallback: input.option(Reader::u32),
                template: Self::read(input, body, false),
            })),
            _ => refuse(input, "unknown-part", Part::Literal(String::new())),
        }))
    }
}

impl Escape {
    const ALL: [Self; 7] = [
        Self::None,
        Self::Text,
        Self::Attribute,
        Self::Url,
        Self::UrlPart,
        Self::Json,
        Self::JsonUrl,
    ];

    fn read(input: &mut Reader<'_>, body: Body) -> Self {
        let escape = one_of(input, &Self::ALL, "unknown-escape");
        let safe = match escape {
            // Only text content, which no parser sees, may go out as it is.
            Self::None => body == Body::Text,
            Self::Text | Self::Attribute | Self::Url => body == Body::Html,
            Self::Json | Self::JsonUrl => matches!(body, Body::Json | Body::Patch),
            Self::UrlPart => body != Body::Text,
        };
        if safe { escape } else { refuse(input, "unsafe-escape", Self::UrlPart) }
    }
}

fn write_filter(out: &mut Writer, filter: &Filter) {
    match filter {
        Filter::Default(value) => {
            out.byte(0);
            value.write(out);
        }
        Filter::Truncate(length) => {
            out.byte(1);
            out.unsigned((*length).into());
        }
        Filter::Case(case) => {
            out.byte(2);
            out.byte(*case as u8);
        }
        Filter::Money(money) => {
            out.byte(3);
            for text in [&money.before, &money.after, &money.point, &money.group] {
                out.text(text);
            }
            out.byte(money.grouping);
            out.byte(money.decimals);
        }
        Filter::Plural(forms) => {
            out.byte(4);
            out.list(forms, |out, form| {
                out.list(&form.tests, |out, fits| {
                    for number in [fits.modulo, fits.low, fits.high] {
                        out.unsigned(number.into());
                    }
                    out.flag(fits.inside);
                });
                out.text(&form.word);
            });
        }
        Filter::Date(parts) => {
            out.byte(5);
            out.list(parts, |out, part| match part {
                DatePart::Literal(text) => {
                    out.byte(0);
                    out.text(text);
                }
                DatePart::Number { unit, width } => {
                    out.byte(1);
                    out.byte(*unit as u8);
                    out.byte(*width);
                }
                DatePart::Name { unit, names } => {
                    out.byte(2);
                    out.byte(*unit as u8);
                    out.list(names, |out, name| out.text(name));
                }
            });
        }
    }
}

fn read_filter(input: &mut Reader<'_>) -> Filter {
    match input.byte() {
        0 => Filter::Default(Value::read(input)),
        1 if WHOLE => Filter::Truncate(input.u32()),
        2 if WHOLE => Filter::Case(one_of(input, &Case::ALL, "unknown-case")),
        3 if WHOLE => {
            let money = Money {
                before: input.string(),
                after: input.string(),
                point: input.string(),
                group: input.string(),
                grouping: input.byte(),
                decimals: input.byte(),
            };
            if money.decimals > Money::DECIMALS || money.grouping == 0 {
                refuse(input, "bad-money", ());
            }
            Filter::Money(money)
        }
        4 if WHOLE => Filter::Plural(input.list(|input| Form {
            tests: input.list(|input| Fits {
                modulo: input.u32(),
                low: input.u32(),
                high: input.u32(),
                inside: input.flag(),
            }),
            word: input.string(),
        })),
        5 if WHOLE => Filter::Date(input.list(|input| match input.byte() {
            0 => DatePart::Literal(input.string()),
            1 => DatePart::Number {
                unit: one_of(input, &DateUnit::ALL, "unknown-unit"),
                // As in `MM`.
                width: input.byte().min(4),
            },
            2 => DatePart::Name {
                unit: one_of(input, &DateUnit::ALL, "unknown-unit"),
                names: input.list(Reader::string),
            },
            _ => refuse(input, "unknown-part", DatePart::Literal(String::new())),
        })),
        _ => refuse(input, "unknown-filter", Filter::Truncate(0)),
    }
}

impl Case {
    const ALL: [Self; 3] = [Self::Upper, Self::Lower, Self::Capital];
}
