//! `docs/requirements/*.toml`: every id that may be cited, and what it asks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::citations::Grammar;

/// The catalogue.
pub(super) struct Catalogue {
    /// In the order of files and lines.
    pub(super) entries: Vec<Entry>,
    /// Names of sources, and other spellings of them.
    sources: Vec<(String, String)>,
    /// Ids and aliases.
    by_id: BTreeMap<String, usize>,
}

/// A requirement or a case.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A clause that code fulfils.
    Requirement,
    /// An acceptance case that a test of its name must show, where `needs` is beside the repository.
    Case { needs: Option<String> },
    /// An acceptance case that is not ours yet, and why.
    Later(String),
}

/// What a cited id is.
pub(super) enum Known {
    /// This entry.
    Entry(usize),
    /// A source as a whole.
    Source,
    /// Nothing of ours.
    Nothing,
}

impl Catalogue {
    /// Reads the folder.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let unreadable = |error| format!("{}: {error}", folder.display());
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|found| found == "toml"));
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            files.push((path.display().to_string(), text));
        }
        Self::of(&files)
    }

    /// The catalogue that stands in these files: name and text.
    pub(super) fn of(files: &[(String, String)]) -> Result<Self, String> {
        let mut catalogue = Self {
            entries: Vec::new(),
            sources: Vec::new(),
            by_id: BTreeMap::new(),
        };
        for (name, text) in files {
            let written: Written =
                toml::from_str(text).map_err(|error| format!("{name}: {error}"))?;
            for source in written.source {
                catalogue
                    .add(source)
                    .map_err(|why| format!("{name}: {why}"))?;
            }
        }
        Ok(catalogue)
    }

    /// How this catalogue's sources are cited.
    pub(super) fn grammar(&self) -> Grammar {
        Grammar::new(self.sources.clone())
    }

    /// What an id is.
    pub(super) fn look_up(&self, id: &str) -> Known {
        match self.by_id.get(id) {
            Some(at) => Known::Entry(*at),
            None if self.sources.iter().any(|(_, name)| name == id) => Known::Source,
            None => Known::Nothing,
        }
    }

    fn add(&mut self, source: Source) -> Result<(), String> {
        let name = source.name;
        if source.title.trim().is_empty() || source.release.trim().is_empty() {
            return Err(format!("{name} has no title or no release"));
        }
        if source.url.is_some_and(|url| !url.starts_with("https://")) {
            return Err(format!("the url of {name} is no https address"));
        }
        for spelling in source.aliases.into_iter().chain([name.clone()]) {
            if self.sources.iter().any(|(known, _)| *known == spelling) {
                return Err(format!("the source {spelling} stands here twice"));
            }
            self.sources.push((spelling, name.clone()));
        }
        for requirement in source.requirement {
            let kind = Kind::Requirement;
            self.enter(requirement.id, &requirement.aliases, requirement.text, kind)?;
        }
        for case in source.case {
            let kind = match (case.status, case.reason) {
                (Status::Implemented, None) => Kind::Case { needs: case.needs },
                (Status::Later, Some(reason)) => Kind::Later(reason),
                _ => {
                    return Err(format!(
                        "{}: later needs a reason, implemented none",
                        case.id
                    ));
                }
            };
            self.enter(case.id, &case.aliases, case.text, kind)?;
        }
        Ok(())
    }

    fn enter(
        &mut self,
        id: String,
        aliases: &[String],
        text: String,
        kind: Kind,
    ) -> Result<(), String> {
        if text.trim().is_empty() {
            return Err(format!("{id} has no text"));
        }
        for spelling in aliases.iter().chain([&id]) {
            if self
                .by_id
                .insert(spelling.clone(), self.entries.len())
                .is_some()
            {
                return Err(format!("{spelling} stands here twice"));
            }
        }
        self.entries.push(Entry { id, text, kind });
        Ok(())
    }
}

// ── As it is written ────────────────────────────────────────────────────────────────────────────

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    source: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    title: String,
    release: String,
    /// Where its text stands in public, for who reads the observer's pages.
    url: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    requirement: Vec<Requirement>,
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    text: String,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    text: String,
    status: Status,
    reason: Option<String>,
    needs: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Implemented,
    Later,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[source]]
name = "Rules"
title = "The rules"
release = "1"
url = "https://rules.example/"
aliases = ["Rulebook"]
[[source.requirement]]
id = "Rules §1"
text = "Be kind."
aliases = ["Rules §01"]
[[source.case]]
id = "mitz case 7"
text = "Somebody is kind."
status = "implemented"
needs = "../samples"
[[source.case]]
id = "mitz case 8"
text = "Everybody is."
status = "later"
reason = "nobody knows how"
"#;

    fn read(text: &str) -> Result<Catalogue, String> {
        Catalogue::of(&[("rules.toml".to_owned(), text.to_owned())])
    }

    #[test]
    fn ids_aliases_and_sources_are_known_and_nothing_else() {
        let catalogue = read(GOOD).expect("a catalogue");
        for id in ["Rules §1", "Rules §01"] {
            assert!(matches!(catalogue.look_up(id), Known::Entry(0)), "{id}");
        }
        assert!(matches!(catalogue.look_up("Rules"), Known::Source));
        assert!(matches!(catalogue.look_up("Rules §2"), Known::Nothing));
        let kinds: Vec<&Kind> = catalogue.entries.iter().map(|entry| &entry.kind).collect();
        let later = Kind::Later("nobody knows how".to_owned());
        let case = Kind::Case {
            needs: Some("../samples".to_owned()),
        };
        assert_eq!(kinds, [&Kind::Requirement, &case, &later]);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for (from, to, why) in [
            ("mitz case 8", "mitz case 7", "stands here twice"),
            ("\nreason = \"nobody knows how\"", "", "needs a reason"),
            (
                "status = \"implemented\"",
                "status = \"implemented\"\nreason = \"so\"",
                "needs a reason",
            ),
            (
                "status = \"later\"",
                "status = \"perhaps\"",
                "unknown variant",
            ),
            ("Be kind.", " ", "no text"),
            ("text = \"Be", "txt = \"Be", "unknown field"),
            ("release = \"1\"", "release = \"\"", "no release"),
            ("https://rules", "javascript:rules", "no https address"),
        ] {
            let refused = read(&GOOD.replacen(from, to, 1)).map(drop).expect_err(why);
            assert!(refused.contains(why), "{refused}");
        }
    }
}
