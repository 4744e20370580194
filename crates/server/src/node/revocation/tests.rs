//! Lists that are taken, and those that are not.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa,
    KeyIdMethod, KeyPair, SerialNumber, SigningKey as _, date_time_ymd,
};

use super::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

/// 2026-01-01T00:00:00Z
const NOW: Moment = Moment::from_unix(1_767_225_600);
/// The tails of the extensions crlNumber and deltaCRLIndicator (RFC 5280 §5.2.3, §5.2.4); both are numbers.
const CRL_NUMBER: [u8; 5] = [6, 3, 0x55, 0x1d, 20];
const DELTA: [u8; 5] = [6, 3, 0x55, 0x1d, 27];

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("an authority")
}

/// A list of this number, made on this day of December 2025.
fn made(by: &Authority, number: u64, day: u8) -> Vec<u8> {
    made_in(by, number, (2025, 12, day))
}

fn made_in(by: &Authority, number: u64, (year, month, day): (i32, u8, u8)) -> Vec<u8> {
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(year, month, day),
        next_update: date_time_ymd(2099, 12, 31),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(by).expect("signed").der().to_vec()
}

fn read(by: &Authority, bytes: Vec<u8>) -> Result<List, String> {
    list(bytes, &[by.der().clone()], NOW)
}

/// The same list, signed anew after `change` was done to what is signed.
fn changed(by: &Authority, whole: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let (_, crl) = parse_x509_crl(whole).expect("a list");
    let mut signed = crl.tbs_cert_list.as_ref().to_vec();
    change(&mut signed);
    let signature = by.key().sign(&signed).expect("signed");
    // ecdsa-with-SHA256
    let algorithm = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let parts = [
        signed,
        algorithm.to_vec(),
        der(3, &[&[0], &signature[..]].concat()),
    ];
    der(0x30, &parts.concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).expect("short").to_be_bytes();
    let length = match (high, low) {
        (0, 0..0x80) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [&[tag], &length[..], content].concat()
}

#[test]
fn rfc_5280_5_2_4_a_part_of_a_list_is_refused_and_its_fault_is_told() {
    let by = authority();
    let whole = made(&by, 1, 1);
    assert!(read(&by, whole.clone()).is_ok());
    let same = changed(&by, &whole, |_| {});
    assert!(read(&by, same).is_ok(), "signed anew it counts as well");
    let delta = changed(&by, &whole, |signed| {
        let windows = signed.windows(CRL_NUMBER.len());
        let at = windows.into_iter().position(|at| at == CRL_NUMBER);
        let at = at.expect("a number");
        signed[at..at + DELTA.len()].copy_from_slice(&DELTA);
    });
    let why = read(&by, delta).err().expect("refused");
    assert!(
        why.contains("cannot be used") && why.contains("Delta"),
        "{why}"
    );
}

#[test]
fn rfc_5280_5_2_3_a_list_is_older_by_its_number_before_its_date() {
    let by = authority();
    let of = |number, day| read(&by, made(&by, number, day)).expect("a list");
    assert!(of(1, 20).is_older_than(&of(2, 10)));
    assert!(!of(2, 10).is_older_than(&of(1, 20)));
    assert!(!of(2, 10).is_older_than(&of(2, 10)), "the same again");
    let unnumbered = |day| List {
        number: None,
        ..of(1, day)
    };
    assert!(unnumbered(10).is_older_than(&of(1, 11)));
    assert!(!unnumbered(12).is_older_than(&of(1, 11)));
}

#[test]
fn rfc_5280_5_1_2_4_a_list_from_the_future_is_refused() {
    let by = authority();
    let why = read(&by, made_in(&by, 1, (2026, 1, 2))).err();
    let why = why.expect("refused");
    assert!(why.contains("2026-01-02") && why.contains("clock"), "{why}");
    assert!(read(&by, made_in(&by, 1, (2026, 1, 1))).is_ok());
}
