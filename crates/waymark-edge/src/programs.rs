//! The public ways to a pack: the Program that a page runs.

use std::io::Read as _;

use flate2::read::GzDecoder;
use waymark_engine::PackHash;
use waymark_model::limits;
use waymark_wire::Problem;

use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::ports::{Clock, Objects};
use crate::problems;

/// `GET /v1/pack`: the page's Program of the active pack.
pub async fn active_page<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let in_force = edge.packs.in_force(edge.host, edge.host.now()).await;
    let hash =
        in_force.map_err(problems::unavailable)?.deciding.ok_or_else(problems::no_active_pack)?;
    let cache = "public, max-age=60";
    page(edge, request, hash, cache).await
}

/// `GET /v1/pack/<hash>`: any pack's, for ever the same.
pub async fn page_by_hash<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    hash: &str,
) -> Answer {
    let known = PackHash::from_hex(hash).ok_or_else(|| problems::unknown_pack(hash))?;
    page(edge, request, known, "public, max-age=31536000, immutable").await
}

/// A page's Program as it was encoded.
pub fn inflated(page: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    GzDecoder::new(page)
        .take(limits::PROGRAM_BYTES as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| problems::unavailable(format!("A stored pack is broken: {error}.")))?;
    Ok(bytes)
}

pub async fn page<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    hash: PackHash,
    cache: &str,
) -> Answer {
    let page = edge.packs.page(edge.host, hash).await.map_err(problems::unavailable)?;
    let page = page.ok_or_else(|| problems::unknown_pack(&hash.to_string()))?;
    let etag = format!("\"{hash}\"");
    let same = request.has(&etag);
    let mut response = Response::empty(if same { 304 } else { 200 });
    if !same {
        response = response.with_header("Content-Type", "application/octet-stream");
        if request.accepts_encoding("gzip") {
            response = response.with_header("Content-Encoding", "gzip");
            response.encoded = true;
            response.body.clone_from(page.as_ref());
        } else {
            response.body = inflated(&page)?;
        }
    }
    Ok(response
        .with_header("Cache-Control", cache)
        .with_header("ETag", etag)
        .with_header("Vary", "Accept-Encoding")
        .with_header("X-Content-Type-Options", "nosniff"))
}
