//! GUC9 from the lease on: the AD, the MRs, the tokens (steps 8 to 12).

use identity::EntityId;
use protocol::handle::Handle;
use protocol::refusal::{ErrorCode, Refusal};
use verdict::{Change, Clear, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict};

use super::{LEASE_S, Stap, Vernieuwing, Vraag, later, with};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dv_hm::family::{Family, Lease, Secret};
use crate::dv_hm::token::{TokenAnswer, invalid_grant, issue, put};
use crate::hm_ad::{AdAntwoord, AdRefreshToken, AdSessie, AdVernieuwd, Herroeping};
use crate::hm_mr::{MandateCheck, MrAntwoord};

/// What holds from the lease on.
#[derive(Clone, Debug)]
pub(super) struct Onderweg {
    pub(super) request: Vernieuwing,
    pub(super) handle: Handle,
    pub(super) now: Moment,
    pub(super) scope: String,
    pub(super) ad: EntityId,
    pub(super) vereist: Betrouwbaarheidsniveau,
}

/// See [`Vraag::Ad`].
#[derive(Clone, Debug)]
pub struct AdVraag {
    pub(super) onderweg: Onderweg,
    pub(super) family: Family,
    pub(super) ad_token: AdRefreshToken,
}

/// See [`Vraag::NaAd`].
#[derive(Clone, Debug)]
pub struct NaAdVraag {
    onderweg: Onderweg,
    gestuurd: AdRefreshToken,
    antwoord: AdAntwoord,
}

/// See [`Vraag::Mr`].
#[derive(Clone, Debug)]
pub struct MrVraag {
    onderweg: Onderweg,
    ad_niveau: Betrouwbaarheidsniveau,
    checks: Vec<MandateCheck>,
}

/// See [`Vraag::Slot`].
#[derive(Clone, Debug)]
pub struct SlotVraag {
    onderweg: Onderweg,
    ad_niveau: Betrouwbaarheidsniveau,
    gemachtigd: Gemachtigd,
}

/// What came of step 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gemachtigd {
    /// Every MR that had to be asked said yes; the lowest level that one used. Nothing where nobody is
    /// represented.
    Ja(Option<Betrouwbaarheidsniveau>),
    /// One said no.
    Nee,
    /// One answered something that cannot be believed.
    Ongeldig,
    /// One did not know, or did not answer.
    Onbekend { later_s: u32 },
}

impl Gemachtigd {
    /// In the words of the audit log; nothing where nobody was asked.
    const fn besluit(self) -> Option<&'static str> {
        match self {
            Self::Ja(Some(_)) => Some("permitted"),
            Self::Ja(None) => None,
            Self::Nee => Some("not permitted"),
            Self::Ongeldig => Some("not to be believed"),
            Self::Onbekend { .. } => Some("unknown"),
        }
    }
}

impl AdVraag {
    /// Whom to ask (GUC9 9.2).
    pub const fn ad(&self) -> &EntityId {
        &self.family.ad.ad
    }

    /// With which token.
    pub const fn ad_token(&self) -> &AdRefreshToken {
        &self.ad_token
    }

    /// For which scope: `openid` and the service.
    pub fn scope(&self) -> String {
        format!("openid {}", self.family.service_id)
    }

    /// The login that the answer must be about.
    pub const fn sessie(&self) -> &AdSessie {
        &self.family.ad
    }

    /// GUC9 9.3.
    pub fn answer(self, antwoord: AdAntwoord) -> Stap {
        Step::Ask(Vraag::NaAd(Box::new(NaAdVraag {
            onderweg: self.onderweg,
            gestuurd: self.ad_token,
            antwoord,
        })))
    }
}

impl NaAdVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Family::key(self.onderweg.handle.id)
    }

    /// Step 8: what the AD gave is made durable before anything else happens; what it refused ends the
    /// family.
    pub fn answer(self, found: Option<Stored<Family>>) -> Stap {
        let Some((found, huidig)) = found.and_then(renewable) else {
            return self.gone();
        };
        if !self.onderweg.has_lease(&found.value) {
            return self.too_late(&found, &huidig);
        }
        match &self.antwoord {
            AdAntwoord::Vernieuwd(given) => self.renewed(&found, huidig, given),
            // F8; etoegang cases 36 and 37: the AD ended it, so there is nothing to revoke
            AdAntwoord::Geweigerd => {
                let reason = "the AD refuses: its session, or the means, has ended";
                let end = vec![Change::remove(self.key(), found.version)];
                self.onderweg
                    .refused(invalid_grant("etoegang case 36", reason), end)
            }
            // F9; etoegang cases 40 and 44
            AdAntwoord::Ongeldig => self.onderweg.broken(
                &found,
                "the AD's answer is an error, or cannot be believed: look at its registration and keys",
            ),
            // F10, F10b; etoegang cases 38, 39 and 43
            AdAntwoord::Onbereikbaar { later_s } => {
                self.onderweg
                    .later(&found, *later_s, "the AD does not answer")
            }
        }
    }

    fn renewed(&self, found: &Stored<Family>, huidig: AdRefreshToken, given: &AdVernieuwd) -> Stap {
        let newest = given.refresh_token.clone().unwrap_or(huidig);
        let family = &found.value;
        let niveau = given.niveau.unwrap_or(family.ad.niveau);
        let is_other = given.sub.as_ref().is_some_and(|sub| *sub != family.ad.sub);
        // F11; etoegang cases 41 and 42
        if is_other || niveau < self.onderweg.vereist {
            let reason = "the AD speaks of another person, or of a lower level";
            let refusal = invalid_grant("etoegang case 41", reason);
            let newest = with(family, newest, None);
            return self.onderweg.ended(found, &newest, refusal);
        }
        let onderweg = self.onderweg.clone();
        if given.refresh_token.is_none() {
            // etoegang case 4
            return onderweg.to_mr(family, niveau);
        }
        // O2; etoegang cases 5 and 52: in a commit of its own, before any MR is asked
        let lease = self.onderweg.lease(family);
        let kept = with(family, newest, lease);
        Step::Save {
            changes: vec![kept.put(self.key(), Expect::Version(found.version), found.until)],
            events: Vec::new(),
            then: Box::new(move || onderweg.to_mr(&kept, niveau)),
        }
    }

    /// The family ended while the AD was asked. What the AD gave meanwhile is of nobody: it is revoked.
    fn gone(&self) -> Stap {
        let mut changes = Vec::new();
        if let AdAntwoord::Vernieuwd(AdVernieuwd {
            refresh_token: Some(token),
            ..
        }) = &self.antwoord
        {
            let orphan = Herroeping {
                ad: self.onderweg.ad.clone(),
                token: token.clone(),
            };
            changes.push(orphan.onthouden(self.onderweg.now));
        }
        let reason = "the login's tokens ended during the refresh";
        self.onderweg
            .refused(invalid_grant("RFC 6749 §5.2", reason), changes)
    }

    /// Another refresh has taken over: this one took longer than its lease. If the AD rotated the token
    /// that still stands in the row, the new one is put there all the same.
    fn too_late(&self, found: &Stored<Family>, huidig: &AdRefreshToken) -> Stap {
        let mut changes = Vec::new();
        if let (AdAntwoord::Vernieuwd(given), true) = (&self.antwoord, *huidig == self.gestuurd)
            && let (Some(newest), Secret::RefreshToken { lease, .. }) =
                (&given.refresh_token, &found.value.secret)
        {
            let kept = with(&found.value, newest.clone(), *lease);
            changes.push(kept.put(self.key(), Expect::Version(found.version), found.until));
        }
        self.onderweg.overtaken(changes)
    }
}

impl MrVraag {
    /// What to ask, of whom (GUC9 9.4): one question, or two for a chain. They may be asked at once.
    pub fn checks(&self) -> &[MandateCheck] {
        &self.checks
    }

    /// Step 9. One no is a no, whatever the other says; then what cannot be believed counts, then what
    /// nobody knows. Fewer answers than questions are no answers.
    pub fn answer(self, antwoorden: &[MrAntwoord]) -> Stap {
        let is_whole = antwoorden.len() == self.checks.len();
        let has = |wanted: MrAntwoord| antwoorden.contains(&wanted);
        let later = antwoorden.iter().filter_map(|antwoord| match antwoord {
            MrAntwoord::Onbekend { later_s } => Some(*later_s),
            _ => None,
        });
        let levels = antwoorden.iter().filter_map(|antwoord| match antwoord {
            MrAntwoord::Permit { niveau_gebruikt } => Some(*niveau_gebruikt),
            _ => None,
        });
        let gemachtigd = if has(MrAntwoord::Nee) {
            Gemachtigd::Nee
        } else if !is_whole || has(MrAntwoord::Ongeldig) {
            Gemachtigd::Ongeldig
        } else if let Some(later_s) = later.max() {
            Gemachtigd::Onbekend { later_s }
        } else {
            Gemachtigd::Ja(levels.min())
        };
        Step::Ask(Vraag::Slot(Box::new(SlotVraag {
            onderweg: self.onderweg,
            ad_niveau: self.ad_niveau,
            gemachtigd,
        })))
    }
}

impl SlotVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Family::key(self.onderweg.handle.id)
    }

    /// Steps 10–12.
    pub fn answer(mut self, found: Option<Stored<Family>>) -> Stap {
        // etoegang case 94
        self.onderweg.request.over.besluit = self.gemachtigd.besluit();
        let Some((found, ad_token)) = found.and_then(renewable) else {
            let reason = "the login's tokens ended during the refresh";
            let refusal = invalid_grant("RFC 6749 §5.2", reason);
            return self.onderweg.refused(refusal, Vec::new());
        };
        if !self.onderweg.has_lease(&found.value) {
            return self.onderweg.overtaken(Vec::new());
        }
        let no = |reason| {
            let refusal = invalid_grant("GUC9 9.4", reason);
            self.onderweg.ended(&found, &found.value, refusal)
        };
        let is_represented = found.value.vertegenwoordiging.is_some();
        match self.gemachtigd {
            // F12, F14, F15; etoegang cases 46 to 50, 54 and 55
            Gemachtigd::Nee => no("the MR does not permit the mandate any more"),
            // F13; etoegang case 53
            Gemachtigd::Ongeldig => self
                .onderweg
                .broken(&found, "the MR's answer cannot be believed"),
            // F13, F15; etoegang cases 51, 52 and 56
            Gemachtigd::Onbekend { later_s } => {
                self.onderweg
                    .later(&found, later_s, "the MR does not know, or does not answer")
            }
            // etoegang case 57: never without the mandate that was asked about
            Gemachtigd::Ja(gebruikt) if gebruikt.is_some() != is_represented => {
                no("the login acts for another than it did when the MR was asked")
            }
            Gemachtigd::Ja(gebruikt) => {
                // Step 10; etoegang case 8
                let niveau = self.ad_niveau.effectief(gebruikt);
                if niveau < self.onderweg.vereist {
                    return no("the mandate has a lower level than the service asks");
                }
                self.issue(&found, ad_token, niveau)
            }
        }
    }

    /// Step 11: the app's token advances, in this commit alone.
    fn issue(
        &self,
        found: &Stored<Family>,
        ad_token: AdRefreshToken,
        niveau: Betrouwbaarheidsniveau,
    ) -> Stap {
        let Onderweg {
            request,
            handle,
            now,
            scope,
            ..
        } = &self.onderweg;
        let mut given = with(&found.value, ad_token, None);
        given.generation = handle.next().generation;
        given.uitgegeven = now.unix();
        given.niveau = niveau;
        given.ad.niveau = self.ad_niveau;
        if let Some(wie) = &mut given.vertegenwoordiging {
            wie.gecontroleerd = now.unix();
        }
        let hm = &request.hm;
        let cnf = request.app.client.confirmation();
        let shown = Family {
            scope: scope.clone(),
            ..given.clone()
        };
        let issued = issue(hm, &shown, handle.next(), cnf, None, *now);
        let event = Event::granted("GUC9 9.5", "tokens were renewed", request.who());
        Step::Done(Verdict {
            changes: vec![put(hm, &given, handle.id, found.version, &issued)],
            events: vec![request.over.in_event(event, request.run)],
            reply: TokenAnswer::Issued(Box::new(issued)),
        })
    }
}

impl Onderweg {
    fn key(&self) -> Key {
        Family::key(self.handle.id)
    }

    /// Whether the family is still this run's.
    fn has_lease(&self, family: &Family) -> bool {
        self.lease(family).is_some()
    }

    fn lease(&self, family: &Family) -> Option<Lease> {
        let Secret::RefreshToken { lease, .. } = &family.secret else {
            return None;
        };
        lease.filter(|lease| lease.run == self.request.run)
    }

    /// Step 9: with representation to the MRs, else on (etoegang case 3).
    fn to_mr(&self, family: &Family, ad_niveau: Betrouwbaarheidsniveau) -> Stap {
        let number = |at: u32| {
            let run = u128::from_be_bytes(self.request.run);
            format!("{run:032x}-{at}")
        };
        let checks = family.checks(self.vereist, number);
        let onderweg = self.clone();
        if checks.is_empty() {
            return Step::Ask(Vraag::Slot(Box::new(SlotVraag {
                onderweg,
                ad_niveau,
                gemachtigd: Gemachtigd::Ja(None),
            })));
        }
        Step::Ask(Vraag::Mr(Box::new(MrVraag {
            onderweg,
            ad_niveau,
            checks,
        })))
    }

    fn refused(&self, refusal: Refusal, changes: Vec<Change<Clear>>) -> Stap {
        let reply = TokenAnswer::Refused(refusal);
        Step::Done(self.request.verdict(reply, refusal, changes))
    }

    /// Ends the family; the AD is told to revoke what `newest` holds.
    fn ended(&self, found: &Stored<Family>, newest: &Family, refusal: Refusal) -> Stap {
        let mut changes = vec![Change::remove(self.key(), found.version)];
        changes.extend(newest.herroeping().map(|told| told.onthouden(self.now)));
        self.refused(refusal, changes)
    }

    /// 502: the lease is given back, the app's token stays.
    fn broken(&self, found: &Stored<Family>, reason: &'static str) -> Stap {
        let refusal = Refusal::new(
            ErrorCode::TemporarilyUnavailable,
            "etoegang.md §4.8",
            reason,
        );
        let reply = TokenAnswer::Keten(refusal);
        Step::Done(self.request.verdict(reply, refusal, self.released(found)))
    }

    /// 503: the lease is given back, the app's token stays.
    fn later(&self, found: &Stored<Family>, retry_after_s: u32, reason: &'static str) -> Stap {
        let refusal = later(reason);
        let reply = TokenAnswer::Later {
            retry_after_s,
            refusal,
        };
        Step::Done(self.request.verdict(reply, refusal, self.released(found)))
    }

    /// 503: another refresh took over.
    fn overtaken(&self, changes: Vec<Change<Clear>>) -> Stap {
        let refusal = later("the refresh took too long, and another began");
        let reply = TokenAnswer::Later {
            retry_after_s: LEASE_S,
            refusal,
        };
        Step::Done(self.request.verdict(reply, refusal, changes))
    }

    fn released(&self, found: &Stored<Family>) -> Vec<Change<Clear>> {
        let Secret::RefreshToken { ad_token, .. } = &found.value.secret else {
            return Vec::new();
        };
        let free = with(&found.value, ad_token.clone(), None);
        vec![free.put(self.key(), Expect::Version(found.version), found.until)]
    }
}

/// A family that can be renewed, with the AD's token in its row.
fn renewable(found: Stored<Family>) -> Option<(Stored<Family>, AdRefreshToken)> {
    match &found.value.secret {
        Secret::RefreshToken { ad_token, .. } => {
            let ad_token = ad_token.clone();
            Some((found, ad_token))
        }
        Secret::Code { .. } | Secret::Geen => None,
    }
}
