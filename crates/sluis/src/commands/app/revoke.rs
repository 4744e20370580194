//! `sluis app revoke`.

use std::path::PathBuf;

use clap::Args;
use etoegang::dv_app::herroeping;
use server::outside::Headers;

use super::hm::{Hm, in_short};
use super::kept::Kept;
use super::{Ended, Trust, refused};
use crate::commands::say;

/// Log out: the broker ends the login, and the file goes (RFC 7009)
#[derive(Args)]
#[command(after_help = "Example, beside a demo:
  sluis app revoke --tokens app.json --ca demo/ca/ca.pem

An access token that a backend checks by itself lasts until it is over, fifteen minutes at most.

Exit codes: 0 the login is over, 1 the broker did not say so and the file stays, 2 it could not begin.")]
pub(super) struct Revoke {
    /// The file of `login`
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
    #[command(flatten)]
    trust: Trust,
}

impl Revoke {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let kept = Kept::read(&self.tokens)?;
        let hm = Hm::find(&kept.issuer, &self.trust).await?;
        let url = hm.found.revocation_endpoint.as_deref();
        let url = url.ok_or_else(|| refused("the HM has no place for it"))?;
        let token = kept.refresh_token.as_ref().unwrap_or(&kept.access_token);
        let fields = herroeping(&kept.client_id, token);
        let answer = hm.outside.post_form(url, &fields, Headers::none()).await;
        let answer = answer.map_err(|why| refused(&why.to_string()))?;
        if !answer.status.is_success() {
            return Err(refused(&in_short(&answer)));
        }
        let shown = self.tokens.display();
        std::fs::remove_file(&self.tokens).map_err(|why| refused(&format!("{shown}: {why}")))?;
        say("logged out");
        Ok(())
    }
}
