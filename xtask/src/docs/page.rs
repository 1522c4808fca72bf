//! One page: Markdown to HTML, with what it can be linked to.

use std::fmt::Write;

use anyhow::{Result, bail};
use pulldown_cmark::{
    CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html,
};

use super::highlight::{escaped, json};

pub struct Page {
    pub name: String,
    title: String,
    body: String,
    /// Headings of the second level: anchor and text.
    contents: Vec<(String, String)>,
    pub anchors: Vec<String>,
    /// Links to pages of the reference.
    pub links: Vec<String>,
}

impl Page {
    pub fn of(name: &str, markdown: &str) -> Result<Self> {
        let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
        let mut page = Self {
            name: name.to_owned(),
            title: String::new(),
            body: String::new(),
            contents: Vec::new(),
            anchors: Vec::new(),
            links: Vec::new(),
        };
        let mut out = Vec::new();
        let mut events = Parser::new_ext(markdown, options);
        while let Some(event) = events.next() {
            match event {
                Event::Start(Tag::Heading { level, id, .. }) => {
                    let inside: Vec<Event<'_>> = events
                        .by_ref()
                        .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                        .collect();
                    out.push(page.heading(level, id.as_deref(), inside));
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let text: String = events
                        .by_ref()
                        .take_while(|event| !matches!(event, Event::End(TagEnd::CodeBlock)))
                        .filter_map(|event| match event {
                            Event::Text(text) => Some(text.into_string()),
                            _ => None,
                        })
                        .collect();
                    out.push(Event::Html(CowStr::from(fence(&info, &text))));
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    if !dest_url.contains("://") {
                        page.links.push(dest_url.to_string());
                    }
                    out.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
                event => out.push(event),
            }
        }
        html::push_html(&mut page.body, out.into_iter());
        page.body = page.body.replace("<table>", "<div class=wide><table>");
        page.body = page.body.replace("<table class", "<div class=wide><table class");
        page.body = page.body.replace("</table>", "</table></div>");
        if page.title.is_empty() {
            bail!("{name}.md has no title");
        }
        Ok(page)
    }

    fn heading<'e>(
        &mut self,
        level: HeadingLevel,
        id: Option<&str>,
        inside: Vec<Event<'e>>,
    ) -> Event<'e> {
        let text: String = inside
            .iter()
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        let mut inner = String::new();
        html::push_html(&mut inner, inside.into_iter());
        if level == HeadingLevel::H1 {
            self.title = text;
            return Event::Html(CowStr::from(format!("<h1>{inner}</h1>\n")));
        }
        let anchor = id.map_or_else(|| slug(&text), str::to_owned);
        if level == HeadingLevel::H2 {
            self.contents.push((anchor.clone(), text));
        }
        let link = format!("<a class=anchor href=\"#{anchor}\" aria-hidden=true tabindex=-1>#</a>");
        let html = format!("<{level} id=\"{anchor}\">{inner} {link}</{level}>\n");
        self.anchors.push(anchor);
        Event::Html(CowStr::from(html))
    }

    /// The page, in a book of others.
    pub fn html(&self, book: &str, pages: &[Self]) -> String {
        let mut list = String::new();
        for page in pages {
            let here = if page.name == self.name { " aria-current=page" } else { "" };
            // Writing to a String does not fail.
            let _ = write!(
                list,
                "<li><a href=\"{}.html\"{here}>{}</a>",
                page.name,
                escaped(&page.title)
            );
            if page.name == self.name && !page.contents.is_empty() {
                list.push_str("<ul>");
                for (anchor, text) in &page.contents {
                    let _ = write!(list, "<li><a href=\"#{anchor}\">{}</a>", escaped(text));
                }
                list.push_str("</ul>");
            }
            list.push('\n');
        }
        let at = pages.iter().position(|page| page.name == self.name).unwrap_or_default();
        let neighbour = |page: Option<&Self>, rel: &str| {
            page.map_or_else(String::new, |page| {
                format!("<a rel={rel} href=\"{}.html\">{}</a>", page.name, escaped(&page.title))
            })
        };
        let before = neighbour(at.checked_sub(1).and_then(|at| pages.get(at)), "prev");
        let after = neighbour(pages.get(at + 1), "next");
        let mut others = String::new();
        for other in super::BOOKS.iter().filter(|other| other.folder != book) {
            let _ = write!(others, " <a href=\"../{0}/index.html\">{0}</a>", other.folder);
        }
        let (title, body) = (escaped(&self.title), &self.body);
        format!(
            "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width, initial-scale=1\">\n<meta name=color-scheme content=\"light dark\">\n<title>{title} · Waymark {book}</title>\n<link rel=stylesheet href=style.css>\n<a class=skip href=\"#content\">To the text</a>\n<header><a class=brand href=index.html>Waymark <span>{book}</span></a>{others}</header>\n<nav aria-label=Contents><details open><summary>Contents</summary>\n<ul>\n{list}</ul>\n</details></nav>\n<main id=content>\n{body}\n<footer>{before}{after}</footer>\n</main>\n<script>if (matchMedia('(max-width: 56rem)').matches) document.querySelector('nav details').open = false;</script>\n</html>\n"
        )
    }
}

fn fence(info: &str, text: &str) -> String {
    let mut words = info.split_whitespace();
    let language = words.next().unwrap_or_default();
    let kind = words.next().unwrap_or_default();
    let code = if language == "jsonc" { json(text) } else { escaped(text) };
    let (class, label) = match kind {
        "broken" => (" class=broken", "<b>Broken</b>"),
        "mended" => (" class=mended", "<b>Mended</b>"),
        _ => ("", ""),
    };
    format!("<div{class}>{label}<pre tabindex=0><code>{code}</code></pre></div>\n")
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
