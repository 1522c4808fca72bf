//! Triggers and journeys, moved by events and by the clock.
//!
//! Events let visitors in, end runs, and answer what was waited for. Actions are taken by
//! [`Engine::act`] only, which hosts call when [`State::valid_until`] has come: what goes out goes out
//! at a moment that the host knows to be now. An action is an event with an id of its own, so that
//! whoever hears of it twice counts it once.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Event, Kind, Object, Span, Timestamp, Value, fnv1a64};

use crate::evaluate::{Answer, Evaluation, Silent, Truth, matches};
use crate::program::{Act, CondId, Cue, Does, Entrance, Flow, Matcher, Step};
use crate::state::{Applied, Effects, Run, State};
use crate::{Context, Engine, WHOLE};

/// An event that is older than the newest by more moves no run.
const LATENESS: Span = Span(3 * Span::DAY.0);
/// Bytes of a value that is kept of an event.
pub(crate) const KEPT_BYTES: usize = 256;

/// An action that was taken: an event that is known already, to be carried out and logged.
#[derive(Debug, Clone, PartialEq)]
pub struct Acted {
    pub event: Event,
    /// What it changed.
    pub effects: Effects,
}

/// What one step of a run came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stepped {
    pub acted: Option<Acted>,
    /// Why the run is over, if it was ended before its last step.
    pub ended: Option<Ended>,
}

/// Why a run was ended when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// What ends it holds, or its step is no more.
    Over,
    /// There is no consent to its action.
    NoConsent,
}

/// What a run is looked at with.
#[derive(Clone, Copy)]
struct At<'a> {
    context: &'a Context,
    now: Timestamp,
}

impl Engine<'_> {
    /// An event that was not known has come.
    pub(crate) fn cue(&self, state: &mut State, event: &Event, applied: Applied) {
        let newest = state.head.newest.time;
        if event.time < newest.minus(LATENESS) {
            return;
        }
        if !moves(event) {
            return self.has_acted(state, event);
        }
        let number = self.program.event_number(&event.name);
        for flow in self.program.index.flows_of(number) {
            let flow = &self.program.flows[flow as usize];
            let id = flow.id_hash();
            for run in state.flows.runs.iter_mut().filter(|run| run.flow == id) {
                self.hears(flow, run, event);
            }
            // Of what came between it and the checkpoint nobody could tell whether it ends it.
            if applied == Applied::Late {
                continue;
            }
            let cued = |entrance: &&Entrance| match &entrance.cue {
                Cue::Event(matcher) => self.is(matcher, event),
                Cue::Becomes(_) => false,
            };
            let mut entering = flow.enter.iter().filter(cued);
            let run = entering
                .find_map(|through| self.entering(state, flow, through, event.time, Some(event)));
            if let Some(mut run) = run {
                for later in state.later_than(event).filter(|later| moves(later)) {
                    self.hears(flow, &mut run, later);
                }
                state.flows.add(run);
            }
        }
    }

    /// Another host has taken an action: it is not taken here, and the run is as far as it is there.
    fn has_acted(&self, state: &mut State, event: &Event) {
        for run in &mut state.flows.runs {
            let Some(flow) = self.program.flow(run.flow) else { continue };
            let Some(step) = run.stands_at(flow) else { continue };
            let taken =
                (step..).zip(&flow.steps[step as usize..]).find(|(_, Step { id, does })| {
                    matches!(does, Does::Act(_)) && event.id == action_id(flow, id, run)
                });
            if let Some((step, _)) = taken {
                run.goes(flow, step + 1, event.time);
            }
        }
    }

    /// Ends a run of the flow, or answers what it waits for.
    fn hears(&self, flow: &Flow, run: &mut Run, event: &Event) {
        if run.step.is_none() || event.time < run.entered || !meant(flow, run, event) {
            return;
        }
        if flow.exit.iter().any(|matcher| self.is(matcher, event)) {
            return run.ends();
        }
        if let Some(step) = run.stands_at(flow)
            && let Does::Await { on, .. } = &flow.steps[step as usize].does
            && event.time >= run.since
            && on.iter().any(|matcher| self.is(matcher, event))
        {
            run.answer = kept(&flow.answer, event);
            run.goes(flow, step + 1, event.time);
        }
    }

    fn is(&self, matcher: &Matcher, event: &Event) -> bool {
        let named = |number: u32| self.program.events[number as usize] == event.name;
        matcher.event.is_none_or(named)
            && matcher.condition.is_none_or(|cond| matches(*self, cond, event))
    }

    /// Watches have begun to hold.
    pub(crate) fn begin(&self, state: &mut State, began: &[u32], at: Timestamp) {
        for watch in began {
            for flow in &self.program.index.by_watch[*watch as usize] {
                let flow = &self.program.flows[*flow as usize];
                let mut entering =
                    flow.enter.iter().filter(|entrance| entrance.cue == Cue::Becomes(*watch));
                if let Some(run) =
                    entering.find_map(|through| self.entering(state, flow, through, at, None))
                {
                    state.flows.add(run);
                }
            }
        }
    }

    /// Lets in those for whom it holds already, where a flow of a new pack asks for it.
    pub(crate) fn include_existing(&self, state: &mut State) {
        let segments = self.program.segments.len();
        for flow in self.program.flows.iter().filter(|flow| flow.existing) {
            let holds = |entrance: &&Entrance| match entrance.cue {
                Cue::Event(_) => false,
                Cue::Becomes(watch) => {
                    let answer = state.members.answers.get(segments + watch as usize);
                    answer.is_some_and(|answer| answer.truth == Truth::True)
                }
            };
            if state.flows.runs.iter().any(|run| run.flow == flow.id_hash()) {
                continue;
            }
            let at = state.members.at;
            let mut entering = flow.enter.iter().filter(holds);
            if let Some(run) =
                entering.find_map(|through| self.entering(state, flow, through, at, None))
            {
                state.flows.add(run);
            }
        }
    }

    /// The run of a visitor who comes in, if they may.
    fn entering(
        &self,
        state: &State,
        flow: &Flow,
        through: &Entrance,
        at: Timestamp,
        event: Option<&Event>,
    ) -> Option<Run> {
        let key = match &flow.key {
            None => Value::Null,
            Some(keys) => match event.and_then(|event| event.properties.at(keys)) {
                Some(key) if short(key) && *key != Value::Null => key.clone(),
                _ => return None,
            },
        };
        let hash = flow.id_hash();
        if let Some(before) = state.flows.latest(hash, &key) {
            let again = flow.reenter.is_some_and(|after| at >= before.entered.plus(after));
            if before.step.is_some() || !again || at <= before.entered {
                return None;
            }
        } else if state.flows.forgot(hash, at) {
            return None;
        }
        let State { head, members, .. } = state;
        let holds = Evaluation::of_visitor(*self, head, members, members.at, &mut Silent)
            .answer(through.when)
            .truth;
        if holds != Truth::True {
            return None;
        }
        let mut run = Run {
            flow: hash,
            key,
            entered: at,
            step: None,
            since: at,
            due: Timestamp::MAX,
            entry: event.map(|event| kept(&flow.entry, event)).unwrap_or_default(),
            answer: Object::new(),
        };
        run.goes(flow, 0, at);
        Some(run)
    }

    /// Takes the actions whose time has come, as of [`Engine::advance`] to `now`.
    pub fn act(&self, state: &mut State, context: &Context, now: Timestamp) -> Vec<Acted> {
        self.act_in(state, context, now, |_| true)
    }

    /// The same of flows that no page moves.
    pub fn act_at_edge(&self, state: &mut State, context: &Context, now: Timestamp) -> Vec<Acted> {
        self.act_in(state, context, now, |run| self.is_of_edge(run))
    }

    /// When [`Self::act_at_edge`] may have something to do, if nothing happens before.
    pub fn edge_due(&self, state: &State) -> Timestamp {
        let flows = &self.program.flows;
        let watches = |flow: &Flow| {
            let cues = flow.enter.iter().map(|entrance| &entrance.cue);
            flow.edge && cues.into_iter().any(|cue| matches!(cue, Cue::Becomes(_)))
        };
        let members = if flows.iter().any(watches) { state.members.until } else { Timestamp::MAX };
        let runs = state.flows.runs.iter().filter(|run| self.is_of_edge(run));
        runs.map(|run| run.due).fold(members, Timestamp::min)
    }

    /// Whether one that has not ended is of a flow that no page moves.
    fn is_of_edge(&self, run: &Run) -> bool {
        run.step.is_some() && self.program.flow(run.flow).is_none_or(|flow| flow.edge)
    }

    fn act_in(
        &self,
        state: &mut State,
        context: &Context,
        now: Timestamp,
        which: impl Fn(&Run) -> bool,
    ) -> Vec<Acted> {
        let mut acted = Vec::new();
        for _ in 0..Self::STEPS {
            let Some(stepped) = self.act_next(state, context, now, &which) else { break };
            acted.extend(stepped.acted);
        }
        acted
    }

    /// Steps of one call of [`Self::act`]. Whoever has more goes on with the next.
    pub const STEPS: usize = 256;

    /// The first step of those that [`Self::act`] takes, for whoever wants to see the way of a run;
    /// `None` when none is due.
    pub fn act_once(
        &self,
        state: &mut State,
        context: &Context,
        now: Timestamp,
    ) -> Option<Stepped> {
        self.act_next(state, context, now, |_| true)
    }

    fn act_next(
        &self,
        state: &mut State,
        context: &Context,
        now: Timestamp,
        which: impl Fn(&Run) -> bool,
    ) -> Option<Stepped> {
        let at = At { context, now: state.clamp(now) };
        // A state that was spoiled may stand at a moment that no event can have.
        if !WHOLE || Timestamp::from_js(at.now.to_js()).is_none() {
            return None;
        }
        let due =
            state.flows.runs.iter().enumerate().filter(|(_, run)| run.due <= at.now && which(run));
        // What is due at once is done in the order of the pack.
        let order = |run: &Run| (run.due, self.program.index.flow_of(run.flow));
        let (number, _) = due.min_by_key(|(_, run)| order(run))?;
        Some(self.step(state, number, at))
    }

    /// Does from one moment to another what a host does that never sleeps: each action is taken when
    /// it is due.
    pub fn run(
        &self,
        state: &mut State,
        (from, now): (Timestamp, Timestamp),
        context: impl Fn(&State, Timestamp) -> Context,
    ) -> Vec<Acted> {
        let mut all = Vec::new();
        // Without any, nothing is lost by sleeping.
        while !self.program.flows.is_empty() {
            let due = state.valid_until();
            let at = due.max(from).min(now);
            self.advance(state, at);
            let acted = self.act(state, &context(state, at), at);
            let done = acted.is_empty() && state.valid_until() <= due;
            all.extend(acted);
            if due > now || done {
                break;
            }
        }
        all
    }

    fn step(&self, state: &mut State, number: usize, at: At<'_>) -> Stepped {
        let mut run = state.flows.runs[number].clone();
        let flow = self.program.flow(run.flow);
        // Without its journey, or its step, it is over.
        let step = flow.and_then(|flow| Some((flow, run.stands_at(flow)?)));
        let ended = |flow: &Flow| {
            flow.over.is_some_and(|over| self.of_run(state, &run, over, at).truth == Truth::True)
        };
        let Some((flow, step)) = step.filter(|(flow, _)| !ended(flow)) else {
            state.flows.runs[number].ends();
            return Stepped { acted: None, ended: Some(Ended::Over) };
        };
        let (mut takes, mut ended) = (None, None);
        match &flow.steps[step as usize].does {
            Does::Wait(_) => run.goes(flow, step + 1, at.now),
            Does::Go(to) => run.goes(flow, *to, at.now),
            Does::Branch { arms, otherwise } => {
                let holds = |(cond, _): &&(CondId, u32)| {
                    self.of_run(state, &run, *cond, at).truth == Truth::True
                };
                let to = arms.iter().find(holds).map_or(*otherwise, |(_, to)| *to);
                run.goes(flow, to, at.now);
            }
            Does::Await { until, most, missed, .. } => {
                let answer = until.map(|until| self.of_run(state, &run, until, at));
                let end = most.map_or(Timestamp::MAX, |most| run.since.plus(most));
                if answer.is_some_and(|answer| answer.truth == Truth::True) {
                    run.goes(flow, step + 1, at.now);
                } else if end <= at.now {
                    run.goes(flow, *missed, at.now);
                } else {
                    run.due = answer.map_or(end, |answer| answer.until.min(end));
                }
            }
            Does::Act(act) if !at.context.consent.contains(act.purpose) => {
                run.ends();
                ended = Some(Ended::NoConsent);
            }
            Does::Act(act) => {
                let asked = |cond: CondId| self.of_run(state, &run, cond, at);
                let quiet = act.quiet.map(asked).filter(|quiet| quiet.truth == Truth::False);
                let limited = act.limit.map(asked).is_some_and(|it| it.truth == Truth::False);
                if let Some(quiet) = quiet {
                    run.due = quiet.until;
                } else {
                    takes = (!limited).then(|| action(flow, step, act, &run, at.now));
                    run.goes(flow, step + 1, at.now);
                }
            }
        }
        state.flows.runs[number] = run;
        let acted = takes.and_then(|event| {
            let effects = self.apply_owned(state, event.clone());
            // Another host has taken it.
            (effects.applied != Applied::Duplicate).then_some(Acted { event, effects })
        });
        Stepped { acted, ended }
    }

    /// A condition on the visitor and on what their run has kept.
    fn of_run(&self, state: &State, run: &Run, cond: CondId, at: At<'_>) -> Answer {
        let members = self.members_at(state, at.now);
        let kept = [("entry", run.entry.clone()), ("event", run.answer.clone())];
        let item = Value::Object(
            kept.into_iter().map(|(name, object)| (name, Value::Object(object))).collect(),
        );
        Evaluation::of_page(*self, (&state.head, &members), at.context, at.now, &mut Silent)
            .looking_at(&item)
            .answer(cond)
    }
}

/// Whether an event may move flows: ours do not.
fn moves(event: &Event) -> bool {
    !Act::is_named(&event.name)
}

/// Whether an event is about the run: not when it names another key.
fn meant(flow: &Flow, run: &Run, event: &Event) -> bool {
    let named = flow.key.as_ref().and_then(|keys| event.properties.at(keys));
    named.is_none_or(|named| *named == run.key)
}

fn kept(paths: &[Vec<String>], event: &Event) -> Object {
    let mut kept = Object::new();
    for keys in paths {
        if let Some(value) = event.properties.at(keys).filter(|value| short(value)) {
            insert(&mut kept, keys, value.clone());
        }
    }
    kept
}

fn insert(into: &mut Object, keys: &[String], value: Value) {
    let Some((first, rest)) = keys.split_first() else { return };
    if rest.is_empty() {
        return into.insert(first.as_str(), value);
    }
    let mut inner = match into.remove(first) {
        Some(Value::Object(inner)) => inner,
        _ => Object::new(),
    };
    insert(&mut inner, rest, value);
    into.insert(first.as_str(), Value::Object(inner));
}

fn short(value: &Value) -> bool {
    value.weight() <= KEPT_BYTES
}

fn action(flow: &Flow, step: u32, act: &Act, run: &Run, now: Timestamp) -> Event {
    let step = flow.steps[step as usize].id.as_str();
    let mut event = Event::new(&action_id(flow, step, run), Kind::Track, &act.event, now);
    for (key, value) in &act.properties {
        event.properties.insert(key.as_str(), Value::Text(value.clone()));
    }
    event.properties.insert("step_id", Value::from(step));
    if run.key != Value::Null {
        event.properties.insert("key", run.key.clone());
    }
    event
}

/// The same wherever and whenever the step is taken: a run takes each of its steps once.
fn action_id(flow: &Flow, step: &str, run: &Run) -> String {
    let mut out = waymark_model::Writer::default();
    out.text(&flow.id);
    run.key.write(&mut out);
    out.signed(run.entered.0);
    out.text(step);
    let mut id = String::from("act-");
    let mut bytes = out.into_bytes();
    for _ in 0..2 {
        for nibble in
            fnv1a64(&bytes).to_be_bytes().into_iter().flat_map(|byte| [byte >> 4, byte & 15])
        {
            id.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
        }
        bytes.push(1);
    }
    id
}
