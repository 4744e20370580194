//! `sluis restore`: rows from a backup, without what they must not bring back.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use server::{backup, date};
use store::NewEpoch;
use verdict::Moment;

use super::configured::{cannot_begin, config};
use super::say;

/// Put a backup in its place (SQLite), or say that the database was restored (PostgreSQL), and begin anew on
/// it, so that nothing that was spent or withdrawn since comes back. No node may run meanwhile; people log in
/// and consent once more
#[derive(Args)]
pub(crate) struct Restore {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder that `sluis backup` filled. Without it the rows are in their place already
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// When the backup was taken, as 2026-11-27T03:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    backup_taken: Moment,
}

fn moment(text: &str) -> Result<Moment, String> {
    date::read(text).ok_or_else(|| "expected a time in UTC, as 2026-11-27T03:00:00Z".to_owned())
}

impl Restore {
    /// Begins. Exit code 0 when it was done for every role, 1 when not for one, 2 when it could not begin.
    pub(crate) async fn run(self) -> ExitCode {
        let config = match config(&self.config) {
            Ok(config) => config,
            Err(why) => return cannot_begin("restore", &why),
        };
        let mut code = ExitCode::SUCCESS;
        for role in config.roles() {
            let from = self.from.as_deref();
            match backup::restore(&config, role, from, self.backup_taken).await {
                Ok(epoch) => say(&told(role, &epoch)),
                Err(why) => {
                    eprintln!("sluis restore: {why}");
                    code = ExitCode::FAILURE;
                }
            }
        }
        code
    }
}

/// What became of a role's rows.
fn told(role: &str, epoch: &NewEpoch) -> String {
    let kinds = |kinds: &[(String, u64)]| match kinds {
        [] => "none".to_owned(),
        kinds => {
            let kinds = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
            kinds.collect::<Vec<_>>().join(", ")
        }
    };
    format!(
        "{role}: epoch {}. Removed: {} grants; records: {}. Kept as the backup has them: {}. What can be \
         used once and is over by {} is refused.",
        epoch.number,
        epoch.grants_removed,
        kinds(&epoch.records_removed),
        kinds(&epoch.records_kept),
        date::moment(epoch.once_floor.unix()),
    )
}
