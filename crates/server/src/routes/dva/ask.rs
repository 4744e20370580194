//! What a DVA asks others: Mitz for consent (steps 24–26), and a provider's record system for what it
//! has (steps 27 and 30).

use std::time::Duration;

use fhir::{Bevinding, Bundle, Geboortedatum, Gegevensdienst, Patient, Zoekvraag, is_id};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use identity::{Bsn, GegevensdienstId, Ura};
use jose::{Algorithm, Expected, Typ, jwe};
use medmij::resource_interface::{Ontvangst, PlaatsingVraag};
use mitz::dva::resource::GegevensVraag;
use mitz::dva::token::{BeschikbaarheidVraag, MitzAntwoord, ToestemmingVraag};
use mitz::locatietoken::BSN_SYSTEM;
use mitz::lokalisatie::NietBereikbaar;
use serde_json::{Value, json};

use super::{DvaRole, LEEWAY_S};
use crate::door::TraceId;
use crate::outside::{Answer, Headers, OutsideError};
use crate::settle::Run;

/// What the answer to a consent question must say it is (RFC 9701 §5).
const INTROSPECTION_TYP: &str = "token-introspection+jwt";

/// FHIR R4 §2.6.
const FHIR_JSON: &str = "application/fhir+json";

/// For all questions to a record system of one availability test. A token request is answered within ten
/// seconds (core.tknint.206, medmij case 58); the rest of them is for everything else.
const BEVINDING_MAX: Duration = Duration::from_secs(8);
/// Of so many gegevensdiensten it is asked at once whether a record system has something.
const AT_ONCE: usize = 8;

impl DvaRole {
    /// Steps 24–26.
    pub(super) async fn ask_mitz(
        &self,
        run: &Run,
        q: &ToestemmingVraag,
    ) -> Result<MitzAntwoord, NietBereikbaar> {
        let (services, presenter) = (q.services(), q.presenter_x5t());
        let form = [
            ("token", q.id_token()),
            ("token_type_hint", "id_token"),
            ("ura", q.ura().as_str()),
            ("function", q.functie().as_str()),
            ("services", &services),
            ("presenter_x5t", &presenter),
        ];
        let headers = Headers::none()
            .correlation_id(run.trace)
            .accept("application/token-introspection+jwt");
        let url = &self.urls.consent_introspect;
        let answer = self.app.outside.post_form(url, &form, headers).await;
        let body = match answered(answer) {
            Ok(body) => body,
            Err(nee) => {
                self.told(
                    run,
                    q.ura(),
                    "Mitz says that this is not our provider",
                    false,
                );
                return Ok(nee);
            }
        };
        let introspection = match body {
            Some(body) => self.introspection(&body).await,
            None => None,
        };
        let Some(introspection) = introspection else {
            self.told(run, q.ura(), "no usable answer of Mitz", false);
            return Err(NietBereikbaar);
        };
        let antwoord = MitzAntwoord::read(&introspection, q.ura(), q.client_id(), q.functie());
        let permit = matches!(antwoord, MitzAntwoord::Permit { .. });
        let note = if permit {
            "consent and BSN received"
        } else {
            "no consent"
        };
        self.told(run, q.ura(), note, permit);
        Ok(antwoord)
    }

    fn told(&self, run: &Run, ura: &Ura, note: &str, ok: bool) {
        let turn = self.app.turn(run.trace, Some(ura.to_string()));
        turn.told(26, "mitz", note, ok);
    }

    /// Step 26: decrypted with our key, signed by Mitz, for us, now.
    async fn introspection(&self, body: &[u8]) -> Option<Value> {
        let text = std::str::from_utf8(body).ok()?;
        let jws = {
            let set = self.app.keys.set();
            jwe::decrypt(text, set.introspection().ok()?.all()).ok()?
        };
        let jws = std::str::from_utf8(&jws.plain).ok()?;
        let keys = self
            .mitz_keys
            .keys(&self.app, &self.urls.mitz_jwks)
            .await
            .ok()?;
        let expected = Expected {
            typ: Typ::Is(INTROSPECTION_TYP),
            issuer: &self.dva.mitz,
            audience: &[&self.dva.issuer],
            now: self.app.clock.now(),
            leeway_s: LEEWAY_S,
        };
        let claims = jose::verify(jws, &keys, &[Algorithm::Es256], &expected).ok()?;
        claims.get("token_introspection").cloned()
    }

    /// Step 27: the questions of the beschikbaarheidstoets, to the provider's own record system.
    pub(super) async fn ask_xis(
        &self,
        trace: TraceId,
        q: &BeschikbaarheidVraag,
    ) -> Result<Bevinding, NietBereikbaar> {
        let found = self.bevinding(trace, q.ura(), q.bsn(), q.gegevensdiensten());
        found.await.inspect_err(|NietBereikbaar| {
            let turn = self.app.turn(trace, Some(q.ura().to_string()));
            turn.saw_fail(27, "xis", "no answer");
        })
    }

    /// What a provider's record system knows of a person, and which of these gegevensdiensten have
    /// something; nothing when it takes too long about it.
    pub(super) async fn bevinding(
        &self,
        trace: TraceId,
        ura: &Ura,
        bsn: &Bsn,
        diensten: impl Iterator<Item = &Gegevensdienst>,
    ) -> Result<Bevinding, NietBereikbaar> {
        let found = self.gevonden(trace, ura, bsn, diensten);
        let in_time = tokio::time::timeout(BEVINDING_MAX, found).await;
        in_time.unwrap_or(Err(NietBereikbaar))
    }

    /// A person whom the record system does not know costs the questions that one costs of whom it has
    /// nothing, some at a time: else the time of a refusal would tell which of the two it is (design §5).
    async fn gevonden(
        &self,
        trace: TraceId,
        ura: &Ura,
        bsn: &Bsn,
        diensten: impl Iterator<Item = &Gegevensdienst>,
    ) -> Result<Bevinding, NietBereikbaar> {
        let patients = self.search(trace, ura, bsn, "Patient", &[]);
        let asked = diensten.map(|dienst| async {
            let found = self.has_any(trace, ura, bsn, &dienst.zoekvragen).await?;
            Ok(found.then(|| dienst.id.clone()))
        });
        let asked: Vec<_> = asked.collect();
        let found = stream::iter(asked).buffered(AT_ONCE).try_collect();
        let (patients, found) = tokio::try_join!(patients, found)?;
        let found: Vec<Option<GegevensdienstId>> = found;
        let patient = patients.resources.first().map(|patient| Patient {
            geboortedatum: patient["birthDate"].as_str().and_then(Geboortedatum::parse),
            overleden: patient["deceasedBoolean"] == true
                || patient["deceasedDateTime"].is_string(),
        });
        let beschikbaar = found.into_iter().flatten();
        Ok(Bevinding {
            beschikbaar: beschikbaar.filter(|_| patient.is_some()).collect(),
            patient,
        })
    }

    /// Whether one of the searches of a gegevensdienst finds something.
    async fn has_any(
        &self,
        trace: TraceId,
        ura: &Ura,
        bsn: &Bsn,
        zoekvragen: &[Zoekvraag],
    ) -> Result<bool, NietBereikbaar> {
        for zoekvraag in zoekvragen {
            let mut parameters = zoekvraag.parameters.clone();
            parameters.push(("_count".to_owned(), "1".to_owned()));
            let kind = &zoekvraag.resource_type;
            let found = self.search(trace, ura, bsn, kind, &parameters).await?;
            if !found.resources.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A search at a provider's record system for one person. The BSN travels in the body.
    async fn search(
        &self,
        trace: TraceId,
        ura: &Ura,
        bsn: &Bsn,
        kind: &str,
        parameters: &[(String, String)],
    ) -> Result<Bundle, NietBereikbaar> {
        let person = format!("{BSN_SYSTEM}|{}", bsn.reveal());
        let by = if kind == "Patient" {
            "identifier"
        } else {
            "patient.identifier"
        };
        let mut form = vec![(by, person.as_str())];
        form.extend(parameters.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        let url = format!("{}/{ura}/fhir/{kind}/_search", self.urls.xis);
        let headers = Headers::none().correlation_id(trace).accept(FHIR_JSON);
        let answer = self.app.outside.post_form(&url, &form, headers).await;
        match answer {
            Ok(answer) if answer.status == 200 => {
                Bundle::parse(&answer.body).map_err(|_| NietBereikbaar)
            }
            _ => Err(NietBereikbaar),
        }
    }

    /// Delen: gives the record system what a person places, with the person that the token stands for.
    pub(super) async fn place(&self, trace: TraceId, q: &PlaatsingVraag) -> Ontvangst {
        let identifier = json!({ "system": BSN_SYSTEM, "value": q.bsn().reveal() });
        let patient = json!({ "type": "Patient", "identifier": identifier });
        let kind = q.plaatsing().resource_type();
        let url = format!("{}/{}/fhir/{kind}", self.urls.xis, q.ura());
        let headers = Headers::none().correlation_id(trace).accept(FHIR_JSON);
        let body = q.plaatsing().clone().about(patient).to_string();
        let outside = &self.app.outside;
        let answer = outside.post_bytes(&url, FHIR_JSON, body.into_bytes(), headers);
        match answer.await {
            Ok(answer) if answer.status == 201 => placed(&answer.body),
            Ok(answer) if [400, 404, 413, 422].contains(&answer.status.as_u16()) => {
                Ontvangst::Geweigerd
            }
            _ => Ontvangst::Geen,
        }
    }

    /// Step 30: what the record system has, of every search.
    pub(super) async fn gegevens(
        &self,
        trace: TraceId,
        q: &GegevensVraag,
    ) -> Result<Bundle, NietBereikbaar> {
        let mut all = Bundle::default();
        for zoekvraag in q.zoekvragen() {
            let kind = &zoekvraag.resource_type;
            let found = self
                .search(trace, q.ura(), q.bsn(), kind, &zoekvraag.parameters)
                .await?;
            all.join(found);
        }
        Ok(all)
    }
}

/// The id that a record system gave.
fn placed(body: &[u8]) -> Ontvangst {
    let resource: Option<Value> = serde_json::from_slice(body).ok();
    let id = resource
        .as_ref()
        .and_then(|resource| resource["id"].as_str());
    match id.filter(|id| is_id(id)) {
        Some(id) => Ontvangst::Geplaatst(id.to_owned()),
        None => Ontvangst::Geen,
    }
}

/// The body of Mitz' answer, nothing when there is none, or the no of a Mitz that does not take us for
/// the DVA of this provider (mitz case 45).
fn answered(answer: Result<Answer, OutsideError>) -> Result<Option<Vec<u8>>, MitzAntwoord> {
    match answer {
        Ok(answer) if answer.status == 200 => Ok(Some(answer.body)),
        Ok(answer) if answer.status == 403 => Err(MitzAntwoord::Nee {
            reason: "Mitz says that we are not the DVA of this provider",
        }),
        _ => Ok(None),
    }
}
