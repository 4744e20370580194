//! The answer behind an artifact: a row that is used once, and the rule by which it is given
//! (digid.md §2.4 to 2.6).

use std::net::IpAddr;

use identity::{Bsn, Loa};
use saml::NameId;
use saml::artifact::Artifact;
use saml::artifact_resolve::ArtifactResolve;
use saml::artifact_response::{
    Assertion, Content, EncryptedSubject, Outcome, Response, Subject, VALIDITY_S,
};
use saml::encryption::{Drawn, Recipient};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use verdict::{
    Actor, BadRow, Body, Change, Clear, Entropy, Event, Key, Moment, Record, Secrets, Space, Step,
    Stored, Verdict,
};

use super::entrance::{AD, BVD};

/// How long an artifact is good for, in seconds (digid.md §2.4: DigiD's own figure is not public;
/// its 4.x starts with 15 minutes).
pub(super) const ARTIFACT_S: u32 = 900;
/// How long its row stands, in seconds: longer, so that "too old" can be told from "unknown"
/// (digid case 14).
pub(super) const ANSWER_S: u32 = 2 * ARTIFACT_S;

/// The version in every row's JSON.
const ROW_VERSION: u64 = 3;

/// What waits behind an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The service that may resolve it.
    pub(super) entity_id: String,
    /// The `ID` of its request.
    pub(super) request_id: String,
    /// Where the artifact went.
    pub(super) consumer_url: String,
    /// When the login ended.
    pub(super) made_at: Moment,
    /// The service, with 4.x.
    pub(super) service_uuid: Option<String>,
    /// How.
    pub(super) ending: Ending,
}

/// How a login ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ending {
    /// Somebody logged in.
    Success {
        /// Who.
        #[serde(with = "identity::bsn::revealed")]
        bsn: Bsn,
        /// Who is represented, with 4.x.
        vertegenwoordigde: Option<Legal>,
        /// The level that is reported.
        level: Loa,
        /// From where.
        address: IpAddr,
        /// What the service calls the session.
        session_index: String,
        /// When the person logged in; seconds since 1970.
        authenticated_at: i64,
    },
    /// Cancelled.
    AuthnFailed,
    /// The level was not reached.
    NoAuthnContext,
    /// The request was wrong, or the login failed.
    RequestDenied,
    /// 4.x: cancelled.
    Cancelled,
    /// 4.x: failed.
    Failed,
    /// 4.x: representation was asked of somebody who does not offer it.
    NoSupportedIdp,
}

/// Somebody who is represented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Legal {
    /// Who.
    #[serde(with = "identity::bsn::revealed")]
    pub(super) bsn: Bsn,
}

impl Ending {
    /// The same with what is drawn for a login, if it is one without a session of ours.
    pub(super) fn drawn(mut self, drawn: &super::end::Drawn) -> Self {
        if let Self::Success {
            session_index,
            authenticated_at,
            ..
        } = &mut self
        {
            session_index.clone_from(&drawn.session_index);
            *authenticated_at = drawn.now.unix();
        }
        self
    }
}

impl Answer {
    /// Where the answer behind this artifact stands: the store never holds the artifact itself.
    pub(super) fn key(artifact: &Artifact) -> Key {
        Key::Record(Self::SPACE, artifact.fingerprint().to_vec())
    }

    fn is_too_old_at(&self, now: Moment) -> bool {
        self.made_at.plus_s(ARTIFACT_S).is_over_at(now)
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    v: u64,
    entity_id: String,
    request_id: String,
    consumer_url: String,
    made_at: i64,
    service_uuid: Option<String>,
}

impl Record for Answer {
    const SPACE: Space = Space("digid.artefact");

    fn to_body(&self) -> Clear {
        let open = json!({
            "v": ROW_VERSION,
            "entity_id": self.entity_id,
            "request_id": self.request_id,
            "consumer_url": self.consumer_url,
            "made_at": self.made_at.unix(),
            "service_uuid": self.service_uuid,
        });
        // Our own types always serialise.
        let private = serde_json::to_vec(&self.ending).unwrap_or_default();
        Body {
            open: open.into(),
            index: Vec::new(),
            private: Secrets::new(private),
        }
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let bad = |member| BadRow {
            space: Self::SPACE.0,
            member,
        };
        let open: Open = body.open.read().map_err(|_| bad("open part"))?;
        if open.v != ROW_VERSION {
            return Err(bad("v"));
        }
        let ending: Value =
            serde_json::from_slice(body.private.reveal()).map_err(|_| bad("private part"))?;
        Ok(Self {
            entity_id: open.entity_id,
            request_id: open.request_id,
            consumer_url: open.consumer_url,
            made_at: Moment::from_unix(open.made_at),
            service_uuid: open.service_uuid,
            ending: Ending::deserialize(ending).map_err(|_| bad("private part"))?,
        })
    }
}

/// A proven question for the answer behind an artifact.
#[derive(Clone)]
pub(super) struct Question {
    artifact: Artifact,
    who: String,
    now: Moment,
    ids: Ids,
    endpoint: Endpoint,
}

/// Where the question came.
#[derive(Clone)]
pub(super) enum Endpoint {
    /// 3.x.
    V3,
    /// 4.x, with whoever can read what is encrypted for the asker.
    V4(Vec<Recipient>),
}

/// Random names for what the answer is made of.
#[derive(Clone)]
struct Ids {
    response: String,
    assertion: String,
    transient: String,
    acting: Drawn,
    legal: Drawn,
}

impl Question {
    /// Takes a question whose signature was verified.
    pub(super) fn new(
        asked: &ArtifactResolve,
        endpoint: Endpoint,
        now: Moment,
        entropy: &Entropy,
    ) -> Self {
        let drawn = |id, content_key, iv| Drawn {
            id: saml::message_id(entropy.bytes(id)),
            content_key: entropy.bytes(content_key).into(),
            iv: entropy.bytes(iv),
        };
        Self {
            artifact: asked.artifact.clone(),
            who: asked.issuer.clone(),
            now,
            ids: Ids {
                response: saml::message_id(entropy.bytes("digid.response")),
                assertion: saml::message_id(entropy.bytes("digid.assertion")),
                transient: saml::message_id(entropy.bytes("digid.transient")),
                acting: drawn("digid.acting", "digid.acting.key", "digid.acting.iv"),
                legal: drawn("digid.legal", "digid.legal.key", "digid.legal.iv"),
            },
            endpoint,
        }
    }

    /// The first step: what stands behind the artifact?
    pub(super) const fn begin(self) -> Step<Content, Self> {
        Step::Ask(self)
    }

    /// Where that would stand.
    pub(super) fn key(&self) -> Key {
        Answer::key(&self.artifact)
    }

    /// Gives the answer to whom it is for, and takes it away in the same commit.
    pub(super) fn answer(self, found: Option<Stored<Answer>>) -> Step<Content, Self> {
        let who = Actor::Party(self.who.clone());
        let refused = |requirement, what| {
            Step::reply_with(
                Content::Refused,
                Event::refused(requirement, what, who.clone()),
            )
        };
        let is_4 = matches!(self.endpoint, Endpoint::V4(_));
        let of_here = |found: &Stored<Answer>| found.value.service_uuid.is_some() == is_4;
        let Some(found) = found.filter(of_here) else {
            return refused("digid case 12", "the artifact is unknown or was used");
        };
        if found.value.entity_id != self.who {
            // It stays: nobody can use up what was given to somebody else.
            return refused("digid case 13", "the artifact is another service's");
        }
        let key = self.key();
        let too_old = found.value.is_too_old_at(self.now);
        let (reply, event) = if too_old && is_4 {
            let event = Event::refused("digid case 47", "the artifact is too old", who);
            let late = Answer {
                ending: Ending::RequestDenied,
                ..found.value
            };
            (Content::Response(Box::new(self.response(late))), event)
        } else if too_old {
            let event = Event::refused("digid case 14", "the artifact is too old", who);
            (Content::TooOld, event)
        } else {
            let event = Event::granted("digid case 11", "the artifact was resolved", who);
            let response = self.response(found.value);
            (Content::Response(Box::new(response)), event)
        };
        Step::Done(Verdict {
            reply,
            changes: vec![Change::remove(key, found.version)],
            events: vec![event],
        })
    }

    /// digid.md §2.5, the table.
    fn response(&self, answer: Answer) -> Response {
        let outcome = match answer.ending {
            Ending::AuthnFailed => Outcome::AuthnFailed,
            Ending::NoAuthnContext => Outcome::NoAuthnContext,
            Ending::RequestDenied => Outcome::RequestDenied,
            Ending::Cancelled => Outcome::Cancelled,
            Ending::Failed => Outcome::Failed,
            Ending::NoSupportedIdp => Outcome::NoSupportedIdp,
            Ending::Success {
                bsn,
                vertegenwoordigde,
                level,
                address,
                session_index,
                authenticated_at,
            } => Outcome::Success(Box::new(Assertion {
                id: self.ids.assertion.clone(),
                issue_instant: self.now,
                subject: self.subject(bsn, vertegenwoordigde, answer.service_uuid),
                audience: answer.entity_id,
                recipient: answer.consumer_url.clone(),
                in_response_to: answer.request_id.clone(),
                not_before: self.now.minus_s(VALIDITY_S),
                not_on_or_after: self.now.plus_s(VALIDITY_S),
                authn_instant: Moment::from_unix(authenticated_at),
                session_index,
                subject_address: address.to_string(),
                loa: level,
            })),
        };
        Response {
            id: self.ids.response.clone(),
            issue_instant: self.now,
            in_response_to: answer.request_id,
            destination: answer.consumer_url,
            outcome,
        }
    }
}

impl Question {
    /// How the assertion names people: in clear text with 3.x, encrypted with 4.x (digid case 43).
    fn subject(&self, bsn: Bsn, legal: Option<Legal>, service_uuid: Option<String>) -> Subject {
        let (Endpoint::V4(recipients), Some(service_uuid)) = (&self.endpoint, service_uuid) else {
            return Subject::NameId(NameId::bsn(&bsn));
        };
        let bvd = legal.is_some().then_some(BVD);
        let authorities = [AD].into_iter().chain(bvd);
        Subject::Encrypted(Box::new(EncryptedSubject {
            transient: self.ids.transient.clone(),
            service_uuid,
            acting: (bsn, self.ids.acting.clone()),
            legal: legal.map(|legal| (legal.bsn, self.ids.legal.clone())), // digid case 49
            recipients: recipients.clone(),
            authorities: authorities.map(str::to_owned).collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SP: &str = "https://mitz.localhost/saml/metadata";
    const ACS: &str = "https://mitz.localhost/saml/acs";
    const NOW: Moment = Moment::from_unix(1_795_341_600);

    fn waiting(ending: Ending) -> Answer {
        Answer {
            entity_id: SP.to_owned(),
            request_id: "_request".to_owned(),
            consumer_url: ACS.to_owned(),
            made_at: NOW,
            service_uuid: None,
            ending,
        }
    }

    fn success() -> Ending {
        Ending::Success {
            bsn: Bsn::parse("900029365").expect("valid"),
            vertegenwoordigde: None,
            level: Loa::Midden,
            address: [192, 0, 2, 1].into(),
            session_index: "_session".to_owned(),
            authenticated_at: NOW.minus_s(30).unix(),
        }
    }

    fn resolved(who: &str, now: Moment, found: Option<Answer>) -> Verdict<Content> {
        let asked = ArtifactResolve {
            id: "_resolve".to_owned(),
            issue_instant: now,
            issuer: who.to_owned(),
            artifact: Artifact::new("https://digid.localhost", 0, [7; 20]),
        };
        let question = Question::new(&asked, Endpoint::V3, now, &Entropy::new([1; 32]));
        let found = found.map(|value| Stored {
            version: 1,
            until: NOW.plus_s(ANSWER_S),
            value,
        });
        match question.answer(found) {
            Step::Done(verdict) => verdict,
            _ => unreachable!("one question"),
        }
    }

    #[test]
    fn digid_case_011_the_answer_names_the_person_and_is_taken_away() {
        let verdict = resolved(SP, NOW.plus_s(60), Some(waiting(success())));
        let Content::Response(response) = &verdict.reply else {
            unreachable!("an answer");
        };
        assert_eq!(response.in_response_to, "_request");
        assert_eq!(response.destination, ACS);
        let Outcome::Success(assertion) = &response.outcome else {
            unreachable!("a success");
        };
        assert_eq!((&*assertion.audience, &*assertion.recipient), (SP, ACS));
        assert_eq!(assertion.authn_instant, NOW.minus_s(30));
        assert_eq!(assertion.session_index, "_session");
        assert_eq!(assertion.not_before, NOW.minus_s(60));
        assert_eq!(assertion.not_on_or_after, NOW.plus_s(180));
        assert_eq!(assertion.subject_address, "192.0.2.1");
        assert_eq!(verdict.changes.len(), 1);
        assert!(matches!(verdict.changes[0].then, verdict::Then::Remove));
    }

    #[test]
    fn digid_case_012_a_used_artifact_is_refused() {
        let verdict = resolved(SP, NOW, None);
        assert!(matches!(verdict.reply, Content::Refused));
        assert_eq!(verdict.events[0].requirement, "digid case 12");
    }

    #[test]
    fn digid_case_013_another_service_is_refused_and_uses_nothing_up() {
        let verdict = resolved("https://else.localhost", NOW, Some(waiting(success())));
        assert!(matches!(verdict.reply, Content::Refused));
        assert_eq!(verdict.events[0].requirement, "digid case 13");
        assert!(verdict.changes.is_empty());
    }

    #[test]
    fn digid_case_014_an_artifact_is_too_old_after_fifteen_minutes() {
        let young = resolved(SP, NOW.plus_s(899), Some(waiting(success())));
        assert!(matches!(young.reply, Content::Response(_)));
        let old = resolved(SP, NOW.plus_s(900), Some(waiting(success())));
        assert!(matches!(old.reply, Content::TooOld));
        assert_eq!(old.changes.len(), 1, "and is gone then");
    }

    #[test]
    fn an_answer_survives_its_row_and_the_open_part_names_nobody() {
        for ending in [
            success(),
            Ending::AuthnFailed,
            Ending::NoAuthnContext,
            Ending::RequestDenied,
        ] {
            let answer = waiting(ending);
            let body = answer.to_body();
            assert!(!body.open.to_string().contains("900029365"));
            assert!(!body.open.to_string().contains("192.0.2.1"));
            assert_eq!(Answer::from_body(&body), Ok(answer));
        }
    }

    #[test]
    fn a_damaged_row_is_refused_by_its_member() {
        let mut body = waiting(success()).to_body();
        let mut open = body.open.value();
        open["v"] = json!(1);
        body.open = open.into();
        assert_eq!(Answer::from_body(&body).map_err(|bad| bad.member), Err("v"));
        let mut body = waiting(success()).to_body();
        body.private = Secrets::none();
        let member = Answer::from_body(&body).map_err(|bad| bad.member);
        assert_eq!(member, Err("private part"));
    }
}
