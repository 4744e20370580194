//! Whom a node believes, as its configuration says and its files have it now.

use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use verdict::Moment;

use super::files;
use super::revocation::{List, Source};
use crate::config::{Revocation, TrustConfig};
use crate::input::{ClientAuth, Registers};
use crate::outside::Outside;
use crate::trust::{self, Trust};

/// A list is fetched anew this long after the last time, in seconds, or sooner when it is due.
const FETCH_EVERY_S: i64 = 3_600;

/// The sources of trust.
pub(super) struct Sources {
    roots: Vec<PathBuf>,
    pinned: Vec<CertificateDer<'static>>,
    lists: Option<Vec<Source>>,
}

impl Sources {
    /// What the configuration names; and the certificates that clients registered as they are.
    pub(super) fn of(config: &TrustConfig, registers: &Registers, state: &Path) -> Self {
        let pinned = registers
            .clients
            .iter()
            .filter_map(|client| match &client.auth {
                ClientAuth::SelfSigned(certificate) => Some(certificate.clone()),
                ClientAuth::TlsClientAuth | ClientAuth::PrivateKeyJwt(_) => None,
            });
        Self {
            roots: config.roots.clone(),
            pinned: pinned.collect(),
            lists: match &config.revocation {
                Revocation::Off => None,
                Revocation::Crls(named) => {
                    Some(named.iter().map(|name| Source::of(name, state)).collect())
                }
            },
        }
    }

    /// The authorities.
    ///
    /// # Errors
    /// A text for the operator.
    pub(super) fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let files = self.roots.iter().map(|file| files::roots(file));
        let roots: Vec<Vec<_>> = files.collect::<Result<_, _>>()?;
        Ok(roots.into_iter().flatten().collect())
    }

    /// The revocation lists; none when nobody is asked about revocation.
    pub(super) fn lists(&self) -> &[Source] {
        self.lists.as_deref().unwrap_or_default()
    }

    /// Trust as it is now. A list that cannot be used is left out, so that what its authority vouches
    /// for is refused; the second part tells of each.
    ///
    /// # Errors
    /// A text for the operator, when an authority cannot be read.
    pub(super) fn at(&self, now: Moment) -> Result<(Trust, Vec<String>), String> {
        let roots = self.authorities()?;
        let mut faults = Vec::new();
        let revocation = match &self.lists {
            None => trust::Revocation::Unchecked,
            Some(sources) => {
                let read = sources.iter().map(|source| source.in_force(&roots, now));
                let (lists, bad): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
                faults.extend(bad.into_iter().filter_map(Result::err));
                let lists = lists.into_iter().flatten();
                trust::Revocation::Lists(lists.map(|list| list.der).collect())
            }
        };
        let trust = Trust {
            roots,
            pinned: self.pinned.clone(),
            revocation,
            ..Trust::default()
        };
        Ok((trust, faults))
    }

    /// Fetches the lists that are due; tells of each that could not be had.
    pub(super) async fn fetch_due(
        &self,
        outside: &Outside,
        now: Moment,
        last: Moment,
    ) -> Vec<String> {
        let Ok(roots) = self.authorities() else {
            return Vec::new(); // told by `at`
        };
        let due = self
            .lists()
            .iter()
            .filter(|source| is_due(source.read(&roots).ok().as_ref(), now, last));
        let fetched = due.map(|source| source.fetch(outside, &roots));
        let fetched = futures_util::future::join_all(fetched).await;
        fetched.into_iter().filter_map(Result::err).collect()
    }

    /// Which lists are in force: it changes also when nobody touches a file.
    pub(super) fn in_force(&self, now: Moment) -> Vec<bool> {
        let Ok(roots) = self.authorities() else {
            return Vec::new(); // told by `at`
        };
        let lists = self.lists().iter();
        lists
            .map(|source| source.in_force(&roots, now).is_ok())
            .collect()
    }

    /// The files on which trust rests.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let lists = self.lists().iter().map(|source| source.file().to_owned());
        self.roots.iter().cloned().chain(lists).collect()
    }
}

/// Whether a list is to be fetched: none is held, the next one is out soon, or the last look was long
/// ago.
fn is_due(held: Option<&List>, now: Moment, last: Moment) -> bool {
    let since = now.unix() - last.unix();
    match held {
        None => true,
        Some(List { until, .. }) => {
            since >= FETCH_EVERY_S || until.unix() - now.unix() < since.max(60)
        }
    }
}
