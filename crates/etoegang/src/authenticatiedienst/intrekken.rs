//! Revocation by an HM (RFC 7009): a login there has ended, so its session here does too.

use protocol::client::ProvenClient;
use protocol::handle::Handle;
use protocol::refusal::Refusal;
use verdict::{Actor, Change, Event, Key, Moment, Step, Stored, Verdict};

use super::sessie::Sessie;

/// A token that a proven HM does not need any more.
#[derive(Clone, Debug)]
pub struct Intrekking {
    client: ProvenClient,
    handle: Option<Handle>,
}

/// What the revocation endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Antwoord {
    /// 200, whatever was revoked.
    Gedaan,
    /// The HM's proof was used before.
    Geweigerd(Refusal),
}

/// The one question: the session.
#[derive(Clone, Debug)]
pub struct SessieVraag {
    client: ProvenClient,
    handle: Handle,
}

type Stap = Step<Antwoord, SessieVraag>;

impl Intrekking {
    /// The request; nothing for a token that is none of ours.
    pub const fn new(client: ProvenClient, handle: Option<Handle>) -> Self {
        Self { client, handle }
    }

    /// The first step.
    pub fn begin(&self) -> Stap {
        match self.handle {
            None => Step::Done(self.client.spent_in(nothing())),
            Some(handle) => Step::Ask(SessieVraag {
                client: self.client.clone(),
                handle,
            }),
        }
    }

    /// What holds when the row of `key` was not as expected at the commit, where that row decides.
    pub fn lost(key: &Key) -> Option<Stap> {
        let refusal = ProvenClient::is_replay(key)?;
        Some(Step::reply(Antwoord::Geweigerd(refusal)))
    }
}

impl SessieVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Sessie::key(self.handle.id)
    }

    /// Ends the session. One of another HM stays (RFC 7009 §2.1).
    pub fn answer(self, found: Option<Stored<Sessie>>, now: Moment) -> Stap {
        let own = found.filter(|found| found.value.client_id == self.client.id());
        let live = own.filter(|found| !found.until.is_over_at(now));
        let Some(found) = live else {
            return Step::Done(self.client.spent_in(nothing()));
        };
        let who = Actor::Party(self.client.id().to_owned());
        let verdict = Verdict {
            reply: Antwoord::Gedaan,
            changes: vec![Change::remove(self.key(), found.version)],
            events: vec![Event::granted("RFC 7009 §2", "an HM ended a session", who)],
        };
        Step::Done(self.client.spent_in(verdict))
    }
}

const fn nothing() -> Verdict<Antwoord> {
    Verdict {
        reply: Antwoord::Gedaan,
        changes: Vec::new(),
        events: Vec::new(),
    }
}
