//! Regular expressions: the part of JavaScript's that every host can run in one step a character.
//!
//! What a pack writes is read as JavaScript reads it without flags (ECMA-262, `Patterns`), with one
//! difference: a character is a character, also one outside the basic plane, which JavaScript takes
//! for two. `\d`, `\w` and `\b` know ASCII only, as there. It is then built into a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use regex_automata::Anchored;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::{primitives::StateID, start, syntax};
use waymark_engine::program::Pattern;

/// States of one table, and bytes that building it may take.
pub(crate) const STATES: usize = 2_000;
const BUILD_BYTES: usize = 1 << 20;
/// Bytes of a pattern as it is written.
pub(crate) const LENGTH: usize = 1_024;

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is no regular expression.
    Syntax(String),
    /// JavaScript has it, and a table cannot do it.
    NotPortable(&'static str),
    TooLarge,
}

/// The table of a pattern.
pub(crate) fn compile(source: &str, folded: bool) -> Result<Pattern, Refusal> {
    if source.len() > LENGTH {
        return Err(Refusal::TooLarge);
    }
    let translated = translate(source)?;
    let syntax = syntax::Config::new().case_insensitive(folded).utf8(false).nest_limit(100);
    // Where the parser stumbles is a place in the translation: only its reason is told.
    regex_syntax::ParserBuilder::new()
        .case_insensitive(folded)
        .utf8(false)
        .nest_limit(100)
        .build()
        .parse(&translated)
        .map_err(|error| Refusal::Syntax(reason(&error)))?;
    let dfa = dense::Builder::new()
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Unanchored)
                .accelerate(false)
                .minimize(false)
                .dfa_size_limit(Some(BUILD_BYTES))
                .determinize_size_limit(Some(BUILD_BYTES)),
        )
        .thompson(thompson::Config::new().utf8(false).nfa_size_limit(Some(BUILD_BYTES)))
        .syntax(syntax)
        .build(&translated)
        .map_err(|_| Refusal::TooLarge)?;
    let raw = unfold(&dfa).ok_or(Refusal::TooLarge)?;
    let table = minimize(&raw);
    Ok(Pattern { source: source.to_owned(), folded, classes: raw.classes, table })
}

fn reason(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "it cannot be read".to_owned(),
    }
}

/// An automaton as rows: for each state where each class leads, and the end of the text.
struct Rows {
    classes: Vec<u8>,
    stride: usize,
    table: Vec<u32>,
}

/// Walks through all states that a text can reach. A state after a match is [`Pattern::FOUND`],
/// whatever the automaton would go on to look for.
fn unfold(dfa: &dense::DFA<Vec<u32>>) -> Option<Rows> {
    let by_class = dfa.byte_classes();
    let classes: Vec<u8> = (0..=255).map(|byte| by_class.get(byte)).collect();
    // The representatives of the classes, then the end.
    let mut bytes: Vec<u8> = Vec::new();
    for byte in 0..=255_u8 {
        if usize::from(by_class.get(byte)) == bytes.len() {
            bytes.push(byte);
        }
    }
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
    let mut states: Vec<StateID> = vec![start];
    let mut known = BTreeMap::from([(start, Pattern::ROWS)]);
    let mut table = Vec::new();
    let mut at = 0;
    while let Some(state) = states.get(at).copied() {
        let mut lead = |next: StateID| {
            if dfa.is_match_state(next) {
                return Some(Pattern::FOUND);
            }
            if dfa.is_dead_state(next) || dfa.is_quit_state(next) {
                return Some(Pattern::NEVER);
            }
            if let Some(number) = known.get(&next) {
                return Some(*number);
            }
            let number = u32::try_from(states.len()).ok()? + Pattern::ROWS;
            states.push(next);
            known.insert(next, number);
            (states.len() <= STATES).then_some(number)
        };
        for byte in &bytes {
            table.push(lead(dfa.next_state(state, *byte))?);
        }
        let end = dfa.next_eoi_state(state);
        table.push(if dfa.is_match_state(end) { Pattern::FOUND } else { Pattern::NEVER });
        at += 1;
    }
    Some(Rows { classes, stride: bytes.len() + 1, table })
}

/// Joins states that no text can tell apart (Moore's algorithm). The first row stays the first.
fn minimize(rows: &Rows) -> Vec<u32> {
    let count = rows.table.len() / rows.stride;
    // The block of a number in the table; blocks 0 and 1 are the two that have no row.
    let mut blocks: Vec<u32> = [0, 1].into_iter().chain(vec![2; count]).collect();
    loop {
        let mut found: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        let mut next = vec![0, 1];
        for (number, row) in rows.table.chunks(rows.stride).enumerate() {
            let key = std::iter::once(blocks[number + 2])
                .chain(row.iter().map(|to| blocks[*to as usize]))
                .collect();
            let fresh = u32::try_from(found.len()).unwrap_or(u32::MAX).saturating_add(2);
            next.push(*found.entry(key).or_insert(fresh));
        }
        if next == blocks {
            break;
        }
        blocks = next;
    }
    let mut table = Vec::new();
    let mut done = 2;
    for (number, row) in rows.table.chunks(rows.stride).enumerate() {
        if blocks[number + 2] == done {
            table.extend(row.iter().map(|to| blocks[*to as usize]));
            done += 1;
        }
    }
    table
}

const DIGITS: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
/// ECMA-262, `WhiteSpace` and `LineTerminator`.
const SPACE: &str = r"\t\n\x{B}\x{C}\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

/// The pattern in the syntax of the builder.
fn translate(source: &str) -> Result<String, Refusal> {
    let mut out = String::with_capacity(source.len() * 2);
    let mut chars = source.chars().peekable();
    // Inside brackets, and whether something stands in them already.
    let mut class: Option<bool> = None;
    while let Some(c) = chars.next() {
        match (c, &mut class) {
            ('\\', inside) => {
                let in_class = inside.is_some();
                if let Some(filled) = inside {
                    *filled = true;
                }
                let escaped = chars
                    .next()
                    .ok_or_else(|| Refusal::Syntax("it ends with a backslash".to_owned()))?;
                escape(escaped, in_class, &mut chars, &mut out)?;
            }
            ('[', None) => {
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                if chars.peek() == Some(&']') {
                    // JavaScript's `[]` is nothing and `[^]` is anything.
                    chars.next();
                    let anything = out.ends_with('^');
                    out.truncate(out.len() - usize::from(anything) - 1);
                    out.push_str(if anything { r"(?s:.)" } else { r"[^\s\S]" });
                } else {
                    class = Some(false);
                }
            }
            (']', Some(_)) => {
                out.push(']');
                class = None;
            }
            ('[' | '&' | '~', Some(filled)) => {
                *filled = true;
                out.push('\\');
                out.push(c);
            }
            ('-', Some(filled)) => {
                // A hyphen at either end, or twice, is itself.
                if !*filled || matches!(chars.peek(), Some(']' | '-')) {
                    out.push('\\');
                }
                *filled = true;
                out.push('-');
            }
            (c, Some(filled)) => {
                *filled = true;
                out.push(c);
            }
            ('.', None) => out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            ('(', None) => {
                out.push('(');
                group(&mut chars, &mut out)?;
            }
            // Outside of a repetition JavaScript takes a brace for itself.
            ('{', None) if !is_repetition(chars.clone()) => out.push_str(r"\{"),
            ('{', None) => {
                out.push('{');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == '}' {
                        break;
                    }
                }
            }
            ('}' | ']', None) => {
                out.push('\\');
                out.push(c);
            }
            (c, None) => out.push(c),
        }
    }
    if class.is_some() {
        return Err(Refusal::Syntax("`[` has no `]`".to_owned()));
    }
    Ok(out)
}

/// Whether what follows a brace is `3}`, `3,}` or `3,5}`.
fn is_repetition(mut rest: impl Iterator<Item = char>) -> bool {
    let (mut digits, mut commas) = (0, 0);
    loop {
        match rest.next() {
            Some(c) if c.is_ascii_digit() => digits += 1,
            Some(',') if digits > 0 && commas == 0 => commas = 1,
            Some('}') => return digits > 0,
            _ => return false,
        }
    }
}

type Chars<'s> = std::iter::Peekable<std::str::Chars<'s>>;

/// What comes after `(`.
fn group(chars: &mut Chars<'_>, out: &mut String) -> Result<(), Refusal> {
    if chars.next_if_eq(&'?').is_none() {
        return Ok(());
    }
    match chars.next() {
        Some(':') => out.push_str("?:"),
        Some('=' | '!') => return Err(Refusal::NotPortable("look-ahead")),
        Some('<') if matches!(chars.peek(), Some('=' | '!')) => {
            return Err(Refusal::NotPortable("look-behind"));
        }
        Some('<') => {
            // Nobody refers to it by its name.
            chars.by_ref().take_while(|c| *c != '>').for_each(drop);
            out.push_str("?:");
        }
        _ => return Err(Refusal::NotPortable("a group with flags")),
    }
    Ok(())
}

/// What comes after a backslash.
fn escape(c: char, in_class: bool, chars: &mut Chars<'_>, out: &mut String) -> Result<(), Refusal> {
    let mut set = |inside: &str, negated: bool| {
        let hat = if negated { "^" } else { "" };
        if in_class && !negated {
            out.push_str(inside);
        } else {
            // Sets may stand inside sets.
            let _ = write!(out, "[{hat}{inside}]");
        }
    };
    match c {
        'd' => set(DIGITS, false),
        'D' => set(DIGITS, true),
        'w' => set(WORD, false),
        'W' => set(WORD, true),
        's' => set(SPACE, false),
        'S' => set(SPACE, true),
        'b' if in_class => out.push_str(r"\x08"),
        'b' => out.push_str(r"(?-u:\b)"),
        'B' if !in_class => out.push_str(r"(?-u:\B)"),
        'n' | 'r' | 't' => {
            out.push('\\');
            out.push(c);
        }
        'f' => out.push_str(r"\x0C"),
        'v' => out.push_str(r"\x0B"),
        '0' if !chars.peek().is_some_and(char::is_ascii_digit) => out.push_str(r"\x00"),
        '0'..='9' => return Err(Refusal::NotPortable("a back-reference")),
        'k' if chars.peek() == Some(&'<') => {
            return Err(Refusal::NotPortable("a back-reference"));
        }
        'x' => code(2, chars, out)?,
        'u' if chars.peek() == Some(&'{') => {
            return Err(Refusal::NotPortable("`\\u{…}`, which needs a flag"));
        }
        'u' => code(4, chars, out)?,
        'c' => return Err(Refusal::NotPortable("a control escape")),
        'p' | 'P' => return Err(Refusal::NotPortable("a property of Unicode")),
        c if c.is_ascii_alphanumeric() => {
            return Err(Refusal::Syntax(format!("there is no escape `\\{c}`")));
        }
        c if c.is_ascii()
            && !c.is_ascii_control()
            && !matches!(c, '<' | '>' | ' ' | '\'' | '"') =>
        {
            out.push('\\');
            out.push(c);
        }
        c => out.push(c),
    }
    Ok(())
}

/// A character by its number.
fn code(digits: usize, chars: &mut Chars<'_>, out: &mut String) -> Result<(), Refusal> {
    let hex: String = chars.by_ref().take(digits).collect();
    let number = u32::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == digits);
    let number = number
        .ok_or_else(|| Refusal::Syntax(format!("an escape needs {digits} hexadecimal digits")))?;
    if char::from_u32(number).is_none() {
        return Err(Refusal::NotPortable("half of a surrogate pair"));
    }
    let _ = write!(out, "\\x{{{number:X}}}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Refusal, compile};

    fn finds(source: &str, text: &str) -> bool {
        compile(source, false)
            .map_or_else(|refusal| panic!("{source}: {refusal:?}"), |p| p.finds(text))
    }

    #[test]
    fn patterns_find_what_javascripts_do() {
        for (source, text, wanted) in [
            ("", "", true),
            ("^ping", "pingpong", true),
            ("^ping", "a ping", false),
            ("-12-25$", "1980-12-25", true),
            ("-12-25$", "1980-12-25 ", false),
            ("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaab", false),
            ("^.$", "é", true),
            ("^.$", "\n", false),
            ("^[^]$", "\n", true),
            ("[]", "a", false),
            (r"^\w+$", "élan", false),
            (r"^\d{2,3}$", "1234", false),
            (r"^\s$", "\u{a0}", true),
            (r"^[\d-]+$", "1-2", true),
            (r"^[\w.-]+@[\w-]+\.com$", "a.b-c@d-e.com", true),
            (r"\bcat\b", "a cat!", true),
            (r"\bcat\b", "concat", false),
            (r"a{", "a{", true),
            (r"x{2}", "axxb", true),
            (r"[[&~]", "&", true),
            (r"^(?<year>\d{4})$", "2026", true),
            (r"\/shop\/", "/shop/", true),
            (r"\u00e9", "café", true),
            ("商品", "新商品页", true),
            (r"a|", "zzz", true),
            (r"^$", "x", false),
            (r"[^\d]", "12a", true),
            (r"[^\W]", "!a", true),
        ] {
            assert_eq!(finds(source, text), wanted, "{source:?} on {text:?}");
        }
    }

    #[test]
    fn case_is_folded_on_demand() {
        let pattern = compile("(mobile|tablet|ÉLAN)", true).unwrap();
        assert!(pattern.finds("Android Mobile") && pattern.finds("élan"));
        assert!(!pattern.finds("desktop"));
    }

    #[test]
    fn what_no_table_can_do_is_refused_by_its_name() {
        for (source, what) in [
            ("a(?=b)", "look-ahead"),
            ("(?<!a)b", "look-behind"),
            (r"(a)\1", "a back-reference"),
            (r"(?i)a", "a group with flags"),
        ] {
            assert_eq!(compile(source, false), Err(Refusal::NotPortable(what)), "{source}");
        }
        for source in ["/???***[)", "(", "a)", "[z-a]", "*a", "\\"] {
            assert!(matches!(compile(source, false), Err(Refusal::Syntax(_))), "{source}");
        }
        for source in ["(a|b)*a(a|b){14}", &"x".repeat(2_000), "a{1000}{1000}"] {
            let refused = compile(source, false);
            assert!(matches!(refused, Err(Refusal::TooLarge | Refusal::Syntax(_))), "{source}");
        }
    }

    #[test]
    fn a_pattern_comes_back_from_its_bytes() {
        let pattern = compile("^[a-f]+-(x|yy)$", false).unwrap();
        let program = waymark_engine::Program {
            session_gap: waymark_model::Span::HOUR,
            patterns: vec![pattern.clone()],
            ..waymark_engine::Program::default()
        };
        let read = waymark_engine::Program::decode(&program.encode()).unwrap();
        assert_eq!(read.patterns, [pattern]);
    }
}
