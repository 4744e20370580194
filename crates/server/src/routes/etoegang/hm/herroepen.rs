//! Works off what must be revoked at ADs (F4, F12 of etoegang.md §4.8): rows that were written with the
//! end of a login. An AD that is away keeps nobody waiting, and nothing is lost.

use std::time::Duration;

use etoegang::hm_ad::Herroeping;
use etoegang::keten::KetenAntwoord;
use store::{Commit, Page, Store as _};
use verdict::{Change, CommitId, IndexKey, Key, Record as _, Stored};

use super::HmRole;
use crate::chance;
use crate::routes::etoegang::keten;
use crate::settle::Outage;

/// How often we look.
const TURN: Duration = Duration::from_secs(1);
/// Rows of one look, at most.
const ROWS: u16 = 64;
/// Looks that are left out after one in which an AD did not answer.
const REST: u32 = 15;

/// For as long as the party lives.
pub(super) async fn herroep(role: &HmRole) {
    let mut resting = 0;
    loop {
        tokio::time::sleep(TURN).await;
        if resting > 0 {
            resting -= 1;
            continue;
        }
        match round(role).await {
            Ok(true) => {}
            Ok(false) => resting = REST,
            Err(outage) => {
                tracing::error!(party = role.app.party, %outage, "revocations at ADs wait");
                resting = REST;
            }
        }
    }
}

/// One look; whether everybody answered.
async fn round(role: &HmRole) -> Result<bool, Outage> {
    let app = &role.app;
    let (index, open) = Herroeping::OPEN;
    let key = IndexKey::Text(open.to_owned());
    let now = app.clock.now();
    let found = app
        .home
        .find(Herroeping::SPACE, index, &key, Page::first(ROWS), now)
        .await?;
    let mut everybody = true;
    for (key, row) in found.rows {
        let stored: Stored<Herroeping> = app.opened(&key, row)?;
        if revoked(role, &stored.value).await? {
            done(role, key, stored.version).await;
        } else {
            everybody = false;
        }
    }
    Ok(everybody)
}

/// Whether the AD has it. One that refuses our proof, or left the network, will never take it: then it is
/// told to the operator, once, and the row goes too.
async fn revoked(role: &HmRole, herroeping: &Herroeping) -> Result<bool, Outage> {
    let Some(ad) = role.ad(&herroeping.ad) else {
        tracing::warn!(party = role.app.party, ad = %herroeping.ad, "an AD left the network before it revoked");
        return Ok(true);
    };
    let client_id = role.hm.entity.as_str();
    let fields = [
        ("token", herroeping.token.reveal()),
        ("token_type_hint", "refresh_token"),
    ];
    let revoke = ad.at("/revoke");
    let answer = keten::post_form(&role.app, &revoke, client_id, &ad.basis, &fields).await?;
    if answer.later_s().is_some() {
        return Ok(false);
    }
    if !matches!(answer, KetenAntwoord::Http { status: 200, .. }) {
        tracing::error!(party = role.app.party, ad = %herroeping.ad, "an AD refuses a revocation: look at the registration there");
    }
    Ok(true)
}

/// Removes the row. Somebody else may have done it.
async fn done(role: &HmRole, key: Key, version: u64) {
    let id = CommitId(chance::entropy().bytes("commit"));
    let changes = vec![Change::remove(key, version)];
    if let Ok(commit) = Commit::new(id, role.app.clock.now(), changes, Vec::new()) {
        let _ = role.app.home.commit(commit).await;
    }
}
