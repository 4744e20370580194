//! Who can log in, who knows them, and what they decided before.

use std::collections::BTreeSet;

use identity::{Bsn, Hostname, Ura};
use jiff::civil::Date;
use mitz::lokalisatie::LOCATIES_MAX;
use mitz::toestemming::{Besluit, Functie, Keuze, Waarvoor};
use mitz::toestemmingenregister::KEUZES_MAX;

use super::files::File;
use super::place::{At, Place};
use super::providers::categorie;
use super::reading::{each, parsed, readable, twice};
use crate::pages::Grond;

use super::{BsnTable, Client, Consent, InputFault, Person, Shows, written};

/// How many people one person may represent.
const REPRESENTS_MAX: usize = 100;

pub(super) fn people(file: &File) -> Result<Vec<Person>, InputFault> {
    let mut seen = BsnTable::default();
    let people = each(
        file,
        &Place::root(),
        file.json()?,
        |place, written: written::Person| {
            let bsn = parsed(file, &place.member("bsn"), &written.bsn, Bsn::parse)?;
            if seen.insert(&bsn, ()).is_some() {
                return Err(twice(file, &place.member("bsn")));
            }
            let birth_date = place.member("birth_date");
            Ok(Person {
                bsn,
                name: readable(file, &place.member("name"), written.name)?,
                birth_date: date(&written.birth_date)
                    .ok_or_else(|| file.fault(&birth_date, "expected a date, as 1961-04-12"))?,
                shows: written
                    .shows
                    .map(|shows| sentence(file, place, shows))
                    .transpose()?,
                represents: represents(file, &place.member("represents"), written.represents)?,
            })
        },
    )?;
    for (index, person) in people.iter().enumerate() {
        let place = Place::root().item(index).member("represents");
        represents_others(file, &place, person, &seen)?;
    }
    Ok(people)
}

fn represents(
    file: &File,
    place: &Place,
    written: Vec<written::Represents>,
) -> Result<Vec<(Bsn, Grond)>, InputFault> {
    if written.len() > REPRESENTS_MAX {
        return Err(file.fault(place, format!("more than {REPRESENTS_MAX} people")));
    }
    let mut seen = BsnTable::default();
    each(file, place, written, |place, written| {
        let bsn = parsed(file, &place.member("bsn"), &written.bsn, Bsn::parse)?;
        if seen.insert(&bsn, ()).is_some() {
            return Err(twice(file, &place.member("bsn")));
        }
        let grond = match &*written.by {
            "machtiging" => Grond::Machtiging,
            "ouder" => Grond::Ouder,
            _ => return Err(file.fault(&place.member("by"), "expected machtiging or ouder")),
        };
        Ok((bsn, grond))
    })
}

/// Only people of the file are represented, and nobody by himself.
fn represents_others(
    file: &File,
    place: &Place,
    person: &Person,
    known: &BsnTable<()>,
) -> Result<(), InputFault> {
    for (index, (bsn, _)) in person.represents.iter().enumerate() {
        if known.get(bsn).is_none() || *bsn == person.bsn {
            let of_bsn = place.item(index).member("bsn");
            return Err(file.fault(&of_bsn, "expected somebody else of this file"));
        }
    }
    Ok(())
}

pub(super) fn date(text: &str) -> Option<Date> {
    let is_whole = text.len() == "1961-04-12".len();
    is_whole.then(|| text.parse().ok()).flatten()
}

pub(super) fn sentence(
    file: &File,
    person: &Place,
    written: written::Shows,
) -> Result<Shows, InputFault> {
    let place = person.member("shows");
    Ok(Shows {
        nl: readable(file, &place.member("nl"), written.nl)?,
        en: readable(file, &place.member("en"), written.en)?,
    })
}

pub(super) fn localisation(file: &File) -> Result<BsnTable<Vec<Ura>>, InputFault> {
    let written: written::Localisation = file.json()?;
    let mut table = BsnTable::default();
    for (index, (bsn, uras)) in written.0.into_iter().enumerate() {
        let place = Place::root().at(At::Entry(index));
        let bsn = parsed(file, &place, &bsn, Bsn::parse)?;
        if uras.len() > LOCATIES_MAX {
            return Err(file.fault(&place, format!("more than {LOCATIES_MAX} providers")));
        }
        let mut known = BTreeSet::new();
        let uras = each(file, &place, uras, |place, ura: String| {
            let ura = parsed(file, place, &ura, Ura::parse)?;
            if known.insert(ura.clone()) {
                Ok(ura)
            } else {
                Err(twice(file, place))
            }
        })?;
        if table.insert(&bsn, uras).is_some() {
            return Err(twice(file, &place));
        }
    }
    Ok(table)
}

pub(super) fn consents(file: &File, clients: &[Client]) -> Result<Vec<Consent>, InputFault> {
    let mut seen: BsnTable<BTreeSet<Hostname>> = BsnTable::default();
    each(
        file,
        &Place::root(),
        file.json()?,
        |place, written: written::Consent| {
            let bsn = parsed(file, &place.member("bsn"), &written.bsn, Bsn::parse)?;
            let of_client = place.member("client_id");
            let client_id = parsed(file, &of_client, &written.client_id, Hostname::parse)?;
            if !clients.iter().any(|client| client.client_id == client_id) {
                return Err(file.fault(&of_client, "there is no client of this id"));
            }
            let is_new = match seen.get_mut(&bsn) {
                Some(clients) => clients.insert(client_id.clone()),
                None => seen
                    .insert(&bsn, BTreeSet::from([client_id.clone()]))
                    .is_none(),
            };
            if !is_new {
                return Err(file.fault(
                    &of_client,
                    "this person's consent for it stands here already",
                ));
            }
            let of_choices = place.member("choices");
            if written.choices.is_empty() || written.choices.len() > KEUZES_MAX {
                return Err(file.fault(&of_choices, "expected 1 to 500 choices"));
            }
            let mut made = Vec::new();
            let keuzes = each(file, &of_choices, written.choices, |place, choice| {
                let keuze = keuze(file, place, choice)?;
                let about = (keuze.waarvoor.clone(), keuze.functie);
                if made.contains(&about) {
                    return Err(twice(file, place));
                }
                made.push(about);
                Ok(keuze)
            })?;
            Ok(Consent {
                bsn,
                client_id,
                keuzes,
            })
        },
    )
}

pub(super) fn keuze(
    file: &File,
    place: &Place,
    written: written::Choice,
) -> Result<Keuze, InputFault> {
    let waarvoor = match (written.category, written.provider) {
        (Some(category), None) => {
            Waarvoor::Categorie(categorie(file, &place.member("category"), category)?)
        }
        (None, Some(ura)) => {
            Waarvoor::Aanbieder(parsed(file, &place.member("provider"), &ura, Ura::parse)?)
        }
        _ => return Err(file.fault(place, "expected either category or provider")),
    };
    let functie = Functie::parse(&written.function);
    let functie = functie
        .ok_or_else(|| file.fault(&place.member("function"), "expected verzamelen or delen"))?;
    let besluit = match written.decision.as_str() {
        "permit" => Besluit::Toestemming,
        "deny" => Besluit::Bezwaar,
        _ => return Err(file.fault(&place.member("decision"), "expected permit or deny")),
    };
    Ok(Keuze {
        waarvoor,
        functie,
        besluit,
    })
}
