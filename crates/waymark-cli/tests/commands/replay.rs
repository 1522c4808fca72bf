use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{Folder, lines, track, two_visitors};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// What `--json` printed, without the rate, which differs from run to run.
#[track_caller]
fn counts(ran: &crate::support::Ran) -> Value {
    let mut json = ran.json();
    assert_eq!(ran.out().lines().count(), 1);
    let rate = json.as_object_mut().unwrap().remove("events_per_second").unwrap();
    assert!(rate.as_f64().is_some_and(|rate| rate >= 0.0), "{rate}");
    json
}

fn two_visitors_counted() -> Value {
    json!({
        "events": 5, "duplicates": 0, "rejected": 0, "visitors": 2, "sessions": 3,
        "segments": {"vip": 1, "tents": 0},
        "stages": {"looking": 1, "customer": 1},
        "slots": {"hero": {"hero-vip": 1, "keep": 1}, "note": {"keep": 2}},
    })
}

#[test]
fn a_file_plain_or_packed_or_from_a_pipe_counts_alike() {
    let folder = Folder::with_pack();
    let text = two_visitors();
    folder.write("events.ndjson", &text);
    // Two members, as `cat a.gz b.gz` makes them.
    let (first, second) = text.split_at(text.find("{\"type\":\"identify\"").unwrap());
    let packed = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    // Known by its content, not by its name.
    folder.write("events.dat", &packed);
    for (file, input) in [
        ("events.ndjson", &b""[..]),
        ("events.dat", b""),
        ("-", text.as_bytes()),
        ("-", packed.as_slice()),
    ] {
        let args = ["replay", file, "--pack", "pack.jsonc", "--json"];
        assert_eq!(counts(&folder.run_with(&args, input, &[])), two_visitors_counted(), "{file}");
    }
}

#[test]
fn an_empty_file_is_nobody() {
    let folder = Folder::with_pack();
    for input in ["", "\n", "\n\r\n  \n"] {
        let args = ["replay", "-", "--pack", "pack.jsonc", "--json"];
        let counted = counts(&folder.run_with(&args, input.as_bytes(), &[]));
        assert_eq!(counted["visitors"], 0);
        assert_eq!(counted["segments"], json!({"vip": 0, "tents": 0}));
        assert_eq!(counted["stages"], json!({"looking": 0, "customer": 0}));
        assert_eq!(counted["slots"], json!({"hero": {}, "note": {}}));
    }
}

#[test]
fn a_message_id_counts_once_though_the_sender_changed_the_rest() {
    let folder = Folder::with_pack();
    let again = lines(&[
        track("m1", "ann", 0, "Product Viewed", r#"{"category":"packs"}"#),
        track("m4", "eve", 9_000, "Order Completed", r#"{"revenue":900}"#),
    ]);
    folder.write("events.ndjson", two_visitors() + &again);
    let ran = folder.run(&["replay", "events.ndjson", "--pack", "pack.jsonc", "--json"]);
    let mut expected = two_visitors_counted();
    expected["duplicates"] = 2.into();
    assert_eq!(counts(&ran), expected);
    assert_eq!(ran.err(), "");
}

#[test]
fn bad_lines_are_reported_by_number_and_passed_over() {
    let folder = Folder::with_pack();
    let long = format!("{{\"type\":\"track\",\"x\":\"{}\"}}", "x".repeat(200_000));
    let mut bytes = Vec::new();
    for line in [
        b"{not json}".as_slice(),
        b"",
        br#"{"type":"track","event":"A","timestamp":0}"#,
        b"\xff\xfe",
        long.as_bytes(),
        br#"["an array"]"#,
        br#"{"type":"trcak","event":"A","anonymousId":"a","timestamp":0}"#,
        br#"{"type":"track","event":"A","anonymousId":"a"}"#,
    ] {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(two_visitors().as_bytes());
    // The last line without its end, cut.
    bytes.extend_from_slice(br#"{"type":"tra"#);
    folder.write("events.ndjson", &bytes);
    let ran = folder.run(&["replay", "events.ndjson", "--pack", "pack.jsonc", "--json"]);
    let mut expected = two_visitors_counted();
    expected["rejected"] = 8.into();
    assert_eq!(counts(&ran), expected);
    let reported: Vec<&str> =
        ran.err().lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        reported,
        [
            "bad-json",
            "missing-identity",
            "bad-json",
            "event-too-large",
            "not-an-object",
            "unknown-type",
            "missing-timestamp",
            "bad-json"
        ]
    );
    let err = ran.err();
    for part in
        ["line 1: bad-json: ", "line 3: ", "line 5: event-too-large: ", "131072", "line 14: "]
    {
        assert!(err.contains(part), "{part:?} is not in:\n{err}");
    }
}

#[test]
fn of_many_bad_lines_a_hundred_are_shown() {
    let folder = Folder::with_pack();
    folder.write("events.ndjson", "{\n".repeat(1_234));
    let ran = folder.run(&["replay", "events.ndjson", "--pack", "pack.jsonc", "--json"]);
    assert_eq!(counts(&ran)["rejected"], 1_234);
    assert_eq!(ran.err().lines().count(), 101);
    assert!(ran.err().ends_with("1,134 more lines could not be read\n"));
}

#[test]
fn everybody_is_decided_for_at_one_moment() {
    let folder = Folder::with_pack();
    // Three tents at the start; somebody else comes ten days later.
    let mut events: Vec<String> = (0..3)
        .map(|n| track(&format!("t{n}"), "ann", n, "Product Viewed", r#"{"category":"tents"}"#))
        .collect();
    events.push(track("x", "bob", 10 * 1_440, "Product Added", "{}"));
    folder.write("events.ndjson", lines(&events));
    let run = |more: &[&str]| {
        let args = ["replay", "events.ndjson", "--pack", "pack.jsonc", "--json"];
        counts(&folder.run(&[&args, more].concat()))
    };
    assert_eq!(run(&[])["segments"]["tents"], 0, "the newest event's time is everybody's");
    assert_eq!(run(&["--now", "2026-01-07T00:00:00Z"])["segments"]["tents"], 1);
    assert_eq!(run(&["--now", "0"])["stages"], json!({"looking": 1, "customer": 0}));
}

#[test]
fn a_visitor_without_an_anonymous_id_goes_by_the_users() {
    let folder = Folder::with_pack();
    folder.write(
        "events.ndjson",
        lines(&[
            track("m1", "a", 0, "Product Viewed", "{}"),
            track("m2", "a", 1, "Product Viewed", "{}").replace("anonymousId", "userId"),
        ]),
    );
    // One space of keys: an id is a visitor, whichever member it came in.
    let ran = folder.run(&["replay", "events.ndjson", "--pack", "pack.jsonc", "--json"]);
    assert_eq!(counts(&ran)["visitors"], 1);
}

#[test]
fn a_table_is_for_people() {
    let folder = Folder::with_pack();
    folder.write("events.ndjson", two_visitors());
    let ran = folder.run(&["replay", "events.ndjson", "--pack", "pack.jsonc"]);
    let said = ran.ok();
    for part in [
        "events                             5  (",
        "visitors                           2\n",
        ", decided at 2026-01-01T01:00:00.000Z",
        "\nsegments                    visitors    share\n",
        "\n  vip                              1    50.0%\n",
        "\nstages ",
        "\nslot hero ",
        "\n  keep                             2   100.0%\n",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    assert_eq!(ran.err(), "", "progress is for terminals");
}

#[test]
fn what_cannot_be_read_is_said_to_be() {
    let folder = Folder::with_pack();
    folder.write("events.ndjson", two_visitors());
    let run = |file: &str, pack: &str| folder.run(&["replay", file, "--pack", pack, "--json"]);
    run("none.ndjson", "pack.jsonc").refused(2, &["unreadable-file", "none.ndjson"]);
    run(".", "pack.jsonc").refused(2, &["unreadable-file"]);
    run("events.ndjson", "none.json").refused(2, &["unreadable-file", "none.json"]);
    run("events.ndjson", "events.ndjson").refused(2, &["pack-has-errors", "events.ndjson has"]);
    let packed = gzip(two_visitors().repeat(100).as_bytes());
    folder.write("cut.gz", &packed[..packed.len() / 2]);
    let cut = run("cut.gz", "pack.jsonc");
    cut.refused(2, &["unreadable-file", "cut.gz cannot be read"]);
    assert_eq!(cut.out(), "");
    folder.run(&["replay", "events.ndjson"]).refused(2, &["--pack <PACK>"]);
}
