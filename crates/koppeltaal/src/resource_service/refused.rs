//! Why a request is not answered as it was asked.

use fhir::IssueType;

/// Why not. Who may not ask learns nothing but that (TOP-KT-012a); everybody else as much as helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No scope allows it, or the resource is of an owner whose resources none reaches. Under scopes
    /// that reach some owners only, a resource that is not there gives the same (design §5).
    Forbidden,
    /// It is not for who does not say who he is (TOP-KT-012a).
    Unidentified,
    /// There is nothing at this path.
    NoSuchPath,
    /// The path takes these methods.
    Method(&'static str),
    /// No JSON is accepted.
    NotAcceptable,
    /// The body is no JSON.
    MediaType,
    /// There is no such resource.
    NotFound,
    /// There was one.
    Gone,
    /// The FHIR server has this page of a list no more.
    PageGone,
    /// `If-Match` is missing.
    NoIfMatch,
    /// `If-Match` names another version than the one that is there.
    Stale,
    /// `If-None-Match` asks that there is none, and there is one.
    IsThere,
    /// `If-None-Exist` finds several resources.
    Ambiguous,
    /// Another resource refers to it, or it changed in the same moment.
    Conflict,
    /// The request is malformed.
    Bad(&'static str),
    /// A search parameter is malformed, or not taken.
    Parameter(&'static str),
    /// The owner in the body is not the one that is kept.
    OwnerChanged,
    /// A subscription would tell more than may be told.
    Subscription(&'static str),
    /// The FHIR server finds the resource no good.
    Unprocessable,
    /// Too much had to be read for this answer.
    TooCostly,
    /// The client asks too often.
    TooSoon,
    /// The FHIR server does not answer.
    Away,
    /// What the FHIR server answers is none of FHIR's.
    Unreadable,
}

impl Refused {
    /// The HTTP status (koppeltaal.md §3.3).
    pub const fn status(self) -> u16 {
        match self {
            Self::Bad(_) | Self::Parameter(_) | Self::TooCostly => 400,
            Self::Unidentified => 401,
            Self::Forbidden | Self::OwnerChanged => 403,
            Self::NoSuchPath | Self::NotFound => 404,
            Self::Method(_) => 405,
            Self::NotAcceptable => 406,
            Self::Conflict => 409,
            Self::Gone | Self::PageGone => 410,
            Self::NoIfMatch | Self::Stale | Self::IsThere | Self::Ambiguous => 412,
            Self::MediaType => 415,
            Self::Unprocessable | Self::Subscription(_) => 422,
            Self::TooSoon => 429,
            Self::Unreadable => 502,
            Self::Away => 503,
        }
    }

    /// What it means in FHIR, and in words. No text holds anything of the request or of a resource.
    pub const fn says(self) -> (IssueType, &'static str) {
        use IssueType::{
            Conflict, Deleted, Exception, Forbidden, Invalid, NotFound, NotSupported, Security,
            Throttled, TooCostly, Transient,
        };
        match self {
            Self::Forbidden | Self::OwnerChanged => (Forbidden, "Not allowed."),
            Self::Unidentified => (Security, "No valid token."),
            Self::NoSuchPath => (NotSupported, "There is nothing at this path."),
            Self::Method(_) => (NotSupported, "This path does not take this method."),
            Self::NotAcceptable => (NotSupported, "Answers are application/fhir+json only."),
            Self::MediaType => (
                NotSupported,
                "Bodies are application/fhir+json in UTF-8 only.",
            ),
            Self::NotFound => (NotFound, "There is no such resource."),
            Self::Gone => (Deleted, "The resource was deleted."),
            Self::PageGone => (NotFound, "This page is not there any more: search again."),
            Self::NoIfMatch => (
                Conflict,
                "If-Match must name the version that is to be replaced.",
            ),
            Self::Stale => (Conflict, "The resource has another version by now."),
            Self::IsThere => (
                Conflict,
                "If-None-Match does not fit a change: If-Match names what is to be replaced.",
            ),
            Self::Ambiguous => (Conflict, "If-None-Exist finds several resources."),
            Self::Conflict => (
                Conflict,
                "The resource is in use, or changed in this moment.",
            ),
            Self::Bad(why) | Self::Subscription(why) => (Invalid, why),
            Self::Parameter(why) => (NotSupported, why),
            Self::Unprocessable => (Invalid, "The FHIR server does not take this resource."),
            Self::TooCostly => (TooCostly, "The question is too wide: narrow the search."),
            Self::TooSoon => (Throttled, "Too many requests: wait before the next."),
            Self::Away => (Transient, "The FHIR server does not answer."),
            Self::Unreadable => (
                Exception,
                "The FHIR server gave no answer that can be used.",
            ),
        }
    }

    /// The requirement by which it is refused, for the operator.
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::Forbidden => "koppeltaal case 50",
            Self::Unidentified => "TOP-KT-012a",
            Self::OwnerChanged => "koppeltaal case 61",
            Self::NoSuchPath | Self::Method(_) => "koppeltaal.md §3.2",
            Self::NotAcceptable | Self::MediaType => "koppeltaal case 70",
            Self::NoIfMatch => "koppeltaal case 62",
            Self::Stale => "koppeltaal case 63",
            Self::IsThere => "RFC 9110 §13.1.2",
            Self::Subscription(_) => "koppeltaal.md §3.7",
            Self::Parameter(_) | Self::TooCostly | Self::PageGone => "koppeltaal.md §2.6",
            Self::TooSoon => "RFC 6585 §4",
            Self::Bad(_)
            | Self::NotFound
            | Self::Gone
            | Self::Ambiguous
            | Self::Conflict
            | Self::Unprocessable
            | Self::Away
            | Self::Unreadable => "koppeltaal.md §3.3",
        }
    }
}
