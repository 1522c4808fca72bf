//! Running the command, and files for it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

pub const PACK: &str = r#"{
  // A small shop.
  "pack": "shop",
  "events": { "Product Viewed": {}, "Product Added": {}, "Order Completed": {} },
  "journey": {
    "session": "30m",
    "stages": [
      { "id": "looking", "enter": { "$did": { "event": "Product Viewed" } } },
      { "id": "customer", "enter": { "$did": { "event": "Order Completed" } } },
    ],
  },
  "features": {
    "spend-90d": { "$sum": { "event": "Order Completed", "property": "revenue", "within": "90d" } },
  },
  "segments": {
    "vip": { "when": { "features.spend-90d": { "$gte": 500 } } },
    "tents": { "when": { "$did": { "event": "Product Viewed", "where": { "category": "tents" }, "count": { "$gte": 3 }, "within": "7d" } } },
  },
  "slots": { "hero": { "default": "keep" }, "note": { "default": "keep" } },
  "content": {
    "hero-vip": { "slot": "hero", "locales": { "en": { "html": "<h1>Welcome back, {{ traits.firstName | default: 'friend' }}</h1>" } } },
    "hero-tents": { "slot": "hero", "locales": { "en": { "html": "<h1>Tents</h1>" } } },
    "note-sale": { "slot": "note", "locales": { "en": { "html": "<p>Sale</p>" } } },
  },
  "rules": [
    { "id": "vips", "slot": "hero", "when": { "$segment": "vip" }, "show": "hero-vip", "priority": 10 },
    { "id": "campers", "slot": "hero", "when": { "$segment": "tents", "page.path": "/tents" }, "show": "hero-tents", "priority": 5 },
    { "id": "sale", "slot": "note", "when": { "campaign.source": "mail" }, "show": "note-sale" },
  ],
}"#;

/// A folder of its own, gone when the test is.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("waymark-cli-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// With the pack in it.
    pub fn with_pack() -> Self {
        let folder = Self::new();
        folder.write("pack.jsonc", PACK);
        folder
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.0.join(name), bytes).unwrap();
        self.path(name)
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Runs the command in the folder.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, b"", &[])
    }

    pub fn run_with(&self, args: &[&str], input: &[u8], environment: &[(&str, &str)]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_waymark"))
            .args(args)
            .current_dir(&self.0)
            .env_remove("WAYMARK_ADMIN_TOKEN")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read all of it closes the pipe.
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran(output)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub struct Ran(Output);

impl Ran {
    pub fn status(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub fn out(&self) -> &str {
        std::str::from_utf8(&self.0.stdout).unwrap()
    }

    pub fn err(&self) -> &str {
        std::str::from_utf8(&self.0.stderr).unwrap()
    }

    /// What it printed, having done what it was asked.
    #[track_caller]
    pub fn ok(&self) -> &str {
        assert_eq!(self.status(), 0, "{}", self.err());
        self.out()
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.ok()).unwrap()
    }

    /// It failed with this status, and said all of these.
    #[track_caller]
    pub fn refused(&self, status: i32, said: &[&str]) {
        let err = self.err();
        assert_eq!(self.status(), status, "{err}");
        for part in said {
            assert!(err.contains(part), "{part:?} is not in:\n{err}");
        }
    }
}

/// A track call of a visitor, `minute` minutes after 2026-01-01.
pub fn track(id: &str, visitor: &str, minute: u32, name: &str, properties: &str) -> String {
    let (day, hour, minute) = (minute / 1_440 + 1, minute / 60 % 24, minute % 60);
    format!(
        r#"{{"type":"track","event":"{name}","messageId":"{id}","anonymousId":"{visitor}","timestamp":"2026-01-{day:02}T{hour:02}:{minute:02}:00.000Z","properties":{properties}}}"#
    )
}

pub fn lines(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_ref(), "\n"]).collect()
}

/// A buyer of 600 who logged in, and someone who looked at two tents.
pub fn two_visitors() -> String {
    lines(&[
        track("m1", "ann", 0, "Product Viewed", r#"{"category":"packs"}"#),
        track("m2", "ann", 5, "Order Completed", r#"{"revenue":600}"#),
        r#"{"type":"identify","messageId":"m3","anonymousId":"ann","userId":"u1","timestamp":"2026-01-01T00:06:00.000Z","traits":{"firstName":"Ann"}}"#.to_owned(),
        track("m4", "bob", 10, "Product Viewed", r#"{"category":"tents"}"#),
        track("m5", "bob", 60, "Product Viewed", r#"{"category":"tents"}"#),
    ])
}
