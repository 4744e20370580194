//! The token endpoint of an HM: what may be offered there, and a code for tokens (etoegang.md §4.4).
//! A refresh token goes to [`crate::guc::guc9`].

use std::sync::Arc;

use protocol::access_token::Confirmation;
use protocol::grant::{Standing, belongs_to, standing_at};
use protocol::handle::{Handle, Purpose};
use protocol::not_before;
use protocol::refusal::{ErrorCode, Refusal};
use protocol::scope::Scope;
use protocol::wire::Parameters;
use verdict::{
    Actor, Change, Clear, Entropy, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict,
};

use super::claims::{AccessToken, IdToken};
use super::family::{CODE, Family, REFRESH_TOKEN, Secret};
use super::{Hm, ProvenApp};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dienstencatalogus::Stand;
use crate::gebeurtenis::Over;
use crate::guc::guc9::Vernieuwing;

/// The grants of this endpoint.
pub const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];

/// What an app offers, read and opened at the door.
#[derive(Clone, Debug)]
pub enum Offer {
    /// RFC 6749 §4.1.3.
    Code(CodeOffer),
    /// RFC 6749 §6; GUC9 9.1.
    RefreshToken {
        /// The refresh token; nothing when it was none of ours.
        handle: Option<Handle>,
        /// What of the scope is wanted; nothing for all of it.
        scope: Option<String>,
    },
}

/// A code and what goes with it.
#[derive(Clone, Debug)]
pub struct CodeOffer {
    /// The code; nothing when it was none of ours.
    pub handle: Option<Handle>,
    /// As sent.
    pub redirect_uri: Option<String>,
    /// As sent; empty when missing.
    pub code_verifier: String,
}

/// The answer of the token endpoint, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// 200.
    Issued(Box<Issued>),
    /// RFC 6749 §5.2.
    Refused(Refusal),
    /// 503 with `Retry-After` and `temporarily_unavailable`: the refresh token stays as it was.
    Later {
        /// `Retry-After`, in seconds.
        retry_after_s: u32,
        /// Why, for the operator.
        refusal: Refusal,
    },
    /// 502 with `server_error`: another party answered something that cannot be believed. The refresh
    /// token stays as it was; somebody must look.
    Keten(Refusal),
}

/// What is issued; the shell signs the tokens and makes the refresh token's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// For the DV's backend.
    pub access_token: AccessToken,
    /// The family's next secret; none where a login may not be renewed.
    pub refresh_token: Option<Handle>,
    /// With a code always, after a refresh where it is switched on.
    pub id_token: Option<IdToken>,
}

/// A code of a proven app, to be redeemed.
#[derive(Clone, Debug)]
pub struct Inwisseling {
    hm: Arc<Hm>,
    app: ProvenApp,
    offer: CodeOffer,
}

/// What the rule asks, in order.
#[derive(Debug)]
pub enum Vraag {
    /// The row behind the code.
    Family(Box<FamilyVraag>),
    /// Is its service one whose logins may be renewed?
    Dienst(Box<DienstVraag>),
}

/// See [`Vraag::Family`].
#[derive(Clone, Debug)]
pub struct FamilyVraag {
    request: Inwisseling,
    handle: Handle,
    now: Moment,
}

/// See [`Vraag::Dienst`].
#[derive(Clone, Debug)]
pub struct DienstVraag {
    request: Inwisseling,
    handle: Handle,
    found: Stored<Family>,
    now: Moment,
}

type Stap = Step<TokenAnswer, Vraag>;

impl Offer {
    /// Reads the grant's parameters; `open` proves a handle.
    ///
    /// # Errors
    /// `unsupported_grant_type`, or `invalid_request` for a missing parameter (F1 of etoegang.md §4.8).
    /// Nothing is spent.
    pub fn read(
        parameters: &Parameters,
        open: impl Fn(Purpose, &str) -> Option<Handle>,
    ) -> Result<Self, Refusal> {
        let refuse = |error, reason| Refusal::new(error, "RFC 6749 §5.2", reason);
        let need = |name: &str, reason| {
            let value = parameters.get(name);
            value.ok_or(refuse(ErrorCode::InvalidRequest, reason))
        };
        let text = |name: &str| parameters.get(name).map(str::to_owned);
        match need("grant_type", "grant_type is missing")? {
            "authorization_code" => Ok(Self::Code(CodeOffer {
                handle: open(CODE, need("code", "code is missing")?),
                redirect_uri: text("redirect_uri"),
                code_verifier: text("code_verifier").unwrap_or_default(),
            })),
            // etoegang case 23
            "refresh_token" => {
                let token = need("refresh_token", "refresh_token is missing")?;
                Ok(Self::RefreshToken {
                    handle: open(REFRESH_TOKEN, token),
                    scope: text("scope"),
                })
            }
            // etoegang case 33
            _ => {
                let reason = "the grant type is not offered here";
                Err(refuse(ErrorCode::UnsupportedGrantType, reason))
            }
        }
    }

    /// The request that an app makes of it.
    pub fn by(self, hm: Arc<Hm>, app: ProvenApp, entropy: &Entropy) -> TokenRequest {
        match self {
            Self::Code(offer) => TokenRequest::Inwisseling(Inwisseling { hm, app, offer }),
            Self::RefreshToken { handle, scope } => {
                TokenRequest::Vernieuwing(Vernieuwing::new(hm, app, handle, scope, entropy))
            }
        }
    }
}

/// A request at the token endpoint: one journey of the shell for each.
#[derive(Clone, Debug)]
pub enum TokenRequest {
    /// A code for tokens.
    Inwisseling(Inwisseling),
    /// GUC9.
    Vernieuwing(Vernieuwing),
}

impl Inwisseling {
    /// The first step.
    pub fn begin(&self, now: Moment) -> Stap {
        match self.offer.handle {
            None => {
                let reason = "the code is none of ours";
                self.refused(invalid_grant("RFC 6749 §5.2", reason), Vec::new())
            }
            Some(handle) => Step::Ask(Vraag::Family(Box::new(FamilyVraag {
                request: self.clone(),
                handle,
                now,
            }))),
        }
    }

    /// What holds when the row of `key` was not as expected at the commit, where that row decides: the
    /// app's assertion was used before.
    pub fn lost(&self, key: &Key) -> Option<Stap> {
        let refusal = protocol::client::ProvenClient::is_replay(key)?;
        Some(self.refused(refusal, Vec::new()))
    }

    fn refused(&self, refusal: Refusal, changes: Vec<Change<Clear>>) -> Stap {
        let who = Actor::Party(self.app.id().to_owned());
        self.done(Verdict {
            reply: TokenAnswer::Refused(refusal),
            changes,
            events: vec![Event::refused(refusal.requirement, refusal.reason, who)],
        })
    }

    /// Every end of a request goes through here, so that no proof is forgotten to be spent.
    fn done(&self, verdict: Verdict<TokenAnswer>) -> Stap {
        Step::Done(self.app.client.spent_in(verdict))
    }
}

impl FamilyVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Family::key(self.handle.id)
    }

    /// Decides whether the code is good. Whatever fails after the full secret was valid spends it, and
    /// one that was spent before ends what it brought (etoegang cases 72 to 75).
    pub fn answer(self, found: Option<Stored<Family>>) -> Stap {
        let Some(found) = found else {
            // etoegang case 75
            let refusal = invalid_grant("RFC 6749 §4.1.2", "the login's tokens have ended");
            return self.request.refused(refusal, Vec::new());
        };
        let kept = match (
            standing_at(self.handle, found.value.generation),
            &found.value.secret,
        ) {
            (Standing::Current, Secret::Code { terms, .. }) => {
                let offer = &self.request.offer;
                belongs_to(&found.value.client_id, &self.request.app.client)
                    .and_then(|()| {
                        terms.kept_by(offer.redirect_uri.as_deref(), &offer.code_verifier)
                    })
                    .and_then(|()| counts(&self.request.hm, &found.value))
            }
            // etoegang case 73
            _ => Err(invalid_grant(
                "RFC 6749 §4.1.2",
                "a spent code was offered again; what it brought ends",
            )),
        };
        match kept {
            Ok(()) => Step::Ask(Vraag::Dienst(Box::new(DienstVraag {
                request: self.request,
                handle: self.handle,
                found,
                now: self.now,
            }))),
            // design §5: spent although the request fails
            Err(refusal) => {
                let end = Family::einde(&found, self.handle.id, self.now);
                self.request.refused(refusal, end)
            }
        }
    }
}

impl DienstVraag {
    /// Of which service.
    pub const fn family(&self) -> &Family {
        &self.found.value
    }

    /// Issues. A service at the highest level gets no refresh token: a refresh would repeat a login
    /// without the person (etoegang case 45).
    pub fn answer(self, stand: &Stand) -> Stap {
        let Self {
            request,
            handle,
            found,
            now,
        } = self;
        let may_refresh = request.app.app().mag_vernieuwen
            && matches!(stand, Stand::Beschikbaar(dienst)
                if dienst.niveau < Betrouwbaarheidsniveau::Loa4);
        let Secret::Code {
            nonce, ad_token, ..
        } = &found.value.secret
        else {
            let end = Family::einde(&found, handle.id, now);
            let refusal = invalid_grant("RFC 6749 §4.1.2", "the code was spent meanwhile");
            return request.refused(refusal, end);
        };
        let secret = match ad_token {
            Some(ad_token) if may_refresh => Secret::RefreshToken {
                ad_token: ad_token.clone(),
                lease: None,
            },
            _ => Secret::Geen,
        };
        // A session at the AD that nobody can renew is not left open there.
        let unused = (secret == Secret::Geen).then(|| found.value.herroeping());
        let given = Family {
            generation: handle.next().generation,
            uitgegeven: now.unix(),
            secret,
            ..found.value.clone()
        };
        let cnf = request.app.client.confirmation();
        let issued = issue(
            &request.hm,
            &given,
            handle.next(),
            cnf,
            Some(nonce.clone()),
            now,
        );
        let mut changes = vec![put(&request.hm, &given, handle.id, found.version, &issued)];
        changes.extend(unused.flatten().map(|unused| unused.onthouden(now)));
        let who = Actor::Party(request.app.id().to_owned());
        let event = Event::granted("etoegang.md §4.4", "tokens were issued", who);
        request.done(Verdict {
            reply: TokenAnswer::Issued(Box::new(issued)),
            changes,
            events: vec![Over::family(&given).in_event(event, handle.id)],
        })
    }
}

/// What a family gets at this generation.
pub(crate) fn issue(
    hm: &Hm,
    given: &Family,
    handle: Handle,
    cnf: Option<Confirmation>,
    nonce: Option<String>,
    now: Moment,
) -> Issued {
    let has_refresh_token = matches!(given.secret, Secret::RefreshToken { .. });
    let with_id_token = nonce.is_some() || hm.instellingen.id_token_bij_vernieuwen;
    Issued {
        access_token: AccessToken::of(hm, given, handle, cnf, now),
        refresh_token: has_refresh_token.then_some(handle),
        id_token: with_id_token.then(|| IdToken::of(hm, given, handle, nonce, now)),
    }
}

/// The family's row after an issue. It lasts as long as its refresh token may lie unused, and never
/// beyond the family's own end; without one, as long as its access token.
pub(crate) fn put(
    hm: &Hm,
    given: &Family,
    id: [u8; 16],
    version: u64,
    issued: &Issued,
) -> Change<Clear> {
    let until = match given.secret {
        // etoegang cases 16 and 18
        Secret::RefreshToken { .. } => Moment::from_unix(given.uitgegeven)
            .plus_s(hm.instellingen.ongebruikt_s)
            .min(given.eindigt(&hm.instellingen)),
        Secret::Code { .. } | Secret::Geen => Moment::from_unix(issued.access_token.exp),
    };
    given.put(Family::key(id), Expect::Version(version), until)
}

/// Whether the newest secret was issued late enough. Nothing is removed, so that a moment that was set
/// by mistake can be taken back.
pub(crate) fn counts(hm: &Hm, family: &Family) -> Result<(), Refusal> {
    if hm.not_before.refuses(family.uitgegeven) {
        // design §4
        return Err(invalid_grant(not_before::REQUIREMENT, not_before::REASON));
    }
    // etoegang case 95
    if family.issuer.as_ref().is_some_and(|of| *of != hm.issuer) {
        let reason = "the login was at another issuer, of another version of the scheme";
        return Err(invalid_grant("etoegang case 95", reason));
    }
    Ok(())
}

/// The scope that is granted of a family: the same, or a part of it that still names the service
/// (RFC 6749 §6).
///
/// # Errors
/// `invalid_scope` for anything else; nothing is spent (etoegang case 32).
pub(crate) fn narrowed(family: &Family, asked: Option<&str>) -> Result<String, Refusal> {
    let invalid = |reason| Refusal::new(ErrorCode::InvalidScope, "etoegang case 32", reason);
    let Some(asked) = asked else {
        return Ok(family.scope.clone());
    };
    let unreadable = invalid("the scope is unreadable");
    let asked = Scope::parse(asked).map_err(|_| unreadable)?;
    let granted = Scope::parse(&family.scope).map_err(|_| unreadable)?;
    if !asked.tokens().all(|token| granted.contains(token)) {
        return Err(invalid("the scope is wider than the one that was granted"));
    }
    if !asked.tokens().any(|token| token != "openid") {
        return Err(invalid("the scope leaves out the service"));
    }
    Ok(asked.to_string())
}

pub(crate) const fn invalid_grant(requirement: &'static str, reason: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidGrant, requirement, reason)
}

#[cfg(test)]
#[path = "token/tests.rs"]
mod tests;
