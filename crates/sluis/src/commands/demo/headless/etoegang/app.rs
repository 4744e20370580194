//! The app: a public client with PKCE.

use etoegang::dv_hm::claims::{ACCESS_TOKEN_TYP, AccessToken};
use identity::EntityId;
use jose::{Algorithm, Expected, Jwks, Typ};
use protocol::pkce::Challenge;
use protocol::wire::with_query;
use serde_json::Value;
use server::chance;
use server::network::Shown;
use server::outside::{Answer, Headers, Outside};

/// With what an HM signs.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256];
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

/// A login that it began.
pub(super) struct Begonnen {
    pub(super) url: String,
    state: String,
    nonce: String,
    verifier: String,
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
    pub(super) fn begin(&self, service_id: &str) -> Begonnen {
        let entropy = chance::entropy();
        let text = |label| jose::base64url_encode(entropy.bytes::<32>(label));
        let (state, nonce, verifier) = (text("app.state"), text("app.nonce"), text("app.verifier"));
        let (scope, challenge) = (format!("openid {service_id}"), Challenge::of(&verifier));
        let parameters = [
            ("response_type", "code"),
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        Begonnen {
            url: with_query(&format!("{}/authorize", self.issuer), &parameters),
            state,
            nonce,
            verifier,
        }
    }

    /// GUC8 8.4: the code with which the browser came back, for tokens.
    pub(super) async fn exchange(
        &self,
        begonnen: &Begonnen,
        back: &Shown,
    ) -> Result<Tokens, String> {
        let answer = |name: &str| {
            let mut pairs = back.url.query_pairs();
            pairs
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.into_owned())
        };
        if !back.url.as_str().starts_with(REDIRECT_URI) {
            return Err(format!("the browser did not come back: {}", back.heading()));
        }
        // RFC 9207 §2.4
        if answer("state").as_ref() != Some(&begonnen.state)
            || answer("iss").as_ref() != Some(&self.issuer)
        {
            return Err("the answer is not to this request, or not of this HM".to_owned());
        }
        let code = answer("code")
            .ok_or_else(|| format!("no code, but {}", answer("error").unwrap_or_default()))?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", self.client_id.as_str()),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", &begonnen.verifier),
        ];
        let answer = self.post("/token", &fields).await?;
        let body = granted(&answer)?;
        let id_token = body["id_token"].as_str().unwrap_or_default();
        let claims = self
            .verified(id_token, Typ::JwtOrAbsent, &self.client_id)
            .await?;
        if claims.str("nonce") != Ok(&begonnen.nonce) {
            return Err("the ID token is to another request".to_owned());
        }
        // etoegang case 76
        if claims.get("amr").is_some() {
            return Err("the ID token has amr".to_owned());
        }
        self.tokens(&body).await
    }

    /// GUC9 9.1.
    pub(super) async fn refresh(&self, refresh_token: &str) -> Result<Answer, String> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", self.client_id.as_str()),
            ("refresh_token", refresh_token),
        ];
        self.post("/token", &fields).await
    }

    /// The tokens in an answer of the token endpoint; the access token is read as a backend would.
    pub(super) async fn tokens(&self, body: &Value) -> Result<Tokens, String> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let access_token = text("access_token").ok_or("the answer has no access token")?;
        let typ = Typ::Is(ACCESS_TOKEN_TYP);
        let claims = self.verified(&access_token, typ, self.dv.as_str()).await?;
        let claims = claims
            .parse_all()
            .map_err(|_| "the access token lacks a claim")?;
        Ok(Tokens {
            refresh_token: text("refresh_token"),
            access_token,
            claims,
        })
    }

    async fn verified(
        &self,
        token: &str,
        typ: Typ<'_>,
        audience: &str,
    ) -> Result<jose::Claims, String> {
        let url = format!("{}/jwks", self.issuer);
        let answer = self.outside.get(&url, Headers::none()).await;
        let answer = answer.map_err(|why| why.to_string())?;
        let keys = Jwks::parse(&answer.body).map_err(|_| "the HM shows no keys")?;
        let expected = Expected {
            typ,
            issuer: &self.issuer,
            audience: &[audience],
            now: server::clock::Clock::system().now(),
            leeway_s: 30,
        };
        jose::verify(token, &keys, &ALGORITHMS, &expected)
            .map_err(|why| format!("a token of the HM cannot be believed: {why:?}"))
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
