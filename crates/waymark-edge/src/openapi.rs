//! `GET /openapi.json`: what the edge can be asked, as `OpenAPI` 3.1. The tests hold every answer that they get against it.

use serde_json::{Map, Value as Json, json};

use crate::http::Response;
use crate::roles::Role;

pub fn document() -> Response {
    let mut response = Response::json(200, &described());
    response.headers.retain(|(name, _)| *name != "Cache-Control");
    response.with_header("Cache-Control", "public, max-age=300")
}

/// Who may ask.
#[derive(Debug, Clone, Copy)]
enum Who {
    Anybody,
    /// Whoever has a write key; in the header, or in the body.
    Key,
    /// The same, of a site's server.
    Server,
    /// A visitor of the site, by the cookie.
    Visitor,
    /// Whose token has this role, or a higher one.
    Role(Role),
}

struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    about: &'static str,
    who: Who,
    /// With what they are; the first is needed where its name ends with `!`.
    query: &'static [(&'static str, &'static str)],
    body: Option<(&'static str, Json)>,
    /// The statuses of success, with what comes then.
    answers: Vec<(u16, &'static str, Json)>,
}

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const FORM: &str = "application/x-www-form-urlencoded";
const BINARY: &str = "application/octet-stream";
const HTML: &str = "text/html; charset=utf-8";

/// The whole document.
pub fn described() -> Json {
    let mut paths: Map<String, Json> = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path).or_insert_with(|| {
            let names = operation.path.split('/').filter_map(|part| {
                part.strip_prefix('{').and_then(|part| part.strip_suffix('}'))
            });
            let parameters: Vec<Json> = names
                .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
                .collect();
            json!({ "parameters": parameters })
        });
        path[operation.method] = operation.described();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Waymark's edge",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Events in, decisions out, and what operators do.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "events", "description": "Segment's calls, and what belongs to them." },
            { "name": "decisions", "description": "What to show." },
            { "name": "operators", "description": "What takes a token." },
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "writeKey": {
                    "type": "http", "scheme": "basic",
                    "description": "The write key as the user name, without a password; or as `writeKey` in the body.",
                },
                "token": { "type": "http", "scheme": "bearer", "description": "An operator's token." },
                "visitor": {
                    "type": "apiKey", "in": "cookie", "name": "wm_v",
                    "description": "The visitor's cookie, which the edge has signed.",
                },
            },
            "schemas": schemas(),
        },
    })
}

impl Operation {
    fn described(&self) -> Json {
        let mut out = json!({
            "operationId": self.id,
            "summary": self.about,
            "tags": [match self.who {
                Who::Role(_) => "operators",
                _ if self.path.contains("decide") || self.path.contains("flags") || self.path.contains("pack") => "decisions",
                _ => "events",
            }],
            "security": match self.who {
                Who::Anybody => json!([]),
                // The key may be in the body.
                Who::Key => json!([{ "writeKey": [] }, {}]),
                Who::Server => json!([{ "writeKey": [] }]),
                Who::Visitor => json!([{ "visitor": [] }]),
                Who::Role(_) => json!([{ "token": [] }]),
            },
            "responses": self.responses(),
        });
        if let Who::Role(role) = self.who {
            out["x-role"] = role.name().into();
        }
        if !self.query.is_empty() {
            let all = self.query.iter().map(|(name, about)| {
                let needed = name.ends_with('!');
                json!({
                    "name": name.trim_end_matches('!'), "in": "query", "required": needed,
                    "description": about, "schema": { "type": "string" },
                })
            });
            out["parameters"] = all.collect();
        }
        if let Some((media_type, schema)) = &self.body {
            out["requestBody"] =
                json!({ "required": true, "content": { *media_type: { "schema": schema } } });
        }
        out
    }

    fn responses(&self) -> Json {
        let mut all = Map::new();
        for (status, media_type, schema) in &self.answers {
            let mut answer = json!({ "description": match status {
                304 => "Nothing has changed.",
                _ => "Done.",
            } });
            if !media_type.is_empty() {
                answer["content"] = json!({ *media_type: { "schema": schema } });
            }
            all.insert(status.to_string(), answer);
        }
        all.insert(
            "default".to_owned(),
            json!({
                "description": "A refusal: what was wrong, where, and how to mend it.",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            }),
        );
        Json::Object(all)
    }
}

fn named(schema: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// An object that has these members, of these types, and perhaps others.
fn object(members: &[(&str, Json)]) -> Json {
    let properties: Map<String, Json> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn of(ty: &str) -> Json {
    json!({ "type": ty })
}

fn maybe(ty: &str) -> Json {
    json!({ "type": [ty, "null"] })
}

fn list(items: &Json) -> Json {
    json!({ "type": "array", "items": items })
}

/// A moment, as text.
fn moment() -> Json {
    json!({ "type": "string", "format": "date-time" })
}

fn maybe_moment() -> Json {
    json!({ "type": ["string", "null"], "format": "date-time" })
}

#[expect(clippy::too_many_lines, reason = "an entry a schema")]
fn schemas() -> Json {
    let refused = object(&[
        ("index", of("integer")),
        ("code", of("string")),
        ("message", of("string")),
        ("pointer", of("string")),
    ]);
    json!({
        "Problem": object(&[
            ("type", json!({ "type": "string", "format": "uri" })),
            ("title", of("string")),
            ("status", of("integer")),
            ("detail", of("string")),
            ("code", of("string")),
        ]),
        "Event": {
            "type": "object",
            "description": "An event by Segment's specification.",
            "properties": {
                "type": { "enum": ["track", "page", "screen", "identify", "group", "alias"] },
                "event": of("string"), "messageId": of("string"), "timestamp": of("string"),
                "userId": maybe("string"), "anonymousId": maybe("string"), "previousId": maybe("string"),
                "properties": maybe("object"), "traits": maybe("object"), "context": maybe("object"),
            },
        },
        "Taken": object(&[
            ("success", of("boolean")),
            ("accepted", of("integer")),
            ("duplicates", of("integer")),
            ("rejected", list(&refused)),
        ]),
        "Decision": object(&[
            ("pack", of("string")),
            ("seq", of("integer")),
            ("segments", list(&of("string"))),
            ("stage", maybe("string")),
            ("slots", json!({ "type": "object", "additionalProperties": object(&[
                ("content", maybe("string")), ("reason", of("string")),
            ]) })),
        ]),
        "Flag": object(&[("key", of("string")), ("reason", of("string"))]),
        "FlagError": object(&[("errorCode", of("string"))]),
        "PackAdded": object(&[
            ("hash", of("string")),
            ("created", of("boolean")),
            ("warnings", list(&of("object"))),
            ("cost", object(&[("stateBytes", of("integer")), ("pageBytes", of("integer"))])),
        ]),
        "Packs": object(&[
            ("active", maybe("string")),
            ("packs", list(&object(&[
                ("hash", of("string")), ("name", of("string")), ("created", moment()),
                ("active", of("boolean")), ("percent", of("integer")),
            ]))),
            ("activations", list(&named("Activation"))),
        ]),
        "Activation": object(&[
            ("activation", of("integer")),
            ("hash", maybe("string")),
            ("at", moment()),
            ("by", of("string")),
            ("restores", maybe("integer")),
            ("percent", json!({ "type": "integer", "minimum": 1, "maximum": 100 })),
        ]),
        "Stats": object(&[
            ("now", of("integer")), ("pack", maybe("string")), ("shards", of("integer")),
            ("batches", of("integer")), ("events", of("integer")), ("duplicates", of("integer")),
            ("visitors", of("integer")), ("sessions", of("integer")), ("late", of("integer")),
            ("segments", json!({ "type": "object", "additionalProperties": of("integer") })),
            ("stages", json!({ "type": "object", "additionalProperties": of("integer") })),
        ]),
        "Person": object(&[
            ("profile", maybe("string")), ("ids", list(&of("string"))), ("traits", of("object")),
            ("consent", maybe("object")), ("segments", list(&of("string"))), ("stage", maybe("string")),
            ("features", of("object")), ("scores", of("object")), ("exposures", list(&of("object"))),
            ("sessions", of("integer")), ("journeys", list(&of("object"))), ("events", of("integer")),
            ("late", of("integer")), ("lastSeen", maybe_moment()), ("pack", of("string")),
            ("timeline", list(&of("object"))),
        ]),
        "Catalog": object(&[
            ("rows", of("integer")), ("bytes", of("integer")), ("changed", maybe_moment()), ("shown", maybe("object")),
        ]),
        "Deed": object(&[
            ("number", of("integer")), ("at", moment()), ("by", of("string")), ("what", of("string")), ("of", maybe("string")),
        ]),
        "DeadLetter": object(&[
            ("id", of("string")), ("visitor", of("string")), ("destination", of("string")), ("overdue", of("boolean")),
            ("at", moment()), ("tries", of("integer")), ("why", maybe("string")),
        ]),
        "Task": object(&[
            ("id", of("string")), ("visitor", of("string")), ("destination", of("string")), ("message", maybe("string")),
            ("trigger", maybe("string")), ("journey", maybe("string")), ("at", moment()), ("due", moment()),
            ("late", of("boolean")), ("escalate", maybe("string")),
        ]),
        "Ids": object(&[("ids", list(&of("string")))]),
        "IdsOrAll": { "anyOf": [named("Ids"), object(&[("all", json!({ "const": true }))])] },
        "Visitor": object(&[("visitor", json!({ "type": "string", "minLength": 1 }))]),
        "Consent": object(&[("consent", json!({ "type": "object", "properties": {
            "analytics": of("boolean"), "personalization": of("boolean"), "marketing": of("boolean"),
        } }))]),
        "Context": {
            "type": "object",
            "properties": {
                "userId": of("string"), "anonymousId": of("string"), "visitor": of("string"), "locale": of("string"),
                "slots": list(&of("string")), "context": of("object"),
            },
        },
    })
}

#[expect(clippy::too_many_lines, reason = "an entry an operation")]
fn operations() -> Vec<Operation> {
    use Role::{Owner, Publisher, Viewer};
    let mut all = Vec::new();
    let mut say = |method, path, id, about, who, query, body, answers| {
        all.push(Operation { method, path, id, about, who, query, body, answers });
    };
    let ok = |schema: &str| vec![(200, JSON, named(schema))];
    let lines = || vec![(200, LINES, of("string"))];
    let json_body = |schema: Json| Some((JSON, schema));

    let batch = object(&[("batch", list(&named("Event")))]);
    for (path, id) in [("/v1/batch", "batch"), ("/v1/import", "import"), ("/v1/beacon", "beacon")] {
        let about = "Takes in events, each once, at most 2,500 in 500 KB. What cannot be taken is named by its place; the rest lands.";
        say("post", path, id, about, Who::Key, &[][..], json_body(batch.clone()), ok("Taken"));
    }
    for (path, id) in [
        ("/v1/track", "track"),
        ("/v1/page", "page"),
        ("/v1/screen", "screen"),
        ("/v1/identify", "identify"),
        ("/v1/group", "group"),
        ("/v1/alias", "alias"),
    ] {
        say(
            "post",
            path,
            id,
            "Takes in one event.",
            Who::Key,
            &[],
            json_body(named("Event")),
            ok("Taken"),
        );
    }
    say(
        "post",
        "/v1/consent",
        "consent",
        "Says what a visitor allows: sets their cookie, or takes it away.",
        Who::Key,
        &[],
        json_body(named("Consent")),
        vec![(204, "", Json::Null)],
    );
    say(
        "post",
        "/v1/catalog",
        "feedCatalog",
        "Rows of the catalogue that have changed.",
        Who::Server,
        &[],
        json_body(
            json!({ "type": "object", "properties": { "rows": list(&of("object")), "remove": of("array"), "timestamp": of("string") } }),
        ),
        vec![(
            200,
            JSON,
            object(&[
                ("success", of("boolean")),
                ("accepted", of("integer")),
                ("changed", of("integer")),
                ("rejected", list(&of("object"))),
            ]),
        )],
    );
    say(
        "get",
        "/v1/export",
        "ownEvents",
        "What the device of the cookie has told, a line each.",
        Who::Visitor,
        &[],
        None,
        lines(),
    );
    say(
        "post",
        "/v1/decide",
        "decide",
        "What to show a visitor.",
        Who::Key,
        &[("explain", "`true`, with an owner's token: why.")],
        json_body(named("Context")),
        ok("Decision"),
    );
    say(
        "post",
        "/v1/explain",
        "explain",
        "Why a page shows what it does.",
        Who::Key,
        &[],
        json_body(of("object")),
        vec![(200, JSON, of("object"))],
    );
    say(
        "post",
        "/ofrep/v1/evaluate/flags",
        "flags",
        "Slots and experiments as flags, for OpenFeature.",
        Who::Key,
        &[],
        json_body(object(&[("context", of("object"))])),
        vec![
            (200, JSON, object(&[("flags", list(&named("Flag")))])),
            (304, "", Json::Null),
            (400, JSON, named("FlagError")),
        ],
    );
    say(
        "post",
        "/ofrep/v1/evaluate/flags/{key}",
        "flag",
        "One of them.",
        Who::Key,
        &[],
        json_body(object(&[("context", of("object"))])),
        vec![
            (200, JSON, named("Flag")),
            (304, "", Json::Null),
            (400, JSON, named("FlagError")),
            (404, JSON, named("FlagError")),
        ],
    );
    say(
        "get",
        "/v1/pack",
        "activeProgram",
        "The page's Program of the active pack.",
        Who::Anybody,
        &[],
        None,
        vec![(200, BINARY, json!({})), (304, "", Json::Null)],
    );
    say(
        "get",
        "/v1/pack/{hash}",
        "program",
        "The page's Program of a pack.",
        Who::Anybody,
        &[],
        None,
        vec![(200, BINARY, json!({})), (304, "", Json::Null)],
    );
    say(
        "get",
        "/v1/preview/{token}",
        "previewProgram",
        "The page's Program of the pack that a preview link shows.",
        Who::Anybody,
        &[],
        None,
        vec![(200, BINARY, json!({}))],
    );
    let page = |statuses: &[u16]| {
        statuses.iter().map(|status| (*status, HTML, of("string"))).collect::<Vec<_>>()
    };
    say(
        "get",
        "/v1/survey/{token}",
        "survey",
        "A question that a message asked.",
        Who::Anybody,
        &[("score", "An answer to mark.")],
        None,
        page(&[200, 403, 404, 410, 503]),
    );
    say(
        "post",
        "/v1/survey/{token}",
        "answerSurvey",
        "The answer.",
        Who::Anybody,
        &[],
        Some((
            FORM,
            json!({ "type": "object", "properties": { "score": of("string"), "answer": of("string"), "comment": of("string") } }),
        )),
        page(&[200, 403, 404, 410, 422, 503]),
    );
    say(
        "get",
        "/v1/projects/{key}/settings",
        "settings",
        "What Segment's browser client asks before it begins.",
        Who::Anybody,
        &[],
        None,
        vec![(200, JSON, object(&[("integrations", of("object"))]))],
    );
    say(
        "get",
        "/healthz",
        "health",
        "Whether the worker answers.",
        Who::Anybody,
        &[],
        None,
        vec![(200, JSON, object(&[("ok", of("boolean"))]))],
    );
    say(
        "get",
        "/openapi.json",
        "openapi",
        "This.",
        Who::Anybody,
        &[],
        None,
        vec![(200, JSON, of("object"))],
    );
    say(
        "get",
        "/metrics",
        "metrics",
        "Figures in Prometheus' text format.",
        Who::Role(Viewer),
        &[],
        None,
        vec![(200, "text/plain; version=0.0.4; charset=utf-8", of("string"))],
    );

    say(
        "get",
        "/admin/v1/packs",
        "listPacks",
        "The packs, and which was active when.",
        Who::Role(Viewer),
        &[],
        None,
        ok("Packs"),
    );
    say(
        "put",
        "/admin/v1/packs",
        "putPack",
        "Compiles a pack and keeps it. It is not active yet.",
        Who::Role(Publisher),
        &[],
        json_body(object(&[("pack", of("string"))])),
        vec![(201, JSON, named("PackAdded"))],
    );
    say(
        "get",
        "/admin/v1/packs/{hash}",
        "getPack",
        "A pack as it was put.",
        Who::Role(Publisher),
        &[],
        None,
        vec![(200, "text/plain; charset=utf-8", of("string"))],
    );
    say(
        "post",
        "/admin/v1/packs/{hash}/activate",
        "activatePack",
        "Makes it the active one; with `percent`, for so many of the visitors.",
        Who::Role(Publisher),
        &[],
        json_body(
            json!({ "type": ["object", "null"], "properties": { "percent": { "type": "integer", "minimum": 1, "maximum": 100 } } }),
        ),
        ok("Activation"),
    );
    say(
        "post",
        "/admin/v1/packs/deactivate",
        "deactivatePacks",
        "No pack is active: pages are as their origin made them, in seconds.",
        Who::Role(Publisher),
        &[],
        None,
        ok("Activation"),
    );
    say(
        "post",
        "/admin/v1/packs/rollback",
        "rollBackPacks",
        "Back to what was active before.",
        Who::Role(Publisher),
        &[],
        None,
        ok("Activation"),
    );
    say(
        "post",
        "/admin/v1/evaluate",
        "evaluate",
        "A dry run: events and a moment in, what the engine makes of them out. Nothing is kept.",
        Who::Role(Publisher),
        &[],
        json_body(of("object")),
        vec![(200, JSON, of("object"))],
    );
    say(
        "post",
        "/admin/v1/previews",
        "createPreview",
        "A link that shows a pack to whoever has it.",
        Who::Role(Publisher),
        &[],
        json_body(of("object")),
        vec![(
            201,
            JSON,
            object(&[
                ("token", of("string")),
                ("query", of("string")),
                ("pack", of("string")),
                ("expires", moment()),
            ]),
        )],
    );
    say(
        "get",
        "/admin/v1/stats",
        "stats",
        "Sums over all visitors.",
        Who::Role(Viewer),
        &[],
        None,
        ok("Stats"),
    );
    say(
        "get",
        "/admin/v1/profile",
        "person",
        "A person whole. Viewers and publishers see what their role may.",
        Who::Role(Viewer),
        &[("visitor!", "An id, or one with its namespace: `u:c-1042`.")],
        None,
        ok("Person"),
    );
    say(
        "get",
        "/admin/v1/profile/export",
        "exportPerson",
        "All events of a person, a line each.",
        Who::Role(Owner),
        &[("visitor!", "An id, or one with its namespace.")],
        None,
        lines(),
    );
    say(
        "post",
        "/admin/v1/erase",
        "erasePerson",
        "Forgets a person, under all of their ids.",
        Who::Role(Owner),
        &[],
        json_body(named("Visitor")),
        vec![(200, JSON, object(&[("events", of("integer")), ("ids", list(&of("string")))]))],
    );
    say(
        "get",
        "/admin/v1/events",
        "events",
        "An id's events as they were accepted, a line each.",
        Who::Role(Owner),
        &[("visitor!", "An id, or one with its namespace.")],
        None,
        lines(),
    );
    say(
        "get",
        "/admin/v1/events/live",
        "liveEvents",
        "Events that came since an answer before.",
        Who::Role(Owner),
        &[("after", "The `next` of that answer; without it there are none yet.")],
        None,
        vec![(200, JSON, object(&[("events", list(&of("object"))), ("next", of("string"))]))],
    );
    say(
        "get",
        "/admin/v1/events/stream",
        "streamEvents",
        "Events as they come, as server-sent events, for ten minutes at a time.",
        Who::Role(Owner),
        &[],
        None,
        vec![(200, "text/event-stream", of("string"))],
    );
    say(
        "get",
        "/admin/v1/export",
        "exportEvents",
        "All events, some at a time; `Link` says where to go on.",
        Who::Role(Owner),
        &[("shard", "The object."), ("after", "The batch to go on after.")],
        None,
        lines(),
    );
    say(
        "post",
        "/admin/v1/restore",
        "restoreEvents",
        "Events that come back from the lake.",
        Who::Role(Owner),
        &[],
        Some((LINES, of("string"))),
        vec![(200, JSON, object(&[("restored", of("integer")), ("known", of("integer"))]))],
    );
    say(
        "get",
        "/admin/v1/quarantine",
        "quarantine",
        "Events that were refused, a line each, the latest first.",
        Who::Role(Owner),
        &[],
        None,
        lines(),
    );
    say(
        "get",
        "/admin/v1/catalog",
        "catalog",
        "What feeds have said of the catalogue.",
        Who::Role(Viewer),
        &[("key", "A thing, to see what is known of it.")],
        None,
        ok("Catalog"),
    );
    say(
        "post",
        "/admin/v1/catalog/reset",
        "resetCatalog",
        "Forgets that.",
        Who::Role(Owner),
        &[],
        None,
        vec![(200, JSON, object(&[("forgotten", of("integer"))]))],
    );
    say(
        "get",
        "/admin/v1/audit",
        "audit",
        "What operators have had done, the latest first.",
        Who::Role(Owner),
        &[("before", "The `next` of an answer before.")],
        None,
        vec![(200, JSON, object(&[("deeds", list(&named("Deed"))), ("next", maybe("integer"))]))],
    );
    say(
        "get",
        "/admin/v1/dead-letters",
        "deadLetters",
        "Messages that did not arrive, a line each (`DeadLetter`).",
        Who::Role(Owner),
        &[],
        None,
        lines(),
    );
    let letters = || vec![(200, JSON, object(&[("letters", of("integer"))]))];
    say(
        "post",
        "/admin/v1/dead-letters/replay",
        "replayDeadLetters",
        "Sends them again.",
        Who::Role(Owner),
        &[],
        json_body(named("IdsOrAll")),
        letters(),
    );
    say(
        "post",
        "/admin/v1/dead-letters/drop",
        "dropDeadLetters",
        "Forgets them.",
        Who::Role(Owner),
        &[],
        json_body(named("IdsOrAll")),
        letters(),
    );
    say(
        "get",
        "/admin/v1/tasks",
        "tasks",
        "Tasks that nobody has done yet, a line each (`Task`).",
        Who::Role(Owner),
        &[],
        None,
        lines(),
    );
    say(
        "post",
        "/admin/v1/tasks/complete",
        "completeTasks",
        "They were done.",
        Who::Role(Owner),
        &[],
        json_body(named("Ids")),
        vec![(200, JSON, object(&[("tasks", of("integer"))]))],
    );
    all
}
