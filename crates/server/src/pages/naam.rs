//! What categories and providers are called, and in which language.

use super::texts::Texts;

/// A name on a page.
pub(super) struct Naam {
    /// How people know it.
    pub(super) text: String,
    /// Its language, when it may be another one than the page's (WCAG 2.2, 3.1.2).
    pub(super) lang: Option<&'static str>,
}

/// The text with the name of each category that we know. The catalogue may hold others.
const CATEGORIEEN: [(&str, &str); 6] = [
    ("apotheek", "categorie-apotheek"),
    ("ggz", "categorie-ggz"),
    ("huisarts", "categorie-huisarts"),
    ("huisartsenpost", "categorie-huisartsenpost"),
    ("verpleeghuis", "categorie-verpleeghuis"),
    ("ziekenhuis", "categorie-ziekenhuis"),
];

impl Naam {
    /// A category's name in the page's language; of one that we do not know, its id with a capital.
    pub(super) fn of_categorie(t: &Texts, id: &str) -> Self {
        match CATEGORIEEN.iter().find(|(known, _)| *known == id) {
            Some((_, key)) => Self {
                text: t.say(key),
                lang: None,
            },
            None => Self::eigen(capitalised(id)),
        }
    }

    /// A name that is the same in every language: Dutch.
    pub(super) const fn eigen(text: String) -> Self {
        let lang = Some("nl");
        Self { text, lang }
    }
}

/// A category's id as a heading: its first letter as a capital.
fn capitalised(id: &str) -> String {
    let mut letters = id.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Lang, texts::texts};
    use super::*;

    #[test]
    fn a_category_that_we_know_has_a_name_in_each_language_and_another_its_own() {
        let naam = |lang, id| {
            let naam = Naam::of_categorie(texts(lang), id);
            (naam.text, naam.lang)
        };
        assert_eq!(naam(Lang::En, "ziekenhuis"), ("Hospitals".to_owned(), None));
        assert_eq!(
            naam(Lang::Nl, "ziekenhuis"),
            ("Ziekenhuizen".to_owned(), None)
        );
        let own = ("Trombosedienst".to_owned(), Some("nl"));
        assert_eq!(naam(Lang::En, "trombosedienst"), own);
    }
}
