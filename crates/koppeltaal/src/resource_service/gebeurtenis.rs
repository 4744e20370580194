//! What happened at the resource service: everything that an AuditEvent tells of it (koppeltaal.md
//! §3.6). Whoever writes the AuditEvent decides how.

use super::request::{Id, Instance, Interaction};
use super::trace::Sporen;
use crate::domein::ClientId;

/// Resources of a result that are named, at most.
pub(super) const RESULTATEN_MAX: usize = 200;

/// One interaction, and how it ended. It holds references and no content of resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gebeurtenis {
    /// The application that asked.
    pub wie: ClientId,
    /// What was asked.
    pub interactie: Interactie,
    /// The type that it was about.
    pub soort: String,
    /// The resource and its version, when there is one; never after a delete.
    pub wat: Option<Verwijzing>,
    /// The parameters of a search, undecoded.
    pub query: Option<String>,
    /// What a search or a history found.
    pub resultaten: Vec<Verwijzing>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What the answer said, when it was a refusal.
    pub reden: Option<&'static str>,
    /// The numbers of the request.
    pub sporen: Sporen,
}

/// The interactions of which is told, as FHIR names them (code system restful-interaction).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interactie {
    /// `capabilities`.
    Capabilities,
    /// `read`.
    Read,
    /// `vread`.
    Vread,
    /// `history-instance`.
    HistoryInstance,
    /// `history-type`.
    HistoryType,
    /// `search-type`.
    SearchType,
    /// `create`.
    Create,
    /// `update`.
    Update,
    /// `delete`.
    Delete,
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
    /// `0` for success, `4` and `8` for what failed by the client's doing and by ours (koppeltaal.md
    /// §3.6).
    pub const fn outcome(&self) -> &'static str {
        match self.status {
            0..400 => "0",
            400..500 => "4",
            _ => "8",
        }
    }
}

impl Interactie {
    /// Of which kind an interaction is.
    pub const fn of(interaction: &Interaction) -> Self {
        match interaction {
            Interaction::Capabilities => Self::Capabilities,
            Interaction::Read(_) => Self::Read,
            Interaction::Vread(..) => Self::Vread,
            Interaction::HistoryInstance(_) => Self::HistoryInstance,
            Interaction::HistoryType(_) => Self::HistoryType,
            Interaction::Search(..) => Self::SearchType,
            Interaction::Create(_) => Self::Create,
            Interaction::Update(_) => Self::Update,
            Interaction::Delete(_) => Self::Delete,
        }
    }

    /// The code of FHIR.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Capabilities => "capabilities",
            Self::Read => "read",
            Self::Vread => "vread",
            Self::HistoryInstance => "history-instance",
            Self::HistoryType => "history-type",
            Self::SearchType => "search-type",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// `AuditEvent.action` (koppeltaal.md §3.6).
    pub const fn action(self) -> &'static str {
        match self {
            Self::Capabilities | Self::Read | Self::Vread => "R",
            Self::HistoryInstance | Self::HistoryType | Self::SearchType => "E",
            Self::Create => "C",
            Self::Update => "U",
            Self::Delete => "D",
        }
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
