//! Requests to other servers.

use worker::wasm_bindgen::JsValue;
use worker::{AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Result};

use crate::ports::{Call, Called};

pub const SECONDS: u32 = 10;

/// Only the status of the answer is looked at, and how long to wait: its body is nobody's.
pub async fn call(call: Call) -> Result<Called> {
    let headers = Headers::new();
    for (name, value) in &call.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(call.method.to_owned()))
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        .with_body(Some(JsValue::from(call.body)));
    let request = Request::new_with_init(&call.url, &init)?;
    let signal = AbortSignal::from(worker::web_sys::AbortSignal::timeout_with_u32(SECONDS * 1_000));
    let response = Fetch::Request(request).send_with_signal(&signal).await?;
    Ok(Called {
        status: response.status_code(),
        retry_after: response.headers().get("Retry-After")?,
    })
}
