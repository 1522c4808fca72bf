//! Which HTML is harmless.

use std::borrow::Cow;
use std::sync::LazyLock;

use ammonia::{Builder, Url};

const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

/// Attributes that hold a URL, or several.
pub(super) fn is_url(attribute: &str) -> bool {
    let urls = ["href", "src", "srcset", "cite", "action", "formaction", "poster", "ping"];
    urls.iter().any(|url| attribute.eq_ignore_ascii_case(url))
}

/// The harmless part of some HTML, its attributes in double quotes.
pub(super) fn clean(html: &str) -> String {
    static POLICY: LazyLock<Builder<'static>> = LazyLock::new(policy);
    POLICY.clean(html).to_string()
}

/// What the sanitizer allows by itself, without styles, frames, forms and SVG, and with what a
/// banner needs. Buttons do not submit the form that they may land in.
fn policy() -> Builder<'static> {
    let mut policy = Builder::default();
    policy
        .add_tags(["section", "main", "picture", "source", "button"])
        .add_generic_attributes(["class", "id", "role", "dir"])
        .add_generic_attribute_prefixes(["aria-", "data-"])
        // A shop's own links keep their referrer; browsers give no opener to a new window.
        .link_rel(None)
        .add_tag_attributes("a", ["rel", "target"])
        .add_tag_attributes("img", ["srcset", "sizes", "loading", "decoding"])
        .add_tag_attributes("source", ["srcset", "sizes", "media", "type", "width", "height"])
        .add_tag_attributes("button", ["disabled"])
        .add_tag_attributes("time", ["datetime"])
        .add_tag_attributes("details", ["open"])
        .set_tag_attribute_value("button", "type", "button")
        .url_schemes(SCHEMES.into_iter().collect())
        .attribute_filter(|_, attribute, value| {
            let harmless = match attribute {
                "srcset" => value.split(',').all(is_harmless),
                // The sanitizer does not take it for a URL.
                "cite" => is_harmless(value),
                _ => true,
            };
            harmless.then_some(Cow::Borrowed(value))
        });
    policy
}

fn is_harmless(url: &str) -> bool {
    match Url::parse(url.trim_ascii()) {
        Ok(url) => SCHEMES.contains(&url.scheme()),
        Err(error) => error == ammonia::url::ParseError::RelativeUrlWithoutBase,
    }
}
