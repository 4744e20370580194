use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use jose::jwe;
use protocol::client::Shown;
use protocol::pkce::Challenge;
use protocol::wire::with_query;
use serde_json::{Value, json};
use store::{Commit, Memory, NotCommitted, Store as _};
use verdict::{Body, Change, Clear, CommitId, Expect, Outcome, Record as _, Secrets, Then};

use super::*;
use crate::testing::{CB, NOW, SCOPE, VERIFIER, app, dienst, hm, instance, keys, other_keys, sign};

const NOW_AT: Moment = Moment::from_unix(NOW);

/// A good request of this app.
fn good(client_id: &str) -> Vec<(String, String)> {
    let challenge = Challenge::of(VERIFIER);
    let pairs = [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", CB),
        ("scope", SCOPE),
        ("state", "staat-van-precies-lang-genoeg"),
        ("nonce", "nonce-van-precies-lang-genoeg"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.to_vec()
}

fn parameters(pairs: &[(String, String)]) -> Parameters {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    Parameters::parse(&with_query("", &pairs).as_bytes()[1..]).expect("a query")
}

fn of(pairs: &[(&str, &str)]) -> Parameters {
    let owned = pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    parameters(&owned.collect::<Vec<_>>())
}

/// The request as an object that this key signs, with one member changed.
fn object(change: &str, value: Value) -> Value {
    let mut object = json!({"iss": "inst-1", "aud": hm().issuer, "exp": NOW + 60});
    for (name, value) in good("inst-1") {
        object[name] = value.into();
    }
    object[change] = value;
    object
}

fn signed(object: &Value) -> String {
    sign(&keys().0, "oauth-authz-req+jwt", object)
}

fn with<T>(test: impl FnOnce(Kader<'_>) -> T) -> T {
    let (hm, apps) = (hm(), DvApps::new([app(), instance()]).expect("apps"));
    let catalogus = Dienstencatalogus::new([dienst()]).expect("a service");
    test(Kader {
        hm: &hm,
        apps: &apps,
        catalogus: &catalogus,
        ontsleutelt: std::slice::from_ref(encryption_key()),
        now: NOW_AT,
    })
}

fn read(query: &Parameters) -> Gelezen {
    match with(|kader| begin(query.clone(), kader)) {
        Step::Done(verdict) => {
            assert!(verdict.changes.is_empty(), "nothing was kept");
            verdict.reply
        }
        _ => panic!("it asks for no row"),
    }
}

/// The code of an error that goes to the app.
fn error(query: &Parameters) -> &'static str {
    match read(query) {
        Err(Verzoekfout::Redirect(refusal)) => {
            assert_eq!(refusal.redirect_uri, CB);
            refusal.error
        }
        other => panic!("expected a redirect, got {other:?}"),
    }
}

fn proven(client_id: &str, kader: Kader<'_>) -> ProvenApp {
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": hm().issuer, "iat": NOW, "exp": NOW + 60,
        "jti": "een-nummer-dat-een-keer-dient",
    });
    let assertion = sign(&keys().0, "JWT", &claims);
    let has_keys = client_id == "inst-1";
    let shown = Shown {
        client_id: Some(client_id),
        assertion: if has_keys {
            (Some(protocol::assertion::TYPE), Some(&assertion))
        } else {
            (None, None)
        },
        ..Shown::default()
    };
    let receiver = Receiver {
        audience: &[&hm().issuer],
        now: NOW_AT,
    };
    kader.apps.prove(&shown, &receiver).expect("proven")
}

fn push(client_id: &str, form: &Parameters) -> Verdict<Aangeboden> {
    with(|kader| aanbieden(&proven(client_id, kader), form, [7; 32], kader))
}

fn push_refused(client_id: &str, form: &Parameters) -> &'static str {
    let verdict = push(client_id, form);
    assert!(verdict.changes.is_empty(), "nothing is kept or spent");
    assert_eq!(verdict.events[0].outcome, Outcome::Refused);
    match verdict.reply {
        Aangeboden::Geweigerd { error, .. } => error,
        Aangeboden::Aangenomen { .. } => panic!("it was refused"),
    }
}

/// The row of a request that was pushed.
fn row(verdict: Verdict<Aangeboden>) -> (Key, Stored<PushedRequest>) {
    let change = verdict.changes.into_iter().next_back().expect("a row");
    assert_eq!(change.expect, Expect::Absent);
    let Then::Put { until, body } = change.then else {
        panic!("a row");
    };
    assert_eq!(until, NOW_AT.plus_s(60));
    let value = PushedRequest::from_body(&body).expect("a row of ours");
    let stored = Stored {
        version: 1,
        until,
        value,
    };
    (change.key, stored)
}

#[test]
fn rfc_9101_6_3_only_what_the_app_signed_counts() {
    let request = signed(&object("max_age", json!(0)));
    let beside = [
        ("client_id", "inst-1"),
        ("request", &request),
        (
            "scope",
            "openid urn:etoegang:DV:00000001234567890001:services:1",
        ),
        ("redirect_uri", "https://elders.test/cb"),
        ("etd_ad", "niemand"),
    ];
    let read = read(&of(&beside)).expect("its own key");
    // RFC 9101 §6.3
    assert_eq!(read.oidc.scope.to_string(), SCOPE);
    assert_eq!(read.oidc.redirect_uri, CB);
    assert_eq!((read.ad, read.opnieuw), (None, true));
}

#[test]
fn rfc_9101_6_1_a_request_may_be_encrypted_too() {
    let request = signed(&object("max_age", json!(0)));
    let entropy = verdict::Entropy::new([5; 32]);
    let (key, way) = (encryption_key().public(), jwe::Algorithm::RsaOaep256);
    let encrypted = jwe::encrypt(request.as_bytes(), key, way, Some("JWT"), &entropy);
    let encrypted = encrypted.expect("encrypted");
    let query = of(&[("client_id", "inst-1"), ("request", &encrypted)]);
    // RFC 9101 §6.1; etoegang.md §6.2
    assert_eq!(
        read(&query).expect("its own key").oidc.scope.to_string(),
        SCOPE
    );
}

fn encryption_key() -> &'static DecryptionKey {
    static KEY: LazyLock<DecryptionKey> = LazyLock::new(|| {
        let way = jwe::Algorithm::RsaOaep256;
        let der = jwe::generate_pkcs8(way, jose::RsaSize::Bits2048).expect("a key");
        DecryptionKey::from_pkcs8(way, &der).expect("a key")
    });
    &KEY
}

#[test]
fn rfc_9101_7_an_object_that_does_not_hold_goes_back_to_the_app_where_it_can() {
    let query = |request: &str, to: &str| {
        of(&[
            ("client_id", "inst-1"),
            ("request", request),
            ("redirect_uri", to),
        ])
    };
    let stranger = sign(&other_keys().0, "JWT", &object("max_age", json!(0)));
    let other = signed(&object("client_id", json!("app-1")));
    // RFC 9101 §6.2, §5
    for bad in [&*stranger, &*other, "x"] {
        assert_eq!(error(&query(bad, CB)), "invalid_request_object");
    }
    let unknown = Err(Verzoekfout::Pagina(PageRefusal::UnknownRedirectUri));
    assert_eq!(
        read(&query("x", "https://elders.test/cb")).map(|_| ()),
        unknown
    );
    // etoegang case 59: a signed request keeps to the same rules
    let plain = signed(&object("code_challenge_method", json!("plain")));
    assert_eq!(error(&query(&plain, CB)), "invalid_request");
    let public = of(&[
        ("client_id", "app-1"),
        ("request", "x"),
        ("redirect_uri", CB),
    ]);
    assert_eq!(error(&public), "invalid_request_object");
    let both = [
        ("client_id", "inst-1"),
        ("request", "x"),
        ("request_uri", "y"),
        ("redirect_uri", CB),
    ];
    assert_eq!(error(&of(&both)), "invalid_request");
    let unknown = Err(Verzoekfout::Pagina(PageRefusal::UnknownClient));
    assert_eq!(
        read(&of(&[("client_id", "x"), ("request", "x")])).map(|_| ()),
        unknown
    );
}

#[test]
fn a_request_as_it_is_is_read_as_before() {
    assert!(read(&parameters(&good("app-1"))).is_ok());
    let elsewhere = [
        ("client_id", "app-1"),
        ("redirect_uri", CB),
        ("request_uri", "https://app.test/request"),
    ];
    // OIDC Core §3.1.2.6
    assert_eq!(error(&of(&elsewhere)), "request_uri_not_supported");
}

#[test]
fn rfc_9126_4_a_pushed_request_is_used_once_by_its_own_app() {
    let (key, stored) = row(push("app-1", &parameters(&good("app-1"))));
    let uri = RequestUri::new([7; 32]);
    assert_eq!(key, uri.key());
    let answer = |client_id: &str, found: Option<Stored<PushedRequest>>| {
        with(|kader| {
            let beside = [
                ("client_id", client_id),
                ("request_uri", &uri.text()),
                ("scope", "openid"),
            ];
            let Step::Ask(vraag) = begin(of(&beside), kader) else {
                panic!("the row is asked for");
            };
            assert_eq!(vraag.key(), key);
            match vraag.answer(found, kader) {
                Step::Done(verdict) => verdict,
                _ => panic!("it was answered"),
            }
        })
    };
    let used = answer("app-1", Some(stored.clone()));
    // RFC 9126 §4
    assert_eq!(
        used.reply.expect("as it was pushed").oidc.scope.to_string(),
        SCOPE
    );
    let spent = used.changes.into_iter().next().expect("it is gone");
    assert_eq!((spent.key, spent.expect), (key.clone(), Expect::Version(1)));
    assert!(matches!(spent.then, Then::Remove));
    for (client_id, found) in [("inst-1", Some(stored)), ("app-1", None)] {
        let refused = answer(client_id, found);
        assert_eq!(refused.reply.map(|_| ()), Err(Verzoekfout::Verlopen));
        assert!(refused.changes.is_empty(), "another's stays as it was");
        assert_eq!(refused.events[0].requirement, "RFC 9126 §4");
    }
}

#[test]
fn rfc_9126_2_1_a_pushed_request_spends_the_proof_and_may_be_signed() {
    let form = of(&[("request", &signed(&object("max_age", json!(0))))]);
    let verdict = push("inst-1", &form);
    assert_eq!(verdict.changes.len(), 2, "the proof, and the row");
    assert_eq!(verdict.changes[0].key.space(), protocol::assertion::SPACE);
    let uri = RequestUri::new([7; 32]).text();
    let accepted = Aangeboden::Aangenomen {
        request_uri: uri.clone(),
        expires_in_s: 60,
    };
    // RFC 9126 §2.2
    assert_eq!(verdict.reply, accepted);
    assert!(!format!("{:?}", verdict.events).contains(&uri));
    let (_, stored) = row(verdict);
    assert_eq!(stored.value.parameters.get("request"), None);
    assert_eq!(stored.value.parameters.get("scope"), Some(SCOPE));
}

#[test]
fn the_proof_of_the_client_is_not_kept_with_its_request() {
    let mut form = good("inst-1");
    form.push(("client_assertion".into(), "een-bewijs".into()));
    let (_, stored) = row(push("inst-1", &parameters(&form)));
    // RFC 9126 §2.1
    assert_eq!(stored.value.parameters.get("client_assertion"), None);
    assert_eq!(stored.value.parameters.get("client_id"), Some("inst-1"));
}

#[test]
fn rfc_9126_2_3_what_is_wrong_with_a_pushed_request_is_said_at_once() {
    let changed = |name: &str, value: &str| {
        let mut form = good("app-1");
        form.retain(|(known, _)| known != name);
        form.push((name.to_owned(), value.to_owned()));
        push_refused("app-1", &parameters(&form))
    };
    // RFC 9126 §2.3
    assert_eq!(changed("request_uri", "urn:x"), "invalid_request");
    assert_eq!(changed("client_id", "inst-1"), "invalid_request");
    assert_eq!(
        changed("redirect_uri", "https://elders.test/cb"),
        "invalid_request"
    );
    assert_eq!(
        changed("response_type", "token"),
        "unsupported_response_type"
    );
    assert_eq!(changed("scope", "profile"), "invalid_scope");
    assert_eq!(changed("request", "x"), "invalid_request_object");
}

#[test]
fn rfc_9126_4_of_two_browsers_that_bring_one_request_at_once_one_goes_on() {
    let home = Memory::new();
    commit(&home, 1, push("app-1", &parameters(&good("app-1"))).changes).expect("pushed");
    let uri = RequestUri::new([7; 32]);
    let query = || of(&[("client_id", "app-1"), ("request_uri", &uri.text())]);
    let brought = || {
        with(|kader| match begin(query(), kader) {
            Step::Ask(vraag) => {
                let found = load(&home, &vraag.key());
                vraag.answer(found, kader)
            }
            _ => panic!("the row is asked for"),
        })
    };
    let (Step::Done(first), Step::Done(second)) = (brought(), brought()) else {
        panic!("both were answered");
    };
    assert!(
        first.reply.is_ok() && second.reply.is_ok(),
        "both saw the row"
    );
    // RFC 9126 §4
    assert_eq!(commit(&home, 2, first.changes), Ok(()));
    let lost = commit(&home, 3, second.changes);
    assert_eq!(lost, Err(NotCommitted::Conflict(uri.key())));
    assert_eq!(
        AangebodenVraag::lost().map(|_| ()),
        Err(Verzoekfout::Verlopen)
    );
    let Step::Done(third) = brought() else {
        panic!("it was answered");
    };
    assert_eq!(third.reply.map(|_| ()), Err(Verzoekfout::Verlopen));
}

/// A home in memory answers at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a home in memory never waits"),
    }
}

fn commit(home: &Memory, id: u8, changes: Vec<Change<Clear>>) -> Result<(), NotCommitted> {
    let sealed = |change: Change<Clear>| Change {
        key: change.key,
        expect: change.expect,
        then: match change.then {
            Then::Keep => Then::Keep,
            Then::Remove => Then::Remove,
            Then::Put { until, body } => Then::Put {
                until,
                body: Body {
                    open: body.open,
                    index: body.index,
                    private: body.private.reveal().to_vec(),
                },
            },
        },
    };
    let changes = changes.into_iter().map(sealed).collect();
    let commit = Commit::new(CommitId([id; 16]), NOW_AT, changes, Vec::new());
    ready(home.commit(commit.expect("a commit")))
}

fn load(home: &Memory, key: &Key) -> Option<Stored<PushedRequest>> {
    let rows = ready(home.get(std::slice::from_ref(key), NOW_AT));
    let row = rows.expect("a home in memory").pop().flatten()?;
    let body = Body {
        open: row.body.open,
        index: row.body.index,
        private: Secrets::new(row.body.private),
    };
    Some(Stored {
        version: row.version,
        until: row.until,
        value: PushedRequest::from_body(&body).expect("a row of ours"),
    })
}
