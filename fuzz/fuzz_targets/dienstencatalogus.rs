//! The service catalogue of eToegang: what one reads of a signed file, one prints so that it reads
//! the same.
#![no_main]
use std::sync::LazyLock;

use etoegang::dienstencatalogus::reading::BOUNDS;
use etoegang::dienstencatalogus::uitgave::Uitgave;
use saml::keys::{Certificate, KeyInfo, SigningKey};
use saml::signature::sign_within;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    let params = rcgen::CertificateParams::new(vec!["beheerder.test".to_owned()]);
    let certificate = params.expect("a name").self_signed(&pair).expect("signed");
    let certificate = Certificate::from_der(certificate.der()).expect("usable");
    SigningKey::from_pkcs8(&pair.serialize_der(), certificate, KeyInfo::Certificate)
        .expect("its own certificate")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    assert!(Uitgave::read(bytes, &[]).is_err(), "nothing is signed by nobody");
    let trusted = [KEY.certificate().key().clone()];
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(signed) = sign_within(text, &KEY, BOUNDS) else { return };
    let Ok(uitgave) = Uitgave::read(signed.as_bytes(), &trusted) else { return };
    let _ = uitgave.catalogus();
    if let Ok(again) = uitgave.to_xml("_a", &KEY) {
        assert_eq!(Uitgave::read(again.as_bytes(), &trusted), Ok(uitgave));
    }
});
