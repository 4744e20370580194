//! Ending a login (digid.md §2.7): we ask DigiD by the person's browser, and DigiD tells us over the
//! back channel when it ends elsewhere.

use identity::Bsn;
use saml::NameId;
use saml::incoming::{NotFound, ServiceProvider as At};
use saml::logout::{
    self, AskedToLogOut, BadAnswer, LogoutRequest, LogoutResponse, Outcome, Rejected,
};
use saml::metadata::IdpMetadata;
use saml::signature::SignatureFault;
use verdict::Moment;

use super::{Login, ServiceProvider, Unreachable};
use crate::app::App;
use crate::chance;

/// Somebody whom DigiD logged out.
#[derive(Clone, Debug)]
pub struct LoggedOut {
    /// Who.
    pub bsn: Bsn,
    /// The `ID` of DigiD's message, for the answer.
    pub request_id: String,
}

/// A message about a logout that does not count: the requirement, and a line for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLogout {
    /// What refused.
    pub requirement: &'static str,
    /// Why.
    pub reason: String,
}

impl From<Unreachable> for BadLogout {
    fn from(_: Unreachable) -> Self {
        Self {
            requirement: "digid.md 2.7",
            reason: "DigiD's metadata cannot be had".to_owned(),
        }
    }
}

impl From<BadAnswer> for BadLogout {
    fn from(why: BadAnswer) -> Self {
        Self {
            requirement: "digid case 35",
            reason: why.to_string(),
        }
    }
}

impl From<Rejected> for BadLogout {
    fn from(why: Rejected) -> Self {
        Self {
            requirement: "digid case 38",
            reason: why.to_string(),
        }
    }
}

impl ServiceProvider {
    /// The person's logout, on its way to DigiD (digid case 35); nothing when DigiD offers none.
    ///
    /// # Errors
    /// [`Unreachable`] when DigiD's metadata cannot be had, or the request cannot be sent; the log
    /// says why.
    pub async fn logout(
        &self,
        app: &App,
        logout_request_id: &str,
        bsn: &Bsn,
        relay_state: &str,
        now: Moment,
    ) -> Result<Option<Login>, Unreachable> {
        let idp = self.idp.get(app).await?;
        let request = LogoutRequest {
            id: logout_request_id.to_owned(),
            issue_instant: now,
            issuer: self.entity_id.clone(),
            name_id: NameId::bsn(bsn),
            session_index: None,
        };
        request
            .send(&idp, Some(relay_state), &self.key)
            .map_err(|why| {
                tracing::error!(party = app.party, %why, "a LogoutRequest could not be sent");
                Unreachable
            })
    }

    /// How DigiD ended the logout of this `ID`: the query with which the browser came back.
    ///
    /// # Errors
    /// [`BadLogout`] when it is not DigiD's answer to it.
    pub async fn logged_out(
        &self,
        app: &App,
        query: &str,
        logout_request_id: &str,
        now: Moment,
    ) -> Result<Outcome, BadLogout> {
        let judge = |idp: &IdpMetadata| {
            let asked = AskedToLogOut {
                request_id: logout_request_id,
                url: self.slo_url.as_deref().unwrap_or_default(),
                identity_provider: idp,
            };
            logout::accept_redirect(query, asked, now)
        };
        match judge(&*self.idp.get(app).await?) {
            Err(BadAnswer::NotFound(why)) if is_of_unknown_key(why) => {
                Ok(judge(&*self.idp.anew(app).await?)?)
            }
            judged => Ok(judged?),
        }
    }

    /// Whom DigiD logs out, by its SOAP message (digid case 38).
    ///
    /// # Errors
    /// [`BadLogout`] when it is not DigiD's, not of now or names no BSN.
    pub async fn told_of_logout(
        &self,
        app: &App,
        soap: &[u8],
        now: Moment,
    ) -> Result<LoggedOut, BadLogout> {
        let judge = |idp: &IdpMetadata| {
            let at = At {
                url: self.slo_soap_url.as_deref().unwrap_or_default(),
                identity_provider: idp,
            };
            logout::receive_soap(soap, at, now)
        };
        let request = match judge(&*self.idp.get(app).await?) {
            Err(Rejected::NotFound(why)) if is_of_unknown_key(why) => {
                judge(&*self.idp.anew(app).await?)?
            }
            judged => judged?,
        };
        let bsn = request.name_id.to_bsn().map_err(|why| BadLogout {
            requirement: "digid case 38",
            reason: why.to_string(),
        })?;
        Ok(LoggedOut {
            bsn,
            request_id: request.id,
        })
    }

    /// Our answer to DigiD's message: the person has no session here any more. Nothing when it
    /// cannot be signed.
    pub fn confirms_logout(&self, logged_out: &LoggedOut, now: Moment) -> Option<String> {
        let answer = LogoutResponse {
            id: saml::message_id(chance::entropy().bytes("saml.logout_response")),
            issue_instant: now,
            issuer: self.entity_id.clone(),
            in_response_to: logged_out.request_id.clone(),
            outcome: Outcome::Success,
        };
        answer.to_soap(&self.key).ok()
    }
}

/// Whether the message may be DigiD's after all, signed with a key that we do not know yet.
const fn is_of_unknown_key(why: NotFound) -> bool {
    matches!(why, NotFound::Signature(SignatureFault::Value))
}
