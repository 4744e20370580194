//! What handlers share: a request as a value, and the few kinds of answers.

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, OriginalUri};
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use http::header::{
    ACCEPT_LANGUAGE, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    COOKIE, LOCATION, ORIGIN, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use protocol::bearer::BearerRefusal;
use protocol::client::PeerCertificate;
use protocol::refusal::{ErrorCode, Refusal};
use protocol::wire::{Malformed, Parameters, with_query};
use serde::Serialize;

use crate::clock::Clock;
use crate::door::{Peer, TooSoon, TraceId, Turns};
use crate::pages::{self, Brand, Lang, Origin, PageContext, Shell, Technisch, TechnischSoort};

/// Longest body that a handler takes into memory; the door's own limit is per site and lower.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// The cookie that remembers the language, and for how long, in seconds.
const TAAL: &str = "__Host-taal";
const TAAL_S: u32 = 365 * 86_400;

/// W3C Fetch Metadata §2.3.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Seconds after which a client may try again when something that we need does not answer.
const RETRY_AFTER_S: &str = "5";

/// A whole request, as the door let it in.
#[derive(Clone)]
pub struct Visit {
    /// Who asks.
    pub peer: Peer,
    /// Its number.
    pub trace: TraceId,
    /// The path, whole also where a router is nested.
    pub path: String,
    /// The query, undecoded.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The language in which the person came here, as whoever sent him says.
    pub asked: Option<Lang>,
    turns: Option<Turns>,
}

impl<S: Send + Sync> FromRequest<S> for Visit {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Response> {
        let (head, body) = request.into_parts();
        let peer = head.extensions.get::<Peer>().cloned();
        let trace = head.extensions.get::<TraceId>().copied();
        let (Some(peer), Some(trace)) = (peer, trace) else {
            // Only the door calls handlers, and it always says who and which.
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let body = axum::body::to_bytes(body, BODY_MAX).await;
        let nested = head.extensions.get::<OriginalUri>();
        let uri = nested.map_or(&head.uri, |OriginalUri(uri)| uri);
        Ok(Self {
            peer,
            trace,
            path: uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body: body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?,
            asked: None,
            turns: head.extensions.get::<Turns>().cloned(),
        })
    }
}

/// Why a body is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAForm {
    /// Another media type, or none.
    MediaType,
    /// See [`Malformed`].
    Malformed(Malformed),
}

impl NotAForm {
    /// As a refusal of an OAuth endpoint.
    pub const fn refusal(self) -> Refusal {
        let reason = match self {
            Self::MediaType => "the body is no application/x-www-form-urlencoded form",
            Self::Malformed(malformed) => malformed.text(),
        };
        Refusal::new(ErrorCode::InvalidRequest, "RFC 6749 §3.2", reason)
    }
}

impl Visit {
    /// The same visit at a page of another address, to which its language switch leads. What the query of
    /// the request says of a language does not count there.
    #[must_use]
    pub fn standing_at(&self, path: &str, query: &str) -> Self {
        let (path, query) = (path.to_owned(), query.to_owned());
        Self {
            path,
            query,
            ..self.clone()
        }
    }

    /// The same visit under the number of the run that it belongs to, so that its page tells that one: by it the
    /// operator finds what happened.
    #[must_use]
    pub fn under(&self, trace: TraceId) -> Self {
        Self {
            trace,
            ..self.clone()
        }
    }

    /// The parameters of the query.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn query(&self) -> Result<Parameters, Malformed> {
        Parameters::parse(self.query.as_bytes())
    }

    /// The parameters of a form body.
    ///
    /// # Errors
    /// [`NotAForm`].
    pub fn form(&self) -> Result<Parameters, NotAForm> {
        if !self.has_media_type("application/x-www-form-urlencoded") {
            return Err(NotAForm::MediaType);
        }
        Parameters::parse(&self.body).map_err(NotAForm::Malformed)
    }

    /// Whether the body says that it is of this media type, whatever its parameters.
    pub fn has_media_type(&self, wanted: &str) -> bool {
        let text = self.header(&CONTENT_TYPE).unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case(wanted)
    }

    /// A header that stands there once, as text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        values.next().is_none().then(|| value.to_str().ok())?
    }

    /// Counts one request of a client that proved itself, whatever its address and certificate.
    ///
    /// # Errors
    /// [`TooSoon`], to be answered with [`too_soon`].
    pub fn turn_of(&self, client_id: &str) -> Result<(), TooSoon> {
        let turns = self.turns.as_ref();
        turns.map_or(Ok(()), |turns| turns.of_client(client_id))
    }

    /// Whether there is an `Authorization` header, of whatever scheme.
    pub fn has_authorization(&self) -> bool {
        self.headers.contains_key(AUTHORIZATION)
    }

    /// The bearer token (RFC 6750 §2.1).
    ///
    /// # Errors
    /// [`BearerRefusal`].
    pub fn bearer(&self) -> Result<&str, BearerRefusal> {
        let mut values = self.headers.get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(BearerRefusal::Malformed),
            (value, None) => protocol::bearer::token(value.map(HeaderValue::as_bytes)),
        }
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut cookies = self.cookies();
        let found = cookies.find(|(found, _)| *found == name);
        found.map(|(_, value)| value)
    }

    /// Every cookie: its name and its value.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.headers.get_all(COOKIE).iter();
        lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
    }

    /// The certificate of the connection, if there is one and it holds now.
    pub fn certificate(&self, clock: &Clock) -> Option<PeerCertificate> {
        let certificate = self.peer.certificate_valid_at(clock.wall())?;
        Some(PeerCertificate {
            san_dns: certificate.dns_names.clone(),
            x5t_s256: certificate.thumbprint,
        })
    }

    /// The peer's name for the observer: what its certificate says, or that it is a browser.
    pub fn peer_name(&self) -> String {
        self.peer.name()
    }

    /// Whether a form was sent from our own page. Browsers name the origin of every POST, but as
    /// `null` under our `Referrer-Policy: no-referrer` (Fetch §3.2.5); then `Sec-Fetch-Site` tells.
    /// What names neither is no browser, and holds no cookie that somebody else could use: there
    /// the form's token decides alone.
    pub fn is_from(&self, origin: &str) -> bool {
        let same_site = self
            .header(&SEC_FETCH_SITE)
            .map(|site| site == "same-origin");
        match (self.header(&ORIGIN), same_site) {
            (Some("null"), known) => known == Some(true),
            (Some(named), _) => named == origin,
            (None, known) => known != Some(false),
        }
    }

    /// The language preference that the browser states.
    pub fn accept_language(&self) -> Option<&str> {
        self.header(&ACCEPT_LANGUAGE)
    }
}

/// A cookie that only this host gets back, over TLS, and no script can read.
pub fn set_cookie(name: &str, value: &str, max_age_s: u32) -> (HeaderName, HeaderValue) {
    let text =
        format!("{name}={value}; Path=/; Max-Age={max_age_s}; Secure; HttpOnly; SameSite=Lax");
    // Names are ours and values are base64url, so this cannot fail.
    let value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    (SET_COOKIE, value)
}

/// Takes a cookie back.
pub fn drop_cookie(name: &str) -> (HeaderName, HeaderValue) {
    set_cookie(name, "", 0)
}

/// An answer with one header more.
pub fn with(mut response: Response, (name, value): (HeaderName, HeaderValue)) -> Response {
    response.headers_mut().append(name, value);
    response
}

/// JSON with a status.
pub fn json(status: u16, body: &impl Serialize) -> Response {
    typed(
        status,
        "application/json",
        serde_json::to_vec(body).unwrap_or_default(),
    )
}

/// Bytes of a media type with a status.
pub fn typed(status: u16, media_type: &'static str, body: impl Into<Body>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, media_type)], body.into()).into_response()
}

/// 303: the browser goes on with GET, whatever it sent (RFC 9110 §15.4.4).
pub fn see_other(url: &str) -> Response {
    // Our own URLs are percent-encoded ASCII.
    let url = HeaderValue::from_str(url).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response()
}

/// 302, as MedMij and RFC 6749 draw it for the answer to a GET.
pub fn found(url: &str) -> Response {
    let mut response = see_other(url);
    *response.status_mut() = StatusCode::FOUND;
    response
}

/// A page in the person's language, with its policy. `form_action` names the origins beside our own
/// to which a form of the page may lead, redirects included.
pub fn show(
    status: u16,
    visit: &Visit,
    party: Brand,
    form_action: &[&str],
    context: &impl PageContext,
) -> Response {
    let lang = lang(visit);
    let url = match visit.query.as_str() {
        "" => visit.path.clone(),
        query => pages::without_taal(&format!("{}?{query}", visit.path)),
    };
    let mut shell = Shell::new(lang, party, visit.trace.to_string(), url);
    let origins = form_action.iter().filter_map(|url| Origin::of(url).ok());
    shell.form_action = origins.collect();
    let page = context.render(&shell);
    let response = typed(status, "text/html; charset=utf-8", page.html);
    let policy =
        HeaderValue::from_str(&page.csp).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    remembering(visit, with(response, (CONTENT_SECURITY_POLICY, policy)))
}

/// The answer, with the cookie that keeps the language for the next pages when the person chose it
/// with this request.
pub fn remembering(visit: &Visit, response: Response) -> Response {
    let query = visit.query().unwrap_or_default();
    match Lang::chosen(query.get("taal"), visit.asked, None) {
        Some(lang) => with(response, set_cookie(TAAL, lang.code(), TAAL_S)),
        None => response,
    }
}

/// The language in which this person reads.
pub fn lang(visit: &Visit) -> Lang {
    Lang::choose(chosen_lang(visit), visit.accept_language())
}

/// The language that this person chose; nothing when only his browser says what he reads.
pub fn chosen_lang(visit: &Visit) -> Option<Lang> {
    let query = visit.query().unwrap_or_default();
    Lang::chosen(query.get("taal"), visit.asked, visit.cookie(TAAL))
}

/// `url` in the language that the person chose, for a page of our own at another host: cookies do not
/// go there. What his browser prefers, it says there itself.
pub fn in_chosen_lang(visit: &Visit, url: &str) -> String {
    match chosen_lang(visit) {
        Some(lang) => with_query(url, &[("taal", lang.code())]),
        None => url.to_owned(),
    }
}

/// What every host with pages serves beside them: the style sheet, and a page for what is not there.
pub fn with_pages<S: Clone + Send + Sync + 'static>(router: Router<S>, party: Brand) -> Router<S> {
    let not_found = move |visit: Visit| async move {
        let soort = TechnischSoort::NietGevonden;
        show(404, &visit, party, &[], &Technisch { soort })
    };
    router
        .route("/stijl.css", get(stylesheet))
        .route("/favicon.ico", get(no_icon))
        .fallback(not_found)
}

/// A page whose reading spends something: GET alone, since axum would answer HEAD by the same handler
/// and a preview would take what the person needs.
pub fn get_once<H, T, S>(handler: H) -> MethodRouter<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    get(handler).head(|| async { (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET")]) })
}

/// Browsers ask every host for an icon; there is none, and that is no fault.
async fn no_icon() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn stylesheet() -> Response {
    let response = typed(200, "text/css; charset=utf-8", pages::STYLESHEET);
    with(
        response,
        (CACHE_CONTROL, HeaderValue::from_static("max-age=3600")),
    )
}

/// A refusal of an OAuth endpoint (RFC 6749 §5.2).
pub fn refused(error: ErrorCode) -> Response {
    let response = json(error.status(), &error.body());
    if error == ErrorCode::TemporarilyUnavailable {
        with(
            response,
            (RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S)),
        )
    } else {
        response
    }
}

/// The same answer for who need not try again.
pub fn without_retry(mut response: Response) -> Response {
    response.headers_mut().remove(RETRY_AFTER);
    response
}

/// 429 with a time to try again (RFC 6585 §4), for a client that asks too often.
pub fn too_soon(soon: TooSoon) -> Response {
    let response = json(429, &ErrorCode::TemporarilyUnavailable.body());
    with(response, (RETRY_AFTER, soon.retry_after_s().into()))
}

/// 503 with a time to try again.
pub fn unavailable() -> Response {
    refused(ErrorCode::TemporarilyUnavailable)
}

/// A refusal of a protected resource (RFC 6750 §3).
pub fn bearer_refused(refusal: BearerRefusal, body: Option<&serde_json::Value>) -> Response {
    let status = refusal.status();
    let response = match body {
        Some(body) => json(status, body),
        None => json(
            status,
            &serde_json::json!({ "error": refusal.code().unwrap_or("unauthorized") }),
        ),
    };
    let challenge = HeaderValue::from_str(&refusal.challenge());
    with(
        response,
        (
            WWW_AUTHENTICATE,
            challenge.unwrap_or(HeaderValue::from_static("Bearer")),
        ),
    )
}

/// The origin of an absolute URL: scheme, host and port.
pub fn origin(url: &str) -> String {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url[after_scheme..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| after_scheme + at);
    url[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(headers: &[(HeaderName, &'static str)]) -> Visit {
        let headers = headers.iter().cloned();
        let peer = Peer::new(None, ([127, 0, 0, 1], 1).into());
        Visit {
            peer,
            trace: TraceId::fresh(),
            path: "/".to_owned(),
            query: String::new(),
            headers: headers
                .map(|(name, value)| (name, HeaderValue::from_static(value)))
                .collect(),
            body: Bytes::new(),
            asked: None,
            turns: None,
        }
    }

    #[test]
    fn a_form_is_ours_when_the_browser_says_so_or_says_nothing() {
        // Fetch §3.2.5; W3C Fetch Metadata §2.3
        const OURS: &str = "https://pgo.localhost:8443";
        let is_ours = |headers: &[(HeaderName, &'static str)]| sent(headers).is_from(OURS);
        for ours in [
            &[][..],
            &[(ORIGIN, OURS)],
            &[(ORIGIN, "null"), (SEC_FETCH_SITE, "same-origin")],
            &[(SEC_FETCH_SITE, "same-origin")],
        ] {
            assert!(is_ours(ours), "{ours:?}");
        }
        for foreign in [
            &[(ORIGIN, "null")][..],
            &[(ORIGIN, "https://pgo.localhost")],
            &[
                (ORIGIN, "https://evil.example"),
                (SEC_FETCH_SITE, "same-origin"),
            ],
            &[(ORIGIN, "null"), (SEC_FETCH_SITE, "cross-site")],
            &[(SEC_FETCH_SITE, "same-site")],
            &[(SEC_FETCH_SITE, "none")],
        ] {
            assert!(!is_ours(foreign), "{foreign:?}");
        }
    }
}
