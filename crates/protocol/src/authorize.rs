//! The authorization request (RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1).
//!
//! The checks come in two halves. Until client and redirect URI are proven, an error is a page and
//! never a redirect; from then on every error goes back to the client with its `state`.

use std::sync::Arc;

use crate::client::{Client, Clients};
use crate::pkce::Challenge;
use crate::redirect;
use crate::scope::Scope;
use crate::wire::{Parameters, with_query};

/// The longest `state` or `nonce` that we carry: it must fit the browser's cookie with the rest.
const CARRIED_MAX: usize = 512;

/// A request that keeps to every rule.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client: Arc<Client>,
    /// Where the answer goes: one of the client's registered URIs, as sent.
    pub redirect_uri: String,
    /// Echoed (RFC 6749 §4.1.2).
    pub state: Option<String>,
    /// Goes into the ID token (OIDC Core §3.1.2.1).
    pub nonce: Option<String>,
    /// PKCE, S256.
    pub challenge: Challenge,
    /// With `openid` in it.
    pub scope: Scope,
}

/// A request that is refused before its redirect URI is proven: the person sees a page, the browser
/// is never sent on (RFC 6749 §4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRefusal {
    /// `client_id` is missing or not registered (mitz case 2).
    UnknownClient,
    /// `redirect_uri` is missing or not registered for this client (mitz case 3).
    UnknownRedirectUri,
}

impl PageRefusal {
    /// The rule, and why, for the operator.
    pub const fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownClient => ("mitz case 2", "client_id is not registered"),
            Self::UnknownRedirectUri => (
                "mitz case 3",
                "redirect_uri is not registered for the client",
            ),
        }
    }
}

/// A refusal that goes back to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectRefusal {
    /// The proven redirect URI.
    pub redirect_uri: String,
    /// Echoed.
    pub state: Option<String>,
    /// RFC 6749 §4.1.2.1 or OIDC Core §3.1.2.6.
    pub error: &'static str,
    /// The rule that refused.
    pub requirement: &'static str,
    /// Why; the client may read it too.
    pub reason: &'static str,
}

impl RedirectRefusal {
    /// The URL to which the browser goes, with `iss` (RFC 9207).
    pub fn url(&self, issuer: &str) -> String {
        answer_url(
            &self.redirect_uri,
            &[("error", self.error), ("error_description", self.reason)],
            self.state.as_deref(),
            issuer,
        )
    }
}

/// How a request fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizeRefusal {
    /// As a page.
    Page(PageRefusal),
    /// At the client.
    Redirect(RedirectRefusal),
}

/// `redirect_uri` with an answer: the given parameters, `state` as it was sent, and `iss`
/// (RFC 6749 §4.1.2, RFC 9207 §2).
pub fn answer_url(
    redirect_uri: &str,
    answer: &[(&str, &str)],
    state: Option<&str>,
    issuer: &str,
) -> String {
    let mut parameters = answer.to_vec();
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", issuer));
    with_query(redirect_uri, &parameters)
}

impl AuthorizationRequest {
    /// Reads and checks a request.
    ///
    /// # Errors
    /// [`AuthorizeRefusal::Page`] until client and redirect URI are proven, then
    /// [`AuthorizeRefusal::Redirect`].
    pub fn read(parameters: &Parameters, clients: &Clients) -> Result<Self, AuthorizeRefusal> {
        let (client, redirect_uri) = proven_target(parameters, clients)?;
        let state = parameters.get("state").map(str::to_owned);
        let refuse = |(error, requirement, reason)| {
            AuthorizeRefusal::Redirect(RedirectRefusal {
                redirect_uri: redirect_uri.clone(),
                state: state.clone().filter(|state| state.len() <= CARRIED_MAX),
                error,
                requirement,
                reason,
            })
        };
        CHECKS
            .iter()
            .try_for_each(|check| check(parameters))
            .map_err(refuse)?;
        let challenge = challenge(parameters).map_err(refuse)?;
        let scope = scope(parameters).map_err(refuse)?;
        Ok(Self {
            client,
            state,
            nonce: parameters.get("nonce").map(str::to_owned),
            challenge,
            scope,
            redirect_uri,
        })
    }
}

/// Client and redirect URI, or the page that says that one of them is not registered. A person
/// must never be sent to an address that nobody registered.
fn proven_target(
    parameters: &Parameters,
    clients: &Clients,
) -> Result<(Arc<Client>, String), AuthorizeRefusal> {
    let client = parameters
        .get("client_id")
        .and_then(|id| clients.get(id))
        .ok_or(AuthorizeRefusal::Page(PageRefusal::UnknownClient))?;
    let redirect_uri = parameters
        .get("redirect_uri")
        .filter(|uri| redirect::is_registered(client, uri))
        .ok_or(AuthorizeRefusal::Page(PageRefusal::UnknownRedirectUri))?;
    Ok((Arc::clone(client), redirect_uri.to_owned()))
}

/// Error code, requirement, reason.
type Why = (&'static str, &'static str, &'static str);
type Check = fn(&Parameters) -> Result<(), Why>;

/// Every check that needs nothing but the request, in order.
const CHECKS: [Check; 5] = [
    carried_values_fit,
    no_request_object,
    response_is_a_code,
    response_goes_in_the_query,
    person_may_be_asked,
];

fn carried_values_fit(parameters: &Parameters) -> Result<(), Why> {
    let fits = |name| parameters.get(name).is_none_or(|v| v.len() <= CARRIED_MAX);
    if fits("state") && fits("nonce") {
        Ok(())
    } else {
        Err((
            "invalid_request",
            "RFC 6749 §4.1.1",
            "state and nonce may have 512 bytes at most",
        ))
    }
}

/// OIDC Core §6.1 and §7.2.1: what is not supported is refused under a name of its own.
fn no_request_object(parameters: &Parameters) -> Result<(), Why> {
    const UNSUPPORTED: [(&str, &str); 3] = [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ];
    UNSUPPORTED.iter().try_for_each(|(name, error)| {
        parameters.get(name).map_or(Ok(()), |_| {
            Err((
                *error,
                "OIDC Core §3.1.2.6",
                "the parameter is not supported",
            ))
        })
    })
}

fn response_is_a_code(parameters: &Parameters) -> Result<(), Why> {
    match parameters.get("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err((
            "unsupported_response_type",
            "RFC 6749 §4.1.2.1",
            "response_type must be code",
        )),
        None => Err((
            "invalid_request",
            "RFC 6749 §4.1.1",
            "response_type is missing",
        )),
    }
}

fn response_goes_in_the_query(parameters: &Parameters) -> Result<(), Why> {
    match parameters.get("response_mode") {
        None | Some("query") => Ok(()),
        Some(_) => Err((
            "invalid_request",
            "OAuth 2.0 Multiple Response Types §2.1",
            "response_mode must be query",
        )),
    }
}

/// OIDC Core §3.1.2.1: the person always logs in and decides, so `prompt=none` cannot be met.
fn person_may_be_asked(parameters: &Parameters) -> Result<(), Why> {
    let prompt = parameters.get("prompt").unwrap_or_default();
    if prompt.split(' ').any(|value| value == "none") {
        Err((
            "login_required",
            "OIDC Core §3.1.2.6",
            "the person must log in, so prompt=none cannot be met",
        ))
    } else {
        Ok(())
    }
}

/// RFC 9700 §2.1.1; mitz cases 5 and 6: PKCE is required, and only S256 will do.
fn challenge(parameters: &Parameters) -> Result<Challenge, Why> {
    let why = |reason| ("invalid_request", "RFC 9700 §2.1.1", reason);
    let challenge = parameters
        .get("code_challenge")
        .ok_or(why("code_challenge is missing"))?;
    if parameters.get("code_challenge_method") != Some("S256") {
        return Err(why("code_challenge_method must be S256"));
    }
    Challenge::parse(challenge).map_err(|_| why("code_challenge is not 32 bytes of base64url"))
}

/// OIDC Core §3.1.2.1; mitz case 4: without `openid` it is no OpenID Connect request.
fn scope(parameters: &Parameters) -> Result<Scope, Why> {
    let why = |reason| ("invalid_scope", "OIDC Core §3.1.2.1", reason);
    let scope = parameters.get("scope").unwrap_or_default();
    let scope = Scope::parse(scope).map_err(|_| why("scope is missing or unreadable"))?;
    if scope.contains("openid") {
        Ok(scope)
    } else {
        Err(why("scope must contain openid"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Authentication;
    use crate::wire::encode;

    const CALLBACK: &str = "https://pgo.localhost:8443/callback";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn clients() -> Clients {
        std::iter::once(Client {
            client_id: "pgo.localhost".into(),
            organisatienaam: "De Proef-PGO".into(),
            authentication: Authentication::TlsClientAuth {
                san_dns: vec!["pgo.localhost".into()],
            },
            redirect_uris: vec![CALLBACK.into()],
        })
        .collect()
    }

    /// A whole request with one parameter left out or given another value.
    fn request(
        change: &str,
        value: Option<&str>,
    ) -> Result<AuthorizationRequest, AuthorizeRefusal> {
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", "pgo.localhost"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid"),
            ("state", "s 1"),
            ("nonce", "n1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| *name != change);
        pairs.extend(value.map(|value| (change, value)));
        let query: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let parameters = Parameters::parse(query.join("&").as_bytes()).expect("a query");
        AuthorizationRequest::read(&parameters, &clients())
    }

    fn redirected(change: &str, value: Option<&str>) -> RedirectRefusal {
        match request(change, value) {
            Err(AuthorizeRefusal::Redirect(refusal)) => refusal,
            other => panic!("expected a redirect, got {other:?}"),
        }
    }

    #[test]
    fn mitz_case_001_a_whole_request_is_accepted() {
        let request = request("surprise", Some("ignored")).expect("keeps to every rule");
        // RFC 6749 §4.1.1
        assert_eq!(request.redirect_uri, CALLBACK);
        assert_eq!(request.state.as_deref(), Some("s 1"));
        assert_eq!(request.nonce.as_deref(), Some("n1"));
    }

    #[test]
    fn mitz_case_002_an_unknown_client_is_a_page() {
        for id in [Some("ander.localhost"), None] {
            // RFC 6749 §4.1.2.1
            assert_eq!(
                request("client_id", id).err(),
                Some(AuthorizeRefusal::Page(PageRefusal::UnknownClient))
            );
        }
        let reason = ("mitz case 2", "client_id is not registered");
        assert_eq!(PageRefusal::UnknownClient.reason(), reason);
    }

    #[test]
    fn mitz_case_003_an_unregistered_redirect_uri_is_a_page() {
        let near = format!("{CALLBACK}/");
        for uri in [Some(near.as_str()), Some("https://kwaad.localhost/"), None] {
            // RFC 9700 §2.1
            assert_eq!(
                request("redirect_uri", uri).err(),
                Some(AuthorizeRefusal::Page(PageRefusal::UnknownRedirectUri))
            );
        }
        let (requirement, _) = PageRefusal::UnknownRedirectUri.reason();
        assert_eq!(requirement, "mitz case 3");
    }

    #[test]
    fn mitz_case_004_without_openid_the_client_hears_invalid_scope_with_its_state_and_iss() {
        let refusal = redirected("scope", Some("profile"));
        assert_eq!(refusal.error, "invalid_scope");
        let url = refusal.url("https://mitz.localhost:8443");
        assert!(url.starts_with(&format!("{CALLBACK}?error=invalid_scope&")));
        // RFC 6749 §4.1.2; RFC 9207 §2
        assert!(url.ends_with("&state=s%201&iss=https%3A%2F%2Fmitz.localhost%3A8443"));
    }

    #[test]
    fn mitz_case_005_without_a_challenge_the_client_hears_invalid_request() {
        assert_eq!(redirected("code_challenge", None).error, "invalid_request");
    }

    #[test]
    fn mitz_case_006_plain_pkce_is_invalid_request() {
        for method in [Some("plain"), None] {
            let refusal = redirected("code_challenge_method", method);
            assert_eq!(refusal.error, "invalid_request");
            assert_eq!(refusal.requirement, "RFC 9700 §2.1.1");
        }
    }

    #[test]
    fn oidc_core_what_is_not_offered_is_refused_by_name() {
        for (name, value, error) in [
            // RFC 6749 §4.1.2.1
            ("response_type", Some("token"), "unsupported_response_type"),
            ("response_type", None, "invalid_request"),
            // OAuth 2.0 Multiple Response Types §2.1
            ("response_mode", Some("fragment"), "invalid_request"),
            // OIDC Core §3.1.2.6
            ("prompt", Some("none"), "login_required"),
            ("prompt", Some("login none"), "login_required"),
            // OIDC Core §6.1 and §7.2.1
            ("request", Some("a.b.c"), "request_not_supported"),
            ("registration", Some("{}"), "registration_not_supported"),
            (
                "request_uri",
                Some("https://x"),
                "request_uri_not_supported",
            ),
            ("state", Some(&"x".repeat(513)), "invalid_request"),
            ("nonce", Some(&"x".repeat(513)), "invalid_request"),
        ] {
            assert_eq!(redirected(name, value).error, error, "{name}");
        }
        for (name, value) in [("response_mode", "query"), ("prompt", "login consent")] {
            assert!(request(name, Some(value)).is_ok(), "{name}={value}");
        }
    }

    #[test]
    fn a_state_is_echoed_as_long_as_it_can_be_carried() {
        let longest = "x".repeat(CARRIED_MAX);
        let request = request("state", Some(&longest)).expect("fits");
        assert_eq!(request.state, Some(longest));
        let too_long = "x".repeat(CARRIED_MAX + 1);
        assert_eq!(redirected("state", Some(&too_long)).state, None);
    }
}
