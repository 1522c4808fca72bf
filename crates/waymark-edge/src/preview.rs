//! A look at a pack that is not live: by a link that the edge has signed and that expires.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value as Json, json};
use waymark_engine::PackHash;
use waymark_model::{Reader, Span, Timestamp, Writer, limits};
use waymark_wire::format_timestamp;

use crate::body::{inflated, object};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::ports::{Clock, Objects};
use crate::{problems, programs};

/// The query parameter of pages that carries a token.
pub const PARAMETER: &str = "waymark_preview";
const VERSION: &str = "p1";
const USUAL: Span = Span(7 * Span::DAY.0);
const LONGEST: Span = Span(90 * Span::DAY.0);

#[derive(Debug, PartialEq, Eq)]
struct Preview {
    pack: PackHash,
    site: String,
    expires: Timestamp,
}

/// `POST /admin/v1/previews {pack, expiresIn?}`: a token; `expiresIn` is in seconds.
pub async fn create<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = object(&inflated(request, limits::EVENT_BYTES)?)?;
    let hash = body
        .get("pack")
        .and_then(Json::as_str)
        .ok_or_else(|| problems::bad_member("/pack", "Send the pack's hash as `pack`."))?;
    let pack = PackHash::from_hex(hash).ok_or_else(|| problems::unknown_pack(hash))?;
    let stays = match body.get("expiresIn") {
        None | Some(Json::Null) => USUAL,
        Some(seconds) => seconds
            .as_u64()
            .and_then(|seconds| i64::try_from(seconds).ok())
            .and_then(|seconds| seconds.checked_mul(Span::SECOND.0))
            .map(Span)
            .filter(|span| *span > Span(0) && *span <= LONGEST)
            .ok_or_else(|| {
                let most = LONGEST.0 / Span::SECOND.0;
                let why = format!("`expiresIn` is seconds, from 1 to {most}.");
                problems::bad_member("/expiresIn", why)
            })?,
    };
    let known = edge.packs.page(edge.host, pack).await.map_err(problems::unavailable)?;
    if known.is_none() {
        return Err(problems::unknown_pack(hash));
    }
    let site = edge.config.site.clone();
    let preview = Preview { pack, site, expires: edge.host.now().plus(stays) };
    let token = edge.config.cookies.seal(VERSION, &preview.encode()).ok_or_else(|| {
        problems::bad_configuration("The variable COOKIE_KEYS is not set: nothing can be signed.")
    })?;
    Ok(Response::json(
        201,
        &json!({
            "token": token,
            "query": format!("?{PARAMETER}={token}"),
            "pack": pack.to_string(),
            "expires": format_timestamp(preview.expires),
        }),
    ))
}

/// `GET /v1/preview/<token>`: the page's Program of its pack.
pub async fn program<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    token: &str,
) -> Answer {
    let sealed = edge.config.cookies.open(VERSION, token);
    let preview = sealed.and_then(|bytes| Preview::decode(&bytes));
    let preview = preview.filter(|preview| preview.site == edge.config.site);
    let preview = preview.ok_or_else(problems::bad_preview)?;
    if edge.host.now() >= preview.expires {
        return Err(problems::old_preview());
    }
    let response = programs::page(edge, request, preview.pack, "private, no-store").await?;
    Ok(response.with_header("Expires", http_date(preview.expires)))
}

impl Preview {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.raw(&self.pack.0);
        out.text(&self.site);
        out.signed(self.expires.0);
        out.into_bytes()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let read = |input: &mut Reader<'_>| Self {
            pack: PackHash(input.array()),
            site: input.string(),
            expires: Timestamp(input.signed()),
        };
        Reader::whole(bytes, read).ok()
    }
}

/// RFC 9110, `IMF-fixdate`.
fn http_date(at: Timestamp) -> String {
    let since = Duration::from_millis(u64::try_from(at.0).unwrap_or_default());
    httpdate::fmt_http_date(UNIX_EPOCH + since)
}

#[cfg(test)]
mod tests {
    use super::{Preview, http_date};
    use waymark_engine::PackHash;
    use waymark_model::Timestamp;

    #[test]
    fn a_preview_comes_back_and_other_bytes_are_none() {
        let preview =
            Preview { pack: PackHash([7; 16]), site: "shop".into(), expires: Timestamp(5) };
        let bytes = preview.encode();
        assert_eq!(Preview::decode(&bytes), Some(preview));
        assert_eq!(Preview::decode(&bytes[1..]), None);
    }

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date(Timestamp(784_111_777_000)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
