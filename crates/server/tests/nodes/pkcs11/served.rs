//! Two nodes on one PostgreSQL and one token, as others see them.

use std::time::Duration;

use jose::{Algorithm, Expected, Jwks, Typ};
use server::clock::Clock;
use server::node::{self, Reach, Standing};

use super::soft_hsm::{SoftHsm, private_keys, with_token};
use crate::world::{BSN, World};

/// A module is started anew at most each five seconds.
const AGAIN: Duration = Duration::from_millis(500);
const TRIES_MAX: u32 = 60;

async fn world(at: &SoftHsm) -> World {
    let section = at.section();
    let change = |installation: &testkit::Installation| {
        installation.change("[trust]\n", &format!("{section}\n[trust]\n"));
    };
    World::start_with(2, change).await
}

#[test]
fn pkcs11_two_nodes_hand_out_tokens_that_verify_under_the_published_keys() {
    with_token(async |at| {
        let world = world(at).await;
        let code = world.code(BSN).await;
        let (status, tokens) = world.offer_code(&code).await;
        assert_eq!(status, 200, "{tokens}");
        assert_eq!(private_keys().len(), 1);
        let jwks = Jwks::parse(&world.jwks().await).expect("keys");
        let (client, issuer) = world.parties();
        let expected = Expected {
            typ: Typ::Is("JWT"),
            issuer: &issuer,
            audience: &[client],
            now: Clock::system().now(),
            leeway_s: 5,
        };
        let token = tokens["id_token"].as_str().expect("a token");
        let verified = jose::verify(token, &jwks, &[Algorithm::Es256], &expected);
        assert!(verified.is_ok(), "{:?}", verified.err());
    });
}

#[test]
fn pkcs11_a_token_that_is_away_is_a_503_that_spends_nothing_and_can_be_tried_again() {
    with_token(async |at| {
        let world = world(at).await;
        let code = world.code(BSN).await;
        let (_, tokens) = world.offer_code(&code).await;
        let refresh = tokens["refresh_token"].as_str().expect("a token");
        at.take_away();
        let away = world.refresh_answer(refresh).await;
        assert_eq!(away.status.as_u16(), 503);
        let again = away.headers.get("retry-after").expect("a time");
        assert!(again.to_str().expect("text").parse::<u32>().is_ok());
        at.bring_back();
        // Nothing was spent, so none of these is a reuse (RFC 9700 §4.14.2).
        let mut status = 503;
        for _ in 0..TRIES_MAX {
            if status == 503 {
                tokio::time::sleep(AGAIN).await;
                status = world.refresh_answer(refresh).await.status.as_u16();
            }
        }
        assert_eq!(status, 200);
    });
}

#[test]
fn pkcs11_a_check_of_the_whole_configuration_finds_the_token_good() {
    with_token(async |at| {
        let world = world(at).await;
        let findings = node::check(&world.config(), Reach::Here).await;
        let of_hsm = findings
            .iter()
            .filter(|found| found.subject.starts_with("keys.pkcs11"));
        assert_eq!(of_hsm.clone().count(), 4);
        for found in of_hsm {
            assert_eq!(found.standing, Standing::Good, "{found:?}");
        }
    });
}
