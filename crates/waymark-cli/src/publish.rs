//! `waymark publish`

use std::time::Duration;

use serde_json::{Value as Json, json};
use ureq::http::{Response, Uri};
use ureq::{Agent, Body};
use waymark_pack::Compiled;

use crate::error::CliError;
use crate::pack::{Source, summary};
use crate::{host, print};

/// For the whole of one request.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bytes of an answer that are read.
const ANSWER_BYTES: u64 = 1024 * 1024;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    to: To,
    /// Make it the live pack
    #[arg(long)]
    activate: bool,
    /// For so many of a hundred visitors; the others go on with the pack that all have
    #[arg(long, value_name = "PERCENT", requires = "activate", value_parser = clap::value_parser!(u8).range(1..=100))]
    percent: Option<u8>,
}

/// Which pack goes to which edge.
#[derive(clap::Args)]
pub(crate) struct To {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    /// The edge's address; http only for localhost and 127.0.0.1
    #[arg(long, value_name = "URL")]
    pub(crate) edge: String,
    /// The environment variable that holds the admin token
    #[arg(long, value_name = "NAME", default_value = "WAYMARK_ADMIN_TOKEN")]
    token_env: String,
}

impl To {
    /// Gives the pack to the edge, where it is not live yet.
    pub(crate) fn put(&self) -> Result<(Edge, Compiled), CliError> {
        let source = Source::read(&self.pack)?;
        let compiled = source.compiled(1)?;
        let text = source.input().bundled().map_err(|report| source.refused(&report, 1))?;
        let edge = Edge::new(&self.edge, &self.token_env)?;
        let hash = compiled.program.hash.to_string();
        let answer = edge.put("/admin/v1/packs", text.as_bytes())?;
        // Another compiler would make another Program of the same pack.
        match answer.get("hash").and_then(Json::as_str) {
            Some(theirs) if theirs != hash => {
                Err(CliError::OtherHash { ours: hash, theirs: theirs.to_owned() })
            }
            _ => Ok((edge, compiled)),
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let (edge, compiled) = args.to.put()?;
    let hash = compiled.program.hash;
    print::out(&format!("published {hash}: {}\n", summary(&compiled)))?;
    if args.activate {
        let percent = args.percent.unwrap_or(100);
        let path = format!("/admin/v1/packs/{hash}/activate");
        edge.post_json(&path, &json!({ "percent": percent }))?;
        let whom =
            if percent < 100 { format!(" for {percent} % of the visitors") } else { String::new() };
        print::out(&format!("activated {hash}{whom}\n"))?;
    }
    Ok(())
}

/// The admin side of an edge. It has no `Debug`: the token is not for showing.
pub(crate) struct Edge {
    base: String,
    authorization: String,
    agent: Agent,
}

impl Edge {
    pub(crate) fn new(address: &str, token_env: &str) -> Result<Self, CliError> {
        let (base, local) = base_of(address)?;
        // Not named in the message: some write the token itself there.
        let no_token = |reason| CliError::NoToken { reason };
        let token =
            host::variable(token_env).filter(|token| !token.is_empty()).ok_or_else(|| {
                no_token("the environment variable that --token-env names is not set")
            })?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(no_token("the environment variable holds more than visible ASCII"));
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A token is for the address it was given with, and for no other.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .https_only(!local)
            .timeout_global(Some(PATIENCE));
        if local {
            config = config.proxy(None);
        }
        let agent = config.build().new_agent();
        Ok(Self { base, authorization: format!("Bearer {token}"), agent })
    }

    fn put(&self, path: &str, body: &[u8]) -> Result<Json, CliError> {
        let request = self
            .agent
            .put(format!("{}{path}", self.base))
            .header("authorization", &self.authorization)
            .header("content-type", "application/json");
        read(request.send(body))
    }

    pub(crate) fn post_lines(&self, path: &str, lines: &str) -> Result<Json, CliError> {
        self.post_text(path, "application/x-ndjson", lines)
    }

    pub(crate) fn post_json(&self, path: &str, body: &Json) -> Result<Json, CliError> {
        self.post_text(path, "application/json", &body.to_string())
    }

    fn post_text(&self, path: &str, media_type: &str, text: &str) -> Result<Json, CliError> {
        let request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("authorization", &self.authorization)
            .header("content-type", media_type);
        read(request.send(text))
    }
}

/// The address without a slash at its end, and whether it is this machine.
fn base_of(address: &str) -> Result<(String, bool), CliError> {
    let bad = |reason| CliError::BadEdge { edge: address.to_owned(), reason };
    let uri: Uri = address.parse().map_err(|_| bad("it is not a URL"))?;
    let host = uri.host().ok_or_else(|| bad("it has no host"))?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(bad("it names a user; the token comes from the environment"));
    }
    if uri.query().is_some() || address.contains('#') {
        return Err(bad("it has a query or a fragment"));
    }
    let local = matches!(host, "localhost" | "127.0.0.1");
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if local => {}
        Some("http") => return Err(CliError::InsecureEdge { edge: address.to_owned() }),
        _ => return Err(bad("it is neither https nor http")),
    }
    Ok((address.trim_end_matches('/').to_owned(), local))
}

/// An answer's JSON, or what the edge has to say against the request.
fn read(answer: Result<Response<Body>, ureq::Error>) -> Result<Json, CliError> {
    let no_answer = |error: ureq::Error| CliError::NoAnswer(error.to_string());
    let mut answer = answer.map_err(no_answer)?;
    let status = answer.status();
    let text =
        answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec().map_err(no_answer)?;
    let json: Json = serde_json::from_slice(&text).unwrap_or(Json::Null);
    if status.is_success() {
        return Ok(json);
    }
    let said =
        |member: &str| json.get(member).and_then(Json::as_str).unwrap_or_default().to_owned();
    let title = match said("title") {
        none if none.is_empty() => status.canonical_reason().unwrap_or_default().to_owned(),
        title => title,
    };
    let said_of = json.get("diagnostics").and_then(Json::as_array);
    Err(CliError::Refused {
        status: status.as_u16(),
        title,
        detail: said("detail"),
        said: said_of.into_iter().flatten().map(diagnostic).collect(),
    })
}

/// One diagnostic of a problem document, in the form that the compiler's own have.
fn diagnostic(diagnostic: &Json) -> String {
    let text = |member: &str| diagnostic.get(member).and_then(Json::as_str).unwrap_or_default();
    let number = |member: &str| diagnostic.get(member).and_then(Json::as_u64).unwrap_or_default();
    let mut line = format!(
        "{}:{} {}[{}]: {}",
        number("line"),
        number("column"),
        text("severity"),
        text("code"),
        text("message"),
    );
    if !text("mend").is_empty() {
        line.push_str(": ");
        line.push_str(text("mend"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::base_of;

    #[test]
    fn http_is_for_this_machine_only() {
        assert_eq!(
            base_of("http://localhost:8787/").unwrap(),
            ("http://localhost:8787".into(), true)
        );
        assert_eq!(base_of("http://127.0.0.1").unwrap(), ("http://127.0.0.1".into(), true));
        assert_eq!(base_of("https://e.example/a/").unwrap(), ("https://e.example/a".into(), false));
        for (address, code) in [
            ("http://edge.example.com", "insecure-edge"),
            ("http://localhost.example.com", "insecure-edge"),
            ("http://localhost@evil.example", "bad-edge"),
            ("https://user:pass@edge.example", "bad-edge"),
            ("https://edge.example?x=1", "bad-edge"),
            ("https://edge.example#x", "bad-edge"),
            ("ftp://localhost", "bad-edge"),
            ("edge.example.com", "bad-edge"),
            ("/admin", "bad-edge"),
            ("", "bad-edge"),
        ] {
            assert_eq!(base_of(address).unwrap_err().code(), code, "{address}");
        }
    }
}
