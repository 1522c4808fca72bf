//! The edge: takes events in, keeps profiles in shards, and personalises pages on their way through.
//!
//! What it does is in use cases that know no host: requests and answers are values ([`http`]), and
//! time, shards and the registry of packs are ports ([`ports`]). [`edge::Edge::handle`] answers a
//! request, [`pages::plan`] says what to change in a page, [`shard::answer`] and
//! [`registry::answer`] are what the two kinds of objects do. `cloudflare` (on wasm only) adapts all
//! that to Workers and Durable Objects, and the scripts around it (`js/entry.js`) have what must outlive
//! it: assets, deadlines, traps, and the splicing of pages.
//!
//! What it is not: it compiles no packs itself (`waymark-pack`), reads no JSON of events
//! (`waymark-wire`), and decides nothing (`waymark-engine`).

pub mod access;
pub mod actions;
pub mod admin;
pub mod audit;
mod body;
pub mod budgets;
pub mod catalog;
#[cfg(target_arch = "wasm32")]
mod cloudflare;
pub mod config;
pub mod consent;
pub mod cookie;
pub mod counts;
pub mod dead_letters;
pub mod decide;
pub mod edge;
pub mod erasure;
pub mod evaluate;
pub mod explain;
pub mod exposures;
pub mod http;
pub mod identity;
pub mod ingest;
pub mod isolate;
pub mod lake;
pub mod letters;
pub mod live;
pub mod merges;
pub mod messages;
pub mod metrics;
pub mod moves;
pub mod ofrep;
pub mod openapi;
pub mod packs;
pub mod pages;
pub mod person;
pub mod ports;
pub mod preview;
mod problems;
pub mod profile;
pub mod programs;
pub mod protocol;
pub mod quarantine;
pub mod quotas;
pub mod registry;
pub mod restore;
pub mod roles;
pub mod router;
pub mod shard;
pub mod shard_map;
pub mod sight;
pub mod snapshot;
pub mod survey;
pub mod tally;
pub mod tasks;
pub mod user_token;
pub mod variants;
pub mod webhooks;
