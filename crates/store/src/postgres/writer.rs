//! The tasks that write.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use super::session::{Fault, Meaning};
use super::transaction::{Failed, Pen, Unsettled};
use super::{Home, OpenError, Outcomes};
use crate::columns::Encoded;
use crate::{Commit, NotCommitted};

/// Most commits in one transaction, as with the home on the local disk.
const GROUP_MAX: usize = 256;
/// A group is closed when the writer let others run this many times and nothing came.
const IDLE_TURNS: u32 = 30;
/// How often a group is tried when others are in its way, or its connection is lost before COMMIT.
const TRIES: u32 = 8;
/// The wait before the second try; each further one is twice as long, to a second in all.
const TRY_AGAIN: Duration = Duration::from_millis(4);
/// How often a server is tried that cannot be reached, before a group that was taken is given up.
const REACH_TRIES: u32 = 2;
/// How long a server that cannot be reached is left alone before it is tried again. Whoever asks
/// meanwhile is told at once.
pub(super) const LEFT_ALONE: Duration = Duration::from_millis(200);
/// A group is not tried again when this much time has gone by: nobody waits for it any more.
const SETTLE_MAX: Duration = Duration::from_secs(10);
/// How long the outcome of a COMMIT that got no answer is looked for.
const LOOK_MAX: Duration = Duration::from_secs(8);

/// A commit that waits, and where its answer goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) commit: Box<Commit<Encoded>>,
    pub(super) answer: oneshot::Sender<Result<(), NotCommitted>>,
}

/// A task that writes.
pub(super) struct Writer {
    home: Arc<Home>,
    queue: mpsc::Receiver<Job>,
    pen: Option<Pen>,
}

impl Writer {
    /// A writer, with the connection that was made for it already.
    pub(super) fn new(home: Arc<Home>, queue: mpsc::Receiver<Job>, pen: Pen) -> Self {
        let pen = Some(pen);
        Self { home, queue, pen }
    }

    /// Writes until the last sender of jobs is gone and all were answered.
    pub(super) async fn serve(mut self) {
        loop {
            let reached = self.pen().await.is_ok();
            if !reached && self.leave_alone().await {
                continue;
            }
            if !reached {
                break;
            }
            let Some(jobs) = self.next_group().await else {
                break;
            };
            let (commits, answers): (Vec<_>, Vec<_>) = jobs
                .into_iter()
                .map(|job| (*job.commit, job.answer))
                .unzip();
            let outcomes = self.settle(&commits).await;
            // Nobody is told that a caller went away: its commit stands.
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                let _ = answer.send(outcome);
            }
        }
    }

    /// Takes what waits, and what still comes while the callers that were just answered get a turn.
    async fn next_group(&mut self) -> Option<Vec<Job>> {
        let mut jobs = Vec::with_capacity(64);
        jobs.push(self.queue.recv().await?);
        let mut turns = 0;
        while jobs.len() < GROUP_MAX && turns < IDLE_TURNS {
            if let Ok(job) = self.queue.try_recv() {
                jobs.push(job);
                turns = 0;
            } else {
                yield_now().await;
                turns += 1;
            }
        }
        Some(jobs)
    }

    /// Waits before the server is tried again, and tells whoever asks meanwhile. `false`: nobody
    /// will ask any more.
    async fn leave_alone(&mut self) -> bool {
        let refuse = async {
            while let Some(job) = self.queue.recv().await {
                let _ = job.answer.send(Err(NotCommitted::Down));
            }
        };
        timeout(LEFT_ALONE, refuse).await.is_err()
    }

    /// Decides and stores a group, and says of each commit how it went.
    async fn settle(&mut self, commits: &[Commit<Encoded>]) -> Outcomes {
        let mut in_line = false;
        let mut unreached = 0;
        let started = Instant::now();
        for attempt in 0..TRIES {
            if started.elapsed() > SETTLE_MAX {
                break;
            }
            let Ok(pen) = self.pen().await else {
                unreached += 1;
                if unreached == REACH_TRIES {
                    return all(commits, &NotCommitted::Down);
                }
                sleep(TRY_AGAIN).await;
                continue;
            };
            match pen.settle(commits, in_line).await {
                Ok(outcomes) => {
                    self.home.count(commits.len());
                    return outcomes;
                }
                Err(Failed::Guarded) => in_line = true,
                Err(Failed::Unsettled(unsettled)) => match self.look(&unsettled).await {
                    Some(true) => return unsettled.outcomes,
                    Some(false) => {}
                    None => return unsure(unsettled.outcomes),
                },
                Err(Failed::Before(fault)) => match self.after(&fault, commits).await {
                    Next::Again => sleep(TRY_AGAIN * 2_u32.pow(attempt)).await,
                    Next::Anew => {}
                    Next::Answer(outcomes) => return outcomes,
                },
            }
        }
        all(commits, &BUSY)
    }

    /// What follows from a fault before COMMIT: nothing was changed.
    async fn after(&mut self, fault: &Fault, commits: &[Commit<Encoded>]) -> Next {
        match fault.meaning() {
            Meaning::Again => Next::Again,
            Meaning::Lost => {
                tracing::warn!(%fault, "a connection to the database was lost");
                self.pen = None;
                Next::Anew
            }
            Meaning::Busy => {
                tracing::warn!(%fault, "a group waited too long for its rows");
                Next::Answer(all(commits, &BUSY))
            }
            Meaning::Unable => {
                tracing::error!(%fault, "the database cannot store a group");
                self.pen = None;
                Next::Answer(all(commits, &NotCommitted::Down))
            }
            Meaning::Refused if commits.len() > 1 => {
                // One of them cannot be stored; the others must not suffer for it.
                tracing::warn!(%fault, "a group failed; its commits run one by one");
                let mut outcomes = Vec::with_capacity(commits.len());
                for commit in commits {
                    let one = Box::pin(self.settle(slice::from_ref(commit)));
                    outcomes.extend(one.await);
                }
                Next::Answer(outcomes)
            }
            Meaning::Refused => {
                tracing::error!(%fault, "a commit cannot be stored");
                Next::Answer(all(commits, &NotCommitted::Down))
            }
        }
    }

    /// Whether a COMMIT that got no answer happened; `None` if that could not be found out in time.
    async fn look(&mut self, unsettled: &Unsettled) -> Option<bool> {
        tracing::warn!(fault = %unsettled.fault, "a COMMIT got no answer; looking for its outcome");
        self.pen = None;
        let looking = async {
            loop {
                if let Ok(pen) = self.pen().await {
                    match pen.look(unsettled).await {
                        Ok(happened) => return happened,
                        Err(fault) => tracing::warn!(%fault, "the outcome is not known yet"),
                    }
                    self.pen = None;
                }
                // Those who come meanwhile need not wait for this.
                if !self.leave_alone().await {
                    sleep(LEFT_ALONE).await;
                }
            }
        };
        let found = timeout(LOOK_MAX, looking).await;
        tracing::warn!(happened = ?found.as_ref().ok(), "looked for the outcome of a COMMIT");
        found.ok()
    }

    /// The connection, made now if there is none.
    async fn pen(&mut self) -> Result<&mut Pen, OpenError> {
        if self.pen.is_none() {
            let made = Pen::on(&self.home.address, self.home.settings.durability).await;
            match made {
                Ok(pen) => self.pen = Some(pen),
                Err(why) => {
                    self.home.away(&why);
                    return Err(why);
                }
            }
        }
        self.pen
            .as_mut()
            .ok_or(OpenError::from(Fault::Missing("connection")))
    }
}

const BUSY: NotCommitted = NotCommitted::Busy { retry_after_s: 1 };

/// What a writer does after a fault.
enum Next {
    /// The same, a moment later.
    Again,
    /// The same, on a new connection.
    Anew,
    /// It tells its callers.
    Answer(Outcomes),
}

fn all(commits: &[Commit<Encoded>], why: &NotCommitted) -> Outcomes {
    vec![Err(why.clone()); commits.len()]
}

/// What callers of a group are told whose outcome is not known.
fn unsure(outcomes: Outcomes) -> Outcomes {
    let unsure = |outcome: Result<(), _>| match outcome {
        Ok(()) => Err(NotCommitted::Unknown),
        // It conflicts with what may not be there, and itself changed nothing.
        Err(_) => Err(NotCommitted::Down),
    };
    outcomes.into_iter().map(unsure).collect()
}
