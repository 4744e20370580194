//! Why nobody logged in: one variant per reason, each with its requirement and a line for the
//! operator that holds nothing about the person.

use std::fmt;

use crate::reader::Unreadable;
use crate::signature::SignatureFault;

/// Why DigiD's answer logs nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The person cancelled, or could not log in. Not an error (digid case 17).
    Cancelled,
    /// A lower level was reached than we asked for: DigiD says so, or says Success for a lower
    /// level (digid case 18).
    LevelTooLow,
    /// DigiD denied our request: it is wrong, or our service is not active.
    RequestDenied,
    /// Who was asked for representation does not offer it (digid case 48).
    NoSupportedIdp,
    /// DigiD does not know the artifact, has answered for it before, or made it for somebody else
    /// (digid cases 12, 13).
    ArtifactUnknown,
    /// The artifact was brought too late (digid case 14).
    ArtifactTooOld,
    /// The answer is not one of DigiD's to our question. Somebody may be attacking.
    Untrusted(Untrusted),
}

/// Why an answer is not DigiD's answer to our question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untrusted {
    /// Not XML that we read: a DTD, a comment, a doubled identifier and so on.
    Unreadable(Unreadable),
    /// Not a SOAP envelope around one ArtifactResponse.
    NotAnArtifactResponse,
    /// The signature of the message does not count.
    MessageSignature(SignatureFault),
    /// The signature of the assertion does not count.
    AssertionSignature(SignatureFault),
    /// A status that DigiD does not define, or none.
    UnknownStatus,
    /// Two responses in one answer.
    TwoResponses,
    /// Success without an assertion in clear text.
    NoAssertion,
    /// Two assertions in one response.
    TwoAssertions,
    /// Not SAML 2.0.
    WrongVersion,
    /// From somebody else.
    WrongIssuer,
    /// An answer to another question than ours.
    WrongInResponseTo,
    /// Sent to somebody else's address.
    WrongDestination,
    /// To be delivered at somebody else's address.
    WrongRecipient,
    /// Meant for somebody else.
    WrongAudience,
    /// To be confirmed in another way than by who brings it.
    WrongConfirmation,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// The login is older than our request for a fresh one.
    EarlierLogin,
    /// A condition that we do not know.
    UnknownCondition,
    /// A level that DigiD does not know.
    UnknownLevel,
    /// The person is known by another number than a BSN.
    OtherSector,
    /// The number is no BSN.
    NotABsn,
    /// The login is for another service than ours.
    OtherService,
    /// A person is encrypted for others only, or for another key (digid case 44).
    NotForUs,
    /// A person is encrypted for us and cannot be read.
    Undecipherable,
    /// A part that DigiD always sends is missing, doubled or empty.
    Incomplete,
}

impl Refusal {
    /// The requirement that decided.
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::Cancelled => "digid case 17",
            Self::LevelTooLow => "digid case 18",
            Self::RequestDenied => "digid case 6",
            Self::NoSupportedIdp => "digid case 48",
            Self::ArtifactUnknown => "digid case 12",
            Self::ArtifactTooOld => "digid case 14",
            Self::Untrusted(why) => why.requirement(),
        }
    }

    /// One line for the operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Cancelled => "the person cancelled or could not log in",
            Self::LevelTooLow => "the person logged in at a lower level than was asked for",
            Self::RequestDenied => "DigiD denied the request: check registration and clock",
            Self::NoSupportedIdp => "DigiD knows no such service for representation",
            Self::ArtifactUnknown => "DigiD does not know the artifact, or answered for it before",
            Self::ArtifactTooOld => "the artifact was brought to DigiD too late",
            Self::Untrusted(why) => why.text(),
        }
    }

    /// Whether the answer is not DigiD's answer to our question: a security event.
    pub const fn is_suspect(self) -> bool {
        matches!(self, Self::Untrusted(_))
    }
}

impl Untrusted {
    /// The requirement that decided.
    pub const fn requirement(self) -> &'static str {
        match self {
            Self::Unreadable(Unreadable::Doctype) => "digid case 31",
            Self::Unreadable(Unreadable::Comment) => "digid case 30",
            Self::Unreadable(Unreadable::DuplicateId)
            | Self::TwoAssertions
            | Self::TwoResponses
            | Self::MessageSignature(SignatureFault::OtherElement)
            | Self::AssertionSignature(SignatureFault::OtherElement) => "digid case 29",
            Self::MessageSignature(SignatureFault::Sha1)
            | Self::AssertionSignature(SignatureFault::Sha1) => "digid case 32",
            Self::AssertionSignature(SignatureFault::Missing) => "digid case 28",
            Self::MessageSignature(_) => "digid case 11",
            Self::AssertionSignature(_) => "SAML core 5.4",
            Self::WrongInResponseTo => "digid case 26",
            Self::WrongRecipient | Self::WrongAudience | Self::WrongDestination => "digid case 25",
            Self::Expired | Self::NotYetValid => "digid case 27",
            Self::EarlierLogin => "digid case 22",
            Self::OtherSector => "digid case 23",
            Self::NotABsn => "digid case 24",
            Self::Unreadable(_) | Self::NotAnArtifactResponse => "SAML bindings 3.2",
            Self::WrongVersion | Self::WrongIssuer => "SAML core 3.2.2",
            Self::UnknownStatus => "SAML core 3.2.2.2",
            Self::WrongConfirmation => "SAML profiles 4.1.4.3",
            Self::UnknownCondition => "SAML core 2.5.1",
            Self::NoAssertion | Self::UnknownLevel | Self::Incomplete => "digid.md 2.5",
            Self::NotForUs | Self::Undecipherable => "digid case 44",
            Self::OtherService => "digid case 43",
        }
    }

    /// One line for the operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unreadable(why) => why.text(),
            Self::MessageSignature(why) => match why {
                SignatureFault::Missing => "the message is not signed",
                SignatureFault::Value => "the message was signed with none of DigiD's keys",
                why => why.text(),
            },
            Self::AssertionSignature(why) => match why {
                SignatureFault::Missing => "the assertion is not signed",
                SignatureFault::Value => "the assertion was signed with none of DigiD's keys",
                why => why.text(),
            },
            Self::NotAnArtifactResponse => {
                "the answer is not a SOAP envelope around one ArtifactResponse"
            }
            Self::UnknownStatus => "the answer has a status that DigiD does not define",
            Self::TwoResponses => "the answer holds two responses",
            Self::NoAssertion => "the answer says Success and holds no assertion",
            Self::TwoAssertions => "the response holds two assertions",
            Self::WrongVersion => "the answer is not SAML 2.0",
            Self::WrongIssuer => "the answer is from somebody else than DigiD",
            Self::WrongInResponseTo => "the answer is to another question than ours",
            Self::WrongDestination => "the response was sent to another address than ours",
            Self::WrongRecipient => "the assertion is for another address than ours",
            Self::WrongAudience => "the assertion is for another service provider",
            Self::WrongConfirmation => "the assertion is not for the bearer",
            Self::Expired => "the assertion has expired: check the clock",
            Self::NotYetValid => "the assertion is not valid yet: check the clock",
            Self::EarlierLogin => "the login is older than the request for a fresh one",
            Self::UnknownCondition => "the assertion has a condition that is not known here",
            Self::UnknownLevel => "the assertion has a level that DigiD does not know",
            Self::OtherSector => "the assertion names the person by another number than a BSN",
            Self::NotABsn => "the assertion names the person by a number that is no BSN",
            Self::OtherService => "the assertion is for another service",
            Self::NotForUs => "a person is encrypted for others, or for a key that we do not have",
            Self::Undecipherable => "a person is encrypted in a way that cannot be read",
            Self::Incomplete => "the assertion lacks a part that DigiD always sends",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Refusal {}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Untrusted {}

impl From<Untrusted> for Refusal {
    fn from(why: Untrusted) -> Self {
        Self::Untrusted(why)
    }
}
