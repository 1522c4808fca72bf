//! Content and its templates, parsed before a visitor arrives.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::Value;

use super::Path;

#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub id: String,
    pub body: Body,
    /// By locale; the first is for everybody else.
    pub variants: Vec<Variant>,
}

/// How rendered content is to be put into a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    Text,
    /// Sanitized at compile time; values are escaped for where they land.
    Html,
}

impl Body {
    pub(crate) const ALL: [Self; 2] = [Self::Text, Self::Html];
}

#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// A BCP 47 tag, lower case: `en`, `zh-hant`.
    pub locale: String,
    pub template: Template,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template(pub Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Literal(String),
    Insert(Insert),
}

/// `{{ path | filter: arg }}`
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    pub path: Path,
    pub filters: Vec<Filter>,
    pub escape: Escape,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Stands in for a missing, null or empty value.
    Default(Value),
    /// At most so many characters, the last an ellipsis when something was cut.
    Truncate(u32),
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
}

impl Content {
    /// The variant for a locale: the same tag, the same language, or the first.
    pub fn variant(&self, locale: &str) -> Option<&Variant> {
        let tag = locale.to_ascii_lowercase();
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        self.variants
            .iter()
            .find(|variant| variant.locale == tag)
            .or_else(|| self.variants.iter().find(|variant| variant.locale == language))
            .or_else(|| self.variants.first())
    }

    pub fn inserts(&self) -> impl Iterator<Item = &Insert> {
        self.variants.iter().flat_map(|variant| &variant.template.0).filter_map(|part| match part {
            Part::Insert(insert) => Some(insert),
            Part::Literal(_) => None,
        })
    }
}
