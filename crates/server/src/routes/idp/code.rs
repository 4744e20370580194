//! A code of the provider: one row that is used once.

use protocol::authorize::{AuthorizationRequest, answer_url};
use protocol::client::ProvenClient;
use protocol::grant::{CodeTerms, belongs_to};
use protocol::handle::{Handle, Purpose};
use protocol::pkce::Challenge;
use protocol::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use serde_json::json;
use verdict::{
    Actor, BadRow, Body, Change, Clear, Entropy, Event, Expect, Key, Moment, Record, Secrets,
    Space, Step, Stored, Verdict,
};

/// A code of this provider.
pub(super) const CODE: Purpose = Purpose("idp.code");
/// Logins that ended.
pub(super) const ENDED: Space = Space("idp.login");
/// Seconds that a person may take to choose.
pub(super) const LOGIN_S: u32 = 900;
/// Seconds that a code may be exchanged, and that an ID token lasts.
const CODE_S: u32 = 60;
const ID_TOKEN_S: u32 = 300;

/// A login under way: what the browser's cookie holds.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Login {
    /// Random; names the cookie and marks the login as ended.
    pub(super) id: String,
    /// What the page calls the service.
    pub(super) dienst: String,
    pub(super) redirect_uri: String,
    client_id: String,
    state: Option<String>,
    nonce: Option<String>,
    challenge: String,
    until: i64,
}

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    client_id: String,
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    email: String,
    auth_time: i64,
}

/// Where the browser goes after the page.
pub(super) enum Gegaan {
    /// To the client with a code: this grant's.
    Code { login: Login, grant: [u8; 16] },
    /// To the client with `access_denied`.
    Geannuleerd(Login),
    /// Nowhere: the login ended before.
    AlBeantwoord,
}

impl Login {
    pub(super) fn new(request: &AuthorizationRequest, now: Moment, entropy: &Entropy) -> Self {
        Self {
            id: jose::b64::encode(entropy.bytes::<9>("idp.login")),
            dienst: request.client.organisatienaam.clone(),
            redirect_uri: request.redirect_uri.clone(),
            client_id: request.client.client_id.clone(),
            state: request.state.clone(),
            nonce: request.nonce.clone(),
            challenge: request.challenge.as_str().to_owned(),
            until: now.plus_s(LOGIN_S).unix(),
        }
    }

    pub(super) const fn is_over_at(&self, now: Moment) -> bool {
        Moment::from_unix(self.until).is_over_at(now)
    }

    /// The client's answer (OIDC Core §3.1.2.5 and §3.1.2.6).
    pub(super) fn answer(&self, answer: (&str, &str), issuer: &str) -> String {
        answer_url(&self.redirect_uri, &[answer], self.state.as_deref(), issuer)
    }

    /// Ends the login, once: as this person, or as nobody.
    pub(super) fn end(
        &self,
        email: Option<String>,
        now: Moment,
        entropy: &Entropy,
    ) -> Step<Gegaan, ()> {
        let number = jose::sha256(self.id.as_bytes());
        let ended = Change::spend(Key::Once(ENDED, number), now.plus_s(LOGIN_S));
        let Some(email) = email else {
            let reason = "the person cancelled at the IdP";
            return Step::Done(Verdict {
                reply: Gegaan::Geannuleerd(self.clone()),
                changes: vec![ended],
                events: vec![Event::refused("OIDC Core §3.1.2.6", reason, Actor::Person)],
            });
        };
        let grant: [u8; 16] = entropy.bytes("idp.code");
        let row = Grant {
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect_uri.clone(),
            challenge: self.challenge.clone(),
            nonce: self.nonce.clone(),
            email,
            auth_time: now.unix(),
        };
        let row = row.put(Grant::key(grant), Expect::Absent, now.plus_s(CODE_S));
        let login = self.clone();
        Step::Done(Verdict {
            reply: Gegaan::Code { login, grant },
            changes: vec![ended, row],
            events: vec![Event::granted(
                "TOP-KT-023",
                "a person logged in",
                Actor::Person,
            )],
        })
    }
}

/// A token request of the proven client.
#[derive(Clone)]
pub(super) struct TokenVerzoek {
    pub(super) client: ProvenClient,
    pub(super) handle: Handle,
    pub(super) redirect_uri: Option<String>,
    pub(super) code_verifier: String,
    pub(super) issuer: String,
}

/// What the token endpoint answers.
pub(super) enum Antwoord {
    /// These claims, to be signed.
    Issued(serde_json::Value),
    /// No.
    Refused(Refusal),
}

impl TokenVerzoek {
    /// Decides. The code is spent as soon as it was shown by a proven client.
    pub(super) fn answer(&self, found: Option<Stored<Grant>>, now: Moment) -> Step<Antwoord, ()> {
        let Some(found) = found else {
            let reason = "the code was used before, or is over";
            return self.refused("RFC 6749 §5.2", reason, Vec::new());
        };
        let spent = vec![Change::remove(Grant::key(self.handle.id), found.version)];
        let grant = &found.value;
        let kept = belongs_to(&grant.client_id, &self.client).and_then(|()| self.kept(grant));
        if let Err(refusal) = kept {
            return self.refused(refusal.requirement, refusal.reason, spent);
        }
        let who = Actor::Party(self.client.id().to_owned());
        Step::Done(self.client.spent_in(Verdict {
            reply: Antwoord::Issued(self.claims(grant, now)),
            changes: spent,
            events: vec![Event::granted(
                "OIDC Core §3.1.3.3",
                "an ID token was issued",
                who,
            )],
        }))
    }

    fn kept(&self, grant: &Grant) -> Result<(), Refusal> {
        let challenge = Challenge::parse(&grant.challenge)
            .map_err(|_| Refusal::new(ErrorCode::InvalidGrant, "RFC 7636 §4.6", "no challenge"))?;
        let terms = CodeTerms {
            redirect_uri: grant.redirect_uri.clone(),
            challenge,
        };
        terms.kept_by(self.redirect_uri.as_deref(), &self.code_verifier)
    }

    fn refused(
        &self,
        requirement: &'static str,
        reason: &'static str,
        changes: Vec<Change<Clear>>,
    ) -> Step<Antwoord, ()> {
        let who = Actor::Party(self.client.id().to_owned());
        let refusal = Refusal::new(ErrorCode::InvalidGrant, requirement, reason);
        Step::Done(self.client.spent_in(Verdict {
            reply: Antwoord::Refused(refusal),
            changes,
            events: vec![Event::refused(requirement, reason, who)],
        }))
    }

    /// OIDC Core §2.
    fn claims(&self, grant: &Grant, now: Moment) -> serde_json::Value {
        let sub = jose::sha256(grant.email.as_bytes());
        json!({
            "iss": self.issuer,
            "sub": jose::b64::encode(&sub[..16]),
            "aud": grant.client_id,
            "iat": now.unix(),
            "exp": now.plus_s(ID_TOKEN_S).unix(),
            "auth_time": grant.auth_time,
            "nonce": grant.nonce,
            "email": grant.email,
            "email_verified": true,
        })
    }
}

impl Grant {
    pub(super) const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }
}

impl Record for Grant {
    const SPACE: Space = Space("idp.code");

    /// All of it is about a person.
    fn to_body(&self) -> Clear {
        Body {
            private: Secrets::new(json!(self).to_string().into_bytes()),
            ..Body::open(json!({ "v": 1 }))
        }
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        serde_json::from_slice(body.private.reveal()).map_err(|_| BadRow {
            space: Self::SPACE.0,
            member: "private part",
        })
    }
}
