//! What paths read.

/// What a path begins with.
#[derive(Debug)]
pub struct Root {
    pub name: &'static str,
    /// One sentence about it.
    pub about: &'static str,
    /// Whether any key may follow, or only those of [`BUILT_IN`].
    pub any_key: bool,
    /// Read by the conditions of journeys only.
    pub in_journeys: bool,
}

/// A path with a meaning of its own.
#[derive(Debug)]
pub struct BuiltIn {
    pub path: &'static str,
    /// The type of what it reads.
    pub ty: &'static str,
    /// One sentence about it.
    pub about: &'static str,
    /// Whether there always is one.
    pub always: bool,
}

const fn root(name: &'static str, about: &'static str) -> Root {
    Root { name, about, any_key: true, in_journeys: false }
}

const fn built_in(path: &'static str, ty: &'static str, about: &'static str) -> BuiltIn {
    BuiltIn { path, ty, about, always: false }
}

impl Root {
    const fn only_built_in(mut self) -> Self {
        self.any_key = false;
        self
    }

    const fn in_journeys(mut self) -> Self {
        self.in_journeys = true;
        self
    }
}

impl BuiltIn {
    const fn always(mut self) -> Self {
        self.always = true;
        self
    }
}

/// What a path on a visitor, and an insert in a template, begins with.
pub static ROOTS: &[Root] = &[
    root("traits", "What the visitor, or your own systems, said about them: `identify` sets it."),
    root("page", "The page that is looked at."),
    root("campaign", "The campaign that the page's address names (`utm_source` and its like)."),
    root("device", "What the visitor looks at the page with."),
    root("geo", "Where the visitor's connection comes from; the edge knows it."),
    root("session", "The visitor's present session.").only_built_in(),
    root("features", "What the pack's `features` remember.").only_built_in(),
    root("time", "The time of day and the date: the visitor's in a rule, the pack's elsewhere.")
        .only_built_in(),
    root("scores", "What the pack's `models` say of the visitor.").only_built_in(),
    root(
        "entry",
        "In the steps of a journey: the properties of the event that let the visitor in.",
    )
    .in_journeys(),
    root(
        "event",
        "In the steps of a journey: the properties of the event that was waited for last.",
    )
    .in_journeys(),
];

/// The paths that hosts fill, and those that the engine reads itself.
pub static BUILT_IN: &[BuiltIn] = &[
    built_in("page.path", "string", "The page's path, without what comes after `?`.").always(),
    built_in("page.url", "string", "The page's whole address.").always(),
    built_in("page.search", "string", "What stands after `?` in the address, with the `?`.")
        .always(),
    built_in("page.title", "string", "The page's title; only in the page itself."),
    built_in("page.referrer", "string", "The address that the visitor came from.").always(),
    built_in("campaign.name", "string", "`utm_campaign` of the address."),
    built_in("campaign.source", "string", "`utm_source` of the address."),
    built_in("campaign.medium", "string", "`utm_medium` of the address."),
    built_in("campaign.term", "string", "`utm_term` of the address."),
    built_in("campaign.content", "string", "`utm_content` of the address."),
    built_in("device.type", "string", "`mobile` or `desktop`; tablets are mobile.").always(),
    built_in("geo.country", "string", "The country's two letters (ISO 3166), from the edge."),
    built_in("session.number", "number", "Which session of the visitor's this is, from 1.")
        .always(),
    built_in("session.events", "number", "How many events the present session has.").always(),
    built_in("session.duration", "duration", "From the first to the last event of the session.")
        .always(),
    built_in("session.gap", "duration", "How long nothing had happened before the session began."),
    built_in("time.hour", "number", "The hour, 0 to 23.").always(),
    built_in("time.minute", "number", "The minute, 0 to 59.").always(),
    built_in("time.weekday", "string", "The day of the week: `mon` to `sun`.").always(),
    built_in("time.day", "number", "The day of the month, 1 to 31.").always(),
    built_in("time.month", "number", "The month, 1 to 12.").always(),
    built_in("time.year", "number", "The year.").always(),
    built_in("time.date", "date", "The date, such as `2026-11-22`.").always(),
    built_in("geo.timezone", "string", "The time zone's name in the tz database, from the edge."),
];

/// The roots that paths can begin with.
pub fn root_names() -> impl Iterator<Item = &'static str> + Clone {
    ROOTS.iter().filter(|root| !root.in_journeys).map(|root| root.name)
}

/// Whether a path begins like one that journeys alone read.
pub fn is_of_journeys(path: &str) -> bool {
    let first = path.split('.').next().unwrap_or_default();
    ROOTS.iter().any(|root| root.in_journeys && root.name == first)
}
