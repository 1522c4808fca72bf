//! Questions that are answered by a link in a message. The link says who is asked and what, sealed by the cookies'
//! keys; opening it changes nothing, since mail programs open links, too. The answer is sent by the form behind it.

use serde_json::{Map, Value as Json};
use waymark_model::{Event, Kind, Reader, Span, Timestamp, Value, Writer, limits};
use waymark_pack::Survey;
use waymark_wire::{Basis, Problem};

use crate::edge::Edge;
use crate::http::{Answer, Request, Response, form_decoded};
use crate::ports::{Clock, Objects};
use crate::protocol::Incoming;
use crate::{ingest, problems};

/// Of what is sealed: nothing else that the keys have signed is a link.
const VERSION: &str = "s1";
const HOLDS: Span = Span(90 * Span::DAY.0);
const MOST_ANSWER: usize = 4_000;

/// Who is asked what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    visitor: String,
    survey: String,
    /// The action's id: an answer to it counts once.
    action: String,
    until: Timestamp,
}

/// Where a survey is answered that an action asks; or why there is no such place.
pub fn link<H: Clock>(
    edge: &Edge<'_, H>,
    visitor: &str,
    survey: &Survey,
    action: &Event,
) -> Result<String, String> {
    let Some(url) = &edge.config.url else {
        return Err("Set PUBLIC_URL: links to surveys begin with it.".to_owned());
    };
    let mut out = Writer::default();
    out.text(visitor);
    out.text(&survey.id);
    out.text(&action.id);
    out.signed(action.time.plus(HOLDS).0);
    let token = edge.config.cookies.seal(VERSION, out.as_bytes());
    let token = token.ok_or("Set COOKIE_KEYS: links to surveys are signed with them.")?;
    Ok(format!("{url}/v1/survey/{token}"))
}

fn opened<H: Clock>(edge: &Edge<'_, H>, token: &str) -> Result<Asked, Problem> {
    let bad = || {
        Problem::new(
            403,
            "bad-survey",
            "The link cannot be trusted",
            "It was changed on its way, or another edge signed it.",
        )
    };
    let sealed = edge.config.cookies.open(VERSION, token).ok_or_else(bad)?;
    let asked = Reader::whole(&sealed, |input| Asked {
        visitor: input.string(),
        survey: input.string(),
        action: input.string(),
        until: Timestamp(input.signed()),
    });
    let asked = asked.map_err(|_| bad())?;
    if asked.until < edge.host.now() {
        let detail = "It was sent more than 90 days ago.";
        return Err(Problem::new(410, "old-survey", "The link has expired", detail));
    }
    Ok(asked)
}

async fn survey_of<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    asked: &Asked,
) -> Result<Survey, Problem> {
    let packs = edge.packs.active(edge.host, edge.host.now()).await;
    let active =
        packs.map_err(problems::unavailable)?.active.ok_or_else(problems::no_active_pack)?;
    let outbound = edge.packs.outbound(edge.host, active).await.map_err(problems::unavailable)?;
    outbound.survey(&asked.survey).cloned().ok_or_else(|| {
        Problem::new(
            410,
            "old-survey",
            "The question is no longer asked",
            "Thank you all the same.",
        )
    })
}

/// `GET /v1/survey/<token>`: the question.
pub async fn page<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    token: &str,
) -> Answer {
    let words = Words::of(request.header("accept-language"));
    let shown = async {
        let asked = opened(edge, token)?;
        Ok::<_, Problem>(form(
            &survey_of(edge, &asked).await?,
            words,
            request.address.parameter("score").as_deref(),
        ))
    };
    Ok(match shown.await {
        Ok(body) => document(200, words, &body),
        Err(problem) => document(problem.status, words, &said(words.gone)),
    })
}

/// `POST /v1/survey/<token>`: the answer, as a form sends it.
pub async fn answer<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    token: &str,
) -> Answer {
    let words = Words::of(request.header("accept-language"));
    let kept = async {
        let asked = opened(edge, token)?;
        let survey = survey_of(edge, &asked).await?;
        let form = fields(&request.body);
        match given(&survey, &form) {
            None => Ok(Some(form_of(&survey, words))),
            Some(answers) => keep(edge, &asked, &survey, answers).await.map(|()| None),
        }
    };
    Ok(match kept.await {
        Ok(None) => document(200, words, &said(words.thanks)),
        Ok(Some(form)) => document(422, words, &form),
        Err(problem) if problem.status >= 500 => {
            let again = document(problem.status, words, &said(words.later));
            again.with_header("Retry-After", "1")
        }
        Err(problem) => document(problem.status, words, &said(words.gone)),
    })
}

fn form_of(survey: &Survey, words: Words) -> String {
    form(survey, words, None)
}

/// What an answer says; `None` when it says nothing that could be meant.
fn given(survey: &Survey, form: &Map<String, Json>) -> Option<Vec<(&'static str, Value)>> {
    let field = |name: &str| form.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let mut answers = Vec::new();
    if let Some((least, most)) = scale(survey.kind) {
        let score: u8 = field("score")?.parse().ok()?;
        if !(least..=most).contains(&score) {
            return None;
        }
        answers.push(("score", Value::Number(score.into())));
    } else if survey.kind == "choice" {
        let place: usize = field("answer")?.parse().ok()?;
        let choice = survey.choices.get(place)?;
        answers.push(("answer", Value::from(in_locale(choice, "").unwrap_or_default())));
    } else {
        answers.push(("answer", Value::from(cut(field("answer")?))));
    }
    answers.extend(field("comment").map(|text| ("comment", Value::from(cut(text)))));
    Some(answers)
}

fn cut(text: &str) -> &str {
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= MOST_ANSWER);
    &text[..end.unwrap_or(text.len())]
}

/// The least and the most that a score can be.
fn scale(kind: &str) -> Option<(u8, u8)> {
    match kind {
        "nps" => Some((0, 10)),
        "csat" => Some((1, 5)),
        "ces" => Some((1, 7)),
        _ => None,
    }
}

/// Keeps it as an event of whoever was asked; an answer to the same question counts once.
async fn keep<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    asked: &Asked,
    survey: &Survey,
    answers: Vec<(&'static str, Value)>,
) -> Result<(), Problem> {
    let now = edge.host.now();
    let id = format!("survey-{}", asked.action);
    let mut event = Event::new(&id, Kind::Track, &survey.event, now);
    event.properties.insert("survey_id", Value::from(survey.id.as_str()));
    for (name, value) in answers {
        event.properties.insert(name, value);
    }
    let incoming = Incoming {
        visitor: asked.visitor.clone(),
        basis: Basis::Server,
        user: None,
        previous: Vec::new(),
        event: event.encode(),
    };
    let object = edge.config.map.object_of_visitor(&asked.visitor);
    ingest::stored(edge, now, [(object, vec![incoming])].into()).await.map(drop)
}

fn fields(body: &[u8]) -> Map<String, Json> {
    let body = String::from_utf8_lossy(&body[..body.len().min(limits::EVENT_BYTES)]);
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| {
            (form_decoded(name).into_owned(), form_decoded(value).into_owned().into())
        })
        .collect()
}

// The page ------------------------------------------------------------------------------------

#[derive(Clone, Copy)]
struct Words {
    lang: &'static str,
    title: &'static str,
    send: &'static str,
    comment: &'static str,
    least: &'static str,
    most: &'static str,
    thanks: &'static str,
    gone: &'static str,
    later: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    title: "Your opinion",
    send: "Send",
    comment: "Anything that you would like to add (optional)",
    least: "not at all",
    most: "very much",
    thanks: "Thank you for your answer.",
    gone: "This question can no longer be answered. Thank you all the same.",
    later: "That did not work. Please try again in a moment.",
};
const CHINESE: Words = Words {
    lang: "zh",
    title: "您的意见",
    send: "提交",
    comment: "还想告诉我们什么？（可不填）",
    least: "完全不",
    most: "非常",
    thanks: "感谢您的回答。",
    gone: "这个问题已经不能回答了，仍然感谢您。",
    later: "提交没有成功，请稍后再试。",
};

impl Words {
    fn of(accepted: Option<&str>) -> Self {
        let first = accepted.unwrap_or_default().trim_start();
        if first.get(..2).is_some_and(|tag| tag.eq_ignore_ascii_case("zh")) {
            CHINESE
        } else {
            ENGLISH
        }
    }
}

/// A text in a language, else in none, else the first.
fn in_locale<'t>(texts: &'t [(String, String)], lang: &str) -> Option<&'t str> {
    let of = |wanted: &str| {
        let is = |tag: &str| tag.split('-').next() == Some(wanted);
        texts.iter().find(|(tag, _)| is(tag)).map(|(_, text)| text.as_str())
    };
    of(lang).or_else(|| of("und")).or_else(|| texts.first().map(|(_, text)| text.as_str()))
}

fn form(survey: &Survey, words: Words, chosen: Option<&str>) -> String {
    let question = escaped(in_locale(&survey.question, words.lang).unwrap_or_default());
    let choice = |name: &str, value: &str, text: &str| {
        let checked = if chosen == Some(value) { " checked" } else { "" };
        format!(
            "<label><input type=\"radio\" name=\"{name}\" value=\"{value}\" required{checked}><span>{text}</span></label>"
        )
    };
    let fields = if let Some((least, most)) = scale(survey.kind) {
        let all: String = (least..=most)
            .map(|score| choice("score", &score.to_string(), &score.to_string()))
            .collect();
        format!(
            "<div class=\"scale\">{all}</div><p class=\"ends\"><span>{}</span><span>{}</span></p>",
            words.least, words.most
        )
    } else if survey.kind == "choice" {
        let all = survey.choices.iter().enumerate().map(|(place, texts)| {
            let text = escaped(in_locale(texts, words.lang).unwrap_or_default());
            choice("answer", &place.to_string(), &text)
        });
        format!("<div class=\"list\">{}</div>", all.collect::<String>())
    } else {
        format!(
            "<textarea name=\"answer\" rows=\"5\" required maxlength=\"{MOST_ANSWER}\" aria-labelledby=\"q\"></textarea>"
        )
    };
    let comment = if survey.kind == "text" {
        String::new()
    } else {
        format!(
            "<label class=\"more\">{}<textarea name=\"comment\" rows=\"3\" maxlength=\"{MOST_ANSWER}\"></textarea></label>",
            words.comment
        )
    };
    format!(
        "<form method=\"post\"><fieldset><legend id=\"q\">{question}</legend>{fields}</fieldset>{comment}<button>{}</button></form>",
        words.send
    )
}

fn said(text: &str) -> String {
    format!("<p role=\"status\">{text}</p>")
}

const STYLE: &str = "body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#f5f5f2}\
main{max-width:34rem;margin:8vh auto;padding:1.5rem;background:#fff;border-radius:.6rem}\
fieldset{border:0;margin:0;padding:0}legend{font-size:1.3rem;font-weight:600;margin-bottom:1rem}\
.scale{display:flex;flex-wrap:wrap;gap:.35rem}.scale label{flex:1 0 2.6rem}.scale input{position:absolute;opacity:0}\
.scale span{display:block;text-align:center;padding:.6rem 0;border:1px solid #767676;border-radius:.4rem}\
.scale input:checked+span{background:#1d4ed8;border-color:#1d4ed8;color:#fff}\
.scale input:focus-visible+span{outline:3px solid #93b4ff;outline-offset:2px}\
.ends{display:flex;justify-content:space-between;color:#555;font-size:.9rem;margin:.4rem 0 0}\
.list label{display:flex;gap:.6rem;padding:.5rem 0}.more{display:block;margin-top:1.2rem}\
textarea{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem;margin-top:.4rem;border:1px solid #767676;border-radius:.4rem}\
button{font:inherit;margin-top:1.2rem;padding:.6rem 1.6rem;border:0;border-radius:.4rem;background:#1d4ed8;color:#fff;cursor:pointer}\
button:focus-visible,textarea:focus-visible{outline:3px solid #93b4ff;outline-offset:2px}";

fn document(status: u16, words: Words, body: &str) -> Response {
    let Words { lang, title, .. } = words;
    let html = format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    );
    let mut response = Response::empty(status)
        .with_header("Content-Type", "text/html; charset=utf-8")
        .with_header("Cache-Control", "no-store")
        .with_header("Referrer-Policy", "no-referrer")
        .with_header("X-Content-Type-Options", "nosniff")
        .with_header("X-Frame-Options", "DENY")
        .with_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'",
        );
    response.body = html.into_bytes();
    response
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}
