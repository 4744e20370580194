//! The app's tokens, as its browser keeps them: sealed.

use etoegang::dv_app::Gekregen;
use serde::{Deserialize, Serialize};

use crate::seal::Seal;
use crate::web::{self, Visit};

const COOKIE: &str = "__Host-dv-sessie";
const PURPOSE: &str = "etoegang.dv.sessie";
/// Seconds that the cookie lasts: as long as a login can.
const SESSIE_S: u32 = 14_400;

/// What the HM gave.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Sessie {
    #[serde(rename = "access_token")]
    pub(super) toegang: String,
    #[serde(default, rename = "refresh_token")]
    pub(super) vernieuwing: Option<String>,
}

impl Sessie {
    /// What is kept of an answer: the ID token is looked at once.
    pub(super) fn of(gekregen: Gekregen) -> Self {
        Self {
            toegang: gekregen.access_token,
            vernieuwing: gekregen.refresh_token,
        }
    }

    /// What this browser has.
    pub(super) fn in_browser(visit: &Visit, seal: &Seal) -> Option<Self> {
        seal.open_cookie(PURPOSE, visit.cookie(COOKIE)?)
    }

    pub(super) fn cookie(&self, seal: &Seal) -> (http::HeaderName, http::HeaderValue) {
        web::set_cookie(COOKIE, &seal.cookie(PURPOSE, self), SESSIE_S)
    }

    pub(super) fn dropped() -> (http::HeaderName, http::HeaderValue) {
        web::drop_cookie(COOKIE)
    }

    /// Binds a form to these tokens.
    pub(super) fn form_token(&self, seal: &Seal) -> String {
        seal.form_token(PURPOSE, &self.toegang)
    }

    pub(super) fn is_form_token(&self, seal: &Seal, shown: &str) -> bool {
        seal.is_form_token(PURPOSE, &self.toegang, shown)
    }
}
