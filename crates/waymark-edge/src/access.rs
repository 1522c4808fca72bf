//! Whether a request is the operator's, or somebody's who may look.

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use waymark_wire::{Basis, Problem};

use crate::config::Config;
use crate::http::Request;
use crate::identity::hex;
use crate::problems;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// For the log.
    pub name: String,
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May do everything.
    Operator,
    /// May look, and sees of people what `VIEWER_SEES` allows.
    Viewer,
}

/// Who the bearer is; or why they are turned away.
pub fn authorise(config: &Config, request: &Request) -> Result<Bearer, Problem> {
    let Some(expected) = config.admin else {
        return Err(Problem::new(
            403,
            "admin-off",
            "Administration is switched off",
            "Set ADMIN_TOKEN_SHA256 to the SHA-256 of a token.",
        ));
    };
    let token = request.bearer().unwrap_or_default();
    let given: [u8; 32] = Sha256::digest(token).into();
    let is = |expected: &[u8; 32]| same(expected, &given);
    let name = format!("token {}", hex(&given[..4]));
    if is(&expected) {
        return Ok(Bearer { name, role: Role::Operator });
    }
    if config.viewer.as_ref().is_some_and(is) {
        return Ok(Bearer { name, role: Role::Viewer });
    }
    Err(Problem::new(
        401,
        "bad-token",
        "The token is not the operator's",
        "Send the operator's token as `Authorization: Bearer <token>`.",
    ))
}

/// The write key of a request: in its header, or in its body.
pub fn key_of(request: &Request, body: &Map<String, Json>) -> Option<String> {
    let written = || body.get("writeKey")?.as_str().filter(|key| !key.is_empty());
    request.basic_user().or_else(|| written().map(str::to_owned))
}

/// On whose word a request with a write key speaks; or why the key does not count for it.
pub fn basis(config: &Config, request: &Request, key: &str) -> Result<Basis, Problem> {
    let key = config.write_key(key).ok_or_else(problems::unknown_key)?;
    if let (Some(allowed), Some(origin)) = (&key.origins, request.header("origin"))
        && !allowed.iter().any(|have| have == origin)
    {
        return Err(Problem::new(
            403,
            "origin-not-allowed",
            "The write key is not for this page",
            format!(
                "The key is for pages of other origins than {origin:?}. Add it to the key's `origins`."
            ),
        ));
    }
    Ok(key.basis)
}

/// Viewers may not do this.
pub fn not_for_viewers() -> Problem {
    Problem::new(
        403,
        "not-for-viewers",
        "This token may only look",
        "Send the operator's token, whose SHA-256 is ADMIN_TOKEN_SHA256.",
    )
}

/// Compares in the same time wherever the difference is.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let different = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(different) == 0
}
