//! Requests and answers, from the entry's form to ours and back.

use js_sys::{Array, JsString, Uint8Array};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen::prelude::wasm_bindgen;

use crate::http::{Address, HEADERS, Method, Request, Response};
use crate::router::body_limit as limit_of;

/// Bytes that a body sent to an address may have.
#[wasm_bindgen]
pub fn body_limit(url: &str) -> u32 {
    u32::try_from(limit_of(&Address::parse(url).path)).unwrap_or(u32::MAX)
}

/// The names of the headers that are to be told of a request.
#[wasm_bindgen]
pub fn header_names() -> String {
    HEADERS.join("\n")
}

/// The request as a value. `headers` has a name and a value by turns, a line each; without a body, it was too long.
pub fn request(method: &str, url: &str, headers: &str, body: Option<Vec<u8>>) -> Request {
    let mut out = Request::new(Method::from_name(method), url);
    let mut lines = headers.split('\n');
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        out.headers.push((name.to_owned(), value.to_owned()));
    }
    out.place.country = out.header("cf-ipcountry").map(str::to_owned);
    out.place.timezone = out.header("cf-timezone").map(str::to_owned);
    out.too_long = body.is_none();
    out.body = body.unwrap_or_default();
    out
}

/// Status, names and values of headers by turns, the body if there is one, and whether it is encoded as they say.
pub fn response(answered: &Response) -> Array {
    let lines = answered.headers.iter().flat_map(|(name, value)| [*name, value]);
    let headers: Array = lines.map(JsString::from).collect();
    let body = match answered.body.as_slice() {
        [] => JsValue::NULL,
        bytes => Uint8Array::from(bytes).into(),
    };
    Array::of4(&answered.status.into(), &headers, &body, &answered.encoded.into())
}
