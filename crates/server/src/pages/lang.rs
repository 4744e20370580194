//! In which language a person is spoken to.

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Dutch, at level B1.
    #[default]
    Nl,
    /// English.
    En,
}

impl Lang {
    /// Every language, in the order of the language switch.
    pub const ALL: [Self; 2] = [Self::Nl, Self::En];

    /// Its BCP 47 tag: `"nl"` or `"en"`; also the value of `taal` in a query and of the cookie.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nl => "nl",
            Self::En => "en",
        }
    }

    /// What its speakers call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nl => "Nederlands",
            Self::En => "English",
        }
    }

    /// The language for a request: what the person chose ([`Self::chosen`]), else what his browser
    /// prefers (RFC 9110 §12.5.4), else Dutch.
    pub fn choose(chosen: Option<Self>, accept_language: Option<&str>) -> Self {
        chosen
            .or_else(|| accept_language.and_then(preferred))
            .unwrap_or_default()
    }

    /// What the person chose: on this page (`?taal=`), else where he came from (`asked`, see
    /// [`Self::of_ui_locales`]), else here before (the cookie). A value that names no language of
    /// ours counts as absent.
    pub fn chosen(
        query_taal: Option<&str>,
        asked: Option<Self>,
        cookie: Option<&str>,
    ) -> Option<Self> {
        query_taal
            .and_then(Self::of_code)
            .or(asked)
            .or_else(|| cookie.and_then(Self::of_code))
    }

    /// The first language of ours in `ui_locales` (OIDC Core §3.1.2.1): language tags (BCP
    /// 47), the dearest first, a space between them. Nothing when it is not such a list: a client
    /// that writes it badly is no reason to refuse its person.
    pub fn of_ui_locales(ui_locales: &str) -> Option<Self> {
        let subtag = |text: &str| {
            (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let tags: Vec<&str> = ui_locales.split(' ').take(RANGES_MAX + 1).collect();
        let is_list = tags.len() <= RANGES_MAX && tags.iter().all(|tag| tag.split('-').all(subtag));
        if !is_list {
            return None;
        }
        tags.into_iter().find_map(Self::of_range)
    }

    fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// The language of a language range: `en-GB` is English, `*` is whatever we like best.
    fn of_range(range: &str) -> Option<Self> {
        let primary = range.split('-').next().unwrap_or_default();
        if primary == "*" {
            return Some(Self::default());
        }
        let same = |lang: &Self| lang.code().eq_ignore_ascii_case(primary);
        Self::ALL.into_iter().find(same)
    }
}

/// How many language ranges of a header are looked at. Browsers send fewer than ten; who sends more
/// is read no further.
const RANGES_MAX: usize = 20;

/// The language of the heaviest range; the first of equals. A range that cannot be read is skipped.
fn preferred(accept_language: &str) -> Option<Lang> {
    let ranges = accept_language.split(',').take(RANGES_MAX);
    let mut best: Option<(u16, Lang)> = None;
    for (weight, lang) in ranges.filter_map(range) {
        if weight > best.map_or(0, |(so_far, _)| so_far) {
            best = Some((weight, lang));
        }
    }
    best.map(|(_, lang)| lang)
}

/// One range with its weight in thousandths; nothing for a language we do not speak.
fn range(text: &str) -> Option<(u16, Lang)> {
    let mut parts = text.split(';');
    let lang = Lang::of_range(parts.next()?.trim())?;
    let weight = match parts.next() {
        None => 1000,
        Some(parameter) => qvalue(parameter.trim())?,
    };
    Some((weight, lang))
}

/// `q=0.8` as 800 (RFC 9110 §12.4.2): at most three decimals, nothing above 1.
fn qvalue(parameter: &str) -> Option<u16> {
    let value = parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="))?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", _) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(accept_language: &str) -> Lang {
        Lang::choose(None, Some(accept_language))
    }

    #[test]
    fn the_choice_on_the_page_beats_the_clients_beats_the_cookie_beats_the_browser() {
        let (nl, en) = (Some("nl"), Some("en"));
        assert_eq!(Lang::chosen(nl, Some(Lang::En), en), Some(Lang::Nl));
        assert_eq!(Lang::chosen(None, Some(Lang::En), nl), Some(Lang::En));
        assert_eq!(Lang::chosen(None, None, en), Some(Lang::En));
        assert_eq!(Lang::choose(Some(Lang::En), nl), Lang::En);
        assert_eq!(Lang::choose(None, en), Lang::En);
        assert_eq!(Lang::choose(None, None), Lang::Nl);
    }

    #[test]
    fn a_value_that_names_no_language_of_ours_counts_as_absent() {
        assert_eq!(Lang::chosen(Some("fr"), None, Some("en")), Some(Lang::En));
        assert_eq!(Lang::chosen(Some(""), None, Some("EN")), None);
        assert_eq!(browser("fr, de;q=0.9"), Lang::Nl);
    }

    #[test]
    fn oidc_core_3_1_2_1_ui_locales_names_the_dearest_first_and_is_ignored_when_malformed() {
        let of = Lang::of_ui_locales;
        assert_eq!(of("en"), Some(Lang::En));
        assert_eq!(of("fr-CA fr EN-gb nl"), Some(Lang::En));
        assert_eq!(of("nl en"), Some(Lang::Nl));
        assert_eq!(of("fr de"), None);
        let many = format!("{}en", "fr ".repeat(RANGES_MAX));
        for bad in [
            "",
            " en",
            "en  nl",
            "en,nl",
            "en_GB",
            "en-",
            "*",
            "en;q=1",
            "en-abcdefghi",
            "\u{e9}n en",
            &many,
        ] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn rfc_9110_the_heaviest_range_wins_and_the_first_of_equals() {
        // RFC 9110 §12.5.4
        assert_eq!(browser("nl;q=0.8, en-GB"), Lang::En);
        assert_eq!(browser("de, en-US;q=0.7, nl;q=0.699"), Lang::En);
        assert_eq!(browser("en;q=0.5, nl;q=0.5"), Lang::En);
        assert_eq!(browser("EN ; q=1.000"), Lang::En);
        assert_eq!(browser("*, en;q=0.9"), Lang::Nl);
    }

    #[test]
    fn rfc_9110_a_weight_of_zero_means_not_wanted() {
        // RFC 9110 §12.4.2
        assert_eq!(browser("en;q=0"), Lang::Nl);
        assert_eq!(browser("en;q=0.000, nl;q=0.001"), Lang::Nl);
    }

    #[test]
    fn a_malformed_weight_makes_its_range_count_as_absent() {
        for bad in [
            "q=2", "q=1.5", "q=-1", "q=0.0001", "q=", "q=.9", "x", "q=0.٣",
        ] {
            assert_eq!(browser(&format!("en;{bad}, nl;q=0.1")), Lang::Nl, "{bad}");
            assert_eq!(browser(&format!("en;{bad}")), Lang::Nl, "{bad}");
        }
    }

    #[test]
    fn a_range_beyond_the_bound_is_not_looked_at() {
        let many = "fr,".repeat(RANGES_MAX - 1);
        assert_eq!(browser(&format!("{many}en")), Lang::En);
        assert_eq!(browser(&format!("fr,{many}en")), Lang::Nl);
    }
}
