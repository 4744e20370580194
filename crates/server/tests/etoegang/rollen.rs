//! What AD, MR and HM each withstand: guesses, strangers, and browsers that come twice.

use etoegang::authenticatiedienst::middel::{Middel, Stand};
use http::Method;
use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};
use serde_json::json;
use server::etoegangbeheer::geheim_van_de_demo;
use server::network::Party;

use crate::world::{APP, BAKKERIJ, Browser, STATE, Seen, TERUG, Tokens, World, ZELF, error, query};

impl World {
    /// Sends a proof at the page of the AD.
    async fn shown(&self, browser: &Browser, page: &Seen, proof: &[(&str, String)]) -> Seen {
        let fields: Vec<(&str, &str)> = proof.iter().map(|(n, v)| (*n, v.as_str())).collect();
        browser.send(page, "/inloggen", &fields).await
    }

    /// The row of a means.
    async fn middel(&self, naam: &str) -> Middel {
        let ad = &self.running.apps[&Party::Ad];
        let found = ad.load::<Middel>(Middel::key(naam), ad.clock.now()).await;
        found.expect("readable").expect("a means").value
    }
}

/// What a person can read of a page that refused: the words, not the numbers of the form and the codes
/// that the demo shows.
fn words(page: &Seen) -> String {
    let html = page.html();
    let (_, rest) = html.split_once("class=\"bericht").expect("a message");
    rest.split("<form").next().expect("words").to_owned()
}

fn with(proof: &[(&'static str, String)], name: &str, value: &str) -> Vec<(&'static str, String)> {
    let changed = proof.iter().map(|(known, old)| {
        let new = if *known == name { value } else { old };
        (*known, new.to_owned())
    });
    changed.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_proofs_lock_a_means_and_the_page_tells_nobody() {
    let world = World::start().await;
    let browser = world.browser();
    let page = world.at_ad(&browser, BAKKERIJ).await;
    let proof = world.proof("b.bakker");
    let stranger = with(&proof, "naam", "niemand");
    let unknown = world.shown(&browser, &page, &stranger).await;
    assert_eq!(unknown.status(), 200);
    for wrong in ["x", "y", "z", "v", "w"] {
        let tried = with(&proof, "wachtwoord", wrong);
        let seen = world.shown(&browser, &page, &tried).await;
        assert_eq!((seen.status(), words(&seen)), (200, words(&unknown)));
    }
    // etoegang.md §2.1
    assert!(world.middel("b.bakker").await.vast_tot > world.now());
    let locked = world.shown(&browser, &page, &proof).await;
    assert_eq!((locked.status(), words(&locked)), (200, words(&unknown)));
    world.pass(870);
    let page = world.at_ad(&browser, BAKKERIJ).await;
    let free = world.proven(&browser, &page, "b.bakker").await;
    assert!(free.url.starts_with(&world.at("mr", "/machtiging")));
    assert_eq!(world.middel("b.bakker").await.pogingen, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_a_device_serves_once_and_a_means_must_reach_the_level() {
    let world = World::start().await;
    let browser = world.browser();
    let page = world.at_ad(&browser, BAKKERIJ).await;
    let proof = world.proof("b.bakker");
    let first = world.shown(&browser, &page, &proof).await;
    assert!(first.url.starts_with(&world.at("mr", "/machtiging")));
    let other = world.browser();
    let page = world.at_ad(&other, BAKKERIJ).await;
    let second = world.shown(&other, &page, &proof).await;
    assert!(second.url.starts_with(&world.at("ad", "/inloggen")));
    // The means of a password alone does not reach the level of this service.
    let low = world.proven(&other, &page, "z.zelf").await;
    assert_eq!(low.status(), 200);
    assert_ne!(words(&low), words(&second));
    assert!(low.url.starts_with(&world.at("ad", "/inloggen")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mr_answers_hms_alone_and_the_ad_takes_requests_of_hms_alone() {
    let world = World::start().await;
    let hm = world.running.input.etoegang.hm.to_string();
    let mr = world.running.input.etoegang.mr.to_string();
    let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("a key");
    let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("usable");
    let now = world.now();
    let claims = json!({ "iss": hm, "aud": mr, "iat": now, "exp": now + 60 });
    let forged = key.sign("JWT", &claims).expect("signed");
    let (mr, hm) = (
        world.audit_end(Party::Mr).await,
        world.audit_end(Party::Hm).await,
    );
    for path in ["/vragen", "/antwoorden", "/besluiten"] {
        for token in [forged.as_str(), "a.b.c", ""] {
            let url = world.at("mr", path);
            let answer = world.post_bytes(&url, "application/jwt", token).await;
            assert_eq!(
                (answer.status.as_u16(), &*error(&answer)),
                (400, "invalid_request")
            );
        }
    }
    let unknown = world
        .get(&world.at("mr", "/machtiging?vraag=nonsense"))
        .await;
    assert_eq!(unknown.status, 404);
    let request = format!("/authorize?client_id={}&request={forged}", "niemand");
    assert_eq!(world.get(&world.at("ad", &request)).await.status, 400);
    let fields = [("grant_type", "refresh_token"), ("client_id", "niemand")];
    let asked = world.post(&world.at("ad", "/token"), &fields).await;
    assert_eq!(
        (asked.status.as_u16(), &*error(&asked)),
        (401, "invalid_client")
    );
    assert_eq!(world.audit_end(Party::Mr).await, mr);
    assert_eq!(world.audit_end(Party::Hm).await, hm);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_administration_of_a_party_is_needed_to_change_its_mandates_or_means() {
    let world = World::start().await;
    let key_of = |party| geheim_van_de_demo(&world.running.apps[&party]);
    let of_others = [key_of(Party::Ad), key_of(Party::Mr)];
    let mandate = "machtigingen/M-bakkerij-bakker";
    let stand = Some(json!({ "stand": "ingetrokken" }));
    for wrong in ["nonsense", &of_others[0]] {
        for method in [Method::GET, Method::DELETE] {
            let answer = world
                .beheer_with(wrong, "mr", (method, mandate), None)
                .await;
            assert_eq!(answer.status, 401);
        }
    }
    for wrong in ["nonsense", &of_others[1]] {
        let at = (Method::PATCH, "middelen/b.bakker");
        let answer = world.beheer_with(wrong, "ad", at, stand.clone()).await;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(world.middel("b.bakker").await.stand, Stand::Actief);
    let tokens = world.login(BAKKERIJ).await;
    world.refreshed(tokens.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mandate_that_is_withdrawn_between_choice_and_declaration_brings_no_code() {
    let world = World::start().await;
    let browser = world.browser();
    let page = world.at_mr(&browser, BAKKERIJ).await;
    let keuze = page.mandate("M-bakkerij-bakker");
    let fields = [("keuze", "kiezen"), ("machtiging", keuze.as_str())];
    let callback = world.at("hm", "/mr/1");
    let stop = |url: &str| url.starts_with(&callback);
    let chosen = browser
        .send_until(&page, "/machtiging", &fields, stop)
        .await;
    assert!(chosen.url.starts_with(&callback));
    world.withdraw("M-bakkerij-bakker").await;
    let back = browser.open(&chosen.url).await;
    let told = query(&back.url, "error");
    assert_eq!(told.as_deref(), Some("access_denied"), "{}", back.url);
    assert_eq!(query(&back.url, "code"), None);
    let again = browser.send(&page, "/machtiging", &fields).await;
    assert_eq!(again.status(), 404, "the number is spent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hm_takes_the_return_from_the_mr_once_and_from_the_browser_that_left() {
    let world = World::start().await;
    let browser = world.browser();
    let page = world.at_mr(&browser, BAKKERIJ).await;
    let keuze = page.mandate("M-bakkerij-bakker");
    let fields = [("keuze", "kiezen"), ("machtiging", keuze.as_str())];
    let callback = world.at("hm", "/mr/1");
    let stop = |url: &str| url.starts_with(&callback);
    let chosen = browser
        .send_until(&page, "/machtiging", &fields, stop)
        .await;
    let stranger = world.browser().open(&chosen.url).await;
    assert_eq!(stranger.status(), 404);
    let iss = query(&chosen.url, "iss").expect("iss");
    let other = iss.replace("9001", "9002");
    let encode = protocol::wire::encode;
    let mixed = browser
        .open(&chosen.url.replace(&encode(&iss), &encode(&other)))
        .await;
    assert_eq!((mixed.status(), query(&mixed.url, "code")), (400, None));
    let done = browser.open(&chosen.url).await;
    let code = query(&done.url, "code").expect("a code");
    let replayed = browser.open(&chosen.url).await;
    assert_eq!(replayed.status(), 404, "the login is answered");
    let tokens = Tokens::of(&world.redeem(APP, &code, crate::world::VERIFIER).await);
    world.refreshed(tokens.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hm_takes_a_return_once_from_the_browser_that_left_and_from_whom_it_asked() {
    let world = World::start().await;
    let browser = world.browser();
    let page = world.at_ad(&browser, ZELF).await;
    let proof = world.proof("z.zelf");
    let fields: Vec<(&str, &str)> = proof.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let callback = world.at("hm", "/ad/1");
    let stop = |url: &str| url.starts_with(&callback);
    let back = browser.send_until(&page, "/inloggen", &fields, stop).await;
    // Another browser has no login with this state.
    let stranger = world.browser().open(&back.url).await;
    assert_eq!(stranger.status(), 404);
    // RFC 9207 §2.4
    let iss = query(&back.url, "iss").expect("iss");
    let other = protocol::wire::encode("https://elsewhere.localhost");
    let mixed = back.url.replace(&protocol::wire::encode(&iss), &other);
    assert_ne!(mixed, back.url);
    let seen = browser.open(&mixed).await;
    assert_eq!(seen.status(), 400);
    // RFC 9700 §4.4.2: the redirect URI of another party
    let seen = browser.open(&back.url.replace("/ad/1", "/ad/2")).await;
    assert_eq!(seen.status(), 400);
    let done = browser.open(&back.url).await;
    assert!(done.url.starts_with(TERUG));
    assert_eq!(query(&done.url, "state").as_deref(), Some(STATE));
    let code = query(&done.url, "code").expect("a code");
    let replayed = browser.open(&back.url).await;
    assert_eq!(replayed.status(), 404, "the login is answered");
    let tokens = world.redeem(APP, &code, crate::world::VERIFIER).await;
    assert_eq!(tokens.status, 200, "the replay did the login no harm");
}
