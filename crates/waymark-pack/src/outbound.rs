//! What the edge sends: the pack's destinations and the surveys that links ask. No Program has them; templates name
//! features as the Program does.

use waymark_engine::program::Template;
use waymark_model::Purpose;

use crate::pack::Flows;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outbound {
    pub destinations: Vec<Destination>,
    pub surveys: Vec<Survey>,
    /// Destinations of which it is told, and that it sends nothing to.
    pub told: Vec<String>,
}

/// A way to send something.
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    pub id: String,
    /// Where to, with its host in front of the first value.
    pub url: Template,
    /// What the operator keeps its key, credentials and hosts under.
    pub secret: String,
    pub method: &'static str,
    /// By their names in small letters.
    pub headers: Vec<(String, Template)>,
    /// JSON.
    pub body: Option<Template>,
    /// What the visitor has to have allowed.
    pub purpose: Purpose,
}

/// A question that a link asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    pub id: String,
    /// `nps`, `csat`, `ces`, `choice` or `text`.
    pub kind: &'static str,
    /// By locale; `und` is for all.
    pub question: Vec<(String, String)>,
    pub choices: Vec<Vec<(String, String)>>,
    /// The event that an answer is.
    pub event: String,
}

impl Outbound {
    pub fn destination(&self, id: &str) -> Option<&Destination> {
        self.destinations.iter().find(|one| one.id == id)
    }

    pub fn survey(&self, id: &str) -> Option<&Survey> {
        self.surveys.iter().find(|one| one.id == id)
    }

    pub(crate) fn of(flows: Flows) -> Self {
        let told = flows.destinations.iter().filter(|one| one.way.is_none());
        let told = told.map(|one| one.id.clone()).collect();
        let destinations = flows.destinations.into_iter().filter_map(|one| {
            let way = one.way?;
            Some(Destination {
                id: one.id,
                url: way.url,
                secret: way.secret,
                method: way.method,
                headers: way.headers,
                body: way.body,
                purpose: one.purpose,
            })
        });
        let surveys = flows.surveys.into_iter().filter(|one| one.link).map(|one| Survey {
            id: one.id,
            kind: one.kind,
            question: one.question,
            choices: one.choices,
            event: one.event,
        });
        Self { destinations: destinations.collect(), surveys: surveys.collect(), told }
    }
}
