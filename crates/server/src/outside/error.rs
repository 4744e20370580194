//! Why a call brought no answer.

use std::error::Error;
use std::{fmt, io};

use http::HeaderName;

use crate::trust::BadTrust;

/// Why a call brought no answer. Its text names at most the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutsideError {
    /// Not an absolute `https` URL, or one with a password in it. Nothing was sent.
    BadUrl,
    /// A header's value cannot be sent. Nothing was sent.
    BadHeader(HeaderName),
    /// Calls may not go to this host. Nothing was sent.
    NotAllowed(String),
    /// No connection: nobody listens there, or not in time. Nothing was sent.
    Unreachable(String),
    /// TLS failed: the other side's certificate is not to be trusted, and nothing was sent; or the
    /// other side did not trust ours. TLS 1.3 tells the latter only after the request was sent; the
    /// other side has not read it then. On HTTP/2 that arrives as [`Self::Broken`].
    Tls(String),
    /// The whole call took too long. The other side may have acted on the request.
    TimedOut,
    /// The answer is longer than allowed. The other side has acted on the request.
    TooLarge {
        /// What is allowed.
        bytes_max: usize,
    },
    /// The connection broke, or what came back is no HTTP. The other side may have acted on the
    /// request.
    Broken(String),
}

impl OutsideError {
    pub(super) fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(tls) = tls_error(&error) {
            Self::Tls(tls)
        } else if error.is_connect() {
            Self::Unreachable(cause(&error))
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Broken(cause(&error))
        }
    }
}

impl fmt::Display for OutsideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadUrl => f.write_str("not an https URL that may be called"),
            Self::BadHeader(name) => write!(f, "the value of {name} cannot be sent"),
            Self::NotAllowed(host) => write!(f, "calls to {host} are not allowed"),
            Self::Unreachable(why) => write!(f, "no connection: {why}"),
            Self::Tls(why) => write!(f, "TLS failed: {why}"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::TooLarge { bytes_max } => write!(f, "the answer is over {bytes_max} bytes"),
            Self::Broken(why) => write!(f, "no usable answer: {why}"),
        }
    }
}

impl Error for OutsideError {}

/// Why a party has no way to the others: its roots or its own certificate are of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadOutside {
    /// What is wrong, for the operator.
    pub why: String,
}

impl BadOutside {
    pub(super) fn new(error: impl Error + 'static) -> Self {
        Self { why: cause(&error) }
    }

    pub(super) fn of_trust(bad: &BadTrust) -> Self {
        Self {
            why: cause(bad.as_ref()),
        }
    }
}

impl fmt::Display for BadOutside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "outgoing calls cannot be set up: {}", self.why)
    }
}

impl Error for BadOutside {}

/// The innermost error says most.
fn cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

/// What the TLS library said, wherever it stands in the chain.
fn tls_error(error: &(dyn Error + 'static)) -> Option<String> {
    let tls = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
    tls.map(ToString::to_string)
}

/// The error and what caused it. An `io::Error` answers `source` with the source of what it
/// carries, and so hides that very thing: it is asked for it by name.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let io = error.downcast_ref::<io::Error>();
        match io.and_then(io::Error::get_ref) {
            Some(carried) => Some(carried),
            None => error.source(),
        }
    })
}
