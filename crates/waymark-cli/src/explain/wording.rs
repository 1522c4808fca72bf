//! Tests in words: what was found, what was wanted, and how far off it is.

use waymark_engine::explain::Reason;
use waymark_engine::program::{
    Clock, Compare, FeatureKind, Matcher, Order, Program, Relation, Share, Source, Test, WEEKDAYS,
    ZoneId,
};
use waymark_engine::{Channel, Numerals, Truth};
use waymark_model::{Fixed, Span, Timestamp, Value};
use waymark_wire::{format_timestamp, value_to_json};

/// Says things by the names that the pack gives them.
#[derive(Clone, Copy)]
pub(crate) struct Words<'p>(pub &'p Program);

impl Words<'_> {
    pub(super) fn test(self, found: &Reason<'_>) -> String {
        let said = match found.test {
            Test::Compare { source, compare } => {
                self.compared(&self.source(source), compare, found)
            }
            Test::Relate { left, relation, right } => {
                let wanted = format!("{} {}", relation_word(*relation), self.source(right));
                let (left, actual) = (self.source(left), value(&found.clause.actual));
                match (found.met, found.want) {
                    (true, _) => format!("{left} is {actual}"),
                    (false, true) => format!("{left} is {actual}, wanted {wanted}"),
                    (false, false) => format!("{left} is {actual}, wanted not {wanted}"),
                }
            }
            Test::Elapsed { source, ahead, order, span } => {
                self.elapsed(source, *ahead, *order, *span, found)
            }
            Test::Clock(clock) => self.clock(*clock, found),
            Test::Anniversary { source, before, after, .. } => {
                let near = self.anniversary(source, *before, *after);
                let is = format!("{} is {}", self.source(source), value(&found.clause.actual));
                match (found.met, found.want) {
                    (true, _) => is,
                    (false, true) => format!("{is}: today is not {near}"),
                    (false, false) => format!("{is}: today is {near}, wanted not"),
                }
            }
            Test::Consent(purpose) => match (found.clause.actual == Value::Bool(true), found.met) {
                (true, true) => format!("consent for {}", purpose.name()),
                (true, false) => format!("consent for {}, wanted none", purpose.name()),
                (false, _) => format!("no consent for {}", purpose.name()),
            },
            Test::Scheduled { from, until } => {
                let otherwise = if found.met { "" } else { ", and this is another time" };
                format!("{}{otherwise}", scheduled(*from, *until))
            }
            Test::Percent(share) => in_share(share, found),
            Test::Channel { among, .. } => came_by(*among, found),
            Test::Count { feature, within, session, least, most } => {
                let subject = format!("{}{}", self.occurrence(*feature), window(*within, *session));
                let windowed = within.is_some() || *session;
                let kept = match self.kind(*feature) {
                    Some(FeatureKind::Times { keep, .. }) if windowed => Some(*keep),
                    _ => None,
                };
                counted(&subject, kept, *least, *most, found)
            }
            Test::Age { feature, order, span } => {
                aged(&self.occurrence(*feature), *order, *span, found)
            }
            Test::Sequence { feature, within, idle } => {
                self.sequence(*feature, *within, *idle, found)
            }
            Test::Segment(number) => {
                let id = self.0.segments.get(*number as usize).map_or("?", |s| s.id.as_str());
                match found.clause.actual {
                    Value::Bool(true) if found.met => format!("in the segment {id}"),
                    Value::Bool(true) => format!("in the segment {id}, wanted not"),
                    _ => format!("not in the segment {id}"),
                }
            }
            Test::Stage { least, most } => self.stage(*least, *most, found),
        };
        if found.clause.answer.truth == Truth::Unknown {
            return format!("{said}; unknown, because what was seen does not reach back that far");
        }
        said
    }

    fn sequence(
        self,
        feature: u32,
        within: Option<Span>,
        idle: Option<Span>,
        found: &Reason<'_>,
    ) -> String {
        let Some(FeatureKind::Sequence { steps, without }) = self.kind(feature) else {
            return self.feature(feature);
        };
        let subject = self.sequence_of(steps, without, within);
        let taken = whole(&found.clause.actual);
        let count = steps.len() as u64;
        match (found.clause.answer.truth == Truth::True, found.met) {
            (true, true) => format!("{subject}: it happened"),
            (true, false) => format!("{subject}: it happened, wanted not"),
            (false, true) => format!("{subject}: it did not happen"),
            (false, false) if taken < count && count == 1 => {
                format!("{subject}: it did not happen")
            }
            (false, false) if taken < count => format!("{subject}: {taken} of {count} steps"),
            // Nothing but time can make it true now: it waits, or it has run out.
            (false, false) => match (idle, found.clause.answer.until) {
                (Some(idle), until) if until != Timestamp::MAX => format!(
                    "{subject}: it happened, but less than {} ago{}",
                    duration(idle),
                    format_timestamp(until).map_or_else(String::new, |at| format!(" (until {at})")),
                ),
                _ => format!("{subject}: it happened, but longer ago"),
            },
        }
    }

    pub(super) fn anniversary(self, source: &Source, before: Span, after: Span) -> String {
        let day = format!("the anniversary of {}", self.source(source));
        match (before.0, after.0) {
            (0, 0) => day,
            (0, _) => format!("{day} or up to {} after it", duration(after)),
            (_, 0) => format!("{day} or up to {} before it", duration(before)),
            _ => format!("{day}, from {} before to {} after it", duration(before), duration(after)),
        }
    }

    pub(super) fn sequence_of(
        self,
        steps: &[Matcher],
        without: &[Matcher],
        within: Option<Span>,
    ) -> String {
        let all = |matchers: &[Matcher], between: &str| {
            let words: Vec<String> = matchers.iter().map(|matcher| self.matcher(matcher)).collect();
            words.join(between)
        };
        let since = if without.is_empty() {
            String::new()
        } else {
            format!(" and no {} since", all(without, " or "))
        };
        format!("{}{}{since}", all(steps, ", then "), window(within, false))
    }

    /// The stages between two.
    pub(super) fn stages(self, least: u32, most: u32) -> String {
        let name = |number: u32| self.0.stages.get(number as usize).map_or("?", |s| s.id.as_str());
        let last = u32::try_from(self.0.stages.len()).unwrap_or(u32::MAX).saturating_sub(1);
        match (least, most) {
            (least, most) if least == most => format!("{:?}", name(least)),
            (least, most) if most >= last => format!("{:?} or later", name(least)),
            (0, most) => format!("{:?} or earlier", name(most)),
            (least, most) => format!("{:?} to {:?}", name(least), name(most)),
        }
    }

    fn stage(self, least: u32, most: u32, found: &Reason<'_>) -> String {
        let wanted = self.stages(least, most);
        let is = match &found.clause.actual {
            Value::Text(stage) => format!("the stage is {stage:?}"),
            _ => "in no stage".to_owned(),
        };
        match (found.met, found.want) {
            (true, _) => is,
            (false, true) => format!("{is}, wanted {wanted}"),
            (false, false) => format!("{is}, wanted any but {wanted}"),
        }
    }

    /// A value against what it is compared with, such as `features.spend-90d: 42 < 500 (short by 458)`.
    fn compared(self, subject: &str, compare: &Compare, found: &Reason<'_>) -> String {
        let actual = &found.clause.actual;
        let is = match actual {
            Value::Null => format!("{subject} is missing"),
            actual => format!("{subject} is {}", value(actual)),
        };
        match compare {
            Compare::Order(order, wanted) => {
                let order = if found.want { *order } else { opposite(*order) };
                ordered(subject, order, wanted, found)
            }
            // Nothing else needs to be said of what is missing.
            Compare::Exists if found.want => is,
            _ if found.met => is,
            other => format!("{is}, wanted {}", self.wish(other, found.want)),
        }
    }

    /// What a comparison wants, or, if not `want`, what it must not find.
    pub(super) fn wish(self, compare: &Compare, want: bool) -> String {
        let not = if want { "" } else { "not " };
        match compare {
            Compare::Is(wanted) if want => value(wanted),
            Compare::Is(_) => "anything else".to_owned(),
            Compare::Order(order, wanted) => format!("{not}{} {}", sign(*order), value(wanted)),
            Compare::In(list) | Compare::InFolded(list) => {
                let case = if matches!(compare, Compare::In(_)) { "" } else { ", in any case" };
                format!("{}{case}", if want { one_of(list) } else { none_of(list) })
            }
            Compare::Group(group) => {
                let group = self.0.groups.get(*group as usize).map_or("?", |group| &group.id);
                format!("{not}one of the group {group}")
            }
            Compare::Exists if want => "some value".to_owned(),
            Compare::Exists => "it missing".to_owned(),
            Compare::Type(ty) => format!("{not}the type {}", ty.name()),
            Compare::Pattern(pattern) => {
                let pattern = self.0.patterns.get(*pattern as usize);
                let (source, flags) =
                    pattern.map_or(("?", ""), |p| (&*p.source, if p.folded { "i" } else { "" }));
                format!("{}match of /{source}/{flags}", if want { "a " } else { "no " })
            }
            Compare::Version(relation, version) => {
                let version = version.replace(' ', "");
                let version = version.trim_end_matches("-~");
                format!("{not}a version {} {version}", relation_word(*relation))
            }
            Compare::Some(cond) => {
                format!(
                    "{} element where {}",
                    if want { "some" } else { "no" },
                    self.condition(*cond)
                )
            }
            Compare::Size(cond) => format!("{not}a length where {}", self.condition(*cond)),
        }
    }

    fn elapsed(
        self,
        source: &Source,
        ahead: bool,
        order: Order,
        span: Span,
        found: &Reason<'_>,
    ) -> String {
        let order = if found.want { order } else { opposite(order) };
        let wanted = match order {
            Order::Lt => "less than",
            Order::Lte => "at most",
            Order::Gt => "more than",
            Order::Gte => "at least",
        };
        let side = if ahead { "ahead" } else { "ago" };
        let is = match &found.clause.actual {
            Value::Null => format!("{} is missing", self.source(source)),
            actual => format!("{} is {}", self.source(source), value(actual)),
        };
        if found.met { is } else { format!("{is}, wanted {wanted} {} {side}", duration(span)) }
    }

    /// Whose clock it is.
    pub(super) fn whose(self, zone: ZoneId) -> String {
        match (zone.0 as usize).checked_sub(1) {
            None => "the visitor".to_owned(),
            Some(at) => self.0.zones.get(at).map_or("UTC".to_owned(), |zone| zone.name.clone()),
        }
    }

    /// The hours and days that a clock is to show.
    pub(super) fn hours(Clock { from, to, days, workdays, .. }: Clock) -> String {
        let mut wanted = Vec::new();
        if (from, to) != (0, 24 * 60) {
            wanted.push(format!("{} to {}", time_of_day(from.into()), time_of_day(to.into())));
        }
        if days.trailing_ones() < 7 {
            let days = (0..).zip(WEEKDAYS).filter(|(bit, _)| days >> bit & 1 == 1);
            wanted.push(days.map(|(_, name)| name).collect::<Vec<_>>().join(", "));
        }
        if workdays {
            wanted.push("no holiday".to_owned());
        }
        wanted.join(", ")
    }

    fn clock(self, clock: Clock, found: &Reason<'_>) -> String {
        let (place, wanted) = (self.whose(clock.zone), Self::hours(clock));
        let is = format!("it is {} for {place}", time_of_day(whole(&found.clause.actual)));
        match (found.met, found.want) {
            (true, _) => is,
            (false, true) => format!("{is}, wanted {wanted}"),
            (false, false) => format!("{is}, wanted not {wanted}"),
        }
    }
}

fn time_of_day(minutes: u64) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

pub(super) const fn relation_word(relation: Relation) -> &'static str {
    match relation {
        Relation::Eq => "=",
        Relation::Order(order) => sign(order),
        Relation::In => "in",
    }
}

pub(super) fn scheduled(from: Timestamp, until: Timestamp) -> String {
    let bound = |word: &str, at: Timestamp| match at {
        Timestamp::MIN | Timestamp::MAX => String::new(),
        at => format!(" {word} {}", format_timestamp(at).unwrap_or_default()),
    };
    format!("it is scheduled{}{}", bound("from", from), bound("until", until))
}

fn in_share(share: &Share, found: &Reason<'_>) -> String {
    if found.clause.actual == Value::Null {
        return "the visitor has no id to be counted by".to_owned();
    }
    let not = if found.met == found.want { "" } else { "not " };
    format!("{not}in this {} of the visitors (at {})", percent(share), value(&found.clause.actual))
}

pub(super) fn percent(share: &Share) -> String {
    let wanted: f64 = share.ranges.iter().map(|range| range.end - range.start).sum();
    format!("{}%", print(Fixed::from_f64(wanted * 100.0).to_f64()))
}

fn came_by(among: u32, found: &Reason<'_>) -> String {
    let is = match &found.clause.actual {
        Value::Text(channel) => format!("the channel is {channel}"),
        _ => "there is no channel".to_owned(),
    };
    match (found.met, found.want) {
        (true, _) => is,
        (false, true) => format!("{is}, wanted {}", channels(among)),
        (false, false) => format!("{is}, wanted any but {}", channels(among)),
    }
}

const fn opposite(order: Order) -> Order {
    match order {
        Order::Lt => Order::Gte,
        Order::Lte => Order::Gt,
        Order::Gt => Order::Lte,
        Order::Gte => Order::Lt,
    }
}

const fn sign(order: Order) -> &'static str {
    match order {
        Order::Lt => "<",
        Order::Lte => "≤",
        Order::Gt => ">",
        Order::Gte => "≥",
    }
}

const fn wants_more(order: Order) -> bool {
    matches!(order, Order::Gt | Order::Gte)
}

fn ordered(subject: &str, order: Order, wanted: &Value, found: &Reason<'_>) -> String {
    let actual = &found.clause.actual;
    let shown = match actual {
        Value::Null => "missing".to_owned(),
        actual => value(actual),
    };
    if found.met {
        return format!("{subject}: {shown} {} {}", sign(order), value(wanted));
    }
    // Only numbers are compared with numbers.
    let (Value::Number(have), Value::Number(need)) = (actual, wanted) else {
        return format!("{subject} is {shown}, wanted {} {}", sign(order), value(wanted));
    };
    let off = Fixed::from_f64((have - need).abs()).to_f64();
    match (have.total_cmp(need), wants_more(order)) {
        (std::cmp::Ordering::Equal, more) => {
            let wish = if more { "more" } else { "less" };
            format!("{subject}: {shown} = {} (wanted {wish})", value(wanted))
        }
        (std::cmp::Ordering::Less, _) => {
            format!("{subject}: {shown} < {} (short by {})", value(wanted), print(off))
        }
        (std::cmp::Ordering::Greater, _) => {
            format!("{subject}: {shown} > {} (over by {})", value(wanted), print(off))
        }
    }
}

fn counted(
    subject: &str,
    kept: Option<u32>,
    least: u32,
    most: Option<u32>,
    found: &Reason<'_>,
) -> String {
    let seen = whole(&found.clause.actual);
    // Only so many are remembered: there may have been more.
    let shown = match kept {
        Some(kept) if seen >= u64::from(kept) => format!("at least {seen}"),
        _ => seen.to_string(),
    };
    match (found.met, found.want) {
        (true, _) => format!("{subject}: {shown}"),
        (false, true) if seen < u64::from(least) => format!("{subject}: {shown} of {least}"),
        (false, true) => match most {
            None | Some(0) => format!("{subject}: {shown}, wanted none"),
            Some(most) => format!("{subject}: {shown}, wanted at most {most}"),
        },
        (false, false) => {
            let fewer = if least <= 1 { "none".to_owned() } else { format!("fewer than {least}") };
            match most {
                None => format!("{subject}: {shown}, wanted {fewer}"),
                Some(most) if least == 0 => {
                    format!("{subject}: {shown}, wanted more than {most}")
                }
                Some(most) => format!("{subject}: {shown}, wanted {fewer} or more than {most}"),
            }
        }
    }
}

fn aged(subject: &str, order: Order, span: Span, found: &Reason<'_>) -> String {
    let order = if found.want { order } else { opposite(order) };
    let wanted = match order {
        Order::Lt => format!("less than {} ago", duration(span)),
        Order::Lte => format!("at most {} ago", duration(span)),
        Order::Gt => format!("more than {} ago", duration(span)),
        Order::Gte => format!("at least {} ago", duration(span)),
    };
    let Value::Number(ms) = found.clause.actual else {
        let tail = if found.met { String::new() } else { format!(", wanted {wanted}") };
        return format!("{subject}: never{tail}");
    };
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds between two instants")]
    let age = Span(ms as i64);
    let is = format!("{subject}: {} ago", duration(age));
    if found.met {
        return is;
    }
    let off = duration(Span((age.0 - span.0).abs()));
    let far = if wants_more(order) { "short" } else { "over" };
    format!("{is}, wanted {wanted} ({far} by {off})")
}

pub(super) fn window(within: Option<Span>, session: bool) -> String {
    let last = within.map(|within| format!(" in the last {}", duration(within)));
    let session = if session { " in this session" } else { "" };
    format!("{}{session}", last.unwrap_or_default())
}

/// The two largest units: `60d`, `3d 2h`, `250ms`.
pub(super) fn duration(span: Span) -> String {
    const UNITS: [(&str, Span); 4] =
        [("d", Span::DAY), ("h", Span::HOUR), ("m", Span::MINUTE), ("s", Span::SECOND)];
    if span.0 < Span::SECOND.0 {
        return if span.0 == 0 { "0s".to_owned() } else { format!("{}ms", span.0) };
    }
    let mut rest = span.0;
    let mut words: Vec<String> = Vec::new();
    for (name, unit) in UNITS {
        let count = rest / unit.0;
        rest %= unit.0;
        if count > 0 {
            words.push(format!("{count}{name}"));
        } else if !words.is_empty() {
            // `3d 5s` would look exact where hours and minutes are zero by chance.
            break;
        }
        if words.len() == 2 {
            break;
        }
    }
    words.join(" ")
}

/// A value as JSON, short.
pub(super) fn value(value: &Value) -> String {
    const MOST: usize = 60;
    let text = match value {
        Value::Number(number) => return print(*number),
        other => value_to_json(other).to_string(),
    };
    match text.char_indices().nth(MOST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn print(number: f64) -> String {
    (Numerals::NATIVE.print)(number)
}

fn list(values: &[Value]) -> String {
    /// Values shown of a long list.
    const MOST: usize = 8;
    let mut words: Vec<String> = values.iter().take(MOST).map(value).collect();
    if values.len() > MOST {
        words.push(format!("… {} more", values.len() - MOST));
    }
    words.join(", ")
}

pub(super) fn one_of(values: &[Value]) -> String {
    if let [one] = values { value(one) } else { format!("one of {}", list(values)) }
}

fn none_of(values: &[Value]) -> String {
    format!("none of {}", list(values))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are small")]
fn whole(value: &Value) -> u64 {
    value.as_number().map_or(0, |number| number as u64)
}

/// The names of a set of channels.
pub(super) fn channels(among: u32) -> String {
    let all = Channel::ALL.into_iter().filter(|channel| channel.bit() & among != 0);
    all.map(Channel::name).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
#[path = "wording_tests.rs"]
mod tests;
