//! The refusals that belong to the edge. What is wrong with an event is in `waymark-wire`.

use waymark_wire::Problem;

pub fn unknown_key() -> Problem {
    Problem::new(
        401,
        "unknown-write-key",
        "The write key is unknown",
        "No write key of this edge is the one that was sent. Check the key in the client's settings.",
    )
}

pub fn missing_key() -> Problem {
    Problem::new(
        401,
        "missing-write-key",
        "The write key is missing",
        "Send the write key as the user name of Basic authentication, or as `writeKey` in the body.",
    )
}

pub fn no_proof(detail: &str) -> Problem {
    Problem::new(403, "no-proof", "The visitor is not proven", detail)
}

pub fn server_only(detail: &str) -> Problem {
    let detail = format!("{detail} Send a server key.");
    Problem::new(403, "server-key-needed", "Only a server may say this", detail)
}

pub fn bad_cookie() -> Problem {
    Problem::new(
        400,
        "bad-cookie",
        "The visitor cookie cannot be trusted",
        "The `wm_v` cookie is malformed, expired or not signed by this edge. Send `deviceKey` with \
         POST /v1/consent to be given a new one.",
    )
}

pub fn not_found(path: &str) -> Problem {
    let detail = format!("There is nothing at {path:?}. Check the address.");
    Problem::new(404, "unknown-route", "There is no such address", detail)
}

pub fn no_active_pack() -> Problem {
    Problem::new(
        404,
        "no-active-pack",
        "No pack is active",
        "Put a pack with PUT /admin/v1/packs and activate it.",
    )
}

pub fn unknown_pack(hash: &str) -> Problem {
    let detail = format!("No pack has the hash {hash:?}. GET /admin/v1/packs lists them.");
    Problem::new(404, "unknown-pack", "The pack is unknown", detail)
}

pub fn bad_preview() -> Problem {
    Problem::new(
        403,
        "bad-preview",
        "The preview link cannot be trusted",
        "It was changed on its way, or another edge signed it. Ask for a new one.",
    )
}

pub fn old_preview() -> Problem {
    Problem::new(
        410,
        "old-preview",
        "The preview link has expired",
        "Ask for a new one: POST /admin/v1/previews, or `waymark preview`.",
    )
}

pub fn too_large(most: usize) -> Problem {
    let detail = format!("The body has more than {most} bytes, which is the limit. Send less.");
    Problem::new(413, "body-too-large", "The body is too large", detail)
}

pub fn too_deep() -> Problem {
    Problem::new(
        400,
        "too-deep",
        "The body nests too deeply",
        "The body nests more than 127 objects and arrays inside each other. Send flatter data.",
    )
}

pub fn bad_gzip() -> Problem {
    Problem::new(
        400,
        "bad-gzip",
        "The body cannot be inflated",
        "The body says `Content-Encoding: gzip` and is not. Send gzip, or leave the header out.",
    )
}

pub fn unknown_encoding() -> Problem {
    Problem::new(
        415,
        "unknown-content-encoding",
        "The body's encoding is unknown",
        "Send the body as it is, or with `Content-Encoding: gzip`.",
    )
}

/// A part of the edge did not answer. Nothing was acknowledged: the same request may be sent again.
pub fn unavailable(detail: impl std::fmt::Display) -> Problem {
    let detail = format!("{detail} Send the same request again.");
    Problem::new(503, "unavailable", "A part of the edge did not answer", detail)
        .with_retry_after(1)
}

pub fn stale_map() -> Problem {
    Problem::new(
        503,
        "stale-map",
        "The map of shards is being changed",
        "This worker's map is older than the shard's. Send the same request again.",
    )
    .with_retry_after(1)
}

pub fn bad_member(pointer: &str, detail: impl Into<String>) -> Problem {
    let mut problem = Problem::new(400, "bad-request", "The request cannot be understood", detail);
    problem.pointer = Some(pointer.to_owned()).filter(|pointer| !pointer.is_empty());
    problem
}

pub fn demo_settings() -> Problem {
    Problem::new(
        403,
        "demo-settings",
        "The demonstration's keys are set",
        "They work on localhost only. Set WRITE_KEYS, COOKIE_KEYS and ADMIN_TOKEN_SHA256 of your own.",
    )
}

pub fn bad_configuration(detail: impl Into<String>) -> Problem {
    Problem::new(500, "bad-configuration", "The edge is not set up rightly", detail)
}

/// An object's answer that is not one to what it was asked.
pub fn unexpected(told: &impl std::fmt::Debug) -> Problem {
    unavailable(format!("An object gave the answer to another question: {told:.60?}."))
}
