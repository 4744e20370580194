//! The browser is back from a DVA, with a code or without (core.tknint.202, .203).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use identity::GegevensdienstId;
use medmij::dvp::ingang::Ingang;
use medmij::dvp::tokens::{Token, Tokens};
use medmij::dvp::verbinding::{Ophaalmoment, Verbinding};
use medmij::dvp::verzoek::{Code, Wachtend};
use protocol::callback::Callback;
use protocol::wire::Parameters;
use verdict::{Change, Clear, Event, Expect};

use super::delen::{Gewicht, na_delen};
use super::dva::{afloop, samen};
use super::rij::{Account, AccountId, Gegevens, Rij, VerbindingId};
use super::{TERUG, WACHTEND, Wacht, new_account, wachtend_cookie};
use crate::door::TraceId;
use crate::pages::PgoMeldingSoort;
use crate::routes::pgo::PgoRole;
use crate::routes::pgo::dossier::Aanbieder;
use crate::routes::pgo::pages_of::{Spend, Write, state_key, whole};
use crate::settle::{Outage, settle};
use crate::web::{self, Visit};

/// The answer of a DVA, at the address that is for it alone.
pub(super) async fn terug(
    State(role): State<Arc<PgoRole>>,
    Path(dva): Path<String>,
    visit: Visit,
) -> Response {
    let Ok(parameters) = visit.query() else {
        return PgoRole::told(PgoMeldingSoort::NietVanOns);
    };
    let cookie = wachtend_cookie(parameters.get("state").unwrap_or_default());
    let wacht = visit.cookie(&cookie);
    let wacht = wacht.and_then(|text| role.app.seal.open_cookie::<Wacht>(WACHTEND, text));
    let at = format!("{}{TERUG}/{dva}", role.config.front);
    let Some(wacht) = wacht.filter(|wacht| wacht.wachtend.redirect_uri == at) else {
        return PgoRole::told(PgoMeldingSoort::NietVanOns);
    };
    let answered = async move { role.antwoord(&visit, wacht, &parameters).await };
    web::with(whole(answered).await, web::drop_cookie(&cookie))
}

/// What an exchange is for.
pub(super) struct Uitwisseling {
    pub(super) id: VerbindingId,
    pub(super) ingang: Ingang,
    pub(super) tokens: Tokens,
    /// Whether nobody asked for it now.
    pub(super) vanzelf: bool,
}

impl PgoRole {
    async fn antwoord(&self, visit: &Visit, wacht: Wacht, parameters: &Parameters) -> Response {
        let trace = TraceId::parse(&wacht.wachtend.correlation_id).unwrap_or(visit.trace);
        let spent = settle(&self.app, trace, Spend(state_key(wacht.wachtend.state()))).await;
        let soort = match (spent, wacht.wachtend.code(parameters)) {
            (Ok(true), Ok(code)) => match self.met_code(visit, trace, wacht, code).await {
                Ok(response) => return response,
                Err(soort) => soort,
            },
            (Ok(true), Err(Callback::AccessDenied)) => PgoMeldingSoort::RechtstreeksGestopt,
            (Ok(true), Err(Callback::Failed)) | (Err(_), _) => PgoMeldingSoort::RechtstreeksMislukt,
            (Ok(_), _) => {
                let reason = "the answer is not ours, or was used";
                self.app.refused(trace, "core.tknint.202", reason);
                PgoMeldingSoort::NietVanOns
            }
        };
        Self::told(soort)
    }

    /// The code becomes tokens, the tokens become a connection, and the connection brings data.
    async fn met_code(
        &self,
        visit: &Visit,
        trace: TraceId,
        wacht: Wacht,
        code: Code,
    ) -> Result<Response, PgoMeldingSoort> {
        let mislukt = |_: Outage| PgoMeldingSoort::RechtstreeksMislukt;
        let known = self.verbindingen(visit).await.map_err(mislukt)?;
        let account = known.map_or_else(new_account, |known| known.id);
        let (wachtend, wens) = (&wacht.wachtend, &wacht.wachtend.wens);
        let server = &wachtend.authorization_endpoint;
        let ingang = self.ingang(trace, &wens.naam, server).await?;
        // core.tknint.203: the form takes the code, and there is none any more
        let form = code.form(wachtend, &self.config.client_id);
        let tokens = self.tokens_of_dva(trace, &ingang, &form, &wens.functie);
        let tokens = tokens.await?;
        let id = VerbindingId::of(account, wens, server);
        let _alone = self.alone(id).await;
        let refresh_token = tokens.refresh_token.clone();
        let of = (account, wacht.diensten);
        let kept = self.bewaar(trace, id, of, (wacht.wachtend, refresh_token));
        kept.await.map_err(mislukt)?;
        let met = Uitwisseling {
            id,
            ingang,
            tokens,
            vanzelf: false,
        };
        let shown = self.gebruikt(trace, met, wacht.gewicht).await;
        let shown = shown.map_err(mislukt)?;
        Ok(web::with(shown, self.account_cookie(account)))
    }

    /// What the tokens are for: to place what there is, else to collect.
    async fn gebruikt(
        &self,
        trace: TraceId,
        met: Uitwisseling,
        gewicht: Option<Gewicht>,
    ) -> Result<Response, Outage> {
        let id = met.id;
        if let Some(gewicht) = gewicht {
            let by = (&met.ingang, &met.tokens);
            let afloop = self.gedeeld(trace, id, by, &gewicht).await?;
            return Ok(na_delen(id, afloop));
        }
        let rij = self.uitgewisseld(trace, met).await?;
        Ok(web::see_other(&rij.data(id)))
    }

    /// Makes a new consent durable before it is used, so that no refresh token is lost: as a connection
    /// of its own, or in the place of the consent that the connection had.
    async fn bewaar(
        &self,
        trace: TraceId,
        id: VerbindingId,
        (account, diensten): (AccountId, Vec<GegevensdienstId>),
        (wachtend, refresh_token): (Wachtend, Option<Token>),
    ) -> Result<(), Outage> {
        let now = self.app.clock.now();
        let (rij, expect) = match self.rij(id).await? {
            None => {
                let rij = Rij {
                    account,
                    verbinding: Verbinding::new(wachtend, refresh_token),
                    diensten,
                    sinds: now.unix(),
                };
                (rij, Expect::Absent)
            }
            Some(before) => {
                let mut rij = before.value;
                rij.verbinding.renew(wachtend, refresh_token);
                rij.diensten = diensten;
                (rij, Expect::Version(before.version))
            }
        };
        let mut changes = vec![rij.put_at(id, expect, now)];
        changes.extend(self.here(account).await?);
        self.write(trace, changes).await
    }

    /// Collects with tokens, and keeps what came and how it went. Whoever calls it is
    /// [alone](PgoRole::alone) with the connection.
    pub(super) async fn uitgewisseld(
        &self,
        trace: TraceId,
        met: Uitwisseling,
    ) -> Result<Rij, Outage> {
        let Some(before) = self.rij(met.id).await? else {
            return Err(Outage::Fault("the connection is gone".to_owned()));
        };
        let diensten = &before.value.diensten;
        let came = self.verzameld_bij(trace, &met.ingang, diensten, &met.tokens);
        let came = came.await;
        let now = self.app.clock.now();
        let mut rij = before.value;
        rij.verbinding.noteer(Ophaalmoment {
            at: now.unix(),
            vanzelf: met.vanzelf,
            afloop: afloop(&came),
        });
        let gegevens = self
            .app
            .load::<Gegevens>(met.id.gegevens_key(), now)
            .await?;
        let mut changes = vec![rij.put_at(met.id, Expect::Version(before.version), now)];
        let expect = gegevens.as_ref().map(|row| row.version);
        let before = gegevens.map(|row| row.value.aanbieder.uitkomst);
        let fresh = Gegevens::of(Aanbieder {
            weergavenaam: self.weergavenaam(&rij.verbinding.wens.naam),
            uitkomst: samen(before, came),
        });
        let expect = expect.map_or(Expect::Absent, Expect::Version);
        changes.extend(fresh.map(|fresh| fresh.put_at(met.id, expect, now)));
        self.write(trace, changes).await?;
        Ok(rij)
    }

    /// The person is here: what says so is written once a day (core.account.101).
    pub(super) async fn here(&self, id: AccountId) -> Result<Option<Change<Clear>>, Outage> {
        const DAY_S: u32 = 86_400;
        let now = self.app.clock.now();
        let known = self.app.load::<Account>(id.key(), now).await?;
        let expect = match known {
            None => Expect::Absent,
            Some(known) if known.value.moment().plus_s(DAY_S).is_over_at(now) => {
                Expect::Version(known.version)
            }
            Some(_) => return Ok(None),
        };
        Ok(Some(Account::at(now).put_at(id, expect)))
    }

    /// All or nothing; a conflict is a fault, since nobody else writes while one is
    /// [alone](PgoRole::alone) with the rows, but for another node.
    pub(super) async fn write(
        &self,
        trace: TraceId,
        changes: Vec<Change<Clear>>,
    ) -> Result<(), Outage> {
        self.write_telling(trace, changes, Vec::new()).await
    }

    /// The same, with what the audit log hears of it.
    pub(super) async fn write_telling(
        &self,
        trace: TraceId,
        changes: Vec<Change<Clear>>,
        events: Vec<Event>,
    ) -> Result<(), Outage> {
        if settle(&self.app, trace, Write(changes, events)).await? {
            return Ok(());
        }
        let fault = "the connection was changed meanwhile".to_owned();
        Err(Outage::Fault(fault))
    }
}
