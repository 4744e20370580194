//! A request that an earlier login may serve without a page (digid.md §2.7).

use std::net::IpAddr;

use saml::artifact_response::reported_level;
use saml::authn_request::AuthnRequest;
use verdict::{Actor, Entropy, Event, Expect, Key, Moment, Step, Stored, Verdict};

use super::answer::Ending;
use super::end::{Drawn, Going};
use super::login::Login;
use super::session::{Service, Session};

/// A request, and the session that may serve it.
pub(super) struct Reuse {
    /// The login that the page would be for, if none serves.
    pub(super) login: Login,
    /// What was asked.
    pub(super) request: AuthnRequest,
    /// From where.
    pub(super) address: IpAddr,
    /// The session that the browser's cookie leads to.
    pub(super) session: [u8; 16],
    /// Whether services may hear of Substantieel.
    pub(super) has_substantieel: bool,
}

/// Is there such a session?
pub(super) struct Reusing(Drawn);

impl Reuse {
    /// The first step.
    pub(super) fn begin(
        idp_entity_id: &str,
        now: Moment,
        entropy: &Entropy,
    ) -> Step<Going, Reusing> {
        Step::Ask(Reusing(Drawn::new(idp_entity_id, now, entropy)))
    }

    /// Where it would stand.
    pub(super) const fn key(&self) -> Key {
        Session::key(self.session)
    }

    /// Answers the service from the session, or sends the browser to the page.
    pub(super) fn answer(
        &self,
        Reusing(drawn): Reusing,
        found: Option<Stored<Session>>,
    ) -> Step<Going, Reusing> {
        let address = self.address.to_canonical();
        let serves = |found: &Stored<Session>| {
            let session = &found.value;
            session.serves(&self.request, address, self.has_substantieel)
        };
        let Some(found) = found.filter(serves) else {
            return Step::reply(Going::LogIn);
        };
        let asker = &self.login.asker;
        let ending = Ending::Success {
            bsn: found.value.bsn.clone(),
            vertegenwoordigde: None,
            level: reported_level(found.value.level, self.has_substantieel),
            address,
            session_index: drawn.session_index.clone(),
            authenticated_at: found.value.authenticated_at.unix(),
        };
        let session = found.value.with(Service {
            entity_id: asker.entity_id.clone(),
            name: self.login.service.clone(),
            session_index: drawn.session_index.clone(),
        });
        let kept = session.kept(self.session, Expect::Version(found.version), drawn.now);
        let (url, put) = asker.answered(&drawn, ending);
        Step::Done(Verdict {
            reply: Going::Back {
                url,
                session: Some(self.session),
            },
            changes: vec![kept, put],
            events: vec![Event::granted(
                "digid.md 2.7",
                "an earlier login served this service",
                Actor::Party(asker.entity_id.clone()),
            )],
        })
    }
}
