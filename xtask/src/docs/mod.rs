//! The marketers' reference: `docs/packs/*.md` to `www/docs/packs/*.html`, and nothing else to build.
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

/// The pages in their order.
const PAGES: [&str; 11] = [
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
];
const SOURCE: &str = "docs/packs";
const TARGET: &str = "www/docs/packs";
const STYLE: &str = "style.css";

/// Writes the pages, or, if `check`, says whether the written ones are the present ones.
pub fn write(check: bool) -> Result<()> {
    let source = project::root().join(SOURCE);
    let target = project::root().join(TARGET);
    let mut files = vec![(STYLE.to_owned(), read(&source.join(STYLE))?)];
    let pages: Vec<page::Page> = PAGES
        .iter()
        .map(|name| {
            page::Page::of(name, &tables::filled(&read(&source.join(format!("{name}.md")))?)?)
        })
        .collect::<Result<_>>()?;
    for page in &pages {
        files.push((format!("{}.html", page.name), page.html(&pages)));
    }
    links_lead_somewhere(&pages)?;
    if check {
        for (name, text) in files {
            if fs::read_to_string(target.join(&name)).ok().as_ref() != Some(&text) {
                bail!("{TARGET}/{name} is stale: run `cargo xtask docs`");
            }
        }
        return Ok(());
    }
    fs::create_dir_all(&target)?;
    for (name, text) in files {
        fs::write(target.join(&name), text).with_context(|| name.clone())?;
    }
    println!("{TARGET}/index.html");
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Every link between pages has a heading at its end.
fn links_lead_somewhere(pages: &[page::Page]) -> Result<()> {
    for page in pages {
        for link in &page.links {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let name =
                if file.is_empty() { page.name.as_str() } else { file.trim_end_matches(".html") };
            let Some(target) = pages.iter().find(|page| page.name == name) else {
                bail!("{}.md: there is no page {file}", page.name);
            };
            if !anchor.is_empty() && !target.anchors.iter().any(|it| it == anchor) {
                bail!("{}.md: there is no heading {link}", page.name);
            }
        }
    }
    Ok(())
}
