//! One group as one transaction on one connection.

use std::collections::HashMap;

use tokio::time::timeout;
use tokio_postgres::{Client, Row};
use verdict::{Key, Moment};

use super::address::Address;
use super::rows;
use super::session::{ANSWER_MAX, Asked, Durability, Fault, Meaning, Session, round_trip};
use super::slots::Slots;
use super::sql::{self, Before, Done, Sql};
use super::{OpenError, Outcomes};
use crate::columns::{Encoded, Kind};
use crate::{Applied, Commit, Group, Write};

/// A guard in so many groups waits in line like a write. A writer that only ever shared could keep
/// a withdrawal waiting for ever, since sharers do not queue.
const IN_LINE_EVERY: u32 = 8;

/// A connection that writes groups, under a name of its own.
pub(super) struct Pen {
    session: Session,
    sql: Sql,
    /// Its row in table `writer`, made with the first group.
    id: Option<i64>,
    /// The groups that row tells of.
    groups: i64,
    turn: u32,
}

/// How a transaction ended without an answer for its commits.
#[derive(Debug)]
pub(super) enum Failed {
    /// Before COMMIT: nothing was changed.
    Before(Fault),
    /// A guarded row was held by somebody who writes: nothing was changed. Try again in line.
    Guarded,
    /// COMMIT was sent and nobody knows.
    Unsettled(Unsettled),
}

/// A group whose COMMIT got no answer.
#[derive(Debug)]
pub(super) struct Unsettled {
    pub(super) fault: Fault,
    /// What it means if the commit happened.
    pub(super) outcomes: Outcomes,
    writer: i64,
    groups: i64,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Before(fault)
    }
}

/// What the first round trip found.
struct Loaded<'k> {
    rows: HashMap<&'k Key, Before>,
    once_floor: Moment,
}

/// What was decided about a group.
struct Decided<'c> {
    outcomes: Outcomes,
    applied: Vec<&'c Commit<Encoded>>,
    puts: Vec<(&'c Key, Write<'c, Encoded>)>,
}

impl<'c> Decided<'c> {
    fn on(commits: &'c [Commit<Encoded>], keys: &[&'c Key], loaded: &Loaded<'c>) -> Self {
        let standing = |key| loaded.rows.get(key).map(|row: &Before| row.standing);
        let found = keys.iter().map(|key| (*key, standing(*key)));
        let mut group = Group::loaded(found, loaded.once_floor);
        let mut outcomes = Vec::with_capacity(commits.len());
        let mut applied = Vec::new();
        for commit in commits {
            let outcome = group.decide(commit);
            if outcome == Ok(Applied::Now) {
                applied.push(commit);
            }
            outcomes.push(outcome.map(|_| ()));
        }
        Self {
            outcomes,
            applied,
            puts: group.writes(),
        }
    }
}

impl Pen {
    pub(super) async fn on(address: &Address, durability: Durability) -> Result<Self, OpenError> {
        let session = Session::to_write(address, durability).await?;
        let prepared = timeout(ANSWER_MAX, Sql::on(&session.client)).await;
        let sql = prepared.map_err(|_| Fault::Late)??;
        Ok(Self {
            session,
            sql,
            id: None,
            groups: 0,
            turn: 0,
        })
    }

    /// Decides and stores a group. `in_line`: guards wait their turn, however long.
    pub(super) async fn settle(
        &mut self,
        commits: &[Commit<Encoded>],
        in_line: bool,
    ) -> Result<Outcomes, Failed> {
        self.turn = self.turn.wrapping_add(1);
        let in_line = in_line || self.turn.is_multiple_of(IN_LINE_EVERY);
        let day = commits.iter().map(|commit| commit.now().day()).max();
        let day = day.unwrap_or_default();
        let writer = self.writer(day).await?;
        let keys = Group::keys(commits);
        let loaded = match self.lock_and_load(writer, commits, &keys, in_line).await {
            Ok(loaded) => loaded,
            Err(failed) => return Err(self.roll_back(failed).await),
        };
        let decided = Decided::on(commits, &keys, &loaded);
        let client = &self.session.client;
        let mut asked = match self.sql.write(client, &decided.puts, &loaded.rows) {
            Ok(asked) => asked,
            Err(fault) => return Err(self.roll_back(fault.into()).await),
        };
        let Decided {
            outcomes, applied, ..
        } = &decided;
        if asked.is_empty() && applied.iter().all(|commit| commit.events().is_empty()) {
            // Nothing to change, but answers may rest on a commit that the standby does not have
            // yet: this one waits for it.
            round_trip(vec![end(client, "COMMIT")]).await?;
            return Ok(outcomes.clone());
        }
        let groups = self.groups + 1;
        let done = Done {
            id: writer,
            groups,
            day,
        };
        asked.push(self.sql.log(client, applied, done));
        match write_and_commit(client, asked).await {
            Ok(()) => {
                self.groups = groups;
                Ok(decided.outcomes)
            }
            Err(Written::Not(fault)) => Err(fault.into()),
            Err(Written::Unknown(fault)) => Err(Failed::Unsettled(Unsettled {
                fault,
                outcomes: decided.outcomes,
                writer,
                groups,
            })),
        }
    }

    /// Whether the commit happened. Waits until the former connection's transaction, which held the
    /// row from its beginning, has ended one way or the other.
    pub(super) async fn look(&self, unsettled: &Unsettled) -> Result<bool, Fault> {
        let client = &self.session.client;
        let asked: Asked<'_> =
            Box::pin(async move { client.query(&self.sql.held, &[&unsettled.writer]).await });
        let rows = round_trip(vec![asked]).await?;
        let row = rows.iter().flatten().next();
        let row = row.ok_or(Fault::Missing("row of that writer"))?;
        Ok(rows::get::<i64>(row, 0, "writer", "groups")? >= unsettled.groups)
    }

    /// The number of this writer, from the first group on.
    async fn writer(&mut self, day: i64) -> Result<i64, Fault> {
        const MAKE: &str = "
            WITH counter AS (
                UPDATE fact SET value = value + 1 WHERE name = 'writer_id' RETURNING value
            )
            INSERT INTO writer (id, groups, day) SELECT value, 0, $1 FROM counter RETURNING id";
        if let Some(id) = self.id {
            return Ok(id);
        }
        let client = &self.session.client;
        let asked: Asked<'_> = Box::pin(async move { client.query(MAKE, &[&day]).await });
        let rows = round_trip(vec![asked]).await?;
        let row = rows.iter().flatten().next();
        let id = rows::get(row.ok_or(Fault::Missing("fact"))?, 0, "writer", "id")?;
        self.id = Some(id);
        Ok(id)
    }

    /// The first round trip: begins, locks in the order that all keep, then reads what holds now.
    async fn lock_and_load<'k>(
        &self,
        writer: i64,
        commits: &[Commit<Encoded>],
        keys: &[&'k Key],
        in_line: bool,
    ) -> Result<Loaded<'k>, Failed> {
        let (client, sql) = (&self.session.client, &self.sql);
        let slots = Slots::of(commits, in_line);
        let kinds = by_kind(keys);
        let loads = kinds
            .iter()
            .map(|(kind, keys)| sql.load(client, *kind, keys));
        let mut asked = self.lock(&writer, &slots);
        let locks = asked.len();
        asked.extend(loads);
        let answers = round_trip(asked).await?;
        let (locks, loads) = answers.split_at_checked(locks).unwrap_or_default();
        let once_floor = locked(locks, &slots)?;
        let mut rows = HashMap::new();
        for ((kind, keys), load) in kinds.iter().zip(loads) {
            for row in load {
                let (key, before) = sql::before(*kind, keys, row)?;
                rows.insert(key, before);
            }
        }
        Ok(Loaded { rows, once_floor })
    }

    /// Asks for a transaction and its locks. Answered by [`locked`].
    fn lock<'a>(&'a self, writer: &'a i64, slots: &'a Slots) -> Vec<Asked<'a>> {
        let (client, sql) = (&self.session.client, &self.sql);
        let Slots { alone, shared } = slots;
        let mut asked: Vec<Asked<'_>> = vec![
            end(client, "BEGIN ISOLATION LEVEL READ COMMITTED"),
            Box::pin(async move { client.query(&sql.held, &[writer]).await }),
            Box::pin(async move { client.query(&sql.alone, &[alone]).await }),
            // After `alone`: nobody sweeps a key that this group spends, from there on.
            Box::pin(async move { client.query(&sql.floor, &[]).await }),
        ];
        if !shared.is_empty() {
            asked.push(Box::pin(async move {
                client.query(&sql.shared, &[shared]).await
            }));
        }
        asked
    }

    /// Ends a transaction that came to nothing, so that the connection can be used again.
    async fn roll_back(&self, failed: Failed) -> Failed {
        let lost = |fault: &Fault| fault.meaning() == Meaning::Lost;
        if matches!(&failed, Failed::Before(fault) if lost(fault)) {
            return failed;
        }
        match round_trip(vec![end(&self.session.client, "ROLLBACK")]).await {
            Ok(_) => failed,
            Err(fault) => Failed::Before(fault),
        }
    }
}

/// The keys of each kind that there are any of.
fn by_kind<'k>(keys: &[&'k Key]) -> Vec<(Kind, Vec<&'k Key>)> {
    let of_kind = |kind| {
        let these = keys.iter().copied().filter(|key| Kind::of(key) == kind);
        (kind, these.collect::<Vec<_>>())
    };
    let mut kinds = Vec::from(Kind::ALL.map(of_kind));
    kinds.retain(|(_, keys)| !keys.is_empty());
    kinds
}

/// Whether all locks were had; reads `once_floor`, which was asked for among them.
fn locked(answers: &[Vec<Row>], slots: &Slots) -> Result<Moment, Failed> {
    let [_begun, writer, alone, floor, shared @ ..] = answers else {
        return Err(Fault::Missing("answer").into());
    };
    if writer.is_empty() {
        return Err(Fault::Missing("row of this writer").into());
    }
    if alone.len() != slots.alone.len() {
        return Err(Fault::Missing("slot").into());
    }
    if shared.iter().flatten().count() != slots.shared.len() {
        return Err(Failed::Guarded);
    }
    let floor = floor.first().ok_or(Fault::Missing("once_floor"))?;
    let floor = rows::get(floor, 0, "fact", "value").map_err(Fault::from)?;
    Ok(Moment::from_unix(floor))
}

/// How the second round trip failed.
enum Written {
    /// A statement failed, so the server did not commit.
    Not(Fault),
    Unknown(Fault),
}

/// The second round trip: what was decided, and COMMIT right behind it. The server refuses the
/// COMMIT of a transaction in which a statement failed, and answers that it rolled back.
async fn write_and_commit(client: &Client, mut asked: Vec<Asked<'_>>) -> Result<(), Written> {
    asked.push(end(client, "COMMIT"));
    let Err(fault) = round_trip(asked).await else {
        return Ok(());
    };
    match fault.meaning() {
        // Whether the connection ended before or after COMMIT is not for us to guess.
        Meaning::Lost => Err(Written::Unknown(fault)),
        _ => Err(Written::Not(fault)),
    }
}

fn end<'a>(client: &'a Client, command: &'static str) -> Asked<'a> {
    Box::pin(async move { client.batch_execute(command).await.map(|()| Vec::new()) })
}
