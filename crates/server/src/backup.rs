//! Backups of a node's rows, and what is left of them when one is restored.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use store::postgres::Postgres;
use store::{Embedded, NewEpoch, Restored, embedded};
use verdict::{Moment, Record as _, Space};

use crate::audit;
use crate::certificates::private_directory;
use crate::clock::Clock;
use crate::config::{Config, HomeConfig};
use crate::keys;

/// The longest life of anything that can be spent, in seconds: what DigiD's AuthnRequests have.
const ONCE_LIFE_S_MAX: u32 = 3_600;
/// A record that stays as the backup has it beside those of keys: nobody can withdraw one, and to lose
/// it would make one person two (pairwise `sub`).
const PSEUDONIEM: Space = Space("mitz.pseudoniem");

/// The kinds of records that stay as the backup has them.
fn records_kept() -> Vec<Space> {
    let kinds = [
        &keys::OUTLIVE_A_RESTORE[..],
        &[PSEUDONIEM, audit::CHAIN],
        &koppeltaal::domeinbeheer::OUTLIVE_A_RESTORE,
        &[etoegang::authenticatiedienst::pseudoniem::Pseudoniem::SPACE],
    ];
    kinds.concat()
}

/// Copies the rows of each role to `to`, which is made if it is not there, while the node goes on; gives
/// the files. For PostgreSQL its own means are the right ones.
///
/// # Errors
/// A text for the operator.
pub fn back_up(config: &Config, to: &Path) -> Result<Vec<PathBuf>, String> {
    let HomeConfig::Sqlite = config.home else {
        return Err(
            "the rows are in PostgreSQL: back up there (pg_basebackup, or pg_dump of the \
                    schemas sluis_…)"
                .to_owned(),
        );
    };
    // Copies are for their owner alone, whoever may look into a folder that is somebody's already.
    if !to.is_dir() {
        private_directory(to).map_err(|fault| fault.to_string())?;
    }
    let now = Clock::system().wall();
    let mut files = Vec::new();
    for role in config.roles() {
        let file = to.join(format!("{role}.sqlite3"));
        let copied = Embedded::back_up(&config.state.join(role), &file, now);
        copied.map_err(|fault| format!("{role}: {fault}"))?;
        files.push(file);
    }
    Ok(files)
}

/// Begins a new epoch in the rows of a role that were restored from a backup, so that nothing that was
/// spent or withdrawn since comes back (`docs/decisions/0015-epoch.md`). No node may run on them. With
/// `from`, the folder of [`back_up`], the rows are put in their place first.
///
/// # Errors
/// A text for the operator.
pub async fn restore(
    config: &Config,
    role: &'static str,
    from: Option<&Path>,
    backup_taken: Moment,
) -> Result<NewEpoch, String> {
    let now = Clock::system().wall();
    if backup_taken > now {
        return Err("a backup cannot have been taken after the present moment".to_owned());
    }
    if let Some(from) = from {
        put(config, role, from)?;
    }
    let restored = Restored {
        now,
        backup_taken,
        once_life_s_max: ONCE_LIFE_S_MAX,
        records_kept: records_kept(),
    };
    match &config.home {
        HomeConfig::Sqlite => Embedded::restored(&config.state.join(role), &restored)
            .map_err(|fault| format!("{role}: {fault}")),
        HomeConfig::Postgresql { .. } => {
            let address = config.home.address(role)?;
            let begun = Postgres::restored(&address, &restored).await;
            begun.map_err(|fault| format!("{role}: {fault}"))
        }
    }
}

/// Copies a role's rows to their place, where there must be none.
fn put(config: &Config, role: &str, from: &Path) -> Result<(), String> {
    let HomeConfig::Sqlite = config.home else {
        return Err("the rows are in PostgreSQL: restore there, then leave --from out".to_owned());
    };
    let directory = config.state.join(role);
    let place = directory.join(embedded::FILE_NAME);
    if let Some(file) = left_behind(&place) {
        return Err(format!(
            "{}: there are rows already; move them away to restore others, {} with its -wal, -shm and \
             -journal",
            file.display(),
            embedded::FILE_NAME
        ));
    }
    private_directory(&directory).map_err(|fault| fault.to_string())?;
    let copy = from.join(format!("{role}.sqlite3"));
    let put = fs::copy(&copy, &place).and_then(|_| File::open(&place)?.sync_all());
    put.map_err(|error| format!("{}: {error}", copy.display()))
}

/// What is there of other rows: SQLite would play a log that lies beside a database into it, whosesoever
/// it is.
fn left_behind(place: &Path) -> Option<PathBuf> {
    let mut files = ["", "-wal", "-shm", "-journal"].into_iter().map(|end| {
        let mut name = place.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    files.find(|file| fs::symlink_metadata(file).is_ok())
}

#[cfg(test)]
mod tests {
    use koppeltaal::domeinbeheer::Beheersleutel;
    use koppeltaal::domeinconfiguratie::{Domeinkop, Kept};

    use super::*;

    #[test]
    fn domains_outlive_a_restore_and_administration_keys_do_not() {
        // design §4: what was withdrawn does not come back
        let kept = records_kept();
        assert!(kept.contains(&Domeinkop::SPACE) && kept.contains(&Kept::SPACE));
        assert!(!kept.contains(&Beheersleutel::SPACE));
    }

    #[test]
    fn at_a_dv_a_person_stays_the_same_and_means_and_mandates_that_were_withdrawn_stay_away() {
        use etoegang::authenticatiedienst::middel::Middel;
        use etoegang::authenticatiedienst::pseudoniem::Pseudoniem;
        use etoegang::machtiging::Machtiging;
        let kept = records_kept();
        assert!(kept.contains(&Pseudoniem::SPACE));
        // design §4
        assert!(!kept.contains(&Middel::SPACE) && !kept.contains(&Machtiging::SPACE));
        assert!(!kept.contains(&etoegang::beheersleutel::Beheersleutel::SPACE));
    }

    /// design §5: a log that was restored still proves what was in the backup.
    #[test]
    fn the_chain_of_the_audit_log_outlives_a_restore() {
        assert!(records_kept().contains(&audit::CHAIN));
    }
}
