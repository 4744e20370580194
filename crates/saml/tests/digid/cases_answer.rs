//! digid.md section 7, cases 11 to 14, 17 to 19 and 21 to 28: the answer.

use identity::Loa;
use saml::NameId;
use saml::artifact_response::{self, ArtifactResponse, Assertion, Content, Outcome, Subject};
use saml::digid::{self, Refusal, Untrusted};
use saml::keys::TrustedKey;
use saml::signature::SignatureFault;
use verdict::Moment;

use crate::common::{
    ACS, BSN, IDP_KEY, LEEWAY_S, NOW, OTHER_KEY, SP, answer, asked, assertion, good, in_envelope,
    judge, judge_at, message, outcome, part, replaced, response, signed_anew, soap, success,
    without, without_signature,
};

fn refusal_of(answer: &ArtifactResponse) -> Refusal {
    judge(&soap(answer)).expect_err("refused")
}

fn untrusted(why: Untrusted) -> Refusal {
    Refusal::Untrusted(why)
}

#[test]
fn digid_case_011_a_good_answer_tells_who_logged_in_and_how() {
    let soap = good();
    assert!(soap.contains("http://schemas.xmlsoap.org/soap/envelope/"));
    assert!(soap.contains(&format!("<saml:NameID>s00000000:{BSN}</saml:NameID>")));
    assert_eq!(
        soap.matches("<ds:Signature ").count(),
        2,
        "message and assertion"
    );
    assert!(
        soap.contains("PrefixList=\"ds saml samlp xs\""),
        "as DigiD signs"
    );
    let person = judge(&soap).expect("accepted");
    // SAML core §3.5.2
    assert_eq!(person.bsn.reveal(), BSN);
    assert_eq!(person.loa, Loa::Midden);
    assert_eq!(person.authn_instant, NOW);
    assert_eq!(person.session_index.as_deref(), Some("session"));
    assert_eq!(person.subject_address.as_deref(), Some("192.0.2.1"));
}

#[test]
fn digid_case_011_a_key_of_somebody_else_does_not_count() {
    let forged = success(assertion())
        .to_soap(&OTHER_KEY.signing)
        .expect("signed");
    let value = Untrusted::MessageSignature(SignatureFault::Value);
    assert_eq!(judge(&forged), Err(untrusted(value)));
    let both = [OTHER_KEY.trusted(), IDP_KEY.trusted()];
    let judge_by = |keys: &[TrustedKey], soap: &str| {
        digid::accept(soap.as_bytes(), &asked(keys), NOW, LEEWAY_S)
    };
    assert!(judge_by(&both[..1], &forged).is_ok());
    assert_eq!(judge_by(&[], &forged), Err(untrusted(value)));
    assert!(
        judge_by(&both, &good()).is_ok(),
        "any of several trusted keys will do"
    );
}

#[test]
fn digid_case_012_a_spent_artifact_is_answered_without_response() {
    let answer = answer(Content::Refused);
    let soap = soap(&answer);
    assert!(soap.contains("status:Requester") && soap.contains("status:RequestDenied"));
    assert!(!soap.contains("<samlp:Response"));
    assert_eq!(judge(&soap), Err(Refusal::ArtifactUnknown));
}

#[test]
fn digid_case_013_an_artifact_of_another_is_answered_as_a_spent_one() {
    // There is one way to say both, so that nobody learns which artifacts exist.
    let refused = judge(&soap(&answer(Content::Refused))).expect_err("refused");
    assert_eq!(refused.requirement(), "digid case 12");
    assert!(!refused.is_suspect());
}

#[test]
fn digid_case_014_an_artifact_that_is_too_old_is_answered_success_without_response() {
    let soap = soap(&answer(Content::TooOld));
    assert!(soap.contains("status:Success") && !soap.contains("<samlp:Response"));
    assert_eq!(judge(&soap), Err(Refusal::ArtifactTooOld));
}

#[test]
fn digid_case_017_a_cancelled_login_is_no_suspect_answer() {
    let cancelled = refusal_of(&outcome(Outcome::AuthnFailed));
    assert_eq!(cancelled, Refusal::Cancelled);
    assert!(!cancelled.is_suspect());
    assert!(untrusted(Untrusted::Expired).is_suspect());
}

#[test]
fn digid_case_018_a_level_that_is_too_low_is_refused() {
    assert_eq!(
        refusal_of(&outcome(Outcome::NoAuthnContext)),
        Refusal::LevelTooLow
    );
    let success_at_midden = judge_at(Loa::Substantieel, &good());
    assert_eq!(success_at_midden, Err(Refusal::LevelTooLow));
}

#[test]
fn digid_case_019_a_higher_level_is_accepted() {
    let hoog = soap(&success(Assertion {
        loa: Loa::Hoog,
        ..assertion()
    }));
    assert!(hoog.contains(">urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI<"));
    assert_eq!(judge(&hoog).expect("accepted").loa, Loa::Hoog);
    let asked_substantieel = judge_at(Loa::Substantieel, &hoog);
    assert!(asked_substantieel.is_ok(), "Hoog is above Substantieel");
}

#[test]
fn digid_case_006_a_denied_request_is_told_apart() {
    assert_eq!(
        refusal_of(&outcome(Outcome::RequestDenied)),
        Refusal::RequestDenied
    );
}

#[test]
fn digid_case_021_substantieel_is_reported_down_where_it_is_switched_off() {
    let off = Loa::ALL.map(|loa| artifact_response::reported_level(loa, false));
    assert_eq!(off, [Loa::Basis, Loa::Midden, Loa::Midden, Loa::Hoog]);
    let on = Loa::ALL.map(|loa| artifact_response::reported_level(loa, true));
    assert_eq!(on, Loa::ALL);
}

#[test]
fn digid_case_022_a_login_from_before_the_request_is_refused() {
    let at = |authn_instant: Moment| {
        success(Assertion {
            authn_instant,
            ..assertion()
        })
    };
    assert!(judge(&soap(&at(NOW.minus_s(LEEWAY_S)))).is_ok());
    let earlier = refusal_of(&at(NOW.minus_s(LEEWAY_S + 1)));
    assert_eq!(earlier, untrusted(Untrusted::EarlierLogin));
    assert!(judge(&soap(&at(NOW.plus_s(LEEWAY_S)))).is_ok());
    let later = refusal_of(&at(NOW.plus_s(LEEWAY_S + 1)));
    assert_eq!(later, untrusted(Untrusted::NotYetValid));
}

#[test]
fn digid_case_023_a_person_of_another_sector_is_refused() {
    let of = |sector: &str| {
        let name_id = NameId::of_sector(sector, "123456782");
        success(Assertion {
            subject: Subject::NameId(name_id),
            ..assertion()
        })
    };
    for sector in [
        "s00000001",
        "S00000001",
        "s0000000",
        "s000000000",
        "",
        " s00000000x",
    ] {
        assert_eq!(
            refusal_of(&of(sector)),
            untrusted(Untrusted::OtherSector),
            "{sector}"
        );
    }
    assert!(
        judge(&soap(&of("S00000000"))).is_ok(),
        "upper case is the same sector"
    );
    let no_sector = signed_anew_assertion("s00000000:", "");
    assert_eq!(judge(&no_sector), Err(untrusted(Untrusted::OtherSector)));
}

#[test]
fn digid_case_024_a_number_that_fails_the_eleven_check_is_refused() {
    for number in [
        "123456789",
        "000000000",
        "90002936",
        "0900029365",
        "900029365 1",
        "",
    ] {
        let name_id = NameId::of_sector("s00000000", number);
        let answer = success(Assertion {
            subject: Subject::NameId(name_id),
            ..assertion()
        });
        assert_eq!(
            refusal_of(&answer),
            untrusted(Untrusted::NotABsn),
            "{number}"
        );
    }
}

#[test]
fn digid_case_025_an_assertion_for_another_is_refused() {
    let audience = success(Assertion {
        audience: "https://other.test".to_owned(),
        ..assertion()
    });
    assert_eq!(refusal_of(&audience), untrusted(Untrusted::WrongAudience));
    let prefix = success(Assertion {
        audience: format!("{SP}/x"),
        ..assertion()
    });
    assert_eq!(refusal_of(&prefix), untrusted(Untrusted::WrongAudience));
    let recipient = success(Assertion {
        recipient: "https://other.test/acs".to_owned(),
        ..assertion()
    });
    assert_eq!(refusal_of(&recipient), untrusted(Untrusted::WrongRecipient));

    let mut elsewhere = response(Outcome::AuthnFailed);
    elsewhere.destination = "https://other.test/acs".to_owned();
    let elsewhere = answer(Content::Response(Box::new(elsewhere)));
    assert_eq!(
        refusal_of(&elsewhere),
        untrusted(Untrusted::WrongDestination)
    );
    let nowhere = replaced(&good(), &format!(" Destination=\"{ACS}\""), "");
    assert!(
        judge(&signed_anew(&nowhere)).is_ok(),
        "Destination may be absent"
    );
}

#[test]
fn digid_case_025_every_audience_restriction_must_name_us() {
    let restriction = format!(
        "<saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction>"
    );
    let other = restriction.replace(SP, "https://other.test");
    let several = replaced(
        &restriction,
        "<saml:Audience>",
        "<saml:Audience>https://other.test</saml:Audience><saml:Audience>",
    );
    let judged = |new: &str| judge(&signed_anew_assertion(&restriction, new));
    assert!(judged(&several).is_ok(), "one of several audiences");
    let wrong = Err(untrusted(Untrusted::WrongAudience));
    assert_eq!(judged(&format!("{restriction}{other}")), wrong);
    assert_eq!(judged(""), wrong);
    assert!(judged(&format!("{restriction}<saml:OneTimeUse/>")).is_ok());
    let unknown = judged(&format!("{restriction}<saml:Condition/>"));
    assert_eq!(unknown, Err(untrusted(Untrusted::UnknownCondition)));
}

#[test]
fn digid_case_026_an_answer_to_another_question_is_refused() {
    let wrong = untrusted(Untrusted::WrongInResponseTo);
    let replayed = ArtifactResponse {
        in_response_to: "_other".to_owned(),
        ..success(assertion())
    };
    assert_eq!(refusal_of(&replayed), wrong);
    let mut inner = response(Outcome::Success(Box::new(assertion())));
    inner.in_response_to = "_other".to_owned();
    assert_eq!(
        refusal_of(&answer(Content::Response(Box::new(inner)))),
        wrong
    );
    let confirmation = Assertion {
        in_response_to: "_other".to_owned(),
        ..assertion()
    };
    assert_eq!(refusal_of(&success(confirmation)), wrong);
    let unasked = replaced(&good(), " InResponseTo=\"_resolve\"", "");
    assert_eq!(judge(&signed_anew(&unasked)), Err(wrong));
}

#[test]
fn digid_case_027_an_assertion_counts_within_its_time_and_the_leeway() {
    let until = |not_on_or_after: Moment| {
        success(Assertion {
            not_on_or_after,
            ..assertion()
        })
    };
    assert!(judge(&soap(&until(NOW.minus_s(LEEWAY_S - 1)))).is_ok());
    let expired = refusal_of(&until(NOW.minus_s(LEEWAY_S)));
    assert_eq!(expired, untrusted(Untrusted::Expired), "not on or after");

    let from = |not_before: Moment| {
        success(Assertion {
            not_before,
            ..assertion()
        })
    };
    assert!(judge(&soap(&from(NOW.plus_s(LEEWAY_S)))).is_ok());
    let early = refusal_of(&from(NOW.plus_s(LEEWAY_S + 1)));
    assert_eq!(early, untrusted(Untrusted::NotYetValid));
}

#[test]
fn digid_case_027_each_bound_of_time_counts_by_itself() {
    let until = "NotOnOrAfter=\"2026-11-22T10:02:00Z\"";
    let past = "NotOnOrAfter=\"2026-11-22T09:59:00Z\"";
    let expired = Err(untrusted(Untrusted::Expired));
    assert_eq!(
        judge(&signed_anew_assertion(until, past)),
        expired,
        "confirmation"
    );
    let conditions = format!("NotBefore=\"2026-11-22T09:58:00Z\" {until}");
    assert_eq!(
        judge(&signed_anew_assertion(&conditions, past)),
        expired,
        "conditions"
    );
    let session = "SessionIndex=\"session\"";
    let over = format!("{session} Session{past}");
    assert_eq!(
        judge(&signed_anew_assertion(session, &over)),
        expired,
        "session"
    );
    let open = format!("{session} Session{until}");
    assert!(judge(&signed_anew_assertion(session, &open)).is_ok());

    let future = format!("{until} NotBefore=\"2026-11-22T10:01:00Z\"");
    let early = judge(&signed_anew_assertion(until, &future));
    assert_eq!(early, Err(untrusted(Untrusted::NotYetValid)));
    let no_start = judge(&signed_anew_assertion(
        "NotBefore=\"2026-11-22T09:58:00Z\" ",
        "",
    ));
    assert!(no_start.is_ok(), "NotBefore may be absent");
    let incomplete = Err(untrusted(Untrusted::Incomplete));
    assert_eq!(judge(&signed_anew_assertion(until, "")), incomplete);
    assert_eq!(
        judge(&signed_anew_assertion(until, "NotOnOrAfter=\"soon\"")),
        incomplete
    );
}

#[test]
fn digid_case_028_an_unsigned_assertion_is_refused() {
    let soap = good();
    let signed = crate::common::assertion_of(&soap);
    let unsigned = replaced(&soap, signed, &without_signature(signed));
    let missing = untrusted(Untrusted::AssertionSignature(SignatureFault::Missing));
    assert_eq!(judge(&signed_anew(&unsigned)), Err(missing));
    assert_eq!(missing.requirement(), "digid case 28");
}

#[test]
fn digid_case_028_an_unsigned_message_is_refused() {
    let missing = Err(untrusted(Untrusted::MessageSignature(
        SignatureFault::Missing,
    )));
    for answer in [
        success(assertion()),
        answer(Content::Refused),
        answer(Content::TooOld),
        outcome(Outcome::AuthnFailed),
    ] {
        let soap = soap(&answer);
        let unsigned = in_envelope(&soap, &without_signature(message(&soap)));
        assert_eq!(judge(&unsigned), missing);
    }
}

#[test]
fn an_answer_from_somebody_else_is_refused() {
    let wrong = untrusted(Untrusted::WrongIssuer);
    let other = ArtifactResponse {
        issuer: "https://other.test".to_owned(),
        ..success(assertion())
    };
    assert_eq!(refusal_of(&other), wrong);
    let issuer = part(&good(), "<saml:Issuer>", "</saml:Issuer>").to_owned();
    let evil = issuer.replace("digid", "evil");
    assert_eq!(judge(&signed_anew_assertion(&issuer, &evil)), Err(wrong));
    assert_eq!(judge(&signed_anew_assertion(&issuer, "")), Err(wrong));
    let response = |new: &str| {
        let soap = good();
        let response = part(&soap, "<samlp:Response ", "</saml:Issuer>");
        judge(&signed_anew(&replaced(
            &soap,
            response,
            &replaced(response, &issuer, new),
        )))
    };
    assert_eq!(response(&evil), Err(wrong));
    assert!(response("").is_ok(), "a response may leave its issuer out");
}

#[test]
fn a_status_that_digid_does_not_define_is_refused() {
    let unknown = Err(untrusted(Untrusted::UnknownStatus));
    let cancelled = soap(&outcome(Outcome::AuthnFailed));
    for (old, new) in [
        ("status:AuthnFailed", "status:NoPassive"),
        ("status:Responder", "status:Requester"),
        ("status:Responder", "status:Success"),
        ("status:Success", "status:Responder"),
    ] {
        assert_eq!(
            judge(&signed_anew(&replaced(&cancelled, old, new))),
            unknown,
            "{new}"
        );
    }
    let none = without(&cancelled, "<samlp:Status>", "</samlp:Status>");
    assert_eq!(judge(&signed_anew(&none)), unknown);
    let failed_by_digid = soap(&outcome(Outcome::RequestDenied));
    let failed_by_digid = replaced(&failed_by_digid, "status:Requester", "status:Responder");
    assert_eq!(
        judge(&signed_anew(&failed_by_digid)),
        Err(Refusal::RequestDenied)
    );
}

#[test]
fn success_without_assertion_is_refused() {
    let soap = good();
    let empty = replaced(&soap, crate::common::assertion_of(&soap), "");
    assert_eq!(
        judge(&signed_anew(&empty)),
        Err(untrusted(Untrusted::NoAssertion))
    );
}

#[test]
fn every_part_of_an_assertion_must_be_there_once() {
    let incomplete = Err(untrusted(Untrusted::Incomplete));
    for name in [
        "Subject",
        "NameID",
        "SubjectConfirmation",
        "Conditions",
        "AuthnStatement",
        "AuthnContext",
        "AuthnContextClassRef",
    ] {
        let (start, end) = (format!("<saml:{name}"), format!("</saml:{name}>"));
        let found = part(&good(), &start, &end).to_owned();
        assert_eq!(
            judge(&signed_anew_assertion(&found, "")),
            incomplete,
            "{name}"
        );
        let doubled = format!("{found}{found}");
        assert_eq!(
            judge(&signed_anew_assertion(&found, &doubled)),
            incomplete,
            "{name} twice"
        );
    }
    for (old, new, why) in [
        (
            "cm:bearer",
            "cm:holder-of-key",
            Untrusted::WrongConfirmation,
        ),
        (":MobileTwoFactorContract", ":X509", Untrusted::UnknownLevel),
        (
            "Version=\"2.0\"",
            "Version=\"1.1\"",
            Untrusted::WrongVersion,
        ),
        (
            ">s00000000:900029365<",
            "><saml:x/><",
            Untrusted::Incomplete,
        ),
    ] {
        assert_eq!(
            judge(&signed_anew_assertion(old, new)),
            Err(untrusted(why)),
            "{new}"
        );
    }
    let version = replaced(&good(), "Version=\"2.0\"", "Version=\"1.1\"");
    assert_eq!(
        judge(&signed_anew(&version)),
        Err(untrusted(Untrusted::WrongVersion))
    );
}

#[test]
fn parts_that_digid_may_leave_out_are_absent_in_the_result() {
    let bare = signed_anew_assertion(" SessionIndex=\"session\"", "");
    assert_eq!(judge(&bare).expect("accepted").session_index, None);
    let locality = part(&good(), "<saml:SubjectLocality", "</saml:SubjectLocality>").to_owned();
    let bare = signed_anew_assertion(&locality, "");
    assert_eq!(judge(&bare).expect("accepted").subject_address, None);
}

#[test]
fn what_is_no_artifact_response_is_refused() {
    let not_it = Err(untrusted(Untrusted::NotAnArtifactResponse));
    let soap = good();
    assert_eq!(judge(message(&soap)), not_it, "without envelope");
    let fault = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault/></s:Body></s:Envelope>";
    assert_eq!(judge(fault), not_it);
    let response = part(&soap, "<samlp:Response ", "</samlp:Response>");
    assert_eq!(
        judge(&in_envelope(&soap, response)),
        not_it,
        "a bare Response"
    );
    let soap_12 = soap.replace(
        "http://schemas.xmlsoap.org/soap/envelope/",
        "http://www.w3.org/2003/05/soap-envelope",
    );
    assert_eq!(judge(&soap_12), not_it);
}

/// A good answer whose assertion was changed before DigiD signed it: everything is signed, and
/// wrong.
fn signed_anew_assertion(old: &str, new: &str) -> String {
    let soap = good();
    let before = crate::common::assertion_of(&soap);
    let changed = replaced(&without_signature(before), old, new);
    let after = saml::signature::sign(&changed, &IDP_KEY.signing).expect("signed");
    signed_anew(&replaced(&soap, before, &after))
}
