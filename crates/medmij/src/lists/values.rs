//! The basic types of the list schemas (medmij.md 1.3).

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use identity::Hostname;
use jiff::Timestamp;
use verdict::Moment;

/// A value that is not of its type. It is not repeated; the list's error says where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadValue;

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a value that the list's schema allows here")
    }
}

impl std::error::Error for BadValue {}

/// A positive whole number that grows by one at each publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Volgnummer(NonZeroU64);

impl Volgnummer {
    /// The number; nothing for zero.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0.get()
    }

    /// The number of the next publication.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl FromStr for Volgnummer {
    type Err = BadValue;

    /// Reads decimal digits, with the sign before and the white space around them that the schema
    /// allows.
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let digits = xml_trim(text);
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadValue);
        }
        digits.parse().map(Self).map_err(|_| BadValue)
    }
}

impl fmt::Display for Volgnummer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The moment of publication: an `xs:dateTime` with a zone (`.{20,}`). Fractions of a second are
/// not kept. Prints in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tijdstempel(Timestamp);

impl Tijdstempel {
    /// The stamp of this moment; nothing for moments beyond the year 9999.
    pub fn at(moment: Moment) -> Option<Self> {
        let stamp = Timestamp::from_second(moment.unix()).ok().map(Self)?;
        stamp.to_string().parse().ok()
    }

    /// The moment, in whole seconds.
    pub fn moment(self) -> Moment {
        Moment::from_unix(self.0.as_second())
    }
}

impl FromStr for Tijdstempel {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let text = xml_trim(text);
        let stamp: Timestamp = text.parse().map_err(|_| BadValue)?;
        let whole = Timestamp::from_second(stamp.as_second()).map_err(|_| BadValue)?;
        if is_date_time(text.as_bytes()) {
            Ok(Self(whole))
        } else {
            Err(BadValue)
        }
    }
}

impl fmt::Display for Tijdstempel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether this is the spelling of `xs:dateTime` and not one of the others that a general reader
/// of dates accepts: `2021-05-04T18:13:51`, a fraction if any, and `Z` or `+01:00`.
fn is_date_time(text: &[u8]) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |shape: &[u8], text: &[u8]| {
        shape.iter().zip(text).all(|(shape, byte)| match shape {
            b'd' => byte.is_ascii_digit(),
            b's' => matches!(byte, b'+' | b'-'),
            _ => shape == byte,
        })
    };
    let Some((start, rest)) = text.split_at_checked(SHAPE.len()) else {
        return false;
    };
    let (fraction, zone) = match rest.strip_suffix(b"Z") {
        Some(fraction) => (fraction, &b"Z"[..]),
        None => match rest.len().checked_sub(6) {
            Some(at) => rest.split_at(at),
            None => return false,
        },
    };
    let fraction_fits = match fraction {
        [] => true,
        [b'.', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    // A leap second and a zone beyond fourteen hours are no xs:dateTime, nor is the year 0.
    let whole = fits(SHAPE, start) && !start.ends_with(b":60") && !start.starts_with(b"0000");
    let near = zone == b"Z" || fits(b"sdd:dd", zone) && &zone[1..] <= b"14:00";
    whole && fraction_fits && near
}

/// Without the white space that XML Schema collapses.
fn xml_trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// Whether an authorization endpoint may name a port. MedMij forbids it (`Frontchanneluri`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontchannelPort {
    /// As the schema says.
    Forbidden,
    /// For a test network whose parties share one machine, and so cannot all have port 443.
    Allowed,
}

/// Where an interface stands: `https`, a host name, a port where one may stand, a path without
/// empty segments; no query, no fragment, no user, no slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpointuri {
    text: Box<str>,
    hostname: Hostname,
    port: Option<u16>,
}

impl Endpointuri {
    /// Reads a `Backchanneluri`, which may name a port.
    pub fn backchannel(text: &str) -> Result<Self, BadValue> {
        let rest = text.strip_prefix("https://").ok_or(BadValue)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (hostname, port) = match authority.split_once(':') {
            None => (authority, None),
            Some((hostname, port)) => (hostname, Some(parse_port(port)?)),
        };
        let mut segments = path.split('/').skip(1);
        if text.len() > URI_BYTES_MAX || !segments.all(is_segment) {
            return Err(BadValue);
        }
        Ok(Self {
            text: text.into(),
            hostname: Hostname::parse(hostname).map_err(|_| BadValue)?,
            port,
        })
    }

    /// Reads a `Frontchanneluri`, which may not.
    pub fn frontchannel(text: &str, port: FrontchannelPort) -> Result<Self, BadValue> {
        let endpoint = Self::backchannel(text)?;
        match (endpoint.port, port) {
            // medmij.md case 79
            (Some(_), FrontchannelPort::Forbidden) => Err(BadValue),
            _ => Ok(endpoint),
        }
    }

    /// The URI as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, for the Whitelist.
    pub const fn hostname(&self) -> &Hostname {
        &self.hostname
    }

    /// The port; 443 when none is named.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(443)
    }
}

impl FromStr for Endpointuri {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        Self::backchannel(text)
    }
}

impl fmt::Display for Endpointuri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Bytes of a URI, at most; the schema has no limit.
const URI_BYTES_MAX: usize = 2048;

fn parse_port(text: &str) -> Result<u16, BadValue> {
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(port) if is_number && port > 0 => Ok(port),
        _ => Err(BadValue),
    }
}

/// RFC 3986 §3.3: at least one `pchar`.
fn is_segment(segment: &str) -> bool {
    let is_pchar = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@".contains(&byte);
    !segment.is_empty() && segment.bytes().all(is_pchar)
}

/// Gives a newtype over `Box<str>` that accepts texts of so many characters of this kind.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $range:expr, $is_allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadValue;

            fn from_str(text: &str) -> Result<Self, BadValue> {
                if $range.contains(&text.chars().count()) && text.chars().all($is_allowed) {
                    Ok(Self(text.into()))
                } else {
                    Err(BadValue)
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_value!(
    /// The release of the interfaces that a provider offers: `1.4.0`.
    InterfaceversieId,
    (1..=30),
    is_code
);
text_value!(
    /// The kind of a provider: `ZA`, with a treatment relation; `BAZB`, without.
    Aanbiedertype,
    (1..=30),
    is_code
);
text_value!(
    /// The role of a system in a data service: `MM-2.1-BZB-FHIR`. 1 to 30 characters.
    Systeemrolcode,
    (1..=30),
    is_code
);
text_value!(
    /// What people read for a data service. 3 to 50 characters.
    Weergavenaam,
    (3..=50),
    is_readable
);
text_value!(
    /// The organisation behind a DVP, as people read it. 3 to 50 characters.
    OAuthclientOrganisatienaam,
    (3..=50),
    is_readable
);

/// The schema allows any character in a code; one that is not visible ASCII is a mistake.
const fn is_code(character: char) -> bool {
    character.is_ascii_graphic()
}

/// The schema allows any character; one that moves the cursor or the reader's eye is a trick.
fn is_readable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_volgnummer_is_positive() {
        let number = |text: &str| text.parse::<Volgnummer>().map(Volgnummer::number);
        assert_eq!(number("28654"), Ok(28_654));
        assert_eq!(number(" 9\n"), Ok(9));
        assert_eq!(number("+09"), Ok(9));
        for bad in [
            "",
            "0",
            "-1",
            // medmij.md §1.3
            "++1",
            "1.0",
            "1e3",
            "0x1",
            "18446744073709551616",
        ] {
            assert_eq!(number(bad), Err(BadValue), "{bad}");
        }
        let last = Volgnummer::new(u64::MAX).expect("positive");
        assert_eq!(last.next(), last);
        assert_eq!(Volgnummer::new(0), None);
    }

    #[test]
    fn a_tijdstempel_has_a_zone_and_prints_in_utc() {
        let stamp: Tijdstempel = "2021-05-04T18:13:51.0+01:00".parse().expect("stamp");
        assert_eq!(stamp.to_string(), "2021-05-04T17:13:51Z");
        assert_eq!(Tijdstempel::at(stamp.moment()), Some(stamp));
        for good in [
            "2018-04-16T12:56:33Z",
            "2018-04-16T12:56:33.123456Z",
            " 2018-04-16T12:56:33-00:30 ",
        ] {
            assert!(good.parse::<Tijdstempel>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "2018-04-16",
            "2018-04-16T12:56:33",
            "2018-04-16 12:56:33Z",
            "2018-04-16t12:56:33z",
            "2018-04-16T12:56:33+0100",
            "2018-04-16T12:56:33+01",
            "2018-04-16T12:56:33.Z",
            "2018-04-16T12:56:33,5Z",
            "2018-04-16T12:56Z",
            "2018-13-16T12:56:33Z",
            "20180416T125633Z",
            "2018-04-16T23:59:60Z",
            "0000-04-16T12:56:33Z",
            "2018-04-16T12:56:33+14:01",
            "2018-04-16T12:56:33Z[UTC]",
            "2018-04-16T12:56:33+01:00[Europe/Amsterdam]",
        ] {
            assert_eq!(bad.parse::<Tijdstempel>(), Err(BadValue), "{bad}");
        }
        assert_eq!(Tijdstempel::at(Moment::from_unix(i64::MAX)), None);
        assert_eq!(
            Tijdstempel::at(Moment::from_unix(-70_000_000_000)),
            None,
            "before 0000"
        );
    }

    #[test]
    fn medmij_case_079_only_a_back_channel_names_a_port() {
        let front = |text| Endpointuri::frontchannel(text, FrontchannelPort::Forbidden);
        let with_port = "https://dva.test:8443/oauth/authorize";
        assert_eq!(front(with_port), Err(BadValue));
        assert!(Endpointuri::frontchannel(with_port, FrontchannelPort::Allowed).is_ok());
        let back = Endpointuri::backchannel("https://dva.test:8443/oauth/token").expect("uri");
        assert_eq!((back.hostname().as_str(), back.port()), ("dva.test", 8443));
        let plain = front("https://dva.test").expect("uri");
        assert_eq!((plain.as_str(), plain.port()), ("https://dva.test", 443));
    }

    #[test]
    fn an_endpoint_is_https_without_query_or_empty_segment() {
        let long = format!("https://dva.test/{}", "a".repeat(URI_BYTES_MAX));
        for bad in [
            "",
            "http://dva.test/token",
            "HTTPS://dva.test/token",
            "https://",
            "https:///token",
            "https://DVA.test/token",
            "https://dva/token",
            "https://192.0.2.1/token",
            "https://u@dva.test/token",
            "https://dva.test/",
            // RFC 3986 §3.3
            "https://dva.test//token",
            "https://dva.test/token/",
            "https://dva.test/token?a=b",
            "https://dva.test/token#a",
            "https://dva.test/to ken",
            "https://dva.test/to\\ken",
            "https://dva.test:/token",
            "https://dva.test:0/token",
            "https://dva.test:65536/token",
            "https://dva.test:+443/token",
            "https://dva.test:000443/token",
            " https://dva.test/token",
            &long,
        ] {
            assert_eq!(Endpointuri::backchannel(bad), Err(BadValue), "{bad}");
        }
    }

    #[test]
    fn names_are_counted_in_characters_and_show_what_they_are() {
        let fifty = "é".repeat(50);
        assert!(fifty.parse::<Weergavenaam>().is_ok());
        for bad in ["", "ab", "a\nb", "abc\u{202e}def", &"é".repeat(51)] {
            assert_eq!(bad.parse::<Weergavenaam>(), Err(BadValue), "{bad:?}");
            assert_eq!(bad.parse::<OAuthclientOrganisatienaam>(), Err(BadValue));
        }
        for bad in ["", "MM 2.1", "é", &"x".repeat(31)] {
            assert_eq!(bad.parse::<Systeemrolcode>(), Err(BadValue), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back_unchanged(text in "\\PC{0,40}|https://[a-z.]{1,9}(:[0-9]{1,6})?[/a-z?#]{0,9}") {
            if let Ok(endpoint) = Endpointuri::backchannel(&text) {
                prop_assert_eq!(endpoint.as_str(), &text);
                let authority = format!("https://{}", endpoint.hostname());
                prop_assert!(text.starts_with(&authority));
            }
            let _ = text.parse::<Tijdstempel>();
            let _ = text.parse::<Volgnummer>();
        }

        #[test]
        fn every_moment_of_our_days_has_a_tijdstempel(seconds in 0_i64..4_000_000_000) {
            let moment = Moment::from_unix(seconds);
            prop_assert_eq!(Tijdstempel::at(moment).map(Tijdstempel::moment), Some(moment));
        }
    }
}
