//! Certificates, keys, authorities, revocation lists and DigiD's metadata.

use std::path::{Path, PathBuf};

use identity::{EntityId, Oin};
use rustls_pki_types::CertificateDer;
use verdict::Moment;

use super::{Finding, Reach, Standing};
use crate::certificates::{Validity, subject};
use crate::clock::Clock;
use crate::config::Config;
use crate::date;
use crate::input::Registers;
use crate::keys::MasterKey;
use crate::node::files::{self, Shown};
use crate::node::ketens::{self, Keten};
use crate::node::{reload, roles, trusted};
use crate::trust::Trust;

/// A certificate that ends sooner than this is to be renewed, in seconds: 30 days.
const RENEW_WITHIN_S: u32 = 30 * 86_400;

/// The key under which all others are sealed.
pub(super) fn master(config: &Config) -> Finding {
    let at = config.master_file.display();
    let looked = files::read(&config.master_file).and_then(|_| {
        let master = MasterKey::read(&config.master_file);
        master.map_err(|fault| fault.to_string())
    });
    Finding::of("keys.master_file", looked.map(|_| format!("{at} is there")))
}

/// Each site's and each role's certificate, and DigiD.
pub(super) fn certificates(config: &Config, now: Moment) -> Vec<Finding> {
    let sites = config.sites().into_iter();
    let of_sites = sites.map(|(name, site)| {
        let shown = files::server(&site.identity, &site.host, now);
        certificate(name.to_owned(), site.host.as_str(), shown, now)
    });
    let nodes = config.nodes().into_iter();
    let of_nodes = nodes.map(|(role, node)| {
        let shown = files::client(&node.identity, &node.host, now);
        certificate(format!("{role}.node"), node.host.as_str(), shown, now)
    });
    let mut findings: Vec<Finding> = of_sites.chain(of_nodes).collect();
    for (setting, digid) in config.logins() {
        let signing = files::pair(&digid.signing, now);
        findings.push(certificate(setting.to_owned(), "SAML", signing, now));
        let idp = roles::idp_metadata(digid);
        let says = idp.map(|idp| format!("metadata of {}", idp.entity_id));
        findings.push(Finding::of(format!("{setting}.metadata"), says));
    }
    findings
}

/// What `x5c` of the roles of eToegang names: the certificates of their keys, and by whose the keys of others
/// count.
pub(super) fn of_keys(config: &Config, now: Moment) -> Vec<Finding> {
    let roles = config.participants().into_iter();
    let of_role = roles.flat_map(|(role, entity, x5c)| {
        let own = x5c.directory.iter().flat_map(|directory| {
            let setting = format!("{role}.x5c.directory");
            chains(&setting, directory, entity, now)
        });
        let roots = x5c.roots.iter().map(move |file| {
            let read = files::roots(file);
            let says = read.map(|roots| format!("{}: {} authorities", file.display(), roots.len()));
            Finding::of(format!("{role}.x5c.roots"), says)
        });
        own.chain(roots).collect::<Vec<_>>()
    });
    of_role.collect()
}

/// A finding for each file of a directory.
fn chains(setting: &str, directory: &Path, entity: &EntityId, now: Moment) -> Vec<Finding> {
    let oin = Oin::parse(entity.oin()).map_err(|error| error.to_string());
    let found = oin.and_then(|oin| Ok((ketens::pem_files(directory)?, oin)));
    let (files, oin) = match found {
        Ok(found) => found,
        Err(why) => return vec![Finding::fault(setting, why)],
    };
    if files.is_empty() {
        let at = directory.display();
        let says = "no certificate yet; `sluis keys request` makes what to send to the authority";
        return vec![Finding::soon(setting, format!("{at}: {says}"))];
    }
    let finding = |file: &PathBuf| match Keten::read(file, &oin) {
        Ok(keten) if keten.validity.from > now => {
            let from = date::day(keten.validity.from.unix());
            Finding::soon(setting, format!("{}: holds from {from} on", file.display()))
        }
        Ok(keten) => {
            let until = keten.validity.until;
            until_then(setting.to_owned(), &file.display().to_string(), until, now)
        }
        Err(why) => Finding::fault(setting, why),
    };
    files.iter().map(finding).collect()
}

fn certificate(subject: String, of: &str, shown: Result<Shown, String>, now: Moment) -> Finding {
    let Validity { until, .. } = match shown {
        Ok(shown) => shown.validity,
        Err(why) => return Finding::fault(subject, why),
    };
    until_then(subject, of, until, now)
}

/// What is said of a certificate that holds until then.
fn until_then(subject: String, of: &str, until: Moment, now: Moment) -> Finding {
    let says = format!("{of}, until {}", date::day(until.unix()));
    if until.is_over_at(now.plus_s(RENEW_WITHIN_S)) {
        return Finding::soon(subject, format!("{says}: renew it; no restart is needed"));
    }
    Finding::good(subject, says)
}

/// The authorities and their revocation lists; and whom a node would believe, if it can start.
pub(super) async fn trust(
    config: &Config,
    registers: &Registers,
    clock: &Clock,
    reach: Reach,
) -> (Vec<Finding>, Option<Trust>) {
    let sources = trusted::Sources::of(&config.trust, registers, &config.state);
    let authorities = match sources.authorities() {
        Ok(authorities) => authorities,
        Err(why) => return (vec![Finding::fault("trust.roots", why)], None),
    };
    let count = authorities.len();
    let mut findings = vec![Finding::good("trust.roots", format!("{count} authorities"))];
    let now = clock.wall();
    if let (Ok(fetcher), Reach::Everywhere) = (reload::fetcher(config), reach) {
        let fetched = sources
            .fetch(&fetcher, &authorities, now, |_| true)
            .await
            .into_iter();
        let faults = fetched.filter_map(|(_, fetched)| fetched.err());
        findings.extend(faults.map(|why| Finding::fault("trust.crls", why)));
    }
    findings.extend(sources.lists().iter().map(|source| {
        let held = source.in_force(&authorities, now);
        let looked =
            held.map(|list| format!("{}, until {}", list.issuer, date::moment(list.until.unix())));
        Finding::of("trust.crls", looked)
    }));
    findings.extend(without_list(&authorities, &sources, now));
    if sources.lists().is_empty() {
        findings.push(Finding::new(
            "trust.revocation",
            Standing::Soon,
            "off: a certificate that was revoked is still taken",
        ));
    }
    let trust = sources.judged(authorities, now).trust;
    (findings, Some(trust))
}

/// Authorities of which no list is held: whom they vouch for is refused.
fn without_list(
    authorities: &[CertificateDer<'static>],
    sources: &trusted::Sources,
    now: Moment,
) -> Vec<Finding> {
    if sources.lists().is_empty() {
        return Vec::new();
    }
    let held = sources.lists().iter();
    let held: Vec<String> = held
        .filter_map(|source| source.in_force(authorities, now).ok())
        .map(|list| list.issuer)
        .collect();
    let names = authorities
        .iter()
        .filter_map(|authority| subject(authority));
    let without = names.filter(|name| !held.contains(name));
    let finding = |name| {
        let why = format!("none is held of {name}: whom it vouches for is refused");
        Finding::fault("trust.crls", why)
    };
    without.map(finding).collect()
}
