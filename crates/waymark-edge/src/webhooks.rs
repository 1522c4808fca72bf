//! Other servers that messages go to: which hosts, with which credentials, and how what is sent is signed, by the
//! Standard Webhooks specification 1.0.0.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::Mac;
use serde_json::Value;
use waymark_model::Timestamp;

use crate::cookie::mac;
use crate::http::Address;

/// A secret's bytes, as the specification has it.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const SECRET_PREFIX: &str = "whsec_";

/// As the operator has set them, by the names that packs call them.
#[derive(Debug, Clone, Default)]
pub struct Webhooks(Vec<Webhook>);

#[derive(Clone)]
pub struct Webhook {
    name: String,
    /// Where it may be sent.
    hosts: Vec<String>,
    secret: Vec<u8>,
    /// Credentials, mostly.
    pub headers: Vec<(String, String)>,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Webhook").field(&self.name).finish()
    }
}

impl Webhooks {
    /// `None` for anything that cannot be used as it stands. Hosts on this machine are for demonstrations.
    pub fn from_json(text: &str, demo: bool) -> Option<Self> {
        let list: Value = serde_json::from_str(text).ok()?;
        let all = list.as_array()?.iter().map(|item| Webhook::from_json(item, demo));
        all.collect::<Option<_>>().map(Self)
    }

    pub fn named(&self, name: &str) -> Option<&Webhook> {
        self.0.iter().find(|webhook| webhook.name == name)
    }
}

impl Webhook {
    fn from_json(item: &Value, demo: bool) -> Option<Self> {
        let hosts = item["hosts"].as_array()?.iter();
        let hosts: Vec<String> =
            hosts.map(|host| Some(host.as_str()?.to_ascii_lowercase())).collect::<Option<_>>()?;
        let is_ours = |host: &String| is_name(host) || (demo && is_here(host));
        if !hosts.iter().all(is_ours) {
            return None;
        }
        let secret = item["secret"].as_str()?.strip_prefix(SECRET_PREFIX)?;
        let secret = BASE64_STANDARD.decode(secret).ok()?;
        let headers = match item.get("headers") {
            None => Vec::new(),
            Some(headers) => {
                let all = headers.as_object()?.iter();
                all.map(|(name, value)| {
                    Some((name.to_ascii_lowercase(), value.as_str()?.to_owned()))
                })
                .collect::<Option<Vec<_>>>()?
            }
        };
        let fits = |(name, value): &(String, String)| {
            is_token(name) && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        };
        let name = item["name"].as_str().filter(|name| !name.is_empty())?.to_owned();
        (SECRET_BYTES.contains(&secret.len()) && headers.iter().all(fits)).then_some(Self {
            name,
            hosts,
            secret,
            headers,
        })
    }

    /// Whether it may be sent there: to a host that the operator names, encrypted, on the usual port.
    pub fn allows(&self, url: &str) -> bool {
        // Nothing by which another reader of addresses could come to another host.
        let authority = url.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
        let is_plain = url.bytes().all(|byte| (b'!'..=b'~').contains(&byte) && byte != b'\\');
        if !is_plain || authority.is_none_or(|authority| authority.contains('@')) {
            return false;
        }
        let address = Address::parse(url);
        let host = address.host.to_ascii_lowercase();
        let is_named = self.hosts.contains(&host);
        is_named && (address.scheme == "https" || (address.scheme == "http" && is_here(&host)))
    }

    /// What says that it comes from here, and has not been changed.
    pub fn signed(&self, id: &str, at: Timestamp, body: &str) -> Option<[(String, String); 3]> {
        let seconds = at.0.div_euclid(1_000);
        let tag = mac(&self.secret, &format!("{id}.{seconds}.{body}"))?.finalize().into_bytes();
        Some([
            ("webhook-id".to_owned(), id.to_owned()),
            ("webhook-timestamp".to_owned(), seconds.to_string()),
            ("webhook-signature".to_owned(), format!("v1,{}", BASE64_STANDARD.encode(tag))),
        ])
    }
}

/// A host by a name: no address, no port, and nothing that only one network knows.
pub fn is_name(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let last = labels.last().copied().unwrap_or_default();
    labels.len() > 1
        && labels.iter().all(is_label)
        && last.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !["local", "localhost", "internal", "onion", "arpa"].contains(&last)
}

fn is_here(host: &str) -> bool {
    matches!(host.split(':').next(), Some("localhost" | "127.0.0.1"))
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::Webhooks;
    use waymark_model::Timestamp;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn read(hosts: &str, demo: bool) -> Option<Webhooks> {
        let text = format!(r#"[{{"name":"M","hosts":{hosts},"secret":"{SECRET}"}}]"#);
        Webhooks::from_json(&text, demo)
    }

    #[test]
    fn only_hosts_by_name_are_taken_and_this_machine_for_demonstrations() {
        for host in [
            "10.0.0.1",
            "[::1]",
            "127.0.0.1",
            "localhost",
            "metadata",
            "a.internal",
            "api.mail.example:8443",
            "api.mail.example/x",
            "a@b.example",
            "0x7f000001",
            "2130706433",
            "1.2.3",
            "router.local",
            "",
        ] {
            let hosts = serde_json::json!([host]).to_string();
            assert!(read(&hosts, false).is_none(), "{host}");
        }
        assert!(read(r#"["localhost:9"]"#, true).is_some());
        assert!(read(r#"["api.mail.example"]"#, false).is_some());
    }

    #[test]
    fn nothing_is_sent_to_another_host_or_in_the_open() {
        let webhooks = read(r#"["api.mail.example"]"#, false).unwrap();
        let webhook = webhooks.named("M").unwrap();
        assert!(webhook.allows("https://api.mail.example/v1?to=a"));
        for url in [
            "http://api.mail.example/",
            "https://api.mail.example:8443/",
            "https://api.mail.example@evil.example/",
            "https://evil.example@api.mail.example/",
            "https://evil.example\\@api.mail.example/",
            "https://api.mail.example/\r\nX: y",
            "https://evil.example/api.mail.example",
            "https://api.mail.example.evil.example/",
            "https://evil.example#@api.mail.example/",
            "//api.mail.example/",
            "file://api.mail.example/",
        ] {
            assert!(!webhook.allows(url), "{url}");
        }
    }

    /// The example of the specification's library.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let webhooks = read("[]", false).unwrap();
        let at = Timestamp(1_614_265_330_000);
        let signed = webhooks.named("M").unwrap().signed(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at,
            r#"{"test": 2432232314}"#,
        );
        let [_, _, (_, signature)] = signed.unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_in_no_debug_output() {
        let webhooks = read("[]", false).unwrap();
        assert_eq!(format!("{webhooks:?}"), r#"Webhooks([Webhook("M")])"#);
    }
}
