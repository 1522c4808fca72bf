//! When an event counts as having happened, and who may say so.

use crate::fields::Member;
use crate::instant::FORMS;
use crate::{Code, WireError};
use waymark_model::{Span, Timestamp};

/// What the sender of a call may claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The key is public: its events cannot be dated further back than [`BACK_DATE`].
    Browser,
    /// The key is secret: history may be imported with it.
    Server,
}

/// How far before its receipt an event from a browser key may lie. Clients stop retrying by then.
pub const BACK_DATE: Span = Span(7 * Span::DAY.0);

/// The instant an event has on the wire, and the member it came from.
pub(crate) type Stamp = Option<(Member, Timestamp)>;

/// By what an event's time is fixed.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    /// By the receiver. `sent_at` is the batch's; an event's own goes before it.
    Receiver { received: Timestamp, basis: Basis, sent_at: Option<Timestamp> },
    /// By what is written: the event was accepted once, and is read again.
    Written,
}

impl Clock {
    /// The effective time.
    pub(crate) fn time(
        self,
        stamp: Stamp,
        own_sent_at: Option<Timestamp>,
    ) -> Result<Timestamp, WireError> {
        match (self, stamp) {
            (Self::Written, Some((_, at))) => Ok(at),
            (Self::Written, None) => Err(WireError::new(
                Code::MissingTimestamp,
                Member::Timestamp.pointer(),
                format!("An event that is read again needs its `timestamp`. {FORMS}"),
            )),
            (Self::Receiver { received, .. }, None) => Ok(received),
            (Self::Receiver { received, basis, sent_at }, Some((member, at))) => {
                let skew = own_sent_at.or(sent_at).map_or(Span(0), |sent| received.since(sent));
                let time = at.plus(skew).min(received);
                if time.0.unsigned_abs() > Timestamp::JS_LIMIT.unsigned_abs() {
                    return Err(out_of_range(member));
                }
                if basis == Basis::Browser && received.since(time) > BACK_DATE {
                    return Err(back_dated(member, received.since(time)));
                }
                Ok(time)
            }
        }
    }
}

fn out_of_range(member: Member) -> WireError {
    let message = format!(
        "`{}` moved by the time between `sentAt` and receipt is further from 1970 than a Date can \
         hold. Send the sender's real time as `sentAt`.",
        member.name(),
    );
    WireError::new(Code::BadTimestamp, member.pointer(), message)
}

fn back_dated(member: Member, age: Span) -> WireError {
    let message = format!(
        "The event lies {} days before its receipt; with a browser key it may lie at most {}. Send \
         history with a server key, and the sender's clock as `sentAt`.",
        age.0 / Span::DAY.0,
        BACK_DATE.0 / Span::DAY.0,
    );
    WireError::new(Code::BackDated, member.pointer(), message)
}

#[cfg(test)]
mod tests {
    use super::{BACK_DATE, Basis, Clock};
    use crate::fields::Member;
    use waymark_model::{Span, Timestamp};

    const RECEIVED: Timestamp = Timestamp(1_700_000_000_000);

    fn after_receipt(ms: i64) -> Timestamp {
        RECEIVED.plus(Span(ms))
    }

    /// All in milliseconds after receipt: when it says it happened, when it and its batch say they
    /// were sent, and the outcome.
    fn time(basis: Basis, at: Option<i64>, own: Option<i64>, batch: Option<i64>) -> i64 {
        let sent_at = batch.map(after_receipt);
        let clock = Clock::Receiver { received: RECEIVED, basis, sent_at };
        let stamp = at.map(|ms| (Member::Timestamp, after_receipt(ms)));
        clock.time(stamp, own.map(after_receipt)).unwrap().since(RECEIVED).0
    }

    #[test]
    fn the_senders_clock_is_corrected_by_when_it_says_it_sent() {
        assert_eq!(time(Basis::Server, Some(-5_000), None, None), -5_000);
        assert_eq!(time(Basis::Server, Some(-65_000), Some(-60_000), None), -5_000);
        assert_eq!(time(Basis::Server, Some(55_000), None, Some(60_000)), -5_000);
    }

    #[test]
    fn an_events_own_sent_at_goes_before_the_batchs() {
        assert_eq!(time(Basis::Server, Some(-5_000), Some(-1_000), Some(-4_000)), -4_000);
    }

    #[test]
    fn an_event_never_lies_after_its_receipt() {
        assert_eq!(time(Basis::Server, Some(1), None, None), 0);
        assert_eq!(time(Basis::Browser, Some(-1_000), Some(-9_000), None), 0);
        assert_eq!(time(Basis::Browser, None, Some(-9_000), None), 0);
    }

    #[test]
    fn only_a_server_key_may_back_date_past_a_week() {
        let late = -BACK_DATE.0 - 1;
        assert_eq!(time(Basis::Browser, Some(-BACK_DATE.0), None, None), -BACK_DATE.0);
        assert_eq!(time(Basis::Server, Some(late), None, None), late);
        let clock = Clock::Receiver { received: RECEIVED, basis: Basis::Browser, sent_at: None };
        let stamp = (Member::OriginalTimestamp, after_receipt(late - Span::DAY.0));
        let error = clock.time(Some(stamp), None).unwrap_err();
        assert_eq!((error.code(), error.pointer.as_str()), ("back-dated", "/originalTimestamp"));
        assert!(error.message.contains("8 days") && error.message.contains("at most 7"));
    }

    #[test]
    fn a_correction_past_every_date_is_refused() {
        let clock = Clock::Receiver { received: RECEIVED, basis: Basis::Server, sent_at: None };
        let first = Timestamp(-Timestamp::JS_LIMIT);
        let last = Timestamp(Timestamp::JS_LIMIT);
        let error = clock.time(Some((Member::Timestamp, first)), Some(last)).unwrap_err();
        assert_eq!(error.code(), "bad-timestamp");
    }

    #[test]
    fn an_event_read_again_keeps_its_time_and_must_have_one() {
        let later = after_receipt(Span::WEEK.0);
        let stamp = Some((Member::Timestamp, later));
        assert_eq!(Clock::Written.time(stamp, Some(RECEIVED)), Ok(later));
        assert_eq!(Clock::Written.time(None, None).unwrap_err().code(), "missing-timestamp");
    }
}
