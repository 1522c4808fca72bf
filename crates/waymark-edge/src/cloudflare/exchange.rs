//! Requests and answers, from the runtime's form to ours and back.

use futures_util::StreamExt as _;
use worker::{EncodeBody, Headers, Response};

use crate::http::{Method, Request, Response as Answered};
use crate::router::body_limit;

/// The request as a value, its body read as far as its address allows.
pub async fn request(mut request: worker::Request) -> worker::Result<Request> {
    let address = request.inner().url();
    let mut out = Request::new(Method::from_name(&request.inner().method()), &address);
    out.headers = request.headers().entries().collect();
    out.place.country = out.header("cf-ipcountry").map(str::to_owned);
    out.place.timezone = out.header("cf-timezone").map(str::to_owned);
    if matches!(out.method, Method::Get | Method::Head | Method::Options) {
        return Ok(out);
    }
    let most = body_limit(&out.address.path);
    let length = out.header("content-length").and_then(|text| text.parse::<usize>().ok());
    match length {
        Some(length) if length > most => out.too_long = true,
        Some(_) => out.body = request.bytes().await?,
        None if request.inner().body().is_none() => {}
        None => {
            let mut stream = request.stream()?;
            while let Some(chunk) = stream.next().await {
                out.body.extend_from_slice(&chunk?);
                if out.body.len() > most {
                    out.too_long = true;
                    break;
                }
            }
        }
    }
    Ok(out)
}

pub fn response(answered: Answered) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in &answered.headers {
        headers.append(name, value)?;
    }
    let builder = Response::builder().with_status(answered.status).with_headers(headers);
    let builder =
        if answered.encoded { builder.with_encode_body(EncodeBody::Manual) } else { builder };
    Ok(if answered.body.is_empty() { builder.empty() } else { builder.fixed(answered.body) })
}
