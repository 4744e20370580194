//! One list and where it stands: what is held, and when it is fetched next.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderName, StatusCode};
use medmij::lists::{
    BYTES_MAX, BadList, FETCH_S_MAX, Held, Lijst, NotReplaced, Soort, State, Uitgave, Verversing,
    Volgnummer, ZalRules,
};
use store::{Commit, Store as _};
use tokio::sync::Mutex;
use verdict::{Actor, CommitId, Event, Moment};

use super::ListDown;
use super::kept::{Edition, Kept};
use crate::app::App;
use crate::chance;
use crate::door::TraceId;
use crate::outside::{Answer, Bounds, Headers};

/// Reads a document of this list.
pub(super) type Read<T> = fn(&[u8], ZalRules) -> Result<T, BadList>;

/// One list and where it stands.
pub(super) struct Source<T> {
    soort: Soort,
    url: String,
    rules: ZalRules,
    read: Read<T>,
    kept: Option<Kept>,
    /// What readers look at, without waiting for anybody.
    held: ArcSwapOption<Held<Shared<T>>>,
    /// Who has this fetches; nobody else does meanwhile.
    fetching: Mutex<Fetching>,
}

/// What only the one who fetches looks at.
struct Fetching {
    /// Nothing before the first look.
    next: Option<Verversing>,
    /// What is known of the edition that is held, or was before the last start.
    edition: Option<Edition>,
    /// What operators were told last.
    told: State,
}

/// A list that readers go on using while the next edition takes its place.
struct Shared<T>(Arc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Lijst> Lijst for Shared<T> {
    const USABLE_S: u32 = T::USABLE_S;

    fn uitgave(&self) -> Uitgave {
        self.0.uitgave()
    }
}

/// Why a fetch was no success: what the operator reads.
enum Failed {
    /// No answer, or none that is a list.
    NotFetched(String),
    /// A list that does not fit its schema.
    Bad(BadList),
    /// A list that may not take the place of ours.
    Refused(NotReplaced),
}

impl<T: Lijst + Send + Sync + 'static> Source<T> {
    pub(super) fn new(
        soort: Soort,
        base: &str,
        rules: ZalRules,
        party: Option<&Path>,
        read: Read<T>,
    ) -> Self {
        let source = Self {
            soort,
            url: format!("{base}{}", soort.path()),
            rules,
            read,
            kept: party.map(|party| Kept::of(party, soort)),
            held: ArcSwapOption::empty(),
            fetching: Mutex::new(Fetching {
                next: None,
                edition: None,
                told: State::Fresh,
            }),
        };
        source.restore()
    }

    /// The list, as long as it may be used. Only who finds none waits for a fetch: the one that is
    /// under way, or a new one if it is time for that.
    pub(super) async fn list(&self, app: &App) -> Result<Arc<T>, ListDown> {
        if let Some(list) = self.usable(app.clock.now()) {
            return Ok(list);
        }
        self.refresh_if(app, Verversing::is_due_for_readers).await;
        self.usable(app.clock.now()).ok_or(ListDown)
    }

    /// Fetches the list if it is time, and tells operators when it has grown old.
    pub(super) async fn refresh(&self, app: &App) {
        self.refresh_if(app, Verversing::is_due).await;
    }

    async fn refresh_if(&self, app: &App, is_due: impl Fn(Verversing, Moment) -> bool) {
        let mut fetching = self.fetching.lock().await;
        let now = app.clock.now();
        let next = fetching.next.unwrap_or(Verversing::at_once(now));
        // A reader who waited for somebody else's fetch finds that it is no longer time.
        if is_due(next, now) {
            let fetched = self.fetch(app, &mut fetching).await;
            let chance = u32::from_be_bytes(chance::entropy().bytes("lists.next"));
            let ended = app.clock.now();
            fetching.next = Some(match fetched {
                Ok(()) => Verversing::after_success(ended, chance),
                Err(failed) => {
                    let next = next.after_failure(ended, chance);
                    self.tell_failure(app, next.failures(), &failed);
                    next
                }
            });
        }
        self.tell_age(app, &mut fetching.told);
    }

    fn usable(&self, now: Moment) -> Option<Arc<T>> {
        let held = self.held.load();
        let list = held.as_deref().and_then(|held| held.usable(now));
        list.map(|list| Arc::clone(&list.0))
    }

    /// What was held before the last start.
    fn restore(mut self) -> Self {
        let found = match self.kept.as_ref().map(Kept::read) {
            None | Some(Ok(None)) => return self,
            Some(Ok(Some(found))) => found,
            Some(Err(error)) => {
                tracing::error!(list = self.soort.naam(), %error, "what was kept of a list cannot be read");
                return self;
            }
        };
        let (edition, document) = found;
        let list = document.map(|bytes| (self.read)(&bytes, self.rules));
        match list {
            Some(Ok(list)) => {
                let held = Held::new(Shared(Arc::new(list)), edition.succeeded);
                self.held.store(Some(Arc::new(held)));
            }
            Some(Err(_)) | None => {
                tracing::warn!(list = self.soort.naam(), "the kept list cannot be used");
            }
        }
        self.fetching.get_mut().edition = Some(edition);
        self
    }

    async fn fetch(&self, app: &App, fetching: &mut Fetching) -> Result<(), Failed> {
        let has_list = self.held.load().is_some();
        let known = fetching.edition.as_ref().filter(|_| has_list);
        let bounds = Bounds {
            bytes_max: BYTES_MAX,
            timeout_s: FETCH_S_MAX,
        };
        let asked = app
            .outside
            .get_within(&self.url, conditions(known), bounds)
            .await;
        let answer = asked.map_err(|error| Failed::NotFetched(error.to_string()))?;
        // Counted from the answer on, so that a slow one does not age in transit.
        let now = app.clock.now();
        match answer.status {
            StatusCode::OK => self.take(app, fetching, answer, now).await,
            StatusCode::NOT_MODIFIED if known.is_some_and(has_mark) => {
                self.renew(app, fetching, now);
                Ok(())
            }
            status => Err(Failed::NotFetched(format!("the answer was {status}"))),
        }
    }

    /// RFC 9110 §15.4.5: ours is still the newest.
    fn renew(&self, app: &App, fetching: &mut Fetching, now: Moment) {
        let held = self.held.load();
        if let (Some(held), Some(edition)) = (held.as_deref(), &mut fetching.edition) {
            let mut renewed = held.clone();
            renewed.renew(now);
            self.held.store(Some(Arc::new(renewed)));
            edition.succeeded = now;
            self.keep(app, edition, None);
        }
    }

    async fn take(
        &self,
        app: &App,
        fetching: &mut Fetching,
        answer: Answer,
        now: Moment,
    ) -> Result<(), Failed> {
        let mark = |name: HeaderName| {
            let value = answer.headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let (etag, last_modified) = (mark(ETAG), mark(LAST_MODIFIED));
        let (read, rules) = (self.read, self.rules);
        let body = answer.body;
        // The largest list takes most of a second, in which others want to be served.
        let parsed = tokio::task::spawn_blocking(move || (read(&body, rules), body)).await;
        let (list, body) = parsed.map_err(|error| Failed::NotFetched(error.to_string()))?;
        let list = Shared(Arc::new(list.map_err(Failed::Bad)?));
        let volgnummer = list.uitgave().volgnummer;
        let held = self.replaced(list.clone(), fetching.edition.as_ref(), now);
        let held = match held {
            Ok(held) => held,
            Err(refused) => self.after_reset(app, list, refused, now).await?,
        };
        self.held.store(Some(Arc::new(held)));
        let mut edition = Edition::of(&body, volgnummer, now);
        (edition.etag, edition.last_modified) = (etag, last_modified);
        self.keep(app, &edition, Some(&body));
        fetching.edition = Some(edition);
        Ok(())
    }

    /// What is held once this list took the place of ours, or of that whose number we remember.
    fn replaced(
        &self,
        list: Shared<T>,
        known: Option<&Edition>,
        now: Moment,
    ) -> Result<Held<Shared<T>>, NotReplaced> {
        if let Some(held) = self.held.load().as_deref() {
            let mut held = held.clone();
            held.replace(list, now)?;
            return Ok(held);
        }
        let fetched = list.uitgave().volgnummer;
        match known.map(|known| known.volgnummer) {
            Some(held) if fetched < held => Err(NotReplaced::Lower { held, fetched }),
            _ => Ok(Held::new(list, now)),
        }
    }

    /// What is held when an operator said that the publisher began anew. The audit log has it
    /// before anybody reads the list.
    async fn after_reset(
        &self,
        app: &App,
        list: Shared<T>,
        refused: NotReplaced,
        now: Moment,
    ) -> Result<Held<Shared<T>>, Failed> {
        let may = |kept: &&Kept| kept.may_reset(held_number(&refused));
        let Some(kept) = self.kept.as_ref().filter(may) else {
            return Err(Failed::Refused(refused));
        };
        let operator = Actor::Party("operator".to_owned());
        let event = Event::granted("design §5", reset_of(self.soort), operator);
        audit(app, event, now).await.map_err(Failed::NotFetched)?;
        if let Err(error) = kept.forget_reset() {
            tracing::error!(party = app.party, %error, "an operator's word cannot be removed");
        }
        tracing::warn!(party = app.party, list = self.soort.naam(), %refused, "taken, as the operator said");
        Ok(Held::new(list, now))
    }

    fn keep(&self, app: &App, edition: &Edition, document: Option<&[u8]>) {
        let Some(kept) = &self.kept else { return };
        if let Err(error) = kept.write(edition, document) {
            let list = self.soort.naam();
            tracing::error!(party = app.party, list, %error, "a list cannot be kept on disk");
        }
    }

    fn tell_failure(&self, app: &App, failures: u32, failed: &Failed) {
        let (party, list) = (app.party, self.soort.naam());
        match failed {
            Failed::NotFetched(why) => {
                tracing::warn!(party, list, failures, %why, "a list could not be fetched");
            }
            // medmij case 75
            Failed::Bad(bad) => {
                tracing::error!(party, list, failures, %bad, "a list was refused, ours is kept");
                app.refused(TraceId::fresh(), bad.requirement, &bad.to_string());
            }
            Failed::Refused(refused) => {
                tracing::error!(party, list, failures, %refused, "a list was refused, ours is kept");
                app.refused(TraceId::fresh(), "design §5", &refused.to_string());
            }
        }
    }

    /// The alarm of design §5, once each time it gets worse, and a word when it is over.
    fn tell_age(&self, app: &App, told: &mut State) {
        let (party, list) = (app.party, self.soort.naam());
        let held = self.held.load();
        let Some(held) = held.as_deref() else { return };
        let state = held.state(app.clock.now());
        if state == *told {
            return;
        }
        let since = held.succeeded().unix();
        match state {
            State::Late => tracing::error!(party, list, since, "the list is over 900 s old"),
            State::Expired => {
                tracing::error!(party, list, since, "the list is too old to be used");
            }
            State::Fresh => tracing::warn!(party, list, "the list is fresh again"),
        }
        *told = state;
    }
}

/// RFC 9110 §13.1: send it only if it is another than ours.
fn conditions(known: Option<&Edition>) -> Headers {
    let mut headers = Headers::none().accept("application/xml, text/xml");
    let Some(known) = known else { return headers };
    if let Some(etag) = &known.etag {
        headers = headers.with(IF_NONE_MATCH, etag);
    }
    if let Some(last_modified) = &known.last_modified {
        headers = headers.with(IF_MODIFIED_SINCE, last_modified);
    }
    headers
}

const fn has_mark(edition: &Edition) -> bool {
    edition.etag.is_some() || edition.last_modified.is_some()
}

const fn held_number(refused: &NotReplaced) -> Volgnummer {
    match refused {
        NotReplaced::Lower { held, .. } | NotReplaced::Differs(held) => *held,
    }
}

const fn reset_of(soort: Soort) -> &'static str {
    match soort {
        Soort::Zal => "the Zorgaanbiederslijst began anew, as an operator accepted",
        Soort::Zakl => "the Zorgaanbiederskoppellijst began anew, as an operator accepted",
        Soort::Ocl => "the OAuthclientlist began anew, as an operator accepted",
        Soort::Gnl => "the Gegevensdienstnamenlijst began anew, as an operator accepted",
        Soort::Whitelist => "the Whitelist began anew, as an operator accepted",
    }
}

async fn audit(app: &App, event: Event, now: Moment) -> Result<(), String> {
    let id = CommitId(chance::entropy().bytes("commit"));
    let commit = Commit::new(id, now, Vec::new(), vec![event]);
    let commit = commit.map_err(|bad| bad.to_string())?;
    let committed = app.home.commit(commit).await;
    committed.map_err(|not| not.to_string())
}
