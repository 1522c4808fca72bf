//! Ways to send something.

use waymark_engine::program::{Path, Template};
use waymark_model::Purpose;

use crate::declared::{self, Desk, Scope};
use crate::diagnostic::Code;
use crate::fields::{Fields, id, label, members, one_of, text};
use crate::json::{At, Node};
use crate::language;
use crate::pack::content::address;
use crate::pack::events::purpose;
use crate::problem::shown;
use crate::template::{NO_LOCALE, Written, of_text, parse};

#[derive(Debug)]
pub(crate) struct Destination {
    pub id: String,
    pub at: At,
    pub channel: String,
    pub purpose: Purpose,
    /// How the edge sends it, if it does.
    pub way: Option<Way>,
}

#[derive(Debug)]
pub(crate) struct Way {
    pub url: Template,
    pub secret: String,
    pub method: &'static str,
    pub headers: Vec<(String, Template)>,
    pub body: Option<Template>,
}

/// One whose templates are read once all that they may name is known.
#[derive(Debug)]
pub(crate) struct Declared<'n> {
    destination: Destination,
    nodes: WayNodes<'n>,
}

#[derive(Debug)]
struct WayNodes<'n> {
    url: Option<&'n Node>,
    secret: Option<&'n Node>,
    method: Option<&'n Node>,
    headers: Option<&'n Node>,
    body: Option<&'n Node>,
}

/// Headers that are not the pack's to set: the operator's, the signature's, and those by which requests are read.
const RESERVED: [&str; 12] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
const SIGNATURE: &str = "webhook-";

pub(super) fn declare<'n>(node: Option<&'n Node>, desk: &mut Desk<'_>) -> Vec<Declared<'n>> {
    let all = node.and_then(|node| members(node, "`destinations`", &mut desk.problems));
    let mut destinations = Vec::new();
    for member in all.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let read = read_one(&member.value, desk);
        let declared = read.map(|(declared, nodes)| {
            let (channel, purpose) = (declared.channel.clone(), declared.purpose);
            desk.declared.contacts.insert(channel.clone());
            let (id, at) = (member.key.clone(), member.key_at);
            let destination = Destination { id, at, channel, purpose, way: None };
            destinations.push(Declared { destination, nodes });
            declared
        });
        desk.declared.destinations.insert(member.key.clone(), declared);
    }
    destinations
}

fn read_one<'n>(
    node: &'n Node,
    desk: &mut Desk<'_>,
) -> Option<(declared::Destination, WayNodes<'n>)> {
    let mut fields = Fields::of(node, &language::DESTINATION, &mut desk.problems)?;
    let channel = fields.require("channel", &mut desk.problems);
    let for_what = fields.take("purpose");
    label(fields.take("label"), &mut desk.problems);
    let nodes = WayNodes {
        url: fields.take("url"),
        secret: fields.take("secret"),
        method: fields.take("method"),
        headers: fields.take("headers"),
        body: fields.take("body"),
    };
    fields.finish(&mut desk.problems);
    let channel = text(channel?, "`channel`", &mut desk.problems)?.to_owned();
    let purpose = for_what.map_or(Some(Purpose::Marketing), |node| purpose(node, desk))?;
    Some((declared::Destination { channel, purpose }, nodes))
}

pub(super) fn read(declared: Vec<Declared<'_>>, desk: &mut Desk<'_>) -> Vec<Destination> {
    desk.declared.scope = Scope::Message;
    let all = declared.into_iter().map(|Declared { destination, nodes }| Destination {
        way: nodes.read(destination.at, desk),
        ..destination
    });
    let all = all.collect();
    desk.declared.scope = Scope::Visitor;
    all
}

impl Destination {
    /// What its templates read.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let way = self.way.iter();
        let templates = way.flat_map(|way| {
            let headers = way.headers.iter().map(|(_, template)| template);
            std::iter::once(&way.url).chain(headers).chain(&way.body)
        });
        templates.flat_map(Template::inserts).map(|insert| &insert.path)
    }
}

impl WayNodes<'_> {
    fn read(&self, at: At, desk: &mut Desk<'_>) -> Option<Way> {
        let (Some(url), Some(secret)) = (self.url, self.secret) else {
            let others = [self.url, self.secret, self.method, self.headers, self.body];
            if others.iter().any(Option::is_some) {
                let message = "what is sent goes to a `url`, with a `secret`";
                let problem = desk.problems.error(Code::MissingKey, at, message);
                problem.mend("`secret` is the name under which the operator keeps key and hosts");
            }
            return None;
        };
        let secret = text(secret, "`secret`", &mut desk.problems)?.to_owned();
        let url = {
            let source = text(url, "`url`", &mut desk.problems)?;
            let pieces = parse(source, url.at, NO_LOCALE, desk)?;
            address::whole(&pieces, url.at, true, desk)?
        };
        let known = ["POST", "PUT", "PATCH"].map(|method| (method, method));
        let method = self.method.map_or(Some("POST"), |node| {
            one_of(node, "`method`", "method", known, &mut desk.problems)
        })?;
        let mut headers = Vec::new();
        let all = self.headers.and_then(|node| members(node, "`headers`", &mut desk.problems));
        for member in all.unwrap_or_default() {
            is_header(&member.key, member.key_at, desk);
            let node = &member.value;
            let Some(source) = text(node, "a header", &mut desk.problems) else { continue };
            if let Some(pieces) = parse(source, node.at, NO_LOCALE, desk) {
                headers.push((member.key.to_ascii_lowercase(), of_text(pieces)));
            }
        }
        let body = self.body.map(|node| {
            let mut written = Written::default();
            written.node(node, NO_LOCALE, desk).map(|()| written.finish())
        });
        Some(Way {
            url,
            secret,
            method,
            headers,
            body: body.map_or(Some(None), |it| it.map(Some))?,
        })
    }
}

/// Whether a pack may set it.
fn is_header(name: &str, at: At, desk: &mut Desk<'_>) {
    let is_token = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let lower = name.to_ascii_lowercase();
    if !is_token {
        let message = format!("{} is no header", shown(name));
        desk.problems.error(Code::BadValue, at, message).mend("write for example X-Source");
    } else if RESERVED.contains(&lower.as_str()) || lower.starts_with(SIGNATURE) {
        let message = format!("the header {} is not a pack's to set", shown(name));
        let problem = desk.problems.error(Code::BadValue, at, message);
        problem.mend("credentials are the operator's: they stand beside the secret's key");
    }
}
