//! What is wrong with a pack, and what it costs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use waymark_model::Timestamp;
use waymark_pack::{Diagnostic, Input, Report};

/// `{ok, pack, hash, cost: {stateBytes, pageBytes}, diagnostics: […]}`. Without `ok` there is no
/// Program, so `pack`, `hash` and `cost` are null.
pub fn check(source: &str, today: Option<Timestamp>) -> Json {
    match (Input { today, ..Input::of(source) }).compile() {
        Ok(compiled) => json!({
            "ok": true,
            "pack": compiled.program.pack,
            "hash": compiled.program.hash.to_string(),
            "cost": {
                "stateBytes": compiled.cost.state_bytes,
                "pageBytes": compiled.cost.page_bytes,
            },
            "diagnostics": diagnostics(source, &compiled.report),
        }),
        Err(report) => json!({
            "ok": false,
            "pack": null,
            "hash": null,
            "cost": null,
            "diagnostics": diagnostics(source, &report),
        }),
    }
}

/// `from` and `to` are in UTF-16 code units, as editors in a page count.
fn diagnostics(source: &str, report: &Report) -> Vec<Json> {
    let ends = report.iter().flat_map(|it| [it.offset, it.offset.saturating_add(it.length)]);
    let units = units_before(source, ends.collect());
    let at = |offset: usize| units.get(&offset).copied().unwrap_or_default();
    report
        .iter()
        .map(|diagnostic| {
            let Diagnostic {
                code,
                severity,
                pointer,
                offset,
                length,
                line,
                column,
                message,
                mend,
                fix,
                file: _,
            } = diagnostic;
            json!({
                "code": code,
                "severity": severity.name(),
                "pointer": pointer,
                "from": at(*offset),
                "to": at(offset.saturating_add(*length)),
                "line": line,
                "column": column,
                "message": message,
                "mend": mend,
                "fix": fix,
            })
        })
        .collect()
}

/// For each offset in bytes the same place in UTF-16 code units, in one walk over the text.
fn units_before(source: &str, offsets: BTreeSet<usize>) -> BTreeMap<usize, usize> {
    let mut characters = source.char_indices().peekable();
    let mut units = 0;
    offsets
        .into_iter()
        .map(|offset| {
            while let Some((_, character)) = characters.next_if(|(at, _)| *at < offset) {
                units += character.len_utf16();
            }
            (offset, units)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{check, units_before};

    #[test]
    fn places_are_counted_as_a_page_counts_them() {
        let source = "é帐🏕x";
        let offsets = [0, 2, source.len() - 1, usize::MAX];
        let units = units_before(source, offsets.into());
        assert_eq!(offsets.map(|offset| units[&offset]), [0, 1, 4, 5]);
    }

    #[test]
    fn what_is_no_pack_is_refused_with_a_reason() {
        for source in ["", "{", "[]", "\u{0}", "🏕", "{\"pack\": 1}"] {
            let answer = check(source, None);
            assert_eq!(answer["ok"], false, "{source}");
            assert_ne!(answer["diagnostics"][0]["code"], serde_json::Value::Null, "{source}");
            assert_eq!(answer["cost"], serde_json::Value::Null);
        }
    }
}
