//! GUC9: a new access token for a refresh token, through AD and MR, without the person
//! (etoegang.md §2.2, §4.8; seed 001).
//!
//! | step | here |
//! |---|---|
//! | 1, 2: a form, from a known app that may refresh | [`Vernieuwing::new`], before it `token::Offer` and `DvApps::prove` |
//! | 3–5: the family, its state, its scope | [`FamilyVraag`] |
//! | 6: the service in the catalogue | [`DienstVraag`] |
//! | 7: the lease on the family | a save |
//! | 8 (9.2, 9.3): the AD | [`AdVraag`]; its new token is saved by [`NaAdVraag`] before anything else |
//! | 9 (9.4): each MR, about the same mandate | [`MrVraag`] |
//! | 10–12 (9.5): the level, the tokens | [`SlotVraag`] |
//!
//! The app's token is advanced in the last commit alone. Before it, nothing that fails takes the token
//! from the app: a 503 or 502 means that it may come again. What is refused ends the family, and the AD
//! is told. No answer ever carries less than was asked for: there is no token without `represents` for
//! somebody who acts for another.
//!
//! Every outside answer is followed by a look at the row: whoever ended or took over the family
//! meanwhile decides.

mod onderweg;

use std::sync::Arc;

use identity::{ServiceId, ServiceUuid};
use protocol::client::ProvenClient;
use protocol::grant::{Standing, belongs_to, standing_at};
use protocol::handle::Handle;
use protocol::refusal::{ErrorCode, Refusal};
use verdict::{
    Actor, Change, Clear, Entropy, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict,
};

use self::onderweg::Onderweg;
pub use self::onderweg::{AdVraag, MrVraag, NaAdVraag, SlotVraag};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dienstencatalogus::{Dienst, Stand};
use crate::dv_hm::family::{Family, Lease, Secret};
use crate::dv_hm::token::{TokenAnswer, counts, invalid_grant, narrowed};
use crate::dv_hm::{Hm, ProvenApp};
use crate::gebeurtenis::Over;
use crate::hm_ad::AdRefreshToken;

/// Seconds for which one refresh has the family to itself: the AD and the MR get five each, and the
/// store must answer three times. If it takes longer, another may begin, and this one gives up.
pub const LEASE_S: u32 = 30;
/// Milliseconds that a refresh waits while another has the family.
pub const WACHT_MS: u32 = 250;
/// How often it waits, at most: ten seconds in all.
pub const WACHT_MAX: u8 = 40;
/// Seconds that the AD, and each MR, may take to answer (etoegang.md §4.8).
pub const KETEN_S_MAX: u32 = 5;

/// A refresh token of a proven app, to be exchanged.
#[derive(Clone, Debug)]
pub struct Vernieuwing {
    hm: Arc<Hm>,
    app: ProvenApp,
    handle: Option<Handle>,
    scope: Option<String>,
    run: [u8; 16],
    over: Over,
}

/// What the rule asks, in order. A conflict leads back to the last save: answers of AD and MR are kept
/// by the shell and given again, rows are read anew.
#[derive(Debug)]
pub enum Vraag {
    /// Steps 3–5: the row.
    Family(Box<FamilyVraag>),
    /// Step 7: another refresh has the family; wait [`WACHT_MS`].
    Wacht(Box<FamilyVraag>),
    /// Step 6: the service.
    Dienst(Box<DienstVraag>),
    /// Step 8: the AD.
    Ad(Box<AdVraag>),
    /// Step 8: the row again.
    NaAd(Box<NaAdVraag>),
    /// Step 9: the MRs.
    Mr(Box<MrVraag>),
    /// Steps 10–12: the row again.
    Slot(Box<SlotVraag>),
}

/// See [`Vraag::Family`] and [`Vraag::Wacht`].
#[derive(Clone, Debug)]
pub struct FamilyVraag {
    request: Vernieuwing,
    handle: Handle,
    now: Moment,
    waits: u8,
}

/// See [`Vraag::Dienst`].
#[derive(Clone, Debug)]
pub struct DienstVraag {
    request: Vernieuwing,
    handle: Handle,
    now: Moment,
    found: Stored<Family>,
    scope: String,
}

type Stap = Step<TokenAnswer, Vraag>;

impl Vernieuwing {
    /// The request of a proven app; what it offers was opened at the door. `entropy` names the run.
    pub fn new(
        hm: Arc<Hm>,
        app: ProvenApp,
        handle: Option<Handle>,
        scope: Option<String>,
        entropy: &Entropy,
    ) -> Self {
        Self {
            hm,
            app,
            handle,
            scope,
            run: entropy.bytes("etoegang.guc9"),
            over: Over::default(),
        }
    }

    /// The first step (GUC9 9.1).
    pub fn begin(&self, now: Moment) -> Stap {
        // F6; etoegang case 34
        if !self.app.app().mag_vernieuwen {
            let reason = "the app may not refresh";
            let refusal = Refusal::new(ErrorCode::UnauthorizedClient, "etoegang case 34", reason);
            return self.refused(refusal, Vec::new());
        }
        match self.handle {
            // F2; etoegang case 15
            None => {
                let reason = "the refresh token is none of ours";
                self.refused(invalid_grant("etoegang case 15", reason), Vec::new())
            }
            Some(handle) => Step::Ask(Vraag::Family(Box::new(FamilyVraag {
                request: self.clone(),
                handle,
                now,
                waits: 0,
            }))),
        }
    }

    /// What holds when the row of `key` was not as expected at the commit, where that row decides: the
    /// app's assertion was used before (etoegang case 30).
    pub fn lost(&self, key: &Key) -> Option<Stap> {
        let refusal = ProvenClient::is_replay(key)?;
        Some(self.refused(refusal, Vec::new()))
    }

    /// A refusal before the lease: the proof is spent with whatever else changes.
    fn refused(&self, refusal: Refusal, changes: Vec<Change<Clear>>) -> Stap {
        let verdict = self.verdict(TokenAnswer::Refused(refusal), refusal, changes);
        Step::Done(self.app.client.spent_in(verdict))
    }

    fn verdict(
        &self,
        reply: TokenAnswer,
        refusal: Refusal,
        changes: Vec<Change<Clear>>,
    ) -> Verdict<TokenAnswer> {
        let event = Event::refused(refusal.requirement, refusal.reason, self.who());
        Verdict {
            reply,
            changes,
            events: vec![self.over.in_event(event, self.run)],
        }
    }

    fn who(&self) -> Actor {
        Actor::Party(self.app.id().to_owned())
    }
}

impl FamilyVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Family::key(self.handle.id)
    }

    /// The wait is over: looks again.
    pub fn gewacht(mut self) -> Stap {
        self.waits += 1;
        Step::Ask(Vraag::Family(Box::new(self)))
    }

    /// Steps 3–5: whose, which generation, how old, how wide.
    pub fn answer(mut self, found: Option<Stored<Family>>) -> Stap {
        let Some(found) = found else {
            // F2; etoegang cases 16, 18 and 19: idle, over and revoked rows are not there
            let refusal = invalid_grant("RFC 6749 §5.2", "the login's tokens have ended");
            return self.request.refused(refusal, Vec::new());
        };
        let family = &found.value;
        self.request.over = Over::family(family);
        // F3; etoegang case 20: whoever has it, its own app has lost it
        if let Err(refusal) = belongs_to(&family.client_id, &self.request.app.client) {
            return self.ended(&found, refusal);
        }
        // F4; etoegang case 21
        if standing_at(self.handle, family.generation) == Standing::Reused {
            let reason = "a spent refresh token was offered again; the login's tokens end";
            return self.ended(&found, invalid_grant("RFC 9700 §4.14.2", reason));
        }
        let Secret::RefreshToken { lease, .. } = family.secret else {
            let reason = "the login has no refresh token";
            let refusal = invalid_grant("RFC 6749 §5.2", reason);
            return self.request.refused(refusal, Vec::new());
        };
        // F2; etoegang case 18: the settings may have become narrower since the row was written
        let instellingen = &self.request.hm.instellingen;
        if family.eindigt(instellingen).is_over_at(self.now) {
            let reason = "the login is too long ago";
            return self.ended(&found, invalid_grant("etoegang case 18", reason));
        }
        // F7; etoegang case 32
        let kept = counts(&self.request.hm, family)
            .and_then(|()| narrowed(family, self.request.scope.as_deref()));
        match kept {
            Err(refusal) => self.request.refused(refusal, Vec::new()),
            Ok(scope) => self.alone(lease, found, scope),
        }
    }

    /// Step 7: waits while another refresh has the family (F18, etoegang case 35). What became of that
    /// one decides then: after its success this one is a reuse.
    fn alone(self, lease: Option<Lease>, found: Stored<Family>, scope: String) -> Stap {
        let is_held = lease.is_some_and(|lease| {
            lease.run != self.request.run && !Moment::from_unix(lease.tot).is_over_at(self.now)
        });
        if !is_held {
            return Step::Ask(Vraag::Dienst(Box::new(DienstVraag {
                request: self.request,
                handle: self.handle,
                now: self.now,
                found,
                scope,
            })));
        }
        if self.waits < WACHT_MAX {
            return Step::Ask(Vraag::Wacht(Box::new(self)));
        }
        let refusal = later("another refresh of the same login is under way");
        let reply = TokenAnswer::Later {
            retry_after_s: LEASE_S,
            refusal,
        };
        Step::Done(self.request.verdict(reply, refusal, Vec::new()))
    }

    fn ended(&self, found: &Stored<Family>, refusal: Refusal) -> Stap {
        let end = Family::einde(found, self.handle.id, self.now);
        self.request.refused(refusal, end)
    }
}

impl DienstVraag {
    /// Which service.
    pub const fn service_id(&self) -> &ServiceId {
        &self.found.value.service_id
    }

    /// The same, as it was when the person logged in.
    pub const fn service_uuid(&self) -> &ServiceUuid {
        &self.found.value.service_uuid
    }

    /// Step 6. A service that is not as it was ends the family (F6, F16, F17); else step 7, the lease.
    pub fn answer(mut self, stand: Stand) -> Stap {
        match self.changed(stand) {
            Ok((vereist, dienst)) => {
                // etoegang.md §3: what the catalogue does not declare is not given
                let family = &mut self.found.value;
                family.attributen.retain(|given| dienst.vraagt(&given.naam));
                self.leased(vereist)
            }
            Err(reason) => {
                let end = Family::einde(&self.found, self.handle.id, self.now);
                self.request
                    .refused(invalid_grant("etoegang.md §4.8", reason), end)
            }
        }
    }

    /// The level that the service asks now, with the service, or why the family ends.
    fn changed(&self, stand: Stand) -> Result<(Betrouwbaarheidsniveau, Box<Dienst>), &'static str> {
        let dienst: Box<Dienst> = match stand {
            Stand::Beschikbaar(dienst) => dienst,
            // F6
            Stand::GeenNativeApp => return Err("the service is not for native apps any more"),
            // F16; etoegang case 49
            Stand::Weg => return Err("the service is not in the catalogue, or not with this HM"),
        };
        // etoegang.md §3: never by single sign-on
        if dienst.niveau == Betrouwbaarheidsniveau::Loa4 {
            return Err("at this level nobody is let in without the person");
        }
        // F17
        let vereist = self.found.value.vereist(&dienst);
        if vereist > self.found.value.niveau {
            return Err("the service asks for a higher level than the login had");
        }
        Ok((vereist, dienst))
    }

    /// Step 7. The proof of the app is spent here: from now on others are asked.
    fn leased(self, vereist: Betrouwbaarheidsniveau) -> Stap {
        let Self {
            request,
            handle,
            now,
            found,
            scope,
        } = self;
        let Secret::RefreshToken { ad_token, .. } = found.value.secret.clone() else {
            let refusal = invalid_grant("RFC 6749 §5.2", "the login has no refresh token");
            return request.refused(refusal, Vec::new());
        };
        let lease = Lease {
            run: request.run,
            tot: now.plus_s(LEASE_S).unix(),
        };
        let family = with(&found.value, ad_token.clone(), Some(lease));
        let mut changes = Vec::from_iter(request.app.client.burn());
        changes.push(family.put(
            Family::key(handle.id),
            Expect::Version(found.version),
            found.until,
        ));
        let onderweg = Onderweg {
            request,
            handle,
            now,
            scope,
            ad: family.ad.ad.clone(),
            vereist,
        };
        Step::Save {
            changes,
            events: Vec::new(),
            then: Box::new(move || {
                Step::Ask(Vraag::Ad(Box::new(AdVraag {
                    onderweg: onderweg.clone(),
                    family: family.clone(),
                    ad_token: ad_token.clone(),
                })))
            }),
        }
    }
}

/// The same family with this token of the AD and this lease.
fn with(family: &Family, ad_token: AdRefreshToken, lease: Option<Lease>) -> Family {
    Family {
        secret: Secret::RefreshToken { ad_token, lease },
        ..family.clone()
    }
}

const fn later(reason: &'static str) -> Refusal {
    Refusal::new(
        ErrorCode::TemporarilyUnavailable,
        "etoegang.md §4.8",
        reason,
    )
}
