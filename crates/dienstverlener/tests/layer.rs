//! A backend with the layer in front of it, as apps meet it.

mod common;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{NOW, OTHER_SERVICE, SERVICE, hm, other_hm, sign, toegang, token};
use dienstverlener::layer::{ToegangLayer, Toegelaten};
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use http::{Request, Response};
use protocol::access_token::Confirmation;
use protocol::client::PeerCertificate;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use verdict::Moment;

/// What the backend answered: status, challenge, body. Its service was reached or not.
struct Answer {
    status: u16,
    challenge: Option<String>,
    body: String,
    reached: bool,
}

async fn ask_at(now: i64, request: Request<()>) -> Answer {
    let reached = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reached);
    let api = service_fn(move |request: Request<()>| {
        count.fetch_add(1, Ordering::Relaxed);
        let wie = request.extensions().get::<Toegelaten>();
        let for_whom = wie.and_then(|wie| wie.0.represents.as_ref());
        let body = for_whom.map_or_else(String::new, |org| org.sub.clone());
        std::future::ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let layer = ToegangLayer::new(toegang(), move || Moment::from_unix(now));
    let answer = layer.clone().layer(api).oneshot(request).await;
    let answer = answer.expect("it never fails");
    let header = |name| {
        let value = answer.headers().get(name);
        value.map(|value| value.to_str().expect("text").to_owned())
    };
    let is_refused = answer.status() != 200;
    assert_eq!(header("cache-control").is_some(), is_refused);
    Answer {
        status: answer.status().as_u16(),
        challenge: header("www-authenticate"),
        reached: reached.load(Ordering::Relaxed) == 1,
        body: answer.into_body(),
    }
}

fn bearing(token: &str) -> Request<()> {
    let header = format!("Bearer {token}");
    let request = Request::get("/api").header("authorization", header);
    request.body(()).expect("a request")
}

/// What a token with this change gets.
async fn with(change: impl FnOnce(&mut Value)) -> Answer {
    let mut claims = token();
    change(&mut claims);
    ask_at(NOW, bearing(&sign(hm(), "at+jwt", &claims))).await
}

/// The challenge of a refusal with this status, behind which nothing was reached.
fn refused(answer: Answer, status: u16) -> String {
    assert_eq!((answer.status, answer.reached), (status, false));
    assert_eq!(answer.body, "", "a refusal has no body");
    answer.challenge.expect("a challenge")
}

const INVALID: &str = "Bearer error=\"invalid_token\"";

#[tokio::test]
async fn a_good_token_is_let_in_and_says_for_whom() {
    let answer = with(|_| {}).await;
    assert_eq!((answer.status, answer.challenge), (200, None));
    // RFC 9068 §4
    assert_eq!(answer.body, "12345678");
    let as_application = sign(hm(), "application/at+jwt", &token());
    assert_eq!(ask_at(NOW, bearing(&as_application)).await.status, 200);
    let by_uuid = "openid urn:uuid:2c9d1c2e-1d0a-4d6b-8f5e-000000000001";
    assert_eq!(
        with(|claims| claims["scope"] = by_uuid.into()).await.status,
        200
    );
}

#[tokio::test]
async fn etoegang_case_088_a_token_that_is_over_is_401_invalid_token() {
    let text = sign(hm(), "at+jwt", &token());
    assert_eq!(ask_at(NOW + 599, bearing(&text)).await.status, 200);
    // etoegang case 88
    assert_eq!(
        refused(ask_at(NOW + 600, bearing(&text)).await, 401),
        INVALID
    );
    let nobody = Request::get("/api").body(()).expect("a request");
    assert_eq!(refused(ask_at(NOW, nobody).await, 401), "Bearer");
}

#[tokio::test]
async fn etoegang_case_089_a_token_in_the_query_is_not_taken() {
    let text = sign(hm(), "at+jwt", &token());
    let invalid = "Bearer error=\"invalid_request\"";
    let url = format!("/api?a=1&access_token={text}");
    // etoegang case 89
    let alone = Request::get(&url).body(()).expect("a request");
    assert_eq!(refused(ask_at(NOW, alone).await, 400), invalid);
    let beside = Request::get(&url).header("authorization", format!("Bearer {text}"));
    let beside = beside.body(()).expect("a request");
    assert_eq!(refused(ask_at(NOW, beside).await, 400), invalid);
    let spelled = Request::get(format!("/api?%61ccess_token={text}"));
    let spelled = spelled.body(()).expect("a request");
    assert_eq!(refused(ask_at(NOW, spelled).await, 401), "Bearer");
}

#[tokio::test]
async fn etoegang_case_090_an_id_token_is_no_access_token() {
    // etoegang case 90
    for typ in ["JWT", "id+jwt"] {
        let answer = ask_at(NOW, bearing(&sign(hm(), typ, &token()))).await;
        assert_eq!(refused(answer, 401), INVALID);
    }
}

#[tokio::test]
async fn etoegang_case_091_and_095_a_token_for_another_dv_or_of_another_issuer_is_invalid() {
    let other = "urn:etoegang:DV:00000001234567890001:entities:1";
    // etoegang case 91
    assert_eq!(
        refused(with(|c| c["aud"] = other.into()).await, 401),
        INVALID
    );
    let own = token()["aud"].clone();
    let both = with(|c| c["aud"] = json!([own, other])).await;
    assert_eq!(refused(both, 401), INVALID);
    // etoegang case 95
    let older = with(|c| c["iss"] = "https://hm.test/etd/1.11".into()).await;
    assert_eq!(refused(older, 401), INVALID);
    let stranger = sign(other_hm(), "at+jwt", &token());
    assert_eq!(refused(ask_at(NOW, bearing(&stranger)).await, 401), INVALID);
    let mixed = with(|c| c["azp"] = "app-2".into()).await;
    assert_eq!(refused(mixed, 401), INVALID);
}

#[tokio::test]
async fn a_token_for_another_service_is_403_and_names_the_scope() {
    let scope = format!("Bearer error=\"insufficient_scope\", scope=\"openid {SERVICE}\"");
    // RFC 6750 §3.1
    let narrow = with(|c| c["scope"] = "openid".into()).await;
    assert_eq!(refused(narrow, 403), scope);
    let other = with(|c| {
        c["urn:etoegang:core:ServiceID"] = OTHER_SERVICE.into();
        c["scope"] = format!("openid {OTHER_SERVICE}").into();
    });
    assert_eq!(refused(other.await, 403), scope);
}

#[tokio::test]
async fn rfc_9470_3_a_login_that_is_too_weak_or_too_old_is_told_what_to_ask_for() {
    let told = format!(
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"{}\", max_age=\"3600\"",
        Betrouwbaarheidsniveau::Loa3.urn()
    );
    // RFC 9470 §3
    let weak = with(|c| c["acr"] = Betrouwbaarheidsniveau::Loa2.urn().into()).await;
    assert_eq!(refused(weak, 401), told);
    assert_eq!(
        with(|c| c["auth_time"] = json!(NOW - 3600)).await.status,
        200
    );
    let old = with(|c| c["auth_time"] = json!(NOW - 3601)).await;
    assert_eq!(refused(old, 401), told);
    let strong = with(|c| c["acr"] = Betrouwbaarheidsniveau::Loa4.urn().into()).await;
    assert_eq!(strong.status, 200);
}

#[tokio::test]
async fn rfc_8705_3_a_bound_token_needs_its_certificate() {
    let bound = |hash: u8| {
        let mut claims = token();
        let cnf = Confirmation::of([1; 32]).x5t_s256;
        claims["cnf"] = json!({ "x5t#S256": cnf });
        let mut request = bearing(&sign(hm(), "at+jwt", &claims));
        request.extensions_mut().insert(PeerCertificate {
            san_dns: Vec::new(),
            x5t_s256: [hash; 32],
        });
        request
    };
    // RFC 8705 §3
    assert_eq!(ask_at(NOW, bound(1)).await.status, 200);
    assert_eq!(refused(ask_at(NOW, bound(2)).await, 401), INVALID);
    let mut without = bound(1);
    without.extensions_mut().clear();
    assert_eq!(refused(ask_at(NOW, without).await, 401), INVALID);
}

#[tokio::test]
async fn two_authorization_headers_are_none() {
    let text = format!("Bearer {}", sign(hm(), "at+jwt", &token()));
    let request = Request::get("/api").header("authorization", &text);
    let request = request.header("authorization", &text).body(());
    assert_eq!(
        refused(ask_at(NOW, request.expect("a request")).await, 401),
        "Bearer"
    );
}

#[tokio::test]
async fn a_token_of_a_key_that_is_not_there_asks_for_new_keys_once() {
    let toegang = toegang();
    let uitgever = Arc::clone(&toegang.uitgever);
    let ask = async || {
        let api = service_fn(|_: Request<()>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(String::new())))
        });
        let layer = ToegangLayer::new(toegang.clone(), || Moment::from_unix(NOW));
        let request = bearing(&sign(other_hm(), "at+jwt", &token()));
        layer
            .layer(api)
            .oneshot(request)
            .await
            .expect("an answer")
            .status()
    };
    assert!(!uitgever.sleutel_gemist());
    assert_eq!(ask().await, 401);
    assert!(uitgever.sleutel_gemist() && !uitgever.sleutel_gemist());
    uitgever.vernieuw(common::keys_of(other_hm()));
    assert_eq!(ask().await, 200, "the new keys count at once");
    assert!(!uitgever.sleutel_gemist());
}
