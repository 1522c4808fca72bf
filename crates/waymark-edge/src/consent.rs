//! What a visitor allows, kept in the cookie that pages are personalised by, and what they may ask for.

use serde_json::Value as Json;
use waymark_model::{Purposes, limits};
use waymark_wire::{Basis, Problem};

use crate::body::{inflated, object, purposes};
use crate::cookie::{self, Visitor};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::{ANONYMOUS, Proof};
use crate::ports::{Clock, Lake, Objects};
use crate::{access, erasure, lake, problems, profile, snapshot};

/// `POST /v1/consent {writeKey, deviceKey, anonymousId, consent, erase?}`: sets the cookie, or takes it
/// away when nothing is allowed. `erase` forgets what was kept of the device, events too; it has to be
/// another device before anything is kept again.
pub async fn consent<H: Clock + Objects + Lake>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = inflated(request, limits::EVENT_BYTES)?;
    let body = object(&body)?;
    let text = |name: &str| body.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let key = access::key_of(request, &body);
    let key = key.ok_or_else(problems::missing_key)?;
    if access::basis(edge.config, request, &key)? == Basis::Server {
        return Err(problems::no_proof(
            "A visitor's cookie is set for a browser: use a browser's write key.",
        ));
    }
    let id = text("anonymousId").filter(|id| id.len() <= limits::ID_BYTES).ok_or_else(|| {
        problems::bad_member("/anonymousId", "Send the device's id as `anonymousId`.")
    })?;
    let proof = Proof { device_key: text("deviceKey"), ..Proof::default() };
    if !proof.covers(id) {
        return Err(problems::no_proof(
            "`deviceKey` is not the key that `anonymousId` was made from. Send both as the SDK keeps \
             them.",
        ));
    }
    let granted = match body.get("consent") {
        Some(consent) if !request.objects() => purposes(consent, "/consent")?,
        Some(_) => Purposes::NONE,
        None => {
            return Err(problems::bad_member(
                "/consent",
                "Send `consent` with a truth for each of analytics, personalization and marketing.",
            ));
        }
    };
    if body.get("erase") == Some(&Json::Bool(true)) {
        erasure::forget(edge, &format!("{ANONYMOUS}{id}")).await?;
    }
    let secure = !request.address.is_local();
    let cookie = if granted.is_empty() {
        cookie::clear(cookie::NAME, secure)
    } else {
        let visitor = Visitor {
            id: id.to_owned(),
            site: edge.config.site.clone(),
            issued: edge.host.now(),
            consent: granted,
        };
        let signed = edge.config.cookies.sign(&visitor).ok_or_else(|| {
            problems::bad_configuration(
                "The variable COOKIE_KEYS is not set: no cookie can be signed.",
            )
        })?;
        cookie::set(cookie::NAME, &signed, cookie::MAX_AGE, secure)
    };
    let response = Response::empty(204)
        .with_header("Set-Cookie", cookie)
        .with_header("Cache-Control", "no-store");
    let known = cookie::values(request.header("cookie").unwrap_or_default(), snapshot::NAME);
    Ok(if known.count() > 0 {
        // What was allowed before is not what is allowed now.
        response.with_header("Set-Cookie", cookie::clear(snapshot::NAME, secure))
    } else {
        response
    })
}

/// `GET /v1/export`: every event that was kept of the device whose cookie this is, a line each. What others have
/// told of the same person, or the person on other devices, is for the operator to hand over.
pub async fn export<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    if !matches!(request.header("sec-fetch-site"), None | Some("same-origin" | "none")) {
        return Err(Problem::new(
            403,
            "cross-site",
            "Another site may not ask",
            "Ask from a page of the site that the edge stands in front of.",
        ));
    }
    let now = edge.host.now();
    let cookie = edge.config.cookies.find(request.header("cookie"), &edge.config.site, now);
    let Some(visitor) = cookie.visitor() else {
        return Err(problems::no_proof(
            "The visitor's cookie says who asks: ask from a page behind the edge, with credentials, after \
             the visitor has agreed to be known.",
        ));
    };
    let mut lines = Vec::new();
    let key = format!("{ANONYMOUS}{}", visitor.id);
    profile::each_event(edge, &key, |events| lines.extend(lake::lines(events))).await?;
    Ok(Response::ndjson(lines))
}
