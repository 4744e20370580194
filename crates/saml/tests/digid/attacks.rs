//! Attacks on a real signed answer: each is refused, and for its own reason.

use saml::digid::{Refusal, Untrusted};
use saml::reader::Unreadable;
use saml::signature::SignatureFault;

use crate::common::{
    BSN, VICTIM, assertion_of, good, in_envelope, judge, message, part, replaced, signed_anew,
    without_signature,
};

fn refused(soap: &str) -> Untrusted {
    match judge(soap).expect_err("refused") {
        Refusal::Untrusted(why) => why,
        other => unreachable!("refused for another reason: {other}"),
    }
}

const MESSAGE_ID: &str = "ID=\"_answer\"";
const ASSERTION_ID: &str = "ID=\"_assertion\"";

/// The attacker's wish: the same message about somebody else, under other identifiers, unsigned.
fn evil_message(soap: &str) -> String {
    let evil = without_signature(message(soap)).replace(BSN, VICTIM);
    evil.replace(" ID=\"_", " ID=\"_evil_")
}

fn evil_assertion(soap: &str) -> String {
    let evil = without_signature(assertion_of(soap)).replace(BSN, VICTIM);
    replaced(&evil, ASSERTION_ID, "ID=\"_evil\"")
}

fn signature_of(xml: &str) -> &str {
    part(xml, "<ds:Signature ", "</ds:Signature>")
}

/// `xml` with `new` right after the end of the first issuer: where a signature stands.
fn after_issuer(xml: &str, new: &str) -> String {
    replaced(xml, "</saml:Issuer>", &format!("</saml:Issuer>{new}"))
}

/// A signature with something of the attacker's inside, at its end.
fn stuffed(signature: &str, with: &str) -> String {
    replaced(
        signature,
        "</ds:Signature>",
        &format!("{with}</ds:Signature>"),
    )
}

/// As the attacker can send it, the attack breaks the signature of the message. As if DigiD had
/// signed the message around it, it must fail by itself.
fn assert_assertion_attack(soap: &str, why: Untrusted) {
    let broken = Untrusted::MessageSignature(SignatureFault::Digest);
    assert_eq!(refused(soap), broken);
    assert_eq!(refused(&signed_anew(soap)), why);
}

#[test]
fn digid_case_029_xsw_1_the_signed_message_inside_the_signature_of_a_forged_one() {
    let soap = good();
    let original = without_signature(message(&soap));
    let forged = after_issuer(
        &evil_message(&soap),
        &stuffed(signature_of(&soap), &original),
    );
    let why = refused(&in_envelope(&soap, &forged));
    assert_eq!(why, Untrusted::MessageSignature(SignatureFault::Malformed));
}

#[test]
fn digid_case_029_xsw_2_the_signed_message_beside_its_signature_in_a_forged_one() {
    let soap = good();
    let original = without_signature(message(&soap));
    let beside = format!("{original}{}", signature_of(&soap));
    let forged = after_issuer(&evil_message(&soap), &beside);
    let why = refused(&in_envelope(&soap, &forged));
    assert_eq!(
        why,
        Untrusted::MessageSignature(SignatureFault::OtherElement)
    );
    assert_eq!(why.requirement(), "digid case 29");

    let nested = after_issuer(&evil_message(&soap), message(&soap));
    let why = refused(&in_envelope(&soap, &nested));
    assert_eq!(why, Untrusted::MessageSignature(SignatureFault::Missing));
    let two = format!("{}{}", evil_message(&soap), message(&soap));
    let why = refused(&in_envelope(&soap, &two));
    assert_eq!(why, Untrusted::NotAnArtifactResponse);
}

#[test]
fn digid_case_029_xsw_3_a_forged_assertion_before_the_signed_one() {
    let soap = good();
    let signed = assertion_of(&soap);
    let both = format!("{}{signed}", evil_assertion(&soap));
    assert_assertion_attack(&replaced(&soap, signed, &both), Untrusted::TwoAssertions);
}

#[test]
fn digid_case_029_xsw_4_the_signed_assertion_inside_a_forged_one() {
    let soap = good();
    let signed = assertion_of(&soap);
    let around = after_issuer(&evil_assertion(&soap), signed);
    let missing = Untrusted::AssertionSignature(SignatureFault::Missing);
    assert_assertion_attack(&replaced(&soap, signed, &around), missing);
}

#[test]
fn digid_case_029_xsw_5_a_forged_assertion_with_the_signature_and_the_original_at_the_end() {
    let soap = good();
    let signed = assertion_of(&soap);
    let original = without_signature(signed);
    let forged = after_issuer(&evil_assertion(&soap), signature_of(signed));
    let end = "</samlp:Response>";
    let moved = replaced(
        &replaced(&soap, signed, &forged),
        end,
        &format!("{end}{original}"),
    );
    let other = Untrusted::AssertionSignature(SignatureFault::OtherElement);
    assert_assertion_attack(&moved, other);
    assert_eq!(other.requirement(), "digid case 29");
    let beside = replaced(&soap, signed, &format!("{forged}{original}"));
    assert_assertion_attack(&beside, Untrusted::TwoAssertions);
}

#[test]
fn digid_case_029_xsw_6_the_original_inside_the_signature_of_a_forged_assertion() {
    let soap = good();
    let signed = assertion_of(&soap);
    let signature = stuffed(signature_of(signed), &without_signature(signed));
    let forged = after_issuer(&evil_assertion(&soap), &signature);
    let malformed = Untrusted::AssertionSignature(SignatureFault::Malformed);
    assert_assertion_attack(&replaced(&soap, signed, &forged), malformed);
}

#[test]
fn digid_case_029_xsw_7_a_forged_assertion_of_the_same_identifier_in_extensions() {
    let soap = good();
    let signed = assertion_of(&soap);
    let twin = replaced(&evil_assertion(&soap), "ID=\"_evil\"", ASSERTION_ID);
    let extended = format!("<samlp:Extensions>{twin}</samlp:Extensions>{signed}");
    let why = refused(&replaced(&soap, signed, &extended));
    assert_eq!(why, Untrusted::Unreadable(Unreadable::DuplicateId));
    assert_eq!(why.requirement(), "digid case 29");

    // Under another identifier, and signed around: the extension is not read.
    let evil = evil_assertion(&soap);
    let extended = format!("<samlp:Extensions>{evil}</samlp:Extensions>{signed}");
    let extended = replaced(&soap, signed, &extended);
    assert_eq!(
        refused(&extended),
        Untrusted::MessageSignature(SignatureFault::Digest)
    );
    let person = judge(&signed_anew(&extended)).expect("accepted");
    assert_eq!(person.bsn.reveal(), BSN);
}

#[test]
fn digid_case_029_xsw_8_the_original_in_an_object_of_the_signature_of_a_forged_assertion() {
    let soap = good();
    let signed = assertion_of(&soap);
    let object = format!("<ds:Object>{}</ds:Object>", without_signature(signed));
    let signature = stuffed(signature_of(signed), &object);
    let forged = after_issuer(&evil_assertion(&soap), &signature);
    let malformed = Untrusted::AssertionSignature(SignatureFault::Malformed);
    assert_assertion_attack(&replaced(&soap, signed, &forged), malformed);

    let no_key_info = without_key_info(&signature);
    let forged = after_issuer(&evil_assertion(&soap), &no_key_info);
    assert_assertion_attack(&replaced(&soap, signed, &forged), malformed);
}

fn without_key_info(signature: &str) -> String {
    crate::common::without(signature, "<ds:KeyInfo>", "</ds:KeyInfo>")
}

#[test]
fn digid_case_029_an_altered_answer_is_refused() {
    let altered = good().replace(BSN, VICTIM);
    let digest = Untrusted::MessageSignature(SignatureFault::Digest);
    assert_eq!(refused(&altered), digest);
    let inside = Untrusted::AssertionSignature(SignatureFault::Digest);
    assert_eq!(refused(&signed_anew(&altered)), inside);
}

#[test]
fn digid_case_029_an_altered_signature_is_refused() {
    let soap = good();
    let value = part(&soap, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let short = replaced(&soap, value, "<ds:SignatureValue>AAAA</ds:SignatureValue>");
    let wrong = Untrusted::MessageSignature(SignatureFault::Value);
    assert_eq!(refused(&short), wrong);
    let digest = part(&soap, "<ds:DigestValue>", "</ds:DigestValue>");
    let other = replaced(&soap, digest, "<ds:DigestValue>AAAA</ds:DigestValue>");
    assert_eq!(
        refused(&other),
        wrong,
        "the digest is part of what is signed"
    );
    let not_base64 = replaced(&soap, value, "<ds:SignatureValue>*</ds:SignatureValue>");
    let malformed = Untrusted::MessageSignature(SignatureFault::Malformed);
    assert_eq!(refused(&not_base64), malformed);
}

#[test]
fn digid_case_029_two_signatures_are_refused() {
    let soap = good();
    let signature = signature_of(&soap);
    let two = replaced(&soap, signature, &format!("{signature}{signature}"));
    let repeated = Untrusted::MessageSignature(SignatureFault::Repeated);
    assert_eq!(refused(&two), repeated);
}

#[test]
fn digid_case_029_two_responses_are_refused() {
    let soap = good();
    let response = part(&soap, "<samlp:Response ", "</samlp:Response>");
    let evil = without_signature(response)
        .replace("ID=\"_", "ID=\"_evil")
        .replace(BSN, VICTIM);
    for both in [format!("{evil}{response}"), format!("{response}{evil}")] {
        let soap = signed_anew(&replaced(&soap, response, &both));
        assert_eq!(refused(&soap), Untrusted::TwoResponses);
    }
}

#[test]
fn digid_case_029_references_and_transforms_of_other_kinds_are_refused() {
    let soap = good();
    let reference = part(&soap, "<ds:Reference ", "</ds:Reference>");
    let enveloped = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
    let list = "PrefixList=\"ds saml samlp xs\"";
    let long_list = format!("PrefixList=\"{}\"", "a ".repeat(17));
    let two = format!("{reference}{}", reference.replace("#_answer", "#_response"));
    for (old, new, why) in [
        (reference, &*two, SignatureFault::References),
        ("URI=\"#_answer\"", "URI=\"\"", SignatureFault::OtherElement),
        ("URI=\"#_answer\"", "", SignatureFault::OtherElement),
        (
            "URI=\"#_answer\"",
            "URI=\"_answer\"",
            SignatureFault::OtherElement,
        ),
        (
            "URI=\"#_answer\"",
            "URI=\"#_assertion\"",
            SignatureFault::OtherElement,
        ),
        (
            "URI=\"#_answer\"",
            "URI=\"#xpointer(/)\"",
            SignatureFault::OtherElement,
        ),
        (enveloped, "", SignatureFault::Transforms),
        (enveloped, &enveloped.repeat(2), SignatureFault::Transforms),
        (
            "xmldsig#enveloped-signature",
            "xmldsig#base64",
            SignatureFault::Transforms,
        ),
        (
            "\"></ds:Transform>",
            "\"><ds:XPath/></ds:Transform>",
            SignatureFault::Transforms,
        ),
        (list, &long_list, SignatureFault::Transforms),
        (
            "ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"ds saml samlp xs\"></ec:InclusiveNamespaces",
            "ds:XPath></ds:XPath",
            SignatureFault::Transforms,
        ),
        (
            "<ds:SignedInfo ",
            "<ds:Object></ds:Object><ds:SignedInfo ",
            SignatureFault::Malformed,
        ),
        (
            "<ds:KeyInfo>",
            "<ds:KeyInfo></ds:KeyInfo><ds:KeyInfo>",
            SignatureFault::Malformed,
        ),
    ] {
        let why = Untrusted::MessageSignature(why);
        assert_eq!(refused(&replaced(&soap, old, new)), why, "{new}");
    }
    let c14n = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#";
    let comments = replaced(&soap, c14n, &format!("{c14n}WithComments"));
    let algorithm = Untrusted::MessageSignature(SignatureFault::Algorithm);
    assert_eq!(refused(&comments), algorithm);
}

#[test]
fn digid_case_029_an_element_without_identifier_cannot_be_signed_for() {
    let soap = good();
    for (id, uri) in [
        ("", "URI=\"\""),
        ("ID=\"\"", "URI=\"#\""),
        ("", "URI=\"#\""),
    ] {
        let nameless = replaced(&replaced(&soap, MESSAGE_ID, id), "URI=\"#_answer\"", uri);
        let other = Untrusted::MessageSignature(SignatureFault::OtherElement);
        assert_eq!(refused(&nameless), other, "{id} {uri}");
    }
}

#[test]
fn digid_case_030_a_comment_in_the_number_is_refused() {
    // Canonicalization drops comments, so both signatures would verify.
    let soap = replaced(&good(), BSN, "900029<!-- -->365");
    let why = refused(&soap);
    assert_eq!(why, Untrusted::Unreadable(Unreadable::Comment));
    assert_eq!(why.requirement(), "digid case 30");
}

#[test]
fn digid_case_030_a_number_in_pieces_is_read_as_a_whole() {
    // CDATA and character references vanish in canonicalization too.
    let soap = replaced(&good(), BSN, "9<![CDATA[0002]]>93&#54;5");
    let person = judge(&soap).expect("accepted");
    assert_eq!(person.bsn.reveal(), BSN);
}

#[test]
fn digid_case_031_a_document_type_is_refused() {
    let soap = good();
    let (declaration, rest) = soap.split_once('\n').expect("declaration");
    let entity = "<!DOCTYPE s [<!ENTITY bsn \"900186021\">]>";
    let with_entity = format!("{declaration}\n{entity}{}", replaced(rest, BSN, "&bsn;"));
    let why = refused(&with_entity);
    assert_eq!(why, Untrusted::Unreadable(Unreadable::Doctype));
    assert_eq!(why.requirement(), "digid case 31");
}

#[test]
fn digid_case_032_sha_1_is_refused_in_signature_and_digest() {
    let soap = good();
    let signature = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let digest = "http://www.w3.org/2001/04/xmlenc#sha256";
    let sha1 = Untrusted::MessageSignature(SignatureFault::Sha1);
    for (old, new) in [
        (signature, "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        (
            signature,
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        ),
        (digest, "http://www.w3.org/2000/09/xmldsig#sha1"),
    ] {
        assert_eq!(refused(&replaced(&soap, old, new)), sha1, "{new}");
        let signed = assertion_of(&soap);
        let inside = replaced(&soap, signed, &replaced(signed, old, new));
        let inside = refused(&signed_anew(&inside));
        assert_eq!(inside, Untrusted::AssertionSignature(SignatureFault::Sha1));
        assert_eq!(inside.requirement(), "digid case 32");
    }
    for (old, new) in [
        (signature, "http://www.w3.org/2000/09/xmldsig#hmac-sha256"),
        (digest, "http://www.w3.org/2001/04/xmldsig-more#md5"),
    ] {
        let algorithm = Untrusted::MessageSignature(SignatureFault::Algorithm);
        assert_eq!(refused(&replaced(&soap, old, new)), algorithm, "{new}");
    }
}

#[test]
fn a_key_in_the_message_is_not_trusted() {
    // Signed by an attacker who sends his own certificate along.
    let soap = good().replace(BSN, VICTIM);
    let unsigned = without_signature(message(&soap));
    let signed = saml::signature::sign(&unsigned, &crate::common::OTHER_KEY.signing);
    let forged = in_envelope(&soap, &signed.expect("signed"));
    assert!(message(&forged).contains("<ds:X509Certificate>"));
    assert_eq!(
        refused(&forged),
        Untrusted::MessageSignature(SignatureFault::Value)
    );
}

#[test]
fn prefixes_declared_on_the_soap_envelope_are_found() {
    let soap = good();
    let declared: Vec<_> = ["samlp", "saml", "ds"]
        .into_iter()
        .map(|prefix| {
            let end = format!(" xmlns:{prefix}=\"");
            let from = soap.find(&end).expect("declared");
            let length = soap[from + end.len()..].find('"').expect("value");
            soap[from..=from + end.len() + length].to_owned()
        })
        .collect();
    // The same answer from a program that declares its prefixes once, on the envelope.
    let moved = |unsigned: &str| {
        declared
            .iter()
            .fold(unsigned.to_owned(), |xml, d| xml.replace(&**d, ""))
    };
    let message_at_home = message(&soap);
    let outside = in_envelope(&soap, &moved(message_at_home));
    let outside = replaced(
        &outside,
        "<soapenv:Envelope",
        &format!("<soapenv:Envelope{}", declared.concat()),
    );
    assert!(!message(&outside).contains("xmlns:samlp"));
    let person = judge(&outside).expect("accepted");
    assert_eq!(person.bsn.reveal(), BSN);

    let altered = outside.replace(BSN, VICTIM);
    assert_eq!(
        refused(&altered),
        Untrusted::MessageSignature(SignatureFault::Digest)
    );
}

#[test]
fn white_space_around_messages_does_not_matter() {
    let soap = good();
    let spaced = soap
        .replace("<soapenv:Body>", "\n  <soapenv:Body>\n  ")
        .replace("</soapenv:Body>", "\n</soapenv:Body>\n");
    assert!(judge(&spaced).is_ok());
}

/// Two answers as real servers sent them (one of DigiD 3.x, one of the routing service), when the
/// samples are beside the repository. We do not hold their keys; everything before that must pass.
#[test]
fn real_answers_have_the_form_that_we_read() {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/etoegang");
    for name in ["rdo-max-request_denied.xml", "rdo-max-login_cancelled.xml"] {
        if let Ok(soap) = std::fs::read_to_string(format!("{samples}/{name}")) {
            let why = Untrusted::MessageSignature(SignatureFault::Value);
            assert_eq!(refused(&soap), why, "{name}");
        }
    }
}
