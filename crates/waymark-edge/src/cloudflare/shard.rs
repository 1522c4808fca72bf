//! The Durable Object that keeps visitors: it answers what it is asked, and its alarm does what is left to do.

use std::cell::Cell;
use std::collections::BTreeSet;

use waymark_model::{Span, Timestamp};
use waymark_wire::Problem;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::shard_store::SqlShard;
use super::{Host, config, isolate, packs};
use crate::edge::Edge;
use crate::moves::Left;
use crate::ports::{Clock as _, GraphStore as _, Lake as _, Reports as _, StoreError};
use crate::protocol::{ShardCall, ShardTold, unreadable};
use crate::shard::{Neighbours, Recent, answer};
use crate::{actions, erasure, lake, merges, moves};

/// How long an object waits for somebody else to carry its messages.
const PATIENCE: Span = Span(1_000);
/// After something did not arrive.
const RETRY: Span = Span(10_000);
/// Stored bytes that do not wait longer to leave for the lake.
const FILE_BYTES: usize = 4_000_000;

thread_local! {
    static NEIGHBOURS: Neighbours = Neighbours::default();
}

#[durable_object(alarm)]
#[derive(Debug)]
pub struct Shard {
    state: State,
    host: Host,
    store: Result<SqlShard, StoreError>,
    recent: Recent,
    /// Whether there is a lake, or a database of reports.
    drains: bool,
    /// The epoch of the map by which all slots are where they belong.
    moved: Cell<Option<u64>>,
    /// When the alarm is set for, as far as this instance knows.
    wakes: Cell<Option<Timestamp>>,
    /// When it has to go off at the latest, if it is not known to be set for that.
    wanted: Cell<Option<Timestamp>>,
}

/// How long until there is something to do again; nothing where it is known to nobody.
type Wait = Result<Option<Span>, String>;

impl DurableObject for Shard {
    fn new(state: State, env: Env) -> Self {
        let host = Host { env };
        let store = SqlShard::open(&state, host.now());
        let drains = host.has_lake() || host.has_reports();
        Self {
            state,
            host,
            store,
            recent: NEIGHBOURS.with(Recent::new),
            drains,
            moved: Cell::new(None),
            wakes: Cell::new(None),
            wanted: Cell::new(None),
        }
    }

    /// The entry's, which asks what is asked.
    async fn fetch(&self, _: Request) -> worker::Result<Response> {
        Response::empty()
    }

    /// Never fails: what could not be done waits for the next one.
    async fn alarm(&self) -> worker::Result<Response> {
        self.wakes.set(None);
        let config = config(&self.host.env);
        let (Ok(config), Ok(store)) = (&*config, &self.store) else { return Response::empty() };
        let Ok(Some(object)) = store.object() else { return Response::empty() };
        let (packs, isolate) = (packs(), isolate());
        let edge = Edge { host: &self.host, config, packs: &packs, isolate: &isolate };
        let waits = [
            ("moves", self.settle_slots(&edge, object).await),
            ("actions", act(&edge, object).await),
            ("merges", settle(&edge, store, object).await),
            ("lake", self.drain(&edge, store, object).await),
            ("retention", expire(&edge, store, object).await),
        ];
        for (at, wait) in waits {
            match wait {
                Ok(None) => {}
                Ok(Some(wait)) => self.wake_after(wait).await?,
                Err(error) => {
                    super::log(at, &error);
                    self.wake_after(RETRY).await?;
                }
            }
        }
        Response::empty()
    }
}

#[wasm_bindgen]
impl Shard {
    /// The answer to a message, where nothing has to be waited for.
    pub fn answered(&self, message: &[u8]) -> Option<Vec<u8>> {
        let told = match self.understood(message) {
            Ok((store, call)) => {
                let program = packs().known(&call.packs().cloned().unwrap_or_default())?;
                answer(store, &self.recent, &program, &call)
            }
            Err(why) => ShardTold::Failed(why),
        };
        self.note(&told);
        Some(told.encode())
    }

    /// The answer to any message. The alarm is set before it is given.
    pub async fn ask(&self, message: Vec<u8>) -> Result<Vec<u8>, JsValue> {
        let told = match self.understood(&message) {
            Ok((store, call)) => {
                let asked = call.packs().cloned().unwrap_or_default();
                match packs().folding(&self.host, &asked).await {
                    // From here on nothing waits: what is read is what is written over.
                    Ok(program) => answer(store, &self.recent, &program, &call),
                    Err(error) => ShardTold::Failed(error.to_string()),
                }
            }
            Err(why) => ShardTold::Failed(why),
        };
        self.note(&told);
        self.wake().await?;
        Ok(told.encode())
    }

    /// Whether the alarm is to be set, before anybody is told what was answered.
    pub fn wakes(&self) -> bool {
        self.wanted.get().is_some()
    }

    /// Sets it.
    pub async fn wake(&self) -> Result<(), JsValue> {
        match self.wanted.take() {
            None => Ok(()),
            Some(at) => Ok(self.wake_after(at.since(self.host.now())).await?),
        }
    }
}

impl Shard {
    /// Sets the alarm, unless it goes off before that.
    async fn wake_after(&self, wait: Span) -> worker::Result<()> {
        let at = self.host.now().plus(wait);
        if self.wakes.get().is_some_and(|wakes| wakes <= at) {
            return Ok(());
        }
        let storage = self.state.storage();
        let set = storage.get_alarm().await?.map(Timestamp);
        if set.is_some_and(|set| set <= at) {
            self.wakes.set(set);
            return Ok(());
        }
        self.wakes.set(Some(at));
        storage.set_alarm(wait.0.max(0)).await
    }

    /// When the alarm has to go off, after an answer.
    fn note(&self, told: &ShardTold) {
        let is_pending = matches!(
            told,
            ShardTold::Received { pending: true, .. }
                | ShardTold::Done { pending: true }
                | ShardTold::Erased { pending: true, .. }
        );
        let now = self.host.now();
        let patience = (is_pending || self.has_to_move()).then(|| now.plus(PATIENCE));
        let news = self.wait_for_news().map(|wait| now.plus(wait));
        let due = self.store.as_ref().ok().and_then(SqlShard::take_due).map(|due| due.max(now));
        let at = [patience, news, due].into_iter().flatten().min();
        let at = at.filter(|at| self.wakes.get().is_none_or(|wakes| wakes > *at));
        self.wanted.set(self.wanted.get().into_iter().chain(at).min());
    }

    /// How long what has come in may wait before the alarm sees to it; nothing where nothing has.
    fn wait_for_news(&self) -> Option<Span> {
        let config = config(&self.host.env);
        let config = config.as_ref().as_ref().ok()?;
        let news = self.store.as_ref().ok()?.news();
        match news {
            0 => None,
            FILE_BYTES.. if self.drains => Some(Span(0)),
            _ if self.drains => Some(config.lake_age),
            _ => config.keep.map(|_| Span::DAY),
        }
    }

    async fn drain(&self, edge: &Edge<'_, Host>, store: &SqlShard, object: u16) -> Wait {
        if !self.drains {
            return Ok(None);
        }
        let age = if store.take_news() < FILE_BYTES { edge.config.lake_age } else { Span(0) };
        let due = lake::drain(edge, object, age).await.map_err(detail)?;
        Ok(due.map(|due| due.since(self.host.now())))
    }

    /// After a new map, until all slots are where they belong.
    async fn settle_slots(&self, edge: &Edge<'_, Host>, object: u16) -> Wait {
        if self.moved.get() == Some(edge.config.map.epoch) {
            return Ok(None);
        }
        match moves::settle(edge, object).await.map_err(detail)? {
            Left::More => return Ok(Some(Span(0))),
            Left::Waits => return Ok(Some(RETRY)),
            Left::Nothing => self.moved.set(Some(edge.config.map.epoch)),
        }
        Ok(None)
    }

    /// Whether the object has to see to it that slots come and go.
    fn has_to_move(&self) -> bool {
        let config = config(&self.host.env);
        let Ok(config) = &*config else { return false };
        config.map.history().len() > 1 && self.moved.get() != Some(config.map.epoch)
    }

    /// What is asked, and of what; or why it cannot be answered.
    fn understood(&self, message: &[u8]) -> Result<(&SqlShard, ShardCall), String> {
        let store = self.store.as_ref().map_err(StoreError::to_string)?;
        let call = ShardCall::decode(message).map_err(|error| unreadable(&error))?;
        store.is_object(call.object).map_err(|error| error.to_string())?;
        Ok((store, call))
    }
}

/// What time has made due.
async fn act(edge: &Edge<'_, Host>, object: u16) -> Wait {
    let due = actions::act(edge, object).await.map_err(detail)?;
    Ok(due.map(|due| due.since(edge.host.now()).max(Span(0))))
}

async fn settle(edge: &Edge<'_, Host>, store: &SqlShard, object: u16) -> Wait {
    merges::settle(edge, BTreeSet::from([object])).await.map_err(detail)?;
    let pending = store.is_pending().map_err(|error| error.to_string())?;
    Ok(pending.then_some(RETRY))
}

/// Once a day, where the operator has set a term.
async fn expire(edge: &Edge<'_, Host>, store: &SqlShard, object: u16) -> Wait {
    let Some(keep) = edge.config.keep else { return Ok(None) };
    let now = edge.host.now();
    let said = |error: StoreError| error.to_string();
    let next = store.expired().map_err(said)?.plus(Span::DAY);
    if next > now {
        return Ok(Some(next.since(now)));
    }
    if erasure::expire(edge, object, now.minus(keep)).await.map_err(detail)? {
        return Ok(Some(Span(0)));
    }
    store.set_expired(now).map_err(said)?;
    Ok(Some(Span::DAY))
}

fn detail(problem: Problem) -> String {
    problem.detail
}
