//! The lists of MedMij as a node uses them: fetched when they are older than fifteen minutes, kept
//! as long as their rules allow.

use std::sync::Arc;

use identity::{GegevensdienstId, Hostname, Ura, Zorgaanbiedernaam};
use medmij::lists::{
    FrontchannelPort, Held, Lijst, Ocl, Resolution, State, Uitgave, Whitelist, Zakl, Zal, ZalEntry,
    ZalRelease, ZalRules, resolve,
};
use tokio::sync::Mutex;

use crate::app::App;
use crate::outside::Headers;

/// One list and where it stands.
struct Source<T> {
    url: String,
    parse: fn(&[u8]) -> Option<T>,
    held: Mutex<Option<Held<Shared<T>>>>,
}

/// A list that readers go on using while the next edition takes its place.
struct Shared<T>(Arc<T>);

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

/// A list that may not be used now: it could not be fetched, or is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListDown;

/// All lists that a node of the chain uses.
pub struct Lists {
    zal: Source<Zal>,
    zakl: Source<Zakl>,
    ocl: Source<Ocl>,
    whitelist: Source<Whitelist>,
}

/// Where one provider of a URA can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Ask the discovery server.
    Discover {
        /// The provider.
        naam: Zorgaanbiedernaam,
        /// The URL to ask.
        url: String,
    },
    /// The ZAL itself names the endpoints.
    Direct(Direct),
    /// The URA is known, but this provider of it does not stand in the ZAL.
    NotInZal,
}

/// A provider whose endpoints stand in the ZAL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Direct {
    /// The provider.
    pub naam: Zorgaanbiedernaam,
    /// Its endpoints.
    pub endpoints: Vec<DirectEndpoint>,
}

/// The endpoints of one gegevensdienst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectEndpoint {
    /// Its number.
    pub dienst: GegevensdienstId,
    /// Where the token request goes.
    pub token_endpoint: String,
    /// Where data can be had.
    pub resource_endpoint: String,
}

impl Lists {
    /// The lists that the stelselnode at `base` publishes.
    pub fn at(base: &str) -> Self {
        Self {
            zal: Source::new(base, "MedMij_Zorgaanbiederslijst.xml", |bytes| {
                Zal::parse(bytes, DEMO_ZAL).ok()
            }),
            zakl: Source::new(base, "MedMij_Zorgaanbiederskoppellijst.xml", |bytes| {
                Zakl::parse(bytes).ok()
            }),
            ocl: Source::new(base, "MedMij_OAuthclientlist.xml", |bytes| {
                Ocl::parse(bytes).ok()
            }),
            whitelist: Source::new(base, "MedMij_Whitelist.xml", |bytes| {
                Whitelist::parse(bytes).ok()
            }),
        }
    }

    /// The hosts that may take part. Fails closed: without a fresh list nobody may (core.whl.307).
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn whitelist(&self, app: &App) -> Result<Arc<Whitelist>, ListDown> {
        self.whitelist.read(app).await
    }

    /// Whether this host belongs to a DVP.
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn is_client(&self, app: &App, host: &Hostname) -> Result<bool, ListDown> {
        Ok(self.ocl.read(app).await?.client(host).is_some())
    }

    /// Step 20: the ways to the providers of a URA; none when the ZAKL does not know it
    /// (mitz case 32).
    ///
    /// # Errors
    /// [`ListDown`].
    pub async fn routes(&self, app: &App, ura: &Ura) -> Result<Vec<Route>, ListDown> {
        let koppelingen = self.zakl.read(app).await?;
        let aanbieders = self.zal.read(app).await?;
        Ok(resolve(ura, &koppelingen, &aanbieders)
            .into_iter()
            .map(Route::of)
            .collect())
    }
}

impl Route {
    fn of(resolution: Resolution<'_>) -> Self {
        match resolution {
            Resolution::Discover { entry, endpoint } => Self::Discover {
                naam: entry.naam.clone(),
                url: endpoint.as_str().to_owned(),
            },
            Resolution::Direct { entry } => Self::Direct(Direct::of(entry)),
            Resolution::NotInZal { .. } => Self::NotInZal,
        }
    }
}

impl Direct {
    /// The endpoints of the newest interface version.
    fn of(entry: &ZalEntry) -> Self {
        let newest = entry.interfaceversies.last();
        let services = newest
            .into_iter()
            .flat_map(|versie| &versie.gegevensdiensten);
        let endpoints = services.filter_map(|dienst| {
            let rol = dienst.systeemrollen.first()?;
            Some(DirectEndpoint {
                dienst: dienst.id.clone(),
                token_endpoint: dienst.token_endpoint.as_str().to_owned(),
                resource_endpoint: rol.resource_endpoint.as_str().to_owned(),
            })
        });
        Self {
            naam: entry.naam.clone(),
            endpoints: endpoints.collect(),
        }
    }
}

/// The demo serves everything on one port that is not 443, which MedMij's front channel forbids.
const DEMO_ZAL: ZalRules = ZalRules {
    release: ZalRelease::Release3,
    frontchannel_port: FrontchannelPort::Allowed,
};

impl<T: Lijst> Source<T> {
    fn new(base: &str, file: &str, parse: fn(&[u8]) -> Option<T>) -> Self {
        Self {
            url: format!("{base}/{file}?api=2"),
            parse,
            held: Mutex::new(None),
        }
    }

    /// The list, fetched anew when it is not fresh. Whoever comes while it is being fetched waits
    /// for that one fetch.
    async fn read(&self, app: &App) -> Result<Arc<T>, ListDown> {
        let mut held = self.held.lock().await;
        let now = app.clock.now();
        let fresh = held
            .as_ref()
            .is_some_and(|held| held.state(now) == State::Fresh);
        if !fresh && let Some(fetched) = self.fetch(app).await {
            let fetched = Shared(Arc::new(fetched));
            match held.as_mut() {
                None => *held = Some(Held::new(fetched, now)),
                Some(held) => {
                    if let Err(refused) = held.replace(fetched, now) {
                        tracing::error!(party = app.party, %refused, url = self.url, "list kept");
                    }
                }
            }
        }
        let list = held.as_ref().and_then(|held| held.usable(now));
        list.map(|list| Arc::clone(&list.0)).ok_or(ListDown)
    }

    async fn fetch(&self, app: &App) -> Option<T> {
        let answer = app.outside.get(&self.url, Headers::none()).await;
        let answer = answer.ok().filter(|answer| answer.status.is_success());
        let list = answer.and_then(|answer| (self.parse)(&answer.body));
        if list.is_none() {
            tracing::warn!(
                party = app.party,
                url = self.url,
                "a list could not be fetched"
            );
        }
        list
    }
}
