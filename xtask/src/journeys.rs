//! The shared journey files as Segment events, one a line.
//!
//! | file | becomes |
//! |---|---|
//! | `wiki_readers` | a `page` call for each page view: `anonymousId` `reader-N`, `properties.path` |
//! | `apache_semicomplete` | a `page` call for each request: path, referrer, status; the user agent in the context |
//! | `ecom_synthetic` | a `track` call for each shop event, by the Segment name where there is one |

use std::fmt::Write;
use std::io::{BufWriter, Read, Write as _};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use waymark_model::Timestamp;

use crate::project::root;

pub fn convert(from: &Path, out: &Path) -> Result<()> {
    let from = root().join(from);
    let out = root().join(out);
    if !from.exists() {
        println!("skipped: no journey files at {}", from.display());
        return Ok(());
    }
    std::fs::create_dir_all(&out)?;
    let wiki = wiki_readers(&unpack(&from.join("wiki_readers.txt.gz"))?)?;
    write(&out.join("wiki_readers.ndjson"), &wiki)?;
    let apache = apache(&unpack(&from.join("apache_semicomplete.json.gz"))?)?;
    write(&out.join("apache_semicomplete.ndjson"), &apache)?;
    let shop = ecom(&unpack(&from.join("ecom_synthetic.txt.gz"))?)?;
    write(&out.join("ecom_synthetic.ndjson"), &shop)
}

fn unpack(path: &Path) -> Result<String> {
    let file =
        std::fs::File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    Ok(text)
}

fn write(path: &Path, events: &[Value]) -> Result<()> {
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    for event in events {
        serde_json::to_writer(&mut file, event)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    println!("{}: {} events", path.display(), events.len());
    Ok(())
}

fn iso(seconds: i64) -> Result<String> {
    waymark_wire::format_timestamp(Timestamp(seconds * 1_000)).context("a time out of range")
}

/// A header with the first time, the list of paths, then `seconds since the last,user,path`.
fn wiki_readers(text: &str) -> Result<Vec<Value>> {
    let mut time = 0;
    let mut paths: Vec<&str> = Vec::new();
    let mut events = Vec::new();
    let mut in_events = false;
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('#') {
            if let Some((_, epoch)) =
                header.split_once('=').filter(|(key, _)| key.starts_with("epoch0"))
            {
                time = epoch.trim().parse()?;
            }
            in_events |= header.starts_with("events");
        } else if in_events {
            let mut fields = line.split(',');
            let mut next = || fields.next().context("a short line");
            time += next()?.parse::<i64>()?;
            let (user, path) = (next()?, next()?.parse::<usize>()?);
            let path = *paths.get(path).context("an unknown path")?;
            events.push(json!({
                "type": "page",
                "messageId": format!("wiki-{}", events.len()),
                "anonymousId": format!("reader-{user}"),
                "timestamp": iso(time)?,
                "properties": { "path": path },
            }));
        } else {
            paths.push(line);
        }
    }
    Ok(events)
}

/// Rows of `seconds, visitor, method, path, status, bytes, referrer, user agent` over lists of texts.
fn apache(text: &str) -> Result<Vec<Value>> {
    let data: Value = serde_json::from_str(text)?;
    let start = data["t0"].as_i64().context("t0")?;
    let number = |row: &Value, at: usize| row[at].as_i64().context("a number");
    let listed = |list: &str, row: &Value, at: usize| -> Result<String> {
        let place = usize::try_from(number(row, at)?)?;
        Ok(data[list][place].as_str().context("an entry of a list")?.to_owned())
    };
    let rows = data["events"].as_array().context("events")?;
    let event = |(line, row): (usize, &Value)| -> Result<Value> {
        let path = listed("paths", row, 3)?;
        let referrer = listed("referrers", row, 6)?;
        let referrer = if referrer == "-" { String::new() } else { referrer };
        Ok(json!({
            "type": "page",
            "messageId": format!("apache-{line}"),
            "anonymousId": format!("host-{}", number(row, 1)?),
            "timestamp": iso(start + number(row, 0)?)?,
            "properties": { "path": path, "referrer": referrer, "method": row[2], "status": row[4], "bytes": row[5] },
            "context": { "userAgent": listed("user_agents", row, 7)?, "page": { "path": path, "referrer": referrer } },
        }))
    };
    rows.iter().enumerate().map(event).collect()
}

/// A line for each session, then a line of `event:seconds since the last`.
fn ecom(text: &str) -> Result<Vec<Value>> {
    let mut names: Vec<&str> = Vec::new();
    let mut events = Vec::new();
    let mut session: Option<Vec<&str>> = None;
    for line in text.lines() {
        if let Some(list) = line.strip_prefix("#events ") {
            names = list.split(',').collect();
        } else if line.starts_with("S,") {
            session = Some(line.split(',').collect());
        } else if let Some(fields) = session.take() {
            let field = |at: usize| fields.get(at).copied().context("a short session line");
            let mut time: i64 = field(7)?.parse()?;
            for step in line.split_whitespace() {
                let (event, gap) = step.split_once(':').context("an event without a gap")?;
                time += gap.parse::<i64>()?;
                let name = names.get(event.parse::<usize>()?).context("an unknown event")?;
                events.push(json!({
                    "type": "track",
                    "event": segment_name(name),
                    "messageId": format!("ecom-{}", events.len()),
                    "anonymousId": format!("user-{}", field(2)?),
                    "timestamp": iso(time)?,
                    "properties": { "session": field(1)?, "lifecycle": field(6)?, "cohort": field(5)? },
                    "context": { "device": { "type": field(3)? }, "campaign": { "medium": field(4)? } },
                }));
            }
        }
    }
    Ok(events)
}

/// Segment's e-commerce spec where it has a name for it; the file's own word otherwise.
fn segment_name(name: &str) -> String {
    let known = match name {
        "product_view" => "Product Viewed",
        "add_to_cart" => "Product Added",
        "purchase" => "Order Completed",
        "catalog" => "Product List Viewed",
        "filter_results" => "Product List Filtered",
        "search" => "Products Searched",
        "cart" => "Cart Viewed",
        "wishlist_add" => "Product Added to Wishlist",
        "promo_page" => "Promotion Viewed",
        "shipping_details" => "Checkout Started",
        "payment_details" => "Payment Info Entered",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    name.split('_').fold(String::new(), |mut text, word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{}{rest}", first.to_uppercase());
        text
    })
}
