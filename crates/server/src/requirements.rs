//! What the specifications ask, by the id that a refusal names: the catalogue `docs/requirements/`.
//!
//! `cargo xtask trace` holds the catalogue against code and tests; here it is only read.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The files of the catalogue.
const FILES: [&str; 10] = [
    include_str!("../../../docs/requirements/design.toml"),
    include_str!("../../../docs/requirements/digid.toml"),
    include_str!("../../../docs/requirements/etoegang.toml"),
    include_str!("../../../docs/requirements/koppeltaal.toml"),
    include_str!("../../../docs/requirements/medmij.toml"),
    include_str!("../../../docs/requirements/mitz.toml"),
    include_str!("../../../docs/requirements/oidc.toml"),
    include_str!("../../../docs/requirements/rfc.toml"),
    include_str!("../../../docs/requirements/saml.toml"),
    include_str!("../../../docs/requirements/web.toml"),
];

/// A requirement, or an acceptance case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its id: `RFC 7636 §4.6`, `mitz case 48`, `core.whl.309`.
    pub id: String,
    /// What it asks, in our words; empty for a source as a whole.
    pub text: String,
    /// The title of its source.
    pub source: String,
    /// Which release of the source.
    pub release: String,
    /// Where the source stands in public.
    pub url: Option<String>,
}

/// The requirement of this id, or of which this is an alias; nothing for what is not cited anywhere.
pub fn find(id: &str) -> Option<&'static Requirement> {
    static BY_ID: LazyLock<HashMap<String, Requirement>> = LazyLock::new(|| {
        // The files are part of the program, and a test refuses one with a fault in it.
        let read = FILES.iter().filter_map(|file| toml::from_str(file).ok());
        let sources = read.flat_map(|written: Written| written.source);
        sources.flat_map(Source::requirements).collect()
    });
    BY_ID.get(id)
}

#[derive(Deserialize)]
struct Written {
    source: Vec<Source>,
}

#[derive(Deserialize)]
struct Source {
    name: String,
    title: String,
    release: String,
    url: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    requirement: Vec<Entry>,
    #[serde(default)]
    case: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    text: String,
    #[serde(default)]
    aliases: Vec<String>,
}

impl Source {
    /// Everything that can be cited of it, by each name: itself, its requirements and cases.
    fn requirements(self) -> Vec<(String, Requirement)> {
        let itself = Entry {
            id: self.name.clone(),
            text: String::new(),
            aliases: self.aliases.clone(),
        };
        let mut named = Vec::new();
        for entry in [&itself]
            .into_iter()
            .chain(&self.requirement)
            .chain(&self.case)
        {
            let requirement = Requirement {
                id: entry.id.clone(),
                text: entry.text.clone(),
                source: self.title.clone(),
                release: self.release.clone(),
                url: self.url_of(&entry.id),
            };
            for name in [&entry.id].into_iter().chain(&entry.aliases) {
                named.push((name.clone(), requirement.clone()));
            }
        }
        named
    }

    /// The public page; of an RFC it follows from number and section.
    fn url_of(&self, id: &str) -> Option<String> {
        let Some(number) = self.name.strip_prefix("RFC ") else {
            return self.url.clone();
        };
        let section = id.split_once('§').map(|(_, section)| section);
        let section = section.filter(|section| is_section(section));
        let anchor = section.map_or_else(String::new, |section| format!("#section-{section}"));
        Some(format!(
            "https://www.rfc-editor.org/rfc/rfc{number}{anchor}"
        ))
    }
}

fn is_section(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_catalogue_is_read_whole() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/requirements");
        let there = std::fs::read_dir(folder).expect("a folder").count();
        assert_eq!(there, FILES.len());
        for file in FILES {
            let written: Written = toml::from_str(file).expect("readable");
            for source in &written.source {
                for entry in source.requirement.iter().chain(&source.case) {
                    let found = find(&entry.id).expect("found");
                    assert_eq!((&found.id, &found.text), (&entry.id, &entry.text));
                    for alias in &entry.aliases {
                        assert_eq!(find(alias), Some(found));
                    }
                }
            }
        }
    }

    #[test]
    fn an_rfc_is_at_its_editors_and_others_where_the_catalogue_says() {
        let url = |id| find(id).and_then(|found| found.url.as_deref());
        let pkce = "https://www.rfc-editor.org/rfc/rfc7636";
        assert_eq!(url("RFC 7636 §4.6"), Some(&*format!("{pkce}#section-4.6")));
        assert_eq!(url("RFC 7636"), Some(pkce));
        assert_eq!(
            url("core.whl.309"),
            Some("https://afsprakenstelsel.medmij.nl/")
        );
        assert_eq!(url("mitz case 48"), None);
        assert!(find("mitz case 48").is_some() && find("nobody asks this").is_none());
    }
}
