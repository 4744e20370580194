//! A party's rows and keys, for a command that works beside the process that has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use etoegang::dienstencatalogus::Dienstencatalogus;
use identity::Oin;
use server::clock::Clock;
use server::config::Config;
use server::home::Home;
use server::input::Registers;
use server::keys::custody::token;
use server::keys::{Custody, KeyFault, MasterKey, Purpose, Schedule, SigningToken};
use server::network::{Party, master_file};
use server::node::diensten_van_mr;
use verdict::Moment;

use super::configured;

/// Whose rows, for a command of one role: of a node, or of a demo. Either may run meanwhile.
#[derive(Args)]
pub(super) struct NodeOrDemo {
    /// The configuration of a node
    #[arg(long, value_name = "FILE", required_unless_present = "state")]
    config: Option<PathBuf>,
    /// The state directory of a demo
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    state: Option<PathBuf>,
}

impl NodeOrDemo {
    /// Opens the rows of a role, which a demo's party plays.
    ///
    /// # Errors
    /// A text for the operator.
    pub(super) async fn open(&self, role: &str, party: Party) -> Result<Opened, String> {
        match (&self.config, &self.state) {
            (Some(config), _) => Opened::of_node(config, role).await,
            (_, Some(state)) => Opened::of_demo(&state.join(party.name())),
            _ => Err("name --config or --state".to_owned()),
        }
    }
}

/// An opened party: where its keys are, and what the time is.
pub(super) struct Opened {
    pub(super) home: Home,
    pub(super) schedule: Schedule,
    pub(super) now: Moment,
    master: PathBuf,
    config: Option<Config>,
}

impl Opened {
    /// A role of the node with this configuration.
    ///
    /// # Errors
    /// A text for the operator, here and below.
    pub(super) async fn of_node(file: &Path, role: &str) -> Result<Self, String> {
        let config = configured::config(file)?;
        let mut roles = config.nodes().into_iter().map(|(name, _)| name);
        let role = roles.find(|name| *name == role);
        let role = role.ok_or("the configuration has no such role")?;
        Ok(Self {
            home: Home::beside_node(&config, role).await?,
            schedule: config.schedule_of(role),
            now: Clock::system().now(),
            master: config.master_file.clone(),
            config: Some(config),
        })
    }

    /// The party with this directory.
    pub(super) fn of_demo(directory: &Path) -> Result<Self, String> {
        if !directory.is_dir() {
            return Err(format!(
                "{}: there is no such party; name the state directory of a demo",
                directory.display()
            ));
        }
        Ok(Self {
            home: Home::beside(directory)?,
            schedule: Schedule::default(),
            now: Clock::system().now(),
            master: master_file(directory),
            config: None,
        })
    }

    /// Whether it is a party of a demo.
    pub(super) const fn is_demo(&self) -> bool {
        self.config.is_none()
    }

    /// What the node is told of others; nothing for a party of a demo.
    pub(super) fn registers(&self) -> Result<Option<Registers>, String> {
        let read = |config: &Config| Registers::read(config.registers.as_deref());
        let registers = self.config.as_ref().map(read).transpose();
        registers.map_err(|fault| fault.to_string())
    }

    /// The services for which mandates can be at the node's MR; nothing for a party of a demo.
    pub(super) fn services(&self) -> Result<Option<Dienstencatalogus>, String> {
        let (Some(config), Some(registers)) = (&self.config, self.registers()?) else {
            return Ok(None);
        };
        diensten_van_mr(config, &registers, self.now).map(Some)
    }

    /// The OIN of a role of eToegang.
    pub(super) fn oin(&self, role: &str) -> Result<Oin, String> {
        let participants = self.config.as_ref().map(Config::participants);
        let mut participants = participants.unwrap_or_default().into_iter();
        let entity = participants.find_map(|(name, entity, _)| (name == role).then_some(entity));
        let entity = entity.ok_or("this role has no OIN")?;
        Oin::parse(entity.oin()).map_err(|error| error.to_string())
    }

    /// The master key and the token, for who makes a key.
    pub(super) fn custody(&self, purpose: Purpose) -> Result<Custody, String> {
        Ok(Custody::new(self.master()?, self.token(purpose)?))
    }

    /// The same for who opens all of the party's keys.
    pub(super) fn custody_of_all(&self) -> Result<Custody, String> {
        let token = self.config.as_ref().map(token).transpose()?.flatten();
        Ok(Custody::new(self.master()?, token))
    }

    /// The token of a hardware security module, where the configuration names one and keys of this
    /// purpose can be in it.
    pub(super) fn token(&self, purpose: Purpose) -> Result<Option<Arc<dyn SigningToken>>, String> {
        match &self.config {
            Some(config) if purpose.signs() => token(config),
            _ => Ok(None),
        }
    }

    /// The master key.
    pub(super) fn master(&self) -> Result<MasterKey, String> {
        MasterKey::read(&self.master).map_err(|fault: KeyFault| fault.to_string())
    }
}
