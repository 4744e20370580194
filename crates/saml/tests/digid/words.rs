//! What errors say: each its own line, and nothing of what came in. What `Debug` prints: no secret.

use std::collections::HashSet;
use std::fmt::Display;

use saml::BadNameId;
use saml::artifact::NotAnArtifact;
use saml::authn_request::{CannotSend, Sent};
use saml::digid::{Refusal, Untrusted};
use saml::incoming::{Denial, NotFound};
use saml::keys::{BadCertificate, BadKey, SigningFailed};
use saml::logout::{self, BadAnswer};
use saml::metadata::{BadMetadata, IdpMetadata};
use saml::reader::{self, Unreadable};
use saml::redirect::{BadQuery, Carried, Redirected};
use saml::signature::{self, CannotSign, SignatureFault};

use crate::common::{
    BSN, IDP_KEY, SP_KEY, assertion, good, idp_metadata, message, request, success,
};

const UNREADABLE: [Unreadable; 8] = [
    Unreadable::TooLarge,
    Unreadable::TooMany,
    Unreadable::NotUtf8,
    Unreadable::Doctype,
    Unreadable::ProcessingInstruction,
    Unreadable::Comment,
    Unreadable::DuplicateId,
    Unreadable::Malformed,
];

const SIGNATURE: [SignatureFault; 10] = [
    SignatureFault::Missing,
    SignatureFault::Repeated,
    SignatureFault::Malformed,
    SignatureFault::Sha1,
    SignatureFault::Algorithm,
    SignatureFault::References,
    SignatureFault::OtherElement,
    SignatureFault::Transforms,
    SignatureFault::Value,
    SignatureFault::Digest,
];

const UNTRUSTED: [Untrusted; 21] = [
    Untrusted::NotAnArtifactResponse,
    Untrusted::UnknownStatus,
    Untrusted::TwoResponses,
    Untrusted::NoAssertion,
    Untrusted::TwoAssertions,
    Untrusted::WrongVersion,
    Untrusted::WrongIssuer,
    Untrusted::WrongInResponseTo,
    Untrusted::WrongDestination,
    Untrusted::WrongRecipient,
    Untrusted::WrongAudience,
    Untrusted::WrongConfirmation,
    Untrusted::Expired,
    Untrusted::NotYetValid,
    Untrusted::EarlierLogin,
    Untrusted::UnknownCondition,
    Untrusted::UnknownLevel,
    Untrusted::OtherSector,
    Untrusted::NotABsn,
    Untrusted::Incomplete,
    Untrusted::Unreadable(Unreadable::Doctype),
];

/// Each says something in one line, and no two say the same.
fn assert_own_lines<E: Display>(errors: impl IntoIterator<Item = E>) {
    let mut seen = HashSet::new();
    for error in errors {
        let line = error.to_string();
        assert!(line.len() > 15 && !line.contains('\n'), "{line}");
        assert!(seen.insert(line.clone()), "said twice: {line}");
    }
    assert!(!seen.is_empty());
}

#[test]
fn every_reason_of_a_refusal_has_a_requirement_and_a_line_of_its_own() {
    let refusals = [
        Refusal::Cancelled,
        Refusal::LevelTooLow,
        Refusal::RequestDenied,
        Refusal::ArtifactUnknown,
        Refusal::ArtifactTooOld,
    ];
    let all = || refusals.into_iter().chain(UNTRUSTED.map(Refusal::from));
    assert_own_lines(all());
    assert_own_lines(UNREADABLE.map(Untrusted::Unreadable));
    assert_own_lines(SIGNATURE.map(Untrusted::MessageSignature));
    assert_own_lines(SIGNATURE.map(Untrusted::AssertionSignature));
    for refusal in all() {
        assert!(refusal.requirement().len() > 8, "{refusal}");
        assert_eq!(refusal.to_string(), refusal.text());
    }
    let which = |fault| {
        let message = Untrusted::MessageSignature(fault).text();
        let assertion = Untrusted::AssertionSignature(fault).text();
        message.contains("message") && assertion.contains("assertion")
    };
    assert!(which(SignatureFault::Missing) && which(SignatureFault::Value));
}

#[test]
fn requirements_name_the_case_that_decides() {
    for (refusal, requirement) in [
        (Refusal::Cancelled, "digid case 17"),
        (Refusal::LevelTooLow, "digid case 18"),
        (Refusal::ArtifactUnknown, "digid case 12"),
        (Refusal::ArtifactTooOld, "digid case 14"),
        (Untrusted::OtherSector.into(), "digid case 23"),
        (Untrusted::NotABsn.into(), "digid case 24"),
        (Untrusted::WrongAudience.into(), "digid case 25"),
        (Untrusted::WrongRecipient.into(), "digid case 25"),
        (Untrusted::WrongInResponseTo.into(), "digid case 26"),
        (Untrusted::Expired.into(), "digid case 27"),
        (Untrusted::TwoAssertions.into(), "digid case 29"),
    ] {
        assert_eq!(refusal.requirement(), requirement);
    }
}

#[test]
fn every_other_error_has_a_line_of_its_own() {
    assert_own_lines(UNREADABLE);
    assert_own_lines(SIGNATURE);
    let queries = [
        BadQuery::NoMessage,
        BadQuery::Repeated,
        BadQuery::Encoding,
        BadQuery::TooLarge,
    ];
    assert_own_lines(queries);
    assert_own_lines([
        NotFound::Unreadable(Unreadable::Malformed),
        NotFound::Query(BadQuery::NoMessage),
        NotFound::NotTheMessage,
        NotFound::UnknownIssuer,
        NotFound::Signature(SignatureFault::Missing),
    ]);
    assert_own_lines([
        Denial::Version,
        Denial::IssueInstant,
        Denial::Destination,
        Denial::Consumer,
        Denial::Level,
        Denial::Artifact,
        Denial::Unsupported,
        Denial::RelayState,
        Denial::NameId,
        Denial::Expired,
        Denial::NoAnswerUrl,
    ]);
    assert_own_lines([
        BadAnswer::NotFound(NotFound::UnknownIssuer),
        BadAnswer::Denied(Denial::Destination),
        BadAnswer::InResponseTo,
        BadAnswer::Status,
    ]);
    assert_own_lines([
        logout::Rejected::NotFound(NotFound::UnknownIssuer),
        logout::Rejected::Denied(Denial::Expired),
    ]);
    assert_own_lines([BadNameId::OtherSector, BadNameId::NotABsn]);
    assert_own_lines([
        BadMetadata::Unreadable(Unreadable::Malformed),
        BadMetadata::Signature(SignatureFault::Missing),
        BadMetadata::NotMetadata,
        BadMetadata::Certificate(BadCertificate::Key),
        BadMetadata::NoCertificate,
        BadMetadata::NoEndpoint,
        BadMetadata::BadEndpoint,
    ]);
    assert_own_lines([BadCertificate::Unreadable, BadCertificate::Key]);
    assert_own_lines([BadKey::Unreadable, BadKey::OtherCertificate]);
    assert_own_lines([CannotSign::NotAMessage, CannotSign::Failed(SigningFailed)]);
    assert_own_lines([
        CannotSend::NoEndpoint,
        CannotSend::RelayState,
        CannotSend::Signature(CannotSign::NotAMessage),
    ]);
    assert_own_lines([SigningFailed]);
    assert_own_lines([NotAnArtifact]);
}

#[test]
fn what_may_hold_a_secret_prints_as_stars() {
    let soap = good();
    let document = reader::parse(soap.as_bytes()).expect("readable");
    assert_eq!(format!("{document:?}"), "Document(***)");
    assert_eq!(format!("{:?}", document.root()), "Element(***)");
    let message = reader::parse(message(&soap).as_bytes()).expect("readable");
    let signed = signature::verify(message.root(), &[IDP_KEY.trusted()]).expect("signed");
    assert_eq!(format!("{signed:?}"), "Signed(Document(***))");
    let redirected =
        Redirected::read("SAMLRequest=AwA%3D", Carried::Request).expect("an empty request");
    assert_eq!(format!("{redirected:?}"), "Redirected(***)");
    let printed = format!("{:?}", success(assertion()));
    assert!(printed.contains("subject: NameId(***)") && !printed.contains(BSN));
    let sent = request()
        .send(&idp_metadata(), None, &SP_KEY.signing)
        .expect("sent");
    assert_eq!(format!("{sent:?}"), "Redirect(***)");
    let post_only = IdpMetadata {
        sso_redirect: None,
        ..idp_metadata()
    };
    let sent = request()
        .send(&post_only, None, &SP_KEY.signing)
        .expect("sent");
    assert_eq!(format!("{sent:?}"), "Post(***)");
    let Sent::Post(form) = sent else {
        unreachable!("the metadata offers POST only")
    };
    assert_eq!(format!("{form:?}"), "PostForm(***)");
    let key = format!("{:?}", IDP_KEY.trusted());
    assert_eq!(key, "TrustedKey([RsaSha256, RsaSha384, RsaSha512])");
}
