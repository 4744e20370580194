//! Logging out, in both directions (SAML core 3.7, digid.md 2.7).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::Bsn;
use saml::NameId;
use saml::authn_request::{CannotSend, Sent};
use saml::incoming::{Denial, NotFound, ServiceProvider};
use saml::logout::{
    self, AskedToLogOut, BadAnswer, LogoutRequest, LogoutResponse, Outcome, Received, Rejected,
};
use saml::metadata::IdpMetadata;
use saml::redirect::BadQuery;
use saml::signature::{self, SignatureFault};
use verdict::Moment;

use crate::common::{
    BSN, IDP, IDP_KEY, NOW, OTHER_KEY, SLO, SP, SP_KEY, SP_SLO, SP_SLO_SOAP, TestKey, at,
    idp_metadata, part, replaced, sp_metadata, without_signature,
};

const LOGOUT_ID: &str = "_logout";

fn wish(issuer: &str) -> LogoutRequest {
    LogoutRequest {
        id: LOGOUT_ID.to_owned(),
        issue_instant: NOW,
        issuer: issuer.to_owned(),
        name_id: NameId::bsn(&Bsn::parse(BSN).expect("valid")),
        session_index: Some("session".to_owned()),
    }
}

fn redirect_only() -> IdpMetadata {
    IdpMetadata {
        slo_post: None,
        ..idp_metadata()
    }
}

/// The query of a logout by redirect.
fn query(wish: &LogoutRequest, key: &TestKey) -> String {
    let sent = wish.send(&redirect_only(), Some("a b"), &key.signing);
    let Ok(Some(Sent::Redirect(url))) = sent else {
        unreachable!("the metadata offers a redirect")
    };
    let (start, query) = url.split_once('?').expect("a query");
    assert_eq!(start, SLO);
    query.to_owned()
}

/// The message of a logout by form, in clear text.
fn posted(wish: &LogoutRequest) -> String {
    let sent = wish.send(&idp_metadata(), Some("a b"), &SP_KEY.signing);
    let Ok(Some(Sent::Post(form))) = sent else {
        unreachable!("the metadata offers a form")
    };
    assert_eq!(
        (&*form.action, form.relay_state.as_deref()),
        (SLO, Some("a b"))
    );
    String::from_utf8(STANDARD.decode(form.saml_request).expect("base64")).expect("text")
}

fn by_redirect(query: &str) -> Result<Received, Rejected> {
    at(SLO, |idp| logout::receive_redirect(query, idp, NOW))
}

fn by_form(message: &str) -> Result<Received, Rejected> {
    let field = STANDARD.encode(message);
    at(SLO, |idp| logout::receive_post(&field, None, idp, NOW))
}

/// A changed message, signed again by its sender.
fn by_form_anew(message: &str) -> Result<Received, Rejected> {
    let unsigned = without_signature(message);
    by_form(&signature::sign(&unsigned, &SP_KEY.signing).expect("signed"))
}

fn denied<T: std::fmt::Debug>(judged: Result<T, Rejected>) -> Rejected {
    judged.expect_err("refused")
}

#[test]
fn digid_case_035_a_service_logs_a_person_out_by_redirect_and_by_form() {
    let redirected = by_redirect(&query(&wish(SP), &SP_KEY)).expect("taken");
    let message = posted(&wish(SP));
    assert!(message.contains(&format!("<saml:NameID>s00000000:{BSN}</saml:NameID>")));
    let field = STANDARD.encode(&message);
    let received = at(SLO, |idp| {
        logout::receive_post(&field, Some("a b"), idp, NOW)
    });
    for taken in [redirected, received.expect("taken")] {
        assert_eq!(
            taken.request.name_id.to_bsn(),
            Bsn::parse(BSN).map_err(|_| unreachable!())
        );
        assert_eq!(taken.request.id, LOGOUT_ID);
        assert_eq!(taken.request.issuer, SP);
        assert_eq!(taken.request.session_index.as_deref(), Some("session"));
        assert_eq!(taken.answer_url, SP_SLO);
        assert_eq!(taken.relay_state.as_deref(), Some("a b"));
    }
}

#[test]
fn a_logout_goes_by_form_where_it_can_so_that_no_url_names_a_person() {
    posted(&wish(SP));
    let none = IdpMetadata {
        slo_redirect: None,
        ..redirect_only()
    };
    let sent = wish(SP)
        .send(&none, None, &SP_KEY.signing)
        .expect("no fault");
    assert!(sent.is_none());
}

#[test]
fn a_logout_carries_eighty_bytes_of_relay_state_and_no_more() {
    let state = |bytes: usize| "x".repeat(bytes);
    let send = |state: &str| wish(SP).send(&idp_metadata(), Some(state), &SP_KEY.signing);
    assert!(send(&state(80)).is_ok());
    assert_eq!(send(&state(81)).err(), Some(CannotSend::RelayState));

    let field = STANDARD.encode(posted(&wish(SP)));
    let receive = |state: &str| {
        at(SLO, |idp| {
            logout::receive_post(&field, Some(state), idp, NOW)
        })
    };
    let taken = receive(&state(80)).expect("taken");
    assert_eq!(taken.relay_state, Some(state(80)));
    let refused = denied(receive(&state(81)));
    assert_eq!(refused, Rejected::Denied(Denial::RelayState));
}

#[test]
fn a_logout_of_nobody_known_or_with_another_signature_is_not_taken() {
    let other_key = denied(by_redirect(&query(&wish(SP), &OTHER_KEY)));
    assert_eq!(
        other_key,
        Rejected::NotFound(NotFound::Signature(SignatureFault::Value))
    );
    let unknown = denied(by_redirect(&query(&wish("https://else.test"), &SP_KEY)));
    assert_eq!(unknown, Rejected::NotFound(NotFound::UnknownIssuer));
    let unsigned = denied(by_form(&without_signature(&posted(&wish(SP)))));
    assert_eq!(
        unsigned,
        Rejected::NotFound(NotFound::Signature(SignatureFault::Missing))
    );
    // SAML bindings 3.4.4
    let answer = query(&wish(SP), &SP_KEY).replacen("SAMLRequest", "SAMLResponse", 1);
    assert_eq!(
        denied(by_redirect(&answer)),
        Rejected::NotFound(NotFound::Query(BadQuery::NoMessage))
    );
    let other_message = posted(&wish(SP)).replace("LogoutRequest", "AuthnRequest");
    assert_eq!(
        denied(by_form(&other_message)),
        Rejected::NotFound(NotFound::NotTheMessage)
    );
}

#[test]
fn a_logout_must_be_of_now_for_this_address_and_name_one_person() {
    let message = posted(&wish(SP));
    let changed = |old: &str, new: &str| denied(by_form_anew(&replaced(&message, old, new)));
    let why = |denial| Rejected::Denied(denial);
    assert_eq!(
        changed("Version=\"2.0\"", "Version=\"1.1\""),
        why(Denial::Version)
    );
    assert_eq!(changed(SLO, "https://else.test"), why(Denial::Destination));
    let nobody = message.replace("saml:NameID", "saml:BaseID");
    assert_eq!(denied(by_form_anew(&nobody)), why(Denial::NameId));
    let name_id = part(&message, "<saml:NameID>", "</saml:NameID>");
    assert_eq!(changed(name_id, &name_id.repeat(2)), why(Denial::NameId));
    // SAML core 3.7.1
    let index = part(&message, "<samlp:SessionIndex>", "</samlp:SessionIndex>");
    assert_eq!(changed(index, &index.repeat(2)), why(Denial::Unsupported));
    let until = |moment: &str| format!("NotOnOrAfter=\"{moment}\" Version=\"2.0\"");
    let over = changed("Version=\"2.0\"", &until("2026-11-22T10:00:00Z"));
    assert_eq!(over, why(Denial::Expired));
    let unreadable = changed("Version=\"2.0\"", &until("soon"));
    assert_eq!(unreadable, why(Denial::Expired));

    let late = |seconds: u32| {
        let query = query(&wish(SP), &SP_KEY);
        at(SLO, |idp| {
            logout::receive_redirect(&query, idp, NOW.plus_s(seconds))
        })
    };
    assert!(late(120).is_ok());
    assert_eq!(denied(late(121)), why(Denial::IssueInstant));
}

#[test]
fn a_logout_whose_answer_has_no_address_is_not_taken() {
    let mut sp = sp_metadata();
    sp.slo_redirect = None;
    let known = [sp];
    let idp = saml::incoming::IdentityProvider {
        url: SLO,
        service_providers: &known,
    };
    let judged = logout::receive_redirect(&query(&wish(SP), &SP_KEY), idp, NOW);
    assert_eq!(denied(judged), Rejected::Denied(Denial::NoAnswerUrl));
}

fn answer(outcome: Outcome) -> LogoutResponse {
    LogoutResponse {
        id: "_answer".to_owned(),
        issue_instant: NOW,
        issuer: IDP.to_owned(),
        in_response_to: LOGOUT_ID.to_owned(),
        outcome,
    }
}

/// The query with which the browser brings an answer.
fn brought(answer: &LogoutResponse, key: &TestKey) -> String {
    let url = answer.to_redirect(SP_SLO, Some("a b"), &key.signing);
    let url = url.expect("signed");
    let query = url
        .strip_prefix(SP_SLO)
        .and_then(|rest| rest.strip_prefix('?'));
    query.expect("the address of the service").to_owned()
}

fn accepted(query: &str, request_id: &str, url: &str, now: Moment) -> Result<Outcome, BadAnswer> {
    let asked = AskedToLogOut {
        request_id,
        url,
        identity_provider: &idp_metadata(),
    };
    logout::accept_redirect(query, asked, now)
}

#[test]
fn digid_cases_035_036_and_037_tell_success_partial_logout_and_denial_apart() {
    for outcome in [
        Outcome::Success,
        Outcome::PartialLogout,
        Outcome::RequestDenied,
    ] {
        let query = brought(&answer(outcome), &IDP_KEY);
        assert!(query.starts_with("SAMLResponse="), "{query}");
        assert!(query.contains("&RelayState=a%20b&"), "{query}");
        assert_eq!(accepted(&query, LOGOUT_ID, SP_SLO, NOW), Ok(outcome));
    }
}

#[test]
fn only_digids_answer_to_our_own_logout_counts() {
    let good = brought(&answer(Outcome::Success), &IDP_KEY);
    let refused = |query: &str| accepted(query, LOGOUT_ID, SP_SLO, NOW).expect_err("refused");
    assert_eq!(
        accepted(&good, "_another", SP_SLO, NOW),
        Err(BadAnswer::InResponseTo)
    );
    // SAML bindings 3.4.5.2
    assert_eq!(
        accepted(&good, LOGOUT_ID, "https://else.test", NOW),
        Err(BadAnswer::Denied(Denial::Destination))
    );
    assert_eq!(
        accepted(&good, LOGOUT_ID, SP_SLO, NOW.plus_s(121)),
        Err(BadAnswer::Denied(Denial::IssueInstant))
    );
    assert_eq!(
        refused(&brought(&answer(Outcome::Success), &OTHER_KEY)),
        BadAnswer::NotFound(NotFound::Signature(SignatureFault::Value))
    );
    let else_s = LogoutResponse {
        issuer: "https://else.test".to_owned(),
        ..answer(Outcome::Success)
    };
    assert_eq!(
        refused(&brought(&else_s, &IDP_KEY)),
        BadAnswer::NotFound(NotFound::UnknownIssuer)
    );
    assert_eq!(
        refused(&query(&wish(SP), &SP_KEY)),
        BadAnswer::NotFound(NotFound::Query(BadQuery::NoMessage))
    );
}

fn told(soap: &str) -> Result<LogoutRequest, Rejected> {
    let sp = ServiceProvider {
        url: SP_SLO_SOAP,
        identity_provider: &idp_metadata(),
    };
    logout::receive_soap(soap.as_bytes(), sp, NOW)
}

#[test]
fn digid_case_038_digid_tells_a_service_to_log_a_person_out() {
    let soap = wish(IDP).to_soap(SP_SLO_SOAP, &IDP_KEY.signing);
    let soap = soap.expect("signed");
    let request = told(&soap).expect("taken");
    assert_eq!(
        request.name_id.to_bsn(),
        Bsn::parse(BSN).map_err(|_| unreachable!())
    );
    assert_eq!(request.id, LOGOUT_ID);

    let elsewhere = wish(IDP).to_soap("https://else.test", &IDP_KEY.signing);
    assert_eq!(
        denied(told(&elsewhere.expect("signed"))),
        Rejected::Denied(Denial::Destination)
    );
    let by_other = wish(IDP).to_soap(SP_SLO_SOAP, &OTHER_KEY.signing);
    assert_eq!(
        denied(told(&by_other.expect("signed"))),
        Rejected::NotFound(NotFound::Signature(SignatureFault::Value))
    );
    let by_service = wish(SP).to_soap(SP_SLO_SOAP, &SP_KEY.signing);
    assert_eq!(
        denied(told(&by_service.expect("signed"))),
        Rejected::NotFound(NotFound::UnknownIssuer)
    );
    // digid.md 2.7: DigiD's own message says nothing of its address
    let message = part(&soap, "<samlp:LogoutRequest ", "</samlp:LogoutRequest>");
    let bare = replaced(message, &format!(" Destination=\"{SP_SLO_SOAP}\""), "");
    let signed = signature::sign(&without_signature(&bare), &IDP_KEY.signing).expect("signed");
    assert!(told(&replaced(&soap, message, &signed)).is_ok());
}

#[test]
fn digid_case_038_the_answer_of_a_service_counts_signed_by_it_or_by_its_tls_alone() {
    let answer = LogoutResponse {
        issuer: SP.to_owned(),
        ..answer(Outcome::Success)
    };
    let judged = |soap: &str| logout::accept_soap(soap.as_bytes(), LOGOUT_ID, &sp_metadata(), NOW);
    let signed = answer.to_soap(&SP_KEY.signing).expect("signed");
    assert_eq!(judged(&signed), Ok(Outcome::Success));
    // SAML profiles 4.4.4.2
    assert_eq!(judged(&without_signature(&signed)), Ok(Outcome::Success));
    let by_other = answer.to_soap(&OTHER_KEY.signing).expect("signed");
    assert_eq!(
        judged(&by_other),
        Err(BadAnswer::NotFound(NotFound::Signature(
            SignatureFault::Value
        )))
    );
    let to_another = replaced(&without_signature(&signed), LOGOUT_ID, "_another");
    assert_eq!(judged(&to_another), Err(BadAnswer::InResponseTo));
    let unknown = replaced(&without_signature(&signed), "status:Success", "status:Fine");
    assert_eq!(judged(&unknown), Err(BadAnswer::Status));
    let old = logout::accept_soap(
        signed.as_bytes(),
        LOGOUT_ID,
        &sp_metadata(),
        NOW.plus_s(121),
    );
    assert_eq!(old, Err(BadAnswer::Denied(Denial::IssueInstant)));
}
