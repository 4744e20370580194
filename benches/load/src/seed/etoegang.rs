//! Logins of eToegang: at the HM the family that an app holds a refresh token of, at the AD the session and the
//! means behind it, at the MR the mandate.

use std::path::Path;

use etoegang::attribuut::Attributen;
use etoegang::authenticatiedienst::bewijs::Bewijs;
use etoegang::authenticatiedienst::middel::Middel;
use etoegang::authenticatiedienst::sessie::{self, Sessie};
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dv_hm::family::{self, Family, Keten, Schakel, Secret, Vertegenwoordiging};
use etoegang::hm_ad::{AdRefreshToken, AdSessie};
use etoegang::instellingen::Instellingen;
use etoegang::instellingen::Ondertekening;
use etoegang::kenmerk::{Kenmerk, Soort};
use etoegang::machtiging::{Gemachtigde, InternPseudoniem, Machtiging};
use identity::{EntityId, ServiceId, ServiceUuid};
use jose::{Jwk, jwe};
use server::chance;
use server::clock::Clock;
use server::routes::etoegang::ad::AdRole;
use server::routes::etoegang::hm::HmRole;
use server::routes::etoegang::mr::MrRole;
use verdict::{Change, Clear, Expect, Moment, Record as _};

use super::{GRANTS, Issuer, Purse, Vault, owned_id};
use crate::Result;

/// Whose ids they have: the logins of people who act for themselves, and of those who act for another.
const ZELF: &str = "etoegang.zelf";
const VOOR_EEN_ANDER: &str = "etoegang.voor-een-ander";
/// Participants, service and app of the folders that the testkit lays.
const HM: &str = "urn:etoegang:HM:00000003273226310000:entities:9001";
const AD: &str = "urn:etoegang:AD:00000003244440010000:entities:9001";
const MR: &str = "urn:etoegang:MR:00000003244440020000:entities:9001";
const DV: &str = "urn:etoegang:DV:00000001234567890000:entities:9001";
const DIENST: &str = "urn:etoegang:DV:00000001234567890000:services:1";
const DIENST_UUID: &str = "2c9d1c2e-1d0a-4d6b-8f5e-000000000001";
const LOA3: Betrouwbaarheidsniveau = Betrouwbaarheidsniveau::Loa3;
/// Seconds for which means and mandates hold: longer than any run.
const GELDIG_S: u32 = 30 * 86_400;

const OF_HM: Issuer = Issuer {
    role: "hm",
    purposes: &HmRole::purposes(Ondertekening::Rs256),
    refresh_token: family::REFRESH_TOKEN,
};
const OF_AD: Issuer = Issuer {
    role: "ad",
    purposes: &AdRole::PURPOSES,
    refresh_token: sessie::REFRESH_TOKEN,
};
const OF_MR: Issuer = Issuer {
    role: "mr",
    purposes: &MrRole::PURPOSES,
    refresh_token: family::REFRESH_TOKEN,
};

/// The refresh tokens of apps, at the HM.
pub struct Logins {
    /// Of people who act for themselves: no MR is asked.
    pub zelf: Purse,
    /// Of people who act for another by one mandate.
    pub voor_een_ander: Purse,
}

impl Logins {
    /// Stores [`GRANTS`] logins of each kind at three roles, whose configurations these are, before their
    /// nodes start.
    ///
    /// # Errors
    /// When a configuration, the keys or a store cannot be used.
    pub async fn store([hm, ad, mr]: [&Path; 3]) -> Result<Self> {
        let hm = Vault::open(&OF_HM, hm).await?;
        let ad = Vault::open(&OF_AD, ad).await?;
        let mr = Vault::open(&OF_MR, mr).await?;
        let now = Clock::system().now();
        let key = encryption_key(&mr)?;
        let bewijs = Bewijs::nieuw("x", Some([7; 32]), &chance::entropy());
        for owner in [ZELF, VOOR_EEN_ANDER] {
            let at_ad = |number| sessie(owner, number, &bewijs, now);
            ad.keep(owner, GRANTS, &at_ad).await?;
            let mandate_key = (owner == VOOR_EEN_ANDER).then_some(&key);
            let of_ad = ad.purse(owner, GRANTS);
            let at_hm = |number| family(owner, number, of_ad.token(number, 0), mandate_key, now);
            hm.keep(owner, GRANTS, &at_hm).await?;
        }
        let at_mr = |number| machtiging(number, now);
        mr.keep(VOOR_EEN_ANDER, GRANTS, &at_mr).await?;
        Ok(Self {
            zelf: hm.purse(ZELF, GRANTS),
            voor_een_ander: hm.purse(VOOR_EEN_ANDER, GRANTS),
        })
    }
}

/// To which the HM's people are encrypted.
fn encryption_key(mr: &Vault) -> Result<Jwk> {
    let set = mr.keys.all.set();
    let ring = set.introspection().map_err(|_| "no key of the MR")?;
    let first = ring.all().first().ok_or("no key of the MR")?;
    Ok(first.public().clone())
}

fn naam(owner: &str, number: u32) -> String {
    format!("{owner}.{number}")
}

/// The person of a login: nobody else.
fn persoon(owner: &str, number: u32) -> InternPseudoniem {
    let hash = jose::sha256(naam(owner, number).as_bytes());
    InternPseudoniem(jose::base64url_encode(hash))
}

fn scope() -> String {
    format!("openid {DIENST}")
}

/// At the AD.
fn sessie(owner: &str, number: u32, bewijs: &Bewijs, now: Moment) -> Result<Vec<Change<Clear>>> {
    let tot = now.plus_s(GELDIG_S).unix();
    let middel = Middel::nieuw(persoon(owner, number), bewijs.clone(), LOA3, tot);
    let registered = middel.registreren(&naam(owner, number), now);
    let sessie = Sessie {
        client_id: HM.to_owned(),
        middel: naam(owner, number),
        scope: scope(),
        sub: naam(owner, number),
        niveau: LOA3,
        auth_time: now.unix(),
        generation: 0,
        gegeven: now.unix(),
        secret: sessie::Secret::RefreshToken,
    };
    let key = Sessie::key(owned_id(owner, number));
    let until = now.plus_s(GELDIG_S);
    Ok(vec![
        registered.map_err(|_| "no means")?,
        sessie.put(key, Expect::Absent, until),
    ])
}

/// At the HM. With the key of the MR the person acts for another.
fn family(
    owner: &str,
    number: u32,
    ad_token: String,
    mandate_key: Option<&Jwk>,
    now: Moment,
) -> Result<Vec<Change<Clear>>> {
    let acts = |key| vertegenwoordiging(number, key, now);
    let family = Family {
        issuer: None,
        client_id: "gemeente-app".to_owned(),
        dv: EntityId::parse(DV)?,
        service_id: ServiceId::parse(DIENST)?,
        service_uuid: ServiceUuid::parse(DIENST_UUID)?,
        scope: scope(),
        sub: naam(owner, number),
        gevraagd: None,
        niveau: LOA3,
        ad: AdSessie {
            ad: EntityId::parse(AD)?,
            sub: naam(owner, number),
            auth_time: now.unix(),
            niveau: LOA3,
        },
        vertegenwoordiging: mandate_key.map(acts).transpose()?,
        attributen: Vec::new(),
        generation: 0,
        uitgegeven: now.unix(),
        secret: Secret::RefreshToken {
            ad_token: AdRefreshToken::new(ad_token).ok_or("no token of an AD")?,
            lease: None,
        },
    };
    let key = Family::key(owned_id(owner, number));
    let until = now.plus_s(Instellingen::default().familie_s);
    Ok(vec![family.put(key, Expect::Absent, until)])
}

fn vertegenwoordiging(number: u32, key: &Jwk, now: Moment) -> Result<Vertegenwoordiging> {
    let plain = persoon(VOOR_EEN_ANDER, number).0;
    let algorithm = jwe::Algorithm::EcdhEs;
    let entropy = chance::entropy();
    let encrypted = jwe::encrypt(plain.as_bytes(), key, algorithm, None, &entropy);
    Ok(Vertegenwoordiging {
        vertegenwoordigde: Kenmerk::parse(Soort::KvkNr, "12345678")?,
        keten: Keten::Enkel(Schakel {
            mr: EntityId::parse(MR)?,
            machtiging: Some(referentie(number)),
        }),
        beperking: None,
        handelende: InternPseudoniem(encrypted.map_err(|_| "not encrypted")?),
        gecontroleerd: now.unix(),
    })
}

fn referentie(number: u32) -> String {
    format!("M-{number}")
}

/// At the MR.
fn machtiging(number: u32, now: Moment) -> Result<Vec<Change<Clear>>> {
    let machtiging = Machtiging {
        vertegenwoordigde: Kenmerk::parse(Soort::KvkNr, "12345678")?,
        gemachtigde: Gemachtigde::Persoon(persoon(VOOR_EEN_ANDER, number)),
        service_uuid: ServiceUuid::parse(DIENST_UUID)?,
        niveau: LOA3,
        beperking: None,
        attributen: Attributen::default(),
        van: now.unix() - 1,
        tot: now.plus_s(GELDIG_S).unix(),
        ingetrokken: None,
        verloop: Vec::new(),
    };
    let registered = machtiging.registreren(&referentie(number), "load", now);
    Ok(vec![registered.map_err(|_| "no mandate")?])
}
