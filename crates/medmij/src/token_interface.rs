//! The token interface of a DVA (medmij.md §4, core.tknint): a code or a refresh token for an access
//! token.
//!
//! A code is spent as soon as its client presented it, before the record system is asked; a refresh
//! token when the new one is given.

use fhir::Bevinding;
use identity::{Bsn, GegevensdienstId, Ura};
use protocol::access_token::{AccessToken, LIFETIME_S, jti};
use protocol::client::ProvenClient;
use protocol::grant::{Standing, belongs_to, generation_of, standing};
use protocol::handle::{Handle, Purpose};
use protocol::not_before::{self, NotBefore};
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::Parameters;
use verdict::{
    Actor, Change, Clear, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict,
};

use crate::beschikbaarheidstoets::{NietBeschikbaar, Toets};
use crate::scope::{Functie, Scope};
use crate::toestemming::{CODE_S, Geheim, ONGEBRUIKT_S, Toestemming, Wissel};

/// A code of this interface.
pub const CODE: Purpose = Purpose("medmij.code");
/// A refresh token of this interface.
pub const REFRESH_TOKEN: Purpose = Purpose("medmij.refresh_token");

/// The grants of this interface.
pub const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];

/// What one DVP in use sends for the second of them (medmij case 106).
pub const REFRESH_CODE: &str = "refresh_code";

/// Seconds within which a refresh whose answer was lost can be asked again (design §5 "refresh").
pub const HERHAALBAAR_S: u32 = 20;

/// What a client offers, read and opened at the door.
#[derive(Clone, Debug)]
pub enum Offer {
    /// RFC 6749 §4.1.3.
    Code {
        /// The code; nothing when it was none of ours.
        handle: Option<Handle>,
        /// As sent.
        redirect_uri: Option<String>,
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
    issuer: String,
    leeftijd_min: u8,
    not_before: NotBefore,
    nothing_available: ErrorCode,
}

/// The answer to the client, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// core.tknint.201.
    Issued(Box<Issued>),
    /// RFC 6749 §5.2.
    Refused(Refusal),
    /// A refusal that could tell of a treatment relation: the shell lets it leave at a fixed time after
    /// arrival (design §5 "equality of refusals").
    RefusedAlike(Refusal),
    /// Nobody can say now, and the code is spent: to try again is of no use.
    Verspeeld(Refusal),
}

/// What is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// To be signed; its scope is that of the answer.
    pub access_token: AccessToken,
    /// Only with a long-lived consent.
    pub refresh_token: Option<Handle>,
}

/// What the rule asks, in order.
pub enum Vraag {
    /// The consent behind the secret.
    Toestemming(Box<ToestemmingVraag>),
    /// What of it can be given now?
    Verleenbaar(Box<VerleenbaarVraag>),
}

/// See [`Vraag::Toestemming`].
pub struct ToestemmingVraag {
    request: TokenRequest,
    handle: Handle,
    /// Whether the code was spent by this very request.
    is_presented: bool,
    now: Moment,
}

/// See [`Vraag::Verleenbaar`].
pub struct VerleenbaarVraag {
    request: TokenRequest,
    handle: Handle,
    found: Stored<Toestemming>,
    now: Moment,
}

/// What can be given now.
#[derive(Clone, Debug)]
pub struct Verleenbaar {
    /// What the Aanbieder offers, the client is recognised for, and was asked about.
    pub gevraagd: Vec<GegevensdienstId>,
    /// What the record system knows of those; nothing when it does not answer.
    pub bevinding: Option<Bevinding>,
    /// Days of a subscription, at most (ext.abo.tknint.200).
    pub dagen_max: u32,
}

type Stap = Step<TokenAnswer, Vraag>;

impl Offer {
    /// Reads the grant's parameters; `open` proves a handle, and `refresh_code` says whether that grant
    /// type is taken for `refresh_token` (medmij case 106).
    ///
    /// # Errors
    /// `unsupported_grant_type` (medmij cases 55 and 106), or `invalid_request`. Nothing is spent.
    pub fn read(
        parameters: &Parameters,
        refresh_code: bool,
        open: impl Fn(Purpose, &str) -> Option<Handle>,
    ) -> Result<Self, Refusal> {
        let refuse = |error, reason| Refusal::new(error, "core.tknint.200", reason);
        let need = |name: &str, reason| {
            let value = parameters.get(name);
            value.ok_or(refuse(ErrorCode::InvalidRequest, reason))
        };
        let is_refresh =
            |grant: &str| grant == "refresh_token" || (refresh_code && grant == REFRESH_CODE);
        match need("grant_type", "grant_type is missing")? {
            "authorization_code" => Ok(Self::Code {
                handle: open(CODE, need("code", "code is missing")?),
                redirect_uri: parameters.get("redirect_uri").map(str::to_owned),
            }),
            // The redirect_uri of MedMij's example means nothing here (RFC 6749 §6).
            grant if is_refresh(grant) => {
                let token = need("refresh_token", "refresh_token is missing")?;
                let handle = open(REFRESH_TOKEN, token);
                Ok(Self::RefreshToken { handle })
            }
            _ => {
                let reason = "the grant type is not offered here";
                Err(refuse(ErrorCode::UnsupportedGrantType, reason))
            }
        }
    }

    const fn handle(&self) -> Option<Handle> {
        match self {
            Self::Code { handle, .. } | Self::RefreshToken { handle } => *handle,
        }
    }
}

impl TokenRequest {
    /// The request of a client that proved who it is, at the server with this issuer.
    pub const fn new(
        client: ProvenClient,
        offer: Offer,
        issuer: String,
        leeftijd_min: u8,
        not_before: NotBefore,
    ) -> Self {
        Self {
            client,
            offer,
            issuer,
            leeftijd_min,
            not_before,
            nothing_available: ErrorCode::InvalidGrant,
        }
    }

    /// The same, where this error tells that nothing is available (medmij case 40).
    #[must_use]
    pub const fn nothing_available(mut self, error: ErrorCode) -> Self {
        self.nothing_available = error;
        self
    }

    /// The first step.
    pub fn begin(&self, now: Moment) -> Stap {
        match self.offer.handle() {
            None => self.invalid_grant(
                "RFC 6749 §5.2",
                "the code or refresh token is none of ours",
                Vec::new(),
            ),
            Some(handle) => Step::Ask(Vraag::Toestemming(Box::new(ToestemmingVraag {
                request: self.clone(),
                handle,
                is_presented: false,
                now,
            }))),
        }
    }

    /// What holds when the row of `key` was not as expected at the commit, where that row decides: the
    /// client's proof was used before.
    pub fn lost(&self, key: &Key) -> Option<Stap> {
        let refusal = ProvenClient::is_replay(key)?;
        Some(self.refused(refusal, Vec::new()))
    }

    fn invalid_grant(
        &self,
        requirement: &'static str,
        reason: &'static str,
        changes: Vec<Change<Clear>>,
    ) -> Stap {
        let refusal = Refusal::new(ErrorCode::InvalidGrant, requirement, reason);
        self.refused(refusal, changes)
    }

    fn refused(&self, refusal: Refusal, changes: Vec<Change<Clear>>) -> Stap {
        self.refused_as(TokenAnswer::Refused, refusal, changes)
    }

    fn refused_as(
        &self,
        how: fn(Refusal) -> TokenAnswer,
        refusal: Refusal,
        changes: Vec<Change<Clear>>,
    ) -> Stap {
        self.done(Verdict {
            reply: how(refusal),
            changes,
            events: vec![self.refusal_event(&refusal)],
        })
    }

    /// medmij case 40: nothing tells which of the reasons it was.
    fn refused_alike(&self, niet: NietBeschikbaar, changes: Vec<Change<Clear>>) -> Stap {
        let (requirement, reason) = niet.reason();
        let refusal = Refusal::new(self.nothing_available, requirement, reason);
        self.refused_as(TokenAnswer::RefusedAlike, refusal, changes)
    }

    fn refusal_event(&self, refusal: &Refusal) -> Event {
        let who = Actor::Party(self.client.id().to_owned());
        Event::refused(refusal.requirement, refusal.reason, who)
    }

    /// Every end of a request goes through here, so that no proof is forgotten to be spent.
    fn done(&self, verdict: Verdict<TokenAnswer>) -> Stap {
        Step::Done(self.client.spent_in(verdict))
    }

    fn x5t_s256(&self) -> Option<String> {
        self.client.confirmation().map(|shown| shown.x5t_s256)
    }
}

impl ToestemmingVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Toestemming::key(self.handle.id)
    }

    /// Goes on when the secret is the current one, and everything fits.
    pub fn answer(self, found: Option<Stored<Toestemming>>) -> Stap {
        let Some(found) = found else {
            // medmij cases 45, 61 and 62. It may have ended because the person died: no answer to the same
            // question tells that sooner than another (medmij case 40).
            let (error, requirement) = (ErrorCode::InvalidGrant, "core.autorisatie.100");
            let refusal = Refusal::new(error, requirement, "the consent has ended");
            return self
                .request
                .refused_as(TokenAnswer::RefusedAlike, refusal, Vec::new());
        };
        if standing(self.handle, found.version) == Standing::Reused {
            return self.reused(&found);
        }
        let fits = belongs_to(&found.value.client_id, &self.request.client)
            .and_then(|()| self.fits(&found.value))
            .and_then(|()| self.counts(&found.value));
        match (fits, &found.value.geheim) {
            (Ok(()), Geheim::Code(_)) => self.present(found),
            (Ok(()), _) => Step::Ask(Vraag::Verleenbaar(Box::new(VerleenbaarVraag {
                request: self.request,
                handle: self.handle,
                found,
                now: self.now,
            }))),
            // core.tknint.204: void, also when the request fails (medmij cases 42 to 44 and 46)
            (Err(refusal), Geheim::Code(_)) => {
                let end = vec![Change::remove(self.key(), found.version)];
                self.request.refused(refusal, end)
            }
            (Err(refusal), _) => self.request.refused(refusal, Vec::new()),
        }
    }

    /// core.tknint.205, and that the secret is of the kind that the grant type says.
    fn fits(&self, found: &Toestemming) -> Result<(), Refusal> {
        let refuse = |error, requirement, reason| Err(Refusal::new(error, requirement, reason));
        match (&self.request.offer, &found.geheim) {
            (Offer::Code { redirect_uri, .. }, Geheim::Code(asked)) => match redirect_uri {
                // medmij case 43
                None => refuse(
                    ErrorCode::InvalidRequest,
                    "core.tknint.205",
                    "redirect_uri is missing",
                ),
                Some(sent) if sent == asked => Ok(()),
                // medmij case 44
                Some(_) => refuse(
                    ErrorCode::InvalidGrant,
                    "core.tknint.205",
                    "redirect_uri differs from the authorization request",
                ),
            },
            (Offer::Code { .. }, Geheim::Gepresenteerd) if self.is_presented => Ok(()),
            (Offer::RefreshToken { .. }, Geheim::RefreshToken(_)) => Ok(()),
            _ => refuse(
                ErrorCode::InvalidGrant,
                "RFC 6749 §5.2",
                "the secret is of another kind than the grant type says",
            ),
        }
    }

    /// Whether the secret was issued late enough. Nothing is removed, so that a moment that was set by
    /// mistake can be taken back.
    fn counts(&self, found: &Toestemming) -> Result<(), Refusal> {
        let issued = match &found.geheim {
            Geheim::RefreshToken(wissel) => wissel.at,
            Geheim::Code(_) | Geheim::Gepresenteerd | Geheim::Geen => found.gegeven,
        };
        if self.request.not_before.refuses(issued) {
            let (requirement, reason) = (not_before::REQUIREMENT, not_before::REASON);
            return Err(Refusal::new(ErrorCode::InvalidGrant, requirement, reason));
        }
        Ok(())
    }

    /// core.tknint.204: void from here on, whatever comes of it. The row is read again after that, since
    /// the person may have withdrawn.
    fn present(self, found: Stored<Toestemming>) -> Stap {
        let presented = Toestemming {
            geheim: Geheim::Gepresenteerd,
            ..found.value
        };
        let change = presented.put(
            self.key(),
            Expect::Version(found.version),
            self.now.plus_s(CODE_S),
        );
        Step::Save {
            changes: vec![change],
            events: Vec::new(),
            then: Box::new(move || {
                Step::Ask(Vraag::Toestemming(Box::new(Self {
                    request: self.request.clone(),
                    handle: next(self.handle),
                    is_presented: true,
                    now: self.now,
                })))
            }),
        }
    }

    /// A spent secret. The same client may have lost the answer that its refresh brought; whoever else
    /// offers one ends the family (medmij cases 41 and 60).
    fn reused(self, found: &Stored<Toestemming>) -> Stap {
        if let Some(issued) = self.again(found) {
            let what = "the answer to a refresh was given again";
            let who = Actor::Party(self.request.client.id().to_owned());
            let event = Event::granted("core.autorisatie.211", what, who);
            return self.request.done(Verdict {
                reply: TokenAnswer::Issued(Box::new(issued)),
                changes: vec![Change {
                    key: self.key(),
                    expect: Expect::Version(found.version),
                    then: verdict::Then::Keep,
                }],
                events: vec![event.about(found.value.persoon)],
            });
        }
        let end = vec![Change::remove(self.key(), found.version)];
        self.request.invalid_grant(
            "RFC 9700 §4.14.2",
            "a spent code or refresh token was offered again; the consent's tokens end",
            end,
        )
    }

    /// What was given, while its refresh token was not used: to the same client with the same
    /// certificate, within twenty seconds.
    fn again(&self, found: &Stored<Toestemming>) -> Option<Issued> {
        let Geheim::RefreshToken(wissel) = &found.value.geheim else {
            return None;
        };
        let was_refresh = matches!(self.request.offer, Offer::RefreshToken { .. });
        let successor = next(self.handle);
        let is_last = successor.generation == generation_of(found.version);
        let in_time = !Moment::from_unix(wissel.at)
            .plus_s(HERHAALBAAR_S)
            .is_over_at(self.now);
        let is_same = found.value.client_id == self.request.client.id()
            && wissel.x5t_s256.is_some()
            && wissel.x5t_s256 == self.request.x5t_s256();
        let again =
            was_refresh && is_last && in_time && is_same && self.counts(&found.value).is_ok();
        again.then(|| Issued {
            access_token: access_token(&self.request, &found.value, successor, self.now),
            refresh_token: Some(successor),
        })
    }
}

impl VerleenbaarVraag {
    /// About whom.
    pub const fn bsn(&self) -> &Bsn {
        &self.found.value.bsn
    }

    /// At which Aanbieder.
    pub const fn ura(&self) -> &Ura {
        &self.found.value.ura
    }

    /// What was agreed to.
    pub const fn scope(&self) -> &Scope {
        &self.found.value.scope
    }

    /// Decides (core.tknint.201, medmij cases 36 to 40).
    pub fn answer(self, verleenbaar: Verleenbaar) -> Stap {
        let key = Toestemming::key(self.handle.id);
        let end = Change::remove(key, self.found.version);
        let was_code = self.found.value.geheim == Geheim::Gepresenteerd;
        let Some(mut bevinding) = verleenbaar.bevinding else {
            let refusal = Refusal::new(
                ErrorCode::TemporarilyUnavailable,
                "core.tknint.201",
                "the provider's record system does not answer",
            );
            // core.tknint.204: a code was void before it was asked
            return if was_code {
                let refused = TokenAnswer::Verspeeld;
                self.request.refused_as(refused, refusal, Vec::new())
            } else {
                self.request.refused(refusal, Vec::new())
            };
        };
        bevinding
            .beschikbaar
            .retain(|id| verleenbaar.gevraagd.contains(id));
        let toets = Toets {
            scope: &self.found.value.scope,
            geboortedatum: self.found.value.geboortedatum,
            leeftijd_min: self.request.leeftijd_min,
            now: self.now,
        };
        let open = toets.of(bevinding).and_then(|beschikbaar| {
            let diensten = match &self.found.value.scope.functie {
                Functie::Delen(_) | Functie::Abonneren { dagen: 0, .. } => {
                    verleenbaar.gevraagd.clone()
                }
                Functie::Verzamelen | Functie::Abonneren { .. } => beschikbaar,
            };
            if diensten.is_empty() {
                return Err(NietBeschikbaar::GeenGegevens);
            }
            Ok(diensten)
        });
        match open {
            Ok(diensten) => self.issue(diensten, verleenbaar.dagen_max),
            // core.dossier.108: a consent ends with the person
            Err(niet) if was_code || niet == NietBeschikbaar::Overleden => {
                self.request.refused_alike(niet, vec![end])
            }
            Err(niet) => self.request.refused_alike(niet, Vec::new()),
        }
    }

    fn issue(self, diensten: Vec<GegevensdienstId>, dagen_max: u32) -> Stap {
        let Self {
            request,
            handle,
            found,
            now,
        } = self;
        let successor = next(handle);
        let geheim = if found.value.langdurig {
            Geheim::RefreshToken(Wissel {
                at: now.unix(),
                x5t_s256: request.x5t_s256(),
            })
        } else {
            Geheim::Geen
        };
        let given = Toestemming {
            gebruikt: Some(now.unix()),
            scope: granted(found.value.scope, dagen_max),
            diensten,
            geheim,
            ..found.value
        };
        let lasts_s = if given.langdurig {
            ONGEBRUIKT_S
        } else {
            LIFETIME_S
        };
        let issued = Issued {
            access_token: access_token(&request, &given, successor, now),
            // core.autorisatie.101: never for Delen
            refresh_token: given.langdurig.then_some(successor),
        };
        let who = Actor::Party(request.client.id().to_owned());
        let event = Event::granted("core.tknint.201", "tokens were issued", who);
        let change = given.put(
            Toestemming::key(handle.id),
            Expect::Version(found.version),
            now.plus_s(lasts_s),
        );
        request.done(Verdict {
            events: vec![event.about(given.persoon)],
            changes: vec![change],
            reply: TokenAnswer::Issued(Box::new(issued)),
        })
    }
}

/// ext.abo.tknint.200: no longer than was asked, nor than the ZAL says (medmij cases 95 and 96).
fn granted(scope: Scope, dagen_max: u32) -> Scope {
    match scope.functie {
        Functie::Abonneren { dagen, dienst } => Scope {
            functie: Functie::Abonneren {
                dagen: dagen.min(dagen_max),
                dienst,
            },
            ..scope
        },
        Functie::Verzamelen | Functie::Delen(_) => scope,
    }
}

const fn next(handle: Handle) -> Handle {
    Handle {
        generation: handle.generation + 1,
        ..handle
    }
}

/// Its scope lists numbers (core.tknint.201); that of a subscription is as it was asked, with the days
/// that were granted.
fn access_token(
    request: &TokenRequest,
    given: &Toestemming,
    handle: Handle,
    now: Moment,
) -> AccessToken {
    let numbers = || {
        let ids: Vec<&str> = given
            .diensten
            .iter()
            .map(GegevensdienstId::as_str)
            .collect();
        ids.join(" ")
    };
    AccessToken {
        iss: request.issuer.clone(),
        aud: request.issuer.clone(),
        client_id: given.client_id.clone(),
        scope: match given.scope.functie {
            Functie::Abonneren { .. } => given.scope.to_string(),
            Functie::Verzamelen | Functie::Delen(_) => numbers(),
        },
        jti: jti(handle.id, handle.generation),
        iat: now.unix(),
        exp: now.plus_s(LIFETIME_S).unix(),
        // RFC 8705 §3.1
        cnf: request.client.confirmation(),
    }
}

/// What is asked of the Aanbieder's offer: everything for which the client is recognised (medmij case
/// 38), or the one gegevensdienst that the scope names.
pub fn gevraagd<'a>(
    scope: &Scope,
    offered: impl Iterator<Item = &'a GegevensdienstId>,
    is_recognised: impl Fn(&GegevensdienstId) -> bool,
) -> Vec<GegevensdienstId> {
    let is_asked = |id: &&GegevensdienstId| match &scope.functie {
        Functie::Verzamelen => true,
        Functie::Delen(dienst) | Functie::Abonneren { dienst, .. } => dienst == *id,
    };
    let asked = offered.filter(is_asked).filter(|id| is_recognised(id));
    asked.cloned().collect()
}

#[cfg(test)]
mod tests;
