//! For whom a person can act at a service: what an MR lets him choose from (GUC4 in etoegang.md §2.1).

use identity::ServiceUuid;
use verdict::Moment;

use super::{Gemachtigde, MACHTIGINGEN_MAX, Machtiging};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::kenmerk::{Kenmerk, Vestigingsnr};

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
}

/// Mandates with their references, as they were found for a question.
#[derive(Clone, Copy, Debug)]
pub struct Gevonden<'a> {
    /// Of the person.
    pub eigen: &'a [(String, Machtiging)],
    /// Of the organisations that he has a mandate of.
    pub van_organisaties: &'a [(String, Machtiging)],
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, kvk, machtiging, service_uuid};

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
}
