//! A client certificate that a proxy saw: `Client-Cert` (RFC 9440).
//!
//! The header is believed from a proxy that the site names, over mutual TLS with that proxy's own
//! certificate, and from nobody else: a request of anybody else that bears it is refused. What the
//! proxy says is judged once more as the handshake would have: chain, dates and revocation by what
//! the site trusts.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use identity::Hostname;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, UnixTime};

use super::refusal::Refusal;
use super::{Peer, PeerCertificate};
use crate::clock::Clock;

/// RFC 9440 §2.2.
const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
/// RFC 9440 §2.3.
const CLIENT_CERT_CHAIN: HeaderName = HeaderName::from_static("client-cert-chain");

/// Certificates between the client's own and a root, at most.
const CHAIN_MAX: usize = 4;

/// The proxies of a site, and how the certificates of which they tell are judged.
pub(super) struct Proxies {
    pub(super) hosts: BTreeSet<Hostname>,
    pub(super) judge: Arc<dyn ClientCertVerifier>,
}

/// Who asks: the other side of the connection, or the client of whom a named proxy tells. Both
/// headers are gone afterwards, so that nobody reads them again.
///
/// # Errors
/// [`Refusal::Unproxied`] for a header from anybody else, [`Refusal::BadClientCert`] for one from a
/// proxy that is unreadable or does not hold.
pub(super) fn peer(
    proxies: Option<&Proxies>,
    connection: &Peer,
    headers: &mut HeaderMap,
) -> Result<Peer, Refusal> {
    let proxy = proxies.and_then(|proxies| Some((proxies, named(proxies, connection)?)));
    let Some((proxies, proxy)) = proxy else {
        // RFC 9440 §4
        let has_any = headers.contains_key(CLIENT_CERT) || headers.contains_key(CLIENT_CERT_CHAIN);
        return if has_any {
            Err(Refusal::Unproxied)
        } else {
            Ok(connection.clone())
        };
    };
    let certificate = told(proxies, headers).map_err(|Unbelievable| Refusal::BadClientCert)?;
    headers.remove(CLIENT_CERT);
    headers.remove(CLIENT_CERT_CHAIN);
    Ok(Peer {
        certificate: certificate.map(Arc::new),
        address: connection.address,
        proxy: Some(proxy),
    })
}

/// The named proxy on the other side of the connection, by the name in its certificate.
fn named(proxies: &Proxies, connection: &Peer) -> Option<Hostname> {
    let now = Clock::system().wall();
    let certificate = connection.certificate_valid_at(now)?;
    let host = certificate.hostname.as_ref().ok()?;
    proxies.hosts.contains(host).then(|| host.clone())
}

/// The header cannot be read, or says something that does not hold.
struct Unbelievable;

/// The client's certificate, if the proxy tells of one.
fn told(proxies: &Proxies, headers: &HeaderMap) -> Result<Option<PeerCertificate>, Unbelievable> {
    let mut leaf = certificates(headers, &CLIENT_CERT)?;
    let chain = certificates(headers, &CLIENT_CERT_CHAIN)?;
    let (leaf, rest) = (leaf.pop(), leaf.len());
    let Some(leaf) = leaf else {
        // RFC 9440 §2.3: a chain only beside a certificate
        return if chain.is_empty() {
            Ok(None)
        } else {
            Err(Unbelievable)
        };
    };
    if rest > 0 || chain.len() > CHAIN_MAX {
        return Err(Unbelievable);
    }
    let now_s = Clock::system().wall().unix().unsigned_abs();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now_s));
    let judged = proxies.judge.verify_client_cert(&leaf, &chain, now);
    judged.map_err(|_| Unbelievable)?;
    PeerCertificate::read(leaf)
        .map(Some)
        .map_err(|_| Unbelievable)
}

/// Byte sequences of a structured field (RFC 9440 §2.1): `:base64:`, several with commas between.
fn certificates(
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<Vec<CertificateDer<'static>>, Unbelievable> {
    let mut found = Vec::new();
    for line in headers.get_all(name) {
        let line = line.to_str().map_err(|_| Unbelievable)?;
        for item in line.split(',') {
            let inner = item.trim_matches([' ', '\t']).strip_prefix(':');
            let text = inner
                .and_then(|rest| rest.strip_suffix(':'))
                .ok_or(Unbelievable)?;
            let der = STANDARD.decode(text).map_err(|_| Unbelievable)?;
            found.push(CertificateDer::from(der));
        }
    }
    Ok(found)
}
