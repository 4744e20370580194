//! What is measured.

use std::fmt;

use jose::Algorithm;
pub(crate) use load::proof::Proof;
use load::seed::GRANTS;

use crate::floor::Floor;
use crate::report::Subject;

/// How the tool is called.
pub(crate) const USAGE: &str = "\
usage: cargo xtask load [koppeltaal | medmij | etoegang | oidc-provider] [--seconds N] [--grow] [--only WORD]
  koppeltaal    tokens of Koppeltaal in place of refreshes at Mitz
  medmij        refreshes at the token interface of MedMij
  etoegang      refreshes at an HM of eToegang, which asks AD and MR
  oidc-provider a token of Koppeltaal beside one of node-oidc-provider, both on PostgreSQL (needs node and npm)
  --seconds N   how long each scenario counts (8)
  --grow        with 100 000 and 1 000 000 stored grants too
  --only WORD   the scenarios whose name has this word";

/// Seconds that an assertion signed ahead of a run may wait for its use, so a run is no longer.
const SECONDS_MAX: u64 = 120;

/// And with `--grow`, on SQLite, grants of the client with a certificate.
const MORE: [u32; 2] = [100_000, 1_000_000];
pub(crate) const CONNECTIONS: [u16; 3] = [1, 8, MOST];
pub(crate) const MOST: u16 = 64;

/// Whose requests are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Mitz,
    Koppeltaal,
    Medmij,
    Etoegang,
    OidcProvider,
}

/// Where rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Sqlite,
    Postgresql,
}

/// A refresh with rotation, durable and audited, over and over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    pub(crate) proof: Proof,
    pub(crate) home: Home,
    pub(crate) grants: u32,
    pub(crate) connections: u16,
}

/// What was asked on the command line.
pub(crate) struct Arguments {
    pub(crate) seconds: u64,
    pub(crate) of: Of,
    grow: bool,
    pub(crate) only: String,
}

impl Arguments {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut read = Self {
            seconds: 8,
            of: Of::Mitz,
            grow: false,
            only: String::new(),
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--seconds" => {
                    let number = words.next().and_then(|number| number.parse().ok());
                    let fits = number.filter(|seconds| (1..=SECONDS_MAX).contains(seconds));
                    read.seconds = fits.ok_or("--seconds takes a number from 1 to 120")?;
                }
                "koppeltaal" => read.of = Of::Koppeltaal,
                "medmij" => read.of = Of::Medmij,
                "etoegang" => read.of = Of::Etoegang,
                "oidc-provider" => read.of = Of::OidcProvider,
                "--grow" => read.grow = true,
                "--only" => read.only = words.next().ok_or("--only takes a word")?,
                _ => return Err(format!("{word} is not known")),
            }
        }
        Ok(read)
    }

    /// The homes, each with so many grants, that have a scenario.
    pub(crate) fn worlds(&self) -> Vec<(Home, u32)> {
        let more = MORE.iter().filter(|_| self.grow);
        let sqlite = more.map(|grants| (Home::Sqlite, *grants));
        [(Home::Sqlite, GRANTS), (Home::Postgresql, GRANTS)]
            .into_iter()
            .chain(sqlite)
            .filter(|(home, grants)| !self.scenarios(*home, *grants).is_empty())
            .collect()
    }

    /// What is measured there. Growth shows at 64 connections, and needs the grants of one client.
    pub(crate) fn scenarios(&self, home: Home, grants: u32) -> Vec<Scenario> {
        let scenario = |proof, connections| Scenario {
            proof,
            home,
            grants,
            connections,
        };
        let mut all = Vec::new();
        for connections in CONNECTIONS {
            if grants == GRANTS || connections == 64 {
                all.push(scenario(Proof::Certificate, connections));
            }
            if grants == GRANTS {
                all.push(scenario(Proof::Assertion, connections));
            }
        }
        all.retain(|scenario| scenario.to_string().contains(&self.only));
        all
    }
}

impl Scenario {
    /// For a line of the table.
    pub(crate) fn subject(self, floor: &Floor) -> Subject {
        Subject {
            name: self.to_string(),
            proof: self.proof.method().to_owned(),
            home: self.home.to_string(),
            grants: self.grants,
            connections: self.connections,
            floor_per_s: match self.proof {
                Proof::Certificate => floor.sign,
                Proof::Assertion => floor.of(Algorithm::Es256),
            },
        }
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgresql => "PostgreSQL",
        })
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            proof,
            home,
            grants,
            connections,
        } = self;
        let method = proof.method();
        write!(
            f,
            "{method} {home} grants={grants} connections={connections}"
        )
    }
}
