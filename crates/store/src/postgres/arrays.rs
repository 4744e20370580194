//! Rows, keys, secondary keys and events as arrays, one per column: a statement for all of a group.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use verdict::{Event, IndexKey, Key};

use super::rows;
use super::session::Asked;
use super::sql::Done;
use crate::columns::{self, Encoded, Kind};
use crate::{Commit, Standing};

/// Keys as columns.
#[derive(Default)]
pub(super) struct Keys<'a> {
    space: Vec<&'a str>,
    id: Vec<&'a [u8]>,
}

impl<'a> Keys<'a> {
    pub(super) fn add(&mut self, key: &'a Key) {
        self.space.push(key.space().0);
        self.id.push(key.bytes());
    }

    pub(super) fn ask(self, client: &'a Client, statement: &'a Statement) -> Option<Asked<'a>> {
        if self.id.is_empty() {
            return None;
        }
        Some(Box::pin(async move {
            client.query(statement, &[&self.space, &self.id]).await
        }))
    }
}

/// Rows as columns.
#[derive(Default)]
pub(super) struct Puts<'a> {
    keys: Keys<'a>,
    version: Vec<i64>,
    until: Vec<i64>,
    day: Vec<i64>,
    last: Vec<Vec<u8>>,
    lookups: Vec<Option<&'a str>>,
    open: Vec<Option<&'a str>>,
    private: Vec<Option<&'a [u8]>>,
}

impl<'a> Puts<'a> {
    pub(super) fn add(&mut self, key: &'a Key, row: Standing, body: &'a Encoded) {
        self.keys.add(key);
        self.version
            .push(i64::try_from(row.version).unwrap_or(i64::MAX));
        self.until.push(row.until.unix());
        self.day.push(row.until.day());
        self.last.push(row.last.0.to_vec());
        self.lookups.push(body.lookups.as_deref());
        self.open.push(body.open.as_deref());
        self.private.push(body.private.as_deref());
    }

    pub(super) fn ask(self, client: &'a Client, statement: &'a Statement) -> Option<Asked<'a>> {
        if self.until.is_empty() {
            return None;
        }
        Some(Box::pin(async move {
            let values: [&(dyn ToSql + Sync); 9] = [
                &self.keys.space,
                &self.keys.id,
                &self.version,
                &self.until,
                &self.day,
                &self.last,
                &self.lookups,
                &self.open,
                &self.private,
            ];
            client.query(statement, &values).await
        }))
    }
}

/// Entries of the lookup table as columns.
#[derive(Default)]
pub(super) struct Lookups {
    space: Vec<String>,
    name: Vec<&'static str>,
    value: Vec<Vec<u8>>,
    kind: Vec<i16>,
    id: Vec<Vec<u8>>,
}

impl Lookups {
    pub(super) fn add(&mut self, key: &Key, index: &[(&'static str, IndexKey)]) {
        self.add_row(Kind::of(key), key.space().0, key.bytes(), index);
    }

    pub(super) fn add_row(
        &mut self,
        kind: Kind,
        space: &str,
        id: &[u8],
        index: &[(&'static str, IndexKey)],
    ) {
        for (name, value) in index {
            self.space.push(space.to_owned());
            self.name.push(name);
            self.value.push(rows::lookup_value(value));
            self.kind.push(kind as i16);
            self.id.push(id.to_vec());
        }
    }

    pub(super) fn ask<'a>(self, client: &'a Client, statement: &'a Statement) -> Option<Asked<'a>> {
        if self.id.is_empty() {
            return None;
        }
        Some(Box::pin(async move {
            let values: [&(dyn ToSql + Sync); 5] =
                [&self.space, &self.name, &self.value, &self.kind, &self.id];
            client.query(statement, &values).await
        }))
    }
}

/// Events as columns.
#[derive(Default)]
pub(super) struct Log<'a> {
    day: Vec<i64>,
    moment: Vec<i64>,
    requirement: Vec<&'static str>,
    what: Vec<&'static str>,
    outcome: Vec<&'static str>,
    who: Vec<&'static str>,
    party: Vec<Option<String>>,
    whose: Vec<Option<Vec<u8>>>,
    commit: Vec<&'a [u8]>,
    trace: Vec<Option<&'a [u8]>>,
    details: Vec<Option<String>>,
}

impl<'a> Log<'a> {
    pub(super) fn add(&mut self, event: &'a Event, commit: &'a Commit<Encoded>) {
        let now = commit.now();
        let (who, party) = columns::who(&event.who);
        self.day.push(now.day());
        self.moment.push(now.unix());
        self.requirement.push(event.requirement);
        self.what.push(event.what);
        self.outcome.push(columns::outcome(event.outcome));
        self.who.push(who);
        self.party.push(party.map(rows::party));
        self.whose
            .push(event.whose.map(|person| person.to_bytes().to_vec()));
        self.commit.push(commit.id_bytes());
        self.trace.push(commit.trace().map(<[u8; 16]>::as_slice));
        self.details.push(columns::details(&event.details));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.day.is_empty()
    }

    pub(super) fn ask(self, client: &'a Client, statement: &'a Statement, done: Done) -> Asked<'a> {
        let count = i64::try_from(self.day.len()).unwrap_or(0);
        Box::pin(async move {
            let values: [&(dyn ToSql + Sync); 15] = [
                &count,
                &self.day,
                &self.moment,
                &self.requirement,
                &self.what,
                &self.outcome,
                &self.who,
                &self.party,
                &self.whose,
                &self.commit,
                &self.trace,
                &done.id,
                &done.groups,
                &done.day,
                &self.details,
            ];
            client.query(statement, &values).await
        })
    }
}
