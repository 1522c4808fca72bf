//! What is wrong with a pack, where, and how to mend it.

use core::fmt;

use serde::Serialize;

/// All that was found in one pack, sorted by position.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// A stable name for the problem: one of [`Code::ALL`].
    pub code: &'static str,
    pub severity: Severity,
    /// The included part that it is about; `None` for the pack itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A JSON pointer (RFC 6901) to the value, or to the member, that it is about.
    pub pointer: String,
    /// The first byte of that value or member in the source.
    pub offset: usize,
    /// Bytes.
    pub length: usize,
    /// From 1.
    pub line: u32,
    /// From 1, in characters (Unicode scalar values).
    pub column: u32,
    /// One sentence: what is wrong.
    pub message: String,
    /// What to write instead.
    pub mend: Option<String>,
    /// The mend as an edit, when it takes no thought: what to write in place of the bytes of
    /// `offset` and `length`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It compiles; it is hardly what was meant.
    Warning,
    /// It does not compile.
    Error,
}

/// Declares the codes: each with the sentence about it, and the name under which it is reported.
macro_rules! codes {
    ($($(#[doc = $about:literal])+ $code:ident = $name:literal,)+) => {
        /// Every problem that is known, by the name under which it is reported.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $about])+ $code,)+
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$code),+];

            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// One sentence: what is wrong when it is reported.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$code => concat!($($about),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

codes! {
    /// A condition that always holds, and does not look like it.
    AlwaysTrue = "always-true",
    /// Not a whole number and one of `s m h d w`, or out of range.
    BadDuration = "bad-duration",
    /// Empty, too long, or with control characters.
    BadId = "bad-id",
    /// What `include` cannot name, or parts where nobody reads files.
    BadInclude = "bad-include",
    /// Not a date or an instant, or one that cannot stand here.
    BadInstant = "bad-instant",
    /// Not JSON, comments and trailing commas aside.
    BadJson = "bad-json",
    /// Not a BCP 47 tag.
    BadLocale = "bad-locale",
    /// Too large for a double.
    BadNumber = "bad-number",
    /// The compiler made a Program that no host takes: a bug in it.
    BadProgram = "bad-program",
    /// Not a regular expression that every host can run.
    BadRegex = "bad-regex",
    /// No selector of CSS, or one that pages cannot be asked with.
    BadSelector = "bad-selector",
    /// A share that is not between 0 and 1, or ends before it begins.
    BadShare = "bad-share",
    /// A sequence with no step, or with too many.
    BadSteps = "bad-steps",
    /// An insert that cannot be read.
    BadTemplate = "bad-template",
    /// Not one of the values that may stand here.
    BadValue = "bad-value",
    /// Too few variations or too many, or what all of them have and some lack.
    BadVariations = "bad-variations",
    /// Weights that do not add up to 1.
    BadWeights = "bad-weights",
    /// More rows than a pack may have.
    CatalogTooLarge = "catalog-too-large",
    /// More than hosts are willing to evaluate.
    ConditionTooLarge = "condition-too-large",
    /// Keys of which only one may be given.
    ConflictingKeys = "conflicting-keys",
    /// Membership that would depend on the page looked at.
    ContextInSegment = "context-in-segment",
    /// A condition that nothing can fulfil.
    Contradiction = "contradiction",
    /// A count for which too many times would have to be remembered.
    CountTooLarge = "count-too-large",
    /// Segments, stages or slots that depend on themselves.
    Cycle = "cycle",
    /// What everybody sees, also without consent, reads what is known of the visitor.
    DefaultReadsVisitor = "default-reads-visitor",
    /// Two things of one kind under one id.
    DuplicateId = "duplicate-id",
    /// A key given twice in one object.
    DuplicateKey = "duplicate-key",
    /// What only the edge knows, read by what pages know.
    EdgeDataInPage = "edge-data-in-page",
    /// Elements or attributes were taken out.
    HtmlSanitized = "html-sanitized",
    /// A slot whose rules read so many different things that its decisions can hardly be cached.
    ManySignals = "many-signals",
    /// An insert of what may be missing, with nothing to show instead.
    MissingDefault = "missing-default",
    /// A key that has to be there.
    MissingKey = "missing-key",
    /// An opposite that also holds of what is missing.
    MissingMatches = "missing-matches",
    /// An operator where it has no meaning.
    OutOfPlace = "out-of-place",
    /// More bytes than a pack may have.
    PackTooLarge = "pack-too-large",
    /// More bytes than a compiled pack may have.
    ProgramTooLarge = "program-too-large",
    /// A regular expression whose table would be too large.
    RegexTooLarge = "regex-too-large",
    /// A rule that reads data which is not collected for its purpose.
    PurposeNotAllowed = "purpose-not-allowed",
    /// A rule or experiment whose time has passed.
    ScheduleOver = "schedule-over",
    /// A rule behind one that always wins.
    ShadowedRule = "shadowed-rule",
    /// An insert where no value can be made safe.
    TemplateMisplaced = "template-misplaced",
    /// More bytes than a visitor's state may have.
    StateTooLarge = "state-too-large",
    /// Objects and arrays nested too deep.
    TooDeep = "too-deep",
    /// More rules and experiments than a pack may have.
    TooManyRules = "too-many-rules",
    /// A trait that `attributes` does not declare.
    UnknownAttribute = "unknown-attribute",
    /// Content that the pack does not have.
    UnknownContent = "unknown-content",
    /// An event that `events` does not declare.
    UnknownEvent = "unknown-event",
    /// An experiment that the pack does not have.
    UnknownExperiment = "unknown-experiment",
    /// A feature that the pack does not have.
    UnknownFeature = "unknown-feature",
    /// A filter that templates do not have.
    UnknownFilter = "unknown-filter",
    /// A group that the pack does not have.
    UnknownGroup = "unknown-group",
    /// A key or operator of no version of the language.
    UnknownKey = "unknown-key",
    /// A metric that the pack does not have.
    UnknownMetric = "unknown-metric",
    /// A path that does not begin with a root, or ends at it.
    UnknownPath = "unknown-path",
    /// A property that its event, or a field that the catalogue, does not declare.
    UnknownProperty = "unknown-property",
    /// A destination that the pack does not have.
    UnknownDestination = "unknown-destination",
    /// A model that the pack does not have.
    UnknownModel = "unknown-model",
    /// A key that the catalogue does not have.
    UnknownRow = "unknown-row",
    /// A segment that the pack does not have.
    UnknownSegment = "unknown-segment",
    /// A slot that the pack does not have.
    UnknownSlot = "unknown-slot",
    /// A stage that the journey does not have.
    UnknownStage = "unknown-stage",
    /// A survey that the pack does not have.
    UnknownSurvey = "unknown-survey",
    /// A table that `tables` does not have, or a catalogue that is not there.
    UnknownTable = "unknown-table",
    /// A tier that the pack does not have.
    UnknownTier = "unknown-tier",
    /// A touchpoint that the journey does not have.
    UnknownTouchpoint = "unknown-touchpoint",
    /// An attribute that could run something, or that is not for patches.
    UnsafeAttribute = "unsafe-attribute",
    /// An address that could run something, or that a value could lead to another site.
    UnsafeUrl = "unsafe-url",
    /// A variation that the experiment does not have.
    UnknownVariation = "unknown-variation",
    /// A rule whose condition nobody can meet.
    UnreachableRule = "unreachable-rule",
    /// Content that nobody shows.
    UnusedContent = "unused-content",
    /// A destination by which nothing is sent.
    UnusedDestination = "unused-destination",
    /// A slot that nothing fills.
    UnusedSlot = "unused-slot",
    /// Content shown in a slot that it was not made for.
    WrongSlot = "wrong-slot",
    /// A value of a type that does not fit: of the JSON, or of what it is compared with.
    WrongType = "wrong-type",
}

impl Severity {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Report {
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    pub fn iter(&self) -> core::slice::Iter<'_, Diagnostic> {
        self.diagnostics.iter()
    }

    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning)
    }

    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    pub fn len(&self) -> usize {
        self.diagnostics.len()
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Diagnostic;
    type IntoIter = core::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, line, column, message, .. } = self;
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        write!(f, "{line}:{column} {}[{code}]: {message}", self.severity.name())?;
        self.mend.as_ref().map_or(Ok(()), |mend| write!(f, ": {mend}"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|diagnostic| writeln!(f, "{diagnostic}"))
    }
}

impl std::error::Error for Diagnostic {}
impl std::error::Error for Report {}
