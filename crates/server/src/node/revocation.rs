//! Revocation lists: where they come from, whether they may be believed, and how long.

use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};
use url::Url;
use verdict::Moment;
use x509_parser::parse_x509_crl;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::files;
use crate::date;
use crate::lists::kept::replace;
use crate::outside::{Bounds, Headers, Outside};

/// A list of a large authority; a longer one is not taken.
const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// For fetching one.
const FETCH_TIMEOUT_S: u32 = 30;

/// A list that an authority of ours signed.
pub(super) struct List {
    pub(super) der: CertificateRevocationListDer<'static>,
    /// Who signed it.
    pub(super) issuer: String,
    /// When the next one is due (RFC 5280 §5.1.2.5); after that moment it counts no more.
    pub(super) until: Moment,
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
    pub(super) fn read(&self, authorities: &[CertificateDer<'static>]) -> Result<List, String> {
        let said = |why: String| format!("{}: {why}", self.name());
        let bytes = match self {
            Self::File(file) => files::read(file)?,
            Self::Url { kept, .. } => std::fs::read(kept)
                .map_err(|_| said("was not fetched yet; is the address reachable?".to_owned()))?,
        };
        list(bytes, authorities).map_err(said)
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
        let list = self.read(authorities)?;
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

    /// Fetches a list that has a URL and keeps it, if an authority of ours signed it.
    ///
    /// # Errors
    /// A text for the operator; what was kept before stays.
    pub(super) async fn fetch(
        &self,
        outside: &Outside,
        authorities: &[CertificateDer<'static>],
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
        list(answer.body.clone(), authorities).map_err(|why| format!("{url}: {why}"))?;
        if let Some(folder) = kept.parent() {
            crate::certificates::private_directory(folder).map_err(|fault| fault.to_string())?;
        }
        replace(kept, &answer.body).map_err(|error| format!("{}: {error}", kept.display()))
    }
}

/// The list in these bytes, PEM or DER, if one of the authorities signed it.
fn list(bytes: Vec<u8>, authorities: &[CertificateDer<'static>]) -> Result<List, String> {
    let der = if bytes.starts_with(b"-----BEGIN") {
        CertificateRevocationListDer::from_pem_slice(&bytes)
            .map_err(|_| "holds no revocation list in PEM".to_owned())?
    } else {
        CertificateRevocationListDer::from(bytes)
    };
    let (issuer, until) = match parse_x509_crl(&der) {
        Ok(([], crl)) => {
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
            (crl.issuer().to_string(), Moment::from_unix(until))
        }
        _ => return Err("is not a revocation list (DER or PEM)".into()),
    };
    Ok(List { der, issuer, until })
}
