//! The Device of an application, in the FHIR server of its domain (koppeltaal.md §1.7).

use std::fmt;

use http::StatusCode;
use http::header::{ETAG, IF_MATCH};
use koppeltaal::ClientId;
use koppeltaal::domeinbeheer::device_of;
use koppeltaal::domeinconfiguratie::Domeinconfiguratie;
use serde_json::Value;

use super::KoppeltaalRole;
use crate::outside::Headers;

const FHIR_JSON: &str = "application/fhir+json";

/// Why there is no such Device.
#[derive(Debug)]
pub(in crate::routes::koppeltaal) enum Niet {
    /// The FHIR server does not answer.
    Antwoordt,
    /// It does, and says this.
    Weigert(StatusCode),
}

impl Niet {
    /// For the operator's log.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Antwoordt => "no Device: the FHIR server does not answer",
            Self::Weigert(_) => "no Device: the FHIR server refuses it",
        }
    }
}

impl fmt::Display for Niet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Antwoordt => f.write_str("does not answer"),
            Self::Weigert(status) => write!(f, "refuses the Device with {}", status.as_u16()),
        }
    }
}

impl KoppeltaalRole {
    /// Makes the Device, or brings what we know of it up to date in the one that is there.
    pub(super) async fn make_device(
        &self,
        domein: &Domeinconfiguratie,
        id: ClientId,
    ) -> Result<(), Niet> {
        let Some(applicatie) = domein.applicaties.get(&id) else {
            return Ok(());
        };
        let url = format!("{}/Device/{id}", domein.upstream);
        let headers = Headers::none().accept(FHIR_JSON);
        let found = self.app.outside.get(&url, headers).await;
        let found = found.map_err(|_| Niet::Antwoordt)?;
        let (stored, tag) = match found.status {
            StatusCode::OK => (
                serde_json::from_slice(&found.body).ok(),
                found.headers.get(ETAG),
            ),
            StatusCode::NOT_FOUND | StatusCode::GONE => (None, None),
            other => return Err(Niet::Weigert(other)),
        };
        let device = onto(stored, device_of(domein, id, applicatie));
        let mut headers = Headers::none().accept(FHIR_JSON);
        if let Some(tag) = tag.and_then(|tag| tag.to_str().ok()) {
            headers = headers.with(IF_MATCH, tag);
        }
        let body = serde_json::to_vec(&device).unwrap_or_default();
        let put = self.app.outside.put_bytes(&url, FHIR_JSON, body, headers);
        let put = put.await.map_err(|_| Niet::Antwoordt)?;
        if put.status.is_success() {
            Ok(())
        } else {
            Err(Niet::Weigert(put.status))
        }
    }
}

/// What we know of a Device in the one that is there: an application may have said more of itself.
fn onto(stored: Option<Value>, device: Value) -> Value {
    match stored {
        Some(Value::Object(mut stored)) => {
            for member in ["status", "deviceName", "identifier"] {
                stored.insert(member.to_owned(), device[member].clone());
            }
            Value::Object(stored)
        }
        _ => device,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_application_said_of_itself_stays_in_its_device() {
        let device =
            json!({ "status": "inactive", "deviceName": [{ "name": "B" }], "identifier": [] });
        let stored = json!({ "status": "active", "deviceName": [], "manufacturer": "De Bouwer" });
        let both = onto(Some(stored), device.clone());
        assert_eq!(both["manufacturer"], "De Bouwer");
        assert_eq!(both["status"], "inactive");
        assert_eq!(both["deviceName"][0]["name"], "B");
        assert_eq!(onto(None, device.clone()), device);
    }
}
