//! What the HM publishes, what it tells of a token, and requests that come by the back.

use etoegang::discovery::sleutels;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use identity::{EntityId, Oin};
use jose::{Algorithm, Expected, Jwks, Typ};
use protocol::assertion;
use serde_json::{Value, json};
use server::certificates::leads_to;
use server::network::Party;

use crate::world::{APP, BAKKERIJ, OTHER_APP, S1, TERUG, VERIFIER, World, ZELF};
use crate::world::{body, error, header, query};

const DV: &str = "urn:etoegang:DV:00000001234567890000:entities:9001";

/// A proof of the backend of the DV, for this server.
pub(crate) fn bewijs(world: &World, audience: &str, jti: &str) -> String {
    let dv = &world.running.apps[&Party::Dv];
    let claims = json!({
        "iss": DV, "sub": DV, "aud": audience, "iat": world.now(), "exp": world.now() + 60,
        "jti": jti,
    });
    let set = dv.keys.set();
    let keys = set.tokens().expect("keys");
    keys.current().sign("JWT", &claims).expect("a signature")
}

pub(crate) async fn introspect(world: &World, proof: &str, token: &str) -> server::outside::Answer {
    let fields = [
        ("client_id", DV),
        ("client_assertion_type", assertion::TYPE),
        ("client_assertion", proof),
        ("token", token),
    ];
    world.post(&world.at("hm", "/introspect"), &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_081_metadata_name_the_issuer_exactly_and_may_be_kept_for_a_week() {
    let world = World::start().await;
    let issuer = world.issuer();
    let hm = world.url("hm");
    let at = ["openid-configuration", "oauth-authorization-server"].map(|name| {
        [
            format!("{issuer}/.well-known/{name}"),
            format!("{hm}/.well-known/{name}/etd/1.13"),
        ]
    });
    for url in at.as_flattened() {
        let answer = world.get(url).await;
        assert_eq!(answer.status, 200, "{url}");
        let document = body(&answer);
        // etoegang case 81
        assert_eq!(document["issuer"], issuer.as_str());
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"])
        );
        assert_eq!(header(&answer, &CACHE_CONTROL), "public, max-age=604800");
        // etoegang.md §6.2: no script of another origin reads what the HM says.
        assert!(!answer.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        for endpoint in [
            "token_endpoint",
            "userinfo_endpoint",
            "introspection_endpoint",
        ] {
            let url = document[endpoint].as_str().expect("an address");
            assert_ne!(world.get(url).await.status, 404, "{endpoint}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_082_each_key_has_a_chain_to_the_root_that_names_the_oin_of_its_party() {
    let world = World::start().await;
    let network = &world.running.input.etoegang;
    let root = world.running.authority.certificate().clone();
    let now = world.running.clock.wall();
    let is_trusted = |keten: &[Vec<u8>]| leads_to(keten, std::slice::from_ref(&root), now);
    let oin_of = |entity: &EntityId| Oin::parse(entity.oin()).expect("an OIN");
    let other = Oin::parse("00000009999999990000").expect("an OIN");
    for (host, entity, least) in [
        ("hm", &network.hm, 3),
        ("ad", &network.ad, 1),
        ("mr", &network.mr, 2),
        ("dv", &EntityId::parse(DV).expect("an EntityID"), 1),
    ] {
        let answer = world.get(&world.at(host, "/jwks")).await;
        let document = body(&answer);
        let keys = document["keys"].as_array().expect("keys");
        assert!(keys.len() >= least, "{host}");
        // etoegang case 82
        for name in ["kid", "kty", "alg", "use"] {
            assert!(keys.iter().all(|key| key[name].is_string()), "{name}");
        }
        let counts = |oin: &Oin| {
            let read = sleutels::read(&answer.body, oin, is_trusted);
            read.expect("a set").keys().len()
        };
        assert_eq!(counts(&oin_of(entity)), keys.len(), "{host}");
        assert_eq!(counts(&other), 0, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_086_and_087_a_backend_introspects_its_own_tokens_and_no_app_does() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let at = world.at("hm", "/introspect");
    // etoegang case 86
    let nobody = world.post(&at, &[("token", &tokens.access)]).await;
    assert_eq!(
        (nobody.status.as_u16(), &*error(&nobody)),
        (401, "invalid_client")
    );
    let app = [("client_id", APP), ("token", &*tokens.access)];
    assert_eq!(world.post(&at, &app).await.status, 401);
    let issuer = world.issuer();
    let other = bewijs(&world, "https://hm2.localhost", "n0");
    assert_eq!(introspect(&world, &other, &tokens.access).await.status, 401);
    let proof = bewijs(&world, &issuer, "n1");
    let said = introspect(&world, &proof, &tokens.access).await;
    assert_eq!(said.status, 200);
    let claims = body(&said);
    assert_eq!(
        (&claims["active"], &claims["client_id"]),
        (&json!(true), &json!(APP))
    );
    assert_eq!(claims["represents"]["sub"], "12345678");
    // A proof serves once.
    assert_eq!(introspect(&world, &proof, &tokens.access).await.status, 401);
    // etoegang case 87
    let inactive = json!({ "active": false });
    for (jti, token) in [("n2", "nonsense"), ("n3", tokens.refresh())] {
        let said = introspect(&world, &bewijs(&world, &issuer, jti), token).await;
        assert_eq!((said.status.as_u16(), body(&said)), (200, inactive.clone()));
    }
    world.revoke(APP, tokens.refresh()).await;
    let said = introspect(&world, &bewijs(&world, &issuer, "n4"), &tokens.access).await;
    assert_eq!(body(&said), inactive, "its login has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_case_095_tokens_of_one_version_of_the_scheme_do_not_count_at_the_next() {
    let world = World::start().await;
    let (old, issuer) = (world.login(BAKKERIJ).await, world.issuer());
    let code = world.code(ZELF).await;
    let at_dv = format!("{}/api/bericht", world.url("dv"));
    assert_eq!(world.get_with(&at_dv, &old.access).await.status, 200);
    let shifted = world.running.clock.shifted_s();
    let (folder, port) = world.stop().await;
    let next = |sample: &mut Value| sample["versie"] = json!("1.14");
    let world = World::start_in(folder, port, next).await;
    world.pass(shifted);
    // etoegang case 95
    assert_eq!(world.issuer(), issuer.replace("1.13", "1.14"));
    let metadata = format!("{}/.well-known/openid-configuration", world.issuer());
    assert_eq!(body(&world.get(&metadata).await)["issuer"], world.issuer());
    for path in ["/token", "/jwks", "/authorize"] {
        assert_eq!(world.get(&format!("{issuer}{path}")).await.status, 404);
    }
    let refused = [
        world.refresh(APP, old.refresh()).await,
        world.redeem(APP, &code, VERIFIER).await,
    ];
    for answer in refused {
        crate::world::refused(&answer, 400, "invalid_grant");
    }
    let at_userinfo = world.at("hm", "/userinfo");
    assert_eq!(world.get_with(&at_userinfo, &old.access).await.status, 401);
    let proof = bewijs(&world, &world.issuer(), "n1");
    let said = introspect(&world, &proof, &old.access).await;
    assert_eq!(body(&said), json!({ "active": false }));
    let backend = world.get_with(&at_dv, &old.access).await;
    assert_eq!(
        backend.status, 401,
        "the backend trusts the new issuer alone"
    );
    let new = world.login(BAKKERIJ).await;
    assert_eq!(new.claims()["iss"], world.issuer());
    let renewed = world.refreshed(new.refresh()).await;
    assert_eq!(world.get_with(&at_dv, &renewed.access).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_is_a_signed_token_for_the_app_as_long_as_the_login_lives() {
    let world = World::start().await;
    let tokens = world.login(ZELF).await;
    let at = world.at("hm", "/userinfo");
    let answer = world.get_with(&at, &tokens.access).await;
    assert_eq!(answer.status, 200);
    // OIDC Core §5.3
    assert_eq!(header(&answer, &CONTENT_TYPE), "application/jwt");
    let keys = Jwks::parse(&world.get(&world.at("hm", "/jwks")).await.body).expect("keys");
    let expected = Expected {
        typ: Typ::JwtOrAbsent,
        issuer: &world.issuer(),
        audience: &[APP],
        now: world.running.clock.now(),
        leeway_s: 0,
    };
    let token = String::from_utf8(answer.body).expect("a token");
    let claims = jose::verify(&token, &keys, &[Algorithm::Rs256], &expected).expect("signed");
    assert_eq!(claims.get("sub"), Some(&tokens.claims()["sub"]));
    assert_eq!(world.get(&at).await.status, 401);
    let id_token = tokens.id.as_deref().expect("an ID token");
    assert_eq!(world.get_with(&at, id_token).await.status, 401);
    world.revoke(APP, tokens.refresh()).await;
    assert_eq!(world.get_with(&at, &tokens.access).await.status, 401);
}

/// What an app would send with the browser.
fn request(client_id: &str) -> Vec<(String, String)> {
    let challenge = protocol::pkce::Challenge::of(VERIFIER);
    let scope = format!("openid {S1}");
    [
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", TERUG),
        ("scope", &scope),
        ("state", crate::world::STATE),
        ("nonce", crate::world::NONCE),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

async fn pushed(world: &World, fields: &[(String, String)]) -> server::outside::Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
    world.post(&world.at("hm", "/par"), &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_9126_a_pushed_request_opens_one_login_of_its_own_app() {
    let world = World::start().await;
    let answer = pushed(&world, &request(APP)).await;
    assert_eq!(answer.status, 201);
    let document: Value = body(&answer);
    let uri = document["request_uri"].as_str().expect("a request_uri");
    let at = |client_id: &str| {
        let parameters = [("client_id", client_id), ("request_uri", uri)];
        protocol::wire::with_query(&world.at("hm", "/authorize"), &parameters)
    };
    let other = world.browser().open(&at(OTHER_APP)).await;
    assert_eq!(other.status(), 400);
    let opened = world.browser().open(&at(APP)).await;
    // RFC 9126 §4
    assert_eq!(opened.status(), 200);
    assert!(opened.url.contains("/kiezen?login="), "{}", opened.url);
    assert_eq!(query(&opened.url, "state"), None);
    let again = world.browser().open(&at(APP)).await;
    assert_eq!(again.status(), 400, "it serves once");
    let mut bad = request(APP);
    bad.retain(|(name, _)| name != "code_challenge");
    let said = pushed(&world, &bad).await;
    assert_eq!(
        (said.status.as_u16(), &*error(&said)),
        (400, "invalid_request")
    );
}
