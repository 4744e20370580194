use protocol::assertion::Receiver;
use protocol::client::Shown;
use verdict::Then;

use super::*;
use crate::dienstencatalogus::Dienst;
use crate::dv_hm::{DvApp, DvApps};
use crate::hm_ad::Herroeping;
use crate::testing::{CB, NOW, SCOPE, VERIFIER, app, dienst, family, family_with_code, hm};

fn now() -> Moment {
    Moment::from_unix(NOW)
}

fn proven(app: DvApp) -> ProvenApp {
    let client_id = app.client.client_id.clone();
    let apps = DvApps::new([app]).expect("an app");
    let shown = Shown {
        client_id: Some(&client_id),
        ..Shown::default()
    };
    let receiver = Receiver {
        audience: &[],
        now: now(),
    };
    apps.prove(&shown, &receiver).expect("a public app")
}

fn code(generation: u64) -> CodeOffer {
    CodeOffer {
        handle: Some(Handle {
            id: [9; 16],
            generation,
        }),
        redirect_uri: Some(CB.into()),
        code_verifier: VERIFIER.into(),
    }
}

struct Told {
    answer: TokenAnswer,
    changes: Vec<Change<Clear>>,
}

/// Offers a code where this row stands, and this is in the catalogue.
fn redeem(app: DvApp, offer: CodeOffer, found: Option<&Family>, dienst: Option<&Dienst>) -> Told {
    let request = Inwisseling {
        hm: Arc::new(hm()),
        app: proven(app),
        offer,
    };
    let mut step = request.begin(now());
    loop {
        step = match step {
            Step::Ask(Vraag::Family(vraag)) => {
                let stored = found.cloned().map(|value| Stored {
                    version: 1,
                    until: now().plus_s(CODE_S_LEFT),
                    value,
                });
                vraag.answer(stored)
            }
            Step::Ask(Vraag::Dienst(vraag)) => {
                let stand = dienst
                    .cloned()
                    .map_or(Stand::Weg, |dienst| Stand::Beschikbaar(Box::new(dienst)));
                vraag.answer(&stand)
            }
            Step::Done(verdict) => {
                return Told {
                    answer: verdict.reply,
                    changes: verdict.changes,
                };
            }
            Step::Save { .. } => panic!("a code is one commit"),
        };
    }
}

const CODE_S_LEFT: u32 = 30;

/// What became of the family's row: how long it stays and what it is; nothing when it is removed.
fn row(told: &Told) -> Option<(Moment, Family)> {
    let key = Family::key([9; 16]);
    let change = told.changes.iter().find(|change| change.key == key);
    match &change.expect("the row changes").then {
        Then::Put { until, body } => Some((*until, Family::from_body(body).expect("a row"))),
        Then::Remove => None,
        Then::Keep => panic!("the row is kept"),
    }
}

fn revoked(told: &Told) -> usize {
    let is_revocation = |change: &&Change<Clear>| change.key.space() == Herroeping::SPACE;
    told.changes.iter().filter(is_revocation).count()
}

fn error(told: &Told) -> ErrorCode {
    match &told.answer {
        TokenAnswer::Refused(refusal) => refusal.error,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn etoegang_case_076_a_code_brings_tokens_and_its_family_goes_on() {
    let told = redeem(app(), code(0), Some(&family_with_code()), Some(&dienst()));
    let TokenAnswer::Issued(issued) = &told.answer else {
        panic!("expected tokens, got {:?}", told.answer);
    };
    // etoegang case 76
    let id_token = issued.id_token.as_ref().expect("an ID token");
    assert_eq!(id_token.nonce.as_deref(), Some("n1"));
    assert_eq!(
        issued.refresh_token.map(|handle| handle.generation),
        Some(1)
    );
    assert_eq!(
        issued.access_token.jti,
        "09090909090909090909090909090909.1"
    );
    let (until, given) = row(&told).expect("a row");
    assert_eq!(until, now().plus_s(7200));
    assert_eq!(given, family());
    assert_eq!(revoked(&told), 0);
}

#[test]
fn etoegang_case_045_the_highest_level_and_an_app_that_may_not_get_no_refresh_token() {
    let mut highest = dienst();
    highest.niveau = Betrouwbaarheidsniveau::Loa4;
    let mut once = app();
    once.mag_vernieuwen = false;
    let usual = dienst();
    for (app, dienst) in [(app(), Some(&highest)), (once, Some(&usual)), (app(), None)] {
        let told = redeem(app, code(0), Some(&family_with_code()), dienst);
        let TokenAnswer::Issued(issued) = &told.answer else {
            panic!("expected tokens, got {:?}", told.answer);
        };
        // etoegang case 45
        assert_eq!(issued.refresh_token, None);
        let (until, given) = row(&told).expect("a row");
        assert_eq!(given.secret, Secret::Geen);
        assert_eq!(until, now().plus_s(600), "introspection needs it that long");
        assert_eq!(revoked(&told), 1, "the AD's session is not left open");
    }
}

#[test]
fn etoegang_case_072_and_074_a_code_that_fails_is_spent_and_its_session_revoked() {
    let mut verifier = code(0);
    verifier.code_verifier = VERIFIER.replace('e', "f");
    let mut uri = code(0);
    uri.redirect_uri = None;
    let mut other = app();
    other.client.client_id = "app-2".into();
    // etoegang cases 72 and 74
    for (app, offer) in [(app(), verifier), (app(), uri), (other, code(0))] {
        let told = redeem(app, offer, Some(&family_with_code()), Some(&dienst()));
        assert_eq!(error(&told), ErrorCode::InvalidGrant);
        assert_eq!(row(&told), None);
        assert_eq!(revoked(&told), 1);
    }
}

#[test]
fn etoegang_case_073_and_075_a_spent_code_ends_what_it_brought_and_a_late_one_is_unknown() {
    // etoegang case 73
    let told = redeem(app(), code(0), Some(&family()), Some(&dienst()));
    assert_eq!(error(&told), ErrorCode::InvalidGrant);
    assert_eq!(row(&told), None);
    assert_eq!(revoked(&told), 1);
    // etoegang case 75
    let told = redeem(app(), code(0), None, Some(&dienst()));
    assert_eq!(error(&told), ErrorCode::InvalidGrant);
    assert!(told.changes.is_empty());
    let noise = CodeOffer {
        handle: None,
        ..code(0)
    };
    let told = redeem(app(), noise, Some(&family_with_code()), Some(&dienst()));
    assert_eq!(error(&told), ErrorCode::InvalidGrant);
    assert!(told.changes.is_empty());
}

#[test]
fn etoegang_case_023_and_024_and_033_the_form_must_say_one_thing_once() {
    let read = |body: &str| {
        let parameters = Parameters::parse(body.as_bytes()).map_err(|_| ErrorCode::InvalidRequest);
        parameters.and_then(|parameters| {
            Offer::read(&parameters, |_, _| None)
                .map(|_| ())
                .map_err(|refusal| refusal.error)
        })
    };
    // etoegang cases 23 and 24
    for bad in [
        "",
        "grant_type=refresh_token",
        "grant_type=refresh_token&refresh_token=",
        "grant_type=refresh_token&refresh_token=a&refresh_token=b",
        "grant_type=authorization_code",
    ] {
        assert_eq!(read(bad), Err(ErrorCode::InvalidRequest), "{bad}");
    }
    // etoegang case 33
    for bad in ["password", "client_credentials", "Refresh_token"] {
        let read = read(&format!("grant_type={bad}&refresh_token=a&code=b"));
        assert_eq!(read, Err(ErrorCode::UnsupportedGrantType), "{bad}");
    }
    assert_eq!(read("grant_type=refresh_token&refresh_token=a&x=1"), Ok(()));
}

#[test]
fn etoegang_case_009_and_032_a_scope_may_be_the_same_or_narrower_and_keeps_its_service() {
    let narrow = |asked| narrowed(&family(), asked).map_err(|refusal| refusal.error);
    // etoegang case 9
    assert_eq!(narrow(None), Ok(SCOPE.to_owned()));
    assert_eq!(narrow(Some(SCOPE)), Ok(SCOPE.to_owned()));
    let service = "urn:etoegang:DV:00000001234567890000:services:1";
    assert_eq!(narrow(Some(service)), Ok(service.to_owned()));
    // etoegang case 32
    let wider = format!("{SCOPE} urn:etoegang:DV:00000001234567890000:services:2");
    for bad in [wider.as_str(), "openid", "profile", "\""] {
        assert_eq!(narrow(Some(bad)), Err(ErrorCode::InvalidScope), "{bad}");
    }
}

#[test]
fn what_was_issued_before_the_brake_does_not_count() {
    let mut braked = hm();
    braked.not_before = not_before::NotBefore::at(Moment::from_unix(NOW + 1));
    // design §4
    assert!(counts(&braked, &family()).is_err());
    assert!(counts(&hm(), &family()).is_ok());
}

#[test]
fn etoegang_case_095_a_login_at_another_issuer_does_not_count() {
    let newer = Hm {
        issuer: "https://hm.test/etd/1.14".into(),
        ..hm()
    };
    // etoegang case 95
    assert!(counts(&newer, &family()).is_err());
    let nameless = Family {
        issuer: None,
        ..family()
    };
    assert!(counts(&newer, &nameless).is_ok(), "a row of before");
}
