//! Long-lived consents at a DVA, given at MedMij's own authorization interface.

use identity::Bsn;
use medmij::scope::Scope;
use medmij::toestemming::{Geheim, ONGEBRUIKT_S, Toestemming, Wissel};
use medmij::token_interface::REFRESH_TOKEN;
use server::routes::dva::DvaRole;
use verdict::{Change, Clear, Expect, Moment, Record as _};

use super::{BSN, Issuer, grant_id, person};
use crate::Result;
use crate::proof::Proof;

/// A DVA's authorization server.
pub const DVA: Issuer = Issuer {
    role: "dva",
    purposes: &DvaRole::PURPOSES,
    refresh_token: REFRESH_TOKEN,
};

/// What a person agreed to, at the provider that the folder of a node has.
///
/// # Errors
/// When a name does not fit.
pub fn rows(proof: Proof, number: u32, now: Moment) -> Result<Vec<Change<Clear>>> {
    let id = grant_id(proof, number);
    let toestemming = Toestemming {
        client_id: proof.client_id().to_owned(),
        ura: "00000659".parse()?,
        scope: Scope::parse("ziekenhuisdesluiswachter").map_err(|_| "no scope")?,
        geboortedatum: None,
        bsn: Bsn::parse(BSN)?,
        persoon: person(id),
        gever: None,
        correlation_id: format!("00000000-0000-4000-8000-{number:012x}"),
        langdurig: true,
        gegeven: now.unix(),
        gebruikt: None,
        diensten: Vec::new(),
        geheim: Geheim::RefreshToken(Wissel {
            at: now.unix(),
            x5t_s256: None,
        }),
    };
    let key = Toestemming::key(id);
    Ok(vec![toestemming.put(
        key,
        Expect::Absent,
        now.plus_s(ONGEBRUIKT_S),
    )])
}
