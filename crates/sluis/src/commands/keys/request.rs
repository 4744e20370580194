//! `sluis keys request`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use server::keys::{Purpose, admin};

use super::{cannot_begin, not_done, purpose};
use crate::commands::beside::Opened;
use crate::commands::say;

/// Print a request (PKCS#10) for the certificate of a key that a role of eToegang publishes
///
/// Send it to the authority; lay the certificate that comes back, with those up to the root behind it, into the
/// directory that `x5c` of the role names, as a file that ends with .pem. No restart is needed.
#[derive(Args)]
#[command(after_help = "Example:
  sluis keys request tokens --organisation 'Makelaar BV' --config hm.toml --role hm > tokens.csr

Exit codes: 0 it was printed, 1 there is none of such a key, 2 the keys cannot be read.")]
pub(super) struct Request {
    /// What the key is for
    #[arg(value_name = "PURPOSE", value_parser = purpose)]
    purpose: Purpose,
    /// Its number within its purpose; the newest
    #[arg(value_name = "NUMBER")]
    number: Option<u32>,
    /// What the authority knows the organisation by
    #[arg(long, value_name = "NAME")]
    organisation: String,
    /// The configuration of the node
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The role in it
    #[arg(long, value_name = "NAME", value_parser = ["hm", "ad", "mr"])]
    role: String,
}

impl Request {
    pub(super) async fn run(self) -> ExitCode {
        let opened = Opened::of_node(&self.config, &self.role).await;
        let (opened, master, oin) = match opened.and_then(|opened| {
            let (master, oin) = (opened.master()?, opened.oin(&self.role)?);
            Ok((opened, master, oin))
        }) {
            Ok(opened) => opened,
            Err(why) => return cannot_begin(&why),
        };
        let key = (self.purpose, self.number);
        let subject = (self.organisation.as_str(), &oin);
        match admin::request(&opened.home, &master, key, subject, opened.now).await {
            Ok(pem) => {
                say(pem.trim_end());
                ExitCode::SUCCESS
            }
            Err(why) => not_done(&why),
        }
    }
}
