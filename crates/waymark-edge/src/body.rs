//! What use cases read of a request's body.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value as Json};
use waymark_model::{Purpose, Purposes, Timestamp};
use waymark_wire::Problem;

use crate::http::Request;
use crate::problems;

/// The body as it was before it was packed.
pub fn inflated(request: &Request, most: usize) -> Result<Vec<u8>, Problem> {
    if request.too_long {
        return Err(problems::too_large(most));
    }
    let encoding = request.header("content-encoding").unwrap_or_default().trim();
    let body = match encoding.to_ascii_lowercase().as_str() {
        "" | "identity" => request.body.clone(),
        "gzip" | "x-gzip" => {
            let mut out = Vec::new();
            MultiGzDecoder::new(request.body.as_slice())
                .take(most as u64 + 1)
                .read_to_end(&mut out)
                .map_err(|_| problems::bad_gzip())?;
            out
        }
        _ => return Err(problems::unknown_encoding()),
    };
    if body.len() > most { Err(problems::too_large(most)) } else { Ok(body) }
}

/// A body that is one JSON object.
pub fn object(body: &[u8]) -> Result<Map<String, Json>, Problem> {
    match serde_json::from_slice(body) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err(problems::bad_member("", "The body is not a JSON object. Send {…}.")),
        // The parser's own words for it name no limit.
        Err(error) if error.to_string().starts_with("recursion limit") => Err(problems::too_deep()),
        Err(error) => Err(problems::bad_member("", format!("The body is not JSON: {error}."))),
    }
}

/// A moment: milliseconds since 1970, or RFC 3339 text.
pub fn instant(json: &Json, pointer: &str) -> Result<Timestamp, Problem> {
    waymark_wire::timestamp_from_json(json).ok_or_else(|| {
        problems::bad_member(pointer, "A time is milliseconds since 1970 or RFC 3339 text.")
    })
}

/// Purposes by name, bare or as Segment's `categoryPreferences`. What is not `true` is not allowed.
pub fn purposes(consent: &Json, pointer: &str) -> Result<Purposes, Problem> {
    let preferences = consent.get("categoryPreferences").unwrap_or(consent);
    match preferences {
        Json::Null => Ok(Purposes::NONE),
        Json::Object(members) => Ok(Purpose::ALL
            .into_iter()
            .filter(|purpose| members.get(purpose.name()) == Some(&Json::Bool(true)))
            .collect()),
        _ => Err(problems::bad_member(
            pointer,
            "The consent is not an object: send {\"personalization\": true}.",
        )),
    }
}
