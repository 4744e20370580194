//! Calls to parties that are not of this program, told to the observer: nobody else would tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{Answer, OutsideError};
use crate::clock::Clock;
use crate::door::TraceId;
use crate::observer::{Observer, Richting};
use crate::redact::{Exchange, Side};

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// Whose calls are told to whom.
#[derive(Clone)]
pub struct Ears {
    /// The hosts of parties that are not of this program.
    pub others: Others,
    /// Who is told.
    pub observer: Observer,
    /// The party's clock.
    pub clock: Clock,
}

/// Hosts of other people's parties, each with its port. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Others(Arc<BTreeSet<(String, u16)>>);

impl Others {
    /// Whether a URL leads to one of them.
    pub fn has(&self, url: &Url) -> bool {
        authority(url).is_some_and(|named| self.0.contains(&named))
    }
}

impl<T: AsRef<str>> FromIterator<T> for Others {
    /// From URLs, of which the host and the port count, or from `host` or `host:port`. The port is
    /// 443 where none is named. What is none of these is passed over.
    fn from_iter<I: IntoIterator<Item = T>>(named: I) -> Self {
        let read = |text: T| match text.as_ref() {
            url if url.contains("://") => authority(&Url::parse(url).ok()?),
            named => authority(&Url::parse(&format!("https://{named}")).ok()?),
        };
        Self(Arc::new(named.into_iter().filter_map(read).collect()))
    }
}

/// A call that began.
pub(super) struct Asked {
    exchange: Exchange,
    began_ms: i64,
}

impl Ears {
    /// What to remember of a call, if it leads to one of the others.
    pub(super) fn asked(&self, request: &reqwest::Request) -> Option<Asked> {
        let url = request.url();
        let (host, port) = authority(url).filter(|_| self.others.has(url))?;
        let headers = with_host(request.headers(), &host, port);
        let trace = request.headers().get(CORRELATION_ID);
        let trace = trace.and_then(|value| TraceId::parse(value.to_str().ok()?));
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let exchange = Exchange {
            trace: trace.unwrap_or_else(TraceId::fresh),
            richting: Richting::Verzonden,
            peer: host,
            method: request.method().clone(),
            url: url
                .as_str()
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned(),
            query: url.query().map(str::to_owned),
            request: Side::copied(headers, body.unwrap_or_default()),
            status: 0,
            response: Side::default(),
            begonnen_ms: self.clock.now_ms(),
            duur_ms: 0,
            no_answer: None,
        };
        Some(Asked {
            exchange,
            began_ms: self.clock.wall_ms(),
        })
    }

    /// Tells of the call and its answer, if there was one.
    pub(super) fn answered(&self, asked: Asked, answer: &Result<Answer, OutsideError>) {
        let mut exchange = asked.exchange;
        match answer {
            Ok(answer) => {
                exchange.status = answer.status.as_u16();
                exchange.response = Side::copied(answer.headers.clone(), &answer.body);
            }
            Err(error) => exchange.no_answer = Some(error.to_string()),
        }
        let took_ms = self.clock.wall_ms() - asked.began_ms;
        exchange.duur_ms = u32::try_from(took_ms).unwrap_or_default();
        self.observer.overheard(exchange);
    }
}

fn authority(url: &Url) -> Option<(String, u16)> {
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

/// The headers with the one that the library adds.
fn with_host(headers: &HeaderMap, host: &str, port: u16) -> HeaderMap {
    let mut headers = headers.clone();
    let authority = match port {
        443 => host.to_owned(),
        port => format!("{host}:{port}"),
    };
    if let Ok(host) = HeaderValue::try_from(authority) {
        headers.entry(HOST).or_insert(host);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_known_by_host_and_port_however_they_were_named() {
        let others: Others = [
            "https://dva.example.nl/token?x=1",
            "mitz.example.nl:8443",
            "pgo.example.nl",
            "not a host",
            "",
        ]
        .into_iter()
        .collect();
        let has = |url: &str| others.has(&Url::parse(url).expect("a URL"));
        assert!(has("https://dva.example.nl/jwks"));
        assert!(has("https://DVA.example.nl:443/"));
        assert!(has("https://mitz.example.nl:8443/"));
        assert!(has("https://pgo.example.nl/"));
        assert!(!has("https://mitz.example.nl/"), "another port");
        assert!(!has("https://example.nl/"));
    }
}
