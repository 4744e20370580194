//! What a role of eToegang says to the next party, and how it proves who it is.

use etoegang::keten::KetenAntwoord;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use protocol::assertion;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::chance;
use crate::outside::{Answer, Headers, OutsideError};
use crate::settle::Outage;

/// Seconds that a proof of ours counts.
const BEWIJS_S: u32 = 60;
/// The media type of a signed message.
const JWT: &str = "application/jwt";

/// Signs with the key that others verify (ES256).
///
/// # Errors
/// [`Outage`]: there is no key, or who has it does not answer.
pub(super) fn sign(app: &App, typ: &str, claims: &impl Serialize) -> Result<String, Outage> {
    let set = app.keys.set();
    Ok(set.tokens()?.current().sign(typ, claims)?)
}

/// A form to another party, with a proof of who we are (`private_key_jwt`).
pub(super) async fn post_form(
    app: &App,
    url: &str,
    client_id: &str,
    audience: &str,
    fields: &[(&str, &str)],
) -> Result<KetenAntwoord, Outage> {
    let bewijs = bewijs(app, client_id, audience)?;
    let mut all = vec![
        ("client_id", client_id),
        ("client_assertion_type", assertion::TYPE),
        ("client_assertion", bewijs.as_str()),
    ];
    all.extend(fields);
    Ok(read(
        app.outside.post_form(url, &all, Headers::none()).await,
    ))
}

/// A signed message to another party.
pub(super) async fn post_signed(app: &App, url: &str, token: String) -> KetenAntwoord {
    let sent = app
        .outside
        .post_bytes(url, JWT, token.into_bytes(), Headers::none());
    read(sent.await)
}

/// A client assertion (RFC 7523 §2.2).
fn bewijs(app: &App, client_id: &str, audience: &str) -> Result<String, Outage> {
    let now = app.clock.now();
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": now.unix(),
        "exp": now.plus_s(BEWIJS_S).unix(),
        "jti": jose::b64::encode(chance::entropy().bytes::<16>("etoegang.bewijs")),
    });
    sign(app, "JWT", &claims)
}

/// What the other party answered. An answer that is too long, or that broke off, is none: nobody can say
/// what it meant.
fn read(answer: Result<Answer, OutsideError>) -> KetenAntwoord {
    match answer {
        Err(_) => KetenAntwoord::Geen,
        Ok(answer) => KetenAntwoord::Http {
            status: answer.status.as_u16(),
            retry_after_s: retry_after_s(&answer.headers),
            body: answer.body,
        },
    }
}

fn retry_after_s(headers: &HeaderMap) -> Option<u32> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}
