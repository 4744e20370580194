//! An authority that gives out certificates and revokes them.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, RevokedCertParams, SerialNumber, date_time_ymd,
};

/// An authority, for as long as the value lives.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    given: u64,
    revoked: Vec<u64>,
    lists: u64,
}

/// A certificate and its key, in PEM.
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The private key, PKCS#8.
    pub key: String,
    /// Its number, by which it can be revoked.
    pub serial: u64,
}

impl Authority {
    /// A new authority of this name.
    ///
    /// # Panics
    /// When the library makes no key.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).expect("an authority"),
            given: 0,
            revoked: Vec::new(),
            lists: 0,
        }
    }

    /// Its certificate, PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a server or client of this one DNS name.
    ///
    /// # Panics
    /// When `host` is no DNS name.
    pub fn issue(&mut self, host: &str) -> Issued {
        let params = CertificateParams::new(vec![host.to_owned()]).expect("a DNS name");
        self.issued(params, host)
    }

    /// As [`Self::issue`], with a wildcard beside the name.
    ///
    /// # Panics
    /// When `host` is no DNS name.
    pub fn issue_with_wildcard(&mut self, host: &str) -> Issued {
        let names = vec![host.to_owned(), format!("*.{host}")];
        let params = CertificateParams::new(names).expect("DNS names");
        self.issued(params, host)
    }

    /// As [`Self::issue`], over at the end of 2020.
    ///
    /// # Panics
    /// When `host` is no DNS name.
    pub fn issue_expired(&mut self, host: &str) -> Issued {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a DNS name");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 12, 31);
        self.issued(params, host)
    }

    fn issued(&mut self, mut params: CertificateParams, host: &str) -> Issued {
        self.given += 1;
        params.distinguished_name = distinguished(host);
        params.serial_number = Some(SerialNumber::from(self.given));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            serial: self.given,
        }
    }

    /// From the next list on the certificate of this number counts no more.
    pub fn revoke(&mut self, serial: u64) {
        self.revoked.push(serial);
    }

    /// Its revocation list, PEM; the next one is due at the end of the year `due`.
    ///
    /// # Panics
    /// When the library signs none.
    pub fn revocation_list(&mut self, due: i32) -> String {
        self.lists += 1;
        let revoked = self.revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(due, 12, 31),
            crl_number: SerialNumber::from(self.lists),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).expect("signed");
        list.pem().expect("PEM")
    }
}

/// An RSA key with a certificate of its own, as SAML wants it.
///
/// # Panics
/// When the library makes no key.
pub fn saml_signing(host: &str) -> Issued {
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("a DNS name");
    params.distinguished_name = distinguished(host);
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
    let certificate = params.self_signed(&key).expect("signed");
    Issued {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
        serial: 0,
    }
}

fn distinguished(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Proefopstelling");
    name.push(DnType::CommonName, common);
    name
}
