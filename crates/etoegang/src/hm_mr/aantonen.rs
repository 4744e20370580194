//! The question at a login: for whom does this person act? (GUC4 in etoegang.md §2.1, §4.7.)
//!
//! The person chooses at the MR, so the question goes two ways. The HM sends it, signed, and gets a
//! number; the browser takes the number to the MR and comes back with another, for which the HM gets
//! the declaration. No URL says who is represented.
//!
//! A proposal: the scheme has an `XACMLAuthzDecisionQuery` through the browser here.

use identity::{EntityId, ServiceId, ServiceUuid};
use jose::{Algorithm, Expected, Jwks, Typ};
use protocol::wire::{Parameters, with_query};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use verdict::{Entropy, Moment};

use super::{LEEWAY_S, Register, VRAAG_S};
use crate::attribuut::{ATTRIBUTEN_MAX, Attributen, Attribuutnaam};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dv_hm::authorize::{Afgebroken, AuthorizationRequest};
use crate::dv_hm::family::{Keten, Schakel, Vertegenwoordiging};
use crate::hm_ad::aanmelden::Mislukt;
use crate::kenmerk::{Kenmerk, Vestigingsnr};
use crate::keten::KetenAntwoord;
use crate::machtiging::InternPseudoniem;

/// The `typ` of the question.
pub const VRAAG_TYP: &str = "etoegang-mandate-query+jwt";
/// The `typ` of the request for the declaration.
pub const OPHALEN_TYP: &str = "etoegang-mandate-answer+jwt";
/// The `typ` of the declaration.
pub const VERKLARING_TYP: &str = "etoegang-mandate-declaration+jwt";
/// Seconds that a person may take at the MR.
pub const KIEZEN_S: u32 = 900;
/// What keys of HM and MR may sign with.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256];
/// Characters of a text in a question, at most.
const CARRIED_MAX: usize = 512;
/// Bytes of an encrypted pseudonym, at most.
const PSEUDONIEM_BYTES_MAX: usize = 4_096;

/// What an HM asks.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vraag {
    /// Unique; the declaration repeats it.
    pub query_id: String,
    /// The person: on its way encrypted for the MR, there in the clear.
    pub gemachtigde: InternPseudoniem,
    /// At which service.
    pub service_id: ServiceId,
    /// The same, as mandates name it.
    pub service_uuid: ServiceUuid,
    /// What the service asks.
    pub niveau_vereist: Betrouwbaarheidsniveau,
    /// Which attributes of organisations are asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributen: Vec<Attribuutnaam>,
    /// Where the browser goes afterwards.
    pub redirect_uri: String,
    /// By which the HM knows it then.
    pub state: String,
}

/// What the HM keeps while a person is at an MR.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wachtend {
    /// Which MR was asked.
    pub mr: EntityId,
    vraag: Vraag,
    begonnen: i64,
}

/// What an MR declares (`MandateDeclaration`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verklaring {
    /// The question.
    pub query_id: String,
    /// The person, for the DV of the service and for this organisation.
    pub sub: String,
    /// At which service.
    pub service_uuid: ServiceUuid,
    /// Who is represented.
    pub vertegenwoordigde: Kenmerk,
    /// For which branch.
    pub beperking: Option<Vestigingsnr>,
    /// The person's own mandate.
    pub machtiging: String,
    /// Who stands between, and that organisation's mandate.
    pub via: Option<(Kenmerk, String)>,
    /// `LevelOfAssuranceUsed`.
    pub niveau_gebruikt: Betrouwbaarheidsniveau,
    /// What is declared of the organisations beside, of what was asked. The HM reads of them what it asked for,
    /// whatever form the rest has.
    #[serde(skip_deserializing, skip_serializing_if = "Attributen::is_empty")]
    pub attributen: Attributen,
}

/// What a declaration means for a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gemachtigd {
    /// The person, for this DV.
    pub sub: String,
    /// For whom he acts.
    pub wie: Vertegenwoordiging,
    /// At which level.
    pub niveau: Betrouwbaarheidsniveau,
    /// What is declared of the organisations, of what was asked.
    pub attributen: Attributen,
}

/// An HM as an MR knows it.
#[derive(Clone, Debug)]
pub struct Herkenningsmakelaar {
    /// Its EntityID, which signs.
    pub entity: EntityId,
    /// With which keys.
    pub keys: Jwks,
    /// Where its people go back to.
    pub redirect_uris: Vec<String>,
}

/// A message that an MR does not take; why, for its operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geweigerd(pub &'static str);

#[derive(Deserialize)]
struct Ophalen {
    antwoord: String,
}

// ── The HM asks ─────────────────────────────────────────────────────────────────────────────────

impl Register {
    /// The claims of the question, to be signed with `typ` [`VRAAG_TYP`] and sent to the MR, and what is
    /// kept until the person is back. `gemachtigde` is what the AD encrypted for this MR.
    pub fn vraag(
        &self,
        request: &AuthorizationRequest,
        gemachtigde: InternPseudoniem,
        redirect_uri: &str,
        hm: &EntityId,
        entropy: &Entropy,
        now: Moment,
    ) -> (Value, Wachtend) {
        let text = |label| jose::base64url_encode(entropy.bytes::<32>(label));
        let vraag = Vraag {
            query_id: text("etoegang.mr.vraag"),
            gemachtigde,
            service_id: request.dienst.service_id.clone(),
            service_uuid: request.dienst.service_uuid.clone(),
            niveau_vereist: request.vereist(),
            attributen: request.claims.van_mr().cloned().collect(),
            redirect_uri: redirect_uri.to_owned(),
            state: text("etoegang.mr.state"),
        };
        let claims = signed(json!(vraag), hm, &self.entity, now);
        let wachtend = Wachtend {
            mr: self.entity.clone(),
            vraag,
            begonnen: now.unix(),
        };
        (claims, wachtend)
    }

    /// The number with which the browser came back, as claims to be signed with `typ` [`OPHALEN_TYP`].
    ///
    /// # Errors
    /// [`Mislukt`]: the person cancelled, has no mandate, or the answer is another's.
    pub fn terugkeer(
        &self,
        wachtend: &Wachtend,
        parameters: &Parameters,
        hm: &EntityId,
        now: Moment,
    ) -> Result<Value, Mislukt> {
        let is_ours = parameters.get("state") == Some(wachtend.vraag.state.as_str());
        let is_its = parameters.get("iss") == Some(self.entity.as_str());
        if self.entity != wachtend.mr || !is_ours || !is_its {
            let reason = "the answer is to another question, or of another MR (state, iss)";
            return Err(Mislukt::Ongeldig(reason));
        }
        let begonnen = Moment::from_unix(wachtend.begonnen);
        if begonnen.plus_s(KIEZEN_S).is_over_at(now) {
            return Err(Mislukt::Ongeldig("the person took too long at the MR"));
        }
        match (parameters.get("antwoord"), parameters.get("error")) {
            (Some(antwoord), None) => {
                let asked = json!({ "antwoord": antwoord });
                Ok(signed(asked, hm, &self.entity, now))
            }
            // etoegang case 71
            (_, Some("no_mandate")) => Err(Mislukt::Afgebroken(Afgebroken::GeenMachtiging)),
            (_, Some("access_denied")) => Err(Mislukt::Afgebroken(Afgebroken::Geannuleerd)),
            _ => Err(Mislukt::Ongeldig("the MR's answer has no number")),
        }
    }

    /// Reads the declaration (GUC4 4.4). It must be this MR's, to this question, about the service that
    /// was asked about, and reach the level. Of its attributes only those count that were asked for and that
    /// are an organisation's (etoegang.md §3).
    ///
    /// # Errors
    /// [`Mislukt`]; whatever cannot be believed gives no mandate.
    pub fn verklaring(
        &self,
        wachtend: &Wachtend,
        hm: &EntityId,
        antwoord: &KetenAntwoord,
        now: Moment,
    ) -> Result<Gemachtigd, Mislukt> {
        if antwoord.later_s().is_some() {
            return Err(Mislukt::Afgebroken(Afgebroken::NietBereikbaar));
        }
        let body = match antwoord {
            KetenAntwoord::Http {
                status: 200, body, ..
            } => body,
            // The mandate went after the person had chosen it (etoegang case 71).
            KetenAntwoord::Http { status: 400, .. } => {
                return Err(Mislukt::Afgebroken(Afgebroken::GeenMachtiging));
            }
            _ => return Err(Mislukt::Ongeldig("the MR's answer is no declaration")),
        };
        let unreadable = Mislukt::Ongeldig("the MR's declaration cannot be believed");
        let token = str::from_utf8(body).map_err(|_| unreadable)?;
        let expected = Expected {
            typ: Typ::Is(VERKLARING_TYP),
            issuer: self.entity.as_str(),
            audience: &[hm.as_str()],
            now,
            leeway_s: LEEWAY_S,
        };
        let claims = jose::verify(token, &self.keys, &ALGORITHMS, &expected);
        let claims = claims.map_err(|_| unreadable)?;
        let mut verklaring: Verklaring = claims.parse_all().map_err(|_| unreadable)?;
        let declared = claims.get("attributen");
        let asked = Attributen::gelezen(&wachtend.vraag.attributen, |naam| declared?.get(naam));
        verklaring.attributen = asked.map_err(|_| unreadable)?;
        let Vraag {
            query_id,
            service_uuid,
            niveau_vereist,
            ..
        } = &wachtend.vraag;
        if verklaring.query_id != *query_id || verklaring.service_uuid != *service_uuid {
            let reason = "the MR's declaration is about another question";
            return Err(Mislukt::Ongeldig(reason));
        }
        if verklaring.niveau_gebruikt < *niveau_vereist {
            return Err(Mislukt::Afgebroken(Afgebroken::NiveauNietGehaald));
        }
        Ok(self.gemachtigd(wachtend, verklaring, now))
    }

    fn gemachtigd(&self, wachtend: &Wachtend, said: Verklaring, now: Moment) -> Gemachtigd {
        let schakel = |machtiging| Schakel {
            mr: self.entity.clone(),
            machtiging: Some(machtiging),
        };
        let keten = match said.via {
            None => Keten::Enkel(schakel(said.machtiging)),
            Some((tussenpersoon, eerste)) => Keten::Via {
                tussenpersoon,
                eerste: schakel(eerste),
                tweede: schakel(said.machtiging),
            },
        };
        Gemachtigd {
            sub: said.sub,
            niveau: said.niveau_gebruikt,
            attributen: said.attributen,
            wie: Vertegenwoordiging {
                vertegenwoordigde: said.vertegenwoordigde,
                keten,
                beperking: said.beperking,
                handelende: wachtend.vraag.gemachtigde.clone(),
                gecontroleerd: now.unix(),
            },
        }
    }
}

impl Wachtend {
    /// By which the browser's return is known.
    pub fn state(&self) -> &str {
        &self.vraag.state
    }
}

/// Claims that are good for a minute, from one party to one other.
pub(crate) fn signed(mut claims: Value, iss: &EntityId, aud: &EntityId, now: Moment) -> Value {
    claims["iss"] = json!(iss);
    claims["aud"] = json!(aud);
    claims["iat"] = now.unix().into();
    claims["exp"] = now.plus_s(VRAAG_S).unix().into();
    claims
}

// ── The MR reads ────────────────────────────────────────────────────────────────────────────────

impl Herkenningsmakelaar {
    /// Reads a question. The person in it is still encrypted.
    ///
    /// # Errors
    /// [`Geweigerd`] for whatever this HM did not sign for this MR just now, or that leads elsewhere.
    pub fn vraag(&self, token: &str, mr: &EntityId, now: Moment) -> Result<Vraag, Geweigerd> {
        let mut vraag: Vraag = self.gelezen(token, VRAAG_TYP, mr, now)?;
        let carried = [&vraag.query_id, &vraag.state];
        if !carried
            .iter()
            .all(|text| (1..=CARRIED_MAX).contains(&text.len()))
        {
            return Err(Geweigerd("query_id or state is empty or too long"));
        }
        if vraag.gemachtigde.0.len() > PSEUDONIEM_BYTES_MAX {
            return Err(Geweigerd("the person's pseudonym is too long"));
        }
        if vraag.attributen.len() > ATTRIBUTEN_MAX {
            return Err(Geweigerd("more attributes are asked for than there may be"));
        }
        if !self.redirect_uris.contains(&vraag.redirect_uri) {
            return Err(Geweigerd("redirect_uri is not registered for the HM"));
        }
        // etoegang.md §3: what a person is, no MR declares
        vraag.attributen.retain(|naam| !naam.drager().is_van_ad());
        vraag.attributen.sort();
        vraag.attributen.dedup();
        Ok(vraag)
    }

    /// Reads the request for a declaration: the number.
    ///
    /// # Errors
    /// As [`Self::vraag`].
    pub fn ophalen(&self, token: &str, mr: &EntityId, now: Moment) -> Result<String, Geweigerd> {
        let ophalen: Ophalen = self.gelezen(token, OPHALEN_TYP, mr, now)?;
        Ok(ophalen.antwoord)
    }

    /// Reads the question of GUC9 9.4.
    ///
    /// # Errors
    /// As [`Self::vraag`].
    pub fn check(
        &self,
        token: &str,
        mr: &EntityId,
        now: Moment,
    ) -> Result<super::MandateCheck, Geweigerd> {
        self.gelezen(token, super::VRAAG_TYP, mr, now)
    }

    fn gelezen<T: DeserializeOwned>(
        &self,
        token: &str,
        typ: &str,
        mr: &EntityId,
        now: Moment,
    ) -> Result<T, Geweigerd> {
        let expected = Expected {
            typ: Typ::Is(typ),
            issuer: self.entity.as_str(),
            audience: &[mr.as_str()],
            now,
            leeway_s: LEEWAY_S,
        };
        let claims = jose::verify(token, &self.keys, &ALGORITHMS, &expected);
        let claims = claims.map_err(|_| Geweigerd("the HM's message cannot be believed"))?;
        let parsed = claims.parse_all();
        parsed.map_err(|_| Geweigerd("the HM's message lacks something, or has a wrong value"))
    }
}

impl Vraag {
    /// The URL with which the browser goes back to the HM.
    pub fn terug(&self, antwoord: (&str, &str), mr: &EntityId) -> String {
        let parameters = [antwoord, ("state", &self.state), ("iss", mr.as_str())];
        with_query(&self.redirect_uri, &parameters)
    }
}

impl Verklaring {
    /// Its claims, which the shell signs with `typ` [`VERKLARING_TYP`].
    pub fn claims(&self, mr: &EntityId, hm: &EntityId, now: Moment) -> Value {
        signed(json!(self), mr, hm, now)
    }
}

/// They hold whom it is about: nothing of them prints but the service or the register.
impl std::fmt::Debug for Vraag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vraag({})", self.service_id)
    }
}

impl std::fmt::Debug for Wachtend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wachtend({})", self.mr)
    }
}

#[cfg(test)]
#[path = "aantonen/tests.rs"]
mod tests;
