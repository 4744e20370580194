//! What happened at the resource service, for the AuditEvents of the domain (koppeltaal.md §3.6).

use verdict::Moment;

use super::request::{Id, Instance, Interaction};
use crate::auditevent::{self, Auditevent, Interactie, Sporen, Uitkomst};
use crate::domein::ClientId;
use crate::permissie::ResourceType;

/// Resources of a result that are named, at most.
pub(super) const RESULTATEN_MAX: usize = 200;

/// One interaction, and how it ended. It holds references and no content of resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gebeurtenis {
    /// The application that asked.
    pub wie: ClientId,
    /// What was asked.
    pub interactie: Interactie,
    /// The type that it was about; none for the capabilities.
    pub soort: Option<ResourceType>,
    /// The resource and its version, when there is one; never after a delete.
    pub wat: Option<Verwijzing>,
    /// The parameters of a search, undecoded.
    pub query: Option<String>,
    /// What a search found.
    pub resultaten: Vec<Verwijzing>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What the answer said, when it was a refusal.
    pub reden: &'static str,
    /// The numbers of the request.
    pub sporen: Sporen,
}

/// A version of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verwijzing {
    /// Which.
    pub at: Instance,
    /// The version; nothing when it is not known.
    pub version: Option<Id>,
}

impl Gebeurtenis {
    /// The AuditEvent of it.
    pub fn auditevent(self, recorded: Moment) -> Auditevent {
        Auditevent {
            uitkomst: self.uitkomst(),
            sporen: self.sporen.clone(),
            gebeurtenis: self.told(),
            recorded,
        }
    }

    /// What failed by the client's doing, and what by ours.
    const fn uitkomst(&self) -> Uitkomst {
        match self.status {
            0..400 => Uitkomst::Gelukt(self.reden),
            // koppeltaal case 77
            400..500 => Uitkomst::Geweigerd(self.reden),
            _ => Uitkomst::Mislukt(self.reden),
        }
    }

    fn told(self) -> auditevent::Gebeurtenis {
        let (door, interactie) = (self.wie, self.interactie);
        match (self.soort, self.query) {
            (soort, _) if self.status >= 400 => auditevent::Gebeurtenis::Mislukt {
                interactie,
                door,
                soort,
            },
            (None, _) => auditevent::Gebeurtenis::Capabilities { door },
            // koppeltaal case 76
            (Some(soort), Some(query)) => auditevent::Gebeurtenis::Zoeken {
                door,
                soort,
                query,
                gevonden: self.resultaten.iter().map(ToString::to_string).collect(),
            },
            // koppeltaal case 75
            (Some(soort), None) => auditevent::Gebeurtenis::Rest {
                interactie,
                door,
                wat: self.wat.map(|wat| wat.to_string()),
                soort,
            },
        }
    }
}

/// Of which kind an interaction is.
pub(super) const fn kind(interaction: &Interaction) -> Interactie {
    match interaction {
        Interaction::Capabilities => Interactie::Capabilities,
        Interaction::Read(_) => Interactie::Read,
        Interaction::Vread(..) => Interactie::Vread,
        Interaction::HistoryInstance(_) => Interactie::HistoryInstance,
        Interaction::HistoryType(_) => Interactie::HistoryType,
        Interaction::Search(..) => Interactie::SearchType,
        Interaction::Create(_) => Interactie::Create,
        Interaction::Update(_) => Interactie::Update,
        Interaction::Delete(_) => Interactie::Delete,
    }
}

impl std::fmt::Display for Verwijzing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.at)?;
        match &self.version {
            Some(version) => write!(f, "/_history/{version}"),
            None => Ok(()),
        }
    }
}
