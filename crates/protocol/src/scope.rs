//! Scopes: sets of tokens, each once, in the order asked.

use std::fmt;

/// The most tokens in one scope; a MedMij request names a handful of gegevensdiensten.
const TOKENS_MAX: usize = 64;

/// A scope (RFC 6749 §3.3): at least one token, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(Vec<String>);

/// The text is no scope: empty, a character that RFC 6749 §3.3 does not allow, or over 64 tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAScope;

impl Scope {
    /// Reads a space-separated scope. A token that stands there twice counts once.
    ///
    /// # Errors
    /// [`NotAScope`].
    pub fn parse(text: &str) -> Result<Self, NotAScope> {
        let mut tokens: Vec<String> = Vec::new();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if tokens.len() == TOKENS_MAX || !token.bytes().all(is_scope_byte) {
                return Err(NotAScope);
            }
            if !tokens.iter().any(|seen| seen == token) {
                tokens.push(token.to_owned());
            }
        }
        if tokens.is_empty() {
            return Err(NotAScope);
        }
        Ok(Self(tokens))
    }

    /// Whether `token` is in it.
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|t| t == token)
    }

    /// The tokens of it that `keep` keeps; nothing when none is left.
    pub fn narrowed(&self, keep: impl Fn(&str) -> bool) -> Option<Self> {
        let kept: Vec<String> = self.0.iter().filter(|t| keep(t)).cloned().collect();
        (!kept.is_empty()).then_some(Self(kept))
    }

    /// The tokens.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E.
const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_6749_3_3_tokens_count_once_and_keep_their_order() {
        let scope = Scope::parse("52 51  52").expect("a scope");
        // RFC 6749 §3.3
        assert_eq!(scope.to_string(), "52 51");
        assert_eq!(
            scope.narrowed(|t| t == "51").map(|s| s.to_string()),
            Some("51".to_owned())
        );
        assert_eq!(scope.narrowed(|_| false), None);
    }

    #[test]
    fn quotes_backslashes_and_nothing_are_no_scope() {
        for text in ["", "  ", "a\"b", "a\\b", "a\tb", "é"] {
            assert_eq!(Scope::parse(text), Err(NotAScope), "{text}");
        }
    }
}
