//! A value with its unit, as people read it.

use serde::{Deserialize, Serialize};

use super::Lang;
use super::texts::Texts;

/// The greatest number that is drawn, either way. No body and no laboratory measures more; what does
/// is a slip, stands in the table as it was given, and would leave nothing to see in a chart.
const GETAL_MAX: f64 = 1e9;

/// What was found, or what there is to tell of a thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Waarde {
    /// In words.
    Tekst(String),
    /// A number.
    Getal(Getal),
    /// Several, each with its name.
    Delen(Vec<(String, Self)>),
}

/// A number with its unit (FHIR R4 Quantity).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Getal {
    /// Whether the true value is only known to be less or more.
    pub grens: Option<Grens>,
    /// The number, with a point and as many decimals as it was given with.
    pub getal: String,
    /// Its unit.
    pub eenheid: Option<String>,
}

/// FHIR R4 §Quantity.comparator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grens {
    /// `<`
    Onder,
    /// `<=`
    Hoogstens,
    /// `>=`
    Minstens,
    /// `>`
    Boven,
}

impl Waarde {
    /// As it reads in the language of `t`.
    pub(super) fn in_words(&self, t: &Texts) -> String {
        match self {
            Self::Tekst(tekst) => tekst.clone(),
            Self::Getal(getal) => getal.in_words(t),
            Self::Delen(delen) => {
                let deel = |(naam, waarde): &(String, Self)| {
                    format!("{naam} {}", waarde.in_words(t)).trim().to_owned()
                };
                delen.iter().map(deel).collect::<Vec<_>>().join(", ")
            }
        }
    }

    /// Whether it is in Dutch words whatever the language of the page.
    pub(super) const fn is_words(&self) -> bool {
        !matches!(self, Self::Getal(_))
    }
}

impl Getal {
    /// With its unit.
    pub(super) fn in_words(&self, t: &Texts) -> String {
        let number = self.without_unit(t);
        match &self.eenheid {
            Some(eenheid) => format!("{number} {eenheid}"),
            None => number,
        }
    }

    /// Without its unit, for a column that names it.
    pub(super) fn without_unit(&self, t: &Texts) -> String {
        let number = in_language(t, &self.getal);
        match self.grens {
            None => number,
            Some(Grens::Onder) => format!("< {number}"),
            Some(Grens::Hoogstens) => format!("≤ {number}"),
            Some(Grens::Minstens) => format!("≥ {number}"),
            Some(Grens::Boven) => format!("> {number}"),
        }
    }

    /// The number to draw; none for what a chart cannot hold.
    pub fn to_draw(&self) -> Option<f64> {
        let number: f64 = self.getal.parse().ok()?;
        (number.is_finite() && number.abs() <= GETAL_MAX).then_some(number)
    }
}

/// A number that was written with a point, with the decimal sign of the language.
pub(super) fn in_language(t: &Texts, number: &str) -> String {
    match t.lang() {
        Lang::Nl => number.replace('.', ","),
        Lang::En => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::texts;

    fn getal(getal: &str, grens: Option<Grens>) -> Getal {
        let (getal, eenheid) = (getal.to_owned(), Some("mmol/L".to_owned()));
        Getal {
            grens,
            getal,
            eenheid,
        }
    }

    #[test]
    fn a_number_has_the_decimal_sign_of_the_language() {
        let written = Waarde::Getal(getal("8.60", None));
        assert_eq!(written.in_words(texts(Lang::Nl)), "8,60 mmol/L");
        assert_eq!(written.in_words(texts(Lang::En)), "8.60 mmol/L");
    }

    #[test]
    fn fhir_r4_a_comparator_stands_before_the_number() {
        // FHIR R4 §Quantity.comparator
        let t = texts(Lang::En);
        let written = |grens| getal("5", Some(grens)).without_unit(t);
        let all = [
            Grens::Onder,
            Grens::Hoogstens,
            Grens::Minstens,
            Grens::Boven,
        ]
        .map(written);
        assert_eq!(all, ["< 5", "≤ 5", "≥ 5", "> 5"]);
    }

    #[test]
    fn parts_stand_after_each_other_with_their_names() {
        let deel = |naam: &str, waarde: &str| (naam.to_owned(), Waarde::Getal(getal(waarde, None)));
        let delen = Waarde::Delen(vec![deel("boven", "128"), deel("", "82")]);
        let words = delen.in_words(texts(Lang::Nl));
        assert_eq!(words, "boven 128 mmol/L, 82 mmol/L");
    }

    #[test]
    fn what_a_chart_cannot_hold_is_not_drawn() {
        let drawn = |text: &str| getal(text, None).to_draw();
        assert_eq!(drawn("-12.5"), Some(-12.5));
        for text in ["1e300", "-2e9", "NaN", "inf", "", "veel"] {
            assert_eq!(drawn(text), None, "{text}");
        }
    }
}
