//! How an authorization request of an app comes (etoegang.md §4.2, §4.3): as it is, signed (RFC 9101)
//! and perhaps encrypted, or left at the back before (RFC 9126). All three end in one [`AuthorizationRequest`].
//!
//! With a signed or a pushed request only its own parameters count: what stands beside it is not looked
//! at, but for the `client_id`, which must be the same.

use jose::jwe::DecryptionKey;
use protocol::assertion::Receiver;
use protocol::authorize::{AuthorizeRefusal, PageRefusal, RedirectRefusal};
use protocol::client::Client;
use protocol::pushed::{LIFETIME_S, PushedRequest, RequestUri};
use protocol::redirect;
use protocol::request_object;
use protocol::wire::Parameters;
use verdict::{Actor, Event, Key, Moment, Step, Stored, Verdict};

use super::authorize::AuthorizationRequest;
use super::{DvApps, Hm, ProvenApp};
use crate::dienstencatalogus::Dienstencatalogus;

/// What a request is held against.
#[derive(Clone, Copy, Debug)]
pub struct Kader<'a> {
    /// Who answers.
    pub hm: &'a Hm,
    /// Its apps.
    pub apps: &'a DvApps,
    /// The catalogue in force.
    pub catalogus: &'a Dienstencatalogus,
    /// The keys to which an app may encrypt its request; none when it cannot.
    pub ontsleutelt: &'a [DecryptionKey],
    /// Now.
    pub now: Moment,
}

/// What becomes of a request.
pub type Gelezen = Result<Box<AuthorizationRequest>, Verzoekfout>;

/// How a request fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verzoekfout {
    /// As a page: app or redirect URI are not known.
    Pagina(PageRefusal),
    /// As a page: the pushed request is over, was used before, or is another app's.
    Verlopen,
    /// At the app.
    Redirect(RedirectRefusal),
}

/// The one question: the request that was pushed.
#[derive(Clone, Debug)]
pub struct AangebodenVraag {
    uri: RequestUri,
    query: Parameters,
}

/// The answer of the endpoint for pushed requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aangeboden {
    /// 201 (RFC 9126 §2.2).
    Aangenomen {
        /// `request_uri`. Not for a log: it opens the request.
        request_uri: String,
        /// `expires_in`.
        expires_in_s: u32,
    },
    /// 400 (RFC 9126 §2.3).
    Geweigerd {
        /// `error`.
        error: &'static str,
        /// The rule.
        requirement: &'static str,
        /// Why, for the operator.
        reason: &'static str,
    },
}

type Stap = Step<Gelezen, AangebodenVraag>;

/// Error, requirement, reason.
type Why = (&'static str, &'static str, &'static str);

/// The first step of an authorization request: most end here.
pub fn begin(query: Parameters, kader: Kader<'_>) -> Stap {
    let Some(client) = query
        .get("client_id")
        .and_then(|id| kader.apps.clients().get(id))
    else {
        return Step::reply(Err(Verzoekfout::Pagina(PageRefusal::UnknownClient)));
    };
    match (query.get("request"), query.get("request_uri")) {
        (None, None) => Step::reply(kader.read(&query)),
        (Some(_), Some(_)) => {
            let reason = "request and request_uri stand together";
            let why = ("invalid_request", "RFC 9101 §5", reason);
            Step::reply(Err(at_app(&query, client, why)))
        }
        (Some(text), None) => {
            let own = kader.opened(text, client);
            let read = own.map_err(|why| at_app(&query, client, why));
            Step::reply(read.and_then(|own| kader.read(&own)))
        }
        (None, Some(uri)) => {
            let Some(uri) = RequestUri::parse(uri) else {
                // What others keep for the app is not fetched: no address of it is registered.
                let reason = "request_uri is not one that was pushed here";
                let why = ("request_uri_not_supported", "OIDC Core §3.1.2.6", reason);
                return Step::reply(Err(at_app(&query, client, why)));
            };
            Step::Ask(AangebodenVraag { uri, query })
        }
    }
}

impl AangebodenVraag {
    /// Which row.
    pub fn key(&self) -> Key {
        self.uri.key()
    }

    /// The request that was pushed, which is gone then (RFC 9126 §4). It is checked anew: the catalogue
    /// may be another by now.
    pub fn answer(self, found: Option<Stored<PushedRequest>>, kader: Kader<'_>) -> Stap {
        let client_id = self.query.get("client_id").unwrap_or_default();
        let taken = found.and_then(|found| PushedRequest::take(found, &self.uri, client_id));
        let Some((own, spent)) = taken else {
            let reason = "the pushed request is over, used, or another app's";
            let who = Actor::Party(client_id.to_owned());
            let event = Event::refused("RFC 9126 §4", reason, who);
            return Step::reply_with(Err(Verzoekfout::Verlopen), event);
        };
        Step::Done(Verdict {
            reply: kader.read(&own),
            changes: vec![spent], // RFC 9126 §4
            events: Vec::new(),
        })
    }

    /// Somebody else used the request in the same moment.
    pub const fn lost() -> Gelezen {
        Err(Verzoekfout::Verlopen)
    }
}

/// Takes a request of an app that proved who it is as at the token endpoint (RFC 9126 §2.1), checks it
/// whole, and keeps it under a new name; `random` is 32 random bytes.
pub fn aanbieden(
    app: &ProvenApp,
    form: &Parameters,
    random: [u8; 32],
    kader: Kader<'_>,
) -> Verdict<Aangeboden> {
    let client = app.client.client();
    match pushed(client, form, kader) {
        Ok(parameters) => {
            let uri = RequestUri::new(random);
            let request = PushedRequest {
                client_id: client.client_id.clone(),
                parameters,
            };
            app.client.spent_in(Verdict {
                reply: Aangeboden::Aangenomen {
                    request_uri: uri.text(),
                    expires_in_s: LIFETIME_S,
                },
                changes: vec![request.keep(&uri, kader.now)],
                events: vec![event(client, "RFC 9126 §2.2", "a request was pushed", true)],
            })
        }
        Err((error, requirement, reason)) => Verdict {
            reply: Aangeboden::Geweigerd {
                error,
                requirement,
                reason,
            },
            changes: Vec::new(),
            events: vec![event(client, requirement, reason, false)],
        },
    }
}

/// The parameters of a pushed request that keeps to every rule.
fn pushed(client: &Client, form: &Parameters, kader: Kader<'_>) -> Result<Parameters, Why> {
    if form.get("request_uri").is_some() {
        let reason = "a pushed request has a request_uri";
        return Err(("invalid_request", "RFC 9126 §2.1", reason));
    }
    if form
        .get("client_id")
        .is_some_and(|id| id != client.client_id)
    {
        let reason = "client_id is not the client that proved itself";
        return Err(("invalid_request", "RFC 9126 §2.1", reason));
    }
    let own = match form.get("request") {
        Some(text) => kader.opened(text, client)?,
        None => without_proof(form, client),
    };
    match kader.read(&own) {
        Ok(_) => Ok(own),
        // RFC 9126 §2.3: no browser is there to be sent on
        Err(Verzoekfout::Redirect(at)) => Err((at.error, at.requirement, at.reason)),
        Err(Verzoekfout::Pagina(page)) => {
            let (requirement, reason) = page.reason();
            Err(("invalid_request", requirement, reason))
        }
        Err(Verzoekfout::Verlopen) => Err(("invalid_request", "RFC 9126 §2.1", "it is over")),
    }
}

/// The form without what proves the client: that is no part of the request, and not to be kept.
fn without_proof(form: &Parameters, client: &Client) -> Parameters {
    let proof = ["client_assertion", "client_assertion_type", "client_id"];
    let rest = form.iter().filter(|(name, _)| !proof.contains(name));
    let rest = rest.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let named = ("client_id".to_owned(), client.client_id.clone());
    Parameters::of(rest.chain([named])).unwrap_or_default()
}

impl Kader<'_> {
    fn read(&self, parameters: &Parameters) -> Gelezen {
        AuthorizationRequest::read(parameters, self.hm, self.apps, self.catalogus)
            .map(Box::new)
            .map_err(Verzoekfout::from)
    }

    /// The parameters that the app signed (RFC 9101 §6.3).
    fn opened(&self, text: &str, client: &Client) -> Result<Parameters, Why> {
        let receiver = Receiver {
            audience: &[&self.hm.issuer],
            now: self.now,
        };
        let text = request_object::decrypted(text, self.ontsleutelt)?;
        request_object::read(&text, client, &receiver)
    }
}

/// An error before the request could be read: back to the app, when the query names one of its
/// addresses, else a page.
fn at_app(query: &Parameters, client: &Client, (error, requirement, reason): Why) -> Verzoekfout {
    let named = query.get("redirect_uri");
    let Some(uri) = named.filter(|uri| redirect::is_registered(client, uri)) else {
        return Verzoekfout::Pagina(PageRefusal::UnknownRedirectUri);
    };
    let state = query
        .get("state")
        .filter(|state| state.len() <= STATE_BYTES_MAX);
    Verzoekfout::Redirect(RedirectRefusal {
        redirect_uri: uri.to_owned(),
        state: state.map(str::to_owned),
        error,
        requirement,
        reason,
    })
}

fn event(
    client: &Client,
    requirement: &'static str,
    what: &'static str,
    is_granted: bool,
) -> Event {
    let who = Actor::Party(client.client_id.clone());
    if is_granted {
        Event::granted(requirement, what, who)
    } else {
        Event::refused(requirement, what, who)
    }
}

impl From<AuthorizeRefusal> for Verzoekfout {
    fn from(refusal: AuthorizeRefusal) -> Self {
        match refusal {
            AuthorizeRefusal::Page(page) => Self::Pagina(page),
            AuthorizeRefusal::Redirect(refusal) => Self::Redirect(refusal),
        }
    }
}

/// Bytes of a `state` that goes back with an error, at most.
const STATE_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests;
