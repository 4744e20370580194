//! Encrypted identifiers of DigiD 4.x (SAML core 2.2.4; XML encryption 3; digid.md 3.3).
//!
//! The identifier is under AES-256-CBC, its key under RSA-OAEP for each recipient. CBC proves
//! nothing: whoever opens an identifier must have verified the signature around it before, and
//! hears of one failure only, whatever failed. The structure is read here; the primitives are the
//! library's.

use std::fmt;

use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::keys::{BadKey, Certificate, decode_base64};
use crate::names::{ASSERTION, DSIG, XENC};
use crate::reader::{self, Document, Element};
use crate::writer::El;

const AES_256_CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
const RSA_OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const TYPE_ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
const TYPE_ENCRYPTED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";
/// Inside OAEP SHA-1 need not withstand collisions (amendment to digid cases 43, 44).
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

const BLOCK_BYTES: usize = 16;
/// The most recipients of one identifier: a service and its supplier are two.
const RECIPIENTS_MAX: usize = 8;

/// Our key that opens what was encrypted for us.
pub struct DecryptionKey {
    secret: OaepPrivateDecryptingKey,
    certificate: Certificate,
}

impl DecryptionKey {
    /// Takes an RSA key as PKCS#8 DER and the certificate that metadata announces for it.
    ///
    /// # Errors
    /// [`BadKey`] when it is no such key, or the certificate is for another.
    pub fn from_pkcs8(pkcs8: &[u8], certificate: Certificate) -> Result<Self, BadKey> {
        if !certificate.is_of_pkcs8(pkcs8)? {
            return Err(BadKey::OtherCertificate);
        }
        let secret = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| BadKey::Unreadable)?;
        let secret = OaepPrivateDecryptingKey::new(secret).map_err(|_| BadKey::Unreadable)?;
        Ok(Self {
            secret,
            certificate,
        })
    }

    /// The certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DecryptionKey")
            .field(&self.certificate)
            .finish()
    }
}

/// Somebody who can open an identifier.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Its entity id.
    pub entity_id: String,
    /// The certificate of its encryption key.
    pub certificate: Certificate,
}

/// What is drawn for one encrypted identifier. The library draws the seed of OAEP by itself.
#[derive(Clone)]
pub struct Drawn {
    /// The `Id` of the encrypted data. See [`crate::message_id`].
    pub id: String,
    /// The key of the content.
    pub content_key: Zeroizing<[u8; 32]>,
    /// The initialization vector.
    pub iv: [u8; BLOCK_BYTES],
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// An identifier that could not be encrypted: the recipient's key is no RSA key, or the library
/// failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotEncrypt;

impl fmt::Display for CannotEncrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the identifier could not be encrypted for its recipient")
    }
}

impl std::error::Error for CannotEncrypt {}

/// Why an identifier stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// No key of it, or more than one, is for us: it says so itself (digid case 44).
    NotForUs,
    /// Anything else. What went wrong is told to nobody: it would tell about the key.
    Failed,
}

/// `saml:EncryptedID` of this element for these recipients.
pub(crate) fn encrypted_id(
    content: &El,
    recipients: &[Recipient],
    drawn: &Drawn,
) -> Result<El, CannotEncrypt> {
    let content = Zeroizing::new(content.to_xml());
    let sealed = encrypt(content.as_bytes(), drawn)?;
    let retrieval = (0..recipients.len()).map(|n| {
        El::new("ds:RetrievalMethod")
            .attr("Type", TYPE_ENCRYPTED_KEY)
            .attr("URI", format!("#{}-{n}", drawn.id))
    });
    let data = El::new("xenc:EncryptedData")
        .attr("xmlns:xenc", XENC)
        .attr("xmlns:ds", DSIG)
        .attr("Id", &*drawn.id)
        .attr("Type", TYPE_ELEMENT)
        .child(El::new("xenc:EncryptionMethod").attr("Algorithm", AES_256_CBC))
        .child(El::new("ds:KeyInfo").children(retrieval))
        .child(cipher_data(&sealed));
    let keys = recipients.iter().enumerate();
    let keys = keys.map(|(n, recipient)| encrypted_key(n, recipient, drawn));
    Ok(El::new("saml:EncryptedID")
        .child(data)
        .children(keys.collect::<Result<Vec<_>, _>>()?))
}

/// What is inside a `saml:EncryptedID`, for whoever is called `entity_id` and has these keys.
///
/// The caller verified the signature around it: nobody but the signer can make us try a key.
pub(crate) fn open(
    encrypted_id: Element<'_>,
    entity_id: &str,
    keys: &[DecryptionKey],
) -> Result<Document, Shut> {
    let data = encrypted_id
        .only(XENC, "EncryptedData")
        .ok_or(Shut::Failed)?;
    let (encrypted_key, key) = key_for_us(encrypted_id, data, entity_id, keys)?;
    let content_key = content_key(encrypted_key, key).ok_or(Shut::Failed)?;
    if algorithm(data) != Some(AES_256_CBC) || data.attribute("Type") != Some(TYPE_ELEMENT) {
        return Err(Shut::Failed);
    }
    let sealed = cipher_value(data).ok_or(Shut::Failed)?;
    let content = decrypt(&sealed, &content_key).ok_or(Shut::Failed)?;
    reader::parse(&content).map_err(|_| Shut::Failed)
}

/// The one key whose recipient and name are ours (digid case 44). It stands beside the data, or
/// inside it.
fn key_for_us<'d, 'k>(
    encrypted_id: Element<'d>,
    data: Element<'d>,
    entity_id: &str,
    keys: &'k [DecryptionKey],
) -> Result<(Element<'d>, &'k DecryptionKey), Shut> {
    let inside = data.all(DSIG, "KeyInfo");
    let inside = inside.flat_map(|info| info.all(XENC, "EncryptedKey"));
    let all = encrypted_id.all(XENC, "EncryptedKey").chain(inside);
    let all: Vec<_> = all.take(RECIPIENTS_MAX + 1).collect();
    if all.len() > RECIPIENTS_MAX {
        return Err(Shut::Failed);
    }
    let ours = |encrypted: Element<'d>| {
        let is_recipient = encrypted.attribute("Recipient") == Some(entity_id);
        let name = encrypted
            .only(DSIG, "KeyInfo")?
            .only(DSIG, "KeyName")?
            .text()?;
        let named = |key: &&DecryptionKey| key.certificate.key_name() == name.to_ascii_lowercase();
        let key = keys.iter().find(named)?;
        is_recipient.then_some((encrypted, key))
    };
    let mut ours = all.into_iter().filter_map(ours);
    match (ours.next(), ours.next()) {
        (Some(ours), None) => Ok(ours),
        _ => Err(Shut::NotForUs),
    }
}

fn content_key(encrypted: Element<'_>, key: &DecryptionKey) -> Option<Zeroizing<Vec<u8>>> {
    let method = encrypted.only(XENC, "EncryptionMethod")?;
    let mut digests = method.all(DSIG, "DigestMethod");
    let digest_is_sha1 = digests.all(|digest| digest.attribute("Algorithm") == Some(SHA1));
    let has_label = method.all(XENC, "OAEPparams").next().is_some();
    if algorithm(encrypted) != Some(RSA_OAEP_MGF1P) || !digest_is_sha1 || has_label {
        return None;
    }
    let encrypted = cipher_value(encrypted)?;
    let mut room = Zeroizing::new(vec![0; key.secret.min_output_size()]);
    let content_key = key
        .secret
        .decrypt(&OAEP_SHA1_MGF1SHA1, &encrypted, &mut room, None)
        .ok()?;
    Some(Zeroizing::new(content_key.to_vec()))
}

/// XML encryption 5.2.1: the vector first; the last byte tells how long the padding is, and the
/// other bytes of it mean nothing.
fn decrypt(sealed: &[u8], content_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (iv, rest) = sealed.split_first_chunk::<BLOCK_BYTES>()?;
    if rest.is_empty() || !rest.len().is_multiple_of(BLOCK_BYTES) {
        return None;
    }
    let key = UnboundCipherKey::new(&AES_256, content_key).ok()?;
    let mut content = Zeroizing::new(rest.to_vec());
    DecryptingKey::cbc(key)
        .ok()?
        .decrypt(
            &mut content,
            DecryptionContext::Iv128(FixedLength::from(*iv)),
        )
        .ok()?;
    let padding = usize::from(*content.last()?);
    if !(1..=BLOCK_BYTES).contains(&padding) {
        return None;
    }
    let length = content.len() - padding;
    content.truncate(length);
    Some(content)
}

fn encrypt(content: &[u8], drawn: &Drawn) -> Result<Vec<u8>, CannotEncrypt> {
    let padding = BLOCK_BYTES - content.len() % BLOCK_BYTES;
    let mut padded = Zeroizing::new(content.to_vec());
    let byte = u8::try_from(padding).map_err(|_| CannotEncrypt)?;
    padded.resize(content.len() + padding, byte);
    let key = UnboundCipherKey::new(&AES_256, &drawn.content_key[..]).map_err(|_| CannotEncrypt)?;
    EncryptingKey::cbc(key)
        .and_then(|key| {
            let iv = EncryptionContext::Iv128(FixedLength::from(drawn.iv));
            key.less_safe_encrypt(&mut padded, iv)
        })
        .map_err(|_| CannotEncrypt)?;
    Ok([&drawn.iv[..], &padded].concat())
}

fn encrypted_key(n: usize, recipient: &Recipient, drawn: &Drawn) -> Result<El, CannotEncrypt> {
    let certificate = &recipient.certificate;
    let spki = certificate.spki().ok_or(CannotEncrypt)?;
    let key = PublicEncryptingKey::from_der(&spki).map_err(|_| CannotEncrypt)?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| CannotEncrypt)?;
    let mut room = vec![0; key.ciphertext_size()];
    let sealed = key
        .encrypt(&OAEP_SHA1_MGF1SHA1, &drawn.content_key[..], &mut room, None)
        .map_err(|_| CannotEncrypt)?;
    let method = El::new("xenc:EncryptionMethod")
        .attr("Algorithm", RSA_OAEP_MGF1P)
        .child(El::new("ds:DigestMethod").attr("Algorithm", SHA1));
    let name = El::new("ds:KeyName").text(certificate.key_name());
    let reference = El::new("xenc:DataReference").attr("URI", format!("#{}", drawn.id));
    Ok(El::new("xenc:EncryptedKey")
        .attr("xmlns:xenc", XENC)
        .attr("xmlns:ds", DSIG)
        .attr("Id", format!("{}-{n}", drawn.id))
        .attr("Recipient", &*recipient.entity_id)
        .child(method)
        .child(El::new("ds:KeyInfo").child(name))
        .child(cipher_data(sealed))
        .child(El::new("xenc:ReferenceList").child(reference)))
}

fn cipher_data(bytes: &[u8]) -> El {
    let value = El::new("xenc:CipherValue").text(STANDARD.encode(bytes));
    El::new("xenc:CipherData").child(value)
}

fn cipher_value(of: Element<'_>) -> Option<Vec<u8>> {
    let value = of.only(XENC, "CipherData")?.only(XENC, "CipherValue")?;
    decode_base64(&value.text()?)
}

fn algorithm(of: Element<'_>) -> Option<&str> {
    of.only(XENC, "EncryptionMethod")?.attribute("Algorithm")
}

/// The identifier of a person in clear text: what goes into a `saml:EncryptedID` (digid.md 3.3).
pub(crate) fn legacy_bsn(bsn: &identity::Bsn) -> El {
    El::new("saml:NameID")
        .attr("xmlns:saml", ASSERTION)
        .attr("Format", crate::names::PERSISTENT)
        .attr("NameQualifier", crate::names::LEGACY_BSN)
        .text(bsn.reveal())
}
