//! The IdPs of domains, as their client (koppeltaal.md §4.5): what they say of themselves, and the
//! exchange of their codes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::ACCEPT;
use koppeltaal::domeinconfiguratie::Idp;
use koppeltaal::launch::NietGoed;
use koppeltaal::launch::idp::{DISCOVERY_BYTES_MAX, Discovery};
use koppeltaal::launch::inloggen::{Login, Onderweg};
use protocol::assertion;
use serde::Deserialize;
use serde_json::json;
use verdict::Moment;

use super::{DomeinNu, KoppeltaalRole};
use crate::app::App;
use crate::chance;
use crate::jwks::JwksCache;
use crate::outside::{Answer, Bounds, Headers};

/// Seconds for which a discovery document is used without asking again.
const FRESH_S: u32 = 300;
/// The most IdPs whose documents are kept.
const IDPS_MAX: usize = 256;
/// Seconds that an assertion of ours lasts.
const ASSERTION_S: u32 = 60;
const BOUNDS: Bounds = Bounds {
    bytes_max: DISCOVERY_BYTES_MAX,
    timeout_s: 5,
};

/// What IdPs said, by issuer.
#[derive(Default)]
pub(super) struct Idps {
    documents: Mutex<HashMap<String, (Moment, Arc<Discovery>)>>,
    keys: JwksCache,
}

impl Idps {
    /// What the IdP says of itself, at most five minutes ago.
    pub(super) async fn discovery(&self, app: &App, idp: &Idp) -> Result<Arc<Discovery>, NietGoed> {
        if let Some(held) = self.held(&idp.issuer, app.clock.now()) {
            return Ok(held);
        }
        let url = format!("{}/.well-known/openid-configuration", idp.issuer);
        let headers = Headers::none().with(ACCEPT, "application/json");
        let answer = app.outside.get_within(&url, headers, BOUNDS).await;
        let answer = answer.ok().filter(|answer| answer.status == 200);
        let no_answer = NietGoed::new(
            "OIDC Discovery §4.3",
            "the IdP's discovery document cannot be had",
        );
        let document = Discovery::read(idp, &answer.ok_or(no_answer)?.body)?;
        let document = Arc::new(document);
        let mut held = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if held.len() >= IDPS_MAX {
            held.clear();
        }
        let kept = (app.clock.now(), Arc::clone(&document));
        held.insert(idp.issuer.clone(), kept);
        drop(held);
        Ok(document)
    }

    fn held(&self, issuer: &str, now: Moment) -> Option<Arc<Discovery>> {
        let held = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (asked, document) = held.get(issuer)?;
        let is_fresh = !asked.plus_s(FRESH_S).is_over_at(now);
        is_fresh.then(|| Arc::clone(document))
    }
}

impl KoppeltaalRole {
    /// Who logged in at the IdP, by the code that the browser brought, which can be exchanged once.
    pub(super) async fn who_logged_in(
        &self,
        domein: &DomeinNu,
        onderweg: &Onderweg,
        code: &str,
        iss: Option<&str>,
    ) -> Login {
        let Some(idp) = domein.configuratie.idps.get(onderweg.idp()) else {
            let reason = "the IdP is not of the domain any more";
            return Login::Afgekeurd(NietGoed::new("koppeltaal case 105", reason));
        };
        let Ok(discovery) = self.idps.discovery(&self.app, idp).await else {
            return Login::Onbereikbaar;
        };
        if !discovery.may_have_sent(iss) {
            let reason = "the answer names another IdP (iss)";
            return Login::Afgekeurd(NietGoed::new("RFC 9207 §2.4", reason));
        }
        let Some(assertion) = self.assertion_for(idp) else {
            return Login::Onbereikbaar;
        };
        let callback = domein.urls.idp_callback();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback.as_str()),
            ("code_verifier", onderweg.verifier()),
            ("client_id", idp.client_id.as_str()),
            ("client_assertion_type", assertion::TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        let headers = Headers::none().with(ACCEPT, "application/json");
        let outside = &self.app.outside;
        let answer = outside.post_form(&discovery.token_endpoint, &fields, headers);
        let id_token = match answer.await {
            Ok(answer) if !answer.status.is_server_error() => id_token(&answer),
            _ => return Login::Onbereikbaar,
        };
        match id_token {
            Some(id_token) => {
                self.read(&discovery, idp, &id_token, onderweg.nonce())
                    .await
            }
            None => Login::Afgekeurd(NietGoed::new(
                "OIDC Core §3.1.3.3",
                "the IdP gave no ID token for its code",
            )),
        }
    }

    /// Who we are at the IdP (RFC 7523 §2.2): the configured issuer is its audience, never a value
    /// of its metadata (design §5 "client assertion aud").
    fn assertion_for(&self, idp: &Idp) -> Option<String> {
        let now = self.app.clock.now();
        let claims = json!({
            "iss": idp.client_id,
            "sub": idp.client_id,
            "aud": idp.issuer,
            "iat": now.unix(),
            "exp": now.plus_s(ASSERTION_S).unix(),
            "jti": chance::entropy().uuid("koppeltaal.idp_assertion"),
        });
        let set = self.app.keys.set();
        set.id_tokens().ok()?.current().sign("JWT", &claims).ok()
    }

    /// What an ID token says, by the keys of its IdP; asked anew when its key is not among them.
    async fn read(&self, discovery: &Discovery, idp: &Idp, id_token: &str, nonce: &str) -> Login {
        let unproven = jose::Unproven::read(id_token).ok();
        let kid = unproven.as_ref().and_then(jose::Unproven::kid);
        let (app, url) = (&self.app, &discovery.jwks_uri);
        let Ok(mut keys) = self.idps.keys.keys(app, url).await else {
            return Login::Onbereikbaar;
        };
        if kid.is_some_and(|kid| keys.find(kid).is_none()) {
            match self.idps.keys.keys_again(app, url).await {
                Ok(newer) => keys = newer,
                Err(_) => return Login::Onbereikbaar,
            }
        }
        match discovery.prove(id_token, &keys, idp, nonce, app.clock.now()) {
            Ok(named) => Login::Ingelogd(named),
            Err(why) => Login::Afgekeurd(why),
        }
    }
}

fn id_token(answer: &Answer) -> Option<String> {
    #[derive(Deserialize)]
    struct Tokens {
        id_token: String,
    }
    let read = || serde_json::from_slice::<Tokens>(&answer.body).ok();
    let tokens = (answer.status == 200).then(read)??;
    Some(tokens.id_token)
}
