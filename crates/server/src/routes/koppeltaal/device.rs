//! The Device of an application, in the FHIR server of its domain (koppeltaal.md §1.7): made at its
//! registration, and looked for when it asks for something (koppeltaal case 117).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use http::header::{ETAG, IF_MATCH};
use koppeltaal::client_assertion::Device;
use koppeltaal::domeinbeheer::device_of;
use koppeltaal::domeinconfiguratie::Domeinconfiguratie;
use koppeltaal::{ClientId, Domein};
use serde_json::Value;
use verdict::Moment;

use super::{DomeinNu, KoppeltaalRole};
use crate::outside::{Answer, Bounds, Headers, OutsideError};

const FHIR_JSON: &str = "application/fhir+json";
/// Seconds for which what was seen counts: a Device that somebody removed is missed within them.
const SEEN_S: u32 = 60;
/// Seconds for which a Device that is not there, or not to be had, is not looked for again.
const UNSEEN_S: u32 = 5;
/// The most applications of which it is remembered: beyond any number that a node serves.
const APPLICATIONS_MAX: usize = 16_384;
/// A Device has no pictures, and an application waits for its token.
const BOUNDS: Bounds = Bounds {
    bytes_max: 64 * 1024,
    timeout_s: 2,
};

/// Which applications' Devices were seen.
#[derive(Default)]
pub(super) struct Devices(Mutex<HashMap<(Domein, ClientId), Arc<Look>>>);

/// What is known of one.
#[derive(Default)]
struct Look {
    last: Mutex<Option<Last>>,
    /// Whoever looks has it.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy)]
struct Last {
    device: Device,
    fresh_until: Moment,
    /// It was there once, so that one that is gone was removed.
    was_there: bool,
}

impl Devices {
    /// From now on it has to be looked for.
    pub(super) fn forget(&self, domein: &Domein, id: ClientId) {
        self.look(domein, id).age();
    }

    fn look(&self, domein: &Domein, id: ClientId) -> Arc<Look> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= APPLICATIONS_MAX {
            known.clear();
        }
        Arc::clone(known.entry((domein.clone(), id)).or_default())
    }
}

impl Look {
    fn last(&self) -> Option<Last> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known without looking.
    fn fresh(&self, now: Moment) -> Option<Device> {
        let last = self.last().filter(|last| !last.fresh_until.is_over_at(now));
        last.map(|last| last.device)
    }

    fn keep(&self, device: Device, now: Moment) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let was_there = device == Device::Aanwezig || last.is_some_and(|last| last.was_there);
        // Also while the FHIR server is away: nobody waits for it each time.
        let is_seen = was_there && device != Device::Afwezig;
        let fresh_s = if is_seen { SEEN_S } else { UNSEEN_S };
        *last = Some(Last {
            device,
            fresh_until: now.plus_s(fresh_s),
            was_there,
        });
    }

    fn age(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_mut() {
            last.fresh_until = Moment::from_unix(0);
        }
    }
}

/// Why there is no such Device.
#[derive(Debug)]
pub(super) enum Niet {
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
    /// Whether the application has its Device in the domain. One that came by a declaration, and never
    /// had one, gets it now. While the FHIR server does not answer, what was seen before counts.
    pub(super) async fn device(&self, domein: &DomeinNu, id: ClientId) -> Device {
        let look = self.devices.look(&domein.configuratie.domein, id);
        if let Some(device) = look.fresh(self.app.clock.now()) {
            return device;
        }
        let _alone = look.looking.lock().await;
        // Somebody else may have looked since.
        if let Some(device) = look.fresh(self.app.clock.now()) {
            return device;
        }
        let was_there = look.last().is_some_and(|last| last.was_there);
        let found = match self.stored_device(&domein.configuratie, id).await {
            Ok(answer) if answer.status == StatusCode::OK => Device::Aanwezig,
            // It was never there: who deletes one leaves a tombstone (TOP-KT-013).
            Ok(answer) if answer.status == StatusCode::NOT_FOUND && !was_there => {
                match self.make_device(&domein.configuratie, id).await {
                    Ok(()) => Device::Aanwezig,
                    Err(Niet::Weigert(_)) => Device::Afwezig,
                    Err(Niet::Antwoordt) => Device::Onbekend,
                }
            }
            Ok(answer) if matches!(answer.status.as_u16(), 404 | 410) => Device::Afwezig,
            Ok(_) | Err(_) => Device::Onbekend,
        };
        look.keep(found, self.app.clock.now());
        found
    }

    async fn stored_device(
        &self,
        domein: &Domeinconfiguratie,
        id: ClientId,
    ) -> Result<Answer, OutsideError> {
        let url = format!("{}/Device/{id}", domein.upstream);
        let headers = Headers::none().accept(FHIR_JSON);
        self.app.outside.get_within(&url, headers, BOUNDS).await
    }

    /// Makes the Device, or brings what we know of it up to date in the one that is there.
    pub(super) async fn make_device(
        &self,
        domein: &Domeinconfiguratie,
        id: ClientId,
    ) -> Result<(), Niet> {
        let Some(applicatie) = domein.applicaties.get(&id) else {
            return Ok(());
        };
        let found = self.stored_device(domein, id).await;
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
        let url = format!("{}/Device/{id}", domein.upstream);
        let body = serde_json::to_vec(&device).unwrap_or_default();
        let put = self.app.outside.put_bytes(&url, FHIR_JSON, body, headers);
        let put = put.await.map_err(|_| Niet::Antwoordt)?;
        if !put.status.is_success() {
            return Err(Niet::Weigert(put.status));
        }
        self.devices.forget(&domein.domein, id);
        Ok(())
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
