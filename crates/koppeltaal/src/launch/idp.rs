//! Who identifies the person of a launch: the choice of an IdP, its discovery document, the request
//! to it, and its ID token (MIDP, IAM 002: OpenID Connect only).

use jose::{Expected, Jwks, Typ};
use protocol::pkce::Challenge;
use protocol::wire::with_query;
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use verdict::Moment;

use super::NietGoed;
use super::authorize::Prompt;
use crate::client_assertion::ALGORITHMS;
use crate::domeinconfiguratie::{Applicatie, Domeinconfiguratie, Gebruikerssoort, Idp};

/// Seconds by which an IdP's clock may differ from ours (koppeltaal.md §5).
const LEEWAY_S: u32 = 60;
/// Bytes of what an IdP calls a person, at most.
const CLAIM_BYTES_MAX: usize = 512;
/// Bytes of an IdP's discovery document, at most.
pub const DISCOVERY_BYTES_MAX: usize = 64 * 1024;

/// The IdP for a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keuze<'a> {
    /// Its name in the domain.
    pub naam: &'a str,
    /// What the domain knows of it.
    pub idp: &'a Idp,
    /// Whether the portal hinted at one that is not for this application and these people: a
    /// misconfiguration, which is logged and does not stop the launch (MIDP).
    pub hint_onbekend: bool,
}

/// What an IdP says of itself (OIDC Discovery §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// Its issuer, as its ID tokens name it.
    pub issuer: String,
    /// Where people go.
    pub authorization_endpoint: String,
    /// Where codes are exchanged.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Whether its answers name it (RFC 9207 §3).
    pub names_itself: bool,
}

/// What goes to an IdP with the person.
#[derive(Clone, Copy, Debug)]
pub struct Vraag<'a> {
    /// Where the person comes back.
    pub redirect_uri: &'a str,
    /// Comes back with the person.
    pub state: &'a str,
    /// Comes back in the ID token.
    pub nonce: &'a str,
    /// Of the verifier that we keep.
    pub challenge: &'a Challenge,
    /// What the module asked.
    pub prompt: Option<Prompt>,
}

/// Chooses (MIDP, koppeltaal case 105): the one that the portal hints at, by name or by issuer, if
/// it is in the application's list for people of this kind; else the first of the list; else the
/// domain's own. Nothing where there is none at all.
pub fn kies<'a>(
    domein: &'a Domeinconfiguratie,
    module: &'a Applicatie,
    soort: Gebruikerssoort,
    hint: Option<&str>,
) -> Option<Keuze<'a>> {
    let lijst = module.idps.get(&soort).map_or(&[][..], Vec::as_slice);
    let known = |naam: &'a String| {
        let idp = domein.idps.get(naam)?;
        Some((naam.as_str(), idp))
    };
    let of_list = || lijst.iter().filter_map(known);
    let is_hinted = |(naam, idp): &(&str, &Idp)| {
        hint.is_some_and(|hint| hint == *naam || is_same_issuer(hint, &idp.issuer))
    };
    let hinted = of_list().find(is_hinted);
    let standaard = || domein.standaard_idp.as_ref().and_then(known);
    let (naam, idp) = hinted.or_else(|| of_list().next()).or_else(standaard)?;
    Some(Keuze {
        naam,
        idp,
        hint_onbekend: hint.is_some() && !is_hinted(&(naam, idp)),
    })
}

impl Discovery {
    /// Reads the document of the IdP with this issuer.
    ///
    /// # Errors
    /// [`NietGoed`]: no JSON, an endpoint is missing, or it is another's document (OIDC Discovery
    /// §4.3).
    pub fn read(idp: &Idp, document: &[u8]) -> Result<Self, NietGoed> {
        #[derive(Deserialize)]
        struct Document {
            issuer: String,
            authorization_endpoint: String,
            token_endpoint: String,
            jwks_uri: String,
            #[serde(default)]
            authorization_response_iss_parameter_supported: bool,
        }
        let bad = |reason| NietGoed::new("OIDC Discovery §4.3", reason);
        if document.len() > DISCOVERY_BYTES_MAX {
            return Err(bad("the IdP's discovery document is too large"));
        }
        let read: Document = serde_json::from_slice(document)
            .map_err(|_| bad("the IdP's discovery document lacks what is needed"))?;
        if !is_same_issuer(&read.issuer, &idp.issuer) {
            return Err(bad("the IdP's discovery document names another issuer"));
        }
        let at = |said: &str| {
            let url = endpoint(idp, said);
            url.ok_or_else(|| {
                bad("the IdP's discovery document names an endpoint without TLS, or none")
            })
        };
        Ok(Self {
            issuer: read.issuer,
            authorization_endpoint: at(&read.authorization_endpoint)?,
            token_endpoint: at(&read.token_endpoint)?,
            jwks_uri: at(&read.jwks_uri)?,
            names_itself: read.authorization_response_iss_parameter_supported,
        })
    }

    /// Whether an answer may be its own, by the `iss` that stands in it (RFC 9207 §2.4).
    pub fn may_have_sent(&self, iss: Option<&str>) -> bool {
        match iss {
            Some(iss) => iss == self.issuer,
            None => !self.names_itself,
        }
    }

    /// Where the person goes (OIDC Core §3.1.2.1, koppeltaal case 92).
    pub fn url(&self, idp: &Idp, vraag: &Vraag<'_>) -> String {
        let mut scope = "openid".to_owned();
        for extra in idp.extra_scopes.iter().filter(|extra| *extra != "openid") {
            scope.push(' ');
            scope.push_str(extra);
        }
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", idp.client_id.as_str()),
            ("redirect_uri", vraag.redirect_uri),
            ("scope", scope.as_str()),
            ("state", vraag.state),
            ("nonce", vraag.nonce),
            ("code_challenge", vraag.challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        parameters.extend(vraag.prompt.map(|prompt| ("prompt", prompt.as_str())));
        with_query(&self.authorization_endpoint, &parameters)
    }

    /// The person's name at the IdP, from its ID token (OIDC Core §3.1.3.7, koppeltaal.md §4.5).
    ///
    /// # Errors
    /// [`NietGoed`], whatever is wrong.
    pub fn prove(
        &self,
        id_token: &str,
        keys: &Jwks,
        idp: &Idp,
        nonce: &str,
        now: Moment,
    ) -> Result<String, NietGoed> {
        let bad = |reason| NietGoed::new("OIDC Core §3.1.3.7", reason);
        let expected = Expected {
            typ: Typ::JwtOrAbsent,
            issuer: &self.issuer,
            audience: &[&idp.client_id],
            now,
            leeway_s: LEEWAY_S,
        };
        let claims = jose::verify(id_token, keys, &ALGORITHMS, &expected)
            .map_err(|_| bad("the IdP's ID token is not its own, not for us, or over"))?;
        if claims.str("nonce") != Ok(nonce) {
            return Err(bad("the IdP's ID token answers another request (nonce)"));
        }
        let audience = claims.strings("aud").map_or(0, |named| named.len());
        let azp = claims.get("azp").map(|azp| azp.as_str());
        if azp.is_some_and(|azp| azp != Some(&idp.client_id)) || (audience > 1 && azp.is_none()) {
            return Err(bad("the IdP's ID token was made for another client (azp)"));
        }
        // OIDC Core §2: who it is about, and when it was made, always stand in it.
        if claims.str("sub").unwrap_or_default().is_empty() || claims.seconds("iat").is_err() {
            return Err(bad("the IdP's ID token lacks sub or iat"));
        }
        if idp.claim == "email" && !is_confirmed(claims.get("email_verified")) {
            return Err(NietGoed::new(
                "koppeltaal.md §4.5",
                "the IdP does not say that it confirmed the e-mail address",
            ));
        }
        let named = claims.get(&idp.claim).and_then(Value::as_str);
        let named = named.filter(|named| (1..=CLAIM_BYTES_MAX).contains(&named.len()));
        named.map(str::to_owned).ok_or(NietGoed::new(
            "koppeltaal.md §4.5",
            "the IdP's ID token lacks the configured claim",
        ))
    }
}

/// An address that nobody confirmed is whatever a person typed. Some IdPs say so in a string; one that
/// says nothing leaves it to the domain, which named the claim.
fn is_confirmed(email_verified: Option<&Value>) -> bool {
    match email_verified {
        None => true,
        Some(Value::Bool(verified)) => *verified,
        Some(said) => said == "true",
    }
}

/// An endpoint of an IdP as it may be called and sent to: absolute, with TLS unless its issuer does
/// without (on one machine), and spelled so that it fits in a header (koppeltaal.md §5).
fn endpoint(idp: &Idp, said: &str) -> Option<String> {
    let (url, issuer) = (Url::parse(said).ok()?, Url::parse(&idp.issuer).ok()?);
    let is_served = url.scheme() == "https" || url.scheme() == issuer.scheme();
    let is_plain = url.fragment().is_none() && url.username().is_empty();
    (is_served && is_plain && url.password().is_none() && url.has_host()).then(|| url.into())
}

/// A domain names issuers without a slash at their end; some IdPs write one.
fn is_same_issuer(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

#[cfg(test)]
mod tests;
