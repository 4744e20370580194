//! Everything that comes of one login: one row from the code to the last refresh.
//!
//! Other than a grant of MedMij or Mitz this row is also written between two of its secrets: while a
//! refresh is under way it is leased, and a new token of the AD is kept in it before the mandate is
//! asked for. So it keeps its generation beside the version of its row.

use std::fmt;

use identity::{EntityId, ServiceId, ServiceUuid};
use protocol::grant::CodeTerms;
use protocol::handle::Purpose;
use protocol::pkce::Challenge;
use serde::{Deserialize, Serialize};
use verdict::{BadRow, Change, Clear, Key, Moment, Record, Space, Stored, versioned};

use super::attributen::GegevenAttribuut;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dienstencatalogus::Dienst;
use crate::hm_ad::{AdRefreshToken, AdSessie, Herroeping};
use crate::hm_mr::MandateCheck;
use crate::instellingen::Instellingen;
use crate::kenmerk::{Kenmerk, Vestigingsnr};
use crate::machtiging::{Gemachtigde, InternPseudoniem};

/// A code of an HM.
pub const CODE: Purpose = Purpose("etoegang.code");
/// A refresh token of an HM.
pub const REFRESH_TOKEN: Purpose = Purpose("etoegang.refresh_token");
/// Seconds for which a code can be redeemed (etoegang.md §4.5).
pub const CODE_S: u32 = 60;

/// A login and the tokens that hang on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// By which issuer, as one serves one version of the scheme; nothing in a row of before there were two.
    pub issuer: Option<String>,
    /// To which app.
    pub client_id: String,
    /// At whose backend its tokens are good.
    pub dv: EntityId,
    /// For which service.
    pub service_id: ServiceId,
    /// The same, as mandates name it.
    pub service_uuid: ServiceUuid,
    /// As granted.
    pub scope: String,
    /// The person, as this DV knows him.
    pub sub: String,
    /// What the app asked for by `acr_values`, if it did.
    pub gevraagd: Option<Betrouwbaarheidsniveau>,
    /// The effective level of the newest tokens.
    pub niveau: Betrouwbaarheidsniveau,
    /// The login.
    pub ad: AdSessie,
    /// For whom the person acts, if for somebody else.
    pub vertegenwoordiging: Option<Vertegenwoordiging>,
    /// The attributes that the login brought. No refresh asks for them again; one drops what the catalogue
    /// does not declare any more.
    pub attributen: Vec<GegevenAttribuut>,
    /// Of the current secret: 0 for the code, one more at each exchange.
    pub generation: u64,
    /// When tokens were issued last, or the code; seconds since 1970.
    pub uitgegeven: i64,
    /// What its current secret is.
    pub secret: Secret,
}

/// What the current secret of a family is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A code.
    Code {
        /// Under which terms.
        terms: CodeTerms,
        /// For the ID token.
        nonce: String,
        /// What the AD gave, if it lets this session be renewed.
        ad_token: Option<AdRefreshToken>,
    },
    /// A refresh token.
    RefreshToken {
        /// The newest that the AD gave.
        ad_token: AdRefreshToken,
        /// Whether a refresh is under way.
        lease: Option<Lease>,
    },
    /// None: an access token that goes on, and nothing after it.
    Geen,
}

/// A refresh that is under way: nobody else may ask the AD with this family's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Of which run.
    pub run: [u8; 16],
    /// Until when, whatever became of that run; seconds since 1970.
    pub tot: i64,
}

/// For whom a person acts, and by which mandates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vertegenwoordiging {
    /// Who is represented.
    pub vertegenwoordigde: Kenmerk,
    /// By one mandate, or over one organisation between (ketenmachtiging).
    pub keten: Keten,
    /// For which branch.
    pub beperking: Option<Vestigingsnr>,
    /// The person's internal pseudonym, encrypted for the MR that knows him.
    pub handelende: InternPseudoniem,
    /// When every MR said yes last; seconds since 1970.
    pub gecontroleerd: i64,
}

/// By which mandates. The scheme lets one organisation stand between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keten {
    /// The person has a mandate of who is represented.
    Enkel(Schakel),
    /// The person has one of an organisation that has one.
    Via {
        /// That organisation.
        tussenpersoon: Kenmerk,
        /// Its own mandate.
        eerste: Schakel,
        /// The person's mandate.
        tweede: Schakel,
    },
}

/// One mandate of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schakel {
    /// Which register declared it.
    pub mr: EntityId,
    /// What that register calls it, if it said.
    pub machtiging: Option<String>,
}

impl Family {
    /// Where it stands.
    pub const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }

    /// The end of everything that comes of the login (etoegang case 18).
    pub fn eindigt(&self, instellingen: &Instellingen) -> Moment {
        Moment::from_unix(self.ad.auth_time).plus_s(instellingen.familie_s)
    }

    /// The level that the service asks of this family: what the app asked, and no more than the
    /// catalogue says now; without an `acr_values`, what the catalogue says (etoegang.md §3).
    pub fn vereist(&self, dienst: &Dienst) -> Betrouwbaarheidsniveau {
        let gevraagd = self.gevraagd.unwrap_or(dienst.niveau);
        gevraagd.min(dienst.niveau)
    }

    /// The questions to ask of each MR again, in the order of the chain; none without representation
    /// (GUC9 9.4). `number` makes the questions of one run unique.
    pub fn checks(
        &self,
        niveau_vereist: Betrouwbaarheidsniveau,
        number: impl Fn(u32) -> String,
    ) -> Vec<MandateCheck> {
        let Some(wie) = &self.vertegenwoordiging else {
            return Vec::new();
        };
        let check = |at: u32,
                     schakel: &Schakel,
                     vertegenwoordigde: &Kenmerk,
                     gemachtigde,
                     beperking: Option<&Vestigingsnr>| MandateCheck {
            check_id: number(at),
            mr: schakel.mr.clone(),
            machtiging: schakel.machtiging.clone(),
            gemachtigde,
            vertegenwoordigde: vertegenwoordigde.clone(),
            service_uuid: self.service_uuid.clone(),
            beperking: beperking.cloned(),
            niveau_vereist,
        };
        let branch = wie.beperking.as_ref();
        let persoon = Gemachtigde::Persoon(wie.handelende.clone());
        match &wie.keten {
            Keten::Enkel(schakel) => {
                vec![check(0, schakel, &wie.vertegenwoordigde, persoon, branch)]
            }
            Keten::Via {
                tussenpersoon,
                eerste,
                tweede,
            } => {
                let between = Gemachtigde::Organisatie(tussenpersoon.clone());
                vec![
                    check(0, eerste, &wie.vertegenwoordigde, between, branch),
                    // The branch is one of who is represented, and not of who stands between.
                    check(1, tweede, tussenpersoon, persoon, None),
                ]
            }
        }
    }

    /// Ends the family: its row goes, its access tokens are inactive from then on, and the AD is told
    /// (RFC 7009 §2).
    pub fn einde(stored: &Stored<Self>, id: [u8; 16], now: Moment) -> Vec<Change<Clear>> {
        let mut changes = vec![Change::remove(Self::key(id), stored.version)];
        changes.extend(stored.value.herroeping().map(|told| told.onthouden(now)));
        changes
    }

    /// What the AD must revoke when the family ends.
    pub fn herroeping(&self) -> Option<Herroeping> {
        let token = match &self.secret {
            Secret::Code { ad_token, .. } => ad_token.clone()?,
            Secret::RefreshToken { ad_token, .. } => ad_token.clone(),
            Secret::Geen => return None,
        };
        Some(Herroeping {
            ad: self.ad.ad.clone(),
            token,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Open {
    #[serde(default)]
    issuer: Option<String>,
    client_id: String,
    dv: EntityId,
    service_id: ServiceId,
    service_uuid: ServiceUuid,
    scope: String,
    gevraagd: Option<Betrouwbaarheidsniveau>,
    niveau: Betrouwbaarheidsniveau,
    ad: EntityId,
    auth_time: i64,
    ad_niveau: Betrouwbaarheidsniveau,
    generation: u64,
    uitgegeven: i64,
    secret: OpenSecret,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OpenSecret {
    Code {
        redirect_uri: String,
        challenge: String,
    },
    RefreshToken {
        lease: Option<Lease>,
    },
    Geen,
}

/// Who the person is, for whom he acts, and what opens a session at the AD.
#[derive(Serialize, Deserialize)]
struct Private {
    sub: String,
    ad_sub: String,
    nonce: Option<String>,
    ad_token: Option<AdRefreshToken>,
    vertegenwoordiging: Option<Vertegenwoordiging>,
    #[serde(default)]
    attributen: Vec<GegevenAttribuut>,
}

impl Record for Family {
    const SPACE: Space = Space("etoegang.family");

    fn to_body(&self) -> Clear {
        let (secret, nonce, ad_token) = self.secret.split();
        let open = Open {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            dv: self.dv.clone(),
            service_id: self.service_id.clone(),
            service_uuid: self.service_uuid.clone(),
            scope: self.scope.clone(),
            gevraagd: self.gevraagd,
            niveau: self.niveau,
            ad: self.ad.ad.clone(),
            auth_time: self.ad.auth_time,
            ad_niveau: self.ad.niveau,
            generation: self.generation,
            uitgegeven: self.uitgegeven,
            secret,
        };
        let private = Private {
            sub: self.sub.clone(),
            ad_sub: self.ad.sub.clone(),
            nonce,
            ad_token,
            vertegenwoordiging: self.vertegenwoordiging.clone(),
            attributen: self.attributen.clone(),
        };
        versioned::body_with_private(&open, &private, Vec::new())
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let open: Open = versioned::open(Self::SPACE, body)?;
        let private: Private = versioned::private(Self::SPACE, body)?;
        let secret = Secret::join(open.secret, private.nonce, private.ad_token)?;
        Ok(Self {
            issuer: open.issuer,
            client_id: open.client_id,
            dv: open.dv,
            service_id: open.service_id,
            service_uuid: open.service_uuid,
            scope: open.scope,
            sub: private.sub,
            gevraagd: open.gevraagd,
            niveau: open.niveau,
            ad: AdSessie {
                ad: open.ad,
                sub: private.ad_sub,
                auth_time: open.auth_time,
                niveau: open.ad_niveau,
            },
            vertegenwoordiging: private.vertegenwoordiging,
            attributen: private.attributen,
            generation: open.generation,
            uitgegeven: open.uitgegeven,
            secret,
        })
    }
}

impl Secret {
    /// The open part, the nonce, and the AD's token.
    fn split(&self) -> (OpenSecret, Option<String>, Option<AdRefreshToken>) {
        match self {
            Self::Code {
                terms,
                nonce,
                ad_token,
            } => {
                let open = OpenSecret::Code {
                    redirect_uri: terms.redirect_uri.clone(),
                    challenge: terms.challenge.as_str().to_owned(),
                };
                (open, Some(nonce.clone()), ad_token.clone())
            }
            Self::RefreshToken { ad_token, lease } => {
                let open = OpenSecret::RefreshToken { lease: *lease };
                (open, None, Some(ad_token.clone()))
            }
            Self::Geen => (OpenSecret::Geen, None, None),
        }
    }

    fn join(
        open: OpenSecret,
        nonce: Option<String>,
        ad_token: Option<AdRefreshToken>,
    ) -> Result<Self, BadRow> {
        let bad = |member| BadRow {
            space: Family::SPACE.0,
            member,
        };
        Ok(match open {
            OpenSecret::Code {
                redirect_uri,
                challenge,
            } => Self::Code {
                terms: CodeTerms {
                    redirect_uri,
                    challenge: Challenge::parse(&challenge).map_err(|_| bad("challenge"))?,
                },
                nonce: nonce.ok_or(bad("nonce"))?,
                ad_token,
            },
            OpenSecret::RefreshToken { lease } => Self::RefreshToken {
                ad_token: ad_token.ok_or(bad("ad_token"))?,
                lease,
            },
            OpenSecret::Geen => Self::Geen,
        })
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leased until {}", self.tot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::VAN_PERSONEN;
    use crate::testing::{ad_token, family, family_with_code, gegeven, keten, kvk};

    #[test]
    fn a_family_survives_its_row_and_the_open_part_names_nobody() {
        let lease = Lease {
            run: [1; 16],
            tot: 9,
        };
        let leased = Family {
            secret: Secret::RefreshToken {
                ad_token: ad_token(),
                lease: Some(lease),
            },
            ..family()
        };
        let over = Family {
            secret: Secret::Geen,
            ..family()
        };
        let known = Family {
            attributen: gegeven(VAN_PERSONEN[0], "Bram", true),
            ..family()
        };
        for family in [family(), family_with_code(), leased, over, known] {
            let body = family.to_body();
            let open = body.open.to_string();
            for hidden in [
                ad_token().reveal(),
                &family.sub,
                &family.ad.sub,
                "12345678\"",
                "Bram",
            ] {
                assert!(!open.contains(hidden), "{hidden}");
            }
            assert_eq!(Family::from_body(&body), Ok(family));
        }
    }

    #[test]
    fn a_row_of_before_there_were_attributes_has_none() {
        let mut body = family().to_body();
        let private = String::from_utf8_lossy(body.private.reveal()).into_owned();
        let before = private.replacen(",\"attributen\":[]", "", 1);
        assert_ne!(before, private);
        body.private = verdict::Secrets::new(before.into_bytes());
        assert_eq!(Family::from_body(&body), Ok(family()));
    }

    #[test]
    fn a_row_of_another_version_is_refused_by_name() {
        let mut body = family().to_body();
        let mut open = body.open.value();
        open["v"] = 99.into();
        body.open = open.into();
        let refused = Family::from_body(&body).expect_err("another version");
        assert_eq!(
            (refused.space, refused.member),
            ("etoegang.family", "open part")
        );
    }

    #[test]
    fn etoegang_case_011_each_register_of_a_chain_is_asked_about_its_own_mandate() {
        let chained = Family {
            vertegenwoordiging: Some(keten()),
            ..family()
        };
        let niveau = Betrouwbaarheidsniveau::Loa3;
        let checks = chained.checks(niveau, |at| format!("check-{at}"));
        // etoegang case 11
        let asked: Vec<_> = checks
            .iter()
            .map(|check| {
                (
                    check.mr.as_str(),
                    &check.gemachtigde,
                    &check.vertegenwoordigde,
                )
            })
            .collect();
        let person = Gemachtigde::Persoon(keten().handelende);
        let between = Gemachtigde::Organisatie(kvk("87654321"));
        let (first, second) = (
            "urn:etoegang:MR:00000004000000002000:entities:1",
            "urn:etoegang:MR:00000004000000003000:entities:1",
        );
        assert_eq!(
            asked,
            [
                (first, &between, &kvk("12345678")),
                (second, &person, &kvk("87654321"))
            ]
        );
        assert_ne!(checks[0].check_id, checks[1].check_id);
        let alone = Family {
            vertegenwoordiging: None,
            ..family()
        };
        assert!(alone.checks(niveau, |_| String::new()).is_empty());
    }
}
