//! A folder as the edge leaves it, through `export`, `compact` and `erase`.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

use crate::support::Folder;

/// An event of `visitor` that came at noon of a day.
fn line(day: &str, visitor: &str, number: usize) -> Json {
    json!({
        "type": "track", "event": "Order Completed", "messageId": format!("{visitor}-{day}-{number}"),
        "timestamp": format!("{day}T11:59:00.000Z"), "receivedAt": format!("{day}T12:00:00.000Z"),
        "userId": visitor, "properties": { "revenue": 10.5, "note": "千\n\"x\"" },
        "kept": { "visitor": format!("u:{visitor}"), "basis": "server", "user": format!("u:{visitor}") },
    })
}

fn put(folder: &Folder, name: &str, lines: &[Json]) {
    let path = folder.path(name);
    fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for line in lines {
        writeln!(encoder, "{line}").unwrap();
    }
    folder.write(name, encoder.finish().unwrap());
}

/// Three days of two shards.
fn lake() -> Folder {
    let folder = Folder::new();
    for day in ["2026-03-01", "2026-03-02", "2026-03-03"] {
        for shard in 0..2 {
            let visitors = ["bob", "ann"];
            let lines: Vec<Json> = (0..10)
                .map(|number| line(day, visitors[number % 2], 10 * shard + number))
                .collect();
            let name =
                format!("events/day={day}/shard=000{shard}/1-000000000001-000000000010.ndjson.gz");
            put(&folder, &name, &lines);
        }
    }
    folder
}

fn exported(folder: &Folder, more: &[&str]) -> Vec<Json> {
    let args: Vec<&str> = ["lake", "export", "."].iter().chain(more).copied().collect();
    let ran = folder.run(&args);
    let mut lines: Vec<Json> =
        ran.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.sort_by_key(|line| line["messageId"].to_string());
    lines
}

fn compact(folder: &Folder, more: &[&str]) -> String {
    let args: Vec<&str> = ["lake", "compact", "."].iter().chain(more).copied().collect();
    let ran = folder.run(&args);
    ran.ok().to_owned()
}

/// Events that say something.
fn traces(folder: &Folder, of: &str) -> usize {
    exported(folder, &[]).iter().filter(|line| line.to_string().contains(of)).count()
}

fn exists(folder: &Folder, name: &str) -> bool {
    Path::new(&folder.path(name)).exists()
}

#[test]
fn past_days_become_tables_and_every_event_is_in_one_place() {
    let lake = lake();
    let before = exported(&lake, &[]);
    assert_eq!(before.len(), 60);
    let said = compact(&lake, &["--before", "2026-03-03"]);
    assert!(said.starts_with("40 events of 4 files into 2 tables"), "{said}");
    assert_eq!(exported(&lake, &[]), before);
    assert!(exists(&lake, "parquet/day=2026-03-01/part-0000.parquet"));
    assert!(!exists(
        &lake,
        "events/day=2026-03-01/shard=0000/1-000000000001-000000000010.ndjson.gz"
    ));
    assert!(exists(
        &lake,
        "events/day=2026-03-03/shard=0000/1-000000000001-000000000010.ndjson.gz"
    ));
    // Again, there is nothing to do.
    let said = compact(&lake, &["--before", "2026-03-03"]);
    assert!(said.starts_with("0 events of 0 files into 0 tables"), "{said}");
    assert_eq!(exported(&lake, &[]), before);
}

#[test]
fn who_stops_before_the_files_are_gone_has_no_event_twice() {
    let lake = lake();
    let before = exported(&lake, &[]);
    let name = "events/day=2026-03-01/shard=0001/1-000000000001-000000000010.ndjson.gz";
    let file = fs::read(lake.path(name)).unwrap();
    compact(&lake, &["--before", "2026-03-02"]);
    // The table is there, and one of its files still is; another came late.
    fs::create_dir_all(lake.path("events/day=2026-03-01/shard=0001")).unwrap();
    lake.write(name, file);
    assert_eq!(exported(&lake, &[]), before);
    let late = line("2026-03-01", "cid", 99);
    put(&lake, "events/day=2026-03-01/shard=0002/1-000000000001-000000000001.ndjson.gz", &[late]);
    let said = compact(&lake, &["--before", "2026-03-02"]);
    assert!(said.starts_with("1 events of 1 files into 1 tables"), "{said}");
    assert!(!exists(&lake, name));
    assert_eq!(exported(&lake, &[]).len(), 61);
}

#[test]
fn days_and_a_visitor_can_be_asked_for() {
    let lake = lake();
    compact(&lake, &["--before", "2026-03-02"]);
    let days = exported(&lake, &["--from", "2026-03-01", "--to", "2026-03-02"]);
    assert_eq!(days.len(), 40);
    let ann = exported(&lake, &["--visitor", "u:ann", "--from", "2026-03-02"]);
    assert_eq!(ann.len(), 20);
    assert!(ann.iter().all(|line| line["userId"] == "ann"));
}

#[test]
fn who_is_erased_is_gone_from_tables_and_files() {
    let lake = lake();
    compact(&lake, &["--before", "2026-03-02"]);
    let ran = lake.run(&["lake", "erase", ".", "--visitor", "u:ann"]);
    assert_eq!(ran.ok(), "30 events taken out\n");
    assert_eq!((traces(&lake, "ann"), exported(&lake, &[]).len()), (0, 30));
}

#[test]
fn an_erasure_that_the_edge_wrote_down_is_carried_out() {
    let lake = lake();
    compact(&lake, &["--before", "2026-03-03"]);
    // SHA-256 of "u:ann".
    let key = "c782ae854b6ad02798c80eccc0f9e44a30feea3ff400becd76c6b495b20ef61f";
    fs::create_dir_all(lake.path("erased")).unwrap();
    let name = format!("erased/{key}.json");
    lake.write(&name, json!({ "key": key, "at": "2026-03-04T00:00:00.000Z" }).to_string());
    // What is not taken out yet is shown to nobody.
    assert_eq!((traces(&lake, "ann"), exported(&lake, &[]).len()), (0, 30));
    let said = compact(&lake, &["--before", "2026-03-03"]);
    assert!(said.contains("30 events of 1 erased ids taken out"), "{said}");
    // It has been carried out long after the last of her events can have come.
    assert!(!exists(&lake, &name));
    assert_eq!((traces(&lake, "ann"), exported(&lake, &[]).len()), (0, 30));
}

#[test]
fn what_is_older_than_is_wanted_goes() {
    let lake = lake();
    compact(&lake, &["--before", "2026-03-02"]);
    let today = "2999-01-01";
    put(&lake, &format!("events/day={today}/shard=0000/1-1-1.ndjson.gz"), &[line(today, "ann", 1)]);
    let said = compact(&lake, &["--keep-days", "30"]);
    assert!(said.contains("5 files past their time deleted"), "{said}");
    assert_eq!(exported(&lake, &[]).len(), 1);
}

#[test]
fn what_cannot_be_read_is_named_and_left_alone() {
    let lake = lake();
    let name = "events/day=2026-03-01/shard=0000/broken.ndjson.gz";
    lake.write(name, "not gzip");
    let ran = lake.run(&["lake", "compact", ".", "--before", "2026-03-02"]);
    ran.refused(2, &["bad-lake-file", "broken"]);
    assert_eq!(fs::read(lake.path(name)).unwrap(), b"not gzip");
    fs::remove_file(lake.path(name)).unwrap();
    assert_eq!(exported(&lake, &[]).len(), 60);

    lake.run(&["lake", "export", "nowhere"]).refused(2, &["bad-lake"]);
    lake.run(&["lake", "export", ".", "--from", "March"]).refused(2, &["2026-11-30"]);
}
