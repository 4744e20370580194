//! What can be read from a certificate that somebody showed us.

use std::fmt;

use aws_lc_rs::digest;
use identity::{Hostname, NotAHostname};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use verdict::Moment;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use super::ORGANISATION;

/// Names of a kind that are looked at in one certificate.
const NAMES_MAX: usize = 100;

/// Why a certificate tells us nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCertificate {
    /// Not one X.509 certificate in DER, or one whose alternative names cannot be read.
    Form,
    /// No DNS name, or more than one: a node has exactly one name.
    NotOneName,
    /// Its one DNS name is no full host name (a wildcard, say).
    NotAHostname,
}

impl fmt::Display for BadCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "not a readable X.509 certificate",
            Self::NotOneName => "the certificate does not have exactly one DNS name",
            Self::NotAHostname => "the certificate's DNS name is not a full host name",
        })
    }
}

impl std::error::Error for BadCertificate {}

/// The host name of the node that owns the certificate: its only DNS name (RFC 5280 §4.2.1.6).
/// Names of other kinds may stand beside it; the subject's common name is never looked at.
pub fn peer_hostname(der: &[u8]) -> Result<Hostname, BadCertificate> {
    let certificate = parse(der)?;
    let names = dns_names(&certificate)?;
    let [name] = names[..] else {
        return Err(BadCertificate::NotOneName);
    };
    as_hostname(name).map_err(|_| BadCertificate::NotAHostname)
}

/// Every host that a certificate names: common names and DNS names, 100 of each at most. What is no host name
/// is left out. To hold against a list of participants (core.whl.307), never to say who the client is.
pub fn hosts_named(der: &[u8]) -> Vec<Hostname> {
    let Ok(certificate) = parse(der) else {
        return Vec::new();
    };
    let common = certificate.subject().iter_common_name();
    let common = common.filter_map(|name| name.as_str().ok());
    let dns = dns_names(&certificate).unwrap_or_default();
    common
        .take(NAMES_MAX)
        .chain(dns.into_iter().take(NAMES_MAX))
        .filter_map(|name| as_hostname(name).ok())
        .collect()
}

/// The DNS names of a certificate in lower case, 100 at most (RFC 5280 §7.2).
pub fn dns_names_of(der: &[u8]) -> Vec<String> {
    let Ok(certificate) = parse(der) else {
        return Vec::new();
    };
    let names = dns_names(&certificate).unwrap_or_default();
    let names = names.into_iter().take(NAMES_MAX);
    names.map(str::to_ascii_lowercase).collect()
}

/// Whether a DNS name of the certificate stands for many (RFC 6125 §6.4.3).
pub fn names_a_wildcard(der: &[u8]) -> bool {
    parse(der).is_ok_and(|certificate| {
        let names = dns_names(&certificate).unwrap_or_default();
        names.iter().any(|name| name.contains('*'))
    })
}

fn dns_names<'a>(certificate: &'a X509Certificate<'_>) -> Result<Vec<&'a str>, BadCertificate> {
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| BadCertificate::Form)?;
    let names = names.map_or(&[][..], |names| &names.value.general_names);
    let dns = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(*name),
        _ => None,
    });
    Ok(dns.collect())
}

/// RFC 5280 §7.2: DNS names compare without regard to case.
fn as_hostname(name: &str) -> Result<Hostname, NotAHostname> {
    Hostname::parse(&name.to_ascii_lowercase())
}

/// Whose certificate it is, as its authority wrote it; nothing when it cannot be read.
pub fn subject(der: &[u8]) -> Option<String> {
    let certificate = parse(der).ok()?;
    Some(certificate.subject().to_string())
}

/// Whether a certificate is of the demo's authority, or was given out by it.
pub fn is_of_the_demo(der: &[u8]) -> bool {
    parse(der).is_ok_and(|certificate| {
        let names = [certificate.issuer(), certificate.subject()];
        let organisations = names.iter().flat_map(|name| name.iter_organization());
        let mut organisations = organisations.filter_map(|name| name.as_str().ok());
        organisations.any(|name| name == ORGANISATION)
    })
}

/// Whether a certificate can be an authority's (RFC 5280 §4.2.1.9), or is its own.
pub fn vouches(der: &[u8]) -> bool {
    let Ok(certificate) = parse(der) else {
        return false;
    };
    certificate.is_ca() || certificate.issuer().as_raw() == certificate.subject().as_raw()
}

/// Whether a chain leads from its first certificate to one of these roots, which is its last: each issued by
/// the next, which is an authority, and all of them valid at `now`. Names and revocation are
/// not looked at: it is for certificates of messages, not of hosts.
pub fn leads_to(chain: &[Vec<u8>], roots: &[CertificateDer<'static>], now: Moment) -> bool {
    let read: Result<Vec<_>, _> = chain.iter().map(|der| parse(der)).collect();
    let Ok(read) = read else { return false };
    let ends_at_root = chain
        .last()
        .is_some_and(|last| roots.iter().any(|root| root.as_ref() == last.as_slice()));
    let issued = read.windows(2).enumerate().all(|(below, pair)| {
        let (certificate, issuer) = (&pair[0], &pair[1]);
        may_issue(issuer, below)
            && certificate.issuer().as_raw() == issuer.subject().as_raw()
            && certificate
                .verify_signature(Some(issuer.public_key()))
                .is_ok()
    });
    ends_at_root && issued && read.iter().all(|each| validity_of(each).holds_at(now))
}

/// Whether it is an authority with room for so many authorities under it (RFC 5280 §4.2.1.9).
fn may_issue(certificate: &X509Certificate<'_>, below: usize) -> bool {
    let constraints = certificate.basic_constraints().ok().flatten();
    constraints.is_some_and(|constraints| {
        let room = constraints.value.path_len_constraint;
        constraints.value.ca && room.is_none_or(|room| below <= room as usize)
    })
}

/// When a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub from: Moment,
    /// The first second after it. X.509's `notAfter` is the last second that still counts (RFC
    /// 5280 §4.1.2.5), hence one more.
    pub until: Moment,
}

impl Validity {
    /// Whether the certificate holds at `now`.
    pub fn holds_at(self, now: Moment) -> bool {
        self.from <= now && !self.until.is_over_at(now)
    }
}

/// When the certificate holds.
pub fn validity(der: &[u8]) -> Result<Validity, BadCertificate> {
    Ok(validity_of(&parse(der)?))
}

/// The first moment at which the certificate no longer holds.
pub fn expiry(der: &[u8]) -> Result<Moment, BadCertificate> {
    Ok(validity(der)?.until)
}

/// The SHA-256 of the certificate, as `x5t#S256` names it (RFC 8705 §3.1); the caller encodes it.
pub fn thumbprint(der: &[u8]) -> [u8; 32] {
    let mut thumbprint = [0; 32];
    thumbprint.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
    thumbprint
}

pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, BadCertificate> {
    match x509_parser::parse_x509_certificate(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(BadCertificate::Form),
    }
}

pub(super) fn validity_of(certificate: &X509Certificate<'_>) -> Validity {
    let validity = certificate.validity();
    Validity {
        from: Moment::from_unix(validity.not_before.timestamp()),
        until: Moment::from_unix(validity.not_after.timestamp()).plus_s(1),
    }
}

/// The certificates of a PEM file, at least one.
///
/// # Errors
/// A text for the operator.
pub fn roots_of(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let roots = read.map_err(|_| "not PEM".to_owned())?;
    if roots.is_empty() {
        return Err("holds no certificate".to_owned());
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn with_names(names: &[&str]) -> Vec<u8> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 1, 2);
        self_signed(&params)
    }

    fn self_signed(params: &CertificateParams) -> Vec<u8> {
        let key = KeyPair::generate().expect("a key");
        params
            .self_signed(&key)
            .expect("self-signed")
            .der()
            .to_vec()
    }

    #[test]
    fn the_only_dns_name_is_the_peers_name() {
        // RFC 5280 §4.2.1.6 and §7.2
        let name = |names: &[&str]| peer_hostname(&with_names(names));
        let dva = Hostname::parse("dva.localhost").expect("a host name");
        assert_eq!(name(&["dva.localhost"]), Ok(dva.clone()));
        assert_eq!(name(&["DVA.localhost"]), Ok(dva.clone()));
        assert_eq!(name(&["dva.localhost", "127.0.0.1"]), Ok(dva));
        for none in [&[][..], &["127.0.0.1"], &["a.localhost", "b.localhost"]] {
            assert_eq!(name(none), Err(BadCertificate::NotOneName), "{none:?}");
        }
        assert_eq!(name(&["*.localhost"]), Err(BadCertificate::NotAHostname));
    }

    #[test]
    fn core_whl_307_a_certificate_names_hosts_in_common_name_and_dns_names() {
        let mut params = CertificateParams::default();
        let dns = |name: &str| SanType::DnsName(name.try_into().expect("ASCII"));
        params.subject_alt_names = vec![dns("a.localhost"), dns("*.localhost"), dns("B.localhost")];
        params
            .distinguished_name
            .push(DnType::CommonName, "c.localhost");
        let named = hosts_named(&self_signed(&params));
        let named: Vec<&str> = named.iter().map(Hostname::as_str).collect();
        assert_eq!(named, ["c.localhost", "a.localhost", "b.localhost"]);
        params.subject_alt_names = vec![dns("a.localhost"); 101];
        assert_eq!(hosts_named(&self_signed(&params)).len(), 101);
        assert!(hosts_named(b"no certificate").is_empty());
    }

    #[test]
    fn the_same_name_twice_is_two_names() {
        let mut params = CertificateParams::default();
        let name = || SanType::DnsName("a.localhost".try_into().expect("ASCII"));
        params.subject_alt_names = vec![name(), name()];
        assert_eq!(
            peer_hostname(&self_signed(&params)),
            Err(BadCertificate::NotOneName)
        );
    }

    #[test]
    fn a_certificate_holds_through_its_last_second() {
        let validity = validity(&with_names(&["a.localhost"])).expect("a certificate");
        // 2026-01-01T00:00:00Z
        let from = Moment::from_unix(1_767_225_600);
        let last = from.plus_s(86_400);
        assert!(!validity.holds_at(from.minus_s(1)));
        assert!(validity.holds_at(from));
        assert!(validity.holds_at(last));
        assert!(!validity.holds_at(last.plus_s(1)));
    }

    #[test]
    fn bytes_before_after_or_instead_of_a_certificate_are_refused() {
        let good = with_names(&["a.localhost"]);
        let with_a_tail = [&good[..], &[0]].concat();
        for bad in [
            &b""[..],
            b"no certificate",
            &with_a_tail,
            &good[..good.len() - 1],
        ] {
            assert_eq!(peer_hostname(bad), Err(BadCertificate::Form));
            assert_eq!(expiry(bad), Err(BadCertificate::Form));
        }
    }

    #[test]
    fn a_thumbprint_is_the_sha_256_of_the_der() {
        // FIPS 180-2, B.1: the message "abc".
        assert_eq!(thumbprint(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
