//! A session at an AD, and its tokens for the HM that asked (GUC9 9.2 and 9.3).
//!
//! A session goes on for two hours after its last declaration. Each refresh is a declaration, made
//! without the person, so that the means is looked at each time.

use identity::EntityId;
use protocol::access_token::{AccessToken, jti};
use protocol::client::ProvenClient;
use protocol::grant::{CodeTerms, Standing, belongs_to, standing_at};
use protocol::handle::{Handle, Purpose};
use protocol::id_token::IdToken;
use protocol::pkce::Challenge;
use protocol::refusal::{ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use verdict::{
    Actor, BadRow, Change, Clear, Event, Expect, Key, Moment, Record, Space, Step, Stored, Then,
    Verdict, versioned,
};

use super::Instellingen;
use super::middel::Middel;
use crate::attribuut::{Attributen, Attribuutnaam};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::machtiging::InternPseudoniem;

/// A code of an AD.
pub const CODE: Purpose = Purpose("etoegang.ad.code");
/// A refresh token of an AD.
pub const REFRESH_TOKEN: Purpose = Purpose("etoegang.ad.refresh_token");
/// Seconds for which a code can be redeemed.
pub const CODE_S: u32 = 60;

/// A login, for one HM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessie {
    /// Which HM, by its `client_id` here.
    pub client_id: String,
    /// With which means.
    pub middel: String,
    /// As granted.
    pub scope: String,
    /// The person, for this DV.
    pub sub: String,
    /// The level reached.
    pub niveau: Betrouwbaarheidsniveau,
    /// When the person logged in; seconds since 1970.
    pub auth_time: i64,
    /// Of the current secret.
    pub generation: u64,
    /// When it was given out; seconds since 1970.
    pub gegeven: i64,
    /// What the current secret is.
    pub secret: Secret,
}

/// What the current secret of a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A code.
    Code {
        /// Under which terms.
        terms: CodeTerms,
        /// For the ID token.
        nonce: String,
        /// For which register the internal pseudonym is given along, where the person acts for
        /// another.
        mr: Option<EntityId>,
        /// Which attributes of the person the HM asked for.
        attributen: Vec<Attribuutnaam>,
    },
    /// A refresh token.
    RefreshToken,
}

/// The AD that answers.
#[derive(Clone, Debug)]
pub struct Ad {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Its EntityID.
    pub entity: EntityId,
    /// How it works.
    pub instellingen: Instellingen,
}

/// What an HM offers.
#[derive(Clone, Debug)]
pub enum Offer {
    /// A code.
    Code {
        /// Nothing when it was none of ours.
        handle: Option<Handle>,
        /// As sent.
        redirect_uri: Option<String>,
        /// As sent; empty when missing.
        code_verifier: String,
    },
    /// A refresh token (GUC9 9.2).
    RefreshToken(Option<Handle>),
}

/// A token request of a proven HM.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    client: ProvenClient,
    offer: Offer,
}

/// The answer, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// GUC9 9.3.
    Issued(Box<Issued>),
    /// RFC 6749 §5.2.
    Refused(Refusal),
}

/// What is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// For this AD's own endpoints.
    pub access_token: AccessToken,
    /// Nothing when the HM keeps the one it has.
    pub refresh_token: Option<Handle>,
    /// The declaration.
    pub id_token: IdToken,
    /// The internal pseudonym, to be encrypted for this register as `alt_sub`.
    pub intern: Option<(EntityId, InternPseudoniem)>,
    /// What is declared of the person beside: at a login, of what was asked. A refresh says none of it again.
    pub attributen: Attributen,
}

/// What the rule asks, in order.
#[derive(Debug)]
pub enum Vraag {
    /// The session.
    Sessie(Box<SessieVraag>),
    /// The means that it was begun with.
    Middel(Box<MiddelVraag>),
}

/// See [`Vraag::Sessie`].
#[derive(Clone, Debug)]
pub struct SessieVraag {
    request: TokenRequest,
    handle: Handle,
    now: Moment,
}

/// See [`Vraag::Middel`].
#[derive(Clone, Debug)]
pub struct MiddelVraag {
    request: TokenRequest,
    handle: Handle,
    found: Stored<Sessie>,
    is_repeated: bool,
    now: Moment,
}

type Stap = Step<TokenAnswer, Vraag>;

impl TokenRequest {
    /// The request of an HM that proved who it is.
    pub const fn new(client: ProvenClient, offer: Offer) -> Self {
        Self { client, offer }
    }

    /// The first step.
    pub fn begin(&self, now: Moment) -> Stap {
        let (Offer::Code { handle, .. } | Offer::RefreshToken(handle)) = &self.offer;
        match handle {
            None => self.invalid("the code or refresh token is none of ours", Vec::new()),
            Some(handle) => Step::Ask(Vraag::Sessie(Box::new(SessieVraag {
                request: self.clone(),
                handle: *handle,
                now,
            }))),
        }
    }

    /// What holds when the row of `key` was not as expected at the commit, where that row decides: the
    /// HM's assertion was used before.
    pub fn lost(&self, key: &Key) -> Option<Stap> {
        ProvenClient::is_replay(key).map(|refusal| self.refused(refusal, Vec::new()))
    }

    fn invalid(&self, reason: &'static str, changes: Vec<Change<Clear>>) -> Stap {
        let refusal = Refusal::new(ErrorCode::InvalidGrant, "etoegang.md §4.6", reason);
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

    fn done(&self, verdict: Verdict<TokenAnswer>) -> Stap {
        Step::Done(self.client.spent_in(verdict))
    }
}

impl SessieVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Sessie::key(self.handle.id)
    }

    /// Whose, which generation, under which terms. A spent secret ends the session, unless it is the
    /// last one and its answer may be given again (F10b of etoegang.md §4.8).
    pub fn answer(self, ad: &Ad, found: Option<Stored<Sessie>>) -> Stap {
        let Some(found) = found else {
            return self.request.invalid("the session has ended", Vec::new());
        };
        let end = vec![Change::remove(self.key(), found.version)];
        if let Err(refusal) = belongs_to(&found.value.client_id, &self.request.client) {
            return self.request.refused(refusal, end);
        }
        let is_repeated = self.may_be_repeated(ad, &found.value);
        let is_current = standing_at(self.handle, found.value.generation) == Standing::Current;
        if !is_current && !is_repeated {
            let reason = "a spent code or refresh token was offered again; the session ends";
            let refusal = Refusal::new(ErrorCode::InvalidGrant, "RFC 9700 §4.14.2", reason);
            return self.request.refused(refusal, end);
        }
        if let Err(refusal) = self.terms_kept(&found.value.secret) {
            return self.request.refused(refusal, end);
        }
        Step::Ask(Vraag::Middel(Box::new(MiddelVraag {
            request: self.request,
            handle: self.handle,
            found,
            is_repeated,
            now: self.now,
        })))
    }

    fn may_be_repeated(&self, ad: &Ad, sessie: &Sessie) -> bool {
        let until = Moment::from_unix(sessie.gegeven).plus_s(ad.instellingen.herhaalbaar_s);
        matches!(self.request.offer, Offer::RefreshToken(_))
            && self.handle.generation > 0
            && self.handle.next().generation == sessie.generation
            && !until.is_over_at(self.now)
    }

    fn terms_kept(&self, secret: &Secret) -> Result<(), Refusal> {
        match (&self.request.offer, secret) {
            (
                Offer::Code {
                    redirect_uri,
                    code_verifier,
                    ..
                },
                Secret::Code { terms, .. },
            ) => terms.kept_by(redirect_uri.as_deref(), code_verifier),
            (Offer::RefreshToken(_), Secret::RefreshToken) => Ok(()),
            _ => Err(Refusal::new(
                ErrorCode::InvalidGrant,
                "RFC 6749 §5.2",
                "the secret is of another kind than the grant type says",
            )),
        }
    }
}

impl MiddelVraag {
    /// Which row.
    pub fn key(&self) -> Key {
        Middel::key(&self.found.value.middel)
    }

    /// For which register the internal pseudonym will be given along; nobody's after a code.
    pub const fn mr(&self) -> Option<&EntityId> {
        match &self.found.value.secret {
            Secret::Code { mr, .. } => mr.as_ref(),
            Secret::RefreshToken => None,
        }
    }

    /// Declares, if the means still counts (etoegang case 37). Its row is guarded, so that a revocation
    /// in the same moment wins.
    pub fn answer(self, ad: &Ad, middel: Option<&Stored<Middel>>) -> Stap {
        let counts = middel.filter(|middel| {
            let middel_niveau = middel.value.niveau;
            middel.value.geldt(self.now).is_ok() && middel_niveau >= self.found.value.niveau
        });
        let Some(middel) = counts else {
            let end = vec![Change::remove(
                Sessie::key(self.handle.id),
                self.found.version,
            )];
            let reason = "the means does not count any more; the session ends";
            let refusal = Refusal::new(ErrorCode::InvalidGrant, "etoegang case 37", reason);
            return self.request.refused(refusal, end);
        };
        let guard = Change {
            key: self.key(),
            expect: Expect::Version(middel.version),
            then: Then::Keep,
        };
        self.issue(ad, &middel.value, guard)
    }

    fn issue(self, ad: &Ad, middel: &Middel, guard: Change<Clear>) -> Stap {
        let Self {
            request,
            handle,
            found,
            is_repeated,
            now,
        } = self;
        let key = Sessie::key(handle.id);
        let (nonce, mr, attributen) = match &found.value.secret {
            Secret::Code {
                nonce,
                mr,
                attributen,
                ..
            } => {
                let declared = middel.attributen.alleen(attributen);
                (Some(nonce.clone()), mr.clone(), declared)
            }
            Secret::RefreshToken => (None, None, Attributen::default()),
        };
        // GUC9 9.3: a new refresh token is optional; a code always brings one
        let rotates = ad.instellingen.roteert || nonce.is_some();
        let next = if rotates { handle.next() } else { handle };
        let (given, change) = if is_repeated {
            let kept = Change {
                key,
                expect: Expect::Version(found.version),
                then: Then::Keep,
            };
            (found.value, kept)
        } else {
            let given = Sessie {
                generation: next.generation,
                gegeven: now.unix(),
                secret: Secret::RefreshToken,
                ..found.value
            };
            // etoegang.md §3: a declaration lets the session go on for two hours more
            let until = now.plus_s(ad.instellingen.sessie_s);
            let change = given.put(key, Expect::Version(found.version), until);
            (given, change)
        };
        let at = Handle {
            generation: given.generation,
            ..handle
        };
        let is_new = at != handle;
        let issued = Issued {
            access_token: access_token(ad, &given, at, &request.client, now),
            refresh_token: is_new.then_some(at),
            id_token: id_token(ad, &given, at, nonce, now),
            intern: mr.map(|mr| (mr, middel.houder.clone())),
            attributen,
        };
        let who = Actor::Party(request.client.id().to_owned());
        request.done(Verdict {
            reply: TokenAnswer::Issued(Box::new(issued)),
            changes: vec![change, guard],
            events: vec![Event::granted("GUC9 9.3", "a declaration was issued", who)],
        })
    }
}

fn access_token(
    ad: &Ad,
    given: &Sessie,
    handle: Handle,
    client: &ProvenClient,
    now: Moment,
) -> AccessToken {
    AccessToken {
        iss: ad.issuer.clone(),
        aud: ad.issuer.clone(),
        client_id: given.client_id.clone(),
        scope: given.scope.clone(),
        jti: jti(handle.id, handle.generation),
        iat: now.unix(),
        exp: now.plus_s(ad.instellingen.token_s).unix(),
        cnf: client.confirmation(),
    }
}

/// OIDC Core §12.2: the login of the first, whoever renews it.
fn id_token(
    ad: &Ad,
    given: &Sessie,
    handle: Handle,
    nonce: Option<String>,
    now: Moment,
) -> IdToken {
    // Without rotation two declarations have one generation: the moment tells them apart.
    let number = format!("{}.{}", jti(handle.id, handle.generation), now.unix());
    IdToken {
        iss: ad.issuer.clone(),
        sub: given.sub.clone(),
        aud: given.client_id.clone(),
        iat: now.unix(),
        exp: now.plus_s(ad.instellingen.token_s).unix(),
        auth_time: given.auth_time,
        nonce,
        acr: given.niveau.urn().to_owned(),
        jti: format!(
            "id.{}",
            jose::base64url_encode(jose::sha256(number.as_bytes()))
        ),
    }
}

impl Sessie {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    client_id: String,
    scope: String,
    niveau: Betrouwbaarheidsniveau,
    auth_time: i64,
    generation: u64,
    gegeven: i64,
    code: Option<OpenCode>,
}

#[derive(Serialize, Deserialize)]
struct OpenCode {
    redirect_uri: String,
    challenge: String,
    nonce: String,
    mr: Option<EntityId>,
    #[serde(default)]
    attributen: Vec<Attribuutnaam>,
}

#[derive(Serialize, Deserialize)]
struct Private {
    middel: String,
    sub: String,
}

impl Record for Sessie {
    const SPACE: Space = Space("etoegang.ad_sessie");

    fn to_body(&self) -> Clear {
        let code = match &self.secret {
            Secret::Code {
                terms,
                nonce,
                mr,
                attributen,
            } => Some(OpenCode {
                redirect_uri: terms.redirect_uri.clone(),
                challenge: terms.challenge.as_str().to_owned(),
                nonce: nonce.clone(),
                mr: mr.clone(),
                attributen: attributen.clone(),
            }),
            Secret::RefreshToken => None,
        };
        let open = Open {
            client_id: self.client_id.clone(),
            scope: self.scope.clone(),
            niveau: self.niveau,
            auth_time: self.auth_time,
            generation: self.generation,
            gegeven: self.gegeven,
            code,
        };
        let private = Private {
            middel: self.middel.clone(),
            sub: self.sub.clone(),
        };
        versioned::body_with_private(&open, &private, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        let secret = open.code.map_or(Ok(Secret::RefreshToken), |code| {
            let challenge = Challenge::parse(&code.challenge).map_err(|_| BadRow {
                space: Self::SPACE.0,
                member: "challenge",
            })?;
            let terms = CodeTerms {
                redirect_uri: code.redirect_uri,
                challenge,
            };
            Ok(Secret::Code {
                terms,
                nonce: code.nonce,
                mr: code.mr,
                attributen: code.attributen,
            })
        })?;
        Ok(Self {
            client_id: open.client_id,
            middel: private.middel,
            scope: open.scope,
            sub: private.sub,
            niveau: open.niveau,
            auth_time: open.auth_time,
            generation: open.generation,
            gegeven: open.gegeven,
            secret,
        })
    }
}

#[cfg(test)]
#[path = "sessie/tests.rs"]
mod tests;
