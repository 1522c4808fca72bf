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
    /// A JSON pointer (RFC 6901) to the value, or to the member, that it is about.
    pub pointer: String,
    /// The first byte of that value or member in the source.
    pub offset: usize,
    /// Bytes.
    pub length: usize,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// One sentence: what is wrong.
    pub message: String,
    /// What to write instead.
    pub mend: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It compiles; it is hardly what was meant.
    Warning,
    /// It does not compile.
    Error,
}

/// Every problem that is known, by the name under which it is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Not a whole number and one of `s m h d w`, or out of range.
    BadDuration,
    /// Empty, too long, or with control characters.
    BadId,
    /// Not JSON, comments and trailing commas aside.
    BadJson,
    /// Not a BCP 47 tag.
    BadLocale,
    /// Too large for a double.
    BadNumber,
    /// The compiler made a Program that no host takes: a bug in it.
    BadProgram,
    /// A sequence with no step, or with too many.
    BadSteps,
    /// An insert that cannot be read.
    BadTemplate,
    /// Not one of the values that may stand here.
    BadValue,
    /// More than hosts are willing to evaluate.
    ConditionTooLarge,
    /// Keys of which only one may be given.
    ConflictingKeys,
    /// Membership that would depend on the page looked at.
    ContextInSegment,
    /// A condition that nothing can fulfil.
    Contradiction,
    /// A count for which too many times would have to be remembered.
    CountTooLarge,
    /// Segments or stages made of themselves.
    Cycle,
    /// What everybody sees, also without consent, reads what is known of the visitor.
    DefaultReadsVisitor,
    /// Two things of one kind under one id.
    DuplicateId,
    /// A key given twice in one object.
    DuplicateKey,
    /// Elements or attributes were taken out.
    HtmlSanitized,
    /// A key that has to be there.
    MissingKey,
    /// Part of the language, and not of this version.
    NotYet,
    /// An operator where it has no meaning.
    OutOfPlace,
    /// More bytes than a pack may have.
    PackTooLarge,
    /// More bytes than a compiled pack may have.
    ProgramTooLarge,
    /// A rule behind one that always wins.
    ShadowedRule,
    /// An insert where no value can be made safe.
    TemplateMisplaced,
    /// Objects and arrays nested too deep.
    TooDeep,
    /// A trait that `attributes` does not declare.
    UnknownAttribute,
    UnknownContent,
    /// An event that `events` does not declare.
    UnknownEvent,
    UnknownFeature,
    UnknownFilter,
    /// A key or operator of no version of the language.
    UnknownKey,
    /// A path that does not begin with a root, or ends at it.
    UnknownPath,
    /// A property that its event does not declare.
    UnknownProperty,
    UnknownSegment,
    UnknownSlot,
    UnknownStage,
    UnknownTouchpoint,
    /// Content that nobody shows.
    UnusedContent,
    /// A slot that nothing fills.
    UnusedSlot,
    /// Content shown in a slot that it was not made for.
    WrongSlot,
    /// A value of a type that does not fit: of the JSON, or of what it is compared with.
    WrongType,
}

impl Code {
    pub const ALL: [Self; 43] = [
        Self::BadDuration,
        Self::BadId,
        Self::BadJson,
        Self::BadLocale,
        Self::BadNumber,
        Self::BadProgram,
        Self::BadSteps,
        Self::BadTemplate,
        Self::BadValue,
        Self::ConditionTooLarge,
        Self::ConflictingKeys,
        Self::ContextInSegment,
        Self::Contradiction,
        Self::CountTooLarge,
        Self::Cycle,
        Self::DefaultReadsVisitor,
        Self::DuplicateId,
        Self::DuplicateKey,
        Self::HtmlSanitized,
        Self::MissingKey,
        Self::NotYet,
        Self::OutOfPlace,
        Self::PackTooLarge,
        Self::ProgramTooLarge,
        Self::ShadowedRule,
        Self::TemplateMisplaced,
        Self::TooDeep,
        Self::UnknownAttribute,
        Self::UnknownContent,
        Self::UnknownEvent,
        Self::UnknownFeature,
        Self::UnknownFilter,
        Self::UnknownKey,
        Self::UnknownPath,
        Self::UnknownProperty,
        Self::UnknownSegment,
        Self::UnknownSlot,
        Self::UnknownStage,
        Self::UnknownTouchpoint,
        Self::UnusedContent,
        Self::UnusedSlot,
        Self::WrongSlot,
        Self::WrongType,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::BadDuration => "bad-duration",
            Self::BadId => "bad-id",
            Self::BadJson => "bad-json",
            Self::BadLocale => "bad-locale",
            Self::BadNumber => "bad-number",
            Self::BadProgram => "bad-program",
            Self::BadSteps => "bad-steps",
            Self::BadTemplate => "bad-template",
            Self::BadValue => "bad-value",
            Self::ConditionTooLarge => "condition-too-large",
            Self::ConflictingKeys => "conflicting-keys",
            Self::ContextInSegment => "context-in-segment",
            Self::Contradiction => "contradiction",
            Self::CountTooLarge => "count-too-large",
            Self::Cycle => "cycle",
            Self::DefaultReadsVisitor => "default-reads-visitor",
            Self::DuplicateId => "duplicate-id",
            Self::DuplicateKey => "duplicate-key",
            Self::HtmlSanitized => "html-sanitized",
            Self::MissingKey => "missing-key",
            Self::NotYet => "not-yet",
            Self::OutOfPlace => "out-of-place",
            Self::PackTooLarge => "pack-too-large",
            Self::ProgramTooLarge => "program-too-large",
            Self::ShadowedRule => "shadowed-rule",
            Self::TemplateMisplaced => "template-misplaced",
            Self::TooDeep => "too-deep",
            Self::UnknownAttribute => "unknown-attribute",
            Self::UnknownContent => "unknown-content",
            Self::UnknownEvent => "unknown-event",
            Self::UnknownFeature => "unknown-feature",
            Self::UnknownFilter => "unknown-filter",
            Self::UnknownKey => "unknown-key",
            Self::UnknownPath => "unknown-path",
            Self::UnknownProperty => "unknown-property",
            Self::UnknownSegment => "unknown-segment",
            Self::UnknownSlot => "unknown-slot",
            Self::UnknownStage => "unknown-stage",
            Self::UnknownTouchpoint => "unknown-touchpoint",
            Self::UnusedContent => "unused-content",
            Self::UnusedSlot => "unused-slot",
            Self::WrongSlot => "wrong-slot",
            Self::WrongType => "wrong-type",
        }
    }
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
