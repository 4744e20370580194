//! The interface between HM and MR: may this person still act for this organisation? (GUC9 9.4,
//! etoegang.md §4.7.)
//!
//! The scheme's own page for native apps is not public: the question and the answer, each a signed token,
//! are a proposal. The question at a login, to which the person himself gives the answer, is in
//! [`aantonen`].

pub mod aantonen;

use identity::{EntityId, ServiceUuid};
use jose::{Algorithm, Expected, Jwks, Typ};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use verdict::Moment;

use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::kenmerk::{Kenmerk, Vestigingsnr};
use crate::keten::KetenAntwoord;
use crate::machtiging::{Besluit, Gemachtigde};

/// The `typ` of an HM's question.
pub const VRAAG_TYP: &str = "etoegang-mandate-check+jwt";
/// Seconds that a question counts.
pub const VRAAG_S: u32 = 60;
/// The `typ` of an MR's answer.
pub const TYP: &str = "etoegang-mandate-decision+jwt";
/// Seconds that an answer counts.
pub const BESLUIT_S: u32 = 60;
/// Seconds by which the clocks of HM and MR may differ.
pub(crate) const LEEWAY_S: u32 = 30;

/// A question about one mandate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateCheck {
    /// Unique; the answer repeats it.
    pub check_id: String,
    /// Whom the question is for.
    pub mr: EntityId,
    /// How the MR called the mandate at the login, if it did.
    pub machtiging: Option<String>,
    /// Who acts.
    pub gemachtigde: Gemachtigde,
    /// For whom.
    pub vertegenwoordigde: Kenmerk,
    /// At which service.
    pub service_uuid: ServiceUuid,
    /// For which branch.
    pub beperking: Option<Vestigingsnr>,
    /// What the service asks.
    pub niveau_vereist: Betrouwbaarheidsniveau,
}

/// An MR's answer as the HM reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MrAntwoord {
    /// Permit, signed, for this question.
    Permit {
        /// `LevelOfAssuranceUsed`.
        niveau_gebruikt: Betrouwbaarheidsniveau,
    },
    /// Deny or NotApplicable, signed, for this question.
    Nee,
    /// Indeterminate, or no answer: nobody knows.
    Onbekend {
        /// When to try again.
        later_s: u32,
    },
    /// An answer that is none: not signed by this MR, about another question, or unreadable.
    Ongeldig,
}

/// An MR as the HM knows it.
#[derive(Clone, Debug)]
pub struct Register {
    /// Its EntityID, which signs.
    pub entity: EntityId,
    /// With which keys.
    pub keys: Jwks,
}

#[derive(Deserialize)]
struct Claims {
    check_id: String,
    decision: String,
    #[serde(default)]
    mandate: Option<String>,
    #[serde(default)]
    loa_used: Option<Betrouwbaarheidsniveau>,
}

impl Register {
    /// Reads the answer to a question (etoegang cases 46 to 53). Whatever cannot be believed is
    /// [`MrAntwoord::Ongeldig`], never a yes.
    pub fn lees(
        &self,
        check: &MandateCheck,
        hm: &EntityId,
        antwoord: &KetenAntwoord,
        now: Moment,
    ) -> MrAntwoord {
        if let Some(later_s) = antwoord.later_s() {
            return MrAntwoord::Onbekend { later_s };
        }
        let KetenAntwoord::Http {
            status: 200, body, ..
        } = antwoord
        else {
            return MrAntwoord::Ongeldig;
        };
        self.gelezen(check, hm, body, now)
            .unwrap_or(MrAntwoord::Ongeldig)
    }

    fn gelezen(
        &self,
        check: &MandateCheck,
        hm: &EntityId,
        body: &[u8],
        now: Moment,
    ) -> Option<MrAntwoord> {
        let expected = Expected {
            typ: Typ::Is(TYP),
            issuer: self.entity.as_str(),
            audience: &[hm.as_str()],
            now,
            leeway_s: LEEWAY_S,
        };
        // etoegang case 53
        let token = str::from_utf8(body).ok()?;
        let algorithms = [Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256];
        let claims = jose::verify(token, &self.keys, &algorithms, &expected).ok()?;
        let claims: Claims = claims.parse_all().ok()?;
        // An answer that was given to another question is no answer to this one.
        if claims.check_id != check.check_id || self.entity != check.mr {
            return None;
        }
        match claims.decision.as_str() {
            "Permit" => {
                let is_same = check.machtiging.is_none() || claims.mandate == check.machtiging;
                let niveau_gebruikt = claims.loa_used.filter(|_| is_same)?;
                Some(MrAntwoord::Permit { niveau_gebruikt })
            }
            "Deny" | "NotApplicable" => Some(MrAntwoord::Nee),
            "Indeterminate" => Some(MrAntwoord::Onbekend {
                later_s: crate::keten::LATER_S,
            }),
            _ => None,
        }
    }
}

impl MandateCheck {
    /// The claims of the question, which the shell signs with `typ` [`VRAAG_TYP`].
    pub fn claims(&self, hm: &EntityId, now: Moment) -> Value {
        let mut claims = json!(self);
        claims["iss"] = json!(hm);
        claims["aud"] = json!(self.mr);
        claims["iat"] = now.unix().into();
        claims["exp"] = now.plus_s(VRAAG_S).unix().into();
        claims
    }
}

/// The claims of an MR's answer, which the shell signs with `typ` [`TYP`]. The reason stays with the
/// MR.
pub fn claims(check: &MandateCheck, hm: &EntityId, besluit: &Besluit, now: Moment) -> Value {
    let mut claims = json!({
        "iss": check.mr,
        "aud": hm,
        "iat": now.unix(),
        "exp": now.plus_s(BESLUIT_S).unix(),
        "check_id": check.check_id,
        "decision": match besluit {
            Besluit::Permit { .. } => "Permit",
            Besluit::Deny(_) => "Deny",
            Besluit::NotApplicable(_) => "NotApplicable",
            Besluit::Indeterminate => "Indeterminate",
        },
    });
    if let Besluit::Permit {
        machtiging,
        niveau_gebruikt,
    } = besluit
    {
        claims["mandate"] = json!(machtiging);
        claims["loa_used"] = json!(niveau_gebruikt);
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machtiging::Reden;
    use crate::testing::{NOW, check, hm, keys, mr, other_keys, sign};

    fn register() -> Register {
        Register {
            entity: mr(),
            keys: keys().1,
        }
    }

    fn permit() -> Besluit {
        Besluit::Permit {
            machtiging: "M1".into(),
            niveau_gebruikt: Betrouwbaarheidsniveau::Loa3,
        }
    }

    fn read(status: u16, body: String) -> MrAntwoord {
        let antwoord = KetenAntwoord::Http {
            status,
            retry_after_s: None,
            body: body.into_bytes(),
        };
        register().lees(&check(), &hm().entity, &antwoord, Moment::from_unix(NOW))
    }

    fn answered(besluit: &Besluit, change: impl FnOnce(&mut Value)) -> MrAntwoord {
        let mut claims = claims(&check(), &hm().entity, besluit, Moment::from_unix(NOW));
        change(&mut claims);
        read(200, sign(&keys().0, TYP, &claims))
    }

    #[test]
    fn each_signed_decision_is_read_as_what_it_says() {
        let niveau_gebruikt = Betrouwbaarheidsniveau::Loa3;
        // GUC9 9.4
        let yes = answered(&permit(), |_| {});
        assert_eq!(yes, MrAntwoord::Permit { niveau_gebruikt });
        let no = answered(&Besluit::Deny(Reden::Ingetrokken), |_| {});
        assert_eq!(no, MrAntwoord::Nee);
        let none = answered(&Besluit::NotApplicable(Reden::Onbekend), |_| {});
        assert_eq!(none, MrAntwoord::Nee);
        let unsure = answered(&Besluit::Indeterminate, |_| {});
        assert_eq!(unsure, MrAntwoord::Onbekend { later_s: 5 });
        assert_eq!(
            read(503, String::new()),
            MrAntwoord::Onbekend { later_s: 5 }
        );
    }

    #[test]
    fn etoegang_case_053_what_cannot_be_believed_is_never_a_yes() {
        let now = Moment::from_unix(NOW);
        let yes = claims(&check(), &hm().entity, &permit(), now);
        // etoegang case 53
        let forged = sign(&other_keys().0, TYP, &yes);
        assert_eq!(read(200, forged), MrAntwoord::Ongeldig);
        let other_kind = sign(&keys().0, "at+jwt", &yes);
        assert_eq!(read(200, other_kind), MrAntwoord::Ongeldig);
        assert_eq!(read(200, yes.to_string()), MrAntwoord::Ongeldig);
        assert_eq!(read(404, String::new()), MrAntwoord::Ongeldig);
        let changes: [fn(&mut Value); 6] = [
            |claims| claims["check_id"] = "another".into(),
            |claims| claims["mandate"] = "M2".into(),
            |claims| claims["aud"] = "urn:etoegang:HM:00000003273226310000:entities:2".into(),
            |claims| claims["exp"] = (NOW - 31).into(),
            |claims| claims["decision"] = "permit".into(),
            |claims| {
                claims.as_object_mut().expect("claims").remove("loa_used");
            },
        ];
        for change in changes {
            assert_eq!(answered(&permit(), change), MrAntwoord::Ongeldig);
        }
    }

    #[test]
    fn a_reason_stays_with_the_register() {
        let now = Moment::from_unix(NOW);
        let no = claims(
            &check(),
            &hm().entity,
            &Besluit::Deny(Reden::Ingetrokken),
            now,
        );
        let names: Vec<&String> = no.as_object().expect("claims").keys().collect();
        // etoegang.md §4.7
        let expected = ["aud", "check_id", "decision", "exp", "iat", "iss"];
        assert_eq!(names, expected.iter().collect::<Vec<_>>());
    }
}
