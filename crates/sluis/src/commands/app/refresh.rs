//! `sluis app refresh`.

use std::path::PathBuf;

use clap::Args;
use etoegang::dv_app::{geloofd, vernieuwing};
use etoegang::dv_hm::claims::IdToken;
use server::clock::Clock;

use super::hm::Hm;
use super::kept::Kept;
use super::{Ended, Trust, refused, said};
use crate::commands::say;

/// Renew the access token, without the person (GUC9)
#[derive(Args)]
#[command(after_help = "Example, beside a demo:
  sluis app refresh --tokens app.json --ca demo/ca/ca.pem

The broker asks the authentication service, and the mandate register where somebody acts for another, whether the
login still holds. The file then has the new tokens; a refresh token serves once.

Exit codes: 0 it is renewed, 1 it is not, 2 it could not begin.")]
pub(super) struct Refresh {
    /// The file of `login`
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
    /// Say it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust: Trust,
}

impl Refresh {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let kept = Kept::read(&self.tokens)?;
        let token = kept.refresh_token.as_deref();
        let token = token.ok_or_else(|| refused("this login is not renewed: log in again"))?;
        let hm = Hm::find(&kept.issuer, &self.trust).await?;
        let gekregen = hm.tokens(&vernieuwing(&kept.client_id, token)).await?;
        let now = Clock::system().now();
        // First what was spent is replaced; then the rest is looked at.
        Kept::of(&kept.issuer, &kept.client_id, &gekregen, now).write(&self.tokens)?;
        let who = match gekregen.id_token.as_deref() {
            None => None,
            Some(id_token) => {
                let (keys, whose) = (hm.keys().await?, (&*kept.issuer, &*kept.client_id));
                let claims = geloofd(id_token, &keys, whose, now).ok();
                let who: Option<IdToken> = claims.and_then(|claims| claims.parse_all().ok());
                let why = "the ID token of the HM cannot be believed";
                Some(who.ok_or_else(|| refused(why))?)
            }
        };
        say(&if self.json {
            let mut told = said::as_json(who.as_ref(), &gekregen);
            told["schema_version"] = 1.into();
            told.to_string()
        } else {
            said::text(who.as_ref(), &gekregen)
        });
        Ok(())
    }
}
