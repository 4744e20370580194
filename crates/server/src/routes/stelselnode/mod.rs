//! The stelselnode: where the lists of the MedMij network are published.
//!
//! Anybody may read them (core.alst.200 and its like ask for no authentication). The query, `api=2`
//! in MedMij's own addresses, makes no difference. A list comes from a source file of the input if
//! there is one, else it is made ([`made`]); a source file that is edited while the party runs is
//! published as the next edition, or refused if it breaks its schema.

mod made;
mod published;
mod sources;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, ETAG, LAST_MODIFIED};
use http::{HeaderValue, StatusCode};
use medmij::lists::{Document, Soort};
use verdict::Moment;

use self::published::Published;
use self::sources::{Look, SourceFile};
use crate::app::App;
use crate::door::TraceId;
use crate::lists::kept::{Edition, Kept};
use crate::web::{self, Visit};

pub use made::{Hosts, NoLists, made};
pub use published::Candidate;

/// How often the source files are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What a stelselnode publishes.
pub struct Sources {
    /// What it makes by itself: one of each list.
    pub made: [Document; 5],
    /// Lists that take the place of those.
    pub files: Vec<Candidate>,
    /// The folder in which source files stand or may appear.
    pub folder: Option<PathBuf>,
}

/// Everything that the stelselnode needs.
pub struct StelselnodeRole {
    made: BTreeMap<Soort, Document>,
    lists: BTreeMap<Soort, ArcSwap<Published>>,
    folder: Option<PathBuf>,
    party: Option<PathBuf>,
}

impl StelselnodeRole {
    /// A stelselnode that publishes these lists at `now`. With the party's directory, the editions
    /// that it published before are remembered there, and numbers go on from them.
    pub fn open(sources: Sources, party: Option<&Path>, now: Moment) -> Arc<Self> {
        let made: BTreeMap<_, _> = by_kind(sources.made).collect();
        let mut offered: BTreeMap<Soort, Candidate> = made
            .iter()
            .map(|(soort, document)| (*soort, Candidate::from(document.clone())))
            .collect();
        let files = sources.files.into_iter();
        offered.extend(files.map(|candidate| (candidate.soort(), candidate)));
        let publish = |(soort, candidate): (Soort, Candidate)| {
            let published = match previous(party, soort) {
                Some(previous) => previous.followed_by(candidate, now).unwrap_or(previous),
                None => Published::of(candidate, now),
            };
            remember(party, &published);
            (soort, ArcSwap::from_pointee(published))
        };
        Arc::new(Self {
            lists: offered.into_iter().map(publish).collect(),
            made,
            folder: sources.folder,
            party: party.map(Path::to_owned),
        })
    }

    /// The XML of a list as it is published now.
    pub fn xml(&self, soort: Soort) -> Option<Bytes> {
        Some(self.lists.get(&soort)?.load().xml.clone())
    }

    /// Publishes this list from now on, if it says anything new. Gives the number under which it
    /// is published.
    pub fn publish(&self, candidate: Candidate, now: Moment) -> Option<u64> {
        let list = self.lists.get(&candidate.soort())?;
        let published = list.load().followed_by(candidate, now)?;
        let number = published.document.uitgave().volgnummer.number();
        remember(self.party.as_deref(), &published);
        list.store(Arc::new(published));
        Some(number)
    }

    /// Publishes what an operator writes into the source files, for as long as the party lives.
    pub async fn watch(self: Arc<Self>, app: Arc<App>) {
        let Some(folder) = &self.folder else { return };
        let file = |soort| SourceFile::of(folder, soort);
        let mut files = Soort::ALL.map(file);
        loop {
            tokio::time::sleep(LOOK).await;
            let role = Arc::clone(&self);
            let party = Arc::clone(&app);
            let looked = tokio::task::spawn_blocking(move || {
                for (file, soort) in files.iter_mut().zip(Soort::ALL) {
                    role.take(&party, soort, file.look());
                }
                files
            });
            match looked.await {
                Ok(back) => files = back,
                Err(_) => return,
            }
        }
    }

    fn take(&self, app: &App, soort: Soort, look: Look) {
        let candidate = match look {
            Look::Nothing => None,
            Look::Gone => self.made.get(&soort).cloned().map(Candidate::from),
            Look::Edited(candidate) => Some(candidate),
            Look::Bad { why, requirement } => {
                tracing::error!(party = app.party, %why, "not published; the edition before stays");
                app.refused(TraceId::fresh(), requirement, &why);
                None
            }
        };
        let number = candidate.and_then(|candidate| self.publish(candidate, app.clock.now()));
        if let Some(volgnummer) = number {
            let list = soort.naam();
            tracing::info!(
                party = app.party,
                list,
                volgnummer,
                "an edition was published"
            );
        }
    }

    /// What answers at its host, to anybody.
    pub fn router(self: &Arc<Self>) -> Router {
        let router = Soort::ALL.into_iter().fold(Router::new(), |router, soort| {
            let list = move |State(role): State<Arc<Self>>, visit: Visit| async move {
                role.list(soort, &visit)
            };
            router.route(&format!("/{}", soort.bestand()), get(list))
        });
        router.with_state(Arc::clone(self))
    }

    fn list(&self, soort: Soort, visit: &Visit) -> Response {
        let Some(list) = self.lists.get(&soort) else {
            return web::typed(404, "text/plain", "there is no such list\n");
        };
        let published = list.load();
        let mut response = if published.is_known_to(visit) {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            web::typed(200, "application/xml", published.xml.clone())
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, published.etag.clone());
        if let Some(last_modified) = &published.last_modified {
            headers.insert(LAST_MODIFIED, last_modified.clone());
        }
        // To be kept, and asked about at every use.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

fn by_kind(documents: [Document; 5]) -> impl Iterator<Item = (Soort, Document)> {
    let documents = documents.into_iter();
    documents.map(|document| (document.soort(), document))
}

/// What this party published before it was started.
fn previous(party: Option<&Path>, soort: Soort) -> Option<Published> {
    let (edition, document) = Kept::of(party?, soort).read().ok().flatten()?;
    let xml = String::from_utf8(document?).ok()?;
    let candidate = Candidate::read(soort, xml).ok()?;
    Some(Published::of(candidate, edition.succeeded))
}

fn remember(party: Option<&Path>, published: &Published) {
    let Some(party) = party else { return };
    let document = &published.document;
    let edition = Edition::of(&published.xml, document.uitgave().volgnummer, published.at);
    let kept = Kept::of(party, document.soort());
    if let Err(error) = kept.write(&edition, Some(&published.xml)) {
        let list = document.soort().naam();
        tracing::error!(list, %error, "what is published cannot be remembered");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http::header::{HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH};
    use identity::Ura;
    use medmij::lists::{Gnl, Ocl, Resolution, Volgnummer, Whitelist, Zakl, Zal, resolve};

    use super::*;
    use crate::chance;
    use crate::input::{DvaId, Input, ZAL_RULES};
    use crate::network::{self, DvaAddress};
    use crate::routes::testing::{self, host, send};

    /// 22 November 2026.
    const NOW: Moment = Moment::from_unix(1_795_305_600);

    fn hosts() -> Hosts {
        let demo = network::Hosts::new(8443, BTreeMap::new());
        Hosts {
            dva: demo.dva(DvaId::Dva),
            dva2: demo.dva(DvaId::Dva2),
            back_channel: ["dva-back.localhost", "pgo.localhost"].map(host).to_vec(),
        }
    }

    fn number(number: u64) -> Volgnummer {
        Volgnummer::new(number).expect("positive")
    }

    fn role_of(input: &Input, volgnummer: u64) -> Arc<StelselnodeRole> {
        let sources = Sources {
            made: made(input, &hosts(), NOW, number(volgnummer)).expect("lists"),
            files: Vec::new(),
            folder: None,
        };
        StelselnodeRole::open(sources, None, NOW)
    }

    fn sample() -> Input {
        Input::sample(8443).expect("a good sample")
    }

    fn xml(role: &StelselnodeRole, soort: Soort) -> Bytes {
        role.xml(soort).expect("a list")
    }

    fn volgnummer(role: &StelselnodeRole, soort: Soort) -> u64 {
        let list = Document::parse(&xml(role, soort), ZAL_RULES.frontchannel_port);
        list.expect("a list").uitgave().volgnummer.number()
    }

    fn zal_and_koppellijst(role: &StelselnodeRole) -> (Zal, Zakl) {
        let zal = Zal::parse(&xml(role, Soort::Zal), ZAL_RULES).expect("a ZAL");
        (zal, Zakl::parse(&xml(role, Soort::Zakl)).expect("a ZAKL"))
    }

    fn ura(text: &str) -> Ura {
        Ura::parse(text).expect("a URA")
    }

    fn gnl(volgnummer: u64, naam: &str) -> String {
        format!(
            "<Gegevensdienstnamenlijst xmlns=\"xmlns://afsprakenstelsel.medmij.nl/gegevensdienstnamenlijst/release1/\">\n\
             <Tijdstempel>2026-01-02T03:04:05Z</Tijdstempel>\n<Volgnummer>{volgnummer}</Volgnummer>\n\
             <Gegevensdiensten><Gegevensdienst><GegevensdienstId>51</GegevensdienstId>\n\
             <Weergavenaam>{naam}</Weergavenaam></Gegevensdienst></Gegevensdiensten>\n\
             </Gegevensdienstnamenlijst>\n"
        )
    }

    fn candidate(volgnummer: u64, naam: &str) -> Candidate {
        Candidate::read(Soort::Gnl, gnl(volgnummer, naam)).expect("a list")
    }

    #[test]
    fn a_ura_leads_to_the_discovery_server_and_the_endpoints_of_its_dva() {
        let (zal, koppellijst) = zal_and_koppellijst(&role_of(&sample(), 7));
        let found = resolve(&ura("00000666"), &koppellijst, &zal);
        let [Resolution::Discover { entry, endpoint }] = found[..] else {
            panic!("expected one discovery endpoint");
        };
        let discovery = "https://discovery2.localhost:8443/.well-known/oauth-authorization-server";
        assert_eq!(endpoint.as_str(), discovery);
        let version = &sample().lists.interfaceversie;
        let id = identity::GegevensdienstId::parse("48").expect("an id");
        let dienst = entry.gegevensdienst(version, &id).expect("offered");
        let dva = "https://dva2-back.localhost:8443";
        assert_eq!(dienst.token_endpoint.as_str(), format!("{dva}/token"));
        let resource = &dienst.systeemrollen[0].resource_endpoint;
        assert_eq!(
            resource.as_str(),
            format!("{dva}/resource/00000666/48/fhir")
        );
    }

    #[test]
    fn mitz_case_032_a_provider_without_a_dva_is_not_in_the_zal() {
        let mut input = sample();
        let (zal, koppellijst) = zal_and_koppellijst(&role_of(&input, 7));
        let found = resolve(&ura("00000697"), &koppellijst, &zal);
        assert!(matches!(found[..], [Resolution::NotInZal { .. }]));
        let mut providers = input.providers.iter_mut();
        let outside = providers.find(|provider| provider.dva.is_none());
        outside.expect("a provider").gegevensdiensten.clear();
        let (zal, koppellijst) = zal_and_koppellijst(&role_of(&input, 7));
        assert_eq!(resolve(&ura("00000697"), &koppellijst, &zal), []);
    }

    #[test]
    fn clients_names_and_nodes_stand_in_their_lists() {
        let mut input = sample();
        input.lists.whitelist = vec![host("elders.example"), host("pgo.localhost")];
        let role = role_of(&input, 7);
        let ocl = Ocl::parse(&xml(&role, Soort::Ocl)).expect("an OCL");
        assert!(ocl.client(&host("anderpgo.localhost")).is_some());
        let gnl = Gnl::parse(&xml(&role, Soort::Gnl)).expect("a GNL");
        assert_eq!(gnl.namen().len(), input.gegevensdiensten.len());
        let nodes = Whitelist::parse(&xml(&role, Soort::Whitelist)).expect("a Whitelist");
        let expected = [
            "anderpgo.localhost",
            "dva-back.localhost",
            "elders.example",
            "pgo.localhost",
        ];
        assert_eq!(nodes.hostnames(), expected.map(host));
    }

    #[test]
    fn a_list_of_the_input_is_published_as_it_is() {
        let text = gnl(3, "Van mij");
        let sources = Sources {
            made: made(&sample(), &hosts(), NOW, number(7)).expect("lists"),
            files: vec![candidate(3, "Van mij")],
            folder: None,
        };
        let role = StelselnodeRole::open(sources, None, NOW);
        assert_eq!(xml(&role, Soort::Gnl), text);
        assert_eq!(volgnummer(&role, Soort::Ocl), 7);
    }

    #[test]
    fn the_number_of_a_publication_never_goes_down() {
        let role = role_of(&sample(), 7);
        assert_eq!(role.publish(candidate(3, "Ander"), NOW), Some(8));
        assert_eq!(
            role.publish(candidate(8, "Ander"), NOW),
            None,
            "nothing new"
        );
        assert_eq!(role.publish(candidate(3, "Ander"), NOW), None);
        assert_eq!(role.publish(candidate(8, "Nog een"), NOW), Some(9));
        assert_eq!(role.publish(candidate(20, "Nog een"), NOW), Some(20));
        assert_eq!(xml(&role, Soort::Gnl), gnl(20, "Nog een"), "as it is");
    }

    #[test]
    fn numbers_go_on_after_another_start() {
        let party = std::env::temp_dir().join(chance::entropy().uuid("stelselnode"));
        let open = |volgnummer, file: Option<Candidate>| {
            let sources = Sources {
                made: made(&sample(), &hosts(), NOW, number(volgnummer)).expect("lists"),
                files: file.into_iter().collect(),
                folder: None,
            };
            StelselnodeRole::open(sources, Some(&party), NOW)
        };
        assert_eq!(volgnummer(&open(40, None), Soort::Gnl), 40);
        let again = open(3, Some(candidate(2, "Van mij")));
        assert_eq!(volgnummer(&again, Soort::Gnl), 41);
        assert_eq!(volgnummer(&again, Soort::Ocl), 40, "it says the same");
        let _ = std::fs::remove_dir_all(party);
    }

    #[test]
    fn an_edit_counts_when_it_is_whole_and_a_broken_one_is_refused_with_its_line() {
        let folder = std::env::temp_dir().join(chance::entropy().uuid("folder"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(Soort::Gnl.bestand());
        let mut file = SourceFile::of(&folder, Soort::Gnl);
        assert!(matches!(file.look(), Look::Nothing));
        std::fs::write(&path, gnl(3, "Van mij")).expect("writable");
        assert!(
            matches!(file.look(), Look::Nothing),
            "it may be half written"
        );
        let Look::Edited(edited) = file.look() else {
            panic!("it was edited");
        };
        assert_eq!(edited, candidate(3, "Van mij"));
        assert!(matches!(file.look(), Look::Nothing), "once");
        std::fs::write(&path, gnl(3, "X")).expect("writable");
        assert!(matches!(file.look(), Look::Nothing));
        let Look::Bad { why, requirement } = file.look() else {
            panic!("it is broken");
        };
        assert!(
            why.contains("MedMij_Gegevensdienstnamenlijst.xml:5: "),
            "{why}"
        );
        assert_eq!(requirement, "core.gnl.202");
        assert!(matches!(file.look(), Look::Nothing), "told once");
        std::fs::remove_dir_all(&folder).expect("ours");
        assert!(matches!(file.look(), Look::Nothing));
        assert!(matches!(file.look(), Look::Gone));
    }

    #[test]
    fn a_base_url_that_no_list_can_hold_is_refused() {
        let broken = Hosts {
            dva: DvaAddress {
                token_endpoint: "http://dva-back.localhost/token".to_owned(),
                ..hosts().dva
            },
            ..hosts()
        };
        let refused = made(&sample(), &broken, NOW, number(7)).err();
        assert_eq!(refused, Some(NoLists::Value("TokenEndpointuri")));
    }

    #[tokio::test]
    async fn anybody_may_read_a_list_whatever_the_query() {
        let role = role_of(&sample(), 7);
        let router = role.router();
        for soort in Soort::ALL {
            let answer = testing::get(&router, &soort.path()).await;
            assert_eq!(answer.status, 200, "{soort}");
            assert_eq!(answer.headers["content-type"], "application/xml");
            assert_eq!(answer.body, xml(&role, soort));
        }
        assert_eq!(
            testing::get(&router, "/MedMij_Anders.xml").await.status,
            404
        );
    }

    #[tokio::test]
    async fn rfc_9110_13_1_2_who_has_the_list_is_told_so_until_another_is_published() {
        let role = role_of(&sample(), 7);
        let router = role.router();
        let first = testing::get(&router, &Soort::Gnl.path()).await;
        let mark = |name: HeaderName| first.headers[name].to_str().expect("text").to_owned();
        let (etag, last_modified) = (mark(ETAG), mark(LAST_MODIFIED));
        assert_eq!(last_modified, "Sun, 22 Nov 2026 00:00:00 GMT");
        let ask = async |conditions: &[(HeaderName, &str)]| {
            let request = Request::get(Soort::Gnl.path());
            let request = conditions.iter().fold(request, |request, (name, value)| {
                request.header(name, *value)
            });
            let request = request.body(Body::empty()).expect("a request");
            let answer = send(&router, None, request).await;
            if answer.status == 304 {
                assert_eq!(answer.headers[ETAG].to_str().ok(), Some(&*etag));
                assert!(answer.body.is_empty());
            }
            answer.status.as_u16()
        };
        for known in [etag.clone(), format!("\"x\", W/{etag}"), "*".to_owned()] {
            assert_eq!(ask(&[(IF_NONE_MATCH, &known)]).await, 304, "{known}");
        }
        assert_eq!(ask(&[(IF_NONE_MATCH, "\"x\"")]).await, 200);
        // RFC 9110 §13.1.3: the time counts only where there is no tag.
        let later = "Sun, 22 Nov 2026 00:00:01 GMT";
        for known in [&*last_modified, later] {
            assert_eq!(ask(&[(IF_MODIFIED_SINCE, known)]).await, 304, "{known}");
        }
        for unknown in ["Sat, 21 Nov 2026 23:59:59 GMT", "yesterday"] {
            assert_eq!(ask(&[(IF_MODIFIED_SINCE, unknown)]).await, 200, "{unknown}");
        }
        let other_tag = [(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, later)];
        assert_eq!(ask(&other_tag).await, 200);
        assert_eq!(role.publish(candidate(8, "Nieuw"), NOW.plus_s(60)), Some(8));
        assert_eq!(ask(&[(IF_NONE_MATCH, &etag)]).await, 200);
        assert_eq!(ask(&[(IF_MODIFIED_SINCE, later)]).await, 200);
    }
}
