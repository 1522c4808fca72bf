//! `waymark preview`

use serde_json::{Value as Json, json};

use crate::error::CliError;
use crate::print;
use crate::publish::To;

const DAY: u64 = 86_400;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    to: To,
    /// The page to look at; the edge's own first page, unless one is named
    #[arg(long, value_name = "URL")]
    page: Option<String>,
    /// For how many days the link works
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=90))]
    days: u16,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let (edge, compiled) = args.to.put()?;
    let hash = compiled.program.hash.to_string();
    let ask = json!({ "pack": hash, "expiresIn": u64::from(args.days) * DAY });
    let made = edge.post_json("/admin/v1/previews", &ask)?;
    let said = |member: &str| made.get(member).and_then(Json::as_str).unwrap_or_default();
    let page = args.page.as_deref().unwrap_or(&args.to.edge);
    let link = linked(page, said("token"));
    print::out(&format!("{link}\nuntil {}\n", said("expires")))
}

/// The page's address with the token, before its fragment.
fn linked(page: &str, token: &str) -> String {
    let (address, fragment) =
        page.split_once('#').map_or((page, ""), |(before, _)| (before, &page[before.len()..]));
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}waymark_preview={token}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::linked;

    #[test]
    fn the_token_goes_into_the_query_of_the_page() {
        assert_eq!(linked("https://s.example/a", "t"), "https://s.example/a?waymark_preview=t");
        assert_eq!(
            linked("https://s.example/?b=1#c", "t"),
            "https://s.example/?b=1&waymark_preview=t#c"
        );
    }
}
