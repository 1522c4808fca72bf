use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use crate::support::{Folder, PACK, Ran};

const TOKEN: &str = "s3cret-t0ken";

/// An edge that gives these answers, in order, and tells what it was asked.
fn edge(answers: Vec<(u16, String)>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            asked.push(read_request(&mut stream));
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nlocation: http://127.0.0.1:9/\r\n\
                 connection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        }
        asked
    });
    (address, served)
}

fn read_request(stream: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the request was cut: {text}");
        bytes.extend_from_slice(&buffer[..read]);
    }
}

fn publish(folder: &Folder, edge: &str, more: &[&str]) -> Ran {
    let args = ["publish", "pack.jsonc", "--edge", edge];
    let ran = folder.run_with(&[&args, more].concat(), b"", &[("WAYMARK_ADMIN_TOKEN", TOKEN)]);
    assert!(!ran.out().contains(TOKEN) && !ran.err().contains(TOKEN));
    ran
}

fn hash(folder: &Folder) -> String {
    let json = folder.run(&["check", "--format", "json", "pack.jsonc"]).json();
    json[0]["hash"].as_str().unwrap().to_owned()
}

#[test]
fn a_pack_is_put_and_then_activated() {
    let folder = Folder::with_pack();
    let hash = hash(&folder);
    let put = format!(r#"{{"hash":"{hash}"}}"#);
    let (address, served) = edge(vec![(201, put), (200, "{}".to_owned())]);
    let ran = publish(&folder, &format!("{address}/"), &["--activate"]);
    let said = ran.ok().to_owned();
    assert!(said.starts_with(&format!("published {hash}: shop, 3 rules, ")), "{said}");
    assert!(said.ends_with(&format!("\nactivated {hash}\n")), "{said}");
    let asked = served.join().unwrap();
    assert!(asked[0].starts_with("PUT /admin/v1/packs HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].contains(&format!("authorization: Bearer {TOKEN}\r\n")));
    assert!(asked[0].contains("content-type: application/json\r\n"));
    assert!(asked[0].ends_with(PACK), "the pack is sent as it is written");
    let activate = format!("POST /admin/v1/packs/{hash}/activate HTTP/1.1\r\n");
    assert!(asked[1].starts_with(&activate), "{}", asked[1]);
    assert!(asked[1].contains(&format!("authorization: Bearer {TOKEN}\r\n")));
}

#[test]
fn a_preview_is_put_and_not_activated_and_its_link_is_said() {
    let folder = Folder::with_pack();
    let hash = hash(&folder);
    let made = r#"{"token":"p1.k.a.b","expires":"2026-03-08T00:00:00.000Z"}"#;
    let (address, served) =
        edge(vec![(201, format!(r#"{{"hash":"{hash}"}}"#)), (201, made.to_owned())]);
    let page = "https://shop.example/tents?x=1#top";
    let args = ["preview", "pack.jsonc", "--edge", &address, "--page", page, "--days", "2"];
    let ran = folder.run_with(&args, b"", &[("WAYMARK_ADMIN_TOKEN", TOKEN)]);
    assert_eq!(
        ran.ok(),
        "https://shop.example/tents?x=1&waymark_preview=p1.k.a.b#top\nuntil 2026-03-08T00:00:00.000Z\n"
    );
    let asked = served.join().unwrap();
    assert!(asked[1].starts_with("POST /admin/v1/previews HTTP/1.1\r\n"), "{}", asked[1]);
    let body: serde_json::Value =
        serde_json::from_str(asked[1].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body, serde_json::json!({ "pack": hash, "expiresIn": 172_800 }));
}

#[test]
fn what_the_edge_has_against_it_is_shown() {
    let folder = Folder::with_pack();
    let problem = r#"{"type":"https://waymark.dev/problems/broken-pack","title":"The pack does not compile",
        "status":422,"detail":"`diagnostics` says what is wrong.","code":"broken-pack","diagnostics":[
        {"code":"unknown-segment","severity":"error","line":7,"column":3,"message":"no \u001b[2Jsegment","mend":"write vip"}]}"#;
    let (address, served) = edge(vec![(422, problem.to_owned())]);
    let ran = publish(&folder, &address, &["--activate"]);
    ran.refused(
        1,
        &[
            "refused",
            "The edge refused: 422 The pack does not compile",
            "`diagnostics` says what is wrong.",
            "7:3 error[unknown-segment]: no \u{fffd}[2Jsegment: write vip",
        ],
    );
    assert_eq!(ran.out(), "");
    assert_eq!(served.join().unwrap().len(), 1, "nothing is activated");
}

#[test]
fn an_answer_that_is_no_problem_document_is_shown_by_its_status() {
    let folder = Folder::with_pack();
    let (address, served) = edge(vec![(502, "<html>".to_owned())]);
    publish(&folder, &address, &[]).refused(1, &["The edge refused: 502 Bad Gateway"]);
    served.join().unwrap();
}

#[test]
fn a_token_follows_no_redirect() {
    let folder = Folder::with_pack();
    let (address, served) = edge(vec![(307, String::new())]);
    publish(&folder, &address, &[]).refused(1, &["The edge refused: 307 Temporary Redirect"]);
    assert_eq!(served.join().unwrap().len(), 1);
}

#[test]
fn another_hash_stops_before_activation() {
    let folder = Folder::with_pack();
    let (address, served) = edge(vec![(201, r#"{"hash":"00"}"#.to_owned())]);
    publish(&folder, &address, &["--activate"])
        .refused(2, &["other-hash", "compiled the pack to 00"]);
    assert_eq!(served.join().unwrap().len(), 1);
}

#[test]
fn nothing_is_sent_that_would_be_refused() {
    let folder = Folder::with_pack();
    // Nobody listens at port 9.
    let edge = "http://127.0.0.1:9";
    publish(&folder, edge, &[]).refused(2, &["no-answer", "The edge did not answer"]);
    publish(&folder, "http://edge.example", &[]).refused(2, &["insecure-edge", "use https"]);
    publish(&folder, "edge.example", &[]).refused(2, &["bad-edge", "https://edge.example.com"]);
    let args = ["publish", "pack.jsonc", "--edge", edge];
    let no_token = folder.run(&args);
    no_token.refused(2, &["no-token", "is not set"]);
    let misused = folder.run(&[&args[..], &["--token-env", TOKEN]].concat());
    misused.refused(2, &["no-token"]);
    assert!(!misused.err().contains(TOKEN), "some give the token itself");
    let spaced = folder.run_with(&args, b"", &[("WAYMARK_ADMIN_TOKEN", "a\r\nb")]);
    spaced.refused(2, &["no-token", "visible ASCII"]);
    folder.write("pack.jsonc", "{");
    publish(&folder, edge, &[]).refused(1, &["pack-has-errors"]);
}
