//! Who is on the other side of a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use identity::Hostname;
use rustls_pki_types::CertificateDer;
use verdict::Moment;

use crate::certificates::{self, BadCertificate, Validity};

/// Who is on the other side: in the extensions of every request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The client certificate, if the site asked for one and the client showed it. The handshake
    /// verified it under the site's roots, once; a resumed session is not verified anew.
    pub certificate: Option<Arc<PeerCertificate>>,
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// The named proxy that told of the certificate (RFC 9440), if it was not the connection itself
    /// that showed it. An interface that wants mutual TLS up to itself (MedMij's token interface by
    /// GET, design §5) refuses such requests.
    pub proxy: Option<Hostname>,
}

impl Peer {
    /// The other side of a connection.
    pub const fn new(certificate: Option<Arc<PeerCertificate>>, address: SocketAddr) -> Self {
        Self {
            certificate,
            address,
            proxy: None,
        }
    }

    /// Its name for the observer: what its certificate says, or that it is a browser.
    pub fn name(&self) -> String {
        let certificate = self.certificate.as_ref();
        let name = certificate.and_then(|c| c.hostname.as_ref().ok());
        name.map_or_else(|| "user agent".to_owned(), ToString::to_string)
    }

    /// The client certificate, if there is one and it holds at `now`. To be asked at every request:
    /// connections and session tickets outlive certificates. Pass the moment of the wall clock.
    pub fn certificate_valid_at(&self, now: Moment) -> Option<&PeerCertificate> {
        let certificate = self.certificate.as_deref()?;
        certificate.validity.holds_at(now).then_some(certificate)
    }
}

/// A client certificate, with what is read from it once per connection.
#[derive(Clone, Debug)]
pub struct PeerCertificate {
    /// The certificate itself.
    pub der: CertificateDer<'static>,
    /// When it holds.
    pub validity: Validity,
    /// Its SHA-256 (`x5t#S256`, RFC 8705 §3.1).
    pub thumbprint: [u8; 32],
    /// Its only DNS name, or why it has none.
    pub hostname: Result<Hostname, BadCertificate>,
    /// Its DNS names, in lower case.
    pub dns_names: Vec<String>,
    /// Every host that it names, in its common name too; see [`certificates::hosts_named`].
    pub hosts_named: Vec<Hostname>,
}

impl PeerCertificate {
    /// Reads a certificate. Errs when it is none; one without a usable name is still read, since a
    /// client may be known by its thumbprint.
    pub fn read(der: CertificateDer<'static>) -> Result<Self, BadCertificate> {
        Ok(Self {
            validity: certificates::validity(&der)?,
            thumbprint: certificates::thumbprint(&der),
            hostname: certificates::peer_hostname(&der),
            dns_names: certificates::dns_names_of(&der),
            hosts_named: certificates::hosts_named(&der),
            der,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(certificate: Option<CertificateDer<'static>>) -> Peer {
        let read = |der| Arc::new(PeerCertificate::read(der).expect("a certificate"));
        Peer::new(certificate.map(read), ([127, 0, 0, 1], 1).into())
    }

    #[test]
    fn a_certificate_that_ended_during_the_connection_counts_no_more() {
        let made = rcgen::generate_simple_self_signed(["a.localhost".to_owned()]).expect("made");
        let peer = peer(Some(made.cert.der().clone()));
        let until = peer.certificate.as_ref().expect("one").validity.until;
        assert!(peer.certificate_valid_at(until.minus_s(1)).is_some());
        assert!(peer.certificate_valid_at(until).is_none());
    }

    #[test]
    fn nobody_has_no_certificate() {
        assert!(
            peer(None)
                .certificate_valid_at(Moment::from_unix(0))
                .is_none()
        );
    }
}
