//! The failure branches of GUC9 (etoegang.md §4.8), each made by what the demo's control can do to AD and MR, or
//! by what an administrator changes: what the app hears, what is stored, and what it gets when it comes again.

use std::collections::{BTreeMap, BTreeSet};

use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dv_hm::family::{Family, Keten};
use etoegang::machtiging::Machtiging;
use http::header::RETRY_AFTER;
use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};
use protocol::assertion;
use serde_json::{Value, json};
use server::chance;
use server::input::Input;
use server::network::{self, Config, Party};
use server::outside::Answer;
use verdict::Outcome;

use crate::catalogus::dienst;
use crate::world::{
    APP, BAKKERIJ, Login, S1, S3, TERUG, Tokens, VERIFIER, World, ZELF, header, refused,
};

/// Of one instance of an app, with a key of its own.
const INSTANCE: &str = "gemeente-app-op-een-telefoon";

/// How many declarations the AD gave, and decisions the MR, since [`Counted::of`].
struct Counted {
    ad: u64,
    mr: u64,
}

impl Counted {
    async fn of(world: &World) -> Self {
        Self {
            ad: world.audit_end(Party::Ad).await,
            mr: world.audit_end(Party::Mr).await,
        }
    }

    /// The AD declared so often, the MR decided so often.
    async fn is(&self, world: &World, ad: usize, mr: usize) {
        assert_eq!(world.told(Party::Ad, self.ad, "GUC9 9.3").await, ad);
        assert_eq!(world.told(Party::Mr, self.mr, "GUC9 9.4").await, mr);
    }
}

/// 503, and the app's token is as good as before; the seconds after which it may come again.
async fn later(world: &World, token: &str) -> u32 {
    let before = world.family(token).await.expect("a family");
    let answer = world.refresh(APP, token).await;
    refused(&answer, 503, "temporarily_unavailable");
    stays(world, token, &before).await;
    header(&answer, &RETRY_AFTER).parse().expect("seconds")
}

/// 502, and the app's token is as good as before.
async fn broken(world: &World, token: &str) {
    let before = world.family(token).await.expect("a family");
    refused(&world.refresh(APP, token).await, 502, "server_error");
    stays(world, token, &before).await;
}

/// The family has the same generation, and nobody holds it.
async fn stays(world: &World, token: &str, before: &Family) {
    let after = world.family(token).await.expect("a family");
    assert_eq!(after.generation, before.generation);
    world.sessie(token).await;
}

/// 400, the family is gone, and it stays gone.
async fn ended(world: &World, token: &str) {
    refused(&world.refresh(APP, token).await, 400, "invalid_grant");
    assert!(world.family(token).await.is_none());
    refused(&world.refresh(APP, token).await, 400, "invalid_grant");
}

// ── Row F5: an instance that does not prove itself ──────────────────────────────────────────────

/// The network with an instance of the app, and the instance's key.
async fn with_instance() -> (World, SigningKey) {
    let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("a key");
    let key = SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("usable");
    let jwks = json!({ "keys": [key.public().to_json()] });
    let world = World::start_with(|sample| {
        let mut instance = sample["apps"][0].clone();
        instance["client_id"] = json!(INSTANCE);
        instance["jwks"] = jwks;
        // RFC 8252 §7.3 leaves the port open for public clients.
        instance["redirect_uris"] = json!([TERUG]);
        let apps = sample["apps"].as_array_mut().expect("apps");
        apps.push(instance);
    })
    .await;
    (world, key)
}

/// A proof of the instance for this server.
fn proof(world: &World, key: &SigningKey, audience: &str, (iat, jti): (i64, &str)) -> String {
    let now = world.now() + iat;
    let claims = json!({
        "iss": INSTANCE, "sub": INSTANCE, "aud": audience, "iat": now, "exp": now + 60,
        "jti": format!("een-nummer-dat-een-keer-dient-{jti}"),
    });
    key.sign("JWT", &claims).expect("a signature")
}

async fn token_by_proof(world: &World, proof: &str, fields: &[(&str, &str)]) -> Answer {
    let proven = [
        ("client_id", INSTANCE),
        ("client_assertion_type", assertion::TYPE),
        ("client_assertion", proof),
    ];
    let all = [&proven, fields].concat();
    world.post(&world.at("hm", "/token"), &all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_010_and_029_and_030_and_031_an_instance_of_an_app_refreshes_by_a_fresh_proof_alone()
 {
    let (world, key) = with_instance().await;
    let issuer = world.issuer();
    let fresh = |jti| proof(&world, &key, &issuer, (0, jti));
    let login = Login {
        client_id: INSTANCE,
        ..ZELF
    };
    let code = world.code(login).await;
    let redeemed = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", TERUG),
        ("code_verifier", VERIFIER),
    ];
    let first = Tokens::of(&token_by_proof(&world, &fresh("1"), &redeemed).await);
    let fields = |token| [("grant_type", "refresh_token"), ("refresh_token", token)];
    // etoegang case 10
    let used = fresh("2");
    let second = token_by_proof(&world, &used, &fields(first.refresh())).await;
    let second = Tokens::of(&second);
    assert_eq!(second.claims()["client_id"], INSTANCE);
    let counted = Counted::of(&world).await;
    for bad in [
        // etoegang case 29
        proof(&world, &key, &issuer, (-120, "3")),
        // etoegang case 30
        used,
        // etoegang case 31
        proof(&world, &key, "https://hm2.localhost/etd/1.13", (0, "4")),
    ] {
        let answer = token_by_proof(&world, &bad, &fields(second.refresh())).await;
        refused(&answer, 401, "invalid_client");
    }
    // F5: a name alone is no proof of one that has a key.
    let named = world.refresh(INSTANCE, second.refresh()).await;
    refused(&named, 401, "invalid_client");
    counted.is(&world, 0, 0).await;
    let third = token_by_proof(&world, &fresh("5"), &fields(second.refresh())).await;
    assert_ne!(Tokens::of(&third).refresh, second.refresh);
}

// ── Rows F6 and F17: the service is another than it was ─────────────────────────────────────────

#[tokio::test(flavor = "multi_thread")]
async fn f6_and_f17_a_service_that_leaves_native_apps_or_asks_for_a_higher_level_ends_the_login() {
    let world = World::start().await;
    let (low, left) = (world.login(ZELF).await, world.login(BAKKERIJ).await);
    let sessies = [
        world.sessie(low.refresh()).await,
        world.sessie(left.refresh()).await,
    ];
    let loa3 = json!("urn:etoegang:core:assurance-class:loa3");
    world
        .with_services(|sample| dienst(sample, S3)["niveau"] = loa3)
        .await;
    let counted = Counted::of(&world).await;
    // F17
    ended(&world, low.refresh()).await;
    world
        .with_services(|sample| dienst(sample, S1)["classifiers"] = json!([]))
        .await;
    // F6
    ended(&world, left.refresh()).await;
    counted.is(&world, 0, 0).await;
    for sessie in &sessies {
        world.ends_at_ad(sessie).await;
    }
}

// ── Rows F8 to F11: the AD ──────────────────────────────────────────────────────────────────────

#[tokio::test(flavor = "multi_thread")]
async fn f8_an_ad_that_refuses_the_token_ends_the_login_and_the_mr_is_not_asked() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let counted = Counted::of(&world).await;
    let refuses = json!({ "trouble": "refuses", "error": "invalid_grant" });
    world.control("ad", refuses).await;
    // etoegang case 36
    ended(&world, tokens.refresh()).await;
    counted.is(&world, 0, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_an_ad_that_does_not_know_the_hm_or_its_question_leaves_the_token() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let counted = Counted::of(&world).await;
    // etoegang case 40
    for error in ["invalid_client", "invalid_request"] {
        let refuses = json!({ "trouble": "refuses", "error": error });
        world.control("ad", refuses).await;
        broken(&world, tokens.refresh()).await;
    }
    world.heal();
    counted.is(&world, 0, 0).await;
    world.refreshed(tokens.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_and_f13_and_etoegang_case_043_a_busy_ad_or_mr_says_when_to_come_again() {
    let world = World::start().await;
    let mut tokens = world.login(BAKKERIJ).await;
    for party in ["ad", "mr"] {
        let busy = json!({ "trouble": "busy", "retry_after_s": 7 });
        world.control(party, busy).await;
        // etoegang case 43
        assert!(later(&world, tokens.refresh()).await >= 7);
        world.heal();
        tokens = world.refreshed(tokens.refresh()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f10b_an_answer_of_the_ad_that_is_lost_after_rotation_costs_the_login() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let before = world.family(tokens.refresh()).await.expect("a family");
    let (counted, sessie) = (
        Counted::of(&world).await,
        world.sessie(tokens.refresh()).await,
    );
    world.control("ad", json!({ "trouble": "lost" })).await;
    // F10b: nobody knows what the AD did, so the app may come again
    later(&world, tokens.refresh()).await;
    let after = world.family(tokens.refresh()).await.expect("a family");
    assert_eq!(after.secret, before.secret, "the HM has the old token");
    world.heal();
    counted.is(&world, 1, 0).await;
    // F8: for the AD it is one that was used before, and its session ends
    ended(&world, tokens.refresh()).await;
    assert!(!world.has(Party::Ad, &sessie).await);
    counted.is(&world, 1, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10b_an_ad_that_gives_a_lost_answer_again_keeps_the_login() {
    let world = World::start_with(|sample| {
        sample["instellingen"] = json!({ "ad": { "herhaalbaar_s": 60 } });
    })
    .await;
    let tokens = world.login(BAKKERIJ).await;
    let sessie = world.sessie(tokens.refresh()).await;
    world.control("ad", json!({ "trouble": "lost" })).await;
    later(&world, tokens.refresh()).await;
    world.heal();
    // etoegang.md §4.8, F10b
    let second = world.refreshed(tokens.refresh()).await;
    assert_eq!(world.sessie(second.refresh()).await, sessie);
    world.refreshed(second.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_041_and_042_an_ad_that_speaks_of_another_person_or_of_less_ends_the_login() {
    let world = World::start().await;
    for how in ["other_subject", "lower_level"] {
        let tokens = world.login(BAKKERIJ).await;
        let sessie = world.sessie(tokens.refresh()).await;
        let (counted, hm) = (Counted::of(&world).await, world.audit_end(Party::Hm).await);
        let wrong = json!({ "trouble": "wrong", "how": how });
        world.control("ad", wrong).await;
        // etoegang cases 41 and 42
        refused(
            &world.refresh(APP, tokens.refresh()).await,
            400,
            "invalid_grant",
        );
        counted.is(&world, 1, 0).await;
        let rows = world.audit_from(Party::Hm, hm).await;
        assert_eq!(
            (rows[0].requirement.as_str(), rows[0].outcome),
            ("etoegang case 41", Outcome::Refused)
        );
        world.heal();
        ended(&world, tokens.refresh()).await;
        // F11: what the AD gave meanwhile is revoked there
        world.ends_at_ad(&sessie).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_004_an_ad_that_keeps_its_token_leaves_the_app_a_new_one_all_the_same() {
    let world = World::start_with(|sample| {
        sample["instellingen"] = json!({ "ad": { "roteert": false } });
    })
    .await;
    let first = world.login(BAKKERIJ).await;
    let before = world.family(first.refresh()).await.expect("a family");
    // etoegang case 4
    let second = world.refreshed(first.refresh()).await;
    assert_ne!(second.refresh, first.refresh);
    let after = world.family(second.refresh()).await.expect("a family");
    assert_eq!(after.secret, before.secret, "the AD's token is the old one");
    assert_eq!(after.generation, before.generation + 1);
    world.refreshed(second.refresh()).await;
}

// ── Rows F12 to F14: the MR ─────────────────────────────────────────────────────────────────────

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_050_a_register_that_finds_no_mandate_ends_the_login_and_its_session() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let sessie = world.sessie(tokens.refresh()).await;
    let counted = Counted::of(&world).await;
    let wrong = json!({ "trouble": "wrong", "how": "not_applicable" });
    world.control("mr", wrong).await;
    // etoegang case 50
    ended(&world, tokens.refresh()).await;
    counted.is(&world, 1, 1).await;
    world.ends_at_ad(&sessie).await;
    world.heal();
    ended(&world, tokens.refresh()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_048_a_mandate_below_the_level_of_the_service_ends_the_login() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let sessie = world.sessie(tokens.refresh()).await;
    // F12: a register that permits at a level that is too low
    let wrong = json!({ "trouble": "wrong", "how": "lower_level" });
    world.control("mr", wrong).await;
    ended(&world, tokens.refresh()).await;
    world.ends_at_ad(&sessie).await;
    world.heal();
    let tokens = world.login(BAKKERIJ).await;
    let sessie = world.sessie(tokens.refresh()).await;
    let counted = Counted::of(&world).await;
    let lowered = |machtiging: &mut Machtiging| machtiging.niveau = Betrouwbaarheidsniveau::Loa2;
    let key = Machtiging::key("M-bakkerij-bakker");
    world.edit(Party::Mr, key, lowered).await;
    // etoegang case 48
    ended(&world, tokens.refresh()).await;
    counted.is(&world, 1, 1).await;
    world.ends_at_ad(&sessie).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_051_a_register_that_cannot_decide_leaves_both_tokens() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let before = world.family(tokens.refresh()).await.expect("a family");
    let counted = Counted::of(&world).await;
    let wrong = json!({ "trouble": "wrong", "how": "indeterminate" });
    world.control("mr", wrong).await;
    // etoegang case 51
    later(&world, tokens.refresh()).await;
    let kept = world.family(tokens.refresh()).await.expect("a family");
    assert_ne!(kept.secret, before.secret, "the AD's new token is kept");
    world.heal();
    let new = world.refreshed(tokens.refresh()).await;
    assert_eq!(new.claims()["represents"], tokens.claims()["represents"]);
    counted.is(&world, 2, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_register_that_answers_too_late_or_whose_answer_is_lost_leaves_both_tokens() {
    let world = World::start().await;
    let mut tokens = world.login(BAKKERIJ).await;
    for trouble in [
        json!({ "trouble": "lost" }),
        json!({ "trouble": "slow", "delay_ms": 8_000 }),
    ] {
        let before = world.family(tokens.refresh()).await.expect("a family");
        world.control("mr", trouble).await;
        // etoegang case 52
        later(&world, tokens.refresh()).await;
        let kept = world.family(tokens.refresh()).await.expect("a family");
        assert_ne!(kept.secret, before.secret, "the AD's new token is kept");
        world.heal();
        let new = world.refreshed(tokens.refresh()).await;
        assert_eq!(new.claims()["represents"], tokens.claims()["represents"]);
        tokens = new;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_054_two_mandates_that_fit_end_the_login_as_nobody_is_there_to_choose() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let sessie = world.sessie(tokens.refresh()).await;
    let hm = &world.running.apps[&Party::Hm];
    let handle = hm
        .handles
        .open(etoegang::dv_hm::family::REFRESH_TOKEN, tokens.refresh());
    let key = Family::key(handle.expect("a token of the HM").id);
    // A login of which no register said by which mandate it was.
    let nameless = |family: &mut Family| {
        let wie = family.vertegenwoordiging.as_mut().expect("a mandate");
        match &mut wie.keten {
            Keten::Enkel(schakel) => schakel.machtiging = None,
            Keten::Via { .. } => unreachable!("the baker acts by one mandate"),
        }
    };
    world.edit(Party::Hm, key, nameless).await;
    let tokens = world.refreshed(tokens.refresh()).await;
    world.register(86_400).await;
    let counted = Counted::of(&world).await;
    // etoegang case 54
    ended(&world, tokens.refresh()).await;
    counted.is(&world, 1, 1).await;
    world.ends_at_ad(&sessie).await;
    assert!(!world.has(Party::Ad, &sessie).await);
}

// ── Settings ────────────────────────────────────────────────────────────────────────────────────

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_017_and_018_a_lifetime_beyond_the_profiles_keeps_the_network_from_starting()
{
    let name = format!("sluis-etoegang-{}", chance::entropy().uuid("test"));
    let state = std::env::temp_dir().join(name);
    for (name, seconds, max) in [
        ("ongebruikt_s", 21_660, 21_600),
        ("familie_s", 86_401, 86_400),
    ] {
        let mut sample: Value = serde_json::from_str(crate::world::SAMPLE).expect("JSON");
        sample["instellingen"] = json!({ "hm": { name: seconds } });
        let given = state.with_added_extension("input");
        std::fs::create_dir_all(&given).expect("a folder");
        std::fs::write(given.join("etoegang.json"), sample.to_string()).expect("writable");
        let config = Config {
            control: false,
            state: state.clone(),
            port: 0,
            input: Box::new(move |port| {
                Input::read(&given, port).map_err(|fault| fault.to_string())
            }),
            parties: BTreeSet::from([Party::Hm]),
            elsewhere: BTreeMap::new(),
            fault: None,
        };
        // etoegang cases 17 and 18
        let refused = network::start(config).await.err().expect("no network");
        let told = format!("instellingen.hm.{name}: expected 1 to {max} seconds");
        assert!(refused.ends_with(&told), "{refused}");
    }
    let _ = std::fs::remove_dir_all(state.with_added_extension("input"));
    let _ = std::fs::remove_dir_all(state);
}
