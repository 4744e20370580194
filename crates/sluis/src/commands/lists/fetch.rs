//! `sluis lists fetch`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use medmij::lists::{BYTES_MAX, Document, FETCH_S_MAX, Held, Lijst, NotReplaced, Soort, Uitgave};
use server::certificates::roots_of;
use server::clock::Clock;
use server::outside::{Addresses, Bounds, Headers, Outside, OutsideConfig, origin_host};

use super::{Rules, cannot_begin, files, soort};
use crate::commands::say;

/// Fetch the lists of a stelselnode over TLS into a folder
///
/// A list is written only when it fits its schema and is no older, by its Volgnummer, than what the
/// folder has; the others are fetched all the same. No other host than the one that you name is
/// called.
#[derive(Args)]
#[command(after_help = "Examples:
  sluis lists fetch lists/
  sluis lists fetch --list whitelist,ocl lists/
  sluis lists fetch --base-url https://stelselnode.localhost:8443 --ca ~/sluis-demo/ca/ca.pem \\
      --frontchannel-port lists/

Exit codes: 0 all were fetched, 1 one was not or is not good, 2 it could not begin.")]
pub(super) struct Fetch {
    /// The folder; made if it is not there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Where the stelselnode is, without a slash at the end
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://stelselnode.medmij.nl"
    )]
    base_url: String,
    /// The certificate authorities under which it is believed, PEM
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/ssl/certs/ca-certificates.crt"
    )]
    ca: PathBuf,
    /// Which lists; the Zorgaanbiederskoppellijst has no public address, so leave it out elsewhere
    /// than in the demo
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = soort,
        default_values = ["zal", "zakl", "ocl", "gnl", "whitelist"])]
    list: Vec<Soort>,
    #[command(flatten)]
    rules: Rules,
}

impl Fetch {
    pub(super) async fn run(&self) -> ExitCode {
        let outside = match self.prepare() {
            Ok(outside) => outside,
            Err(why) => return cannot_begin(&why),
        };
        let mut all_good = true;
        for soort in &self.list {
            match self.fetch(&outside, *soort).await {
                Ok(said) => say(&said),
                Err(why) => {
                    eprintln!("{}: {why}", soort.bestand());
                    all_good = false;
                }
            }
        }
        if all_good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn prepare(&self) -> Result<Outside, String> {
        let url = &self.base_url;
        let host = origin_host(url);
        let host = host.ok_or_else(|| format!("{url}: expected https, a host and a port"))?;
        let shown = |path: &Path, why: String| format!("{}: {why}", path.display());
        let pem = files::bytes(&self.ca).map_err(|why| format!("--ca: {why}"))?;
        let roots = roots_of(&pem).map_err(|why| shown(&self.ca, why))?;
        fs::create_dir_all(&self.directory)
            .map_err(|error| shown(&self.directory, error.to_string()))?;
        let config = OutsideConfig {
            addresses: Addresses::Named(host),
            ..OutsideConfig::new(roots, None)
        };
        Outside::new(config).map_err(|bad| bad.to_string())
    }

    async fn fetch(&self, outside: &Outside, soort: Soort) -> Result<String, String> {
        let url = format!("{}{}", self.base_url, soort.path());
        let bounds = Bounds {
            bytes_max: BYTES_MAX,
            timeout_s: FETCH_S_MAX,
        };
        let headers = Headers::none().accept("application/xml, text/xml");
        let answer = outside.get_within(&url, headers, bounds).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if !answer.status.is_success() {
            return Err(format!("the answer was {}", answer.status));
        }
        let port = self.rules.port();
        let fetched = Document::parse_as(soort, &answer.body, port);
        let fetched = fetched.map_err(|bad| bad.to_string())?;
        let path = self.directory.join(soort.bestand());
        let said = format!("{}: {}", path.display(), files::heading(&fetched));
        // What the folder has and is no list is no edition that could be kept.
        if let Ok(ours) = files::list(&path, port) {
            follows(ours, fetched).map_err(|not| not.to_string())?;
        }
        server::lists::kept::replace(&path, &answer.body)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(said)
    }
}

/// Whether the fetched edition may come in the place of ours.
fn follows(ours: Document, fetched: Document) -> Result<(), NotReplaced> {
    let now = Clock::system().now();
    Held::new(Any(ours), now).replace(Any(fetched), now)
}

/// A list of whichever kind.
#[derive(PartialEq)]
struct Any(Document);

impl Lijst for Any {
    const USABLE_S: u32 = medmij::lists::USABLE_S;

    fn uitgave(&self) -> Uitgave {
        self.0.uitgave()
    }
}
