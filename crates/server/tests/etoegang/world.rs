//! A network of HM, AD, MR and DV; an app of a DV that is this program; and a person with a browser.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use etoegang::authenticatiedienst::middel::Middel;
use etoegang::authenticatiedienst::sessie::{self, Sessie};
use etoegang::dv_hm::family::{Family, REFRESH_TOKEN, Secret};
use etoegang::machtiging::Machtiging;
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, PRAGMA, RETRY_AFTER, SET_COOKIE,
};
use http::{HeaderMap, HeaderName, Method};
use jose::aead::Key32;
use protocol::pkce::Challenge;
use protocol::wire::{Parameters, with_query};
use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};
use server::chance;
use server::etoegangbeheer::geheim_van_de_demo;
use server::input::Input;
use server::network::{self, Config, Party, Running, Trouble, Wrong};
use server::outside::{Answer, Headers, Outside, OutsideConfig};
use store::{AuditRow, Commit, Store as _};
use tokio::time::{sleep, timeout};
use verdict::{CommitId, Expect, Key, Record, Stored};

pub(crate) const SAMPLE: &str = include_str!("../../../../sample/etoegang.json");
/// Whatever takes longer than this in a test never happens.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Redirects that one click may lead through.
const REDIRECTS_MAX: usize = 20;

pub(crate) const APP: &str = "gemeente-app";
pub(crate) const OTHER_APP: &str = "waterschap-app";
/// Where the app listens: nobody does, for its browser stops there.
pub(crate) const TERUG: &str = "http://127.0.0.1:53123/terug";
pub(crate) const VERIFIER: &str = "een-verifier-van-precies-lang-genoeg-0123456789";
pub(crate) const STATE: &str = "staat-van-precies-lang-genoeg";
pub(crate) const NONCE: &str = "nonce-van-precies-lang-genoeg";

pub(crate) const S1: &str = "urn:etoegang:DV:00000001234567890000:services:1";
pub(crate) const S2: &str = "urn:etoegang:DV:00000001234567890000:services:2";
pub(crate) const S3: &str = "urn:etoegang:DV:00000001234567890000:services:3";
pub(crate) const S4: &str = "urn:etoegang:DV:00000001234567890000:services:4";
pub(crate) const WATER: &str = "urn:etoegang:DV:00000001234567890001:services:1";

/// A login of the sample.
#[derive(Clone, Copy)]
pub(crate) struct Login {
    pub(crate) client_id: &'static str,
    pub(crate) dienst: &'static str,
    /// The name of a means.
    pub(crate) wie: &'static str,
    /// By which mandate; none for himself.
    pub(crate) machtiging: Option<&'static str>,
}

/// The baker for the bakery.
pub(crate) const BAKKERIJ: Login = Login {
    client_id: APP,
    dienst: S1,
    wie: "b.bakker",
    machtiging: Some("M-bakkerij-bakker"),
};
/// The bookkeeper for the fishery, over the bookkeepers.
pub(crate) const VISSERIJ: Login = Login {
    client_id: APP,
    dienst: S1,
    wie: "t.teller",
    machtiging: Some("M-visserij-boekhouders"),
};
/// Somebody for himself, with a password alone.
pub(crate) const ZELF: Login = Login {
    client_id: APP,
    dienst: S3,
    wie: "z.zelf",
    machtiging: None,
};

/// What an app got.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) scope: String,
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", error(answer));
        uncached(answer);
        let body = body(answer);
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        assert_eq!(body["token_type"], "Bearer");
        Self {
            access: text("access_token").expect("an access token"),
            refresh: text("refresh_token"),
            id: text("id_token"),
            scope: text("scope").expect("a scope"),
        }
    }

    pub(crate) fn claims(&self) -> Value {
        part(&self.access, 1)
    }

    pub(crate) fn refresh(&self) -> &str {
        self.refresh.as_deref().expect("a refresh token")
    }
}

/// A running network, gone with the test.
pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) outside: Outside,
    folder: Folder,
}

/// Where the network keeps its rows, gone when dropped.
pub(crate) struct Folder(pub(crate) PathBuf);

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// A network with the sample, changed.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Value)) -> Self {
        let name = format!("sluis-etoegang-{}", chance::entropy().uuid("test"));
        Self::start_in(Folder(std::env::temp_dir().join(name)), 0, change).await
    }

    /// The same with the rows of this folder, at this port.
    pub(crate) async fn start_in(
        folder: Folder,
        port: u16,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let parties = [
            Party::Aggregator,
            Party::Hm,
            Party::Ad,
            Party::Mr,
            Party::Dv,
            Party::Netwerk,
        ];
        Self::start_parties(folder, port, BTreeSet::from(parties), change).await
    }

    /// The same with these parties alone.
    pub(crate) async fn start_parties(
        folder: Folder,
        port: u16,
        parties: BTreeSet<Party>,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let mut sample: Value = serde_json::from_str(SAMPLE).expect("JSON");
        change(&mut sample);
        let given = folder.0.with_added_extension("input");
        std::fs::create_dir_all(&given).expect("a folder");
        std::fs::write(given.join("etoegang.json"), sample.to_string()).expect("writable");
        let input = move |port| Input::read(&given, port).map_err(|fault| fault.to_string());
        let config = Config {
            control: true,
            state: folder.0.clone(),
            port,
            input: Box::new(input),
            parties,
            elsewhere: BTreeMap::new(),
            fault: None,
        };
        let running = network::start(config).await.expect("starts");
        let world = Self::of(running, Vec::new(), folder);
        world.sown().await;
        world
    }

    /// A network that runs; its people also trust these authorities.
    pub(crate) fn of(
        running: Running,
        mut roots: Vec<CertificateDer<'static>>,
        folder: Folder,
    ) -> Self {
        roots.push(running.authority.certificate().clone());
        let outside = Outside::new(OutsideConfig::new(roots, None)).expect("usable");
        Self {
            running,
            outside,
            folder,
        }
    }

    /// Ends the network; its rows stay.
    pub(crate) async fn stop(self) -> (Folder, u16) {
        let port = self.running.hosts.port();
        self.running.stop().await.expect("an end");
        (self.folder, port)
    }

    /// The demo registers its means and mandates when it starts, which takes a moment.
    pub(crate) async fn sown(&self) {
        let there = async {
            for (party, key) in [
                (Party::Ad, Middel::key("b.bakker")),
                (Party::Ad, Middel::key("t.teller")),
                (Party::Ad, Middel::key("z.zelf")),
                (Party::Mr, Machtiging::key("M-visserij-boekhouders")),
            ] {
                while self.running.apps.contains_key(&party) && !self.has(party, &key).await {
                    sleep(Duration::from_millis(20)).await;
                }
            }
        };
        timeout(PATIENCE, there).await.expect("means and mandates");
    }

    /// A file of the input.
    pub(crate) fn given(&self, name: &str) -> PathBuf {
        self.folder.0.with_added_extension("input").join(name)
    }

    // ── Clock and trouble ───────────────────────────────────────────────────────────────────────

    /// Lets time pass for everybody.
    pub(crate) fn pass(&self, seconds: i64) {
        self.running.clock.shift(seconds);
    }

    pub(crate) fn now(&self) -> i64 {
        self.running.clock.now().unix()
    }

    pub(crate) fn disturb(&self, party: Party, trouble: Trouble) {
        let control = self.running.control.as_ref().expect("may be disturbed");
        assert!(control.troubles.set(party, Some(trouble)));
    }

    pub(crate) fn heal(&self) {
        let control = self.running.control.as_ref().expect("may be disturbed");
        control.troubles.reset();
    }

    /// Gives a party trouble as a program does, over the demo's control.
    pub(crate) async fn control(&self, party: &str, trouble: Value) {
        let url = format!("{}/control/parties/{party}", self.url("netwerk"));
        let headers = Headers::none().with(CONTENT_TYPE, "application/json");
        let body = Some(trouble.to_string().into_bytes());
        let answer = self.outside.send(Method::PUT, &url, headers, body).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{}", text(&answer));
    }

    // ── What is stored ──────────────────────────────────────────────────────────────────────────

    /// Whether a party has this row.
    pub(crate) async fn has(&self, party: Party, key: &Key) -> bool {
        let app = &self.running.apps[&party];
        let rows = app
            .home
            .get(std::slice::from_ref(key), app.clock.now())
            .await;
        rows.expect("readable").into_iter().flatten().count() == 1
    }

    /// Changes a row behind its party's back.
    pub(crate) async fn edit<T: Record>(
        &self,
        party: Party,
        key: Key,
        change: impl FnOnce(&mut T),
    ) {
        let app = &self.running.apps[&party];
        let now = app.clock.now();
        let found = app.load::<T>(key.clone(), now).await.expect("readable");
        let Stored {
            version,
            until,
            mut value,
        } = found.expect("a row");
        change(&mut value);
        let put = value.put(key, Expect::Version(version), until);
        let id = CommitId(chance::entropy().bytes("commit"));
        let commit = Commit::new(id, now, vec![app.seal.change(put)], Vec::new());
        let done = app.home.commit(commit.expect("a commit")).await;
        done.expect("as it was");
    }

    /// The row behind a refresh token at the HM.
    pub(crate) async fn family(&self, refresh_token: &str) -> Option<Family> {
        let hm = &self.running.apps[&Party::Hm];
        let handle = hm.handles.open(REFRESH_TOKEN, refresh_token);
        let key = Family::key(handle.expect("a token of the HM").id);
        let found = hm.load::<Family>(key, hm.clock.now()).await;
        found.expect("readable").map(|stored| stored.value)
    }

    /// The row of its session at the AD.
    pub(crate) async fn sessie(&self, refresh_token: &str) -> Key {
        let family = self.family(refresh_token).await.expect("a family");
        let ad_token = match family.secret {
            Secret::RefreshToken {
                ad_token,
                lease: None,
            } => Some(ad_token),
            _ => None,
        };
        let ad_token = ad_token.expect("a token of the AD, and no refresh under way");
        let ad = &self.running.apps[&Party::Ad];
        let handle = ad.handles.open(sessie::REFRESH_TOKEN, ad_token.reveal());
        Sessie::key(handle.expect("a token of the AD").id)
    }

    /// Waits until the AD has no such session: revocations go behind the requests.
    pub(crate) async fn ends_at_ad(&self, sessie: &Key) {
        let gone = async {
            while self.has(Party::Ad, sessie).await {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, gone).await.expect("the session ends");
    }

    /// A party's audit log from this number on.
    pub(crate) async fn audit_from(&self, party: Party, seq: u64) -> Vec<AuditRow> {
        let rows = self.running.apps[&party].home.audit(seq, 1_000).await;
        rows.expect("readable")
    }

    pub(crate) async fn audit_end(&self, party: Party) -> u64 {
        let rows = self.audit_from(party, 0).await;
        rows.last().map_or(0, |row| row.seq)
    }

    /// How many events of this requirement a party tells of since.
    pub(crate) async fn told(&self, party: Party, since: u64, requirement: &str) -> usize {
        let rows = self.audit_from(party, since).await;
        let of_it = |row: &&AuditRow| row.requirement == requirement;
        rows.iter().filter(of_it).count()
    }

    /// Waits until a party told so many events of this requirement since.
    pub(crate) async fn tells(&self, party: Party, since: u64, requirement: &str) {
        let told = async {
            while self.told(party, since, requirement).await == 0 {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, told).await.expect(requirement);
    }

    // ── The app ─────────────────────────────────────────────────────────────────────────────────

    pub(crate) fn url(&self, host: &str) -> String {
        self.running.hosts.url(host)
    }

    /// An endpoint of the HM, the AD or the MR.
    pub(crate) fn at(&self, host: &str, path: &str) -> String {
        format!(
            "{}{}{path}",
            self.url(host),
            self.running.input.etoegang.pad
        )
    }

    pub(crate) fn issuer(&self) -> String {
        self.at("hm", "")
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        let answer = self.outside.get(url, Headers::none()).await;
        answer.expect("an answer")
    }

    pub(crate) async fn get_with(&self, url: &str, bearer: &str) -> Answer {
        let headers = Headers::none().bearer(bearer);
        self.outside.get(url, headers).await.expect("an answer")
    }

    pub(crate) async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.outside.post_form(url, fields, Headers::none()).await;
        answer.expect("an answer")
    }

    pub(crate) async fn post_bytes(&self, url: &str, media_type: &str, body: &str) -> Answer {
        let body = body.as_bytes().to_vec();
        let sent = self
            .outside
            .post_bytes(url, media_type, body, Headers::none());
        sent.await.expect("an answer")
    }

    /// GUC9 9.1 by this app.
    pub(crate) async fn refresh(&self, client_id: &str, token: &str) -> Answer {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("refresh_token", token),
        ];
        self.post(&self.at("hm", "/token"), &fields).await
    }

    /// The refresh of an app that gets what it asks for.
    pub(crate) async fn refreshed(&self, token: &str) -> Tokens {
        Tokens::of(&self.refresh(APP, token).await)
    }

    pub(crate) async fn revoke(&self, client_id: &str, token: &str) -> Answer {
        let fields = [("client_id", client_id), ("token", token)];
        self.post(&self.at("hm", "/revoke"), &fields).await
    }

    pub(crate) async fn redeem(&self, client_id: &str, code: &str, verifier: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("code", code),
            ("redirect_uri", TERUG),
            ("code_verifier", verifier),
        ];
        self.post(&self.at("hm", "/token"), &fields).await
    }

    /// The authorization request of a login, with changes.
    pub(crate) fn authorize(&self, login: Login, changes: &[(&str, Option<&str>)]) -> String {
        let challenge = Challenge::of(VERIFIER);
        let scope = format!("openid {}", login.dienst);
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", login.client_id),
            ("redirect_uri", TERUG),
            ("scope", &scope),
            ("state", STATE),
            ("nonce", NONCE),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.extend(value.map(|value| (*name, value)));
        }
        with_query(&self.at("hm", "/authorize"), &parameters)
    }

    // ── The person ──────────────────────────────────────────────────────────────────────────────

    pub(crate) fn browser(&self) -> Browser {
        Browser::of(
            self.outside.clone(),
            self.running.input.etoegang.pad.clone(),
        )
    }

    /// Up to the page of the AD.
    pub(crate) async fn at_ad(&self, browser: &Browser, login: Login) -> Seen {
        self.at_ad_with(browser, login, &[]).await
    }

    /// The same with changes to the app's request.
    pub(crate) async fn at_ad_with(
        &self,
        browser: &Browser,
        login: Login,
        changes: &[(&str, Option<&str>)],
    ) -> Seen {
        let page = browser.open(&self.authorize(login, changes)).await;
        let ad = self.running.input.etoegang.ad.as_str();
        let voor = login.machtiging.map_or("zelf", |_| "organisatie");
        let fields = [("keuze", "verder"), ("ad", ad), ("voor", voor)];
        let page = browser.send(&page, "/kiezen", &fields).await;
        assert!(
            page.url.starts_with(&self.at("ad", "/inloggen")),
            "{}: {}",
            page.url,
            page.html()
        );
        page
    }

    /// What the person sends to prove who he is; a code of the device serves once, so time passes.
    pub(crate) fn proof(&self, wie: &str) -> Vec<(&'static str, String)> {
        self.pass(30);
        let middelen = &self.running.input.etoegang.middelen;
        let middel = middelen.iter().find(|middel| middel.naam == wie);
        let middel = middel.expect("a means");
        let now = self.running.clock.now();
        let code = middel.codesleutel.map(|key| {
            let key = Key32::new(key);
            etoegang::authenticatiedienst::bewijs::code_van(&key, now)
        });
        vec![
            ("keuze", "inloggen".to_owned()),
            ("naam", wie.to_owned()),
            ("wachtwoord", middel.wachtwoord.clone()),
            ("code", code.unwrap_or_default()),
        ]
    }

    /// Beyond the AD: the page of the MR, or back at the app.
    pub(crate) async fn proven(&self, browser: &Browser, page: &Seen, wie: &str) -> Seen {
        let proof = self.proof(wie);
        let fields: Vec<(&str, &str)> = proof.iter().map(|(n, v)| (*n, v.as_str())).collect();
        browser.send(page, "/inloggen", &fields).await
    }

    /// Up to the page of the MR.
    pub(crate) async fn at_mr(&self, browser: &Browser, login: Login) -> Seen {
        let page = self.at_ad(browser, login).await;
        let page = self.proven(browser, &page, login.wie).await;
        assert!(
            page.url.starts_with(&self.at("mr", "/machtiging")),
            "{}",
            page.url
        );
        page
    }

    /// A whole login; the URL with which the app hears of it.
    pub(crate) async fn back(&self, login: Login) -> String {
        self.back_with(login, &[]).await
    }

    /// The same with changes to the app's request.
    pub(crate) async fn back_with(&self, login: Login, changes: &[(&str, Option<&str>)]) -> String {
        let browser = self.browser();
        let page = self.at_ad_with(&browser, login, changes).await;
        let page = self.proven(&browser, &page, login.wie).await;
        let Some(machtiging) = login.machtiging.filter(|_| !page.url.starts_with(TERUG)) else {
            return page.url;
        };
        let keuze = page.mandate(machtiging);
        let fields = [("keuze", "kiezen"), ("machtiging", keuze.as_str())];
        browser.send(&page, "/machtiging", &fields).await.url
    }

    pub(crate) async fn code(&self, login: Login) -> String {
        let url = self.back(login).await;
        assert!(url.starts_with(TERUG), "{url}");
        assert_eq!(query(&url, "state").as_deref(), Some(STATE));
        assert_eq!(query(&url, "iss"), Some(self.issuer()));
        query(&url, "code").expect("a code")
    }

    pub(crate) async fn login(&self, login: Login) -> Tokens {
        let code = self.code(login).await;
        Tokens::of(&self.redeem(login.client_id, &code, VERIFIER).await)
    }

    // ── The administrator ───────────────────────────────────────────────────────────────────────

    /// What whoever holds the key of administration of a party does there.
    pub(crate) async fn beheer(
        &self,
        (party, host): (Party, &str),
        (method, path): (Method, &str),
        body: Option<Value>,
    ) -> Answer {
        let key = geheim_van_de_demo(&self.running.apps[&party]);
        self.beheer_with(&key, host, (method, path), body).await
    }

    /// The same of whoever shows this key.
    pub(crate) async fn beheer_with(
        &self,
        key: &str,
        host: &str,
        (method, path): (Method, &str),
        body: Option<Value>,
    ) -> Answer {
        let headers = Headers::none()
            .bearer(key)
            .with(CONTENT_TYPE, "application/json");
        let url = format!("{}/beheer/{path}", self.url(host));
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self.outside.send(method, &url, headers, body).await;
        answer.expect("an answer")
    }

    /// What an app is told that asks the HM to be registered, with this key.
    pub(crate) async fn apply(&self, key: &str, metadata: &Value) -> Answer {
        let headers = Headers::none()
            .bearer(key)
            .with(CONTENT_TYPE, "application/json");
        let url = self.at("hm", "/register");
        let body = Some(metadata.to_string().into_bytes());
        let answer = self.outside.send(Method::POST, &url, headers, body).await;
        answer.expect("an answer")
    }

    /// What stands of a registration, or is done to it, by its token.
    pub(crate) async fn manage(&self, method: Method, url: &str, token: &str) -> Answer {
        let headers = Headers::none().bearer(token);
        let answer = self.outside.send(method, url, headers, None).await;
        answer.expect("an answer")
    }

    pub(crate) async fn withdraw(&self, machtiging: &str) {
        let path = format!("machtigingen/{machtiging}");
        let at = (Party::Mr, "mr");
        let answer = self.beheer(at, (Method::DELETE, &path), None).await;
        assert_eq!(answer.status, 200);
        assert_eq!(body(&answer), json!({ "ingetrokken": true }));
    }

    /// Registers a mandate of the baker for the bakery that lasts so many seconds.
    pub(crate) async fn register(&self, seconds: i64) -> String {
        let network = &self.running.input.etoegang;
        let of = (network.machtigingen.iter()).find(|one| one.id == "M-bakkerij-bakker");
        let of = of.expect("a mandate");
        let holder = (network.middelen.iter()).find(|one| one.naam == "b.bakker");
        let holder = holder.expect("a means").houder.clone();
        let new = json!({
            "vertegenwoordigde": of.voor,
            "gemachtigde": etoegang::machtiging::Gemachtigde::Persoon(holder),
            "service_uuid": of.service_uuid,
            "niveau": of.niveau,
            "van": self.now() - 1,
            "tot": self.now() + seconds,
        });
        let at = (Party::Mr, "mr");
        let answer = self
            .beheer(at, (Method::POST, "machtigingen"), Some(new))
            .await;
        assert_eq!(answer.status, 201, "{}", text(&answer));
        body(&answer)["id"].as_str().expect("an id").to_owned()
    }

    /// What the issuer of a means says of it.
    pub(crate) async fn stand(&self, wie: &str, stand: &str) {
        let path = format!("middelen/{wie}");
        let change = Some(json!({ "stand": stand }));
        let at = (Party::Ad, "ad");
        let answer = self.beheer(at, (Method::PATCH, &path), change).await;
        assert_eq!(answer.status, 200);
        assert_eq!(body(&answer), json!({ "stand": stand }));
    }
}

/// A browser without scripts: it keeps cookies by host, and follows redirects up to an app.
pub(crate) struct Browser {
    outside: Outside,
    pad: String,
    jar: Mutex<HashMap<String, HashMap<String, String>>>,
}

/// Where a browser is.
pub(crate) struct Seen {
    pub(crate) url: String,
    pub(crate) answer: Answer,
}

impl Seen {
    pub(crate) fn status(&self) -> u16 {
        self.answer.status.as_u16()
    }

    /// It is a page, and says so (etoegang case 80).
    pub(crate) fn is_kept_by_nobody(&self) {
        let of = &self.answer;
        assert!(
            header(of, &CONTENT_TYPE).starts_with("text/html"),
            "{}",
            self.url
        );
        assert_eq!(header(of, &CACHE_CONTROL), "no-cache, no-store");
        assert_eq!(header(of, &PRAGMA), "no-cache");
    }

    pub(crate) fn html(&self) -> String {
        text(&self.answer)
    }

    /// The value of the choice of this mandate alone, or else of the chain that it is part of.
    pub(crate) fn mandate(&self, id: &str) -> String {
        let html = self.html();
        let choices = html.split("name=\"machtiging\" value=\"").skip(1);
        let values: Vec<&str> = choices.filter_map(|rest| rest.split('"').next()).collect();
        let alone = values.iter().find(|value| **value == id);
        let found = alone.or_else(|| {
            let mut chains = values.iter();
            chains.find(|value| value.split(' ').any(|part| part == id))
        });
        (*found.expect("a choice")).to_owned()
    }

    /// What binds the page's forms to this browser.
    pub(crate) fn formulier(&self) -> String {
        let hidden = self.hidden().into_iter();
        let mut found = hidden.filter(|(name, _)| name == "formulier");
        found.next().expect("a form").1
    }

    fn hidden(&self) -> Vec<(String, String)> {
        let html = self.html();
        let fields = html.split("<input type=\"hidden\" name=\"").skip(1);
        let pairs = fields.filter_map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"")?;
            Some((name.to_owned(), rest.split('"').next()?.to_owned()))
        });
        pairs.collect()
    }
}

impl Browser {
    pub(crate) fn of(outside: Outside, pad: String) -> Self {
        Self {
            outside,
            pad,
            jar: Mutex::default(),
        }
    }

    pub(crate) async fn open(&self, url: &str) -> Seen {
        self.go(url, None, |_| false).await
    }

    pub(crate) async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Seen {
        self.go(url, Some(fields), |_| false).await
    }

    /// Sends the form of a page to this endpoint of the same party, with these fields.
    pub(crate) async fn send(&self, page: &Seen, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.send_until(page, path, fields, |_| false).await
    }

    /// The same, but it stops before a URL of this kind.
    pub(crate) async fn send_until(
        &self,
        page: &Seen,
        path: &str,
        fields: &[(&str, &str)],
        stop: impl Fn(&str) -> bool,
    ) -> Seen {
        let url = format!("{}{}{path}", server::web::origin(&page.url), self.pad);
        let hidden = page.hidden();
        let hidden = hidden.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let all: Vec<(&str, &str)> = hidden.chain(fields.iter().copied()).collect();
        self.go(&url, Some(&all), stop).await
    }

    async fn go(
        &self,
        url: &str,
        mut fields: Option<&[(&str, &str)]>,
        stop: impl Fn(&str) -> bool,
    ) -> Seen {
        let mut url = url.to_owned();
        let mut redirects = 0;
        loop {
            assert!(redirects < REDIRECTS_MAX, "redirects do not end");
            redirects += 1;
            let headers = self.cookies(&url);
            let answer = match fields.take() {
                None => self.outside.get(&url, headers).await,
                Some(fields) => {
                    let headers = headers.with(ORIGIN, &server::web::origin(&url));
                    self.outside.post_form(&url, fields, headers).await
                }
            };
            let answer = answer.expect("an answer");
            self.keep(&url, &answer.headers);
            if !answer.status.is_redirection() {
                return Seen { url, answer };
            }
            let next = location(&answer);
            url = if next.starts_with('/') {
                format!("{}{next}", server::web::origin(&url))
            } else {
                next
            };
            if url.starts_with(TERUG) || stop(&url) {
                return Seen { url, answer };
            }
        }
    }

    fn cookies(&self, url: &str) -> Headers {
        let jar = self.jar.lock().expect("the jar");
        let held = jar.get(&server::web::origin(url)).into_iter().flatten();
        let line: Vec<String> = held
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if line.is_empty() {
            Headers::none()
        } else {
            Headers::none().with(COOKIE, &line.join("; "))
        }
    }

    fn keep(&self, url: &str, headers: &HeaderMap) {
        let mut jar = self.jar.lock().expect("the jar");
        let held = jar.entry(server::web::origin(url)).or_default();
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("text");
            let pair = line.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            if line.contains("Max-Age=0;") || value.is_empty() {
                held.remove(name);
            } else {
                held.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = std::fs::remove_dir_all(self.0.with_added_extension("input"));
    }
}

// ── Answers ─────────────────────────────────────────────────────────────────────────────────────

pub(crate) fn header(answer: &Answer, name: &HeaderName) -> String {
    let value = answer.headers.get(name).map(|value| value.to_str());
    value.map_or_else(String::new, |value| value.expect("text").to_owned())
}

/// An answer that no cache keeps.
pub(crate) fn uncached(answer: &Answer) {
    assert_eq!(header(answer, &CACHE_CONTROL), "no-store");
    assert_eq!(header(answer, &PRAGMA), "no-cache");
}

/// A refusal of the token endpoint, without a token in it.
pub(crate) fn refused(answer: &Answer, status: u16, expected: &str) {
    assert_eq!(
        (answer.status.as_u16(), &*error(answer)),
        (status, expected)
    );
    uncached(answer);
    let body = body(answer);
    // etoegang case 57
    for name in ["access_token", "refresh_token", "id_token"] {
        assert!(body.get(name).is_none(), "{name}");
    }
    let later = answer.headers.contains_key(RETRY_AFTER);
    assert_eq!(later, status == 503);
}

/// The error code of an answer.
pub(crate) fn error(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    body["error"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// Where an answer leads.
pub(crate) fn location(answer: &Answer) -> String {
    header(answer, &LOCATION)
}

/// A parameter of a URL.
pub(crate) fn query(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let pairs = Parameters::parse(query.as_bytes()).expect("a query");
    pairs.get(name).map(str::to_owned)
}

/// What stands in a token, unproven.
pub(crate) fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("a part");
    let bytes = jose::base64url_decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

pub(crate) fn wrong(how: Wrong) -> Trouble {
    Trouble::Wrong { how }
}
