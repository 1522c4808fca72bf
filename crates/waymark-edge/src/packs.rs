//! Compiled packs in an isolate's memory.

use std::cell::RefCell;
use std::io::Read as _;
use std::rc::Rc;

use flate2::Compression;
use flate2::read::GzEncoder;
use serde_json::Map;
use waymark_engine::{PackHash, Program};
use waymark_model::{DecodeError, Span, Timestamp};
use waymark_pack::{Outbound, Things};
use waymark_wire::Problem;

use crate::http::Response;
use crate::ports::{Objects, Part, Unavailable};
use crate::protocol::{InForce, Packs, RegistryAsk, RegistryTold, unreadable};

/// How long an isolate trusts what it was last told: a kill switch works as fast.
const FRESH: Span = Span(5 * Span::SECOND.0);
/// Programs kept in memory: with and without what they carry, before and after an activation.
const MOST_PROGRAMS: usize = 6;

/// What an isolate remembers of packs between requests.
#[derive(Debug, Default)]
pub struct PackCache {
    active: RefCell<Option<(Timestamp, InForce)>>,
    /// The last used last.
    programs: RefCell<Vec<(Packs, Rc<Program>)>>,
    page: RefCell<Option<(PackHash, Rc<Vec<u8>>)>>,
    projection: RefCell<Option<(PackHash, Rc<Program>)>>,
    things: RefCell<Option<(PackHash, Rc<Things>)>>,
    outbound: RefCell<Option<(PackHash, Rc<Outbound>)>>,
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

    /// The Program that decides, alone; `None` when no pack is active.
    pub async fn deciding<O: Objects>(
        &self,
        objects: &O,
        now: Timestamp,
    ) -> Result<Option<Rc<Program>>, Unavailable> {
        let deciding = self.in_force(objects, now).await?.deciding;
        if deciding.is_none() {
            return Ok(None);
        }
        let alone = Packs { active: deciding, former: Vec::new() };
        self.folding(objects, &alone).await.map(Some)
    }

    /// A Program's projection for pages.
    pub fn projection(&self, program: &Program) -> Rc<Program> {
        if let Some((kept, projection)) = &*self.projection.borrow()
            && *kept == program.hash
        {
            return projection.clone();
        }
        let projection = Rc::new(program.page_projection().indexed());
        *self.projection.borrow_mut() = Some((program.hash, projection.clone()));
        projection
    }

    /// What a pack says of its catalogue; `None` when it has none.
    pub async fn things<O: Objects>(
        &self,
        objects: &O,
        hash: PackHash,
    ) -> Result<Option<Rc<Things>>, Unavailable> {
        if let Some((kept, things)) = &*self.things.borrow()
            && *kept == hash
        {
            return Ok(Some(things.clone()));
        }
        let things = Things::of(&source(objects, hash).await?).map(Rc::new);
        *self.things.borrow_mut() = things.clone().map(|things| (hash, things));
        Ok(things)
    }

    /// What a pack sends.
    pub async fn outbound<O: Objects>(
        &self,
        objects: &O,
        hash: PackHash,
    ) -> Result<Rc<Outbound>, Unavailable> {
        if let Some((kept, outbound)) = &*self.outbound.borrow()
            && *kept == hash
        {
            return Ok(outbound.clone());
        }
        let compiled = waymark_pack::compile(&source(objects, hash).await?).map_err(|_| {
            Unavailable(format!("This release does not compile the pack {hash}. Publish it again."))
        })?;
        let outbound = Rc::new(compiled.outbound);
        *self.outbound.borrow_mut() = Some((hash, outbound.clone()));
        Ok(outbound)
    }

    /// The Program to fold with: it remembers what former packs did. Without an active pack an empty
    /// one, so that sessions and traits are kept nevertheless.
    pub async fn folding<O: Objects>(
        &self,
        objects: &O,
        packs: &Packs,
    ) -> Result<Rc<Program>, Unavailable> {
        if let Some(program) = self.kept(packs) {
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
        let program = Rc::new(program);
        self.keep(packs.clone(), program.clone());
        Ok(program)
    }

    /// The gzip of a pack's projection for pages.
    pub async fn page<O: Objects>(
        &self,
        objects: &O,
        hash: PackHash,
    ) -> Result<Option<Rc<Vec<u8>>>, Unavailable> {
        if let Some((kept, page)) = &*self.page.borrow()
            && *kept == hash
        {
            return Ok(Some(page.clone()));
        }
        match ask(objects, &RegistryAsk::Part { hash, part: Part::Page }).await? {
            RegistryTold::Part(None) => Ok(None),
            RegistryTold::Part(Some(page)) => {
                let page = Rc::new(page);
                *self.page.borrow_mut() = Some((hash, page.clone()));
                Ok(Some(page))
            }
            other => Err(unexpected(&other)),
        }
    }

    fn kept(&self, packs: &Packs) -> Option<Rc<Program>> {
        let mut programs = self.programs.borrow_mut();
        let at = programs.iter().position(|(have, _)| have == packs)?;
        let found = programs.remove(at);
        let program = found.1.clone();
        programs.push(found);
        Some(program)
    }

    fn keep(&self, packs: Packs, program: Rc<Program>) {
        let mut programs = self.programs.borrow_mut();
        if programs.len() >= MOST_PROGRAMS {
            programs.remove(0);
        }
        programs.push((packs, program));
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
