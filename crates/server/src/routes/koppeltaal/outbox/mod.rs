//! Sends what waits in the outbox to the FHIR servers of the domains (koppeltaal case 110).
//!
//! Nothing waits for this: a decision writes its AuditEvents with its other rows, what no decision
//! carries is kept by `pen`, and both wake us; `wekker` is what we were woken for, `wachtrij` what waits
//! in the store, `zending` what goes to a FHIR server at once. A FHIR server that does not answer is
//! tried less and less often, an event that it refuses too, and neither holds up another domain. What
//! could not be delivered for a month is told to the operator, one line each, before it goes.

mod pen;
#[cfg(test)]
mod testing;
mod wachtrij;
mod wekker;
mod zending;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use koppeltaal::Domein;
use koppeltaal::outbox::{Afloop, Beurt, Uitgaand, again_s};
use store::{Commit, NotCommitted, Store as _};
use tokio::time::{Instant, timeout};
use verdict::{Change, Clear, CommitId, Key, Moment, Stored};

use self::pen::Pen;
use self::wachtrij::{Gevonden, Leesstand};
use self::wekker::{Wekker, Werk};
pub(super) use self::zending::Zending;
use super::{DomeinNu, KoppeltaalRole};
use crate::app::App;
use crate::chance;

/// How often we look whether a domain may be tried again.
const TURN: Duration = Duration::from_secs(1);
/// How long until we look at everything of every domain: what another node left behind, and what was refused.
const LOOK: Duration = Duration::from_secs(15);
/// Rows sent in one round of a domain: what becomes of them is one commit.
const BATCH: usize = 32;
/// Requests to one FHIR server at once.
const AT_ONCE: usize = 8;
/// Domains at once.
const DOMEINEN_AT_ONCE: usize = 8;
/// Events that wait, at most, before what no decision carries is told to the operator instead: a
/// FHIR server that is away for long must not fill the disk.
const WAITING_MAX: usize = 1_000_000;

/// What is known of the rows that wait.
#[derive(Default)]
pub(super) struct Outbox {
    pen: Pen,
    wekker: Wekker,
    leesstand: Leesstand,
    /// How many events wait in each domain, as far as this node saw.
    waiting: Mutex<BTreeMap<Domein, usize>>,
    /// How many went to the operator instead.
    dropped: AtomicU64,
}

/// A row that waits.
type Rij = (Key, Stored<Uitgaand>);

/// When a FHIR server that did not answer is tried again.
struct Rust {
    failures: u32,
    until: Moment,
}

/// How a round ended.
enum Ronde {
    /// Nothing is left that may be sent now.
    Leeg,
    /// There is more.
    Meer,
    /// Another node sends for this domain.
    Bezet,
    /// The FHIR server, or the store, does not answer.
    Stil,
}

impl Outbox {
    /// There is something for this domain in the store.
    pub(super) fn wake(&self, domein: &Domein) {
        self.wekker.look(domein);
        self.wekker.ring();
    }

    /// These were just written: they need not be read before they are sent.
    fn hand_over(&self, rows: Vec<Rij>) {
        for row in rows {
            let (_, Stored { value, .. }) = &row;
            self.come(&value.domein, value.berichten.len());
            self.wekker.fresh(row);
        }
        self.wekker.ring();
    }

    fn is_full(&self) -> bool {
        self.counted().values().sum::<usize>() > WAITING_MAX
    }

    fn come(&self, domein: &Domein, events: usize) {
        let mut waiting = self.counted();
        *waiting.entry(domein.clone()).or_default() += events;
    }

    fn gone(&self, domein: &Domein, events: usize) {
        if let Some(waiting) = self.counted().get_mut(domein) {
            *waiting = waiting.saturating_sub(events);
        }
    }

    /// So many wait: every row of the domain was read.
    fn found(&self, domein: &Domein, events: usize) {
        self.counted().insert(domein.clone(), events);
    }

    fn counted(&self) -> MutexGuard<'_, BTreeMap<Domein, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the operator of an event that is not kept, and of how many there were.
    fn told(&self, app: &App, domein: &Domein, request: &str, reason: &'static str) {
        let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::error!(party = app.party, %domein, request, dropped, reason, "an AuditEvent is dropped");
    }
}

impl KoppeltaalRole {
    /// Sends what waits, for as long as the role is served.
    pub(super) async fn send_events(self: &Arc<Self>) {
        let mut resting: HashMap<Domein, Rust> = HashMap::new();
        let mut look_at = Instant::now();
        loop {
            let mut due = self.outbox.wekker.taken();
            let now = self.app.clock.now();
            let again = resting
                .iter()
                .filter(|(_, rust)| rust.until.is_over_at(now));
            let mut look: Vec<Domein> = again.map(|(domein, _)| domein.clone()).collect();
            if look_at <= Instant::now() {
                look_at = Instant::now() + LOOK;
                look.extend(self.domeinen.names());
                self.outbox.leesstand.forget();
            }
            for domein in look {
                due.entry(domein).or_default().look = true;
            }
            // What is left out here stays in the store.
            due.retain(|domein, _| {
                let rust = resting.get(domein);
                rust.is_none_or(|rust| rust.until.is_over_at(now))
            });
            let rounds = due.into_iter();
            let rounds = rounds.map(|(domein, werk)| self.round(domein, werk));
            let mut rounds = stream::iter(rounds).buffer_unordered(DOMEINEN_AT_ONCE);
            while let Some((domein, ended)) = rounds.next().await {
                self.after(domein, &ended, &mut resting);
            }
            let _ = timeout(TURN, self.outbox.wekker.rung()).await;
        }
    }

    fn after(&self, domein: Domein, ended: &Ronde, resting: &mut HashMap<Domein, Rust>) {
        match ended {
            Ronde::Leeg => {
                resting.remove(&domein);
            }
            Ronde::Meer => {
                resting.remove(&domein);
                self.outbox.wake(&domein);
            }
            // It sends what it wrote; what we wrote is looked for at our next turn.
            Ronde::Bezet => {
                resting.remove(&domein);
                self.outbox.wekker.look(&domein);
            }
            Ronde::Stil => {
                let failures = resting.get(&domein).map_or(0, |rust| rust.failures);
                let failures = failures.saturating_add(1);
                if failures == 1 {
                    tracing::warn!(party = self.app.party, %domein, "AuditEvents wait: the FHIR server does not take them");
                }
                let until = self.app.clock.now().plus_s(again_s(failures).min(300) / 5);
                resting.insert(domein, Rust { failures, until });
            }
        }
    }

    /// Sends some of what waits for a domain. Where there may be more in the store than what was just written, that
    /// is read, the oldest first: what was just written is there too.
    async fn round(&self, name: Domein, werk: Werk) -> (Domein, Ronde) {
        let Some(domein) = self.domeinen.now(&name) else {
            return (name, Ronde::Leeg);
        };
        let found = if werk.look || werk.fresh.is_empty() {
            self.waiting(&domein).await
        } else {
            Ok(Gevonden::all(werk.fresh))
        };
        let ended = match found {
            Ok(found) => match self.send(&domein, &found.rows).await {
                Ronde::Leeg if found.is_part => Ronde::Meer,
                ended => ended,
            },
            Err(outage) => {
                tracing::warn!(party = self.app.party, domein = %name, %outage, "AuditEvents were not read");
                Ronde::Stil
            }
        };
        (name, ended)
    }

    /// Takes the domain's turn, and sends what was found: the first alone, to see whether anybody listens.
    async fn send(&self, domein: &DomeinNu, found: &[Rij]) -> Ronde {
        if found.is_empty() {
            return Ronde::Leeg;
        }
        let Ok(token) = self.system_token(domein) else {
            return Ronde::Stil;
        };
        let rows = found.iter().map(|(key, row)| (key, row.version));
        let turn = Beurt::take(&domein.configuratie.domein, rows, self.app.clock.now());
        match commit(&self.app, turn).await {
            Ok(()) => {}
            Err(NotCommitted::Conflict(key)) if Beurt::is(&key) => return Ronde::Bezet,
            // One of them was sent since: by another node, or by us after it was read in the store.
            Err(NotCommitted::Conflict(_)) => return Ronde::Meer,
            Err(_) => return Ronde::Stil,
        }
        let takes_batches = self.takes_batches(domein).await;
        let rows = found.iter().map(|(_, row)| &row.value);
        let zendingen = Zending::of_rows(rows, domein, takes_batches);
        let Some((first, rest)) = zendingen.split_first() else {
            self.end(domein, found, &[]).await;
            return Ronde::Leeg;
        };
        let mut ended = self.deliver(domein, &token, first).await;
        let is_heard = !ended.contains(&Afloop::Onbereikbaar);
        if is_heard {
            let rest = rest.iter().map(|one| self.deliver(domein, &token, one));
            // Made before they are awaited: a closure that borrows is not `Send` for long enough.
            let rest: Vec<_> = rest.collect();
            let rest = stream::iter(rest).buffered(AT_ONCE).collect::<Vec<_>>();
            ended.extend(rest.await.concat());
        }
        let events = found.iter().map(|(_, row)| row.value.berichten.len()).sum();
        ended.resize(events, Afloop::Onbereikbaar);
        self.end(domein, found, &ended).await;
        if ended.contains(&Afloop::Onbereikbaar) {
            Ronde::Stil
        } else {
            Ronde::Leeg
        }
    }

    /// Whether the FHIR server of the domain says that it takes several events at once.
    async fn takes_batches(&self, domein: &DomeinNu) -> bool {
        let base = &domein.configuratie.upstream;
        let known = self.fhir.capabilities(&self.app, base).await;
        known.is_some_and(|known| known.takes_batches)
    }

    /// Writes what became of the events, and gives the turn back: all at once, and row by row where somebody
    /// else wrote to one of them since, whose turn it was when ours was over.
    async fn end(&self, domein: &DomeinNu, found: &[Rij], mut ended: &[Afloop]) {
        let now = self.app.clock.now();
        let mut rows = Vec::with_capacity(found.len());
        for (key, row) in found {
            let (of_row, others) = ended.split_at(row.value.berichten.len());
            ended = others;
            rows.push((key, row, of_row));
        }
        let change = |(key, row, ended): &(&Key, &Stored<Uitgaand>, &[Afloop])| {
            Uitgaand::sent(row, (*key).clone(), ended, now)
        };
        let delivered = |ended: &[Afloop]| {
            let delivered = ended.iter().filter(|afloop| **afloop == Afloop::Bezorgd);
            delivered.count()
        };
        let turn = Beurt::give_back(&domein.configuratie.domein);
        let all = rows.iter().map(change).chain([turn]);
        if commit(&self.app, all.collect()).await.is_ok() {
            let gone = rows.iter().map(|(_, _, ended)| delivered(ended)).sum();
            return self.outbox.gone(&domein.configuratie.domein, gone);
        }
        for row in &rows {
            if commit(&self.app, vec![change(row)]).await.is_ok() {
                (self.outbox).gone(&domein.configuratie.domein, delivered(row.2));
            }
        }
    }
}

async fn commit(app: &App, changes: Vec<Change<Clear>>) -> Result<(), NotCommitted> {
    let changes = changes.into_iter();
    let changes = changes.map(|change| app.seal.change(change)).collect();
    let id = CommitId(chance::entropy().bytes("koppeltaal.outbox.commit"));
    match Commit::new(id, app.clock.now(), changes, Vec::new()) {
        Ok(commit) => app.home.commit(commit).await,
        Err(bad) => {
            tracing::error!(party = app.party, %bad, "the outbox made a commit that no store takes");
            Err(NotCommitted::Down)
        }
    }
}
