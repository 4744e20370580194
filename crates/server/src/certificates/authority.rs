//! The demo's certificate authority.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest;
use identity::{Hostname, Oin};
use jose::Jwk;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SanType,
    SignatureAlgorithm,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use verdict::Moment;
use x509_parser::certificate::X509Certificate;

use super::files::{Found, KeyFiles};
use super::reading::{parse, validity_of};
use super::{Identity, IssueFault, SERIAL_NUMBER, peer_hostname};

/// How long the authority lasts. Short, because people put it into their browsers; a demo that is
/// left running longer must be started again. Certificates under it end with it.
const AUTHORITY_LIFETIME_S: u32 = 30 * DAY_S;
/// How long a SAML signing certificate lasts: a year, as the other side pins it by hand.
const SAML_LIFETIME_S: u32 = 365 * DAY_S;
/// What has a day or less to live is made anew at start, so that nothing ends during a
/// demonstration.
const SPARE_S: u32 = DAY_S;
/// A new certificate holds from an hour ago, for counterparts whose clock is slow.
const BACKDATE_S: u32 = 60 * 60;
const DAY_S: u32 = 24 * 60 * 60;
/// The organisation in every name that the demo makes.
pub const ORGANISATION: &str = "Sluis demo (TEST)";
/// RFC 5280 appendix A.1, `ub-common-name`: a longer name stands in the alternative names only.
const COMMON_NAME_BYTES_MAX: usize = 64;

/// The demo's own certificate authority, for names under `localhost` and for nothing else.
///
/// Its certificate says so in critical name constraints (RFC 5280 §4.2.1.10): DNS names within
/// `localhost` are permitted, every IP address is excluded, and its extended key usage leaves only
/// TLS. So whoever trusts it in a browser, and loses its key, has lost no other site.
pub struct Authority {
    certificate: CertificateDer<'static>,
    until: Moment,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// The authority kept in `directory` (`ca.pem`, and `ca.key` with mode 0600), or a new one when
    /// there is none that lasts for another day after `now`. Errs when the directory cannot be
    /// written.
    pub fn open(directory: &Path, now: Moment) -> Result<Self, IssueFault> {
        let files = KeyFiles::authority(directory);
        let found = match kept(&files, now, |certificate| certificate.is_ca())? {
            Some(found) => found,
            None => new_authority(&files, now)?,
        };
        let until = super::expiry(&found.certificate).map_err(making)?;
        // The subject follows from the key, and the issuer from the subject: a kept authority
        // issues under the very name that its certificate bears.
        let params = authority_params(&found.key, now);
        Ok(Self {
            certificate: found.certificate,
            until,
            issuer: Issuer::new(params, found.key),
        })
    }

    /// The authority's own certificate: the root that the demo's parties trust.
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// What browsers call it in their list of authorities: the common name of its subject. They list
    /// it under [`ORGANISATION`].
    pub fn name(&self) -> String {
        let read = parse(&self.certificate);
        let read = read.as_ref().ok();
        let name = read.and_then(|own| own.subject().iter_common_name().next());
        let name = name.and_then(|name| name.as_str().ok());
        name.unwrap_or(ORGANISATION).to_owned()
    }

    /// The first moment at which the authority no longer holds.
    pub const fn until(&self) -> Moment {
        self.until
    }

    /// The certificate with which the party answers at `host`: that one name (no wildcard; browsers
    /// refuse `*.localhost`), for TLS servers only. Kept in the party's directory, made anew when
    /// it ends within a day or another authority issued it.
    pub fn server(
        &self,
        party: &Path,
        host: &Hostname,
        now: Moment,
    ) -> Result<Identity, IssueFault> {
        let usage = ExtendedKeyUsagePurpose::ServerAuth;
        self.leaf(&KeyFiles::server(party, host), host, usage, now)
    }

    /// The certificate with which the party calls others, under the name `host`, for TLS clients
    /// only. Kept and made anew as a server's is.
    pub fn client(
        &self,
        party: &Path,
        host: &Hostname,
        now: Moment,
    ) -> Result<Identity, IssueFault> {
        let usage = ExtendedKeyUsagePurpose::ClientAuth;
        self.leaf(&KeyFiles::client(party, host), host, usage, now)
    }

    /// The certificate of a key with which a party signs messages, or to which others encrypt them: its subject has
    /// the party's OIN as serial number, as in PKIoverheid (etoegang case 82). It is for no host. Nothing for
    /// another kind of key than RSA and ECDSA P-256.
    pub fn of_messages(&self, key: &Jwk, oin: &Oin, now: Moment) -> Option<Vec<u8>> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name("a key for messages");
        let serial_number = DnType::CustomDnType(SERIAL_NUMBER.to_vec());
        params.distinguished_name.push(serial_number, oin.as_str());
        hold(&mut params, now, self.until);
        params.is_ca = IsCa::ExplicitNoCa;
        let is_of_encryption = key.to_json()["use"] == "enc";
        params.key_usages = vec![if is_of_encryption {
            KeyUsagePurpose::KeyAgreement
        } else {
            KeyUsagePurpose::DigitalSignature
        }];
        let made = params.signed_by(&PublicKey::of(key)?, &self.issuer).ok()?;
        Some(made.der().to_vec())
    }

    fn leaf(
        &self,
        files: &KeyFiles,
        host: &Hostname,
        usage: ExtendedKeyUsagePurpose,
        now: Moment,
    ) -> Result<Identity, IssueFault> {
        let own = parse(&self.certificate).map_err(making)?;
        let is_ours = |certificate: &X509Certificate<'_>| {
            certificate.issuer().as_raw() == own.subject().as_raw()
        };
        if let Some(found) = kept(files, now, is_ours)?
            && is_for(&found, host)
        {
            return Ok(identity(&found));
        }
        let key = KeyPair::generate().map_err(making)?;
        let mut params = leaf_params(host, now, self.until)?;
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).map_err(making)?;
        Ok(identity(&saved(files, &certificate, key)?))
    }
}

/// The RSA-2048 key with which the party signs SAML messages as `host`, and its self-signed
/// certificate, which the other side pins. Kept in the party's directory; made anew when it ends
/// within a day.
pub fn saml_signing(party: &Path, host: &Hostname, now: Moment) -> Result<Identity, IssueFault> {
    let files = KeyFiles::saml(party, host);
    if let Some(found) = kept(&files, now, |_| true)?
        && is_for(&found, host)
    {
        return Ok(identity(&found));
    }
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).map_err(making)?;
    let params = leaf_params(host, now, now.plus_s(SAML_LIFETIME_S))?;
    let certificate = params.self_signed(&key).map_err(making)?;
    Ok(identity(&saved(&files, &certificate, key)?))
}

/// A public key of which we need not have the private one.
struct PublicKey {
    algorithm: &'static SignatureAlgorithm,
    der: Vec<u8>,
}

impl PublicKey {
    fn of(key: &Jwk) -> Option<Self> {
        let key = key.to_json();
        let part = |name: &str| jose::base64url_decode(key[name].as_str()?);
        match (key["kty"].as_str()?, key["crv"].as_str()) {
            ("EC", Some("P-256")) => Some(Self {
                algorithm: &PKCS_ECDSA_P256_SHA256,
                der: [vec![4], part("x")?, part("y")?].concat(), // an uncompressed point
            }),
            ("RSA", _) => Some(Self {
                algorithm: &PKCS_RSA_SHA256,
                der: sequence(&[unsigned(&part("n")?), unsigned(&part("e")?)].concat()), // an RSAPublicKey of PKCS #1
            }),
            _ => None,
        }
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.der
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// DER of a positive whole number, from its bytes without zeros in front.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let is_negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let zero: &[u8] = if is_negative { &[0] } else { &[] };
    tagged(0x02, &[zero, bytes].concat())
}

/// DER of a sequence of these members.
fn sequence(members: &[u8]) -> Vec<u8> {
    tagged(0x30, members)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let bytes = content.len().to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let length = &bytes[zeros.min(bytes.len() - 1)..];
    let mut der = vec![tag];
    if content.len() >= 0x80 {
        der.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
    }
    der.extend(length);
    der.extend(content);
    der
}

fn new_authority(files: &KeyFiles, now: Moment) -> Result<Found, IssueFault> {
    let key = KeyPair::generate().map_err(making)?;
    let params = authority_params(&key, now);
    let certificate = params.self_signed(&key).map_err(making)?;
    saved(files, &certificate, key)
}

/// What lies in the files, if it holds now and for another day, its key fits, and `fits` says so.
fn kept(
    files: &KeyFiles,
    now: Moment,
    fits: impl FnOnce(&X509Certificate<'_>) -> bool,
) -> Result<Option<Found>, IssueFault> {
    Ok(files.load()?.filter(|found| {
        parse(&found.certificate).is_ok_and(|certificate| {
            let validity = validity_of(&certificate);
            validity.holds_at(now)
                && validity.holds_at(now.plus_s(SPARE_S))
                && certificate.public_key().raw == found.key.subject_public_key_info()
                && fits(&certificate)
        })
    }))
}

fn is_for(found: &Found, host: &Hostname) -> bool {
    peer_hostname(&found.certificate).as_ref() == Ok(host)
}

fn saved(files: &KeyFiles, made: &Certificate, key: KeyPair) -> Result<Found, IssueFault> {
    files.save(&made.pem(), &key)?;
    Ok(Found {
        certificate: made.der().clone(),
        key,
    })
}

/// Of the authority with this key: everything but the validity follows from the key.
fn authority_params(key: &KeyPair, now: Moment) -> CertificateParams {
    let mut params = CertificateParams::default();
    let of_key = digest::digest(&digest::SHA256, &key.subject_public_key_info());
    let first = of_key.as_ref().iter().take(8);
    let tag = first.fold(0_u64, |tag, byte| tag << 8 | u64::from(*byte));
    // The key's digest in the name keeps two demo authorities in one trust store apart.
    params.distinguished_name = name(&format!("Sluis demo CA {tag:016x} (TEST)"));
    hold(&mut params, now, now.plus_s(AUTHORITY_LIFETIME_S));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    // RFC 5280 §4.2.1.10: a kind of name that is not mentioned would be free, hence the addresses.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("localhost".to_owned())],
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    params
}

fn leaf_params(
    host: &Hostname,
    now: Moment,
    until: Moment,
) -> Result<CertificateParams, IssueFault> {
    let mut params = CertificateParams::default();
    let dns = host.as_str().to_owned().try_into().map_err(making)?;
    params.subject_alt_names = vec![SanType::DnsName(dns)];
    let common = host.as_str();
    params.distinguished_name = if common.len() <= COMMON_NAME_BYTES_MAX {
        name(common)
    } else {
        name("a long name")
    };
    hold(&mut params, now, until);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, ORGANISATION);
    name.push(DnType::CommonName, common);
    name
}

/// Makes it hold from an hour before `now` up to, but not including, `until`.
fn hold(params: &mut CertificateParams, now: Moment, until: Moment) {
    let at = |moment: Moment| {
        let seconds = u64::try_from(moment.unix()).unwrap_or(0);
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    params.not_before = at(now.minus_s(BACKDATE_S));
    params.not_after = at(until.minus_s(1));
}

fn identity(found: &Found) -> Identity {
    let key = PrivatePkcs8KeyDer::from(found.key.serialize_der());
    Identity::new(
        found.certificate.clone(),
        Vec::new(),
        PrivateKeyDer::Pkcs8(key),
    )
}

fn making(error: impl std::fmt::Display) -> IssueFault {
    IssueFault::Making(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use x509_parser::oid_registry::OID_X509_SERIALNUMBER;

    use super::*;
    use crate::certificates::{expiry, leads_to};

    /// 2026-01-01T00:00:00Z
    const NOW: Moment = Moment::from_unix(1_767_225_600);

    struct Directory(PathBuf);

    impl Directory {
        fn new(test: &str) -> Self {
            let name = format!("sluis-certificates-{}-{test}", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn authority(&self, now: Moment) -> Authority {
            Authority::open(&self.0.join("ca"), now).expect("an authority")
        }

        fn mode(&self, name: &str) -> u32 {
            let path = self.0.join(name);
            let metadata = fs::metadata(path).expect("a file");
            metadata.permissions().mode() & 0o777
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn host(name: &str) -> Hostname {
        Hostname::parse(name).expect("a host name")
    }

    #[test]
    fn an_authority_is_found_again_and_made_anew_on_its_last_day() {
        let directory = Directory::new("again");
        let first = directory.authority(NOW);
        assert_eq!(first.until(), NOW.plus_s(30 * DAY_S));
        let nearly_over = NOW.plus_s(29 * DAY_S - 1);
        let again = directory.authority(nearly_over);
        assert_eq!(again.certificate(), first.certificate());
        let last_day = NOW.plus_s(29 * DAY_S);
        let renewed = directory.authority(last_day);
        assert_ne!(renewed.certificate(), first.certificate());
        assert_eq!(renewed.until(), last_day.plus_s(30 * DAY_S));
    }

    #[test]
    fn rfc_5280_4_2_1_10_the_authority_says_critically_that_it_is_for_localhost() {
        // RFC 5280 §4.2.1.10
        let directory = Directory::new("critical");
        let authority = directory.authority(NOW);
        let own = parse(authority.certificate()).expect("readable");
        let constraints = own.name_constraints().expect("readable").expect("some");
        assert!(constraints.critical);
        let permitted = constraints
            .value
            .permitted_subtrees
            .as_deref()
            .expect("some");
        let [permitted] = permitted else {
            unreachable!("one name and no more");
        };
        assert_eq!(permitted.base.to_string(), "DNSName(localhost)");
    }

    #[test]
    fn the_authority_is_named_as_a_browser_lists_it() {
        let directory = Directory::new("named");
        let authority = directory.authority(NOW);
        let own = parse(authority.certificate()).expect("readable");
        let common = own.subject().iter_common_name().next().expect("a name");
        let organisation = own.subject().iter_organization().next().expect("one");
        assert_eq!(common.as_str().expect("text"), authority.name());
        assert_eq!(organisation.as_str().expect("text"), ORGANISATION);
        assert!(authority.name().starts_with("Sluis demo CA "));
    }

    #[test]
    fn certificates_survive_a_restart_but_not_their_authority() {
        let directory = Directory::new("restart");
        let (party, dva) = (directory.0.join("dva"), host("dva.localhost"));
        let server = |authority: &Authority| {
            let identity = authority.server(&party, &dva, NOW);
            identity.expect("a certificate").certificate().clone()
        };
        let first = server(&directory.authority(NOW));
        assert_eq!(server(&directory.authority(NOW)), first);
        fs::remove_dir_all(directory.0.join("ca")).expect("removed");
        let other = directory.authority(NOW);
        let renewed = server(&other);
        assert_ne!(renewed, first);
        assert_eq!(expiry(&renewed), Ok(other.until()));
    }

    #[test]
    fn a_reloaded_authority_issues_under_the_name_and_key_of_its_certificate() {
        let directory = Directory::new("name");
        drop(directory.authority(NOW));
        let reloaded = directory.authority(NOW.plus_s(DAY_S));
        let client = reloaded.client(&directory.0, &host("pgo.localhost"), NOW.plus_s(DAY_S));
        let client = client.expect("a certificate");
        let (leaf, root) = (parse(client.certificate()), parse(reloaded.certificate()));
        let (leaf, root) = (leaf.expect("a certificate"), root.expect("a certificate"));
        assert_eq!(leaf.issuer().as_raw(), root.subject().as_raw());
    }

    #[test]
    fn a_certificate_bears_one_name_and_one_usage() {
        let directory = Directory::new("usage");
        let (authority, dva) = (directory.authority(NOW), host("dva-back.localhost"));
        let server = authority.server(&directory.0, &dva, NOW).expect("made");
        let client = authority.client(&directory.0, &dva, NOW).expect("made");
        assert_ne!(server.key().secret_der(), client.key().secret_der());
        for (identity, serves) in [(server, true), (client, false)] {
            assert_eq!(peer_hostname(identity.certificate()), Ok(dva.clone()));
            let certificate = parse(identity.certificate()).expect("a certificate");
            let usage = certificate.extended_key_usage().expect("readable");
            let usage = usage.expect("there").value;
            assert_eq!((usage.server_auth, usage.client_auth), (serves, !serves));
            assert!(!usage.any && !certificate.is_ca());
        }
    }

    #[test]
    fn keys_are_for_their_owner_only() {
        let directory = Directory::new("modes");
        fs::create_dir_all(directory.0.join("pgo")).expect("made");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(directory.0.join("pgo"), open).expect("set");
        let (authority, pgo) = (directory.authority(NOW), host("pgo.localhost"));
        let party = directory.0.join("pgo");
        authority.server(&party, &pgo, NOW).expect("made");
        authority.client(&party, &pgo, NOW).expect("made");
        saml_signing(&party, &pgo, NOW).expect("made");
        assert_eq!(
            (directory.mode("ca"), directory.mode("pgo")),
            (0o700, 0o700)
        );
        for key in [
            "ca/ca",
            "pgo/server-pgo.localhost",
            "pgo/client-pgo.localhost",
        ] {
            assert_eq!(directory.mode(&format!("{key}.key")), 0o600, "{key}");
        }
        assert_eq!(directory.mode("pgo/saml-pgo.localhost.key"), 0o600);
    }

    #[test]
    fn a_key_that_others_could_read_or_that_does_not_fit_is_made_anew() {
        let directory = Directory::new("leaked");
        let (authority, pgo) = (directory.authority(NOW), host("pgo.localhost"));
        let client = || {
            let identity = authority.client(&directory.0, &pgo, NOW);
            identity.expect("a certificate").key().secret_der().to_vec()
        };
        let files = KeyFiles::client(&directory.0, &pgo);
        let first = client();
        let open = fs::Permissions::from_mode(0o640);
        fs::set_permissions(&files.key, open).expect("set");
        let second = client();
        assert_ne!(second, first);
        let other = KeyPair::generate().expect("a key").serialize_pem();
        fs::write(&files.key, other).expect("written");
        let third = client();
        assert_ne!(third, second);
        fs::write(&files.certificate, "no certificate").expect("written");
        let fourth = client();
        assert_ne!(fourth, third);
        assert_eq!(client(), fourth);
    }

    #[test]
    fn etoegang_case_082_a_key_for_messages_leads_to_the_authority_and_bears_the_oin() {
        let directory = Directory::new("messages");
        let authority = directory.authority(NOW);
        let other = Authority::open(&directory.0.join("other"), NOW).expect("another");
        let oin = Oin::parse("00000003273226310000").expect("an OIN");
        for algorithm in [jose::Algorithm::Es256, jose::Algorithm::Rs256] {
            let der = jose::generate_pkcs8(algorithm, jose::RsaSize::Bits2048).expect("a key");
            let key = jose::SigningKey::from_pkcs8(algorithm, &der).expect("usable");
            let made = authority.of_messages(key.public(), &oin, NOW);
            let leaf = made.expect("a certificate");
            let pair = KeyPair::try_from(der.as_slice()).expect("the same key");
            let read = parse(&leaf).expect("readable");
            assert_eq!(read.public_key().raw, pair.subject_public_key_info());
            // etoegang case 82
            let mut numbers = read.subject().iter_by_oid(&OID_X509_SERIALNUMBER);
            let number = numbers.next().and_then(|number| number.as_str().ok());
            assert_eq!(number, Some(oin.as_str()));
            let root = authority.certificate();
            let chain = [leaf.clone(), root.to_vec()];
            let leads = |chain: &[Vec<u8>], root: &CertificateDer<'static>, now| {
                leads_to(chain, std::slice::from_ref(root), now)
            };
            assert!(leads(&chain, root, NOW));
            assert!(!leads(&chain, root, authority.until()), "it is over");
            assert!(!leads(&chain, other.certificate(), NOW));
            assert!(!leads(&chain[..1], root, NOW), "no root");
            let unrelated = [leaf.clone(), other.certificate().to_vec()];
            assert!(!leads(&unrelated, other.certificate(), NOW));
            let of_no_authority = [leaf.clone(), leaf.clone()];
            assert!(!leads(&of_no_authority, &leaf.clone().into(), NOW));
        }
    }

    #[test]
    fn a_saml_key_is_rsa_2048_and_kept() {
        let directory = Directory::new("saml");
        let mitz = host("mitz.localhost");
        let signing = saml_signing(&directory.0, &mitz, NOW).expect("made");
        let key = aws_lc_rs::rsa::KeyPair::from_pkcs8(signing.key().secret_der()).expect("PKCS#8");
        assert_eq!(key.public_modulus_len(), 256);
        let again = saml_signing(&directory.0, &mitz, NOW.plus_s(30 * DAY_S)).expect("kept");
        assert_eq!(again.certificate(), signing.certificate());
        assert_eq!(expiry(again.certificate()), Ok(NOW.plus_s(SAML_LIFETIME_S)));
    }

    #[test]
    fn an_identity_prints_no_key() {
        let directory = Directory::new("print");
        let identity = directory
            .authority(NOW)
            .client(&directory.0, &host("pgo.localhost"), NOW)
            .expect("made");
        let printed = format!("{identity:?}");
        assert!(printed.ends_with("key ***)"), "{printed}");
    }
}
