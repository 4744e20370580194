//! Attributes: what AD and MR declare, what the app hears of it, and what a login cannot go on without.

use etoegang::attribuut::{COMPANY_NAME, VAN_ORGANISATIES, VAN_PERSONEN};
use etoegang::authenticatiedienst::middel::Middel;
use etoegang::dv_hm::family::{CODE, Family};
use http::Method;
use serde_json::{Value, json};
use server::network::Party;

use crate::hm::{bewijs, introspect};
use crate::world::{
    APP, BAKKERIJ, Login, S3, STATE, TERUG, Tokens, VERIFIER, VISSERIJ, World, ZELF, body, error,
    part, query, text,
};

const FIRST: &str = VAN_PERSONEN[0];
const FAMILY: &str = VAN_PERSONEN[1];
const BIRTH: &str = VAN_PERSONEN[2];
const BETWEEN: &str = VAN_ORGANISATIES[1];
const VAT: &str = VAN_ORGANISATIES[3];
const BAKERY: &str = "Bakkerij Voorbeeld B.V.";

impl World {
    /// The URL with which the app hears of a login that asks for these claims.
    async fn asking(&self, login: Login, claims: &Value) -> String {
        let claims = claims.to_string();
        self.back_with(login, &[("claims", Some(&claims))]).await
    }

    /// The tokens of such a login.
    async fn login_asking(&self, login: Login, claims: &Value) -> Tokens {
        let url = self.asking(login, claims).await;
        let code = query(&url, "code").expect("a code");
        Tokens::of(&self.redeem(login.client_id, &code, VERIFIER).await)
    }

    /// What userinfo says now.
    async fn userinfo(&self, tokens: &Tokens) -> Value {
        let url = self.at("hm", "/userinfo");
        let answer = self.get_with(&url, &tokens.access).await;
        assert_eq!(answer.status, 200);
        part(&text(&answer), 1)
    }

    /// A login that ends at the app with a refusal that says nothing of why, and at the AD.
    async fn is_denied(&self, login: Login, claims: &Value) {
        let since = self.audit_end(Party::Ad).await;
        let url = self.asking(login, claims).await;
        assert!(url.starts_with(TERUG), "{url}");
        // etoegang.md §4.3
        assert_eq!(query(&url, "error").as_deref(), Some("access_denied"));
        assert_eq!(query(&url, "state").as_deref(), Some(STATE));
        assert_eq!(query(&url, "code"), None);
        assert!(!url.contains("ttribut"), "{url}");
        self.tells(Party::Ad, since, "RFC 7009 §2").await;
    }
}

/// The attributes among the members of a document.
fn attributes(of: &Value) -> Vec<(&str, &str)> {
    let members = of.as_object().expect("an object").iter();
    let named = members.filter(|(name, _)| name.contains(":attribute"));
    named
        .map(|(name, value)| (name.as_str(), value.as_str().expect("text")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_core_5_5_what_ad_and_mr_declare_reaches_the_app_where_it_asked_for_it() {
    let world = World::start().await;
    let asked = json!({
        "id_token": { COMPANY_NAME: null, VAT: { "essential": true } },
        "userinfo": { COMPANY_NAME: null, FAMILY: { "essential": true }, BETWEEN: null },
    });
    let tokens = world.login_asking(BAKKERIJ, &asked).await;
    let id = part(tokens.id.as_deref().expect("an ID token"), 1);
    // OIDC Core §5.5. The catalogue declares no VAT number for the service: it is passed over.
    assert_eq!(attributes(&id), [(COMPANY_NAME, BAKERY)]);
    let told = world.userinfo(&tokens).await;
    assert_eq!(
        attributes(&told),
        [(COMPANY_NAME, BAKERY), (FAMILY, "Bakker")]
    );
    assert_eq!(attributes(&tokens.claims()), []);
    let family = world.family(tokens.refresh()).await.expect("a family");
    let kept: Vec<_> = (family.attributen.iter())
        .map(|one| (one.naam.as_str(), one.waarde.as_str()))
        .collect();
    assert_eq!(kept, [(COMPANY_NAME, BAKERY), (FAMILY, "Bakker")]);
    // A refresh asks nobody again, and userinfo says the same.
    world
        .edit(Party::Ad, Middel::key("b.bakker"), |middel: &mut Middel| {
            middel.attributen = etoegang::attribuut::Attributen::default();
        })
        .await;
    let renewed = world.refreshed(tokens.refresh()).await;
    assert_eq!(renewed.id, None);
    let still = world.userinfo(&renewed).await;
    assert_eq!(attributes(&still), attributes(&told));
    // Nothing of it is in a log.
    for party in [Party::Hm, Party::Ad, Party::Mr] {
        let log = format!("{:?}", world.audit_from(party, 0).await);
        assert!(
            !log.contains("Bakker") && !log.contains("Voorbeeld"),
            "{party:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rfc_7662_2_2_a_backend_hears_what_the_service_requires_though_its_app_did_not_ask() {
    let world = World::start().await;
    let tokens = world.login(BAKKERIJ).await;
    let id = part(tokens.id.as_deref().expect("an ID token"), 1);
    assert_eq!(attributes(&id), []);
    assert_eq!(attributes(&world.userinfo(&tokens).await), []);
    let proof = bewijs(&world, &world.issuer(), "n1");
    let said = body(&introspect(&world, &proof, &tokens.access).await);
    // RFC 7662 §2.2; etoegang.md §3
    assert_eq!(attributes(&said), [(COMPANY_NAME, BAKERY)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_md_5_4_in_a_chain_each_organisation_has_its_own_name() {
    let world = World::start().await;
    let asked = json!({ "userinfo": { BETWEEN: null, COMPANY_NAME: null, FAMILY: null } });
    let tokens = world.login_asking(VISSERIJ, &asked).await;
    let told = world.userinfo(&tokens).await;
    // The bookkeeper's means says no family name: it may be left out.
    assert_eq!(
        attributes(&told),
        [
            (COMPANY_NAME, "Visserij Voorbeeld V.O.F."),
            (BETWEEN, "Boekhouders Voorbeeld"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_md_3_without_an_attribute_of_the_person_that_must_be_had_nobody_gets_in() {
    let world = World::start_with(|sample| sample["middelen"][2]["attributen"] = json!({})).await;
    // The catalogue requires his first name.
    world.is_denied(ZELF, &json!({})).await;
    let baker = Login {
        wie: "b.bakker",
        ..ZELF
    };
    let asked = json!({ "id_token": { BIRTH: null } });
    let tokens = world.login_asking(baker, &asked).await;
    let id = part(tokens.id.as_deref().expect("an ID token"), 1);
    assert_eq!(attributes(&id), [(BIRTH, "1985-04-12")]);
    // A voluntary one is left out, an essential one is not.
    let teller = Login {
        wie: "t.teller",
        ..ZELF
    };
    let tokens = world.login_asking(teller, &asked).await;
    let id = part(tokens.id.as_deref().expect("an ID token"), 1);
    assert_eq!(attributes(&id), []);
    let essential = json!({ "userinfo": { BIRTH: { "essential": true } } });
    world.is_denied(teller, &essential).await;
    // Nobody is sent on to the MR for a login that cannot be.
    let for_another = Login {
        dienst: S3,
        machtiging: Some("M-boekhouders-teller"),
        ..teller
    };
    world.is_denied(for_another, &essential).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_md_3_without_an_attribute_of_the_organisation_that_must_be_had_nobody_gets_in() {
    let world = World::start_with(|sample| {
        let organisaties = sample["organisaties"].as_array_mut().expect("a list");
        organisaties.retain(|one| one["kvk"] != "12345678");
    })
    .await;
    world.is_denied(BAKKERIJ, &json!({})).await;
    // Somebody for himself has no organisation whose name could be asked for, unless his app insists.
    let himself = Login {
        machtiging: None,
        ..BAKKERIJ
    };
    let asked = json!({ "id_token": { COMPANY_NAME: null, FAMILY: null } });
    let tokens = world.login_asking(himself, &asked).await;
    let id = part(tokens.id.as_deref().expect("an ID token"), 1);
    assert_eq!(attributes(&id), [(FAMILY, "Bakker")]);
    let essential = json!({ "id_token": { COMPANY_NAME: { "essential": true } } });
    world.is_denied(himself, &essential).await;
    // Nothing is left of a login that was denied.
    let url = world.asking(himself, &asked).await;
    let code = query(&url, "code").expect("a code");
    let hm = &world.running.apps[&Party::Hm];
    let key = Family::key(hm.handles.open(CODE, &code).expect("a code").id);
    assert!(world.has(Party::Hm, &key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn guc3_3_4_ad_and_mr_name_what_they_give_before_anybody_decides_and_one_may_cancel() {
    let world = World::start().await;
    let browser = world.browser();
    let asked = json!({ "userinfo": { FAMILY: null } }).to_string();
    let changes = [("claims", Some(&*asked))];
    let page = world.at_ad_with(&browser, BAKKERIJ, &changes).await;
    // etoegang.md §2.1, GUC3
    assert!(
        page.html().contains("<li>uw achternaam</li>"),
        "{}",
        page.html()
    );
    assert!(!page.html().contains("uw voornaam"));
    assert!(!page.html().contains("de naam van uw organisatie"));
    let page = world.proven(&browser, &page, "b.bakker").await;
    assert!(
        page.url.starts_with(&world.at("mr", "/machtiging")),
        "{}",
        page.url
    );
    assert!(page.html().contains("<li>de naam van uw organisatie</li>"));
    assert!(!page.html().contains("uw achternaam"));
    let back = browser
        .send(&page, "/machtiging", &[("keuze", "stoppen")])
        .await;
    assert_eq!(query(&back.url, "error").as_deref(), Some("access_denied"));
    // Who is asked for nothing reads of nothing.
    let other = world.browser();
    let page = world.at_ad(&other, BAKKERIJ).await;
    assert!(!page.html().contains("id=\"gegevens\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_md_3_an_issuer_says_what_a_person_is_and_a_register_what_an_organisation_is() {
    let world = World::start().await;
    let ad = (Party::Ad, "ad");
    let middel = |attributen: Value| {
        Some(json!({
            "naam": "n.nieuw", "wachtwoord": "geheim", "attributen": attributen,
            "niveau": "urn:etoegang:core:assurance-class:loa2", "tot": world.now() + 86_400,
        }))
    };
    let at = || (Method::POST, "middelen");
    // etoegang.md §3
    let wrong = world
        .beheer(ad, at(), middel(json!({ COMPANY_NAME: "x" })))
        .await;
    assert_eq!(wrong.status, 422);
    for unreadable in [
        json!({ "FirstName": "x" }),
        json!({ FIRST: "" }),
        json!({ FIRST: 7 }),
    ] {
        let answer = world.beheer(ad, at(), middel(unreadable)).await;
        assert_eq!(answer.status, 400);
    }
    let made = world
        .beheer(ad, at(), middel(json!({ FIRST: "Noor" })))
        .await;
    assert_eq!(
        (made.status.as_u16(), &body(&made)["attributen"][FIRST]),
        (201, &"Noor".into())
    );
    let one = "middelen/n.nieuw";
    let change = Some(json!({ "attributen": { FIRST: "Nora" } }));
    let changed = world.beheer(ad, (Method::PATCH, one), change).await;
    assert_eq!(body(&changed), json!({ "attributen": { FIRST: "Nora" } }));
    for wrong in [
        json!({}),
        json!({ "stand": "actief", "attributen": {} }),
        json!({ "attributen": { VAT: "x" } }),
    ] {
        let answer = world.beheer(ad, (Method::PATCH, one), Some(wrong)).await;
        assert_eq!(answer.status, 422);
    }
    let shown = world.beheer(ad, (Method::GET, one), None).await;
    assert_eq!(body(&shown)["attributen"], json!({ FIRST: "Nora" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_md_5_4_a_mandate_may_say_what_the_organisation_is_called() {
    let world = World::start().await;
    let network = &world.running.input.etoegang;
    let of = (network.machtigingen.iter()).find(|one| one.id == "M-bakkerij-bakker");
    let of = of.expect("a mandate");
    let holder = (network.middelen.iter()).find(|one| one.naam == "b.bakker");
    let holder = holder.expect("a means").houder.clone();
    let mandate = |attributen: Value| {
        Some(json!({
            "vertegenwoordigde": of.voor,
            "gemachtigde": etoegang::machtiging::Gemachtigde::Persoon(holder.clone()),
            "service_uuid": of.service_uuid,
            "niveau": of.niveau,
            "van": world.now() - 1,
            "tot": world.now() + 86_400,
            "attributen": attributen,
        }))
    };
    let mr = (Party::Mr, "mr");
    let at = || (Method::POST, "machtigingen");
    for wrong in [json!({ FIRST: "x" }), json!({ BETWEEN: "x" })] {
        let answer = world.beheer(mr, at(), mandate(wrong)).await;
        assert_eq!(answer.status, 422, "{}", error(&answer));
    }
    let made = world
        .beheer(
            mr,
            at(),
            mandate(json!({ COMPANY_NAME: "De Warme Bakker" })),
        )
        .await;
    assert_eq!(made.status, 201);
    let id = body(&made)["id"].as_str().expect("an id").to_owned();
    let path = format!("machtigingen/{id}");
    let shown = world.beheer(mr, (Method::GET, &path), None).await;
    assert_eq!(
        body(&shown)["attributen"],
        json!({ COMPANY_NAME: "De Warme Bakker" })
    );
    let browser = world.browser();
    let asked = json!({ "id_token": { COMPANY_NAME: null } }).to_string();
    let page = world
        .at_ad_with(&browser, BAKKERIJ, &[("claims", Some(&asked))])
        .await;
    let page = world.proven(&browser, &page, "b.bakker").await;
    let fields = [("keuze", "kiezen"), ("machtiging", id.as_str())];
    let back = browser.send(&page, "/machtiging", &fields).await;
    let code = query(&back.url, "code").expect("a code");
    let tokens = Tokens::of(&world.redeem(APP, &code, VERIFIER).await);
    let id = part(tokens.id.as_deref().expect("an ID token"), 1);
    assert_eq!(attributes(&id), [(COMPANY_NAME, "De Warme Bakker")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn etoegang_md_5_5_the_aggregator_publishes_what_each_service_asks_for_and_why() {
    let world = World::start().await;
    let edition = world
        .get(&world.at("aggregator", "/servicecatalog.xml"))
        .await;
    let edition = text(&edition);
    // etoegang.md §5.5
    let required = format!("<esc:RequestedAttribute Name=\"{COMPANY_NAME}\" isRequired=\"true\">");
    let optional = format!("<esc:RequestedAttribute Name=\"{FAMILY}\" isRequired=\"false\">");
    assert!(
        edition.contains(&required) && edition.contains(&optional),
        "{edition}"
    );
    assert!(edition.contains("De naam staat op de vergunning."));
}
