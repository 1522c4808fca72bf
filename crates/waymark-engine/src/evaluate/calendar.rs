//! Questions about clocks and calendars.

use waymark_model::{Local, Moment, Span, Timestamp, Value, Zone, weekday};

use super::{Answer, Evaluation, Reading, Watch};
use crate::program::{Clock, Order, Source, ZoneId};

impl<W: Watch> Evaluation<'_, W> {
    pub(super) fn zone(&self, id: ZoneId) -> Zone {
        let host = self.context.filter(|_| id == ZoneId::VISITOR).and_then(|host| host.zone);
        host.unwrap_or_else(|| self.engine.program.zone(id, self.now))
    }

    /// Minutes since midnight, for the explanation.
    pub(super) fn local_time(&self, zone: ZoneId) -> Value {
        let minutes = self.zone(zone).local(self.now).time_of_day().0 / Span::MINUTE.0;
        #[expect(clippy::cast_precision_loss, reason = "a day has few minutes")]
        Value::Number(minutes as f64)
    }

    pub(super) fn clock(&self, clock: Clock) -> Answer {
        let zone = self.zone(clock.zone);
        let local = zone.local(self.now);
        let midnight = Local::of_day(local.day());
        let time = local.time_of_day();
        let minutes = |minutes: u32| Span(i64::from(minutes) * Span::MINUTE.0);
        let (from, to) = (minutes(clock.from), minutes(clock.to));
        let in_hours =
            if from < to { from <= time && time < to } else { time >= from || time < to };
        let works =
            !(clock.workdays && self.engine.program.holidays.binary_search(&local.day()).is_ok());
        let on_day = clock.days >> weekday(local.day()) & 1 == 1;
        // The next of the times at which it may turn.
        let next = [from, to, Span::DAY]
            .into_iter()
            .filter(|turn| *turn > time)
            .fold(Span::DAY, Span::min);
        let until = zone.instant(Local(midnight.0 + next.0));
        Answer::until(in_hours && on_day && works, until)
    }

    pub(super) fn elapsed(&self, source: &Source, ahead: bool, order: Order, span: Span) -> Answer {
        let Reading { value, until } = self.read(source);
        let Some(value) = value else { return Answer::unknown(until) };
        let zone = |at| self.engine.program.zone(ZoneId::PACK, at);
        // The pack's clocks may change between now and the date: twice is enough to meet both.
        let instant = |local: Local| {
            let guess = Timestamp(local.0).minus(zone(self.now).offset);
            Timestamp(local.0).minus(zone(guess).offset)
        };
        let (start, end) = match moment(&value) {
            None => return Answer::until(false, until),
            Some(Moment::At(at)) => (at, at),
            Some(Moment::Local(local)) => (instant(local), instant(local)),
            Some(Moment::Day(day)) => {
                (instant(Local::of_day(day)), instant(Local::of_day(day + 1)))
            }
        };
        let now = self.now;
        let (holds, turn) = if ahead {
            if now >= end.max(start.plus(Span(1))) {
                return Answer::until(false, until);
            }
            let left = Span(start.since(now).0.max(0));
            let turn = start.minus(span);
            let turn = match order {
                Order::Lte | Order::Gt => turn,
                Order::Lt | Order::Gte => turn.plus(Span(1)),
            };
            let over = end.max(start.plus(Span(1)));
            (order.holds(left.cmp(&span)), if now < turn { turn.min(over) } else { over })
        } else {
            if now < start {
                return Answer::until(false, start.min(until));
            }
            let turn = start.plus(span);
            let turn = match order {
                Order::Lt | Order::Gte => turn,
                Order::Lte | Order::Gt => turn.plus(Span(1)),
            };
            let turn = if now < turn { turn } else { Timestamp::MAX };
            (order.holds(now.since(start).cmp(&span)), turn)
        };
        Answer::until(holds, turn.min(until))
    }

    pub(super) fn anniversary(
        &self,
        source: &Source,
        before: Span,
        after: Span,
        zone: ZoneId,
    ) -> Answer {
        let Reading { value, until } = self.read(source);
        let Some(value) = value else { return Answer::unknown(until) };
        let zone = self.zone(zone);
        let born = match moment(&value) {
            None => return Answer::until(false, until),
            Some(Moment::At(at)) => zone.local(at).date(),
            Some(Moment::Local(local)) => local.date(),
            Some(Moment::Day(day)) => Local::of_day(day).date(),
        };
        let local = zone.local(self.now);
        let year = local.date().year;
        let mut next = Local(i64::MAX);
        let mut holds = false;
        for year in [year - 1, year, year + 1, year + 2] {
            let day = born.in_year(year).days();
            let start = Local(Local::of_day(day).0.saturating_sub(before.0));
            let end = Local(Local::of_day(day + 1).0.saturating_add(after.0));
            holds |= start <= local && local < end;
            for turn in [start, end] {
                if turn > local {
                    next = next.min(turn);
                }
            }
        }
        Answer::until(holds, zone.instant(next).min(until))
    }
}

/// A date as data has it: text, or JavaScript's milliseconds.
pub(crate) fn moment(value: &Value) -> Option<Moment> {
    match value {
        Value::Text(text) => Moment::parse(text),
        Value::Number(ms) => Timestamp::from_js(*ms).map(Moment::At),
        _ => None,
    }
}
