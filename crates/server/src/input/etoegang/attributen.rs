//! Attributes: which ones a service asks for, and those of people and organisations.

use etoegang::attribuut::{
    ATTRIBUTEN_MAX, Attributen, Attribuutnaam, Attribuutwaarde, COMPANY_NAME, Drager, WAARDE_MAX,
};
use etoegang::dienstencatalogus::Dienstattribuut;

use super::{Reading, written};
use crate::input::InputFault;
use crate::input::place::Place;
use crate::input::reading::{each, parsed, readable, twice};

/// What a service asks for, and what for.
type Gevraagd = (Vec<Dienstattribuut>, Vec<(Attribuutnaam, String)>);

impl Reading<'_> {
    /// What a service asks for, each attribute once.
    pub(super) fn dienstattributen(
        &self,
        dienst: &Place,
        written: Vec<written::Dienstattribuut>,
    ) -> Result<Gevraagd, InputFault> {
        let place = dienst.member("attributen");
        if written.len() > ATTRIBUTEN_MAX {
            let reason = format!("more than {ATTRIBUTEN_MAX} entries");
            return Err(self.file.fault(&place, reason));
        }
        let (mut attributen, mut doelen) = Gevraagd::default();
        each(self.file, &place, written, |place, asked| {
            let naam = self.attribuutnaam(place, &asked.naam)?;
            if doelen.iter().any(|(known, _)| *known == naam) {
                return Err(twice(self.file, &place.member("naam")));
            }
            let doel = readable(self.file, &place.member("doel"), asked.doel)?;
            doelen.push((naam.clone(), doel));
            let verplicht = asked.verplicht;
            attributen.push(Dienstattribuut { naam, verplicht });
            Ok(())
        })?;
        Ok((attributen, doelen))
    }

    /// The attributes of a person.
    pub(super) fn van_persoon(
        &self,
        middel: &Place,
        written: Attributen,
    ) -> Result<Attributen, InputFault> {
        if written.zijn_van(Drager::is_van_ad) {
            return Ok(written);
        }
        let reason = "expected attributes of a person";
        Err(self.file.fault(&middel.member("attributen"), reason))
    }

    /// What is known of an organisation: what it is called is among it.
    pub(super) fn van_organisatie(
        &self,
        organisatie: &Place,
        naam: &str,
        written: &Attributen,
    ) -> Result<Attributen, InputFault> {
        let called = Attribuutwaarde::parse(naam).map_err(|_| {
            let reason = format!("expected 1 to {WAARDE_MAX} characters on one line");
            self.file.fault(&organisatie.member("naam"), reason)
        })?;
        let place = organisatie.member("attributen");
        if !written.zijn_van(|drager| drager == Drager::Vertegenwoordigde) {
            let reason = "expected attributes of an organisation (attribute-represented)";
            return Err(self.file.fault(&place, reason));
        }
        let company = Attribuutnaam::parse(COMPANY_NAME).map(|naam| (naam, called));
        let known = written
            .iter()
            .map(|(naam, waarde)| (naam.clone(), waarde.clone()));
        Attributen::new(company.into_iter().chain(known)).map_err(|_| {
            let reason = "expected 15 at most, without CompanyName: naam says that";
            self.file.fault(&place, reason)
        })
    }

    fn attribuutnaam(&self, around: &Place, text: &str) -> Result<Attribuutnaam, InputFault> {
        parsed(
            self.file,
            &around.member("naam"),
            text,
            Attribuutnaam::parse,
        )
    }
}
