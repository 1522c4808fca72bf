//! Diagnostics as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines.
//!
//! Columns are counted in characters (`unicodeCodePoints`), from 1, as everywhere in Waymark.

use serde_json::{Value, json};
use waymark_pack::{Code, Diagnostic, Severity};

/// Where the reference explains a code.
const REFERENCE: &str = "https://waymark.dev/docs/packs/diagnostics.html";

/// The log of one run. Each diagnostic comes with its file's path and text.
pub(crate) fn log<'d>(
    found: impl IntoIterator<Item = ((&'d str, &'d str), &'d Diagnostic)>,
) -> Value {
    let results: Vec<Value> =
        found.into_iter().map(|((path, text), it)| result(path, text, it)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "waymark",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<Value>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let address = format!("{REFERENCE}#{}", code.name());
    json!({
        "id": code.name(),
        "shortDescription": { "text": code.about() },
        "help": { "text": format!("{} {address} shows a pack with it, and the pack mended.", code.about()) },
        "helpUri": address,
    })
}

fn result(path: &str, text: &str, diagnostic: &Diagnostic) -> Value {
    let region = region(text, diagnostic);
    let file = json!({ "uri": uri(path) });
    let message = match &diagnostic.mend {
        Some(mend) => format!("{}: {mend}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": Code::ALL.iter().position(|code| code.name() == diagnostic.code),
        "level": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": message },
        "locations": [{
            "physicalLocation": { "artifactLocation": file, "region": region },
            "logicalLocations": [{ "fullyQualifiedName": diagnostic.pointer, "kind": "member" }],
        }],
    });
    if let Some(fix) = &diagnostic.fix {
        result["fixes"] = json!([{
            "description": { "text": diagnostic.mend },
            "artifactChanges": [{
                "artifactLocation": file,
                "replacements": [{ "deletedRegion": region, "insertedContent": { "text": fix } }],
            }],
        }]);
    }
    result
}

fn region(text: &str, diagnostic: &Diagnostic) -> Value {
    let end = diagnostic.offset.saturating_add(diagnostic.length);
    let (mut line, mut column) = (diagnostic.line, diagnostic.column);
    for c in text.get(diagnostic.offset..end).unwrap_or_default().chars() {
        if c == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    json!({
        "startLine": diagnostic.line,
        "startColumn": diagnostic.column,
        "endLine": line,
        "endColumn": column,
    })
}

/// A relative path as a URI reference: `/` between names, what is no part of one escaped (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'\\' => uri.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            byte => {
                uri.push('%');
                uri.extend([byte >> 4, byte & 15].map(|digit| {
                    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()
                }));
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_becomes_a_reference() {
        assert_eq!(uri("packs/a b#é.jsonc"), "packs/a%20b%23%C3%A9.jsonc");
        assert_eq!(uri("packs\\shop.jsonc"), "packs/shop.jsonc");
    }
}
