//! Problem documents (RFC 9457): how a refusal looks over HTTP.

use crate::WireError;

/// The `Content-Type` of a problem document.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Where each code is explained.
const TYPE_BASE: &str = "https://waymark.dev/problems/";

/// One problem, as an answer reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    pub code: String,
    /// The same for every problem with this code.
    pub title: String,
    /// What happened this time and how to mend it.
    pub detail: String,
    /// A JSON pointer into the request's body.
    pub pointer: Option<String>,
    /// Seconds, for the `Retry-After` header: not part of the document.
    pub retry_after: Option<u32>,
}

impl Problem {
    pub fn new(status: u16, code: &str, title: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            title: title.to_owned(),
            detail: detail.into(),
            pointer: None,
            retry_after: None,
        }
    }

    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    pub fn to_json(&self) -> serde_json::Value {
        let mut document = serde_json::json!({
            "type": format!("{TYPE_BASE}{}", self.code),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        });
        if let Some(pointer) = &self.pointer {
            document["pointer"] = pointer.as_str().into();
        }
        document
    }
}

impl From<&WireError> for Problem {
    fn from(error: &WireError) -> Self {
        let kind = error.kind;
        let problem = Self::new(kind.status(), kind.name(), kind.title(), error.message.as_str());
        Self { pointer: Some(error.pointer.clone()).filter(|p| !p.is_empty()), ..problem }
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;
    use crate::{Code, WireError};
    use serde_json::json;

    #[test]
    fn a_refusal_becomes_a_problem_document() {
        let error = WireError::new(Code::BadTimestamp, "/batch/3/timestamp", "Mend it.");
        assert_eq!(
            Problem::from(&error).to_json(),
            json!({
                "type": "https://waymark.dev/problems/bad-timestamp",
                "title": "A timestamp cannot be read",
                "status": 400,
                "detail": "Mend it.",
                "code": "bad-timestamp",
                "pointer": "/batch/3/timestamp",
            })
        );
    }

    #[test]
    fn a_problem_of_the_whole_body_has_no_pointer() {
        let error = WireError::new(Code::BodyTooLarge, "", "Send less.");
        let problem = Problem::from(&error);
        assert_eq!((problem.status, &problem.pointer), (413, &None));
        assert_eq!(problem.to_json().get("pointer"), None);
    }

    #[test]
    fn when_to_retry_is_for_the_header_only() {
        let problem = Problem::new(503, "busy", "Busy", "Try again.").with_retry_after(2);
        assert_eq!(problem.retry_after, Some(2));
        assert_eq!(problem.to_json().as_object().unwrap().len(), 5);
    }
}
