//! Enveloped XML signatures, in the one profile that SAML allows (SAML core 5.4): one reference, to
//! the element that holds the signature; enveloped-signature and exclusive canonicalization.
//!
//! Canonicalization is bergshamra's. The profile around it is ours because it is narrow: no
//! reference is looked up anywhere, no key comes from the message, no transform runs that we do
//! not know. What was signed is read again from the very octets that were hashed, so a caller
//! cannot see anything else (digid case 29).

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra_xml::NodeSet;

use crate::keys::{
    BadAlgorithm, KeyInfo, SHA256, SignatureMethod, SigningFailed, SigningKey, TrustedKey,
    decode_base64, digest_of_uri,
};
use crate::names::{ASSERTION, DSIG, ENVELOPED_SIGNATURE, EXC_C14N};
use crate::reader::{self, Bounds, Document, Element};
use crate::writer::El;

/// How many prefixes an `InclusiveNamespaces` may list. DigiD lists four. Canonicalization looks
/// at each of them at each element.
const PREFIXES_MAX: usize = 16;

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// The element has no signature of its own.
    Missing,
    /// The element has two signatures.
    Repeated,
    /// The signature does not have the parts of a signature, or has more.
    Malformed,
    /// SHA-1 in signature or digest.
    Sha1,
    /// An algorithm that is not on the list.
    Algorithm,
    /// Not exactly one reference.
    References,
    /// The reference is to another element than the one that holds the signature.
    OtherElement,
    /// Other transforms than enveloped-signature and exclusive canonicalization.
    Transforms,
    /// No trusted key made this signature.
    Value,
    /// The element was changed after it was signed.
    Digest,
}

impl SignatureFault {
    /// One line for the operator.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Missing => "a signature is missing",
            Self::Repeated => "an element has two signatures",
            Self::Malformed => "a signature is malformed",
            Self::Sha1 => "a signature rests on SHA-1",
            Self::Algorithm => "a signature uses an algorithm that is not allowed",
            Self::References => "a signature has not exactly one reference",
            Self::OtherElement => "a signature is for another element than the one that holds it",
            Self::Transforms => "a signature uses a transform that is not allowed",
            Self::Value => "a signature was made with none of the trusted keys",
            Self::Digest => "a signed element was changed after it was signed",
        }
    }
}

impl fmt::Display for SignatureFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for SignatureFault {}

impl From<BadAlgorithm> for SignatureFault {
    fn from(bad: BadAlgorithm) -> Self {
        match bad {
            BadAlgorithm::Sha1 => Self::Sha1,
            BadAlgorithm::Unknown => Self::Algorithm,
        }
    }
}

/// What a trusted key signed, and nothing else: a document of its own, made from the signed
/// octets. The signature itself, comments, and whatever stood around the element are not in it.
#[derive(Debug)]
pub struct Signed(Document);

impl Signed {
    /// The signed element.
    pub const fn root(&self) -> Element<'_> {
        self.0.root()
    }
}

/// Verifies the signature of `element` (a child of it, never one elsewhere) against the keys that
/// the caller trusts, and gives back what was signed.
///
/// Errs when the signature is not exactly of the profile, when none of the keys made it, or when
/// the element differs from what was signed (digid cases 4, 15, 28, 29, 32).
pub fn verify(element: Element<'_>, trusted: &[TrustedKey]) -> Result<Signed, SignatureFault> {
    verify_within(element, trusted, Bounds::MESSAGE)
}

/// [`verify`] for an element that was read within other bounds than those of a message: what was
/// signed is read again within the same.
pub fn verify_within(
    element: Element<'_>,
    trusted: &[TrustedKey],
    bounds: Bounds,
) -> Result<Signed, SignatureFault> {
    let mut signatures = element.all(DSIG, "Signature");
    let signature = signatures.next().ok_or(SignatureFault::Missing)?; // digid case 28
    if signatures.next().is_some() {
        return Err(SignatureFault::Repeated);
    }
    let claim = Claim::read(signature)?;
    let id = element
        .attribute("ID")
        .ok_or(SignatureFault::OtherElement)?;
    if id.is_empty() || claim.uri.strip_prefix('#') != Some(id) {
        return Err(SignatureFault::OtherElement); // digid case 29
    }
    let statement = canonical(claim.signed_info, None, &claim.statement_prefixes)?;
    let made_it = |key: &TrustedKey| key.verifies(claim.method, &statement, &claim.value);
    if !trusted.iter().any(made_it) {
        return Err(SignatureFault::Value);
    }
    let octets = canonical(element, Some(signature), &claim.content_prefixes)?;
    if digest::digest(claim.digest_method, &octets).as_ref() != claim.digest {
        return Err(SignatureFault::Digest);
    }
    let document = reader::parse_within(&octets, bounds).map_err(|_| SignatureFault::Malformed)?;
    Ok(Signed(document))
}

/// A message that could not be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotSign {
    /// Not a message: not readable XML, without `ID`, or without content.
    NotAMessage,
    /// The cryptographic library failed.
    Failed(SigningFailed),
    /// A part of it could not be encrypted for its recipient.
    Unencrypted,
}

impl fmt::Display for CannotSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMessage => f.write_str("expected an XML message with an ID and content"),
            Self::Failed(failed) => failed.fmt(f),
            Self::Unencrypted => {
                f.write_str("a part of the message could not be encrypted for its recipient")
            }
        }
    }
}

impl std::error::Error for CannotSign {}

impl From<SigningFailed> for CannotSign {
    fn from(failed: SigningFailed) -> Self {
        Self::Failed(failed)
    }
}

/// Signs a message with RSA-SHA256 and exclusive canonicalization (digid.md 2.2), and puts the
/// signature where SAML's schemas want it: after the `Issuer`, else before all else.
///
/// `message` is one element with an `ID`, without XML declaration, that declares its own prefixes.
/// Not a byte of it changes.
pub fn sign(message: &str, key: &SigningKey) -> Result<String, CannotSign> {
    sign_listing(message, key, "")
}

/// [`sign`] for a document that is read within other bounds than those of a message.
pub fn sign_within(message: &str, key: &SigningKey, bounds: Bounds) -> Result<String, CannotSign> {
    sign_bounded(message, key, "", bounds)
}

/// [`sign`] with an `InclusiveNamespaces` of these prefixes (separated by spaces), as DigiD writes
/// it. A message that will stand inside another must declare each listed prefix itself, or its
/// digest changes with its surroundings.
pub(crate) fn sign_listing(
    message: &str,
    key: &SigningKey,
    prefixes: &str,
) -> Result<String, CannotSign> {
    sign_bounded(message, key, prefixes, Bounds::MESSAGE)
}

fn sign_bounded(
    message: &str,
    key: &SigningKey,
    prefixes: &str,
    bounds: Bounds,
) -> Result<String, CannotSign> {
    let document = reader::parse_within(message.as_bytes(), bounds);
    let document = document.map_err(|_| CannotSign::NotAMessage)?;
    let root = document.root();
    let id = root.attribute("ID").filter(|id| !id.is_empty());
    let id = id.ok_or(CannotSign::NotAMessage)?;
    let listed: Vec<&str> = prefixes.split_whitespace().collect();
    let octets = canonical(root, None, &listed).map_err(|_| CannotSign::NotAMessage)?;

    let statement = signed_info(
        id,
        digest::digest(&digest::SHA256, &octets).as_ref(),
        prefixes,
    );
    let value = key.sign(&canonical_text(&statement.to_xml())?)?;
    let signature = El::new("ds:Signature")
        .attr("xmlns:ds", DSIG)
        .child(statement)
        .child(El::new("ds:SignatureValue").text(STANDARD.encode(value)))
        .child(key_info(key));

    let place = place_of_signature(root).ok_or(CannotSign::NotAMessage)?;
    let (before, after) = message
        .split_at_checked(place)
        .ok_or(CannotSign::NotAMessage)?;
    Ok([before, &signature.to_xml(), after].concat())
}

/// What a signature says about itself, checked for form. Nothing in it is trusted yet.
struct Claim<'d> {
    signed_info: Element<'d>,
    statement_prefixes: Vec<&'d str>,
    method: SignatureMethod,
    uri: &'d str,
    content_prefixes: Vec<&'d str>,
    digest_method: &'static digest::Algorithm,
    digest: Vec<u8>,
    value: Vec<u8>,
}

impl<'d> Claim<'d> {
    /// XML signature 4.1–4.4, without the parts that SAML has no use for (`Object` and the like).
    fn read(signature: Element<'d>) -> Result<Self, SignatureFault> {
        let [signed_info, value] = first_named(signature, ["SignedInfo", "SignatureValue"])?;
        let only_key_info = |el: Element<'_>| el.is(DSIG, "KeyInfo");
        let mut rest = signature.children().skip(2);
        if rest.next().is_some_and(|el| !only_key_info(el)) || rest.next().is_some() {
            return Err(SignatureFault::Malformed);
        }
        let [canonicalization, method, reference] = first_named(
            signed_info,
            ["CanonicalizationMethod", "SignatureMethod", "Reference"],
        )?;
        if signed_info.children().count() != 3 {
            return Err(SignatureFault::References);
        }
        if algorithm(canonicalization)? != EXC_C14N {
            return Err(SignatureFault::Algorithm);
        }
        let [transforms, digest_method, digest] =
            first_named(reference, ["Transforms", "DigestMethod", "DigestValue"])?;
        Ok(Self {
            signed_info,
            statement_prefixes: listed_prefixes(canonicalization)?,
            method: SignatureMethod::from_uri(algorithm(method)?)?,
            uri: reference
                .attribute("URI")
                .ok_or(SignatureFault::OtherElement)?,
            content_prefixes: read_transforms(transforms)?,
            digest_method: digest_of_uri(algorithm(digest_method)?)?,
            digest: base64_text(digest)?,
            value: base64_text(value)?,
        })
    }
}

/// Enveloped-signature, then exclusive canonicalization: both, in this order, nothing else. Gives
/// the prefixes that the canonicalization lists.
fn read_transforms(transforms: Element<'_>) -> Result<Vec<&str>, SignatureFault> {
    let mut each = transforms.all(DSIG, "Transform");
    let (Some(enveloped), Some(canonicalization)) = (each.next(), each.next()) else {
        return Err(SignatureFault::Transforms);
    };
    let as_expected = transforms.children().count() == 2
        && algorithm(enveloped)? == ENVELOPED_SIGNATURE
        && enveloped.children().next().is_none()
        && algorithm(canonicalization)? == EXC_C14N;
    if !as_expected {
        return Err(SignatureFault::Transforms);
    }
    listed_prefixes(canonicalization)
}

/// The `PrefixList` of the one `InclusiveNamespaces` that may stand in a canonicalization.
fn listed_prefixes(canonicalization: Element<'_>) -> Result<Vec<&str>, SignatureFault> {
    let mut children = canonicalization.children();
    let Some(inclusive) = children.next() else {
        return Ok(Vec::new());
    };
    let list = inclusive.attribute("PrefixList").unwrap_or_default();
    let prefixes: Vec<&str> = list.split_whitespace().collect();
    let as_expected = inclusive.is(EXC_C14N, "InclusiveNamespaces")
        && children.next().is_none()
        && prefixes.len() <= PREFIXES_MAX;
    if !as_expected {
        return Err(SignatureFault::Transforms);
    }
    Ok(prefixes)
}

/// The first children, which must have these names of the signature namespace, in this order.
fn first_named<'d, const N: usize>(
    parent: Element<'d>,
    wanted: [&str; N],
) -> Result<[Element<'d>; N], SignatureFault> {
    let children: Vec<_> = parent.children().take(N).collect();
    let first = <[Element<'d>; N]>::try_from(children).map_err(|_| SignatureFault::Malformed)?;
    if !first
        .iter()
        .zip(wanted)
        .all(|(child, name)| child.is(DSIG, name))
    {
        return Err(SignatureFault::Malformed);
    }
    Ok(first)
}

fn algorithm(element: Element<'_>) -> Result<&str, SignatureFault> {
    element
        .attribute("Algorithm")
        .ok_or(SignatureFault::Malformed)
}

fn base64_text(element: Element<'_>) -> Result<Vec<u8>, SignatureFault> {
    let text = element.text().ok_or(SignatureFault::Malformed)?;
    decode_base64(&text).ok_or(SignatureFault::Malformed)
}

/// Exclusive canonicalization of an element, without the given element inside it.
fn canonical(
    element: Element<'_>,
    without: Option<Element<'_>>,
    prefixes: &[&str],
) -> Result<Vec<u8>, SignatureFault> {
    let document = element.document();
    let mut nodes = NodeSet::tree_without_comments(element.id(), document);
    if let Some(without) = without {
        nodes.remove_id(without.id());
        for inside in document.descendants(without.id()) {
            nodes.remove_id(inside);
        }
    }
    bergshamra_c14n::exclusive::canonicalize(document, false, Some(&nodes), prefixes)
        .map_err(|_| SignatureFault::Malformed)
}

/// The canonical form of an element that stands alone.
fn canonical_text(xml: &str) -> Result<Vec<u8>, CannotSign> {
    let document = reader::parse(xml.as_bytes()).map_err(|_| CannotSign::NotAMessage)?;
    canonical(document.root(), None, &[]).map_err(|_| CannotSign::NotAMessage)
}

/// `SignedInfo` for the only kind of signature that we make. It declares its own prefix, so its
/// canonical form is the same wherever it stands.
fn signed_info(id: &str, digest: &[u8], prefixes: &str) -> El {
    let algorithm = |name, uri: &str| El::new(name).attr("Algorithm", uri);
    let mut canonicalization = algorithm("ds:Transform", EXC_C14N);
    if !prefixes.is_empty() {
        canonicalization = canonicalization.child(
            El::new("ec:InclusiveNamespaces")
                .attr("xmlns:ec", EXC_C14N)
                .attr("PrefixList", prefixes),
        );
    }
    let transforms = El::new("ds:Transforms")
        .child(algorithm("ds:Transform", ENVELOPED_SIGNATURE))
        .child(canonicalization);
    let reference = El::new("ds:Reference")
        .attr("URI", format!("#{id}"))
        .child(transforms)
        .child(algorithm("ds:DigestMethod", SHA256))
        .child(El::new("ds:DigestValue").text(STANDARD.encode(digest)));
    El::new("ds:SignedInfo")
        .attr("xmlns:ds", DSIG)
        .child(algorithm("ds:CanonicalizationMethod", EXC_C14N))
        .child(algorithm(
            "ds:SignatureMethod",
            SignatureMethod::RsaSha256.uri(),
        ))
        .child(reference)
}

fn key_info(key: &SigningKey) -> El {
    let certificate = key.certificate();
    El::new("ds:KeyInfo").child(match key.key_info() {
        KeyInfo::KeyName => El::new("ds:KeyName").text(certificate.key_name()),
        KeyInfo::Certificate => El::new("ds:X509Data")
            .child(El::new("ds:X509Certificate").text(certificate.to_base64())),
    })
}

/// Where the signature goes, as an offset into the message.
fn place_of_signature(root: Element<'_>) -> Option<usize> {
    let first = root.children().next()?;
    let range = first.range()?;
    if first.is(ASSERTION, "Issuer") {
        return Some(range.end);
    }
    Some(range.start)
}
