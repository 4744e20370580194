//! The emergency brake: what was issued before a moment does not count any more.

use verdict::Moment;

/// The requirement that a refusal of this kind names.
pub const REQUIREMENT: &str = "design §4";
/// What the operator reads of it.
pub const REASON: &str = "it was issued before the moment before which nothing counts";

/// What was issued before this moment is refused; by default nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotBefore(Option<Moment>);

impl NotBefore {
    /// Refuses nothing.
    pub const NEVER: Self = Self(None);

    /// Refuses what was issued before `moment`.
    pub const fn at(moment: Moment) -> Self {
        Self(Some(moment))
    }

    /// Whichever refuses more.
    #[must_use]
    pub fn or_later(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }

    /// Whether something is refused that was issued at `iat`, in seconds since 1970 (RFC 7519 §4.1.6).
    pub fn refuses(self, iat: i64) -> bool {
        // design §4
        self.0.is_some_and(|moment| iat < moment.unix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// design §4
    #[test]
    fn what_was_issued_before_the_moment_is_refused_and_nothing_else() {
        let at = NotBefore::at(Moment::from_unix(100));
        assert!(at.refuses(99));
        assert!(!at.refuses(100));
        assert!(!NotBefore::NEVER.refuses(i64::MIN));
        assert_eq!(NotBefore::NEVER.or_later(at), at);
        let later = NotBefore::at(Moment::from_unix(101));
        assert_eq!(later.or_later(at), later);
    }
}
