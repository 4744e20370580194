//! What the DVP's server asks a DVA: tokens, and then data (core.tknint, core.rscint).

use identity::GegevensdienstId;
use medmij::dvp::ingang::{Ingang, ingangen};
use medmij::dvp::tokens::{NotTaken, Tokens};
use medmij::dvp::verbinding::Afloop;
use medmij::dvp::verzoek::TokenForm;
use medmij::scope::Functie;
use protocol::refusal::is_invalid_grant;

use super::super::PgoRole;
use super::super::collect::{headers, newest_first};
use super::super::dossier::{Groep, Inhoud, Uitkomst};
use super::super::overzicht::Gegeven;
use crate::door::TraceId;

/// Why a DVA gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mislukt {
    /// The equal refusal: the consent ended, or there is nothing.
    Geweigerd,
    /// No answer, or no list that says where to ask.
    NietBereikbaar,
    /// The lists of MedMij lead there no more.
    NietInMedMij,
    /// An answer, or an address, that we do not take.
    NietVertrouwd,
}

impl PgoRole {
    /// The ways in to an Aanbieder, with what of each this client knows; none for one that is not in the ZAL.
    pub(super) async fn ingangen(
        &self,
        naam: &identity::Zorgaanbiedernaam,
    ) -> Result<Vec<Ingang>, Mislukt> {
        let zal = self.lists.aanbiederslijst(&self.app).await;
        let zal = zal.map_err(|_| Mislukt::NietBereikbaar)?;
        let mut found = zal.entry(naam).map(ingangen).unwrap_or_default();
        for ingang in &mut found {
            let known =
                |dienst: &GegevensdienstId| self.config.gegevensdiensten.contains_key(dienst);
            ingang.diensten.retain(|(dienst, _)| known(dienst));
        }
        found.retain(|ingang| !ingang.diensten.is_empty());
        Ok(found)
    }

    /// The way in that a request went, if it is still there and each of its back-channel hosts is on the
    /// Whitelist.
    pub(super) async fn ingang(
        &self,
        trace: TraceId,
        naam: &identity::Zorgaanbiedernaam,
        authorization_endpoint: &str,
    ) -> Result<Ingang, Mislukt> {
        let found = self.ingangen(naam).await?.into_iter();
        let mut found =
            found.filter(|ingang| ingang.authorization_endpoint.as_str() == authorization_endpoint);
        let ingang = found.next().ok_or(Mislukt::NietInMedMij)?;
        let whitelist = self.lists.whitelist(&self.app).await;
        let whitelist = whitelist.map_err(|_| Mislukt::NietBereikbaar)?;
        // core.whl.306, .308: before anything is sent.
        if ingang.backchannel().all(|host| whitelist.contains(host)) {
            return Ok(ingang);
        }
        let reason = "the ZAL names a host that is not on the Whitelist";
        self.app.refused(trace, "core.whl.306", reason);
        Err(Mislukt::NietVertrouwd)
    }

    /// What a code or a refresh token brings. `trace` is the run's number, and the request gets one of its
    /// own (core.tknint.208).
    pub(super) async fn tokens_of_dva(
        &self,
        trace: TraceId,
        ingang: &Ingang,
        form: &TokenForm,
        functie: &Functie,
    ) -> Result<Tokens, Mislukt> {
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let url = ingang.token_endpoint.as_str();
        let answer = self.app.outside.post_form(url, &form, headers(trace)).await;
        let answer = answer.map_err(|error| {
            self.unanswered(trace, "core.tknint.206", &error);
            Mislukt::NietBereikbaar
        })?;
        match answer.status.as_u16() {
            200 => Tokens::read(&answer.body, functie).map_err(|NotTaken(reason)| {
                self.app.refused(trace, "core.tknint.201", reason);
                Mislukt::NietVertrouwd
            }),
            400 if is_invalid_grant(&answer.body) => Err(Mislukt::Geweigerd),
            status if (400..500).contains(&status) && status != 429 => {
                let reason = "the token endpoint takes no request of ours";
                self.app.refused(trace, "core.tknint.207", reason);
                Err(Mislukt::NietVertrouwd)
            }
            _ => Err(Mislukt::NietBereikbaar),
        }
    }

    /// What the token opens of these gegevensdiensten, side by side with why the rest is not there.
    pub(super) async fn verzameld_bij(
        &self,
        trace: TraceId,
        ingang: &Ingang,
        diensten: &[GegevensdienstId],
        tokens: &Tokens,
    ) -> Uitkomst {
        let wanted = ingang.diensten.iter();
        let wanted = wanted.filter(|(dienst, _)| diensten.contains(dienst));
        let mut came = Vec::new();
        for (dienst, endpoint) in wanted {
            let told = if tokens.opens(dienst) {
                let token = tokens.access_token.reveal();
                Some(self.alles(trace, dienst, endpoint.as_str(), token).await)
            } else {
                None
            };
            came.push((dienst, told));
        }
        self.together(came)
    }

    /// Everything of one gegevensdienst.
    async fn alles(
        &self,
        trace: TraceId,
        dienst: &GegevensdienstId,
        endpoint: &str,
        token: &str,
    ) -> Result<Vec<Gegeven>, Uitkomst> {
        let mut gegevens = Vec::new();
        for kind in self.kinds(dienst) {
            // core.rscint.200, core.rscint.201
            let bundle = self.bundle(trace, endpoint, kind, token).await?;
            gegevens.extend(bundle.resources.iter().filter_map(Gegeven::read));
        }
        Ok(newest_first(gegevens))
    }
}

impl Mislukt {
    /// As the dossier shows it.
    pub(super) const fn uitkomst(self) -> Uitkomst {
        match self {
            Self::Geweigerd => Uitkomst::GeenGegevensBeschikbaar,
            Self::NietBereikbaar => Uitkomst::NietBereikbaar,
            Self::NietInMedMij => Uitkomst::NietInMedMij,
            Self::NietVertrouwd => Uitkomst::NietVertrouwd,
        }
    }
}

/// What an exchange came to, as a connection remembers it.
pub(super) fn afloop(uitkomst: &Uitkomst) -> Afloop {
    match uitkomst {
        Uitkomst::Gegevens(groepen) => {
            let number: usize = groepen.iter().map(aantal).sum();
            Afloop::Gekregen(u32::try_from(number).unwrap_or(u32::MAX))
        }
        Uitkomst::GeenGegevensBeschikbaar => Afloop::Geweigerd,
        Uitkomst::NietBereikbaar => Afloop::NietBereikbaar,
        Uitkomst::NietInMedMij | Uitkomst::NietVertrouwd => Afloop::NietVertrouwd,
    }
}

fn aantal(groep: &Groep) -> usize {
    match &groep.inhoud {
        Inhoud::Gegevens(gegevens, weggelaten) => gegevens.len() + weggelaten,
        Inhoud::NietVerleend | Inhoud::NietOpgehaald => 0,
    }
}

/// What is shown after an exchange: what came, and of what did not come now, what came before.
pub(super) fn samen(before: Option<Uitkomst>, now: Uitkomst) -> Uitkomst {
    match (before, now) {
        (Some(Uitkomst::Gegevens(before)), Uitkomst::Gegevens(now)) => {
            let kept = |groep: Groep| {
                let is_lost = matches!(groep.inhoud, Inhoud::NietOpgehaald);
                let known = before.iter().find(|known| known.titel == groep.titel);
                known.filter(|_| is_lost).cloned().unwrap_or(groep)
            };
            Uitkomst::Gegevens(now.into_iter().map(kept).collect())
        }
        (Some(before @ Uitkomst::Gegevens(_)), _) => before,
        (_, now) => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groep(titel: &str, inhoud: Inhoud) -> Groep {
        Groep {
            titel: titel.to_owned(),
            inhoud,
        }
    }

    fn gegevens(number: usize) -> Inhoud {
        Inhoud::Gegevens(Vec::new(), number)
    }

    fn shown(uitkomst: &Uitkomst) -> Vec<(&str, usize)> {
        match uitkomst {
            Uitkomst::Gegevens(groepen) => groepen
                .iter()
                .map(|groep| (groep.titel.as_str(), aantal(groep)))
                .collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn what_does_not_come_now_stays_as_it_came_before() {
        let before = || {
            let both = vec![groep("Lab", gegevens(3)), groep("Medicatie", gegevens(2))];
            Some(Uitkomst::Gegevens(both))
        };
        assert_eq!(shown(&samen(before(), Uitkomst::NietBereikbaar)).len(), 2);
        let now = vec![
            groep("Lab", Inhoud::NietOpgehaald),
            groep("Medicatie", gegevens(5)),
        ];
        let together = samen(before(), Uitkomst::Gegevens(now));
        assert_eq!(shown(&together), [("Lab", 3), ("Medicatie", 5)]);
        // What is not granted any more is not shown as if it were.
        let now = vec![groep("Lab", Inhoud::NietVerleend)];
        let together = samen(before(), Uitkomst::Gegevens(now));
        assert_eq!(shown(&together), [("Lab", 0)]);
        let first = samen(None, Uitkomst::GeenGegevensBeschikbaar);
        assert!(matches!(first, Uitkomst::GeenGegevensBeschikbaar));
    }

    #[test]
    fn an_exchange_counts_what_it_brought() {
        let both = vec![groep("Lab", gegevens(3)), groep("Medicatie", gegevens(2))];
        assert_eq!(afloop(&Uitkomst::Gegevens(both)), Afloop::Gekregen(5));
        assert_eq!(afloop(&Mislukt::Geweigerd.uitkomst()), Afloop::Geweigerd);
    }
}
