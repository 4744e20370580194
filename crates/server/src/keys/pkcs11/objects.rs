//! Key pairs in a token.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::super::custody::{ObjectId, TokenFault};
use super::away;

/// P-256 as the DER of its object identifier, 1.2.840.10045.3.1.7 (RFC 5480 §2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// Bytes of an uncompressed point on P-256 (SEC 1 §2.3.3).
const POINT_BYTES: usize = 65;

/// Makes a pair whose private half cannot be taken out, and returns the public point.
pub(super) fn generate(
    session: &Session,
    id: ObjectId,
    label: &str,
) -> Result<Vec<u8>, TokenFault> {
    let name = || {
        [
            Attribute::Token(true),
            Attribute::Id(id.bytes().to_vec()),
            Attribute::Label(label.as_bytes().to_vec()),
        ]
    };
    let mut public = name().to_vec();
    public.extend([
        Attribute::Private(false),
        Attribute::Verify(true),
        Attribute::EcParams(P256.to_vec()),
    ]);
    let mut private = name().to_vec();
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ]);
    let made = session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private);
    let (public, _) = made.map_err(away("no key could be made"))?;
    let read = session.get_attributes(public, &[AttributeType::EcPoint]);
    let read = read.map_err(away("the public key could not be read"))?;
    let point = read.iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(der) => point(der),
        _ => None,
    });
    point.ok_or_else(|| TokenFault::Refused("the token made no key on P-256".to_owned()))
}

/// The private half of a pair.
pub(super) fn private(session: &Session, id: ObjectId) -> Result<ObjectHandle, TokenFault> {
    let wanted = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Id(id.bytes().to_vec()),
    ];
    let found = session.find_objects(&wanted);
    let found = found.map_err(away("its keys cannot be listed"))?;
    let key = found.first().copied();
    key.ok_or_else(|| TokenFault::Refused(format!("the token has no key {id}")))
}

/// Destroys both halves of a pair, the private one first.
pub(super) fn destroy(session: &Session, id: ObjectId) -> Result<(), TokenFault> {
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
        let wanted = [Attribute::Class(class), Attribute::Id(id.bytes().to_vec())];
        let found = session.find_objects(&wanted);
        for object in found.map_err(away("its keys cannot be listed"))? {
            let destroyed = session.destroy_object(object);
            destroyed.map_err(away("a key could not be destroyed"))?;
        }
    }
    Ok(())
}

/// CKA_EC_POINT is an OCTET STRING around the point (PKCS#11 3.0 §2.3.3); some modules leave that off.
fn point(der: &[u8]) -> Option<Vec<u8>> {
    let bare = der.strip_prefix(&[0x04, 0x41]);
    let point = bare.filter(|bare| bare.len() == POINT_BYTES).unwrap_or(der);
    let is_point = point.len() == POINT_BYTES && point.first() == Some(&0x04);
    is_point.then(|| point.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_with_and_without_its_wrapping() {
        let bare: Vec<u8> = [4].into_iter().chain(0..64).collect();
        let wrapped = [&[0x04, 0x41], &bare[..]].concat();
        assert_eq!(point(&bare).as_ref(), Some(&bare));
        assert_eq!(point(&wrapped).as_ref(), Some(&bare));
        for der in [&bare[1..], &wrapped[..66], &[], &[0x02; 65]] {
            assert_eq!(point(der), None);
        }
    }
}
