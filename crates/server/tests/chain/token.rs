//! Steps 8–10 over TLS.

use server::network::Party;
use server::outside::Headers;

use crate::world::{SASKIA, VERIFIER, World, is_error, json, payload, tokens};

const PGO: &str = "anderpgo.localhost";

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_011_a_later_visit_needs_no_browser() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let first = dvp.tokens(SASKIA).await;
    let second = tokens(&dvp.offer_refresh(&first.refresh).await);
    assert_eq!(dvp.userinfo(&second.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_012_a_code_brings_tokens_without_locations() {
    // OIDC Core §3.1.3.3; RFC 6749 §5.1
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    let answer = dvp.offer_code(&code).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
    let body = json(&answer);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body["scope"], "openid");
    assert!(body["refresh_token"].is_string());
    let claims = payload(body["id_token"].as_str().expect("an ID token"));
    assert_eq!(claims["nonce"], "nonce-1");
    assert_eq!(claims["aud"], PGO);
    assert!(claims.get("locations").is_none());
    let told = world.requirements(Party::Mitz).await;
    assert!(told.contains(&"seed 000 step 10".to_owned()), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_013_the_same_code_again_ends_the_grant() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    let issued = tokens(&dvp.offer_code(&code).await);
    is_error(&dvp.offer_code(&code).await, 400, "invalid_grant");
    is_error(
        &dvp.offer_refresh(&issued.refresh).await,
        400,
        "invalid_grant",
    );
    assert_eq!(dvp.userinfo(&issued.access).await.status, 401);
    let told = world.requirements(Party::Mitz).await;
    assert!(told.contains(&"RFC 9700 §4.14.2".to_owned()), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_014_a_wrong_verifier_spends_the_code() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    let mut form = dvp.code_form(&code);
    form.retain(|(name, _)| *name != "code_verifier");
    let wrong = VERIFIER.replace('e', "f");
    form.push(("code_verifier", &wrong));
    is_error(&dvp.post_token(&form).await, 400, "invalid_grant");
    is_error(&dvp.offer_code(&code).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_015_the_certificate_of_another_client_leaves_the_code_untouched() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    let url = format!("{}/token", world.url("mitz-back"));
    for other in [Some("pgo.localhost"), None] {
        let outside = world.outside(other);
        let answer = outside
            .post_form(&url, &dvp.code_form(&code), Headers::none())
            .await;
        is_error(&answer.expect("an answer"), 401, "invalid_client");
    }
    assert_eq!(dvp.offer_code(&code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_016_a_token_request_by_get_gets_no_token() {
    // RFC 6749 §3.2
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    let url = format!("{}/token", world.url("mitz-back"));
    let url = protocol::wire::with_query(&url, &dvp.code_form(&code));
    let answer = dvp
        .outside
        .get(&url, Headers::none())
        .await
        .expect("an answer");
    assert_eq!(answer.status, 405);
    assert_eq!(
        dvp.offer_code(&code).await.status,
        200,
        "and spends nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_017_a_double_encoded_redirect_uri_spends_the_code() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    let twice = protocol::wire::encode(&dvp.redirect_uri);
    let mut form = dvp.code_form(&code);
    form.retain(|(name, _)| *name != "redirect_uri");
    form.push(("redirect_uri", &twice));
    is_error(&dvp.post_token(&form).await, 400, "invalid_grant");
    is_error(&dvp.offer_code(&code).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_018_and_019_a_refresh_token_works_once_and_its_reuse_ends_the_family() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let first = dvp.tokens(SASKIA).await;
    let second = tokens(&dvp.offer_refresh(&first.refresh).await);
    assert_ne!(first.refresh, second.refresh);
    assert!(
        payload(&second.id).get("nonce").is_none(),
        "OIDC Core §12.2"
    );
    is_error(
        &dvp.offer_refresh(&first.refresh).await,
        400,
        "invalid_grant",
    );
    is_error(
        &dvp.offer_refresh(&second.refresh).await,
        400,
        "invalid_grant",
    );
    assert_eq!(dvp.userinfo(&second.access).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_of_one_code_win_once() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    let all = futures_util::future::join_all((0..16).map(|_| dvp.offer_code(&code))).await;
    let won = all.iter().filter(|answer| answer.status == 200).count();
    assert!(won <= 1, "{won} answers brought tokens");
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_6749_3_2_a_request_that_cannot_be_read_is_invalid_request_and_spends_nothing() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[]).await;
    let mut twice = dvp.code_form(&code);
    twice.push(("code", &code));
    is_error(&dvp.post_token(&twice).await, 400, "invalid_request");
    let url = format!("{}/token", world.url("mitz-back"));
    for (media_type, body) in [
        ("application/json", &b"{}"[..]),
        ("application/x-www-form-urlencoded", b"grant_type=%ff"),
        (
            "application/x-www-form-urlencoded",
            b"client_id=anderpgo.localhost",
        ),
    ] {
        let sent = dvp
            .outside
            .post_bytes(&url, media_type, body.to_vec(), Headers::none())
            .await;
        is_error(&sent.expect("an answer"), 400, "invalid_request");
    }
    let mut unknown = dvp.code_form(&code);
    unknown.push(("verrassing", "1"));
    assert_eq!(
        dvp.post_token(&unknown).await.status,
        200,
        "an unknown parameter is ignored"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_type_that_is_not_offered_is_named_so() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let form = [("grant_type", "client_credentials"), ("client_id", PGO)];
    is_error(&dvp.post_token(&form).await, 400, "unsupported_grant_type");
}
