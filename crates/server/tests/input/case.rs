//! A case as it stands in its file.

use std::fs;
use std::path::PathBuf;

use crate::folder::{Folder, repository};

/// Whether the folder is taken, and what the schemas of its JSON files say.
pub(crate) const VERDICTS: [&str; 4] = [
    "taken",
    "refused, by the schema too",
    "refused, by the reader alone",
    "refused, as no JSON",
];

/// A folder and what is said about it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) about: String,
    files: Vec<(String, Content)>,
    pub(crate) verdict: String,
    pub(crate) expected: String,
}

/// What a file holds: `--- NAME: KIND`.
enum Content {
    /// The lines below; no kind.
    Text(String),
    /// `in Latin-1`: the same, in an encoding that is not UTF-8.
    Latin1(String),
    /// `a certificate`, `two certificates`: PEM that the test makes.
    Certificates(usize),
    /// `a folder`
    Folder,
    /// `a link to TARGET`; beside the folder stands `outside.pem`.
    Link(String),
}

/// Every case, by name.
pub(crate) fn all() -> Vec<Case> {
    let folder = fs::read_dir(folder()).expect("the cases");
    let mut cases: Vec<Case> = folder
        .map(|entry| Case::read(&entry.expect("a file").path()))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn folder() -> PathBuf {
    repository("crates/server/tests/input/cases")
}

impl Case {
    fn read(path: &PathBuf) -> Self {
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.expect("a name in UTF-8").to_owned();
        let text = fs::read_to_string(path).expect("text");
        let (folder, verdict) = text.rsplit_once("\n=== ").expect("a verdict");
        let (verdict, expected) = verdict.split_once('\n').unwrap_or((verdict, ""));
        let mut parts = folder.split("\n--- ");
        Self {
            name,
            about: parts.next().unwrap_or_default().to_owned(),
            files: parts.map(file).collect(),
            verdict: verdict.to_owned(),
            expected: expected.trim_end().to_owned(),
        }
    }

    /// What the reader says about the folder.
    pub(crate) fn said(&self) -> String {
        let folder = Folder::new();
        folder.put("../outside.pem", pem());
        for (name, content) in &self.files {
            match content {
                Content::Text(text) => folder.put(name, text),
                Content::Latin1(text) => folder.put(name, latin1(text)),
                Content::Certificates(count) => folder.put(name, pem().repeat(*count)),
                Content::Folder => fs::create_dir_all(folder.place(name)).expect("a folder"),
                Content::Link(to) => {
                    std::os::unix::fs::symlink(to, folder.place(name)).expect("a link");
                }
            }
        }
        folder.said()
    }

    /// Keeps what the reader says now.
    pub(crate) fn record(&self, said: &str) {
        let path = folder().join(&self.name).with_extension("case");
        let text = fs::read_to_string(&path).expect("text");
        let (before, _) = text.rsplit_once("\n=== ").expect("a verdict");
        let said = if said.is_empty() {
            String::new()
        } else {
            format!("{said}\n")
        };
        let text = format!("{before}\n=== {}\n{said}", self.verdict);
        fs::write(path, text).expect("written");
    }
}

fn file(part: &str) -> (String, Content) {
    let (head, text) = part.split_once('\n').unwrap_or((part, ""));
    let (name, kind) = head.split_once(": ").unwrap_or((head, ""));
    let text = || text.to_owned();
    let content = match kind {
        "" => Content::Text(text()),
        "in Latin-1" => Content::Latin1(text()),
        "a certificate" => Content::Certificates(1),
        "two certificates" => Content::Certificates(2),
        "a folder" => Content::Folder,
        link => {
            let target = link.strip_prefix("a link to ").expect("a known kind");
            Content::Link(target.to_owned())
        }
    };
    (name.to_owned(), content)
}

fn latin1(text: &str) -> Vec<u8> {
    let byte = |letter| u8::try_from(u32::from(letter)).expect("a letter of Latin-1");
    text.chars().map(byte).collect()
}

fn pem() -> String {
    let made = rcgen::generate_simple_self_signed(["eigen.example".to_owned()]);
    made.expect("made").cert.pem()
}
