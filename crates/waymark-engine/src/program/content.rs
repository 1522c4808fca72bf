//! Content: what can be shown, in which form and in which languages.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Reader, Writer};

use super::codec::one_of;
use super::{Each, Template};

#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub id: String,
    pub body: Body,
    /// By locale; the first is for everybody else.
    pub variants: Vec<Variant>,
}

/// What rendered content is, and so what is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    Text,
    /// Sanitized at compile time; values are escaped for where they land.
    Html,
    /// Data for the page's own code, as JSON.
    Json,
    /// Changes to elements of the page, as JSON: `[{"selector", "attributes", "addClass",
    /// "removeClass"}]`. Names of attributes were checked at compile time.
    Patch,
    /// An address to go to instead. Values are parts of it only.
    Redirect,
    /// An address whose answer the edge shows. It is in no decision and in no page.
    Remote,
}

/// How a slot's content is shown that has no place in the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presentation {
    /// In its place in the page, and where it has none not at all.
    InPlace,
    /// At the edge of the window.
    Banner,
    /// As a dialog.
    Modal,
    /// In a corner, for a while.
    Toast,
}

impl Presentation {
    pub(crate) const ALL: [Self; 4] = [Self::InPlace, Self::Banner, Self::Modal, Self::Toast];

    /// `None` for what is in its place.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::InPlace => None,
            Self::Banner => Some("banner"),
            Self::Modal => Some("modal"),
            Self::Toast => Some("toast"),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// A BCP 47 tag, lower case: `en`, `zh-hant`.
    pub locale: String,
    pub template: Template,
}

impl Body {
    pub(crate) const ALL: [Self; 6] =
        [Self::Text, Self::Html, Self::Json, Self::Patch, Self::Redirect, Self::Remote];
}

impl Content {
    /// The variant for a locale: the same tag, the same language, or the first.
    pub fn variant(&self, locale: &str) -> Option<&Variant> {
        let tag = locale.to_ascii_lowercase();
        let end = tag.bytes().position(|byte| matches!(byte, b'-' | b'_')).unwrap_or(tag.len());
        let language = tag.get(..end).unwrap_or_default();
        self.variants
            .iter()
            .find(|variant| variant.locale == tag)
            .or_else(|| self.variants.iter().find(|variant| variant.locale == language))
            .or_else(|| self.variants.first())
    }

    pub fn lists(&self) -> impl Iterator<Item = &Each> {
        self.variants.iter().flat_map(|variant| variant.template.lists())
    }

    /// Whether it is the same for everybody who reads one language.
    pub(super) fn is_constant(&self) -> bool {
        self.variants.iter().all(|variant| variant.template.is_constant())
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.id);
        out.byte(self.body as u8);
        out.list(&self.variants, |out, variant| {
            out.text(&variant.locale);
            variant.template.write(out);
        });
    }

    #[cfg_attr(feature = "lean", inline(never))]
    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let id = input.string();
        let body = one_of(input, &Body::ALL, "unknown-body");
        let variants = input.list(|input| Variant {
            locale: input.string(),
            template: Template::read(input, body, true),
        });
        Self { id, body, variants }
    }
}
