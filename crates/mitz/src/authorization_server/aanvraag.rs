//! Step 2: the authorization request, and what of it waits in the browser while the person is at
//! DigiD.

use protocol::authorize::{AuthorizationRequest, AuthorizeRefusal, RedirectRefusal, answer_url};
use protocol::pkce::Challenge;
use protocol::scope::Scope;
use protocol::wire::Parameters;
use serde::{Deserialize, Serialize};
use verdict::Moment;

use super::Mitz;
use crate::toestemming::Functie;

/// How long a person may take to log in, in seconds. The browser's cookie lives as long
/// (design §5 "front channel": at most 15 minutes).
pub const AANVRAAG_S: u32 = 900;

/// A proven authorization request, as it waits for its answer. It travels in an encrypted cookie
/// before login and in a row after it, so it is versioned data and never a closure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verzoek {
    /// Who asked.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Echoed with the answer.
    pub state: Option<String>,
    /// For the ID token.
    pub nonce: Option<String>,
    /// PKCE challenge of method S256.
    pub challenge: String,
    /// Space-separated.
    pub scope: String,
    /// Collecting or sharing.
    pub functie: Functie,
}

/// Why a person logs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doel {
    /// A client asks for a grant.
    Koppelen(Verzoek),
    /// The person wants to see or withdraw consents.
    Beheren,
}

/// What the browser's cookie holds while the person is at DigiD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aanvraag {
    /// What waits for the login.
    pub doel: Doel,
    /// ID of the AuthnRequest that must be answered.
    pub authn_request: String,
    /// When it was sent; seconds since 1970.
    pub requested_at: i64,
    /// The trace id of the whole run.
    pub trace: String,
    /// From this moment on the person must start again; seconds since 1970.
    pub until: i64,
}

impl Aanvraag {
    /// Whether the person took too long.
    pub const fn is_over_at(&self, now: Moment) -> bool {
        Moment::from_unix(self.until).is_over_at(now)
    }
}

impl Verzoek {
    /// Reads and checks an authorization request (mitz cases 1–6).
    ///
    /// # Errors
    /// As [`AuthorizationRequest::read`]; an unknown `function` goes back as `invalid_request`.
    pub fn read(parameters: &Parameters, mitz: &Mitz) -> Result<Self, AuthorizeRefusal> {
        let request = AuthorizationRequest::read(parameters, &mitz.clients)?;
        let functie = match parameters.get("function") {
            None => Functie::default(),
            Some(text) => Functie::parse(text).ok_or_else(|| unknown_function(&request))?,
        };
        Ok(Self {
            client_id: request.client.client_id.clone(),
            redirect_uri: request.redirect_uri,
            state: request.state,
            nonce: request.nonce,
            challenge: request.challenge.as_str().to_owned(),
            scope: known_scope(&request.scope),
            functie,
        })
    }

    /// The URL that tells the client `error`, with `state` and `iss`.
    pub fn refused(&self, issuer: &str, error: &str) -> String {
        answer_url(
            &self.redirect_uri,
            &[("error", error)],
            self.state.as_deref(),
            issuer,
        )
    }

    /// The URL that brings the client its code (step 7).
    pub fn granted(&self, issuer: &str, code: &str) -> String {
        answer_url(
            &self.redirect_uri,
            &[("code", code)],
            self.state.as_deref(),
            issuer,
        )
    }

    /// The challenge; nothing when a row or cookie of another program held something else.
    pub fn challenge(&self) -> Option<Challenge> {
        Challenge::parse(&self.challenge).ok()
    }
}

/// RFC 6749 §3.3: a server may grant less than was asked. Step 10 always brings a refresh token, so
/// `offline_access` is granted when asked and adds nothing.
fn known_scope(asked: &Scope) -> String {
    asked
        .narrowed(|token| ["openid", "offline_access"].contains(&token))
        .map_or_else(|| "openid".to_owned(), |scope| scope.to_string())
}

fn unknown_function(request: &AuthorizationRequest) -> AuthorizeRefusal {
    AuthorizeRefusal::Redirect(RedirectRefusal {
        redirect_uri: request.redirect_uri.clone(),
        state: request.state.clone(),
        error: "invalid_request",
        requirement: "mitz.md §2.1",
        reason: "function must be verzamelen or delen",
    })
}
