//! The keys of an HM or AD as others fetch them: each with the chain of certificates that says whose
//! it is (etoegang case 82).
//!
//! Parties differ, so that a key counts by its PKIoverheid certificate, whose subject names the OIN
//! (etoegang.md §4.5). The shell passes the chain in; what is published must fit. A key that has none yet is
//! shown without, and counts nowhere where certificates are asked for.
//! [`read`] is the other side: which keys of another party count.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::Oin;
use jose::{BadJwk, Jwk, Jwks, base64url_decode};
use serde_json::{Value, json};
use x509_parser::oid_registry::OID_X509_SERIALNUMBER;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// Certificates of a chain, at most: PKIoverheid has four.
const KETEN_MAX: usize = 6;

/// A public key and its certificates in DER: its own first, the root last.
#[derive(Clone, Copy, Debug)]
pub struct Sleutel<'a> {
    /// The key.
    pub jwk: &'a Jwk,
    /// The chain; empty when the key is not certified yet.
    pub keten: &'a [Vec<u8>],
}

/// Why a chain does not go with a key. The program does not start with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KetenFout {
    /// A key without `kid`, `use` or `alg`.
    Naamloos,
    /// No certificate, too many, or one that cannot be read.
    Onleesbaar,
    /// The first certificate is for another key.
    AndereSleutel,
    /// The subject of the first certificate has another serial number than the OIN, or none.
    AnderOin,
    /// A certificate was not issued by the next, or the last not by itself.
    Gebroken,
}

/// The document at `jwks_uri`.
///
/// # Errors
/// [`KetenFout`] of the first key whose chain does not fit.
pub fn document(sleutels: &[Sleutel<'_>], oin: &Oin) -> Result<Value, KetenFout> {
    let keys: Result<Vec<_>, _> = sleutels.iter().map(|each| each.to_json(oin)).collect();
    Ok(json!({ "keys": keys? }))
}

/// Whether a chain leads from a key of this organisation to a root, whichever key that is.
///
/// # Errors
/// [`KetenFout`].
pub fn gecontroleerd(keten: &[Vec<u8>], oin: &Oin) -> Result<(), KetenFout> {
    let chain = certificates(keten)?;
    is_of(&chain, oin)?;
    let root = chain.last().ok_or(KetenFout::Onleesbaar)?;
    let issued = |pair: &[X509Certificate<'_>]| is_issued_by(&pair[0], &pair[1]);
    if !chain.windows(2).all(issued) || !is_issued_by(root, root) {
        return Err(KetenFout::Gebroken);
    }
    Ok(())
}

/// Whether the first certificate of a chain is for this key.
pub fn is_voor(jwk: &Jwk, keten: &[Vec<u8>]) -> bool {
    let chain = certificates(keten).unwrap_or_default();
    let leaf = chain.first();
    leaf.is_some_and(|leaf| is_key_of(&jwk.to_json(), leaf))
}

/// The keys in another party's set that count: those whose first certificate is for the key and names
/// this OIN, and whose chain the caller trusts now (etoegang.md §5.6). The path itself, dates and
/// revocation are the caller's to judge: he has the roots. Other keys are passed over, so that a party
/// can publish one that is not certified yet.
///
/// # Errors
/// [`BadJwk`] for what is no set. A set without one key that counts is empty.
pub fn read(
    document: &[u8],
    oin: &Oin,
    is_trusted: impl Fn(&[Vec<u8>]) -> bool,
) -> Result<Jwks, BadJwk> {
    let set = Jwks::parse(document)?;
    let written: Value = serde_json::from_slice(document).map_err(|_| BadJwk::Form)?;
    let written = written["keys"].as_array().ok_or(BadJwk::Form)?;
    let counts = |key: &&Jwk| {
        let own = |item: &&Value| key.kid().is_some() && item["kid"].as_str() == key.kid();
        let keten = written.iter().find(own).and_then(keten_of);
        keten.is_some_and(|keten| {
            let chain = certificates(&keten);
            let is_own = chain.is_ok_and(|chain| is_of(&chain, oin).is_ok());
            is_own && is_voor(key, &keten) && is_trusted(&keten)
        })
    };
    Jwks::new(set.keys().iter().filter(counts).cloned().collect())
}

/// The certificates of a key in a set (RFC 7517 §4.7).
fn keten_of(key: &Value) -> Option<Vec<Vec<u8>>> {
    let chain = key["x5c"].as_array()?;
    let of_text = |text: &Value| STANDARD.decode(text.as_str()?).ok();
    let chain = chain.iter().take(KETEN_MAX + 1);
    chain.map(of_text).collect()
}

impl Sleutel<'_> {
    fn to_json(self, oin: &Oin) -> Result<Value, KetenFout> {
        let mut key = self.jwk.to_json();
        // etoegang case 82
        let named = ["kid", "kty", "alg", "use"];
        if named.iter().any(|name| key[*name].is_null()) {
            return Err(KetenFout::Naamloos);
        }
        if self.keten.is_empty() {
            return Ok(key);
        }
        gecontroleerd(self.keten, oin)?;
        if !is_voor(self.jwk, self.keten) {
            return Err(KetenFout::AndereSleutel);
        }
        let chain: Vec<_> = self.keten.iter().map(|der| STANDARD.encode(der)).collect();
        key["x5c"] = json!(chain); // RFC 7517 §4.7: base64, not base64url
        Ok(key)
    }
}

fn certificates(keten: &[Vec<u8>]) -> Result<Vec<X509Certificate<'_>>, KetenFout> {
    if keten.len() > KETEN_MAX {
        return Err(KetenFout::Onleesbaar);
    }
    let read = |der| match X509Certificate::from_der(der) {
        Ok((&[], certificate)) => Ok(certificate),
        _ => Err(KetenFout::Onleesbaar),
    };
    keten.iter().map(|der| read(der)).collect()
}

/// Whether the first certificate is of this organisation (etoegang case 82).
fn is_of(chain: &[X509Certificate<'_>], oin: &Oin) -> Result<(), KetenFout> {
    let leaf = chain.first().ok_or(KetenFout::Onleesbaar)?;
    // etoegang case 82
    let mut numbers = leaf.subject().iter_by_oid(&OID_X509_SERIALNUMBER);
    let number = numbers.next().and_then(|number| number.as_str().ok());
    if number != Some(oin.as_str()) || numbers.next().is_some() {
        return Err(KetenFout::AnderOin);
    }
    Ok(())
}

fn is_issued_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let key = issuer.public_key();
    certificate.issuer() == issuer.subject() && certificate.verify_signature(Some(key)).is_ok()
}

/// Whether the certificate is for that public key.
fn is_key_of(key: &Value, certificate: &X509Certificate<'_>) -> bool {
    let part = |name: &str| {
        let text = key[name].as_str().unwrap_or_default();
        base64url_decode(text).unwrap_or_default()
    };
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let plain = |number: &[u8]| {
                let zeros = number.iter().take_while(|byte| **byte == 0).count();
                number.get(zeros..).unwrap_or_default().to_vec()
            };
            key["kty"] == "RSA"
                && plain(rsa.modulus) == part("n")
                && plain(rsa.exponent) == part("e")
        }
        Ok(PublicKey::EC(point)) => {
            let of_key = [vec![4], part("x"), part("y")].concat();
            key["kty"] == "EC" && point.data() == of_key
        }
        _ => false,
    }
}

impl fmt::Display for KetenFout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Naamloos => "a published key needs kid, use and alg",
            Self::Onleesbaar => "expected one to six certificates in DER",
            Self::AndereSleutel => "the first certificate is for another key",
            Self::AnderOin => {
                "the subject of the first certificate does not have the OIN as serial number"
            }
            Self::Gebroken => "the certificates do not lead to a root",
        })
    }
}

impl std::error::Error for KetenFout {}

#[cfg(test)]
mod tests {
    use super::*;
    use jose::{Algorithm, RsaSize, SigningKey, generate_pkcs8};
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    const OIN: &str = "00000003273226310000";

    /// A key of ours, and its chain up to a root.
    fn issued(algorithm: Algorithm, oin: &str) -> (SigningKey, Vec<Vec<u8>>) {
        let der = generate_pkcs8(algorithm, RsaSize::Bits2048).expect("a key");
        let key = SigningKey::from_pkcs8(algorithm, &der).expect("a key");
        let named = |name: &str| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let mut root = named("root");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().expect("a key");
        let root_der = root.self_signed(&root_key).expect("a root").der().to_vec();
        let issuer = Issuer::new(root, root_key);
        let mut leaf = named("hm");
        let serial_number = DnType::CustomDnType(vec![2, 5, 4, 5]);
        leaf.distinguished_name.push(serial_number, oin);
        let pair = KeyPair::try_from(der.as_slice()).expect("the same key");
        let leaf = leaf.signed_by(&pair, &issuer).expect("a certificate");
        (key, vec![leaf.der().to_vec(), root_der])
    }

    fn published(key: &SigningKey, keten: &[Vec<u8>]) -> Result<Value, KetenFout> {
        let sleutel = Sleutel {
            jwk: key.public(),
            keten,
        };
        document(&[sleutel], &Oin::parse(OIN).expect("an OIN"))
    }

    #[test]
    fn etoegang_case_082_a_key_is_published_with_its_chain_and_the_oin_in_it() {
        for (algorithm, kty) in [(Algorithm::Rs256, "RSA"), (Algorithm::Es256, "EC")] {
            let (key, keten) = issued(algorithm, OIN);
            let document = published(&key, &keten).expect("its chain");
            let told = &document["keys"][0];
            // etoegang case 82
            assert_eq!(told["kid"].as_str(), key.public().kid());
            let names = (&told["kty"], &told["alg"], &told["use"]);
            assert_eq!(
                names,
                (&json!(kty), &json!(algorithm.name()), &json!("sig"))
            );
            let chain: Vec<_> = keten.iter().map(|der| STANDARD.encode(der)).collect();
            assert_eq!(told["x5c"], json!(chain));
        }
    }

    #[test]
    fn etoegang_case_082_a_chain_that_does_not_fit_is_not_published() {
        let (key, keten) = issued(Algorithm::Es256, OIN);
        let (_, others) = issued(Algorithm::Es256, OIN);
        let (foreign, of_foreign) = issued(Algorithm::Es256, "00000003273226310001");
        let refused = |keten: &[Vec<u8>]| published(&key, keten).expect_err("refused");
        // etoegang case 82
        assert_eq!(refused(&others), KetenFout::AndereSleutel);
        assert_eq!(published(&foreign, &of_foreign), Err(KetenFout::AnderOin));
        assert_eq!(refused(&keten[..1]), KetenFout::Gebroken);
        let mixed = [keten[0].clone(), others[1].clone()];
        assert_eq!(refused(&mixed), KetenFout::Gebroken);
        assert_eq!(refused(&[b"x".to_vec()]), KetenFout::Onleesbaar);
        let long = vec![keten[1].clone(); 7];
        assert_eq!(refused(&long), KetenFout::Onleesbaar);
    }

    #[test]
    fn etoegang_case_082_a_key_that_is_not_certified_yet_is_shown_without_a_chain_and_counts_nowhere()
     {
        let (key, _) = issued(Algorithm::Es256, OIN);
        let document = published(&key, &[]).expect("shown");
        let told = &document["keys"][0];
        assert_eq!(told, &key.public().to_json());
        assert!(told.get("x5c").is_none());
        let oin = Oin::parse(OIN).expect("an OIN");
        let counted = read(document.to_string().as_bytes(), &oin, |_| true);
        assert!(counted.expect("a set").keys().is_empty());
    }

    #[test]
    fn etoegang_md_5_6_a_key_of_another_counts_by_its_certificate() {
        let (key, keten) = issued(Algorithm::Rs256, OIN);
        let (second, of_second) = issued(Algorithm::Es256, "00000003273226310001");
        let oin = Oin::parse(OIN).expect("an OIN");
        let other_oin = Oin::parse("00000003273226310001").expect("an OIN");
        let set = |jwk, keten, oin| document(&[Sleutel { jwk, keten }], oin).expect("its chain");
        let mut both = set(key.public(), &keten, &oin);
        let other = set(second.public(), &of_second, &other_oin)["keys"][0].take();
        both["keys"].as_array_mut().expect("a list").push(other);
        let kids = |document: &Value, is_trusted: bool| -> Vec<String> {
            let read = read(document.to_string().as_bytes(), &oin, |chain| {
                assert_eq!(chain, keten);
                is_trusted
            });
            let read = read.expect("a set");
            read.keys()
                .iter()
                .filter_map(|key| key.kid().map(str::to_owned))
                .collect()
        };
        // etoegang.md §5.6: the other one is of another OIN
        assert_eq!(kids(&both, true), [key.public().kid().expect("a name")]);
        assert!(kids(&both, false).is_empty());
        let mut bare = both.clone();
        bare["keys"][0]
            .as_object_mut()
            .expect("a key")
            .remove("x5c");
        assert!(kids(&bare, true).is_empty());
        let mut swapped = both.clone();
        swapped["keys"][0]["x5c"] = both["keys"][1]["x5c"].clone();
        swapped["keys"][1]["x5c"] = both["keys"][0]["x5c"].clone();
        assert!(kids(&swapped, true).is_empty(), "a chain of another key");
        assert_eq!(read(b"x", &oin, |_| true).err(), Some(BadJwk::Form));
    }
}
