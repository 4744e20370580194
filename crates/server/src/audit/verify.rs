//! Walks the whole chain and every row that is there, and says what is proven.
//!
//! It goes from the last entry to the first: each is known by the name that the one after it gives, and
//! the tombstones have been met before the segments whose rows they explain. It holds one segment at a
//! time. Everything that does not fit is counted, and the first of it, by its place in the log, named.

use std::fmt;

use jose::Jwk;
use store::epoch::epoch_of;
use store::{AUDIT_ROWS_MAX, AuditRow, Store};
use verdict::Moment;

use super::entry::{self, ChainFault, Entry, Kop, Part, Segment, Tombstone, What};

/// Entries asked at once: of the largest, a megabyte.
const ENTRIES_AT_ONCE: u64 = 64;
/// A walk that finds faults while the chain grows under it is made again: rows may have been destroyed
/// after the last entry was read. So often at most.
const WALKS_MAX: u8 = 3;
/// Most rows read for one segment: beyond it more was put in than a segment has.
const ROWS_READ_MAX: usize = 4 * AUDIT_ROWS_MAX as usize;

/// Rows asked beyond those that a segment has.
const MORE: u16 = 8;

/// What a walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Segments whose signature holds.
    pub segments: u64,
    /// Tombstones whose signature holds, oldest first; the newest [`TOMBSTONES_MAX`].
    pub tombstones: Vec<(i64, Tombstone)>,
    /// Rows that are as they were when they were chained.
    pub proven: u64,
    /// The moment of the oldest of them, in seconds since 1970.
    pub since: Option<i64>,
    /// Rows that a tombstone tells of, and are gone.
    pub destroyed: u64,
    /// Rows that a tombstone tells of, and are still there: they go at the next turn.
    pub going: u64,
    /// Rows that are younger than the last segment.
    pub younger: u64,
    /// How much does not fit.
    pub faults: u64,
    /// The first of it.
    pub first_fault: Option<Fault>,
    /// The last entry, if there is a chain.
    pub last: Option<Last>,
}

/// Most tombstones that a report tells: one a day for eleven years.
pub const TOMBSTONES_MAX: usize = 4096;

/// The last entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its number.
    pub number: u64,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// Its text.
    pub text: String,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There are rows of a chain, or was one, and nothing tells the last entry.
    NoKop,
    /// The row that tells the last entry tells no entry that is there.
    BadKop,
    /// An entry is gone.
    EntryGone(u64),
    /// An entry is not the one that the next names.
    EntryOther(u64),
    /// No key of this log signed an entry, or it says nothing that an entry says.
    EntryForged(u64),
    /// The rows from the first to the second number are in no segment.
    Unchained(u64, u64),
    /// A row is gone that no tombstone tells of.
    RowGone(u64),
    /// A row says something else than it said.
    RowChanged(u64),
    /// A row is there that was not.
    RowAdded(u64),
    /// Rows of this part are not what they were.
    Rows(u64, u64),
}

/// Walks the chain of a log whose entries `keys` may have signed.
///
/// # Errors
/// [`ChainFault::Store`]: the store does not answer. What does not fit is in the report.
pub async fn verify<S: Store>(home: &S, keys: &[Jwk], now: Moment) -> Result<Report, ChainFault> {
    let mut walks = 1;
    loop {
        let kop = match entry::kop(home, now).await {
            Ok(kop) => kop.map(|(_, kop)| kop),
            Err(ChainFault::BadKop) => return Ok(Report::of(Fault::BadKop)),
            Err(other) => return Err(other),
        };
        let report = Walk::new(home, keys, now).all(kop.as_ref()).await?;
        let grew = report.faults > 0 && entry::kop(home, now).await?.map(|(_, kop)| kop) != kop;
        if !grew || walks == WALKS_MAX {
            return Ok(report);
        }
        walks += 1;
    }
}

struct Walk<'a, S> {
    home: &'a S,
    keys: &'a [Jwk],
    now: Moment,
    report: Report,
    /// What the entry that comes next on the way down must be called.
    name: Option<String>,
    /// What lies above the segment that comes next.
    above: Above,
    /// Until which day rows may be gone, by the tombstones that were met.
    before_day: Option<i64>,
    /// Numbers that no segment has and no tombstone explained yet, lowest last.
    missing: Vec<(u64, u64)>,
}

/// What lies above a segment.
enum Above {
    /// Rows that no segment has yet.
    End,
    /// A segment whose lowest row this is.
    Row(u64),
    /// An entry that cannot be read.
    Unknown,
}

impl<'a, S: Store> Walk<'a, S> {
    fn new(home: &'a S, keys: &'a [Jwk], now: Moment) -> Self {
        Self {
            home,
            keys,
            now,
            report: Report::default(),
            name: None,
            above: Above::End,
            before_day: None,
            missing: Vec::new(),
        }
    }

    async fn all(mut self, kop: Option<&Kop>) -> Result<Report, ChainFault> {
        let Some(kop) = kop else {
            if entry::texts(self.home, &[1], self.now).await?[0].is_some() {
                self.fault(Fault::NoKop);
            }
            self.report.younger = self.count_from(0).await?;
            return Ok(self.report);
        };
        self.name = Some(kop.name.clone());
        let after = kop.number.saturating_add(1);
        if entry::texts(self.home, &[after], self.now).await?[0].is_some() {
            self.fault(Fault::BadKop);
        }
        let mut top = kop.number;
        while top > 0 {
            let bottom = top.saturating_sub(ENTRIES_AT_ONCE) + 1;
            let numbers: Vec<u64> = (bottom..=top).rev().collect();
            let texts = entry::texts(self.home, &numbers, self.now).await?;
            if texts.iter().all(Option::is_none) {
                // Below a hole so large nothing more is looked for: a number alone could make it endless.
                self.fault(Fault::EntryGone(bottom));
                return Ok(self.report);
            }
            for (number, text) in numbers.into_iter().zip(texts) {
                self.entry(number, text, kop).await?;
            }
            top = bottom - 1;
        }
        self.beginning().await?;
        self.report.tombstones.reverse();
        Ok(self.report)
    }

    /// One entry: is it there, is it the one, is it ours?
    async fn entry(
        &mut self,
        number: u64,
        text: Option<String>,
        kop: &Kop,
    ) -> Result<(), ChainFault> {
        let expected = self.name.take();
        let Some(text) = text else {
            self.fault(Fault::EntryGone(number));
            self.above = Above::Unknown;
            return Ok(());
        };
        let read = Entry::read(&text, self.keys, self.now);
        let Some(entry) = read.filter(|entry| entry.number == number) else {
            self.fault(Fault::EntryForged(number));
            self.above = Above::Unknown;
            return Ok(());
        };
        if expected.is_some_and(|expected| expected != entry::name(&text)) {
            self.fault(Fault::EntryOther(number));
        }
        if number == 1 && !entry.previous.is_empty() {
            self.fault(Fault::EntryGone(0));
        }
        if number == kop.number {
            self.report.last = Some(Last {
                number,
                made: entry.made,
                text,
            });
        }
        self.name = Some(entry.previous);
        match entry.what {
            What::Tombstone(tombstone) => self.tombstone(entry.made, tombstone),
            What::Segment(segment) => self.segment(&segment).await?,
        }
        Ok(())
    }

    fn tombstone(&mut self, made: i64, tombstone: Tombstone) {
        if tombstone.kept_days.is_some() {
            self.before_day = self.before_day.max(Some(tombstone.before_day));
        } else {
            self.missing.retain(|(_, last)| *last > tombstone.to);
        }
        if self.report.tombstones.len() < TOMBSTONES_MAX {
            self.report.tombstones.push((made, tombstone));
        }
    }

    async fn segment(&mut self, segment: &Segment) -> Result<(), ChainFault> {
        let (from, to) = (segment.from(), segment.to());
        match self.above {
            Above::End => self.report.younger = self.count_from(to).await?,
            Above::Row(above) => self.between(to, above).await?,
            Above::Unknown => {}
        }
        self.report.segments += 1;
        self.above = Above::Row(from);
        let rows = self.rows(from.saturating_sub(1), to).await?;
        let marks = segment.marks();
        let mut lowest = from;
        for (part, marks) in segment.parts.iter().zip(&marks) {
            self.hole(lowest.saturating_sub(1), part.from);
            let own = |row: &&AuditRow| (lowest..=part.to).contains(&row.seq);
            let own: Vec<AuditRow> = rows.iter().filter(own).cloned().collect();
            self.part(part, marks, &own);
            lowest = part.to + 1;
        }
        Ok(())
    }

    /// Compares the rows that are there with what a part says of them.
    fn part(&mut self, part: &Part, marks: &[[u8; 4]], rows: &[AuditRow]) {
        if Part::of(rows).is_some_and(|(now, _)| now == *part) {
            self.report.proven += part.count();
            let oldest = rows.iter().map(|row| row.moment.unix()).min();
            self.report.since = self
                .report
                .since
                .map_or(oldest, |since| oldest.map(|o| o.min(since)));
            return;
        }
        let may_be_gone = self.before_day.is_some_and(|before| part.day < before);
        let first = first_fault(part, marks, rows, may_be_gone);
        match first {
            Some(fault) => self.fault(fault),
            None if may_be_gone => {
                let going = u64::try_from(rows.len()).unwrap_or(0);
                self.report.going += going;
                self.report.destroyed += part.count().saturating_sub(going);
            }
            None => self.fault(Fault::Rows(part.from, part.to)),
        }
    }

    /// What lies between two segments: no row, and no number but where an epoch begins.
    async fn between(&mut self, to: u64, above: u64) -> Result<(), ChainFault> {
        let rows = self.rows(to, above.saturating_sub(1)).await?;
        match rows.first() {
            Some(row) => self.fault(Fault::RowAdded(row.seq)),
            None => self.hole(to, above),
        }
        Ok(())
    }

    /// Notes the numbers between two rows that follow one another in the chain, unless an epoch begins
    /// there.
    fn hole(&mut self, to: u64, above: u64) {
        if above <= to + 1 || epoch_of(above) > epoch_of(to) {
            return;
        }
        self.missing.push((to + 1, above - 1));
    }

    /// What lies before the first entry, and which numbers nothing explained.
    async fn beginning(&mut self) -> Result<(), ChainFault> {
        if let Above::Row(above) = self.above
            && let Some(row) = self.rows(0, above.saturating_sub(1)).await?.first()
        {
            self.fault(Fault::RowAdded(row.seq));
        }
        for (first, last) in std::mem::take(&mut self.missing) {
            self.fault(Fault::Unchained(first, last));
        }
        Ok(())
    }

    /// The rows above `after`, up to `to`.
    async fn rows(&self, after: u64, to: u64) -> Result<Vec<AuditRow>, ChainFault> {
        let (mut rows, mut after) = (Vec::new(), after);
        while after < to && rows.len() < ROWS_READ_MAX {
            // Some more than there should be, so that a second row of the last number is met as well.
            let wanted = u16::try_from(to - after).unwrap_or(AUDIT_ROWS_MAX);
            let wanted = wanted.saturating_add(MORE).min(AUDIT_ROWS_MAX);
            let page = self.home.audit(after, wanted).await;
            let page = page.map_err(ChainFault::store)?;
            let Some(last) = page.last().map(|row| row.seq) else {
                break;
            };
            rows.extend(page.into_iter().filter(|row| row.seq <= to));
            after = last;
        }
        Ok(rows)
    }

    /// How many rows there are above `after`.
    async fn count_from(&self, mut after: u64) -> Result<u64, ChainFault> {
        let mut count = 0;
        loop {
            let page = self.home.audit(after, AUDIT_ROWS_MAX).await;
            let page = page.map_err(ChainFault::store)?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            after = last.seq;
            count += u64::try_from(page.len()).unwrap_or(0);
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.report.faults += 1;
        // On the way down the one that is met last lies first.
        self.report.first_fault = Some(fault);
    }
}

/// The first row that does not fit its part; of rows that may be gone, only one that is there and says
/// something else.
fn first_fault(
    part: &Part,
    marks: &[[u8; 4]],
    rows: &[AuditRow],
    may_be_gone: bool,
) -> Option<Fault> {
    let mut rows = rows.iter().peekable();
    for (seq, mark) in (part.from..).zip(marks) {
        match rows.next_if(|row| row.seq <= seq) {
            Some(row) if row.seq < seq => return Some(Fault::RowAdded(row.seq)),
            Some(row) if entry::mark(row) != *mark => return Some(Fault::RowChanged(seq)),
            Some(_) => {}
            None if may_be_gone => {}
            None => return Some(Fault::RowGone(seq)),
        }
    }
    rows.next().map(|row| Fault::RowAdded(row.seq))
}

impl Report {
    fn of(fault: Fault) -> Self {
        Self {
            faults: 1,
            first_fault: Some(fault),
            ..Self::default()
        }
    }

    /// Whether everything that was chained is as it was.
    pub const fn holds(&self) -> bool {
        self.faults == 0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKop => {
                f.write_str("the row that tells the last entry of the chain was removed")
            }
            Self::BadKop => {
                f.write_str("the row that tells the last entry of the chain was altered")
            }
            Self::EntryGone(0) => {
                f.write_str("the chain begins with an entry that had one before it")
            }
            Self::EntryGone(number) => write!(f, "entry {number} of the chain was removed"),
            Self::EntryOther(number) => {
                write!(
                    f,
                    "entry {number} of the chain is not the one that was followed: it was replaced"
                )
            }
            Self::EntryForged(number) => write!(
                f,
                "entry {number} of the chain was altered, or signed with a key that this log does not have"
            ),
            Self::Unchained(first, last) => {
                write!(
                    f,
                    "no segment has rows {first} to {last}: they were removed before they were chained"
                )
            }
            Self::RowGone(seq) => write!(f, "row {seq} was removed, and no tombstone tells of it"),
            Self::RowChanged(seq) => write!(f, "row {seq} was changed"),
            Self::RowAdded(seq) => write!(f, "row {seq} was put in"),
            Self::Rows(from, to) => write!(f, "rows {from} to {to} are not what they were"),
        }
    }
}
