//! What is shown of messages, by example and by chance.

mod data;
mod planted;
mod wire;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::*;
use crate::door::TraceId;

const BSN: &str = "900186021";
const FORM: &str = "application/x-www-form-urlencoded";

fn headers(named: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| {
        let name: HeaderName = name.parse().expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    };
    named.iter().map(header).collect()
}

/// A request by GET, and an empty answer.
fn exchange(url: &str, query: Option<&str>, named: &[(&str, &str)]) -> Exchange {
    Exchange {
        trace: TraceId::fresh(),
        richting: Richting::Ontvangen,
        peer: "pgo.localhost".to_owned(),
        method: Method::GET,
        url: url.to_owned(),
        query: query.map(str::to_owned),
        request: Side::without_body(headers(named), 0),
        status: 200,
        response: Side::default(),
        begonnen_ms: 0,
        duur_ms: 0,
        no_answer: None,
    }
}

fn side(media_type: &str, body: &str) -> Side {
    Side::copied(headers(&[("content-type", media_type)]), body.as_bytes())
}

/// What is shown of a body.
fn data(media_type: &str, text: &str) -> Value {
    body(media_type, text.as_bytes()).0.expect("data")
}

fn xml(text: &str) -> String {
    body("text/xml", text.as_bytes()).1.expect("XML")
}

/// What is shown of a header.
fn header(name: &str, value: &str) -> String {
    let shown = headers::shown(&headers(&[(name, value)]), &mut Budget::of(4_096));
    shown.into_iter().next().expect("one").1
}

fn jws(claims: &Value) -> String {
    let part = |value: &Value| jose::b64::encode(value.to_string());
    let header = json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" });
    format!("{}.{}.c2lnbmF0dXJl", part(&header), part(claims))
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs).finish()
}

/// A message as the Redirect binding encodes it, without compressing it.
fn deflated(text: &str) -> String {
    let length = u16::try_from(text.len()).expect("short");
    let mut bytes = vec![1];
    bytes.extend(length.to_le_bytes());
    bytes.extend((!length).to_le_bytes());
    bytes.extend(text.bytes());
    STANDARD.encode(bytes)
}
