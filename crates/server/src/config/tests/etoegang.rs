//! `[hm]`, `[ad]` and `[mr]`.

use std::path::Path;

use etoegang::authenticatiedienst;
use etoegang::instellingen::{Instellingen, Ondertekening};

use super::{is_told, read};
use crate::catalogus::Plaats;
use crate::config::{CalledConfig, CallerConfig, CatalogusConfig};
use crate::keys::Purpose;

pub(super) const HM: &str = include_str!("../../../../../packaging/hm.toml");
pub(super) const AD: &str = include_str!("../../../../../packaging/ad.toml");
pub(super) const MR: &str = include_str!("../../../../../packaging/mr.toml");

const HM_ENTITY: &str = "urn:etoegang:HM:00000003273226310000:entities:1";
const AD_ENTITY: &str = "urn:etoegang:AD:00000003244440010000:entities:1";
const MR_ENTITY: &str = "urn:etoegang:MR:00000003244440020000:entities:1";

fn register() -> CalledConfig {
    CalledConfig {
        entity: MR_ENTITY.parse().expect("an EntityID"),
        name: "Het Machtigingenregister".to_owned(),
        url: "https://mr.example.nl/etd/1.13".to_owned(),
        jwks_uri: None,
    }
}

fn makelaar(redirect_uri: &str) -> CallerConfig {
    CallerConfig {
        entity: HM_ENTITY.parse().expect("an EntityID"),
        name: "De Herkenningsmakelaar".to_owned(),
        jwks_uri: "https://hm.example.nl/etd/1.13/jwks".to_owned(),
        redirect_uris: vec![redirect_uri.to_owned()],
    }
}

#[test]
fn an_hm_knows_the_ads_and_registers_that_its_section_names_and_has_the_proposed_lifetimes() {
    let config = read(HM).expect("good");
    let hm = config.hm.as_ref().expect("named");
    assert_eq!(hm.entity.as_str(), HM_ENTITY);
    assert_eq!(hm.site.url, "https://hm.example.nl");
    assert_eq!(hm.instellingen, Instellingen::default());
    let [ad] = hm.ads.as_slice() else {
        panic!("one AD");
    };
    assert_eq!(ad.entity.as_str(), AD_ENTITY);
    assert_eq!(ad.jwks_uri(), "https://ad.example.nl/etd/1.13/jwks");
    assert_eq!(hm.mrs, [register()]);
    assert_eq!(hm.dvs, []);
    assert_eq!(config.sites().len(), 1);
    // etoegang case 81: its keys may be kept for a week
    let lead_s = config.schedule_of("hm").of(Purpose::IdTokens).lead_s;
    assert!(lead_s > 7 * 86_400);
    let usual = config.schedule.of(Purpose::IdTokens);
    assert_eq!(config.schedule_of("ad").of(Purpose::IdTokens), usual);
}

#[test]
fn an_hm_can_be_told_lifetimes_classifiers_and_backends() {
    let text = HM
        .replace("# familie_s = 14400", "familie_s = 86400")
        .replace("# ondertekent = \"RS256\"", "ondertekent = \"ES256\"")
        .replace("# native_app = [\"native-app\"]", "native_app = [\"app\"]")
        .replace(
            "# id_token_bij_vernieuwen = false",
            "id_token_bij_vernieuwen = true",
        )
        .replace(
            "# jwks_uri = \"https://ad.",
            "jwks_uri = \"https://sleutels.ad.",
        )
        .replace("# [[hm.dv]]", "[[hm.dv]]")
        .replace("# entity = ", "entity = ")
        .replace("# name = ", "name = ")
        .replace("# jwks_uri = \"https://dv.", "jwks_uri = \"https://dv.");
    let hm = read(&text).expect("good").hm.expect("named");
    let expected = Instellingen {
        familie_s: 86_400,
        id_token_bij_vernieuwen: true,
        ondertekent: Ondertekening::Es256,
        native_app: vec!["app".to_owned()],
        ..Instellingen::default()
    };
    assert_eq!(hm.instellingen, expected);
    let keys = "https://sleutels.ad.example.nl/etd/1.13/jwks";
    assert_eq!(hm.ads[0].jwks_uri(), keys);
    assert_eq!(hm.dvs[0].jwks_uri, "https://dv.example.nl/jwks");
}

#[test]
fn an_ad_knows_its_hms_and_registers_and_has_the_proposed_settings() {
    let ad = read(AD).expect("good").ad.expect("named");
    assert_eq!(ad.entity.as_str(), AD_ENTITY);
    assert_eq!(
        ad.instellingen,
        authenticatiedienst::Instellingen::default()
    );
    assert_eq!(ad.hms, [makelaar("https://hm.example.nl/etd/1.13/ad/1")]);
    assert_eq!(ad.mrs, [register()]);
    let text = AD
        .replace("# sessie_s = 7200", "sessie_s = 3600")
        .replace("# roteert = true", "roteert = false")
        .replace("# pogingen = 5", "pogingen = 3");
    let ad = read(&text).expect("good").ad.expect("named");
    let said = (
        ad.instellingen.sessie_s,
        ad.instellingen.roteert,
        ad.instellingen.pogingen,
    );
    assert_eq!(said, (3_600, false, 3));
}

#[test]
fn an_mr_knows_its_hms() {
    let mr = read(MR).expect("good").mr.expect("named");
    assert_eq!(mr.entity.as_str(), MR_ENTITY);
    assert_eq!(mr.hms, [makelaar("https://hm.example.nl/etd/1.13/mr/1")]);
}

/// The text with the catalogue's section, in which each of these lines is set.
fn with_catalogus(text: &str, lines: &[&str]) -> String {
    let mut text = text.to_owned();
    for line in lines {
        assert!(text.contains(&format!("# {line}")), "{line}");
        text = text.replace(&format!("# {line}"), line);
    }
    text
}

#[test]
fn an_hm_and_an_mr_can_be_told_where_the_service_catalogue_is_published() {
    let none = read(HM).expect("good").hm.expect("named").catalogus;
    assert_eq!(none, None);
    let certificates = vec!["/etc/sluis/trust/etoegang-beheerorganisatie.pem".into()];
    let at_url = [
        "[hm.catalogus]",
        "url = \"https://aggregator",
        "certificates = ",
    ];
    let hm = read(&with_catalogus(HM, &at_url)).expect("good").hm;
    let url = "https://aggregator.etoegang.nl/1.13/servicecatalog.xml";
    let expected = CatalogusConfig {
        plaats: Plaats::Url(url.to_owned()),
        certificates: certificates.clone(),
        oudst_s: 90 * 86_400,
    };
    assert_eq!(hm.expect("named").catalogus, Some(expected));
    let in_file = [
        "[mr.catalogus]",
        "file = ",
        "certificates = ",
        "max_age_days = ",
    ];
    let text = with_catalogus(MR, &in_file).replace("max_age_days = 90", "max_age_days = 7");
    let mr = read(&text).expect("good").mr;
    let expected = CatalogusConfig {
        plaats: Plaats::Bestand("/etc/sluis/servicecatalog.xml".into()),
        certificates,
        oudst_s: 7 * 86_400,
    };
    assert_eq!(mr.expect("named").catalogus, Some(expected));
}

#[test]
fn a_catalogue_without_one_place_a_signer_or_a_useful_age_is_refused() {
    let whole = [
        "[hm.catalogus]",
        "url = \"https://aggregator",
        "certificates = ",
    ];
    let whole = with_catalogus(HM, &whole);
    for (from, to, says) in [
        (
            "# file = \"/etc/sluis/servicecatalog.xml\"",
            "file = \"/etc/sluis/servicecatalog.xml\"",
            "hm.catalogus: expected either a `url` or a `file`",
        ),
        (
            "url = \"https://aggregator",
            "url = \"http://aggregator",
            "hm.catalogus.url: expected an https URL",
        ),
        (
            "certificates = [\"/etc/sluis/trust/etoegang-beheerorganisatie.pem\"]",
            "certificates = []",
            "hm.catalogus.certificates: expected the certificate of the scheme's manager",
        ),
        (
            "# max_age_days = 90",
            "max_age_days = 0",
            "hm.catalogus.max_age_days: expected 1 to 3660 days",
        ),
    ] {
        is_told(&whole, from, to, says);
    }
}

#[test]
fn each_fault_of_the_roles_of_etoegang_is_told_at_its_setting() {
    for (text, from, to, says) in [
        (
            HM,
            "entity = \"urn:etoegang:HM:",
            "entity = \"urn:etoegang:AD:",
            "hm.entity: expected the EntityID of a participant: urn:etoegang:HM:OIN:entities:N",
        ),
        // etoegang case 18
        (
            HM,
            "# familie_s = 14400",
            "familie_s = 86401",
            "hm.familie_s: familie_s must be from 1 to 86400 seconds",
        ),
        (
            HM,
            "issuer = \"https://ad.",
            "issuer = \"http://ad.",
            "hm.ad[0].issuer: expected an https URL",
        ),
        (
            HM,
            "# jwks_uri = \"https://mr.",
            "jwks_uri = \"ftp://mr.",
            "hm.mr[0].jwks_uri: expected an https URL",
        ),
        (
            HM,
            "host = \"hm.example.nl\"\ncertificate = \"/etc/sluis/tls/hm.pem\"\nkey = \"/etc/sluis/tls/hm.key\"\n\n# The services",
            "host = \"hm.example.nl\"\nurl = \"https://hm.example.nl/x\"\n\
             certificate = \"hm.pem\"\nkey = \"hm.key\"\n\n# The services",
            "hm.site.url: expected an https URL without a path",
        ),
        (
            AD,
            "# sessie_s = 7200",
            "sessie_s = 7201",
            "ad.sessie_s: sessie_s is out of its bounds: see docs/frameworks/etoegang.md",
        ),
        (
            AD,
            "redirect_uris = [\"https://hm.example.nl/etd/1.13/ad/1\"]",
            "redirect_uris = []",
            "ad.hm[0].redirect_uris: expected at least one",
        ),
        (
            AD,
            "entity = \"urn:etoegang:MR:",
            "entity = \"urn:etoegang:HM:",
            "ad.mr[0].entity: expected the EntityID of a participant: urn:etoegang:MR:",
        ),
        (
            MR,
            "jwks_uri = \"https://hm.",
            "jwks_uri = \"http://hm.",
            "mr.hm[0].jwks_uri: expected an https URL",
        ),
    ] {
        is_told(text, from, to, says);
    }
}

#[test]
fn a_role_that_knows_nobody_or_somebody_twice_is_refused_with_what_to_do() {
    for (text, list, says) in [
        (
            HM,
            "[[hm.ad]]",
            "hm: names no AD, so that nobody could log in: add [[hm.ad]]",
        ),
        (
            AD,
            "[[ad.hm]]",
            "ad: names no HM, so that nobody could ask: add [[ad.hm]]",
        ),
        (
            MR,
            "[[mr.hm]]",
            "mr: names no HM, so that nobody could ask: add [[mr.hm]]",
        ),
    ] {
        let (before, entry) = text.split_once(list).expect("there");
        let after = entry.split_once("\n[[").map_or("", |(_, after)| after);
        let rest = if after.is_empty() {
            String::new()
        } else {
            format!("[[{after}")
        };
        is_told(text, &format!("{list}{entry}"), &rest, says);
        let end = entry.find("\n\n").unwrap_or(entry.len());
        let twice = format!("{before}{list}{}\n\n{list}{entry}", &entry[..end]);
        let name = list.trim_matches(['[', ']']);
        is_told(
            &twice,
            "",
            "",
            &format!("{name}[1].entity: stands there already"),
        );
    }
}

/// etoegang case 82
#[test]
fn a_role_with_certified_keys_shows_the_next_one_for_long_enough_to_be_certified() {
    let asked = |lead_days: &str| {
        MR.replace("# [mr.x5c]", "[mr.x5c]")
            .replace("# directory = ", "directory = ")
            .replace("# lead_days = 14", lead_days)
            .replace(
                "# roots = [\"/etc/sluis/trust/pkioverheid-g3",
                "roots = [\"pki",
            )
    };
    let usual = read(MR).expect("good");
    assert!(usual.mr.as_ref().expect("named").x5c.directory.is_none());
    for (lead_days, seconds) in [("", 14 * 86_400), ("lead_days = 60", 60 * 86_400)] {
        let config = read(&asked(lead_days)).expect("good");
        let x5c = &config.mr.as_ref().expect("named").x5c;
        assert_eq!(
            x5c.directory.as_deref(),
            Some(Path::new("/etc/sluis/mr-keys"))
        );
        assert!(x5c.roots[0].ends_with("pki.pem"), "{:?}", x5c.roots);
        let lead_s = |purpose| config.schedule_of("mr").of(purpose).lead_s;
        assert_eq!(lead_s(Purpose::Tokens), seconds);
        assert_eq!(lead_s(Purpose::Introspection), seconds);
        assert_eq!(
            lead_s(Purpose::Rows),
            usual.schedule_of("mr").of(Purpose::Rows).lead_s
        );
    }
    for days in ["0", "61"] {
        let (from, to) = ("lead_days = 60", format!("lead_days = {days}"));
        let says = "mr.x5c.lead_days: expected 1 to 60 days";
        is_told(&asked(from), from, &to, says);
    }
}
