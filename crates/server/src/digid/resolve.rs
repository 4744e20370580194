//! Step 4 of the chain: the artifact for an answer, over the back channel (digid.md §2.5).

use std::net::IpAddr;

use http::{HeaderName, StatusCode};
use mitz::authorization_server::aanmelding::Uitkomst;
use saml::artifact::Artifact;
use saml::artifact_resolve::ArtifactResolve;
use saml::digid::{Asked, Authenticated, Refusal, Untrusted, Version};
use saml::metadata::IdpMetadata;
use saml::signature::SignatureFault;
use verdict::Moment;

use super::{ServiceProvider, Unreachable, Vertegenwoordiging};
use crate::app::App;
use crate::chance;
use crate::door::TraceId;
use crate::outside::{Answer, Headers, OutsideError};

/// How far DigiD's clock and ours may differ, in seconds. Both are set by time servers; an assertion
/// lives two minutes, so more would only stretch the life of a stolen one.
const LEEWAY_S: u32 = 10;

/// SAML bindings 3.2.3.1: what SOAP 1.1 over HTTP says of itself, for whoever asks for it.
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");
const SAML_ACTION: &str = "\"http://www.oasis-open.org/committees/security\"";

/// The media type of our questions. The message is SOAP 1.1 under either; brokers differ in which
/// they demand (digid.md §2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SoapMediaType {
    /// `text/xml`, as DigiD and its brokers ask since 2022.
    #[default]
    TextXml,
    /// `application/soap+xml`.
    SoapXml,
}

impl SoapMediaType {
    const fn name(self) -> &'static str {
        match self {
            Self::TextXml => "text/xml; charset=utf-8",
            Self::SoapXml => "application/soap+xml; charset=utf-8",
        }
    }
}

/// What a browser brought back from DigiD, and what it had been sent with.
#[derive(Clone, Copy)]
pub struct Resolve<'a> {
    /// The `SAMLart` parameter, percent-decoded.
    pub artifact: &'a str,
    /// The `ID` of our AuthnRequest, from the browser's own cookie.
    pub authn_request: &'a str,
    /// When we made it.
    pub requested_at: Moment,
    /// From where the browser brought the artifact.
    pub client: IpAddr,
    /// The moment of the run.
    pub now: Moment,
}

/// What DigiD answered, read and judged; the same for 3.x and 4.x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Antwoord {
    /// Somebody logged in at a level that will do.
    Ingelogd(Box<Authenticated>),
    /// The person cancelled (MedMij Authenticeren 2).
    Geannuleerd,
    /// No identity (MedMij Authenticeren 1): the requirement and reason are for the operator.
    NietIngelogd {
        /// What refused.
        requirement: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// DigiD does not answer.
    Onbereikbaar,
}

/// Why an artifact logged nobody in.
enum Failure {
    /// DigiD says so, or its answer does not count.
    Refused(Refusal),
    /// It went wrong before there was an answer: requirement, and a line for the operator.
    Unasked(&'static str, &'static str),
    /// DigiD does not answer now.
    Unreachable,
}

impl From<Unreachable> for Failure {
    fn from(_: Unreachable) -> Self {
        Self::Unreachable
    }
}

impl From<Refusal> for Failure {
    fn from(why: Refusal) -> Self {
        Self::Refused(why)
    }
}

impl ServiceProvider {
    /// As [`Self::answer`], for Mitz: nobody logs in there for somebody else.
    pub async fn resolve(&self, app: &App, trace: TraceId, asked: &Resolve<'_>) -> Uitkomst {
        match self.answer(app, trace, asked).await {
            Antwoord::Ingelogd(person) => match Vertegenwoordiging::Geen.afwijking(&person) {
                Some(afwijking) => Uitkomst::NietIngelogd {
                    requirement: afwijking.requirement(), // digid case 51
                    reason: afwijking.text(),
                },
                None => Uitkomst::Ingelogd {
                    bsn: person.bsn,
                    level: person.loa,
                    auth_time: person.authn_instant.unix(),
                },
            },
            Antwoord::Geannuleerd => Uitkomst::Geannuleerd,
            Antwoord::NietIngelogd {
                requirement,
                reason,
            } => Uitkomst::NietIngelogd {
                requirement,
                reason,
            },
            Antwoord::Onbereikbaar => Uitkomst::Onbereikbaar,
        }
    }

    /// Exchanges an artifact for the answer behind it, and judges that. An artifact can be resolved
    /// once: the caller asks once, and keeps what this gives. Whether somebody is represented as it
    /// was asked is for the caller to see ([`Vertegenwoordiging::afwijking`]).
    pub async fn answer(&self, app: &App, trace: TraceId, asked: &Resolve<'_>) -> Antwoord {
        match self.try_resolve(app, trace, asked).await {
            Ok(person) => {
                // digid case 34: networks change addresses, so it is told and not refused
                if person.came_from_elsewhere(asked.client) {
                    let reason = "DigiD saw the person at another address than we did";
                    app.refused(trace, "digid case 34", reason);
                    tracing::warn!(%trace, "{reason}");
                }
                Antwoord::Ingelogd(Box::new(person))
            }
            Err(failure) => failure.told(app, trace),
        }
    }

    async fn try_resolve(
        &self,
        app: &App,
        trace: TraceId,
        asked: &Resolve<'_>,
    ) -> Result<Authenticated, Failure> {
        let idp = self.idp.get(app).await?;
        let (artifact, url) = artifact_of(asked.artifact, &idp)?;
        let question = ArtifactResolve {
            id: saml::message_id(chance::entropy().bytes("saml.artifact_resolve")),
            issue_instant: asked.now,
            issuer: self.entity_id.clone(),
            artifact,
        };
        let soap = question.to_soap(url, &self.key).map_err(|_| {
            Failure::Unasked("digid.md 2.5", "our question to DigiD could not be signed")
        })?;
        let headers = Headers::none().accept("text/xml").correlation_id(trace);
        let headers = headers.with(SOAP_ACTION, SAML_ACTION);
        let media_type = self.media_type.name();
        let answer = app
            .outside
            .post_bytes(url, media_type, soap.into_bytes(), headers)
            .await;
        let soap = body_of(answer)?;
        match self.judge(&soap, asked, &question.id, &idp) {
            Err(why) if is_of_unknown_key(why) => {
                // DigiD may have changed keys since we read its metadata.
                let idp = self.idp.anew(app).await?;
                Ok(self.judge(&soap, asked, &question.id, &idp)?)
            }
            judged => Ok(judged?),
        }
    }

    fn judge(
        &self,
        soap: &[u8],
        asked: &Resolve<'_>,
        artifact_resolve_id: &str,
        idp: &IdpMetadata,
    ) -> Result<Authenticated, Refusal> {
        let keys = idp.keys();
        let question = Asked {
            authn_request_id: asked.authn_request,
            requested_at: asked.requested_at,
            artifact_resolve_id,
            sp_entity_id: &self.entity_id,
            acs_url: &self.acs_url,
            min_loa: self.min_level,
            idp_entity_id: &idp.entity_id,
            idp_keys: &keys,
            version: self.entrance.as_ref().map_or(Version::V3, |e| e.version()),
        };
        saml::digid::accept(soap, &question, asked.now, LEEWAY_S)
    }
}

/// The artifact, and where it is resolved: at the address that the metadata of its maker gives for
/// its endpoint index, and nowhere else (design §5 "DigiD").
fn artifact_of<'i>(text: &str, idp: &'i IdpMetadata) -> Result<(Artifact, &'i str), Failure> {
    let artifact = Artifact::parse(text).map_err(|_| {
        Failure::Unasked(
            "digid case 10",
            "the browser brought no artifact of type 0004",
        )
    })?;
    if !artifact.is_from(&idp.entity_id) {
        let why = "the artifact is of another identity provider";
        return Err(Failure::Unasked("digid case 10", why));
    }
    let url = idp.artifact_resolution_at(artifact.endpoint_index());
    let why = "the artifact names an endpoint that is not in DigiD's metadata";
    let url = url.ok_or(Failure::Unasked("digid case 10", why))?;
    Ok((artifact, url))
}

/// The message, if the call brought one. A later try may help after anything that the network or a
/// server in trouble did; not after any other status (404: DigiD does not know our key or name,
/// digid case 15) or an answer beyond all bounds.
fn body_of(answer: Result<Answer, OutsideError>) -> Result<Vec<u8>, Failure> {
    match answer {
        Ok(answer) if answer.status == StatusCode::OK => Ok(answer.body),
        Ok(answer) if answer.status.is_server_error() => Err(Failure::Unreachable),
        Ok(_) => Err(Failure::Unasked(
            "digid case 15",
            "DigiD did not take our question: check registration and signing key",
        )),
        Err(OutsideError::TooLarge { .. }) => Err(Failure::Unasked(
            "SAML bindings 3.2",
            "DigiD's answer is longer than any answer",
        )),
        Err(_) => Err(Failure::Unreachable),
    }
}

/// Whether the answer may be DigiD's after all, signed with a key that we do not know yet.
const fn is_of_unknown_key(why: Refusal) -> bool {
    matches!(
        why,
        Refusal::Untrusted(
            Untrusted::MessageSignature(SignatureFault::Value)
                | Untrusted::AssertionSignature(SignatureFault::Value)
        )
    )
}

impl Failure {
    /// As the rules of the login hear it. What may be an attack is also told to whoever watches.
    fn told(self, app: &App, trace: TraceId) -> Antwoord {
        let (requirement, reason) = match self {
            Self::Unreachable => return Antwoord::Onbereikbaar,
            Self::Refused(Refusal::Cancelled) => return Antwoord::Geannuleerd, // digid cases 17, 45
            Self::Refused(why) => {
                let (requirement, reason) = (why.requirement(), why.text());
                if why.is_suspect() {
                    let party = app.party;
                    tracing::warn!(party, %trace, requirement, reason, "a suspect answer of DigiD");
                }
                (requirement, reason)
            }
            Self::Unasked(requirement, reason) => (requirement, reason),
        };
        Antwoord::NietIngelogd {
            requirement,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use saml::metadata::ArtifactResolutionService;

    use super::*;

    const IDP: &str = "https://digid.test/saml/idp/metadata";

    fn idp() -> IdpMetadata {
        IdpMetadata {
            entity_id: IDP.to_owned(),
            sso_redirect: None,
            sso_post: None,
            slo_redirect: None,
            slo_post: None,
            artifact_resolution: vec![ArtifactResolutionService {
                index: 3,
                url: "https://was.digid.test/resolve".to_owned(),
            }],
            signing: Vec::new(),
        }
    }

    fn resolved_at(artifact: &str) -> Result<String, &'static str> {
        match artifact_of(artifact, &idp()) {
            Ok((_, url)) => Ok(url.to_owned()),
            Err(Failure::Unasked("digid case 10", why)) => Err(why),
            Err(_) => Err("another failure"),
        }
    }

    #[test]
    fn digid_case_010_an_artifact_is_resolved_only_where_its_makers_metadata_says() {
        let of = |idp, index| Artifact::new(idp, index, [7; 20]).reveal();
        let resolved = resolved_at(&of(IDP, 3));
        assert_eq!(resolved.as_deref(), Ok("https://was.digid.test/resolve"));
        let elsewhere = resolved_at(&of("https://elsewhere.test", 3));
        assert_eq!(
            elsewhere,
            Err("the artifact is of another identity provider")
        );
        let unknown = resolved_at(&of(IDP, 0)).expect_err("refused");
        assert!(unknown.contains("endpoint"), "{unknown}");
        let none = resolved_at("AAQ=").expect_err("refused");
        assert!(none.contains("type 0004"), "{none}");
    }

    #[test]
    fn only_what_may_pass_counts_as_unreachable() {
        let status = |status: u16| {
            body_of(Ok(Answer {
                status: StatusCode::from_u16(status).expect("a status"),
                headers: http::HeaderMap::new(),
                body: b"body".to_vec(),
            }))
        };
        assert!(matches!(status(200), Ok(body) if body == b"body"));
        for passing in [500, 502, 503] {
            assert!(matches!(status(passing), Err(Failure::Unreachable)));
        }
        for lasting in [204, 302, 400, 404] {
            assert!(matches!(
                status(lasting),
                Err(Failure::Unasked("digid case 15", _))
            ));
        }
        assert!(matches!(
            body_of(Err(OutsideError::TimedOut)),
            Err(Failure::Unreachable)
        ));
        let long = body_of(Err(OutsideError::TooLarge { bytes_max: 1 }));
        assert!(matches!(long, Err(Failure::Unasked(_, _))));
    }
}
