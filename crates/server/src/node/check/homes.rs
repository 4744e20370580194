//! Where rows are kept.

use store::postgres::Inspection;
use store::{Embedded, Postgres, SchemaStanding};

use super::Finding;
use crate::clock::Clock;
use crate::config::{Config, HomeConfig};
use crate::home::Home;
use crate::keys::{self, MasterKey};

/// Free space below which a disk is told of, and below which it is a fault, in bytes.
const BYTES_FREE_WISHED: u64 = 1024 * 1024 * 1024;
const BYTES_FREE_MIN: u64 = 64 * 1024 * 1024;
/// A difference between two clocks that is told, and one that is a fault, in seconds. Tokens are judged
/// with a leeway of 60 s, so a fault is told before anybody is refused.
pub(super) const CLOCK_TOLD_S: i64 = 5;
pub(super) const CLOCK_FAULT_S: i64 = 30;

/// The home of each role.
pub(super) async fn look(config: &Config, clock: &Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    for role in config.roles() {
        match &config.home {
            HomeConfig::Sqlite => findings.push(sqlite(config, role)),
            HomeConfig::Postgresql { .. } => findings.extend(postgresql(config, role, clock).await),
        }
        findings.extend(keys(config, role, clock).await);
    }
    findings
}

/// What keeps the keys among a role's rows closed. Of a home that cannot be opened, and of a master key
/// that cannot be read, is told elsewhere.
async fn keys(config: &Config, role: &'static str, clock: &Clock) -> Option<Finding> {
    let master = MasterKey::read(&config.master_file).ok()?;
    let home = Home::beside_node(config, role).await.ok()?;
    let opened = keys::opened_by(&home, master, clock.now()).await;
    let fault = opened.err()?;
    Some(Finding::fault(format!("keys of {role}"), fault.to_string()))
}

fn sqlite(config: &Config, role: &'static str) -> Finding {
    let subject = format!("store of {role}");
    let directory = config.state.join(role);
    if !directory.exists() {
        return Finding::good(subject, "not there yet; the first start makes it");
    }
    let found = match Embedded::inspect(&directory) {
        Ok(found) => found,
        Err(why) => return Finding::fault(subject, why.to_string()),
    };
    if found.schema.standing() == SchemaStanding::Newer {
        let why = newer(found.schema.found, found.schema.wanted);
        return Finding::fault(subject, why);
    }
    if found.backup_taken.is_some() {
        let why = "the rows are a backup: say first that they were restored, with `sluis restore`";
        return Finding::fault(subject, why);
    }
    let (used, free) = (megabytes(found.bytes), megabytes(found.bytes_free));
    let says = format!("{used} MB used, {free} MB free");
    if found.bytes_free < BYTES_FREE_MIN {
        return Finding::fault(subject, format!("{says}: make room, or the node will stop"));
    }
    if found.bytes_free < BYTES_FREE_WISHED {
        return Finding::soon(subject, format!("{says}: make room"));
    }
    Finding::good(subject, says)
}

async fn postgresql(config: &Config, role: &'static str, clock: &Clock) -> Vec<Finding> {
    let subject = format!("store of {role}");
    let address = match config.home.address(role) {
        Ok(address) => address,
        Err(why) => return vec![Finding::fault(subject, why)],
    };
    let wall = clock.clone();
    match Postgres::inspect(&address, move || wall.wall()).await {
        Ok(found) => vec![server(subject, &found), times(role, found.clock_ahead_s)],
        Err(why) => vec![Finding::fault(subject, why.to_string())],
    }
}

fn server(subject: String, found: &Inspection) -> Finding {
    let (schema, name) = (found.schema, &found.schema_name);
    match schema.standing() {
        SchemaStanding::Newer => {
            return Finding::fault(subject, newer(schema.found, schema.wanted));
        }
        SchemaStanding::Behind => {
            let why = format!(
                "schema {name} has version {}, this program needs {}: run `sluis migrate`",
                schema.found, schema.wanted
            );
            return Finding::fault(subject, why);
        }
        SchemaStanding::Fits => {}
    }
    if !found.is_durable() {
        let why = format!(
            "fsync = {}, full_page_writes = {}, synchronous_commit = {}: an answered change can be \
             lost in a crash; set all three to on",
            on_off(found.fsync),
            on_off(found.full_page_writes),
            found.synchronous_commit.as_str()
        );
        return Finding::fault(subject, why);
    }
    let standbys = match found.standbys.as_str() {
        "" => "no synchronous standby",
        standbys => standbys,
    };
    let used = megabytes(found.bytes);
    Finding::good(
        subject,
        format!(
            "PostgreSQL {}, schema {name}, {used} MB, {standbys}",
            found.version
        ),
    )
}

fn times(role: &str, ahead_s: i64) -> Finding {
    clocks(format!("clock against the store of {role}"), ahead_s)
}

/// How far another clock is ahead of ours.
pub(super) fn clocks(subject: String, ahead_s: i64) -> Finding {
    let says = match ahead_s {
        0 => "the same time".to_owned(),
        1.. => format!("{ahead_s} s ahead of ours"),
        _ => format!("{} s behind ours", ahead_s.unsigned_abs()),
    };
    match ahead_s.abs() {
        CLOCK_FAULT_S.. => Finding::fault(
            subject,
            format!("{says}: one of the two is wrong; set it by NTP, or tokens will be refused"),
        ),
        CLOCK_TOLD_S.. => Finding::soon(subject, format!("{says}: keep both in time by NTP")),
        _ => Finding::good(subject, says),
    }
}

fn newer(found: u32, wanted: u32) -> String {
    format!(
        "the schema has version {found} and no longer serves this program, which knows {wanted}: start \
         the newer program, or restore the backup made before it"
    )
}

const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

const fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}
