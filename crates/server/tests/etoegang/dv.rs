//! The DV of the demo: its app in a browser, from the login to the end of it (etoegang.md §4.8, "DV-app
//! rule").

use server::network::{Party, Trouble};

use crate::world::{Browser, S1, S3, Seen, World};

const BAKKERIJ: &str = "Bakkerij Voorbeeld B.V.";

impl World {
    fn dv(&self, path: &str) -> String {
        format!("{}{path}", self.url("dv"))
    }

    /// From the DV's first page to the page of the AD.
    async fn begun_at_dv(&self, browser: &Browser, dienst: &str, voor: &str) -> Seen {
        let page = browser.open(&self.dv("/")).await;
        let formulier = page.formulier();
        let fields = [("formulier", formulier.as_str()), ("dienst", dienst)];
        let page = browser.post(&self.dv("/inloggen"), &fields).await;
        assert!(page.url.starts_with(&self.at("hm", "/kiezen")));
        let ad = self.running.input.etoegang.ad.as_str();
        let fields = [("keuze", "verder"), ("ad", ad), ("voor", voor)];
        browser.send(&page, "/kiezen", &fields).await
    }

    /// The baker, logged in at the DV for the bakery.
    async fn baker_at_dv(&self, browser: &Browser) -> Seen {
        let page = self.begun_at_dv(browser, S1, "organisatie").await;
        let page = self.proven(browser, &page, "b.bakker").await;
        let keuze = page.mandate("M-bakkerij-bakker");
        let fields = [("keuze", "kiezen"), ("machtiging", keuze.as_str())];
        browser.send(&page, "/machtiging", &fields).await
    }

    /// What the DV shows after a press on one of its buttons.
    async fn pressed(&self, browser: &Browser, page: &Seen, path: &str) -> Seen {
        let formulier = page.formulier();
        let fields = [("formulier", formulier.as_str())];
        browser.post(&self.dv(path), &fields).await
    }
}

/// The page of the session.
fn logged_in(world: &World, page: &Seen) {
    assert_eq!((page.status(), &page.url), (200, &world.dv("/app")));
    assert!(page.html().contains(BAKKERIJ));
    assert!(!page.html().contains("eyJ"), "a page shows no token");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_of_the_dv_keeps_its_tokens_through_trouble_and_drops_them_when_the_login_is_over()
{
    let world = World::start().await;
    let browser = world.browser();
    let page = world.baker_at_dv(&browser).await;
    logged_in(&world, &page);
    let page = world.pressed(&browser, &page, "/app/vernieuwen").await;
    logged_in(&world, &page);
    // F10: 503 keeps the tokens
    world.disturb(Party::Ad, Trouble::Down);
    let trouble = world.pressed(&browser, &page, "/app/vernieuwen").await;
    assert_eq!(trouble.status(), 503);
    world.heal();
    let page = browser.open(&world.dv("/app")).await;
    logged_in(&world, &page);
    // The access token is over: the page shows nobody, and the refresh brings him back.
    world.pass(700);
    let page = browser.open(&world.dv("/app")).await;
    assert_eq!(page.status(), 200);
    assert!(!page.html().contains(BAKKERIJ));
    let page = world.pressed(&browser, &page, "/app/vernieuwen").await;
    logged_in(&world, &page);
    // F12: invalid_grant drops them
    world.withdraw("M-bakkerij-bakker").await;
    let over = world.pressed(&browser, &page, "/app/vernieuwen").await;
    assert_eq!(over.status(), 200);
    assert!(!over.html().contains(BAKKERIJ));
    let page = browser.open(&world.dv("/app")).await;
    assert_eq!(page.url, world.dv("/"), "nobody is logged in");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_logs_out_at_the_dv_is_logged_out_at_hm_and_ad() {
    let world = World::start().await;
    let browser = world.browser();
    let page = world.begun_at_dv(&browser, S3, "zelf").await;
    let page = world.proven(&browser, &page, "z.zelf").await;
    assert_eq!((page.status(), &page.url), (200, &world.dv("/app")));
    let (since, hm) = (
        world.audit_end(Party::Ad).await,
        world.audit_end(Party::Hm).await,
    );
    // A form of no page of ours changes nothing.
    let fields = [("formulier", "nonsense")];
    for path in ["/app/uitloggen", "/app/vernieuwen"] {
        let refused = browser.post(&world.dv(path), &fields).await;
        assert_eq!(refused.status(), 400);
    }
    assert_eq!(world.audit_end(Party::Hm).await, hm);
    let out = world.pressed(&browser, &page, "/app/uitloggen").await;
    assert_eq!(out.status(), 200);
    world.tells(Party::Ad, since, "RFC 7009 §2").await;
    let again = browser.open(&world.dv("/app")).await;
    assert_eq!(again.url, world.dv("/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_of_the_dv_takes_an_answer_to_its_own_request_alone() {
    let world = World::start().await;
    let browser = world.browser();
    let page = world.begun_at_dv(&browser, S3, "zelf").await;
    let proof = world.proof("z.zelf");
    let fields: Vec<(&str, &str)> = proof.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let callback = world.dv("/app/terug");
    let stop = |url: &str| url.starts_with(&callback);
    let back = browser.send_until(&page, "/inloggen", &fields, stop).await;
    assert!(back.url.starts_with(&callback));
    let stranger = world.browser().open(&back.url).await;
    assert_eq!(stranger.status(), 400);
    let other = protocol::wire::encode("https://elsewhere.localhost");
    let issuer = protocol::wire::encode(&world.issuer());
    // RFC 9207 §2.4
    let mixed = browser.open(&back.url.replace(&issuer, &other)).await;
    assert_eq!(mixed.status(), 400);
    let done = browser.open(&back.url).await;
    assert_eq!((done.status(), &done.url), (200, &world.dv("/app")));
    let replayed = browser.open(&back.url).await;
    assert_eq!(replayed.status(), 400);
    let still = browser.open(&world.dv("/app")).await;
    assert_eq!(still.url, world.dv("/app"), "the replay did no harm");
}
