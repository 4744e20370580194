//! What the door itself answers, before any handler is asked.

use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

/// Why a request goes no further than the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No host named, or more than one, or none that is text (RFC 9112 §3.2).
    NoHost,
    /// For another host or port than the connection (RFC 9110 §15.5.20).
    Misdirected,
    /// RFC 9110 §15.5.15.
    TargetTooLong,
    /// RFC 6585 §5.
    HeadTooLarge,
    /// RFC 9110 §15.5.14.
    BodyTooLarge,
    /// RFC 9110 §15.5.9.
    BodyTooSlow,
    /// The body broke off, or is not framed as announced (RFC 9112 §8).
    BodyBroken,
    /// Too many bodies are being read at this moment (RFC 9110 §15.6.4).
    Busy,
}

impl Refusal {
    const fn says(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoHost => (StatusCode::BAD_REQUEST, "exactly one host must be named\n"),
            Self::Misdirected => (
                StatusCode::MISDIRECTED_REQUEST,
                "this connection is for another host\n",
            ),
            Self::TargetTooLong => (StatusCode::URI_TOO_LONG, "the address is too long\n"),
            Self::HeadTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "the headers are too large\n",
            ),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly\n"),
            Self::BodyBroken => (StatusCode::BAD_REQUEST, "the body did not arrive whole\n"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too busy; try again\n"),
        }
    }

    /// The requirement by which it is refused, and the reason for the operator.
    pub(super) const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::NoHost => ("RFC 9112 §3.2", "not exactly one host is named"),
            Self::Misdirected => ("RFC 9110 §15.5.20", "for another host than the connection"),
            Self::TargetTooLong => ("RFC 9110 §15.5.15", "the target is too long"),
            Self::HeadTooLarge => ("RFC 6585 §5", "the head is too large"),
            Self::BodyTooLarge => ("RFC 9110 §15.5.14", "the body is too large"),
            Self::BodyTooSlow => ("RFC 9110 §15.5.9", "the body came too slowly"),
            Self::BodyBroken => ("RFC 9112 §8", "the body did not arrive whole"),
            Self::Busy => ("RFC 9110 §15.6.4", "too many bodies are being read"),
        }
    }

    /// Whether something of the request is still unread, so that HTTP/1.1 cannot go on.
    const fn leaves_a_body(self) -> bool {
        !matches!(
            self,
            Self::NoHost | Self::TargetTooLong | Self::HeadTooLarge
        )
    }

    /// The answer. On HTTP/1.1 it ends the connection where the body was not read.
    pub(super) fn answer(self, version: http::Version) -> Response {
        let mut response = self.says().into_response();
        let headers = response.headers_mut();
        if self.leaves_a_body() && version < http::Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self == Self::Busy {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
