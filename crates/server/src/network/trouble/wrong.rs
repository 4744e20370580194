//! Wrong answers: what a party said, altered on its way out.
//!
//! Tokens are found by their form, wherever they stand in an answer, so that no role has to be
//! taught how to be wrong.

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, LOCATION};
use jose::SigningKey;
use serde_json::Value;

use super::Wrong;
use crate::keys::Keys;
use crate::web;

/// The largest answer that is altered.
const BODY_MAX: usize = 4 * 1024 * 1024;
/// The name that a party has that goes by another's.
const ELSEWHERE: &str = "https://elsewhere.localhost";

/// Whom a party speaks of that speaks of somebody else.
const SOMEBODY: &str = "somebody-else";
/// The lowest level of eToegang that is still recognised.
const LOW: &str = "urn:etoegang:core:assurance-class:loa2";

/// The answer, wrong in this way. `keys` are those with which the party signs its tokens.
pub(super) async fn altered(answer: Response, how: Wrong, keys: &Keys) -> Response {
    let (mut head, body) = answer.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX).await else {
        return web::unavailable();
    };
    if let Some(location) = head.headers.get(LOCATION).and_then(|l| l.to_str().ok())
        && let Ok(changed) = HeaderValue::from_str(&located(location, how))
    {
        head.headers.insert(LOCATION, changed);
    }
    let body = match how {
        Wrong::Expired => body.to_vec(),
        Wrong::Truncated => body[..body.len() / 2].to_vec(),
        Wrong::BadSignature => with_bad_signatures(body.to_vec()),
        Wrong::WrongIssuer => {
            let set = keys.set();
            with_wrong_issuer(body.to_vec(), |kid| set.tokens().ok()?.find(kid))
        }
        Wrong::OtherSubject | Wrong::LowerLevel | Wrong::NotApplicable | Wrong::Indeterminate => {
            let set = keys.set();
            with_other_words(body.to_vec(), words(how), |kid| {
                set.tokens().ok()?.find(kid)
            })
        }
    };
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(body))
}

/// A redirect: the signature of SAML's redirect binding, and the issuer of RFC 9207 §2.
fn located(location: &str, how: Wrong) -> String {
    match how {
        Wrong::BadSignature => match location.split_once("&Signature=") {
            Some((before, signature)) => format!("{before}&Signature={}", other(signature)),
            None => location.to_owned(),
        },
        Wrong::WrongIssuer => {
            let (before, after) = location.split_once("&iss=").unwrap_or((location, ""));
            if after.is_empty() {
                return location.to_owned();
            }
            let rest = after.find('&').map_or("", |at| &after[at..]);
            format!("{before}&iss=https%3A%2F%2Felsewhere.localhost{rest}")
        }
        _ => location.to_owned(),
    }
}

/// What the tokens of a party say that lies in this way: members that are there, with other values.
const fn words(how: Wrong) -> &'static [(&'static str, &'static str)] {
    match how {
        Wrong::OtherSubject => &[("sub", SOMEBODY)],
        Wrong::LowerLevel => &[("acr", LOW), ("loa_used", LOW)],
        Wrong::NotApplicable => &[("decision", "NotApplicable")],
        Wrong::Indeterminate => &[("decision", "Indeterminate")],
        Wrong::BadSignature | Wrong::WrongIssuer | Wrong::Expired | Wrong::Truncated => &[],
    }
}

/// Every token, and every signature in XML, with one character changed in what proves it.
fn with_bad_signatures(body: Vec<u8>) -> Vec<u8> {
    let Ok(text) = String::from_utf8(body.clone()) else {
        return body;
    };
    let text = each_token(&text, |token| {
        let (signed, signature) = token.rsplit_once('.')?;
        Some(format!("{signed}.{}", other(signature)))
    });
    let Some((before, rest)) = text.split_once("<ds:SignatureValue>") else {
        return text.into_bytes();
    };
    let Some((value, after)) = rest.split_once('<') else {
        return text.into_bytes();
    };
    format!("{before}<ds:SignatureValue>{}<{after}", other(value)).into_bytes()
}

/// Metadata and tokens under another name; a token is signed again with the party's own key, so that
/// nothing but the name is wrong. What is encrypted, or signed with a key shared with itself, stays.
fn with_wrong_issuer<'a>(
    body: Vec<u8>,
    signing: impl Fn(&str) -> Option<&'a SigningKey>,
) -> Vec<u8> {
    let Ok(text) = String::from_utf8(body.clone()) else {
        return body;
    };
    if let Some(start) = text.find("<saml:Issuer>") {
        // The outer message; its signature no longer fits, as the name stands inside it.
        let from = start + "<saml:Issuer>".len();
        let to = text[from..].find('<').map_or(from, |at| from + at);
        return [&text[..from], ELSEWHERE, &text[to..]]
            .concat()
            .into_bytes();
    }
    let text = each_token(&text, |token| {
        resigned(token, &[("iss", ELSEWHERE)], &signing)
    });
    match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(mut members)) => {
            for name in ["iss", "issuer"] {
                if let Some(issuer) = members.get_mut(name) {
                    *issuer = Value::from(ELSEWHERE);
                }
            }
            Value::Object(members).to_string().into_bytes()
        }
        _ => text.into_bytes(),
    }
}

/// Tokens with other words in them, each signed again with the party's own key.
fn with_other_words<'a>(
    body: Vec<u8>,
    words: &[(&str, &str)],
    signing: impl Fn(&str) -> Option<&'a SigningKey>,
) -> Vec<u8> {
    match String::from_utf8(body) {
        Ok(text) => each_token(&text, |token| resigned(token, words, &signing)).into_bytes(),
        Err(other) => other.into_bytes(),
    }
}

/// The token with these values for those of the members that it has; nothing when it has none of them.
fn resigned<'a>(
    token: &str,
    words: &[(&str, &str)],
    signing: impl Fn(&str) -> Option<&'a SigningKey>,
) -> Option<String> {
    let mut parts = token.split('.');
    let (header, payload) = (parts.next()?, parts.next()?);
    let header: Value = serde_json::from_slice(&jose::b64::decode(header)?).ok()?;
    let mut payload: Value = serde_json::from_slice(&jose::b64::decode(payload)?).ok()?;
    let signing = signing(header["kid"].as_str()?)?;
    let mut changed = 0;
    for (name, value) in words {
        if let Some(member) = payload.get_mut(*name) {
            *member = Value::from(*value);
            changed += 1;
        }
    }
    (changed > 0).then(|| signing.sign(header["typ"].as_str()?, &payload).ok())?
}

/// The text with every JWS or JWE in it replaced, unless there is no replacement.
fn each_token(text: &str, replacement: impl Fn(&str) -> Option<String>) -> String {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_of_token(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(word);
        let is_token = run.starts_with("eyJ") && run.matches('.').count() >= 2;
        match is_token.then(|| replacement(run)).flatten() {
            Some(token) => out.push_str(&token),
            None => out.push_str(run),
        }
        let between = after.find(is_of_token).unwrap_or(after.len());
        out.push_str(&after[..between]);
        rest = &after[between..];
    }
    out
}

/// The same text with another letter in the middle: still base64 of as many bytes.
fn other(text: &str) -> String {
    let middle = text.len() / 2;
    let may_change = |(at, c): &(usize, char)| *at >= middle && c.is_ascii_alphanumeric();
    let Some((at, c)) = text.char_indices().find(may_change) else {
        return text.to_owned();
    };
    let changed = if c == 'A' { 'B' } else { 'A' };
    format!("{}{changed}{}", &text[..at], &text[at + 1..])
}

#[cfg(test)]
mod tests {
    use jose::Algorithm;
    use serde_json::json;

    use super::*;

    fn key() -> SigningKey {
        let der = jose::generate_pkcs8(Algorithm::Es256, jose::RsaSize::Bits2048).expect("a key");
        SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("usable")
    }

    fn own<'a>(key: &'a SigningKey, kid: &str) -> Option<&'a SigningKey> {
        (key.kid() == kid).then_some(key)
    }

    fn payload(token: &str) -> Value {
        let part = token.split('.').nth(1).expect("a payload");
        serde_json::from_slice(&jose::b64::decode(part).expect("base64")).expect("json")
    }

    #[test]
    fn a_bad_signature_changes_what_proves_a_token_and_nothing_else() {
        let token = key().sign("JWT", &json!({ "iss": "a" })).expect("signed");
        let body = json!({ "id_token": token, "token_type": "Bearer" }).to_string();
        let altered = with_bad_signatures(body.clone().into_bytes());
        let altered: Value = serde_json::from_slice(&altered).expect("json");
        let wrong = altered["id_token"].as_str().expect("a token");
        assert_ne!(wrong, token);
        assert_eq!(wrong.len(), token.len());
        assert_eq!(
            wrong.rsplit_once('.').map(|p| p.0),
            token.rsplit_once('.').map(|p| p.0)
        );
        assert_eq!(altered["token_type"], "Bearer");
        let nothing = with_bad_signatures(b"{\"a\":1}".to_vec());
        assert_eq!(nothing, b"{\"a\":1}");
    }

    #[test]
    fn a_bad_signature_in_xml_is_the_outer_ones() {
        let xml = "<a><ds:SignatureValue>AAAA</ds:SignatureValue><b/></a>";
        let altered = String::from_utf8(with_bad_signatures(xml.into())).expect("text");
        assert_eq!(altered, xml.replace("AAAA", "AABA"));
    }

    #[test]
    fn a_wrong_issuer_is_signed_with_the_right_key() {
        let key = key();
        let token = key
            .sign("JWT", &json!({ "iss": "a", "sub": "b" }))
            .expect("signed");
        let body = json!({ "issuer": "a", "id_token": token }).to_string();
        let altered = with_wrong_issuer(body.into_bytes(), |kid| own(&key, kid));
        let altered: Value = serde_json::from_slice(&altered).expect("json");
        assert_eq!(altered["issuer"], ELSEWHERE);
        let renamed = altered["id_token"].as_str().expect("a token");
        assert_eq!(payload(renamed), json!({ "iss": ELSEWHERE, "sub": "b" }));

        let others = self::key()
            .sign("JWT", &json!({ "iss": "a" }))
            .expect("signed");
        let kept = with_wrong_issuer(others.clone().into_bytes(), |kid| own(&key, kid));
        assert_eq!(kept, others.into_bytes(), "of another key");
    }

    #[test]
    fn other_words_are_signed_with_the_right_key_and_put_where_there_were_some() {
        let key = key();
        let said = json!({ "decision": "Permit", "loa_used": "x", "iss": "a" });
        let token = key.sign("JWT", &said).expect("signed");
        let told = |how| {
            let altered = with_other_words(token.clone().into(), words(how), |kid| own(&key, kid));
            payload(&String::from_utf8(altered).expect("text"))
        };
        let low = json!({ "decision": "Permit", "loa_used": LOW, "iss": "a" });
        assert_eq!(told(Wrong::LowerLevel), low);
        assert_eq!(told(Wrong::Indeterminate)["decision"], "Indeterminate");
        assert_eq!(told(Wrong::NotApplicable)["decision"], "NotApplicable");
        assert_eq!(told(Wrong::OtherSubject), said, "it is about nobody");
    }

    #[test]
    fn redirects_are_wrong_too() {
        let back = "https://pgo.localhost/callback?code=c&iss=https%3A%2F%2Fmitz.localhost&state=s";
        assert_eq!(
            located(back, Wrong::WrongIssuer),
            "https://pgo.localhost/callback?code=c&iss=https%3A%2F%2Felsewhere.localhost&state=s"
        );
        let signed = "https://digid.localhost/?SAMLRequest=x&SigAlg=y&Signature=AAAA";
        assert_eq!(
            located(signed, Wrong::BadSignature),
            "https://digid.localhost/?SAMLRequest=x&SigAlg=y&Signature=AABA"
        );
        assert_eq!(located("/x?y=z", Wrong::BadSignature), "/x?y=z");
        assert_eq!(located("/x?y=z", Wrong::WrongIssuer), "/x?y=z");
    }

    #[test]
    fn words_that_look_like_a_token_are_found_in_any_text() {
        let upper = |text: &str| each_token(text, |token| Some(token.to_uppercase()));
        assert_eq!(upper("x eyJa.b.c y"), "x EYJA.B.C y");
        assert_eq!(upper("\"eyJa.b.c.d.e\""), "\"EYJA.B.C.D.E\"");
        assert_eq!(upper("eyJa.b é eyJa"), "eyJa.b é eyJa");
        assert_eq!(upper(""), "");
    }
}
