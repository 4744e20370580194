//! What people decided before the demo began (`consents.json`).

use std::sync::Arc;

use mitz::toestemmingenregister::{Koppeling, TOESTEMMING_S, Toestemmingen};
use verdict::{Actor, Event, Expect, Key, Record as _, Step, Stored, Verdict};

use super::MitzRole;
use crate::door::TraceId;
use crate::input::Consent;
use crate::settle::{Journey, Outage, Run, settle};

impl MitzRole {
    /// Records the consents that are not there yet; a person's later choices stay.
    pub(crate) async fn seed(self: &Arc<Self>, consents: &[Consent]) {
        for consent in consents {
            let trace = TraceId::fresh();
            let Ok(persoon) = self.persoon(&consent.bsn).await else {
                tracing::error!(%trace, "a person of consents.json could not be recorded");
                continue;
            };
            let toestemmingen = Toestemmingen {
                persoon,
                client_id: consent.client_id.to_string(),
                koppeling: crate::chance::entropy().bytes("mitz.koppeling"),
                keuzes: consent.keuzes.clone(),
                vastgelegd: self.app.clock.now().unix(),
            };
            if settle(&self.app, trace, Seed(toestemmingen)).await.is_err() {
                tracing::error!(%trace, "a consent of consents.json could not be recorded");
            }
        }
    }
}

struct Seed(Toestemmingen);

impl Journey for Seed {
    type Reply = ();
    type Question = Key;

    fn begin(&self, _: &Run) -> Step<(), Key> {
        Step::Ask(Toestemmingen::key(self.0.persoon, &self.0.client_id))
    }

    async fn answer(&self, run: &Run, key: Key) -> Result<Step<(), Key>, Outage> {
        let known: Option<Stored<Toestemmingen>> = run.load(key.clone()).await?;
        if known.is_some() {
            return Ok(Step::reply(()));
        }
        let until = run.now.plus_s(TOESTEMMING_S);
        let koppeling = Koppeling {
            client_id: self.0.client_id.clone(),
        };
        let at = Koppeling::key(self.0.koppeling);
        let event = Event::granted("mitz.md §3.2", "a consent was taken over", Actor::Unknown);
        Ok(Step::Done(Verdict {
            reply: (),
            changes: vec![
                koppeling.put(at, Expect::Absent, until),
                self.0.put(key, Expect::Absent, until),
            ],
            events: vec![event.about(self.0.persoon)],
        }))
    }
}
