//! Names of nodes.

use crate::text::text_identifier;

/// The fully qualified name of a host, in lower case: what MedMij's Whitelist and OAuth client
/// list hold, so that two of them compare as text. An IP address or a single label is none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hostname(Box<str>);

text_identifier!(
    Hostname,
    NotAHostname,
    "a fully qualified host name in lower case"
);

/// RFC 1035 §2.3.4: 255 octets on the wire, which is 253 characters as text.
const NAME_BYTES_MAX: usize = 253;
/// RFC 1035 §2.3.4.
const LABEL_BYTES_MAX: usize = 63;

impl Hostname {
    /// Reads a name of two labels or more. MedMij's schema asks for lower-case letters, digits and
    /// inner hyphens and a last label of two characters or more; RFC 3696 §2 (to which
    /// core.whl.304 refers) forbids a hyphen at a label's end and a last label of digits alone.
    pub fn parse(text: &str) -> Result<Self, NotAHostname> {
        let (_, last) = text.rsplit_once('.').ok_or(NotAHostname)?;
        let last_is_a_domain = last.len() >= 2 && last.bytes().any(|byte| !byte.is_ascii_digit());
        if text.len() <= NAME_BYTES_MAX && last_is_a_domain && text.split('.').all(is_label) {
            Ok(Self(text.into()))
        } else {
            Err(NotAHostname)
        }
    }
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_demo_and_of_medmij_are_host_names() {
        let long = format!("{}.nl", "a".repeat(63));
        for good in [
            "dva-back.localhost",
            "pgo.localhost",
            "medmij.deenigeechtepgo.nl",
            "78834.umcharderwijk.nl",
            "xn--bcher-kva.nl",
            &long,
        ] {
            assert_eq!(Hostname::parse(good).expect(good).as_str(), good);
        }
    }

    #[test]
    fn whatever_else_is_refused() {
        let long_label = format!("{}.nl", "a".repeat(64));
        let long_name = format!("{}nl", "abc.".repeat(63));
        // core.whl.304; RFC 3696 §2
        for bad in [
            "",
            ".",
            "localhost",
            "PGO.localhost",
            "pgo.localhost.",
            ".localhost",
            "pgo..localhost",
            "-pgo.localhost",
            "pgo-.localhost",
            "pgo.localhost-",
            "pgo_back.localhost",
            "pgo.localhost:8443",
            "https://pgo.localhost",
            "127.0.0.1",
            "10.0.0.10",
            "[::1]",
            "*.localhost",
            "pgo.n",
            "café.localhost",
            " pgo.localhost",
            // RFC 1035 §2.3.4
            &long_label,
            &long_name,
        ] {
            assert_eq!(Hostname::parse(bad), Err(NotAHostname), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back_unchanged(text in "\\PC*|[a-z0-9.-]{0,20}") {
            if let Ok(host) = Hostname::parse(&text) {
                prop_assert_eq!(host.as_str(), &text);
                prop_assert_eq!(text.to_ascii_lowercase(), text);
            }
        }
    }
}
