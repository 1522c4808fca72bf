//! The visitor's cookie: who this browser is and what it allowed, signed so that only this edge can
//! have said it. Anything else is as good as no cookie.
//!
//! `v1.<key id>.<payload>.<HMAC-SHA256 of all before>`, the last two in base64url.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chacha20poly1305::XChaCha20Poly1305;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use waymark_model::{Purposes, Reader, Span, Timestamp, Writer, limits};

/// The cookie's name.
pub const NAME: &str = "wm_v";
/// As long as browsers keep a cookie.
pub const MAX_AGE: Span = Span(400 * Span::DAY.0);
/// More is not a cookie of ours.
pub const MOST_BYTES: usize = 1_536;
const VERSION: &str = "v1";
/// The first byte of a payload.
const FORMAT: u8 = 1;

/// Signing keys. The first signs; all verify, so that a new one can be put in front of the old.
#[derive(Clone, Default)]
pub struct CookieKeys(Vec<CookieKey>);

#[derive(Clone)]
pub(crate) struct CookieKey {
    pub id: String,
    /// Signs with the secret.
    signature: Hmac<Sha256>,
    /// For what browsers carry and are not to read.
    pub cipher: XChaCha20Poly1305,
    nonces: Hmac<Sha256>,
}

impl CookieKey {
    /// `None` for an id that would not survive in a cookie, or a secret that can be guessed.
    fn new(id: String, secret: &[u8]) -> Option<Self> {
        let fits = (1..=32).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && secret.len() >= 16;
        // Other keys are made of the secret, which is of any length.
        let made = |what: &str| Some(mac(secret, what)?.finalize().into_bytes());
        let cipher = XChaCha20Poly1305::new_from_slice(&made("waymark snapshot")?).ok()?;
        let nonces = Hmac::new_from_slice(&made("waymark snapshot nonce")?).ok()?;
        let signature = Hmac::new_from_slice(secret).ok()?;
        fits.then_some(Self { id, signature, cipher, nonces })
    }

    fn signed(&self, text: &str) -> Hmac<Sha256> {
        self.signature.clone().chain_update(text)
    }

    /// Another one for whatever else is encrypted.
    pub fn nonce_of(&self, message: &[u8]) -> [u8; 32] {
        self.nonces.clone().chain_update(message).finalize().into_bytes().into()
    }
}

/// What a cookie says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    pub id: String,
    pub site: String,
    pub issued: Timestamp,
    pub consent: Purposes,
}

impl std::fmt::Debug for CookieKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl CookieKeys {
    /// `None` for an id that would not survive in a cookie, or a secret that can be guessed.
    pub fn new(keys: Vec<(String, Vec<u8>)>) -> Option<Self> {
        keys.into_iter()
            .map(|(id, secret)| CookieKey::new(id, &secret))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// The key that seals what is new.
    pub(crate) fn first(&self) -> Option<&CookieKey> {
        self.0.first()
    }

    pub(crate) fn named(&self, id: &str) -> Option<&CookieKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The value of a cookie for a visitor; `None` without a key.
    pub fn sign(&self, visitor: &Visitor) -> Option<String> {
        let mut out = Writer::default();
        out.byte(FORMAT);
        out.text(&visitor.id);
        out.text(&visitor.site);
        out.signed(visitor.issued.0);
        out.byte(visitor.consent.bits());
        self.seal(VERSION, out.as_bytes())
    }

    /// `<version>.<key id>.<payload>.<tag>`; `None` without a key. What is sealed under one version is
    /// nothing under another.
    pub fn seal(&self, version: &str, payload: &[u8]) -> Option<String> {
        let key = self.first()?;
        let signed = format!("{version}.{}.{}", key.id, BASE64_URL_SAFE_NO_PAD.encode(payload));
        let tag = key.signed(&signed).finalize().into_bytes();
        Some(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag)))
    }

    /// The payload, if this edge sealed it.
    pub fn open(&self, version: &str, value: &str) -> Option<Vec<u8>> {
        let (signed, tag) = value.rsplit_once('.')?;
        let mut parts = signed.split('.');
        let (written, key, payload) = (parts.next()?, parts.next()?, parts.next()?);
        if value.len() > MOST_BYTES || written != version || parts.next().is_some() {
            return None;
        }
        let key = self.named(key)?;
        let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
        key.signed(signed).verify_slice(&tag).ok()?;
        BASE64_URL_SAFE_NO_PAD.decode(payload).ok()
    }

    /// The visitor of a cookie's value, if this edge signed it for this site and it still holds.
    pub fn verify(&self, value: &str, site: &str, now: Timestamp) -> Option<Visitor> {
        let visitor = read(&self.open(VERSION, value)?)?;
        let age = now.since(visitor.issued);
        // A minute for clocks that differ.
        let holds = age <= MAX_AGE && age >= Span(-Span::MINUTE.0);
        (holds && visitor.site == site).then_some(visitor)
    }

    /// The visitor of a `Cookie` header, of the first cookie of ours that holds.
    pub fn find(&self, header: Option<&str>, site: &str, now: Timestamp) -> Found {
        let mut found = Found::None;
        for value in values(header.unwrap_or_default(), NAME) {
            match self.verify(value, site, now) {
                Some(visitor) => return Found::Valid(visitor),
                None => found = Found::Invalid,
            }
        }
        found
    }
}

/// What a request's cookies say of the visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    None,
    /// There was one, and it cannot be trusted.
    Invalid,
    Valid(Visitor),
}

impl Found {
    pub fn visitor(&self) -> Option<&Visitor> {
        match self {
            Self::Valid(visitor) => Some(visitor),
            Self::None | Self::Invalid => None,
        }
    }
}

/// `Set-Cookie` for a signed value.
pub fn set(name: &str, value: &str, age: Span, secure: bool) -> String {
    let age = age.0 / Span::SECOND.0;
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
}

/// `Set-Cookie` that takes a cookie away.
pub fn clear(name: &str, secure: bool) -> String {
    set(name, "", Span(0), secure)
}

/// The values of a cookie: where several paths have set it, a browser sends all.
pub fn values<'h>(header: &'h str, name: &'h str) -> impl Iterator<Item = &'h str> {
    header
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(have, value)| *have == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// HMAC-SHA256 over a text.
pub fn mac(secret: &[u8], signed: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(signed.as_bytes());
    Some(mac)
}

fn read(payload: &[u8]) -> Option<Visitor> {
    let visitor = Reader::whole(payload, |input| {
        if input.byte() != FORMAT {
            input.refuse("unknown-cookie-format", ());
        }
        Visitor {
            id: input.string(),
            site: input.string(),
            issued: Timestamp(input.signed()),
            consent: Purposes::from_bits(input.byte()),
        }
    });
    visitor.ok().filter(|visitor| visitor.id.len() <= limits::ID_BYTES)
}

#[cfg(test)]
mod tests {
    use super::{CookieKeys, Found, MAX_AGE, Visitor};
    use proptest::prelude::*;
    use waymark_model::{Purposes, Span, Timestamp};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn keys(ids: &[&str]) -> CookieKeys {
        let key = |id: &&str| ((*id).to_owned(), format!("secret of the key {id}").into_bytes());
        CookieKeys::new(ids.iter().map(key).collect()).unwrap()
    }

    fn visitor() -> Visitor {
        Visitor { id: "v".into(), site: "shop".into(), issued: NOW, consent: Purposes::ALL }
    }

    #[test]
    fn a_signed_cookie_comes_back_also_under_a_later_key() {
        let value = keys(&["k1"]).sign(&visitor()).unwrap();
        assert!(value.starts_with("v1.k1."));
        assert_eq!(keys(&["k2", "k1"]).verify(&value, "shop", NOW), Some(visitor()));
        assert_eq!(keys(&["k2"]).verify(&value, "shop", NOW), None);
    }

    #[test]
    fn a_cookie_holds_for_its_site_and_its_time() {
        let keys = keys(&["k1"]);
        let value = keys.sign(&visitor()).unwrap();
        assert_eq!(keys.verify(&value, "other", NOW), None);
        assert_eq!(keys.verify(&value, "shop", NOW.plus(MAX_AGE)), Some(visitor()));
        assert_eq!(keys.verify(&value, "shop", NOW.plus(MAX_AGE).plus(Span(1))), None);
        assert_eq!(keys.verify(&value, "shop", NOW.minus(Span::HOUR)), None);
    }

    #[test]
    fn every_changed_byte_makes_a_cookie_worthless() {
        let keys = keys(&["k1"]);
        let value = keys.sign(&visitor()).unwrap();
        for at in 0..value.len() {
            for replacement in ["A", "b", ".", ""] {
                let mut forged = value.clone();
                forged.replace_range(at..=at, replacement);
                if forged != value {
                    assert_eq!(keys.verify(&forged, "shop", NOW), None, "{forged}");
                }
            }
        }
    }

    #[test]
    fn of_several_cookies_the_one_that_holds_counts() {
        let keys = keys(&["k1"]);
        let value = keys.sign(&visitor()).unwrap();
        let header = format!("a=b; wm_v=forged; wm_v={value}; wm_vx=1");
        assert_eq!(keys.find(Some(&header), "shop", NOW), Found::Valid(visitor()));
        assert_eq!(keys.find(Some("wm_v=forged"), "shop", NOW), Found::Invalid);
        assert_eq!(keys.find(Some("wm_v=; x"), "shop", NOW), Found::None);
        assert_eq!(keys.find(None, "shop", NOW), Found::None);
    }

    proptest! {
        #[test]
        fn no_header_is_too_odd(header: String, value in "v1\\.k1\\.[A-Za-z0-9_-]{0,40}\\.[A-Za-z0-9_-]{0,50}") {
            let keys = keys(&["k1"]);
            let _ = keys.find(Some(&header), "shop", NOW);
            prop_assert_eq!(keys.verify(&value, "shop", NOW), None);
        }
    }
}
