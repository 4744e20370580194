//! `sluis serve`: the roles that a configuration names.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use server::node::{self, Running};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::configured::{cannot_begin, config};
use super::{notify, say};

/// The roles that a configuration names, for real. Serves until SIGTERM or Ctrl-C, then lets running
/// requests finish; SIGHUP takes certificates and revocation lists anew at once
#[derive(Args)]
pub(crate) struct Serve {
    /// The configuration; packaging/ has an example for each role
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Serve {
    /// Serves. Exit code 0 after SIGTERM or Ctrl-C, 1 when a home stopped or requests had to be cut off,
    /// 2 when the node could not start.
    pub(crate) async fn run(self) -> ExitCode {
        let Ok(mut signals) = Signals::listen() else {
            return cannot_begin("serve", "the operating system gives no signals");
        };
        let config = match config(&self.config) {
            Ok(config) => config,
            Err(why) => return cannot_begin("serve", &why),
        };
        let notice = config.drain_notice;
        let started = tokio::select! {
            started = node::start(config) => started,
            () = signals.stop_asked() => return ExitCode::SUCCESS,
        };
        let running = match started {
            Ok(running) => running,
            Err(why) => return cannot_begin("serve", &why),
        };
        for (name, address) in &running.addresses {
            say(&format!("listening {name} {address}"));
        }
        say("ready");
        notify::ready();
        let is_well = signals.serve(&running).await;
        notify::stopping();
        let drained = tokio::select! {
            drained = running.stop(notice) => drained,
            () = signals.stop_asked() => Err("stopped at once, as was asked a second time".to_owned()),
        };
        match drained {
            Ok(drained) if drained.cut == 0 && is_well => ExitCode::SUCCESS,
            Ok(drained) => {
                if drained.cut > 0 {
                    eprintln!("sluis serve: {} requests were cut off", drained.cut);
                }
                ExitCode::FAILURE
            }
            Err(why) => {
                eprintln!("sluis serve: {why}");
                ExitCode::FAILURE
            }
        }
    }
}

/// What the operating system tells a node.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn stop_asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Until the node is told to stop; whether that was why it ended.
    async fn serve(&mut self, running: &Running) -> bool {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return true,
                _ = self.terminate.recv() => return true,
                _ = self.hangup.recv() => running.renew(),
                role = running.home_failed() => {
                    eprintln!(
                        "sluis serve: the store of {role} stopped: is the disk full, or was the \
                         database upgraded? What was answered is kept; `sluis check` tells more."
                    );
                    return false;
                }
            }
        }
    }
}
