//! Texts: what stands in the place of a hidden one, and what of a URL may be shown.

use identity::Bsn;
use url::Url;

use super::{names, token};
use crate::door::TraceId;

/// What stands in the place of what is hidden.
pub(super) const HIDDEN: &str = "•••";
/// What stands in the place of what was left out for its length.
pub(super) const MORE: &str = "…";
/// Characters of one text that are shown.
const CHARS_MAX: usize = 512;
/// How every token begins that is JSON in base64url: `{"`. One that stands within a sentence is
/// hidden with it.
const TOKEN_BEGINS: &str = "eyJ";
/// Whose URLs name algorithms, by what stands behind the `#`.
const NAMES_ALGORITHMS: &str = "www.w3.org";
/// From this length on a number in hexadecimal is taken for a secret.
const HEXADECIMAL_CHARS_MIN: usize = 32;
/// The length of a SHA-256 in base64url.
const SHA256_CHARS: usize = 43;
/// Digits of a BSN.
const BSN_DIGITS: usize = 9;
/// A segment of a path from this length on is taken for a secret, unless it is a known word.
const OPAQUE_CHARS_MIN: usize = 20;
/// A number in a path with more digits than this tells somebody apart, unless it is a URA.
const COUNT_DIGITS_MAX: usize = 4;
const URA_DIGITS: usize = 8;

/// A hidden text, with its length in characters.
pub(super) fn hidden(text: &str) -> String {
    format!("{HIDDEN} ({})", text.chars().count())
}

/// A text that a list allows: a URL without its query, anything else as it is, but no token, no BSN
/// and nothing endless.
pub(super) fn shown(text: &str) -> String {
    if has_bsn(text) || token::is_token(text) || text.contains(TOKEN_BEGINS) {
        return hidden(text);
    }
    match url(text) {
        // Reading a URL takes white space out, and makes digits of other scripts ours.
        Some(url) if has_bsn(&url) => hidden(text),
        Some(url) => url,
        // Whoever sends a code or a refresh token under a harmless name must not see it here.
        None if has_secret(text) => hidden(text),
        None => cut(text),
    }
}

/// Whether a text is the SHA-256 of something, in base64url: what names of keys and challenges are.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == SHA256_CHARS && text.bytes().all(|byte| is_of_secret(byte.into()))
}

/// Whether something stands in it that looks drawn: long, and letters of both cases with digits or in
/// equal shares, or a long number in hexadecimal.
fn has_secret(text: &str) -> bool {
    let runs = text.split(|c: char| !is_of_secret(c));
    runs.filter(|run| run.len() >= OPAQUE_CHARS_MIN).any(|run| {
        let count = |is: fn(&u8) -> bool| run.bytes().filter(is).count();
        let (upper, lower) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
        let digits = count(u8::is_ascii_digit);
        let is_mixed = upper > 0 && lower > 0 && (digits > 0 || upper * 4 >= run.len());
        let is_hexadecimal = digits > 0 && count(u8::is_ascii_hexdigit) == run.len();
        is_mixed || is_hexadecimal && run.len() >= HEXADECIMAL_CHARS_MIN
    })
}

/// The letters of base64 and base64url.
const fn is_of_secret(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/' | '=')
}

/// Hides a text that holds a BSN.
pub(super) fn guard(text: &mut String) {
    if has_bsn(text) {
        HIDDEN.clone_into(text);
    }
}

/// Whether a number that can be a BSN stands in it: nine digits and not within more, also with zeros
/// before them, or with dots, spaces or hyphens between them as people write it. Digits of other
/// scripts count as one.
pub(super) fn has_bsn(text: &str) -> bool {
    if TraceId::parse(text).is_some() {
        return false;
    }
    if text.chars().any(|c| c.is_numeric() && !c.is_ascii()) {
        return true;
    }
    let is_bsn = |run: &str| {
        let digits = run.trim_start_matches('0');
        let zeros = BSN_DIGITS
            .saturating_sub(digits.len())
            .min(run.len() - digits.len());
        let digits = &run[run.len() - digits.len() - zeros..];
        digits.len() == BSN_DIGITS && Bsn::parse(digits).is_ok()
    };
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    runs.any(is_bsn) || {
        let joined = joined(text);
        let mut runs = joined.split(|c: char| !c.is_ascii_digit());
        runs.any(is_bsn)
    }
}

/// The text without single dots, spaces and hyphens between digits.
fn joined(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_digit = |at: Option<&char>| at.is_some_and(char::is_ascii_digit);
    let is_between = |at: usize| {
        matches!(chars[at], '.' | '-' | ' ' | '\u{a0}')
            && at
                .checked_sub(1)
                .is_some_and(|before| is_digit(chars.get(before)))
            && is_digit(chars.get(at + 1))
    };
    let kept = (0..chars.len()).filter(|at| !is_between(*at));
    kept.map(|at| chars[at]).collect()
}

/// An `http` or `https` URL: scheme, host, and what may be shown of the path. Of a query only that
/// there is one, and of a fragment nothing. Nothing for a text that is no such URL.
pub(super) fn url(text: &str) -> Option<String> {
    let url = web_url(text)?;
    let query = url.query().map_or("", |_| "?•••");
    let is_algorithm = url.host_str() == Some(NAMES_ALGORITHMS);
    let fragment = url.fragment().filter(|name| is_algorithm && is_plain(name));
    let fragment = fragment.map_or_else(String::new, |name| format!("#{name}"));
    Some(format!("{}{query}{fragment}", without_query(text, &url)))
}

/// The parts of such a URL: all before its query as [`url`] shows it, and the query, undecoded.
pub(super) fn split_url(text: &str) -> Option<(String, Option<String>)> {
    let url = web_url(text)?;
    Some((without_query(text, &url), url.query().map(str::to_owned)))
}

/// The segments of a path, each shown or hidden.
pub(super) fn path(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        plain if is_plain(plain) => plain,
        _ => HIDDEN,
    });
    cut(&segments.collect::<Vec<_>>().join("/"))
}

/// The beginning of a text.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}{MORE}", &text[..end]),
    }
}

fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Whoever is named before the host is left out, and the fragment, too.
fn without_query(text: &str, url: &Url) -> String {
    // An issuer has no slash behind it, and the reader of URLs adds one.
    let before_query = text.split(['?', '#']).next().unwrap_or_default();
    let path = match before_query.matches('/').count() {
        2 => String::new(),
        _ => path(url.path()),
    };
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{host}{port}{path}", url.scheme())
}

/// Whether a segment of a path is a word or a number that tells of nobody.
fn is_plain(segment: &str) -> bool {
    let is_number = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        return segment.len() <= COUNT_DIGITS_MAX || segment.len() == URA_DIGITS;
    }
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~$@+".contains(&byte);
    segment.bytes().all(in_alphabet)
        && !has_bsn(segment)
        && (segment.len() < OPAQUE_CHARS_MIN || names::is_segment(segment))
}
