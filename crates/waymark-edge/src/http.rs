//! Requests and answers as values, so that everything but the adapter is free of a host.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use waymark_wire::{PROBLEM_MEDIA_TYPE, Problem};

/// What a use case gives: an answer, or the problem that stood in its way.
pub type Answer = Result<Response, Problem>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Options,
    Other,
}

impl Method {
    pub fn from_name(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Options => "OPTIONS",
            Self::Other => "",
        }
    }
}

/// What of a request's headers is read, and therefore given to it.
pub const HEADERS: [&str; 14] = [
    "accept-encoding",
    "accept-language",
    "authorization",
    "cf-connecting-ip",
    "cf-ipcountry",
    "cf-timezone",
    "content-encoding",
    "cookie",
    "if-none-match",
    "origin",
    "sec-fetch-site",
    "sec-gpc",
    "user-agent",
    "x-api-key",
];

/// An absolute address, in its parts as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    pub scheme: String,
    /// With the port, if it was given.
    pub host: String,
    pub path: String,
    /// Without the question mark.
    pub query: String,
}

impl Address {
    /// Takes an address apart. Hosts give them normalized; whatever is missing stays empty.
    pub fn parse(text: &str) -> Self {
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let path_at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path_at);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_ascii_lowercase(),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            query: query.to_owned(),
        }
    }

    /// The first value of a query parameter, decoded as a form's.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (form_decoded(key) == name).then(|| form_decoded(value).into_owned())
        })
    }

    /// Whether the host is this very machine: demonstration secrets work only here.
    pub fn is_local(&self) -> bool {
        let name = match self.host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.host.split(':').next().unwrap_or_default(),
        };
        name == "localhost" || name.ends_with(".localhost") || name == "127.0.0.1" || name == "::1"
    }
}

/// `+` and percent escapes resolved; bytes that are no UTF-8 become U+FFFD.
pub fn form_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        out.push(match byte {
            b'+' => b' ',
            b'%' => match tail.split_first_chunk::<2>().and_then(|(pair, _)| hex_pair(*pair)) {
                Some(decoded) => {
                    rest = &tail[2..];
                    decoded
                }
                None => byte,
            },
            other => other,
        });
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn hex_pair(pair: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
}

/// What the network tells of where a visitor is.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// An ISO 3166 code.
    pub country: Option<String>,
    /// A name of the tz database.
    pub timezone: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub address: Address,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The body is longer than its address takes, so the host did not read all of it.
    pub too_long: bool,
    /// Where the request came from.
    pub place: Place,
}

impl Request {
    pub fn new(method: Method, address: &str) -> Self {
        Self {
            method,
            address: Address::parse(address),
            headers: Vec::new(),
            body: Vec::new(),
            too_long: false,
            place: Place::default(),
        }
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// One of [`HEADERS`].
    pub fn header(&self, name: &str) -> Option<&str> {
        debug_assert!(HEADERS.contains(&name), "{name} does not come with requests");
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// Global Privacy Control: the visitor objects to being profiled, whatever was granted before.
    pub fn objects(&self) -> bool {
        self.header("sec-gpc").is_some_and(|value| value.trim() == "1")
    }

    /// The user name of Basic authentication, where Segment's clients put the write key.
    pub fn basic_user(&self) -> Option<String> {
        let (scheme, credentials) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = BASE64_STANDARD.decode(credentials.trim()).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let user = text.split_once(':').map_or(text.as_str(), |(user, _)| user);
        (!user.is_empty()).then(|| user.to_owned())
    }

    /// Whether who asks has the answer already.
    pub fn has(&self, etag: &str) -> bool {
        self.header("if-none-match").is_some_and(|header| {
            header.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)
        })
    }

    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Whether an encoding may be used for the answer.
    pub fn accepts_encoding(&self, name: &str) -> bool {
        self.header("accept-encoding").is_some_and(|header| {
            header.split(',').any(|item| {
                let mut parts = item.split(';').map(str::trim);
                let named = parts.next().is_some_and(|have| have.eq_ignore_ascii_case(name));
                named && !parts.any(is_zero_quality)
            })
        })
    }
}

fn is_zero_quality(part: &str) -> bool {
    part.strip_prefix("q=").is_some_and(|q| {
        q.trim_start_matches('0').trim_start_matches('.').bytes().all(|b| b == b'0')
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The body is already in the `Content-Encoding` that the headers name.
    pub encoded: bool,
}

impl Response {
    pub const fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), encoded: false }
    }

    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { body: body.to_string().into_bytes(), ..Self::empty(status) }
            .with_header("Content-Type", "application/json")
            .with_header("Cache-Control", "no-store")
    }

    /// Lines of JSON.
    pub fn ndjson(lines: Vec<u8>) -> Self {
        Self { body: lines, ..Self::empty(200) }
            .with_header("Content-Type", "application/x-ndjson")
            .with_header("Cache-Control", "no-store")
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn problem(problem: &Problem) -> Self {
        Self::problem_with(problem, serde_json::Map::new())
    }

    /// A problem document with members of its own.
    pub fn problem_with(
        problem: &Problem,
        more: serde_json::Map<String, serde_json::Value>,
    ) -> Self {
        let mut document = problem.to_json();
        if let Some(members) = document.as_object_mut() {
            members.extend(more);
        }
        let response =
            Self { body: document.to_string().into_bytes(), ..Self::empty(problem.status) }
                .with_header("Content-Type", PROBLEM_MEDIA_TYPE)
                .with_header("Cache-Control", "no-store");
        match problem.retry_after {
            Some(seconds) => response.with_header("Retry-After", seconds.to_string()),
            None => response,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Method, Request, form_decoded};
    use proptest::prelude::*;

    #[test]
    fn an_address_comes_apart() {
        let address = Address::parse("https://Shop.Example:8443/a/b?utm_source=x+y%21&b=#top");
        assert_eq!(address.host, "shop.example:8443");
        assert_eq!(address.path, "/a/b");
        assert_eq!(address.parameter("utm_source").as_deref(), Some("x y!"));
        assert_eq!(address.parameter("b").as_deref(), Some(""));
        assert_eq!(address.parameter("c"), None);
        assert_eq!(Address::parse("http://h?x=1").path, "/");
    }

    #[test]
    fn only_this_machine_is_local() {
        for host in ["localhost:8787", "127.0.0.1", "[::1]:80", "a.localhost"] {
            assert!(Address::parse(&format!("http://{host}/")).is_local(), "{host}");
        }
        for host in ["localhost.example", "127.0.0.1.example", "example", ""] {
            assert!(!Address::parse(&format!("http://{host}/")).is_local(), "{host}");
        }
    }

    #[test]
    fn encodings_are_negotiated() {
        let accepts = |header: &str| {
            Request::new(Method::Get, "http://h/")
                .with_header("Accept-Encoding", header)
                .accepts_encoding("gzip")
        };
        assert!(accepts("br, gzip") && accepts("GZIP;q=0.5"));
        assert!(!accepts("br") && !accepts("gzip;q=0") && !accepts("gzip;q=0.000"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_decode(text: String) {
            let _ = form_decoded(&text);
            let _ = Address::parse(&text).parameter("a");
            let request = Request::new(Method::Get, &text).with_header("authorization", &text);
            let _ = (request.basic_user(), request.accepts_encoding("gzip"), request.address.is_local());
        }
    }
}
