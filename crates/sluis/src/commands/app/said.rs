//! What the app tells of what it got.

use etoegang::dv_app::Gekregen;
use etoegang::dv_hm::claims::{IdToken, Represents};
use etoegang::kenmerk::Soort;
use serde_json::{Value, json};

use crate::commands::keys::table::moment;

/// Lines for a person: who, for whom, at which level, for how long.
pub(super) fn text(who: Option<&IdToken>, gekregen: &Gekregen) -> String {
    let mut lines = Vec::new();
    if let Some(who) = who {
        lines.push(format!("who            {}", who.sub));
        lines.push(format!("acts for       {}", acts_for(who)));
        lines.push(format!("level          {}", who.acr.naam()));
        lines.push(format!("logged in      {}", moment(who.auth_time)));
        let told = who.attributen.iter();
        lines.extend(
            told.map(|(naam, waarde)| format!("{:<14} {}", naam.lokaal(), waarde.as_str())),
        );
    }
    let life = gekregen.expires_in;
    let life = life.map_or_else(|| "not said".to_owned(), |life_s| format!("{life_s} s"));
    lines.push(format!("access token   {life}"));
    let renews = gekregen.refresh_token.is_some();
    let renews = if renews {
        "yes"
    } else {
        "none: this login is not renewed"
    };
    lines.push(format!("refresh token  {renews}"));
    lines.join("\n")
}

/// The same for programs. No token is in it.
pub(super) fn as_json(who: Option<&IdToken>, gekregen: &Gekregen) -> Value {
    json!({
        "who": who.map(|who| json!({
            "sub": who.sub,
            "acts_for": chain(who).iter().map(|one| shown(one)).collect::<Vec<_>>(),
            "acr": who.acr,
            "auth_time": who.auth_time,
            "attributes": who.attributen,
        })),
        "expires_in": gekregen.expires_in,
        "renews": gekregen.refresh_token.is_some(),
    })
}

/// Beside the above, when it was asked for.
pub(super) fn tokens(gekregen: &Gekregen) -> Value {
    json!({
        "access_token": gekregen.access_token,
        "refresh_token": gekregen.refresh_token,
        "id_token": gekregen.id_token,
    })
}

fn acts_for(who: &IdToken) -> String {
    let mut chain: Vec<String> = chain(who).iter().map(|one| shown(one)).collect();
    match chain.pop() {
        None => "oneself".to_owned(),
        Some(last) if chain.is_empty() => last,
        Some(last) => format!("{last}, through {}", chain.join(", ")),
    }
}

/// Who is represented, the last one in the end; more than four in a chain nobody has.
fn chain(who: &IdToken) -> Vec<&Represents> {
    let first = who.represents.as_ref();
    std::iter::successors(first, |one| one.represents.as_deref())
        .take(4)
        .collect()
}

/// An RSIN may be a person's BSN, and is not shown.
fn shown(one: &Represents) -> String {
    match Soort::from_urn(&one.sub_id_type) {
        Ok(Soort::KvkNr) => format!("KvK {}", one.sub),
        Ok(Soort::Rsin) => "an RSIN".to_owned(),
        Err(_) => "somebody".to_owned(),
    }
}
