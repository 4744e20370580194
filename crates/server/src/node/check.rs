//! `sluis check`: everything that a node rests on, a line each, with what to do where it is not good.

mod catalogi;
mod files_of;
mod homes;
mod hsm;
mod others;

use std::fmt;

use crate::clock::Clock;
use crate::config::Config;
use crate::input::Registers;
use crate::log::RefusalLog;
use crate::node::{LOG, files};

/// What was found of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: a setting, or what it names.
    pub subject: String,
    /// How it stands.
    pub standing: Standing,
    /// What is so, and what to do about it if it is not good.
    pub says: String,
}

/// How a subject stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As it should.
    Good,
    /// It works, and something should be done soon.
    Soon,
    /// `sluis serve` would refuse it, or people would be refused.
    Fault,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Good => "good",
            Self::Soon => "soon",
            Self::Fault => "FAULT",
        })
    }
}

impl Finding {
    fn good(subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(subject, Standing::Good, says)
    }

    fn soon(subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(subject, Standing::Soon, says)
    }

    fn fault(subject: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(subject, Standing::Fault, says)
    }

    fn new(subject: impl Into<String>, standing: Standing, says: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            standing,
            says: says.into(),
        }
    }

    /// Good with these words, or a fault with those.
    fn of(subject: impl Into<String>, looked: Result<String, String>) -> Self {
        match looked {
            Ok(says) => Self::good(subject, says),
            Err(says) => Self::fault(subject, says),
        }
    }
}

/// What a look may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everything.
    Everywhere,
    /// Nothing that leaves this machine, but for the database and a hardware security module: no revocation list is fetched and nobody
    /// whom the roles call is asked.
    Here,
}

/// Looks at everything that the configuration names, and changes nothing but that revocation lists are
/// fetched and kept. A node may run meanwhile.
pub async fn check(config: &Config, reach: Reach) -> Vec<Finding> {
    let clock = Clock::system();
    let mut findings = vec![state(config), files_of::master(config)];
    findings.extend(hsm::look(config).await);
    let registers = Registers::read(config.registers.as_deref());
    findings.push(Finding::of("registers", told(config, &registers)));
    findings.extend(files_of::certificates(config, clock.wall()));
    findings.extend(files_of::of_keys(config, clock.wall()));
    findings.extend(catalogi::signers(config, clock.wall()));
    let registers = registers.unwrap_or_default();
    let (of_trust, trust) = files_of::trust(config, &registers, &clock, reach).await;
    findings.extend(of_trust);
    findings.extend(homes::look(config, &clock).await);
    if let Some(trust) = trust.filter(|_| reach == Reach::Everywhere) {
        findings.extend(others::look(config, &trust, &clock).await);
    }
    findings
}

/// The directory in which the node keeps what is its own.
fn state(config: &Config) -> Finding {
    let at = config.state.display();
    let looked = files::own_directory(&config.state).and_then(|says| {
        RefusalLog::could_open(&config.state.join(LOG))?;
        Ok(format!("{at} {says}"))
    });
    Finding::of("state", looked)
}

/// What the registers say; a role without those that it needs refuses everybody.
fn told<E: fmt::Display>(
    config: &Config,
    registers: &Result<Registers, E>,
) -> Result<String, String> {
    let registers = registers.as_ref().map_err(E::to_string)?;
    let needs_clients = config.mitz.is_some() || config.dva.is_some();
    let needs_providers = config.dva.is_some() || config.pgo.is_some();
    let folder = config
        .registers
        .as_ref()
        .map_or("no folder".to_owned(), |folder| {
            folder.display().to_string()
        });
    if needs_clients && registers.clients.is_empty() {
        return Err(format!(
            "{folder}: clients.json names no client, so that nobody could ask for a token"
        ));
    }
    if needs_providers && registers.aanbieders().is_empty() {
        return Err(format!(
            "{folder}: providers.json names no care provider with \"dva\": \"dva\""
        ));
    }
    let etoegang = &registers.etoegang;
    let needs_services = catalogi::without(config);
    if needs_services && etoegang.diensten() == 0 {
        return Err(format!(
            "{folder}: etoegang.json names no service, so that nobody could log in for one; \
             or name where the catalogue is published, in [hm.catalogus] and [mr.catalogus]"
        ));
    }
    if config.hm.is_some() && etoegang.apps.is_empty() {
        return Err(format!(
            "{folder}: etoegang.json names no app, so that nobody could ask for a token"
        ));
    }
    let (clients, providers) = (registers.clients.len(), registers.providers.len());
    let care = format!("{clients} clients, {providers} care providers");
    if config.hm.is_some() || config.ad.is_some() || config.mr.is_some() {
        let (diensten, apps) = (etoegang.diensten(), etoegang.apps.len());
        return Ok(format!("{care}, {diensten} services, {apps} apps"));
    }
    Ok(care)
}
