//! Errors as FHIR says them.

use serde_json::{Value, json};

/// Issue types that we use (FHIR R4 value set issue-type).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueType {
    /// The token is missing or not valid.
    Security,
    /// The token does not reach this far.
    Forbidden,
    /// The search is not one that we take.
    NotSupported,
    /// The record system does not answer.
    Transient,
    /// The content is malformed.
    Invalid,
    /// There is no such resource.
    NotFound,
    /// There was one.
    Deleted,
    /// It is not as the client thinks it is.
    Conflict,
    /// It would take too much.
    TooCostly,
    /// It was asked too often.
    Throttled,
    /// Something went wrong that is not the client's doing.
    Exception,
}

impl IssueType {
    const fn code(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Forbidden => "forbidden",
            Self::NotSupported => "not-supported",
            Self::Transient => "transient",
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Deleted => "deleted",
            Self::Conflict => "conflict",
            Self::TooCostly => "too-costly",
            Self::Throttled => "throttled",
            Self::Exception => "exception",
        }
    }
}

/// An OperationOutcome with one error. `diagnostics` is a fixed text without personal data.
pub fn operation_outcome(issue: IssueType, diagnostics: &'static str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{
            "severity": "error",
            "code": issue.code(),
            "diagnostics": diagnostics,
        }],
    })
}
