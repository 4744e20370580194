//! The tokens of a login, in a file that only its owner reads.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use etoegang::dv_app::Gekregen;
use serde::{Deserialize, Serialize};
use server::certificates::write_private;
use verdict::Moment;

use super::{Ended, cannot_begin, refused};

/// Bytes of the file, at most.
const BYTES_MAX: u64 = 64 * 1024;
/// The form of the file.
const VERSION: u32 = 1;

/// What is kept between two commands.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    schema_version: u32,
    /// The HM.
    pub(super) issuer: String,
    /// The app.
    pub(super) client_id: String,
    /// For the backend.
    pub(super) access_token: String,
    /// Until when, in seconds since 1970, if the HM said.
    pub(super) access_until: Option<i64>,
    /// For the next access token.
    pub(super) refresh_token: Option<String>,
}

impl Kept {
    /// What is kept of an answer.
    pub(super) fn of(issuer: &str, client_id: &str, gekregen: &Gekregen, now: Moment) -> Self {
        let until = gekregen.expires_in.map(|life_s| now.plus_s(life_s).unix());
        Self {
            schema_version: VERSION,
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            access_token: gekregen.access_token.clone(),
            access_until: until,
            refresh_token: gekregen.refresh_token.clone(),
        }
    }

    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Self, Ended> {
        let shown = path.display();
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| {
            let mode = file.metadata()?.permissions().mode();
            file.take(BYTES_MAX).read_to_end(&mut bytes)?;
            Ok(mode)
        });
        let mode = read.map_err(|why| cannot_begin(&format!("{shown}: {why}")))?;
        if mode & 0o077 != 0 {
            let why = format!("{shown}: others may read it: chmod 600 {shown}, and log in again");
            return Err(cannot_begin(&why));
        }
        let kept: Option<Self> = serde_json::from_slice(&bytes).ok();
        let kept = kept.filter(|kept| kept.schema_version == VERSION);
        kept.ok_or_else(|| cannot_begin(&format!("{shown}: not what `sluis app login` keeps")))
    }

    /// Writes the file, as a whole.
    pub(super) fn write(&self, path: &Path) -> Result<(), Ended> {
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        write_private(path, &text).map_err(|why| refused(&why.to_string()))
    }
}
