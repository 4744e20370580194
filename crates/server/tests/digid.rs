//! The DigiD simulator and our service provider, over real TLS.

#[path = "digid/entrance.rs"]
mod entrance;
#[path = "digid/logout.rs"]
mod logout;
mod party;
#[expect(dead_code, reason = "the tests of the door need more of the rig")]
mod rig;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use identity::{Bsn, Loa};
use mitz::authorization_server::aanmelding::Uitkomst;
use rig::{Open, Rig, host, now, open};
use saml::NameId;
use saml::artifact::Artifact;
use saml::artifact_resolve::{self, ArtifactResolve};
use saml::artifact_response::{
    ArtifactResponse, Assertion, Content, Outcome, Response as Answered, Subject, VALIDITY_S,
};
use saml::authn_request::{Comparison, receive_redirect};
use saml::incoming::IdentityProvider;
use saml::keys::{KeyInfo, SigningKey};
use saml::metadata::{ArtifactResolutionService, IdpMetadata, SpMetadata};
use saml::signature;
use server::app::{App, Given};
use server::certificates::{Identity, saml_signing};
use server::chance;
use server::clock::Clock;
use server::digid::{
    Login, MetadataSource, Resolve, ServiceProvider, ServiceProviderConfig, SoapMediaType,
    signing_key,
};
use server::door::{ClientCertificates, House, Site, Sites, TraceId};
use server::home::Home;
use server::log::RefusalLog;
use server::observer::Observer;
use server::outside::{Answer, Headers, Outside, OutsideError};
use server::routes::digid::{
    Dienst, DigidGiven, DigidRole, Grond, Person, SpSource, Vertegenwoordigde,
};
use server::trust::Trust;

const MITZ: &str = "mitz.localhost";
const OTHER: &str = "other.localhost";
const DIGID: &str = "digid.localhost";
const DIGID_BACK: &str = "digid-back.localhost";
const BSN: &str = "900029365";
const VICTIM: &str = "900186021";
const TRACE: &str = "c0e7b545-9606-4eef-bea7-75d8addaa54b";
const SSO: &str = "/saml/idp/request_authentication";
const RESOLVE: &str = "/saml/idp/resolve_artifact";

// ---- the network ----

/// The simulator with two services, all at one door and on one clock.
struct Network {
    rig: Rig,
    door: Open,
    clock: Clock,
    mitz: Service,
    other: Service,
}

/// A service: its party, and its side of DigiD.
struct Service {
    app: Arc<App>,
    sp: Arc<ServiceProvider>,
    key: SigningKey,
    /// What stands at its metadata's address.
    published: Arc<Mutex<String>>,
    /// Whom DigiD logged out here; nothing as long as it cannot be reached.
    logged_out: Arc<Mutex<Option<Vec<Bsn>>>>,
}

impl Network {
    async fn new() -> Self {
        Self::asking(Loa::Midden).await
    }

    /// A network whose services ask for this level.
    async fn asking(min_level: Loa) -> Self {
        let rig = Rig::new();
        let door = open([], House::default()).await;
        let clock = Clock::system();
        let metadata = || MetadataSource::Url(door.url(DIGID, "/saml/idp/metadata"));
        let service = async |name, host_name| {
            let app = party(&rig, name, host_name, &clock).await;
            Service::new(&rig, app, host_name, door.port, min_level, metadata())
        };
        let (mitz, other) = (service("mitz", MITZ).await, service("other", OTHER).await);
        let network = Self {
            rig,
            door,
            clock,
            mitz,
            other,
        };
        network.digid("digid", true).await;
        network
    }

    /// Puts a simulator at the door, with the keys of this name.
    async fn digid(&self, name: &'static str, has_substantieel: bool) {
        let app = party(&self.rig, name, DIGID_BACK, &self.clock).await;
        let metadata = |host| SpSource::Url(self.door.url(host, "/saml/metadata"));
        let role = DigidRole::open(
            app,
            DigidGiven {
                front_url: self.door.url(DIGID, ""),
                back_url: self.door.url(DIGID_BACK, ""),
                sps: vec![metadata(MITZ), metadata(OTHER)],
                diensten: diensten(),
                people: vec![person()],
                next_origins: vec![self.door.url("pgo.localhost", "")],
                has_substantieel,
                signing: identity_of(&self.rig, name, DIGID),
            },
        );
        let role = role.expect("a simulator");
        let sites = [
            self.rig.site(DIGID, role.front()),
            Site {
                clients: ClientCertificates::Required(Trust::from(vec![self.rig.root()])),
                ..self.rig.site(DIGID_BACK, role.back())
            },
            self.rig.site(MITZ, self.mitz.router()),
            self.rig.site(OTHER, self.other.router()),
        ];
        self.door
            .sites
            .store(Arc::new(Sites::open(sites).expect("good sites")));
    }

    fn browser(&self) -> Browser {
        Browser {
            outside: self.rig.outside(None),
            cookies: Vec::new(),
        }
    }

    /// From a request of Mitz to the page, in this browser.
    async fn page(&self, browser: &mut Browser) -> (String, Answer) {
        let url = self.mitz.redirect(&self.clock).await;
        browser.page(&self.door, &url).await
    }

    /// From a request of Mitz to the URL that brings the artifact, by the way of this form.
    async fn chosen(&self, fields: &[(&str, &str)]) -> String {
        let mut browser = self.browser();
        let (_, page) = self.page(&mut browser).await;
        let answer = browser.choose(&self.door, &page, fields).await;
        assert_eq!(answer.status, 303);
        location(&answer)
    }

    async fn logged_in(&self, level: &str) -> String {
        self.chosen(&log_in(level)).await
    }

    /// What Mitz makes of the artifact in a URL.
    async fn resolved(&self, url: &str) -> Uitkomst {
        self.mitz
            .resolve(&self.clock, &artifact_in(url), REQUEST)
            .await
    }
}

/// The identifier of every AuthnRequest here: who remembers them is not under test.
const REQUEST: &str = "_request";

fn log_in(level: &str) -> [(&str, &str); 3] {
    [("keuze", "inloggen"), ("bsn", BSN), ("niveau", level)]
}

fn person() -> Person {
    Person {
        bsn: Bsn::parse(BSN).expect("valid"),
        naam: "Anna de Vries".to_owned(),
        omschrijving_nl: "Bestaat niet.".to_owned(),
        omschrijving_en: "Does not exist.".to_owned(),
        vertegenwoordigt: vec![Vertegenwoordigde {
            bsn: Bsn::parse(VICTIM).expect("valid"),
            naam: "Noor de Vries".to_owned(),
            grond: Grond::Ouder,
        }],
    }
}

/// The catalogue of 4.x.
fn diensten() -> Vec<Dienst> {
    vec![Dienst {
        service_uuid: entrance::SERVICE.to_owned(),
        naam: "Mitz & co".to_owned(),
        level: Loa::Midden,
    }]
}

async fn party(rig: &Rig, name: &'static str, host_name: &str, clock: &Clock) -> Arc<App> {
    let given = Given {
        host: host(host_name),
        clock: clock.clone(),
        outside: rig.outside(Some(rig.client(host_name))),
        log: RefusalLog::open(&rig.directory.join("log.jsonl")).expect("a log"),
        observer: Observer::nobody(name),
    };
    let directory = rig.directory.join(name);
    let home = Home::embedded(&directory).expect("a home");
    let keys = party::keys(&home, &directory).await;
    App::new(name, home, keys, given)
}

/// The SAML key of a party: made once for all tests, as making RSA keys is slow.
fn identity_of(rig: &Rig, party: &'static str, host_name: &str) -> Identity {
    static MADE: Mutex<BTreeMap<&str, Identity>> = Mutex::new(BTreeMap::new());
    let mut keys = MADE.lock().expect("no panic before");
    let directory = rig.directory.join(party);
    let make = || saml_signing(&directory, &host(host_name), now()).expect("a key");
    keys.entry(party).or_insert_with(make).clone()
}

impl Service {
    fn new(
        rig: &Rig,
        app: Arc<App>,
        host_name: &str,
        port: u16,
        min_level: Loa,
        metadata: MetadataSource,
    ) -> Self {
        let identity = identity_of(rig, app.party, host_name);
        let config = ServiceProviderConfig {
            entity_id: format!("https://{host_name}:{port}/saml/metadata"),
            acs_url: format!("https://{host_name}:{port}/saml/acs"),
            slo_url: Some(format!("https://{host_name}:{port}/saml/slo")),
            slo_soap_url: Some(format!("https://{host_name}:{port}/saml/slo")),
            min_level,
            metadata,
        };
        let sp = ServiceProvider::new(config, &identity).expect("a service provider");
        let metadata = sp.metadata("_metadata").expect("signed");
        Self {
            app,
            published: Arc::new(Mutex::new(metadata)),
            sp: Arc::new(sp.named("Mitz & co")),
            logged_out: Arc::new(Mutex::new(Some(Vec::new()))),
            key: signing_key(&identity, KeyInfo::Certificate).expect("a key"),
        }
    }

    fn router(&self) -> Router {
        let published = Arc::clone(&self.published);
        let read = async move || published.lock().expect("no panic before").clone();
        Router::new()
            .route("/saml/metadata", get(read))
            .merge(logout::hears(self))
    }

    fn metadata(&self) -> SpMetadata {
        let metadata = self.sp.metadata("_metadata").expect("signed");
        SpMetadata::parse(metadata.as_bytes()).expect("metadata")
    }

    async fn login(&self, clock: &Clock) -> Login {
        let login = self.sp.login(&self.app, REQUEST, TRACE, clock.now()).await;
        login.expect("a way to DigiD")
    }

    async fn redirect(&self, clock: &Clock) -> String {
        match self.login(clock).await {
            Login::Redirect(url) => url,
            Login::Post(_) => unreachable!("the metadata offers a redirect"),
        }
    }

    async fn resolve(&self, clock: &Clock, artifact: &str, authn_request: &str) -> Uitkomst {
        self.resolve_for([127, 0, 0, 1], clock, artifact, authn_request)
            .await
    }

    async fn resolve_for(
        &self,
        client: [u8; 4],
        clock: &Clock,
        artifact: &str,
        authn_request: &str,
    ) -> Uitkomst {
        let asked = Resolve {
            artifact,
            authn_request,
            requested_at: now().minus_s(60),
            client: client.into(),
            now: clock.now(),
        };
        self.sp.resolve(&self.app, trace(), &asked).await
    }

    /// A question of ours for the artifact, made by hand.
    fn question(&self, network: &Network, artifact: &str) -> String {
        let question = ArtifactResolve {
            id: "_by_hand".to_owned(),
            issue_instant: network.clock.now(),
            issuer: self.metadata().entity_id,
            artifact: Artifact::parse(artifact).expect("an artifact"),
        };
        let url = network.door.url(DIGID_BACK, RESOLVE);
        question.to_soap(&url, &self.key).expect("signed")
    }

    async fn post(&self, network: &Network, soap: &str) -> Answer {
        let url = network.door.url(DIGID_BACK, RESOLVE);
        post_soap(&self.app.outside, &url, soap)
            .await
            .expect("an answer")
    }
}

async fn post_soap(outside: &Outside, url: &str, soap: &str) -> Result<Answer, OutsideError> {
    let bytes = soap.as_bytes().to_vec();
    outside
        .post_bytes(url, "text/xml", bytes, Headers::none())
        .await
}

fn trace() -> TraceId {
    TraceId::parse(TRACE).expect("a trace id")
}

/// A browser: it keeps cookies and follows nothing by itself.
struct Browser {
    outside: Outside,
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn headers(&self) -> Headers {
        let cookies = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies: Vec<_> = cookies.collect();
        Headers::none().with(COOKIE, &cookies.join("; "))
    }

    async fn get(&mut self, url: &str) -> Answer {
        let answer = self.outside.get(url, self.headers()).await;
        self.keep(answer.expect("an answer"))
    }

    async fn post(&mut self, url: &str, fields: &[(&str, &str)], headers: Headers) -> Answer {
        let answer = self.outside.post_form(url, fields, headers).await;
        self.keep(answer.expect("an answer"))
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        for line in answer.headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("text");
            let pair = line.split(';').next().expect("a cookie");
            let (name, value) = pair.split_once('=').expect("a cookie");
            self.cookies.retain(|(kept, _)| kept != name);
            if !line.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    /// The page to which a request leads, with its path.
    async fn page(&mut self, door: &Open, url: &str) -> (String, Answer) {
        let answer = self.get(url).await;
        assert_eq!(answer.status, 303, "{}", text(&answer));
        let path = location(&answer);
        let page = self.get(&door.url(DIGID, &path)).await;
        assert_eq!(page.status, 200);
        (path, page)
    }

    /// Sends the page's form.
    async fn choose(&mut self, door: &Open, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let token = form_token(page);
        let fields = [&[("formulier", &*token)], fields].concat();
        let headers = self.headers().with(ORIGIN, &door.url(DIGID, ""));
        self.post(&door.url(DIGID, "/inloggen"), &fields, headers)
            .await
    }
}

fn form_token(page: &Answer) -> String {
    let html = text(page);
    let (_, rest) = html
        .split_once("name=\"formulier\" value=\"")
        .expect("a form");
    rest.split_once('"').expect("a value").0.to_owned()
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("text")
}

fn location(answer: &Answer) -> String {
    let location = answer.headers.get(LOCATION).expect("a location");
    location.to_str().expect("text").to_owned()
}

fn artifact_in(url: &str) -> String {
    let (_, query) = url.split_once('?').expect("a query");
    let read = protocol::wire::Parameters::parse(query.as_bytes()).expect("parameters");
    read.get("SAMLart").expect("an artifact").to_owned()
}

/// The requirement by which nobody was logged in.
fn refused(uitkomst: Uitkomst) -> &'static str {
    match uitkomst {
        Uitkomst::NietIngelogd { requirement, .. } => requirement,
        other => unreachable!("expected nobody to be logged in, not {other:?}"),
    }
}

fn assert_logged_in(uitkomst: &Uitkomst, expected: Loa) {
    let Uitkomst::Ingelogd { bsn, level, .. } = uitkomst else {
        unreachable!("expected somebody to be logged in, not {uitkomst:?}");
    };
    assert_eq!((bsn.reveal(), *level), (BSN, expected));
}

// ---- the request ----

#[tokio::test]
async fn digid_case_001_a_login_begins_with_a_signed_request_for_a_fresh_login() {
    let network = Network::new().await;
    let url = network.mitz.redirect(&network.clock).await;
    let sso = network.door.url(DIGID, SSO);
    let query = url
        .strip_prefix(&format!("{sso}?"))
        .expect("DigiD's address");
    assert!(
        query.contains("SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256")
    );
    let service_providers = [network.mitz.metadata()];
    let at = IdentityProvider {
        url: &sso,
        service_providers: &service_providers,
    };
    let received = receive_redirect(query, at, now()).expect("a good request");
    assert_eq!(received.relay_state.as_deref(), Some(TRACE));
    assert_eq!(received.consumer_url, network.door.url(MITZ, "/saml/acs"));
    assert!(received.request.force_authn);
    let level = received.request.level;
    assert_eq!(
        (level.comparison, level.loa),
        (Comparison::Minimum, Loa::Midden)
    );
}

#[tokio::test]
async fn digid_case_002_a_posted_request_gets_the_login_page() {
    let network = Network::new().await;
    let app = Arc::clone(&network.mitz.app);
    let sso = network.door.url(DIGID, SSO);
    // A DigiD that offers POST only (amendment to digid case 1).
    let post_only = IdpMetadata {
        entity_id: "https://digid.test".to_owned(),
        sso_redirect: None,
        sso_post: Some(sso.clone()),
        slo_redirect: None,
        slo_post: None,
        artifact_resolution: vec![ArtifactResolutionService {
            index: 0,
            url: network.door.url(DIGID_BACK, RESOLVE),
        }],
        signing: vec![network.mitz.key.certificate().clone()],
    };
    let document = post_only
        .to_xml("_metadata", &network.mitz.key)
        .expect("signed");
    let document = MetadataSource::Document(document.into_bytes());
    let mitz = Service::new(
        &network.rig,
        app,
        MITZ,
        network.door.port,
        Loa::Midden,
        document,
    );
    let Login::Post(form) = mitz.login(&network.clock).await else {
        unreachable!("the metadata offers POST only");
    };
    assert_eq!(form.action, sso);
    let relay_state = form.relay_state.expect("a relay state");
    let mut browser = network.browser();
    let fields = [
        ("SAMLRequest", &*form.saml_request),
        ("RelayState", &*relay_state),
    ];
    let answer = browser.post(&sso, &fields, Headers::none()).await;
    assert_eq!(answer.status, 303, "{}", text(&answer));
    let page = browser
        .get(&network.door.url(DIGID, &location(&answer)))
        .await;
    assert_eq!(page.status, 200);
    assert!(text(&page).contains("Anna de Vries"));
}

#[tokio::test]
async fn digid_case_003_a_redirected_request_gets_the_login_page() {
    let network = Network::new().await;
    let mut browser = network.browser();
    let (path, page) = network.page(&mut browser).await;
    let html = text(&page);
    assert!(
        html.contains("Mitz &#38; co") || html.contains("Mitz &amp; co"),
        "{html}"
    );
    let chosen = html
        .split("<option ")
        .find(|option| option.contains("selected"));
    assert!(chosen.expect("a level").contains("Midden"));
    let policy = page.headers[CONTENT_SECURITY_POLICY]
        .to_str()
        .expect("text");
    for origin in [
        network.door.url(MITZ, ""),
        network.door.url("pgo.localhost", ""),
    ] {
        assert!(policy.contains(&origin), "{policy}");
    }
    let again = browser.get(&network.door.url(DIGID, &path)).await;
    assert_eq!(again.status, 200, "the page can be loaded again");
    let stranger = network.browser().get(&network.door.url(DIGID, &path)).await;
    assert_eq!(stranger.status, 404, "in this browser only");
}

#[tokio::test]
async fn digid_case_004_a_request_with_an_altered_signature_gets_404_and_no_artifact() {
    let network = Network::new().await;
    let url = network.mitz.redirect(&network.clock).await;
    let (_, state) = url.split_once("RelayState=").expect("a relay state");
    let state = state.split('&').next().expect("a value");
    for altered in [
        url.replace(state, "57510be1-73e6-4a75-9db8-ee005cced48f"),
        url.split("&Signature=").next().expect("a query").to_owned(),
        network.door.url(DIGID, SSO),
    ] {
        let answer = network.browser().get(&altered).await;
        assert_eq!(answer.status, 404, "{altered}");
        assert!(answer.headers.get(LOCATION).is_none());
        assert!(answer.headers.get(SET_COOKIE).is_none());
    }
}

#[tokio::test]
async fn digid_case_005_a_request_of_an_unknown_service_gets_404() {
    let network = Network::new().await;
    let app = party(
        &network.rig,
        "stranger",
        "stranger.localhost",
        &network.clock,
    )
    .await;
    let metadata = MetadataSource::Url(network.door.url(DIGID, "/saml/idp/metadata"));
    let (port, level) = (network.door.port, Loa::Midden);
    let stranger = Service::new(
        &network.rig,
        app,
        "stranger.localhost",
        port,
        level,
        metadata,
    );
    let url = stranger.redirect(&network.clock).await;
    let answer = network.browser().get(&url).await;
    assert_eq!(answer.status, 404);
    assert!(answer.headers.get(LOCATION).is_none());
}

#[tokio::test]
async fn digid_case_006_a_request_of_another_time_is_denied_by_artifact() {
    let network = Network::new().await;
    for shift_s in [-180, 180] {
        let slow = Clock::system();
        slow.shift(shift_s);
        let url = network.mitz.redirect(&slow).await;
        let answer = network.browser().get(&url).await;
        assert_eq!(answer.status, 303);
        let url = location(&answer);
        assert!(
            url.starts_with(&network.door.url(MITZ, "/saml/acs?SAMLart=")),
            "{url}"
        );
        assert!(url.ends_with(&format!("&RelayState={TRACE}")), "{url}");
        assert_eq!(refused(network.resolved(&url).await), "digid case 6");
    }
}

/// Posts a request made by hand, with something in its start tag and some class.
async fn posted_by_hand(network: &Network, attributes: &str, class: &str) -> Answer {
    let sso = network.door.url(DIGID, SSO);
    let issuer = network.mitz.metadata().entity_id;
    let instant = jiff::Timestamp::from_second(now().unix()).expect("a moment");
    let xml = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{REQUEST}\" Version=\"2.0\" \
         IssueInstant=\"{instant}\" Destination=\"{sso}\" {attributes}>\
         <saml:Issuer>{issuer}</saml:Issuer><samlp:RequestedAuthnContext Comparison=\"minimum\">\
         <saml:AuthnContextClassRef>{class}</saml:AuthnContextClassRef>\
         </samlp:RequestedAuthnContext></samlp:AuthnRequest>"
    );
    let signed = signature::sign(&xml, &network.mitz.key).expect("signed");
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, signed);
    let fields = [("SAMLRequest", &*encoded)];
    network.browser().post(&sso, &fields, Headers::none()).await
}

#[tokio::test]
async fn digid_case_007_index_and_url_at_once_are_denied_by_artifact() {
    let network = Network::new().await;
    let class = Loa::Midden.class_ref();
    let index = "AssertionConsumerServiceIndex=\"0\"";
    let acs = network.door.url(MITZ, "/saml/acs");
    let both = format!("{index} AssertionConsumerServiceURL=\"{acs}\"");
    let answer = posted_by_hand(&network, &both, class).await;
    assert_eq!(
        refused(network.resolved(&location(&answer)).await),
        "digid case 6"
    );
    let fine = posted_by_hand(&network, index, class).await;
    assert!(location(&fine).starts_with("/inloggen?login="));
}

#[tokio::test]
async fn digid_case_008_an_unknown_level_is_denied_by_artifact() {
    let network = Network::new().await;
    let unknown = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
    let answer = posted_by_hand(&network, "", unknown).await;
    assert_eq!(
        refused(network.resolved(&location(&answer)).await),
        "digid case 6"
    );
}

// ---- the page ----

#[tokio::test]
async fn digid_case_009_the_browser_goes_back_with_an_artifact_and_unchanged_relay_state() {
    let network = Network::new().await;
    let url = network.logged_in("Midden").await;
    assert!(
        url.starts_with(&network.door.url(MITZ, "/saml/acs?SAMLart=")),
        "{url}"
    );
    assert!(url.ends_with(&format!("&RelayState={TRACE}")), "{url}");
}

#[tokio::test]
async fn a_form_counts_once_and_only_in_the_browser_that_got_it() {
    let network = Network::new().await;
    let mut browser = network.browser();
    let (_, page) = network.page(&mut browser).await;
    let form = network.door.url(DIGID, "/inloggen");
    let token = form_token(&page);
    let good = [("formulier", &*token), ("keuze", "annuleren")];

    let stranger = network.browser().post(&form, &good, Headers::none()).await;
    assert_eq!(stranger.status, 400, "without the cookie");
    let elsewhere = browser.headers().with(ORIGIN, "https://evil.localhost");
    assert_eq!(browser.post(&form, &good, elsewhere).await.status, 400);
    let forged = format!("{}x", &token[..token.len() - 1]);
    let headers = browser.headers();
    let forged = [("formulier", &*forged), ("keuze", "annuleren")];
    assert_eq!(browser.post(&form, &forged, headers).await.status, 400);

    let kept = browser.headers();
    let first = browser
        .choose(&network.door, &page, &[("keuze", "annuleren")])
        .await;
    assert_eq!(first.status, 303);
    let second = browser.post(&form, &good, kept).await;
    assert_eq!(second.status, 400, "a second time");
    assert!(second.headers.get(LOCATION).is_none());
}

#[tokio::test]
async fn only_a_person_of_the_list_at_a_level_of_digid_can_log_in() {
    let network = Network::new().await;
    let mut browser = network.browser();
    let (_, page) = network.page(&mut browser).await;
    for fields in [
        [("keuze", "inloggen"), ("bsn", VICTIM), ("niveau", "midden")],
        [("keuze", "inloggen"), ("bsn", BSN), ("niveau", "hoogst")],
        [("keuze", "anders"), ("bsn", BSN), ("niveau", "midden")],
    ] {
        let answer = browser.choose(&network.door, &page, &fields).await;
        assert_eq!(answer.status, 400);
    }
    let answer = browser
        .choose(&network.door, &page, &log_in("midden"))
        .await;
    assert_eq!(answer.status, 303, "the login is not used up by that");
}

#[tokio::test]
async fn who_does_not_ask_for_single_sign_on_logs_in_every_time() {
    let network = Network::new().await;
    let mut browser = network.browser();
    for _ in 0..2 {
        let (_, page) = network.page(&mut browser).await;
        let answer = browser
            .choose(&network.door, &page, &log_in("midden"))
            .await;
        assert_logged_in(&network.resolved(&location(&answer)).await, Loa::Midden);
    }
}

#[tokio::test]
async fn a_login_that_takes_too_long_is_over() {
    let network = Network::new().await;
    let mut browser = network.browser();
    let (path, page) = network.page(&mut browser).await;
    network.clock.shift(901);
    let answer = browser
        .choose(&network.door, &page, &log_in("midden"))
        .await;
    assert_eq!(answer.status, 400);
    let answer = browser.get(&network.door.url(DIGID, &path)).await;
    assert_eq!(answer.status, 404);
}

// ---- the artifact ----

#[tokio::test]
async fn digid_case_011_the_service_resolves_the_artifact_over_mutual_tls() {
    let network = Network::new().await;
    let url = network.logged_in("Midden").await;
    assert_logged_in(&network.resolved(&url).await, Loa::Midden);

    let artifact = artifact_in(&network.logged_in("Midden").await);
    let soap = network.mitz.question(&network, &artifact);
    let answer = network.mitz.post(&network, &soap).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.media_type().as_deref(), Some("text/xml"));
    let soap = text(&answer);
    assert!(soap.contains("http://schemas.xmlsoap.org/soap/envelope/"));
    assert!(soap.contains(&format!(">s00000000:{BSN}<")));
    assert!(soap.contains("MobileTwoFactorContract"));
    assert!(soap.contains("Address=\"127.0.0.1\""));
}

#[tokio::test]
async fn digid_case_011_a_broker_may_want_another_media_type() {
    let network = Network::new().await;
    let app = Arc::clone(&network.mitz.app);
    let metadata = MetadataSource::Url(network.door.url(DIGID, "/saml/idp/metadata"));
    let (port, level) = (network.door.port, Loa::Midden);
    let mut mitz = Service::new(&network.rig, app, MITZ, port, level, metadata);
    let sp = Arc::into_inner(mitz.sp).expect("nobody else has it");
    mitz.sp = Arc::new(sp.sending(SoapMediaType::SoapXml));
    let artifact = artifact_in(&network.logged_in("Midden").await);
    let uitkomst = mitz.resolve(&network.clock, &artifact, REQUEST).await;
    assert_logged_in(&uitkomst, Loa::Midden);
}

#[tokio::test]
async fn digid_case_034_another_address_is_told_and_not_refused() {
    let network = Network::new().await;
    let (mitz, clock) = (&network.mitz, &network.clock);
    let own = artifact_in(&network.logged_in("Midden").await);
    let other = artifact_in(&network.logged_in("Midden").await);
    let log = network.rig.directory.join("log.jsonl");
    let told = || {
        std::fs::read_to_string(&log)
            .expect("a log")
            .contains("digid case 34")
    };
    let uitkomst = mitz.resolve_for([127, 0, 0, 1], clock, &own, REQUEST).await;
    assert_logged_in(&uitkomst, Loa::Midden);
    assert!(!told());
    let uitkomst = mitz
        .resolve_for([192, 0, 2, 7], clock, &other, REQUEST)
        .await;
    assert_logged_in(&uitkomst, Loa::Midden);
    assert!(told());
}

#[tokio::test]
async fn digid_case_012_an_artifact_is_resolved_once() {
    let network = Network::new().await;
    let url = network.logged_in("Midden").await;
    assert_logged_in(&network.resolved(&url).await, Loa::Midden);
    assert_eq!(refused(network.resolved(&url).await), "digid case 12");
}

#[tokio::test]
async fn digid_case_012_of_many_at_once_one_gets_the_answer() {
    let network = Network::new().await;
    let artifact = artifact_in(&network.logged_in("Midden").await);
    let soap = network.mitz.question(&network, &artifact);
    let url = network.door.url(DIGID_BACK, RESOLVE);
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (outside, url) = (network.mitz.app.outside.clone(), url.clone());
        let soap = soap.clone();
        racing.spawn(async move { post_soap(&outside, &url, &soap).await.expect("an answer") });
    }
    let answers = racing.join_all().await;
    let with_person = answers.iter().filter(|answer| text(answer).contains(BSN));
    assert_eq!(with_person.count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn digid_case_013_another_service_cannot_resolve_it_and_does_not_use_it_up() {
    let network = Network::new().await;
    let url = network.logged_in("Midden").await;
    let artifact = artifact_in(&url);
    let stolen = network
        .other
        .resolve(&network.clock, &artifact, REQUEST)
        .await;
    assert_eq!(refused(stolen), "digid case 12");
    assert_logged_in(&network.resolved(&url).await, Loa::Midden);
}

#[tokio::test]
async fn digid_case_014_an_artifact_that_is_too_old_brings_success_without_a_response() {
    let network = Network::new().await;
    let url = network.logged_in("Midden").await;
    network.clock.shift(900);
    assert_eq!(refused(network.resolved(&url).await), "digid case 14");
    assert_eq!(refused(network.resolved(&url).await), "digid case 12");
    let url = network.logged_in("Midden").await;
    network.clock.shift(1_800);
    assert_eq!(refused(network.resolved(&url).await), "digid case 12");
}

#[tokio::test]
async fn digid_case_015_an_unsigned_or_altered_question_gets_404_and_uses_nothing_up() {
    let network = Network::new().await;
    let url = network.logged_in("Midden").await;
    let artifact = artifact_in(&url);
    let soap = network.mitz.question(&network, &artifact);
    let unsigned = without(&soap, "<ds:Signature ", "</ds:Signature>");
    let altered = soap.replace("_by_hand", "_by_foot");
    let stranger = soap.replace("https://mitz.", "https://mits.");
    for bad in [&*unsigned, &altered, &stranger, "<a/>", ""] {
        let answer = network.mitz.post(&network, bad).await;
        assert_eq!(answer.status, 404, "{bad}");
    }
    assert_logged_in(&network.resolved(&url).await, Loa::Midden);
}

#[tokio::test]
async fn digid_case_016_without_a_client_certificate_there_is_no_connection() {
    let network = Network::new().await;
    let artifact = artifact_in(&network.logged_in("Midden").await);
    let soap = network.mitz.question(&network, &artifact);
    let url = network.door.url(DIGID_BACK, RESOLVE);
    let refused = post_soap(&network.rig.outside(None), &url, &soap).await;
    let error = refused.expect_err("refused");
    assert!(
        matches!(error, OutsideError::Tls(_) | OutsideError::Broken(_)),
        "{error:?}"
    );
    let answer = network.mitz.post(&network, &soap).await;
    assert!(text(&answer).contains(BSN), "nothing was used up");
}

#[tokio::test]
async fn digid_case_017_cancelling_is_an_outcome_of_its_own() {
    let network = Network::new().await;
    let url = network.chosen(&[("keuze", "annuleren")]).await;
    assert_eq!(network.resolved(&url).await, Uitkomst::Geannuleerd);
    let url = network.chosen(&[("keuze", "mislukken")]).await;
    let failed = network.resolved(&url).await;
    assert!(
        matches!(failed, Uitkomst::NietIngelogd { .. }),
        "{failed:?}"
    );
}

#[tokio::test]
async fn digid_case_018_a_level_below_what_was_asked_logs_nobody_in() {
    let network = Network::asking(Loa::Substantieel).await;
    let url = network.logged_in("Midden").await;
    assert_eq!(refused(network.resolved(&url).await), "digid case 18");
    let url = network.logged_in("Substantieel").await;
    assert_logged_in(&network.resolved(&url).await, Loa::Substantieel);
}

#[tokio::test]
async fn digid_case_019_a_level_above_what_was_asked_will_do() {
    let network = Network::new().await;
    let url = network.logged_in("Hoog").await;
    assert_logged_in(&network.resolved(&url).await, Loa::Hoog);
}

#[tokio::test]
async fn digid_case_021_a_service_without_substantieel_hears_midden() {
    let network = Network::new().await;
    network.digid("digid-2", false).await;
    let url = network.logged_in("Substantieel").await;
    assert_logged_in(&network.resolved(&url).await, Loa::Midden);
}

#[tokio::test]
async fn digid_case_026_an_answer_to_another_request_logs_nobody_in() {
    let network = Network::new().await;
    let artifact = artifact_in(&network.logged_in("Midden").await);
    let uitkomst = network
        .mitz
        .resolve(&network.clock, &artifact, "_unknown")
        .await;
    assert_eq!(refused(uitkomst), "digid case 26");
}

#[tokio::test]
async fn digid_case_059_log_and_store_hold_no_bsn_and_no_artifact() {
    let network = Network::new().await;
    let used = network.logged_in("Midden").await;
    assert_logged_in(&network.resolved(&used).await, Loa::Midden);
    assert_eq!(refused(network.resolved(&used).await), "digid case 12");
    let waiting = network.logged_in("Midden").await;
    let artifacts = [used, waiting].map(|url| artifact_in(&url));
    let log = std::fs::read_to_string(network.rig.directory.join("log.jsonl")).expect("a log");
    assert!(
        log.contains("digid case 12") && log.contains(TRACE),
        "{log}"
    );
    let mut files = 1;
    for entry in std::fs::read_dir(network.rig.directory.join("digid")).expect("a store") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = std::fs::read(path).expect("readable");
            assert_holds_none(&bytes, &artifacts);
            files += 1;
        }
    }
    assert!(files > 2, "the store was looked at");
    assert_holds_none(log.as_bytes(), &artifacts);
}

fn assert_holds_none(bytes: &[u8], artifacts: &[String]) {
    for secret in artifacts.iter().map(String::as_str).chain([BSN]) {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "a secret is readable");
    }
}

// ---- metadata ----

#[tokio::test]
async fn an_answer_signed_with_a_new_key_is_believed_once_the_metadata_says_so() {
    let mut network = Network::new().await;
    let url = network.logged_in("Midden").await;
    assert_logged_in(&network.resolved(&url).await, Loa::Midden);
    network.digid("digid-2", true).await;
    // No connection to the simulator that was there before.
    network.mitz.app = party(&network.rig, "mitz-2", MITZ, &network.clock).await;
    let url = network.logged_in("Midden").await;
    let early = network.resolved(&url).await;
    assert_eq!(
        refused(early),
        "digid case 11",
        "nobody asks again within ten seconds"
    );
    network.clock.shift(10);
    let url = network.logged_in("Midden").await;
    assert_logged_in(&network.resolved(&url).await, Loa::Midden);
}

#[tokio::test]
async fn a_request_signed_with_a_new_key_is_believed_once_the_metadata_says_so() {
    let network = Network::new().await;
    network.logged_in("Midden").await;
    let app = party(&network.rig, "mitz-2", MITZ, &network.clock).await;
    let metadata = MetadataSource::Url(network.door.url(DIGID, "/saml/idp/metadata"));
    let (port, level) = (network.door.port, Loa::Midden);
    let mitz = Service::new(&network.rig, app, MITZ, port, level, metadata);
    network.clock.shift(10);
    let url = mitz.redirect(&network.clock).await;
    assert_eq!(
        network.browser().get(&url).await.status,
        404,
        "not published"
    );
    let new = mitz.published.lock().expect("no panic before").clone();
    *network.mitz.published.lock().expect("no panic before") = new;
    assert_eq!(
        network.browser().get(&url).await.status,
        404,
        "asked a moment ago"
    );
    network.clock.shift(10);
    assert_eq!(network.browser().get(&url).await.status, 303);
}

#[tokio::test]
async fn without_metadata_there_is_no_login_and_with_it_the_next_one_works() {
    let network = Network::new().await;
    let there = network.door.sites.load_full();
    network
        .door
        .sites
        .store(Arc::new(Sites::open([]).expect("no sites")));
    let (app, now) = (&network.mitz.app, network.clock.now());
    assert!(
        network
            .mitz
            .sp
            .login(app, REQUEST, TRACE, now)
            .await
            .is_err()
    );
    let artifact = Artifact::new("https://x", 0, [7; 20]).reveal();
    let uitkomst = network
        .mitz
        .resolve(&network.clock, &artifact, REQUEST)
        .await;
    assert_eq!(uitkomst, Uitkomst::Onbereikbaar);
    network.door.sites.store(there);
    network.clock.shift(1);
    let url = network.logged_in("Midden").await;
    assert_logged_in(&network.resolved(&url).await, Loa::Midden);
}

#[tokio::test]
async fn the_simulators_metadata_is_signed_and_names_its_two_hosts() {
    let network = Network::new().await;
    let answer = network
        .browser()
        .get(&network.door.url(DIGID, "/saml/idp/metadata"))
        .await;
    let metadata = IdpMetadata::parse(&answer.body).expect("metadata");
    let signed = IdpMetadata::parse_signed(&answer.body, &metadata.keys());
    assert_eq!(signed.as_ref(), Ok(&metadata));
    assert_eq!(
        answer.media_type().as_deref(),
        Some("application/samlmetadata+xml")
    );
    let resolution = network.door.url(DIGID_BACK, RESOLVE);
    assert_eq!(metadata.artifact_resolution_at(0), Some(&*resolution));
    assert_eq!(metadata.sso_redirect, Some(network.door.url(DIGID, SSO)));
    assert_eq!(
        metadata.entity_id,
        network.door.url(DIGID, "/saml/idp/metadata")
    );
}

// ---- answers that are not what they should be ----

/// What a crooked DigiD makes of the good answer.
type Twist = fn(ArtifactResponse, &SigningKey) -> (StatusCode, String);

/// A DigiD that answers every question with a twist.
struct Crooked {
    twist: Twist,
    key: SigningKey,
    url: String,
    sp: SpMetadata,
}

async fn crooked_answer(State(idp): State<Arc<Crooked>>, soap: Bytes) -> Response {
    let service_providers = std::slice::from_ref(&idp.sp);
    let at = IdentityProvider {
        url: &idp.url,
        service_providers,
    };
    let asked = artifact_resolve::receive(&soap, at, now()).expect("a good question");
    let consumer = idp.sp.default_consumer().expect("a consumer").to_owned();
    let person = Bsn::parse(BSN).expect("valid");
    let assertion = Assertion {
        id: "_assertion".to_owned(),
        issue_instant: now(),
        subject: Subject::NameId(NameId::bsn(&person)),
        audience: asked.issuer,
        recipient: consumer.clone(),
        in_response_to: REQUEST.to_owned(),
        not_before: now().minus_s(VALIDITY_S),
        not_on_or_after: now().plus_s(VALIDITY_S),
        authn_instant: now(),
        session_index: "session".to_owned(),
        subject_address: "127.0.0.1".to_owned(),
        loa: Loa::Midden,
    };
    let response = Answered {
        id: "_response".to_owned(),
        issue_instant: now(),
        in_response_to: REQUEST.to_owned(),
        destination: consumer,
        outcome: Outcome::Success(Box::new(assertion)),
    };
    let answer = ArtifactResponse {
        id: "_answer".to_owned(),
        issue_instant: now(),
        issuer: "https://crooked.test".to_owned(),
        in_response_to: asked.id,
        content: Content::Response(Box::new(response)),
    };
    let (status, soap) = (idp.twist)(answer, &idp.key);
    (status, [(CONTENT_TYPE, "text/xml")], soap).into_response()
}

/// What our service provider makes of an answer with this twist.
async fn with_twist(twist: Twist) -> Uitkomst {
    let rig = Rig::new();
    let door = open([], House::default()).await;
    let clock = Clock::system();
    let url = door.url(DIGID_BACK, RESOLVE);
    let key = signing_key(&identity_of(&rig, "digid", DIGID), KeyInfo::KeyName).expect("a key");
    let metadata = IdpMetadata {
        entity_id: "https://crooked.test".to_owned(),
        sso_redirect: Some(door.url(DIGID, SSO)),
        sso_post: None,
        slo_redirect: None,
        slo_post: None,
        artifact_resolution: vec![ArtifactResolutionService {
            index: 0,
            url: url.clone(),
        }],
        signing: vec![key.certificate().clone()],
    };
    let document = metadata.to_xml("_metadata", &key).expect("signed");
    let document = MetadataSource::Document(document.into_bytes());
    let app = party(&rig, "mitz", MITZ, &clock).await;
    let mitz = Service::new(&rig, app, MITZ, door.port, Loa::Midden, document);
    let idp = Crooked {
        twist,
        key,
        url,
        sp: mitz.metadata(),
    };
    let router = Router::new()
        .route(RESOLVE, post(crooked_answer))
        .with_state(Arc::new(idp));
    let site = Site {
        clients: ClientCertificates::Required(Trust::from(vec![rig.root()])),
        ..rig.site(DIGID_BACK, router)
    };
    door.sites
        .store(Arc::new(Sites::open([site]).expect("good sites")));
    let handle = chance::entropy().bytes("test");
    let artifact = Artifact::new("https://crooked.test", 0, handle).reveal();
    mitz.resolve(&clock, &artifact, REQUEST).await
}

fn good(answer: &ArtifactResponse, key: &SigningKey) -> String {
    answer.to_soap(key).expect("signed")
}

/// The answer with something else in its assertion, signed as it should be.
fn with(
    mut answer: ArtifactResponse,
    key: &SigningKey,
    change: impl FnOnce(&mut Assertion),
) -> (StatusCode, String) {
    if let Content::Response(response) = &mut answer.content
        && let Outcome::Success(assertion) = &mut response.outcome
    {
        change(assertion);
    }
    (StatusCode::OK, good(&answer, key))
}

/// The answer after its text was changed, its outer signature made anew.
fn signed_anew(soap: &str, key: &SigningKey) -> (StatusCode, String) {
    let (start, end) = ("<samlp:ArtifactResponse ", "</samlp:ArtifactResponse>");
    let message = part(soap, start, end);
    let unsigned = without(message, "<ds:Signature ", "</ds:Signature>");
    let signed = signature::sign(&unsigned, key).expect("signed");
    (StatusCode::OK, soap.replace(message, &signed))
}

fn part<'x>(xml: &'x str, start: &str, end: &str) -> &'x str {
    let from = xml.find(start).expect("a start");
    let to = from + xml[from..].find(end).expect("an end") + end.len();
    &xml[from..to]
}

fn without(xml: &str, start: &str, end: &str) -> String {
    xml.replacen(part(xml, start, end), "", 1)
}

fn assertion_of(soap: &str) -> &str {
    part(soap, "<saml:Assertion ", "</saml:Assertion>")
}

#[tokio::test]
async fn an_answer_without_a_twist_logs_somebody_in() {
    let uitkomst = with_twist(|answer, key| (StatusCode::OK, good(&answer, key))).await;
    assert_logged_in(&uitkomst, Loa::Midden);
}

#[tokio::test]
async fn digid_case_023_a_number_of_another_sector_is_refused() {
    let uitkomst = with_twist(|answer, key| {
        with(answer, key, |a| {
            a.subject = Subject::NameId(NameId::of_sector("s00000001", "123456782"));
        })
    });
    assert_eq!(refused(uitkomst.await), "digid case 23");
}

#[tokio::test]
async fn digid_case_024_a_number_that_fails_the_11_check_is_refused() {
    let uitkomst = with_twist(|answer, key| {
        with(answer, key, |a| {
            a.subject = Subject::NameId(NameId::of_sector("s00000000", "123456789"));
        })
    });
    assert_eq!(refused(uitkomst.await), "digid case 24");
}

#[tokio::test]
async fn digid_case_025_an_assertion_for_somebody_else_is_refused() {
    let audience = with_twist(|answer, key| {
        with(answer, key, |a| a.audience = "https://else.test".to_owned())
    });
    assert_eq!(refused(audience.await), "digid case 25");
    let recipient = with_twist(|answer, key| {
        with(answer, key, |a| {
            a.recipient = "https://else.test/acs".to_owned();
        })
    });
    assert_eq!(refused(recipient.await), "digid case 25");
}

#[tokio::test]
async fn digid_case_026_an_assertion_for_another_request_is_refused() {
    let uitkomst =
        with_twist(|answer, key| with(answer, key, |a| a.in_response_to = "_another".to_owned()));
    assert_eq!(refused(uitkomst.await), "digid case 26");
}

#[tokio::test]
async fn digid_case_027_an_assertion_whose_time_is_over_is_refused() {
    let uitkomst =
        with_twist(|answer, key| with(answer, key, |a| a.not_on_or_after = now().minus_s(11)));
    assert_eq!(refused(uitkomst.await), "digid case 27");
}

#[tokio::test]
async fn digid_case_028_an_unsigned_assertion_is_refused() {
    let uitkomst = with_twist(|answer, key| {
        let soap = good(&answer, key);
        let assertion = assertion_of(&soap);
        let unsigned = without(assertion, "<ds:Signature ", "</ds:Signature>");
        signed_anew(&soap.replace(assertion, &unsigned), key)
    });
    assert_eq!(refused(uitkomst.await), "digid case 28");
}

#[tokio::test]
async fn digid_case_029_a_second_assertion_is_refused() {
    let uitkomst = with_twist(|answer, key| {
        let soap = good(&answer, key);
        let assertion = assertion_of(&soap);
        let evil = without(assertion, "<ds:Signature ", "</ds:Signature>");
        let evil = evil.replace(BSN, VICTIM).replace("_assertion", "_evil");
        signed_anew(&soap.replace(assertion, &format!("{evil}{assertion}")), key)
    });
    assert_eq!(refused(uitkomst.await), "digid case 29");
}

#[tokio::test]
async fn digid_case_030_a_comment_in_the_number_is_refused() {
    let uitkomst = with_twist(|answer, key| {
        let soap = good(&answer, key).replace(BSN, "900029<!-- -->365");
        (StatusCode::OK, soap)
    });
    assert_eq!(refused(uitkomst.await), "digid case 30");
}

#[tokio::test]
async fn digid_case_031_a_document_type_is_refused() {
    let uitkomst = with_twist(|answer, key| {
        let soap = good(&answer, key);
        let entity = "<!DOCTYPE s [<!ENTITY bsn \"900186021\">]><soapenv:Envelope";
        (
            StatusCode::OK,
            soap.replacen("<soapenv:Envelope", entity, 1),
        )
    });
    assert_eq!(refused(uitkomst.await), "digid case 31");
}

#[tokio::test]
async fn digid_case_032_sha_1_is_refused() {
    let uitkomst = with_twist(|answer, key| {
        let sha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
        let sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
        (StatusCode::OK, good(&answer, key).replace(sha256, sha1))
    });
    assert_eq!(refused(uitkomst.await), "digid case 32");
}

#[tokio::test]
async fn a_digid_in_trouble_is_unreachable_and_one_that_knows_us_not_refuses() {
    let trouble = with_twist(|_, _| (StatusCode::BAD_GATEWAY, String::new()));
    assert_eq!(trouble.await, Uitkomst::Onbereikbaar);
    let unknown = with_twist(|_, _| (StatusCode::NOT_FOUND, String::new()));
    assert_eq!(refused(unknown.await), "digid case 15");
}
