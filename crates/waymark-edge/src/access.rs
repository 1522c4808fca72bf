//! Whose token a request has, and what they may.

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use waymark_wire::{Basis, Problem};

use crate::config::Config;
use crate::http::Request;
use crate::identity::hex;
use crate::problems;
use crate::roles::{Role, Token};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// For the log.
    pub name: String,
    pub role: Role,
}

/// Who the bearer is; or why they are turned away.
pub fn authorise(config: &Config, request: &Request) -> Result<Bearer, Problem> {
    if config.tokens_of_operators.is_empty() {
        return Err(Problem::new(
            403,
            "admin-off",
            "Administration is switched off",
            "Set ADMIN_TOKEN_SHA256 to the SHA-256 of a token.",
        ));
    }
    let token = request.bearer().unwrap_or_default();
    let given: [u8; 32] = Sha256::digest(token).into();
    // All are compared: how long it takes says nothing.
    let mut found = None;
    for token in &config.tokens_of_operators {
        if same(&token.sha256, &given) {
            found = Some(token);
        }
    }
    if let Some(Token { name, role, .. }) = found {
        let token = format!("token {}", hex(&given[..4]));
        let name = name.as_ref().map_or_else(|| token.clone(), |name| format!("{name}, {token}"));
        return Ok(Bearer { name, role: *role });
    }
    Err(Problem::new(
        401,
        "bad-token",
        "The token is nobody's",
        "Send an operator's token as `Authorization: Bearer <token>`.",
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

/// The token's role may not do this.
pub fn not_for(role: Role, least: Role) -> Problem {
    let detail = format!(
        "The token is a {}'s, and this takes a token of the role {:?}.",
        role.name(),
        least.name()
    );
    Problem::new(403, "role-needed", "The token may not do this", detail)
}

/// Compares in the same time wherever the difference is.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let different = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(different) == 0
}
