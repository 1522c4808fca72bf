//! Conditions as bytes.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Purpose, Reader, Span, Timestamp, Value, Writer};

use super::{one_of, refuse};
use crate::WHOLE;
use crate::program::{
    Clock, Compare, Cond, CondId, Order, Path, Relation, Root, SessionKey, Share, Source, Test,
    TimeKey, Type, ZoneId,
};

pub(in crate::program) fn read_id(input: &mut Reader<'_>) -> CondId {
    CondId(input.u32())
}

fn write_ids(out: &mut Writer, ids: &[CondId]) {
    out.list(ids, |out, id| out.unsigned(id.0.into()));
}

pub(super) fn write_cond(out: &mut Writer, cond: &Cond) {
    match cond {
        Cond::All(parts) => {
            out.byte(0);
            write_ids(out, parts);
        }
        Cond::Any(parts) => {
            out.byte(1);
            write_ids(out, parts);
        }
        Cond::Not(part) => {
            out.byte(2);
            out.unsigned(part.0.into());
        }
        Cond::Test(test) => {
            out.byte(3);
            write_test(out, test);
        }
    }
}

#[cfg_attr(feature = "lean", inline(never))]
pub(super) fn read_cond(input: &mut Reader<'_>) -> Cond {
    match input.byte() {
        0 => Cond::All(input.list(read_id)),
        1 => Cond::Any(input.list(read_id)),
        2 => Cond::Not(read_id(input)),
        3 => Cond::Test(read_test(input)),
        _ => refuse(input, "unknown-condition", Cond::All(Vec::new())),
    }
}

fn write_span(out: &mut Writer, span: Option<Span>) {
    out.option(span.as_ref(), |out, span| out.signed(span.0));
}

fn read_span(input: &mut Reader<'_>) -> Option<Span> {
    input.option(|input| Span(input.signed()))
}

fn write_test(out: &mut Writer, test: &Test) {
    match test {
        Test::Compare { source, compare } => {
            out.byte(0);
            write_source(out, source);
            write_compare(out, compare);
        }
        Test::Count { feature, within, session, least, most } => {
            out.byte(1);
            out.unsigned((*feature).into());
            write_span(out, *within);
            out.flag(*session);
            out.unsigned((*least).into());
            out.option(most.as_ref(), |out, most| out.unsigned((*most).into()));
        }
        Test::Relate { left, relation, right } => {
            out.byte(2);
            write_source(out, left);
            write_relation(out, *relation);
            write_source(out, right);
        }
        Test::Age { feature, order, span } => {
            out.byte(3);
            out.unsigned((*feature).into());
            out.byte(*order as u8);
            out.signed(span.0);
        }
        Test::Elapsed { source, ahead, order, span } => {
            out.byte(4);
            write_source(out, source);
            out.flag(*ahead);
            out.byte(*order as u8);
            out.signed(span.0);
        }
        Test::Sequence { feature, within, idle } => {
            out.byte(5);
            out.unsigned((*feature).into());
            write_span(out, *within);
            write_span(out, *idle);
        }
        Test::Segment(segment) => {
            out.byte(6);
            out.unsigned((*segment).into());
        }
        Test::Stage { least, most } => {
            out.byte(7);
            out.unsigned((*least).into());
            out.unsigned((*most).into());
        }
        Test::Clock(Clock { zone, from, to, days, workdays }) => {
            out.byte(8);
            out.unsigned(zone.0.into());
            out.unsigned((*from).into());
            out.unsigned((*to).into());
            out.byte(*days);
            out.flag(*workdays);
        }
        Test::Anniversary { source, before, after, zone } => {
            out.byte(9);
            write_source(out, source);
            out.signed(before.0);
            out.signed(after.0);
            out.unsigned(zone.0.into());
        }
        Test::Consent(purpose) => {
            out.byte(10);
            out.byte(*purpose as u8);
        }
        Test::Scheduled { from, until } => {
            out.byte(11);
            out.signed(from.0);
            out.signed(until.0);
        }
        Test::Percent(share) => {
            out.byte(12);
            share.write(out);
        }
        Test::Channel { of_event, among } => {
            out.byte(13);
            out.flag(*of_event);
            out.unsigned((*among).into());
        }
    }
}

fn read_test(input: &mut Reader<'_>) -> Test {
    match input.byte() {
        0 => Test::Compare { source: read_source(input), compare: read_compare(input) },
        1 => Test::Count {
            feature: input.u32(),
            within: read_span(input),
            session: input.flag(),
            least: input.u32(),
            most: input.option(Reader::u32),
        },
        2 if WHOLE => Test::Relate {
            left: read_source(input),
            relation: read_relation(input),
            right: read_source(input),
        },
        3 => {
            Test::Age { feature: input.u32(), order: read_order(input), span: Span(input.signed()) }
        }
        4 if WHOLE => Test::Elapsed {
            source: read_source(input),
            ahead: input.flag(),
            order: read_order(input),
            span: Span(input.signed()),
        },
        5 => Test::Sequence {
            feature: input.u32(),
            within: read_span(input),
            idle: read_span(input),
        },
        6 => Test::Segment(input.u32()),
        7 => Test::Stage { least: input.u32(), most: input.u32() },
        8 if WHOLE => Test::Clock(Clock {
            zone: ZoneId(input.u32()),
            from: input.u32(),
            to: input.u32(),
            days: input.byte(),
            workdays: input.flag(),
        }),
        9 if WHOLE => Test::Anniversary {
            source: read_source(input),
            before: Span(input.signed()),
            after: Span(input.signed()),
            zone: ZoneId(input.u32()),
        },
        10 => Test::Consent(one_of(input, &Purpose::ALL, "unknown-purpose")),
        11 => Test::Scheduled { from: Timestamp(input.signed()), until: Timestamp(input.signed()) },
        12 => Test::Percent(Share::read(input)),
        13 if WHOLE => Test::Channel { of_event: input.flag(), among: input.u32() },
        _ => refuse(input, "unknown-test", Test::Segment(0)),
    }
}

pub(in crate::program) fn write_source(out: &mut Writer, source: &Source) {
    match source {
        Source::Path(path) => {
            out.byte(0);
            write_path(out, path);
        }
        Source::Feature(feature) => {
            out.byte(1);
            out.unsigned((*feature).into());
        }
        Source::Session(key) => {
            out.byte(2);
            out.byte(*key as u8);
        }
        Source::Time(key, zone) => {
            out.byte(3);
            out.byte(*key as u8);
            out.unsigned(zone.0.into());
        }
        Source::Score(model) => {
            out.byte(4);
            out.unsigned((*model).into());
        }
    }
}

pub(in crate::program) fn read_source(input: &mut Reader<'_>) -> Source {
    match input.byte() {
        0 => Source::Path(read_path(input)),
        1 => Source::Feature(input.u32()),
        4 if WHOLE => Source::Score(input.u32()),
        2 => Source::Session(one_of(input, &SessionKey::ALL, "unknown-session-key")),
        3 if WHOLE => {
            Source::Time(one_of(input, &TimeKey::ALL, "unknown-time-key"), ZoneId(input.u32()))
        }
        _ => refuse(input, "unknown-source", Source::Feature(0)),
    }
}

fn write_relation(out: &mut Writer, relation: Relation) {
    out.byte(match relation {
        Relation::Order(order) => order as u8,
        Relation::Eq => 4,
        Relation::In => 5,
    });
}

fn read_relation(input: &mut Reader<'_>) -> Relation {
    const ALL: [Relation; 6] = [
        Relation::Order(Order::Lt),
        Relation::Order(Order::Lte),
        Relation::Order(Order::Gt),
        Relation::Order(Order::Gte),
        Relation::Eq,
        Relation::In,
    ];
    one_of(input, &ALL, "unknown-relation")
}

pub(in crate::program) fn write_path(out: &mut Writer, path: &Path) {
    out.byte(path.root as u8);
    out.list(&path.keys, |out, key| out.text(key));
}

pub(in crate::program) fn read_path(input: &mut Reader<'_>) -> Path {
    Path { root: one_of(input, &Root::ALL, "unknown-root"), keys: read_keys(input) }
}

fn read_order(input: &mut Reader<'_>) -> Order {
    one_of(input, &Order::ALL, "unknown-order")
}

pub(in crate::program) fn write_compare(out: &mut Writer, compare: &Compare) {
    let values = |out: &mut Writer, values: &[Value]| out.list(values, |out, v| v.write(out));
    match compare {
        Compare::Is(value) => {
            out.byte(0);
            value.write(out);
        }
        Compare::Order(order, value) => {
            out.byte(1);
            out.byte(*order as u8);
            value.write(out);
        }
        Compare::In(list) => {
            out.byte(2);
            values(out, list);
        }
        Compare::InFolded(list) => {
            out.byte(3);
            values(out, list);
        }
        Compare::Group(group) => {
            out.byte(4);
            out.unsigned((*group).into());
        }
        Compare::Exists => out.byte(5),
        Compare::Type(ty) => {
            out.byte(6);
            out.byte(*ty as u8);
        }
        Compare::Pattern(pattern) => {
            out.byte(7);
            out.unsigned((*pattern).into());
        }
        Compare::Version(relation, version) => {
            out.byte(8);
            write_relation(out, *relation);
            out.text(version);
        }
        Compare::Some(cond) => {
            out.byte(9);
            out.unsigned(cond.0.into());
        }
        Compare::Size(cond) => {
            out.byte(10);
            out.unsigned(cond.0.into());
        }
    }
}

#[cfg_attr(feature = "lean", inline(never))]
pub(in crate::program) fn read_compare(input: &mut Reader<'_>) -> Compare {
    match input.byte() {
        0 => Compare::Is(Value::read(input)),
        1 => Compare::Order(read_order(input), Value::read(input)),
        2 => Compare::In(input.list(Value::read)),
        3 if WHOLE => Compare::InFolded(input.list(Value::read)),
        4 => Compare::Group(input.u32()),
        5 => Compare::Exists,
        6 if WHOLE => Compare::Type(one_of(input, &Type::ALL, "unknown-type")),
        7 if WHOLE => Compare::Pattern(input.u32()),
        8 if WHOLE => Compare::Version(read_relation(input), input.string()),
        9 if WHOLE => Compare::Some(read_id(input)),
        10 if WHOLE => Compare::Size(read_id(input)),
        _ => refuse(input, "unknown-comparison", Compare::Exists),
    }
}

pub(in crate::program) fn write_keys(out: &mut Writer, keys: &[String]) {
    out.list(keys, |out, key| out.text(key));
}

pub(in crate::program) fn read_keys(input: &mut Reader<'_>) -> Vec<String> {
    input.list(Reader::string)
}
