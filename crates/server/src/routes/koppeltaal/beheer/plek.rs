//! What every page of a domain has in common: who is there, where, and what he filled in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use koppeltaal::Domein;
use koppeltaal::domeinbeheer::{Beheersleutel, Bewerking, Gewijzigd, Nu, Verwacht};
use koppeltaal::domeinconfiguratie::{Domeinconfiguratie, Fout};
use protocol::wire::Parameters;

use super::KoppeltaalRole;
use crate::domeinbeheer;
use crate::pages::{BeheerBij, BeheerGedaan, BeheerMeldingSoort, BeheerPlek, PageContext};
use crate::routes::beheer::loket::{self, Loket};
use crate::settle::Outage;
use crate::web::{self, Visit};

pub(super) use crate::routes::beheer::loket::{Bladzijde, Elders};

/// Somebody who is logged in.
pub(super) type Sessie = loket::Sessie<Beheersleutel>;

/// Somebody who is logged in, at a domain that his key is for.
pub(super) struct Plek {
    pub(super) role: Arc<KoppeltaalRole>,
    pub(super) sessie: Sessie,
    pub(super) visit: Visit,
    pub(super) domein: Domein,
    pub(super) versie: u64,
    pub(super) nu: Domeinconfiguratie,
    names: BTreeMap<String, String>,
}

/// A form of ours, and the version that its page showed.
pub(super) struct Ingevuld {
    pub(super) form: Parameters,
    pub(super) versie: u64,
}

impl Plek {
    /// Who asks for a page of a domain; who is not logged in, logs in first.
    pub(super) async fn of(
        role: Arc<KoppeltaalRole>,
        mut names: BTreeMap<String, String>,
        visit: Visit,
    ) -> Result<Self, Elders> {
        let sessie = role.loket().binnen(&visit).await?;
        let name = names.remove("domein").unwrap_or_default();
        let unknown = || Elders::from(role.loket().told(&visit, BeheerMeldingSoort::Onbekend));
        let domein = Domein::parse(&name).map_err(|_| unknown())?;
        // Whether there is a domain that his key is not for, he does not learn.
        if sessie.beheerder.may(&domein).is_err() {
            return Err(unknown());
        }
        let (app, regels) = (&role.app, role.domeinen.regels);
        let kept = domeinbeheer::nu(&app.home, &domein, regels, app.clock.now()).await;
        match kept {
            Ok(Some(Nu {
                versie,
                domein: Some(nu),
            })) => Ok(Self {
                role,
                sessie,
                visit,
                domein,
                versie,
                nu,
                names,
            }),
            Ok(_) => Err(unknown()),
            Err(_) => Err(role
                .loket()
                .told(&visit, BeheerMeldingSoort::Storing)
                .into()),
        }
    }

    /// A name in the path.
    pub(super) fn name(&self, name: &str) -> &str {
        self.names.get(name).map_or("", String::as_str)
    }

    /// What the page's forms send back.
    pub(super) fn plek(&self) -> BeheerPlek {
        BeheerPlek {
            domein: self.domein.to_string(),
            versie: self.versie,
            formulier: self.role.loket().formulier(&self.sessie),
        }
    }

    /// A form of one of our pages.
    pub(super) fn form(&self) -> Result<Ingevuld, Elders> {
        let form = self.role.loket().form(&self.sessie, &self.visit)?;
        match form.get("versie").and_then(|versie| versie.parse().ok()) {
            Some(versie) => Ok(Ingevuld { form, versie }),
            None => Err(self.told(BeheerMeldingSoort::Verlopen)),
        }
    }

    /// What was done just now, as the address says.
    pub(super) fn gedaan(&self) -> Option<BeheerGedaan> {
        let query = self.visit.query().ok()?;
        BeheerGedaan::of_code(query.get("gedaan")?)
    }

    /// Changes the domain from the version that the page showed; the domain after it, or which member
    /// cannot be.
    pub(super) async fn change(
        &self,
        bewerking: Bewerking,
        versie: u64,
    ) -> Result<Result<Domeinconfiguratie, Fout>, Elders> {
        let asked = (&self.domein, bewerking, Verwacht::Versie(versie));
        let beheerder = &self.sessie.beheerder;
        let changed = self.role.change(self.visit.trace, beheerder, asked).await;
        self.changed(changed)
    }

    /// Adds something to the domain as it is by now.
    pub(super) async fn add(
        &self,
        bewerking: &Bewerking,
    ) -> Result<Result<Domeinconfiguratie, Fout>, Elders> {
        let (beheerder, trace) = (&self.sessie.beheerder, self.visit.trace);
        let added = self.role.add(trace, beheerder, &self.domein, bewerking);
        self.changed(added.await)
    }

    fn changed(
        &self,
        changed: Result<Gewijzigd, Outage>,
    ) -> Result<Result<Domeinconfiguratie, Fout>, Elders> {
        match changed {
            Ok(Gewijzigd::Ja {
                domein: Some(domein),
                ..
            }) => Ok(Ok(*domein)),
            Ok(Gewijzigd::Fout(fout)) => Ok(Err(fout)),
            Ok(Gewijzigd::Anders { .. }) => Err(self.told(BeheerMeldingSoort::Anders)),
            Ok(Gewijzigd::Ja { .. } | Gewijzigd::Onbekend | Gewijzigd::NietAanHem(_)) => {
                Err(self.told(BeheerMeldingSoort::Onbekend))
            }
            Err(_) => Err(self.told(BeheerMeldingSoort::Storing)),
        }
    }

    /// A page of this domain.
    pub(super) fn show(&self, status: u16, context: &impl PageContext) -> Response {
        self.role.loket().show(&self.visit, status, context)
    }

    /// A page that tells why it goes no further.
    pub(super) fn told(&self, soort: BeheerMeldingSoort) -> Elders {
        self.role.loket().told(&self.visit, soort).into()
    }

    /// On to a page of this domain, which tells what was done.
    pub(super) fn on(&self, path: &str, gedaan: BeheerGedaan) -> Response {
        let (domein, code) = (&self.domein, gedaan.code());
        web::see_other(&format!("/beheer/{domein}{path}?gedaan={code}"))
    }
}

impl KoppeltaalRole {
    /// Where who administers domains comes in.
    pub(super) fn loket(&self) -> Loket<'_> {
        Loket {
            app: &self.app,
            origin: web::origin(&self.domeinen.base),
            bij: BeheerBij::Domeinen,
        }
    }
}
