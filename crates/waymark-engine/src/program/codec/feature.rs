//! Features as bytes.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Fixed, Reader, Span, Writer};

use super::condition::{read_id, read_keys, write_keys};
use super::{one_of, refuse};
use crate::WHOLE;
use crate::program::{
    Amount, Feature, FeatureKind, Items, Ledger, Matcher, Merge, Period, Taken, Window,
};

pub(in crate::program) fn write_matcher(out: &mut Writer, matcher: &Matcher) {
    out.option(matcher.event.as_ref(), |out, event| out.unsigned((*event).into()));
    out.option(matcher.condition.as_ref(), |out, cond| out.unsigned(cond.0.into()));
}

pub(in crate::program) fn read_matcher(input: &mut Reader<'_>) -> Matcher {
    Matcher { event: input.option(Reader::u32), condition: input.option(read_id) }
}

fn write_taken(out: &mut Writer, taken: &Taken) {
    let property = match &taken.amount {
        Amount::One => None,
        Amount::Property(keys) => Some(keys),
    };
    for keys in [taken.each.as_ref(), property] {
        out.option(keys, |out, keys| write_keys(out, keys));
    }
}

fn read_taken(input: &mut Reader<'_>) -> Taken {
    Taken {
        each: input.option(read_keys),
        amount: input.option(read_keys).map_or(Amount::One, Amount::Property),
    }
}

fn write_window(out: &mut Writer, window: Option<Window>) {
    out.option(window.as_ref(), |out, window| {
        out.signed(window.resolution.0);
        out.unsigned(window.buckets.into());
        out.unsigned(window.skip.into());
    });
}

fn read_window(input: &mut Reader<'_>) -> Option<Window> {
    input.option(|input| Window {
        resolution: Span(input.signed()),
        buckets: input.u32(),
        skip: input.u32(),
    })
}

pub(super) fn write_feature(out: &mut Writer, feature: &Feature) {
    out.fixed64(feature.fingerprint);
    let capture = |out: &mut Writer, capture: &Option<Vec<String>>| {
        out.option(capture.as_ref(), |out, keys| write_keys(out, keys));
    };
    match &feature.kind {
        FeatureKind::Times { on, keep } => {
            out.byte(0);
            write_matcher(out, on);
            out.unsigned((*keep).into());
        }
        FeatureKind::Windowed { on, taken, merge, window } => {
            out.byte(1);
            write_matcher(out, on);
            write_taken(out, taken);
            out.byte(*merge as u8);
            write_window(out, *window);
        }
        FeatureKind::First { on, capture: kept } => {
            out.byte(2);
            write_matcher(out, on);
            capture(out, kept);
        }
        FeatureKind::Last { on, capture: kept } => {
            out.byte(3);
            write_matcher(out, on);
            capture(out, kept);
        }
        FeatureKind::Sequence { steps, without } => {
            out.byte(4);
            out.list(steps, write_matcher);
            out.list(without, write_matcher);
        }
        FeatureKind::Distinct { on, taken, window, most } => {
            out.byte(5);
            write_matcher(out, on);
            write_taken(out, taken);
            write_window(out, *window);
            out.unsigned((*most).into());
        }
        FeatureKind::Top { on, taken, window, most } => {
            out.byte(6);
            write_matcher(out, on);
            write_taken(out, taken);
            write_window(out, *window);
            out.unsigned((*most).into());
        }
        FeatureKind::Streak { on, period } => {
            out.byte(7);
            write_matcher(out, on);
            out.byte(*period as u8);
        }
        FeatureKind::Items(Items { add, remove, clear, taken, most }) => {
            out.byte(8);
            for matchers in [add, remove, clear] {
                out.list(matchers, write_matcher);
            }
            write_taken(out, taken);
            out.unsigned((*most).into());
        }
        FeatureKind::Points(Ledger { earn, earned, spend, spent, window }) => {
            out.byte(9);
            out.list(earn, write_matcher);
            out.list(earned, |out, (taken, rate)| {
                write_taken(out, taken);
                out.signed(rate.0);
            });
            out.list(spend, write_matcher);
            write_taken(out, spent);
            write_window(out, *window);
        }
    }
}

#[cfg_attr(feature = "lean", inline(never))]
pub(super) fn read_feature(input: &mut Reader<'_>) -> Feature {
    Feature { fingerprint: input.fixed64(), kind: read_feature_kind(input) }
}

fn read_feature_kind(input: &mut Reader<'_>) -> FeatureKind {
    match input.byte() {
        0 => FeatureKind::Times { on: read_matcher(input), keep: input.u32() },
        1 => FeatureKind::Windowed {
            on: read_matcher(input),
            taken: read_taken(input),
            merge: one_of(input, &Merge::ALL, "unknown-merge"),
            window: read_window(input),
        },
        2 => FeatureKind::First { on: read_matcher(input), capture: input.option(read_keys) },
        3 => FeatureKind::Last { on: read_matcher(input), capture: input.option(read_keys) },
        4 => FeatureKind::Sequence {
            steps: input.list(read_matcher),
            without: input.list(read_matcher),
        },
        5 if WHOLE => FeatureKind::Distinct {
            on: read_matcher(input),
            taken: read_taken(input),
            window: read_window(input),
            most: input.u32(),
        },
        6 if WHOLE => FeatureKind::Top {
            on: read_matcher(input),
            taken: read_taken(input),
            window: read_window(input),
            most: input.u32(),
        },
        7 if WHOLE => FeatureKind::Streak {
            on: read_matcher(input),
            period: one_of(input, &Period::ALL, "unknown-period"),
        },
        8 if WHOLE => FeatureKind::Items(Items {
            add: input.list(read_matcher),
            remove: input.list(read_matcher),
            clear: input.list(read_matcher),
            taken: read_taken(input),
            most: input.u32(),
        }),
        9 if WHOLE => FeatureKind::Points(Ledger {
            earn: input.list(read_matcher),
            earned: input.list(|input| (read_taken(input), Fixed(input.signed()))),
            spend: input.list(read_matcher),
            spent: read_taken(input),
            window: read_window(input),
        }),
        _ => {
            let on = Matcher { event: None, condition: None };
            refuse(input, "unknown-feature", FeatureKind::Times { on, keep: 0 })
        }
    }
}
