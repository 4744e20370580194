//! For whom a person can act at a service: what an MR lets him choose from (GUC4 in etoegang.md §2.1).

use std::collections::BTreeMap;

use identity::ServiceUuid;
use verdict::Moment;

use super::{Gemachtigde, MACHTIGINGEN_MAX, Machtiging};
use crate::attribuut::{Attributen, Attribuutnaam, Attribuutwaarde, Drager, KVK_NUMMER};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::kenmerk::{Kenmerk, Soort, Vestigingsnr};

/// One way to act for an organisation: by a mandate of it, or by one of an organisation that has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mogelijkheid {
    /// Who is represented.
    pub vertegenwoordigde: Kenmerk,
    /// For which branch.
    pub beperking: Option<Vestigingsnr>,
    /// The reference of the person's own mandate.
    pub machtiging: String,
    /// Who stands between, with the reference of that organisation's mandate.
    pub via: Option<(Kenmerk, String)>,
    /// The lowest level of its mandates.
    pub niveau: Betrouwbaarheidsniveau,
    /// What its mandate says of who is represented.
    pub van_vertegenwoordigde: Attributen,
    /// What the person's own mandate says of who stands between.
    pub van_tussenpersoon: Attributen,
}

/// What a register knows of organisations beside its mandates.
pub type Organisaties = BTreeMap<Kenmerk, Attributen>;

/// Mandates with their references, as they were found for a question.
#[derive(Clone, Copy, Debug)]
pub struct Gevonden<'a> {
    /// Of the person.
    pub eigen: &'a [(String, Machtiging)],
    /// Of the organisations that he has a mandate of.
    pub van_organisaties: &'a [(String, Machtiging)],
}

impl Mogelijkheid {
    /// What is declared of its organisations, of what was asked: what the mandate says, or else what the
    /// register knows. Its number of the trade register names an organisation, and needs no other source.
    pub fn attributen(&self, gevraagd: &[Attribuutnaam], bekend: &Organisaties) -> Attributen {
        let declared = gevraagd.iter().filter_map(|naam| {
            let waarde = self.attribuut(naam, bekend)?;
            Some((naam.clone(), waarde))
        });
        // Each was asked for once, and no more than there may be.
        Attributen::new(declared).unwrap_or_default()
    }

    fn attribuut(&self, naam: &Attribuutnaam, bekend: &Organisaties) -> Option<Attribuutwaarde> {
        let (kenmerk, said) = match naam.drager() {
            Drager::Persoon => return None,
            Drager::Vertegenwoordigde => (&self.vertegenwoordigde, &self.van_vertegenwoordigde),
            Drager::Tussenpersoon => (&self.via.as_ref()?.0, &self.van_tussenpersoon),
        };
        // An organisation that stands between has its attributes under the names of one that is represented.
        let found = |of: &Attributen| match naam.drager() {
            Drager::Tussenpersoon => of.lokaal(naam.lokaal()).cloned(),
            _ => of.get(naam).cloned(),
        };
        let number = || {
            let is_it = naam.lokaal() == KVK_NUMMER && kenmerk.soort() == Soort::KvkNr;
            let number = is_it.then(|| Attribuutwaarde::parse(kenmerk.waarde()))?;
            number.ok()
        };
        found(said)
            .or_else(|| bekend.get(kenmerk).and_then(found))
            .or_else(number)
    }
}

impl Gevonden<'_> {
    /// The organisations that may stand between: those for which the person himself may act.
    pub fn tussenpersonen<'a>(
        eigen: &'a [(String, Machtiging)],
        service_uuid: &ServiceUuid,
        niveau: Betrouwbaarheidsniveau,
        now: Moment,
    ) -> Vec<&'a Kenmerk> {
        let usable = eigen
            .iter()
            .filter(|(_, own)| is_usable(own, service_uuid, niveau, now));
        let mut found: Vec<&Kenmerk> = usable
            .filter(|(_, own)| own.beperking.is_none())
            .map(|(_, own)| &own.vertegenwoordigde)
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// What can be chosen, [`MACHTIGINGEN_MAX`] at most: the person's own mandates, then the chains.
    pub fn mogelijkheden(
        &self,
        service_uuid: &ServiceUuid,
        niveau: Betrouwbaarheidsniveau,
        now: Moment,
    ) -> Vec<Mogelijkheid> {
        let usable = |found: &&(String, Machtiging)| is_usable(&found.1, service_uuid, niveau, now);
        let own = self.eigen.iter().filter(usable);
        let chains = self.van_organisaties.iter().filter(usable);
        let chains = chains.flat_map(|first| own.clone().filter_map(|second| chain(first, second)));
        own.clone()
            .map(|(id, own)| Mogelijkheid {
                vertegenwoordigde: own.vertegenwoordigde.clone(),
                beperking: own.beperking.clone(),
                machtiging: id.clone(),
                via: None,
                niveau: own.niveau,
                van_vertegenwoordigde: own.attributen.clone(),
                van_tussenpersoon: Attributen::default(),
            })
            .chain(chains)
            .take(MACHTIGINGEN_MAX)
            .collect()
    }
}

fn is_usable(
    machtiging: &Machtiging,
    service_uuid: &ServiceUuid,
    niveau: Betrouwbaarheidsniveau,
    now: Moment,
) -> bool {
    machtiging.service_uuid == *service_uuid
        && machtiging.niveau >= niveau
        && machtiging.is_geldig(now).is_ok()
}

/// The person acts for an organisation, which acts for another: one may stand between, and no more
/// (etoegang.md §4.7). Whoever may act for one branch of it does not act for the organisation.
fn chain(first: &(String, Machtiging), second: &(String, Machtiging)) -> Option<Mogelijkheid> {
    let ((eerste, of), (tweede, own)) = (first, second);
    let Gemachtigde::Organisatie(between) = &of.gemachtigde else {
        return None;
    };
    let is_chain = *between == own.vertegenwoordigde && own.beperking.is_none();
    is_chain.then(|| Mogelijkheid {
        vertegenwoordigde: of.vertegenwoordigde.clone(),
        beperking: of.beperking.clone(),
        machtiging: tweede.clone(),
        via: Some((between.clone(), eerste.clone())),
        niveau: of.niveau.min(own.niveau),
        van_vertegenwoordigde: of.attributen.clone(),
        van_tussenpersoon: own.attributen.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::{COMPANY_NAME, VAN_ORGANISATIES, VAN_PERSONEN};
    use crate::testing::{NOW, attributen, attribuutnaam, kvk, machtiging, service_uuid};

    const LOA3: Betrouwbaarheidsniveau = Betrouwbaarheidsniveau::Loa3;

    fn named(id: &str, change: impl FnOnce(&mut Machtiging)) -> (String, Machtiging) {
        let mut changed = machtiging();
        change(&mut changed);
        (id.to_owned(), changed)
    }

    fn choose(eigen: &[(String, Machtiging)], of: &[(String, Machtiging)]) -> Vec<Mogelijkheid> {
        let gevonden = Gevonden {
            eigen,
            van_organisaties: of,
        };
        gevonden.mogelijkheden(&service_uuid(), LOA3, Moment::from_unix(NOW))
    }

    #[test]
    fn guc4_only_mandates_that_hold_at_the_level_can_be_chosen() {
        let eigen = [
            named("goed", |_| {}),
            named("over", |own| own.tot = NOW),
            named("laag", |own| own.niveau = Betrouwbaarheidsniveau::Loa2),
            named("weg", |own| own.ingetrokken = Some(NOW - 1)),
            named("later", |own| own.van = NOW + 1),
        ];
        let found = choose(&eigen, &[]);
        let named: Vec<&str> = found.iter().map(|one| &*one.machtiging).collect();
        // etoegang.md §2.1, GUC4
        assert_eq!(named, ["goed"]);
        assert_eq!(choose(&[], &[]), []);
    }

    #[test]
    fn one_organisation_may_stand_between_and_the_lowest_level_counts() {
        let eigen = [
            named("eigen", |own| own.niveau = Betrouwbaarheidsniveau::Loa4),
            named("tak", |own| {
                own.vertegenwoordigde = kvk("11111111");
                own.beperking = Vestigingsnr::parse("000012345678").ok();
            }),
        ];
        let of = |org: &str, id: &str| {
            named(id, |of| {
                of.gemachtigde = Gemachtigde::Organisatie(kvk(org));
                of.vertegenwoordigde = kvk("99999999");
            })
        };
        let organisations = [
            of("12345678", "keten"),
            of("11111111", "niet"),
            of("22222222", "nooit"),
        ];
        let found = choose(&eigen, &organisations);
        // etoegang.md §4.7
        assert_eq!(found.len(), 3);
        assert_eq!(found[2].via, Some((kvk("12345678"), "keten".to_owned())));
        assert_eq!((&*found[2].machtiging, found[2].niveau), ("eigen", LOA3));
        assert_eq!(found[2].vertegenwoordigde, kvk("99999999"));
        let now = Moment::from_unix(NOW);
        let between = Gevonden::tussenpersonen(&eigen, &service_uuid(), LOA3, now);
        assert_eq!(between, [&kvk("12345678")]);
    }

    #[test]
    fn etoegang_md_5_4_an_mr_declares_what_mandate_and_register_say_of_each_organisation() {
        let lei = VAN_ORGANISATIES[4];
        let of_mandate = |own: &mut Machtiging| {
            own.attributen = attributen(&[(COMPANY_NAME, "Boekhouders"), (lei, "LEI-1")]);
        };
        let eigen = [named("eigen", of_mandate)];
        let of = named("keten", |of| {
            of.gemachtigde = Gemachtigde::Organisatie(kvk("12345678"));
            of.vertegenwoordigde = kvk("99999999");
        });
        let bekend = Organisaties::from([
            (kvk("12345678"), attributen(&[(COMPANY_NAME, "Anders")])),
            (kvk("99999999"), attributen(&[(COMPANY_NAME, "Visserij")])),
        ]);
        let asked: Vec<_> = VAN_ORGANISATIES.into_iter().map(attribuutnaam).collect();
        let found = choose(&eigen, &[of]);
        // etoegang.md §5.4
        let number = VAN_ORGANISATIES[2];
        assert_eq!(
            found[0].attributen(&asked, &bekend),
            attributen(&[
                (COMPANY_NAME, "Boekhouders"),
                (lei, "LEI-1"),
                (number, "12345678")
            ])
        );
        let between = VAN_ORGANISATIES[1];
        assert_eq!(
            found[1].attributen(&asked, &bekend),
            attributen(&[
                (COMPANY_NAME, "Visserij"),
                (between, "Boekhouders"),
                (number, "99999999"),
            ])
        );
        assert!(found[1].attributen(&[], &bekend).is_empty());
        let person = [attribuutnaam(VAN_PERSONEN[0])];
        assert!(found[0].attributen(&person, &bekend).is_empty());
    }
}
