//! What the report says, section by section.

use super::report::{
    Action, Changed, ChangedAction, Count, Journeys, Overlap, Pack, Report, Rule, Spread, Way,
};
use crate::crowd::{self, Source};
use crate::print::counted;
use waymark_insight::KEEP;
use waymark_wire::format_timestamp;

use super::tables::{Cell, Section, Table};

impl Report {
    /// What it is about, with one number or moment each.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let thousands = crate::print::thousands;
        // To the minute, which is enough to find it again.
        let at = |at| {
            let text = format_timestamp(at).unwrap_or_default().replace('T', " ");
            text.rsplit_once(':').map_or_else(String::new, |(minute, _)| format!("{minute} UTC"))
        };
        let Journeys { crowd, look } = &self.journeys;
        let crowd::Journeys { from, until, duplicates, rejected, left_out, .. } = *crowd;
        let mut facts = vec![
            ("visitors", thousands(self.pack.visitors)),
            ("events", thousands(self.pack.events)),
            (look.words().1, thousands(self.pack.looks)),
            ("from", at(from)),
            ("until", at(until)),
        ];
        for (name, count) in
            [("duplicates", duplicates), ("rejected", rejected), ("left out", left_out)]
        {
            if count > 0 {
                facts.push((name, thousands(count)));
            }
        }
        facts
    }

    /// Where the journeys come from, in one sentence.
    pub(super) fn source(&self) -> String {
        match &self.journeys.crowd.source {
            Source::Generated { seed, days } => format!(
                "These journeys are made up: nobody did any of this. They were generated from what \
                 the pack asks for, with seed {seed}, over {}. They show how the pack behaves, and \
                 not how many visitors there will be.",
                counted(u64::from(*days), "day"),
            ),
            Source::Recorded { file } => format!(
                "These journeys were recorded ({file}). What hosts logged under the pack of their \
                 day is left out, and logged anew. Every page is taken to have every slot.",
            ),
        }
    }

    /// How it differs from what it is compared with.
    pub(super) fn difference(&self) -> Option<Section> {
        let mut section = changed(self.changes.as_ref()?, self);
        section.tables.retain(|table| !table.rows.is_empty());
        Some(section)
    }

    pub(super) fn sections(&self) -> Vec<Section> {
        let packs = self.packs();
        let (one, several) = self.journeys.look.words();
        let mut sections: Vec<Section> = self.difference().into_iter().collect();
        sections.push(segments(&packs));
        sections.push(stages(&packs));
        sections.push(rules(&packs, several));
        sections.push(slots(&packs, one, several));
        sections.push(experiments(&packs));
        sections.push(flows(&packs));
        sections.push(actions(&packs));
        sections.retain(|section| section.tables.iter().any(|table| !table.rows.is_empty()));
        for section in &mut sections {
            section.tables.retain(|table| !table.rows.is_empty());
        }
        sections
    }
}

fn changed(changes: &Changed, report: &Report) -> Section {
    let (one, several) = report.journeys.look.words();
    let (looks, visitors) = (report.pack.looks, report.pack.visitors);
    let [before, after] = &report.packs()[..] else {
        return Section { title: "What changes", says: Vec::new(), tables: Vec::new() };
    };
    let Count { looks: other, visitors: whose } = changes.count;
    let mut says = vec![format!(
        "From {} to {}: something else is seen at {} of {}, by {} of {}.",
        before.file,
        after.file,
        crate::print::thousands(other),
        counted(looks, one),
        crate::print::thousands(whose),
        counted(visitors, "visitor"),
    )];
    if before.hash == after.hash {
        says.push("The two packs are the same.".to_owned());
    }
    let slots = changes.slots.iter().map(|slot| {
        vec![
            Cell::text(&slot.id),
            Cell::Number(slot.count.looks),
            Cell::Share(slot.count.looks, looks),
            Cell::Number(slot.count.visitors),
            Cell::Number(slot.reworded.looks),
        ]
    });
    let ways = changes.slots.iter().flat_map(|slot| {
        slot.top.iter().map(|way| {
            vec![
                Cell::text(&slot.id),
                content(&way.from),
                content(&way.to),
                Cell::Number(way.count.looks),
                Cell::Share(way.count.looks, looks),
                Cell::Number(way.count.visitors),
            ]
        })
    });
    let segments = changes.segments.iter().map(|segment| {
        vec![
            Cell::text(&segment.id),
            Cell::Number(segment.before),
            Cell::Number(segment.after),
            difference(segment.before, segment.after),
            Cell::Number(segment.gained),
            Cell::Number(segment.lost),
        ]
    });
    let actions = changes.actions.iter().map(|action| {
        let ChangedAction { kind, destination, id, before, after } = action;
        vec![
            Cell::text(kind),
            optional(destination.as_ref()),
            optional(id.as_ref()),
            Cell::Number(*before),
            Cell::Number(*after),
            difference(*before, *after),
        ]
    });
    let tables = vec![
        Table::new(
            "Slots that show another content",
            1,
            &["slot", several, "share", "visitors", "other wording"],
            slots.collect(),
        ),
        Table::new(
            "The most frequent changes of each slot",
            3,
            &["slot", "from", "to", several, "share", "visitors"],
            ways.collect(),
        ),
        Table::new(
            "Segments at the end",
            1,
            &["segment", "before", "after", "change", "came in", "fell out"],
            segments.collect(),
        ),
        Table::new(
            "Actions that were taken",
            3,
            &["action", "destination", "what", "before", "after", "change"],
            actions.collect(),
        ),
    ];
    Section { title: "What changes", says, tables }
}

fn segments(packs: &[&Pack]) -> Section {
    let titles = (&["segment"][..], &["at the end", "share", "at some time"][..]);
    let sizes = Table::beside("Visitors in each segment", titles, packs, |pack| {
        let told = pack.segments.iter().map(|segment| {
            let share = Cell::Share(segment.end, pack.visitors);
            let cells = vec![Cell::Number(segment.end), share, Cell::Number(segment.ever)];
            (vec![segment.id.clone()], cells)
        });
        told.collect()
    });
    let titles =
        (&["segment", "and segment"][..], &["in both", "of all", "of those in either"][..]);
    let overlaps = Table::beside("Segments that overlap most", titles, packs, |pack| {
        let told = pack.overlaps.iter().map(|Overlap { a, b, both, either, .. }| {
            let of_all = Cell::Share(*both, pack.visitors);
            let cells = vec![Cell::Number(*both), of_all, Cell::Share(*both, *either)];
            (vec![a.clone(), b.clone()], cells)
        });
        told.collect()
    });
    Section { title: "Segments", says: Vec::new(), tables: vec![sizes, overlaps] }
}

fn stages(packs: &[&Pack]) -> Section {
    let titles =
        (&["stage"][..], &["at the end", "share", "at some time", "median days", "of stays"][..]);
    let sizes = Table::beside("Visitors in each stage", titles, packs, |pack| {
        let stages = pack.stages.iter().map(|stage| {
            let cells = vec![
                Cell::Number(stage.end),
                Cell::Share(stage.end, pack.visitors),
                Cell::Number(stage.ever),
                stage.median_days.map_or(Cell::Nothing, Cell::Decimal),
                Cell::Number(stage.stays),
            ];
            (vec![stage.id.clone()], cells)
        });
        let mut none = vec![Cell::Number(pack.no_stage), Cell::Share(pack.no_stage, pack.visitors)];
        none.resize(5, Cell::Nothing);
        let none = (vec!["(no stage)".to_owned()], none);
        let none = (!pack.stages.is_empty() && pack.no_stage > 0).then_some(none);
        stages.chain(none).collect()
    });
    let mut tables = vec![sizes];
    tables.extend(packs.iter().map(|pack| moves(pack, packs.len() > 1)));
    let says = vec![
        "The median is of the stays that ended; whoever is still in a stage is not in it."
            .to_owned(),
    ];
    Section { title: "Stages", says, tables }
}

/// From each stage to each.
fn moves(pack: &Pack, several: bool) -> Table {
    let none = "(no stage)";
    let mut places: Vec<Option<&str>> = vec![None];
    places.extend(pack.stages.iter().map(|stage| Some(stage.id.as_str())));
    let is_met = |place: Option<&str>, to: bool| {
        pack.stage_moves
            .iter()
            .any(|one| (if to { &one.to } else { &one.from }).as_deref() == place)
    };
    let to: Vec<_> = places.iter().copied().filter(|place| is_met(*place, true)).collect();
    let from = places.iter().copied().filter(|place| is_met(*place, false));
    let rows = from.map(|from| {
        let mut row = vec![Cell::text(from.unwrap_or(none))];
        row.extend(to.iter().map(|to| {
            let is = |from: Option<&str>, to: Option<&str>| {
                pack.stage_moves
                    .iter()
                    .find(|one| (one.from.as_deref(), one.to.as_deref()) == (from, to))
            };
            is(from, *to).map_or(Cell::Nothing, |one| Cell::Number(one.times))
        }));
        row
    });
    let rows = rows.collect();
    let titles: Vec<String> = to.iter().map(|to| format!("to {}", to.unwrap_or(none))).collect();
    let mut all = vec!["from"];
    all.extend(titles.iter().map(String::as_str));
    Table::new(of("How often visitors went from stage to stage", pack, several), 1, &all, rows)
}

fn rules(packs: &[&Pack], looks: &str) -> Section {
    let mut tables = Vec::new();
    for pack in packs {
        let told = pack.rules.iter().map(|rule| {
            let Rule { held, shown, beaten, capped, held_out, no_consent, .. } = rule;
            let other = rule.other.iter().filter(|other| other.reason != "unknown");
            vec![
                Cell::text(&rule.id),
                Cell::text(&rule.slot),
                Cell::Number(shown.visitors),
                Cell::Share(shown.visitors, pack.visitors),
                Cell::Number(shown.looks),
                Cell::Number(held.looks),
                Cell::Number(beaten.looks),
                Cell::Number(capped.looks),
                Cell::Number(held_out.looks),
                Cell::Number(no_consent.looks),
                Cell::Number(other.map(|other| other.count.looks).sum()),
            ]
        });
        let titles = [
            "rule",
            "slot",
            "visitors",
            "share",
            "shown",
            "held",
            "beaten",
            "capped",
            "held out",
            "no consent",
            "other",
        ];
        let caption = of("Whom each rule reached", pack, packs.len() > 1);
        tables.push(Table::new(caption, 2, &titles, told.collect()));
        let never = pack.rules.iter().filter_map(|rule| {
            let never = rule.never.as_ref()?;
            let held = Cell::Number(rule.held.looks);
            Some(vec![Cell::text(&rule.id), Cell::text(&rule.slot), Cell::text(&never.words), held])
        });
        let caption = of("Rules that were never shown", pack, packs.len() > 1);
        tables.push(Table::new(caption, 2, &["rule", "slot", "why", "held"], never.collect()));
    }
    let says = vec![format!(
        "From \"shown\" on, {looks}: where it was shown; where its condition held; and, of these, \
         where another rule of the slot was shown in its place, where its limit or the contact \
         policy stopped it, where the visitor was held out, where there was no consent, and where it was something \
         else.",
    )];
    Section { title: "Rules", says, tables }
}

fn slots(packs: &[&Pack], look: &str, looks: &str) -> Section {
    let share = format!("of {looks}");
    let titles = (&["slot", "content"][..], &[looks, share.as_str(), "visitors"][..]);
    let table = Table::beside("What was shown", titles, packs, |pack| {
        let told = pack.slots.iter().flat_map(|slot| {
            slot.contents.iter().map(|one| {
                let Count { looks, visitors } = one.count;
                let cells = vec![
                    Cell::Number(looks),
                    Cell::Share(looks, pack.looks),
                    Cell::Number(visitors),
                ];
                (vec![slot.id.clone(), one.content.clone()], cells)
            })
        });
        told.collect()
    });
    let says = vec![format!(
        "At each {look} every slot shows one content. \"{KEEP}\" is what the page's author put \
         there."
    )];
    Section { title: "Content", says, tables: vec![table] }
}

fn experiments(packs: &[&Pack]) -> Section {
    let titles = (&["experiment", "variation"][..], &["visitors", "share", "exposures"][..]);
    let table = Table::beside("Visitors of each variation", titles, packs, |pack| {
        let told = pack.experiments.iter().flat_map(|experiment| {
            let all = experiment.variations.iter().map(|one| one.visitors).sum();
            experiment.variations.iter().map(move |one| {
                let cells = vec![
                    Cell::Number(one.visitors),
                    Cell::Share(one.visitors, all),
                    Cell::Number(one.exposures),
                ];
                (vec![experiment.id.clone(), one.id.clone()], cells)
            })
        });
        told.collect()
    });
    Section { title: "Experiments", says: Vec::new(), tables: vec![table] }
}

fn flows(packs: &[&Pack]) -> Section {
    let titles = (
        &["kind", "id"][..],
        &["entered", "visitors", "completed", "left", "still there", "done", "over the limit"][..],
    );
    let mut tables = vec![Table::beside("Ways through them", titles, packs, |pack| {
        let told = pack.flows.iter().map(|flow| {
            let Way { entered, visitors, completed, left, still, .. } = flow;
            let done = flow.steps.iter().filter_map(|step| step.taken).sum();
            let left_out = flow.steps.iter().filter_map(|step| step.left_out).sum();
            let cells = [*entered, *visitors, *completed, *left, *still, done, left_out];
            let cells = cells.map(Cell::Number).to_vec();
            (vec![flow.kind.clone(), flow.id.clone()], cells)
        });
        told.collect()
    })];
    for pack in packs {
        // Of one step all is said.
        for flow in pack.flows.iter().filter(|flow| flow.entered > 0 && flow.steps.len() > 1) {
            let caption =
                of(&format!("Steps of the {} {}", flow.kind, flow.id), pack, packs.len() > 1);
            tables.push(steps(caption, flow));
        }
    }
    Section { title: "Triggers and journeys", says: Vec::new(), tables }
}

fn steps(caption: String, flow: &Way) -> Table {
    let number = |number: Option<u64>| number.map_or(Cell::Nothing, Cell::Number);
    let rows = flow.steps.iter().map(|step| {
        vec![
            Cell::text(&step.id),
            Cell::text(step.does),
            Cell::Number(step.came),
            Cell::Share(step.came, flow.entered),
            number(step.taken),
            number(step.left_out),
            Cell::Number(step.exited),
            Cell::Number(step.no_consent),
            Cell::Number(step.still),
        ]
    });
    let titles = [
        "step",
        "does",
        "came",
        "share",
        "done",
        "over the limit",
        "left here",
        "no consent",
        "still here",
    ];
    Table::new(caption, 2, &titles, rows.collect())
}

fn actions(packs: &[&Pack]) -> Section {
    let titles = (&["action", "destination", "what"][..], &["times", "visitors"][..]);
    let taken = Table::beside("Actions that were taken", titles, packs, |pack| {
        let told = pack.actions.iter().map(|action| {
            let Action { kind, destination, id, times, visitors } = action;
            let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "–".to_owned());
            let names = vec![(*kind).to_owned(), name(destination), name(id)];
            (names, vec![Cell::Number(*times), Cell::Number(*visitors)])
        });
        told.collect()
    });
    let spread = |caption, title, of: fn(&Pack) -> &Vec<Spread>| {
        Table::beside(caption, (&[title], &["visitors", "share"]), packs, |pack| {
            // That nobody had any is no table.
            let told = of(pack).iter().filter(|_| of(pack).iter().any(|one| one.number > 0));
            let told = told.map(|Spread { number, visitors }| {
                let cells = vec![Cell::Number(*visitors), Cell::Share(*visitors, pack.visitors)];
                (vec![number.to_string()], cells)
            });
            told.collect()
        })
    };
    let mut messages = spread("Messages a visitor", "messages", |pack| &pack.messages);
    let mut most =
        spread("The most contacts within 7 days", "contacts", |pack| &pack.contacts.spread);
    for table in [&mut messages, &mut most] {
        table.rows.sort_by_key(|row| match row.first() {
            Some(Cell::Text(number)) => number.parse().unwrap_or(u64::MAX),
            _ => u64::MAX,
        });
    }
    let says = packs.iter().filter(|pack| pack.contacts.all > 0).map(|pack| {
        let contacts = &pack.contacts;
        let whose = if packs.len() > 1 { format!("{}: ", pack.file) } else { String::new() };
        format!(
            "{whose}{}, messages and what was shown in slots that contact; on average {:.2} a visitor \
             in 7 days, and {} at most.",
            counted(contacts.all, "contact"),
            contacts.mean_in_7_days,
            contacts.most_in_7_days,
        )
    });
    Section {
        title: "Actions and contacts",
        says: says.collect(),
        tables: vec![taken, messages, most],
    }
}

/// A caption, and of which pack where there are several.
fn of(caption: &str, pack: &Pack, several: bool) -> String {
    if several { format!("{caption}: {}", pack.file) } else { caption.to_owned() }
}

fn content(id: &str) -> Cell {
    Cell::text(id)
}

fn optional(id: Option<&String>) -> Cell {
    id.map_or(Cell::Nothing, |id| Cell::text(id))
}

fn difference(before: u64, after: u64) -> Cell {
    Cell::Change(after.cast_signed().wrapping_sub(before.cast_signed()))
}
