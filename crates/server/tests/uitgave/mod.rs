//! A service catalogue with one service, and the scheme's manager who signs it.

use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::uitgave::{
    Definitie, Dienstverlener, Instantie, Tekst, ToegestaanKenmerk, Uitgave, Versie,
};
use identity::{Oin, ServiceId, ServiceUuid};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use saml::keys::{Certificate, KeyInfo, SigningKey};
use server::chance;
use testkit::{Issued, saml_signing};
use verdict::Moment;

/// The service.
pub(crate) const S1: &str = "urn:etoegang:DV:00000001234567890000:services:1";
const S1_UUID: &str = "2c9d1c2e-1d0a-4d6b-8f5e-000000000001";
const DV: &str = "00000001234567890000";
const HM: &str = "00000003273226310000";

/// A new manager.
pub(crate) fn beheerder() -> SigningKey {
    van(&saml_signing("beheerder.localhost"))
}

/// The manager of this key and certificate.
pub(crate) fn van(issued: &Issued) -> SigningKey {
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes());
    let certificate = Certificate::from_der(&certificate.expect("PEM")).expect("usable");
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("PEM");
    SigningKey::from_pkcs8(key.secret_der(), certificate, KeyInfo::Certificate)
        .expect("its own certificate")
}

/// The catalogue of this number, in which the service has this level.
pub(crate) fn uitgave(
    volgnummer: u32,
    niveau: Betrouwbaarheidsniveau,
    uitgegeven: Moment,
) -> Uitgave {
    let uuid = ServiceUuid::parse(S1_UUID).expect("a UUID");
    let oin = |digits| Oin::parse(digits).expect("an OIN");
    let definitie = Definitie {
        service_uuid: uuid.clone(),
        openbaar: true,
        namen: tekst("Parkeervergunning"),
        omschrijvingen: tekst("Parkeren"),
        niveau,
        herkenningsmakelaar: oin(HM),
        kenmerken: vec![ToegestaanKenmerk {
            soort: "urn:etoegang:1.9:EntityConcernedID:KvKnr".to_owned(),
            set: Some(1),
        }],
        beperkingen: Vec::new(),
        attributen: Vec::new(),
    };
    let instantie = Instantie {
        service_id: ServiceId::parse(S1).expect("a service"),
        service_uuid: uuid,
        definitie: None,
        bemiddelt: None,
        openbaar: true,
        herkenningsmakelaars: vec![oin(HM)],
        classifiers: vec!["native-app".to_owned()],
    };
    Uitgave {
        versie: Versie::of(false, volgnummer),
        uitgegeven,
        dienstverleners: vec![Dienstverlener {
            oin: oin(DV),
            openbaar: true,
            namen: tekst("Gemeente Voorbeeld"),
            definities: vec![definitie],
            instanties: vec![instantie],
        }],
    }
}

fn tekst(tekst: &str) -> Vec<Tekst> {
    vec![Tekst {
        taal: "nl".to_owned(),
        tekst: tekst.to_owned(),
    }]
}

/// The file, signed by this manager.
pub(crate) fn signed(uitgave: &Uitgave, key: &SigningKey) -> Vec<u8> {
    let id = saml::message_id(chance::entropy().bytes("test.catalogus"));
    uitgave.to_xml(&id, key).expect("signed").into_bytes()
}
