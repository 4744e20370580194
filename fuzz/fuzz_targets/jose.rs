//! JWS, JWE and key sets.
#![no_main]
use jose::{Algorithm, Expected, Jwks, MacKey, Typ};
use verdict::Moment;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let keys = Jwks::parse(bytes);
    let _ = Jwks::parse_forgiving(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let expected = Expected {
        typ: Typ::JwtOrAbsent,
        issuer: "https://mitz.localhost",
        audience: &["https://dva.localhost"],
        now: Moment::from_unix(1_795_000_000),
        leeway_s: 60,
    };
    if let Ok(keys) = keys.or_else(|_| Jwks::new(Vec::new())) {
        assert!(jose::verify(text, &keys, &[Algorithm::Es256], &expected).is_err());
    }
    if let Ok(key) = MacKey::new("fuzz", &[7; 32]) {
        assert!(jose::verify_mac(text, &[key], &expected).is_err());
    }
    let _ = jose::jwe::decrypt(text, &[]);
});
