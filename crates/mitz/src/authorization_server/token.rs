//! Steps 8–10: a code or a refresh token for an access token.

use jose::b64::encode as b64;
use protocol::access_token::{AccessToken, LIFETIME_S, jti};
use protocol::client::ProvenClient;
use protocol::grant::{Standing, belongs_to, standing};
use protocol::handle::{Handle, Purpose};
use protocol::id_token::IdToken;
use protocol::not_before::{self, NotBefore};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use verdict::{
    Actor, Change, Clear, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict,
};

use super::grant::{CODE_S, Grant, REFRESH_S, Secret};
use super::{Mitz, acr};
use crate::toestemmingenregister::Koppeling;

/// A code of this authorization server.
pub const CODE: Purpose = Purpose("mitz.code");
/// A refresh token of this authorization server.
pub const REFRESH_TOKEN: Purpose = Purpose("mitz.refresh_token");

/// The grants of this endpoint, as discovery tells them.
pub const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];

/// What a client offers, read and opened at the door.
#[derive(Clone, Debug)]
pub enum Offer {
    /// RFC 6749 §4.1.3.
    Code {
        /// The code; nothing when it was none of ours.
        handle: Option<Handle>,
        /// As sent.
        redirect_uri: Option<String>,
        /// As sent; empty when missing.
        code_verifier: String,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// The refresh token; nothing when it was none of ours.
        handle: Option<Handle>,
    },
}

/// A token request of a proven client.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    client: ProvenClient,
    offer: Offer,
    not_before: NotBefore,
}

/// The answer to the client, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// Step 10.
    Issued(Box<Issued>),
    /// RFC 6749 §5.2.
    Refused(Refusal),
}

/// What is issued; the shell signs the tokens and makes the refresh token's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// For userinfo.
    pub access_token: AccessToken,
    /// The grant's new generation.
    pub refresh_token: Handle,
    /// Without locations (mitz case 12).
    pub id_token: IdToken,
}

/// The one question: the grant.
#[derive(Clone, Debug)]
pub struct GrantVraag {
    request: TokenRequest,
    handle: Handle,
    issuer: String,
    now: Moment,
}

type Stap = Step<TokenAnswer, GrantVraag>;

impl Offer {
    /// Reads the grant's parameters; `open` proves a handle.
    ///
    /// # Errors
    /// `unsupported_grant_type`, or `invalid_request` for a missing parameter. Nothing is spent.
    pub fn read(
        parameters: &Parameters,
        open: impl Fn(Purpose, &str) -> Option<Handle>,
    ) -> Result<Self, Refusal> {
        let refuse = |error, reason| Refusal::new(error, "RFC 6749 §5.2", reason);
        let need = |name: &str, reason| {
            parameters
                .get(name)
                .ok_or(refuse(ErrorCode::InvalidRequest, reason))
        };
        match need("grant_type", "grant_type is missing")? {
            "authorization_code" => Ok(Self::Code {
                handle: open(CODE, need("code", "code is missing")?),
                redirect_uri: parameters.get("redirect_uri").map(str::to_owned),
                code_verifier: parameters
                    .get("code_verifier")
                    .unwrap_or_default()
                    .to_owned(),
            }),
            // RFC 6749 §6: the redirect_uri that MedMij's example shows is ignored.
            "refresh_token" => Ok(Self::RefreshToken {
                handle: open(
                    REFRESH_TOKEN,
                    need("refresh_token", "refresh_token is missing")?,
                ),
            }),
            _ => Err(refuse(
                ErrorCode::UnsupportedGrantType,
                "the grant type is not offered here",
            )),
        }
    }

    const fn handle(&self) -> Option<Handle> {
        match self {
            Self::Code { handle, .. } | Self::RefreshToken { handle } => *handle,
        }
    }
}

impl TokenRequest {
    /// The request of a client that proved who it is.
    pub const fn new(client: ProvenClient, offer: Offer) -> Self {
        Self {
            client,
            offer,
            not_before: NotBefore::NEVER,
        }
    }

    /// The same, where what was issued earlier does not count.
    #[must_use]
    pub const fn not_before(mut self, not_before: NotBefore) -> Self {
        self.not_before = not_before;
        self
    }

    /// Who asks.
    pub fn client_id(&self) -> &str {
        self.client.id()
    }

    /// The first step (seed 000 step 9).
    pub fn begin(&self, mitz: &Mitz, now: Moment) -> Stap {
        match self.offer.handle() {
            None => self.refuse("the code or refresh token is none of ours", Vec::new()),
            Some(handle) => Step::Ask(GrantVraag {
                request: self.clone(),
                handle,
                issuer: mitz.issuer.clone(),
                now,
            }),
        }
    }

    /// What holds when the row of `key` was not as expected at the commit, where that row decides:
    /// the koppeling is gone, because the person withdrew; or the client's assertion was used before.
    pub fn lost(&self, key: &Key) -> Option<Stap> {
        let refusal = if key.space() == Koppeling::SPACE {
            // mitz case 20
            let reason = "the person withdrew the consent";
            Refusal::new(ErrorCode::InvalidGrant, "mitz case 20", reason)
        } else {
            ProvenClient::is_replay(key)?
        };
        Some(self.refused(refusal, Vec::new()))
    }

    fn refuse(&self, reason: &'static str, changes: Vec<Change<Clear>>) -> Stap {
        let refusal = Refusal::new(ErrorCode::InvalidGrant, "RFC 6749 §5.2", reason);
        self.refused(refusal, changes)
    }

    fn refused(&self, refusal: Refusal, changes: Vec<Change<Clear>>) -> Stap {
        let who = Actor::Party(self.client.id().to_owned());
        self.done(Verdict {
            reply: TokenAnswer::Refused(refusal),
            changes,
            events: vec![Event::refused(refusal.requirement, refusal.reason, who)],
        })
    }

    /// Every end of a request goes through here, so that no proof is forgotten to be spent.
    fn done(&self, verdict: Verdict<TokenAnswer>) -> Stap {
        Step::Done(self.client.spent_in(verdict))
    }
}

impl GrantVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Grant::key(self.handle.id)
    }

    /// Decides. Whatever fails after the full secret was valid spends a code; a reused secret ends
    /// the whole family.
    pub fn answer(self, found: Option<Stored<Grant>>) -> Stap {
        let Some(found) = found else {
            return self.request.refuse("the grant has ended", Vec::new());
        };
        let end = vec![Change::remove(self.key(), found.version)];
        if standing(self.handle, found.version) == Standing::Reused {
            // mitz cases 13 and 19: the family ends, and with it its access tokens
            let refusal = Refusal::new(
                ErrorCode::InvalidGrant,
                "RFC 9700 §4.14.2",
                "a spent code or refresh token was offered again; the grant ends",
            );
            return self.request.refused(refusal, end);
        }
        let kept = belongs_to(&found.value.client_id, &self.request.client)
            .and_then(|()| self.terms_kept(&found.value.secret))
            .and_then(|()| self.counts(&found));
        match (kept, &found.value.secret) {
            (Ok(()), _) => self.issue(found),
            // design §5 "code": spent although the request fails (mitz cases 14 and 17)
            (Err(refusal), Secret::Code(_)) => self.request.refused(refusal, end),
            (Err(refusal), Secret::RefreshToken) => self.request.refused(refusal, Vec::new()),
        }
    }

    fn terms_kept(&self, secret: &Secret) -> Result<(), Refusal> {
        match (&self.request.offer, secret) {
            (
                Offer::Code {
                    redirect_uri,
                    code_verifier,
                    ..
                },
                Secret::Code(terms),
            ) => terms.kept_by(redirect_uri.as_deref(), code_verifier),
            (Offer::RefreshToken { .. }, Secret::RefreshToken) => Ok(()),
            _ => Err(Refusal::new(
                ErrorCode::InvalidGrant,
                "RFC 6749 §5.2",
                "the secret is of another kind than the grant type says",
            )),
        }
    }

    /// Whether the secret was issued late enough: its row ends a life after that. Nothing is removed, so
    /// that a moment that was set by mistake can be taken back.
    fn counts(&self, found: &Stored<Grant>) -> Result<(), Refusal> {
        let life_s = match found.value.secret {
            Secret::Code(_) => CODE_S,
            Secret::RefreshToken => REFRESH_S,
        };
        // design §4
        if self
            .request
            .not_before
            .refuses(found.until.minus_s(life_s).unix())
        {
            return Err(Refusal::new(
                ErrorCode::InvalidGrant,
                not_before::REQUIREMENT,
                not_before::REASON,
            ));
        }
        Ok(())
    }

    /// Step 10 (mitz cases 11, 12 and 18): the grant advances in place, under the guard that the
    /// person has not withdrawn.
    fn issue(self, found: Stored<Grant>) -> Stap {
        let Self {
            request,
            handle,
            issuer,
            now,
        } = self;
        let next = Handle {
            generation: handle.generation + 1,
            ..handle
        };
        let grant = Grant {
            secret: Secret::RefreshToken,
            ..found.value
        };
        let issued = Issued {
            access_token: access_token(&issuer, &grant, next, &request.client, now),
            id_token: id_token(&issuer, &grant, next, now),
            refresh_token: next,
        };
        let who = Actor::Party(request.client.id().to_owned());
        let event = Event::granted("seed 000 step 10", "tokens were issued", who);
        request.done(Verdict {
            events: vec![event.about(grant.persoon)],
            changes: vec![
                grant.put(
                    Grant::key(handle.id),
                    Expect::Version(found.version),
                    now.plus_s(REFRESH_S),
                ),
                Change::guard(Koppeling::key(grant.koppeling)),
            ],
            reply: TokenAnswer::Issued(Box::new(issued)),
        })
    }
}

fn access_token(
    issuer: &str,
    grant: &Grant,
    handle: Handle,
    client: &ProvenClient,
    now: Moment,
) -> AccessToken {
    AccessToken {
        iss: issuer.to_owned(),
        aud: issuer.to_owned(),
        client_id: grant.client_id.clone(),
        scope: grant.scope.clone(),
        jti: jti(handle.id, handle.generation),
        iat: now.unix(),
        exp: now.plus_s(LIFETIME_S).unix(),
        // RFC 8705 §3.1
        cnf: client.confirmation(),
    }
}

/// The minimal ID token of the code exchange; after a refresh without `nonce` (OIDC Core §12.2).
fn id_token(issuer: &str, grant: &Grant, handle: Handle, now: Moment) -> IdToken {
    let first = handle.generation == 1;
    IdToken {
        iss: issuer.to_owned(),
        sub: grant.sub.clone(),
        aud: grant.client_id.clone(),
        iat: now.unix(),
        exp: now.plus_s(LIFETIME_S).unix(),
        auth_time: grant.auth_time,
        nonce: grant.nonce.clone().filter(|_| first),
        acr: acr(grant.level).to_owned(),
        jti: format!(
            "id.{}",
            b64(jose::sha256(jti(handle.id, handle.generation).as_bytes()))
        ),
    }
}
