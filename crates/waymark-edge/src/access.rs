//! Whether a request is the operator's.

use sha2::{Digest, Sha256};
use waymark_wire::Problem;

use crate::config::Config;
use crate::http::Request;
use crate::identity::hex;

/// Who the bearer is, for the log; or why they are turned away.
pub fn authorise(config: &Config, request: &Request) -> Result<String, Problem> {
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
    if same(&expected, &given) {
        return Ok(format!("token {}", hex(&given[..4])));
    }
    Err(Problem::new(
        401,
        "bad-token",
        "The token is not the operator's",
        "Send the operator's token as `Authorization: Bearer <token>`.",
    ))
}

/// Compares in the same time wherever the difference is.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let different = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    std::hint::black_box(different) == 0
}
