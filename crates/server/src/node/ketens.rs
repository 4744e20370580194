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
use rustls_pki_types::CertificateDer;

use super::files;
use crate::app::App;
use crate::certificates::{Validity, leads_to, validity};
use crate::clock::Clock;
use crate::routes::etoegang::sleutels::{Certificeerder, gepubliceerd};

/// How often the directory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// So many looks take a day.
const LOOKS_A_DAY: u64 = 8_640;
/// Files that are read in it, at most: a role has a handful of keys, each with a certificate or two.
const FILES_MAX: usize = 64;

/// The chains in a directory.
pub(super) struct Ketens {
    directory: PathBuf,
    oin: Oin,
    clock: Clock,
    gelezen: ArcSwap<Vec<Keten>>,
    /// The files as they were before they were read.
    gezien: Seen,
}

/// Each file with its length and the moment of its last change.
type Seen = Vec<(PathBuf, Option<(u64, SystemTime)>)>;

/// The chain of a file.
#[derive(Debug)]
pub(super) struct Keten {
    /// When all of its certificates hold.
    pub(super) validity: Validity,
    certificates: Vec<Vec<u8>>,
}

impl Ketens {
    /// What the directory has of this organisation.
    ///
    /// # Errors
    /// A text for the operator: the directory, or the first file in it that is no good.
    pub(super) fn open(directory: &Path, oin: Oin, clock: Clock) -> Result<Self, String> {
        let gezien = seen(directory);
        let files = pem_files(directory)?;
        let read = files.iter().map(|file| Keten::read(file, &oin));
        Ok(Self {
            gelezen: ArcSwap::from_pointee(read.collect::<Result<_, _>>()?),
            gezien,
            directory: directory.to_owned(),
            oin,
            clock,
        })
    }

    /// Takes the directory anew when a file in it changes: what is good in it, and tells of what is not. While the
    /// directory itself cannot be read, what was taken before stays. Tells of each key that is published and
    /// has no certificate, once a day.
    pub(super) async fn keep_fresh(self: Arc<Self>, app: Arc<App>) {
        let (mut taken, mut faults) = (self.gezien.clone(), Vec::new());
        let mut told = BTreeSet::new();
        for look in 0_u64.. {
            if look.is_multiple_of(LOOKS_A_DAY) {
                told.clear();
            }
            told = self.tell_of_bare(&app, &told);
            tokio::time::sleep(LOOK_EVERY).await;
            let found = seen(&self.directory);
            if found == taken && faults.is_empty() {
                continue;
            }
            let now = self.take();
            if found != taken || now != faults {
                for why in &now {
                    tracing::error!("{why}");
                }
                let party = app.party;
                tracing::info!(party, "the certificates of the keys were taken anew");
            }
            (taken, faults) = (found, now);
        }
    }

    /// Takes what is good in the directory; what is not is returned, to be looked at again.
    fn take(&self) -> Vec<String> {
        let files = match pem_files(&self.directory) {
            Ok(files) => files,
            Err(why) => return vec![format!("{why}; what was there before stays")],
        };
        let (mut good, mut faults) = (Vec::new(), Vec::new());
        for file in &files {
            match Keten::read(file, &self.oin) {
                Ok(keten) => good.push(keten),
                Err(why) => faults.push(format!("{why}; this certificate is not shown")),
            }
        }
        self.gelezen.store(Arc::new(good));
        faults
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
        let each: Result<Vec<_>, _> = certificates.iter().map(|der| validity(der)).collect();
        let each = each.map_err(|bad| format!("{at}: {bad}"))?;
        let from = each.iter().map(|one| one.from).max();
        let until = each.iter().map(|one| one.until).min();
        let validity = from
            .zip(until)
            .map(|(from, until)| Validity { from, until });
        let validity = validity.ok_or(format!("{at}: holds no certificate"))?;
        // As whoever reads the keys judges it, at a moment at which all of it holds.
        let root: Vec<_> = certificates
            .last()
            .cloned()
            .into_iter()
            .map(CertificateDer::from)
            .collect();
        if !leads_to(&certificates, &root, validity.from) {
            let why = "an issuer in it is no authority, or its certificates never hold together";
            return Err(format!("{at}: {why}"));
        }
        Ok(Self {
            validity,
            certificates,
        })
    }
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

/// Nothing of a directory that cannot be read.
fn seen(directory: &Path) -> Seen {
    let files = pem_files(directory).unwrap_or_default().into_iter();
    files
        .map(|file| (file.clone(), super::reload::seen(&file)))
        .collect()
}
