//! What an operator looks for in the audit log (found by the number that a person or client was told).

use std::collections::VecDeque;

use store::{AUDIT_ROWS_MAX, AuditRow, Down, Store};
use verdict::{Actor, Moment, Outcome};

use crate::door::TraceId;

/// Most events of one answer: what a person can go through, and some megabytes.
pub const FOUND_MAX: usize = 10_000;
/// Rows are numbered as they are committed, not by their moment: clocks of nodes differ, and a run that
/// waited for others commits late. By so many seconds at most, as far as a search looks.
const OUT_OF_ORDER_S: u32 = 3_600;

/// Which events are meant. Each member that is there must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before this moment.
    pub from: Option<Moment>,
    /// Not after this moment.
    pub to: Option<Moment>,
    /// The requirement that decided, letter by letter.
    pub requirement: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Who asked.
    pub who: Option<Actor>,
    /// The request, by the number that its answer carried.
    pub trace: Option<TraceId>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The newest events that are meant, newest last.
    pub rows: Vec<AuditRow>,
    /// How many are meant in all.
    pub meant: u64,
    /// How many were looked at.
    pub looked_at: u64,
}

/// The newest events of a log that are meant, at most `limit` (and [`FOUND_MAX`]). It reads a page at a
/// time and keeps no more than it gives, so that a log of any size can be searched.
///
/// # Errors
/// [`Down`].
pub async fn search<S: Store>(home: &S, filter: &Filter, limit: usize) -> Result<Found, Down> {
    let limit = limit.clamp(1, FOUND_MAX);
    let mut kept = VecDeque::with_capacity(limit.min(usize::from(AUDIT_ROWS_MAX)));
    let (mut meant, mut looked_at) = (0, 0);
    let mut after = match filter.from {
        Some(from) => before(home, from.minus_s(OUT_OF_ORDER_S)).await?,
        None => 0,
    };
    let until = filter.to.map(|to| to.plus_s(OUT_OF_ORDER_S));
    loop {
        let page = home.audit(after, AUDIT_ROWS_MAX).await?;
        let Some(last) = page.last() else { break };
        let is_past = until.is_some_and(|until| last.moment > until);
        after = last.seq;
        looked_at += u64::try_from(page.len()).unwrap_or(0);
        for row in page.into_iter().filter(|row| filter.means(row)) {
            meant += 1;
            if kept.len() == limit {
                kept.pop_front();
            }
            kept.push_back(row);
        }
        if is_past {
            break;
        }
    }
    Ok(Found {
        rows: kept.into(),
        meant,
        looked_at,
    })
}

/// A number before every event of `moment` or later, found by halving: sixty looks at most, whatever the
/// size of the log and wherever an epoch begins.
async fn before<S: Store>(home: &S, moment: Moment) -> Result<u64, Down> {
    let (mut low, mut high) = (0, i64::MAX.unsigned_abs());
    while low < high {
        let middle = low + (high - low) / 2;
        match home.audit(middle, 1).await?.first() {
            Some(row) if row.moment < moment => low = row.seq,
            _ => high = middle,
        }
    }
    Ok(low)
}

impl Filter {
    fn means(&self, row: &AuditRow) -> bool {
        let Self {
            from,
            to,
            requirement,
            outcome,
            who,
            trace,
        } = self;
        from.is_none_or(|from| row.moment >= from)
            && to.is_none_or(|to| row.moment <= to)
            && requirement
                .as_ref()
                .is_none_or(|text| *text == row.requirement)
            && outcome.is_none_or(|outcome| outcome == row.outcome)
            && who.as_ref().is_none_or(|who| *who == row.who)
            && trace.is_none_or(|trace| Some(trace.bytes()) == row.trace)
    }
}

#[cfg(test)]
mod tests {
    use store::{Commit, Memory};
    use verdict::{CommitId, Event};

    use super::*;

    const DAY_S: u32 = 86_400;

    fn day(number: u32) -> Moment {
        Moment::from_unix(1_800_000_000).plus_s(number * DAY_S)
    }

    /// Three events a day for so many days: granted to a person, refused to a party, and one of nobody,
    /// each of a request of its own.
    async fn log_of(days: u8) -> Memory {
        let home = Memory::new();
        for number in 0..days {
            let party = Actor::Party("pgo.localhost".to_owned());
            let events = [
                Event::granted("mitz case 1", "consent given", Actor::Person),
                Event::refused("mitz case 20", "no such client", party),
                Event::refused("mitz case 13", "replay", Actor::Unknown),
            ];
            for (at, event) in (0_u8..).zip(events) {
                let id = CommitId([number, at, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                let commit = Commit::new(id, day(number.into()), vec![], vec![event]);
                let commit = commit.expect("within bounds").traced([number * 3 + at; 16]);
                home.commit(commit).await.expect("applied");
            }
        }
        home
    }

    async fn numbers(home: &Memory, filter: Filter, limit: usize) -> Vec<u64> {
        let found = search(home, &filter, limit).await.expect("answers");
        found.rows.iter().map(|row| row.seq).collect()
    }

    #[tokio::test]
    async fn an_event_is_found_by_the_number_that_its_answer_carried() {
        let home = log_of(3).await;
        let trace = Some(TraceId::from_bytes([4; 16]));
        let filter = Filter {
            trace,
            ..Filter::default()
        };
        assert_eq!(numbers(&home, filter, 100).await, [5]);
    }

    #[tokio::test]
    async fn each_member_of_a_filter_must_hold() {
        let home = log_of(3).await;
        let refused = Filter {
            outcome: Some(Outcome::Refused),
            ..Filter::default()
        };
        assert_eq!(
            numbers(&home, refused.clone(), 100).await,
            [2, 3, 5, 6, 8, 9]
        );
        let by_party = Filter {
            who: Some(Actor::Party("pgo.localhost".to_owned())),
            ..refused.clone()
        };
        assert_eq!(numbers(&home, by_party, 100).await, [2, 5, 8]);
        let replays = Filter {
            requirement: Some("mitz case 13".to_owned()),
            to: Some(day(1)),
            ..refused
        };
        assert_eq!(numbers(&home, replays, 100).await, [3, 6]);
    }

    #[tokio::test]
    async fn the_newest_are_kept_newest_last_and_all_are_counted() {
        let found = search(&log_of(4).await, &Filter::default(), 2).await;
        let found = found.expect("answers");
        assert_eq!((found.meant, found.looked_at), (12, 12));
        assert_eq!(
            found.rows.iter().map(|row| row.seq).collect::<Vec<_>>(),
            [11, 12]
        );
    }

    #[tokio::test]
    async fn what_is_older_than_asked_is_not_read() {
        let home = log_of(80).await;
        let late = Filter {
            from: Some(day(78)),
            ..Filter::default()
        };
        let found = search(&home, &late, 100).await.expect("answers");
        assert_eq!((found.meant, found.looked_at), (6, 6));
        let none = Filter {
            from: Some(day(90)),
            ..Filter::default()
        };
        let found = search(&home, &none, 100).await.expect("answers");
        assert_eq!(found, Found::default());
    }
}
