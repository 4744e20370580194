//! `sluis demo`: the network for people to look at, or a journey through it without a browser.

mod headless;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use server::certificates::ORGANISATION;
use server::chance;
use server::input::{Input, OutsideParty};
use server::network::{self, Config, Fault, Party, Running};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::say;

/// The whole network on loopback: PGO, Mitz, DigiD simulator, stelselnode, two DVAs and their record
/// systems. Serves until Ctrl-C.
#[derive(Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Demo {
    /// The port for every host; 0 takes a free one
    #[arg(long, default_value_t = 8443, value_name = "N")]
    port: u16,
    /// Where keys, stores and logs are kept; a new temporary folder by default
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// A folder with people, lists, consents, records and clients instead of the built-in sample
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Let the clock be moved and parties be slow, down or wrong: at https://netwerk.localhost:N/bediening, and for programs at /control
    #[arg(long)]
    control: bool,
    /// Print the line for /etc/hosts and stop
    #[arg(long)]
    hosts: bool,
    /// Print the SAML metadata with which Mitz registers at a DigiD, and stop; its key stays in --state
    #[arg(long, requires = "state", conflicts_with = "headless")]
    print_sp_metadata: bool,
    /// Print the certificate of the demo's authority in --state, made if need be, and stop: for a party of parties.json that must trust it before it starts
    #[arg(long, requires = "state", conflicts_with = "headless")]
    print_ca: bool,
    /// Run journeys over real TLS sockets, print each numbered step, and stop
    #[arg(long, num_args = 0.., value_name = "JOURNEY")]
    headless: Option<Vec<Journey>>,
    /// Print the steps as JSON
    #[arg(long, requires = "headless")]
    json: bool,
    /// Make step N of the journey that is named (of the first, when several are) fail for real
    #[arg(long = "break", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=30))]
    break_step: Option<u8>,
    /// Start these parties only, the others run elsewhere with the same --state
    #[arg(long, value_name = "PARTY", value_delimiter = ',', value_parser = party)]
    only: Vec<Party>,
    /// Start all parties but these
    #[arg(long, value_name = "PARTY", value_delimiter = ',', value_parser = party)]
    except: Vec<Party>,
    /// The port of a party that runs in a process of its own, as dva2=9443
    #[arg(long, value_name = "PARTY=PORT", value_delimiter = ',', value_parser = elsewhere)]
    elsewhere: Vec<(Party, u16)>,
}

/// The exit code of a program that was interrupted before its work was done.
const INTERRUPTED: u8 = 130;

/// A journey that can be run without a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Journey {
    /// The 30 steps from PGO to care provider (seed 000)
    Mitz,
    /// A person logs in at a DVA, the PGO gets tokens and data, and the consent ends (MedMij's own interfaces, seed 003)
    Medmij,
    /// The same for somebody else, by authorisation (seed 002)
    Vertegenwoordiging,
    /// An application registers, gets a token and works with resources; a portal launches a module (seed 004)
    Koppeltaal,
    /// An app logs in through HM, AD and MR, and its tokens are renewed (seed 001)
    Etoegang,
}

impl std::fmt::Display for Journey {
    /// By the name that the command line knows.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = clap::ValueEnum::to_possible_value(self);
        f.write_str(
            value
                .as_ref()
                .map_or("", clap::builder::PossibleValue::get_name),
        )
    }
}

impl Journey {
    /// Every journey, in the order in which they run when none is named.
    const ALL: [Self; 5] = [
        Self::Mitz,
        Self::Medmij,
        Self::Vertegenwoordiging,
        Self::Koppeltaal,
        Self::Etoegang,
    ];
}

fn party(name: &str) -> Result<Party, String> {
    Party::named(name).ok_or_else(|| {
        let names: Vec<&str> = Party::ALL.iter().map(|party| party.name()).collect();
        format!("no such party; there are {}", names.join(", "))
    })
}

fn elsewhere(text: &str) -> Result<(Party, u16), String> {
    let (name, port) = text
        .split_once('=')
        .ok_or("expected PARTY=PORT, as dva2=9443")?;
    let port = port.parse().ok().filter(|port| *port != 0);
    let port = port.ok_or("the port must be a number from 1 to 65535")?;
    Ok((party(name)?, port))
}

impl Demo {
    /// Runs the demo. Exit code 0 after Ctrl-C or when every journey passed, 1 when one failed, 2
    /// when the network could not start.
    pub(crate) async fn run(self) -> ExitCode {
        if self.hosts {
            return printed(self.hosts_line());
        }
        if self.print_sp_metadata {
            return self.sp_metadata();
        }
        if let Some(state) = self.state.as_deref().filter(|_| self.print_ca) {
            return printed(network::ca(state));
        }
        if self.break_step.is_some() && self.fault().is_none() {
            let steps = self.faults().len();
            let journey = self.broken_journey();
            eprintln!("sluis demo: of {journey}, steps 1 to {steps} can be broken");
            return ExitCode::from(2);
        }
        if self.parties().is_empty() {
            eprintln!("sluis demo: --only and --except leave no party to start");
            return ExitCode::from(2);
        }
        let Ok(mut interrupt) = Interrupt::listen() else {
            eprintln!("sluis demo: the operating system gives no signals");
            return ExitCode::from(2);
        };
        let state = self.state_directory();
        let started = tokio::select! {
            started = network::start(self.config(state.path().to_owned())) => started,
            () = interrupt.wait() => return ExitCode::from(INTERRUPTED),
        };
        let running = match started {
            Ok(running) => running,
            Err(why) => {
                eprintln!("sluis demo: {why}");
                return ExitCode::from(2);
            }
        };
        let passed = if let Some(journeys) = &self.headless {
            tokio::select! {
                passed = headless::run(&running, journeys, self.json) => passed,
                () = interrupt.wait() => return ExitCode::from(INTERRUPTED),
            }
        } else {
            say(&welcome(&running, matches!(state, State::Temporary(_))));
            serve(&running, &mut interrupt).await
        };
        if let Err(why) = running.stop().await {
            eprintln!("sluis demo: {why}");
        }
        if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// For the port on which the network will be: its addresses stand in the metadata.
    fn sp_metadata(&self) -> ExitCode {
        let Some(state) = self.state.as_deref().filter(|_| self.port != 0) else {
            eprintln!("sluis demo: --print-sp-metadata needs --state and a port other than 0");
            return ExitCode::from(2);
        };
        printed(network::sp_metadata(state, self.port))
    }

    /// Browsers find `*.localhost` themselves; other programs may need this line.
    fn hosts_line(&self) -> Result<String, String> {
        let input = read_input(self.input.as_deref(), self.port)?;
        let outside = input.parties.values().flat_map(OutsideParty::names);
        let outside: BTreeSet<String> = outside.map(|name| name.to_string()).collect();
        let ours = Party::ALL
            .iter()
            .filter(|party| !input.parties.contains_key(party));
        let ours = ours.flat_map(|party| party.hosts());
        let names = ours.map(|host| format!("{host}.localhost")).chain(outside);
        Ok(format!("127.0.0.1 {}", names.collect::<Vec<_>>().join(" ")))
    }

    fn config(&self, state: PathBuf) -> Config {
        let input = self.input.clone();
        Config {
            state,
            port: self.port,
            input: Box::new(move |port| read_input(input.as_deref(), port)),
            parties: self.parties(),
            elsewhere: self.elsewhere.iter().copied().collect::<BTreeMap<_, _>>(),
            fault: self.fault(),
            control: self.control,
        }
    }

    /// The fault that breaks the step.
    fn fault(&self) -> Option<Fault> {
        let at = usize::from(self.break_step?).checked_sub(1)?;
        self.faults().get(at).copied()
    }

    /// What breaks each step, by its number less one.
    fn faults(&self) -> &'static [Fault] {
        match self.broken_journey() {
            Journey::Mitz => &Fault::MITZ,
            Journey::Medmij => &Fault::MEDMIJ,
            Journey::Vertegenwoordiging => &Fault::VERTEGENWOORDIGING,
            Journey::Koppeltaal => &Fault::KOPPELTAAL,
            Journey::Etoegang => &Fault::ETOEGANG,
        }
    }

    /// Of which journey a step is broken: the first that is named, else the first of all.
    fn broken_journey(&self) -> Journey {
        let named = self.headless.as_deref().and_then(<[Journey]>::first);
        named.copied().unwrap_or(Journey::Mitz)
    }

    fn parties(&self) -> BTreeSet<Party> {
        let wanted = |party: &Party| {
            (self.only.is_empty() || self.only.contains(party)) && !self.except.contains(party)
        };
        Party::ALL.into_iter().filter(wanted).collect()
    }

    fn state_directory(&self) -> State {
        if let Some(directory) = &self.state {
            // Absolute, since demo.json names files in it to programs that run elsewhere.
            State::Kept(std::path::absolute(directory).unwrap_or_else(|_| directory.clone()))
        } else {
            let name = format!("sluis-{}", chance::entropy().uuid("state"));
            State::Temporary(std::env::temp_dir().join(name))
        }
    }
}

/// The folder, or the built-in sample.
fn read_input(folder: Option<&Path>, port: u16) -> Result<Input, String> {
    let read = match folder {
        Some(folder) => Input::read(folder, port),
        None => Input::sample(port),
    };
    read.map_err(|fault| fault.to_string())
}

/// Says what was asked for, or why it cannot be had.
fn printed(text: Result<String, String>) -> ExitCode {
    match text {
        Ok(text) => {
            say(text.trim_end());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("sluis demo: {why}");
            ExitCode::from(2)
        }
    }
}

/// Where the demo keeps what it must remember.
enum State {
    /// The user named it and it stays.
    Kept(PathBuf),
    /// It goes with the demo.
    Temporary(PathBuf),
}

impl State {
    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Temporary(path) => path,
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            // What cannot be removed is swept by the system with its other temporary files.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// Serves until Ctrl-C; tells whether that was why it ended.
async fn serve(running: &Running, interrupt: &mut Interrupt) -> bool {
    tokio::select! {
        () = interrupt.wait() => {
            say("Stopping; running requests may finish.");
            true
        }
        party = running.store_failed() => {
            eprintln!(
                "sluis demo: the store of {party} stopped: is the disk full? What was answered is \
                 kept; start again on the same --state when the disk works."
            );
            false
        }
    }
}

/// Ctrl-C, a closed terminal, or a polite kill: heard from before the start, so that a temporary state
/// never stays behind.
struct Interrupt([Signal; 3]);

impl Interrupt {
    fn listen() -> std::io::Result<Self> {
        Ok(Self([
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    async fn wait(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// What a person sees when the network, or this process's part of it, is ready.
fn welcome(running: &Running, temporary: bool) -> String {
    format!(
        "{}\n\n{}\n{}\nStop with Ctrl-C.",
        who_is_ready(running),
        pages(running),
        where_and_whom_to_trust(running, temporary),
    )
}

fn who_is_ready(running: &Running) -> String {
    let names: Vec<&str> = running.apps.keys().map(|party| party.name()).collect();
    let outside: Vec<&str> = running
        .input
        .parties
        .keys()
        .map(|party| party.name())
        .collect();
    if names.len() + outside.len() == Party::ALL.len() {
        let ready = "The network is ready. TEST: everybody in it is invented.";
        return match outside.as_slice() {
            [] => ready.to_owned(),
            _ => format!(
                "{ready}\nPlayed by others, as parties.json says: {}.",
                outside.join(", ")
            ),
        };
    }
    format!(
        "A part of the network is ready: {}. TEST: everybody in it is invented.\n\
         The other parties must run elsewhere, on the same --state.",
        names.join(", ")
    )
}

/// The pages to begin at, of the parties that run here.
fn pages(running: &Running) -> String {
    let pages = [
        (Party::Pgo, "PGO        ", "pgo", "   start here"),
        (
            Party::Netwerk,
            "the network",
            "netwerk",
            "   the 30 steps, as each party saw them",
        ),
        (Party::Mitz, "consents   ", "toestemmingen", ""),
        (
            Party::Portaal,
            "portal     ",
            "portaal",
            "   Koppeltaal: launch a module",
        ),
    ];
    let here = pages
        .into_iter()
        .filter(|(party, ..)| running.apps.contains_key(party));
    let lines = here.map(|(_, what, host, why)| {
        let url = running.hosts.url(host);
        format!("  {what}    {url}{why}\n")
    });
    lines.collect()
}

fn where_and_whom_to_trust(running: &Running, temporary: bool) -> String {
    let (ca, state) = (running.ca_file.display(), running.state.display());
    let ready_file = running.ready_file().and_then(Path::file_name);
    let ready_file = ready_file.unwrap_or_default().display();
    let kept = if temporary {
        "removed when the demo stops"
    } else {
        "kept"
    };
    let name = running.authority.name();
    format!(
        "State: {state} ({kept}), with {ready_file} and log.jsonl.\n\
         Your browser does not know the demo's certificate authority. To trust it:\n\
         \x20 Chrome, Edge   settings, certificates, authorities, import {ca}\n\
         \x20 Firefox        settings, certificates, authorities, import {ca}\n\
         It can vouch for names under localhost only, and for 30 days. To remove it, delete\n\
         \"{name}\" in the same place, under \"{ORGANISATION}\".\n",
    )
}
