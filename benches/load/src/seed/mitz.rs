//! Grants at Mitz.

use identity::{Bsn, Loa};
use mitz::authorization_server::grant::{Grant, REFRESH_S, Secret};
use mitz::authorization_server::token::REFRESH_TOKEN;
use mitz::toestemming::Functie;
use mitz::toestemmingenregister::{Koppeling, TOESTEMMING_S};
use server::routes::mitz::MitzRole;
use verdict::{Change, Clear, Expect, Moment, Record as _};

use super::{BSN, Issuer, grant_id, person};
use crate::Result;
use crate::proof::Proof;

/// Mitz' authorization server.
pub const MITZ: Issuer = Issuer {
    role: "mitz",
    purposes: &MitzRole::PURPOSES,
    refresh_token: REFRESH_TOKEN,
};

/// A person's link to the client, and the grant that hangs on it.
pub(super) fn rows(proof: Proof, number: u32, now: Moment) -> Result<Vec<Change<Clear>>> {
    let id = grant_id(proof, number);
    let client_id = proof.client_id().to_owned();
    let grant = Grant {
        client_id: client_id.clone(),
        persoon: person(id),
        bsn: Bsn::parse(BSN)?,
        sub: format!("{:032x}", u128::from_be_bytes(id)),
        koppeling: id,
        scope: "openid".to_owned(),
        functie: Functie::Verzamelen,
        nonce: None,
        level: Loa::Substantieel,
        auth_time: now.unix(),
        secret: Secret::RefreshToken,
    };
    let koppeling = Koppeling { client_id };
    let until = now.plus_s(TOESTEMMING_S);
    Ok(vec![
        koppeling.put(Koppeling::key(id), Expect::Absent, until),
        grant.put(Grant::key(id), Expect::Absent, now.plus_s(REFRESH_S)),
    ])
}
