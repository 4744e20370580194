//! What the tokens of an HM say (etoegang.md §4.5).

use identity::{EntityId, ServiceId, ServiceUuid};
use protocol::access_token::{Confirmation, jti};
use protocol::handle::Handle;
use serde::{Deserialize, Serialize};
use verdict::Moment;

use super::Hm;
use super::attributen::GegevenAttribuut;
use super::family::{Family, Keten, Schakel, Vertegenwoordiging};
use crate::attribuut::Attributen;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::kenmerk::{Kenmerk, Vestigingsnr};

/// The `typ` of an access token (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";
/// The type of a person's pseudonym. Sources know 1.9 and 1.13; this one is emitted.
pub const PSEUDO: &str = "urn:etoegang:1.13:EntityConcernedID:Pseudo";

/// What an ID token can say, for `claims_supported` (OIDC Discovery §3).
pub const ID_TOKEN_CLAIMS: [&str; 12] = [
    "iss",
    "aud",
    "sub",
    "sub_id_type",
    "nonce",
    "acr",
    "auth_time",
    "jti",
    "iat",
    "nbf",
    "exp",
    "represents",
];

/// The claims of an access token, for the DV's backend. There is no `amr`: the profile forbids it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// The HM.
    pub iss: String,
    /// The DV, by its EntityID.
    pub aud: EntityId,
    /// The app.
    pub azp: String,
    /// The same, as RFC 9068 §2.2 wants it.
    pub client_id: String,
    /// The person, for this DV.
    pub sub: String,
    /// [`PSEUDO`].
    pub sub_id_type: String,
    /// As granted.
    pub scope: String,
    /// The effective level.
    pub acr: Betrouwbaarheidsniveau,
    /// When the person logged in; no refresh changes it.
    pub auth_time: i64,
    /// Family and generation.
    pub jti: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// The service.
    #[serde(rename = "urn:etoegang:core:ServiceID")]
    pub service_id: ServiceId,
    /// The service.
    #[serde(rename = "urn:etoegang:core:ServiceUUID")]
    pub service_uuid: ServiceUuid,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub represents: Option<Represents>,
    /// For which branch.
    #[serde(
        rename = "urn:etoegang:1.9:ServiceRestriction:Vestigingsnr",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub vestigingsnr: Option<Vestigingsnr>,
    /// When every MR said yes last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etd_mandate_checked_at: Option<i64>,
    /// The certificate of its holder, where one was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// Who is represented; over whom, in a chain: the deepest is who is represented in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Represents {
    /// Its number.
    pub sub: String,
    /// What kind of number.
    pub sub_id_type: String,
    /// The MR that declared it.
    pub iss: EntityId,
    /// Whom this one represents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub represents: Option<Box<Self>>,
}

/// The claims of an ID token, for the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdToken {
    /// The HM.
    pub iss: String,
    /// The app.
    pub aud: String,
    /// The person, for this DV.
    pub sub: String,
    /// [`PSEUDO`].
    pub sub_id_type: String,
    /// Of the authorization request; none after a refresh (OIDC Core §12.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The effective level.
    pub acr: Betrouwbaarheidsniveau,
    /// When the person logged in.
    pub auth_time: i64,
    /// Unique.
    pub jti: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970; the same as `iat`.
    pub nbf: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub represents: Option<Represents>,
    /// The attributes that the app asked for here (OIDC Core §5.5).
    #[serde(flatten, deserialize_with = "Attributen::tussen")]
    pub attributen: Attributen,
}

impl AccessToken {
    /// The token of this generation of a family. It never lasts longer than what came of the login may
    /// (etoegang.md §3).
    pub fn of(
        hm: &Hm,
        family: &Family,
        handle: Handle,
        cnf: Option<Confirmation>,
        now: Moment,
    ) -> Self {
        let exp = now.plus_s(hm.instellingen.access_token_s);
        let wie = family.vertegenwoordiging.as_ref();
        Self {
            iss: hm.issuer.clone(),
            aud: family.dv.clone(),
            azp: family.client_id.clone(),
            client_id: family.client_id.clone(),
            sub: family.sub.clone(),
            sub_id_type: PSEUDO.to_owned(),
            scope: family.scope.clone(),
            acr: family.niveau,
            auth_time: family.ad.auth_time,
            jti: jti(handle.id, handle.generation),
            iat: now.unix(),
            exp: exp.min(family.eindigt(&hm.instellingen)).unix(),
            service_id: family.service_id.clone(),
            service_uuid: family.service_uuid.clone(),
            represents: wie.map(Represents::of),
            vestigingsnr: wie.and_then(|wie| wie.beperking.clone()),
            etd_mandate_checked_at: wie.map(|wie| wie.gecontroleerd),
            cnf,
        }
    }

    /// Seconds until it is over, for `expires_in`.
    pub const fn expires_in_s(&self) -> i64 {
        self.exp - self.iat
    }
}

impl IdToken {
    /// The ID token beside that access token.
    pub fn of(
        hm: &Hm,
        family: &Family,
        handle: Handle,
        nonce: Option<String>,
        now: Moment,
    ) -> Self {
        let of_access = jti(handle.id, handle.generation);
        Self {
            iss: hm.issuer.clone(),
            aud: family.client_id.clone(),
            sub: family.sub.clone(),
            sub_id_type: PSEUDO.to_owned(),
            nonce,
            acr: family.niveau,
            auth_time: family.ad.auth_time,
            jti: format!(
                "id.{}",
                jose::base64url_encode(jose::sha256(of_access.as_bytes()))
            ),
            iat: now.unix(),
            nbf: now.unix(),
            exp: now.plus_s(hm.instellingen.id_token_s).unix(),
            represents: family.vertegenwoordiging.as_ref().map(Represents::of),
            attributen: GegevenAttribuut::alle(&family.attributen, |one| one.plaatsen.id_token),
        }
    }
}

impl Represents {
    /// etoegang case 11: outside who stands between, inside who is represented.
    pub(crate) fn of(wie: &Vertegenwoordiging) -> Self {
        let one = |kenmerk: &Kenmerk, schakel: &Schakel, represents| Self {
            sub: kenmerk.waarde().to_owned(),
            sub_id_type: kenmerk.soort().urn().to_owned(),
            iss: schakel.mr.clone(),
            represents,
        };
        match &wie.keten {
            Keten::Enkel(schakel) => one(&wie.vertegenwoordigde, schakel, None),
            Keten::Via {
                tussenpersoon,
                eerste,
                tweede,
            } => {
                let inner = one(&wie.vertegenwoordigde, eerste, None);
                one(tussenpersoon, tweede, Some(Box::new(inner)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::{COMPANY_NAME, VAN_PERSONEN};
    use crate::testing::{NOW, family, gegeven, hm, keten};
    use serde_json::{Value, json};

    fn handle() -> Handle {
        Handle {
            id: [9; 16],
            generation: 2,
        }
    }

    fn access(family: &Family, now: i64) -> Value {
        let token = AccessToken::of(&hm(), family, handle(), None, Moment::from_unix(now));
        serde_json::to_value(token).expect("json")
    }

    #[test]
    fn etoegang_case_078_an_access_token_says_who_acts_for_whom_at_which_service() {
        let claims = access(&family(), NOW);
        // etoegang case 78
        let expected = json!({
            "iss": "https://hm.test/etd/1.13",
            "aud": "urn:etoegang:DV:00000001234567890000:entities:1",
            "azp": "app-1",
            "client_id": "app-1",
            "sub": "pseudoniem-voor-deze-dv",
            "sub_id_type": "urn:etoegang:1.13:EntityConcernedID:Pseudo",
            "scope": "openid urn:etoegang:DV:00000001234567890000:services:1",
            "acr": "urn:etoegang:core:assurance-class:loa3",
            "auth_time": family().ad.auth_time,
            "jti": "09090909090909090909090909090909.2",
            "iat": NOW,
            "exp": NOW + 600,
            "urn:etoegang:core:ServiceID": "urn:etoegang:DV:00000001234567890000:services:1",
            "urn:etoegang:core:ServiceUUID": "2c9d1c2e-1d0a-4d6b-8f5e-000000000001",
            "represents": {
                "sub": "12345678",
                "sub_id_type": "urn:etoegang:1.9:EntityConcernedID:KvKnr",
                "iss": "urn:etoegang:MR:00000004000000002000:entities:1",
            },
            "etd_mandate_checked_at": NOW,
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn etoegang_case_007_no_token_outlives_what_came_of_the_login() {
        let family = family();
        let end = family.eindigt(&hm().instellingen).unix();
        // etoegang case 7
        assert_eq!(access(&family, NOW)["exp"], NOW + 600);
        assert_eq!(access(&family, end - 10)["exp"], end);
        let token = AccessToken::of(&hm(), &family, handle(), None, Moment::from_unix(end - 10));
        assert_eq!(token.expires_in_s(), 10);
    }

    #[test]
    fn etoegang_case_011_a_chain_nests_with_the_represented_party_deepest() {
        let chained = Family {
            vertegenwoordiging: Some(keten()),
            ..family()
        };
        let claims = access(&chained, NOW);
        // etoegang case 11
        assert_eq!(claims["represents"]["sub"], "87654321");
        let mr2 = "urn:etoegang:MR:00000004000000003000:entities:1";
        assert_eq!(claims["represents"]["iss"], mr2);
        assert_eq!(claims["represents"]["represents"]["sub"], "12345678");
        assert_eq!(
            claims["represents"]["represents"]["represents"],
            Value::Null
        );
        // etoegang case 12
        assert_eq!(claims[crate::kenmerk::VESTIGINGSNR], "000012345678");
    }

    #[test]
    fn etoegang_case_076_an_id_token_has_what_the_profile_asks_and_no_amr() {
        let now = Moment::from_unix(NOW);
        let token = IdToken::of(&hm(), &family(), handle(), Some("n1".into()), now);
        let claims = serde_json::to_value(&token).expect("json");
        let names: Vec<&String> = claims.as_object().expect("claims").keys().collect();
        // etoegang case 76
        let expected = [
            "acr",
            "aud",
            "auth_time",
            "exp",
            "iat",
            "iss",
            "jti",
            "nbf",
            "nonce",
            "represents",
            "sub",
            "sub_id_type",
        ];
        assert_eq!(names, expected.iter().collect::<Vec<_>>());
        assert_eq!(
            (claims["aud"].clone(), token.exp - token.iat),
            (json!("app-1"), 120)
        );
        let after_refresh = IdToken::of(&hm(), &family(), handle(), None, now);
        // OIDC Core §12.2
        let after_refresh = serde_json::to_value(after_refresh).expect("json");
        assert!(after_refresh.get("nonce").is_none());
    }

    #[test]
    fn oidc_core_5_5_an_id_token_has_the_attributes_that_were_asked_for_in_it_and_an_access_token_none()
     {
        let mut known = family();
        known.attributen = gegeven(VAN_PERSONEN[0], "Bram", true);
        known
            .attributen
            .extend(gegeven(COMPANY_NAME, "Bakkerij", false));
        let token = IdToken::of(&hm(), &known, handle(), None, Moment::from_unix(NOW));
        let mut claims = serde_json::to_value(&token).expect("json");
        // OIDC Core §5.5
        assert_eq!(claims[VAN_PERSONEN[0]], "Bram");
        assert_eq!(claims.get(COMPANY_NAME), None);
        assert_eq!(access(&known, NOW), access(&family(), NOW));
        claims["something"] = json!({ "new": 1 });
        let read: IdToken = serde_json::from_value(claims).expect("a token");
        assert_eq!(read, token);
    }
}
