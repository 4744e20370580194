//! Revocation lists: where they come from, whether they may be believed, and how long.

use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use url::Url;
use verdict::Moment;
use x509_parser::num_bigint::BigUint;
use x509_parser::parse_x509_crl;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::files;
use crate::date;
use crate::lists::kept::replace;
use crate::outside::{Bounds, Headers, Outside};
use crate::trust;

/// A list of a large authority; a longer one is not taken.
const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// For fetching one.
const FETCH_TIMEOUT_S: u32 = 30;

/// How far the clock of an authority may be ahead of ours, in seconds.
const AHEAD_S_MAX: u32 = 60;

/// A list that an authority of ours signed.
pub(super) struct List {
    pub(super) der: CertificateRevocationListDer<'static>,
    /// Who signed it.
    pub(super) issuer: String,
    /// Its place among those of its issuer (RFC 5280 §5.2.3).
    number: Option<BigUint>,
    /// When it was made (RFC 5280 §5.1.2.4).
    from: Moment,
    /// When the next one is due (RFC 5280 §5.1.2.5); after that moment it counts no more.
    pub(super) until: Moment,
}

impl List {
    /// Whether it was made before another of its issuer. Whoever stands between us and a publisher could
    /// answer with one from before a revocation.
    fn is_older_than(&self, other: &Self) -> bool {
        let is_older = match (&self.number, &other.number) {
            (Some(own), Some(others)) => own < others,
            _ => self.from < other.from,
        };
        self.issuer == other.issuer && is_older
    }
}

/// Where a list comes from.
pub(super) enum Source {
    /// A file that somebody else keeps fresh.
    File(PathBuf),
    /// A URL, and the file in which the last good list is kept.
    Url { url: String, kept: PathBuf },
}

impl Source {
    /// What a configuration names: an http or https URL, or a file.
    pub(super) fn of(named: &str, state: &Path) -> Self {
        let is_url = Url::parse(named).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if is_url {
            let name = jose::b64::encode(jose::sha256(named.as_bytes()));
            Self::Url {
                url: named.to_owned(),
                kept: state.join("crls").join(format!("{name}.crl")),
            }
        } else {
            Self::File(PathBuf::from(named))
        }
    }

    /// Its name for the operator.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(file) => file.display().to_string(),
            Self::Url { url, .. } => url.clone(),
        }
    }

    /// Where the list lies on this machine.
    pub(super) fn file(&self) -> &Path {
        match self {
            Self::File(file) | Self::Url { kept: file, .. } => file,
        }
    }

    /// The list as it lies on this machine.
    ///
    /// # Errors
    /// A text for the operator.
    fn read(&self, authorities: &[CertificateDer<'static>], now: Moment) -> Result<List, String> {
        let said = |why: String| format!("{}: {why}", self.name());
        let bytes = match self {
            Self::File(file) => files::read(file)?,
            Self::Url { kept, .. } => std::fs::read(kept)
                .map_err(|_| said("was not fetched yet; is the address reachable?".to_owned()))?,
        };
        list(bytes, authorities, now).map_err(said)
    }

    /// The list, if it holds at this moment.
    ///
    /// # Errors
    /// A text for the operator.
    pub(super) fn in_force(
        &self,
        authorities: &[CertificateDer<'static>],
        now: Moment,
    ) -> Result<List, String> {
        let list = self.read(authorities, now)?;
        if list.until.is_over_at(now) {
            return Err(format!(
                "{}: was to be followed at {}; until a new one comes, everybody whom {} vouches for \
                 is refused",
                self.name(),
                date::moment(list.until.unix()),
                list.issuer
            ));
        }
        Ok(list)
    }

    /// Fetches a list that has a URL and keeps it, if it can be used and is no older than the one that is
    /// kept.
    ///
    /// # Errors
    /// A text for the operator; what was kept before stays.
    pub(super) async fn fetch(
        &self,
        outside: &Outside,
        authorities: &[CertificateDer<'static>],
        now: Moment,
    ) -> Result<(), String> {
        let Self::Url { url, kept } = self else {
            return Ok(());
        };
        let bounds = Bounds {
            bytes_max: LIST_BYTES_MAX,
            timeout_s: FETCH_TIMEOUT_S,
        };
        let answer = outside.get_within(url, Headers::default(), bounds).await;
        let answer = answer.map_err(|error| format!("{url}: {error}"))?;
        if !answer.status.is_success() {
            return Err(format!("{url}: answered {}", answer.status));
        }
        let fetched = list(answer.body.clone(), authorities, now);
        let fetched = fetched.map_err(|why| format!("{url}: {why}"))?;
        if let Ok(held) = self.read(authorities, now)
            && fetched.is_older_than(&held)
        {
            return Err(format!(
                "{url}: answered with an older list than the one of {} that is held, which stays",
                date::moment(held.from.unix())
            ));
        }
        if let Some(folder) = kept.parent() {
            crate::certificates::private_directory(folder).map_err(|fault| fault.to_string())?;
        }
        replace(kept, &answer.body).map_err(|error| format!("{}: {error}", kept.display()))
    }
}

/// The list in these bytes, PEM or DER, if one of the authorities signed it and TLS can work with it.
fn list(
    bytes: Vec<u8>,
    authorities: &[CertificateDer<'static>],
    now: Moment,
) -> Result<List, String> {
    let der = if bytes.starts_with(b"-----BEGIN") {
        CertificateRevocationListDer::from_pem_slice(&bytes)
            .map_err(|_| "holds no revocation list in PEM".to_owned())?
    } else {
        CertificateRevocationListDer::from(bytes)
    };
    let Ok(([], crl)) = parse_x509_crl(&der) else {
        return Err("is not a revocation list (DER or PEM)".into());
    };
    let signed = authorities.iter().any(|authority| {
        X509Certificate::from_der(authority).is_ok_and(|(_, authority)| {
            authority.subject() == crl.issuer()
                && crl.verify_signature(authority.public_key()).is_ok()
        })
    });
    if !signed {
        return Err("is signed by none of `trust.roots`; name its authority there".into());
    }
    let until = crl.next_update().map(|time| time.timestamp());
    let until = until.ok_or("does not say when the next one is due (nextUpdate)")?;
    let from = Moment::from_unix(crl.last_update().timestamp());
    if from > now.plus_s(AHEAD_S_MAX) {
        let from = date::moment(from.unix());
        return Err(format!(
            "is of {from}, which is yet to come; is our clock right?"
        ));
    }
    trust::takes(&der, authorities).map_err(|why| {
        format!("cannot be used ({why}); ask its authority for a whole list of version 2")
    })?;
    Ok(List {
        issuer: crl.issuer().to_string(),
        number: crl.crl_number().cloned(),
        from,
        until: Moment::from_unix(until),
        der,
    })
}

#[cfg(test)]
mod tests;
