//! One `match` per journey: the loop that answers a rule's questions, commits what it decides, and
//! gives the reply out only when the changes are durable.

use std::fmt;
use std::sync::Arc;

use jose::CannotSign;
use store::{Commit, NotCommitted, Store as _};
use verdict::{
    Change, Clear, CommitId, Entropy, Event, Key, Moment, Record, Resume, Step, Stored, Verdict,
};

use crate::app::App;
use crate::catalogus::GeenCatalogus;
use crate::chance;
use crate::door::TraceId;
use crate::finishing::Finishing;
use crate::keys::Missing;

/// How often a run may lose a race before it gives up. Every loss means that somebody else won, so
/// this many in a row on one row is an attack or a fault.
const ATTEMPTS_MAX: u8 = 16;

/// A request's way through the rules.
pub trait Journey: Send + Sync + 'static {
    /// What the door sends back.
    type Reply: Send + 'static;
    /// The framework's enum of questions.
    type Question: Send;

    /// The rule's first step.
    fn begin(&self, run: &Run) -> Step<Self::Reply, Self::Question>;

    /// Answers one question: the one `match`. An answer from outside is kept in the journey, for
    /// the case that what follows must be decided again.
    fn answer(
        &self,
        run: &Run,
        question: Self::Question,
    ) -> impl Future<Output = Result<Step<Self::Reply, Self::Question>, Outage>> + Send;

    /// Makes what the reply needs and what may fail: a signature of a key that is elsewhere. It comes
    /// before the commit, so that who gets a 503 has spent nothing and can ask again; once more for
    /// each decision.
    ///
    /// # Errors
    /// [`Outage`]: nothing is committed.
    fn prepare(&self, reply: &Self::Reply) -> Result<(), Outage> {
        let _ = reply;
        Ok(())
    }

    /// What holds when a guard on `key` failed: the row is gone. By default the run is decided
    /// again.
    fn lost(&self, key: &Key) -> Option<Step<Self::Reply, Self::Question>> {
        let _ = key;
        None
    }
}

/// What is the same for a whole run.
pub struct Run {
    /// The party that runs it.
    pub app: Arc<App>,
    /// The moment of all its decisions.
    pub now: Moment,
    /// Where all its secrets come from.
    pub entropy: Entropy,
    /// Under which number it can be found again.
    pub trace: TraceId,
}

/// Why a run came to no decision. The caller gets a 503 or 500 without detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outage {
    /// The store does not work, is too busy, or does not know whether it committed.
    Store(String),
    /// Nothing could be signed: whoever has the key does not answer.
    Signing,
    /// The services of eToegang are not known yet.
    Catalogus,
    /// A row of ours cannot be read.
    BadRow(String),
    /// The rule made a commit that no store takes, or lost every race.
    Fault(String),
}

impl Outage {
    /// Whether trying again in a moment makes sense.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Store(_) | Self::Signing | Self::Catalogus)
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(why) | Self::BadRow(why) | Self::Fault(why) => f.write_str(why),
            Self::Signing => f.write_str("the reply could not be signed"),
            Self::Catalogus => f.write_str("no service catalogue is in force yet"),
        }
    }
}

impl From<Missing> for Outage {
    fn from(Missing(purpose): Missing) -> Self {
        Self::Fault(format!("this party has no key for {purpose}"))
    }
}

impl From<CannotSign> for Outage {
    fn from(_: CannotSign) -> Self {
        Self::Signing
    }
}

impl From<GeenCatalogus> for Outage {
    fn from(_: GeenCatalogus) -> Self {
        Self::Catalogus
    }
}

impl From<store::Down> for Outage {
    fn from(down: store::Down) -> Self {
        Self::Store(down.to_string())
    }
}

impl Run {
    /// The typed row of `key`.
    ///
    /// # Errors
    /// [`Outage`] when the store does not answer or the row contradicts its kind.
    pub async fn load<T: Record>(&self, key: Key) -> Result<Option<Stored<T>>, Outage> {
        self.app.load(key, self.now).await
    }

    /// Whether there is a row.
    pub async fn exists(&self, key: Key) -> Result<bool, Outage> {
        let rows = self.app.home.get(&[key], self.now).await?;
        Ok(rows.into_iter().any(|row| row.is_some()))
    }
}

/// Runs a journey to its end, whether or not the client stays: a run that spent something must
/// finish what it spent it for.
pub async fn settle<J: Journey>(
    app: &Arc<App>,
    trace: TraceId,
    journey: J,
) -> Result<J::Reply, Outage> {
    let run = Run {
        app: Arc::clone(app),
        now: app.clock.now(),
        entropy: chance::entropy(),
        trace,
    };
    let ended = Finishing::of(async move { attempts(&run, &journey).await }).await;
    let ended = ended.unwrap_or_else(|_| Err(Outage::Fault("the run panicked".to_owned())));
    if let Err(outage) = &ended {
        tell(app, trace, outage);
    }
    ended
}

/// While a store or a token is away every run ends so: then a line a second tells of one, and how many
/// were left out.
fn tell(app: &App, trace: TraceId, outage: &Outage) {
    let is_one_of_many = outage.passes();
    let left_out = if is_one_of_many {
        app.outages.turn(app.clock.wall())
    } else {
        Some(0)
    };
    if let Some(left_out) = left_out {
        tracing::error!(party = app.party, trace = %trace, %outage, left_out, "a run came to no decision");
    }
}

async fn attempts<J: Journey>(run: &Run, journey: &J) -> Result<J::Reply, Outage> {
    let mut saved: Option<Resume<J::Reply, J::Question>> = None;
    for _ in 0..ATTEMPTS_MAX {
        let first = saved
            .as_ref()
            .map_or_else(|| journey.begin(run), |resume| resume());
        match attempt(run, journey, first, &mut saved).await? {
            Ended::Replied(reply) => return Ok(reply),
            Ended::Lost => {}
        }
    }
    Err(Outage::Fault("lost sixteen races in a row".to_owned()))
}

enum Ended<R> {
    Replied(R),
    Lost,
}

/// Goes from step to step until a reply is durable or a race is lost. `saved` remembers what
/// follows the last save.
async fn attempt<J: Journey>(
    run: &Run,
    journey: &J,
    first: Step<J::Reply, J::Question>,
    saved: &mut Option<Resume<J::Reply, J::Question>>,
) -> Result<Ended<J::Reply>, Outage> {
    let mut step = first;
    loop {
        step = match step {
            Step::Ask(question) => journey.answer(run, question).await?,
            Step::Save {
                changes,
                events,
                then,
            } => match commit(run, changes, events).await? {
                None => {
                    let next = then();
                    *saved = Some(then);
                    next
                }
                Some(key) => match journey.lost(&key) {
                    Some(step) => step,
                    None => return Ok(Ended::Lost),
                },
            },
            Step::Done(Verdict {
                reply,
                changes,
                events,
            }) => {
                journey.prepare(&reply)?;
                match commit(run, changes, events).await? {
                    None => return Ok(Ended::Replied(reply)),
                    Some(key) => match journey.lost(&key) {
                        Some(step) => step,
                        None => return Ok(Ended::Lost),
                    },
                }
            }
        }
    }
}

/// Makes changes and events durable. Gives the key that was not as expected, if any.
async fn commit(
    run: &Run,
    changes: Vec<Change<Clear>>,
    events: Vec<Event>,
) -> Result<Option<Key>, Outage> {
    if changes.is_empty() && events.is_empty() {
        return Ok(None);
    }
    let app = &run.app;
    let id = CommitId(chance::bytes());
    let changes = changes.into_iter();
    let changes = changes.map(|change| app.seal.change(change)).collect();
    let told = events.clone();
    let commit =
        Commit::new(id, run.now, changes, events).map_err(|bad| Outage::Fault(bad.to_string()))?;
    let commit = commit.traced(run.trace.bytes());
    match app.home.commit(commit).await {
        Ok(()) => {
            app.refusals(run.now, run.trace, &told);
            Ok(None)
        }
        Err(NotCommitted::Conflict(key)) => Ok(Some(key)),
        Err(other) => Err(Outage::Store(other.to_string())),
    }
}
