//! Why a list is refused, and where.

use std::fmt;

/// Why a list is refused: the place, the rule, and the requirement behind it. Values are not
/// repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadList {
    /// The line, from 1; 0 when no line is to blame.
    pub line: usize,
    /// The column on that line in characters, from 1; 0 when no line is to blame.
    pub column: usize,
    /// The way to the element, each counted from 1 among its like:
    /// `Whitelist/MedMijNodes/MedMijNode[2]/Hostname`. Empty when none is to blame.
    pub path: Box<str>,
    /// What is wrong there.
    pub why: Why,
    /// The requirement by which a list that does not fit its schema is refused: `core.ocl.202`.
    pub requirement: &'static str,
}

/// What is wrong with a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// More than [`BYTES_MAX`](super::BYTES_MAX) bytes.
    TooLarge,
    /// Not UTF-8, or said not to be.
    NotUtf8,
    /// Not well-formed XML, too deep, or with a document type.
    NotXml,
    /// Another list, or none of MedMij's.
    OtherList,
    /// The right list in the namespace of another release.
    Release,
    /// This element should stand here.
    Expected(&'static str),
    /// An element, attribute or text stands here that the schema does not know.
    Unexpected,
    /// This element's value is not of its type.
    Value(&'static str),
    /// This key stands twice.
    Twice(&'static str),
    /// There are more of this element than we read.
    TooMany(&'static str),
}

impl BadList {
    /// What is wrong and which requirement says so, without the place.
    pub fn reason(&self) -> String {
        format!("{} ({})", self.why, self.requirement)
    }
}

impl fmt::Display for BadList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.reason())
    }
}

impl std::error::Error for BadList {}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the list is larger than 64 MiB"),
            Self::NotUtf8 => f.write_str("the list is not in UTF-8"),
            Self::NotXml => f.write_str("the list is not well-formed XML without document type"),
            Self::OtherList => f.write_str("this is not the list that should be here"),
            Self::Release => f.write_str("the namespace is not that of the release that is read"),
            Self::Expected(name) => write!(f, "expected the element {name}"),
            Self::Unexpected => f.write_str("something stands here that the schema does not know"),
            Self::Value(name) => match rule_of(name) {
                Some(rule) => write!(f, "the value of {name} is not of its type: {rule}"),
                None => write!(f, "the value of {name} is not of its type"),
            },
            Self::Twice(name) => write!(f, "this {name} stands in the list already"),
            Self::TooMany(name) => write!(f, "more elements {name} than are read"),
        }
    }
}

/// What an element's value must be (medmij.md 1.3), in words for whoever made the list.
fn rule_of(element: &str) -> Option<&'static str> {
    let (_, rule) = RULES.iter().find(|(name, _)| *name == element)?;
    Some(rule)
}

const RULES: [(&str, &str); 19] = [
    (
        "Tijdstempel",
        "xs:dateTime with a zone, as 2026-01-02T03:04:05Z",
    ),
    ("Volgnummer", "a whole number above zero"),
    (
        "Hostname",
        "a fully qualified host name in lower case (RFC 3696 section 2)",
    ),
    ("OAuthclientOrganisatienaam", "3 to 50 readable characters"),
    (
        "GegevensdienstId",
        "1 to 30 visible characters without \" ~ and backslash",
    ),
    ("Weergavenaam", "3 to 50 readable characters"),
    (
        "Zorgaanbiedernaam",
        "3 to 50 lower-case letters and @medmij",
    ),
    ("Aanbiedertype", "1 to 30 visible characters"),
    ("InterfaceversieId", "1 to 30 visible characters"),
    ("Systeemrolcode", "1 to 30 visible characters"),
    (
        "AuthorizationEndpointuri",
        "https, a host name and a path; no port, query or fragment",
    ),
    ("TokenEndpointuri", BACKCHANNEL),
    ("SubscriptionEndpointuri", BACKCHANNEL),
    ("ResourceEndpointuri", BACKCHANNEL),
    ("DiscoveryEndpointuri", BACKCHANNEL),
    ("MaximaleDuur", "a whole number of days"),
    ("AGB", "eight digits"),
    ("OIN", "twenty digits"),
    ("URA", "eight digits"),
];

/// A `Backchanneluri`.
const BACKCHANNEL: &str = "https, a host name, a port if need be, and a path; no query or fragment";
