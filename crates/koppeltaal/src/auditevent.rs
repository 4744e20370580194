//! What the Koppeltaal voorziening logs, as FHIR R4 AuditEvents of profile `KT2AuditEvent`
//! (TOP-KT-011, koppeltaal.md §3.6).
//!
//! An event is a value first: who did what, how it ended, and under which numbers it can be found.
//! [`Auditevent::json`] says it in FHIR. It names people by reference alone.
//!
//! Start reading at [`Gebeurtenis`].

mod coding;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use verdict::Moment;

use crate::domein::{ClientId, DomeinUrls};
use crate::domeinconfiguratie::Gebruikerssoort;
use crate::launch::{Gebruiker, Verwijzing};
use crate::permissie::ResourceType;
use crate::resource_service::{self, Interactie};

pub use crate::resource_service::Id as Spoor;

use self::coding::{
    DCM, LIFECYCLE, OBJECT_ROLE, RESOURCE_TYPES, REST, RESTFUL_INTERACTION, SECURITY_SOURCE_TYPE,
    coded, coding,
};

/// The profile that every event says it keeps to.
pub const PROFILE: &str = "http://koppeltaal.nl/fhir/StructureDefinition/KT2AuditEvent";

/// Where Koppeltaal's extensions are defined.
const EXTENSIONS: &str = "http://koppeltaal.nl/fhir/StructureDefinition";
/// By what an IdP is named, which has no Device (TOP-KT-011, memo of changes).
const OIDC_ISSUER: &str = "http://koppeltaal.nl/oidc/issuer";
/// Bytes of a query or a description, at most: it is a line in a log, no archive.
const TEXT_BYTES_MAX: usize = 4_096;
/// Results of a search that are named, at most: a page of an upstream has no more.
const FOUND_MAX: usize = 500;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auditevent {
    /// What happened.
    pub gebeurtenis: Gebeurtenis,
    /// How it ended.
    pub uitkomst: Uitkomst,
    /// Under which numbers it can be found.
    pub sporen: Sporen,
    /// When.
    pub recorded: Moment,
}

/// What happened, and who did it. One variant per row of the table in koppeltaal.md §3.6.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        wat: Option<String>,
        /// With which query, undecoded, without `?`; of a search alone.
        query: Option<String>,
        /// What was found: `Patient/p/_history/1` each.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedIdp {
    /// Its name in the domain.
    pub naam: String,
    /// Its issuer.
    pub issuer: String,
}

/// How it ended (koppeltaal.md §3.6 `outcome`), and why in a few words without personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uitkomst {
    /// 0: as asked.
    Gelukt(&'static str),
    /// 4: it was the asker's mistake (4xx).
    Geweigerd(&'static str),
    /// 8: it was ours, or somebody else's (5xx); a person who was refused, too.
    Mislukt(&'static str),
}

/// The numbers of a request (koppeltaal.md §3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
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
    const fn code(self) -> &'static str {
        match self {
            Self::Gelukt(_) => "0",
            Self::Geweigerd(_) => "4",
            Self::Mislukt(_) => "8",
        }
    }

    const fn text(self) -> &'static str {
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
            0..400 => (rest(soort?), Uitkomst::Gelukt(reden)),
            // koppeltaal case 77
            400..500 => (failed(soort), Uitkomst::Geweigerd(reden)),
            _ => (failed(soort), Uitkomst::Mislukt(reden)),
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

    /// The event as FHIR, as this observer tells it.
    pub fn json(&self, waarnemer: &Waarnemer) -> Value {
        let what = self.gebeurtenis.what();
        let mut event = json!({
            "resourceType": "AuditEvent",
            "meta": { "profile": [PROFILE] },
            "extension": self.extensions(waarnemer),
            "type": what.kind,
            "action": what.action,
            "recorded": instant(self.recorded),
            "outcome": self.uitkomst.code(),
            "agent": self.gebeurtenis.agents(waarnemer),
            "source": {
                "site": waarnemer.site,
                "observer": device(waarnemer.device),
                "type": [what.source],
            },
            "entity": self.gebeurtenis.entities(self.uitkomst),
        });
        if let Some(subtype) = what.subtype {
            event["subtype"] = json!([subtype]);
        }
        if let Some(text) = self.outcome_desc() {
            event["outcomeDesc"] = json!(text);
        }
        event
    }

    /// koppeltaal case 91: the variants of a person's authentication begin with their name.
    fn outcome_desc(&self) -> Option<String> {
        let text = self.uitkomst.text();
        match &self.gebeurtenis {
            Gebeurtenis::Authenticatie { stap, .. } => Some(format!("{}: {text}", stap.prefix())),
            _ => (!text.is_empty()).then(|| text.to_owned()),
        }
    }

    /// koppeltaal.md §3.5: the numbers; §2.4: the owner, who is the observer.
    fn extensions(&self, waarnemer: &Waarnemer) -> Value {
        let number = |name: &str, spoor: &Spoor| json!({ "url": format!("{EXTENSIONS}/{name}"), "valueId": spoor.as_str() });
        let mut extensions = vec![
            json!({
                "url": format!("{EXTENSIONS}/resource-origin"),
                "valueReference": device(waarnemer.device),
            }),
            number("request-id", &self.sporen.request),
        ];
        let sporen = &self.sporen;
        extensions.extend(
            sporen
                .correlation
                .as_ref()
                .map(|s| number("correlation-id", s)),
        );
        extensions.extend(sporen.trace.as_ref().map(|s| number("trace-id", s)));
        Value::Array(extensions)
    }
}

/// What kind of event it is.
struct What {
    kind: Value,
    subtype: Option<Value>,
    action: &'static str,
    source: Value,
}

impl Gebeurtenis {
    fn what(&self) -> What {
        let application_server = coding(SECURITY_SOURCE_TYPE, "4", "Application Server");
        match self {
            Self::Rest { interactie, .. } | Self::Mislukt { interactie, .. } => {
                What::rest(*interactie)
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
                source: coding(SECURITY_SOURCE_TYPE, "6", "Security Server"),
            },
            Self::LaunchMislukt { .. } => What {
                kind: coding(DCM, "110100", "Application Activity"),
                subtype: Some(coding(DCM, "110120", "Application Start")),
                action: "E",
                source: coding(SECURITY_SOURCE_TYPE, "6", "Security Server"),
            },
        }
    }

    /// Who took part (koppeltaal.md §3.6 "agent(s)"): the one that asked first.
    fn agents(&self, waarnemer: &Waarnemer) -> Value {
        match self {
            Self::Rest { door, .. } | Self::Mislukt { door, .. } => json!([requestor(*door)]),
            Self::Notificatie {
                veroorzaker,
                abonnee,
                endpoint,
                ..
            } => {
                let mut subscriber = destination(device(*abonnee));
                subscriber["network"] = json!({ "address": shortened(endpoint), "type": "5" });
                json!([requestor(*veroorzaker), subscriber])
            }
            Self::Authenticatie {
                applicatie, idp, ..
            } => {
                let mut agents = vec![requestor(*applicatie)];
                agents.extend(idp.as_ref().map(|idp| {
                    let identifier = json!({ "system": OIDC_ISSUER, "value": idp.issuer });
                    destination(json!({ "display": idp.naam, "identifier": identifier }))
                }));
                Value::Array(agents)
            }
            Self::LaunchMislukt { .. } => json!([{
                "type": coded(DCM, "110150", "Application"),
                "who": device(waarnemer.device),
                "requestor": false,
            }]),
        }
    }

    /// What it was done with (koppeltaal.md §3.6 "entity").
    fn entities(&self, uitkomst: Uitkomst) -> Value {
        match self {
            Self::Rest {
                soort,
                wat,
                query,
                gevonden,
                ..
            } => {
                let mut asked = resource(wat.as_deref(), soort.as_str());
                if let Some(query) = query {
                    // koppeltaal case 76: the type with the query first, then what was found
                    asked["role"] = coding(OBJECT_ROLE, "24", "Query");
                    // FHIR knows no empty value; who asks for everything asks with a bare `?`.
                    let query = if query.is_empty() { "?" } else { query };
                    asked["query"] = json!(base64(query));
                }
                let found = gevonden.iter().take(FOUND_MAX);
                let found = found.map(|wat| resource(Some(wat), type_of(wat)));
                Value::Array(std::iter::once(asked).chain(found).collect())
            }
            Self::Mislukt { soort, .. } => {
                let mut outcome = json!({ "type": of_type("OperationOutcome") });
                if !uitkomst.text().is_empty() {
                    outcome["description"] = json!(uitkomst.text());
                }
                let mut entities = vec![outcome];
                entities.extend(soort.as_ref().map(|soort| resource(None, soort.as_str())));
                Value::Array(entities)
            }
            Self::Notificatie {
                wat,
                abonnement,
                criteria,
                ..
            } => {
                let mut subscription = resource(Some(abonnement), "Subscription");
                subscription["role"] = coding(OBJECT_ROLE, "9", "Subscriber");
                subscription["query"] = json!(base64(criteria));
                json!([resource(Some(wat), type_of(wat)), subscription])
            }
            Self::Authenticatie { persoon, .. } => json!([person(persoon)]),
            Self::LaunchMislukt { taak } => json!([resource(Some(taak.as_str()), "Task")]),
        }
    }
}

impl What {
    fn rest(interactie: Interactie) -> Self {
        let code = interactie.code();
        Self {
            kind: coding(REST, "rest", "RESTful Operation"),
            subtype: Some(coding(RESTFUL_INTERACTION, code, code)),
            action: interactie.action(),
            source: coding(SECURITY_SOURCE_TYPE, "4", "Application Server"),
        }
    }
}

/// koppeltaal case 91: the person, and in which part.
fn person(persoon: &Gebruiker) -> Value {
    let (code, display) = match persoon.soort() {
        Gebruikerssoort::Patient => ("1", "Patient"),
        Gebruikerssoort::Practitioner => ("15", "Practitioner"),
        Gebruikerssoort::RelatedPerson => ("6", "User"),
    };
    let reference = persoon.verwijzing();
    let mut entity = resource(Some(reference.as_str()), reference.soort());
    entity["role"] = coding(OBJECT_ROLE, code, display);
    entity
}

/// A resource, or its type alone.
fn resource(wat: Option<&str>, soort: &str) -> Value {
    let mut entity = json!({ "type": of_type(soort) });
    if let Some(wat) = wat {
        entity["what"] = json!({ "reference": shortened(wat), "type": soort });
    }
    entity
}

/// The type in a reference: what stands before the first slash.
fn type_of(reference: &str) -> &str {
    reference.split('/').next().unwrap_or_default()
}

fn of_type(soort: &str) -> Value {
    coding(RESOURCE_TYPES, soort, soort)
}

fn requestor(door: ClientId) -> Value {
    json!({
        "type": coded(DCM, "110153", "Source Role ID"),
        "who": device(door),
        "requestor": true,
    })
}

fn destination(who: Value) -> Value {
    let kind = coded(DCM, "110152", "Destination Role ID");
    let mut agent = json!({ "type": kind, "requestor": false });
    agent["who"] = who;
    agent
}

fn device(of: ClientId) -> Value {
    json!({ "reference": of.device(), "type": "Device" })
}

fn base64(text: &str) -> String {
    STANDARD.encode(shortened(text))
}

/// The beginning of a text, as much of it as a log takes.
fn shortened(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// FHIR `instant`, in UTC.
fn instant(moment: Moment) -> String {
    let moment = Timestamp::from_second(moment.unix()).unwrap_or_default();
    moment.to_string()
}

#[cfg(test)]
mod tests;
