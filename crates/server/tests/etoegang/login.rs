//! The first login: the app's request, the person at HM, AD and MR, and the code.

use etoegang::dv_hm::family::{CODE, Family};
use server::network::Party;

use crate::world::{
    APP, BAKKERIJ, Login, NONCE, OTHER_APP, S1, S2, S3, STATE, TERUG, Tokens, VERIFIER, WATER,
    World, ZELF, location, part, query, refused,
};

/// The app hears of this, and of nothing else.
fn told(world: &World, url: &str, error: &str) {
    assert!(url.starts_with(TERUG), "{url}");
    assert_eq!(query(url, "error").as_deref(), Some(error));
    assert_eq!(query(url, "state").as_deref(), Some(STATE));
    assert_eq!(query(url, "iss"), Some(world.issuer()));
    assert_eq!(query(url, "code"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_059_and_060_and_061_and_063_and_065_and_066_and_067_and_068_and_069_what_an_app_may_not_ask_is_refused_before_anybody_logs_in()
 {
    let world = World::start().await;
    let two = format!("openid {S2}");
    let loa4 = "urn:etoegang:core:assurance-class:loa4";
    let eidas = "urn:etoegang:EB:00000004000000149000:entities:1";
    let cases: [(&str, Option<&str>, &str); 8] = [
        // etoegang case 59
        ("code_challenge", None, "invalid_request"),
        // etoegang case 60
        ("code_challenge_method", Some("plain"), "invalid_request"),
        // etoegang case 65
        ("response_type", Some("token"), "unsupported_response_type"),
        // etoegang case 66
        ("scope", Some(S1), "invalid_scope"),
        // etoegang case 67
        ("scope", Some(&two), "unauthorized_client"),
        // etoegang case 68
        ("etd_ad", Some(eidas), "invalid_request"),
        // etoegang case 69
        ("acr_values", Some(loa4), "invalid_request"),
        ("prompt", Some("none"), "login_required"),
    ];
    for (name, value, error) in cases {
        let answer = world
            .get(&world.authorize(BAKKERIJ, &[(name, value)]))
            .await;
        assert_eq!(answer.status, 303, "{name}");
        told(&world, &location(&answer), error);
    }
    // etoegang case 61
    for (name, value) in [
        ("redirect_uri", "http://127.0.0.1:53123/teruG"),
        ("client_id", "app"),
    ] {
        let url = world.authorize(BAKKERIJ, &[(name, Some(value))]);
        let answer = world.get(&url).await;
        assert_eq!((answer.status.as_u16(), &*location(&answer)), (400, ""));
    }
    // etoegang case 63
    let other_port = Some("http://127.0.0.1:1/terug");
    let url = world.authorize(BAKKERIJ, &[("redirect_uri", other_port)]);
    let page = world.browser().open(&url).await;
    assert!(page.url.starts_with(&world.at("hm", "/kiezen")));
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_070_a_person_may_cancel_at_the_hm_at_the_ad_and_at_the_mr() {
    let world = World::start().await;
    // etoegang case 70
    let browser = world.browser();
    let page = browser.open(&world.authorize(BAKKERIJ, &[])).await;
    let back = browser
        .send(&page, "/kiezen", &[("keuze", "annuleren")])
        .await;
    told(&world, &back.url, "access_denied");
    let page = world.at_ad(&browser, BAKKERIJ).await;
    let back = browser
        .send(&page, "/inloggen", &[("keuze", "annuleren")])
        .await;
    told(&world, &back.url, "access_denied");
    let again = browser
        .send(&page, "/inloggen", &[("keuze", "annuleren")])
        .await;
    assert_eq!(again.status(), 404, "the login is over");
    let since = world.audit_end(Party::Ad).await;
    let page = world.at_mr(&browser, BAKKERIJ).await;
    let back = browser
        .send(&page, "/machtiging", &[("keuze", "stoppen")])
        .await;
    told(&world, &back.url, "access_denied");
    // Nothing comes of the session at the AD: it is ended there.
    world.tells(Party::Ad, since, "RFC 7009 §2").await;
    let again = browser
        .send(&page, "/machtiging", &[("keuze", "stoppen")])
        .await;
    assert_eq!(again.status(), 404, "the question is answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_071_whoever_has_no_mandate_hears_so_at_the_mr() {
    let world = World::start().await;
    let browser = world.browser();
    let nobody = Login {
        dienst: S3,
        ..BAKKERIJ
    };
    let since = world.audit_end(Party::Ad).await;
    let page = world.at_mr(&browser, nobody).await;
    assert_eq!(page.status(), 200);
    // etoegang case 71
    assert!(page.html().contains("class=\"bericht let-op\""));
    assert!(!page.html().contains("name=\"machtiging\""));
    let back = browser
        .send(&page, "/machtiging", &[("keuze", "stoppen")])
        .await;
    told(&world, &back.url, "access_denied");
    world.tells(Party::Ad, since, "RFC 7009 §2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_072_and_073_and_074_and_075_a_code_serves_its_app_once_within_a_minute() {
    let world = World::start().await;
    // etoegang case 72
    let code = world.code(ZELF).await;
    let other = "een-andere-verifier-van-precies-lang-genoeg-01";
    refused(&world.redeem(APP, &code, other).await, 400, "invalid_grant");
    refused(
        &world.redeem(APP, &code, VERIFIER).await,
        400,
        "invalid_grant",
    );
    // etoegang case 73
    let code = world.code(ZELF).await;
    let tokens = Tokens::of(&world.redeem(APP, &code, VERIFIER).await);
    let sessie = world.sessie(tokens.refresh()).await;
    refused(
        &world.redeem(APP, &code, VERIFIER).await,
        400,
        "invalid_grant",
    );
    assert!(world.family(tokens.refresh()).await.is_none());
    refused(
        &world.refresh(APP, tokens.refresh()).await,
        400,
        "invalid_grant",
    );
    world.ends_at_ad(&sessie).await;
    // etoegang case 74
    let code = world.code(ZELF).await;
    refused(
        &world.redeem(OTHER_APP, &code, VERIFIER).await,
        400,
        "invalid_grant",
    );
    refused(
        &world.redeem(APP, &code, VERIFIER).await,
        400,
        "invalid_grant",
    );
    // etoegang case 75
    let code = world.code(ZELF).await;
    let hm = &world.running.apps[&Party::Hm];
    let key = Family::key(hm.handles.open(CODE, &code).expect("a code").id);
    assert!(world.has(Party::Hm, &key).await);
    world.pass(61);
    refused(
        &world.redeem(APP, &code, VERIFIER).await,
        400,
        "invalid_grant",
    );
    assert!(!world.has(Party::Hm, &key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_076_and_078_and_079_tokens_say_who_acts_for_whom_and_each_dv_knows_another()
{
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let id = part(tokens.id.as_deref().expect("an ID token"), 1);
    // etoegang case 76
    for name in [
        "iss", "aud", "sub", "nonce", "jti", "exp", "iat", "nbf", "acr",
    ] {
        assert!(id.get(name).is_some(), "{name}");
    }
    let number = |name: &str| id[name].as_i64().expect("a number");
    assert!(number("exp") - number("iat") <= 300);
    assert!(id.get("amr").is_none());
    assert_eq!((&id["nonce"], &id["aud"]), (&NONCE.into(), &APP.into()));
    // etoegang case 78
    let claims = tokens.claims();
    assert_eq!(claims["represents"]["sub"], "12345678");
    let kvk = "urn:etoegang:1.9:EntityConcernedID:KvKnr";
    assert_eq!(claims["represents"]["sub_id_type"], kvk);
    assert_eq!(claims["sub"], id["sub"]);
    // etoegang case 79
    let himself = |client_id, dienst| Login {
        client_id,
        dienst,
        machtiging: None,
        ..BAKKERIJ
    };
    let own = world.login(himself(APP, S1)).await.claims()["sub"].clone();
    let same = world.login(himself(APP, S3)).await.claims()["sub"].clone();
    let other = world.login(himself(OTHER_APP, WATER)).await.claims()["sub"].clone();
    assert_eq!(own, same, "one DV knows him by one name");
    assert_ne!(own, other);
    assert!(own.is_string() && other.is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_080_no_page_is_kept_by_a_browser_or_a_proxy() {
    let world = World::start().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize(BAKKERIJ, &[])).await;
    page.is_kept_by_nobody();
    let page = world.at_ad(&browser, BAKKERIJ).await;
    page.is_kept_by_nobody();
    let page = world.proven(&browser, &page, "b.bakker").await;
    page.is_kept_by_nobody();
    for url in [
        world.at("hm", "/authorize"),
        world.at("hm", "/kiezen"),
        world.at("ad", "/authorize"),
        world.at("ad", "/inloggen"),
        world.at("mr", "/machtiging"),
        world.url("dv"),
        format!("{}/app/terug", world.url("dv")),
    ] {
        browser.open(&url).await.is_kept_by_nobody();
    }
}
