//! Folders that are gone when a test is over.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use server::input::{Input, InputFault};

const PORT: u16 = 8443;

/// A folder for `--input`, and a folder around it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sluis-input-case-{}-{count}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(folder.input()).expect("a folder");
        folder
    }

    pub(crate) fn input(&self) -> PathBuf {
        self.0.join("input")
    }

    /// Where a file of this name goes; its folder is there.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        let path = self.input().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        path
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.place(name), bytes).expect("written");
    }

    /// A file of so many bytes without content: it takes no room on disk.
    pub(crate) fn put_hollow(&self, name: &str, bytes: u64) {
        let file = fs::File::create(self.place(name)).expect("a file");
        file.set_len(bytes).expect("set");
    }

    pub(crate) fn read(&self) -> Result<Input, InputFault> {
        Input::read(&self.input(), PORT)
    }

    /// What is said about it, without its own path; nothing when it is taken.
    pub(crate) fn said(&self) -> String {
        let said = self.read().err().map(|fault| fault.to_string());
        let own = format!("{}/", self.input().display());
        said.unwrap_or_default().replace(&own, "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is swept with other temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}
