//! Steps 11–19 over TLS.

use server::outside::Headers;

use crate::world::{HUISARTS, SASKIA, World, ZIEKENHUIS, payload, text};

const PGO: &str = "anderpgo.localhost";

fn uras(claims: &serde_json::Value) -> Vec<String> {
    let locations = claims["locations"].as_array().expect("locations");
    let mut uras: Vec<String> = locations
        .iter()
        .map(|l| l["value"].as_str().expect("a URA").to_owned())
        .collect();
    uras.sort();
    uras
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_021_without_a_token_userinfo_is_401_and_names_the_scheme() {
    // RFC 6750 §3
    let world = World::start().await;
    let url = format!("{}/userinfo", world.url("mitz-back"));
    let answer = world
        .outside(Some(PGO))
        .get(&url, Headers::none())
        .await
        .expect("an answer");
    assert_eq!(answer.status, 401);
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_022_a_token_that_is_over_is_invalid_token() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    assert_eq!(dvp.userinfo(&tokens.access).await.status, 200);
    world.running.clock.shift(900);
    let answer = dvp.userinfo(&tokens.access).await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.headers["www-authenticate"],
        "Bearer error=\"invalid_token\""
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_023_userinfo_is_signed_and_names_both_locations() {
    // mitz.md §2.3
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let answer = dvp.userinfo(&tokens.access).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/jwt");
    let claims = payload(&text(&answer));
    assert_eq!(uras(&claims), [ZIEKENHUIS, HUISARTS]);
    assert_eq!(claims["aud"], PGO);
    assert_eq!(claims["sub"], payload(&tokens.id)["sub"]);
    for location in claims["locations"].as_array().expect("locations") {
        let token = payload(location["id_token"].as_str().expect("a token"));
        assert_eq!(token["locations"].as_array().map(Vec::len), Some(1));
        assert_eq!(token["locations"][0]["value"], location["value"]);
        assert_eq!(
            token["aud"].as_array().map(Vec::len),
            Some(2),
            "the client and one DVA"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_024_a_location_without_consent_is_left_out() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[("categorie-huisarts", "nee")]).await;
    let tokens = crate::world::tokens(&dvp.offer_code(&code).await);
    let claims = payload(&text(&dvp.userinfo(&tokens.access).await));
    assert_eq!(uras(&claims), [ZIEKENHUIS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_025_consent_for_others_only_gives_no_locations() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let only = [
        ("categorie-ziekenhuis", "nee"),
        ("categorie-huisarts", "nee"),
    ];
    let code = dvp.code(SASKIA, &only).await;
    let tokens = crate::world::tokens(&dvp.offer_code(&code).await);
    let answer = dvp.userinfo(&tokens.access).await;
    assert_eq!(answer.status, 200);
    assert!(uras(&payload(&text(&answer))).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_026_a_person_whom_nobody_knows_has_no_locations() {
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens("900273707").await;
    let answer = dvp.userinfo(&tokens.access).await;
    assert_eq!(answer.status, 200);
    assert!(uras(&payload(&text(&answer))).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_028_no_token_tells_the_bsn_and_two_clients_know_two_names() {
    let world = World::start().await;
    let mut subs = Vec::new();
    for client in ["anderpgo.localhost", "pgo.localhost"] {
        let dvp = world.dvp(client);
        let tokens = dvp.tokens(SASKIA).await;
        let userinfo = text(&dvp.userinfo(&tokens.access).await);
        for token in [&tokens.access, &tokens.id, &userinfo] {
            assert!(!payload(token).to_string().contains(SASKIA));
        }
        assert!(!tokens.refresh.contains(SASKIA));
        assert!(payload(&tokens.access).get("sub").is_none());
        subs.push(payload(&tokens.id)["sub"].clone());
    }
    assert_ne!(subs[0], subs[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mitz_case_029_an_objection_to_one_hospital_beats_consent_for_hospitals() {
    // mitz.md §3.2
    let world = World::start().await;
    let dvp = world.dvp(PGO);
    let code = dvp.code(SASKIA, &[("aanbieder-00000659", "nee")]).await;
    let tokens = crate::world::tokens(&dvp.offer_code(&code).await);
    let claims = payload(&text(&dvp.userinfo(&tokens.access).await));
    assert_eq!(uras(&claims), [HUISARTS]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_8705_3_a_token_works_with_its_own_certificate_only() {
    let world = World::start().await;
    let tokens = world.dvp(PGO).tokens(SASKIA).await;
    assert_eq!(
        world
            .dvp("pgo.localhost")
            .userinfo(&tokens.access)
            .await
            .status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_with_many_locations_gets_them_all_and_the_pgo_reads_them() {
    let uras: Vec<String> = (0..60).map(|n| format!("{:08}", 1_000 + n)).collect();
    let alphabet: Vec<char> = ('a'..='z').collect();
    let letters = |n: usize| [alphabet[n / 26], alphabet[n % 26]];
    let providers: Vec<serde_json::Value> = uras
        .iter()
        .enumerate()
        .map(|(n, ura)| {
            serde_json::json!({
                "ura": ura,
                "naam": format!("huisarts{}@medmij", letters(n).iter().collect::<String>()),
                "weergavenaam": format!("Huisarts {n}"),
                "aanbiedertype": "ZA",
                "category": "huisarts",
                "dva": "dva",
                "gegevensdiensten": ["51"],
            })
        })
        .collect();
    let providers = serde_json::Value::from(providers).to_string();
    let known = serde_json::json!({ SASKIA: uras }).to_string();
    let files = [
        ("providers.json", providers.as_str()),
        ("localisation.json", known.as_str()),
        ("consents.json", "[]"),
    ];
    let world = World::start_with(&files).await;
    let dvp = world.dvp(PGO);
    let tokens = dvp.tokens(SASKIA).await;
    let userinfo = text(&dvp.userinfo(&tokens.access).await);
    assert_eq!(self::uras(&payload(&userinfo)).len(), 60);
    assert!(userinfo.len() > 16 * 1024, "{}", userinfo.len());
    let jwks = format!("{}/jwks", world.url("mitz"));
    let jwks = world
        .outside(None)
        .get(&jwks, Headers::none())
        .await
        .expect("keys");
    let keys = jose::Jwks::parse(&jwks.body).expect("keys");
    let expected = jose::Expected {
        typ: jose::Typ::JwtOrAbsent,
        issuer: &world.url("mitz"),
        audience: &[PGO],
        now: world.running.clock.now(),
        leeway_s: 60,
    };
    let read = jose::verify_up_to(
        mitz::dvp::USERINFO_BYTES_MAX,
        &userinfo,
        &keys,
        &[jose::Algorithm::Es256],
        &expected,
    );
    assert!(read.is_ok());
}
