//! Signed authorization requests (JAR, RFC 9101): the parameters of a request as a token that the
//! client signed.
//!
//! With one, only what stands in it counts; what stands beside it in the query is not looked at, but
//! for the `client_id`, which must be the same. The keys are the client's, as it registered them.

use std::borrow::Cow;

use jose::jwe::DecryptionKey;
use jose::{Expected, Refused, Typ};
use serde_json::Value;

use crate::assertion::{LEEWAY_S, Receiver};
use crate::client::{Authentication, Client};
use crate::wire::Parameters;

/// The kind that such a token should say it is (RFC 9101 §10.8). OpenID Connect Core named none, so
/// that `JWT` and no `typ` at all are taken too.
pub const TYP: &str = "oauth-authz-req+jwt";

/// Seconds that a request may still last when it comes, at most: it is for now, and a person may have
/// it in his browser for a while.
pub const LIFETIME_S_MAX: u32 = 3600;

/// The claims that say whose the token is, and are no parameters of the request.
const OF_THE_TOKEN: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];

/// Why a request object is refused: the error of RFC 9101 §7, the rule, and a reason for the operator.
pub type Why = (&'static str, &'static str, &'static str);

/// The signed object in one that was encrypted to us (RFC 9101 §6.1), or the text itself when it was
/// not. That anybody can encrypt to us does not matter: who asks is told by the signature inside.
///
/// # Errors
/// [`Why`] with `invalid_request_object`. Which step failed is not said.
pub fn decrypted<'t>(text: &'t str, keys: &[DecryptionKey]) -> Result<Cow<'t, str>, Why> {
    // Five parts are encrypted, three are signed.
    if text.split('.').take(6).count() != 5 {
        return Ok(Cow::Borrowed(text));
    }
    let reason = "the request object cannot be decrypted with a key of ours";
    let invalid = ("invalid_request_object", "RFC 9101 §6.1", reason);
    let opened = jose::jwe::decrypt(text, keys).map_err(|_| invalid)?;
    let inside = str::from_utf8(&opened.plain).map_err(|_| invalid)?;
    Ok(Cow::Owned(inside.to_owned()))
}

/// The parameters in a request object of this client.
///
/// # Errors
/// [`Why`] with `invalid_request_object`: of whatever the token fails by. A client without keys has no
/// request objects.
pub fn read(text: &str, client: &Client, at: &Receiver<'_>) -> Result<Parameters, Why> {
    let invalid = |reason| ("invalid_request_object", "RFC 9101 §6.2", reason);
    let Authentication::PrivateKeyJwt(keys) = &client.authentication else {
        return Err(invalid("the client registered no keys"));
    };
    let verified = |typ| {
        let expected = Expected {
            typ,
            issuer: &client.client_id,
            audience: at.audience,
            now: at.now,
            leeway_s: LEEWAY_S,
        };
        jose::verify(text, keys.keys(), keys.algorithms(), &expected)
    };
    let claims = match verified(Typ::Is(TYP)) {
        Err(Refused::Typ) => verified(Typ::JwtOrAbsent),
        other => other,
    };
    let claims = claims.map_err(|refused| invalid(reason(refused)))?;
    if claims.expires() > at.now.plus_s(LIFETIME_S_MAX + LEEWAY_S) {
        return Err(invalid("the request object would last too long (exp)"));
    }
    let members = claims.parse_all::<serde_json::Map<String, Value>>();
    let members = members.map_err(|_| invalid("the request object is no JSON object"))?;
    parameters(&members, &client.client_id)
}

/// The members that are parameters, as a query would have them (RFC 9101 §4).
fn parameters(
    members: &serde_json::Map<String, Value>,
    client_id: &str,
) -> Result<Parameters, Why> {
    let invalid = |rule, reason| ("invalid_request_object", rule, reason);
    // RFC 9101 §4: an object does not lead to another
    if members.contains_key("request") || members.contains_key("request_uri") {
        return Err(invalid("RFC 9101 §4", "a request object holds another"));
    }
    // RFC 9101 §5: the client of the query is the one that signed
    if members.get("client_id").and_then(Value::as_str) != Some(client_id) {
        return Err(invalid("RFC 9101 §5", "client_id differs"));
    }
    // RFC 9101 §10.8: a token that could prove the client elsewhere is none
    if members.contains_key("sub") {
        return Err(invalid("RFC 9101 §10.8", "a request object has a sub"));
    }
    let of_request = members
        .iter()
        .filter(|(name, _)| !OF_THE_TOKEN.contains(&name.as_str()));
    let pairs = of_request.map(|(name, value)| match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        // OIDC Core §6.1: `max_age` stands there as a number, `claims` as an object
        Value::Number(_) | Value::Bool(_) | Value::Object(_) => {
            Some((name.clone(), value.to_string()))
        }
        Value::Array(_) | Value::Null => None,
    });
    let pairs: Option<Vec<_>> = pairs.collect();
    let unreadable = invalid("RFC 9101 §4", "a parameter is a list or nothing");
    Parameters::of(pairs.ok_or(unreadable)?)
        .map_err(|malformed| invalid("RFC 9101 §4", malformed.text()))
}

const fn reason(refused: Refused) -> &'static str {
    match refused {
        Refused::Algorithm => "its algorithm is not registered for the client (alg)",
        Refused::UnknownKey | Refused::AmbiguousKey => "it names no registered key (kid)",
        Refused::Signature => "its signature does not fit",
        Refused::Issuer => "its iss is not the client",
        Refused::Audience => "it is for another server (aud)",
        Refused::NoExpiry | Refused::Expired => "it is over, or does not say when (exp)",
        Refused::NotYetValid | Refused::IssuedAhead => "it is not yet valid (nbf, iat)",
        _ => "it is no token of this kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assertion::ClientKeys;
    use jose::{Algorithm, Jwks, RsaSize, SigningKey, generate_pkcs8};
    use serde_json::json;
    use verdict::Moment;

    const NOW: i64 = 1_795_305_600;
    const HERE: &str = "https://hm.test/etd/1.13";

    fn key() -> SigningKey {
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("a key");
        SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("a key")
    }

    fn client(authentication: Authentication) -> Client {
        Client {
            client_id: "inst-1".into(),
            organisatienaam: "De Proefdienst".into(),
            authentication,
            redirect_uris: vec!["https://app.dv.test/cb".into()],
        }
    }

    fn client_of(key: &SigningKey) -> Client {
        let keys = Jwks::new(vec![key.public().clone()]).expect("a set");
        let keys = ClientKeys::new(keys, &[Algorithm::Es256]).expect("a key");
        client(Authentication::PrivateKeyJwt(keys))
    }

    /// A good object in which one member is another, or missing.
    fn object(change: &str, value: Option<Value>) -> Value {
        let mut object = json!({
            "iss": "inst-1", "aud": HERE, "iat": NOW - 1, "exp": NOW + 60, "jti": "1",
            "client_id": "inst-1", "response_type": "code", "scope": "openid",
            "max_age": 60, "claims": {"id_token": {"acr": null}},
        });
        match value {
            Some(value) => object[change] = value,
            None => {
                object.as_object_mut().expect("an object").remove(change);
            }
        }
        object
    }

    fn read_by(client: &Client, text: &str) -> Result<Parameters, Why> {
        let at = Receiver {
            audience: &[HERE],
            now: Moment::from_unix(NOW),
        };
        read(text, client, &at)
    }

    #[test]
    fn rfc_9101_4_what_stands_in_the_object_is_the_request_and_nothing_else() {
        let key = key();
        for typ in [TYP, "JWT"] {
            let text = key.sign(typ, &object("jti", None)).expect("signed");
            let read = read_by(&client_of(&key), &text).expect("its own key");
            // RFC 9101 §4
            let mut pairs: Vec<_> = read.iter().collect();
            pairs.sort_unstable();
            let expected = [
                ("claims", r#"{"id_token":{"acr":null}}"#),
                ("client_id", "inst-1"),
                ("max_age", "60"),
                ("response_type", "code"),
                ("scope", "openid"),
            ];
            assert_eq!(pairs, expected);
        }
    }

    #[test]
    fn rfc_9101_6_1_an_object_that_was_encrypted_to_us_is_opened_first() {
        let der = jose::jwe::generate_pkcs8(jose::jwe::Algorithm::RsaOaep256, RsaSize::Bits2048);
        let der = der.expect("a key");
        let ours = DecryptionKey::from_pkcs8(jose::jwe::Algorithm::RsaOaep256, &der);
        let ours = [ours.expect("a key")];
        let key = key();
        let signed = key.sign(TYP, &object("jti", None)).expect("signed");
        let entropy = verdict::Entropy::new([5; 32]);
        let to_us = |plain: &[u8]| {
            let algorithm = jose::jwe::Algorithm::RsaOaep256;
            jose::jwe::encrypt(plain, ours[0].public(), algorithm, Some("JWT"), &entropy)
                .expect("encrypted")
        };
        let text = to_us(signed.as_bytes());
        // RFC 9101 §6.1
        let opened = decrypted(&text, &ours).expect("to us");
        assert_eq!(opened, signed);
        assert!(read_by(&client_of(&key), &opened).is_ok());
        assert_eq!(decrypted(&signed, &[]).expect("signed only"), signed);
        for bad in [
            (&*text, &[][..]),
            (&to_us(b"\xff"), &ours),
            ("a.b.c.d.e", &ours),
        ] {
            let refused = decrypted(bad.0, bad.1).expect_err("refused");
            assert_eq!(refused.0, "invalid_request_object");
        }
    }

    #[test]
    fn rfc_9101_6_2_an_object_of_another_key_server_or_time_is_refused() {
        let key = key();
        let refused = |typ, claims: &Value| {
            let text = key.sign(typ, claims).expect("signed");
            read_by(&client_of(&key), &text).expect_err("refused").0
        };
        // RFC 9101 §6.2, §7
        for (name, value) in [
            ("aud", Some(json!("https://hm2.test"))),
            ("aud", None),
            ("iss", Some(json!("inst-2"))),
            ("exp", Some(json!(NOW - 61))),
            ("exp", None),
            ("exp", Some(json!(NOW + 3661))),
            ("nbf", Some(json!(NOW + 120))),
            ("client_id", Some(json!("inst-2"))),
            ("client_id", None),
            ("sub", Some(json!("inst-1"))),
            ("request", Some(json!("x"))),
            ("request_uri", Some(json!("https://app.test/x"))),
            ("scope", Some(json!(["openid"]))),
            ("scope", Some(Value::Null)),
        ] {
            let object = object(name, value.clone());
            assert_eq!(
                refused(TYP, &object),
                "invalid_request_object",
                "{name} {value:?}"
            );
        }
        let token = object("jti", None);
        assert_eq!(refused("at+jwt", &token), "invalid_request_object");
        let stranger = self::key().sign(TYP, &token).expect("signed");
        assert!(read_by(&client_of(&key), &stranger).is_err());
        let own = key.sign(TYP, &token).expect("signed");
        assert!(read_by(&client(Authentication::Public), &own).is_err());
        assert!(read_by(&client_of(&key), "x").is_err());
    }
}
