//! Attributes: which ones a service asks for, and those of people and organisations.

use etoegang::attribuut::{
    ATTRIBUTEN_MAX, Attributen, Attribuutnaam, Attribuutwaarde, COMPANY_NAME, Drager,
};
use etoegang::dienstencatalogus::Dienstattribuut;

use super::{Reading, written};
use crate::input::InputFault;
use crate::input::place::{At, Entries, Place};
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
        self.few(&place, written.len())?;
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
        written: Entries<String>,
    ) -> Result<Attributen, InputFault> {
        let place = middel.member("attributen");
        let pairs = self.each_of(&place, written, |naam| match naam.drager() {
            Drager::Persoon => Ok(()),
            _ => Err("expected an attribute of a person"),
        })?;
        Attributen::new(pairs).map_err(|_| twice(self.file, &place))
    }

    /// What is known of an organisation: what it is called is among it.
    pub(super) fn van_organisatie(
        &self,
        organisatie: &Place,
        naam: &str,
        written: Entries<String>,
    ) -> Result<Attributen, InputFault> {
        let of_naam = organisatie.member("naam");
        let called = parsed(self.file, &of_naam, naam, Attribuutwaarde::parse)?;
        let place = organisatie.member("attributen");
        let known = self.each_of(&place, written, |naam| match naam.drager() {
            Drager::Vertegenwoordigde if naam.as_str() == COMPANY_NAME => {
                Err("naam says what the organisation is called")
            }
            Drager::Vertegenwoordigde => Ok(()),
            _ => Err("expected an attribute-represented"),
        })?;
        let company = Attribuutnaam::parse(COMPANY_NAME).map(|naam| (naam, called));
        let all = Attributen::new(company.into_iter().chain(known));
        all.map_err(|_| self.file.fault(&place, "more than 15 attributes"))
    }

    /// Attributes with their values, each once.
    fn each_of(
        &self,
        place: &Place,
        Entries(written): Entries<String>,
        is_its: impl Fn(&Attribuutnaam) -> Result<(), &'static str>,
    ) -> Result<Vec<(Attribuutnaam, Attribuutwaarde)>, InputFault> {
        self.few(place, written.len())?;
        let mut read: Vec<(Attribuutnaam, Attribuutwaarde)> = Vec::new();
        for (index, (naam, waarde)) in written.into_iter().enumerate() {
            let place = place.at(At::Entry(index));
            let naam = parsed(self.file, &place, &naam, Attribuutnaam::parse)?;
            is_its(&naam).map_err(|reason| self.file.fault(&place, reason))?;
            let waarde = parsed(self.file, &place, &waarde, Attribuutwaarde::parse)?;
            if read.iter().any(|(known, _)| *known == naam) {
                return Err(twice(self.file, &place));
            }
            read.push((naam, waarde));
        }
        Ok(read)
    }

    fn few(&self, place: &Place, count: usize) -> Result<(), InputFault> {
        if count <= ATTRIBUTEN_MAX {
            return Ok(());
        }
        let reason = format!("more than {ATTRIBUTEN_MAX} attributes");
        Err(self.file.fault(place, reason))
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
