//! Whose events are whose.
//!
//! A visitor's key begins with how it is known. A browser's write key is public, so what is said
//! with it is a *claim* and has a namespace of its own, unless the browser proves that it made the
//! anonymous id: the id is the hash of a key that only that device has. A public key so never moves
//! or reveals a profile that somebody else made.

use sha2::{Digest, Sha256};
use waymark_model::Event;
use waymark_wire::Basis;

/// The namespaces of visitor keys.
pub const NAMESPACES: [&str; 5] = [DEVICE, SERVER_ANONYMOUS, SERVER_USER, CLAIM, CLAIMED_USER];
/// An anonymous id that a device has proven.
pub const DEVICE: &str = "d:";
/// An anonymous id that a server key named.
pub const SERVER_ANONYMOUS: &str = "a:";
/// A user that a server key named.
pub const SERVER_USER: &str = "u:";
/// An anonymous id that a browser claims.
pub const CLAIM: &str = "c:";
/// A user that a browser claims, when it gives no anonymous id.
pub const CLAIMED_USER: &str = "cu:";

/// What a request can show beside its write key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proof<'a> {
    pub device_key: Option<&'a str>,
    /// The id in a valid signed cookie.
    pub cookie_id: Option<&'a str>,
}

impl Proof<'_> {
    /// Whether the sender made this anonymous id.
    pub fn covers(&self, anonymous_id: &str) -> bool {
        self.cookie_id == Some(anonymous_id)
            || self.device_key.is_some_and(|key| uuid_from_sha256(key) == anonymous_id)
    }
}

/// The key of the visitor whom an event is about.
pub fn visitor_of(event: &Event, basis: Basis, proof: &Proof<'_>) -> String {
    let anonymous = event.anonymous_id.as_deref();
    let user = event.user_id.as_deref().unwrap_or_default();
    match (basis, anonymous) {
        (Basis::Server, Some(id)) => format!("{SERVER_ANONYMOUS}{id}"),
        (Basis::Server, None) => format!("{SERVER_USER}{user}"),
        (Basis::Browser, Some(id)) if proof.covers(id) => format!("{DEVICE}{id}"),
        (Basis::Browser, Some(id)) => format!("{CLAIM}{id}"),
        (Basis::Browser, None) => format!("{CLAIMED_USER}{user}"),
    }
}

/// The keys that an operator can mean by an id: itself when it names its namespace.
pub fn keys_meant_by(id: &str) -> Vec<String> {
    if NAMESPACES.iter().any(|namespace| id.starts_with(namespace)) {
        return vec![id.to_owned()];
    }
    NAMESPACES.iter().map(|namespace| format!("{namespace}{id}")).collect()
}

/// The anonymous id that belongs to a device key: the first 16 bytes of its SHA-256, with the
/// version (8, RFC 9562) and variant of a UUID.
pub fn uuid_from_sha256(device_key: &str) -> String {
    let digest = Sha256::digest(device_key.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&hex(&[*byte]));
    }
    text
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{Proof, uuid_from_sha256, visitor_of};
    use waymark_model::{Event, Kind, Timestamp};
    use waymark_wire::Basis;

    fn event(anonymous: Option<&str>, user: Option<&str>) -> Event {
        let mut event = Event::new("m", Kind::Track, "Seen", Timestamp(0));
        event.anonymous_id = anonymous.map(str::to_owned);
        event.user_id = user.map(str::to_owned);
        event
    }

    #[test]
    fn a_device_keys_id_is_its_hash_as_a_uuid() {
        // `printf device | sha256sum` begins with 263a4dbe 4148 8fb8 7214 b0032339dbb9.
        assert_eq!(uuid_from_sha256("device"), "263a4dbe-4148-8fb8-b214-b0032339dbb9");
    }

    #[test]
    fn only_a_proven_id_leaves_the_claims() {
        let id = uuid_from_sha256("secret");
        let proven = Proof { device_key: Some("secret"), cookie_id: None };
        let other = Proof { device_key: Some("guess"), cookie_id: None };
        let cookie = Proof { device_key: None, cookie_id: Some(&id) };
        let of = |proof| visitor_of(&event(Some(&id), Some("u1")), Basis::Browser, proof);
        assert_eq!(of(&proven), format!("d:{id}"));
        assert_eq!(of(&cookie), format!("d:{id}"));
        assert_eq!(of(&other), format!("c:{id}"));
        assert_eq!(of(&Proof::default()), format!("c:{id}"));
    }

    #[test]
    fn no_browser_reaches_what_a_server_made() {
        let proof = Proof::default();
        assert_eq!(visitor_of(&event(Some("x"), Some("u")), Basis::Server, &proof), "a:x");
        assert_eq!(visitor_of(&event(None, Some("u")), Basis::Server, &proof), "u:u");
        assert_eq!(visitor_of(&event(None, Some("u")), Basis::Browser, &proof), "cu:u");
        assert_eq!(visitor_of(&event(Some("a:x"), None), Basis::Browser, &proof), "c:a:x");
    }
}
