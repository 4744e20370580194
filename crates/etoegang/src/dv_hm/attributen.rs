//! Which attributes a login needs, and which it brings (etoegang.md §3, §4.3).
//!
//! What must be had and cannot be ends the login; what may be left out is left out. What is given is kept
//! with the login, so that a refresh asks nobody for it again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::authorize::Afgebroken;
use super::family::{Keten, Vertegenwoordiging};
use super::gevraagde_claims::GevraagdeClaims;
use crate::attribuut::{Attributen, Attribuutnaam, Attribuutwaarde, Drager};
use crate::dienstencatalogus::Dienstattribuut;

/// An attribute that a login asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GevraagdAttribuut {
    /// Which.
    pub naam: Attribuutnaam,
    /// Whether the app says that it cannot do without.
    pub essentieel: bool,
    /// Whether the catalogue says so of the service.
    pub verplicht: bool,
    /// Where the app wants it.
    pub plaatsen: Plaatsen,
}

/// Where an app wants an attribute (OIDC Core §5.5): in one of both, in both, or in none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plaatsen {
    /// In the ID token.
    pub id_token: bool,
    /// In userinfo.
    pub userinfo: bool,
}

/// An attribute that a login brought, and where the app wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GegevenAttribuut {
    /// Which.
    pub naam: Attribuutnaam,
    /// What it says.
    pub waarde: Attribuutwaarde,
    /// Where the app wants it.
    pub plaatsen: Plaatsen,
}

impl GevraagdAttribuut {
    /// One that the service asks for and no app has named.
    pub fn van_dienst(asked: &Dienstattribuut) -> Self {
        Self {
            naam: asked.naam.clone(),
            essentieel: false,
            verplicht: asked.verplicht,
            plaatsen: Plaatsen::default(),
        }
    }

    /// Whether the login cannot go on without. The app speaks of this login. The catalogue speaks of the
    /// service, whoever comes: what it requires of an organisation counts where there is one.
    fn is_nodig(&self, wie: Option<&Vertegenwoordiging>) -> bool {
        let takes_part = match self.naam.drager() {
            Drager::Persoon => true,
            Drager::Vertegenwoordigde => wie.is_some(),
            Drager::Tussenpersoon => wie.is_some_and(|wie| matches!(wie.keten, Keten::Via { .. })),
        };
        self.essentieel || (self.verplicht && takes_part)
    }
}

impl GevraagdeClaims {
    /// The names of what is asked of an AD.
    pub fn van_ad(&self) -> impl Iterator<Item = &Attribuutnaam> {
        self.attributen
            .iter()
            .map(|asked| &asked.naam)
            .filter(|naam| naam.drager().is_van_ad())
    }

    /// The names of what is asked of an MR.
    pub fn van_mr(&self) -> impl Iterator<Item = &Attribuutnaam> {
        self.attributen
            .iter()
            .map(|asked| &asked.naam)
            .filter(|naam| !naam.drager().is_van_ad())
    }

    /// The `claims` of the request to an AD (OIDC Core §5.5): its ID token brings them. Nothing where
    /// nothing is asked of it.
    pub(crate) fn voor_ad(&self) -> Option<Value> {
        let asked = self.attributen.iter();
        let asked = asked.filter(|asked| asked.naam.drager().is_van_ad());
        let named: Map<String, Value> = asked
            .map(|asked| {
                let is_needed = asked.is_nodig(None);
                let how = is_needed.then(|| json!({ "essential": true }));
                (asked.naam.as_str().to_owned(), how.unwrap_or_default())
            })
            .collect();
        (!named.is_empty()).then(|| json!({ "id_token": named }))
    }

    /// Whether the AD left out what the login cannot go on without: nobody else can declare it.
    pub fn mist_van_ad(&self, verklaard: &Attributen) -> bool {
        let mut asked = self.attributen.iter();
        asked.any(|asked| {
            asked.naam.drager().is_van_ad()
                && asked.is_nodig(None)
                && verklaard.get(&asked.naam).is_none()
        })
    }

    /// What is given of what AD and MR declared.
    ///
    /// # Errors
    /// [`Afgebroken::GeenAttribuut`]: something that must be had cannot be (etoegang.md §4.3, OIDC Core
    /// §5.5.1).
    pub(crate) fn gegeven(
        &self,
        verklaard: [&Attributen; 2],
        wie: Option<&Vertegenwoordiging>,
    ) -> Result<Vec<GegevenAttribuut>, Afgebroken> {
        let mut given = Vec::new();
        for asked in &self.attributen {
            let [van_ad, van_mr] = verklaard;
            let by = if asked.naam.drager().is_van_ad() {
                van_ad
            } else {
                van_mr
            };
            match by.get(&asked.naam) {
                Some(waarde) => given.push(GegevenAttribuut {
                    naam: asked.naam.clone(),
                    waarde: waarde.clone(),
                    plaatsen: asked.plaatsen,
                }),
                None if asked.is_nodig(wie) => return Err(Afgebroken::GeenAttribuut),
                None => {}
            }
        }
        Ok(given)
    }
}

impl GegevenAttribuut {
    /// As a token or a document carries those of which this holds.
    pub(crate) fn alle(given: &[Self], wanted: impl Fn(&Self) -> bool) -> Attributen {
        let wanted = given.iter().filter(|one| wanted(one));
        let pairs = wanted.map(|one| (one.naam.clone(), one.waarde.clone()));
        // Each was asked for once, and no more than there may be.
        Attributen::new(pairs).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::{COMPANY_NAME, VAN_ORGANISATIES, VAN_PERSONEN};
    use crate::testing::{attributen, family, keten};

    const BETWEEN: &str = VAN_ORGANISATIES[1];

    fn asked(urn: &str, essentieel: bool, verplicht: bool) -> GevraagdAttribuut {
        GevraagdAttribuut {
            naam: Attribuutnaam::parse(urn).expect("a name"),
            essentieel,
            verplicht,
            plaatsen: Plaatsen::default(),
        }
    }

    fn claims(attributen: Vec<GevraagdAttribuut>) -> GevraagdeClaims {
        GevraagdeClaims {
            attributen,
            ..GevraagdeClaims::default()
        }
    }

    /// The names of what is given, or why nothing is.
    fn given(
        of: GevraagdAttribuut,
        van_ad: &[(&str, &str)],
        van_mr: &[(&str, &str)],
        wie: Option<&Vertegenwoordiging>,
    ) -> Result<Vec<String>, Afgebroken> {
        let claims = claims(vec![of]);
        let given = claims.gegeven([&attributen(van_ad), &attributen(van_mr)], wie)?;
        Ok(given
            .iter()
            .map(|one| one.naam.as_str().to_owned())
            .collect())
    }

    #[test]
    fn etoegang_md_3_what_must_be_had_and_cannot_be_ends_the_login_and_the_rest_is_left_out() {
        let first = VAN_PERSONEN[0];
        let bram: &[_] = &[(first, "Bram")];
        let none = Err(Afgebroken::GeenAttribuut);
        // etoegang.md §3
        for (essentieel, verplicht, missing) in [
            (false, false, Ok(Vec::new())),
            (true, false, none.clone()),
            (false, true, none),
        ] {
            let one = || asked(first, essentieel, verplicht);
            assert_eq!(given(one(), bram, &[], None), Ok(vec![first.to_owned()]));
            assert_eq!(given(one(), &[], &[], None), missing);
            assert_eq!(
                claims(vec![one()]).mist_van_ad(&attributen(&[])),
                missing.is_err()
            );
            assert!(!claims(vec![one()]).mist_van_ad(&attributen(bram)));
        }
    }

    #[test]
    fn etoegang_md_3_a_person_is_the_ads_to_declare_and_an_organisation_the_mrs() {
        let wie = family().vertegenwoordiging;
        let bakery: &[_] = &[(COMPANY_NAME, "Bakkerij")];
        let bram: &[_] = &[(VAN_PERSONEN[0], "Bram")];
        let name = || asked(COMPANY_NAME, false, true);
        // etoegang.md §3
        assert_eq!(
            given(name(), bakery, &[], wie.as_ref()),
            Err(Afgebroken::GeenAttribuut)
        );
        assert!(given(name(), &[], bakery, wie.as_ref()).is_ok_and(|given| given.len() == 1));
        let first = asked(VAN_PERSONEN[0], false, true);
        assert_eq!(
            given(first, &[], bram, wie.as_ref()),
            Err(Afgebroken::GeenAttribuut)
        );
    }

    #[test]
    fn what_the_catalogue_requires_of_an_organisation_counts_where_there_is_one() {
        let (wie, chain) = (family().vertegenwoordiging, keten());
        let none = Err(Afgebroken::GeenAttribuut);
        let required = |urn| asked(urn, false, true);
        assert_eq!(
            given(required(COMPANY_NAME), &[], &[], None),
            Ok(Vec::new())
        );
        assert_eq!(given(required(COMPANY_NAME), &[], &[], wie.as_ref()), none);
        assert_eq!(
            given(required(BETWEEN), &[], &[], wie.as_ref()),
            Ok(Vec::new())
        );
        assert_eq!(given(required(BETWEEN), &[], &[], Some(&chain)), none);
        // The app speaks of this login.
        assert_eq!(
            given(asked(COMPANY_NAME, true, false), &[], &[], None),
            none
        );
    }

    #[test]
    fn oidc_core_5_5_an_ad_is_asked_for_what_is_its_to_declare_alone() {
        let both = claims(vec![
            asked(VAN_PERSONEN[0], false, true),
            asked(VAN_PERSONEN[1], false, false),
            asked(COMPANY_NAME, true, true),
        ]);
        let expected = json!({ "id_token": {
            VAN_PERSONEN[0]: { "essential": true },
            VAN_PERSONEN[1]: null,
        } });
        assert_eq!(both.voor_ad(), Some(expected));
        assert_eq!(both.van_ad().count(), 2);
        let of_mr: Vec<_> = both.van_mr().map(Attribuutnaam::as_str).collect();
        assert_eq!(of_mr, [COMPANY_NAME]);
        assert_eq!(
            claims(vec![asked(COMPANY_NAME, true, true)]).voor_ad(),
            None
        );
    }
}
