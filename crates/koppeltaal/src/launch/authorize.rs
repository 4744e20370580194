//! The authorization request of a module (koppeltaal.md §4.5).
//!
//! The checks come in two halves. Until client and redirect URI are proven, an error is a page and
//! never a redirect; from then on every error goes back to the module with its `state`. The launch
//! itself is checked by [`super::hti`], and what follows is [`super::inloggen`].

use protocol::authorize::RedirectRefusal;
use protocol::pkce::Challenge;
use protocol::wire::Parameters;

use super::NietGoed;
use crate::domein::{ClientId, DomeinUrls};
use crate::domeinconfiguratie::Domeinconfiguratie;

/// The longest `state` or `nonce` that we carry: it must fit the browser's cookie with the rest.
const CARRIED_MAX: usize = 512;

/// Bytes of `state`, `nonce` and `redirect_uri` together, as JSON, at most: a browser keeps a cookie
/// of 4096 bytes, and the rest of what it carries has some 1400 before it is sealed.
const CARRIED_TOGETHER_MAX: usize = 1_400;

/// The one set of scopes of a launch (koppeltaal case 96).
pub const SCOPES: [&str; 3] = ["launch", "openid", "fhirUser"];

/// A request that keeps to every rule; its launch is not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeVerzoek {
    /// The module.
    pub client_id: ClientId,
    /// Where the answer goes: one of the module's registered URIs, as sent.
    pub redirect_uri: String,
    /// Echoed.
    pub state: String,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// PKCE, S256.
    pub challenge: Challenge,
    /// Passed on to the IdP.
    pub prompt: Option<Prompt>,
    /// The HTI token.
    pub launch: String,
}

/// How the IdP is asked to treat the person (OIDC Core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompt(&'static str);

/// A request that is refused before its redirect URI is proven: the person sees a page, the browser
/// is never sent on (RFC 6749 §4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRefusal {
    /// The query or form cannot be read.
    Unreadable,
    /// `client_id` is missing, unknown in this domain or not approved.
    UnknownClient,
    /// `redirect_uri` is missing or not registered for this module.
    UnknownRedirectUri,
}

/// How a request fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeRefusal {
    /// As a page.
    Page(PageRefusal),
    /// At the module.
    Redirect(RedirectRefusal),
}

impl PageRefusal {
    /// The rule, and why, for the operator.
    pub const fn reason(self) -> NietGoed {
        match self {
            Self::Unreadable => NietGoed::new("RFC 6749 §3.1", "the request cannot be read"),
            Self::UnknownClient => NietGoed::new(
                "koppeltaal case 93",
                "the domain has no approved application with this client_id",
            ),
            Self::UnknownRedirectUri => NietGoed::new(
                "koppeltaal case 94",
                "redirect_uri is not registered for the application",
            ),
        }
    }
}

impl Prompt {
    /// What a module may ask for (koppeltaal.md §4.5).
    const ALL: [Self; 4] = [
        Self("none"),
        Self("login"),
        Self("consent"),
        Self("select_account"),
    ];

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|prompt| prompt.0 == text)
    }

    /// On the wire.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl AuthorizeVerzoek {
    /// Reads and checks a request at the authorization endpoint of this domain.
    ///
    /// # Errors
    /// [`AuthorizeRefusal::Page`] until client and redirect URI are proven, then
    /// [`AuthorizeRefusal::Redirect`].
    pub fn read(
        parameters: &Parameters,
        domein: &Domeinconfiguratie,
        urls: &DomeinUrls,
    ) -> Result<Self, AuthorizeRefusal> {
        let (client_id, redirect_uri) =
            proven_target(parameters, domein).map_err(AuthorizeRefusal::Page)?;
        let state = parameters.get("state");
        let state = state.filter(|state| state.len() <= CARRIED_MAX);
        let refuse = |(error, why): Why| {
            AuthorizeRefusal::Redirect(refused(&redirect_uri, state, error, why))
        };
        let fhir = urls.fhir();
        CHECKS
            .iter()
            .try_for_each(|check| check(parameters, &fhir))
            .map_err(refuse)?;
        let challenge = challenge(parameters).map_err(refuse)?;
        let prompt = prompt(parameters).map_err(refuse)?;
        // `CHECKS` saw that both are there.
        let needed = |name| parameters.get(name).unwrap_or_default().to_owned();
        Ok(Self {
            client_id,
            state: needed("state"),
            nonce: parameters.get("nonce").map(str::to_owned),
            challenge,
            prompt,
            launch: needed("launch"),
            redirect_uri,
        })
    }

    /// The refusal of this request that goes back to the module.
    pub fn refused(&self, error: &'static str, why: NietGoed) -> RedirectRefusal {
        refused(&self.redirect_uri, Some(&self.state), error, why)
    }
}

/// An error for the module (RFC 6749 §4.1.2.1).
pub(super) fn refused(
    redirect_uri: &str,
    state: Option<&str>,
    error: &'static str,
    why: NietGoed,
) -> RedirectRefusal {
    RedirectRefusal {
        redirect_uri: redirect_uri.to_owned(),
        state: state.map(str::to_owned),
        error,
        requirement: why.requirement,
        reason: why.reason,
    }
}

/// Module and redirect URI, or the page that says that one of them is not registered.
fn proven_target(
    parameters: &Parameters,
    domein: &Domeinconfiguratie,
) -> Result<(ClientId, String), PageRefusal> {
    // koppeltaal case 93
    let client_id = parameters.get("client_id");
    let client_id = client_id.and_then(|id| ClientId::parse(id).ok());
    let known = client_id.and_then(|id| Some((id, domein.approved(id)?)));
    let (client_id, module) = known.ok_or(PageRefusal::UnknownClient)?;
    // koppeltaal cases 94 and 95: as registered, letter by letter; nothing fits where none is
    let redirect_uri = parameters
        .get("redirect_uri")
        .filter(|uri| module.redirect_uris.iter().any(|known| known == uri))
        .ok_or(PageRefusal::UnknownRedirectUri)?;
    Ok((client_id, redirect_uri.to_owned()))
}

/// Error code, and why.
type Why = (&'static str, NietGoed);
type Check = fn(&Parameters, &str) -> Result<(), Why>;

/// Every check that needs nothing but the request and the FHIR base of the domain, in order.
const CHECKS: [Check; 7] = [
    state_is_there,
    carried_values_fit,
    no_request_object,
    response_is_a_code,
    scope_is_of_a_launch,
    audience_is_the_domain,
    launch_is_there,
];

const fn invalid(requirement: &'static str, reason: &'static str) -> Why {
    ("invalid_request", NietGoed::new(requirement, reason))
}

fn state_is_there(parameters: &Parameters, _: &str) -> Result<(), Why> {
    let is_there = parameters
        .get("state")
        .is_some_and(|state| !state.is_empty());
    let why = invalid("koppeltaal.md §4.5", "state is missing");
    is_there.then_some(()).ok_or(why)
}

fn carried_values_fit(parameters: &Parameters, _: &str) -> Result<(), Why> {
    let fits = |name| parameters.get(name).is_none_or(|v| v.len() <= CARRIED_MAX);
    let carried = ["state", "nonce", "redirect_uri"].map(|name| parameters.get(name));
    let together = serde_json::to_string(&carried).map_or(usize::MAX, |text| text.len());
    let fit = fits("state") && fits("nonce") && together <= CARRIED_TOGETHER_MAX;
    let reason = "state and nonce may have 512 bytes at most, and 1400 with redirect_uri";
    let why = invalid("RFC 6749 §4.1.1", reason);
    fit.then_some(()).ok_or(why)
}

/// OIDC Core §6.1 and §7.2.1: what is not supported is refused under a name of its own.
fn no_request_object(parameters: &Parameters, _: &str) -> Result<(), Why> {
    const UNSUPPORTED: [(&str, &str); 3] = [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ];
    let asked = UNSUPPORTED
        .iter()
        .find(|(name, _)| parameters.get(name).is_some());
    asked.map_or(Ok(()), |(_, error)| {
        let reason = "the parameter is not supported";
        Err((*error, NietGoed::new("OIDC Core §3.1.2.6", reason)))
    })
}

fn response_is_a_code(parameters: &Parameters, _: &str) -> Result<(), Why> {
    if parameters
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        let reason = "response_mode must be query";
        return Err(invalid("OAuth 2.0 Multiple Response Types §2.1", reason));
    }
    match parameters.get("response_type") {
        Some("code") => Ok(()),
        Some(_) => {
            let why = NietGoed::new("koppeltaal.md §4.5", "response_type must be code");
            Err(("unsupported_response_type", why))
        }
        None => Err(invalid("koppeltaal.md §4.5", "response_type is missing")),
    }
}

/// koppeltaal case 96: exactly the set, in any order.
fn scope_is_of_a_launch(parameters: &Parameters, _: &str) -> Result<(), Why> {
    let scope = parameters.get("scope").unwrap_or_default();
    let named: Vec<&str> = scope.split(' ').filter(|name| !name.is_empty()).collect();
    let is_set = named.len() == SCOPES.len() && SCOPES.iter().all(|name| named.contains(name));
    let why = NietGoed::new(
        "koppeltaal case 96",
        "scope must be launch, openid and fhirUser",
    );
    is_set.then_some(()).ok_or(("invalid_scope", why))
}

/// koppeltaal case 97
fn audience_is_the_domain(parameters: &Parameters, fhir: &str) -> Result<(), Why> {
    let why = invalid("koppeltaal case 97", "aud must be the domain's FHIR base");
    let is_ours = parameters.get("aud") == Some(fhir);
    is_ours.then_some(()).ok_or(why)
}

fn launch_is_there(parameters: &Parameters, _: &str) -> Result<(), Why> {
    let why = invalid("koppeltaal case 98", "launch is missing");
    parameters.get("launch").map(|_| ()).ok_or(why)
}

/// koppeltaal case 99: PKCE is required, and only S256 will do.
fn challenge(parameters: &Parameters) -> Result<Challenge, Why> {
    let why = |reason| invalid("koppeltaal case 99", reason);
    let challenge = parameters.get("code_challenge");
    let challenge = challenge.ok_or(why("code_challenge is missing"))?;
    if parameters.get("code_challenge_method") != Some("S256") {
        return Err(why("code_challenge_method must be S256"));
    }
    Challenge::parse(challenge).map_err(|_| why("code_challenge is not 32 bytes of base64url"))
}

fn prompt(parameters: &Parameters) -> Result<Option<Prompt>, Why> {
    let known = |text| {
        Prompt::parse(text).ok_or(invalid(
            "koppeltaal.md §4.5",
            "prompt is none that we pass on",
        ))
    };
    parameters.get("prompt").map(known).transpose()
}

#[cfg(test)]
mod tests;
