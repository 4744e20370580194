//! The app: a public client with PKCE.

use etoegang::dv_app::{ALGORITHMS, Aanvraag, Begonnen, Gekregen, LEEWAY_S, vernieuwing};
use etoegang::dv_hm::claims::{ACCESS_TOKEN_TYP, AccessToken};
use identity::EntityId;
use jose::{Expected, Jwks, Typ};
use protocol::wire::Parameters;
use serde_json::Value;
use server::chance;
use server::clock::Clock;
use server::network::Shown;
use server::outside::{Answer, Headers, Outside};

/// Where the app listens: nobody does, for its browser stops there.
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:53123/terug";

/// An app of a DV.
pub(super) struct App {
    pub(super) outside: Outside,
    /// Its HM.
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) dv: EntityId,
}

/// What it got.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) claims: AccessToken,
}

impl App {
    /// GUC7, GUC8 8.1.
    pub(super) fn begin(&self, service_id: &str) -> (Begonnen, String) {
        let begonnen = Begonnen::nieuw(&chance::entropy());
        let url = begonnen.url(&Aanvraag {
            authorization_endpoint: &format!("{}/authorize", self.issuer),
            client_id: &self.client_id,
            redirect_uri: REDIRECT_URI,
            dienst: service_id,
            niveau: None,
            claims: None,
        });
        (begonnen, url)
    }

    /// GUC8 8.4: the code with which the browser came back, for tokens.
    pub(super) async fn exchange(
        &self,
        begonnen: &Begonnen,
        back: &Shown,
    ) -> Result<Tokens, String> {
        if !back.url.as_str().starts_with(REDIRECT_URI) {
            return Err(format!("the browser did not come back: {}", back.heading()));
        }
        let query = back.url.query().unwrap_or_default();
        let query = Parameters::parse(query.as_bytes()).map_err(|bad| format!("{bad:?}"))?;
        let code = begonnen.code(&self.issuer, &query);
        let code = code.map_err(|geen| geen.to_string())?;
        let fields = begonnen.inwisseling(&self.client_id, REDIRECT_URI, code);
        let answer = self.post("/token", &fields).await?;
        let body = granted(&answer)?;
        let gekregen = Gekregen::antwoord(answer.status.as_u16(), &answer.body);
        let gekregen = gekregen.map_err(|_| "the tokens are of a kind that is not known")?;
        let (whose, now) = ((&*self.issuer, &*self.client_id), Clock::system().now());
        let claims = begonnen.verklaring(&gekregen, &self.keys().await?, whose, now);
        let claims = claims.ok_or("the ID token of the HM cannot be believed")?;
        // etoegang case 76
        if claims.get("amr").is_some() {
            return Err("the ID token has amr".to_owned());
        }
        self.tokens(&body).await
    }

    /// GUC9 9.1.
    pub(super) async fn refresh(&self, refresh_token: &str) -> Result<Answer, String> {
        let fields = vernieuwing(&self.client_id, refresh_token);
        self.post("/token", &fields).await
    }

    /// The tokens in an answer of the token endpoint; the access token is read as a backend would.
    pub(super) async fn tokens(&self, body: &Value) -> Result<Tokens, String> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let access_token = text("access_token").ok_or("the answer has no access token")?;
        let claims = self.verified(&access_token).await?;
        let claims = claims
            .parse_all()
            .map_err(|_| "the access token lacks a claim")?;
        Ok(Tokens {
            refresh_token: text("refresh_token"),
            access_token,
            claims,
        })
    }

    /// The access token is for the DV; the journey looks at it as the DV would.
    async fn verified(&self, token: &str) -> Result<jose::Claims, String> {
        let expected = Expected {
            typ: Typ::Is(ACCESS_TOKEN_TYP),
            issuer: &self.issuer,
            audience: &[self.dv.as_str()],
            now: Clock::system().now(),
            leeway_s: LEEWAY_S,
        };
        jose::verify(token, &self.keys().await?, &ALGORITHMS, &expected)
            .map_err(|why| format!("a token of the HM cannot be believed: {why:?}"))
    }

    async fn keys(&self) -> Result<Jwks, String> {
        let url = format!("{}/jwks", self.issuer);
        let answer = self.outside.get(&url, Headers::none()).await;
        let answer = answer.map_err(|why| why.to_string())?;
        Jwks::parse(&answer.body).map_err(|_| "the HM shows no keys".to_owned())
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, String> {
        let url = format!("{}{path}", self.issuer);
        let sent = self.outside.post_form(&url, fields, Headers::none());
        sent.await.map_err(|why| why.to_string())
    }
}

/// The document of a 200.
pub(super) fn granted(answer: &Answer) -> Result<Value, String> {
    if answer.status.as_u16() != 200 {
        return Err(in_short(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|_| "the answer is no JSON".to_owned())
}

/// Status and error code.
pub(super) fn in_short(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = body["error"].as_str().unwrap_or("no error code");
    format!("HTTP {}, {error}", answer.status.as_u16())
}
