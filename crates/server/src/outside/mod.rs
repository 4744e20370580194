//! Outgoing calls: what one party says to another.
//!
//! Each party has one [`Outside`], with its own client certificate and its own trust. It follows no
//! redirect and no proxy variable, looks no name up that it may not call, and takes neither more
//! time nor more bytes than it was given. It repeats a request only where HTTP promises that the
//! other side has not seen it.
//!
//! A call never says more in an error than which host it went to: no path, no query, no body.

mod addresses;
mod ears;
mod error;
mod headers;
mod opened;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use url::{Host, Url, form_urlencoded};

use crate::certificates::Identity;
use crate::trust::Trust;

pub use addresses::Addresses;
pub use ears::{Ears, Others};
pub use error::{BadOutside, OutsideError};
pub use headers::Headers;
pub use opened::{Call, Opened};

use self::addresses::Resolver;

/// An idle connection is dropped after this long; sooner than the other side does (15 s at our own
/// doors), so that a request seldom meets a connection that is just being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections kept per host.
const IDLE_PER_HOST_MAX: usize = 16;
/// The head of an HTTP/2 answer.
const HEADER_LIST_BYTES_MAX: u32 = 32 * 1024;

/// How a party calls others.
pub struct OutsideConfig {
    /// Under whose certificates others are believed.
    pub trust: Trust,
    /// The certificate with which the party says who it is, to those that ask.
    pub client_identity: Option<Identity>,
    /// Where calls may go.
    pub addresses: Addresses,
    /// For setting up a connection, TLS included.
    pub connect_timeout: Duration,
    /// For the whole call, until the last byte of the answer.
    pub timeout: Duration,
    /// The body of an answer; a longer one is an error.
    pub body_bytes_max: usize,
    /// Off for revocation lists alone, which are signed and often published without TLS.
    pub https_only: bool,
}

impl OutsideConfig {
    /// Loopback only, 2 s to connect, 10 s in all, answers of up to 1 MiB.
    pub fn new(trust: impl Into<Trust>, client_identity: Option<Identity>) -> Self {
        Self {
            trust: trust.into(),
            client_identity,
            addresses: Addresses::LoopbackOnly,
            connect_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(10),
            body_bytes_max: 1024 * 1024,
            https_only: true,
        }
    }
}

/// What one call may take, where that differs from the party's other calls.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The body of the answer; a longer one is an error.
    pub bytes_max: usize,
    /// For the whole call, in seconds.
    pub timeout_s: u32,
}

/// Fields as a form's body. Apart from [`Outside::post_form`], since the library's writer must not
/// live across an await.
fn encoded(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields).finish().into_bytes()
}

/// The host of a base URL: `https`, a host, a port if need be, and nothing more.
pub fn origin_host(base: &str) -> Option<String> {
    let url = Url::parse(base).ok()?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_plain = url.scheme() == "https" && url.username().is_empty() && !base.ends_with('/');
    Some(url.host()?.to_string()).filter(|_| is_bare && is_plain && url.password().is_none())
}

/// A party's way to the others. Clones share connections.
#[derive(Clone)]
pub struct Outside {
    client: Arc<ArcSwap<reqwest::Client>>,
    https_only: bool,
    addresses: Addresses,
    body_bytes_max: usize,
    ears: Option<Arc<Ears>>,
}

impl Outside {
    /// Errs when a root cannot be read or when the key does not fit its certificate.
    pub fn new(config: OutsideConfig) -> Result<Self, BadOutside> {
        Ok(Self {
            client: Arc::new(ArcSwap::from_pointee(client(&config)?)),
            https_only: config.https_only,
            addresses: config.addresses,
            body_bytes_max: config.body_bytes_max,
            ears: None,
        })
    }

    /// From now on calls go out with this trust and this certificate; those that are under way end
    /// as they began. Clones follow. Addresses and bounds stay.
    ///
    /// # Errors
    /// As [`Outside::new`]; then nothing changes.
    pub fn renew(&self, config: &OutsideConfig) -> Result<(), BadOutside> {
        self.client.store(Arc::new(client(config)?));
        Ok(())
    }

    /// The same way to the others, and the observer is told what is said to those that are not of
    /// this program. Clones that were made before stay as they are: the observer's own way is one.
    #[must_use]
    pub fn overheard_by(self, ears: Ears) -> Self {
        Self {
            ears: Some(Arc::new(ears)),
            ..self
        }
    }

    /// Gets `url`.
    pub async fn get(&self, url: &str, headers: Headers) -> Result<Answer, OutsideError> {
        self.send(Method::GET, url, headers, None).await
    }

    /// Deletes what is at `url`.
    pub async fn delete(&self, url: &str, headers: Headers) -> Result<Answer, OutsideError> {
        self.send(Method::DELETE, url, headers, None).await
    }

    /// Gets `url` within bounds of its own.
    pub async fn get_within(
        &self,
        url: &str,
        headers: Headers,
        bounds: Bounds,
    ) -> Result<Answer, OutsideError> {
        let url = self.allowed(url)?;
        let request = self.client.load().get(url).headers(headers.into_map()?);
        let request = request.timeout(Duration::from_secs(bounds.timeout_s.into()));
        self.ask(request, bounds.bytes_max).await
    }

    /// Posts `fields` to `url` as `application/x-www-form-urlencoded`.
    pub async fn post_form(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        headers: Headers,
    ) -> Result<Answer, OutsideError> {
        let body = encoded(fields);
        let headers = headers.with(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(Method::POST, url, headers, Some(body)).await
    }

    /// Posts `bytes` of the given media type to `url`.
    pub async fn post_bytes(
        &self,
        url: &str,
        content_type: &str,
        bytes: Vec<u8>,
        headers: Headers,
    ) -> Result<Answer, OutsideError> {
        let headers = headers.with(CONTENT_TYPE, content_type);
        self.send(Method::POST, url, headers, Some(bytes)).await
    }

    /// The same by PUT.
    pub async fn put_bytes(
        &self,
        url: &str,
        content_type: &str,
        bytes: Vec<u8>,
        headers: Headers,
    ) -> Result<Answer, OutsideError> {
        let headers = headers.with(CONTENT_TYPE, content_type);
        self.send(Method::PUT, url, headers, Some(bytes)).await
    }

    /// Asks by any method.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: Headers,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, OutsideError> {
        let url = self.allowed(url)?;
        let mut request = self.client.load().request(method, url);
        request = request.headers(headers.into_map()?);
        if let Some(body) = body {
            request = request.body(body);
        }
        self.ask(request, self.body_bytes_max).await
    }

    /// Sends the request and reads the answer. Whom it concerns is told of both.
    async fn ask(
        &self,
        request: reqwest::RequestBuilder,
        bytes_max: usize,
    ) -> Result<Answer, OutsideError> {
        let request = request.build().map_err(OutsideError::of)?;
        let asked = self.ears.as_ref().and_then(|ears| ears.asked(&request));
        let answer = self.answer(request, bytes_max).await;
        if let (Some(ears), Some(asked)) = (&self.ears, asked) {
            ears.answered(asked, &answer);
        }
        answer
    }

    async fn answer(
        &self,
        request: reqwest::Request,
        bytes_max: usize,
    ) -> Result<Answer, OutsideError> {
        let client = self.client.load_full();
        let response = client.execute(request).await;
        read(response.map_err(OutsideError::of)?, bytes_max).await
    }

    /// Whether calls may go to `url`, as its name leads now. A name that leads nowhere may: it is looked
    /// at again at each connection.
    pub async fn may_call(&self, url: &str) -> Result<(), OutsideError> {
        let url = self.allowed(url)?;
        match url.host() {
            Some(Host::Domain(name)) if !self.addresses.may_lead(name).await => {
                Err(OutsideError::NotAllowed(name.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// The URL, if calls may go there. The library resolves names through [`Resolver`], but takes
    /// literal addresses as they are: hence the look before.
    fn allowed(&self, url: &str) -> Result<Url, OutsideError> {
        let url = Url::parse(url).map_err(|_| OutsideError::BadUrl)?;
        let host = url.host().ok_or(OutsideError::BadUrl)?;
        let is_ours = url.scheme() == "https" || (url.scheme() == "http" && !self.https_only);
        if !is_ours || !url.username().is_empty() || url.password().is_some() {
            return Err(OutsideError::BadUrl);
        }
        if self.addresses.allow(&host) {
            Ok(url)
        } else {
            Err(OutsideError::NotAllowed(host.to_string()))
        }
    }
}

async fn read(mut response: reqwest::Response, max: usize) -> Result<Answer, OutsideError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(OutsideError::of)? {
        if chunk.len() > max - body.len() {
            return Err(OutsideError::TooLarge { bytes_max: max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outside({:?})", self.addresses)
    }
}

/// What the other side answered, whatever its status. Its body may hold tokens and worse, and
/// prints as its length.
pub struct Answer {
    /// The status; redirects too, they are not followed.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Answer {
    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next()?.trim();
        Some(essence.to_ascii_lowercase())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

fn client(config: &OutsideConfig) -> Result<reqwest::Client, BadOutside> {
    let identity = config.client_identity.clone();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls(&config.trust, identity)?)
        .dns_resolver(Resolver(config.addresses.clone()))
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .https_only(config.https_only)
        .connect_timeout(config.connect_timeout)
        .timeout(config.timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .http2_max_header_list_size(HEADER_LIST_BYTES_MAX)
        .build()
        .map_err(BadOutside::new)
}

fn tls(trust: &Trust, identity: Option<Identity>) -> Result<ClientConfig, BadOutside> {
    let judge = trust.of_servers();
    let judge = judge.map_err(|bad| BadOutside::of_trust(&bad))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BadOutside::new)?
        .dangerous() // Judged by `Trust`, which asks the library for each of its authorities.
        .with_custom_certificate_verifier(judge);
    let mut config = match identity {
        None => config.with_no_client_auth(),
        Some(identity) => config
            .with_client_auth_cert(identity.chain(), identity.key().clone_key())
            .map_err(BadOutside::new)?,
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside() -> Outside {
        Outside::new(OutsideConfig::new(Trust::default(), None)).expect("a client")
    }

    #[test]
    fn only_loopback_may_be_called_in_the_demo() {
        let outside = outside();
        for good in [
            "https://pgo.localhost:8443/x",
            "https://localhost/",
            "https://PGO.LOCALHOST/",
            "https://127.0.0.1:8443/",
            "https://[::1]:8443/",
        ] {
            assert!(outside.allowed(good).is_ok(), "{good}");
        }
        for elsewhere in [
            "https://example.com/",
            "https://localhost.example.com/",
            "https://notlocalhost/",
            "https://pgo.localhost./",
            "https://10.0.0.1/",
            "https://0x0a000001/",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://0.0.0.0/",
        ] {
            let refused = outside.allowed(elsewhere);
            assert!(
                matches!(refused, Err(OutsideError::NotAllowed(_))),
                "{elsewhere}"
            );
        }
        for bad in [
            "http://pgo.localhost/",
            "https://me:secret@pgo.localhost/",
            "pgo.localhost",
            "file:///etc/passwd",
            "",
        ] {
            assert!(
                matches!(outside.allowed(bad), Err(OutsideError::BadUrl)),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_operator_names_the_one_host_that_is_called() {
        let config = OutsideConfig {
            addresses: Addresses::Named("stelselnode.medmij.nl".to_owned()),
            ..OutsideConfig::new(Trust::default(), None)
        };
        let outside = Outside::new(config).expect("a client");
        assert!(outside.allowed("https://stelselnode.medmij.nl/x").is_ok());
        for elsewhere in [
            "https://medmij.nl/",
            "https://pgo.localhost/",
            "https://127.0.0.1/",
        ] {
            let refused = outside.allowed(elsewhere);
            assert!(
                matches!(refused, Err(OutsideError::NotAllowed(_))),
                "{elsewhere}"
            );
        }
    }

    #[test]
    fn a_base_url_is_a_host_and_perhaps_a_port() {
        let named = |base| origin_host(base);
        let host = Some("stelselnode.medmij.nl".to_owned());
        assert_eq!(named("https://stelselnode.medmij.nl"), host);
        assert_eq!(named("https://stelselnode.medmij.nl:8443"), host);
        for bad in [
            "",
            "stelselnode.medmij.nl",
            "http://stelselnode.medmij.nl",
            "https://stelselnode.medmij.nl/",
            "https://stelselnode.medmij.nl/lists",
            "https://stelselnode.medmij.nl?api=2",
            "https://me:secret@stelselnode.medmij.nl",
        ] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_answer_prints_no_body() {
        let answer = Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: b"900186021".to_vec(),
        };
        assert_eq!(format!("{answer:?}"), "Answer(200 OK, 9 bytes)");
    }
}
