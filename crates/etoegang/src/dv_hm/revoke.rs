//! Revocation by the app (RFC 7009; etoegang.md §4.9).

use protocol::handle::Handle;
use verdict::{Actor, Event, Key, Moment, Step, Stored, Verdict};

use super::ProvenApp;
use super::family::Family;
use crate::gebeurtenis::Over;

/// A token that its app does not need any more. The shell opens it: a refresh token by its MAC, an
/// access token by its signature and the family in its `jti`.
#[derive(Clone, Debug)]
pub struct Intrekking {
    app: ProvenApp,
    family: Option<[u8; 16]>,
}

/// The one question: the family.
#[derive(Clone, Debug)]
pub struct FamilyVraag {
    request: Intrekking,
    id: [u8; 16],
    now: Moment,
}

type Stap = Step<(), FamilyVraag>;

impl Intrekking {
    /// The request of a proven app; nothing for a token that is none of ours.
    pub const fn new(app: ProvenApp, family: Option<[u8; 16]>) -> Self {
        Self { app, family }
    }

    /// The same for a refresh token.
    pub fn of_refresh_token(app: ProvenApp, handle: Option<Handle>) -> Self {
        Self::new(app, handle.map(|handle| handle.id))
    }

    /// The first step. The answer is always 200 and empty (etoegang case 85).
    pub fn begin(&self, now: Moment) -> Stap {
        match self.family {
            None => Step::reply(()),
            Some(id) => Step::Ask(FamilyVraag {
                request: self.clone(),
                id,
                now,
            }),
        }
    }
}

impl FamilyVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Family::key(self.id)
    }

    /// Ends the family, whichever of its tokens was shown: no access token has a row of its own. A
    /// token of another app does nothing.
    pub fn answer(self, found: Option<Stored<Family>>) -> Stap {
        let app = &self.request.app;
        let own = found.filter(|found| found.value.client_id == app.id());
        let Some(found) = own else {
            return Step::reply(());
        };
        let who = Actor::Party(app.id().to_owned());
        let event = Event::granted("RFC 7009 §2", "the app ended the login's tokens", who);
        let verdict = Verdict {
            reply: (),
            // etoegang case 84: the AD is told too
            changes: Family::einde(&found, self.id, self.now),
            events: vec![Over::family(&found.value).in_event(event, self.id)],
        };
        Step::Done(app.client.spent_in(verdict))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dv_hm::{DvApp, DvApps};
    use crate::hm_ad::Herroeping;
    use crate::testing::{NOW, app, family};
    use protocol::assertion::Receiver;
    use protocol::client::Shown;
    use verdict::{Record as _, Then};

    fn proven(client_id: &str) -> ProvenApp {
        let mut app: DvApp = app();
        app.client.client_id = client_id.into();
        let apps = DvApps::new([app]).expect("an app");
        let shown = Shown {
            client_id: Some(client_id),
            ..Shown::default()
        };
        let receiver = Receiver {
            audience: &[],
            now: Moment::from_unix(NOW),
        };
        apps.prove(&shown, &receiver).expect("a public app")
    }

    /// The commit that a revocation of this app makes where this row stands.
    fn revoke(client_id: &str, shown: Option<[u8; 16]>, found: Option<Family>) -> Verdict<()> {
        let request = Intrekking::new(proven(client_id), shown);
        match request.begin(Moment::from_unix(NOW)) {
            Step::Done(verdict) => verdict,
            Step::Ask(vraag) => {
                assert_eq!(vraag.key(), Family::key([9; 16]));
                let found = found.map(|value| Stored {
                    version: 3,
                    until: Moment::from_unix(NOW + 60),
                    value,
                });
                match vraag.answer(found) {
                    Step::Done(verdict) => verdict,
                    other => panic!("expected the end, got {other:?}"),
                }
            }
            Step::Save { .. } => panic!("a revocation is one commit"),
        }
    }

    #[test]
    fn etoegang_case_019_and_084_a_revoked_token_ends_its_family_and_the_session_at_the_ad() {
        let handle = Handle {
            id: [9; 16],
            generation: 1,
        };
        let by_refresh_token = Intrekking::of_refresh_token(proven("app-1"), Some(handle));
        assert_eq!(by_refresh_token.family, Some([9; 16]));
        let verdict = revoke("app-1", Some([9; 16]), Some(family()));
        // etoegang cases 19 and 84
        let [row, told] = &verdict.changes[..] else {
            panic!("expected two changes, got {:?}", verdict.changes);
        };
        assert_eq!(row.key, Family::key([9; 16]));
        assert!(matches!(row.then, Then::Remove));
        assert_eq!(told.key.space(), Herroeping::SPACE);
        assert_eq!(verdict.events.len(), 1);
    }

    #[test]
    fn etoegang_case_085_an_unknown_token_and_that_of_another_app_do_nothing() {
        // etoegang case 85
        for verdict in [
            revoke("app-1", None, None),
            revoke("app-1", Some([9; 16]), None),
            revoke("app-2", Some([9; 16]), Some(family())),
        ] {
            assert!(verdict.changes.is_empty() && verdict.events.is_empty());
        }
    }
}
