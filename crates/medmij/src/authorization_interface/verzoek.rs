//! The authorization request (medmij.md §3.1, core.authint.200–203).
//!
//! Until client and redirect URI hold, an error is a page and never a redirect (exception 1a); from then
//! on it goes back to the client (1b).

use identity::Hostname;
use protocol::wire::{Known, Malformed, Parameters, with_query};
use serde::{Deserialize, Serialize};

use crate::lists::FrontchannelPort;
use crate::scope::{Functie, Scope};
use crate::vertegenwoordiging::GeboortedatumParameter;

/// Bytes of a `state`, at most: twice what every server must take (medmij.md §3.1, case 107). It has to
/// fit a browser's cookie with the rest, as JSON, in which a quotation mark or a backslash takes two.
const STATE_BYTES_MAX: usize = 1_024;
/// The same of a `redirect_uri`.
const REDIRECT_URI_BYTES_MAX: usize = 512;

/// The parameters of a request; whatever else is sent is ignored, however it is written
/// (core.authint.200).
pub const PARAMETERS: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    REQUEST_ID,
    CORRELATION_ID,
    GEBOORTEDATUM,
];
/// Those that must stand there once and readably, whatever the others say. A client and where the answer
/// goes are judged before them, a date of birth after them.
const ALWAYS: [&str; 5] = [
    "response_type",
    "scope",
    "state",
    REQUEST_ID,
    CORRELATION_ID,
];
/// What an answer puts into the query of a redirect URI (RFC 6749 §4.1.2, RFC 9207 §2). One that brings
/// any of them itself could pass its own for ours.
const OF_THE_ANSWER: [&str; 6] = [
    "code",
    "state",
    "error",
    "error_description",
    "error_uri",
    "iss",
];
const REQUEST_ID: &str = "MedMij-Request-ID";
const CORRELATION_ID: &str = "X-Correlation-ID";
const GEBOORTEDATUM: &str = "MedMij_geboortedatum";

/// A request that keeps to every rule. It waits in an encrypted cookie before login and in a row after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verzoek {
    /// The host of the client's entry in the OCL.
    pub client_id: String,
    /// Where the answer goes, as sent.
    pub redirect_uri: String,
    /// Comes back unchanged.
    pub state: String,
    /// What is asked.
    pub scope: Scope,
    /// Of the represented person, when there is one.
    pub geboortedatum: Option<GeboortedatumParameter>,
    /// The number of this request.
    pub request_id: String,
    /// The number of the whole run.
    pub correlation_id: String,
}

/// What a server knows when a request arrives.
pub struct Kennis<'a> {
    /// Whether a host stands in the OCL.
    pub is_client: &'a dyn Fn(&Hostname) -> bool,
    /// Whether this DVA serves what is asked, at that Aanbieder.
    pub serves: &'a dyn Fn(&Scope) -> bool,
    /// Whether redirect URIs may name a port: never where it counts.
    pub port: FrontchannelPort,
}

/// Why a request is refused; the requirement and reason are for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Afwijzing {
    /// What becomes of the person.
    pub naar: Naar,
    /// The rule.
    pub requirement: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// See [`Afwijzing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naar {
    /// Exception 1a: a page, no redirect and no way back.
    Pagina,
    /// Exception 1b: to the client, at this URL.
    Client(String),
}

impl Verzoek {
    /// Reads the [`PARAMETERS`] of a query.
    ///
    /// # Errors
    /// [`Afwijzing`] (core.authint.207).
    pub fn read(parameters: &Known, kennis: &Kennis<'_>) -> Result<Self, Afwijzing> {
        let (client_id, redirect_uri) = proven(parameters, kennis)?;
        let sent = |name| parameters.get(name).ok().flatten();
        let back = Back {
            redirect_uri,
            state: sent("state").filter(|state| is_state(state)),
        };
        for name in ALWAYS {
            let read = parameters.get(name);
            read.map_err(|malformed| back.malformed(malformed))?;
        }
        back.response_type(sent("response_type"))?;
        let scope = back.scope(sent("scope"), kennis)?;
        let state = back
            .state
            .ok_or_else(|| back.invalid("state is missing, too long, or not visible ASCII"))?;
        // core.authint.208 (medmij cases 17 to 19): in the query, each a UUID
        let number = |name| sent(name).filter(|text| is_uuid(text));
        let (Some(request_id), Some(correlation_id)) = (number(REQUEST_ID), number(CORRELATION_ID))
        else {
            let reason = "MedMij-Request-ID or X-Correlation-ID is missing or no UUID";
            return Err(back.error("invalid_request", "core.authint.208", reason));
        };
        let geboortedatum = back.geboortedatum(&scope, parameters)?;
        Ok(Self {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.to_owned(),
            scope,
            geboortedatum,
            request_id: request_id.to_owned(),
            correlation_id: correlation_id.to_owned(),
        })
    }

    /// The URL that brings the client its code (RFC 6749 §4.1.2).
    pub fn granted(&self, code: &str) -> String {
        with_query(
            &self.redirect_uri,
            &[("code", code), ("state", &self.state)],
        )
    }

    /// The URL that tells the client that it gets nothing. One error and one description for whatever
    /// happened, so that they tell nothing of the person (medmij.md §3.6).
    pub fn denied(&self, description: Option<&str>) -> String {
        let mut parameters = vec![("error", "access_denied")];
        parameters.extend(description.map(|text| ("error_description", text)));
        parameters.push(("state", &self.state));
        with_query(&self.redirect_uri, &parameters)
    }

    /// The URL that tells the client this error (RFC 6749 §4.1.2.1).
    pub fn refused(&self, error: &str) -> String {
        let error = ("error", error);
        with_query(&self.redirect_uri, &[error, ("state", &self.state)])
    }

    /// Where a person gets back to who need not decide: the PGO itself, and no answer.
    pub fn pgo(&self) -> String {
        format!(
            "https://{}/",
            authority(&self.redirect_uri).unwrap_or_default()
        )
    }
}

/// core.authint.202: who asks, and where the answer goes (medmij cases 2 to 8).
fn proven<'a>(parameters: &'a Known, kennis: &Kennis<'_>) -> Result<(&'a str, &'a str), Afwijzing> {
    let page = |reason| Afwijzing {
        naar: Naar::Pagina,
        requirement: "core.authint.202",
        reason,
    };
    let one = |name| parameters.get(name).ok().flatten();
    let client_id = one("client_id").ok_or_else(|| page("client_id is missing or repeated"))?;
    let host = Hostname::parse(client_id)
        .ok()
        .filter(|host| (kennis.is_client)(host));
    let host = host.ok_or_else(|| page("client_id is not in the OCL"))?;
    let redirect_uri =
        one("redirect_uri").ok_or_else(|| page("redirect_uri is missing or repeated"))?;
    if is_redirect_to(redirect_uri, host.as_str(), kennis.port) {
        Ok((client_id, redirect_uri))
    } else {
        Err(page("redirect_uri is not of the client"))
    }
}

/// Whether an https URI leads to exactly this host. Compared as text, before anything is normalised, so
/// that no reader of URLs finds another host in it than we did.
fn is_redirect_to(uri: &str, host: &str, port: FrontchannelPort) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}#@".contains(&byte);
    if uri.len() > REDIRECT_URI_BYTES_MAX || !uri.bytes().all(plain) {
        return false;
    }
    let Some(authority) = authority(uri).filter(|_| has_room_for_an_answer(uri)) else {
        return false;
    };
    match authority.split_once(':') {
        None => authority == host,
        Some((named, number)) => {
            port == FrontchannelPort::Allowed
                && named == host
                && number
                    .parse::<u16>()
                    .is_ok_and(|port| port.to_string() == number)
        }
    }
}

/// Whether the query of a redirect URI, if there is one, is readable and names nothing that an answer puts
/// there itself, so that a client finds each of them once.
fn has_room_for_an_answer(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let own = Parameters::parse(query.as_bytes());
    own.is_ok_and(|own| !own.iter().any(|(name, _)| OF_THE_ANSWER.contains(&name)))
}

/// Whether a text is a `state`: visible ASCII and spaces (RFC 6749 appendix A.5), within its bound.
fn is_state(text: &str) -> bool {
    let escaped = text.bytes().filter(|byte| b"\"\\".contains(byte)).count();
    let may_stand = |byte| matches!(byte, b' '..=b'~');
    text.len() + escaped <= STATE_BYTES_MAX && text.bytes().all(may_stand)
}

fn authority(uri: &str) -> Option<&str> {
    uri.strip_prefix("https://")?.split(['/', '?']).next()
}

/// Where errors go from here on.
struct Back<'a> {
    redirect_uri: &'a str,
    state: Option<&'a str>,
}

impl Back<'_> {
    fn error(
        &self,
        error: &'static str,
        requirement: &'static str,
        reason: &'static str,
    ) -> Afwijzing {
        let mut answer = vec![("error", error)];
        answer.extend(self.state.map(|state| ("state", state)));
        Afwijzing {
            naar: Naar::Client(with_query(self.redirect_uri, &answer)),
            requirement,
            reason,
        }
    }

    fn invalid(&self, reason: &'static str) -> Afwijzing {
        self.error("invalid_request", "core.authint.203", reason)
    }

    fn malformed(&self, malformed: Malformed) -> Afwijzing {
        self.invalid(malformed.text())
    }

    fn response_type(&self, sent: Option<&str>) -> Result<(), Afwijzing> {
        match sent {
            Some("code") => Ok(()),
            // medmij case 9
            Some(_) => Err(self.error(
                "unsupported_response_type",
                "core.authint.203",
                "response_type is another",
            )),
            // medmij case 10
            None => Err(self.invalid("response_type is missing")),
        }
    }

    /// medmij cases 11 to 15.
    fn scope(&self, sent: Option<&str>, kennis: &Kennis<'_>) -> Result<Scope, Afwijzing> {
        let scope = sent.ok_or_else(|| self.invalid("scope is missing"))?;
        let scope = Scope::parse(scope)
            .ok()
            .filter(|scope| (kennis.serves)(scope));
        scope.ok_or_else(|| {
            let reason =
                "the scope is none, or of an Aanbieder or gegevensdienst that is not served";
            self.error("invalid_scope", "core.authint.200", reason)
        })
    }

    /// Exception Vertegenwoordiging 3 (medmij cases 86 and 87). Without representation the parameter is
    /// one of those that are ignored.
    fn geboortedatum(
        &self,
        scope: &Scope,
        parameters: &Known,
    ) -> Result<Option<GeboortedatumParameter>, Afwijzing> {
        if scope.vertegenwoordiging.is_none() {
            return Ok(None);
        }
        let said = parameters.get(GEBOORTEDATUM).ok().flatten();
        if let Some(Ok(geboortedatum)) = said.map(GeboortedatumParameter::parse) {
            return Ok(Some(geboortedatum));
        }
        let reason = "MedMij_geboortedatum is missing, repeated or no date";
        Err(self.error("invalid_request", "ext.vert.authint.200", reason))
    }
}

impl Verzoek {
    /// Whether long-lived consent can be given: for collecting alone (medmij.md §2.2 and §2.4).
    pub const fn may_last(&self) -> bool {
        matches!(self.scope.functie, Functie::Verzamelen)
    }
}

/// A UUID in its usual form, in either case.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests;
