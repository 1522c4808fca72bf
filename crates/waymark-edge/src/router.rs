//! The one router: from a request to a use case, and from its outcome to an answer.

use serde_json::json;
use waymark_model::{Kind, limits};
use waymark_wire::Problem;

use crate::access::{self, Bearer};
use crate::edge::Edge;
use crate::http::{Answer, Method, Request, Response};
use crate::ingest::{Intake, ingest};
use crate::ports::{Budgets, Clock, Lake, Objects};
use crate::roles::Role;
use crate::{
    admin, audit, budgets, catalog, consent, dead_letters, decide, erasure, evaluate, explain,
    live, metrics, ofrep, openapi, person, preview, problems, programs, quarantine, restore,
    survey, tasks,
};

const ALLOW: &str = "Access-Control-Allow-Origin";

/// The addresses of the edge. Everything else is the origin's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Route<'r> {
    Health,
    OpenApi,
    Metrics,
    Intake(Intake),
    Consent,
    Catalog,
    Export,
    Decide,
    Explain,
    /// All flags, or one.
    Flags(Option<&'r str>),
    Preview(&'r str),
    Survey(&'r str),
    ActivePack,
    Pack(&'r str),
    Settings(&'r str),
    Admin(Admin<'r>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Admin<'r> {
    Packs,
    Source(&'r str),
    Activate(&'r str),
    Deactivate,
    RollBack,
    Stats,
    Events,
    Live,
    Export,
    Evaluate,
    Previews,
    Erase,
    Quarantine,
    Profile,
    Portable,
    Restore,
    Catalog,
    ResetCatalog,
    Audit,
    DeadLetters,
    ReplayLetters,
    DropLetters,
    Tasks,
    CompleteTasks,
}

impl Admin<'_> {
    /// Whose token it takes at least. Viewers see nobody's events, publishers neither.
    const fn least(&self, method: Method) -> Role {
        match self {
            Self::Stats | Self::Profile | Self::Catalog => Role::Viewer,
            Self::Packs if matches!(method, Method::Get) => Role::Viewer,
            Self::Packs
            | Self::Source(_)
            | Self::Activate(_)
            | Self::Deactivate
            | Self::RollBack
            | Self::Evaluate
            | Self::Previews => Role::Publisher,
            Self::Events
            | Self::Live
            | Self::Export
            | Self::Erase
            | Self::Quarantine
            | Self::Portable
            | Self::Restore
            | Self::ResetCatalog
            | Self::Audit
            | Self::DeadLetters
            | Self::ReplayLetters
            | Self::DropLetters
            | Self::Tasks
            | Self::CompleteTasks => Role::Owner,
        }
    }

    /// What it changes, or takes out of the edge, by name; nothing for who only looks.
    const fn deed(&self, method: Method) -> Option<&'static str> {
        Some(match self {
            Self::Packs if matches!(method, Method::Put) => "pack-put",
            Self::Activate(_) => "pack-activate",
            Self::Deactivate => "pack-deactivate",
            Self::RollBack => "pack-roll-back",
            Self::Previews => "preview-create",
            Self::Erase => "person-erase",
            Self::Restore => "events-restore",
            Self::Export => "events-export",
            Self::Portable => "person-export",
            Self::ResetCatalog => "catalog-reset",
            Self::ReplayLetters => "letters-replay",
            Self::DropLetters => "letters-drop",
            Self::CompleteTasks => "tasks-complete",
            Self::Packs
            | Self::Source(_)
            | Self::Stats
            | Self::Events
            | Self::Live
            | Self::Evaluate
            | Self::Quarantine
            | Self::Profile
            | Self::Catalog
            | Self::DeadLetters
            | Self::Tasks
            | Self::Audit => return None,
        })
    }
}

impl<'r> Route<'r> {
    fn of(path: &'r str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        Some(match parts.as_slice() {
            ["healthz"] => Self::Health,
            ["openapi.json"] => Self::OpenApi,
            ["metrics"] => Self::Metrics,
            ["v1", "consent"] => Self::Consent,
            ["v1", "catalog"] => Self::Catalog,
            ["v1", "export"] => Self::Export,
            ["v1", "decide"] => Self::Decide,
            ["v1", "explain"] => Self::Explain,
            ["ofrep", "v1", "evaluate", "flags"] => Self::Flags(None),
            ["ofrep", "v1", "evaluate", "flags", key] => Self::Flags(Some(key)),
            ["v1", "preview", token] => Self::Preview(token),
            ["v1", "survey", token] => Self::Survey(token),
            ["v1", "pack"] => Self::ActivePack,
            ["v1", "pack", hash] => Self::Pack(hash),
            ["v1", "projects", key, "settings"] => Self::Settings(key),
            ["v1", call] => Self::Intake(intake(call)?),
            ["admin", "v1", rest @ ..] => Self::Admin(match rest {
                ["packs"] => Admin::Packs,
                ["packs", "rollback"] => Admin::RollBack,
                ["packs", "deactivate"] => Admin::Deactivate,
                ["packs", hash] => Admin::Source(hash),
                ["packs", hash, "activate"] => Admin::Activate(hash),
                ["stats"] => Admin::Stats,
                ["events"] => Admin::Events,
                // The entry makes the stream of it.
                ["events", "live" | "stream"] => Admin::Live,
                ["export"] => Admin::Export,
                ["evaluate"] => Admin::Evaluate,
                ["previews"] => Admin::Previews,
                ["erase"] => Admin::Erase,
                ["restore"] => Admin::Restore,
                ["profile"] => Admin::Profile,
                ["profile", "export"] => Admin::Portable,
                ["quarantine"] => Admin::Quarantine,
                ["catalog"] => Admin::Catalog,
                ["catalog", "reset"] => Admin::ResetCatalog,
                ["audit"] => Admin::Audit,
                ["dead-letters"] => Admin::DeadLetters,
                ["dead-letters", "replay"] => Admin::ReplayLetters,
                ["dead-letters", "drop"] => Admin::DropLetters,
                ["tasks"] => Admin::Tasks,
                ["tasks", "complete"] => Admin::CompleteTasks,
                _ => return None,
            }),
            _ => return None,
        })
    }

    const fn methods(&self) -> &'static [Method] {
        match self {
            Self::Intake(_)
            | Self::Consent
            | Self::Catalog
            | Self::Decide
            | Self::Explain
            | Self::Flags(_) => &[Method::Post],
            Self::Health
            | Self::OpenApi
            | Self::Export
            | Self::Metrics
            | Self::ActivePack
            | Self::Pack(_)
            | Self::Preview(_)
            | Self::Settings(_) => &[Method::Get],
            Self::Survey(_) => &[Method::Get, Method::Post],
            Self::Admin(admin) => match admin {
                Admin::Packs => &[Method::Get, Method::Put],
                Admin::Source(_)
                | Admin::Stats
                | Admin::Events
                | Admin::Live
                | Admin::Export
                | Admin::Quarantine
                | Admin::Catalog
                | Admin::Audit
                | Admin::DeadLetters
                | Admin::Tasks
                | Admin::Profile
                | Admin::Portable => &[Method::Get],
                Admin::Activate(_)
                | Admin::Deactivate
                | Admin::RollBack
                | Admin::Evaluate
                | Admin::Previews
                | Admin::Erase
                | Admin::ResetCatalog
                | Admin::ReplayLetters
                | Admin::DropLetters
                | Admin::CompleteTasks
                | Admin::Restore => &[Method::Post],
            },
        }
    }

    /// Whether answering takes more than looking it up.
    const fn is_work(&self) -> bool {
        match self {
            Self::Intake(_)
            | Self::Consent
            | Self::Catalog
            | Self::Export
            | Self::Decide
            | Self::Explain
            | Self::Flags(_)
            | Self::Survey(_)
            | Self::Metrics
            | Self::Admin(_) => true,
            Self::Health
            | Self::OpenApi
            | Self::Preview(_)
            | Self::ActivePack
            | Self::Pack(_)
            | Self::Settings(_) => false,
        }
    }

    /// Whether pages of other origins may ask.
    const fn is_public(&self) -> bool {
        !matches!(self, Self::Admin(_) | Self::Metrics | Self::Catalog | Self::Survey(_))
    }
}

fn intake(call: &str) -> Option<Intake> {
    Some(match call {
        "batch" | "b" | "import" | "beacon" => Intake::Batch,
        "t" => Intake::Call(Kind::Track),
        "p" => Intake::Call(Kind::Page),
        "s" => Intake::Call(Kind::Screen),
        "i" => Intake::Call(Kind::Identify),
        "g" => Intake::Call(Kind::Group),
        "a" => Intake::Call(Kind::Alias),
        name => Intake::Call(Kind::from_name(name)?),
    })
}

/// The address as `openapi.json` has it; `None` for one of nobody's.
pub fn template(path: &str) -> Option<String> {
    let route = Route::of(path)?;
    let named = |name: &str, last: &str| Some(format!("{}{{{name}}}", path.strip_suffix(last)?));
    match route {
        Route::Flags(Some(key)) => named("key", key),
        Route::Preview(token) | Route::Survey(token) => named("token", token),
        Route::Pack(hash) | Route::Admin(Admin::Source(hash)) => named("hash", hash),
        Route::Admin(Admin::Activate(_)) => Some("/admin/v1/packs/{hash}/activate".to_owned()),
        Route::Settings(_) => Some("/v1/projects/{key}/settings".to_owned()),
        // The short names are those of clients.
        Route::Intake(Intake::Call(kind)) => Some(format!("/v1/{}", kind.name())),
        Route::Intake(Intake::Batch) if path == "/v1/b" => Some("/v1/batch".to_owned()),
        _ => Some(path.to_owned()),
    }
}

/// The most bytes of a body that a host need read for an address.
pub fn body_limit(path: &str) -> usize {
    match Route::of(path) {
        Some(Route::Intake(_) | Route::Catalog | Route::Admin(Admin::Restore)) => {
            limits::BATCH_BYTES
        }
        Some(Route::Admin(Admin::Packs)) => limits::PACK_BYTES,
        Some(Route::Admin(Admin::Evaluate)) => evaluate::BODY_BYTES,
        Some(Route::Explain) => explain::BODY_BYTES,
        _ => limits::EVENT_BYTES,
    }
}

impl<H: Clock + Objects + Budgets + Lake> Edge<'_, H> {
    /// Answers every request; a refusal is a problem document.
    pub async fn handle(&self, request: &Request) -> Response {
        if !self.config.works_at(&request.address) {
            return Response::problem(&problems::demo_settings());
        }
        let Some(route) = Route::of(&request.address.path) else {
            return Response::problem(&problems::not_found(&request.address.path));
        };
        if request.method == Method::Options && route.is_public() {
            return self.preflight(request, &route);
        }
        let method = match request.method {
            Method::Head => Method::Get,
            other => other,
        };
        let response = if route.methods().contains(&method) {
            let may = if route.is_work() { budgets::check(self, request).await } else { Ok(()) };
            let answer = match may {
                Ok(()) => self.answer(request, method, &route).await,
                Err(problem) => Err(problem),
            };
            answer.unwrap_or_else(|problem| Response::problem(&problem))
        } else {
            let allowed = allow(&route);
            let detail = format!("This address takes {allowed}.");
            let title = "The method is not taken here";
            Response::problem(&Problem::new(405, "wrong-method", title, detail))
                .with_header("Allow", allowed)
        };
        if route.is_public() { self.readable(request, &route, response) } else { response }
    }

    async fn answer(&self, request: &Request, method: Method, route: &Route<'_>) -> Answer {
        match route {
            Route::Health => Ok(Response::json(200, &json!({ "ok": true }))),
            Route::OpenApi => Ok(openapi::document()),
            Route::Metrics => {
                access::authorise(self.config, request)?;
                metrics::metrics(self).await
            }
            Route::Intake(intake) => ingest(self, request, *intake).await,
            Route::Consent => consent::consent(self, request).await,
            Route::Catalog => catalog::feed(self, request).await,
            Route::Export => consent::export(self, request).await,
            Route::Decide => decide::decide(self, request).await,
            Route::Explain => explain::explain(self, request).await,
            Route::Flags(key) => ofrep::evaluate(self, request, *key).await,
            Route::Preview(token) => preview::program(self, request, token).await,
            Route::Survey(token) if method == Method::Post => {
                survey::answer(self, request, token).await
            }
            Route::Survey(token) => survey::page(self, request, token).await,
            Route::ActivePack => programs::active_page(self, request).await,
            Route::Pack(hash) => programs::page_by_hash(self, request, hash).await,
            Route::Settings(key) => self.settings(request, key),
            Route::Admin(admin) => {
                let Bearer { name: by, role } = access::authorise(self.config, request)?;
                let least = admin.least(method);
                if role < least {
                    return Err(access::not_for(role, least));
                }
                if let Some(what) = admin.deed(method) {
                    let of = match admin {
                        Admin::Activate(hash) => Some((*hash).to_owned()),
                        Admin::Erase => audit::person(request),
                        _ => None,
                    };
                    audit::note(self, &by, what, of).await?;
                }
                match admin {
                    Admin::Packs if method == Method::Put => admin::put_pack(self, request).await,
                    Admin::Packs => admin::list_packs(self).await,
                    Admin::Source(hash) => admin::pack_source(self, hash).await,
                    Admin::Activate(hash) => admin::activate(self, request, Some(hash), by).await,
                    Admin::Deactivate => admin::activate(self, request, None, by).await,
                    Admin::RollBack => admin::roll_back(self, by).await,
                    Admin::Stats => admin::stats(self).await,
                    Admin::Events => admin::events(self, request).await,
                    Admin::Live => live::live(self, request).await,
                    Admin::Export => admin::export(self, request).await,
                    Admin::Evaluate => evaluate::evaluate(self, request).await,
                    Admin::Previews => preview::create(self, request).await,
                    Admin::Erase => erasure::erase(self, request).await,
                    Admin::Quarantine => quarantine::list(self).await,
                    Admin::Catalog => catalog::status(self, request).await,
                    Admin::ResetCatalog => catalog::reset(self).await,
                    Admin::Audit => audit::list(self, request).await,
                    Admin::DeadLetters => dead_letters::list(self).await,
                    Admin::ReplayLetters => dead_letters::revive(self, request, true).await,
                    Admin::DropLetters => dead_letters::revive(self, request, false).await,
                    Admin::Tasks => tasks::list(self).await,
                    Admin::CompleteTasks => tasks::complete(self, request).await,
                    Admin::Profile => person::person(self, request, role).await,
                    Admin::Restore => restore::restore(self, request).await,
                    Admin::Portable => person::portable(self, request).await,
                }
            }
        }
    }

    /// What Segment's browser client asks before it begins.
    fn settings(&self, request: &Request, key: &str) -> Answer {
        access::basis(self.config, request, key)?;
        let address = &request.address;
        let settings = json!({
            "integrations": {
                "Segment.io": {
                    "apiKey": key,
                    "apiHost": format!("{}/v1", address.host),
                    "protocol": address.scheme,
                },
            },
            // Its figures about itself have nowhere to go here.
            "metrics": { "sampleRate": 0 },
        });
        let mut response = Response::json(200, &settings);
        response.headers.retain(|(name, _)| *name != "Cache-Control");
        Ok(response.with_header("Cache-Control", "public, max-age=300"))
    }

    fn preflight(&self, request: &Request, route: &Route<'_>) -> Response {
        let response = Response::empty(204)
            .with_header("Access-Control-Allow-Methods", allow(route))
            .with_header(
                "Access-Control-Allow-Headers",
                // The third and fourth are OpenFeature's; from the sixth on they are RudderStack's.
                "Authorization, Content-Type, X-API-Key, If-None-Match, Content-Encoding, \
                 AnonymousId, SentAt, Rsa-Recovered, \
                 Rsa-Retry-Attempt, Rsa-Retry-Reason, Rsa-Since-First-Attempt, \
                 Rsa-Since-Last-Attempt",
            )
            .with_header("Access-Control-Max-Age", "86400");
        self.readable(request, route, response)
    }

    /// Lets a page of another origin read the answer. What is the same for everybody is open to
    /// everybody; the rest echoes the origin, because credentials go with it.
    fn readable(&self, request: &Request, route: &Route<'_>, response: Response) -> Response {
        match route {
            // A visitor's events are for the visitor's own site.
            Route::Export => response,
            Route::Health
            | Route::OpenApi
            | Route::ActivePack
            | Route::Pack(_)
            | Route::Preview(_)
            | Route::Settings(_)
            | Route::Explain => response.with_header(ALLOW, "*"),
            _ => {
                let told = response.with_header("Access-Control-Expose-Headers", EXPOSED);
                self.for_origin(request, told)
            }
        }
    }

    fn for_origin(&self, request: &Request, response: Response) -> Response {
        match request.header("origin") {
            Some(origin) if self.config.allows_origin(origin) => response
                .with_header(ALLOW, origin)
                .with_header("Access-Control-Allow-Credentials", "true")
                .with_header("Vary", "Origin"),
            _ => response.with_header("Vary", "Origin"),
        }
    }
}

/// What scripts of other origins are shown of an answer's headers, beside what all are.
const EXPOSED: &str = "ETag, Retry-After";

fn allow(route: &Route<'_>) -> String {
    let mut names: Vec<&str> = route.methods().iter().map(|method| method.name()).collect();
    if route.methods().contains(&Method::Get) {
        names.push(Method::Head.name());
    }
    if route.is_public() {
        names.push(Method::Options.name());
    }
    names.join(", ")
}
