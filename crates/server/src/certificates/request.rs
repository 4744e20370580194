//! What an operator sends to an authority, to have a key of a party certified.

use identity::Oin;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use super::SERIAL_NUMBER;

/// A request (PKCS#10, PEM) for the certificate of a key, which is given in PKCS#8: its subject has the
/// organisation, and the OIN as serial number, as PKIoverheid has it (etoegang case 82). Nothing for a key of
/// another kind than RSA and ECDSA P-256, or a name that fits no certificate.
pub(crate) fn request(pkcs8: &[u8], organisation: &str, oin: &Oin) -> Option<String> {
    let key = KeyPair::try_from(pkcs8).ok()?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, "NL");
    subject.push(DnType::OrganizationName, organisation);
    subject.push(DnType::CommonName, organisation);
    let serial_number = DnType::CustomDnType(SERIAL_NUMBER.to_vec());
    subject.push(serial_number, oin.as_str());
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.serialize_request(&key).ok()?.pem().ok()
}

#[cfg(test)]
mod tests {
    use rcgen::PublicKeyData as _;
    use rustls_pki_types::CertificateSigningRequestDer;
    use rustls_pki_types::pem::PemObject as _;
    use x509_parser::certification_request::X509CertificationRequest;
    use x509_parser::prelude::FromDer as _;

    use super::*;

    #[test]
    fn etoegang_case_082_a_request_names_organisation_and_oin_and_is_signed_by_the_key() {
        let oin = Oin::parse("00000003273226310000").expect("an OIN");
        for algorithm in [jose::Algorithm::Es256, jose::Algorithm::Ps256] {
            let der = jose::generate_pkcs8(algorithm, jose::RsaSize::Bits2048).expect("a key");
            let pem = request(&der, "Gemeente Voorbeeld", &oin).expect("a request");
            let read = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).expect("PEM");
            let (_, read) = X509CertificationRequest::from_der(&read).expect("PKCS#10");
            let subject = read.certification_request_info.subject.to_string();
            let expected = "C=NL, O=Gemeente Voorbeeld, CN=Gemeente Voorbeeld, \
                            serialNumber=00000003273226310000";
            assert_eq!(subject, expected);
            let pair = KeyPair::try_from(der.as_slice()).expect("the same key");
            let of = &read.certification_request_info.subject_pki;
            assert_eq!(of.raw, pair.subject_public_key_info());
        }
        assert!(request(b"no key", "Gemeente Voorbeeld", &oin).is_none());
    }
}
