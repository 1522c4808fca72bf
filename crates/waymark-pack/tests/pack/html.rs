//! HTML of packs, and values put into it, do no harm.

use crate::visitor::{Visitor, program, shows};
use waymark_model::{Span, Value};
use waymark_pack::{check, compile};

const NOW: Span = Span(0);

fn content(html: &str) -> String {
    shows(&format!("{{ \"slot\": \"hero\", \"html\": {} }}", serde_json::to_string(html).unwrap()))
}

/// What a visitor with these traits sees.
fn rendered(html: &str, traits: &[(&str, Value)]) -> String {
    let program = program(&content(html));
    let mut visitor = Visitor::new(&program);
    visitor.is(traits);
    visitor.shown(NOW).unwrap()
}

/// The tags of sanitized HTML, in which `<` is nothing else, with their attributes.
fn tags(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    for tag in html.split('<').skip(1) {
        let inside = tag.split('>').next().unwrap();
        let mut rest = inside.find(char::is_whitespace).map_or("", |at| &inside[at..]);
        let name = inside.split(char::is_whitespace).next().unwrap().to_ascii_lowercase();
        let mut attributes = Vec::new();
        while let Some((attribute, after)) = rest.split_once("=\"") {
            let (value, after) = after.split_once('"').unwrap();
            attributes.push((attribute.trim().to_ascii_lowercase(), value.to_owned()));
            rest = after;
        }
        assert_eq!(rest.trim(), "", "{html}");
        tags.push((name, attributes));
    }
    tags
}

fn assert_harmless(html: &str) {
    for (name, attributes) in tags(html) {
        let refused = [
            "script", "style", "svg", "math", "iframe", "object", "embed", "form", "input", "link",
            "meta", "base", "template", "noscript",
        ];
        assert!(!refused.contains(&name.as_str()), "{html}");
        for (attribute, value) in attributes {
            assert!(!attribute.starts_with("on"), "{html}");
            assert!(!["style", "srcdoc", "formaction", "action"].contains(&attribute.as_str()));
            if ["href", "src", "srcset", "cite"].contains(&attribute.as_str()) {
                let bare: String = value.chars().filter(|c| *c > ' ').collect();
                let bare = bare.to_ascii_lowercase();
                for scheme in ["javascript:", "vbscript:", "data:"] {
                    assert!(!bare.contains(scheme), "{html}");
                }
            }
        }
    }
}

const ATTACKS: [&str; 28] = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src=x:x onerror\n=alert(1)//>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /><a id=x><text>y</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\"jAvAsCrIpT&colon;alert(1)\">x</a>",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "<a href=\"&#1;javascript:alert(1)\">x</a>",
    "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
    "<a href=\"vbscript:msgbox(1)\">x</a>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button formaction=javascript:alert(2)>x</button></form>",
    "<div style=\"background:url(javascript:alert(1))\">x</div>",
    "<style>@import 'javascript:alert(1)';</style>",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<base href=javascript:alert(1)//>",
    "<img srcset=\"a.png 1x, javascript:alert(1) 2x\">",
    "<blockquote cite=\"javascript:alert(1)\">x</blockquote>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
    "\"><details open ontoggle=alert(1)><summary>x</summary></details><!--",
];

#[test]
fn classic_attacks_come_out_harmless() {
    for attack in ATTACKS {
        let compiled = compile(&content(attack)).unwrap();
        let visitor = Visitor::new(&compiled.program);
        assert_harmless(&visitor.shown(NOW).unwrap());
    }
}

#[test]
fn what_was_taken_out_is_named() {
    for attack in &ATTACKS[..26] {
        let report = check(&content(attack));
        let codes: Vec<&str> = report.iter().map(|diagnostic| diagnostic.code).collect();
        assert_eq!(codes, ["html-sanitized"], "{attack}");
    }
}

#[test]
fn a_value_cannot_leave_the_place_it_was_given() {
    let html = "<p class=\"a {{ traits.x }}\" data-x='{{ traits.x }}'>{{ traits.x }} and</p>\
        <a href={{ traits.x }}>one</a><a href=\" {{ traits.x }}\">two</a>\
        <a href=\"https://shop.example/{{ traits.x }}?q={{ traits.x }}\">three</a>\
        <img src=\"{{ traits.x }}{{ traits.x }}\" alt=\"{{ traits.x }}\" srcset=\"{{ traits.x }} 1x, b.png 2x\">";
    let plain = tags(&rendered(html, &[("x", Value::from("plain"))]));
    let mut values: Vec<&str> = ATTACKS.to_vec();
    values.extend([
        "\" onclick=\"alert(1)",
        "' onclick='alert(1)",
        "javascript:alert(1)",
        "`",
        "</p><script>",
    ]);
    for value in values {
        let shown = rendered(html, &[("x", Value::from(value))]);
        let names = |tags: &[(String, Vec<(String, String)>)]| -> Vec<Vec<String>> {
            tags.iter()
                .map(|(name, attributes)| {
                    [name]
                        .into_iter()
                        .chain(attributes.iter().map(|(name, _)| name))
                        .cloned()
                        .collect()
                })
                .collect()
        };
        assert_eq!(names(&tags(&shown)), names(&plain), "{value}");
        for (_, attributes) in tags(&shown) {
            for (attribute, value) in
                attributes.iter().filter(|(name, _)| name == "href" || name == "src")
            {
                assert!(
                    !value.trim_start().to_ascii_lowercase().starts_with("javascript"),
                    "{attribute}"
                );
            }
        }
    }
}

#[test]
fn an_empty_value_does_not_uncover_a_scheme() {
    for html in [
        "<a href=\"{{ page.x }}javascript:alert(1)\">x</a>",
        "<a href=\"java{{ page.x }}script:alert(1)\">x</a>",
        "<a href=\"javascript{{ page.x }}:alert(1)\">x</a>",
        "<a href=\"{{ page.x }}&#9;javascript:alert(1)\">x</a>",
        "<img src=\"{{ page.x }}data:x\">",
    ] {
        let report = check(&content(html));
        assert!(report.iter().any(|d| d.code == "template-misplaced"), "{html}");
    }
}

#[test]
fn values_are_escaped_for_where_they_land() {
    let html = "<h1 title='{{ traits.x }}'>{{ traits.x }}</h1><a href='{{ traits.x }}'>a</a><a href='/s?q={{ traits.x }}'>b</a>";
    assert_eq!(
        rendered(html, &[("x", Value::from("a&b \"c\""))]),
        "<h1 title=\"a&amp;b &quot;c&quot;\">a&amp;b &quot;c&quot;</h1>\
         <a href=\"a&amp;b &quot;c&quot;\">a</a>\
         <a href=\"/s?q=a%26b%20%22c%22\">b</a>"
    );
}

#[test]
fn what_a_banner_needs_is_kept() {
    let html = "<section class=\"a\" id=\"b\" role=\"banner\" aria-label=\"c\" data-d=\"e\"><header>x</header>\
        <figure><picture><source srcset=\"a.webp 1x, https://x.example/b.webp 2x\" media=\"(min-width: 1px)\">\
        <img src=\"a.png\" alt=\"y\" width=\"1\" height=\"2\" loading=\"lazy\" sizes=\"100vw\"></picture>\
        <figcaption>z</figcaption></figure><button type=\"button\">w</button><footer>v &amp; 日本</footer></section>";
    assert!(check(&content(html)).is_empty());
    let kept = rendered(html, &[]);
    assert_eq!(tags(&kept).len(), tags(html).len());
    let count =
        |html: &str| tags(html).iter().map(|(_, attributes)| attributes.len()).sum::<usize>();
    assert_eq!(count(&kept), count(html));
    assert!(kept.contains("v &amp; 日本"));
}

#[test]
fn a_button_does_not_submit_the_form_around_it() {
    assert_eq!(
        rendered("<button type=submit>x</button>", &[]),
        "<button type=\"button\">x</button>"
    );
}

#[test]
fn content_that_guesses_at_marks_stays_as_it_is() {
    let html = "wm0000000000000000i0z {{ traits.x }} wm";
    assert_eq!(rendered(html, &[("x", Value::from("v"))]), "wm0000000000000000i0z v wm");
}
