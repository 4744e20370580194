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
}

impl IssueType {
    const fn code(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Forbidden => "forbidden",
            Self::NotSupported => "not-supported",
            Self::Transient => "transient",
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
