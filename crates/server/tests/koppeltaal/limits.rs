//! Who asks too often.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::RETRY_AFTER;
use jose::Algorithm;
use koppeltaal::domeinconfiguratie::Regels;
use server::door::{self, ClientCertificates, House, Limits, Rate, Site, Sites};
use server::network::Party;
use server::outside::Headers;
use server::routes::koppeltaal::KoppeltaalRole;
use tokio::net::TcpListener;

use crate::world::{Applicatie, TYPE, World, body};

/// The same domain behind a door that lets a client ask five times.
async fn strict_door(world: &World) -> (String, door::Stop) {
    let running = &world.running;
    let app = Arc::clone(&running.apps[&Party::Koppeltaal]);
    let base = running.hosts.url("koppeltaal");
    let role = KoppeltaalRole::new(app, &base, Regels::ON_ONE_MACHINE)
        .await
        .expect("a role");
    let host = "koppeltaal.localhost".parse().expect("a host name");
    let directory = running.state.join("koppeltaal");
    let identity = running
        .authority
        .server(&directory, &host, running.clock.wall());
    let site = Site {
        host,
        port: None,
        identity: identity.expect("a certificate"),
        clients: ClientCertificates::Never,
        router: role.router(),
        limits: Limits {
            per_client: Some(Rate::new(1, 5)),
            ..Limits::on_one_machine()
        },
        proxies: BTreeSet::new(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let sites = Sites::open([site]).expect("a site");
    let sites = Arc::new(ArcSwap::from_pointee(sites));
    let (stop, stopping) = door::stop();
    tokio::spawn(door::serve(listener, sites, House::default(), stopping));
    let path = "api/v1/d1/oauth2/token";
    (format!("https://koppeltaal.localhost:{port}/{path}"), stop)
}

#[tokio::test]
async fn koppeltaal_case_114_who_asks_too_often_is_told_when_to_come_again_and_others_are_not() {
    let world = World::start().await;
    let (busy, calm) = (
        world.applicatie(1, Algorithm::Es256),
        world.applicatie(2, Algorithm::Es256),
    );
    let (url, _stop) = strict_door(&world).await;
    let ask = async |applicatie: &Applicatie| {
        let assertion = world.assertion(applicatie);
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", &assertion),
        ];
        world.post(&url, &fields).await
    };
    let mut refused = 0;
    for _ in 0..20 {
        let answer = ask(&busy).await;
        if answer.status == 429 {
            refused += 1;
            assert!(answer.headers.contains_key(RETRY_AFTER));
            assert_eq!(body(&answer)["error"], "temporarily_unavailable");
        }
    }
    // koppeltaal case 114
    assert!(refused >= 10, "{refused} of 20");
    for _ in 0..3 {
        assert_eq!(ask(&calm).await.status, 200);
    }
    // Its FHIR requests count with them, and hear it in words of FHIR.
    let token = world.token(&calm).await;
    let token = token["access_token"].as_str().expect("a token");
    let fhir = url.replace("oauth2/token", "fhir/r4/metadata");
    let mut last = world.get(&fhir, Headers::none().bearer(token)).await;
    for _ in 0..20 {
        if last.status == 429 {
            break;
        }
        last = world.get(&fhir, Headers::none().bearer(token)).await;
    }
    assert_eq!(last.status, 429);
    assert!(last.headers.contains_key(RETRY_AFTER));
    assert_eq!(body(&last)["issue"][0]["code"], "throttled");
    // What was refused so was not spent: the log has one token for each 200.
    let issued = world.audit().await;
    let issued = issued
        .iter()
        .filter(|row| row.what == "an access token was issued");
    assert_eq!(issued.count(), 24 - refused);
}
