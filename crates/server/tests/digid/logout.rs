//! Single sign-on and logging out, over real TLS (digid.md §2.7).

use saml::authn_request::{AuthnRequest, Consumer, RequestedLevel, Sent};
use saml::logout::{LogoutRequest, Outcome};

use super::*;

const SLO: &str = "/saml/idp/request_logout";
const UITLOGGEN: &str = "/uitloggen";
const LOGOUT: &str = "_logout";

// ---- the services ----

/// The address at which a service hears of logouts.
pub(super) fn hears(service: &Service) -> Router {
    let (app, sp) = (Arc::clone(&service.app), Arc::clone(&service.sp));
    let logged_out = Arc::clone(&service.logged_out);
    let hear = async move |soap: Bytes| {
        let now = now();
        let told = sp.told_of_logout(&app, &soap, now).await.expect("of DigiD");
        match &mut *logged_out.lock().expect("no panic before") {
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Some(people) => {
                people.push(told.bsn.clone());
                let answer = sp.confirms_logout(&told, now).expect("signed");
                ([(CONTENT_TYPE, "text/xml")], answer).into_response()
            }
        }
    };
    Router::new().route("/saml/slo", post(hear))
}

impl Service {
    fn cannot_be_told(&self) {
        *self.logged_out.lock().expect("no panic before") = None;
    }

    fn was_told_of(&self) -> Vec<String> {
        let told = self.logged_out.lock().expect("no panic before");
        let people = told.iter().flatten();
        people.map(|bsn| bsn.reveal().to_owned()).collect()
    }

    /// A request for a login, made by hand, as the URL that the browser opens.
    async fn asks_for_login(&self, network: &Network, level: Loa, force_authn: bool) -> String {
        let request = AuthnRequest {
            id: REQUEST.to_owned(),
            issue_instant: network.clock.now(),
            issuer: self.metadata().entity_id,
            consumer: Consumer::Default,
            level: RequestedLevel::minimum(level),
            force_authn,
            provider_name: None,
        };
        match request.send(&network.idp().await, Some("r"), &self.key) {
            Ok(Sent::Redirect(url)) => url,
            _ => unreachable!("the metadata offers a redirect"),
        }
    }

    /// A logout of this person, as our service provider asks it: with the form's fields.
    async fn asks_for_logout(&self, network: &Network, bsn: &str) -> Vec<(&'static str, String)> {
        let bsn = Bsn::parse(bsn).expect("valid");
        let now = network.clock.now();
        let sent = self.sp.logout(&self.app, LOGOUT, &bsn, "a b", now).await;
        let Ok(Some(Login::Post(form))) = sent else {
            unreachable!("the simulator takes a form")
        };
        assert_eq!(form.action, network.door.url(DIGID, SLO));
        let relay_state = form.relay_state.expect("as given");
        vec![
            ("SAMLRequest", form.saml_request),
            ("RelayState", relay_state),
        ]
    }

    /// The answer that the browser brings.
    async fn answered(&self, network: &Network, answer: &Answer) -> Outcome {
        assert_eq!(answer.status, 303, "{}", text(answer));
        let url = location(answer);
        let (address, query) = url.split_once('?').expect("a query");
        assert_eq!(Some(address), self.metadata().slo_redirect.as_deref());
        assert!(query.contains("RelayState=a%20b"), "{query}");
        let now = network.clock.now();
        let outcome = self.sp.logged_out(&self.app, query, LOGOUT, now).await;
        outcome.expect("DigiD's answer")
    }
}

// ---- the browser ----

impl Network {
    async fn idp(&self) -> IdpMetadata {
        let url = self.door.url(DIGID, "/saml/idp/metadata");
        let answer = self.browser().get(&url).await;
        IdpMetadata::parse(&answer.body).expect("metadata")
    }

    /// A browser in which the person logged in at Mitz, for other services too.
    async fn signed_on(&self, level: &str) -> Browser {
        let mut browser = self.browser();
        let (_, page) = self.page(&mut browser).await;
        let fields = [&log_in(level)[..], &[("eenmalig", "ja")]].concat();
        let answer = browser.choose(&self.door, &page, &fields).await;
        assert_logged_in(&self.resolved(&location(&answer)).await, level_of(level));
        browser
    }

    /// The same after the other service used the login.
    async fn signed_on_at_both(&self) -> Browser {
        let mut browser = self.signed_on("midden").await;
        let url = self.other.asks_for_login(self, Loa::Midden, false).await;
        let answer = browser.get(&url).await;
        let url = location(&answer);
        let uitkomst = self
            .other
            .resolve(&self.clock, &artifact_in(&url), REQUEST)
            .await;
        assert_logged_in(&uitkomst, Loa::Midden);
        browser
    }

    /// Whether a request of the other service is served without a page.
    async fn is_signed_on(&self, browser: &mut Browser) -> bool {
        let url = self.other.asks_for_login(self, Loa::Midden, false).await;
        location(&browser.get(&url).await).contains("SAMLart=")
    }

    async fn post_logout(&self, browser: &mut Browser, of: &Service, bsn: &str) -> Answer {
        let fields = of.asks_for_logout(self, bsn).await;
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let headers = browser.headers();
        let url = self.door.url(DIGID, SLO);
        browser.post(&url, &fields, headers).await
    }

    /// The person's choice on the page at this path.
    async fn decided(&self, browser: &mut Browser, path: &str, keuze: &str) -> Answer {
        let page = browser.get(&self.door.url(DIGID, path)).await;
        assert_eq!(page.status, 200);
        let fields = [("formulier", &*form_token(&page)), ("keuze", keuze)];
        let headers = browser.headers().with(ORIGIN, &self.door.url(DIGID, ""));
        let url = self.door.url(DIGID, UITLOGGEN);
        browser.post(&url, &fields, headers).await
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.rig.directory.join("log.jsonl")).expect("a log")
    }
}

fn level_of(name: &str) -> Loa {
    let named = |level: &Loa| level.to_string().eq_ignore_ascii_case(name);
    Loa::ALL.into_iter().find(named).expect("a level")
}

// ---- single sign-on ----

#[tokio::test]
async fn a_login_serves_the_next_service_when_the_person_chose_so() {
    let network = Network::new().await;
    let mut browser = network.signed_on_at_both().await;
    assert!(network.is_signed_on(&mut browser).await);

    let mut alone = network.browser();
    let (_, page) = network.page(&mut alone).await;
    alone.choose(&network.door, &page, &log_in("midden")).await;
    assert!(!network.is_signed_on(&mut alone).await);
}

#[tokio::test]
async fn digid_case_020_substantieel_gets_a_fresh_login_while_a_session_lives() {
    let network = Network::new().await;
    let mut browser = network.signed_on("hoog").await;
    let url = network
        .other
        .asks_for_login(&network, Loa::Substantieel, false)
        .await;
    browser.page(&network.door, &url).await;
    assert!(network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn digid_case_022_a_forced_login_is_fresh_while_a_session_lives() {
    let network = Network::new().await;
    let mut browser = network.signed_on("midden").await;
    let url = network
        .other
        .asks_for_login(&network, Loa::Midden, true)
        .await;
    browser.page(&network.door, &url).await;
    assert!(network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn a_session_that_was_not_used_for_fifteen_minutes_serves_nobody() {
    let network = Network::new().await;
    let mut browser = network.signed_on("midden").await;
    network.clock.shift(890); // the login itself took a moment, a second or two on a busy machine
    assert!(network.is_signed_on(&mut browser).await);
    network.clock.shift(900);
    assert!(!network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn a_fresh_login_of_the_same_person_keeps_the_services_of_the_session() {
    let network = Network::new().await;
    let mut browser = network.signed_on_at_both().await;
    let (_, page) = network.page(&mut browser).await;
    let fields = [&log_in("hoog")[..], &[("eenmalig", "ja")]].concat();
    browser.choose(&network.door, &page, &fields).await;
    let page = browser.get(&network.door.url(DIGID, UITLOGGEN)).await;
    let html = text(&page);
    for service in ["Mitz &#38; co", "other.localhost"] {
        assert!(html.contains(&format!("<li>{service}</li>")), "{html}");
    }
}

// ---- a service logs out ----

#[tokio::test]
async fn digid_case_035_a_service_logs_its_person_out() {
    let network = Network::new().await;
    let mut browser = network.signed_on("midden").await;
    let answer = network.post_logout(&mut browser, &network.mitz, BSN).await;
    assert_eq!(
        network.mitz.answered(&network, &answer).await,
        Outcome::Success
    );
    assert!(
        browser
            .cookies
            .iter()
            .all(|(name, _)| !name.contains("session"))
    );
    assert!(!network.is_signed_on(&mut browser).await);
    // Who is logged out already is logged out.
    let answer = network.post_logout(&mut browser, &network.mitz, BSN).await;
    assert_eq!(
        network.mitz.answered(&network, &answer).await,
        Outcome::Success
    );
}

#[tokio::test]
async fn digid_case_035_a_cookie_that_was_kept_opens_nothing_after_the_logout() {
    let network = Network::new().await;
    let mut browser = network.signed_on("midden").await;
    let kept = browser.cookies.clone();
    network.post_logout(&mut browser, &network.mitz, BSN).await;
    browser.cookies = kept;
    assert!(!network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn digid_case_035_a_logout_may_come_by_redirect() {
    let network = Network::new().await;
    let mut browser = network.signed_on("midden").await;
    let idp = IdpMetadata {
        slo_post: None,
        ..network.idp().await
    };
    let wish = LogoutRequest {
        id: LOGOUT.to_owned(),
        issue_instant: network.clock.now(),
        issuer: network.mitz.metadata().entity_id,
        name_id: NameId::bsn(&person().bsn),
        session_index: None,
    };
    let sent = wish.send(&idp, Some("a b"), &network.mitz.key);
    let Ok(Some(Sent::Redirect(url))) = sent else {
        unreachable!("the metadata offers a redirect")
    };
    let altered = browser
        .get(&url.replace("RelayState=a", "RelayState=b"))
        .await;
    assert_eq!(altered.status, 404);
    assert!(network.log().contains("digid case 4"));
    let answer = browser.get(&url).await;
    assert_eq!(
        network.mitz.answered(&network, &answer).await,
        Outcome::Success
    );
    assert!(!network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn a_logout_of_another_person_or_of_a_service_outside_the_session_ends_nothing() {
    let network = Network::new().await;
    let mut browser = network.signed_on("midden").await;
    let answer = network
        .post_logout(&mut browser, &network.mitz, VICTIM)
        .await;
    assert_eq!(
        network.mitz.answered(&network, &answer).await,
        Outcome::RequestDenied
    );
    let answer = network.post_logout(&mut browser, &network.other, BSN).await;
    assert_eq!(
        network.other.answered(&network, &answer).await,
        Outcome::Success
    );
    assert!(network.is_signed_on(&mut browser).await);
}

// ---- more services in one session ----

#[tokio::test]
async fn the_services_of_a_session_are_shown_before_they_are_all_left() {
    let network = Network::new().await;
    let mut browser = network.signed_on_at_both().await;
    let answer = network.post_logout(&mut browser, &network.mitz, BSN).await;
    let path = location(&answer);
    let page = browser.get(&network.door.url(DIGID, &path)).await;
    let html = text(&page);
    assert!(
        html.contains("Mitz &#38; co") && html.contains("other.localhost"),
        "{html}"
    );
    assert!(
        network.is_signed_on(&mut browser).await,
        "nothing ended yet"
    );

    let answer = network.decided(&mut browser, &path, "uitloggen").await;
    assert_eq!(
        network.mitz.answered(&network, &answer).await,
        Outcome::Success
    );
    assert_eq!(network.other.was_told_of(), [BSN]);
    assert!(network.mitz.was_told_of().is_empty(), "it asked itself");
    assert!(!network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn digid_case_036_a_service_that_cannot_be_told_makes_the_logout_partial() {
    let network = Network::new().await;
    let mut browser = network.signed_on_at_both().await;
    network.other.cannot_be_told();
    let answer = network.post_logout(&mut browser, &network.mitz, BSN).await;
    let answer = network
        .decided(&mut browser, &location(&answer), "uitloggen")
        .await;
    assert_eq!(
        network.mitz.answered(&network, &answer).await,
        Outcome::PartialLogout
    );
    assert!(network.log().contains("digid case 36"));
    assert!(!network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn digid_case_037_the_person_stays_logged_in() {
    let network = Network::new().await;
    let mut browser = network.signed_on_at_both().await;
    let answer = network.post_logout(&mut browser, &network.mitz, BSN).await;
    let answer = network
        .decided(&mut browser, &location(&answer), "annuleren")
        .await;
    assert_eq!(
        network.mitz.answered(&network, &answer).await,
        Outcome::RequestDenied
    );
    assert!(network.other.was_told_of().is_empty());
    assert!(network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn digid_case_038_a_person_logs_out_at_digid_and_every_service_is_told() {
    let network = Network::new().await;
    let mut browser = network.signed_on_at_both().await;
    let answer = network.decided(&mut browser, UITLOGGEN, "uitloggen").await;
    assert_eq!(answer.status, 200);
    assert!(
        text(&answer).contains("Er is geen sessie"),
        "{}",
        text(&answer)
    );
    for service in [&network.mitz, &network.other] {
        assert_eq!(service.was_told_of(), [BSN]);
    }
    assert!(!network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn a_logout_is_decided_only_on_the_page_of_this_browser() {
    let network = Network::new().await;
    let mut browser = network.signed_on_at_both().await;
    let page = browser.get(&network.door.url(DIGID, UITLOGGEN)).await;
    let token = form_token(&page);
    let url = network.door.url(DIGID, UITLOGGEN);
    let fields = [("formulier", &*token), ("keuze", "uitloggen")];
    let elsewhere = browser.headers().with(ORIGIN, "https://else.localhost");
    assert_eq!(browser.post(&url, &fields, elsewhere).await.status, 400);
    let ours = browser.headers().with(ORIGIN, &network.door.url(DIGID, ""));
    let wrong = [("formulier", "wrong"), ("keuze", "uitloggen")];
    assert_eq!(browser.post(&url, &wrong, ours).await.status, 400);
    let mut stranger = network.browser();
    let ours = stranger
        .headers()
        .with(ORIGIN, &network.door.url(DIGID, ""));
    assert_eq!(stranger.post(&url, &fields, ours).await.status, 400);
    assert!(network.is_signed_on(&mut browser).await);
}

#[tokio::test]
async fn digid_case_059_after_logouts_the_log_and_the_store_hold_no_bsn() {
    let network = Network::new().await;
    let mut browser = network.signed_on_at_both().await;
    network
        .post_logout(&mut browser, &network.mitz, VICTIM)
        .await;
    network.other.cannot_be_told();
    network.decided(&mut browser, UITLOGGEN, "uitloggen").await;
    assert_holds_none(network.log().as_bytes(), &[]);
    for entry in std::fs::read_dir(network.rig.directory.join("digid")).expect("a store") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            assert_holds_none(&std::fs::read(path).expect("readable"), &[]);
        }
    }
}
