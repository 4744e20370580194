//! The service catalogue (dienstencatalogus) of eToegang as a role uses it: fetched in the background,
//! judged by [`etoegang::dienstencatalogus::geldend`], and kept for the next start.
//!
//! Readers take what is in force and do not wait; only who finds none waits for a fetch. A file that is
//! refused changes nothing (etoegang case 92). Start reading at [`Catalogus`].

mod bron;
mod kept;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use etoegang::dienstencatalogus::Dienstencatalogus;
use etoegang::dienstencatalogus::geldend::{Geldend, Geweigerd, Keuring};
use identity::ServiceId;
use medmij::lists::Verversing;
use saml::keys::TrustedKey;
use tokio::sync::Mutex;
use verdict::Moment;

use self::bron::{Gehaald, Merk, NietGehaald};
use self::kept::Kept;
use crate::app::App;
use crate::chance;
use crate::door::TraceId;
use crate::input::Dienstnaam;
use crate::outside::Outside;

pub use bron::Plaats;
pub(crate) use kept::bounded;
pub use kept::document;

/// How often we look whether it is time to fetch. A look is a look at the clock, or at the marks of a
/// file.
const LOOK: Duration = Duration::from_secs(1);
/// The language of names, where the catalogue has several.
const TAAL: &str = "nl";

/// Where a catalogue is published, and by what it is judged.
#[derive(Clone, Debug)]
pub struct Bron {
    /// Where the file is.
    pub plaats: Plaats,
    /// The keys of the scheme's manager; one of them must have signed it.
    pub sleutels: Vec<TrustedKey>,
    /// Seconds from `IssueInstant` on in which a file is taken.
    pub oudst_s: u32,
}

/// The catalogue of one role.
pub struct Catalogus {
    bron: Option<Bron>,
    kept: Option<Kept>,
    /// What readers look at, without waiting for anybody.
    held: ArcSwapOption<InGebruik>,
    /// Who has this fetches; nobody else does meanwhile.
    fetching: Mutex<Fetching>,
}

/// The services that a role goes by.
#[derive(Debug)]
pub enum InGebruik {
    /// Those of `etoegang.json`.
    Register(Dienstencatalogus),
    /// Those of the publication in force.
    Uitgave(Geldend),
}

/// What people call a service and whose it is; empty where nobody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namen {
    /// Of the service.
    pub dienst: String,
    /// Of its DV.
    pub dienstverlener: String,
}

/// No catalogue is in force yet: none could be fetched since the first start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeenCatalogus;

/// What only the one who fetches looks at.
#[derive(Default)]
struct Fetching {
    /// Nothing before the first look.
    next: Option<Verversing>,
    /// By which the file that was fetched last is known again.
    merk: Option<Merk>,
    /// What operators were told of it last, if it was bad.
    told: Option<String>,
    /// Whether they were told that the one in force is old.
    told_old: bool,
}

/// Why a fetch was no success: what the operator reads.
enum Failed {
    NotFetched(NietGehaald),
    Refused(Geweigerd),
}

impl Bron {
    /// What is published now, judged as if none were in force: for whoever looks without serving.
    ///
    /// # Errors
    /// What is wrong, for the operator.
    pub async fn nu(&self, outside: &Outside, now: Moment) -> Result<Geldend, String> {
        let gehaald = self.plaats.haal(outside, None).await;
        let gehaald = gehaald.map_err(|why| why.to_string())?;
        let Some(Gehaald { file, .. }) = gehaald else {
            return Err("the answer was 304".to_owned());
        };
        let keuring = self.keuring(now, Some(self.oudst_s));
        Geldend::read(&file, keuring).map_err(|why| why.to_string())
    }

    fn keuring(&self, now: Moment, oudst_s: Option<u32>) -> Keuring<'_> {
        Keuring {
            sleutels: &self.sleutels,
            now,
            oudst_s,
        }
    }
}

impl Catalogus {
    /// A catalogue that nobody publishes: what is said in `etoegang.json`, for ever.
    pub fn register(diensten: Dienstencatalogus) -> Arc<Self> {
        Arc::new(Self {
            bron: None,
            kept: None,
            held: ArcSwapOption::from_pointee(InGebruik::Register(diensten)),
            fetching: Mutex::default(),
        })
    }

    /// A catalogue that is published. With the party's directory the one in force is kept there, and
    /// one that was kept is used from the start, if its signature still counts.
    pub fn of(bron: Bron, party: Option<&Path>, now: Moment) -> Arc<Self> {
        let kept = party.map(Kept::of);
        let held = kept.as_ref().and_then(|kept| restored(kept, &bron, now));
        let held = held.map(|geldend| Arc::new(InGebruik::Uitgave(geldend)));
        Arc::new(Self {
            bron: Some(bron),
            kept,
            held: ArcSwapOption::from(held),
            fetching: Mutex::default(),
        })
    }

    /// The services in force. Only who finds none waits for a fetch: the one that is under way, or a
    /// new one if it is time for that.
    ///
    /// # Errors
    /// [`GeenCatalogus`].
    pub async fn nu(&self, app: &App) -> Result<Arc<InGebruik>, GeenCatalogus> {
        if let Some(held) = self.held.load_full() {
            return Ok(held);
        }
        self.refresh_if(app, Verversing::is_due_for_readers).await;
        self.held.load_full().ok_or(GeenCatalogus)
    }

    /// The services in force, if any are known; nobody waits.
    pub fn bekend(&self) -> Option<Arc<InGebruik>> {
        self.held.load_full()
    }

    /// What people call a service and whose it is: as the publication in force says, else as
    /// `etoegang.json` does.
    pub fn namen(
        &self,
        service_id: &ServiceId,
        register: &BTreeMap<ServiceId, Dienstnaam>,
    ) -> Namen {
        let held = self.held.load();
        let published = held.as_deref().and_then(|held| held.namen(service_id));
        let known = || register.get(service_id).map(Namen::of);
        published.or_else(known).unwrap_or_default()
    }

    /// Fetches it when it is time, for as long as the party lives.
    pub async fn keep_fresh(self: Arc<Self>, app: Arc<App>) {
        while self.bron.is_some() {
            self.refresh(&app).await;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Fetches it if it is time, and tells operators when the one in force has grown old.
    pub async fn refresh(&self, app: &App) {
        self.refresh_if(app, Verversing::is_due).await;
    }

    async fn refresh_if(&self, app: &App, is_due: impl Fn(Verversing, Moment) -> bool) {
        let Some(bron) = &self.bron else { return };
        let mut fetching = self.fetching.lock().await;
        let now = app.clock.now();
        let next = fetching.next.unwrap_or(Verversing::at_once(now));
        // A reader who waited for somebody else's fetch finds that it is no longer time.
        if is_due(next, now) || bron.plaats.is_changed(fetching.merk.as_ref()) {
            let fetched = self.fetch(app, bron, &mut fetching).await;
            let chance = u32::from_be_bytes(chance::entropy().bytes("catalogus.next"));
            let ended = app.clock.now();
            fetching.next = Some(match fetched {
                Ok(()) => {
                    fetching.told = None;
                    Verversing::after_success(ended, chance)
                }
                Err(failed) => {
                    tell_failure(app, &mut fetching.told, &failed);
                    next.after_failure(ended, chance)
                }
            });
        }
        self.tell_age(app, bron, &mut fetching.told_old);
    }

    async fn fetch(&self, app: &App, bron: &Bron, fetching: &mut Fetching) -> Result<(), Failed> {
        let known = fetching.merk.as_ref();
        let known = known.filter(|_| self.held.load().is_some());
        let gehaald = bron.plaats.haal(&app.outside, known).await;
        let Some(Gehaald { file, merk }) = gehaald.map_err(Failed::NotFetched)? else {
            return Ok(()); // the one that we have
        };
        // Also when it is refused: a file on disk is looked at again when it was edited.
        fetching.merk = bron.plaats.is_on_disk().then(|| merk.clone()).flatten();
        self.take(app, bron, file).await.map_err(Failed::Refused)?;
        fetching.merk = merk;
        Ok(())
    }

    /// Puts the file in force, if it follows the one that is.
    async fn take(&self, app: &App, bron: &Bron, file: Vec<u8>) -> Result<(), Geweigerd> {
        let (held, bron, now) = (self.held.load_full(), bron.clone(), app.clock.now());
        // The largest file takes most of a second, in which others want to be served.
        let judged = tokio::task::spawn_blocking(move || {
            let keuring = bron.keuring(now, Some(bron.oudst_s));
            let judged = match held.as_deref() {
                Some(InGebruik::Uitgave(held)) => held.opvolger(&file, keuring),
                _ => Geldend::read(&file, keuring).map(Some),
            };
            judged.map(|next| next.map(|next| (next, file)))
        });
        let Ok(judged) = judged.await else {
            return Ok(()); // the program ends
        };
        let Some((next, file)) = judged? else {
            return Ok(());
        };
        let versie = next.uitgave().versie.as_str().to_owned();
        self.held.store(Some(Arc::new(InGebruik::Uitgave(next))));
        tracing::info!(party = app.party, %versie, "a service catalogue is in force");
        if let Some(Err(error)) = self.kept.as_ref().map(|kept| kept.write(&file)) {
            tracing::error!(party = app.party, %error, "the service catalogue cannot be kept on disk");
        }
        Ok(())
    }

    /// Once when the one in force has grown too old, and a word when another is.
    fn tell_age(&self, app: &App, bron: &Bron, told: &mut bool) {
        let held = self.held.load();
        let Some(InGebruik::Uitgave(held)) = held.as_deref() else {
            return;
        };
        let is_old = held.is_verouderd(app.clock.now(), bron.oudst_s);
        if is_old == std::mem::replace(told, is_old) {
            return;
        }
        let (party, issued) = (app.party, held.uitgave().uitgegeven.unix());
        if is_old {
            tracing::error!(party, issued, "the service catalogue in force is old");
            let why = "the service catalogue in force was issued too long ago";
            app.refused(TraceId::fresh(), "etoegang case 92", why);
        } else {
            tracing::warn!(
                party,
                issued,
                "the service catalogue in force is fresh again"
            );
        }
    }
}

impl InGebruik {
    /// The services.
    pub const fn diensten(&self) -> &Dienstencatalogus {
        match self {
            Self::Register(diensten) => diensten,
            Self::Uitgave(geldend) => geldend.catalogus(),
        }
    }

    /// What the publication calls a service; nothing for those of `etoegang.json`.
    fn namen(&self, service_id: &ServiceId) -> Option<Namen> {
        let Self::Uitgave(geldend) = self else {
            return None;
        };
        let dienst = geldend.catalogus().van_scope(service_id.as_str())?;
        let uitgave = geldend.uitgave();
        Some(Namen {
            dienst: uitgave.naam(&dienst.service_uuid, TAAL)?.to_owned(),
            dienstverlener: uitgave.naam_van_dv(service_id.oin(), TAAL)?.to_owned(),
        })
    }
}

impl Namen {
    fn of(naam: &Dienstnaam) -> Self {
        Self {
            dienst: naam.dienst.clone(),
            dienstverlener: naam.dienstverlener.clone(),
        }
    }
}

/// What was in force before the last start. Its age is no reason to leave it: it was in force, and
/// nothing followed it.
fn restored(kept: &Kept, bron: &Bron, now: Moment) -> Option<Geldend> {
    let file = match kept.read() {
        Ok(file) => file?,
        Err(error) => {
            tracing::error!(%error, "what was kept of the service catalogue cannot be read");
            return None;
        }
    };
    let read = Geldend::read(&file, bron.keuring(now, None));
    read.inspect_err(|why| tracing::error!(%why, "the kept service catalogue is not used"))
        .ok()
}

/// A file that is refused is told of once, however often it is fetched again.
fn tell_failure(app: &App, told: &mut Option<String>, failed: &Failed) {
    let (requirement, why) = match failed {
        Failed::NotFetched(why) => (None, why.to_string()),
        Failed::Refused(why) => (Some(requirement(*why)), why.to_string()),
    };
    if told.as_ref() == Some(&why) {
        return;
    }
    let party = app.party;
    match requirement {
        None => tracing::warn!(party, %why, "the service catalogue could not be fetched"),
        // etoegang case 92
        Some(requirement) => {
            tracing::error!(party, %why, "a service catalogue was refused, ours stays in force");
            app.refused(TraceId::fresh(), requirement, &why);
        }
    }
    *told = Some(why);
}

const fn requirement(why: Geweigerd) -> &'static str {
    use etoegang::dienstencatalogus::reading::CatalogusFout;
    match why {
        Geweigerd::Fout(CatalogusFout::Schema(_)) => "etoegang case 93",
        _ => "etoegang case 92",
    }
}
