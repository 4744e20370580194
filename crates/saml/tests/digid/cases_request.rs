//! digid.md section 7, cases 1 to 8, 15, 20 and 22: the request and the question.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::Loa;
use saml::artifact_resolve;
use saml::authn_request::{
    self, AuthnRequest, CannotSend, Comparison, Consumer, PostForm, Received, Rejected,
    RequestedLevel, Sent,
};
use saml::incoming::{Denial, NotFound};
use saml::metadata::IdpMetadata;
use saml::reader::Unreadable;
use saml::redirect::BadQuery;
use saml::signature::{self, SignatureFault};
use verdict::Moment;

use crate::common::{
    ACS, ACS_2, NOW, OTHER_KEY, RESOLVE, SP, SP_KEY, SSO, at, idp_metadata, replaced, request,
    resolve, without, without_signature,
};

const STATE: &str = "state with a space & more";

fn sent(request: &AuthnRequest, to: &IdpMetadata) -> Sent {
    request
        .send(to, Some(STATE), &SP_KEY.signing)
        .expect("sent")
}

/// The query of the redirect.
fn query(request: &AuthnRequest) -> String {
    let Sent::Redirect(url) = sent(request, &idp_metadata()) else {
        unreachable!("the metadata offers Redirect");
    };
    let query = url
        .strip_prefix(SSO)
        .and_then(|rest| rest.strip_prefix('?'));
    query.expect("the metadata's address").to_owned()
}

fn form(request: &AuthnRequest) -> PostForm {
    let post_only = IdpMetadata {
        sso_redirect: None,
        ..idp_metadata()
    };
    let Sent::Post(form) = sent(request, &post_only) else {
        unreachable!("the metadata offers POST only");
    };
    form
}

/// The XML of a posted request.
fn xml(request: &AuthnRequest) -> String {
    let decoded = STANDARD.decode(form(request).saml_request).expect("base64");
    String::from_utf8(decoded).expect("UTF-8")
}

fn by_redirect(query: &str, now: Moment) -> Result<Received, Rejected> {
    at(SSO, |idp| authn_request::receive_redirect(query, idp, now))
}

fn by_post(xml: &str) -> Result<Received, Rejected> {
    let encoded = STANDARD.encode(xml);
    at(SSO, |idp| {
        authn_request::receive_post(&encoded, Some(STATE), idp, NOW)
    })
}

/// The request as another program of the same service provider would sign it.
fn changed(change: impl FnOnce(&str) -> String) -> String {
    let unsigned = without_signature(&xml(&request()));
    signature::sign(&change(&unsigned), &SP_KEY.signing).expect("signed")
}

fn edited(old: &str, new: &str) -> String {
    changed(|xml| replaced(xml, old, new))
}

fn not_found(result: Result<Received, Rejected>) -> NotFound {
    match result.expect_err("rejected") {
        Rejected::NotFound(why) => why,
        Rejected::Denied(denied) => unreachable!("denied instead: {}", denied.why),
    }
}

fn denied(result: Result<Received, Rejected>) -> authn_request::Denied {
    match result.expect_err("rejected") {
        Rejected::Denied(denied) => *denied,
        Rejected::NotFound(why) => unreachable!("not found instead: {why}"),
    }
}

#[test]
fn digid_case_001_a_login_by_post_is_a_form_with_a_signed_request() {
    let form = form(&request());
    assert_eq!(form.action, SSO);
    assert_eq!(form.relay_state.as_deref(), Some(STATE));
    let xml = xml(&request());
    for part in [
        "Comparison=\"minimum\"",
        ">urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract<",
        "\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"",
        "\"http://www.w3.org/2001/04/xmlenc#sha256\"",
        "\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
        "<saml:Issuer>https://mitz.test/saml/metadata</saml:Issuer><ds:Signature ",
        "Destination=\"https://digid.test/saml/idp/request_authentication\"",
        "ForceAuthn=\"true\"",
        "ProviderName=\"Mitz &amp; co\"",
        "IssueInstant=\"2026-11-22T10:00:00Z\"",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    for absent in ["sha1", "NameIDPolicy", "Subject"] {
        assert!(!xml.contains(absent), "{absent}");
    }
}

#[test]
fn digid_case_001_a_login_goes_by_redirect_when_the_metadata_offers_it() {
    let query = query(&request());
    let names: Vec<_> = query
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .collect();
    assert_eq!(names, ["SAMLRequest", "RelayState", "SigAlg", "Signature"]);
    let neither = IdpMetadata {
        sso_redirect: None,
        sso_post: None,
        ..idp_metadata()
    };
    let nowhere = request().send(&neither, None, &SP_KEY.signing);
    assert_eq!(nowhere, Err(CannotSend::NoEndpoint));
}

#[test]
fn digid_case_001_a_relay_state_of_more_than_80_bytes_is_not_sent() {
    let send =
        |bytes: usize| request().send(&idp_metadata(), Some(&"x".repeat(bytes)), &SP_KEY.signing);
    assert!(send(80).is_ok());
    // SAML bindings §3.4.3
    assert_eq!(send(81), Err(CannotSend::RelayState));
}

#[test]
fn digid_case_002_a_signed_post_request_gets_a_login_page() {
    let received = by_post(&xml(&request())).expect("received");
    // SAML core §3.4; SAML bindings §3.5
    assert_eq!(received.request, request());
    assert_eq!(received.consumer_url, ACS);
    assert_eq!(received.relay_state.as_deref(), Some(STATE));
    let form = form(&request());
    let (start, end) = form.saml_request.split_at(76);
    let broken_lines = format!("{start}\r\n{end}\r\n");
    let received = at(SSO, |idp| {
        authn_request::receive_post(&broken_lines, None, idp, NOW)
    });
    assert_eq!(received.expect("received").relay_state, None);
}

#[test]
fn digid_case_003_a_signed_redirect_request_gets_a_login_page() {
    let query = query(&request());
    let received = by_redirect(&query, NOW).expect("received");
    // SAML bindings §3.4
    assert_eq!(received.request, request());
    assert_eq!(received.consumer_url, ACS);
    assert_eq!(received.relay_state.as_deref(), Some(STATE));

    let mut pairs: Vec<_> = query.split('&').collect();
    pairs.reverse();
    let shuffled = format!("x=y&{}", pairs.join("&"));
    assert!(
        by_redirect(&shuffled, NOW).is_ok(),
        "the order in the URL is free"
    );
}

#[test]
fn digid_case_003_every_way_to_name_the_consumer_service_is_understood() {
    for (consumer, url) in [
        (Consumer::Default, ACS),
        (Consumer::Index(1), ACS_2),
        (Consumer::Url(ACS_2.to_owned()), ACS_2),
    ] {
        let asked = AuthnRequest {
            consumer,
            provider_name: None,
            ..request()
        };
        let received = by_redirect(&query(&asked), NOW).expect("received");
        assert_eq!(received.request, asked);
        assert_eq!(received.consumer_url, url);
    }
}

#[test]
fn digid_case_004_an_altered_request_is_not_found() {
    let posted = xml(&request());
    let altered = replaced(
        &posted,
        "MobileTwoFactorContract",
        "PasswordProtectedTransport",
    );
    let digest = NotFound::Signature(SignatureFault::Digest);
    assert_eq!(not_found(by_post(&altered)), digest);

    let value = NotFound::Signature(SignatureFault::Value);
    let altered = replaced(&query(&request()), "RelayState=state", "RelayState=other");
    assert_eq!(not_found(by_redirect(&altered, NOW)), value);
    let other = request()
        .send(&idp_metadata(), None, &OTHER_KEY.signing)
        .expect("sent");
    let Sent::Redirect(url) = other else {
        unreachable!("the metadata offers Redirect")
    };
    let query = url.split_once('?').expect("query").1;
    assert_eq!(not_found(by_redirect(query, NOW)), value);
    let forged = signature::sign(&without_signature(&posted), &OTHER_KEY.signing);
    assert_eq!(not_found(by_post(&forged.expect("signed"))), value);
}

#[test]
fn digid_case_004_an_unsigned_request_is_not_found() {
    let missing = NotFound::Signature(SignatureFault::Missing);
    assert_eq!(
        not_found(by_post(&without_signature(&xml(&request())))),
        missing
    );
    let query = query(&request());
    let unsigned = query.split_once("&SigAlg").expect("signature").0;
    assert_eq!(not_found(by_redirect(unsigned, NOW)), missing);
    let no_value = query.split_once("&Signature").expect("signature").0;
    assert_eq!(not_found(by_redirect(no_value, NOW)), missing);
    let pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.starts_with("SigAlg"))
        .collect();
    assert_eq!(not_found(by_redirect(&pairs.join("&"), NOW)), missing);
}

#[test]
fn digid_case_004_sha_1_and_unknown_methods_are_not_found() {
    let with_method = |uri: &str| {
        let query = query(&request());
        let method = "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256";
        not_found(by_redirect(&replaced(&query, method, uri), NOW))
    };
    let sha1 = "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1";
    assert_eq!(with_method(sha1), NotFound::Signature(SignatureFault::Sha1));
    assert_eq!(
        with_method("none"),
        NotFound::Signature(SignatureFault::Algorithm)
    );
}

#[test]
fn digid_case_004_what_is_no_request_is_not_found() {
    assert_eq!(
        not_found(by_redirect("", NOW)),
        NotFound::Query(BadQuery::NoMessage)
    );
    assert_eq!(
        not_found(by_post("no XML")),
        NotFound::Unreadable(Unreadable::Malformed)
    );
    assert_eq!(not_found(by_post("<a/>")), NotFound::NotTheMessage);
    let not_base64 = at(SSO, |idp| authn_request::receive_post("*", None, idp, NOW));
    assert_eq!(not_found(not_base64), NotFound::NotTheMessage);
    let issuer = "<saml:Issuer>https://mitz.test/saml/metadata</saml:Issuer>";
    let no_issuer = edited(issuer, "");
    assert_eq!(not_found(by_post(&no_issuer)), NotFound::NotTheMessage);
    let logout = changed(|xml| xml.replace("samlp:AuthnRequest", "samlp:LogoutRequest"));
    assert_eq!(not_found(by_post(&logout)), NotFound::NotTheMessage);
}

#[test]
fn digid_case_005_an_unknown_issuer_is_not_found() {
    let stranger = AuthnRequest {
        issuer: "https://stranger.test".to_owned(),
        ..request()
    };
    assert_eq!(not_found(by_post(&xml(&stranger))), NotFound::UnknownIssuer);
    assert_eq!(
        not_found(by_redirect(&query(&stranger), NOW)),
        NotFound::UnknownIssuer
    );
}

#[test]
fn digid_case_006_a_request_made_more_than_two_minutes_from_now_is_denied() {
    let query = query(&request());
    for now in [NOW.plus_s(120), NOW.minus_s(120)] {
        assert!(by_redirect(&query, now).is_ok());
    }
    for now in [
        NOW.plus_s(121),
        NOW.minus_s(121),
        NOW.plus_s(180),
        NOW.minus_s(180),
    ] {
        let denied = denied(by_redirect(&query, now));
        assert_eq!(denied.why, Denial::IssueInstant);
        assert_eq!(denied.request_id, request().id);
        assert_eq!(denied.issuer, SP);
        assert_eq!(denied.consumer_url, ACS);
        assert_eq!(denied.relay_state.as_deref(), Some(STATE));
    }
    let never = edited(" IssueInstant=\"2026-11-22T10:00:00Z\"", "");
    assert_eq!(denied(by_post(&never)).why, Denial::IssueInstant);
}

#[test]
fn digid_case_007_an_acs_index_and_an_acs_url_at_once_are_denied() {
    let index = " AssertionConsumerServiceIndex=\"0\"";
    let url = format!("{index} AssertionConsumerServiceURL=\"{ACS}\"");
    assert_eq!(denied(by_post(&edited(index, &url))).why, Denial::Consumer);
    let artifact = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
    let binding = format!("{index} ProtocolBinding=\"{artifact}\"");
    assert_eq!(
        denied(by_post(&edited(index, &binding))).why,
        Denial::Consumer
    );
}

#[test]
fn digid_case_007_a_consumer_service_outside_the_metadata_is_denied() {
    let index = " AssertionConsumerServiceIndex=\"0\"";
    for consumer in [
        " AssertionConsumerServiceIndex=\"2\"",
        " AssertionConsumerServiceIndex=\"x\"",
        " AssertionConsumerServiceURL=\"https://mitz.test/saml/acs/\"",
        " AssertionConsumerServiceURL=\"https://evil.test\"",
        " ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"",
    ] {
        let denied = denied(by_post(&edited(index, consumer)));
        assert_eq!(denied.why, Denial::Consumer, "{consumer}");
        assert_eq!(
            denied.consumer_url, ACS,
            "never an address from the request"
        );
    }
    let default = format!(
        " ProtocolBinding=\"{}\"",
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
    );
    assert!(by_post(&edited(index, &default)).is_ok());
}

#[test]
fn digid_case_008_an_unknown_level_is_denied() {
    let class = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract";
    let unknown = edited(class, "urn:oasis:names:tc:SAML:2.0:ac:classes:X509");
    assert_eq!(denied(by_post(&unknown)).why, Denial::Level);
    assert_eq!(
        denied(by_post(&edited("\"minimum\"", "\"most\""))).why,
        Denial::Level
    );

    let (start, end) = (
        "<samlp:RequestedAuthnContext",
        "</samlp:RequestedAuthnContext>",
    );
    let none = changed(|xml| without(xml, start, end));
    assert_eq!(denied(by_post(&none)).why, Denial::Level);
}

#[test]
fn digid_case_008_an_absent_comparison_means_exact() {
    let absent = edited(" Comparison=\"minimum\"", "");
    let level = by_post(&absent).expect("received").request.level;
    assert_eq!(
        level,
        RequestedLevel {
            comparison: Comparison::Exact,
            loa: Loa::Midden
        }
    );
}

#[test]
fn a_request_for_another_address_version_or_wish_is_denied() {
    let destination = format!("Destination=\"{SSO}\"");
    for (old, new, why) in [
        (
            &*destination,
            "Destination=\"https://digid.test/other\"",
            Denial::Destination,
        ),
        (&*destination, "Destination=\"\"", Denial::Destination),
        (&*destination, "", Denial::Destination),
        ("Version=\"2.0\"", "Version=\"1.1\"", Denial::Version),
        (
            "ForceAuthn=\"true\"",
            "ForceAuthn=\"yes\"",
            Denial::Unsupported,
        ),
        (
            "ForceAuthn=\"true\"",
            "IsPassive=\"true\"",
            Denial::Unsupported,
        ),
        (
            "<samlp:Req",
            "<saml:Subject><saml:NameID>x</saml:NameID></saml:Subject><samlp:Req",
            Denial::Unsupported,
        ),
    ] {
        assert_eq!(denied(by_post(&edited(old, new))).why, why, "{new}");
    }
    let prefix = edited(&destination, "Destination=\"https://digid.test/saml/\"");
    assert!(by_post(&prefix).is_ok(), "a prefix of the address will do");
    let passive = edited("ForceAuthn=\"true\"", "ForceAuthn=\"1\" IsPassive=\"0\"");
    assert!(by_post(&passive).expect("received").request.force_authn);
}

#[test]
fn a_relay_state_of_more_than_80_bytes_is_denied_and_not_echoed() {
    let encoded = form(&request()).saml_request;
    let with = |bytes: usize| {
        let state = "x".repeat(bytes);
        at(SSO, |idp| {
            authn_request::receive_post(&encoded, Some(&state), idp, NOW)
        })
    };
    assert!(with(80).is_ok());
    let denied = denied(with(81));
    assert_eq!(denied.why, Denial::RelayState);
    assert_eq!(denied.relay_state, None);
}

#[test]
fn digid_case_015_a_resolve_that_is_unsigned_or_altered_is_not_found() {
    let receive = |soap: &str| {
        at(RESOLVE, |idp| {
            artifact_resolve::receive(soap.as_bytes(), idp, NOW)
        })
    };
    let refused = |soap: &str| receive(soap).expect_err("rejected");
    let good = resolve().to_soap(RESOLVE, &SP_KEY.signing).expect("signed");
    // SAML core §3.5.1
    assert_eq!(receive(&good), Ok(resolve()));

    let signature = |fault| artifact_resolve::Rejected::NotFound(NotFound::Signature(fault));
    assert_eq!(
        refused(&without_signature(&good)),
        signature(SignatureFault::Missing)
    );
    let altered = replaced(&good, "ID=\"_resolve\"", "ID=\"_resolve\" Consent=\"x\"");
    assert_eq!(refused(&altered), signature(SignatureFault::Digest));
    let forged = resolve()
        .to_soap(RESOLVE, &OTHER_KEY.signing)
        .expect("signed");
    assert_eq!(refused(&forged), signature(SignatureFault::Value));
    let not_the_message = artifact_resolve::Rejected::NotFound(NotFound::NotTheMessage);
    assert_eq!(refused("<a/>"), not_the_message);
    assert_eq!(
        refused(&good.replace("soapenv:Body", "soapenv:Torso")),
        not_the_message
    );
}

#[test]
fn a_resolve_that_is_late_misdirected_or_without_artifact_is_denied() {
    let receive = |soap: &str, now| {
        at(RESOLVE, |idp| {
            artifact_resolve::receive(soap.as_bytes(), idp, now)
        })
    };
    let why = |soap: &str, now| match receive(soap, now).expect_err("rejected") {
        artifact_resolve::Rejected::Denied(denied) => {
            assert_eq!((&*denied.request_id, &*denied.issuer), ("_resolve", SP));
            denied.why
        }
        artifact_resolve::Rejected::NotFound(why) => unreachable!("not found instead: {why}"),
    };
    let good = resolve().to_soap(RESOLVE, &SP_KEY.signing).expect("signed");
    assert_eq!(why(&good, NOW.plus_s(121)), Denial::IssueInstant);
    let elsewhere = resolve().to_soap(SSO, &SP_KEY.signing).expect("signed");
    assert_eq!(why(&elsewhere, NOW), Denial::Destination);

    let message = crate::common::part(&good, "<samlp:ArtifactResolve ", "</samlp:ArtifactResolve>");
    // SAML core 3.2.1: it need not say where it is going
    let unsigned = without_signature(message);
    let silent = replaced(&unsigned, &format!(" Destination=\"{RESOLVE}\""), "");
    let silent = signature::sign(&silent, &SP_KEY.signing).expect("signed");
    assert!(receive(&replaced(&good, message, &silent), NOW).is_ok());
    let empty = without(
        &without_signature(message),
        "<samlp:Artifact>",
        "</samlp:Artifact>",
    );
    let empty = signature::sign(&empty, &SP_KEY.signing).expect("signed");
    assert_eq!(
        why(&replaced(&good, message, &empty), NOW),
        Denial::Artifact
    );
}

fn needs_fresh_login(force_authn: bool, loa: Loa) -> bool {
    let level = RequestedLevel::minimum(loa);
    AuthnRequest {
        force_authn,
        level,
        ..request()
    }
    .needs_fresh_login()
}

#[test]
fn digid_case_020_a_fresh_login_is_needed_from_substantieel_up() {
    let needs = Loa::ALL.map(|loa| needs_fresh_login(false, loa));
    assert_eq!(needs, [false, false, true, true]);
}

#[test]
fn digid_case_022_a_fresh_login_is_needed_when_asked_for() {
    assert_eq!(Loa::ALL.map(|loa| needs_fresh_login(true, loa)), [true; 4]);
}
