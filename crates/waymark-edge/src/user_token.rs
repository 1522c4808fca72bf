//! Who a user is, said by the site's own server: a JSON Web Token (RFC 7519) whose subject is the user's id, signed
//! with HMAC-SHA256 (`HS256`) or Ed25519 (`EdDSA`, RFC 8037). A browser passes it on; it cannot make one.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::Mac;
use serde_json::Value;
use waymark_model::{Timestamp, limits};

use crate::cookie::mac;

/// More is no token of ours.
const MOST_BYTES: usize = 2_048;
/// Seconds by which clocks may differ.
const LEEWAY: i64 = 60;

/// Keys of the site's servers.
#[derive(Clone, Default)]
pub struct TokenKeys(Vec<TokenKey>);

#[derive(Clone)]
struct TokenKey {
    /// Of the header's `kid`; a token without one is tried with all.
    id: String,
    check: Check,
}

#[derive(Clone)]
enum Check {
    Hmac(Vec<u8>),
    Ed25519(Box<VerifyingKey>),
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

/// Why a token says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    #[error("it is no JSON Web Token with a subject and an expiry")]
    Malformed,
    #[error("its algorithm is neither HS256 nor EdDSA, or not its key's")]
    Algorithm,
    #[error("no key of USER_TOKEN_KEYS has signed it")]
    Signature,
    #[error("it has expired, or is not valid yet")]
    Time,
    #[error("the request has too many different tokens")]
    Many,
}

impl TokenKeys {
    /// From a JSON list of `{"id", "alg": "HS256", "secret"}` and `{"id", "alg": "EdDSA", "publicKey"}`, the last
    /// in base64url. `None` for anything else, and for secrets that can be guessed.
    pub fn from_json(text: &str) -> Option<Self> {
        let list: Value = serde_json::from_str(text).ok()?;
        let keys = list.as_array()?.iter().map(|item| {
            let id = item["id"].as_str()?.to_owned();
            let check = match item["alg"].as_str()? {
                "HS256" => {
                    let secret = item["secret"].as_str()?.as_bytes();
                    Check::Hmac((secret.len() >= 32).then(|| secret.to_vec())?)
                }
                "EdDSA" => {
                    let bytes = BASE64_URL_SAFE_NO_PAD.decode(item["publicKey"].as_str()?).ok()?;
                    let key = VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()?;
                    Check::Ed25519(Box::new((!key.is_weak()).then_some(key)?))
                }
                _ => return None,
            };
            Some(TokenKey { id, check })
        });
        keys.collect::<Option<_>>().map(Self)
    }

    /// The user of a token that holds now.
    pub fn subject(&self, token: &str, now: Timestamp) -> Result<String, Untrusted> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Untrusted::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Untrusted::Malformed)?;
        if token.len() > MOST_BYTES {
            return Err(Untrusted::Malformed);
        }
        let header = json(header).ok_or(Untrusted::Malformed)?;
        let signature =
            BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| Untrusted::Malformed)?;
        // An extension that has to be understood is not (RFC 7515, 4.1.11).
        if header.get("crit").is_some() {
            return Err(Untrusted::Malformed);
        }
        let algorithm = header["alg"].as_str().unwrap_or_default();
        let named = header["kid"].as_str();
        let mut fitting = self
            .0
            .iter()
            .filter(|key| named.is_none_or(|id| id == key.id))
            .filter(|key| key.check.algorithm() == algorithm)
            .peekable();
        if fitting.peek().is_none() {
            return Err(Untrusted::Algorithm);
        }
        if !fitting.any(|key| key.check.holds(signed, &signature)) {
            return Err(Untrusted::Signature);
        }
        let claims = json(claims).ok_or(Untrusted::Malformed)?;
        let seconds = now.0.div_euclid(1_000);
        // Whole seconds, though the standard allows parts of them.
        let at = |name: &str| {
            let claim = &claims[name];
            claim
                .as_i64()
                .or_else(|| Some(Timestamp::from_js(claim.as_f64()? * 1_000.0)?.0 / 1_000))
        };
        let expires = at("exp").ok_or(Untrusted::Malformed)?;
        if seconds >= expires.saturating_add(LEEWAY)
            || at("nbf").is_some_and(|from| seconds < from.saturating_sub(LEEWAY))
        {
            return Err(Untrusted::Time);
        }
        let subject = claims["sub"].as_str().unwrap_or_default();
        if subject.is_empty() || subject.len() > limits::ID_BYTES {
            return Err(Untrusted::Malformed);
        }
        Ok(subject.to_owned())
    }
}

impl Check {
    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "HS256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    fn holds(&self, signed: &str, signature: &[u8]) -> bool {
        match self {
            Self::Hmac(secret) => {
                mac(secret, signed).is_some_and(|mac| mac.verify_slice(signature).is_ok())
            }
            Self::Ed25519(key) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(signed.as_bytes(), &signature).is_ok()),
        }
    }
}

fn json(part: &str) -> Option<Value> {
    let value: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
    value.is_object().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{TokenKeys, Untrusted};
    use proptest::prelude::*;
    use waymark_model::Timestamp;

    const NOW: Timestamp = Timestamp(1_772_323_200_000);
    const SECRET: &str = "a secret of at least thirty-two bytes";

    fn keys() -> TokenKeys {
        TokenKeys::from_json(&format!(
            r#"[{{"id":"k1","alg":"HS256","secret":"{SECRET}"}},
                {{"id":"k2","alg":"EdDSA","publicKey":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}]"#
        ))
        .unwrap()
    }

    fn signed(header: &str, claims: &str) -> String {
        use base64::Engine as _;
        use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
        use hmac::{Hmac, KeyInit, Mac};
        let text = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        format!("{text}.{}", BASE64.encode(mac.finalize().into_bytes()))
    }

    fn user(header: &str, claims: &str) -> Result<String, Untrusted> {
        keys().subject(&signed(header, claims), NOW)
    }

    const HS: &str = r#"{"alg":"HS256"}"#;

    #[test]
    fn a_signed_token_names_its_subject() {
        let claims = r#"{"sub":"u1","exp":1772323500}"#;
        assert_eq!(user(HS, claims).as_deref(), Ok("u1"));
        assert_eq!(user(r#"{"alg":"HS256","kid":"k1"}"#, claims).as_deref(), Ok("u1"));
    }

    #[test]
    fn what_is_not_signed_for_now_says_nothing() {
        let claims = r#"{"sub":"u1","exp":1772323500}"#;
        assert_eq!(user(r#"{"alg":"none"}"#, claims), Err(Untrusted::Algorithm));
        assert_eq!(user(r#"{"alg":"HS256","kid":"k9"}"#, claims), Err(Untrusted::Algorithm));
        // A public key is no secret to sign with.
        assert_eq!(user(r#"{"alg":"HS256","kid":"k2"}"#, claims), Err(Untrusted::Algorithm));
        assert_eq!(user(r#"{"alg":"HS256","crit":["b64"]}"#, claims), Err(Untrusted::Malformed));
        assert_eq!(user(HS, r#"{"sub":"u1","exp":1772323139}"#), Err(Untrusted::Time));
        assert_eq!(
            user(HS, r#"{"sub":"u1","exp":1772323500,"nbf":1772323300}"#),
            Err(Untrusted::Time)
        );
        assert_eq!(user(HS, r#"{"sub":"u1"}"#), Err(Untrusted::Malformed));
        assert_eq!(user(HS, r#"{"sub":"","exp":1772323500}"#), Err(Untrusted::Malformed));
        let mut other = signed(HS, claims);
        other.truncate(other.len() - 4);
        assert_eq!(keys().subject(&format!("{other}AAAA"), NOW), Err(Untrusted::Signature));
        assert_eq!(
            TokenKeys::default().subject(&signed(HS, claims), NOW),
            Err(Untrusted::Algorithm)
        );
    }

    /// RFC 8037, appendix A.4; its payload is no claims.
    #[test]
    fn ed25519_is_read_as_the_standard_writes_it() {
        let token = concat!(
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.",
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        );
        assert_eq!(keys().subject(token, NOW), Err(Untrusted::Malformed));
        let forged = token.replace("hgyY", "hgyZ");
        assert_eq!(keys().subject(&forged, NOW), Err(Untrusted::Signature));
    }

    #[test]
    fn keys_that_protect_nothing_are_refused() {
        for text in [
            r#"[{"id":"k","alg":"HS256","secret":"short"}]"#,
            r#"[{"id":"k","alg":"none"}]"#,
            r#"[{"id":"k","alg":"EdDSA","publicKey":"AAAA"}]"#,
            "{}",
        ] {
            assert!(TokenKeys::from_json(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_none(text in "\\PC*|[a-zA-Z0-9_-]*[.][a-zA-Z0-9_-]*[.][a-zA-Z0-9_-]*") {
            prop_assert!(keys().subject(&text, NOW).is_err());
        }
    }
}
