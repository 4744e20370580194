//! What a DV's backend takes, and what revocation says.

use http::header::WWW_AUTHENTICATE;
use jose::{Algorithm, Expected, Jwks, Typ};
use server::outside::Answer;

use crate::world::{APP, BAKKERIJ, Login, WATER, World, ZELF, body, error, header, part};

/// RFC 6750 §3.1.
fn not_let_in(answer: &Answer) {
    assert_eq!(answer.status, 401);
    let asked = header(answer, &WWW_AUTHENTICATE);
    assert!(asked.starts_with("Bearer"), "{asked}");
    assert!(asked.contains("error=\"invalid_token\""), "{asked}");
    assert!(answer.body.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_014_and_088_and_089_and_090_and_091_the_backend_takes_access_tokens_for_itself_alone()
 {
    let world = World::start().await;
    let url = format!("{}/api/bericht", world.url("dv"));
    let first = world.login(BAKKERIJ).await;
    let second = world.refreshed(first.refresh()).await;
    // etoegang case 14
    for token in [&first.access, &second.access] {
        let answer = world.get_with(&url, token).await;
        assert_eq!(answer.status, 200);
        assert_eq!(body(&answer)["represents"]["sub"], "12345678");
        assert_eq!(body(&answer)["sub"], first.claims()["sub"]);
    }
    // etoegang case 89
    let query = format!("{url}?access_token={}", second.access);
    let answer = world.get(&query).await;
    assert!(
        matches!(answer.status.as_u16(), 400 | 401),
        "{}",
        answer.status
    );
    // etoegang case 90
    let id_token = first.id.as_deref().expect("an ID token");
    not_let_in(&world.get_with(&url, id_token).await);
    // etoegang case 91
    let water = Login {
        client_id: crate::world::OTHER_APP,
        dienst: WATER,
        machtiging: None,
        ..BAKKERIJ
    };
    let water = world.login(water).await;
    not_let_in(&world.get_with(&url, &water.access).await);
    let mut other = second.access.clone();
    other.truncate(other.len() - 4);
    not_let_in(&world.get_with(&url, &other).await);
    // etoegang case 88
    world.pass(631);
    not_let_in(&world.get_with(&url, &second.access).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_077_anybody_can_verify_an_access_token_with_the_published_keys() {
    let world = World::start().await;
    let tokens = world.login(ZELF).await;
    let keys = Jwks::parse(&world.get(&world.at("hm", "/jwks")).await.body).expect("keys");
    let head = part(&tokens.access, 0);
    // etoegang case 77
    assert_eq!(
        (&head["typ"], &head["alg"]),
        (&"at+jwt".into(), &"RS256".into())
    );
    let expected = Expected {
        typ: Typ::Is("at+jwt"),
        issuer: &world.issuer(),
        audience: &["urn:etoegang:DV:00000001234567890000:entities:9001"],
        now: world.running.clock.now(),
        leeway_s: 0,
    };
    let claims = jose::verify(&tokens.access, &keys, &[Algorithm::Rs256], &expected);
    let claims = claims.expect("a good token");
    assert_eq!(
        (claims.str("azp"), claims.str("client_id")),
        (Ok(APP), Ok(APP))
    );
    for name in ["iss", "exp", "iat", "jti", "sub", "aud"] {
        assert!(claims.get(name).is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_085_revocation_says_the_same_of_every_token_and_ends_none_of_another_app() {
    let world = World::start().await;
    let tokens = world.login(ZELF).await;
    // etoegang case 85
    for token in ["nonsense", "a.b.c"] {
        let answer = world.revoke(APP, token).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    }
    let none = world.revoke(APP, "").await;
    assert_eq!(
        (none.status.as_u16(), &*error(&none)),
        (400, "invalid_request")
    );
    let other = world
        .revoke(crate::world::OTHER_APP, tokens.refresh())
        .await;
    assert_eq!((other.status.as_u16(), other.body.len()), (200, 0));
    let tokens = world.refreshed(tokens.refresh()).await;
    let sessie = world.sessie(tokens.refresh()).await;
    // The access token stands for the login as well.
    let answer = world.revoke(APP, &tokens.access).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    assert!(world.family(tokens.refresh()).await.is_none());
    world.ends_at_ad(&sessie).await;
}
