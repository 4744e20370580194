//! `sluis app call`.

use std::path::PathBuf;

use clap::Args;
use http::header::WWW_AUTHENTICATE;
use server::outside::Headers;

use super::hm::{is_plain, outside};
use super::kept::Kept;
use super::{Ended, Trust, refused};
use crate::commands::say;

/// Ask a backend of the service provider with the access token, and print what it answers
#[derive(Args)]
#[command(after_help = "Example, beside a demo:
  sluis app call https://dv.localhost:8443/api/bericht --tokens app.json --ca demo/ca/ca.pem

Exit codes: 0 it answered, 1 it refused, 2 it could not be asked.")]
pub(super) struct Call {
    /// What to get
    #[arg(value_name = "URL")]
    url: String,
    /// The file of `login`
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
    #[command(flatten)]
    trust: Trust,
}

impl Call {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let kept = Kept::read(&self.tokens)?;
        let outside = outside(&self.url, &self.trust)?;
        let headers = Headers::none().bearer(&kept.access_token);
        let answer = outside.get(&self.url, headers).await;
        let answer = answer.map_err(|why| super::cannot_begin(&why.to_string()))?;
        let status = answer.status.as_u16();
        if answer.status.is_success() {
            say(&printable(&answer.body));
            return Ok(());
        }
        // RFC 6750 §3: what is missing stands there.
        let challenge = answer.headers.get(WWW_AUTHENTICATE);
        let challenge = challenge.and_then(|value| value.to_str().ok());
        let challenge = challenge.filter(|text| is_plain(text)).unwrap_or_default();
        let hint = match status {
            401 if challenge.contains("invalid_token") => "; `sluis app refresh` renews the token",
            _ => "",
        };
        Err(refused(&format!("HTTP {status} {challenge}{hint}")))
    }
}

/// A body without what moves the cursor of a terminal.
fn printable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let is_shown = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
    text.chars().filter(is_shown).collect()
}
