//! Compiled packs in an isolate's memory.

use std::cell::RefCell;
use std::io::Read as _;
use std::rc::Rc;

use flate2::Compression;
use flate2::read::GzEncoder;
use serde_json::Map;
use waymark_engine::program::Observed;
use waymark_engine::{PackHash, Program, Vocabulary};
use waymark_model::{DecodeError, Span, Timestamp, fnv1a64};
use waymark_pack::{Outbound, Things};
use waymark_wire::Problem;

use crate::http::Response;
use crate::ports::{Objects, Part, Unavailable};
use crate::protocol::{InForce, Packs, RegistryAsk, RegistryTold, Trial, unreadable};

/// How long an isolate trusts what it was last told: a kill switch works as fast.
const FRESH: Span = Span(5 * Span::SECOND.0);

/// What an isolate remembers of packs between requests.
#[derive(Debug, Default)]
pub struct PackCache {
    active: RefCell<Option<(Timestamp, InForce)>>,
    programs: Recent<Packs, Program>,
    pages: Recent<PackHash, Vec<u8>>,
    projections: Recent<PackHash, (Program, Vocabulary)>,
    vocabularies: Recent<PackHash, Vocabulary>,
    observed: Recent<PackHash, Observed>,
    things: Recent<PackHash, Things>,
    outbound: Recent<PackHash, Outbound>,
}

/// The last few of something that is dear to make, by what it was made of; the last used last.
#[derive(Debug)]
struct Recent<K, V>(RefCell<Vec<(K, Rc<V>)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: PartialEq, V> Recent<K, V> {
    /// With and without what is carried, before and after an activation, for all and for some.
    const MOST: usize = 8;

    fn get(&self, key: &K) -> Option<Rc<V>> {
        let mut all = self.0.borrow_mut();
        let at = all.iter().position(|(have, _)| have == key)?;
        let found = all.remove(at);
        let value = found.1.clone();
        all.push(found);
        Some(value)
    }

    fn keep(&self, key: K, value: V) -> Rc<V> {
        let value = Rc::new(value);
        let mut all = self.0.borrow_mut();
        if all.len() >= Self::MOST {
            all.remove(0);
        }
        all.push((key, value.clone()));
        value
    }
}

impl PackCache {
    /// The packs to fold with.
    pub async fn active<O: Objects>(
        &self,
        objects: &O,
        now: Timestamp,
    ) -> Result<Packs, Unavailable> {
        Ok(self.in_force(objects, now).await?.packs)
    }

    /// What is in force. When the registry does not answer, what it last said still counts.
    pub async fn in_force<O: Objects>(
        &self,
        objects: &O,
        now: Timestamp,
    ) -> Result<InForce, Unavailable> {
        let kept = self.active.borrow().clone();
        if let Some((at, in_force)) = &kept
            && (Span(0)..FRESH).contains(&now.since(*at))
        {
            return Ok(in_force.clone());
        }
        match ask(objects, &RegistryAsk::Active { now }).await {
            Ok(RegistryTold::Active(in_force)) => {
                *self.active.borrow_mut() = Some((now, in_force.clone()));
                Ok(in_force)
            }
            Ok(other) => Err(unexpected(&other)),
            Err(error) => kept.map(|(_, in_force)| in_force).ok_or(error),
        }
    }

    /// Asks again next time.
    pub fn forget_active(&self) {
        *self.active.borrow_mut() = None;
    }

    /// The Program that decides for a visitor, alone; `None` when no pack is active. Where some have another pack, who
    /// has it says the visitor's key; nobody is one of the others.
    pub async fn deciding<O: Objects>(
        &self,
        objects: &O,
        now: Timestamp,
        visitor: Option<&str>,
    ) -> Result<Option<Rc<Program>>, Unavailable> {
        let InForce { deciding, trial, .. } = self.in_force(objects, now).await?;
        let trial = trial.filter(|trial| visitor.is_some_and(|key| trial.has(key)));
        let active = trial.map(|trial| trial.pack).or(deciding);
        if active.is_none() {
            return Ok(None);
        }
        self.folding(objects, &Packs { active, former: Vec::new() }).await.map(Some)
    }

    /// A Program's projection for pages, and its words.
    pub fn projection(&self, program: &Program) -> Rc<(Program, Vocabulary)> {
        let kept = self.projections.get(&program.hash);
        kept.unwrap_or_else(|| {
            let page = program.page_projection().indexed();
            let words = Vocabulary::of(&page);
            self.projections.keep(program.hash, (page, words))
        })
    }

    /// The words of a Program that decides.
    pub fn vocabulary(&self, program: &Program) -> Rc<Vocabulary> {
        let kept = self.vocabularies.get(&program.hash);
        kept.unwrap_or_else(|| self.vocabularies.keep(program.hash, Vocabulary::of(program)))
    }

    /// What of a request a Program that decides can tell apart.
    pub fn observed(&self, program: &Program) -> Rc<Observed> {
        let kept = self.observed.get(&program.hash);
        kept.unwrap_or_else(|| self.observed.keep(program.hash, program.observed()))
    }

    /// What a pack says of its catalogue; `None` when it has none.
    pub async fn things<O: Objects>(
        &self,
        objects: &O,
        hash: PackHash,
    ) -> Result<Option<Rc<Things>>, Unavailable> {
        if let Some(things) = self.things.get(&hash) {
            return Ok(Some(things));
        }
        let things = Things::of(&source(objects, hash).await?);
        Ok(things.map(|things| self.things.keep(hash, things)))
    }

    /// What a pack sends.
    pub async fn outbound<O: Objects>(
        &self,
        objects: &O,
        hash: PackHash,
    ) -> Result<Rc<Outbound>, Unavailable> {
        if let Some(outbound) = self.outbound.get(&hash) {
            return Ok(outbound);
        }
        let compiled = waymark_pack::compile(&source(objects, hash).await?).map_err(|_| {
            Unavailable(format!("This release does not compile the pack {hash}. Publish it again."))
        })?;
        Ok(self.outbound.keep(hash, compiled.outbound))
    }

    /// The Program to fold with, where it is in memory.
    pub fn known(&self, packs: &Packs) -> Option<Rc<Program>> {
        self.programs.get(packs)
    }

    /// The Program to fold with: it remembers what former packs did. Without an active pack an empty
    /// one, so that sessions and traits are kept nevertheless.
    pub async fn folding<O: Objects>(
        &self,
        objects: &O,
        packs: &Packs,
    ) -> Result<Rc<Program>, Unavailable> {
        if let Some(program) = self.programs.get(packs) {
            return Ok(program);
        }
        let hashes: Vec<PackHash> = packs.active.iter().chain(&packs.former).copied().collect();
        let mut programs = if hashes.is_empty() {
            Vec::new()
        } else {
            match ask(objects, &RegistryAsk::Programs(hashes)).await? {
                RegistryTold::Programs(programs) => programs,
                other => return Err(unexpected(&other)),
            }
        }
        .into_iter();
        let mut program = empty_program();
        if let Some(hash) = packs.active {
            let bytes = programs.next().flatten().ok_or_else(|| {
                Unavailable(format!("The registry does not have the active pack {hash}."))
            })?;
            program = Program::decode(&bytes).map_err(broken_program)?;
        }
        // One that is gone or too old to read is not carried.
        for former in programs.flatten().filter_map(|bytes| Program::decode(&bytes).ok()) {
            program = program.carrying(&former);
        }
        Ok(self.programs.keep(packs.clone(), program))
    }

    /// The gzip of a pack's projection for pages.
    pub async fn page<O: Objects>(
        &self,
        objects: &O,
        hash: PackHash,
    ) -> Result<Option<Rc<Vec<u8>>>, Unavailable> {
        if let Some(page) = self.pages.get(&hash) {
            return Ok(Some(page));
        }
        match ask(objects, &RegistryAsk::Part { hash, part: Part::Page }).await? {
            RegistryTold::Part(page) => Ok(page.map(|page| self.pages.keep(hash, page))),
            other => Err(unexpected(&other)),
        }
    }
}

impl Trial {
    /// Whether a visitor is one of those who have it: the same ones as long as it is the same pack, and those of a
    /// lower share among those of a higher.
    fn has(&self, visitor: &str) -> bool {
        let pack = &self.pack.to_string()[..16];
        fnv1a64(format!("rollout.{pack}.{visitor}").as_bytes()) % 100 < self.percent.into()
    }
}

/// A pack as it was published.
async fn source<O: Objects>(objects: &O, hash: PackHash) -> Result<String, Unavailable> {
    match ask(objects, &RegistryAsk::Part { hash, part: Part::Source }).await? {
        RegistryTold::Part(source) => {
            Ok(String::from_utf8_lossy(&source.unwrap_or_default()).into_owned())
        }
        other => Err(unexpected(&other)),
    }
}

/// Asks the registry and reads its answer.
pub async fn ask<O: Objects>(objects: &O, ask: &RegistryAsk) -> Result<RegistryTold, Unavailable> {
    match RegistryTold::decode(&objects.registry(ask.encode()).await?) {
        Ok(RegistryTold::Failed(why)) => Err(Unavailable(format!("The registry failed: {why}"))),
        Ok(told) => Ok(told),
        Err(error) => Err(Unavailable(unreadable(&error))),
    }
}

/// A Program that was checked when it was stored, and is not what it was.
pub fn broken_program(error: DecodeError) -> Unavailable {
    Unavailable(format!("A stored pack is broken: {error}. Publish it again."))
}

/// The refusal of a pack, with everything that is wrong with it.
pub fn broken(report: &waymark_pack::Report) -> Response {
    let problem = Problem::new(
        422,
        "broken-pack",
        "The pack does not compile",
        "`diagnostics` says what is wrong, where, and how to mend it.",
    );
    let diagnostics = serde_json::to_value(&report.diagnostics).unwrap_or_default();
    Response::problem_with(&problem, Map::from_iter([("diagnostics".to_owned(), diagnostics)]))
}

pub fn unexpected(told: &RegistryTold) -> Unavailable {
    Unavailable(format!("The registry gave the answer to another question: {told:.60?}."))
}

/// What is folded with before there is a pack.
pub fn empty_program() -> Program {
    Program { session_gap: Span(30 * Span::MINUTE.0), ..Program::default() }.indexed()
}

pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Unavailable> {
    let mut out = Vec::new();
    GzEncoder::new(bytes, Compression::best())
        .read_to_end(&mut out)
        .map_err(|error| Unavailable(format!("The page's Program cannot be packed: {error}.")))?;
    Ok(out)
}
