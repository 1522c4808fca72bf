//! Why a command did not do what it was asked.

use std::io;

use waymark_model::DecodeError;
use waymark_wire::WireError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("{name} cannot be read: {source}")]
    Unreadable { name: String, source: io::Error },
    #[error("No file's name is like {pattern}")]
    NoSuchFile { pattern: String },
    #[error("{name} cannot be written: {source}")]
    Unwritable { name: String, source: io::Error },
    #[error("{name} is larger than {limit} bytes, which is the most that a pack may have")]
    PackTooLarge { name: String, limit: usize },
    /// The diagnostics have been shown.
    #[error("{name} has {errors}")]
    PackHasErrors { name: String, errors: String, status: u8 },
    /// Their names have been shown.
    #[error("{count} of the packs would be laid out anew")]
    NotFormatted { count: usize },
    /// They have been shown.
    #[error("{failed} of {all} tests failed")]
    TestsFailed { failed: usize, all: usize },
    #[error("{name} is not JSON: {source}")]
    PayloadNotJson { name: String, source: serde_json::Error },
    #[error("The context is not JSON: {0}")]
    ContextNotJson(serde_json::Error),
    #[error("{0}")]
    Wire(WireError),
    #[error("No event of {file} is of the visitor {visitor:?}")]
    NoSuchVisitor { file: String, visitor: String, known_as: Vec<String> },
    #[error("{file} has events of {count} visitors, such as {examples}")]
    ManyVisitors { file: String, count: usize, examples: String },
    #[error("{file} has no event that can be read")]
    NoVisitor { file: String },
    #[error("Events cannot be put aside in a temporary file: {0}")]
    PutAside(io::Error),
    /// A mistake of this command.
    #[error("An event that was put aside cannot be read again: {0}")]
    PutAsideWrongly(DecodeError),
    #[error("{edge:?} is not the address of an edge: {reason}")]
    BadEdge { edge: String, reason: &'static str },
    #[error("{edge:?} is http, by which anybody on the way could read the token")]
    InsecureEdge { edge: String },
    #[error("The token is missing: {reason}")]
    NoToken { reason: &'static str },
    #[error("The edge did not answer: {0}")]
    NoAnswer(String),
    /// What the edge said has been shown.
    #[error("The edge refused: {status} {title}")]
    Refused { status: u16, title: String, detail: String, said: Vec<String> },
    #[error("The edge compiled the pack to {theirs}, this command to {ours}")]
    OtherHash { ours: String, theirs: String },
    #[error("The lake {lake} cannot be used: {reason}")]
    BadLake { lake: String, reason: String },
    #[error("{name} of the lake {lake}: {reason}")]
    LakeFailed { lake: String, name: String, reason: String },
    #[error("{name} of the lake cannot be read: {reason}")]
    BadLakeFile { name: String, reason: String },
    #[error("The output cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// The stable name of the reason.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable-file",
            Self::NoSuchFile { .. } => "no-such-file",
            Self::Unwritable { .. } => "unwritable-file",
            Self::PackTooLarge { .. } => "pack-too-large",
            Self::PackHasErrors { .. } => "pack-has-errors",
            Self::NotFormatted { .. } => "not-formatted",
            Self::TestsFailed { .. } => "tests-failed",
            Self::PayloadNotJson { .. } => "payload-not-json",
            Self::ContextNotJson(_) => "bad-context",
            Self::Wire(error) => error.code(),
            Self::NoSuchVisitor { .. } => "no-such-visitor",
            Self::ManyVisitors { .. } => "many-visitors",
            Self::NoVisitor { .. } => "no-visitor",
            Self::PutAside(_) => "put-aside",
            Self::PutAsideWrongly(_) => "put-aside-wrongly",
            Self::BadEdge { .. } => "bad-edge",
            Self::InsecureEdge { .. } => "insecure-edge",
            Self::NoToken { .. } => "no-token",
            Self::NoAnswer(_) => "no-answer",
            Self::Refused { .. } => "refused",
            Self::OtherHash { .. } => "other-hash",
            Self::BadLake { .. } => "bad-lake",
            Self::LakeFailed { .. } => "lake-failed",
            Self::BadLakeFile { .. } => "bad-lake-file",
            Self::Output(_) => "output",
        }
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::NoSuchVisitor { known_as, .. } if !known_as.is_empty() => Some(format!(
                "it is the userId of {}; a visitor goes by the anonymousId where there is one",
                known_as.join(", "),
            )),
            Self::ManyVisitors { .. } => Some("say which: --visitor ID".to_owned()),
            Self::BadEdge { .. } => Some("write it as https://edge.example.com".to_owned()),
            Self::NotFormatted { .. } => Some("`waymark fmt` does it".to_owned()),
            Self::InsecureEdge { .. } => {
                Some("use https; http is for localhost and 127.0.0.1".to_owned())
            }
            Self::Refused { detail, said, .. } => {
                let lines: Vec<&str> = [detail]
                    .into_iter()
                    .chain(said)
                    .map(String::as_str)
                    .filter(|line| !line.is_empty())
                    .collect();
                Some(lines.join("\n")).filter(|text| !text.is_empty())
            }
            Self::OtherHash { .. } => {
                Some("use the release of `waymark` that the edge runs".to_owned())
            }
            Self::BadLake { .. } => Some(
                "name a folder that is there, or s3://BUCKET with AWS_ACCESS_KEY_ID, \
                 AWS_SECRET_ACCESS_KEY and, for R2, AWS_ENDPOINT"
                    .to_owned(),
            ),
            Self::BadLakeFile { .. } => Some(
                "nothing was changed in it; move the file out of the lake, then run this again"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// The process's exit status.
    pub(crate) const fn status(&self) -> u8 {
        match self {
            Self::PackHasErrors { status, .. } => *status,
            Self::NotFormatted { .. } | Self::TestsFailed { .. } | Self::Refused { .. } => 1,
            _ => 2,
        }
    }

    /// Whoever read the output went away: there is nobody to tell.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    pub(crate) fn unreadable(name: &str, source: io::Error) -> Self {
        Self::Unreadable { name: name.to_owned(), source }
    }

    pub(crate) fn unwritable(name: &str, source: io::Error) -> Self {
        Self::Unwritable { name: name.to_owned(), source }
    }
}

impl From<WireError> for CliError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}
