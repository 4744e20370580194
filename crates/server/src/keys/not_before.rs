//! The emergency brake: what was issued to a client, by an issuer or in a domain before a moment does
//! not count any more.

use std::collections::BTreeMap;
use std::fmt;

use protocol::not_before::NotBefore;
use serde_json::{Value, json};
use store::{Page, Store};
use verdict::{Body, Expect, IndexKey, Key, Moment, Row, Sealed, Space, Then};

use super::KeyFault;
use super::agreed::{self, Won};

/// The rows of these moments.
pub(super) const SPACE: Space = Space("sluis.niet-voor");
/// The index that every such row carries, so that all can be found.
const ALL: &str = "soort";
const VERSION: u64 = 1;
/// Rows asked at once.
const PAGE_ROWS: u16 = 256;
/// Moments that one party keeps, at most: an emergency of more clients than this is one of the issuer.
const ROWS_MAX: usize = 4_096;
/// How long such a row is kept, in seconds: longer than anything lives that was issued before it.
const KEPT_S: u32 = 33 * 366 * 86_400;

/// Whose tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Those issued to this client.
    Client(String),
    /// Those issued by this issuer.
    Issuer(String),
    /// Those of this domain.
    Domain(String),
}

/// Every moment that holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotBefores(BTreeMap<Subject, Moment>);

impl Subject {
    /// Reads `client`, `issuer` or `domain` and a name.
    pub fn read(kind: &str, name: &str) -> Option<Self> {
        let name = name.to_owned();
        match kind {
            "client" => Some(Self::Client(name)),
            "issuer" => Some(Self::Issuer(name)),
            "domain" => Some(Self::Domain(name)),
            _ => None,
        }
    }

    /// `client`, `issuer` or `domain`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Issuer(_) => "issuer",
            Self::Domain(_) => "domain",
        }
    }

    /// Which one.
    pub fn name(&self) -> &str {
        match self {
            Self::Client(name) | Self::Issuer(name) | Self::Domain(name) => name,
        }
    }

    fn key(&self) -> Key {
        let mut bytes = self.kind().as_bytes().to_vec();
        bytes.push(0);
        bytes.extend(jose::sha256(self.name().as_bytes()));
        Key::Record(SPACE, bytes)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name())
    }
}

impl NotBefores {
    /// What holds for what this issuer gave to this client.
    pub fn of(&self, issuer: &str, client_id: &str) -> NotBefore {
        if self.0.is_empty() {
            return NotBefore::NEVER;
        }
        self.of_issuer(issuer)
            .or_later(self.get(&Subject::Client(client_id.to_owned())))
    }

    /// What holds for all that this issuer gave.
    pub fn of_issuer(&self, issuer: &str) -> NotBefore {
        self.get(&Subject::Issuer(issuer.to_owned()))
    }

    /// What holds in this domain.
    pub fn of_domain(&self, domain: &str) -> NotBefore {
        self.get(&Subject::Domain(domain.to_owned()))
    }

    fn get(&self, subject: &Subject) -> NotBefore {
        let moment = self.0.get(subject).copied();
        moment.map_or(NotBefore::NEVER, NotBefore::at)
    }

    /// Each with its moment.
    pub fn all(&self) -> impl Iterator<Item = (&Subject, Moment)> {
        self.0.iter().map(|(subject, moment)| (subject, *moment))
    }
}

/// Every moment that the store has.
///
/// # Errors
/// [`KeyFault`].
pub(super) async fn load<S: Store>(home: &S, now: Moment) -> Result<NotBefores, KeyFault> {
    let mut held = BTreeMap::new();
    let (by, mut page) = (all(), Page::first(PAGE_ROWS));
    loop {
        let found = home.find(SPACE, ALL, &by, page, now);
        let found = found.await.map_err(KeyFault::store)?;
        for (key, row) in found.rows {
            let (subject, moment) = read(&key, &row.body)?;
            held.insert(subject, moment);
        }
        if held.len() > ROWS_MAX {
            return Err(KeyFault::TooMany);
        }
        match found.next {
            Some(next) => page = Page::after(next, PAGE_ROWS),
            None => return Ok(NotBefores(held)),
        }
    }
}

/// Writes a moment; a later one holds instead of an earlier one. Every node knows it two seconds later.
///
/// # Errors
/// [`KeyFault`]; another's write at the same time is one, and whoever meets it looks again.
pub(super) async fn set<S: Store>(
    home: &S,
    subject: &Subject,
    moment: Moment,
    now: Moment,
) -> Result<Won, KeyFault> {
    let key = subject.key();
    let found = home.get(std::slice::from_ref(&key), now).await;
    let found = found.map_err(KeyFault::store)?.into_iter().next().flatten();
    let expect = found.map_or(Expect::Absent, |row: Row<Sealed>| {
        Expect::Version(row.version)
    });
    let change = verdict::Change {
        key,
        expect,
        then: Then::Put {
            until: now.plus_s(KEPT_S),
            body: body(subject, moment),
        },
    };
    agreed::commit(home, vec![change], now).await
}

fn all() -> IndexKey {
    IndexKey::Text("niet-voor".to_owned())
}

fn body(subject: &Subject, moment: Moment) -> Sealed {
    let said = json!({
        "kind": subject.kind(),
        "name": subject.name(),
        "not_before": moment.unix(),
    });
    Body {
        open: json!({ "v": VERSION, "d": said }).into(),
        index: vec![(ALL, all())],
        private: Vec::new(),
    }
}

fn read(key: &Key, body: &Sealed) -> Result<(Subject, Moment), KeyFault> {
    let open = body.open.value();
    let said = &open["d"];
    let text = |member: &str| said[member].as_str().unwrap_or_default();
    let subject = Subject::read(text("kind"), text("name"));
    let moment = said["not_before"].as_i64().map(Moment::from_unix);
    let is_ours = open.get("v").and_then(Value::as_u64) == Some(VERSION);
    match (subject, moment) {
        (Some(subject), Some(moment)) if is_ours && subject.key() == *key => Ok((subject, moment)),
        _ => Err(KeyFault::BadRow(
            "not-before".to_owned(),
            "does not say whose tokens it means",
        )),
    }
}

#[cfg(test)]
mod tests {
    use store::Memory;

    use super::*;

    const NOW: Moment = Moment::from_unix(1_000);

    fn client() -> Subject {
        Subject::Client("pgo.localhost".to_owned())
    }

    /// design §4
    #[tokio::test]
    async fn a_moment_holds_for_its_client_and_for_no_other() {
        let home = Memory::new();
        assert_eq!(
            set(&home, &client(), NOW, NOW).await.expect("set"),
            Won::Yes
        );
        let held = load(&home, NOW).await.expect("loaded");
        assert!(held.of("mitz", "pgo.localhost").refuses(999));
        assert!(!held.of("mitz", "pgo.localhost").refuses(1_000));
        assert!(!held.of("mitz", "other").refuses(999));
        assert!(!held.of_issuer("pgo.localhost").refuses(999));
        assert!(!held.of_domain("pgo.localhost").refuses(999));
    }

    #[tokio::test]
    async fn the_later_of_client_and_issuer_holds_and_a_moment_can_be_changed() {
        let home = Memory::new();
        let issuer = Subject::Issuer("mitz".to_owned());
        for (subject, at) in [(client(), 10), (issuer.clone(), 20), (issuer, 15)] {
            set(&home, &subject, Moment::from_unix(at), NOW)
                .await
                .expect("set");
        }
        let held = load(&home, NOW).await.expect("loaded");
        assert!(held.of("mitz", "pgo.localhost").refuses(14));
        assert!(!held.of("mitz", "pgo.localhost").refuses(15));
        assert_eq!(held.all().count(), 2);
    }
}
