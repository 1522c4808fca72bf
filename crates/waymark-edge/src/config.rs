//! What the operator sets. Read once an isolate, from the variables and secrets of the worker.

use serde_json::Value;
use waymark_model::Span;
use waymark_wire::Basis;

use crate::cookie::CookieKeys;
use crate::http::Address;
use crate::identity::hex;
use crate::roles::{Role, Token};
use crate::shard_map::ShardMap;
use crate::user_token::TokenKeys;
use crate::webhooks::{Webhooks, is_name};

/// Keys of demonstrations, by the variable that they are set in.
const DEMO: [(&str, &str); 4] = [
    ("WRITE_KEYS", "\"wk_demo\""),
    ("WRITE_KEYS", "\"sk_demo\""),
    ("COOKIE_KEYS", "demo-cookie-key-for-localhost-only"),
    ("ADMIN_TOKEN_SHA256", "cce7a2cf1ae045989cfc914fb95a41526f167a838b3c7d33745143614abace7c"),
];

const LAKE_SECONDS: i64 = 300;

#[derive(Debug, Clone)]
pub struct Config {
    pub write_keys: Vec<WriteKey>,
    pub cookies: CookieKeys,
    /// Keys by which the site's servers say who a user is.
    pub tokens: TokenKeys,
    /// Who may do what by the admin API.
    pub tokens_of_operators: Vec<Token>,
    /// Sensitivities, as packs name them, of traits that viewers see.
    pub viewer_sees: Vec<String>,
    pub map: ShardMap,
    /// Where objects are to be, by law.
    pub jurisdiction: Option<String>,
    /// Which site cookies are for, when several share a signing key.
    pub site: String,
    /// Pages of these origins may read answers with credentials; `None` is any.
    pub origins: Option<Vec<String>>,
    /// How long visitors are kept who are not heard of.
    pub keep: Option<Span>,
    /// How long events wait before they leave for the lake.
    pub lake_age: Span,
    /// Other servers that messages go to.
    pub webhooks: Webhooks,
    /// Where this edge is, for links in messages.
    pub url: Option<String>,
    /// Sites whose answers packs may show.
    pub remotes: Vec<String>,
    /// Some of it is of `.dev.vars.example`, so everybody knows it.
    pub demo: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteKey {
    pub key: String,
    pub basis: Basis,
    /// Pages of these origins may use it; `None` is any.
    pub origins: Option<Vec<String>>,
    /// Events that it may send in a day.
    pub daily: Option<u64>,
}

/// A variable that cannot be read. The text says what it should be, never what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The variable {name} {expected}.")]
pub struct ConfigError {
    pub name: &'static str,
    pub expected: &'static str,
}

impl Config {
    /// `get` gives a variable's text.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name| get(name).filter(|text: &String| !text.trim().is_empty());
        let demo =
            DEMO.iter().any(|(name, value)| get(name).is_some_and(|set| set.contains(value)));
        Ok(Self {
            demo,
            write_keys: get("WRITE_KEYS").map_or(Ok(Vec::new()), |text| {
                write_keys(&text).ok_or(ConfigError {
                    name: "WRITE_KEYS",
                    expected: "must be a JSON list of {\"key\", \"basis\": \"browser\" or \"server\", \
                               \"origins\"?: [\"https://shop.example\"]}",
                })
            })?,
            cookies: get("COOKIE_KEYS").map_or(Ok(CookieKeys::default()), |text| {
                cookie_keys(&text).ok_or(ConfigError {
                    name: "COOKIE_KEYS",
                    expected: "must be a JSON list of {\"id\", \"secret\"}, with ids of 1 to 32 \
                               letters and digits and secrets of at least 16 bytes",
                })
            })?,
            tokens: get("USER_TOKEN_KEYS").map_or(Ok(TokenKeys::default()), |text| {
                TokenKeys::from_json(&text).ok_or(ConfigError {
                    name: "USER_TOKEN_KEYS",
                    expected: "must be a JSON list of {\"id\", \"alg\": \"HS256\", \"secret\"} with \
                               secrets of at least 32 bytes, or {\"id\", \"alg\": \"EdDSA\", \
                               \"publicKey\"} with keys in base64url",
                })
            })?,
            tokens_of_operators: {
                let mut all = match get("ADMIN_TOKENS") {
                    None => Vec::new(),
                    Some(text) => tokens(&text).ok_or(ConfigError {
                        name: "ADMIN_TOKENS",
                        expected: "must be a JSON list of {\"name\", \"sha256\": 64 hexadecimal digits, \
                                   \"role\": \"owner\", \"publisher\" or \"viewer\"}",
                    })?,
                };
                let alone = [("ADMIN_TOKEN_SHA256", Role::Owner), ("VIEWER_TOKEN_SHA256", Role::Viewer)];
                for (name, role) in alone {
                    let sha256 = token(get(name), name)?;
                    all.extend(sha256.map(|sha256| Token { name: None, sha256, role }));
                }
                all
            },
            viewer_sees: get("VIEWER_SEES").map_or(Ok(vec!["public".to_owned()]), |text| {
                texts(&text).ok_or(ConfigError {
                    name: "VIEWER_SEES",
                    expected: "must be a JSON list of sensitivities such as \"public\"",
                })
            })?,
            map: shard_map(get("SHARD_EPOCH"), get("SHARD_OBJECTS"))?,
            keep: get("KEEP_DAYS")
                .map(|text| {
                    let days = text.trim().parse().ok().filter(|days| (15..=36_500).contains(days));
                    days.map(|days: i64| Span(days * Span::DAY.0))
                        .ok_or(ConfigError { name: "KEEP_DAYS", expected: "must be 15 to 36500" })
                })
                .transpose()?,
            lake_age: get("LAKE_SECONDS")
                .map_or(Some(LAKE_SECONDS), |text| text.trim().parse().ok())
                .filter(|seconds| (1..=86_400).contains(seconds))
                .map(|seconds: i64| Span(1_000 * seconds))
                .ok_or(ConfigError { name: "LAKE_SECONDS", expected: "must be 1 to 86400" })?,
            webhooks: get("WEBHOOKS").map_or(Ok(Webhooks::default()), |text| {
                Webhooks::from_json(&text, demo).ok_or(ConfigError {
                    name: "WEBHOOKS",
                    expected: "must be a JSON list of {\"name\", \"hosts\": [\"api.mail.example\"], \
                               \"secret\": \"whsec_\" and 24 to 64 bytes in base64, \"headers\"?: {}}",
                })
            })?,
            url: get("PUBLIC_URL")
                .map(|text| {
                    let address = Address::parse(&text);
                    let is_whole = address.scheme == "https" || address.is_local();
                    let origin = format!("{}://{}", address.scheme, address.host);
                    (is_whole && text.trim_end_matches('/') == origin).then_some(origin).ok_or(
                        ConfigError {
                            name: "PUBLIC_URL",
                            expected: "must be https:// and the host of this edge",
                        },
                    )
                })
                .transpose()?,
            jurisdiction: get("JURISDICTION").map(jurisdiction).transpose()?,
            site: get("SITE").unwrap_or_default(),
            remotes: get("REMOTE_ORIGINS").map_or(Ok(Vec::new()), |text| remotes(&text, demo))?,
            origins: get("ALLOWED_ORIGINS")
                .map(|text| {
                    texts(&text).ok_or(ConfigError {
                        name: "ALLOWED_ORIGINS",
                        expected: "must be a JSON list of origins such as \"https://shop.example\"",
                    })
                })
                .transpose()?,
        })
    }

    pub fn write_key(&self, key: &str) -> Option<&WriteKey> {
        self.write_keys.iter().find(|have| have.key == key)
    }

    /// Whether the edge may work under this address: what everybody knows protects nothing but
    /// this very machine.
    pub fn works_at(&self, address: &Address) -> bool {
        !self.demo || address.is_local()
    }

    pub fn allows_origin(&self, origin: &str) -> bool {
        self.origins.as_ref().is_none_or(|allowed| allowed.iter().any(|have| have == origin))
    }
}

fn jurisdiction(text: String) -> Result<String, ConfigError> {
    let known = ["eu", "fedramp"].contains(&text.as_str());
    let expected = "must be eu or fedramp, or not be set";
    known.then_some(text).ok_or(ConfigError { name: "JURISDICTION", expected })
}

fn write_keys(text: &str) -> Option<Vec<WriteKey>> {
    let list: Value = serde_json::from_str(text).ok()?;
    list.as_array()?
        .iter()
        .map(|item| {
            let basis = match item["basis"].as_str()? {
                "browser" => Basis::Browser,
                "server" => Basis::Server,
                _ => return None,
            };
            let key = item["key"].as_str().filter(|key| !key.is_empty())?;
            let origins = match item.get("origins") {
                None | Some(Value::Null) => None,
                Some(origins) => Some(strings(origins)?),
            };
            let daily = match item.get("daily") {
                None | Some(Value::Null) => None,
                Some(daily) => Some(daily.as_u64()?),
            };
            Some(WriteKey { key: key.to_owned(), basis, origins, daily })
        })
        .collect()
}

fn cookie_keys(text: &str) -> Option<CookieKeys> {
    let list: Value = serde_json::from_str(text).ok()?;
    let keys: Option<Vec<(String, Vec<u8>)>> = list
        .as_array()?
        .iter()
        .map(|item| {
            let id = item["id"].as_str()?.to_owned();
            let secret = item["secret"].as_str()?.as_bytes().to_vec();
            Some((id, secret))
        })
        .collect();
    CookieKeys::new(keys?)
}

fn remotes(text: &str, demo: bool) -> Result<Vec<String>, ConfigError> {
    texts(text).filter(|all| all.iter().all(|one| is_remote(one, demo))).ok_or(ConfigError {
        name: "REMOTE_ORIGINS",
        expected: "must be a JSON list of origins such as \"https://reviews.example\": https, a host's \
                   name, and nothing behind it",
    })
}

/// An origin by its name: an address literal, or a port, would be one of somebody's own network.
fn is_remote(text: &str, demo: bool) -> bool {
    let address = Address::parse(text);
    let is_whole = format!("{}://{}", address.scheme, address.host) == text;
    is_whole && (address.scheme == "https" && is_name(&address.host) || demo && address.is_local())
}

fn texts(text: &str) -> Option<Vec<String>> {
    strings(&serde_json::from_str(text).ok()?)
}

fn strings(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

fn token(text: Option<String>, name: &'static str) -> Result<Option<[u8; 32]>, ConfigError> {
    let expected = "must be a SHA-256 in 64 hexadecimal digits";
    text.map(|text| sha256_from_hex(text.trim()).ok_or(ConfigError { name, expected })).transpose()
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let list: Value = serde_json::from_str(text).ok()?;
    let all = list.as_array()?.iter().map(|item| {
        let role = item["role"].as_str()?;
        Some(Token {
            name: Some(item["name"].as_str().filter(|name| !name.is_empty())?.to_owned()),
            sha256: sha256_from_hex(item["sha256"].as_str()?)?,
            role: Role::ALL.into_iter().find(|one| one.name() == role)?,
        })
    });
    all.collect()
}

fn sha256_from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut hash = [0; 32];
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    debug_assert_eq!(hex(&hash), text.to_ascii_lowercase());
    Some(hash)
}

fn shard_map(epoch: Option<String>, objects: Option<String>) -> Result<ShardMap, ConfigError> {
    let epoch = epoch
        .map_or(Some(ShardMap::DEFAULT.epoch), |text| text.trim().parse().ok())
        .ok_or(ConfigError { name: "SHARD_EPOCH", expected: "must be a whole number" })?;
    let counts: Option<Vec<u16>> = objects
        .map_or(Some(vec![ShardMap::DEFAULT.objects()]), |text| {
            text.split(',').map(|count| count.trim().parse().ok()).collect()
        });
    counts.and_then(|counts| ShardMap::new(epoch, &counts)).ok_or(ConfigError {
        name: "SHARD_OBJECTS",
        expected: "must be 1 to 4096, or such numbers one after another as they came, \"16,32\"",
    })
}

#[cfg(test)]
mod tests {
    use super::Config;
    use crate::http::Address;
    use waymark_wire::Basis;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, super::ConfigError> {
        Config::read(|name| {
            pairs.iter().find(|(have, _)| *have == name).map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn nothing_set_is_a_closed_edge() {
        let config = read(&[]).unwrap();
        assert_eq!(
            (config.write_key(""), config.tokens_of_operators.len(), config.map.objects()),
            (None, 0, 16)
        );
    }

    #[test]
    fn keys_have_a_basis() {
        let config = read(&[(
            "WRITE_KEYS",
            r#"[{"key":"w","basis":"browser"},{"key":"s","basis":"server"}]"#,
        )])
        .unwrap();
        let basis = |key| config.write_key(key).map(|key| key.basis);
        assert_eq!(basis("w"), Some(Basis::Browser));
        assert_eq!(basis("s"), Some(Basis::Server));
    }

    #[test]
    fn what_everybody_knows_works_on_this_machine_only() {
        let there = Address::parse("https://shop.example/");
        let here = Address::parse("http://localhost:8787/");
        let example = include_str!("../../../.dev.vars.example");
        let pairs: Vec<(&str, &str)> = example
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name, value.trim_matches('\'')))
            .collect();
        for (name, value) in &pairs[..3] {
            let config = read(&[(name, value)]).unwrap();
            assert!(config.works_at(&here) && !config.works_at(&there), "{name}");
        }
        assert!(read(&[]).unwrap().works_at(&there));
    }

    #[test]
    fn a_variable_that_cannot_be_read_is_named_and_not_shown() {
        for (name, text) in [
            ("WRITE_KEYS", "nope-secret"),
            ("WRITE_KEYS", r#"[{"key":"nope-secret","basis":"both"}]"#),
            ("COOKIE_KEYS", r#"[{"id":"k.1","secret":"nope-secret-nope-secret"}]"#),
            ("COOKIE_KEYS", r#"[{"id":"k","secret":"nope-secret"}]"#),
            ("ADMIN_TOKEN_SHA256", "nope-secret"),
            ("VIEWER_TOKEN_SHA256", "nope-secret"),
            ("ADMIN_TOKENS", r#"[{"name":"ci","sha256":"nope-secret","role":"publisher"}]"#),
            ("VIEWER_SEES", "nope-secret"),
            ("USER_TOKEN_KEYS", r#"[{"id":"k","alg":"HS256","secret":"nope-secret"}]"#),
            ("SHARD_OBJECTS", "0"),
            ("SHARD_EPOCH", "-1"),
            ("LAKE_SECONDS", "0"),
            ("KEEP_DAYS", "a year"),
            ("ALLOWED_ORIGINS", "{}"),
            ("REMOTE_ORIGINS", "{}"),
            ("REMOTE_ORIGINS", r#"["http://nope-secret.example"]"#),
            ("REMOTE_ORIGINS", r#"["https://nope-secret.example/"]"#),
            ("REMOTE_ORIGINS", r#"["https://nope-secret.example:8443"]"#),
            ("REMOTE_ORIGINS", r#"["https://169.254.169.254"]"#),
            ("REMOTE_ORIGINS", r#"["https://[::1]"]"#),
            ("WEBHOOKS", r#"[{"name":"a","hosts":[],"secret":"nope-secret"}]"#),
            ("PUBLIC_URL", "http://nope-secret.example"),
            ("JURISDICTION", "nope-secret"),
            ("WRITE_KEYS", r#"[{"key":"nope-secret","basis":"server","daily":"many"}]"#),
        ] {
            let error = read(&[(name, text)]).unwrap_err();
            assert_eq!(error.name, name);
            assert!(!error.to_string().contains("nope-secret"), "{error}");
        }
    }
}
