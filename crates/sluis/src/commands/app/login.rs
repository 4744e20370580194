//! `sluis app login`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use etoegang::attribuut::Attribuutnaam;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dv_app::{Aanvraag, Begonnen, GeenCode, Gekregen, Plaats, gevraagde_claims};
use etoegang::dv_hm::claims::IdToken;
use serde_json::json;
use server::chance;
use server::clock::Clock;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::hm::{Hm, is_plain};
use super::kept::Kept;
use super::redirect::{Expected, Listener};
use super::{Ended, Trust, cannot_begin, refused, said};
use crate::commands::say;

/// Log a person in with his browser, and get tokens for a service
#[derive(Args)]
#[command(after_help = "Example, beside a demo:
  sluis app login --issuer https://hm.localhost:8443/etd/1.13 --client gemeente-app \\
      --service urn:etoegang:DV:00000001234567890000:services:1 --ca demo/ca/ca.pem --tokens app.json

It prints the URL to open, and waits until the browser comes back to a port of its own at 127.0.0.1. The
client must have http://127.0.0.1/terug among its redirect URIs, or what --redirect-path says.

Exit codes: 0 somebody is logged in, 1 nobody is, 2 it could not begin.")]
pub(super) struct Login {
    /// The broker: its issuer, as its metadata name it
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// The client id of the app
    #[arg(long, value_name = "ID")]
    client: String,
    /// The service: its ServiceID, or urn:uuid: and its ServiceUUID
    #[arg(long, value_name = "URN", value_parser = service)]
    service: String,
    /// At this level, if not at that of the service
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<Betrouwbaarheidsniveau>,
    /// Ask for this attribute of the catalogue in the ID token, such as
    /// urn:etoegang:1.9:attribute:FirstName; may be given more than once
    #[arg(long = "attribute", value_name = "URN", value_parser = Attribuutnaam::parse)]
    attributes: Vec<Attribuutnaam>,
    /// The path of the redirect URI
    #[arg(long, value_name = "PATH", default_value = "/terug", value_parser = path)]
    redirect_path: String,
    /// How long to wait for the person, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    wait: u32,
    /// Open the URL with the desktop's browser
    #[arg(long)]
    open: bool,
    /// Keep the tokens here, for `refresh`, `call` and `revoke`; only its owner reads it
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Print the tokens
    #[arg(long)]
    show_tokens: bool,
    /// Say it as JSON: first the URL, then what came
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust: Trust,
}

impl Login {
    pub(super) async fn run(self) -> Result<(), Ended> {
        let hm = Hm::find(&self.issuer, &self.trust).await?;
        let listener = Listener::open(&self.redirect_path).await;
        let listener = listener.map_err(|why| cannot_begin(&format!("127.0.0.1: {why}")))?;
        let redirect_uri = listener.uri();
        let begonnen = Begonnen::nieuw(&chance::entropy());
        let claims = gevraagde_claims(&self.attributes, Plaats::IdToken);
        let url = begonnen.url(&Aanvraag {
            authorization_endpoint: &hm.found.authorization_endpoint,
            client_id: &self.client,
            redirect_uri: &redirect_uri,
            dienst: &self.service,
            niveau: self.level,
            claims: claims.as_deref(),
        });
        // Before the URL is out: whoever sees it may stop at once.
        let interrupt = signal(SignalKind::interrupt());
        let interrupt = interrupt.map_err(|why| cannot_begin(&why.to_string()))?;
        self.show(&url);
        let code = self.code(listener, &begonnen, interrupt).await?;
        let fields = begonnen.inwisseling(&self.client, &redirect_uri, &code);
        let gekregen = hm.tokens(&fields).await?;
        let who = self.believed(&hm, &begonnen, &gekregen).await?;
        if let Some(path) = &self.tokens {
            let now = Clock::system().now();
            Kept::of(&self.issuer, &self.client, &gekregen, now).write(path)?;
        }
        self.tell(&who, &gekregen);
        Ok(())
    }

    fn show(&self, url: &str) {
        say(&if self.json {
            json!({ "schema_version": 1, "open": url }).to_string()
        } else {
            url.to_owned()
        });
        if self.open && !opened(url) {
            eprintln!("sluis app: no browser could be started; open the URL yourself");
        }
    }

    /// Waits for the browser, for the end of the time, or for Ctrl-C.
    async fn code(
        &self,
        listener: Listener,
        begonnen: &Begonnen,
        mut interrupt: Signal,
    ) -> Result<String, Ended> {
        let expected = Expected {
            begonnen: begonnen.clone(),
            issuer: self.issuer.clone(),
        };
        let in_time = timeout(
            Duration::from_secs(self.wait.into()),
            listener.code(expected),
        );
        let came = tokio::select! {
            came = in_time => came,
            _ = interrupt.recv() => return Err(refused("stopped: nobody is logged in")),
        };
        let came = came.map_err(|_| {
            let wait = self.wait;
            refused(&format!("nobody came back within {wait} s: see --wait"))
        })?;
        came.map_err(|geen| {
            refused(&match geen {
                GeenCode::Fout(error) if is_plain(&error) => {
                    format!("nobody is logged in: {error}")
                }
                GeenCode::Fout(_) => "nobody is logged in".to_owned(),
                other => format!("nobody is logged in: {other}"),
            })
        })
    }

    /// The claims of the ID token.
    async fn believed(
        &self,
        hm: &Hm,
        begonnen: &Begonnen,
        gekregen: &Gekregen,
    ) -> Result<IdToken, Ended> {
        let (keys, now) = (hm.keys().await?, Clock::system().now());
        let whose = (&*self.issuer, &*self.client);
        // OIDC Core §3.1.3.7
        let claims = begonnen.verklaring(gekregen, &keys, whose, now);
        let claims = claims.and_then(|claims| claims.parse_all().ok());
        claims.ok_or_else(|| refused("the HM gave no ID token that can be believed"))
    }

    fn tell(&self, who: &IdToken, gekregen: &Gekregen) {
        if self.json {
            let mut told = said::as_json(Some(who), gekregen);
            told["schema_version"] = 1.into();
            if self.show_tokens {
                told["tokens"] = said::tokens(gekregen);
            }
            say(&told.to_string());
        } else {
            say(&said::text(Some(who), gekregen));
            if self.show_tokens {
                say(&format!("{:#}", said::tokens(gekregen)));
            }
        }
    }
}

/// Starts the desktop's own program for URLs. The URL is one argument: no shell reads it.
fn opened(url: &str) -> bool {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(program);
    let quiet = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null());
    quiet.stderr(Stdio::null()).spawn().is_ok()
}

fn service(text: &str) -> Result<String, String> {
    let uuid = text.strip_prefix("urn:uuid:");
    let is_one = identity::ServiceId::parse(text).is_ok()
        || uuid.is_some_and(|uuid| identity::ServiceUuid::parse(uuid).is_ok());
    is_one.then(|| text.to_owned()).ok_or_else(|| {
        "expected a ServiceID (urn:etoegang:DV:OIN:services:INDEX), or urn:uuid: and a UUID"
            .to_owned()
    })
}

fn level(text: &str) -> Result<Betrouwbaarheidsniveau, String> {
    let known = Betrouwbaarheidsniveau::ALL.into_iter().skip(1);
    let mut named = known.filter(|niveau| niveau.urn().ends_with(&format!(":{text}")));
    let found = named.next();
    found.ok_or_else(|| "expected loa2, loa2plus, loa3 or loa4".to_owned())
}

fn path(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    let is_path = text.starts_with('/') && text.len() <= 128 && text.chars().all(is_plain);
    is_path
        .then(|| text.to_owned())
        .ok_or_else(|| "expected a path, such as /terug".to_owned())
}
