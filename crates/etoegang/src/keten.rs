//! What the next party of the chain answered over HTTP, before anybody looked into it.

/// An answer of an AD or MR, or that there was none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KetenAntwoord {
    /// No connection, or no answer in time.
    Geen,
    /// An answer.
    Http {
        /// The status.
        status: u16,
        /// `Retry-After` in seconds, if it was sent as a number.
        retry_after_s: Option<u32>,
        /// The body, bounded by the shell.
        body: Vec<u8>,
    },
}

/// Seconds after which somebody who got a 503 should come again, when the chain does not say.
pub const LATER_S: u32 = 5;
/// Seconds of `Retry-After` that are passed on, at most: a party may not keep users away for long.
pub const LATER_S_MAX: u32 = 300;

impl KetenAntwoord {
    /// Seconds to wait when this means "not now": no answer, 429, or any 5xx. Nothing otherwise.
    pub fn later_s(&self) -> Option<u32> {
        match self {
            Self::Geen => Some(LATER_S),
            // etoegang case 43
            Self::Http {
                status: 429 | 500..=599,
                retry_after_s,
                ..
            } => Some(retry_after_s.map_or(LATER_S, |s| s.clamp(1, LATER_S_MAX))),
            Self::Http { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after_s: Option<u32>) -> KetenAntwoord {
        KetenAntwoord::Http {
            status,
            retry_after_s,
            body: Vec::new(),
        }
    }

    #[test]
    fn etoegang_case_043_a_busy_party_says_how_long_to_wait_and_may_not_say_for_ever() {
        // etoegang case 43
        assert_eq!(status(429, Some(7)).later_s(), Some(7));
        assert_eq!(status(503, None).later_s(), Some(LATER_S));
        assert_eq!(status(503, Some(0)).later_s(), Some(1));
        assert_eq!(status(500, Some(999_999)).later_s(), Some(LATER_S_MAX));
        assert_eq!(KetenAntwoord::Geen.later_s(), Some(LATER_S));
        for other in [200, 302, 400, 401, 404, 600] {
            assert_eq!(status(other, Some(7)).later_s(), None, "{other}");
        }
    }
}
