//! Medicines: what is said of one medicine comes together, and what is still taken comes first.

use super::gegeven::{Aard, Gegeven, Medicatie, Soort, Stand};
use super::{Verteld, newest_first};
use crate::pages::{Gebruik, Medicijn, Medicijnen, Tijd};

/// Medicines on a page, those in use and those stopped each. Somebody with more has had them over a
/// lifetime.
const MEDICIJNEN_MAX: usize = 24;
/// Stretches of use of one medicine.
const GEBRUIK_MAX: usize = 8;

/// What all providers tell of one medicine.
struct Stapel<'a> {
    sleutel: &'a str,
    verteld: Vec<(&'a Verteld<'a>, &'a Medicatie)>,
}

/// The medicines as they stand at `vandaag`; none when nobody tells of one.
pub(super) fn medicijnen(verteld: &[Verteld<'_>], vandaag: Tijd) -> Option<Medicijnen> {
    let mut stapels: Vec<Stapel<'_>> = Vec::new();
    for een in verteld {
        let Soort::Medicatie(medicatie) = &een.gegeven.soort else {
            continue;
        };
        let sleutel = een.gegeven.sleutel.as_str();
        match stapels.iter_mut().find(|stapel| stapel.sleutel == sleutel) {
            Some(stapel) => stapel.verteld.push((een, medicatie)),
            None => stapels.push(Stapel {
                sleutel,
                verteld: vec![(een, medicatie)],
            }),
        }
    }
    let all = stapels.into_iter().map(|stapel| stapel.medicijn(vandaag));
    let (mut in_gebruik, mut gestopt): (Vec<Medicijn>, Vec<Medicijn>) =
        all.partition(|medicijn| medicijn.gebruik.iter().any(|gebruik| gebruik.loopt));
    if in_gebruik.is_empty() && gestopt.is_empty() {
        return None;
    }
    in_gebruik.sort_by_cached_key(|medicijn| medicijn.naam.to_lowercase());
    gestopt.sort_by_cached_key(|medicijn| std::cmp::Reverse(ended(medicijn)));
    let weggelaten = cut(&mut in_gebruik) + cut(&mut gestopt);
    Some(Medicijnen {
        in_gebruik,
        gestopt,
        weggelaten,
        vandaag,
    })
}

/// When a medicine was last taken, as far as anybody says.
fn ended(medicijn: &Medicijn) -> Option<Tijd> {
    let last = |gebruik: &Gebruik| Tijd::parse(gebruik.tot.as_deref().or(gebruik.van.as_deref())?);
    medicijn.gebruik.iter().filter_map(last).max()
}

fn cut(medicijnen: &mut Vec<Medicijn>) -> usize {
    let over = medicijnen.len().saturating_sub(MEDICIJNEN_MAX);
    medicijnen.truncate(MEDICIJNEN_MAX);
    over
}

impl<'a> Stapel<'a> {
    fn medicijn(mut self, vandaag: Tijd) -> Medicijn {
        newest_first(&mut self.verteld, |(een, _)| een.gegeven);
        let mut gebruik: Vec<Gebruik> = self
            .of(Aard::Gebruik)
            .map(|(een, medicatie)| self.stated(een, medicatie, vandaag))
            .collect();
        for aanbieder in self.who_only_prescribed() {
            gebruik.extend(self.prescribed(aanbieder, vandaag));
        }
        gebruik.sort_by_key(|gebruik| !gebruik.loopt);
        gebruik.dedup();
        gebruik.truncate(GEBRUIK_MAX);
        let naam = self
            .verteld
            .first()
            .map(|(een, _)| een.gegeven.omschrijving.clone());
        Medicijn {
            naam: naam.unwrap_or_default(),
            gebruik,
        }
    }

    fn of(&self, aard: Aard) -> impl Iterator<Item = &(&'a Verteld<'a>, &'a Medicatie)> {
        self.verteld
            .iter()
            .filter(move |(_, medicatie)| medicatie.aard == aard)
    }

    /// FHIR R4 §MedicationStatement.effectivePeriod: what a provider says of the use. Who prescribed
    /// it stands in the prescription (FHIR R4 §MedicationRequest.requester): the provider's own, else
    /// anybody's.
    fn stated(&self, een: &Verteld<'_>, medicatie: &Medicatie, vandaag: Tijd) -> Gebruik {
        let named = |same: bool| {
            self.of(Aard::Voorschrift)
                .filter(|(other, _)| !same || other.aanbieder == een.aanbieder)
                .find_map(|(_, request)| prescriber(request, een.aanbieder))
        };
        Gebruik {
            van: een.gegeven.datum.clone(),
            tot: een.gegeven.tot.clone(),
            loopt: goes_on(medicatie.stand, een.gegeven, vandaag),
            dosering: medicatie.dosering.clone(),
            voorschrijver: named(true).or_else(|| named(false)),
            aanbieder: een.aanbieder.to_owned(),
        }
    }

    /// Providers that prescribed, or handed out, and say nothing of the use.
    fn who_only_prescribed(&self) -> Vec<&'a str> {
        let mut found: Vec<&str> = Vec::new();
        for (een, _) in self.of(Aard::Voorschrift) {
            let states = self
                .of(Aard::Gebruik)
                .any(|(other, _)| other.aanbieder == een.aanbieder);
            if !states && !found.contains(&een.aanbieder) {
                found.push(een.aanbieder);
            }
        }
        found
    }

    /// FHIR R4 §MedicationRequest.authoredOn: all prescriptions of one provider as one stretch, from
    /// the first to the end of the last.
    fn prescribed(&self, aanbieder: &str, vandaag: Tijd) -> Option<Gebruik> {
        let own: Vec<_> = self
            .of(Aard::Voorschrift)
            .filter(|(een, _)| een.aanbieder == aanbieder)
            .collect();
        let (newest, medicatie) = own.first()?;
        let (oldest, _) = own.last()?;
        let goes_on = own
            .iter()
            .any(|(een, medicatie)| goes_on(medicatie.stand, een.gegeven, vandaag));
        let ended = newest
            .gegeven
            .tot
            .clone()
            .or_else(|| newest.gegeven.datum.clone());
        Some(Gebruik {
            van: oldest.gegeven.datum.clone(),
            tot: ended.filter(|_| !goes_on),
            loopt: goes_on,
            dosering: medicatie.dosering.clone(),
            voorschrijver: own
                .iter()
                .find_map(|(_, request)| prescriber(request, aanbieder)),
            aanbieder: aanbieder.to_owned(),
        })
    }
}

/// Who prescribed, unless that is only the provider that tells it.
fn prescriber(request: &Medicatie, aanbieder: &str) -> Option<String> {
    let naam = request.voorschrijver.as_deref()?;
    (naam != aanbieder).then(|| naam.to_owned())
}

/// Whether a medicine is still taken: its status says so or says nothing, and no end has passed. What
/// ends on a day is taken on that day; of a month or a year, to its last day.
fn goes_on(stand: Stand, gegeven: &Gegeven, vandaag: Tijd) -> bool {
    let has_ended = match gegeven.tot.as_deref().map(Tijd::parse) {
        None => false,
        Some(Some(tot)) => {
            // A month and a year stand in their middle.
            let days = match gegeven.tot.as_deref().map_or(0, str::len) {
                4 => 184,
                7 => 16,
                _ => 1,
            };
            tot.plus_days(days) <= vandaag
        }
        // It ended; when, we cannot read.
        Some(None) => true,
    };
    match stand {
        Stand::Loopt => !has_ended,
        Stand::Voorbij => false,
        Stand::Onbekend => !has_ended && gegeven.datum.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::pgo::overzicht::tests::told;
    use serde_json::{Value, json};

    fn statement(name: &str, status: &str, from: &str, until: Option<&str>) -> Value {
        json!({
            "resourceType": "MedicationStatement",
            "status": status,
            "medicationCodeableConcept": { "text": name },
            "effectivePeriod": { "start": from, "end": until },
            "dosage": [{ "text": "1 per dag" }],
        })
    }

    fn request(name: &str, status: &str, on: &str, by: &str) -> Value {
        json!({
            "resourceType": "MedicationRequest",
            "status": status,
            "medicationCodeableConcept": { "text": name },
            "authoredOn": on,
            "requester": { "display": by },
            "dosageInstruction": [{ "text": "2 per dag" }],
        })
    }

    fn at(day: &str) -> Tijd {
        Tijd::parse(day).expect("a day")
    }

    fn all(bronnen: &[(&str, &[Value])]) -> Medicijnen {
        told(bronnen, |verteld| medicijnen(verteld, at("2026-11-22"))).expect("medicines")
    }

    fn names(medicijnen: &[Medicijn]) -> Vec<&str> {
        medicijnen
            .iter()
            .map(|medicijn| medicijn.naam.as_str())
            .collect()
    }

    #[test]
    fn fhir_r4_a_medicine_is_in_use_unless_its_status_or_its_end_says_otherwise() {
        // FHIR R4 §MedicationStatement.status, §MedicationStatement.effectivePeriod
        let found = all(&[(
            "A",
            &[
                statement("Actief", "active", "2014-05-19", None),
                statement("Vandaag nog", "active", "2026-11-15", Some("2026-11-22")),
                statement("Gisteren op", "active", "2026-11-15", Some("2026-11-21")),
                statement("Deze maand", "active", "2026", Some("2026-11")),
                statement("Vorige maand", "active", "2026", Some("2026-10")),
                statement("Afgerond", "completed", "2025-01-01", Some("2030-01-01")),
                statement("Onbekend", "unknown", "2020", None),
                statement("Gepauzeerd", "on-hold", "2024-01-01", None),
                statement("Onleesbaar einde", "active", "2020", Some("ooit")),
            ],
        )]);
        assert_eq!(
            names(&found.in_gebruik),
            ["Actief", "Deze maand", "Onbekend", "Vandaag nog"]
        );
        assert_eq!(found.gestopt.len(), 5);
        assert_eq!(names(&found.gestopt)[0], "Afgerond");
    }

    #[test]
    fn fhir_r4_the_prescription_tells_who_prescribed_and_the_statement_the_rest() {
        // FHIR R4 §MedicationRequest.requester
        let found = all(&[
            (
                "Apotheek",
                &[
                    statement("Metformine", "active", "2014-05-19", None),
                    request("Metformine", "completed", "2026-06-01", "De huisarts"),
                    request(
                        "Metformine",
                        "completed",
                        "2026-03-01",
                        "De vorige huisarts",
                    ),
                ],
            ),
            (
                "Ziekenhuis",
                &[statement("metformine", "active", "2014-06-01", None)],
            ),
        ]);
        let [metformine] = found.in_gebruik.as_slice() else {
            panic!("one medicine");
        };
        let told: Vec<(&str, Option<&str>, Option<&str>)> = metformine
            .gebruik
            .iter()
            .map(|g| {
                (
                    g.aanbieder.as_str(),
                    g.van.as_deref(),
                    g.voorschrijver.as_deref(),
                )
            })
            .collect();
        let by = Some("De huisarts");
        let ours = ("Apotheek", Some("2014-05-19"), by);
        assert_eq!(told, [("Ziekenhuis", Some("2014-06-01"), by), ours]);
    }

    #[test]
    fn a_provider_does_not_stand_there_as_its_own_prescriber() {
        let both = [
            statement("Codeïne", "active", "2026-01-01", None),
            request("Codeïne", "completed", "2026-01-01", "A"),
        ];
        let found = all(&[("A", &both)]);
        assert_eq!(found.in_gebruik[0].gebruik[0].voorschrijver, None);
    }

    #[test]
    fn fhir_r4_prescriptions_alone_are_one_stretch() {
        // FHIR R4 §MedicationRequest.authoredOn
        let over = [
            request("Codeïne", "completed", "2025-03-01", "A"),
            request("Codeïne", "completed", "2025-01-01", "B"),
        ];
        let now = [request("Codeïne", "active", "2026-10-01", "C")];
        let found = all(&[("Apotheek", &over)]);
        let [gebruik] = found.gestopt[0].gebruik.as_slice() else {
            panic!("one stretch");
        };
        let ends = (gebruik.van.as_deref(), gebruik.tot.as_deref());
        assert_eq!(ends, (Some("2025-01-01"), Some("2025-03-01")));
        assert_eq!(gebruik.voorschrijver.as_deref(), Some("A"));
        let found = all(&[("Apotheek", &over), ("Huisarts", &now)]);
        assert_eq!(found.in_gebruik[0].gebruik.len(), 2);
        assert!(found.in_gebruik[0].gebruik[0].loopt);
    }

    #[test]
    fn medicines_are_bounded_and_what_is_left_out_is_counted() {
        let many: Vec<Value> = (0..MEDICIJNEN_MAX + 5)
            .map(|nth| statement(&nth.to_string(), "active", "2020", None))
            .collect();
        let found = all(&[("A", &many)]);
        assert_eq!(
            (found.in_gebruik.len(), found.weggelaten),
            (MEDICIJNEN_MAX, 5)
        );
        let courses: Vec<Value> = (0..GEBRUIK_MAX + 5)
            .map(|nth| statement("Kuur", "completed", &format!("20{nth:02}"), None))
            .collect();
        assert_eq!(
            all(&[("A", &courses)]).gestopt[0].gebruik.len(),
            GEBRUIK_MAX
        );
    }

    #[test]
    fn nobody_who_tells_of_a_medicine_means_no_card() {
        assert!(
            told(&[("A", &[])], |verteld| medicijnen(
                verteld,
                at("2026-11-22")
            ))
            .is_none()
        );
    }
}
