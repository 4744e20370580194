//! A network with one DVA, and a DVP that uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderName;
use identity::Hostname;
use protocol::wire::with_query;
use serde_json::Value;
use server::chance;
use server::door::TraceId;
use server::input::Input;
use server::network::{self, Config, Form, Party, Person, Running, Shown};
use server::outside::{Answer, Headers, Outside, OutsideConfig};
use store::{AuditRow, Store as _};

pub(crate) const PGO: &str = "anderpgo.localhost";
/// The sample's person with data everywhere.
pub(crate) const SASKIA: &str = "900186021";
/// Known to nobody.
pub(crate) const DAAN: &str = "900273707";
pub(crate) const ZIEKENHUIS: &str = "00000659";
/// The hospital in a scope.
pub(crate) const NAAM: &str = "ziekenhuisdesluiswachter";
pub(crate) const CORRELATION: &str = "c0e7b545-9606-4eef-bea7-75d8addaa54b";
pub(crate) const REQUEST: &str = "57510be1-73e6-4a75-9db8-ee005cced48f";

/// A running network, gone with the test.
pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) outside: Outside,
    nobody: Outside,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, with the demo's PGO.
    pub(crate) async fn with_pgo() -> Self {
        Self::start_of(&[], &[Party::Pgo]).await
    }

    /// The same, and the input folder has these files.
    pub(crate) async fn start_with(files: &[(&str, &str)]) -> Self {
        Self::start_of(files, &[]).await
    }

    async fn start_of(files: &[(&str, &str)], more: &[Party]) -> Self {
        let mut parties =
            BTreeSet::from([Party::Dva, Party::Xis, Party::Digid, Party::Stelselnode]);
        parties.extend(more);
        let state = temporary();
        let folder = state.with_added_extension("input");
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("writable");
        }
        let input = move |port| Input::read(&folder, port).map_err(|fault| fault.to_string());
        let config = Config {
            control: true,
            state,
            port: 0,
            input: Box::new(input),
            parties,
            elsewhere: BTreeMap::new(),
            fault: None,
        };
        let running = network::start(config).await.expect("starts");
        let of = |client: Option<&str>| outside(&running, client);
        let (outside, nobody) = (of(Some(PGO)), of(None));
        Self {
            running,
            outside,
            nobody,
        }
    }

    pub(crate) fn url(&self, host: &str) -> String {
        self.running.hosts.url(host)
    }

    pub(crate) fn cb(&self) -> String {
        format!("https://{PGO}:{}/callback", self.running.hosts.port())
    }

    /// A way to the network without a certificate, or with that of another client.
    pub(crate) fn as_client(&self, client: Option<&str>) -> Outside {
        outside(&self.running, client)
    }

    /// The base request of medmij.md §3.1 at this network.
    pub(crate) fn auth(&self, scope: &str) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", PGO.to_owned()),
            ("redirect_uri", self.cb()),
            ("scope", scope.to_owned()),
            ("state", "S1".to_owned()),
            ("MedMij-Request-ID", REQUEST.to_owned()),
            ("X-Correlation-ID", CORRELATION.to_owned()),
        ]
    }

    pub(crate) fn authorize_url(&self, parameters: &[(&'static str, String)]) -> String {
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        with_query(&format!("{}/authorize", self.url("dva")), &parameters)
    }

    /// The answer to an authorization request, as it came.
    pub(crate) async fn authorize(&self, parameters: &[(&'static str, String)]) -> Answer {
        self.get(&self.authorize_url(parameters)).await
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.nobody
            .get(url, Headers::none())
            .await
            .expect("an answer")
    }

    /// A browser that stops where the client is.
    pub(crate) fn person(&self) -> Person {
        Person::new(self.as_client(None), TraceId::fresh()).stopping_at(&self.cb())
    }

    /// On the landing page.
    pub(crate) async fn at_landing(&self, scope: &str) -> (Person, Shown) {
        let mut person = self.person();
        let url = self.authorize_url(&self.auth(scope));
        let shown = person.open(&url).await.expect("an answer");
        assert_eq!(shown.status, 200, "{}", shown.html);
        (person, shown)
    }

    /// At DigiD.
    pub(crate) async fn at_digid(&self, scope: &str) -> (Person, Shown) {
        let (mut person, shown) = self.at_landing(scope).await;
        let form = shown.form("/inloggen").expect("the landing page");
        let shown = person.send(form).await.expect("an answer");
        assert!(
            shown.url.as_str().starts_with(&self.url("digid")),
            "{}",
            shown.url
        );
        (person, shown)
    }

    /// After a login.
    pub(crate) async fn at_verklaring(&self, bsn: &str, scope: &str) -> (Person, Shown) {
        let (mut person, shown) = self.at_digid(scope).await;
        let shown = person
            .send(login(&shown, bsn, "inloggen"))
            .await
            .expect("an answer");
        (person, shown)
    }

    /// A code, after a login and a yes.
    pub(crate) async fn code(&self, bsn: &str, scope: &str, langdurig: bool) -> String {
        let (mut person, shown) = self.at_verklaring(bsn, scope).await;
        let mut form = shown
            .form("/verklaring")
            .expect("the declaration")
            .with("keuze", "ja");
        if langdurig {
            form = form.with("langdurig", "ja");
        }
        let shown = person.send(form).await.expect("an answer");
        answer(&shown, "code").expect("a code")
    }

    /// A token request as a form, with both headers.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.token_as(&self.outside, form, numbers()).await
    }

    pub(crate) async fn token_as(
        &self,
        outside: &Outside,
        form: &[(&str, &str)],
        headers: Headers,
    ) -> Answer {
        let url = self.token_endpoint();
        outside
            .post_form(&url, form, headers)
            .await
            .expect("an answer")
    }

    pub(crate) fn token_endpoint(&self) -> String {
        format!("{}/token", self.url("dva-back"))
    }

    pub(crate) async fn redeem(&self, code: &str) -> Answer {
        let cb = self.cb();
        self.token(&code_form(code, &cb)).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", PGO),
        ];
        self.token(&form).await
    }

    /// Tokens of a long-lived consent.
    pub(crate) async fn tokens(&self, bsn: &str) -> Value {
        let code = self.code(bsn, NAAM, true).await;
        let answer = self.redeem(&code).await;
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)
    }

    /// A resource request with this token.
    pub(crate) async fn resource(&self, dienst: &str, kind: &str, token: &str) -> Answer {
        let url = self.resource_url(dienst, kind);
        self.outside
            .get(&url, numbers().bearer(token))
            .await
            .expect("an answer")
    }

    pub(crate) fn resource_url(&self, dienst: &str, kind: &str) -> String {
        format!(
            "{}/resource/{ZIEKENHUIS}/{dienst}/fhir/{kind}",
            self.url("dva-back")
        )
    }

    /// Publishes an OCL in which the client has this name and is recognised for these, and lets the time
    /// pass in which a DVA may go on with the one before.
    pub(crate) async fn with_ocl(&self, naam: &str, diensten: &[&str]) {
        self.has_fetched("MedMij_OAuthclientlist").await;
        self.edit(OCL, &ocl(naam, diensten));
        let url = format!("{}/MedMij_OAuthclientlist.xml", self.url("stelselnode"));
        while !text(&self.get(&url).await).contains(naam) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.running.clock.shift(800);
        // The DVA looks at its clock each five seconds.
        while !self.at_landing(NAAM).await.1.html.contains(naam) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Publishes a GNL in which this gegevensdienst has another name, and waits until a DVA that looks at its
    /// clock has fetched it: within the 900 s of core.gnl.201.
    pub(crate) async fn with_gnl(&self, dienst: &str, naam: &str) {
        let url = format!(
            "{}/MedMij_Gegevensdienstnamenlijst.xml",
            self.url("stelselnode")
        );
        let before = text(&self.get(&url).await);
        let id = format!("<GegevensdienstId>{dienst}</GegevensdienstId>");
        let (head, tail) = before.split_once(&id).expect("a gegevensdienst");
        let (_, tail) = tail.split_once("</Weergavenaam>").expect("its name");
        let gnl = format!("{head}{id}<Weergavenaam>{naam}</Weergavenaam>{tail}");
        self.has_fetched("MedMij_Gegevensdienstnamenlijst").await;
        self.edit("lists/MedMij_Gegevensdienstnamenlijst.xml", &gnl);
        while !text(&self.get(&url).await).contains(naam) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.running.clock.shift(800);
        let fetched = "MedMij_Gegevensdienstnamenlijst";
        let folder = self.running.state.join("dva/lists");
        let is_new = || holds(&folder, fetched, naam);
        while !is_new() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the DVA has fetched a list for the first time. A fetch that is under way when time passes
    /// would bring the list of before, and the next come a quarter of an hour later.
    async fn has_fetched(&self, list: &str) {
        let folder = self.running.state.join("dva/lists");
        while !holds(&folder, list, "") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Writes a file into the input folder while the network runs.
    pub(crate) fn edit(&self, name: &str, text: &str) {
        let path = self.running.state.with_added_extension("input").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("writable");
    }

    pub(crate) async fn audit(&self) -> Vec<AuditRow> {
        self.audit_of(Party::Dva).await
    }

    pub(crate) async fn audit_of(&self, party: Party) -> Vec<AuditRow> {
        let app = &self.running.apps[&party];
        app.home.audit(0, 1_000).await.expect("readable")
    }

    /// What the audit log of the DVA has of a run, in its order.
    pub(crate) async fn events(&self, trace: &str) -> Vec<String> {
        let audit = self.audit().await.into_iter();
        let hex: String = trace.split('-').collect();
        let number = u128::from_str_radix(&hex, 16)
            .expect("a UUID")
            .to_be_bytes();
        let of_run = audit.filter(|row| row.trace == Some(number));
        of_run.map(|row| row.what).collect()
    }

    /// Every line of the operator's log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.running.state.join("log.jsonl")).unwrap_or_default()
    }
}

/// Where the input folder has the OCL.
pub(crate) const OCL: &str = "lists/MedMij_OAuthclientlist.xml";

/// An OCL in which the client has this name and is recognised for these.
pub(crate) fn ocl(naam: &str, diensten: &[&str]) -> String {
    let element = |id| ["<GegevensdienstId>", id, "</GegevensdienstId>"].concat();
    let ids: String = diensten.iter().copied().map(element).collect();
    format!(
        "<OAuthclientlist xmlns=\"xmlns://afsprakenstelsel.medmij.nl/oauthclientlist/release2/\">\
         <Tijdstempel>2026-01-02T03:04:05Z</Tijdstempel><Volgnummer>1</Volgnummer><OAuthclients>\
         <OAuthclient><Hostname>{PGO}</Hostname>\
         <OAuthclientOrganisatienaam>{naam}</OAuthclientOrganisatienaam>\
         <Gegevensdiensten xmlns=\"urn:sluis:oauthclientlist:gegevensdiensten:release1\">{ids}\
         </Gegevensdiensten></OAuthclient></OAuthclients></OAuthclientlist>"
    )
}

impl Drop for World {
    fn drop(&mut self) {
        let state = &self.running.state;
        let _ = std::fs::remove_dir_all(state);
        let _ = std::fs::remove_dir_all(state.with_added_extension("input"));
    }
}

fn outside(running: &Running, client: Option<&str>) -> Outside {
    let identity = client.map(|id| {
        let host: Hostname = id.parse().expect("a host name");
        let directory = running.state.join("clients").join(id);
        let made = running
            .authority
            .client(&directory, &host, running.clock.wall());
        made.expect("a certificate")
    });
    let roots = vec![running.authority.certificate().clone()];
    Outside::new(OutsideConfig::new(roots, identity)).expect("usable")
}

pub(crate) fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("sluis-medmij-{}", chance::entropy().uuid("test")))
}

/// The two headers of core.tknint.208.
pub(crate) fn numbers() -> Headers {
    let fresh = chance::entropy().uuid("request");
    Headers::none()
        .with(HeaderName::from_static("medmij-request-id"), &fresh)
        .with(HeaderName::from_static("x-correlation-id"), CORRELATION)
}

pub(crate) fn code_form<'a>(code: &'a str, redirect_uri: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", PGO),
        ("redirect_uri", redirect_uri),
    ]
}

/// DigiD's form, filled in.
pub(crate) fn login(shown: &Shown, bsn: &str, keuze: &str) -> Form {
    let form = shown.form("/inloggen").expect("the DigiD page");
    form.with("bsn", bsn).with("keuze", keuze)
}

/// What the page is about.
pub(crate) fn heading(shown: &Shown) -> &str {
    let (_, after) = shown.html.split_once("<h1>").expect("a heading");
    after.split("</h1>").next().unwrap_or_default()
}

/// A parameter of the answer that a redirect brought.
pub(crate) fn answer(shown: &Shown, name: &str) -> Option<String> {
    let mut pairs = shown.url.query_pairs();
    pairs.find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

pub(crate) fn location(answer: &Answer) -> &str {
    answer.headers["location"].to_str().expect("text")
}

pub(crate) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// Whether an answer is this OAuth error.
pub(crate) fn is_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", text(answer));
    assert_eq!(json(answer)["error"], error);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
}

/// The hospital's records, in which somebody was born on another day.
pub(crate) fn records_with(born: &str, instead: &str) -> String {
    let records = include_str!("../../../../sample/records/00000659.json");
    let at = |day: &str| format!(r#""birthDate": "{day}""#);
    assert_eq!(records.matches(&at(born)).count(), 1);
    records.replace(&at(born), &at(instead))
}

/// The day so many years ago, or some days after it.
pub(crate) fn years_ago(years: i64, days_after: i64) -> String {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let span = jiff::Span::new();
    let that = today.saturating_sub(span.years(years));
    that.saturating_add(span.days(days_after)).to_string()
}

/// Whether a file of this folder whose name begins so holds a text.
fn holds(folder: &Path, name: &str, wanted: &str) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut named = files.filter(|file| file.file_name().to_string_lossy().starts_with(name));
    named.any(|file| std::fs::read_to_string(file.path()).is_ok_and(|text| text.contains(wanted)))
}
