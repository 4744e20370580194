//! A network for one test, and a client of its own to use it with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use identity::Hostname;
use protocol::pkce::Challenge;
use protocol::wire::with_query;
use serde_json::Value;
use server::chance;
use server::door::TraceId;
use server::input::Input;
use server::network::{self, Config, Form, Party, Person, Running, Shown};
use server::outside::{Answer, Headers, Outside, OutsideConfig};
use store::{AuditRow, Store as _};

/// The sample's person with data at two DVAs.
pub(crate) const SASKIA: &str = "900186021";
/// The sample's two providers of hers.
pub(crate) const ZIEKENHUIS: &str = "00000659";
pub(crate) const HUISARTS: &str = "00000666";
/// Their names on the network.
pub(crate) const ZIEKENHUIS_NAAM: &str = "ziekenhuisdesluiswachter@medmij";
pub(crate) const HUISARTS_NAAM: &str = "huisartshetstuwpand@medmij";

/// A running network, gone with the test.
pub(crate) struct World {
    pub(crate) running: Running,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A network whose input folder holds these files and nothing else.
    pub(crate) async fn start_with(files: &[(&str, &str)]) -> Self {
        Self::start_without(files, BTreeMap::new()).await
    }

    /// The same, but for parties that are elsewhere, at these ports.
    pub(crate) async fn start_without(
        files: &[(&str, &str)],
        elsewhere: BTreeMap<Party, u16>,
    ) -> Self {
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
            parties: Party::ALL
                .into_iter()
                .filter(|party| !elsewhere.contains_key(party))
                .collect::<BTreeSet<_>>(),
            elsewhere,
            fault: None,
        };
        Self {
            running: network::start(config).await.expect("starts"),
        }
    }

    pub(crate) fn url(&self, host: &str) -> String {
        self.running.hosts.url(host)
    }

    /// A client that the sample registers, with the certificate that the demo made for it.
    pub(crate) fn dvp(&self, client_id: &str) -> Dvp<'_> {
        Dvp {
            world: self,
            outside: self.outside(Some(client_id)),
            client_id: client_id.to_owned(),
            redirect_uri: format!("https://{client_id}:{}/callback", self.running.hosts.port()),
        }
    }

    /// A way to the network, with the certificate of a client or without one.
    pub(crate) fn outside(&self, client_id: Option<&str>) -> Outside {
        let running = &self.running;
        let identity = client_id.map(|id| {
            let host: Hostname = id.parse().expect("a host name");
            let directory = match id {
                "pgo.localhost" => running.state.join("pgo"),
                "dva-back.localhost" => running.state.join("dva"),
                "dva2-back.localhost" => running.state.join("dva2"),
                other => running.state.join("clients").join(other),
            };
            running
                .authority
                .client(&directory, &host, running.clock.wall())
                .expect("a certificate")
        });
        let roots = vec![running.authority.certificate().clone()];
        Outside::new(OutsideConfig::new(roots, identity)).expect("usable")
    }

    pub(crate) fn person(&self) -> Person {
        Person::new(self.outside(None), TraceId::fresh())
    }

    /// Writes a file into the input folder while the network runs.
    pub(crate) fn edit(&self, name: &str, text: &str) {
        let folder = self.running.state.with_added_extension("input");
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("writable");
    }

    /// Every line of a party's audit log.
    pub(crate) async fn audit(&self, party: Party) -> Vec<AuditRow> {
        self.running.apps[&party]
            .home
            .audit(0, 1_000)
            .await
            .expect("readable")
    }

    /// Requirement ids in a party's audit log.
    pub(crate) async fn requirements(&self, party: Party) -> Vec<String> {
        self.audit(party)
            .await
            .into_iter()
            .map(|row| row.requirement)
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let state = &self.running.state;
        let _ = std::fs::remove_dir_all(state);
        let _ = std::fs::remove_dir_all(state.with_added_extension("input"));
    }
}

fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("sluis-test-{}", chance::entropy().uuid("test")))
}

/// The verifier of every login here.
pub(crate) const VERIFIER: &str = "een-verifier-van-precies-lang-genoeg-0123456789";

/// A client of Mitz.
pub(crate) struct Dvp<'w> {
    pub(crate) world: &'w World,
    pub(crate) outside: Outside,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
}

/// Tokens as Mitz gave them.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) id: String,
}

impl Dvp<'_> {
    /// The authorization request that this client sends, with changes.
    pub(crate) fn authorize_url(&self, changes: &[(&str, Option<&str>)]) -> String {
        let challenge = Challenge::of(VERIFIER);
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("scope", "openid"),
            ("state", "staat-1"),
            ("nonce", "nonce-1"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            parameters.extend(value.map(|value| (*name, value)));
        }
        with_query(
            &format!("{}/authorize", self.world.url("mitz")),
            &parameters,
        )
    }

    /// The DigiD page of a login that this client asked for.
    pub(crate) async fn at_digid(&self) -> (Person, Shown) {
        let mut person = self.world.person().stopping_at(&self.redirect_uri);
        let shown = person
            .open(&self.authorize_url(&[]))
            .await
            .expect("an answer");
        (person, shown)
    }

    /// The register's page after a login.
    pub(crate) async fn at_register(&self, bsn: &str) -> (Person, Shown) {
        let (mut person, shown) = self.at_digid().await;
        let form = login(&shown, bsn, "inloggen");
        let shown = person.send(form).await.expect("an answer");
        (person, shown)
    }

    /// A code, after a login and a consent for every category but for these exceptions.
    pub(crate) async fn code(&self, bsn: &str, exceptions: &[(&str, &str)]) -> String {
        let (mut person, shown) = self.at_register(bsn).await;
        let mut form = shown.form("/toestemming").expect("a form").with_every("ja");
        for (name, value) in exceptions {
            form = form.with(name, value);
        }
        let shown = person
            .send(form.with("keuze", "geven"))
            .await
            .expect("an answer");
        answer(&shown, "code").expect("a code")
    }

    /// A token request with the given form, as this client.
    pub(crate) async fn post_token(&self, form: &[(&str, &str)]) -> Answer {
        let url = format!("{}/token", self.world.url("mitz-back"));
        self.outside
            .post_form(&url, form, Headers::none())
            .await
            .expect("an answer")
    }

    pub(crate) async fn offer_code(&self, code: &str) -> Answer {
        self.post_token(&self.code_form(code)).await
    }

    pub(crate) fn code_form<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("client_id", &self.client_id),
            ("code_verifier", VERIFIER),
        ]
    }

    pub(crate) async fn offer_refresh(&self, refresh: &str) -> Answer {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("client_id", self.client_id.as_str()),
        ];
        self.post_token(&form).await
    }

    /// Tokens after a login and consent.
    pub(crate) async fn tokens(&self, bsn: &str) -> Tokens {
        let code = self.code(bsn, &[]).await;
        tokens(&self.offer_code(&code).await)
    }

    pub(crate) async fn userinfo(&self, access: &str) -> Answer {
        let url = format!("{}/userinfo", self.world.url("mitz-back"));
        let headers = Headers::none().bearer(access);
        self.outside.get(&url, headers).await.expect("an answer")
    }

    /// The location's ID token for this provider, after a login and consent.
    pub(crate) async fn location_token(&self, tokens: &Tokens, ura: &str) -> String {
        let userinfo = self.userinfo(&tokens.access).await;
        assert_eq!(userinfo.status, 200);
        let claims = payload(&text(&userinfo));
        let locations = claims["locations"].as_array().expect("locations");
        let found = locations.iter().find(|location| location["value"] == ura);
        found.expect("the location")["id_token"]
            .as_str()
            .expect("a token")
            .to_owned()
    }

    /// Step 23, with changes.
    pub(crate) async fn exchange(&self, dva: &str, form: &[(&str, &str)]) -> Answer {
        let url = format!("{}/token", self.world.url(dva));
        self.outside
            .post_form(&url, form, Headers::none())
            .await
            .expect("an answer")
    }

    pub(crate) fn exchange_form<'a>(
        &'a self,
        id_token: &'a str,
        audience: &'a str,
        scope: &'a str,
    ) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", protocol::token_exchange::GRANT_TYPE),
            ("subject_token", id_token),
            (
                "subject_token_type",
                protocol::token_exchange::ID_TOKEN_TYPE,
            ),
            ("audience", audience),
            ("scope", scope),
            ("client_id", &self.client_id),
        ]
    }
}

/// The DigiD page's form, filled in.
pub(crate) fn login(shown: &Shown, bsn: &str, keuze: &str) -> Form {
    let form = shown.form("/inloggen").expect("the DigiD page");
    form.with("bsn", bsn).with("keuze", keuze)
}

/// A parameter of the answer that a redirect brought.
pub(crate) fn answer(shown: &Shown, name: &str) -> Option<String> {
    shown
        .url
        .query_pairs()
        .find(|(n, _)| n == name)
        .map(|(_, v)| v.into_owned())
}

pub(crate) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("text")
}

pub(crate) fn tokens(answer: &Answer) -> Tokens {
    assert_eq!(answer.status, 200, "{}", text(answer));
    let body = json(answer);
    let member = |name: &str| body[name].as_str().expect("a token").to_owned();
    Tokens {
        access: member("access_token"),
        refresh: member("refresh_token"),
        id: member("id_token"),
    }
}

/// The claims of a token, unverified.
pub(crate) fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&jose::b64::decode(part).expect("base64url")).expect("JSON")
}

/// Whether an answer is this OAuth error.
pub(crate) fn is_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", text(answer));
    assert_eq!(json(answer)["error"], error);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
}
