//! Addresses that an experiment is for, as conditions on `page.url`.

use serde_json::{Value, json};

use super::features::text_of;

/// Any address that some pattern includes, or any at all if none includes; none that one excludes.
pub(super) fn targeted(patterns: &[Value]) -> Result<Value, String> {
    let mut including = Vec::new();
    let mut all = Vec::new();
    for target in patterns {
        let pattern = text_of(&target["pattern"]).ok_or("a pattern is empty")?;
        let condition = match target["type"].as_str() {
            Some("regex") => json!({ "page.url": { "$regex": pattern } }),
            _ => simple(pattern),
        };
        if target["include"] == false {
            all.push(json!({ "$not": condition }));
        } else {
            including.push(condition);
        }
    }
    if !including.is_empty() {
        all.push(json!({ "$or": including }));
    }
    let place = json!({ "$and": all });
    let pack = json!({
        "pack": "p", "slots": { "s": { "default": "keep" } },
        "content": { "c": { "slot": "s", "text": "c" } },
        "rules": [{ "id": "r", "slot": "s", "show": "c", "when": place }],
    });
    let report = waymark_pack::check(&pack.to_string());
    match report.errors().next() {
        Some(error) => Err(error.message.clone()),
        None => Ok(place),
    }
}

/// Host, path and parameters apart, whatever the case; `*` is anything, and a slash at the end of
/// the path does not count.
fn simple(pattern: &str) -> Value {
    let (rest, fragment) = pattern.split_once('#').unwrap_or((pattern, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = match rest.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        None if rest.starts_with('/') => ("*", rest),
        None => match rest.split_once('/') {
            Some((host, path)) if host.contains('.') => (host, path),
            None if rest.contains('.') => (rest, ""),
            _ => ("*", rest),
        },
    };
    let path = path.trim_start_matches('/').trim_end_matches('/');
    let address =
        format!("^[a-z]+://{}/?{}/?([?#].*)?$", escaped(host, "[^/?#]*"), escaped(path, "[^?#]*"));
    let mut all = vec![json!({ "page.url": { "$regexi": address } })];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let pair = format!("[?&]{}(&|#|$)", escaped(pair, "[^&#]*"));
        all.push(json!({ "page.url": { "$regexi": pair } }));
    }
    if !fragment.is_empty() {
        all.push(json!({ "page.url": { "$regexi": format!("#{}$", escaped(fragment, ".*")) } }));
    }
    json!({ "$and": all })
}

/// A regular expression for the text, in which `*` is `anything`.
fn escaped(text: &str, anything: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '*' => out.push_str(anything),
            c if c.is_alphanumeric() || "-_/=&%~ ".contains(c) => out.push(c),
            c => {
                out.push('\\');
                out.push(c);
            }
        }
    }
    out
}
