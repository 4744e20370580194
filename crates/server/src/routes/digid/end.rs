//! The end of a login: in one commit the answer stands behind a new artifact, the login is spent, and
//! whoever logged in has a session.

use identity::{Bsn, Loa};
use saml::artifact::Artifact;
use saml::authn_request::Denied;
use verdict::{
    Actor, Change, Clear, Entropy, Event, Expect, Key, Moment, Record as _, Step, Stored, Verdict,
};

use super::ENDPOINT_INDEX;
use super::answer::{ANSWER_S, Answer, Ending};
use super::login::{Asker, Browser, requirement};
use super::session::{Service, Session};

/// The end of a login, to be told to whoever asked for it.
#[derive(Clone)]
pub(super) struct End {
    /// The login that ends, and until when that is remembered; none when there was no page.
    pub(super) spends: Option<(Key, Moment)>,
    /// Who is told.
    pub(super) asker: Asker,
    /// What.
    pub(super) how: How,
    /// For the audit.
    pub(super) event: Event,
}

/// How a login ended.
#[derive(Clone)]
pub(super) enum How {
    /// Somebody logged in.
    LoggedIn(Box<LoggedIn>),
    /// This is told, and no session begins: nobody logged in, or somebody did with 4.x.
    Told(Ending),
}

/// Somebody who logged in on the page.
#[derive(Clone)]
pub(super) struct LoggedIn {
    /// Who.
    pub(super) bsn: Bsn,
    /// As it was reached.
    pub(super) level: Loa,
    /// As the service hears it.
    pub(super) reported: Loa,
    /// Where.
    pub(super) browser: Browser,
    /// Whether the next service needs no login page.
    pub(super) single_sign_on: bool,
    /// What pages call the service.
    pub(super) service: String,
}

/// Where the browser goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Going {
    /// To the service, with an artifact, and with the session that began or goes on.
    Back {
        /// Where.
        url: String,
        /// The session.
        session: Option<[u8; 16]>,
    },
    /// To the login page: no session serves this request.
    LogIn,
    /// Nowhere: this login ended before.
    EndedBefore,
}

/// What is drawn for the end of a login.
#[derive(Clone)]
pub(super) struct Drawn {
    /// When.
    pub(super) now: Moment,
    artifact: Artifact,
    session: [u8; 16],
    /// What the service will call the session.
    pub(super) session_index: String,
}

impl Drawn {
    /// From the entropy of the run.
    pub(super) fn new(idp_entity_id: &str, now: Moment, entropy: &Entropy) -> Self {
        let handle = entropy.bytes("digid.artifact");
        Self {
            now,
            artifact: Artifact::new(idp_entity_id, ENDPOINT_INDEX, handle), // digid case 10
            session: entropy.bytes("digid.session"),
            session_index: saml::message_id(entropy.bytes("digid.session_index")),
        }
    }
}

/// Which session does the browser have, that this login may join?
pub(super) struct Joining {
    end: End,
    drawn: Drawn,
    session: [u8; 16],
}

impl Joining {
    /// Where it would stand.
    pub(super) const fn key(&self) -> Key {
        Session::key(self.session)
    }

    /// Joins it, or begins another.
    pub(super) fn answer(self, found: Option<Stored<Session>>) -> Step<Going, Self> {
        let id = self.session;
        self.end.done(&self.drawn, found.map(|found| (id, found)))
    }
}

impl End {
    /// A request that gets no login page (digid cases 6 to 8).
    pub(super) fn denied(denied: Denied) -> Self {
        let who = Actor::Party(denied.issuer.clone());
        Self {
            spends: None,
            event: Event::refused(requirement(denied.why), denied.why.text(), who),
            asker: Asker {
                entity_id: denied.issuer,
                request_id: denied.request_id,
                consumer_url: denied.consumer_url,
                relay_state: denied.relay_state,
                service_uuid: None,
            },
            how: How::Told(Ending::RequestDenied),
        }
    }

    /// The first step. Who logged in may have a session that the login joins.
    pub(super) fn begin(
        &self,
        idp_entity_id: &str,
        now: Moment,
        entropy: &Entropy,
    ) -> Step<Going, Joining> {
        let drawn = Drawn::new(idp_entity_id, now, entropy);
        let end = self.clone();
        match &self.how {
            How::LoggedIn(person) if person.single_sign_on => match person.browser.session {
                Some(session) => Step::Ask(Joining {
                    end,
                    drawn,
                    session,
                }),
                None => end.done(&drawn, None),
            },
            _ => end.done(&drawn, None),
        }
    }

    /// Puts the answer behind a new artifact, and ends the login in the same commit.
    fn done<Q>(self, drawn: &Drawn, known: Option<([u8; 16], Stored<Session>)>) -> Step<Going, Q> {
        let mut changes = Vec::new();
        let (ending, session) = match self.how {
            How::Told(ending) => (ending.drawn(drawn), None),
            How::LoggedIn(person) => {
                let (ending, begun) = person.begins(&self.asker, drawn);
                let (id, expect, session) = match known {
                    Some((id, found)) if found.value.may_take(&begun) => {
                        let expect = Expect::Version(found.version);
                        (id, expect, found.value.joined_by(begun))
                    }
                    _ => (drawn.session, Expect::Absent, begun),
                };
                changes.push(session.kept(id, expect, drawn.now));
                (ending, Some(id))
            }
        };
        let spent = self.spends;
        changes.extend(spent.map(|(key, until)| Change::spend(key, until)));
        let (url, put) = self.asker.answered(drawn, ending);
        changes.push(put);
        Step::Done(Verdict {
            reply: Going::Back { url, session },
            changes,
            events: vec![self.event],
        })
    }
}

impl LoggedIn {
    /// The answer to the service, and the session that covers it alone.
    fn begins(self, asker: &Asker, drawn: &Drawn) -> (Ending, Session) {
        let address = self.browser.address.to_canonical();
        let ending = Ending::Success {
            bsn: self.bsn.clone(),
            vertegenwoordigde: None,
            level: self.reported,
            address,
            session_index: drawn.session_index.clone(),
            authenticated_at: drawn.now.unix(),
        };
        let session = Session {
            bsn: self.bsn,
            level: self.level,
            address,
            began_at: drawn.now,
            authenticated_at: drawn.now,
            single_sign_on: self.single_sign_on,
            services: vec![Service {
                entity_id: asker.entity_id.clone(),
                name: self.service,
                session_index: drawn.session_index.clone(),
            }],
        };
        (ending, session)
    }
}

impl Asker {
    /// Where the browser carries the artifact, and the answer behind it.
    pub(super) fn answered(&self, drawn: &Drawn, ending: Ending) -> (String, Change<Clear>) {
        let answer = Answer {
            entity_id: self.entity_id.clone(),
            request_id: self.request_id.clone(),
            consumer_url: self.consumer_url.clone(),
            made_at: drawn.now,
            service_uuid: self.service_uuid.clone(),
            ending,
        };
        let until = drawn.now.plus_s(ANSWER_S);
        let put = answer.put(Answer::key(&drawn.artifact), Expect::Absent, until);
        // digid case 9: RelayState goes back unchanged
        let relay_state = self.relay_state.as_deref();
        let url = drawn.artifact.to_consumer(&self.consumer_url, relay_state);
        (url, put)
    }
}
