//! The lists of MedMij as a node uses them: fetched in the background at least every fifteen
//! minutes, kept as long as their rules allow.
//!
//! Readers take what is held and do not wait; [`medmij::lists`] says how long that may be used and
//! when it is fetched again, this module does so. Start reading at [`Lists`].

pub mod kept;
mod route;
mod source;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use identity::{Hostname, Ura};
use medmij::lists::{Gnl, LOOK_S, Ocl, Soort, Whitelist, Zakl, Zal, ZalRules, resolve};

use self::source::Source;
use crate::app::App;

pub use route::{Direct, DirectEndpoint, Route};

/// A list that may not be used now: it could not be fetched, or is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListDown;

/// All lists that a node of the chain uses.
pub struct Lists {
    zal: Source<Zal>,
    zakl: Source<Zakl>,
    ocl: Source<Ocl>,
    gnl: Source<Gnl>,
    whitelist: Source<Whitelist>,
}

/// Where lists come from, and by which rules they are read.
#[derive(Clone, Debug)]
pub struct Stelselnode {
    /// Its base URL, without a slash at the end: `https://stelselnode.medmij.nl`.
    pub base: String,
    /// How it publishes the Zorgaanbiederslijst.
    pub zal: ZalRules,
}

/// Where a stelselnode publishes each list.
pub fn published_at(base: &str) -> Vec<String> {
    let lists = Soort::ALL.iter();
    lists
        .map(|soort| format!("{base}{}", soort.path()))
        .collect()
}

impl Lists {
    /// The lists that this stelselnode publishes. With the party's directory they are kept in
    /// `lists/` there, and those that were kept are used from the start.
    pub fn of(stelselnode: &Stelselnode, party: Option<&Path>) -> Arc<Self> {
        let (base, rules) = (&*stelselnode.base, stelselnode.zal);
        Arc::new(Self {
            zal: Source::new(Soort::Zal, base, rules, party, Zal::parse),
            zakl: Source::new(Soort::Zakl, base, rules, party, |bytes, _| {
                Zakl::parse(bytes)
            }),
            ocl: Source::new(Soort::Ocl, base, rules, party, |bytes, _| Ocl::parse(bytes)),
            gnl: Source::new(Soort::Gnl, base, rules, party, |bytes, _| Gnl::parse(bytes)),
            whitelist: Source::new(Soort::Whitelist, base, rules, party, |bytes, _| {
                Whitelist::parse(bytes)
            }),
        })
    }

    /// Fetches each list when it is time, for as long as the party lives (core.alst.201,
    /// core.ocl.201, core.gnl.201, core.whl.302).
    pub async fn keep_fresh(self: Arc<Self>, app: Arc<App>) {
        loop {
            self.refresh(&app).await;
            tokio::time::sleep(Duration::from_secs(LOOK_S.into())).await;
        }
    }

    /// Fetches those for which it is time, side by side.
    pub async fn refresh(&self, app: &App) {
        tokio::join!(
            self.zal.refresh(app),
            self.zakl.refresh(app),
            self.ocl.refresh(app),
            self.gnl.refresh(app),
            self.whitelist.refresh(app),
        );
    }

    /// The hosts that may take part. Fails closed: without a fresh list nobody may (core.whl.307).
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn whitelist(&self, app: &App) -> Result<Arc<Whitelist>, ListDown> {
        self.whitelist.list(app).await
    }

    /// Whether this host belongs to a DVP.
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn is_client(&self, app: &App, host: &Hostname) -> Result<bool, ListDown> {
        Ok(self.ocl.list(app).await?.client(host).is_some())
    }

    /// The registered clients.
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn ocl(&self, app: &App) -> Result<Arc<Ocl>, ListDown> {
        self.ocl.list(app).await
    }

    /// The names of gegevensdiensten for people.
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn gegevensdienstnamen(&self, app: &App) -> Result<Arc<Gnl>, ListDown> {
        self.gnl.list(app).await
    }

    /// The Aanbieders, and where each can be had.
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn aanbiederslijst(&self, app: &App) -> Result<Arc<Zal>, ListDown> {
        self.zal.list(app).await
    }

    /// Step 20: the ways to the providers of a URA; none when the ZAKL does not know it
    /// (mitz case 32).
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn routes(&self, app: &App, ura: &Ura) -> Result<Vec<Route>, ListDown> {
        let koppelingen = self.zakl.list(app).await?;
        let aanbieders = self.zal.list(app).await?;
        Ok(resolve(ura, &koppelingen, &aanbieders)
            .into_iter()
            .map(Route::of)
            .collect())
    }
}
