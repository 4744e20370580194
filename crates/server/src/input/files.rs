//! The files of a folder over those of the built-in sample, read with bounds.

use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use serde::de::DeserializeOwned;

use super::fault::InputFault;
use super::nearest::none_of;
use super::place::Place;
use super::strict;

/// Bytes of one file, at most: some 50 000 resources.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of all files together, at most.
const ALL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Entries of a folder, at most.
const ENTRIES_MAX: usize = 20_000;

/// Every `.json` and `.xml` that may stand in the folder itself.
const KNOWN: [&str; 13] = [
    "clients.json",
    "consents.json",
    "digid-metadata.xml",
    "etoegang.json",
    "gegevensdiensten.json",
    "koppeltaal-fhir.json",
    "koppeltaal.json",
    "lists.json",
    "localisation.json",
    "parties.json",
    "people.json",
    "providers.json",
    "settings.json",
];

/// What a folder keeps in a folder of its own, and of which kind it is.
const FOLDERS: [(&str, &str); 3] = [("lists", "xml"), ("records", "json"), ("trust", "pem")];

/// The built-in sample.
const SAMPLE: [(&str, &str); 14] = [
    (
        "clients.json",
        include_str!("../../../../sample/clients.json"),
    ),
    (
        "consents.json",
        include_str!("../../../../sample/consents.json"),
    ),
    (
        "etoegang.json",
        include_str!("../../../../sample/etoegang.json"),
    ),
    (
        "gegevensdiensten.json",
        include_str!("../../../../sample/gegevensdiensten.json"),
    ),
    (
        "koppeltaal-fhir.json",
        include_str!("../../../../sample/koppeltaal-fhir.json"),
    ),
    (
        "koppeltaal.json",
        include_str!("../../../../sample/koppeltaal.json"),
    ),
    ("lists.json", include_str!("../../../../sample/lists.json")),
    (
        "localisation.json",
        include_str!("../../../../sample/localisation.json"),
    ),
    (
        "people.json",
        include_str!("../../../../sample/people.json"),
    ),
    (
        "providers.json",
        include_str!("../../../../sample/providers.json"),
    ),
    (
        "records/00000659.json",
        include_str!("../../../../sample/records/00000659.json"),
    ),
    (
        "records/00000666.json",
        include_str!("../../../../sample/records/00000666.json"),
    ),
    (
        "records/00000673.json",
        include_str!("../../../../sample/records/00000673.json"),
    ),
    (
        "records/00000680.json",
        include_str!("../../../../sample/records/00000680.json"),
    ),
];

/// A file, whole.
pub(super) struct File {
    /// As the operator knows it: with its folder, or as part of the sample.
    pub(super) shown: String,
    /// What stands in it.
    pub(super) text: String,
}

impl File {
    /// The document in it.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, InputFault> {
        strict::read(&self.text)
            .map_err(|(place, error)| InputFault::of_json(&self.shown, &self.text, &place, &error))
    }

    /// A fault of a member.
    pub(super) fn fault(&self, place: &Place, reason: impl Into<String>) -> InputFault {
        InputFault::of_member(&self.shown, &self.text, place, reason)
    }

    /// A fault of the file as a whole.
    pub(super) fn whole(&self, reason: impl Into<String>) -> InputFault {
        InputFault::of_file(&self.shown, reason)
    }
}

/// A folder, or only the sample.
pub(super) struct Files {
    folder: Option<PathBuf>,
    bytes_left: u64,
}

impl Files {
    /// The built-in sample alone.
    pub(super) const fn sample() -> Self {
        Self {
            folder: None,
            bytes_left: ALL_BYTES_MAX,
        }
    }

    /// A folder, if nothing in it is misspelt.
    pub(super) fn of(folder: &Path) -> Result<Self, InputFault> {
        let names = names(folder)?.ok_or_else(|| {
            InputFault::of_file(&folder.display().to_string(), "there is no such folder")
        })?;
        let is_ours = |name: &&String| has_extension(name, "json") || has_extension(name, "xml");
        for name in names.iter().filter(is_ours) {
            if !KNOWN.contains(&name.as_str()) {
                let reason = "no file of this name is read";
                return Err(misspelt(&shown(folder, name), name, reason, &KNOWN));
            }
        }
        Ok(Self {
            folder: Some(folder.to_owned()),
            ..Self::sample()
        })
    }

    /// The file of this name: the folder's, else the sample's.
    pub(super) fn get(&mut self, name: &str) -> Result<File, InputFault> {
        let given = self.given(name)?;
        given
            .or_else(|| sample(name))
            .ok_or_else(|| InputFault::of_file(name, "is missing"))
    }

    /// The file of this name, if the folder has it.
    pub(super) fn given(&mut self, name: &str) -> Result<Option<File>, InputFault> {
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        let shown = shown(folder, name);
        let Some(bytes) = self.read(&folder.join(name), &shown)? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let before = error.as_bytes().iter().take(good);
            let line = before.filter(|byte| **byte == b'\n').count() + 1;
            InputFault::of_line(&shown, line, "not UTF-8")
        })?;
        Ok(Some(File { shown, text }))
    }

    /// The file at a path that another file names: inside the folder, nothing else.
    pub(super) fn named(&mut self, path: &str) -> Result<Option<File>, InputFault> {
        let mut parts = Path::new(path).components();
        let is_plain = parts.all(|part| matches!(part, Component::Normal(_)));
        if is_plain && self.is_inside(path) {
            self.given(path)
        } else {
            Ok(None)
        }
    }

    /// Whether a path leads to something inside the folder, also when there are links on the way.
    fn is_inside(&self, path: &str) -> bool {
        let real = |path: &Path| fs::canonicalize(path).ok();
        let folder = self.folder.as_deref();
        let found = folder.and_then(|folder| Some((real(folder)?, real(&folder.join(path))?)));
        found.is_some_and(|(folder, path)| path.starts_with(folder))
    }

    /// The files of this folder inside the folder, in the order of their names; nothing when there
    /// is none.
    pub(super) fn folder(&mut self, name: &str) -> Result<Option<Vec<(String, File)>>, InputFault> {
        let Some(folder) = self.folder.as_ref().map(|folder| folder.join(name)) else {
            return Ok(None);
        };
        let Some(mut names) = names(&folder)? else {
            return Ok(None);
        };
        names.sort();
        let kind = FOLDERS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind);
        let mut files = Vec::new();
        for file in names
            .into_iter()
            .filter(|name| kind.is_some_and(|k| has_extension(name, k)))
        {
            if let Some(read) = self.given(&format!("{name}/{file}"))? {
                files.push((file, read));
            }
        }
        Ok(Some(files))
    }

    /// The sample's files of this folder.
    pub(super) fn sample_folder(name: &str) -> Vec<(String, File)> {
        let in_folder = |(path, _): &(&str, &str)| {
            let file = path.strip_prefix(name)?.strip_prefix('/')?;
            Some((file.to_owned(), sample(path)?))
        };
        SAMPLE.iter().filter_map(in_folder).collect()
    }

    /// Where a folder inside the folder is, or would be.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(name))
    }

    /// Whether the folder has this file.
    pub(super) fn has(&self, name: &str) -> bool {
        let folder = self.folder.as_ref();
        folder.is_some_and(|folder| folder.join(name).exists())
    }

    fn read(&mut self, path: &Path, shown: &str) -> Result<Option<Vec<u8>>, InputFault> {
        let unreadable =
            |error: std::io::Error| InputFault::of_file(shown, format!("cannot be read: {error}"));
        if !path.try_exists().map_err(unreadable)? {
            return Ok(None);
        }
        if !path.is_file() {
            return Err(InputFault::of_file(shown, "is no ordinary file"));
        }
        let max = FILE_BYTES_MAX.min(self.bytes_left);
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(unreadable)?;
        file.take(max + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        let length = bytes.len() as u64;
        if length > FILE_BYTES_MAX {
            return Err(InputFault::of_file(shown, "is larger than 64 MiB"));
        }
        self.bytes_left = self.bytes_left.checked_sub(length).ok_or_else(|| {
            InputFault::of_file(shown, "the files together are larger than 256 MiB")
        })?;
        Ok(Some(bytes))
    }
}

fn sample(name: &str) -> Option<File> {
    let (name, text) = SAMPLE.iter().find(|(known, _)| *known == name)?;
    Some(File {
        shown: format!("built-in sample/{name}"),
        text: (*text).to_owned(),
    })
}

/// The names in a folder; nothing when there is no such folder.
fn names(folder: &Path) -> Result<Option<Vec<String>>, InputFault> {
    let shown = folder.display().to_string();
    if !folder.exists() {
        return Ok(None);
    }
    if !folder.is_dir() {
        return Err(InputFault::of_file(&shown, "is no folder"));
    }
    let unreadable =
        |error: std::io::Error| InputFault::of_file(&shown, format!("cannot be read: {error}"));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        if names.len() == ENTRIES_MAX {
            return Err(InputFault::of_file(&shown, "holds more than 20 000 files"));
        }
        let name = entry.map_err(unreadable)?.file_name().into_string();
        names.push(name.map_err(|_| InputFault::of_file(&shown, "a file's name is not UTF-8"))?);
    }
    Ok(Some(names))
}

/// A file of a name that is none of these: the one that was meant, or all of them.
pub(super) fn misspelt(shown: &str, name: &str, reason: &str, known: &[&str]) -> InputFault {
    InputFault::of_file(shown, none_of(reason, name, known))
}

fn has_extension(name: &str, extension: &str) -> bool {
    let found = Path::new(name).extension();
    found.is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn shown(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}
