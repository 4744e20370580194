//! Headers: every name, and the values that the lists allow.

use http::HeaderMap;
use serde_json::Value;

use super::data::{self, Budget};
use super::text::{self, HIDDEN, MORE};
use super::{names, token};

/// Headers that are shown; the door lets in at most 100.
const HEADERS_MAX: usize = 100;
/// What a query in `Location` may take.
const QUERY_BYTES_MAX: usize = 1024;
/// Schemes of `Authorization` that are told by name.
const SCHEMES: [&str; 3] = ["Bearer", "Basic", "DPoP"];
/// Attributes of `Set-Cookie` that are shown: what a browser makes of the cookie.
const COOKIE_ATTRIBUTES: [&str; 9] = [
    "Path=/",
    "Secure",
    "HttpOnly",
    "Partitioned",
    "SameSite=Lax",
    "SameSite=Strict",
    "SameSite=None",
    "Max-Age=0",
    "Max-Age",
];

/// What may be shown of each header.
pub(super) fn shown(headers: &HeaderMap, budget: &mut Budget) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for (name, value) in headers.iter().take(HEADERS_MAX) {
        let name = name.as_str();
        let value = value
            .to_str()
            .map_or_else(|_| HIDDEN.to_owned(), |v| of(name, v));
        let name = if names::is_name(name) { name } else { HIDDEN };
        if !budget.allows(name) || !budget.allows(&value) {
            shown.push((MORE.to_owned(), MORE.to_owned()));
            break;
        }
        shown.push((name.to_owned(), value));
    }
    shown
}

fn of(name: &str, value: &str) -> String {
    match name {
        "authorization" => authorization(value),
        "cookie" => cookies(value),
        "set-cookie" => set_cookie(value),
        "location" => location(value),
        _ if names::is_header(name) => text::shown(value),
        _ if names::is_word(name, value) => value.to_owned(),
        _ => HIDDEN.to_owned(),
    }
}

/// The scheme, and what kind of token it is; of one that only its issuer can read, the length.
fn authorization(value: &str) -> String {
    let (scheme, credentials) = value.split_once(' ').unwrap_or((HIDDEN, value));
    let known = SCHEMES
        .iter()
        .find(|known| known.eq_ignore_ascii_case(scheme));
    let scheme = known.copied().unwrap_or(HIDDEN);
    match token::kind(credentials.trim()) {
        Some(kind) => format!("{scheme} {HIDDEN} ({kind})"),
        None => format!("{scheme} {}", text::hidden(credentials)),
    }
}

fn cookies(value: &str) -> String {
    let cookies: Vec<String> = value.split(';').map(|pair| cookie(pair.trim())).collect();
    text::cut(&cookies.join("; "))
}

fn set_cookie(value: &str) -> String {
    let mut parts = value.split(';').map(str::trim);
    let mut shown = vec![cookie(parts.next().unwrap_or_default())];
    for part in parts {
        let name = part.split('=').next().unwrap_or_default();
        let known = COOKIE_ATTRIBUTES
            .iter()
            .find(|known| **known == part || **known == name);
        shown.push(match known {
            Some(&"Max-Age") => max_age(part),
            Some(known) => (*known).to_owned(),
            None => HIDDEN.to_owned(),
        });
    }
    text::cut(&shown.join("; "))
}

/// A cookie's name, and that it has a value.
fn cookie(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, "")) if names::is_name(name) => format!("{name}="),
        Some((name, _)) if names::is_name(name) => format!("{name}={HIDDEN}"),
        _ => HIDDEN.to_owned(),
    }
}

/// How long a browser keeps a cookie: at most eight digits, and years have as many.
fn max_age(part: &str) -> String {
    let seconds = part.split_once('=').map(|(_, seconds)| seconds);
    let is_short = |s: &&str| s.len() <= 8 && s.bytes().all(|byte| byte.is_ascii_digit());
    match seconds.filter(is_short) {
        Some(seconds) => format!("Max-Age={seconds}"),
        None => format!("Max-Age={HIDDEN}"),
    }
}

/// A URL with its query, of which the lists decide.
fn location(value: &str) -> String {
    let value = value.split('#').next().unwrap_or_default();
    let (url, query) = match text::split_url(value) {
        Some(parts) => parts,
        None => match value.split_once('?') {
            Some((path, query)) => (text::path(path), Some(query.to_owned())),
            None => (text::path(value), None),
        },
    };
    match query {
        None => text::cut(&url),
        Some(query) => text::cut(&format!("{url}?{}", parameters(&query))),
    }
}

fn parameters(query: &str) -> String {
    let Value::Object(shown) = data::form(query.as_bytes(), &mut Budget::of(QUERY_BYTES_MAX))
    else {
        return HIDDEN.to_owned();
    };
    let parameter = |(name, value): (&String, &Value)| match value {
        Value::String(value) => format!("{name}={value}"),
        _ => format!("{name}={HIDDEN}"),
    };
    shown.iter().map(parameter).collect::<Vec<_>>().join("&")
}
