//! Whom a node believes, as its configuration says and its files have it now.

use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use rustls_pki_types::CertificateDer;
use verdict::Moment;

use super::files;
use super::revocation::Source;
use crate::config::{Revocation, TrustConfig};
use crate::input::{ClientAuth, Registers};
use crate::outside::Outside;
use crate::trust::{self, Trust};

/// Between two fetches of a list, in seconds: at most, and at least.
const FETCH_EVERY_S: i64 = 3_600;
const FETCH_AGAIN_S: i64 = 60;

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
                ClientAuth::TlsClientAuth(_) | ClientAuth::PrivateKeyJwt(_) => None,
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

    /// Trust at this moment, in these authorities, by the lists as they are. A list that cannot be used is
    /// left out, so that what its authority vouches for is refused.
    pub(super) fn judged(&self, roots: Vec<CertificateDer<'static>>, now: Moment) -> Judged {
        let (mut faults, mut until, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for source in self.lists() {
            let list = source.in_force(&roots, now);
            until.push(list.as_ref().ok().map(|list| list.until));
            match list {
                Ok(list) => held.push(list.der),
                Err(why) => faults.push(why),
            }
        }
        let trust = Trust {
            roots,
            pinned: self.pinned.clone(),
            revocation: match &self.lists {
                None => trust::Revocation::Unchecked,
                Some(_) => trust::Revocation::Lists(held),
            },
            ..Trust::default()
        };
        Judged {
            trust,
            faults,
            until,
        }
    }

    /// Fetches those of the lists for which `is_due` holds, by their place; tells of each that could
    /// not be had, or that none of the authorities signed.
    pub(super) async fn fetch(
        &self,
        outside: &Outside,
        roots: &[CertificateDer<'static>],
        now: Moment,
        is_due: impl Fn(usize) -> bool,
    ) -> Vec<(usize, Result<(), String>)> {
        let due = self.lists().iter().enumerate();
        let due: Vec<_> = due.filter(|(at, _)| is_due(*at)).collect();
        let fetched = due.into_iter().map(async |(at, source)| {
            let fetched = source.fetch(outside, roots, now).await;
            (at, fetched)
        });
        join_all(fetched).await
    }

    /// The files on which trust rests.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let lists = self.lists().iter().map(|source| source.file().to_owned());
        self.roots.iter().cloned().chain(lists).collect()
    }
}

/// What the files say at a moment.
pub(super) struct Judged {
    pub(super) trust: Trust,
    /// What cannot be used.
    pub(super) faults: Vec<String>,
    /// Until when each list holds; nothing for one that cannot be used.
    pub(super) until: Vec<Option<Moment>>,
}

/// When a list is fetched the next time: within the hour, halfway to its end if that is sooner, and a
/// minute from now when there is none that holds.
pub(super) fn next_fetch(until: Option<Moment>, now: Moment) -> Moment {
    let left_s = until.map_or(0, |until| until.unix() - now.unix());
    let wait_s = (left_s / 2).clamp(FETCH_AGAIN_S, FETCH_EVERY_S);
    Moment::from_unix(now.unix() + wait_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_fetched_before_it_runs_out_and_never_all_the_time() {
        let now = Moment::from_unix(1_000_000);
        let wait_s = |left_s: Option<i64>| {
            let until = left_s.map(|left_s| Moment::from_unix(now.unix() + left_s));
            next_fetch(until, now).unix() - now.unix()
        };
        assert_eq!(wait_s(Some(7 * 86_400)), 3_600);
        assert_eq!(wait_s(Some(1_000)), 500);
        assert_eq!(wait_s(Some(10)), 60);
        assert_eq!(wait_s(Some(-5)), 60, "it is over");
        assert_eq!(wait_s(None), 60, "there is none");
    }
}
