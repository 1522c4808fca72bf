//! What developers and marketers read, `docs/{web,packs,recipes,operate}/*.md`, to HTML
//! under `www/docs`, and nothing else to build.
//!
//! A page is Markdown. A comment such as `<!-- keys: rule -->` stands for a table that is made of the
//! compiler's own description of the language (see `tables.rs`). Fences are highlighted; whether the
//! packs in them do what the page says is tested with the compiler.

mod highlight;
mod page;
mod tables;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::project;

/// Pages that belong together.
struct Book {
    /// Its folder, under `docs` and under `www/docs`.
    folder: &'static str,
    /// In their order.
    pages: &'static [&'static str],
}

const BOOKS: [Book; 4] = [
    Book {
        folder: "web",
        pages: &[
            "index",
            "calls",
            "capture",
            "content",
            "consent",
            "delivery",
            "users",
            "policies",
            "bundlers",
            "without-edge",
            "migrate",
            "browsers",
        ],
    },
    Book {
        folder: "packs",
        pages: &[
            "index",
            "events",
            "conditions",
            "value",
            "content",
            "rules",
            "experiments",
            "journeys",
            "tools",
            "keys",
            "diagnostics",
        ],
    },
    Book {
        folder: "recipes",
        pages: &["index", "greet", "carts", "lifecycle", "loyalty", "campaigns", "service"],
    },
    Book {
        folder: "operate",
        pages: &[
            "index", "deploy", "pages", "packs", "channels", "catalog", "decide", "flags",
            "messages", "profiles", "lake", "privacy", "watching",
        ],
    },
];
const SOURCE: &str = "docs";
const TARGET: &str = "www/docs";
const STYLE: &str = "style.css";

/// Writes the pages, or, if `check`, says whether the written ones are the present ones.
pub fn write(check: bool) -> Result<()> {
    let (source, target) = (project::root().join(SOURCE), project::root().join(TARGET));
    let style = read(&source.join(STYLE))?;
    let mut files = Vec::new();
    let mut books = Vec::new();
    for Book { folder, pages } in BOOKS {
        let page = |name: &&str| {
            let markdown = read(&source.join(folder).join(format!("{name}.md")))?;
            page::Page::of(name, &tables::filled(&markdown)?)
        };
        let pages: Vec<page::Page> = pages.iter().map(page).collect::<Result<_>>()?;
        files.push((format!("{folder}/{STYLE}"), style.clone()));
        for page in &pages {
            files.push((format!("{folder}/{}.html", page.name), page.html(folder, &pages)));
        }
        books.push((folder, pages));
    }
    links_lead_somewhere(&books)?;
    if check {
        for (name, text) in files {
            if fs::read_to_string(target.join(&name)).ok().as_ref() != Some(&text) {
                bail!("{TARGET}/{name} is stale: run `cargo xtask docs`");
            }
        }
        return Ok(());
    }
    for (name, text) in files {
        let file = target.join(&name);
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(file, text).with_context(|| name.clone())?;
    }
    for (folder, _) in books {
        println!("{TARGET}/{folder}/index.html");
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Every link between pages has a heading at its end.
fn links_lead_somewhere(books: &[(&str, Vec<page::Page>)]) -> Result<()> {
    for (folder, pages) in books {
        for (page, link) in
            pages.iter().flat_map(|page| page.links.iter().map(move |link| (page, link)))
        {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            // Into another book one goes by its folder.
            let (book, file) = match file.strip_prefix("../").and_then(|rest| rest.split_once('/'))
            {
                Some((book, file)) => (book, file),
                None => (*folder, file),
            };
            let name =
                if file.is_empty() { page.name.as_str() } else { file.trim_end_matches(".html") };
            let target = books
                .iter()
                .filter(|(folder, _)| *folder == book)
                .flat_map(|(_, pages)| pages)
                .find(|page| page.name == name);
            let Some(target) = target else {
                bail!("{folder}/{}.md: there is no page {link}", page.name);
            };
            if !anchor.is_empty() && !target.anchors.iter().any(|it| it == anchor) {
                bail!("{folder}/{}.md: there is no heading {link}", page.name);
            }
        }
    }
    Ok(())
}
