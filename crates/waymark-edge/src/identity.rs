//! Whose events are whose.
//!
//! A visitor's key begins with how it is known. A browser's write key is public, so what is said
//! with it is a *claim* and has a namespace of its own, unless the browser proves that it made the
//! anonymous id: the id is the hash of a key that only that device has. A public key so never moves
//! or reveals a profile that somebody else made. Who a user is, a browser says with a token that the
//! site's own server has signed ([`crate::user_token`]); without one it is a claim.

use sha2::{Digest, Sha256};
use waymark_model::{Event, Kind, Value};
use waymark_wire::Basis;

/// The namespaces of visitor keys.
pub const NAMESPACES: [&str; 4] = [ANONYMOUS, USER, CLAIM, CLAIMED_USER];
/// An anonymous id that its device has proven, or a server key named.
pub const ANONYMOUS: &str = "a:";
/// A user whom a server key or a signed token named.
pub const USER: &str = "u:";
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
    /// The user whom a valid token names.
    pub user: Option<&'a str>,
}

/// Whose an event is, and what it says of who is who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The key that it was sent under: where its id is remembered.
    pub visitor: String,
    /// The user's key, where it can be trusted to be theirs.
    pub user: Option<String>,
    /// Keys of ids that are the user's as well.
    pub previous: Vec<String>,
}

impl Proof<'_> {
    /// Whether the sender made this anonymous id.
    pub fn covers(&self, anonymous_id: &str) -> bool {
        self.cookie_id == Some(anonymous_id)
            || self.device_key.is_some_and(|key| uuid_from_sha256(key) == anonymous_id)
    }
}

/// Who an event is about.
pub fn parties(event: &Event, basis: Basis, proof: &Proof<'_>) -> Parties {
    let anonymous = event.anonymous_id.as_deref();
    let user = event.user_id.as_deref().filter(|user| match basis {
        Basis::Server => true,
        Basis::Browser => proof.user == Some(user),
    });
    let previous = match event.properties.get("previousId") {
        Some(Value::Text(id)) if event.kind == Kind::Alias && user.is_some() => match basis {
            // An alias does not say which kind of id it was.
            Basis::Server => vec![format!("{ANONYMOUS}{id}"), format!("{USER}{id}")],
            Basis::Browser if proof.covers(id) => vec![format!("{ANONYMOUS}{id}")],
            Basis::Browser => Vec::new(),
        },
        _ => Vec::new(),
    };
    let visitor = match (anonymous, user) {
        (Some(id), _) if basis == Basis::Server || proof.covers(id) => format!("{ANONYMOUS}{id}"),
        (None, Some(user)) => format!("{USER}{user}"),
        // Whoever claims another's id next to their own token gets nothing of it.
        (Some(id), _) => format!("{CLAIM}{id}"),
        (None, None) => {
            format!("{CLAIMED_USER}{}", event.user_id.as_deref().unwrap_or_default())
        }
    };
    Parties { visitor, user: user.map(|user| format!("{USER}{user}")), previous }
}

/// The keys that an operator can mean by an id: itself when it names its namespace.
pub fn keys_meant_by(id: &str) -> Vec<String> {
    if NAMESPACES.iter().any(|namespace| id.starts_with(namespace)) {
        return vec![id.to_owned()];
    }
    NAMESPACES.iter().map(|namespace| format!("{namespace}{id}")).collect()
}

/// Under which what browsers say of the same id without proof is kept.
pub fn claims_of(key: &str) -> Option<String> {
    let claims = [(ANONYMOUS, CLAIM), (USER, CLAIMED_USER)];
    claims
        .iter()
        .find_map(|(proven, claimed)| Some(format!("{claimed}{}", key.strip_prefix(proven)?)))
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
    use super::{Proof, parties, uuid_from_sha256};
    use waymark_model::{Event, Kind, Timestamp, Value};
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
        let proven = Proof { device_key: Some("secret"), ..Proof::default() };
        let other = Proof { device_key: Some("guess"), ..Proof::default() };
        let cookie = Proof { cookie_id: Some(&id), ..Proof::default() };
        let of = |proof| parties(&event(Some(&id), Some("u1")), Basis::Browser, proof).visitor;
        assert_eq!(of(&proven), format!("a:{id}"));
        assert_eq!(of(&cookie), format!("a:{id}"));
        assert_eq!(of(&other), format!("c:{id}"));
        assert_eq!(of(&Proof::default()), format!("c:{id}"));
    }

    #[test]
    fn no_browser_reaches_what_a_server_made() {
        let of = |anonymous, user, basis| {
            parties(&event(anonymous, user), basis, &Proof::default()).visitor
        };
        assert_eq!(of(Some("x"), Some("u"), Basis::Server), "a:x");
        assert_eq!(of(None, Some("u"), Basis::Server), "u:u");
        assert_eq!(of(None, Some("u"), Basis::Browser), "cu:u");
        assert_eq!(of(Some("a:x"), None, Basis::Browser), "c:a:x");
    }

    #[test]
    fn a_browser_is_a_user_by_token_only() {
        let of = |user, proof: &Proof<'_>| parties(&event(None, Some(user)), Basis::Browser, proof);
        let token = Proof { user: Some("u1"), ..Proof::default() };
        assert_eq!(of("u1", &token).user.as_deref(), Some("u:u1"));
        assert_eq!(of("u2", &token).user, None);
        assert_eq!(of("u1", &Proof::default()).user, None);
        let alias = |previous: &str, basis, proof: &Proof<'_>| {
            let mut alias = event(None, Some("u1"));
            alias.kind = Kind::Alias;
            alias.properties.insert("previousId", Value::from(previous));
            parties(&alias, basis, proof).previous
        };
        assert_eq!(alias("u2", Basis::Browser, &token), [""; 0]);
        let id = uuid_from_sha256("secret");
        let device = Proof { device_key: Some("secret"), ..token };
        assert_eq!(alias(&id, Basis::Browser, &device), [format!("a:{id}")]);
        assert_eq!(alias("u2", Basis::Server, &Proof::default()), ["a:u2", "u:u2"]);
    }
}
