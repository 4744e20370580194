//! Whom the roles call: whether they can be reached, are believed, and tell the same time.

use http::header::DATE;
use verdict::Moment;

use super::homes::clocks;
use super::{Finding, catalogi};
use crate::clock::Clock;
use crate::config::{BackendConfig, CalledConfig, CallerConfig, Config};
use crate::lists::published_at;
use crate::node::{files, outside_config, roles};
use crate::outside::{Answer, Headers, Outside};
use crate::trust::Trust;

/// Calls each of them once.
pub(super) async fn look(config: &Config, trust: &Trust, clock: &Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (role, node) in config.nodes() {
        let outside = files::client(&node.identity, &node.host, clock.wall()).and_then(|shown| {
            let config = outside_config(config, trust, role, shown.identity);
            Outside::new(config).map_err(|bad| bad.to_string())
        });
        let Ok(outside) = outside else {
            continue; // told of the certificate already
        };
        for (setting, url) in called(config, role) {
            findings.extend(one(&outside, setting, &url, clock).await);
        }
        findings.extend(catalogi::look(&outside, config, role, clock).await);
    }
    findings
}

/// What a role calls, by setting.
fn called(config: &Config, role: &str) -> Vec<(String, String)> {
    let mut called: Vec<(&str, String)> = Vec::new();
    let logins = config.logins().into_iter();
    let of_role = logins.filter(|(setting, _)| setting.split('.').next() == Some(role));
    for (_, digid) in of_role {
        if let Ok(idp) = roles::idp_metadata(digid) {
            let at = idp.artifact_resolution.into_iter();
            called.extend(at.map(|at| ("digid", at.url)));
        }
    }
    if let Some(mitz) = config.mitz.as_ref().filter(|_| role == "mitz") {
        called.push(("lokalisatie", mitz.lokalisatie.clone()));
        let dvas = mitz.dvas.iter();
        called.extend(dvas.map(|dva| ("dva", dva.jwks_uri.clone())));
    }
    if let Some(dva) = config.dva.as_ref().filter(|_| role == "dva") {
        called.push(("mitz_jwks", dva.mitz_jwks.clone()));
        called.push(("consent_introspection", dva.consent_introspection.clone()));
        called.push(("xis", dva.xis.clone()));
        called.extend(lists(&dva.stelselnode));
    }
    if let Some(pgo) = config.pgo.as_ref().filter(|_| role == "pgo") {
        let metadata = format!("{}/.well-known/openid-configuration", pgo.mitz);
        called.push(("mitz", metadata));
        called.extend(lists(&pgo.stelselnode));
    }
    called.extend(of_etoegang(config, role));
    let named = called.into_iter();
    named
        .map(|(setting, url)| (format!("{role}.{setting}"), url))
        .collect()
}

/// The keys of everybody whom a role of eToegang knows.
fn of_etoegang(config: &Config, role: &str) -> Vec<(&'static str, String)> {
    let ads = |ad: &CalledConfig| ("ad", ad.jwks_uri());
    let mrs = |mr: &CalledConfig| ("mr", mr.jwks_uri());
    let hms = |hm: &CallerConfig| ("hm", hm.jwks_uri.clone());
    let dvs = |dv: &BackendConfig| ("dv", dv.jwks_uri.clone());
    match (role, &config.hm, &config.ad, &config.mr) {
        ("hm", Some(hm), ..) => {
            let known = hm.ads.iter().map(ads).chain(hm.mrs.iter().map(mrs));
            known.chain(hm.dvs.iter().map(dvs)).collect()
        }
        ("ad", _, Some(ad), _) => {
            let known = ad.hms.iter().map(hms);
            known.chain(ad.mrs.iter().map(mrs)).collect()
        }
        ("mr", .., Some(mr)) => mr.hms.iter().map(hms).collect(),
        _ => Vec::new(),
    }
}

fn lists(base: &str) -> Vec<(&'static str, String)> {
    let lists = published_at(base).into_iter();
    lists.map(|url| ("stelselnode", url)).collect()
}

/// Any answer shows that somebody is there whom we believe; what it tells of the time is a second
/// finding.
async fn one(outside: &Outside, setting: String, url: &str, clock: &Clock) -> Vec<Finding> {
    let answer = match outside.get(url, Headers::default()).await {
        Ok(answer) => answer,
        Err(error) => {
            let why = format!(
                "{url}: {error}; is it reachable from here, and its authority among `trust.roots`?"
            );
            return vec![Finding::fault(setting, why)];
        }
    };
    let mut findings = vec![Finding::good(
        setting.clone(),
        format!("{url} answers {}", answer.status.as_u16()),
    )];
    if let Some(theirs) = date_of(&answer) {
        let ahead_s = theirs.unix() - clock.wall().unix();
        findings.push(clocks(format!("clock against {setting}"), ahead_s));
    }
    findings
}

/// When the answer says that it was made (RFC 9110 §6.6.1).
fn date_of(answer: &Answer) -> Option<Moment> {
    let date = answer.headers.get(DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(Moment::from_unix(date.timestamp().as_second()))
}
