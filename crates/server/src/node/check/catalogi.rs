//! The service catalogues of eToegang that roles read: whose signature counts, and whether a good one can
//! be had.

use verdict::Moment;

use super::Finding;
use crate::certificates::{Validity, validity};
use crate::clock::Clock;
use crate::config::{CatalogusConfig, Config};
use crate::date;
use crate::node::files;
use crate::node::roles::etoegang::bron;
use crate::outside::Outside;

/// The roles with a published catalogue.
fn published(config: &Config) -> impl Iterator<Item = (&'static str, &CatalogusConfig)> {
    let of_hm = config.hm.as_ref().and_then(|hm| hm.catalogus.as_ref());
    let of_mr = config.mr.as_ref().and_then(|mr| mr.catalogus.as_ref());
    let both = [("hm", of_hm), ("mr", of_mr)].into_iter();
    both.filter_map(|(role, found)| Some((role, found?)))
}

/// Whether a role has none, so that its services stand in `etoegang.json`.
pub(super) fn without(config: &Config) -> bool {
    let of_hm = config.hm.as_ref().is_some_and(|hm| hm.catalogus.is_none());
    let of_mr = config.mr.as_ref().is_some_and(|mr| mr.catalogus.is_none());
    of_hm || of_mr
}

/// The certificates of the scheme's manager. Their keys count beyond their dates, so that a catalogue that
/// was signed before still does; somebody should look, though.
pub(super) fn signers(config: &Config, now: Moment) -> Vec<Finding> {
    let files = published(config).flat_map(|(role, catalogus)| {
        let files = catalogus.certificates.iter();
        files.map(move |file| (format!("{role}.catalogus.certificates"), file))
    });
    let finding = |(setting, file): (String, &std::path::PathBuf)| {
        let at = file.display();
        let signers = match files::signers(file) {
            Ok(signers) => signers,
            Err(why) => return vec![Finding::fault(setting, why)],
        };
        let signers = signers.iter().map(|signer| validity(signer.der()));
        signers
            .map(|read| match read {
                Ok(read) if read.holds_at(now) => {
                    let says = format!("{at}, until {}", date::day(read.until.unix()));
                    Finding::good(setting.clone(), says)
                }
                Ok(Validity { from, until }) => {
                    let (from, until) = (date::day(from.unix()), date::day(until.unix()));
                    let says = format!(
                        "{at}: holds from {from} until {until}; ask the scheme's manager for the next one"
                    );
                    Finding::soon(setting.clone(), says)
                }
                Err(bad) => Finding::fault(setting.clone(), format!("{at}: {bad}")),
            })
            .collect()
    };
    files.flat_map(finding).collect()
}

/// What is published for a role now, judged as the role would judge it without one in force.
pub(super) async fn look(
    outside: &Outside,
    config: &Config,
    role: &str,
    clock: &Clock,
) -> Option<Finding> {
    let mut published = published(config);
    let (role, catalogus) = published.find(|(of, _)| *of == role)?;
    let Ok(bron) = bron(catalogus) else {
        return None; // told of the certificate already
    };
    let at = bron.plaats.to_string();
    let looked = match bron.nu(outside, clock.wall()).await {
        Ok(geldend) => {
            let (uitgave, diensten) = (geldend.uitgave(), geldend.catalogus().diensten());
            let issued = date::day(uitgave.uitgegeven.unix());
            let (versie, services) = (uitgave.versie.as_str(), diensten.len());
            Ok(format!("{at}: {versie} of {issued}, {services} services"))
        }
        Err(why) => Err(format!(
            "{at}: {why}; until a good one is there the role goes on with the one that it kept"
        )),
    };
    Some(Finding::of(format!("{role}.catalogus"), looked))
}
