//! Messages and refusals of runs of which no step was seen.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::journey::{afwijzing, uitwisseling};
use super::{NetwerkRole, show};
use crate::network::Party;
use crate::pages::Berichten;
use crate::recording::Recording;
use crate::web::Visit;

/// The loose messages, all or those of one party.
pub(super) async fn berichten(State(role): State<Arc<NetwerkRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    // A party that there is not is nobody's choice.
    let partij = query.get("partij").and_then(Party::named).map(Party::name);
    let loose = role.kept().loose();
    show(200, &visit, &as_page(&loose, partij))
}

fn as_page(loose: &[Recording], partij: Option<&str>) -> Berichten {
    let is_chosen = |party: &str| partij.is_none_or(|chosen| chosen == party);
    let mut exchanges: Vec<_> = loose.iter().flat_map(Recording::exchanges).collect();
    exchanges.retain(|it| is_chosen(&it.bericht.party));
    exchanges.sort_by_key(|it| std::cmp::Reverse(it.bericht.begonnen_ms));
    let mut refusals: Vec<_> = loose.iter().flat_map(|run| &run.weigeringen).collect();
    refusals.retain(|weigering| is_chosen(&weigering.party));
    refusals.sort_by_key(|weigering| std::cmp::Reverse(weigering.time));
    let numbered = (1..).zip(&exchanges);
    Berichten {
        berichten: numbered
            .map(|(nummer, exchange)| uitwisseling(nummer, exchange, true))
            .collect(),
        afwijzingen: refusals.into_iter().map(afwijzing).collect(),
        partijen: Party::ALL.map(|party| party.name().to_owned()).to_vec(),
        partij: partij.map(str::to_owned),
    }
}
