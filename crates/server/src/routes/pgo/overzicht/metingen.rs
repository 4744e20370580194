//! Measurements as cards: the same code in the same unit comes together, whoever measured it.

use super::gegeven::{Deel, Soort};
use super::{Verteld, newest_first};
use crate::pages::{Getal, Meetkaart, Meting, Normaal, Waarde};

/// Cards of measurements on a page. A person with more has a laboratory's whole catalogue, which
/// nobody reads as cards.
const KAARTEN_MAX: usize = 36;
/// Values on a card, and so dots on a line: at some 300 pixels more would be a smear.
pub(super) const PUNTEN_MAX: usize = 60;
/// Parts of a card, and so lines of a chart. Blood pressure has two; four can still be told apart.
const DELEN_MAX: usize = 4;

/// A card that is being filled.
struct Stapel<'a> {
    sleutel: (&'a str, Option<String>),
    /// Keys and names of the parts.
    delen: Vec<(&'a str, &'a str)>,
    metingen: Vec<(&'a Verteld<'a>, Vec<&'a Deel>)>,
}

/// Cards of everything measured, those with a chart first; and how many got none.
pub(super) fn kaarten(verteld: &[Verteld<'_>]) -> (Vec<Meetkaart>, usize) {
    let mut stapels: Vec<Stapel<'_>> = Vec::new();
    for een in verteld {
        let Soort::Meting(delen) = &een.gegeven.soort else {
            continue;
        };
        for (eenheid, delen) in by_unit(delen) {
            let sleutel = (een.gegeven.sleutel.as_str(), eenheid);
            match stapels.iter_mut().find(|stapel| stapel.sleutel == sleutel) {
                Some(stapel) => stapel.metingen.push((een, delen)),
                None => stapels.push(Stapel::new(sleutel, (een, delen))),
            }
        }
    }
    let mut kaarten: Vec<Meetkaart> = stapels.into_iter().map(Stapel::kaart).collect();
    kaarten.sort_by_cached_key(|kaart| (kaart.rijen.len() < 2, kaart.titel.to_lowercase()));
    let weggelaten = kaarten.len().saturating_sub(KAARTEN_MAX);
    kaarten.truncate(KAARTEN_MAX);
    (kaarten, weggelaten)
}

/// The parts of one observation, those in one unit together: numbers in different units are never
/// on one card. Words have no unit, and neither have bare numbers.
fn by_unit(delen: &[Deel]) -> Vec<(Option<String>, Vec<&Deel>)> {
    let mut found: Vec<(Option<String>, Vec<&Deel>)> = Vec::new();
    for deel in delen {
        let eenheid = match &deel.waarde {
            Waarde::Getal(Getal { eenheid, .. }) => eenheid.clone(),
            Waarde::Tekst(_) | Waarde::Delen(_) => None,
        };
        match found.iter_mut().find(|(known, _)| *known == eenheid) {
            Some((_, same)) => same.push(deel),
            None => found.push((eenheid, vec![deel])),
        }
    }
    found
}

impl<'a> Stapel<'a> {
    fn new(sleutel: (&'a str, Option<String>), first: (&'a Verteld<'a>, Vec<&'a Deel>)) -> Self {
        Self {
            sleutel,
            delen: Vec::new(),
            metingen: vec![first],
        }
    }

    fn kaart(mut self) -> Meetkaart {
        newest_first(&mut self.metingen, |(een, _)| een.gegeven);
        let weggelaten = self.metingen.len().saturating_sub(PUNTEN_MAX);
        self.metingen.truncate(PUNTEN_MAX);
        self.name_parts();
        let mut rijen: Vec<Meting> = self
            .metingen
            .iter()
            .map(|meting| self.rij(meting))
            .collect();
        // One observation can belong to two gegevensdiensten.
        rijen.dedup();
        let titel = self
            .metingen
            .first()
            .map(|(een, _)| een.gegeven.omschrijving.clone());
        Meetkaart {
            titel: titel.unwrap_or_default(),
            normaal: self.normaal(),
            eenheid: self.sleutel.1,
            delen: self
                .delen
                .iter()
                .map(|(_, naam)| (*naam).to_owned())
                .collect(),
            rijen,
            weggelaten,
        }
    }

    /// The parts that any of the measurements has, in the order of the newest.
    fn name_parts(&mut self) {
        for deel in self.metingen.iter().flat_map(|(_, delen)| delen) {
            let known = self
                .delen
                .iter()
                .any(|(sleutel, _)| *sleutel == deel.sleutel);
            if !known && self.delen.len() < DELEN_MAX {
                self.delen.push((&deel.sleutel, &deel.naam));
            }
        }
    }

    fn rij(&self, (een, delen): &(&Verteld<'_>, Vec<&Deel>)) -> Meting {
        let value = |(sleutel, _): &(&str, &str)| {
            let deel = delen.iter().find(|deel| deel.sleutel == *sleutel)?;
            Some(deel.waarde.clone())
        };
        Meting {
            datum: een.gegeven.datum.clone(),
            waarden: self.delen.iter().map(value).collect(),
            aanbieder: een.aanbieder.to_owned(),
        }
    }

    /// What was usual according to who measured last and said so. Two lines with a band each cannot
    /// be read.
    fn normaal(&self) -> Option<Normaal> {
        let [(sleutel, _)] = self.delen.as_slice() else {
            return None;
        };
        self.metingen.iter().find_map(|(een, delen)| {
            let deel = delen.iter().find(|deel| deel.sleutel == *sleutel)?;
            let (laag, hoog) = deel.normaal.clone()?;
            Some(Normaal {
                laag,
                hoog,
                aanbieder: een.aanbieder.to_owned(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::pgo::overzicht::tests::{numbers, told};
    use serde_json::{Value, json};

    fn weight(date: &str, kg: f64) -> Value {
        observation("29463-7", date, &json!({ "value": kg, "unit": "kg" }))
    }

    fn observation(code: &str, date: &str, quantity: &Value) -> Value {
        json!({
            "resourceType": "Observation",
            "code": { "coding": [{ "system": "http://loinc.org", "code": code }], "text": code },
            "effectiveDateTime": date,
            "valueQuantity": quantity,
        })
    }

    fn pressure(date: &str, components: &[(&str, i32, &str)]) -> Value {
        let part = |(code, value, unit): &(&str, i32, &str)| json!({ "code": { "text": code }, "valueQuantity": { "value": value, "unit": unit } });
        json!({
            "resourceType": "Observation",
            "code": { "text": "Bloeddruk" },
            "effectiveDateTime": date,
            "component": components.iter().map(part).collect::<Vec<Value>>(),
        })
    }

    #[test]
    fn fhir_r4_one_code_and_unit_of_two_providers_is_one_card_that_names_both() {
        // FHIR R4 §Observation.valueQuantity
        let first = [weight("2025-01-10", 80.5), weight("2024-01-10", 82.0)];
        let second = [weight("2025-06", 79.9)];
        let (kaarten, weggelaten) = told(&[("A", &first), ("B", &second)], kaarten);
        assert_eq!((kaarten.len(), weggelaten), (1, 0));
        let rijen: Vec<(&str, String)> = kaarten[0]
            .rijen
            .iter()
            .map(|rij| (rij.aanbieder.as_str(), numbers(rij)))
            .collect();
        let expected = [("B", "79.9"), ("A", "80.5"), ("A", "82.0")];
        assert_eq!(rijen, expected.map(|(who, much)| (who, much.to_owned())));
    }

    #[test]
    fn numbers_in_different_units_are_never_on_one_card() {
        let mixed = [
            weight("2025-01-10", 80.5),
            observation(
                "29463-7",
                "2025-02-10",
                &json!({ "value": 177, "unit": "lb" }),
            ),
            observation("29463-7", "2025-03-10", &json!({ "value": 81 })),
        ];
        let (kaarten, _) = told(&[("A", &mixed)], kaarten);
        let units: Vec<Option<&str>> = kaarten.iter().map(|k| k.eenheid.as_deref()).collect();
        assert_eq!(units.len(), 3);
        assert!(
            [Some("kg"), Some("lb"), None]
                .iter()
                .all(|unit| units.contains(unit))
        );
    }

    #[test]
    fn fhir_r4_components_in_one_unit_are_lines_of_one_card_and_others_have_their_own() {
        // FHIR R4 §Observation.component
        let both = [
            ("boven", 128, "mmHg"),
            ("onder", 82, "mmHg"),
            ("pols", 70, "/min"),
        ];
        let later = [("onder", 80, "mmHg")];
        let all = [
            pressure("2025-01-10", &both),
            pressure("2026-01-10", &later),
        ];
        let (kaarten, _) = told(&[("A", &all)], kaarten);
        let parts: Vec<(&[String], usize)> = kaarten
            .iter()
            .map(|kaart| (kaart.delen.as_slice(), kaart.rijen.len()))
            .collect();
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let (pressures, pulse) = (names(&["onder", "boven"]), names(&["pols"]));
        assert_eq!(parts, [(pressures.as_slice(), 2), (pulse.as_slice(), 1)]);
        assert_eq!(kaarten[0].rijen[0].waarden[1], None);
    }

    #[test]
    fn fhir_r4_what_is_usual_comes_from_the_newest_measurement_that_says_so() {
        // FHIR R4 §Observation.referenceRange
        let with = |date, high: f64| {
            let mut one = weight(date, 80.0);
            one["referenceRange"] = json!([{ "high": { "value": high } }]);
            one
        };
        let first = [with("2024-01-01", 70.0), with("2025-01-01", 75.0)];
        let second = [weight("2026-01-01", 80.0)];
        let (kaarten, _) = told(&[("A", &first), ("B", &second)], kaarten);
        let normaal = kaarten[0].normaal.clone().expect("a range");
        let high = normaal.hoog.map(|hoog| hoog.getal);
        assert_eq!(
            (normaal.aanbieder.as_str(), high.as_deref()),
            ("A", Some("75.0"))
        );
    }

    #[test]
    fn cards_and_values_are_bounded_and_what_is_left_out_is_counted() {
        let many: Vec<Value> = (0..PUNTEN_MAX + 3)
            .map(|day| weight(&format!("20{day:02}-01-01"), 80.0))
            .collect();
        let (one, _) = told(&[("A", &many)], kaarten);
        assert_eq!((one[0].rijen.len(), one[0].weggelaten), (PUNTEN_MAX, 3));
        assert_eq!(one[0].rijen[0].datum.as_deref(), Some("2062-01-01"));
        let kinds: Vec<Value> = (0..KAARTEN_MAX + 2)
            .map(|code| observation(&code.to_string(), "2026", &json!({ "value": 1 })))
            .collect();
        let (cards, weggelaten) = told(&[("A", &kinds)], kaarten);
        assert_eq!((cards.len(), weggelaten), (KAARTEN_MAX, 2));
    }

    #[test]
    fn words_have_a_card_and_nothing_to_draw() {
        let word = json!({
            "resourceType": "Observation", "code": { "text": "Rookstatus" },
            "valueString": "rookt niet", "issued": "2025-01-01T10:00:00Z",
        });
        let (kaarten, _) = told(&[("A", &[word])], kaarten);
        let value = kaarten[0].rijen[0].waarden[0].clone();
        assert_eq!(value, Some(Waarde::Tekst("rookt niet".to_owned())));
    }
}
