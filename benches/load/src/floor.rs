//! What the cryptography alone costs, with the same library in the same run, on one thread.

use std::time::{Duration, Instant};

use jose::{Algorithm, Expected, Jwks, RsaSize, SigningKey, Typ, generate_pkcs8};
use serde::Serialize;
use serde_json::json;
use server::clock::Clock;

use crate::{Result, node};

/// Turns between two looks at the clock.
const TURNS: u32 = 64;

/// How often in a second of CPU.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Floor {
    /// An ES256 assertion checked and an ES256 token signed.
    pub(crate) verify_and_sign_per_s: f64,
    /// An ES256 token signed.
    pub(crate) sign_per_s: f64,
}

impl Floor {
    /// For people.
    pub(crate) fn line(&self) -> String {
        let us = |per_s: f64| 1_000_000.0 / per_s;
        format!(
            "floor: verify + sign ES256 {:.0} per CPU-second ({:.1} µs), sign {:.0} ({:.1} µs)",
            self.verify_and_sign_per_s,
            us(self.verify_and_sign_per_s),
            self.sign_per_s,
            us(self.sign_per_s),
        )
    }
}

/// Measures for about `time`.
pub(crate) fn measure(time: Duration) -> Result<Floor> {
    let der = generate_pkcs8(Algorithm::Es256, RsaSize::Bits2048)?;
    let key = SigningKey::from_pkcs8(Algorithm::Es256, &der)?;
    let keys = Jwks::new(vec![key.public().clone()])?;
    let now = Clock::system().now();
    let claims = json!({
        "iss": "pgo.localhost", "sub": "pgo.localhost", "aud": "https://mitz.localhost",
        "iat": now.unix(), "exp": now.plus_s(300).unix(), "jti": "1",
    });
    let token = key.sign("JWT", &claims)?;
    let expected = Expected {
        typ: Typ::JwtOrAbsent,
        issuer: "pgo.localhost",
        audience: &["https://mitz.localhost"],
        now,
        leeway_s: 60,
    };
    let sign = || key.sign("JWT", &claims).map(drop).is_ok();
    let verify = || jose::verify(&token, &keys, &[Algorithm::Es256], &expected).is_ok();
    Ok(Floor {
        verify_and_sign_per_s: often(time / 2, || verify() && sign())?,
        sign_per_s: often(time / 2, sign)?,
    })
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
