//! What is to be changed in an origin's page on its way through: a plan, which the JavaScript around
//! this module carries out. So a failure here, or a trap, leaves the page as it was.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::{Map, Value as Json, json};
use waymark_engine::program::Body;
use waymark_engine::{Context, Decision, Engine, Numerals, SlotDecision, State};
use waymark_model::{Object, Purpose, Purposes, Timestamp, Value, fnv1a64, fnv1a64_on};
use waymark_wire::{Problem, Told, zoned};

use crate::cookie::Visitor;
use crate::decide::geo;
use crate::edge::Edge;
use crate::exposures::{self, Shown};
use crate::http::{Address, Place, form_decoded};
use crate::identity::ANONYMOUS;
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::profile;
use crate::snapshot::{self, Seen, Snapshot};
use crate::variants::Key;

/// What a request for a page tells.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    pub url: String,
    pub cookie: Option<String>,
    pub accept_language: Option<String>,
    pub user_agent: Option<String>,
    pub referrer: Option<String>,
    pub place: Place,
    /// `Sec-GPC: 1`.
    pub objects: bool,
    /// A person goes to it, and no script or frame asks.
    pub visit: bool,
}

impl PageRequest {
    /// Whether its cookies may be kept from plain connections.
    fn is_secure(&self) -> bool {
        !Address::parse(&self.url).is_local()
    }
}

/// What is to become of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// It stays as it is.
    Unchanged,
    /// The visitor is to go elsewhere instead.
    Redirect {
        to: String,
        cookie: Option<String>,
    },
    Personal(Rc<Personal>),
}

/// A page's own contents, for the entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Personal {
    /// `{id: {"html", "body", "content"}}`
    pub slots: String,
    /// What other servers say, `{id: {"url", "content"}}`.
    pub remote: Option<String>,
    /// What the page's engine adopts, as an element, in ASCII.
    pub decision: String,
    /// Of all this, whenever it is.
    pub tag: Option<String>,
    /// Of the slots, where others are shown the same.
    pub variant: Option<String>,
    /// A `Set-Cookie`.
    pub cookie: Option<String>,
}

/// The plan for a page.
///
/// Without a cookie that allows personalization the visitor is nobody: no shard is asked, and only
/// rules that read nothing of a visitor can win.
pub async fn plan<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    page: &PageRequest,
) -> Result<Plan, Problem> {
    if !edge.config.works_at(&Address::parse(&page.url)) {
        return Err(problems::demo_settings());
    }
    let now = edge.host.now();
    let found = edge.config.cookies.find(page.cookie.as_deref(), &edge.config.site, now);
    let visitor = found
        .visitor()
        .filter(|visitor| visitor.consent.contains(Purpose::Personalization) && !page.objects);
    let key = visitor.map(|visitor| format!("{ANONYMOUS}{}", visitor.id));
    let program = edge.packs.deciding(edge.host, now, key.as_deref()).await;
    let Some(program) = program.map_err(problems::unavailable)? else { return Ok(Plan::Unchanged) };
    let engine = Engine::new(&program, Numerals::NATIVE);
    if let Some(visitor) = visitor {
        let (state, cookie) = known(edge, engine, page, visitor, now).await?;
        let planning = Planning { edge, engine, page, visitor: Some(visitor), state, now };
        return Ok(planning.plan(cookie).await?.0);
    }
    let variants = &edge.isolate.variants;
    let context = context_of(page, Purposes::NONE);
    let key = Key::new(program.hash, &edge.packs.observed(&program), &context);
    if let Some(plan) = key.as_ref().and_then(|key| variants.get(key, now)) {
        edge.isolate.counts.add("variants", "plan-used");
        return Ok(plan);
    }
    let nobody = Planning { edge, engine, page, visitor: None, state: engine.new_state(), now };
    let (plan, holds) = nobody.plan(None).await?;
    if let (Some(key), Some(until)) = (key, holds) {
        edge.isolate.counts.add("variants", "plan-made");
        variants.keep(key, plan.clone(), now, until);
    }
    Ok(plan)
}

/// What a plan is made of.
struct Planning<'p, H> {
    edge: &'p Edge<'p, H>,
    engine: Engine<'p>,
    page: &'p PageRequest,
    /// Who it is, as far as they allow it.
    visitor: Option<&'p Visitor>,
    state: State,
    now: Timestamp,
}

impl<H: Clock + Objects> Planning<'_, H> {
    fn context(&self, page: &PageRequest) -> Context {
        let consent = self.visitor.map_or(Purposes::NONE, |visitor| visitor.consent);
        let anonymous_id = self.visitor.map(|visitor| visitor.id.clone());
        let context = Context { anonymous_id, ..context_of(page, consent) };
        zoned(context, None, &self.state, self.now)
    }

    /// The plan, and until when it holds for whose requests have in common what rules observe; `None` if it does for
    /// nobody else.
    async fn plan(&self, cookie: Option<String>) -> Result<(Plan, Option<Timestamp>), Problem> {
        let Self { edge, engine, page, .. } = *self;
        // What leads elsewhere, on the way.
        let shown = RefCell::new(Shown::default());
        let decide = |page: &PageRequest| {
            let decision = engine.decide(&self.state, &self.context(page), self.now);
            shown.borrow_mut().add(&decision);
            decision
        };
        let decision = decide(page);
        if let Some(target) = elsewhere(page, &decision, decide) {
            return Ok((self.redirect(target, &shown.into_inner()).await?, None));
        }
        let remote = self.remote(&decision);
        let bare = remote.is_empty() && decision.slots.iter().all(|slot| slot.body.is_none());
        let holds = remote.is_empty().then_some(decision.valid_until);
        if bare && self.visitor.is_none() {
            return Ok((Plan::Unchanged, holds));
        }
        let observed = edge.packs.observed(engine.program);
        let mut contents = decision.slots.iter().filter_map(|slot| slot.content.as_ref());
        let is_constant = contents.all(|content| observed.is_constant(content));
        let slots = told(&Contents(&decision), PlainFormatter);
        let decision = page_decision(&decision.for_page(engine.program));
        let whole = remote.is_empty();
        let shown = fnv1a64(slots.as_bytes());
        let personal = Personal {
            tag: whole.then(|| tag(fnv1a64_on(shown, timeless(&decision).as_bytes()))),
            variant: (whole && is_constant).then(|| tag(shown)),
            decision,
            slots,
            remote: (!whole).then(|| Json::Object(remote).to_string()),
            cookie,
        };
        Ok((Plan::Personal(Rc::new(personal)), holds))
    }

    /// Leads the visitor on, once it is logged what they are shown by that.
    async fn redirect(&self, to: String, shown: &Shown) -> Result<Plan, Problem> {
        let Self { edge, page, now, .. } = *self;
        let Some(visitor) = self.visitor.filter(|_| page.visit && !shown.is_empty()) else {
            return Ok(Plan::Redirect { to, cookie: None });
        };
        exposures::log(edge, &visitor.id, shown, now).await?;
        let cookies = page.cookie.as_deref();
        let cookie = snapshot::moved(edge, cookies, visitor, now, page.is_secure()).await;
        Ok(Plan::Redirect { to, cookie })
    }

    /// What another server says, of those that the operator allows.
    fn remote(&self, decision: &Decision) -> Map<String, Json> {
        let unsaid = |slot: &&SlotDecision| slot.content.is_some() && slot.body.is_none();
        if !decision.slots.iter().any(|slot| unsaid(&slot)) {
            return Map::new();
        }
        let context = self.context(self.page);
        let allowed = &self.edge.config.remotes;
        let remote = decision.slots.iter().filter(unsaid).filter_map(|slot| {
            let content = slot.content.as_ref()?;
            let url = self.engine.address(content, &self.state, &context, self.now)?;
            let allowed = allowed.iter().any(|allowed| allowed == origin(&url));
            allowed.then(|| (slot.slot.clone(), json!({ "url": url, "content": content })))
        });
        remote.collect()
    }
}

/// What is put into slots.
struct Contents<'d>(&'d Decision);

#[derive(Serialize)]
struct Filled<'d> {
    html: bool,
    body: &'d str,
    content: &'d str,
}

impl Serialize for Contents<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let slots = self.0.slots.iter().filter_map(|slot| {
            let (rendered, content) = (slot.body.as_ref()?, slot.content.as_ref()?);
            let html = match rendered.body {
                Body::Html => true,
                Body::Text => false,
                // The page's own matter.
                Body::Json | Body::Patch | Body::Redirect | Body::Remote => return None,
            };
            Some((&slot.slot, Filled { html, body: &rendered.text, content }))
        });
        serializer.collect_map(slots)
    }
}

/// What the page's engine adopts, in the element that holds it.
fn page_decision(decision: &Decision) -> String {
    DECISION[0].to_owned() + &told(&Told { decision, placed: true }, InScript) + DECISION[1]
}

const DECISION: [&str; 2] =
    [r#"<script type="application/json" id="waymark-decision">"#, "</script>"];

/// Of such an element what comes after the time, which is its first member.
fn timeless(element: &str) -> &str {
    element.split_once(',').map_or(element, |(_, after)| after)
}

fn told(value: &impl Serialize, formatter: impl Formatter) -> String {
    let mut out = Vec::with_capacity(1_024);
    // Nothing that is told here can fail, nor can memory that is written to.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut out, formatter));
    String::from_utf8(out).unwrap_or_default()
}

struct PlainFormatter;
impl Formatter for PlainFormatter {}

/// JSON that can stand inside a script element, in ASCII.
struct InScript;

impl Formatter for InScript {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut from = 0;
        for (at, sign) in
            fragment.char_indices().filter(|(_, sign)| *sign == '<' || *sign >= '\u{7f}')
        {
            out.write_all(&fragment.as_bytes()[from..at])?;
            from = at + sign.len_utf8();
            for unit in sign.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
        out.write_all(&fragment.as_bytes()[from..])
    }
}

/// A visitor's state: from their cookie where that holds, otherwise from the shard, which makes a new cookie.
async fn known<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    engine: Engine<'_>,
    page: &PageRequest,
    visitor: &Visitor,
    now: Timestamp,
) -> Result<(State, Option<String>), Problem> {
    let keys = &edge.config.cookies;
    let pack = engine.program.hash;
    let seen = Snapshot::find(page.cookie.as_deref(), keys, visitor, pack, now);
    edge.isolate.counts.add("snapshots", seen.name());
    if let Seen::Fresh(bytes) = &seen
        && let Ok(state) = engine.read_to_decide(bytes)
    {
        return Ok((state, None));
    }
    let state = profile::state_of(edge, engine, &format!("{ANONYMOUS}{}", visitor.id)).await?;
    let state = state.unwrap_or_else(|| engine.new_state());
    let cookie = snapshot::given(edge, engine, visitor, &state, now, page.is_secure());
    Ok((state, Some(cookie)))
}

/// The same for two visitors, or at two times, who are shown the same.
fn tag(hash: u64) -> String {
    format!("{hash:016x}")
}

/// Redirects that are followed here.
const HOPS: usize = 5;

/// Where a decision leads instead of its page. On this site redirects are followed to the last, so
/// that a visitor goes once; where they come back to a page that was left, nobody goes anywhere.
fn elsewhere(
    page: &PageRequest,
    decision: &Decision,
    decide: impl Fn(&PageRequest) -> Decision,
) -> Option<String> {
    let here = without_fragment(&page.url);
    let mut seen = vec![here.to_owned()];
    let mut last = None;
    let mut target = redirect(decision);
    while let Some(to) = target {
        let url = if to.starts_with('/') { format!("{}{to}", origin(here)) } else { to.clone() };
        let plain = without_fragment(&url).to_owned();
        if seen.contains(&plain) || seen.len() > HOPS {
            return None;
        }
        last = Some(to);
        target = if origin(&plain) == origin(here) {
            redirect(&decide(&PageRequest { url: plain.clone(), ..page.clone() }))
                // A page that leads to itself is where the way ends.
                .filter(|next| *next != plain && format!("{}{next}", origin(&plain)) != plain)
        } else {
            None
        };
        seen.push(plain);
    }
    last
}

fn redirect(decision: &Decision) -> Option<String> {
    let bodies = decision.slots.iter().filter_map(|slot| slot.body.as_ref());
    bodies.filter(|body| body.body == Body::Redirect).map(|body| body.text.clone()).next()
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

/// `https://host` of an address.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    &url[..end]
}

/// The groups `page`, `campaign`, `device` and `geo`, from the request alone. The edge cannot know
/// `page.title`.
pub fn context_of(page: &PageRequest, consent: Purposes) -> Context {
    let address = Address::parse(&page.url);
    let mut values = Object::new();
    let search =
        if address.query.is_empty() { String::new() } else { format!("?{}", address.query) };
    let url = page.url.split_once('#').map_or(page.url.as_str(), |(before, _)| before);
    values.insert(
        "page",
        group([
            ("path", Some(address.path.clone())),
            ("url", Some(url.to_owned())),
            ("search", Some(search)),
            ("referrer", Some(page.referrer.clone().unwrap_or_default())),
        ]),
    );
    let campaign = group([
        ("source", address.parameter("utm_source")),
        ("medium", address.parameter("utm_medium")),
        ("name", address.parameter("utm_campaign")),
        ("term", address.parameter("utm_term")),
        ("content", address.parameter("utm_content")),
    ]);
    if campaign != Value::Object(Object::new()) {
        values.insert("campaign", campaign);
    }
    let user_agent = page.user_agent.as_deref().unwrap_or_default();
    let kind = Value::from(device_type(user_agent));
    let mut device: Object = [("type", kind)].into_iter().collect();
    if is_bot(user_agent) {
        device.insert("bot", Value::Bool(true));
    }
    values.insert("device", Value::Object(device));
    if let Some(geo) = geo(&page.place) {
        values.insert("geo", geo);
    }
    let locale = locale_of(&address, page.accept_language.as_deref());
    Context { values, consent, locale, ..Context::default() }
}

fn group<const N: usize>(members: [(&str, Option<String>); N]) -> Value {
    let known = members.into_iter().filter_map(|(key, text)| Some((key, Value::Text(text?))));
    Value::Object(known.collect())
}

/// `mobile` or `desktop`, by the user agent's own word; tablets that say so are mobile.
fn device_type(user_agent: &str) -> &'static str {
    const MOBILE: [&str; 4] = ["Mobi", "Android", "iPhone", "iPad"];
    if MOBILE.iter().any(|word| user_agent.contains(word)) { "mobile" } else { "desktop" }
}

/// Whether a machine says that it is one. Experiments do not count those.
pub fn is_bot(user_agent: &str) -> bool {
    const WORDS: [&str; 7] =
        ["bot", "crawl", "spider", "slurp", "headless", "lighthouse", "facebookexternalhit"];
    let user_agent = user_agent.to_ascii_lowercase();
    WORDS.iter().any(|word| user_agent.contains(word))
}

/// The language of the page when its path begins with one (`/zh/tents`, `/pt-BR/`), otherwise the
/// visitor's first choice.
fn locale_of(address: &Address, accept_language: Option<&str>) -> String {
    let first = address.path.split('/').nth(1).unwrap_or_default();
    let first = form_decoded(first);
    if is_language_tag(&first) {
        return first.into_owned();
    }
    let choice = accept_language.unwrap_or_default().split([',', ';']).next().unwrap_or_default();
    let choice = choice.trim();
    let tag = choice.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if tag && choice.len() <= 35 { choice.to_owned() } else { String::new() }
}

/// Two lower-case letters, and if need be a region or script after a hyphen.
fn is_language_tag(text: &str) -> bool {
    let (language, rest) = text.split_once('-').map_or((text, None), |(a, b)| (a, Some(b)));
    language.len() == 2
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && rest.is_none_or(|rest| {
            matches!(rest.len(), 2 | 4) && rest.bytes().all(|byte| byte.is_ascii_alphabetic())
        })
}

#[cfg(test)]
mod tests {
    use super::{DECISION, PageRequest, context_of, page_decision, timeless};
    use crate::http::Place;
    use waymark_engine::{Decision, PackHash};
    use waymark_model::{Purposes, Timestamp, Value};

    fn context(url: &str, language: &str) -> waymark_engine::Context {
        let page = PageRequest {
            url: url.to_owned(),
            accept_language: Some(language.to_owned()),
            user_agent: Some("Mozilla/5.0 (Linux; Android 15) Mobile".to_owned()),
            place: Place { country: Some("SG".to_owned()), timezone: None },
            ..PageRequest::default()
        };
        context_of(&page, Purposes::NONE)
    }

    #[test]
    fn a_page_tells_its_address_campaign_device_and_country() {
        let context = context("https://h/a?utm_source=x%20y&utm_campaign=c&q=1#f", "");
        let at = |path: &str| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            context.values.at(&path).and_then(Value::as_text).map(str::to_owned)
        };
        assert_eq!(at("page.path").as_deref(), Some("/a"));
        assert_eq!(
            at("page.url").as_deref(),
            Some("https://h/a?utm_source=x%20y&utm_campaign=c&q=1")
        );
        assert_eq!(at("page.search").as_deref(), Some("?utm_source=x%20y&utm_campaign=c&q=1"));
        assert_eq!(at("page.referrer").as_deref(), Some(""));
        assert_eq!(at("campaign.source").as_deref(), Some("x y"));
        assert_eq!(at("campaign.name").as_deref(), Some("c"));
        assert_eq!(at("campaign.medium"), None);
        assert_eq!(at("device.type").as_deref(), Some("mobile"));
        assert_eq!(at("geo.country").as_deref(), Some("SG"));
    }

    #[test]
    fn a_decision_cannot_leave_its_element_and_its_time_is_not_in_its_tag() {
        let at = |now: i64| {
            let decision = Decision {
                pack: PackHash([1; 16]),
                seq: 1,
                now: Timestamp(now),
                valid_until: Timestamp::MAX,
                segments: vec!["</script><!-- é 😀 \u{7f} \" \\ \n".to_owned()],
                stage: None,
                slots: Vec::new(),
                exposures: Vec::new(),
                views: Vec::new(),
            };
            page_decision(&decision)
        };
        let element = at(1_704_110_400_000);
        let json = element.strip_prefix(DECISION[0]).unwrap().strip_suffix(DECISION[1]).unwrap();
        assert!(json.is_ascii() && !json.contains(['<', '\u{7f}']), "{json}");
        let read: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(read["segments"][0], "</script><!-- é 😀 \u{7f} \" \\ \n");
        assert_eq!(read["now"], "2024-01-01T12:00:00.000Z");
        let later = at(1_704_110_400_001);
        assert_ne!(element, later);
        assert_eq!(timeless(&element), timeless(&later));
        assert!(timeless(&element).starts_with("\"pack\":"));
    }

    #[test]
    fn machines_that_say_so_are_told_apart() {
        for (user_agent, bot) in [
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", true),
            ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/130.0", true),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15", false),
            ("", false),
        ] {
            assert_eq!(super::is_bot(user_agent), bot, "{user_agent}");
        }
    }

    #[test]
    fn the_pages_language_goes_before_the_visitors() {
        for (url, language, expected) in [
            ("https://h/zh/tents", "en-US,en;q=0.9", "zh"),
            ("https://h/pt-BR", "en", "pt-BR"),
            ("https://h/tents", "en-US,en;q=0.9", "en-US"),
            ("https://h/", "de;q=0.8", "de"),
            ("https://h/", "*", ""),
            ("https://h/", "\u{1f600}", ""),
            ("https://h/EN/", "fr", "fr"),
        ] {
            assert_eq!(context(url, language).locale, expected, "{url} {language}");
        }
    }
}
