//! The words of the pages, by key and language.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::Lang;

pub(super) const NL: &str = include_str!("../../texts/nl.ftl");
pub(super) const EN: &str = include_str!("../../texts/en.ftl");

/// The texts of one language.
pub(super) struct Texts {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

/// The texts of `lang`, parsed once.
pub(super) fn texts(lang: Lang) -> &'static Texts {
    static IN_DUTCH: LazyLock<Texts> = LazyLock::new(|| Texts::parse(Lang::Nl, NL));
    static IN_ENGLISH: LazyLock<Texts> = LazyLock::new(|| Texts::parse(Lang::En, EN));
    match lang {
        Lang::Nl => &IN_DUTCH,
        Lang::En => &IN_ENGLISH,
    }
}

impl Texts {
    fn parse(lang: Lang, source: &str) -> Self {
        let tag: LanguageIdentifier = lang.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Both languages run from left to right: no isolating marks around inserted values.
        bundle.set_use_isolating(false);
        // The files are part of the program, and a test refuses one with a fault in it. Whatever
        // can be read is used.
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(read, _)| read);
        let _ = bundle.add_resource(resource);
        Self { lang, bundle }
    }

    /// Which language it is.
    pub(super) const fn lang(&self) -> Lang {
        self.lang
    }

    /// The text of `key`.
    pub(super) fn say(&self, key: &str) -> String {
        self.format(key, None, None)
    }

    /// The text of `key` with one value put in.
    pub(super) fn with<'v>(
        &self,
        key: &str,
        name: &'static str,
        value: impl Into<FluentValue<'v>>,
    ) -> String {
        self.format(
            key,
            None,
            Some(&FluentArgs::from_iter([(name, value.into())])),
        )
    }

    /// The text with these values.
    pub(super) fn with_all<const N: usize>(
        &self,
        key: &str,
        values: [(&'static str, &str); N],
    ) -> String {
        let values = values.map(|(name, value)| (name, FluentValue::from(value)));
        self.format(key, None, Some(&FluentArgs::from_iter(values)))
    }

    /// The text of `key` with two values put in.
    pub(super) fn with_two<'v>(
        &self,
        key: &str,
        name: &'static str,
        value: impl Into<FluentValue<'v>>,
        other: &'static str,
        its_value: impl Into<FluentValue<'v>>,
    ) -> String {
        let values = [(name, value.into()), (other, its_value.into())];
        self.format(key, None, Some(&FluentArgs::from_iter(values)))
    }

    /// A part of the text of `key`: `uitleg` of a message that has a title and an explanation.
    pub(super) fn part(&self, key: &str, part: &str) -> String {
        self.format(key, Some(part), None)
    }

    /// Names a text that is not there between `⟦⟧`: better than an empty place, and a test finds it.
    fn format(&self, key: &str, part: Option<&str>, values: Option<&FluentArgs<'_>>) -> String {
        let message = self.bundle.get_message(key);
        let pattern = message.and_then(|message| match part {
            None => message.value(),
            Some(part) => message.get_attribute(part).map(|found| found.value()),
        });
        let Some(pattern) = pattern else {
            return format!("⟦{key}.{}⟧", part.unwrap_or_default());
        };
        let text = self.bundle.format_pattern(pattern, values, &mut Vec::new());
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_without_marks_and_plurals_follow_the_language() {
        let nl = texts(Lang::Nl);
        assert_eq!(nl.with("aantal-regels", "aantal", 1), "1 regel");
        assert_eq!(nl.with("aantal-regels", "aantal", 2), "2 regels");
        assert_eq!(
            texts(Lang::En).with("aantal-regels", "aantal", 1),
            "1 entry"
        );
    }

    #[test]
    fn a_text_that_is_not_there_is_named() {
        assert_eq!(texts(Lang::Nl).say("bestaat-niet"), "⟦bestaat-niet.⟧");
    }
}
