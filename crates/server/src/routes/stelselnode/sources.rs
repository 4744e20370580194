//! The files that an operator edits, and what becomes of an edit.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use medmij::lists::{BYTES_MAX, Soort};

use super::published::Candidate;

/// The source file of one list: `lists/MedMij_Whitelist.xml` in the folder of `--input`.
pub(super) struct SourceFile {
    path: PathBuf,
    soort: Soort,
    /// As it was when it was taken or refused last.
    done: Option<Mark>,
    /// As it was at the last look.
    seen: Option<Mark>,
}

/// By which an edit is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    modified: SystemTime,
    bytes: u64,
}

/// What a look at the file brought.
pub(super) enum Look {
    /// It is as it was, or is being written.
    Nothing,
    /// It went away: what the demo makes by itself counts again.
    Gone,
    /// It holds another text.
    Edited(Candidate),
    /// It holds no list: file, line and reason.
    Bad {
        /// For the operator.
        why: String,
        /// The requirement that it breaks.
        requirement: &'static str,
    },
}

impl SourceFile {
    /// The file of this list, whose content is known as it is now.
    pub(super) fn of(folder: &Path, soort: Soort) -> Self {
        let path = folder.join(soort.bestand());
        let mark = mark(&path);
        Self {
            path,
            soort,
            done: mark,
            seen: mark,
        }
    }

    /// Looks whether the file was edited. An edit counts once two looks found the file the same, so
    /// that one that is half written is left alone.
    pub(super) fn look(&mut self) -> Look {
        let now = mark(&self.path);
        let settled = now == std::mem::replace(&mut self.seen, now);
        if now == self.done || !settled {
            return Look::Nothing;
        }
        self.done = now;
        if now.is_none() {
            return Look::Gone;
        }
        match self.read() {
            Ok(xml) => self.taken(xml),
            Err(why) => Look::Bad {
                why: format!("{}: {why}", self.path.display()),
                requirement: self.soort.requirement(),
            },
        }
    }

    fn taken(&self, xml: String) -> Look {
        match Candidate::read(self.soort, xml) {
            Ok(candidate) => Look::Edited(candidate),
            Err(bad) => Look::Bad {
                why: format!("{}:{}: {}", self.path.display(), bad.line, bad.reason()),
                requirement: bad.requirement,
            },
        }
    }

    fn read(&self) -> Result<String, String> {
        let file = fs::File::open(&self.path).map_err(|error| error.to_string())?;
        let mut text = String::new();
        let read = file.take(BYTES_MAX as u64 + 1).read_to_string(&mut text);
        read.map_err(|error| error.to_string())?;
        Ok(text)
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let data = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Mark {
        modified: data.modified().ok()?,
        bytes: data.len(),
    })
}
