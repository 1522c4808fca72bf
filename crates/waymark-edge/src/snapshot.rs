//! The cookie that spares a page its shard: what decisions read of a profile, as the shard had it a moment ago.
//!
//! `s2.<key id>.<nonce, XChaCha20-Poly1305 of it>`, the last in base64url. It is encrypted and not only signed: a
//! profile may hold what servers and other devices have told. The nonce is a keyed hash of what is encrypted, so that no
//! two have the same one without a source of chance, which tests could not repeat.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Payload};
use lz4_flex::{compress, decompress};
use waymark_engine::{Engine, Numerals, PackHash, State};
use waymark_model::{Purpose, Reader, Span, Timestamp, Writer};

use crate::cookie::{self, CookieKeys, MOST_BYTES, Visitor, values};
use crate::edge::Edge;
use crate::identity::ANONYMOUS;
use crate::ports::{Clock, Objects};
use crate::profile;

/// The cookie's name.
pub const NAME: &str = "wm_s";
/// How long a page goes by one; then it asks the shard again.
pub const MAX_AGE: Span = Span(30 * Span::MINUTE.0);
const VERSION: &str = "s2";
/// The first byte of what is encrypted.
const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// What a cookie has of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Whose pages it is for.
    pub id: String,
    pub site: String,
    pub issued: Timestamp,
    /// By which pack it was read: another may need what is not in it.
    pub pack: PackHash,
    /// As by [`Engine::state_to_decide`].
    pub state: Vec<u8>,
}

/// What a request's cookies say of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    None,
    /// Too old, or of another pack.
    Stale,
    /// Nobody's, or another visitor's.
    Invalid,
    Fresh(Vec<u8>),
}

impl Seen {
    /// As it is counted.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Stale => "stale",
            Self::Invalid => "invalid",
            Self::Fresh(_) => "fresh",
        }
    }
}

impl Snapshot {
    /// The value of a cookie; `None` without a key, and for a profile that does not fit into one.
    pub fn seal(&self, keys: &CookieKeys) -> Option<String> {
        let key = keys.first()?;
        let mut out = Writer::default();
        out.byte(FORMAT);
        out.text(&self.id);
        out.text(&self.site);
        out.signed(self.issued.0);
        out.raw(&self.pack.0);
        out.bytes(&self.state);
        let mut packed = u16::try_from(out.as_bytes().len()).ok()?.to_le_bytes().to_vec();
        packed.extend(compress(out.as_bytes()));
        let nonce: [u8; NONCE] = *key.nonce_of(&packed).first_chunk()?;
        let head = format!("{VERSION}.{}", key.id);
        let payload = Payload { msg: &packed, aad: head.as_bytes() };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        let value =
            format!("{head}.{}", BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()));
        (value.len() <= MOST_BYTES).then_some(value)
    }

    /// What this edge sealed.
    fn open(value: &str, keys: &CookieKeys) -> Option<Self> {
        if value.len() > MOST_BYTES {
            return None;
        }
        let (head, body) = value.rsplit_once('.')?;
        let (version, id) = head.split_once('.')?;
        let key = keys.named(id).filter(|_| version == VERSION)?;
        let body = BASE64_URL_SAFE_NO_PAD.decode(body).ok()?;
        let (nonce, sealed) = body.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: head.as_bytes() };
        let packed = key.cipher.decrypt(&XNonce::from(nonce), payload).ok()?;
        let (length, packed) = packed.split_first_chunk()?;
        let bytes = decompress(packed, u16::from_le_bytes(*length).into()).ok()?;
        let read = Reader::whole(&bytes, |input| {
            if input.byte() != FORMAT {
                input.refuse("unknown-snapshot-format", ());
            }
            Self {
                id: input.string(),
                site: input.string(),
                issued: Timestamp(input.signed()),
                pack: PackHash(input.array()),
                state: input.bytes().to_vec(),
            }
        });
        read.ok()
    }

    /// Of a `Cookie` header what is there for a visitor, and a pack.
    pub fn find(
        header: Option<&str>,
        keys: &CookieKeys,
        visitor: &Visitor,
        pack: PackHash,
        now: Timestamp,
    ) -> Seen {
        let mut seen = Seen::None;
        for value in values(header.unwrap_or_default(), NAME) {
            let Some(snapshot) = Self::open(value, keys) else {
                seen = Seen::Invalid;
                continue;
            };
            if snapshot.id != visitor.id || snapshot.site != visitor.site {
                seen = Seen::Invalid;
                continue;
            }
            let age = now.since(snapshot.issued);
            // A minute for clocks that differ.
            let holds = age <= MAX_AGE && age >= Span(-Span::MINUTE.0);
            if holds && snapshot.pack.is_same_pack(pack) && snapshot.issued >= visitor.issued {
                return Seen::Fresh(snapshot.state);
            }
            seen = Seen::Stale;
        }
        seen
    }
}

/// `Set-Cookie` with what a shard told of a visitor. One that does not fit takes the old one away.
pub fn given<H>(
    edge: &Edge<'_, H>,
    engine: Engine<'_>,
    visitor: &Visitor,
    state: &State,
    now: Timestamp,
    secure: bool,
) -> String {
    let words = edge.packs.vocabulary(engine.program);
    let snapshot = Snapshot {
        id: visitor.id.clone(),
        site: visitor.site.clone(),
        issued: now,
        pack: engine.program.hash,
        state: engine.state_to_decide(state, &words),
    };
    match snapshot.seal(&edge.config.cookies) {
        Some(value) => cookie::set(NAME, &value, MAX_AGE, secure),
        None => cookie::clear(NAME, secure),
    }
}

/// `Set-Cookie` after a visitor's events have moved their profile, where a page has given them a snapshot of it.
pub async fn moved<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    cookies: Option<&str>,
    visitor: &Visitor,
    now: Timestamp,
    secure: bool,
) -> Option<String> {
    values(cookies.unwrap_or_default(), NAME).next()?;
    // Better none than an old one.
    Some(anew(edge, visitor, now, secure).await.unwrap_or_else(|| cookie::clear(NAME, secure)))
}

async fn anew<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    visitor: &Visitor,
    now: Timestamp,
    secure: bool,
) -> Option<String> {
    if !visitor.consent.contains(Purpose::Personalization) {
        return None;
    }
    let key = format!("{ANONYMOUS}{}", visitor.id);
    let program = edge.packs.deciding(edge.host, now, Some(&key)).await.ok()??;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let state = profile::state_of(edge, engine, &key).await.ok()??;
    Some(given(edge, engine, visitor, &state, now, secure))
}
