//! A visitor's events, taken as a host takes them that never sleeps.

use waymark_engine::state::Effects;
use waymark_engine::{Acted, Context, Engine, State};
use waymark_model::{Event, Timestamp};

use crate::zone::zoned;

/// What became of a visitor.
#[derive(Debug)]
pub struct Played {
    pub state: State,
    /// Of each event.
    pub effects: Vec<Effects>,
    pub actions: Vec<Acted>,
}

/// Takes events as they arrive, each with the moment at which it does, and every action at the moment
/// at which it is due. The clock goes from the first moment to the second. `device` is the zone of the
/// visitor's device.
pub fn play(
    engine: Engine<'_>,
    state: State,
    (mut clock, now): (Timestamp, Timestamp),
    arrivals: impl IntoIterator<Item = (Event, Timestamp)>,
    context: &Context,
    device: Option<&str>,
) -> Played {
    let around = |state: &State, at: Timestamp| zoned(context.clone(), device, state, at);
    let mut played = Played { state, effects: Vec::new(), actions: Vec::new() };
    for (event, arrives) in arrivals {
        let since = clock;
        clock = clock.max(arrives);
        played.actions.extend(engine.run(&mut played.state, (since, clock), around));
        played.effects.push(engine.apply_owned(&mut played.state, event));
        played.actions.extend(engine.run(&mut played.state, (clock, clock), around));
    }
    played.actions.extend(engine.run(&mut played.state, (clock, now.max(clock)), around));
    played
}
