//! An event as FHIR says it: the members of `AuditEvent` that profile `KT2AuditEvent` uses, written
//! straight from the event, since every request to a FHIR server makes one.
//!
//! Start reading at [`json`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use verdict::Moment;

use super::coding::{
    Coded, Coding, DCM, LIFECYCLE, OBJECT_ROLE, RESOURCE_TYPES, REST, RESTFUL_INTERACTION,
    SECURITY_SOURCE_TYPE, coded, coding,
};
use super::{Auditevent, Gebeurtenis, NamedIdp, Sporen, Uitkomst, Waarnemer, shortened};
use crate::domein::ClientId;
use crate::domeinconfiguratie::Gebruikerssoort;
use crate::launch::Gebruiker;

/// The profile that every event says it keeps to.
pub const PROFILE: &str = "http://koppeltaal.nl/fhir/StructureDefinition/KT2AuditEvent";

/// Koppeltaal's extensions.
mod extension {
    pub(super) const RESOURCE_ORIGIN: &str =
        "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin";
    pub(super) const REQUEST_ID: &str = "http://koppeltaal.nl/fhir/StructureDefinition/request-id";
    pub(super) const CORRELATION_ID: &str =
        "http://koppeltaal.nl/fhir/StructureDefinition/correlation-id";
    pub(super) const TRACE_ID: &str = "http://koppeltaal.nl/fhir/StructureDefinition/trace-id";
}

/// By what an IdP is named, which has no Device (TOP-KT-011, memo of changes).
const OIDC_ISSUER: &str = "http://koppeltaal.nl/oidc/issuer";
/// Results of a search that are named, at most: a page of an upstream has no more.
const FOUND_MAX: usize = 500;

/// The event as this observer tells it.
pub(super) fn json(event: &Auditevent, waarnemer: &Waarnemer) -> Box<RawValue> {
    let what = event.gebeurtenis.what();
    let told = Told {
        resource_type: "AuditEvent",
        meta: Meta { profile: [PROFILE] },
        extension: event.sporen.extensions(waarnemer),
        kind: what.kind,
        subtype: what.subtype.map(|subtype| [subtype]),
        action: what.action,
        recorded: instant(event.recorded),
        outcome: event.uitkomst.code(),
        outcome_desc: event.outcome_desc(),
        agent: event.gebeurtenis.agents(waarnemer),
        source: Source {
            site: &waarnemer.site,
            observer: Who::device(waarnemer.device),
            kind: [what.source],
        },
        entity: event.gebeurtenis.entities(&event.uitkomst),
    };
    // Texts, numbers and lists of them always serialise.
    to_raw_value(&told).unwrap_or_default()
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(rename = "resourceType")]
    resource_type: &'static str,
    meta: Meta,
    extension: Vec<Extension<'a>>,
    #[serde(rename = "type")]
    kind: Coding<'static>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtype: Option<[Coding<'static>; 1]>,
    action: &'static str,
    recorded: String,
    outcome: &'static str,
    #[serde(rename = "outcomeDesc", skip_serializing_if = "Option::is_none")]
    outcome_desc: Option<String>,
    agent: Vec<Agent<'a>>,
    source: Source<'a>,
    entity: Vec<Entity<'a>>,
}

#[derive(Serialize)]
struct Meta {
    profile: [&'static str; 1],
}

#[derive(Serialize)]
struct Extension<'a> {
    url: &'static str,
    #[serde(rename = "valueId", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "valueReference", skip_serializing_if = "Option::is_none")]
    reference: Option<Who<'a>>,
}

#[derive(Serialize)]
struct Agent<'a> {
    #[serde(rename = "type")]
    kind: Coded,
    who: Who<'a>,
    requestor: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<Network<'a>>,
}

#[derive(Serialize)]
struct Network<'a> {
    address: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A reference to somebody: a Device, or what stands for one.
#[derive(Serialize)]
#[serde(untagged)]
enum Who<'a> {
    Device(Reference<'static, String>),
    Idp {
        display: &'a str,
        identifier: Identifier<'a>,
    },
}

#[derive(Serialize)]
struct Reference<'a, T> {
    reference: T,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct Identifier<'a> {
    system: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct Source<'a> {
    site: &'a str,
    observer: Who<'a>,
    #[serde(rename = "type")]
    kind: [Coding<'static>; 1],
}

#[derive(Serialize)]
struct Entity<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<Reference<'a, &'a str>>,
    #[serde(rename = "type")]
    kind: Coding<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Coding<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
}

/// What kind of event it is.
struct What {
    kind: Coding<'static>,
    subtype: Option<Coding<'static>>,
    action: &'static str,
    source: Coding<'static>,
}

impl Auditevent {
    /// koppeltaal case 91: the variants of a person's authentication begin with their name.
    fn outcome_desc(&self) -> Option<String> {
        let text = self.uitkomst.text();
        match &self.gebeurtenis {
            Gebeurtenis::Authenticatie { stap, .. } => Some(format!("{}: {text}", stap.prefix())),
            _ => (!text.is_empty()).then(|| text.to_owned()),
        }
    }
}

impl Sporen {
    /// koppeltaal.md §3.5: the numbers; §2.4: the owner, who is the observer.
    fn extensions(&self, waarnemer: &Waarnemer) -> Vec<Extension<'_>> {
        let owner = Extension {
            url: extension::RESOURCE_ORIGIN,
            id: None,
            reference: Some(Who::device(waarnemer.device)),
        };
        let numbers = [
            (extension::REQUEST_ID, Some(&self.request)),
            (extension::CORRELATION_ID, self.correlation.as_ref()),
            (extension::TRACE_ID, self.trace.as_ref()),
        ];
        let numbers = numbers.into_iter().filter_map(|(url, spoor)| {
            Some(Extension {
                url,
                id: Some(spoor?.as_str()),
                reference: None,
            })
        });
        std::iter::once(owner).chain(numbers).collect()
    }
}

impl Gebeurtenis {
    fn what(&self) -> What {
        let application_server = coding(SECURITY_SOURCE_TYPE, "4", "Application Server");
        let security_server = coding(SECURITY_SOURCE_TYPE, "6", "Security Server");
        match self {
            Self::Rest { interactie, .. } | Self::Mislukt { interactie, .. } => {
                let code = interactie.code();
                What {
                    kind: coding(REST, "rest", "RESTful Operation"),
                    subtype: Some(coding(RESTFUL_INTERACTION, code, code)),
                    action: interactie.action(),
                    source: application_server,
                }
            }
            Self::Notificatie { .. } => What {
                kind: coding(LIFECYCLE, "transmit", "Transmit Record Lifecycle Event"),
                subtype: None,
                action: "E",
                source: application_server,
            },
            Self::Authenticatie { .. } => What {
                kind: coding(DCM, "110114", "User Authentication"),
                subtype: Some(coding(DCM, "110122", "Login")),
                action: "E",
                source: security_server,
            },
            Self::LaunchMislukt { .. } => What {
                kind: coding(DCM, "110100", "Application Activity"),
                subtype: Some(coding(DCM, "110120", "Application Start")),
                action: "E",
                source: security_server,
            },
        }
    }

    /// Who took part (koppeltaal.md §3.6 "agent(s)"): the one that asked first.
    fn agents(&self, waarnemer: &Waarnemer) -> Vec<Agent<'_>> {
        match self {
            Self::Rest { door, .. } | Self::Mislukt { door, .. } => vec![Agent::requestor(*door)],
            Self::Notificatie {
                veroorzaker,
                abonnee,
                endpoint,
                ..
            } => {
                let network = Network {
                    address: shortened(endpoint),
                    kind: "5",
                };
                let subscriber = Agent {
                    network: Some(network),
                    ..Agent::destination(Who::device(*abonnee))
                };
                vec![Agent::requestor(*veroorzaker), subscriber]
            }
            Self::Authenticatie {
                applicatie, idp, ..
            } => {
                let idp = idp.as_ref().map(|idp| Agent::destination(Who::idp(idp)));
                let requestor = Agent::requestor(*applicatie);
                std::iter::once(requestor).chain(idp).collect()
            }
            Self::LaunchMislukt { .. } => vec![Agent {
                kind: coded(DCM, "110150", "Application"),
                who: Who::device(waarnemer.device),
                requestor: false,
                network: None,
            }],
        }
    }

    /// What it was done with (koppeltaal.md §3.6 "entity").
    fn entities<'a>(&'a self, uitkomst: &'a Uitkomst) -> Vec<Entity<'a>> {
        match self {
            Self::Rest {
                soort,
                wat,
                query,
                gevonden,
                ..
            } => {
                let mut asked = Entity::resource(wat.as_deref(), soort.as_str());
                if let Some(query) = query {
                    // koppeltaal case 76: the type with the query first, then what was found
                    asked.role = Some(coding(OBJECT_ROLE, "24", "Query"));
                    // FHIR knows no empty value; who asks for everything asks with a bare `?`.
                    let query = if query.is_empty() { "?" } else { query };
                    asked.query = Some(base64(query));
                }
                let found = gevonden.iter().take(FOUND_MAX);
                let found = found.map(|wat| Entity::resource(Some(wat), type_of(wat)));
                std::iter::once(asked).chain(found).collect()
            }
            Self::Mislukt { soort, .. } => {
                let text = uitkomst.text();
                let outcome = Entity {
                    description: (!text.is_empty()).then_some(text),
                    ..Entity::resource(None, "OperationOutcome")
                };
                let soort = soort.as_ref();
                let soort = soort.map(|soort| Entity::resource(None, soort.as_str()));
                std::iter::once(outcome).chain(soort).collect()
            }
            Self::Notificatie {
                wat,
                abonnement,
                criteria,
                ..
            } => {
                let subscription = Entity {
                    role: Some(coding(OBJECT_ROLE, "9", "Subscriber")),
                    query: Some(base64(criteria)),
                    ..Entity::resource(Some(abonnement), "Subscription")
                };
                vec![Entity::resource(Some(wat), type_of(wat)), subscription]
            }
            Self::Authenticatie { persoon, .. } => vec![Entity::person(persoon)],
            Self::LaunchMislukt { taak } => vec![Entity::resource(Some(taak.as_str()), "Task")],
        }
    }
}

impl Agent<'_> {
    fn requestor(door: ClientId) -> Self {
        Self {
            kind: coded(DCM, "110153", "Source Role ID"),
            who: Who::device(door),
            requestor: true,
            network: None,
        }
    }
}

impl<'a> Agent<'a> {
    const fn destination(who: Who<'a>) -> Self {
        Self {
            kind: coded(DCM, "110152", "Destination Role ID"),
            who,
            requestor: false,
            network: None,
        }
    }
}

impl Who<'_> {
    fn device(of: ClientId) -> Self {
        Self::Device(Reference {
            reference: of.device(),
            kind: "Device",
        })
    }
}

impl<'a> Who<'a> {
    fn idp(idp: &'a NamedIdp) -> Self {
        Self::Idp {
            display: &idp.naam,
            identifier: Identifier {
                system: OIDC_ISSUER,
                value: &idp.issuer,
            },
        }
    }
}

impl<'a> Entity<'a> {
    /// A resource, or its type alone.
    fn resource(wat: Option<&'a str>, soort: &'a str) -> Self {
        Self {
            what: wat.map(|wat| Reference {
                reference: shortened(wat),
                kind: soort,
            }),
            kind: coding(RESOURCE_TYPES, soort, soort),
            role: None,
            description: None,
            query: None,
        }
    }

    /// koppeltaal case 91: the person, and in which part.
    fn person(persoon: &'a Gebruiker) -> Self {
        let (code, display) = match persoon.soort() {
            Gebruikerssoort::Patient => ("1", "Patient"),
            Gebruikerssoort::Practitioner => ("15", "Practitioner"),
            Gebruikerssoort::RelatedPerson => ("6", "User"),
        };
        let reference = persoon.verwijzing();
        Self {
            role: Some(coding(OBJECT_ROLE, code, display)),
            ..Self::resource(Some(reference.as_str()), reference.soort())
        }
    }
}

/// The type in a reference: what stands before the first slash.
fn type_of(reference: &str) -> &str {
    reference.split('/').next().unwrap_or_default()
}

fn base64(text: &str) -> String {
    STANDARD.encode(shortened(text))
}

/// FHIR `instant`, in UTC.
fn instant(moment: Moment) -> String {
    let moment = Timestamp::from_second(moment.unix()).unwrap_or_default();
    moment.to_string()
}
