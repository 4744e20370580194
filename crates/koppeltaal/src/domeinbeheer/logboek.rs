//! What was changed in a domain, when, and by whom: a row for each change, in the commit of the change.

use serde::{Deserialize, Serialize};
use verdict::{BadRow, Change, Clear, Expect, IndexKey, Key, Moment, Record, Space, versioned};

use super::plan::{Plan, Regel, Teken};
use crate::domein::Domein;

/// How long it is kept, in seconds: five years, as the log of who saw what in care (NEN 7513).
const KEPT_S: u32 = 5 * 366 * 86_400;
/// Lines of one change that are kept, at most. A whole domain that is declared anew can have thousands;
/// its operator has the files.
const REGELS_MAX: usize = 200;
/// Bytes of a value that are kept, at most: with [`REGELS_MAX`] lines of two values far below one row.
const WAARDE_BYTES_MAX: usize = 1_000;

/// One change of a domain, as it is told later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logboekregel {
    /// When, in seconds since 1970.
    #[serde(rename = "time")]
    pub wanneer: i64,
    /// By whom: the name of an administration key, or who was at the command line.
    #[serde(rename = "who")]
    pub wie: String,
    /// The version of the domain that it made; none when the domain went or stayed as it was.
    #[serde(rename = "version", default, skip_serializing_if = "Option::is_none")]
    pub versie: Option<u64>,
    /// What changed.
    #[serde(rename = "changes")]
    pub regels: Vec<Regel>,
    /// How many lines more there were.
    #[serde(rename = "left_out")]
    pub weggelaten: usize,
}

impl Logboekregel {
    /// The index under which the changes of a domain are found; its value is the domain.
    pub const INDEX: &'static str = "domein";

    /// Of a change.
    pub fn of(plan: &Plan, wie: &str, versie: Option<u64>, now: Moment) -> Self {
        let all = plan.wijzigingen().len();
        Self {
            wanneer: now.unix(),
            wie: wie.to_owned(),
            versie,
            regels: plan.regels().take(REGELS_MAX).map(Regel::kort).collect(),
            weggelaten: all.saturating_sub(REGELS_MAX),
        }
    }

    /// That everything issued in the domain before a moment was refused (koppeltaal.md §2.7).
    pub fn not_before(moment: &str, wie: &str, now: Moment) -> Self {
        let regel = Regel {
            change: Teken::Changed,
            subject: "domain".to_owned(),
            id: String::new(),
            member: Some("not_before".to_owned()),
            was: None,
            is: Some(moment.to_owned()),
        };
        Self {
            wanneer: now.unix(),
            wie: wie.to_owned(),
            versie: None,
            regels: vec![regel],
            weggelaten: 0,
        }
    }

    /// Keeps it: `nonce` tells changes of one moment apart. The newest change has the lowest key, so
    /// that a page of the log begins with it; of one second, what made no version comes after what did.
    pub fn toevoegen(&self, domein: &Domein, nonce: [u8; 8]) -> Change<Clear> {
        let mut key = domein.as_str().as_bytes().to_vec();
        key.push(0);
        key.extend((i64::MAX - self.wanneer.max(0)).to_be_bytes());
        key.extend((u64::MAX - self.versie.unwrap_or(u64::MAX)).to_be_bytes());
        key.extend(nonce);
        let until = Moment::from_unix(self.wanneer).plus_s(KEPT_S);
        let key = Key::Record(Self::SPACE, key);
        let mut change = self.put(key, Expect::Absent, until);
        if let verdict::Then::Put { body, .. } = &mut change.then {
            body.index = vec![(Self::INDEX, Self::of_domain(domein))];
        }
        change
    }

    /// What the changes of a domain carry in [`Self::INDEX`].
    pub fn of_domain(domein: &Domein) -> IndexKey {
        IndexKey::Text(domein.to_string())
    }
}

impl Regel {
    /// With values that are short enough to keep.
    fn kort(self) -> Self {
        let kort = |value: Option<String>| value.map(kort);
        Self {
            was: kort(self.was),
            is: kort(self.is),
            ..self
        }
    }
}

fn kort(value: String) -> String {
    if value.len() <= WAARDE_BYTES_MAX {
        return value;
    }
    let end = value.floor_char_boundary(WAARDE_BYTES_MAX);
    format!("{}…", &value[..end])
}

impl Record for Logboekregel {
    const SPACE: Space = Space("koppeltaal.wijziging");

    fn to_body(&self) -> Clear {
        versioned::body(self, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        versioned::open(Self::SPACE, body)
    }
}
