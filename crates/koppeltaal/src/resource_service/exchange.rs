//! One request while it is being answered: who asks what, how far his scopes reach, and how he is
//! answered.

use std::sync::Arc;

use serde_json::Value;
use url::Url;
use verdict::Step;

use super::antwoord::{Antwoord, Inhoud, etag};
use super::gebeurtenis::{Gebeurtenis, Interactie, Verwijzing};
use super::reach::Caller;
use super::refused::Refused;
use super::request::{Id, Instance, Interaction, Request};
use super::resource::Reach;
use super::search;
use super::secret::is_secret;
use super::trace::Sporen;
use super::vraag::{Then, UpstreamAnswer, UpstreamRequest, UpstreamVraag, Vraag};

/// What is asked by whom, and where.
#[derive(Debug)]
pub struct Asked {
    /// The request.
    pub request: Request,
    /// Who asks.
    pub caller: Caller,
    /// The FHIR base of the domain.
    pub base: String,
    /// The base of the FHIR server behind it.
    pub upstream: String,
    /// The numbers of the request.
    pub sporen: Sporen,
}

/// A request that some scope allows.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) asked: Arc<Asked>,
    pub(super) interaction: Interaction,
    pub(super) reach: Reach,
}

/// What a step of this module comes to.
pub(super) type Stap = Step<Antwoord, Vraag>;

impl Asked {
    /// What an AuditEvent tells of an answer. None is about AuditEvents, and none about who has no name
    /// (koppeltaal.md §3.6).
    fn gebeurtenis(&self, interaction: &Interaction, status: u16) -> Option<Gebeurtenis> {
        let soort = (interaction.resource())
            .map_or_else(|| "CapabilityStatement".to_owned(), ToString::to_string);
        let query = self.told(interaction);
        let wat = match interaction {
            Interaction::Read(at)
            | Interaction::Vread(at, _)
            | Interaction::HistoryInstance(at)
            | Interaction::Update(at) => Some(Verwijzing {
                at: at.clone(),
                version: None,
            }),
            _ => None,
        };
        (soort != "AuditEvent").then_some(())?;
        Some(Gebeurtenis {
            wie: self.caller.client_id?,
            interactie: Interactie::of(interaction),
            soort,
            wat,
            query,
            resultaten: Vec::new(),
            status,
            reden: None,
            sporen: self.sporen.clone(),
        })
    }

    /// The parameters of a search as an AuditEvent tells them: nothing of what is no form, or has a token in
    /// it (koppeltaal case 113).
    fn told(&self, interaction: &Interaction) -> Option<String> {
        let Interaction::Search(_, in_body) = interaction else {
            return None;
        };
        let request = &self.request;
        if request.bears(is_secret) || (*in_body && !request.is_form()) {
            return None;
        }
        Some(if *in_body {
            String::from_utf8_lossy(&request.body).into()
        } else {
            request.query.clone()
        })
    }

    /// The refusal of a request that no scope allows, or that is none.
    pub(super) fn refused(&self, interaction: Option<&Interaction>, why: Refused) -> Stap {
        self.refused_with(interaction, why, None)
    }

    fn refused_with(
        &self,
        interaction: Option<&Interaction>,
        why: Refused,
        issues: Option<Vec<u8>>,
    ) -> Stap {
        let why = match (why, self.caller.client_id) {
            // TOP-KT-012a
            (Refused::Forbidden, None) => Refused::Unidentified,
            (why, _) => why,
        };
        let told = interaction.and_then(|asked| self.gebeurtenis(asked, why.status()));
        Step::reply(Antwoord {
            gebeurtenis: told.map(|told| Gebeurtenis {
                reden: Some(why.says().1),
                ..told
            }),
            ..Antwoord::refused(why, issues)
        })
    }
}

impl Exchange {
    pub(super) fn refused(&self, why: Refused) -> Stap {
        self.asked.refused(Some(&self.interaction), why)
    }

    /// What becomes of a resource that is not there: who reaches everybody's learns that. Under
    /// narrower scopes it is answered as somebody else's is (koppeltaal cases 54, 55; design §5).
    pub(super) fn absent(&self, gone: bool) -> Refused {
        match (&self.reach, gone) {
            // koppeltaal case 54
            (Reach::Of(_), _) => Refused::Forbidden,
            // koppeltaal case 55
            (Reach::Everybody, true) => Refused::Gone,
            (Reach::Everybody, false) => Refused::NotFound,
        }
    }

    /// Asks the FHIR server.
    pub(super) fn ask(&self, request: UpstreamRequest, then: Then) -> Stap {
        Step::Ask(Vraag::Upstream(Box::new(UpstreamVraag {
            exchange: self.clone(),
            request,
            then,
        })))
    }

    /// An answer that is no refusal, about this version.
    pub(super) fn answered(&self, answer: Antwoord, wat: Option<Verwijzing>) -> Stap {
        let told = self.asked.gebeurtenis(&self.interaction, answer.status);
        Step::reply(Antwoord {
            gebeurtenis: told.map(|told| Gebeurtenis {
                wat: wat.or(told.wat.clone()),
                ..told
            }),
            ..answer
        })
    }

    /// One version of a resource as the FHIR server gave it, with its headers.
    pub(super) fn resource(
        &self,
        status: u16,
        at: &Instance,
        version: Option<Id>,
        answer: UpstreamAnswer,
    ) -> Antwoord {
        let version = answer.version().or(version);
        let location = match (&version, status) {
            (Some(version), 201) => Some(self.url(&format!("{at}/_history/{version}"))),
            (None, 201) => Some(self.url(&at.to_string())),
            _ => None,
        };
        Antwoord {
            etag: version.as_ref().map(etag),
            last_modified: answer.last_modified,
            location,
            ..Antwoord::new(
                status,
                answer.body.map_or(Inhoud::Doorgelaten, |body| {
                    if body.is_empty() {
                        Inhoud::Leeg
                    } else {
                        Inhoud::Json(body)
                    }
                }),
            )
        }
    }

    /// A path below our base.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.asked.base)
    }

    /// The version that `If-Match` names, if it is there.
    ///
    /// # Errors
    /// [`Refused::Stale`]: it names no version, or several, or any.
    pub(super) fn if_match(&self) -> Result<Option<Id>, Refused> {
        let named = self.asked.request.if_match.as_deref();
        named
            .map(|tag| search::version(tag).ok_or(Refused::Stale))
            .transpose()
    }

    /// What a FHIR server's status means when it is none of those that were to be expected.
    pub(super) fn unexpected(&self, answer: UpstreamAnswer) -> Stap {
        let why = match answer.status {
            400 | 422 => return self.passed_on(answer),
            404 => self.absent(false),
            410 => self.absent(true),
            409 => Refused::Conflict,
            412 => Refused::Stale,
            429 | 500.. => Refused::Away,
            _ => Refused::Unreadable,
        };
        self.refused(why)
    }

    /// What the FHIR server says of what the client sent. Under narrower scopes only of what stands in
    /// a body: a search that it refuses could tell of others' resources.
    fn passed_on(&self, answer: UpstreamAnswer) -> Stap {
        let is_about_a_body = matches!(
            self.interaction,
            Interaction::Create(_) | Interaction::Update(_)
        );
        let why = match (answer.status, is_about_a_body) {
            (422, true) => Refused::Unprocessable,
            (_, true) => Refused::Bad("The FHIR server does not take this resource."),
            (_, false) => Refused::Parameter("The FHIR server does not take this search."),
        };
        let may_tell = is_about_a_body || self.reach == Reach::Everybody;
        let issues = answer.body.filter(|_| may_tell);
        let issues = issues.and_then(|body| self.outcome(&body));
        self.asked
            .refused_with(Some(&self.interaction), why, issues)
    }

    /// An OperationOutcome, without the address of the FHIR server.
    pub(super) fn outcome(&self, body: &[u8]) -> Option<Vec<u8>> {
        let outcome: Value = serde_json::from_slice(body).ok()?;
        (outcome["resourceType"] == "OperationOutcome").then_some(())?;
        let issues = outcome["issue"].as_array()?;
        let clean = serde_json::json!({ "resourceType": "OperationOutcome", "issue": issues });
        let text = clean.to_string();
        Some(
            text.replace(&self.asked.upstream, &self.asked.base)
                .into_bytes(),
        )
    }
}

/// Where a URL of the FHIR server leads, below its base: from its base on, whatever host it names, since
/// only that one is ever asked. Nothing for what is not below it.
pub(super) fn below(upstream: &str, url: &str) -> Option<String> {
    let base = Url::parse(&format!("{upstream}/")).ok()?;
    let url = Url::options().base_url(Some(&base)).parse(url).ok()?;
    let below = url.path().strip_prefix(base.path().trim_end_matches('/'))?;
    let path = match below.strip_prefix('/') {
        Some(path) => path,
        None if below.is_empty() => "",
        None => return None,
    };
    let query = url.query().map(|query| format!("?{query}"));
    Some(format!("{path}{}", query.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_of_the_fhir_server_leads_below_its_base_or_nowhere() {
        let led = |url| below("https://fhir.example/d1", url);
        for (url, expected) in [
            ("https://fhir.example/d1/Patient?_page=2", "Patient?_page=2"),
            ("http://internal:8080/d1/Patient/1", "Patient/1"),
            ("https://fhir.example/d1?_getpages=1", "?_getpages=1"),
            ("/d1/Patient/1/_history/2", "Patient/1/_history/2"),
            ("Patient/1/_history/2", "Patient/1/_history/2"),
        ] {
            assert_eq!(led(url).as_deref(), Some(expected), "{url}");
        }
        for url in [
            "https://fhir.example/d2/Patient",
            "https://fhir.example/d1x/Patient",
            "https://fhir.example/d1/../d2/Patient",
            "https://fhir.example/d1/%2e%2e/d2/Patient",
            "/Patient",
            "http://",
        ] {
            assert_eq!(led(url), None, "{url}");
        }
    }
}
