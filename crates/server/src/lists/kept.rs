//! The newest edition of a list on disk, so that a node that starts anew in an outage of the
//! stelselnode goes on with what it had, and takes no lower `Volgnummer` than it knew.
//!
//! Beside each other in `PARTY/lists/`: the document as it was fetched, what is known of it, and an
//! operator's word that it may go back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use medmij::lists::{BYTES_MAX, Soort, Volgnummer};
use serde::{Deserialize, Serialize};
use verdict::Moment;

/// What can be kept of one list.
#[derive(Clone, Debug)]
pub struct Kept {
    directory: PathBuf,
    soort: Soort,
}

/// What is known of the newest edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Its number.
    pub volgnummer: Volgnummer,
    /// When it was last fetched with success.
    pub succeeded: Moment,
    /// The publisher's mark for it (RFC 9110 §8.8.3).
    pub etag: Option<String>,
    /// When the publisher says that it changed last, as it was written (RFC 9110 §8.8.2).
    pub last_modified: Option<String>,
    sha256: String,
}

/// Bytes of the smaller files, at most.
const SMALL_BYTES_MAX: u64 = 16 * 1024;

#[derive(Serialize, Deserialize)]
struct WrittenEdition {
    schema_version: u32,
    volgnummer: u64,
    succeeded: i64,
    sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WrittenReset {
    schema_version: u32,
    held: u64,
    accepted: i64,
}

/// The version of both.
const SCHEMA_VERSION: u32 = 1;

impl Kept {
    /// Of this list in a party's directory.
    pub fn of(party: &Path, soort: Soort) -> Self {
        Self {
            directory: party.join("lists"),
            soort,
        }
    }

    /// The newest edition and its document, if there is one and nothing is wrong with it. The
    /// edition comes also when only the document cannot be used.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn read(&self) -> io::Result<Option<(Edition, Option<Vec<u8>>)>> {
        let Some(edition) = self.edition()? else {
            return Ok(None);
        };
        let document = small_enough(&self.document(), BYTES_MAX as u64)?;
        let is_it = |bytes: &Vec<u8>| sha256(bytes) == edition.sha256;
        let document = document.filter(is_it);
        Ok(Some((edition, document)))
    }

    /// What is known of the newest edition.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn edition(&self) -> io::Result<Option<Edition>> {
        let Some(bytes) = small_enough(&self.file("json"), SMALL_BYTES_MAX)? else {
            return Ok(None);
        };
        let written: WrittenEdition = serde_json::from_slice(&bytes)?;
        let volgnummer = Volgnummer::new(written.volgnummer);
        let volgnummer = volgnummer.filter(|_| written.schema_version == SCHEMA_VERSION);
        Ok(Some(Edition {
            volgnummer: volgnummer.ok_or(io::ErrorKind::InvalidData)?,
            succeeded: Moment::from_unix(written.succeeded),
            etag: written.etag,
            last_modified: written.last_modified,
            sha256: written.sha256,
        }))
    }

    /// Keeps an edition that was fetched with success. The document goes first: an edition whose
    /// document is missing is as good as none, but its number still counts.
    pub(crate) fn write(&self, edition: &Edition, document: Option<&[u8]>) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        if let Some(document) = document {
            replace(&self.document(), document)?;
        }
        let written = WrittenEdition {
            schema_version: SCHEMA_VERSION,
            volgnummer: edition.volgnummer.number(),
            succeeded: edition.succeeded.unix(),
            sha256: edition.sha256.clone(),
            etag: edition.etag.clone(),
            last_modified: edition.last_modified.clone(),
        };
        replace(&self.file("json"), &serde_json::to_vec(&written)?)
    }

    /// An operator's word: in the place of the edition that is held now, one with a lower number may
    /// come, once. The node takes it at its next fetch, and audits that.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn accept_reset(&self, now: Moment) -> io::Result<Option<Volgnummer>> {
        let Some(edition) = self.edition()? else {
            return Ok(None);
        };
        let written = WrittenReset {
            schema_version: SCHEMA_VERSION,
            held: edition.volgnummer.number(),
            accepted: now.unix(),
        };
        replace(
            &self.file("accept-reset.json"),
            &serde_json::to_vec(&written)?,
        )?;
        Ok(Some(edition.volgnummer))
    }

    /// Whether an operator said that an edition may come in the place of this one.
    pub(super) fn may_reset(&self, held: Volgnummer) -> bool {
        let bytes = small_enough(&self.file("accept-reset.json"), SMALL_BYTES_MAX);
        let written = bytes.ok().flatten();
        let written = written.and_then(|bytes| serde_json::from_slice::<WrittenReset>(&bytes).ok());
        written.is_some_and(|written| {
            written.schema_version == SCHEMA_VERSION && written.held == held.number()
        })
    }

    /// The word counts once.
    pub(super) fn forget_reset(&self) -> io::Result<()> {
        match fs::remove_file(self.file("accept-reset.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The document as it was fetched: `lists/MedMij_Whitelist.xml`.
    pub fn document(&self) -> PathBuf {
        self.directory.join(self.soort.bestand())
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.document().with_extension(extension)
    }
}

impl Edition {
    /// Of a document that was fetched now.
    pub(crate) fn of(document: &[u8], volgnummer: Volgnummer, succeeded: Moment) -> Self {
        Self {
            volgnummer,
            succeeded,
            etag: None,
            last_modified: None,
            sha256: sha256(document),
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    jose::base64url_encode(jose::sha256(bytes))
}

/// A file, if it is there.
fn small_enough(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    let read = file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if read as u64 > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Some(bytes))
}

/// Puts a file in its place as a whole: whoever reads it, and a machine that stops, finds the old
/// one or the new one. Only its owner can read it.
///
/// # Errors
/// What the operating system says.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_added_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance;

    const THEN: Moment = Moment::from_unix(1_900_000_000);

    #[test]
    fn an_edition_is_found_again_and_a_changed_document_is_not() {
        let party = std::env::temp_dir().join(chance::entropy().uuid("kept"));
        let kept = Kept::of(&party, Soort::Whitelist);
        assert_eq!(kept.read().expect("readable"), None);
        assert_eq!(kept.accept_reset(THEN).expect("nothing held"), None);
        let number = Volgnummer::new(7).expect("positive");
        let edition = Edition {
            etag: Some("\"x\"".to_owned()),
            ..Edition::of(b"<a/>", number, THEN)
        };
        kept.write(&edition, Some(b"<a/>")).expect("writable");
        let found = kept.read().expect("readable").expect("kept");
        assert_eq!(found, (edition.clone(), Some(b"<a/>".to_vec())));
        assert!(!kept.may_reset(number));
        assert_eq!(kept.accept_reset(THEN).expect("writable"), Some(number));
        assert!(kept.may_reset(number));
        assert!(!kept.may_reset(number.next()), "of another edition");
        kept.forget_reset().expect("removable");
        kept.forget_reset().expect("nothing there");
        assert!(!kept.may_reset(number));
        fs::write(kept.document(), "<b/>").expect("writable");
        assert_eq!(kept.read().expect("readable"), Some((edition, None)));
        fs::write(kept.file("json"), "{").expect("writable");
        assert!(kept.read().is_err());
        let _ = fs::remove_dir_all(party);
    }
}
