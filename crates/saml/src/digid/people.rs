//! The people in an assertion of DigiD 4.x (digid.md 3.3): who sat at the keyboard, and who was
//! represented.

use identity::Bsn;

use super::{Untrusted, required};
use crate::encryption::{self, DecryptionKey, Shut};
use crate::names::{
    ACTING_SUBJECT, ASSERTION, LEGACY_BSN, LEGAL_SUBJECT, PERSISTENT, SERVICE_UUID, TRANSIENT,
};
use crate::reader::Element;

/// How many identifiers of one person may stand beside each other: a BSN, and the two polymorphic
/// forms.
const VALUES_MAX: usize = 4;

/// Who we are.
#[derive(Clone, Copy)]
pub(super) struct Ours<'a> {
    pub(super) entity_id: &'a str,
    pub(super) service_uuid: &'a str,
    pub(super) decryption: &'a [DecryptionKey],
}

/// The acting person and the represented one. The assertion's signature was verified.
pub(super) fn read(
    assertion: Element<'_>,
    name_id: Element<'_>,
    ours: Ours<'_>,
) -> Result<(Bsn, Option<Bsn>), Untrusted> {
    if name_id.attribute("Format") != Some(TRANSIENT) {
        return Err(Untrusted::OtherSector);
    }
    let statement = required(assertion, "AttributeStatement")?;
    let service = attribute(statement, SERVICE_UUID)?.ok_or(Untrusted::Incomplete)?;
    let service = required(service, "AttributeValue")?.text();
    if service.as_deref() != Some(ours.service_uuid) {
        return Err(Untrusted::OtherService);
    }
    let acting = attribute(statement, ACTING_SUBJECT)?.ok_or(Untrusted::Incomplete)?;
    let legal = attribute(statement, LEGAL_SUBJECT)?; // digid case 49
    Ok((
        person(acting, ours)?,
        legal.map(|legal| person(legal, ours)).transpose()?,
    ))
}

/// The attribute of this name, which must not stand twice.
fn attribute<'d>(statement: Element<'d>, name: &str) -> Result<Option<Element<'d>>, Untrusted> {
    let named = |attribute: &Element<'_>| attribute.attribute("Name") == Some(name);
    let mut found = statement.all(ASSERTION, "Attribute").filter(named);
    match (found.next(), found.next()) {
        (found, None) => Ok(found),
        _ => Err(Untrusted::Incomplete),
    }
}

/// The one BSN among the identifiers of a person. Polymorphic identifiers are not ours to read.
fn person(attribute: Element<'_>, ours: Ours<'_>) -> Result<Bsn, Untrusted> {
    let values: Vec<_> = attribute.all(ASSERTION, "AttributeValue").collect();
    if values.is_empty() || values.len() > VALUES_MAX {
        return Err(Untrusted::Incomplete);
    }
    let mut bsn = None;
    for value in values {
        let encrypted = required(value, "EncryptedID")?;
        let opened = encryption::open(encrypted, ours.entity_id, ours.decryption);
        let opened = opened.map_err(|why| match why {
            Shut::NotForUs => Untrusted::NotForUs, // digid case 44
            Shut::Failed => Untrusted::Undecipherable,
        })?;
        if let Some(read) = legacy_bsn(opened.root())?
            && bsn.replace(read).is_some()
        {
            return Err(Untrusted::Incomplete);
        }
    }
    bsn.ok_or(Untrusted::OtherSector)
}

/// The BSN, if that is what the identifier is (digid case 43).
fn legacy_bsn(name_id: Element<'_>) -> Result<Option<Bsn>, Untrusted> {
    if !name_id.is(ASSERTION, "NameID") || name_id.attribute("Format") != Some(PERSISTENT) {
        return Err(Untrusted::Undecipherable);
    }
    if name_id.attribute("NameQualifier") != Some(LEGACY_BSN) {
        return Ok(None);
    }
    let number = name_id.text().unwrap_or_default();
    Bsn::parse(&number)
        .map(Some)
        .map_err(|_| Untrusted::NotABsn) // digid case 24
}
