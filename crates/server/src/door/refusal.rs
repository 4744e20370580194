//! What the door itself answers, before any handler is asked.

use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::rate::TooSoon;

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
    /// Too many requests are running at this moment (RFC 9110 §15.6.4).
    Crowded,
    /// The sender asks too often (RFC 6585 §4).
    TooOften(TooSoon),
    /// `Client-Cert` from somebody who is no proxy of ours (RFC 9440 §4).
    Unproxied,
    /// A proxy tells of a certificate that does not hold here (RFC 9440 §2.4).
    BadClientCert,
    /// The certificate of the connection was revoked, or is not trusted here any more (RFC 5280 §6.1.3).
    CertificateEnded,
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
            Self::Busy | Self::Crowded => {
                (StatusCode::SERVICE_UNAVAILABLE, "too busy; try again\n")
            }
            Self::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "too often; wait a moment\n"),
            Self::Unproxied => (
                StatusCode::BAD_REQUEST,
                "a client certificate is shown in TLS, not in a header\n",
            ),
            Self::BadClientCert | Self::CertificateEnded => (
                StatusCode::FORBIDDEN,
                "the client certificate does not hold here\n",
            ),
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
            Self::Crowded => ("RFC 9110 §15.6.4", "too many requests are running"),
            Self::TooOften(_) => ("RFC 6585 §4", "the sender asks too often"),
            Self::Unproxied => (
                "RFC 9440 §4",
                "Client-Cert from somebody who is no proxy of this site",
            ),
            Self::BadClientCert => (
                "RFC 9440 §2.4",
                "a proxy tells of a client certificate that does not hold",
            ),
            Self::CertificateEnded => (
                "RFC 5280 §6.1.3",
                "the client certificate does not hold any more",
            ),
        }
    }

    /// Whether the operator hears of it. Of a sender who goes on asking too often, once is enough:
    /// who floods us must not flood the log.
    pub(super) const fn is_told(self) -> bool {
        match self {
            Self::TooOften(soon) => soon.is_first,
            _ => true,
        }
    }

    /// Seconds after which trying again makes sense, where it does.
    fn retry_after_s(self) -> Option<u64> {
        match self {
            Self::Busy => Some(5),
            Self::Crowded => Some(1),
            Self::TooOften(soon) => Some(soon.retry_after_s()),
            _ => None,
        }
    }

    /// Whether HTTP/1.1 cannot go on after it: it is for somebody else, or something of the request
    /// is still unread.
    const fn ends_the_connection(self, has_body: bool) -> bool {
        match self {
            Self::NoHost | Self::TargetTooLong | Self::HeadTooLarge => false,
            Self::TooOften(_) | Self::Crowded | Self::Unproxied | Self::BadClientCert => has_body,
            Self::Misdirected
            | Self::BodyTooLarge
            | Self::BodyTooSlow
            | Self::BodyBroken
            | Self::CertificateEnded
            | Self::Busy => true,
        }
    }

    /// The answer to a request of this version, with a body or without.
    pub(super) fn answer(self, version: http::Version, has_body: bool) -> Response {
        let mut response = self.says().into_response();
        let headers = response.headers_mut();
        if self.ends_the_connection(has_body) && version < http::Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(seconds) = self.retry_after_s() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
