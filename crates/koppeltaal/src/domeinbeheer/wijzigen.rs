//! The one way in which a domain changes.

use verdict::{Actor, Event, Key, Moment, Step, Verdict};

use super::bewerking::Bewerking;
use super::logboek::Logboekregel;
use super::plan::{IdpLid, Lid, Plan, Wijziging};
use crate::domein::Domein;
use crate::domeinconfiguratie::{Domeinconfiguratie, Domeinkop, Fout, Regels, Status};

/// Somebody wants to change a domain. It is the question, too: which domain is it now?
#[derive(Clone, Debug)]
pub struct Wijzigen {
    /// Which domain.
    pub domein: Domein,
    /// What he wants.
    pub bewerking: Bewerking,
    /// Which state of it he looked at.
    pub verwacht: Verwacht,
    /// Who he is: the name of his key, or who is at the command line.
    pub wie: String,
    /// What of the domain is his to say.
    pub macht: Macht,
    /// What a declaration may say here.
    pub regels: Regels,
    /// Now.
    pub now: Moment,
    /// Tells two lines of the log of one moment apart.
    pub nonce: [u8; 8],
}

/// What of a domain somebody may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Macht {
    /// All of it: who runs the service.
    Alles,
    /// Who takes part and what each may do, but not where the data are: with the FHIR server of another
    /// domain, an administrator of this one would let his own applications into it (TOP-KT-018).
    Binnen,
}

/// Which state of a domain its change begins from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verwacht {
    /// There is no such domain yet.
    Nieuw,
    /// The one of this version.
    Versie(u64),
}

/// A domain as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nu {
    /// Its version.
    pub versie: u64,
    /// What it is; nothing when it was removed.
    pub domein: Option<Domeinconfiguratie>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gewijzigd {
    /// The domain is this now; it went, where there is no version. With an empty plan it is as it was.
    Ja {
        /// Its version.
        versie: Option<u64>,
        /// What it is.
        domein: Option<Box<Domeinconfiguratie>>,
        /// What changed.
        plan: Plan,
    },
    /// The domain is another one than its maker looked at: nothing changed.
    Anders {
        /// Its version now, if there is such a domain.
        versie: Option<u64>,
    },
    /// There is no such domain.
    Onbekend,
    /// The domain would not be as it must be: nothing changed.
    Fout(Fout),
    /// This member is not his to say: nothing changed.
    NietAanHem(&'static str),
}

impl Wijzigen {
    /// The row whose version is that of the domain.
    pub fn key(&self) -> Key {
        Domeinkop::key(&self.domein)
    }

    /// Decides.
    pub fn answer(self, nu: Option<&Nu>) -> Step<Gewijzigd, Self> {
        let rij = nu.map(|nu| nu.versie);
        let was = nu.and_then(|nu| nu.domein.as_ref());
        let versie = rij.filter(|_| was.is_some());
        match (self.verwacht, versie) {
            (Verwacht::Versie(_), None) => return Step::reply(Gewijzigd::Onbekend),
            (Verwacht::Versie(wanted), Some(is)) if wanted == is => {}
            (Verwacht::Nieuw, None) => {}
            // Two who administer never overwrite each other without knowing.
            _ => return Step::reply(Gewijzigd::Anders { versie }),
        }
        let wordt = match self.bewerking.clone().op(was, self.regels) {
            Ok(wordt) => wordt,
            Err(fout) => return Step::reply(Gewijzigd::Fout(fout)),
        };
        if let Some(wordt) = &wordt
            && wordt.domein != self.domein
        {
            let at = "domain".to_owned();
            let why = "expected the domain of the address".to_owned();
            return Step::reply(Gewijzigd::Fout(Fout { at, why }));
        }
        let plan = Plan::tussen(was, wordt.as_ref());
        if self.macht == Macht::Binnen
            && let Some(member) = plan.wijzigingen().iter().find_map(Wijziging::buiten)
        {
            return Step::reply(Gewijzigd::NietAanHem(member));
        }
        Step::Done(self.verdict(rij, wordt, plan))
    }

    /// `rij` is the version of the rows, also of those that a removed domain left.
    fn verdict(
        self,
        rij: Option<u64>,
        wordt: Option<Domeinconfiguratie>,
        plan: Plan,
    ) -> Verdict<Gewijzigd> {
        let (versie, changes, events) = if plan.is_leeg() {
            (rij, Vec::new(), Vec::new())
        } else {
            let next = wordt.as_ref().map(|_| rij.unwrap_or_default() + 1);
            let mut changes = match (&wordt, rij) {
                (Some(wordt), rij) => wordt.put(rij, self.now),
                (None, Some(rij)) => Domeinconfiguratie::remove(&self.domein, rij, self.now),
                (None, None) => Vec::new(),
            };
            let told = Logboekregel::of(&plan, &self.wie, next, self.now);
            changes.push(told.toevoegen(&self.domein, self.nonce));
            (next, changes, self.events(&plan))
        };
        Verdict {
            reply: Gewijzigd::Ja {
                versie,
                domein: wordt.map(Box::new),
                plan,
            },
            changes,
            events,
        }
    }

    /// One event for each kind of change: which one it was stands in the log of the domain.
    fn events(&self, plan: &Plan) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for wijziging in plan.wijzigingen() {
            let (requirement, what) = wijziging.voor_audit();
            if events.iter().all(|event| event.what != what) {
                let who = Actor::Party(format!("{} ({})", self.wie, self.domein));
                events.push(Event::granted(requirement, what, who));
            }
        }
        events
    }
}

impl Wijziging {
    /// The member that only who runs the service may say, if it is one of those.
    const fn buiten(&self) -> Option<&'static str> {
        match self {
            Self::DomeinErbij { .. } | Self::DomeinEraf => Some("domain"),
            Self::Upstream(_) => Some("fhir.upstream"),
            Self::Voorziening(_) => Some("service"),
            _ => None,
        }
    }

    /// What the audit log tells: which rule it is about, and what was done.
    const fn voor_audit(&self) -> (&'static str, &'static str) {
        const BEHEER: &str = "koppeltaal.md §1.1";
        const APPLICATIE: &str = "koppeltaal.md §1.2";
        match self {
            Self::DomeinErbij { .. } => (BEHEER, "a domain was made"),
            Self::DomeinEraf => (BEHEER, "a domain was removed"),
            Self::Upstream(_) => (BEHEER, "a domain got another FHIR server"),
            Self::Voorziening(_) => (BEHEER, "a domain got another Device of its own"),
            Self::StandaardIdp(_) => (BEHEER, "a domain got another default identity provider"),
            Self::RolErbij(_) => ("TGB 003", "a role was made"),
            Self::RolEraf(_) => ("TGB 003", "a role was removed"),
            Self::Permissie { .. } => ("TGB 006", "permissions of a role were changed"),
            Self::IdpErbij(..) => ("IAM 002", "an identity provider was added"),
            Self::IdpEraf(_) => ("IAM 002", "an identity provider was removed"),
            Self::Idp(
                _,
                IdpLid::Issuer(_)
                | IdpLid::ClientId(_)
                | IdpLid::Claim(_)
                | IdpLid::IdentifierSystem(_)
                | IdpLid::ExtraScopes(_),
            ) => ("IAM 002", "an identity provider was changed"),
            Self::ApplicatieErbij(..) => (APPLICATIE, "an application was registered"),
            Self::ApplicatieEraf(..) => (APPLICATIE, "an application was removed"),
            Self::Applicatie(_, lid) => lid.voor_audit(),
        }
    }
}

impl Lid {
    const fn voor_audit(&self) -> (&'static str, &'static str) {
        const APPLICATIE: &str = "koppeltaal.md §1.2";
        match self {
            Self::Naam(_) => (APPLICATIE, "an application got another name"),
            Self::Status(anders) => match anders.wordt {
                Status::Approved => (APPLICATIE, "an application was approved"),
                Status::Rejected => (APPLICATIE, "an application was rejected"),
                Status::Pending => (APPLICATIE, "the approval of an application was taken back"),
            },
            Self::JwksUri(_) => ("TOP-KT-020", "the address of an application's keys changed"),
            Self::RedirectUris(_) => (APPLICATIE, "redirect URIs of an application were changed"),
            Self::Rol(_) => ("TGB 005", "an application got another role"),
            Self::Granted(_) => ("TGB 006", "grants of an application were changed"),
            Self::Idps(..) => (
                "IAM 002",
                "identity providers of an application were changed",
            ),
        }
    }
}
