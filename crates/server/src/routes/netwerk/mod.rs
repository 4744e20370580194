//! The observer of the demo: what every party told of a journey, beside the 30 steps of seed 000.
//!
//! Parties only tell; none of them reads here, and nothing here is kept when the demo stops.
//!
//! `told` takes what parties tell, `kept` keeps it, `journey` shows one run, `loose` the messages of
//! none, `eisen` what a refusal's requirement asks, `live` says when a page is behind, and `control` disturbs the
//! network.

mod control;
mod eisen;
mod journey;
mod kept;
mod live;
mod loose;
#[cfg(test)]
mod testing;
mod told;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use self::control::ControlRole;
use self::kept::Kept;
use self::live::Listeners;
use self::told::{Keys, NotTaken, Told};
use crate::app::App;
use crate::date;
use crate::network::Control;
use crate::observer::{Bericht, Sighting, Weigering};
use crate::pages::{
    Brand, Host, LIVE_SCRIPT, Netwerk, PageContext, ReisVermelding, Technisch, TechnischSoort,
};
use crate::recording::{Recording, begonnen, stand};
use crate::web::{self, Visit};

/// Everything that the observer needs.
pub struct NetwerkRole {
    app: Arc<App>,
    keys: Keys,
    hosts: Vec<Host>,
    /// The parties that somebody else's server plays.
    others: Vec<String>,
    /// What disturbs the network, if anything may, and the origin of our own pages.
    control: Option<(Control, String)>,
    kept: Mutex<Kept>,
    listeners: Listeners,
}

impl NetwerkRole {
    /// An observer that believes each party by its key. `hosts` are role and base URL of what its
    /// page shows, `others` the parties that somebody else's server plays; `control` is what disturbs the network, with the origin of the observer's host.
    pub fn new(
        app: Arc<App>,
        keys: BTreeMap<String, String>,
        hosts: Vec<(String, String)>,
        others: Vec<String>,
        control: Option<(Control, String)>,
    ) -> Arc<Self> {
        Arc::new(Self {
            app,
            keys: Keys(keys),
            hosts: hosts
                .into_iter()
                .map(|(rol, url)| Host { rol, url })
                .collect(),
            others,
            control,
            kept: Mutex::default(),
            listeners: Listeners::none(),
        })
    }

    /// What answers at its host.
    pub fn router(self: &Arc<Self>) -> Router {
        let router = Router::new()
            .route("/", get(netwerk))
            .route("/sightings", post(told::<Sighting>))
            .route("/berichten", get(loose::berichten).post(told::<Bericht>))
            .route("/weigeringen", post(told::<Weigering>))
            .route("/reizen.json", get(reizen_json))
            .route("/reizen/{reis}", get(journey::reis))
            .route("/reizen/{reis}/live", get(live::of_one))
            .route("/live", get(live::of_all))
            .route("/live.js", get(live_script))
            .route("/eisen/{eis}", get(eisen::eis));
        let router = web::with_pages(router, Brand::Netwerk).with_state(Arc::clone(self));
        match &self.control {
            Some((control, front_url)) => router.merge(control::router(ControlRole {
                app: Arc::clone(&self.app),
                control: control.clone(),
                front_url: front_url.clone(),
            })),
            None => router,
        }
    }

    /// What is known of a run; nothing of one that was not heard of.
    pub fn recording(&self, trace: &str) -> Option<Recording> {
        self.kept().recording(trace)
    }

    /// The journeys, newest first.
    fn reizen(&self) -> Vec<ReisVermelding> {
        let kept = self.kept();
        let journeys = kept.journeys();
        journeys
            .map(|(trace, sightings, weigeringen)| {
                let (stappen_gelukt, uitkomst) = stand(sightings);
                ReisVermelding {
                    trace: trace.to_owned(),
                    begonnen: begonnen(sightings).map(date::moment).unwrap_or_default(),
                    stappen_gelukt,
                    weigeringen,
                    uitkomst,
                }
            })
            .collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ── Told ────────────────────────────────────────────────────────────────────────────────────────

/// A party tells what it saw, what it exchanged, or what it refused.
async fn told<T: Told>(State(role): State<Arc<NetwerkRole>>, visit: Visit) -> Response {
    let (status, error, reason) = match role.keys.read::<T>(&visit) {
        Ok(items) => {
            let mut kept = role.kept();
            for item in items {
                item.keep(&mut kept);
            }
            role.listeners.tell(kept.revision(None));
            return web::json(200, &json!({}));
        }
        Err(NotTaken::Key) => (401, "unauthorized", "the key is not that of the party"),
        Err(NotTaken::Malformed) => (400, "invalid_request", "what was told is unreadable"),
    };
    role.app.refused(visit.trace, "demo observer", reason);
    web::json(status, &json!({ "error": error }))
}

// ── Shown ───────────────────────────────────────────────────────────────────────────────────────

async fn netwerk(State(role): State<Arc<NetwerkRole>>, visit: Visit) -> Response {
    let control = role.control.as_ref();
    let revisie = role.kept().revision(None);
    let page = Netwerk {
        revisie,
        reizen: role.reizen(),
        hosts: role.hosts.clone(),
        standen: control.map(|(control, _)| control::standen(control)),
        anderen: role.others.clone(),
    };
    show(200, &visit, &page)
}

async fn reizen_json(State(role): State<Arc<NetwerkRole>>) -> Response {
    let reizen: Vec<Value> = role
        .reizen()
        .into_iter()
        .map(|reis| {
            json!({
                "trace_id": reis.trace,
                "begonnen": reis.begonnen,
                "stappen_gelukt": reis.stappen_gelukt,
                "weigeringen": reis.weigeringen,
                "uitkomst": reis.uitkomst.name(),
            })
        })
        .collect();
    web::json(200, &json!({ "reizen": reizen }))
}

/// What brings the pages up to date.
async fn live_script() -> Response {
    web::typed(200, "text/javascript; charset=utf-8", LIVE_SCRIPT)
}

fn show(status: u16, visit: &Visit, page: &impl PageContext) -> Response {
    web::show(status, visit, Brand::Netwerk, &[], page)
}

fn not_found(visit: &Visit) -> Response {
    let soort = TechnischSoort::NietGevonden;
    show(404, visit, &Technisch { soort })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http::header::AUTHORIZATION;

    use super::testing::{TRACE, bericht, sighting, weigering};
    use super::*;
    use crate::routes::testing::{self as rig, Answer, Party, send};

    fn role(party: &Party) -> Arc<NetwerkRole> {
        let keys = [("mitz", "key-of-mitz"), ("pgo", "key-of-pgo")];
        let keys = keys.map(|(party, key)| (party.to_owned(), key.to_owned()));
        let hosts = vec![("pgo".to_owned(), "https://pgo.localhost:8443".to_owned())];
        NetwerkRole::new(
            Arc::clone(&party.app),
            BTreeMap::from(keys),
            hosts,
            Vec::new(),
            None,
        )
    }

    async fn tell(role: &Arc<NetwerkRole>, key: Option<&str>, body: &Value) -> Answer {
        tell_at(role, "/sightings", key, body).await
    }

    async fn tell_at(
        role: &Arc<NetwerkRole>,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Answer {
        let request = Request::post(path);
        let request = match key {
            Some(key) => request.header(AUTHORIZATION, format!("Bearer {key}")),
            None => request,
        };
        let request = request
            .body(Body::from(body.to_string()))
            .expect("a request");
        send(&role.router(), None, request).await
    }

    #[tokio::test]
    async fn a_party_tells_and_the_journey_shows_it_at_its_step() {
        let party = Party::new().await;
        let role = role(&party);
        let told = json!([sighting(8, "mitz", true), sighting(9, "mitz", false)]);
        assert_eq!(tell(&role, Some("key-of-mitz"), &told).await.status, 200);
        let reis = rig::get(&role.router(), &format!("/reizen/{TRACE}.json"))
            .await
            .json();
        assert_eq!(reis["stappen"][7]["gezien"][0]["note"], "token request");
        assert_eq!(reis["stappen"][7]["van"], "DVP client");
        assert_eq!(reis["stappen"][9]["gezien"], json!([]));
        assert_eq!(
            (&reis["stappen_gelukt"], &reis["uitkomst"]),
            (&json!(1), &json!("geweigerd"))
        );
        let reizen = rig::get(&role.router(), "/reizen.json").await.json();
        assert_eq!(reizen["reizen"][0]["trace_id"], TRACE);
        assert_eq!(reizen["reizen"][0]["begonnen"], "2026-11-22 00:00:00");
    }

    #[tokio::test]
    async fn people_see_the_journeys_and_their_steps() {
        let party = Party::new().await;
        let role = role(&party);
        let told = json!([sighting(8, "mitz", true)]);
        tell(&role, Some("key-of-mitz"), &told).await;
        let list = rig::get(&role.router(), "/").await;
        assert!(list.status == 200 && list.text().contains(TRACE));
        assert!(list.text().contains("https://pgo.localhost:8443"));
        let reis = rig::get(&role.router(), &format!("/reizen/{TRACE}")).await;
        assert!(reis.status == 200 && reis.text().contains("OpenID Connect token request"));
        assert!(reis.headers.contains_key("content-security-policy"));
        for unknown in ["/reizen/x", "/reizen/x.json", "/anders"] {
            assert_eq!(
                rig::get(&role.router(), unknown).await.status,
                404,
                "{unknown}"
            );
        }
    }

    #[tokio::test]
    async fn a_path_that_is_no_text_gets_our_own_page() {
        let party = Party::new().await;
        let role = role(&party);
        let answer = rig::get(&role.router(), "/reizen/%ff").await;
        assert_eq!(answer.status, 404);
        assert!(answer.headers.contains_key("content-security-policy"));
        assert!(answer.text().contains("Deze pagina bestaat niet"));
    }

    #[tokio::test]
    async fn only_a_partys_own_key_tells_for_it() {
        let party = Party::new().await;
        let role = role(&party);
        let of_mitz = json!([sighting(8, "mitz", true)]);
        for key in [
            None,
            Some(""),
            Some("key-of-pgo"),
            Some("key-of-mit"),
            Some("key-of-mitz2"),
        ] {
            assert_eq!(tell(&role, key, &of_mitz).await.status, 401, "{key:?}");
        }
        let of_nobody = json!([sighting(8, "niemand", true)]);
        assert_eq!(
            tell(&role, Some("key-of-mitz"), &of_nobody).await.status,
            401
        );
        assert!(role.recording(TRACE).is_none());
    }

    #[tokio::test]
    async fn what_is_no_sighting_is_refused_whole() {
        let party = Party::new().await;
        let role = role(&party);
        let good = sighting(8, "mitz", true);
        let other_trace = |trace: &str| Sighting {
            trace_id: trace.to_owned(),
            ..good.clone()
        };
        for bad in [
            json!({}),
            json!([good, 7]),
            json!([good, sighting(0, "mitz", true)]),
            json!([good, sighting(31, "mitz", true)]),
            json!([good, other_trace("../x")]),
            json!([good, other_trace(&TRACE.to_uppercase())]),
            json!(vec![&good; Sighting::BATCH_MAX + 1]),
        ] {
            assert_eq!(tell(&role, Some("key-of-mitz"), &bad).await.status, 400);
        }
        assert!(
            role.recording(TRACE).is_none(),
            "nothing of a bad message is kept"
        );
    }

    const TOKEN: &str = "https://mitz-back.localhost:8443/token";

    #[tokio::test]
    async fn a_message_and_a_refusal_stand_at_their_journey_once_a_step_of_it_was_seen() {
        let party = Party::new().await;
        let role = role(&party);
        let key = Some("key-of-mitz");
        let message = json!([bericht("mitz", TOKEN)]);
        let refusal = json!([weigering(TRACE, 1_795_305_600)]);
        for (path, told) in [("/berichten", &message), ("/weigeringen", &refusal)] {
            assert_eq!(tell_at(&role, path, key, told).await.status, 200, "{path}");
        }
        let loose = rig::get(&role.router(), "/berichten").await;
        assert!(loose.text().contains(TOKEN) && loose.text().contains("RFC 7636 §4.6"));
        let of_dva = rig::get(&role.router(), "/berichten?partij=dva").await;
        assert!(of_dva.status == 200 && !of_dva.text().contains(TOKEN));

        tell(&role, key, &json!([sighting(8, "mitz", false)])).await;
        let loose = rig::get(&role.router(), "/berichten").await;
        assert!(!loose.text().contains(TOKEN));
        let page = rig::get(&role.router(), &format!("/reizen/{TRACE}")).await;
        assert!(page.text().contains(TOKEN));
        assert!(
            page.text()
                .contains("href=\"/eisen/RFC%207636%20%C2%A74.6\"")
        );
        let data = rig::get(&role.router(), &format!("/reizen/{TRACE}.json")).await;
        assert_eq!(data.json()["berichten"][0]["url"], TOKEN);
        assert_eq!(data.json()["weigeringen"][0]["party"], "mitz");
    }

    #[tokio::test]
    async fn messages_and_refusals_are_believed_by_the_key_of_the_party_and_bounded() {
        let party = Party::new().await;
        let role = role(&party);
        let message = bericht("mitz", TOKEN);
        let refusal = weigering(TRACE, 0);
        for (path, good, too_many) in [
            ("/berichten", json!([message]), json!(vec![&message; 201])),
            ("/weigeringen", json!([refusal]), json!(vec![&refusal; 201])),
        ] {
            let tell = async |key, told| tell_at(&role, path, key, told).await.status;
            assert_eq!(tell(None, &good).await, 401, "{path}");
            assert_eq!(tell(Some("key-of-pgo"), &good).await, 401, "{path}");
            assert_eq!(tell(Some("key-of-mitz"), &too_many).await, 400, "{path}");
            assert_eq!(tell(Some("key-of-mitz"), &json!([{}])).await, 400, "{path}");
        }
        assert!(role.recording(TRACE).is_none());
    }

    #[tokio::test]
    async fn a_requirement_is_shown_under_every_name_that_a_refusal_may_give() {
        let party = Party::new().await;
        let role = role(&party);
        for known in ["mitz%20case%2048", "RFC%207636%20%C2%A74.6", "core.whl.309"] {
            let page = rig::get(&role.router(), &format!("/eisen/{known}")).await;
            assert_eq!(page.status, 200, "{known}");
        }
        let page = rig::get(&role.router(), "/eisen/RFC%207636%20%C2%A74.6").await;
        let link = "href=\"https://www.rfc-editor.org/rfc/rfc7636#section-4.6\"";
        assert!(page.text().contains(link));
        for unknown in ["x", "%ff", "RFC", "RFC%207636%20%C2%A799"] {
            let page = rig::get(&role.router(), &format!("/eisen/{unknown}")).await;
            assert_eq!(page.status, 404, "{unknown}");
            assert!(page.text().contains("Deze pagina bestaat niet"));
        }
    }

    #[tokio::test]
    async fn a_journey_is_given_out_as_an_archive_and_as_a_picture() {
        let party = Party::new().await;
        let role = role(&party);
        let key = Some("key-of-mitz");
        tell(&role, key, &json!([sighting(8, "mitz", true)])).await;
        tell_at(&role, "/berichten", key, &json!([bericht("mitz", TOKEN)])).await;
        let har = rig::get(&role.router(), &format!("/reizen/{TRACE}.har")).await;
        assert_eq!(har.json()["log"]["entries"][0]["_steps"], json!([8, 9, 10]));
        let disposition = &har.headers["content-disposition"];
        let named = format!("attachment; filename=\"reis-{TRACE}.har\"");
        assert_eq!(disposition, &named);
        let svg = rig::get(&role.router(), &format!("/reizen/{TRACE}.svg")).await;
        assert_eq!(svg.headers["content-type"], "image/svg+xml");
        assert!(svg.text().starts_with("<svg xmlns="));
        for unknown in ["/reizen/x.har", "/reizen/x.svg"] {
            assert_eq!(rig::get(&role.router(), unknown).await.status, 404);
        }
    }
}
