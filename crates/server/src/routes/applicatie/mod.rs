//! What the demo's applications of a Koppeltaal domain share: how one proves who it is, gets its
//! token, and works with resources through the gateway. A supplier's own application does the same.

mod seed;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use http::header::{ACCEPT, ETAG, IF_MATCH};
use jose::SigningKey;
use koppeltaal::ClientId;
use protocol::assertion;
use serde::Deserialize;
use serde_json::{Value, json};
use verdict::Moment;

use crate::app::App;
use crate::chance;
use crate::keys::KeySet;
use crate::outside::{Answer, Headers};

pub(super) use self::seed::Seeds;
pub(super) use self::wire::{Bundle, extension_reference, text};

/// FHIR's JSON.
const FHIR_JSON: &str = "application/fhir+json";
/// Seconds that an assertion lasts.
const ASSERTION_S: u32 = 60;
/// Seconds before its end from which a token is not used any more.
const SPARE_S: u32 = 30;

/// An application, as its domain knows it.
pub(super) struct Applicatie {
    pub(super) app: Arc<App>,
    /// Who it is.
    pub(super) client_id: ClientId,
    /// The base URL of the FHIR resource service of its domain.
    pub(super) fhir: String,
    /// Which of its party's keys are its own.
    pub(super) sleutel: Sleutel,
    token: Mutex<Option<(Moment, Arc<str>)>>,
}

/// Which keys of a party are an application's: a party may be two applications, whose keys differ.
#[derive(Clone, Copy)]
pub(super) enum Sleutel {
    /// ES256.
    Tokens,
    /// RS256.
    IdTokens,
}

/// What the domain says of its endpoints (TOP-KT-016).
#[derive(Deserialize)]
pub(super) struct Endpoints {
    pub(super) issuer: String,
    pub(super) jwks_uri: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
}

/// Something of the domain does not answer as it must; a person hears that it did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mislukt(pub(super) &'static str);

/// A resource, and the version that an update of it must name.
pub(super) struct Versie {
    pub(super) resource: Value,
    pub(super) etag: String,
}

impl Applicatie {
    pub(super) fn new(app: Arc<App>, client_id: ClientId, fhir: String, sleutel: Sleutel) -> Self {
        Self {
            app,
            client_id,
            fhir,
            sleutel,
            token: Mutex::default(),
        }
    }

    /// Its public keys (TOP-KT-020).
    pub(super) fn jwks(&self) -> Option<Value> {
        let set = self.app.keys.set();
        let tokens = match self.sleutel {
            Sleutel::Tokens => set.tokens(),
            Sleutel::IdTokens => set.id_tokens(),
        };
        Some(tokens.ok()?.published().to_json())
    }

    /// Signs with its key.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, Mislukt> {
        let set = self.app.keys.set();
        let signed = self.key(&set).and_then(|key| key.sign("JWT", claims).ok());
        signed.ok_or(Mislukt("nothing could be signed"))
    }

    fn key<'a>(&self, set: &'a KeySet) -> Option<&'a SigningKey> {
        let tokens = match self.sleutel {
            Sleutel::Tokens => set.tokens(),
            Sleutel::IdTokens => set.id_tokens(),
        };
        tokens.ok().map(crate::keys::Tokens::current)
    }

    /// Where the endpoints of the domain are.
    pub(super) async fn endpoints(&self) -> Result<Endpoints, Mislukt> {
        let url = format!("{}/.well-known/smart-configuration", self.fhir);
        let answer = self.app.outside.get(&url, Headers::none()).await;
        json_of(answer.ok(), "the discovery document cannot be had")
    }

    /// The answer of the token endpoint to these parameters (koppeltaal.md §1.7, §4.5).
    pub(super) async fn ask_token(
        &self,
        endpoints: &Endpoints,
        parameters: &[(&str, &str)],
    ) -> Result<Value, Mislukt> {
        let assertion = self.assertion(&endpoints.token_endpoint)?;
        let mut fields = parameters.to_vec();
        fields.push(("client_assertion_type", assertion::TYPE));
        fields.push(("client_assertion", &assertion));
        let (outside, url) = (&self.app.outside, &endpoints.token_endpoint);
        let answer = outside.post_form(url, &fields, Headers::none()).await;
        json_of(answer.ok(), "the token endpoint gave no token")
    }

    /// Who it is (koppeltaal.md §1.5).
    fn assertion(&self, audience: &str) -> Result<String, Mislukt> {
        let now = self.app.clock.now();
        self.sign(&json!({
            "iss": self.client_id, "sub": self.client_id, "aud": audience,
            "iat": now.unix(), "exp": now.plus_s(ASSERTION_S).unix(),
            "jti": chance::entropy().uuid("applicatie.assertion"),
        }))
    }

    /// Its access token, asked anew when it is about to end.
    async fn token(&self) -> Result<Arc<str>, Mislukt> {
        let now = self.app.clock.now();
        let held = {
            let held = self.token.lock().unwrap_or_else(PoisonError::into_inner);
            held.clone().filter(|(until, _)| !until.is_over_at(now))
        };
        if let Some((_, token)) = held {
            return Ok(token);
        }
        let endpoints = self.endpoints().await?;
        let asked = [("grant_type", "client_credentials"), ("scope", "*")];
        let answer = self.ask_token(&endpoints, &asked).await?;
        let no_token = Mislukt("the token endpoint gave no token");
        let token: Arc<str> = text(&answer, "access_token").ok_or(no_token)?.into();
        let lasts_s = answer.get("expires_in").and_then(Value::as_u64);
        let lasts_s = lasts_s.and_then(|s| u32::try_from(s).ok()).unwrap_or(0);
        let until = now.plus_s(lasts_s.saturating_sub(SPARE_S));
        let mut held = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((until, Arc::clone(&token)));
        Ok(token)
    }

    /// A resource, or the answer to a search.
    pub(super) async fn get(&self, path: &str) -> Result<Versie, Mislukt> {
        let headers = Headers::none().bearer(&self.token().await?);
        let headers = headers.with(ACCEPT, FHIR_JSON);
        let url = format!("{}/{path}", self.fhir);
        let answer = self.app.outside.get(&url, headers).await;
        let answer = answer.ok().filter(|answer| answer.status == StatusCode::OK);
        let answer = answer.ok_or(Mislukt("the FHIR service gave no resource"))?;
        let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        Ok(Versie {
            etag: etag.unwrap_or_default().to_owned(),
            resource: json_of(Some(answer), "the FHIR service gave no JSON")?,
        })
    }

    /// Makes a resource.
    pub(super) async fn create(&self, soort: &str, resource: &Value) -> Result<(), Mislukt> {
        let headers = Headers::none().bearer(&self.token().await?);
        let url = format!("{}/{soort}", self.fhir);
        let body = resource.to_string().into_bytes();
        let outside = &self.app.outside;
        let answer = outside.post_bytes(&url, FHIR_JSON, body, headers).await;
        done(answer.ok(), "the FHIR service took no new resource")
    }

    /// Replaces the version that was read (BIA 3).
    pub(super) async fn update(&self, path: &str, versie: &Versie) -> Result<(), Mislukt> {
        let headers = Headers::none().bearer(&self.token().await?);
        let headers = headers.with(IF_MATCH, &versie.etag);
        let url = format!("{}/{path}", self.fhir);
        let body = versie.resource.to_string().into_bytes();
        let outside = &self.app.outside;
        let answer = outside.put_bytes(&url, FHIR_JSON, body, headers).await;
        done(answer.ok(), "the FHIR service took no update")
    }
}

fn done(answer: Option<Answer>, reason: &'static str) -> Result<(), Mislukt> {
    let is_done = answer.is_some_and(|answer| answer.status.is_success());
    is_done.then_some(()).ok_or(Mislukt(reason))
}

fn json_of<T: serde::de::DeserializeOwned>(
    answer: Option<Answer>,
    reason: &'static str,
) -> Result<T, Mislukt> {
    let answer = answer.filter(|answer| answer.status == StatusCode::OK);
    let read = answer.and_then(|answer| serde_json::from_slice(&answer.body).ok());
    read.ok_or(Mislukt(reason))
}
