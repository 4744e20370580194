//! Signed, encrypted and sealed text: JWS, JWE, JWK, claims, and the few plain cryptographic
//! functions that the frameworks share. One cryptographic library, aws-lc-rs, stands behind it;
//! nobody else in this house calls a cipher.
//!
//! What a token may be is said by the caller, never by the token: [`verify`] takes the algorithms
//! from its caller's list and the key from its caller's set, and `none` has no spelling here.
//!
//! This crate reads no clock and opens no socket. Nonces and content keys come from the caller;
//! the library draws by itself only what a caller cannot reasonably give: signature nonces, OAEP
//! seeds, ephemeral keys and new key pairs.
//!
//! Start reading at [`verify`], then [`SigningKey`]; [`jwe`] and [`aead`] stand by themselves.

pub mod aead;
mod algorithm;
pub mod b64;
mod claims;
mod hash;
mod json;
pub mod jwe;
mod jwk;
mod password;
mod remembered;
mod roca;
mod sign;
mod verify;

pub use algorithm::Algorithm;
pub use b64::{decode as base64url_decode, encode as base64url_encode};
pub use claims::{BadClaim, Claims};
pub use hash::{hmac_sha256, hmac_sha256_of, sha256, x5t_s256};
pub use jwk::{BadJwk, Jwk, Jwks, KEYS_MAX};
pub use password::pbkdf2_sha256;
pub use remembered::Remembered;
pub use sign::{BadKey, CannotSign, MacKey, RsaSize, Signer, SigningKey, generate_pkcs8};
pub use verify::{
    Expected, Refused, TOKEN_BYTES_MAX, Typ, Unproven, claimed_issuer, verify, verify_mac,
    verify_up_to,
};

#[cfg(test)]
mod vectors;
