//! What the cryptography alone costs, with the same library in the same run, on one thread.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jose::{Algorithm, Expected, Jwks, RsaSize, SigningKey, Typ, generate_pkcs8};
use serde::Serialize;
use serde_json::json;
use server::clock::Clock;

use crate::{Result, node};

/// Turns between two looks at the clock.
const TURNS: u32 = 64;

/// How often in a second of CPU.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Floor {
    /// An assertion of this algorithm checked and an ES256 token signed.
    pub(crate) verify_and_sign: BTreeMap<&'static str, f64>,
    /// An ES256 token signed.
    pub(crate) sign: f64,
    /// An RS256 token signed, by a key as a node makes it: 3072 bits.
    pub(crate) sign_rs256: f64,
    /// Two ES256 tokens checked.
    pub(crate) verify_twice: f64,
}

impl Floor {
    /// For people, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |what: &str, per_s: f64| {
            let us = 1_000_000.0 / per_s;
            format!("floor: {what} {per_s:.0} per CPU-second ({us:.1} µs)")
        };
        let both = self.verify_and_sign.iter();
        let both = both.map(|(alg, per_s)| line(&format!("verify {alg} + sign ES256"), *per_s));
        let rest = [
            line("sign ES256", self.sign),
            line("sign RS256", self.sign_rs256),
            line("verify ES256 twice", self.verify_twice),
        ];
        both.chain(rest).collect()
    }

    /// Of an assertion checked and a token signed.
    pub(crate) fn of(&self, algorithm: Algorithm) -> f64 {
        let known = self.verify_and_sign.get(algorithm.name());
        known.copied().unwrap_or(f64::NAN)
    }
}

/// Measures for about `time` each.
pub(crate) fn measure(time: Duration, algorithms: &[Algorithm]) -> Result<Floor> {
    let own = key(Algorithm::Es256)?;
    let now = Clock::system().now();
    let claims = json!({
        "iss": "pgo.localhost", "sub": "pgo.localhost", "aud": "https://mitz.localhost",
        "iat": now.unix(), "exp": now.plus_s(300).unix(), "jti": "1",
    });
    let expected = Expected {
        typ: Typ::JwtOrAbsent,
        issuer: "pgo.localhost",
        audience: &["https://mitz.localhost"],
        now,
        leeway_s: 60,
    };
    let der = generate_pkcs8(Algorithm::Rs256, RsaSize::Bits3072)?;
    let rsa = SigningKey::from_pkcs8(Algorithm::Rs256, &der)?;
    let sign_rs256 = || rsa.sign("JWT", &claims).map(drop).is_ok();
    let sign = || own.sign("JWT", &claims).map(drop).is_ok();
    let own_keys = Jwks::new(vec![own.public().clone()])?;
    let own_token = own.sign("JWT", &claims)?;
    let check = || jose::verify(&own_token, &own_keys, &[Algorithm::Es256], &expected).is_ok();
    let mut verify_and_sign = BTreeMap::new();
    for algorithm in algorithms {
        let theirs = key(*algorithm)?;
        let keys = Jwks::new(vec![theirs.public().clone()])?;
        let token = theirs.sign("JWT", &claims)?;
        let verify = || jose::verify(&token, &keys, &[*algorithm], &expected).is_ok();
        let per_s = often(time, || verify() && sign())?;
        verify_and_sign.insert(algorithm.name(), per_s);
    }
    Ok(Floor {
        verify_and_sign,
        sign: often(time, sign)?,
        sign_rs256: often(time, sign_rs256)?,
        verify_twice: often(time, || check() && check())?,
    })
}

/// A fresh key; RSA of 2048 bits, as most have.
pub(crate) fn key(algorithm: Algorithm) -> Result<SigningKey> {
    let der = generate_pkcs8(algorithm, RsaSize::Bits2048)?;
    Ok(SigningKey::from_pkcs8(algorithm, &der)?)
}

fn often(time: Duration, turn: impl Fn() -> bool) -> Result<f64> {
    let (start, cpu_s, mut turns) = (clock(), node::cpu_s("self")?, 0_u32);
    while start.elapsed() < time {
        for _ in 0..TURNS {
            if !turn() {
                return Err("the floor could not be measured".into());
            }
        }
        turns += TURNS;
    }
    // By CPU time, not by the clock: others may use this core too.
    Ok(f64::from(turns) / (node::cpu_s("self")? - cpu_s))
}

/// What measuring is: a look at the clock.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}
