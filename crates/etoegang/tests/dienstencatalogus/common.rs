//! Keys, the example, and a look at it.

use std::sync::LazyLock;

use etoegang::dienstencatalogus::geldend::Keuring;
use saml::keys::{Certificate, KeyInfo, SigningKey, TrustedKey};
use saml::reader::Bounds;
use verdict::Moment;

/// One hour after the example was issued.
pub(crate) const NOW: Moment = Moment::from_unix(1_795_341_600 + 3600);

/// The scheme's manager, and somebody else.
pub(crate) static BEHEERDER: LazyLock<SigningKey> = LazyLock::new(key);
pub(crate) static ANDER: LazyLock<SigningKey> = LazyLock::new(key);

static TRUSTED: LazyLock<[TrustedKey; 1]> =
    LazyLock::new(|| [BEHEERDER.certificate().key().clone()]);

fn key() -> SigningKey {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    let params = rcgen::CertificateParams::new(vec!["beheerder.test".to_owned()]);
    let certificate = params.expect("a name").self_signed(&pair).expect("signed");
    let certificate = Certificate::from_der(certificate.der()).expect("usable");
    SigningKey::from_pkcs8(&pair.serialize_der(), certificate, KeyInfo::Certificate)
        .expect("its own certificate")
}

/// The example without a signature.
pub(crate) const EXAMPLE: &str = include_str!("voorbeeld.xml");

/// Signed by this key.
pub(crate) fn signed_by(key: &SigningKey, xml: &str) -> String {
    let large = Bounds {
        depth: 64,
        ..etoegang::dienstencatalogus::reading::BOUNDS
    };
    saml::signature::sign_within(xml.trim(), key, large).expect("a signature")
}

/// Signed by the manager.
pub(crate) fn signed(xml: &str) -> String {
    signed_by(&BEHEERDER, xml)
}

/// The example, in which each of these texts, which must be there, is another.
pub(crate) fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(EXAMPLE.to_owned(), |xml, (from, to)| {
        assert!(xml.contains(from), "{from}");
        xml.replacen(from, to, 1)
    })
}

pub(crate) fn trusted() -> &'static [TrustedKey] {
    &*TRUSTED
}

pub(crate) fn keuring() -> Keuring<'static> {
    Keuring {
        sleutels: trusted(),
        now: NOW,
        oudst_s: Some(etoegang::dienstencatalogus::geldend::OUDST_S),
    }
}
