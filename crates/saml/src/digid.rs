//! The service provider's verdict on DigiD's answer.
//!
//! [`accept`] takes the bytes of the back channel and what we asked, and says who logged in, or why
//! nobody did. Every value is read from the octets that DigiD signed; every check has a reason of
//! its own in [`Refusal`], with the requirement and one line for the operator.

use std::net::IpAddr;

use identity::{Bsn, Loa};
use verdict::Moment;

use crate::encryption::DecryptionKey;
use crate::keys::TrustedKey;
use crate::names::{
    ASSERTION, AUTHN_FAILED, BEARER, NO_AUTHN_CONTEXT, NO_SUPPORTED_IDP, PROTOCOL, REQUEST_DENIED,
    REQUESTER, RESPONDER, SUCCESS,
};
use crate::reader::{self, Element};
use crate::signature::{self, Signed};
use crate::{BadNameId, NameId, instant, soap, status};

mod people;
mod refusal;

pub use refusal::{Refusal, Untrusted};

/// What we asked, and of whom.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The `ID` of our AuthnRequest. The caller accepts one answer to it.
    pub authn_request_id: &'a str,
    /// When we made it. A login before that moment is not the one that we asked for: we always ask
    /// with `ForceAuthn`.
    pub requested_at: Moment,
    /// The `ID` of our ArtifactResolve.
    pub artifact_resolve_id: &'a str,
    /// Our entity id.
    pub sp_entity_id: &'a str,
    /// The address of our assertion consumer service.
    pub acs_url: &'a str,
    /// The lowest level that will do.
    pub min_loa: Loa,
    /// DigiD's entity id.
    pub idp_entity_id: &'a str,
    /// DigiD's keys, from its metadata.
    pub idp_keys: &'a [TrustedKey],
    /// In which version DigiD answers.
    pub version: Version<'a>,
}

/// The version of DigiD's interface in which we asked (digid.md 1).
#[derive(Clone, Copy, Debug)]
pub enum Version<'a> {
    /// 3.x: the person is in clear text.
    V3,
    /// 4.x, CombiConnect or TVS: people are encrypted.
    V4 {
        /// The service at which the person logs in.
        service_uuid: &'a str,
        /// Our keys.
        decryption: &'a [DecryptionKey],
    },
}

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The person at the keyboard.
    pub bsn: Bsn,
    /// Whom that person represents; the caller decides what it means (digid cases 49 to 51).
    pub vertegenwoordigde: Option<Bsn>,
    /// The level that was reached.
    pub loa: Loa,
    /// When the person logged in.
    pub authn_instant: Moment,
    /// The session at DigiD, for logout.
    pub session_index: Option<String>,
    /// The address from which the person logged in, as DigiD saw it.
    pub subject_address: Option<String>,
}

impl Authenticated {
    /// Whether DigiD saw the person at another address than we did. A security event, not a reason
    /// to refuse: networks change addresses (digid case 34). False when DigiD named none.
    pub fn came_from_elsewhere(&self, client: IpAddr) -> bool {
        let Some(seen) = &self.subject_address else {
            return false;
        };
        let seen: Option<IpAddr> = seen.parse().ok();
        seen.map(|seen| seen.to_canonical()) != Some(client.to_canonical())
    }
}

/// Judges DigiD's answer to our ArtifactResolve: the whole SOAP message as it came.
///
/// `leeway_s` is how far the clocks may differ, in seconds. Errs with the first reason in this
/// order: form, signature of the message, what the message answers, status, signature of the
/// assertion, what the assertion is for, its time, its level, its person.
pub fn accept(
    soap: &[u8],
    asked: &Asked<'_>,
    now: Moment,
    leeway_s: u32,
) -> Result<Authenticated, Refusal> {
    let document = reader::parse(soap).map_err(Untrusted::Unreadable)?; // digid cases 30, 31
    let message = soap::content(document.root())
        .filter(|message| message.is(PROTOCOL, "ArtifactResponse"))
        .ok_or(Untrusted::NotAnArtifactResponse)?;
    let signed = signature::verify(message, asked.idp_keys).map_err(Untrusted::MessageSignature)?;
    let response = artifact_response(signed.root(), asked)?;
    successful(response, asked)?;
    let assertion = signed_assertion(message, response, asked.idp_keys)?;
    let clock = Clock { now, leeway_s };
    read_assertion(assertion.root(), asked, clock)
}

/// The present moment, give or take.
#[derive(Clone, Copy)]
struct Clock {
    now: Moment,
    leeway_s: u32,
}

impl Clock {
    /// The attribute's moment must be still to come. It must be there.
    fn before(self, element: Element<'_>, attribute: &str) -> Result<(), Untrusted> {
        let until = required_moment(element, attribute)?;
        if until.plus_s(self.leeway_s).is_over_at(self.now) {
            return Err(Untrusted::Expired); // digid case 27
        }
        Ok(())
    }

    /// The attribute's moment must have come, if it is there.
    fn not_before(self, element: Element<'_>, attribute: &str) -> Result<(), Untrusted> {
        if element.attribute(attribute).is_none() {
            return Ok(());
        }
        if required_moment(element, attribute)?.minus_s(self.leeway_s) > self.now {
            return Err(Untrusted::NotYetValid);
        }
        Ok(())
    }
}

/// The response inside, if this is the answer to our question and holds one.
fn artifact_response<'d>(message: Element<'d>, asked: &Asked<'_>) -> Result<Element<'d>, Refusal> {
    required_issuer(message, asked)?;
    saml_2_in_response_to(message, asked.artifact_resolve_id)?;
    match status::read(message) {
        Some((SUCCESS, None)) => {}
        Some((REQUESTER, Some(REQUEST_DENIED))) => return Err(Refusal::ArtifactUnknown), // digid cases 12, 13
        _ => return Err(Untrusted::UnknownStatus.into()),
    }
    let mut responses = message.all(PROTOCOL, "Response");
    let response = responses.next().ok_or(Refusal::ArtifactTooOld)?; // digid case 14
    if responses.next().is_some() {
        return Err(Untrusted::TwoResponses.into());
    }
    Ok(response)
}

/// Whether this is the answer to our request, and the login succeeded (digid.md 2.6).
fn successful(response: Element<'_>, asked: &Asked<'_>) -> Result<(), Refusal> {
    if response.all(ASSERTION, "Issuer").next().is_some() {
        required_issuer(response, asked)?;
    }
    saml_2_in_response_to(response, asked.authn_request_id)?; // digid case 26
    let destination = response.attribute("Destination");
    let may_lack = matches!(asked.version, Version::V3); // digid.md 3.3: 4.4 always says it
    if destination.is_none_or(|to| to != asked.acs_url) && !(destination.is_none() && may_lack) {
        return Err(Untrusted::WrongDestination.into());
    }
    match status::read(response) {
        Some((SUCCESS, None)) => Ok(()),
        Some((RESPONDER, Some(AUTHN_FAILED))) => Err(Refusal::Cancelled), // digid case 17
        Some((RESPONDER, Some(NO_AUTHN_CONTEXT))) => Err(Refusal::LevelTooLow), // digid case 18
        Some((REQUESTER, Some(NO_SUPPORTED_IDP))) => Err(Refusal::NoSupportedIdp), // digid case 48
        Some((REQUESTER | RESPONDER, Some(REQUEST_DENIED))) => Err(Refusal::RequestDenied),
        _ => Err(Untrusted::UnknownStatus.into()),
    }
}

/// The one assertion, by its own signature. The signature is verified where the assertion came in,
/// as it may list namespaces that are declared around it; it is read from what was signed.
fn signed_assertion(
    message: Element<'_>,
    response: Element<'_>,
    keys: &[TrustedKey],
) -> Result<Signed, Untrusted> {
    match response.all(ASSERTION, "Assertion").count() {
        0 => return Err(Untrusted::NoAssertion),
        1 => {}
        _ => return Err(Untrusted::TwoAssertions), // digid case 29
    }
    let as_it_came = message.only(PROTOCOL, "Response");
    let as_it_came = as_it_came.and_then(|response| response.only(ASSERTION, "Assertion"));
    let as_it_came = as_it_came.ok_or(Untrusted::NoAssertion)?;
    signature::verify(as_it_came, keys).map_err(Untrusted::AssertionSignature) // digid case 28
}

fn read_assertion(
    assertion: Element<'_>,
    asked: &Asked<'_>,
    clock: Clock,
) -> Result<Authenticated, Refusal> {
    if assertion.attribute("Version") != Some("2.0") {
        return Err(Untrusted::WrongVersion.into());
    }
    required_issuer(assertion, asked)?;
    let subject = required(assertion, "Subject")?;
    check_confirmation(subject, asked, clock)?;
    check_conditions(required(assertion, "Conditions")?, asked, clock)?;
    let statement = required(assertion, "AuthnStatement")?;
    let (authn_instant, loa) = check_login(statement, asked, clock)?;
    let locality = statement.only(ASSERTION, "SubjectLocality");
    let name_id = required(subject, "NameID")?;
    let (bsn, vertegenwoordigde) = match asked.version {
        Version::V3 => (person(name_id)?, None),
        Version::V4 {
            service_uuid,
            decryption,
        } => {
            let ours = people::Ours {
                entity_id: asked.sp_entity_id,
                service_uuid,
                decryption,
            };
            people::read(assertion, name_id, ours)?
        }
    };
    Ok(Authenticated {
        bsn,
        vertegenwoordigde,
        loa,
        authn_instant,
        session_index: statement.attribute("SessionIndex").map(str::to_owned),
        subject_address: locality
            .and_then(|l| l.attribute("Address"))
            .map(str::to_owned),
    })
}

/// SAML profiles 4.1.4.3: the bearer is the browser that brought the artifact.
fn check_confirmation(
    subject: Element<'_>,
    asked: &Asked<'_>,
    clock: Clock,
) -> Result<(), Untrusted> {
    let confirmation = required(subject, "SubjectConfirmation")?;
    if confirmation.attribute("Method") != Some(BEARER) {
        return Err(Untrusted::WrongConfirmation);
    }
    let data = required(confirmation, "SubjectConfirmationData")?;
    if data.attribute("InResponseTo") != Some(asked.authn_request_id) {
        return Err(Untrusted::WrongInResponseTo); // digid case 26
    }
    if data.attribute("Recipient") != Some(asked.acs_url) {
        return Err(Untrusted::WrongRecipient); // digid case 25
    }
    clock.not_before(data, "NotBefore")?;
    clock.before(data, "NotOnOrAfter")
}

/// SAML core 2.5.1: every condition must be understood, every audience restriction must name us.
fn check_conditions(
    conditions: Element<'_>,
    asked: &Asked<'_>,
    clock: Clock,
) -> Result<(), Untrusted> {
    clock.not_before(conditions, "NotBefore")?;
    clock.before(conditions, "NotOnOrAfter")?;
    let understood = |condition: Element<'_>| {
        ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"]
            .into_iter()
            .any(|name| condition.is(ASSERTION, name))
    };
    if !conditions.children().all(understood) {
        return Err(Untrusted::UnknownCondition);
    }
    let names_us = |restriction: Element<'_>| {
        let mut audiences = restriction
            .all(ASSERTION, "Audience")
            .filter_map(Element::text);
        audiences.any(|audience| audience == asked.sp_entity_id)
    };
    let mut restrictions = conditions.all(ASSERTION, "AudienceRestriction").peekable();
    if restrictions.peek().is_none() || !restrictions.all(names_us) {
        return Err(Untrusted::WrongAudience); // digid case 25
    }
    Ok(())
}

/// When and at what level the person logged in.
fn check_login(
    statement: Element<'_>,
    asked: &Asked<'_>,
    clock: Clock,
) -> Result<(Moment, Loa), Refusal> {
    clock.not_before(statement, "AuthnInstant")?;
    let authn_instant = required_moment(statement, "AuthnInstant")?;
    if authn_instant.plus_s(clock.leeway_s) < asked.requested_at {
        return Err(Untrusted::EarlierLogin.into()); // digid case 22
    }
    if statement.attribute("SessionNotOnOrAfter").is_some() {
        clock.before(statement, "SessionNotOnOrAfter")?;
    }
    let context = required(statement, "AuthnContext")?;
    let class = required(context, "AuthnContextClassRef")?.text();
    let class = class.unwrap_or_default();
    let loa = match asked.version {
        Version::V3 => Loa::from_class_ref(&class),
        Version::V4 { .. } => Loa::from_eidas_uri(&class), // digid.md 2.3
    };
    let loa = loa.map_err(|_| Untrusted::UnknownLevel)?;
    if loa < asked.min_loa {
        return Err(Refusal::LevelTooLow); // digid cases 18, 19
    }
    Ok((authn_instant, loa))
}

/// The BSN in a NameID (digid.md 2.5).
fn person(name_id: Element<'_>) -> Result<Bsn, Untrusted> {
    let text = name_id.text().ok_or(Untrusted::Incomplete)?;
    NameId::read(text).to_bsn().map_err(|why| match why {
        BadNameId::OtherSector => Untrusted::OtherSector, // digid case 23
        BadNameId::NotABsn => Untrusted::NotABsn,         // digid case 24
    })
}

fn required_issuer(element: Element<'_>, asked: &Asked<'_>) -> Result<(), Untrusted> {
    let issuer = element.only(ASSERTION, "Issuer").and_then(Element::text);
    if issuer.as_deref() != Some(asked.idp_entity_id) {
        return Err(Untrusted::WrongIssuer);
    }
    Ok(())
}

fn saml_2_in_response_to(message: Element<'_>, id: &str) -> Result<(), Untrusted> {
    if message.attribute("Version") != Some("2.0") {
        return Err(Untrusted::WrongVersion);
    }
    if message.attribute("InResponseTo") != Some(id) {
        return Err(Untrusted::WrongInResponseTo);
    }
    Ok(())
}

fn required<'d>(parent: Element<'d>, name: &str) -> Result<Element<'d>, Untrusted> {
    parent.only(ASSERTION, name).ok_or(Untrusted::Incomplete)
}

fn required_moment(element: Element<'_>, attribute: &str) -> Result<Moment, Untrusted> {
    let moment = element.attribute(attribute).and_then(instant::read);
    moment.ok_or(Untrusted::Incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_at(address: Option<&str>) -> Authenticated {
        Authenticated {
            bsn: Bsn::parse("900029365").expect("valid"),
            vertegenwoordigde: None,
            loa: Loa::Midden,
            authn_instant: Moment::from_unix(0),
            session_index: None,
            subject_address: address.map(str::to_owned),
        }
    }

    #[test]
    fn digid_case_034_another_address_is_an_event() {
        let client: IpAddr = "192.0.2.1".parse().expect("address");
        assert!(!seen_at(Some("192.0.2.1")).came_from_elsewhere(client));
        assert!(!seen_at(Some("::ffff:192.0.2.1")).came_from_elsewhere(client));
        assert!(seen_at(Some("192.0.2.2")).came_from_elsewhere(client));
        assert!(seen_at(Some("no address")).came_from_elsewhere(client));
        assert!(!seen_at(None).came_from_elsewhere(client));
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().expect("address");
        assert!(!seen_at(Some("192.0.2.1")).came_from_elsewhere(mapped));
    }

    #[test]
    fn a_person_is_printed_as_stars() {
        assert!(!format!("{:?}", seen_at(None)).contains("900029365"));
    }
}
