//! What all providers told together, as cards: what belongs together comes together, what still
//! holds comes first, and each thing says from whom it is.
//!
//! Pure: FHIR resources and a day in, cards out. It shows at most so much, and counts the rest; the
//! lines of each provider, below the cards, have everything.
//!
//! Start reading at [`kaarten`].

mod gegeven;
mod medicatie;
mod metingen;

pub(super) use self::gegeven::Gegeven;

use self::gegeven::Soort;
use crate::pages::{Item, Kaarten, Lijst, Lijstsoort, Tijd};

/// Things on one list. A page with more is a file, not an overview.
const ITEMS_MAX: usize = 60;

/// What one provider told, one thing of it.
#[derive(Clone, Copy)]
pub(super) struct Verteld<'a> {
    /// Its name for people.
    pub(super) aanbieder: &'a str,
    /// What it told.
    pub(super) gegeven: &'a Gegeven,
}

/// The cards of everything that was told, as it stands at `vandaag`.
pub(super) fn kaarten(verteld: &[Verteld<'_>], vandaag: Tijd) -> Kaarten {
    let (metingen, metingen_weggelaten) = metingen::kaarten(verteld);
    Kaarten {
        medicijnen: medicatie::medicijnen(verteld, vandaag),
        metingen,
        metingen_weggelaten,
        lijsten: Lijstsoort::ALL
            .into_iter()
            .filter_map(|soort| lijst(soort, verteld))
            .collect(),
    }
}

/// The list of one kind; none when nobody told anything of it. What two providers tell alike stands
/// there once, with the names of both.
fn lijst(soort: Lijstsoort, verteld: &[Verteld<'_>]) -> Option<Lijst> {
    let of_kind = |een: &&Verteld<'_>| kind(&een.gegeven.soort) == Some(soort);
    let mut found: Vec<Verteld<'_>> = verteld.iter().filter(of_kind).copied().collect();
    newest_first(&mut found, |een| een.gegeven);
    let mut items: Vec<Item> = Vec::new();
    let mut weggelaten = 0;
    for een in found {
        let item = item(een);
        let alike = |known: &&mut Item| {
            Item {
                aanbieders: Vec::new(),
                ..(**known).clone()
            } == item
        };
        if let Some(known) = items.iter_mut().find(alike) {
            known.aanbieders.push(een.aanbieder.to_owned());
            continue;
        }
        if items.len() == ITEMS_MAX {
            weggelaten += 1;
            continue;
        }
        let aanbieders = vec![een.aanbieder.to_owned()];
        items.push(Item { aanbieders, ..item });
    }
    (!items.is_empty()).then_some(Lijst {
        soort,
        items,
        weggelaten,
    })
}

fn kind(soort: &Soort) -> Option<Lijstsoort> {
    match soort {
        Soort::Allergie => Some(Lijstsoort::Allergieen),
        Soort::Aandoening { .. } => Some(Lijstsoort::Aandoeningen),
        Soort::Vaccinatie => Some(Lijstsoort::Vaccinaties),
        Soort::Contact => Some(Lijstsoort::Contacten),
        Soort::Document => Some(Lijstsoort::Documenten),
        Soort::Meting(_) | Soort::Medicatie(_) | Soort::Anders => None,
    }
}

/// A thing without who told it.
fn item(een: Verteld<'_>) -> Item {
    Item {
        datum: een.gegeven.datum.clone(),
        tot: een.gegeven.tot.clone(),
        omschrijving: een.gegeven.omschrijving.clone(),
        loopt: matches!(een.gegeven.soort, Soort::Aandoening { loopt: true })
            && een.gegeven.tot.is_none(),
        waarde: een.gegeven.waarde.clone(),
        aanbieders: Vec::new(),
    }
}

/// Sorts by moment, the newest first; what has no moment that we can read comes last.
pub(super) fn newest_first<T>(things: &mut [T], gegeven: impl Fn(&T) -> &Gegeven) {
    things.sort_by_cached_key(|thing| {
        let text = gegeven(thing).datum.as_deref();
        std::cmp::Reverse((text.and_then(Tijd::parse), text.map(str::to_owned)))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{
        Brand, Lang, Meting, PageContext as _, PgoResultaat, PgoVoor, ResultaatAanbieder, Shell,
        Uitkomst, Waarde,
    };
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// Asks something of what these providers told.
    pub(super) fn told<T>(bronnen: &[(&str, &[Value])], ask: impl Fn(&[Verteld<'_>]) -> T) -> T {
        let read: Vec<(&str, Gegeven)> = bronnen
            .iter()
            .flat_map(|(naam, all)| all.iter().map(move |resource| (*naam, resource)))
            .filter_map(|(naam, resource)| Some((naam, Gegeven::read(resource)?)))
            .collect();
        let verteld: Vec<Verteld<'_>> = read
            .iter()
            .map(|(aanbieder, gegeven)| Verteld { aanbieder, gegeven })
            .collect();
        ask(&verteld)
    }

    /// The numbers of a row.
    pub(super) fn numbers(rij: &Meting) -> String {
        let number = |waarde: &Waarde| match waarde {
            Waarde::Getal(getal) => getal.getal.clone(),
            other => format!("{other:?}"),
        };
        rij.waarden.iter().flatten().map(number).collect()
    }

    fn today() -> Tijd {
        Tijd::parse("2026-11-22").expect("a day")
    }

    fn cards(bronnen: &[(&str, &[Value])]) -> Kaarten {
        told(bronnen, |verteld| kaarten(verteld, today()))
    }

    fn allergy(reaction: &str) -> Value {
        json!({
            "resourceType": "AllergyIntolerance",
            "code": { "text": "Penicilline" },
            "reaction": [{ "manifestation": [{ "text": reaction }] }],
        })
    }

    #[test]
    fn what_two_providers_tell_alike_stands_there_once_with_both_names() {
        let (same, other) = ([allergy("Jeuk")], [allergy("Jeuk"), allergy("Benauwd")]);
        let found = cards(&[("A", &same), ("B", &other)]);
        let [lijst] = found.lijsten.as_slice() else {
            panic!("one list");
        };
        let who: Vec<&[String]> = lijst
            .items
            .iter()
            .map(|i| i.aanbieders.as_slice())
            .collect();
        assert_eq!(
            who,
            [&["A".to_owned(), "B".to_owned()][..], &["B".to_owned()][..]]
        );
    }

    #[test]
    fn fhir_r4_lists_begin_with_the_newest_and_tell_an_admission_from_first_to_last_day() {
        // FHIR R4 §Encounter.period
        let visit = |reason: &str, start: &str, end: &str| {
            json!({
                "resourceType": "Encounter",
                "period": { "start": start, "end": end },
                "reasonCode": [{ "text": reason }],
                "participant": [{ "individual": { "display": "Cardioloog" } }],
            })
        };
        let all = [
            visit("Opname", "2025-01-20", "2025-01-22"),
            visit("Controle", "2026-01-01", "2026-01-01"),
        ];
        let found = cards(&[("A", &all)]);
        let told: Vec<(&str, Option<&str>)> = found.lijsten[0]
            .items
            .iter()
            .map(|item| (item.omschrijving.as_str(), item.tot.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("Controle", Some("2026-01-01")),
                ("Opname", Some("2025-01-22"))
            ]
        );
    }

    #[test]
    fn fhir_r4_a_condition_goes_on_until_it_is_said_to_be_over() {
        // FHIR R4 §Condition.clinicalStatus
        let condition = |name: &str, status: &str, until: Option<&str>| {
            json!({
                "resourceType": "Condition",
                "clinicalStatus": { "coding": [{ "code": status }] },
                "code": { "text": name },
                "onsetDateTime": "2014",
                "abatementDateTime": until,
            })
        };
        let found = cards(&[(
            "A",
            &[
                condition("Diabetes", "active", None),
                condition("Astma", "remission", None),
                condition("Oorpijn", "active", Some("2015")),
            ],
        )]);
        let goes_on = found.lijsten[0].items.iter().filter(|item| item.loopt);
        let names: Vec<&str> = goes_on.map(|item| item.omschrijving.as_str()).collect();
        assert_eq!(names, ["Diabetes"]);
    }

    #[test]
    fn a_list_is_bounded_and_what_is_left_out_is_counted() {
        let many: Vec<Value> = (0..ITEMS_MAX + 4)
            .map(|nth| json!({ "resourceType": "Immunization", "vaccineCode": { "text": nth.to_string() } }))
            .collect();
        let found = cards(&[("A", &many)]);
        assert_eq!(
            (found.lijsten[0].items.len(), found.lijsten[0].weggelaten),
            (ITEMS_MAX, 4)
        );
    }

    #[test]
    fn nothing_told_is_no_card() {
        assert!(cards(&[]).is_empty());
        assert!(cards(&[("A", &[json!({ "resourceType": "Patient" })])]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_resources_make_a_page_in_both_languages(
            all in proptest::collection::vec(gegeven::tests::strange(), 0..24),
        ) {
            let kaarten = cards(&[("A <b>", &all), ("B", &all)]);
            for lang in Lang::ALL {
                let page = PgoResultaat {
                    voor: PgoVoor::Mijzelf,
                    verbindingen: false,
                    aanbieders: vec![ResultaatAanbieder {
                        weergavenaam: "A <b>".to_owned(),
                        uitkomst: Uitkomst::GeenGegevensBeschikbaar,
                    }],
                    kaarten: kaarten.clone(),
                    opnieuw: Vec::new(),
                    toestemmingen_url: String::new(),
                    formulier: String::new(),
                };
                let shell = Shell::new(lang, Brand::Pgo, String::new(), "/".to_owned());
                let html = page.render(&shell).html;
                prop_assert!(!html.is_empty() && !html.contains("<b>"));
                prop_assert!(!html.contains("NaN") && !html.contains("inf\""));
                let parsed = uppsala::Parser::new().parse(&html);
                prop_assert!(parsed.is_ok(), "{:?}", parsed.err());
            }
        }
    }
}
