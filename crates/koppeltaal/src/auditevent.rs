//! What the Koppeltaal voorziening logs, as FHIR R4 AuditEvents of profile `KT2AuditEvent`
//! (TOP-KT-011, koppeltaal.md §3.6).
//!
//! An event is a value first: who did what, how it ended, and under which numbers it can be found.
//! [`Auditevent::json`] says it in FHIR. It names people by reference alone.
//!
//! Start reading at [`Gebeurtenis`].

mod coding;
mod fhir;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use verdict::Moment;

use crate::domein::{ClientId, DomeinUrls};
use crate::launch::{Gebruiker, Verwijzing};
use crate::permissie::ResourceType;
use crate::resource_service::{self, Interactie};

pub use self::fhir::PROFILE;
pub use crate::resource_service::Id as Spoor;

/// Bytes of a query or a description, at most: it is a line in a log, no archive.
const TEXT_BYTES_MAX: usize = 4_096;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auditevent {
    /// What happened.
    pub gebeurtenis: Gebeurtenis,
    /// How it ended.
    pub uitkomst: Uitkomst,
    /// Under which numbers it can be found.
    pub sporen: Sporen,
    /// When.
    #[serde(with = "seconds")]
    pub recorded: Moment,
}

/// What happened, and who did it. One variant per row of the table in koppeltaal.md §3.6.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gebeurtenis {
    /// Something was asked of the FHIR resource service, and done.
    Rest {
        /// What.
        interactie: Interactie,
        /// By whom.
        door: ClientId,
        /// Of which type.
        soort: ResourceType,
        /// With which resource: `Patient/p/_history/1`; without a version where there is none to
        /// name, and nothing after a deletion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wat: Option<String>,
        /// With which query, undecoded, without `?`; of a search alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<String>,
        /// What was found: `Patient/p/_history/1` each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gevonden: Vec<String>,
    },
    /// A FHIR request was refused or failed.
    Mislukt {
        /// What was asked.
        interactie: Interactie,
        /// By whom.
        door: ClientId,
        /// Of which type, where the request names one.
        soort: Option<ResourceType>,
    },
    /// A subscriber was told that there is something new.
    Notificatie {
        /// Whose change it was.
        veroorzaker: ClientId,
        /// Who was told.
        abonnee: ClientId,
        /// Where.
        endpoint: String,
        /// What changed, with its version.
        wat: String,
        /// The reference to the Subscription.
        abonnement: String,
        /// Its criteria.
        criteria: String,
    },
    /// A step of the authentication of a person (TOP-KT-011, memo of changes).
    Authenticatie {
        /// Which.
        stap: Authenticatiestap,
        /// The application that asks.
        applicatie: ClientId,
        /// The IdP, in the steps in which it has a part.
        idp: Option<NamedIdp>,
        /// Who launches.
        persoon: Gebruiker,
    },
    /// The authorization service could not do its part of a launch.
    LaunchMislukt {
        /// The task that was launched.
        taak: Verwijzing,
    },
}

/// The steps of a person's authentication: one subtype, told apart by the prefix of `outcomeDesc`
/// (TOP-KT-011, memo of changes 0.0.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authenticatiestap {
    /// An HTI launch token was introspected.
    Introspect,
    /// A launch was accepted at the authorization endpoint.
    Authorize,
    /// The person goes to the IdP.
    IdpCall,
    /// The IdP sent the person back.
    IdpLogin,
}

/// An IdP, as an event names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedIdp {
    /// Its name in the domain.
    pub naam: String,
    /// Its issuer.
    pub issuer: String,
}

/// How it ended (koppeltaal.md §3.6 `outcome`), and why in a few words without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Uitkomst {
    /// 0: as asked.
    Gelukt(Cow<'static, str>),
    /// 4: it was the asker's mistake (4xx).
    Geweigerd(Cow<'static, str>),
    /// 8: it was ours, or somebody else's (5xx); a person who was refused, too.
    Mislukt(Cow<'static, str>),
}

/// The numbers of a request (koppeltaal.md §3.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sporen {
    /// `X-Request-Id`: this request's own.
    pub request: Spoor,
    /// `X-Correlation-Id`: that of the request which caused it.
    pub correlation: Option<Spoor>,
    /// `X-Trace-Id`: that of the whole chain; the HTI token's `jti` in a launch.
    pub trace: Option<Spoor>,
}

/// Who logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waarnemer {
    /// The Device of the Koppeltaal voorziening in the domain.
    pub device: ClientId,
    /// Its host name, without a scheme.
    pub site: String,
}

impl Sporen {
    /// Of a request with this number, which nothing caused.
    pub const fn of(request: Spoor) -> Self {
        Self {
            request,
            correlation: None,
            trace: None,
        }
    }
}

impl Gebeurtenis {
    /// The texts that others chose.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let (one, many): (Vec<&String>, &[String]) = match self {
            Self::Rest {
                wat,
                query,
                gevonden,
                ..
            } => (wat.iter().chain(query).collect(), gevonden),
            Self::Notificatie {
                endpoint,
                wat,
                abonnement,
                criteria,
                ..
            } => (vec![endpoint, wat, abonnement, criteria], &[]),
            Self::Authenticatie { idp: Some(idp), .. } => (vec![&idp.naam, &idp.issuer], &[]),
            Self::Authenticatie { .. } | Self::Mislukt { .. } | Self::LaunchMislukt { .. } => {
                (Vec::new(), &[])
            }
        };
        one.into_iter().chain(many).map(String::as_str)
    }

    /// Those of them that nothing else bounds.
    fn texts_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::Rest { query, .. } => query.iter_mut().collect(),
            Self::Notificatie {
                endpoint, criteria, ..
            } => vec![endpoint, criteria],
            Self::Authenticatie { .. } | Self::Mislukt { .. } | Self::LaunchMislukt { .. } => {
                Vec::new()
            }
        }
    }
}

/// Bytes of a text as JSON writes it, at most.
fn json_bytes(text: &str) -> usize {
    let of = |byte: u8| match byte {
        0..=0x1f => 6,
        b'"' | b'\\' => 2,
        _ => 1,
    };
    // Its quotes, and a comma.
    3 + text.bytes().map(of).sum::<usize>()
}

/// The beginning of a text, as much of it as a log takes.
fn shortened(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl Waarnemer {
    /// The Koppeltaal voorziening, which is this Device in the domain with these endpoints.
    pub fn new(device: ClientId, urls: &DomeinUrls) -> Self {
        let issuer = urls.issuer();
        let after_scheme = issuer.split_once("://").map_or("", |(_, rest)| rest);
        let site = after_scheme.split(['/', ':']).next().unwrap_or_default();
        Self {
            device,
            site: site.to_owned(),
        }
    }
}

impl Authenticatiestap {
    /// The beginning of `outcomeDesc`.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Introspect => "introspect",
            Self::Authorize => "authorize",
            Self::IdpCall => "idp call",
            Self::IdpLogin => "idp login",
        }
    }
}

impl Uitkomst {
    /// `AuditEvent.outcome`.
    const fn code(&self) -> &'static str {
        match self {
            Self::Gelukt(_) => "0",
            Self::Geweigerd(_) => "4",
            Self::Mislukt(_) => "8",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Gelukt(text) | Self::Geweigerd(text) | Self::Mislukt(text) => text,
        }
    }
}

impl Auditevent {
    /// What happened at the resource service. Of an answer with nothing to name, nothing is told.
    pub fn of(told: resource_service::Gebeurtenis, recorded: Moment) -> Option<Self> {
        let soort = ResourceType::parse(&told.soort);
        let reden = told.reden.unwrap_or_default();
        let (interactie, door) = (told.interactie, told.wie);
        let rest = |soort| Gebeurtenis::Rest {
            interactie,
            door,
            soort,
            wat: told.wat.as_ref().map(ToString::to_string),
            query: told.query.clone(),
            gevonden: told.resultaten.iter().map(ToString::to_string).collect(),
        };
        let failed = |soort| Gebeurtenis::Mislukt {
            interactie,
            door,
            soort,
        };
        let (gebeurtenis, uitkomst) = match told.status {
            0..400 => (rest(soort?), Uitkomst::Gelukt(reden.into())),
            // koppeltaal case 77
            400..500 => (failed(soort), Uitkomst::Geweigerd(reden.into())),
            _ => (failed(soort), Uitkomst::Mislukt(reden.into())),
        };
        Some(Self {
            gebeurtenis,
            uitkomst,
            sporen: Sporen {
                request: told.sporen.request_id,
                correlation: told.sporen.correlation_id,
                trace: Some(told.sporen.trace_id),
            },
            recorded,
        })
    }

    /// The same with the beginnings of texts that are longer than a log takes.
    pub(crate) fn bounded(mut self) -> Self {
        for text in self.gebeurtenis.texts_mut() {
            text.truncate(shortened(text).len());
        }
        self
    }

    /// How many bytes it takes in a row, at most: its texts, and what stands around them.
    pub(crate) fn bytes(&self) -> usize {
        const AROUND: usize = 768;
        let texts = self.gebeurtenis.texts();
        AROUND + texts.map(json_bytes).sum::<usize>()
    }

    /// The event as FHIR's JSON, as this observer tells it.
    pub fn json(&self, waarnemer: &Waarnemer) -> Box<RawValue> {
        fhir::json(self, waarnemer)
    }
}

/// A moment in a row: seconds since 1970.
mod seconds {
    use serde::{Deserialize as _, Deserializer, Serializer};
    use verdict::Moment;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(moment: &Moment, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(moment.unix())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Moment, D::Error> {
        i64::deserialize(from).map(Moment::from_unix)
    }
}

#[cfg(test)]
mod tests;
