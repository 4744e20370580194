//! The certificates of the keys that a role of eToegang publishes: its operator lays them into a directory, and
//! they are taken from there while the node serves (etoegang case 82).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use etoegang::discovery::sleutels::{gecontroleerd, is_voor};
use identity::Oin;
use jose::Jwk;

use super::files;
use crate::app::App;
use crate::certificates::{Validity, validity};
use crate::clock::Clock;
use crate::routes::etoegang::sleutels::{Certificeerder, gepubliceerd};

/// How often the directory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Files that are read in it, at most: a role has a handful of keys, each with a certificate or two.
const FILES_MAX: usize = 64;

/// The chains in a directory.
pub(super) struct Ketens {
    directory: PathBuf,
    oin: Oin,
    clock: Clock,
    gelezen: ArcSwap<Vec<Keten>>,
}

/// The chain of a file.
#[derive(Debug)]
pub(super) struct Keten {
    /// Of its first certificate.
    pub(super) validity: Validity,
    certificates: Vec<Vec<u8>>,
}

impl Ketens {
    /// What the directory has of this organisation.
    ///
    /// # Errors
    /// A text for the operator: the directory, or the first file in it that is no good.
    pub(super) fn open(directory: &Path, oin: Oin, clock: Clock) -> Result<Self, String> {
        Ok(Self {
            gelezen: ArcSwap::from_pointee(read(directory, &oin)?),
            directory: directory.to_owned(),
            oin,
            clock,
        })
    }

    /// Takes the directory anew when a file in it changes; while one is no good, what was taken before stays.
    /// Tells of each key that is published and has no certificate.
    pub(super) async fn keep_fresh(self: Arc<Self>, app: Arc<App>) {
        let mut seen = seen(&self.directory);
        let mut bare = BTreeSet::new();
        loop {
            bare = self.tell_of_bare(&app, &bare);
            tokio::time::sleep(LOOK_EVERY).await;
            let found = self::seen(&self.directory);
            if found == seen {
                continue;
            }
            seen = found;
            match read(&self.directory, &self.oin) {
                Ok(read) => {
                    let party = app.party;
                    tracing::info!(party, "the certificates of the keys were taken anew");
                    self.gelezen.store(Arc::new(read));
                }
                Err(why) => tracing::error!("{why}; what was there before stays"),
            }
        }
    }

    /// Tells of each key without a certificate that was not told of before, and gives all of those.
    fn tell_of_bare(&self, app: &App, told: &BTreeSet<String>) -> BTreeSet<String> {
        let keys = gepubliceerd(&app.keys.set());
        let bare = keys.iter().filter(|key| self.keten(key).is_none());
        let bare: BTreeSet<_> = bare
            .filter_map(|key| key.kid().map(str::to_owned))
            .collect();
        for kid in bare.difference(told) {
            let party = app.party;
            tracing::warn!(
                party,
                kid,
                "this key is published and has no certificate; \
                 `sluis keys request` makes what to send to the authority"
            );
        }
        bare
    }
}

impl Certificeerder for Ketens {
    /// Of several for one key, the one that holds for longest.
    fn keten(&self, key: &Jwk) -> Option<Vec<Vec<u8>>> {
        let now = self.clock.wall();
        let read = self.gelezen.load();
        let holding = read.iter().filter(|keten| keten.validity.holds_at(now));
        let fitting = holding.filter(|keten| is_voor(key, &keten.certificates));
        let best = fitting.max_by_key(|keten| keten.validity.until);
        best.map(|keten| keten.certificates.clone())
    }
}

impl Keten {
    /// The chain in a file of PEM: the certificate of the key first, the root last.
    ///
    /// # Errors
    /// A text for the operator.
    pub(super) fn read(file: &Path, oin: &Oin) -> Result<Self, String> {
        let at = file.display();
        let certificates: Vec<Vec<u8>> =
            files::roots(file)?.iter().map(|der| der.to_vec()).collect();
        gecontroleerd(&certificates, oin).map_err(|fault| format!("{at}: {fault}"))?;
        let leaf = certificates.first().map_or(&[][..], Vec::as_slice);
        let validity = validity(leaf).map_err(|bad| format!("{at}: {bad}"))?;
        Ok(Self {
            validity,
            certificates,
        })
    }
}

/// The chain of each file of a directory.
fn read(directory: &Path, oin: &Oin) -> Result<Vec<Keten>, String> {
    let files = pem_files(directory)?;
    files.iter().map(|file| Keten::read(file, oin)).collect()
}

/// The PEM files of a directory, by name.
///
/// # Errors
/// A text for the operator: it cannot be read, or has more than a role could use.
pub(super) fn pem_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let at = directory.display();
    let entries = fs::read_dir(directory).map_err(|error| format!("{at}: {error}"))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_pem = |file: &PathBuf| file.extension().is_some_and(|name| name == "pem");
    let mut files: Vec<_> = files.filter(is_pem).take(FILES_MAX + 1).collect();
    if files.len() > FILES_MAX {
        return Err(format!(
            "{at}: has more than {FILES_MAX} PEM files; take out those that are over"
        ));
    }
    files.sort();
    Ok(files)
}

/// Each file with its length and the moment of its last change; nothing of a directory that cannot be read.
fn seen(directory: &Path) -> Vec<(PathBuf, Option<(u64, SystemTime)>)> {
    let files = pem_files(directory).unwrap_or_default().into_iter();
    files
        .map(|file| (file.clone(), super::reload::seen(&file)))
        .collect()
}
