//! The end of the audit log on disk.

use std::collections::BTreeMap;

use rusqlite::{Connection, Statement, params};

use crate::retention::{AuditGap, GAPS_MAX};

/// Most events that one transaction destroys: commits wait for it, some milliseconds.
pub(super) const BATCH_MAX: u16 = 256;
/// How many of the oldest events are looked at for ones whose day is over. Days follow one another
/// in the log but for clocks that were off; events of a day to come that were logged by such a clock
/// hold up what follows them if they are as many as this, until that day is over too.
const LOOK_MAX: u16 = 1024;

/// The statements that destroy.
pub(super) struct Retention<'c> {
    over: Statement<'c>,
    destroy: Statement<'c>,
    tell: Statement<'c>,
}

impl<'c> Retention<'c> {
    pub(super) fn on(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            // The newest event stays, so that its number is not given again.
            over: connection.prepare(&format!(
                "SELECT seq, day FROM (SELECT seq, day FROM audit ORDER BY seq LIMIT {LOOK_MAX})
                 WHERE day < ?1 AND seq < (SELECT max(seq) FROM audit) LIMIT {BATCH_MAX}"
            ))?,
            destroy: connection.prepare("DELETE FROM audit WHERE seq = ?1")?,
            tell: connection.prepare(
                "INSERT INTO audit_gone (day, first, last, count) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (day) DO UPDATE SET first = min(first, excluded.first),
                     last = max(last, excluded.last), count = count + excluded.count",
            )?,
        })
    }

    /// Destroys the oldest events of days before `kept_from`, at most [`BATCH_MAX`]; how many.
    pub(super) fn destroy(&mut self, kept_from: i64) -> rusqlite::Result<u16> {
        let over = self.over.query_map([kept_from], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        let over: Vec<(i64, i64)> = over.collect::<rusqlite::Result<_>>()?;
        let mut days: BTreeMap<i64, (i64, i64, i64)> = BTreeMap::new();
        for &(seq, day) in &over {
            self.destroy.execute([seq])?;
            let (first, last, count) = days.entry(day).or_insert((seq, seq, 0));
            (*first, *last) = ((*first).min(seq), (*last).max(seq));
            *count += 1;
        }
        for (day, (first, last, count)) in days {
            self.tell.execute(params![day, first, last, count])?;
        }
        Ok(u16::try_from(over.len()).unwrap_or(BATCH_MAX))
    }
}

/// The days of which something is missing, oldest first.
pub(super) fn gaps(connection: &Connection) -> rusqlite::Result<Vec<AuditGap>> {
    let newest = format!(
        "SELECT day, first, last, count FROM audit_gone ORDER BY day DESC LIMIT {GAPS_MAX}"
    );
    let mut newest = connection.prepare(&newest)?;
    let number = |row: &rusqlite::Row<'_>, column| {
        let number = row.get::<_, i64>(column)?;
        Ok::<_, rusqlite::Error>(u64::try_from(number).unwrap_or(0))
    };
    let gaps = newest.query_map([], |row| {
        Ok(AuditGap {
            day: row.get(0)?,
            first: number(row, 1)?,
            last: number(row, 2)?,
            count: number(row, 3)?,
        })
    })?;
    let mut gaps: Vec<AuditGap> = gaps.collect::<rusqlite::Result<_>>()?;
    gaps.reverse();
    Ok(gaps)
}
