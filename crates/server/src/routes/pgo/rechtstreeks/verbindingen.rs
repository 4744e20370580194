//! Mijn verbindingen: with whom, for whom, what, since when, and how each exchange went (medmij.md §2.2, §2.5).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use medmij::dvp::ophalen::op_de_klok;
use medmij::dvp::verbinding::{Afloop, Ophaalmoment};
use medmij::dvp::verzoek::refresh_form;
use medmij::scope::Functie;
use protocol::wire::{Parameters, with_query};
use verdict::{Change, Event, Expect, Moment, Stored};

use super::dva::{Mislukt, afloop};
use super::rij::{Gegevens, Rij, VerbindingId};
use super::terug::Uitwisseling;
use crate::door::TraceId;
use crate::pages::{
    PgoAfloop, PgoBeeindigen, PgoGedaan, PgoMeldingSoort, PgoMoment, PgoVerbinding,
    PgoVerbindingSoort, PgoVerbindingen,
};
use crate::routes::pgo::PgoRole;
use crate::routes::pgo::pages_of::{whole, with_visit};
use crate::settle::Outage;
use crate::web::{self, Visit};

/// Every connection of the person.
pub(super) async fn overzicht(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let known = match role.bezoek(&visit).await {
        Ok(Some(known)) => known,
        Ok(None) => return web::see_other("/rechtstreeks"),
        Err(_) => return role.say(&visit, 503, PgoMeldingSoort::RechtstreeksMislukt),
    };
    let now = role.app.clock.now();
    let (formulier, fresh) = role.formulier(&visit);
    let query = visit.query().unwrap_or_default();
    let context = PgoVerbindingen {
        verbindingen: known
            .rijen
            .iter()
            .map(|(id, rij)| role.verbinding_shown(*id, &rij.value, now))
            .collect(),
        gedaan: query.get("gedaan").and_then(PgoGedaan::named),
        formulier,
    };
    let page = with_visit(role.show(&visit, 200, &context), fresh);
    web::with(page, role.account_cookie(known.id))
}

/// Collects now, with the refresh token.
pub(super) async fn ophalen(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let (id, _) = match role.van_formulier(&visit).await {
        Ok((id, rij, _)) => (id, rij),
        Err(response) => return response,
    };
    // core.tknint.208 (medmij case 65): a run of its own
    let trace = TraceId::fresh();
    let run = async move {
        match role.opnieuw(trace, id, Vec::new()).await {
            Ok(Some(afloop)) if afloop.is_gelukt() => gedaan(PgoGedaan::Opgehaald),
            Ok(_) => gedaan(PgoGedaan::NietOpgehaald),
            Err(_) => PgoRole::told(PgoMeldingSoort::RechtstreeksMislukt),
        }
    };
    whole(run).await
}

/// Whether the person is sure.
pub(super) async fn beeindigen(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let (id, rij) = match role.eigen(&visit, &query).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let (formulier, fresh) = role.formulier(&visit);
    let now = role.app.clock.now();
    let context = PgoBeeindigen {
        verbinding: role.verbinding_shown(id, &rij.value, now),
        formulier,
    };
    let origin = web::origin(&rij.value.verbinding.authorization_endpoint);
    with_visit(
        PgoRole::show_towards(&visit, 200, &[origin], &context),
        fresh,
    )
}

/// Ends a consent that lasts: the tokens go here, and the consent goes at the DVA, where the person is led.
/// Of one that does not last any more, what was collected goes.
pub(super) async fn beeindigd(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let (id, rij) = match role.van_formulier(&visit).await {
        Ok((id, rij, _)) => (id, rij),
        Err(response) => return response,
    };
    let lasts = rij.value.verbinding.refresh_token.is_some();
    // medmij.md §2.5: a consent ends in the browser, at the DVA
    let dva = web::origin(&rij.value.verbinding.authorization_endpoint);
    let overview = web::in_chosen_lang(&visit, &format!("{dva}/toestemmingen"));
    match role.einde(visit.trace, id).await {
        Ok(()) if lasts => web::see_other(&overview),
        Ok(()) => gedaan(PgoGedaan::Verwijderd),
        Err(_) => PgoRole::told(PgoMeldingSoort::RechtstreeksMislukt),
    }
}

impl PgoRole {
    /// The connection that a form of the person's own names, and the form.
    pub(super) async fn van_formulier(
        &self,
        visit: &Visit,
    ) -> Result<(VerbindingId, Stored<Rij>, Parameters), Response> {
        let Some(form) = self.own_form(visit) else {
            return Err(self.say(visit, 400, PgoMeldingSoort::FormulierVerlopen));
        };
        let (id, rij) = self.eigen(visit, &form).await?;
        Ok((id, rij, form))
    }

    /// The connection that is named, if it is this person's.
    pub(super) async fn eigen(
        &self,
        visit: &Visit,
        named: &Parameters,
    ) -> Result<(VerbindingId, Stored<Rij>), Response> {
        let known = self.verbindingen(visit).await;
        let known =
            known.map_err(|_| self.say(visit, 503, PgoMeldingSoort::RechtstreeksMislukt))?;
        let id = named.get("verbinding").unwrap_or_default();
        let rijen = known.map(|known| known.rijen).unwrap_or_default();
        let mut rijen = rijen.into_iter();
        let found = rijen.find(|(known, _)| known.to_string() == id);
        found.ok_or_else(|| web::see_other("/verbindingen"))
    }

    /// Collects with the refresh token, if there is one. What is to be told with it stands in `events`:
    /// there is something when nobody asked for it now.
    pub(super) async fn opnieuw(
        &self,
        trace: TraceId,
        id: VerbindingId,
        events: Vec<Event>,
    ) -> Result<Option<Afloop>, Outage> {
        let vanzelf = !events.is_empty();
        let _alone = self.alone(id).await;
        let Some(rij) = self.rij(id).await? else {
            return Ok(None);
        };
        let Some(token) = rij.value.verbinding.refresh_token.clone() else {
            return Ok(None);
        };
        let verbinding = &rij.value.verbinding;
        let form = refresh_form(&token, &verbinding.redirect_uri, &self.config.client_id);
        let (naam, server) = (&verbinding.wens.naam, &verbinding.authorization_endpoint);
        let asked = async {
            let ingang = self.ingang(trace, naam, server).await?;
            let tokens = self.tokens_of_dva(trace, &ingang, &form, &Functie::Verzamelen);
            let tokens = tokens.await?;
            Ok((ingang, tokens))
        };
        match asked.await {
            Ok((ingang, tokens)) => {
                // medmij.md §2.2: the next token is safe before it is needed, since the old one is dead
                self.geroteerd(trace, id, rij, &tokens, events).await?;
                let met = Uitwisseling {
                    id,
                    ingang,
                    tokens,
                    vanzelf,
                };
                let rij = self.uitgewisseld(trace, met).await?;
                Ok(rij
                    .verbinding
                    .momenten()
                    .first()
                    .map(|moment| moment.afloop))
            }
            Err(mislukt) => self
                .mislukt(trace, id, rij, mislukt, events)
                .await
                .map(Some),
        }
    }

    async fn geroteerd(
        &self,
        trace: TraceId,
        id: VerbindingId,
        before: Stored<Rij>,
        tokens: &medmij::dvp::tokens::Tokens,
        events: Vec<Event>,
    ) -> Result<(), Outage> {
        let mut rij = before.value;
        if let Some(next) = &tokens.refresh_token {
            rij.verbinding.refresh_token = Some(next.clone());
        }
        let now = self.app.clock.now();
        let change = rij.put_at(id, Expect::Version(before.version), now);
        self.write_telling(trace, vec![change], events).await
    }

    /// Keeps how it went. The refresh token stays: the same answer may mean that there is nothing today.
    async fn mislukt(
        &self,
        trace: TraceId,
        id: VerbindingId,
        before: Stored<Rij>,
        mislukt: Mislukt,
        events: Vec<Event>,
    ) -> Result<Afloop, Outage> {
        let (now, afloop) = (self.app.clock.now(), afloop(&mislukt.uitkomst()));
        let mut rij = before.value;
        rij.verbinding.noteer(Ophaalmoment {
            at: now.unix(),
            vanzelf: !events.is_empty(),
            afloop,
        });
        let change = rij.put_at(id, Expect::Version(before.version), now);
        self.write_telling(trace, vec![change], events).await?;
        Ok(afloop)
    }

    /// Forgets the tokens of a connection, or what is left of one without.
    async fn einde(&self, trace: TraceId, id: VerbindingId) -> Result<(), Outage> {
        let _alone = self.alone(id).await;
        let Some(rij) = self.rij(id).await? else {
            return Ok(());
        };
        let now = self.app.clock.now();
        let mut value = rij.value;
        if value.verbinding.refresh_token.take().is_some() {
            value.verbinding.bestel(false, now);
            let change = value.put_at(id, Expect::Version(rij.version), now);
            return self.write(trace, vec![change]).await;
        }
        let mut changes = vec![Change::remove(id.key(), rij.version)];
        let gegevens = self.app.load::<Gegevens>(id.gegevens_key(), now).await?;
        changes.extend(gegevens.map(|row| Change::remove(id.gegevens_key(), row.version)));
        self.write(trace, changes).await
    }

    fn verbinding_shown(&self, id: VerbindingId, rij: &Rij, now: Moment) -> PgoVerbinding {
        let verbinding = &rij.verbinding;
        let wens = &verbinding.wens;
        let soort = match (&wens.functie, &verbinding.refresh_token) {
            (Functie::Delen(_), _) => PgoVerbindingSoort::Gedeeld,
            (Functie::Verzamelen, Some(_)) => PgoVerbindingSoort::Langdurig {
                vanzelf: verbinding.is_besteld(),
            },
            _ => PgoVerbindingSoort::Eenmalig,
        };
        PgoVerbinding {
            id: id.to_string(),
            naam: wens.naam.scope_naam().to_owned(),
            aanbieder: self.weergavenaam(&wens.naam),
            dva: host(&verbinding.authorization_endpoint),
            voor: rij.voor(),
            diensten: rij
                .diensten
                .iter()
                .map(|dienst| self.titel(dienst))
                .collect(),
            sinds: klok(rij.sinds),
            soort,
            stil: verbinding.is_stil(now),
            momenten: verbinding.momenten().iter().map(moment).collect(),
            data: rij.data(id),
        }
    }
}

fn moment(moment: &Ophaalmoment) -> PgoMoment {
    PgoMoment {
        op: klok(moment.at),
        vanzelf: moment.vanzelf,
        afloop: match moment.afloop {
            Afloop::Gekregen(aantal) => PgoAfloop::Gekregen(aantal),
            Afloop::Bevestigd => PgoAfloop::Gedeeld,
            Afloop::Geweigerd => PgoAfloop::Geweigerd,
            Afloop::NietBereikbaar => PgoAfloop::NietBereikbaar,
            Afloop::NietVertrouwd => PgoAfloop::NietVertrouwd,
        },
    }
}

/// As a FHIR dateTime on the clocks of the Netherlands; empty outside the calendar.
pub(super) fn klok(unix: i64) -> String {
    let moment = op_de_klok(Moment::from_unix(unix));
    moment.map_or_else(String::new, |moment| {
        moment.strftime("%Y-%m-%dT%H:%M").to_string()
    })
}

fn host(url: &str) -> String {
    let url = url::Url::parse(url).ok();
    let host = url.as_ref().and_then(url::Url::host_str);
    host.unwrap_or_default().to_owned()
}

/// To the overview, which says what was done.
pub(super) fn gedaan(wat: PgoGedaan) -> Response {
    web::see_other(&with_query("/verbindingen", &[("gedaan", wat.name())]))
}
