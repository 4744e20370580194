//! The repository's files.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of a file that is read, at most; no text of ours comes near.
const BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Files, at most; more means that a folder of someone else's was entered.
const FILES_MAX: usize = 20_000;

/// Folders that hold what was made from the repository, or somebody else's work.
const NOT_OURS: [&str; 8] = [
    ".git",
    ".venv",
    "__pycache__",
    "artifacts",
    "corpus",
    "mutants.out",
    "node_modules",
    "target",
];

/// A file of the repository that is text.
pub(crate) struct TextFile {
    /// From the repository's root, with `/`.
    pub(crate) path: String,
    /// What stands in it.
    pub(crate) text: String,
}

impl TextFile {
    /// Whether its name ends in one of these extensions.
    pub(crate) fn has_extension(&self, extensions: &[&str]) -> bool {
        let found = Path::new(&self.path).extension().and_then(|e| e.to_str());
        found.is_some_and(|found| extensions.contains(&found))
    }

    /// Whether the file holds nothing but tests and what they need.
    pub(crate) fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        let in_tests = parts
            .iter()
            .any(|part| ["tests", "benches", "e2e"].contains(part));
        in_tests || parts.last() == Some(&"tests.rs")
    }
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The text files below these folders of `root` (or of all of it, for `""`), in the order of their
/// paths. A folder that is not there has none.
pub(crate) fn files(root: &Path, folders: &[&str]) -> Result<Vec<TextFile>, String> {
    let mut paths = Vec::new();
    for folder in folders {
        let folder = root.join(folder);
        if folder.is_dir() {
            collect(&folder, &mut paths)?;
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if let Some(text) = text(&path)? {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let path = relative.to_string_lossy().replace('\\', "/");
            files.push(TextFile { path, text });
        }
    }
    Ok(files)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
    let unreadable = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        let name = entry.file_name();
        if kind.is_dir() {
            if !NOT_OURS.iter().any(|other| name == *other) {
                collect(&entry.path(), paths)?;
            }
        } else if kind.is_file() {
            if paths.len() == FILES_MAX {
                return Err(format!(
                    "more than {FILES_MAX} files: is {} ours?",
                    folder.display()
                ));
            }
            paths.push(entry.path());
        }
    }
    Ok(())
}

/// What stands in a file; nothing when it is no text or too large to be one of ours.
fn text(path: &Path) -> Result<Option<String>, String> {
    let unreadable = |error| format!("{}: {error}", path.display());
    if fs::metadata(path).map_err(unreadable)?.len() > BYTES_MAX {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    Ok(String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0')))
}
