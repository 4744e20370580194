//! Signatures that were found good.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use verdict::Moment;

use crate::verify::Parts;
use crate::{Algorithm, Claims, Expected, Jwks, Refused};

/// Tokens whose signature was found good, until they are over: one that is shown many times is checked
/// once. It remembers nothing but that; what the token says is judged anew each time.
///
/// A signature is remembered under the key that made it, so it counts no more when that key leaves
/// the set.
pub struct Remembered {
    tokens_max: usize,
    held: Mutex<HashMap<[u8; 32], Moment>>,
}

impl Remembered {
    /// Remembers at most so many tokens. When they are all good still and another comes, it forgets
    /// them.
    pub fn new(tokens_max: usize) -> Self {
        Self {
            tokens_max,
            held: Mutex::default(),
        }
    }

    /// The same as [`verify`](crate::verify).
    pub fn verify(
        &self,
        token: &str,
        keys: &Jwks,
        algorithms: &[Algorithm],
        expected: &Expected<'_>,
    ) -> Result<Claims, Refused> {
        let parts = Parts::of(token)?;
        let algorithm = parts.header.algorithm_among(algorithms)?;
        parts.header.check_typ(expected.typ)?;
        let key = parts.key(keys, algorithm)?;
        if !key.verifies(algorithm) {
            return Err(Refused::KeyUse);
        }
        let signed = key.digest_with(token);
        if !self.holds(&signed, expected.now) {
            parts.check_signature(key, algorithm)?;
        }
        let claims = expected.check(parts.members()?)?;
        self.remember(signed, claims.expires(), expected.now);
        Ok(claims)
    }

    fn holds(&self, signed: &[u8; 32], now: Moment) -> bool {
        let until = self.held().get(signed).copied();
        until.is_some_and(|until| !until.is_over_at(now))
    }

    fn remember(&self, signed: [u8; 32], until: Moment, now: Moment) {
        let mut held = self.held();
        if held.len() >= self.tokens_max && !held.contains_key(&signed) {
            held.retain(|_, until| !until.is_over_at(now));
            if held.len() >= self.tokens_max {
                held.clear();
            }
        }
        held.insert(signed, until);
    }

    fn held(&self) -> MutexGuard<'_, HashMap<[u8; 32], Moment>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Jwk, RsaSize, SigningKey, Typ, generate_pkcs8};

    const NOW: Moment = Moment::from_unix(1_900_000_000);
    const ALGORITHMS: [Algorithm; 1] = [Algorithm::Es256];

    fn key() -> SigningKey {
        let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048).expect("generated");
        SigningKey::from_pkcs8(Algorithm::Es256, &der).expect("a key")
    }

    fn set(keys: &[&Jwk]) -> Jwks {
        Jwks::new(keys.iter().map(|key| (*key).clone()).collect()).expect("a set")
    }

    fn token(key: &SigningKey, number: u32) -> String {
        let claims = json!({
            "iss": "https://kt.test", "aud": "https://fhir.test",
            "exp": NOW.unix() + 60, "jti": number.to_string(),
        });
        key.sign("JWT", &claims).expect("signed")
    }

    fn at(now: Moment) -> Expected<'static> {
        Expected {
            typ: Typ::Is("JWT"),
            issuer: "https://kt.test",
            audience: &["https://fhir.test"],
            now,
            leeway_s: 0,
        }
    }

    #[test]
    fn a_token_that_was_good_is_judged_anew_in_all_but_its_signature() {
        let (key, remembered) = (key(), Remembered::new(8));
        let (token, keys) = (token(&key, 1), set(&[key.public()]));
        let verify = |token: &str, expected: Expected<'_>| {
            remembered.verify(token, &keys, &ALGORITHMS, &expected)
        };
        for _ in 0..2 {
            let claims = verify(&token, at(NOW)).expect("good");
            assert_eq!(claims.str("jti"), Ok("1"));
        }
        assert_eq!(remembered.held().len(), 1);
        let elsewhere = Expected {
            audience: &["https://other.test"],
            ..at(NOW)
        };
        assert_eq!(verify(&token, elsewhere), Err(Refused::Audience));
        assert_eq!(verify(&token, at(NOW.plus_s(60))), Err(Refused::Expired));
        let other_kind = Expected {
            typ: Typ::Is("at+jwt"),
            ..at(NOW)
        };
        assert_eq!(verify(&token, other_kind), Err(Refused::Typ));
        let none = remembered.verify(&token, &keys, &[Algorithm::Es384], &at(NOW));
        assert_eq!(none, Err(Refused::Algorithm));
    }

    #[test]
    fn another_signature_is_another_token() {
        let (key, stranger, remembered) = (key(), key(), Remembered::new(8));
        let keys = set(&[key.public()]);
        let (ours, theirs) = (token(&key, 1), token(&stranger, 1));
        assert!(
            remembered
                .verify(&ours, &keys, &ALGORITHMS, &at(NOW))
                .is_ok()
        );
        let (signed, _) = ours.rsplit_once('.').expect("three parts");
        let (_, signature) = theirs.rsplit_once('.').expect("three parts");
        let mixed = format!("{signed}.{signature}");
        for _ in 0..2 {
            let refused = remembered.verify(&mixed, &keys, &ALGORITHMS, &at(NOW));
            assert_eq!(refused, Err(Refused::Signature));
        }
        assert_eq!(remembered.held().len(), 1, "what is bad is not remembered");
    }

    #[test]
    fn a_signature_counts_no_more_when_its_key_is_gone() {
        let (key, next, remembered) = (key(), key(), Remembered::new(8));
        let token = token(&key, 1);
        let both = set(&[key.public(), next.public()]);
        assert!(
            remembered
                .verify(&token, &both, &ALGORITHMS, &at(NOW))
                .is_ok()
        );
        let later = set(&[next.public()]);
        let refused = remembered.verify(&token, &later, &ALGORITHMS, &at(NOW));
        assert_eq!(refused, Err(Refused::UnknownKey));
    }

    #[test]
    fn a_signature_counts_no_more_when_its_key_is_for_something_else() {
        let (key, remembered) = (key(), Remembered::new(8));
        let token = token(&key, 1);
        let keys = set(&[key.public()]);
        assert!(
            remembered
                .verify(&token, &keys, &ALGORITHMS, &at(NOW))
                .is_ok()
        );
        let mut to_encrypt = key.public().to_json();
        to_encrypt["use"] = json!("enc");
        to_encrypt.as_object_mut().expect("members").remove("alg");
        let to_encrypt = Jwk::parse(to_encrypt.to_string().as_bytes()).expect("a key");
        let refused = remembered.verify(&token, &set(&[&to_encrypt]), &ALGORITHMS, &at(NOW));
        assert_eq!(refused, Err(Refused::KeyUse));
    }

    #[test]
    fn it_remembers_no_more_than_it_may() {
        let (key, remembered) = (key(), Remembered::new(4));
        let keys = set(&[key.public()]);
        for number in 0..20 {
            let token = token(&key, number);
            assert!(
                remembered
                    .verify(&token, &keys, &ALGORITHMS, &at(NOW))
                    .is_ok()
            );
            assert!((1..=4).contains(&remembered.held().len()));
        }
    }
}
