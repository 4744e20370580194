//! digid.md section 7, cases 39 to 51 and 54, as far as they need no server: DigiD 4.x.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::{Bsn, Loa};
use proptest::prelude::*;
use saml::artifact_response::{ArtifactResponse, Assertion, EncryptedSubject, Outcome, Subject};
use saml::digid::{self, Asked, Authenticated, Refusal, Untrusted, Version};
use saml::encryption::{DecryptionKey, Drawn, Recipient};
use saml::entrance::{self, AuthnRequest, BadRequest, Received, Scoping};
use saml::incoming::IdentityProvider;
use saml::metadata::{AttributeConsumingService, SpMetadata};
use saml::signature;

use crate::common::{
    ACS, BSN, IDP_KEY, LEEWAY_S, NOW, OTHER_KEY, REQUEST_ID, SP, SP_KEY, SSO, TestKey, VICTIM,
    asked, assertion, assertion_of, idp_metadata, outcome, part, replaced, signed_anew, soap,
    sp_metadata, success, without_signature,
};

pub(crate) const SERVICE: &str = "3f3e8ea4-5b69-4a2e-9cbd-0d3a2f0e6f5e";
const BVD: &str = "urn:nl-eid-gdi:1.0:BVD:00000004003214345001:entities:9000";
const SUPPLIER: &str = "urn:nl-eid-gdi:1.0:LC:00000009999999999001:entities:0000";

// ---- the request ----

fn service_provider() -> SpMetadata {
    SpMetadata {
        encryption: vec![SP_KEY.certificate()],
        services: vec![AttributeConsumingService {
            index: 1,
            service_uuid: SERVICE.to_owned(),
            name: "Mitz".to_owned(),
        }],
        ..sp_metadata()
    }
}

fn request(scoping: Option<Scoping>) -> AuthnRequest {
    AuthnRequest {
        id: REQUEST_ID.to_owned(),
        issue_instant: NOW,
        issuer: SP.to_owned(),
        consumer: Some(0),
        service: 1,
        scoping,
    }
}

/// The message of a good request, unsigned.
fn message(scoping: Option<Scoping>) -> String {
    let sent = request(scoping).send(&idp_metadata(), None, &SP_KEY.signing);
    let posted = STANDARD.decode(sent.expect("sent").saml_request);
    let posted = String::from_utf8(posted.expect("base64")).expect("UTF-8");
    without_signature(&posted)
}

fn received(signed: &str, relay_state: Option<&str>) -> Result<Received, BadRequest> {
    let service_providers = [service_provider()];
    let at = IdentityProvider {
        url: SSO,
        service_providers: &service_providers,
    };
    entrance::receive_post(&STANDARD.encode(signed), relay_state, at, NOW)
}

fn signed(message: &str) -> String {
    signature::sign(message, &SP_KEY.signing).expect("signed")
}

fn with(old: &str, new: &str) -> Result<Received, BadRequest> {
    received(&signed(&replaced(&message(None), old, new)), None)
}

#[test]
fn digid_case_039_a_good_request_names_a_service_of_the_metadata_and_comes_by_post_only() {
    let got = received(&signed(&message(None)), Some("state")).expect("taken");
    assert_eq!(
        (&*got.service_uuid, &*got.consumer_url, &*got.issuer),
        (SERVICE, ACS, SP)
    );
    assert_eq!(got.relay_state.as_deref(), Some("state"));
    assert_eq!(got.scoping, None);
    let redirect_only = saml::metadata::IdpMetadata {
        sso_post: None,
        ..idp_metadata()
    };
    let sent = request(None).send(&redirect_only, None, &SP_KEY.signing);
    assert_eq!(sent, Err(saml::authn_request::CannotSend::NoEndpoint));
}

#[test]
fn digid_case_039_metadata_of_a_service_provider_tells_its_services_and_where_to_encrypt() {
    let xml = service_provider().to_xml("_sp", &SP_KEY.signing);
    let xml = xml.expect("signed");
    // digid.md §3.2
    assert!(xml.contains("Name=\"urn:nl-eid-gdi:1.0:ServiceUUID\""));
    let encryption = part(&xml, "use=\"encryption\"", "</md:KeyDescriptor>");
    assert!(encryption.contains(&SP_KEY.certificate().key_name()));
    assert_eq!(SpMetadata::parse(xml.as_bytes()), Ok(service_provider()));
}

#[test]
fn digid_case_040_each_forbidden_member_is_a_bad_request() {
    let index = "AttributeConsumingServiceIndex=\"1\"";
    let issuer = "<saml:Issuer>";
    let after = "</saml:Issuer>";
    let two = "</saml:Issuer><samlp:Scoping><samlp:RequesterID>a</samlp:RequesterID>\
               <samlp:RequesterID>b</samlp:RequesterID></samlp:Scoping>";
    let binding =
        format!("{index} ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\"");
    for (old, new, why) in [
        ("Version=\"2.0\"", "Version=\"1.1\"", BadRequest::Version),
        (
            "IssueInstant=\"2026",
            "IssueInstant=\"2027",
            BadRequest::IssueInstant,
        ),
        (
            index,
            "AttributeConsumingServiceIndex=\"1\" IsPassive=\"true\"",
            BadRequest::Unsupported,
        ),
        (
            index,
            "AttributeConsumingServiceIndex=\"1\" Consent=\"urn:x\"",
            BadRequest::Unsupported,
        ),
        (
            after,
            "</saml:Issuer><saml:Subject/>",
            BadRequest::Unsupported,
        ),
        (
            after,
            "</saml:Issuer><saml:Conditions/>",
            BadRequest::Unsupported,
        ),
        (index, &*binding, BadRequest::Consumer),
        (index, "", BadRequest::Service),
        (
            index,
            "AttributeConsumingServiceIndex=\"7\"",
            BadRequest::Service,
        ),
        (after, two, BadRequest::Scoping),
        (
            issuer,
            "<saml:Issuer NameQualifier=\"x\">",
            BadRequest::Issuer,
        ),
        (
            "https://digid.test/",
            "https://elsewhere.test/",
            BadRequest::Destination,
        ),
    ] {
        assert_eq!(with(old, new), Err(why), "{old} as {new}");
    }
    let unsigned = received(&message(None), None).expect_err("refused");
    assert!(matches!(unsigned, BadRequest::Untrusted(_)));
    let good = signed(&message(None));
    let long = received(&good, Some(&"x".repeat(81)));
    assert_eq!(long, Err(BadRequest::RelayState));
    assert!(received(&good, Some(&"x".repeat(80))).is_ok());
}

#[test]
fn digid_case_041_a_cluster_names_audience_and_service_in_extensions() {
    let attribute = |name: &str, value: &str| {
        format!(
            "<saml:Attribute Name=\"urn:nl-eid-gdi:1.0:{name}\"><saml:AttributeValue>{value}\
             </saml:AttributeValue></saml:Attribute>"
        )
    };
    let cluster = |inside: &str| {
        let plain = replaced(&message(None), "AttributeConsumingServiceIndex=\"1\"", "");
        let extensions = format!("</saml:Issuer><samlp:Extensions>{inside}</samlp:Extensions>");
        received(
            &signed(&replaced(&plain, "</saml:Issuer>", &extensions)),
            None,
        )
    };
    let audience = attribute("IntendedAudience", SUPPLIER);
    let service = attribute("ServiceUUID", SERVICE);
    let both = cluster(&format!("{audience}{service}"));
    assert_eq!(both.map(|got| got.service_uuid), Ok(SERVICE.to_owned()));
    let empty = format!("{audience}{}", attribute("ServiceUUID", ""));
    let no_assertion = format!("{audience}{service}{}", attribute("IdpAssertion", "x"));
    for inside in [&*audience, &*service, &*empty, &*no_assertion] {
        assert_eq!(cluster(inside), Err(BadRequest::Service), "{inside}");
    }
}

#[test]
fn digid_case_048_representation_is_asked_of_the_bvd_and_of_nobody_else() {
    let scoping = |requester: &str, entry: Option<&str>| Scoping {
        requester_id: requester.to_owned(),
        idp_entry: entry.map(str::to_owned),
    };
    for asked in [scoping(BVD, None), scoping(BVD, Some(BVD))] {
        let got = received(&signed(&message(Some(asked.clone()))), None).expect("taken");
        assert_eq!(got.scoping.as_ref(), Some(&asked));
        assert!(asked.is_only(BVD));
    }
    assert!(!scoping("urn:other", None).is_only(BVD));
    assert!(!scoping(BVD, Some("urn:other")).is_only(BVD));
    let refused = judged(&soap(&outcome(Outcome::NoSupportedIdp)));
    assert_eq!(refused, Err(Refusal::NoSupportedIdp));
}

#[test]
fn digid_case_054_a_logout_that_names_neither_person_nor_session_is_a_bad_request() {
    let logout = |inside: &str| {
        let xml = replaced(&message(None), "AttributeConsumingServiceIndex=\"1\"", "")
            .replace("samlp:AuthnRequest", "samlp:LogoutRequest");
        let xml = replaced(&xml, "</saml:Issuer>", &format!("</saml:Issuer>{inside}"));
        let service_providers = [service_provider()];
        let at = IdentityProvider {
            url: SSO,
            service_providers: &service_providers,
        };
        entrance::receive_logout(&STANDARD.encode(signed(&xml)), at, NOW)
    };
    assert_eq!(logout("").err(), Some(BadRequest::Nobody));
    let by_session = logout("<samlp:SessionIndex>s</samlp:SessionIndex>").expect("taken");
    assert_eq!(by_session.session_index.as_deref(), Some("s"));
    assert!(
        logout("<saml:NameID>t</saml:NameID>")
            .expect("taken")
            .name_id
            .is_some()
    );
}

// ---- the answer ----

fn recipient(entity_id: &str, key: &TestKey) -> Recipient {
    Recipient {
        entity_id: entity_id.to_owned(),
        certificate: key.certificate(),
    }
}

fn person(number: &str, id: &str) -> (Bsn, Drawn) {
    let drawn = Drawn {
        id: id.to_owned(),
        content_key: [7; 32].into(),
        iv: [9; 16],
    };
    (Bsn::parse(number).expect("valid"), drawn)
}

fn subject(legal: Option<&str>, recipients: Vec<Recipient>) -> Assertion {
    Assertion {
        subject: Subject::Encrypted(Box::new(EncryptedSubject {
            transient: "_transient".to_owned(),
            service_uuid: SERVICE.to_owned(),
            acting: person(BSN, "_acting"),
            legal: legal.map(|number| person(number, "_legal")),
            recipients,
            authorities: vec![BVD.to_owned()],
        })),
        ..assertion()
    }
}

fn answer_for(recipients: Vec<Recipient>) -> ArtifactResponse {
    success(subject(None, recipients))
}

/// The answer as it comes, for us alone.
pub(crate) fn good() -> String {
    soap(&answer_for(vec![recipient(SP, &SP_KEY)]))
}

fn decryption() -> [DecryptionKey; 1] {
    let key = DecryptionKey::from_pkcs8(&SP_KEY.pkcs8, SP_KEY.certificate());
    [key.expect("a key")]
}

fn judged_as(service_uuid: &str, soap: &str) -> Result<Authenticated, Refusal> {
    let (keys, decryption) = ([IDP_KEY.trusted()], decryption());
    let asked = Asked {
        version: Version::V4 {
            service_uuid,
            decryption: &decryption,
        },
        ..asked(&keys)
    };
    digid::accept(soap.as_bytes(), &asked, NOW, LEEWAY_S)
}

fn judged(soap: &str) -> Result<Authenticated, Refusal> {
    judged_as(SERVICE, soap)
}

/// What we make of an answer whose acting person somebody else encrypted.
pub(crate) fn judged_with_acting(encrypted: &str) -> Result<Authenticated, Refusal> {
    let soap = good();
    let ours = part(&soap, "<saml:EncryptedID>", "</saml:EncryptedID>").to_owned();
    let theirs = format!("<saml:EncryptedID>{encrypted}</saml:EncryptedID>");
    judged(&signed_twice(&soap, &ours, &theirs))
}

fn untrusted(why: Untrusted) -> Result<Authenticated, Refusal> {
    Err(Refusal::Untrusted(why))
}

/// The answer with this changed in the assertion, and signed again by DigiD at both places.
fn signed_twice(soap: &str, old: &str, new: &str) -> String {
    let assertion = replaced(&without_signature(assertion_of(soap)), old, new);
    let assertion = signature::sign(&assertion, &IDP_KEY.signing).expect("signed");
    signed_anew(&replaced(soap, assertion_of(soap), &assertion))
}

#[test]
fn digid_case_043_the_person_is_encrypted_and_the_name_says_nothing() {
    let soap = good();
    assert!(!soap.contains(BSN) && soap.contains("nameid-format:transient"));
    assert!(soap.contains("http://eidas.europa.eu/LoA/low"));
    assert!(soap.contains("xmlenc#aes256-cbc") && soap.contains("xmlenc#rsa-oaep-mgf1p"));
    let person = judged(&soap).expect("accepted");
    assert_eq!((person.bsn.reveal(), person.loa), (BSN, Loa::Midden));
    assert_eq!(person.vertegenwoordigde, None);
    assert_eq!(person.session_index.as_deref(), Some("session"));
    assert_eq!(
        judged_as("another", &soap),
        untrusted(Untrusted::OtherService)
    );
    let by_class = signed_twice(
        &soap,
        "http://eidas.europa.eu/LoA/low",
        Loa::Midden.class_ref(),
    );
    assert_eq!(judged(&by_class), untrusted(Untrusted::UnknownLevel));
    let no_destination = signed_anew(&replaced(&soap, &format!(" Destination=\"{ACS}\""), ""));
    assert_eq!(
        judged(&no_destination),
        untrusted(Untrusted::WrongDestination)
    );
}

#[test]
fn digid_case_044_of_several_keys_the_one_of_our_name_and_our_key_opens() {
    let (ours, theirs) = (recipient(SP, &SP_KEY), recipient(SUPPLIER, &OTHER_KEY));
    for both in [
        vec![ours.clone(), theirs.clone()],
        vec![theirs.clone(), ours.clone()],
    ] {
        let person = judged(&soap(&answer_for(both))).expect("accepted");
        assert_eq!(person.bsn.reveal(), BSN);
    }
    let other_name = recipient(SUPPLIER, &SP_KEY);
    let other_key = recipient(SP, &OTHER_KEY);
    for none in [
        vec![theirs],
        vec![other_name],
        vec![other_key],
        vec![ours.clone(), ours],
        vec![],
    ] {
        let refused = judged(&soap(&answer_for(none)));
        assert_eq!(refused, untrusted(Untrusted::NotForUs));
    }
}

#[test]
fn digid_case_043_nothing_is_decrypted_before_the_signatures_hold_and_every_failure_is_one() {
    let soap = good();
    let value = part(&soap, "<xenc:CipherValue>", "</xenc:CipherValue>").to_owned();
    let tampered = replaced(&soap, &value, "<xenc:CipherValue>AAAA</xenc:CipherValue>");
    let unsigned = judged(&tampered).expect_err("refused");
    assert!(matches!(
        unsigned,
        Refusal::Untrusted(Untrusted::MessageSignature(_))
    ));
    let outer = judged(&signed_anew(&tampered)).expect_err("refused");
    assert!(matches!(
        outer,
        Refusal::Untrusted(Untrusted::AssertionSignature(_))
    ));
    // Whatever is wrong inside (length, padding, content, key, algorithm) sounds the same.
    let blocks = |count: usize| {
        let bytes = STANDARD.encode(vec![5; 16 * count]);
        format!("<xenc:CipherValue>{bytes}</xenc:CipherValue>")
    };
    let key_value = part(
        &soap[soap.find("<xenc:EncryptedKey").expect("a key")..],
        "<xenc:CipherValue>",
        "</xenc:CipherValue>",
    );
    for (old, new) in [
        (&*value, "<xenc:CipherValue>AAAA</xenc:CipherValue>"),
        (&*value, &*blocks(1)),
        (&*value, &*blocks(2)),
        (&*value, &*blocks(9)),
        (key_value, &*blocks(16)),
        ("xmlenc#aes256-cbc", "xmlenc#aes128-cbc"),
        ("xmlenc#rsa-oaep-mgf1p", "xmlenc#rsa-1_5"),
        ("xmlenc#Element", "xmlenc#Content"),
    ] {
        let refused = judged(&signed_twice(&soap, old, new));
        assert_eq!(refused, untrusted(Untrusted::Undecipherable), "{new}");
    }
}

#[test]
fn digid_case_049_the_represented_person_is_told_beside_the_one_at_the_keyboard() {
    let both = success(subject(Some(VICTIM), vec![recipient(SP, &SP_KEY)]));
    let soap = soap(&both);
    assert!(!soap.contains(BSN) && !soap.contains(VICTIM));
    let person = judged(&soap).expect("accepted");
    assert_eq!(person.bsn.reveal(), BSN);
    let represented = person.vertegenwoordigde.expect("somebody");
    assert_eq!(represented.reveal(), VICTIM);
}

#[test]
fn digid_case_045_a_login_that_was_cancelled_is_told_as_such() {
    let cancelled = soap(&outcome(Outcome::Cancelled));
    assert!(cancelled.contains("Authentication cancelled"));
    assert_eq!(judged(&cancelled), Err(Refusal::Cancelled));
}

#[test]
fn digid_case_046_a_login_that_failed_is_denied_by_the_responder() {
    let failed = soap(&outcome(Outcome::Failed));
    assert!(failed.contains("status:Responder") && failed.contains("status:RequestDenied"));
    assert_eq!(judged(&failed), Err(Refusal::RequestDenied));
}

#[test]
fn an_answer_of_one_version_is_none_of_the_other() {
    let of_3 = crate::common::good();
    let refused = judged(&of_3).expect_err("refused");
    assert!(refused.is_suspect());
    let refused = crate::common::judge(&good()).expect_err("refused");
    assert_eq!(refused, Refusal::Untrusted(Untrusted::UnknownLevel));
}

proptest! {
    #[test]
    fn a_person_encrypted_under_any_key_and_vector_is_read_back(
        content_key in any::<[u8; 32]>(), iv in any::<[u8; 16]>()
    ) {
        let (bsn, drawn) = person(BSN, "_acting");
        let drawn = Drawn { content_key: content_key.into(), iv, ..drawn };
        let mut assertion = subject(None, vec![recipient(SP, &SP_KEY)]);
        if let Subject::Encrypted(people) = &mut assertion.subject {
            people.acting = (bsn, drawn);
        }
        let person = judged(&soap(&success(assertion))).expect("accepted");
        prop_assert_eq!(person.bsn.reveal(), BSN);
    }

    #[test]
    fn any_cipher_text_that_digid_signed_gives_one_error_or_the_same_person(
        bytes in prop::collection::vec(any::<u8>(), 0..200)
    ) {
        let soap = good();
        let value = part(&soap, "<xenc:CipherValue>", "</xenc:CipherValue>").to_owned();
        let other = format!("<xenc:CipherValue>{}</xenc:CipherValue>", STANDARD.encode(bytes));
        let refused = judged(&signed_twice(&soap, &value, &other));
        prop_assert_eq!(refused, untrusted(Untrusted::Undecipherable));
    }
}
