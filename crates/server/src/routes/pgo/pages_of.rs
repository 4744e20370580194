//! What a person does at the PGO.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use identity::Zorgaanbiedernaam;
use mitz::dvp::Wachtend;
use mitz::toestemming::Functie;
use protocol::callback::Callback;
use protocol::handle::{Handle, Purpose};
use protocol::wire::{Parameters, with_query};
use serde::{Deserialize, Serialize};
use verdict::{Change, Event, Expect, Key, Record as _, Space, Step, Stored, Verdict};

use super::collect::{Grant, NotCollected};
use super::dossier::{self, Aanbieder, DOSSIER_S, Dossier};
use super::rechtstreeks::Verbindingen;
use super::{PgoRole, overzicht};
use crate::chance;
use crate::door::TraceId;
use crate::pages::{
    Brand, PageContext, PgoAanbieder, PgoMelding, PgoMeldingSoort, PgoResultaat, PgoStart,
    PgoVerbindingenStand, PgoVoor, Tijd,
};
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The cookie that leads to a dossier.
const DOSSIER: Purpose = Purpose("pgo.dossier");
const DOSSIER_COOKIE: &str = "__Host-dossier";
/// The cookie to which forms are bound.
const BEZOEK_COOKIE: &str = "__Host-bezoek";
const BEZOEK_S: u32 = 86_400;
/// The cookie that holds what waits for an answer of Mitz.
const WACHTEND: &str = "pgo.wachtend";
const WACHTEND_S: u32 = 1_800;

/// What the page of data shows.
struct Resultaat {
    verzameld: Vec<Aanbieder>,
    /// The providers of the chain to ask when the person collects again.
    opnieuw: Vec<String>,
    /// Of whom it is.
    voor: PgoVoor,
}

/// A login that waits for its answer, with what the person chose.
#[derive(Clone, Serialize, Deserialize)]
struct Wacht {
    wachtend: Wachtend,
    gekozen: Vec<String>,
}

/// The first page.
pub(super) async fn start(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    role.start_page(&visit, 200, false).await
}

/// Step 1: the person wants to collect.
pub(super) async fn verzamelen(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    whole(async move { role.verzameld(&visit).await }).await
}

/// Runs to the end whether or not the browser stays: between a refresh at Mitz and the dossier that
/// keeps its token, nothing may be dropped.
pub(super) async fn whole(run: impl Future<Output = Response> + Send + 'static) -> Response {
    let ended = tokio::spawn(run).await;
    ended.unwrap_or_else(|_| PgoRole::told(PgoMeldingSoort::Mislukt))
}

impl PgoRole {
    async fn verzameld(&self, visit: &Visit) -> Response {
        let Some(form) = self.own_form(visit) else {
            return self.say(visit, 400, PgoMeldingSoort::FormulierVerlopen);
        };
        let gekozen = self.gekozen(&form);
        if gekozen.is_empty() {
            return self.start_page(visit, 422, true).await;
        }
        self.app.saw(
            1,
            visit.trace,
            visit.peer_name(),
            "the person wants to collect",
        );
        match self.dossier(visit).await {
            Some((id, dossier)) if dossier.value.koppeling.is_some() => {
                self.collect_again(visit, id, gekozen).await
            }
            _ => self.to_mitz(visit, gekozen).await,
        }
    }
}

/// Step 7: the browser is back with a code, or without.
pub(super) async fn callback(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let Ok(parameters) = visit.query() else {
        return PgoRole::told(PgoMeldingSoort::NietVanOns);
    };
    let cookie = wachtend_cookie(parameters.get("state").unwrap_or_default());
    let wacht = visit.cookie(&cookie);
    let Some(wacht) = wacht.and_then(|text| role.app.seal.open_cookie::<Wacht>(WACHTEND, text))
    else {
        return PgoRole::told(PgoMeldingSoort::NietVanOns);
    };
    let trace = TraceId::parse(&wacht.wachtend.trace).unwrap_or(visit.trace);
    let answered = async move { role.answered(&visit, trace, wacht, &parameters).await };
    web::with(whole(answered).await, web::drop_cookie(&cookie))
}

/// What was collected last: of the person himself, or of one connection that is for somebody else.
pub(super) async fn resultaat(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let Ok(verbindingen) = role.bezoek(&visit).await else {
        return PgoRole::told(PgoMeldingSoort::RechtstreeksMislukt);
    };
    let query = visit.query().unwrap_or_default();
    let shown = match (query.get("verbinding"), &verbindingen) {
        (None, _) => role.eigen_resultaat(&visit, verbindingen.as_ref()).await,
        (Some(id), Some(verbindingen)) => role.resultaat_van(verbindingen, id).await,
        (Some(_), None) => Ok(None),
    };
    match shown {
        Ok(Some(resultaat)) => role.resultaat_page(&visit, resultaat, verbindingen.is_some()),
        Ok(None) => web::see_other("/"),
        Err(_) => PgoRole::told(PgoMeldingSoort::RechtstreeksMislukt),
    }
}

/// Why it did not work.
pub(super) async fn melding(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    let query = visit.query().unwrap_or_default();
    let soort = query.get("soort").and_then(PgoMeldingSoort::named);
    let soort = soort.unwrap_or(PgoMeldingSoort::OpnieuwBeginnen);
    role.say(&visit, status(soort), soort)
}

pub(super) const fn status(soort: PgoMeldingSoort) -> u16 {
    match soort {
        PgoMeldingSoort::GeenToestemming
        | PgoMeldingSoort::RechtstreeksGestopt
        | PgoMeldingSoort::RechtstreeksNiets => 200,
        PgoMeldingSoort::NietVanOns
        | PgoMeldingSoort::OpnieuwBeginnen
        | PgoMeldingSoort::FormulierVerlopen => 400,
        PgoMeldingSoort::AanbiederOnbekend | PgoMeldingSoort::NeemtNietsAan => 404,
        PgoMeldingSoort::TeVeelVerbindingen => 409,
        PgoMeldingSoort::Mislukt
        | PgoMeldingSoort::RechtstreeksMislukt
        | PgoMeldingSoort::DvaNietVertrouwd
        | PgoMeldingSoort::DelenGeweigerd => 502,
        PgoMeldingSoort::MitzNietBereikbaar
        | PgoMeldingSoort::DvaNietBereikbaar
        | PgoMeldingSoort::LijstenNietBereikbaar
        | PgoMeldingSoort::DelenOnzeker => 503,
    }
}

/// Forgets the link with Mitz and everything collected.
pub(super) async fn ontkoppelen(State(role): State<Arc<PgoRole>>, visit: Visit) -> Response {
    if role.own_form(&visit).is_none() {
        return role.say(&visit, 400, PgoMeldingSoort::FormulierVerlopen);
    }
    if let Some((id, dossier)) = role.dossier(&visit).await {
        let change = Change::remove(Dossier::key(id), dossier.version);
        if settle(&role.app, visit.trace, Write(vec![change], Vec::new()))
            .await
            .is_err()
        {
            return role.say(&visit, 503, PgoMeldingSoort::Mislukt);
        }
    }
    web::with(web::see_other("/"), web::drop_cookie(DOSSIER_COOKIE))
}

impl PgoRole {
    async fn start_page(&self, visit: &Visit, status: u16, niemand_gekozen: bool) -> Response {
        let dossier = self.dossier(visit).await;
        let verbindingen = self.bezoek(visit).await.ok().flatten();
        let now = self.app.clock.now();
        let (formulier, fresh) = self.formulier(visit);
        let aanbieders = self
            .config
            .aanbieders
            .iter()
            .map(|(naam, weergavenaam)| PgoAanbieder {
                naam: naam.scope_naam().to_owned(),
                weergavenaam: weergavenaam.clone(),
            });
        let context = PgoStart {
            gekoppeld: dossier.is_some_and(|(_, dossier)| dossier.value.koppeling.is_some()),
            aanbieders: aanbieders.collect(),
            niemand_gekozen,
            verbindingen: match verbindingen {
                None => PgoVerbindingenStand::Geen,
                Some(known) if known.is_stil(now) => PgoVerbindingenStand::Stil,
                Some(_) => PgoVerbindingenStand::Wel,
            },
            formulier,
        };
        with_visit(self.show(visit, status, &context), fresh)
    }

    /// What is shown when the person asks for his own: of the chain, and of his connections.
    async fn eigen_resultaat(
        &self,
        visit: &Visit,
        verbindingen: Option<&Verbindingen>,
    ) -> Result<Option<Resultaat>, Outage> {
        let dossier = self.dossier(visit).await;
        if dossier.is_none() && verbindingen.is_none() {
            return Ok(None);
        }
        let dossier = dossier
            .map(|(_, dossier)| dossier.value)
            .unwrap_or_default();
        let eigen = verbindingen.into_iter().flat_map(Verbindingen::eigen);
        let mut verzameld = dossier.verzameld;
        verzameld.extend(self.opgehaald(eigen).await?);
        Ok(Some(Resultaat {
            verzameld,
            opnieuw: dossier.gekozen,
            voor: PgoVoor::Mijzelf,
        }))
    }

    /// What is shown of one connection.
    async fn resultaat_van(
        &self,
        verbindingen: &Verbindingen,
        id: &str,
    ) -> Result<Option<Resultaat>, Outage> {
        let Some((id, voor)) = verbindingen.een(id) else {
            return Ok(None);
        };
        Ok(Some(Resultaat {
            verzameld: self.opgehaald(std::iter::once(id)).await?,
            opnieuw: Vec::new(),
            voor,
        }))
    }

    fn resultaat_page(&self, visit: &Visit, of: Resultaat, verbindingen: bool) -> Response {
        let (formulier, fresh) = self.formulier(visit);
        let vandaag = Tijd::of_unix(self.app.clock.now().unix());
        let context = PgoResultaat {
            aanbieders: dossier::shown(&of.verzameld),
            kaarten: overzicht::kaarten(&dossier::verteld(&of.verzameld), vandaag),
            opnieuw: of.opnieuw,
            voor: of.voor,
            verbindingen,
            toestemmingen_url: web::in_chosen_lang(visit, &self.config.toestemmingen),
            formulier,
        };
        with_visit(self.show(visit, 200, &context), fresh)
    }

    /// A page whose forms lead to Mitz.
    pub(super) fn show(&self, visit: &Visit, status: u16, context: &impl PageContext) -> Response {
        Self::show_towards(visit, status, &self.config.login_origins, context)
    }

    /// A page whose forms lead to these origins.
    pub(super) fn show_towards(
        visit: &Visit,
        status: u16,
        origins: &[String],
        context: &impl PageContext,
    ) -> Response {
        let origins: Vec<&str> = origins.iter().map(String::as_str).collect();
        web::show(status, visit, Brand::Pgo, &origins, context)
    }

    pub(super) fn say(&self, visit: &Visit, status: u16, soort: PgoMeldingSoort) -> Response {
        self.show(visit, status, &PgoMelding { soort })
    }

    /// To the page that says why, at a clean URL.
    pub(super) fn told(soort: PgoMeldingSoort) -> Response {
        web::see_other(&with_query("/melding", &[("soort", soort.name())]))
    }

    /// The providers whose box was ticked.
    fn gekozen(&self, form: &Parameters) -> Vec<String> {
        let named = |naam: &&Zorgaanbiedernaam| {
            form.get(&format!("aanbieder-{}", naam.scope_naam()))
                .is_some()
        };
        let chosen = self.config.aanbieders.keys().filter(named);
        chosen.map(|naam| naam.scope_naam().to_owned()).collect()
    }

    /// Step 2: to Mitz, with what only this browser can answer to.
    async fn to_mitz(&self, visit: &Visit, gekozen: Vec<String>) -> Response {
        let Some(provider) = self.provider(visit.trace).await else {
            return Self::told(PgoMeldingSoort::MitzNietBereikbaar);
        };
        let wachtend = Wachtend::new(&chance::entropy(), visit.trace.to_string());
        let url = wachtend.authorization_url(
            &provider.authorization_endpoint,
            &self.config.client_id,
            &self.redirect_uri(),
            Functie::Verzamelen,
        );
        // OIDC Core §3.1.2.1: what the person chose here; what his browser says, Mitz hears itself
        let url = match web::chosen_lang(visit) {
            Some(lang) => with_query(&url, &[("ui_locales", lang.code())]),
            None => url,
        };
        let cookie = wachtend_cookie(&wachtend.state);
        let value = self.app.seal.cookie(WACHTEND, &Wacht { wachtend, gekozen });
        web::with(
            web::see_other(&url),
            web::set_cookie(&cookie, &value, WACHTEND_S),
        )
    }

    async fn answered(
        &self,
        visit: &Visit,
        trace: TraceId,
        wacht: Wacht,
        parameters: &Parameters,
    ) -> Response {
        let app = &self.app;
        let spent = settle(app, trace, Spend(state_key(&wacht.wachtend.state))).await;
        let code = match (spent, wacht.wachtend.code(parameters, &self.config.mitz)) {
            (Ok(true), Ok(code)) => code,
            (Ok(true), Err(Callback::AccessDenied)) => {
                app.saw_fail(7, trace, visit.peer_name(), "access_denied");
                return Self::told(PgoMeldingSoort::GeenToestemming);
            }
            (Ok(true), Err(Callback::Failed)) => {
                app.saw_fail(7, trace, visit.peer_name(), "an error of Mitz");
                return Self::told(PgoMeldingSoort::Mislukt);
            }
            (Ok(_), _) => {
                app.refused(
                    trace,
                    "RFC 6749 §10.12",
                    "the answer is not ours, or was used",
                );
                return Self::told(PgoMeldingSoort::NietVanOns);
            }
            (Err(_), _) => return Self::told(PgoMeldingSoort::Mislukt),
        };
        app.saw(7, trace, visit.peer_name(), "authorization code");
        let grant = Grant::Code {
            code,
            wachtend: wacht.wachtend,
        };
        let known = self.dossier(visit).await;
        let (id, version) = known.map_or_else(
            || (chance::entropy().bytes("pgo.dossier"), None),
            |(id, dossier)| (id, Some(dossier.version)),
        );
        self.collect_into(trace, id, version, grant, wacht.gekozen)
            .await
    }

    /// W3: the next visits need no browser at Mitz (mitz case 11). One refresh at a time for each
    /// dossier: a second click waits, and then finds the token that the first one brought.
    async fn collect_again(&self, visit: &Visit, id: [u8; 16], gekozen: Vec<String>) -> Response {
        let _alone = self.collecting[usize::from(id[0]) % self.collecting.len()]
            .lock()
            .await;
        let dossier = self.dossier(visit).await;
        let koppeling = dossier.and_then(|(_, dossier)| {
            let version = dossier.version;
            dossier
                .value
                .koppeling
                .map(|koppeling| (koppeling, version))
        });
        match koppeling {
            None => self.to_mitz(visit, gekozen).await,
            Some((koppeling, version)) => {
                let grant = Grant::Refresh(koppeling);
                self.collect_into(visit.trace, id, Some(version), grant, gekozen)
                    .await
            }
        }
    }

    async fn collect_into(
        &self,
        trace: TraceId,
        id: [u8; 16],
        version: Option<u64>,
        grant: Grant,
        gekozen: Vec<String>,
    ) -> Response {
        let tokens = match self.tokens(trace, grant).await {
            Ok(tokens) => tokens,
            Err(NotCollected::Ended) => {
                // The consent was withdrawn or the link is too old: it is of no more use.
                let forget = version.map(|version| Change::remove(Dossier::key(id), version));
                let _ = settle(
                    &self.app,
                    trace,
                    Write(forget.into_iter().collect(), Vec::new()),
                )
                .await;
                let told = Self::told(PgoMeldingSoort::OpnieuwBeginnen);
                return web::with(told, web::drop_cookie(DOSSIER_COOKIE));
            }
            Err(NotCollected::Unreachable) => {
                return Self::told(PgoMeldingSoort::MitzNietBereikbaar);
            }
            Err(NotCollected::NotTaken(reason)) => {
                self.app.refused(trace, "mitz.md §2.5", reason);
                return Self::told(PgoMeldingSoort::Mislukt);
            }
        };
        // The new refresh token is safe before it is needed: the old one is dead already.
        let mut dossier = Dossier {
            koppeling: Some(tokens.koppeling.clone()),
            verzameld: Vec::new(),
            gekozen: gekozen.clone(),
        };
        let Ok(version) = self.keep(trace, id, version, &dossier).await else {
            return Self::told(PgoMeldingSoort::Mislukt);
        };
        let cookie = self.app.handles.make(DOSSIER, Handle { id, generation: 0 });
        let cookie = web::set_cookie(DOSSIER_COOKIE, &cookie, DOSSIER_S);
        let response = match self.collect(trace, &tokens, &gekozen).await {
            Ok(verzameld) => {
                dossier.verzameld = verzameld;
                dossier.fit();
                match self.keep(trace, id, Some(version), &dossier).await {
                    Ok(_) => web::see_other("/resultaat"),
                    Err(_) => Self::told(PgoMeldingSoort::Mislukt),
                }
            }
            Err(NotCollected::NotTaken(reason)) => {
                self.app.refused(trace, "mitz.md §2.5", reason);
                Self::told(PgoMeldingSoort::Mislukt)
            }
            Err(NotCollected::Unreachable | NotCollected::Ended) => {
                Self::told(PgoMeldingSoort::MitzNietBereikbaar)
            }
        };
        web::with(response, cookie)
    }

    /// Writes the dossier; gives its version.
    async fn keep(
        &self,
        trace: TraceId,
        id: [u8; 16],
        version: Option<u64>,
        dossier: &Dossier,
    ) -> Result<u64, Outage> {
        let expect = version.map_or(Expect::Absent, Expect::Version);
        let until = self.app.clock.now().plus_s(DOSSIER_S);
        let change = dossier.put(Dossier::key(id), expect, until);
        if settle(&self.app, trace, Write(vec![change], Vec::new())).await? {
            Ok(version.unwrap_or(0) + 1)
        } else {
            Err(Outage::Fault(
                "the dossier was changed meanwhile".to_owned(),
            ))
        }
    }

    /// The dossier to which the browser's cookie leads.
    async fn dossier(&self, visit: &Visit) -> Option<([u8; 16], Stored<Dossier>)> {
        let handle = self
            .app
            .handles
            .open(DOSSIER, visit.cookie(DOSSIER_COOKIE)?)?;
        let now = self.app.clock.now();
        let found = self.app.load::<Dossier>(Dossier::key(handle.id), now).await;
        Some((handle.id, found.ok().flatten()?))
    }

    /// The token of this browser's forms, and the cookie to set when the browser is new.
    pub(super) fn formulier(&self, visit: &Visit) -> (String, Option<String>) {
        if let Some(known) = visit.cookie(BEZOEK_COOKIE) {
            (self.app.seal.form_token(BEZOEK_COOKIE, known), None)
        } else {
            let fresh = jose::b64::encode(chance::entropy().bytes::<16>("bezoek"));
            (self.app.seal.form_token(BEZOEK_COOKIE, &fresh), Some(fresh))
        }
    }

    pub(super) fn own_form(&self, visit: &Visit) -> Option<Parameters> {
        let form = visit.form().ok()?;
        let (known, token) = (visit.cookie(BEZOEK_COOKIE)?, form.get("formulier")?);
        let same = self.app.seal.is_form_token(BEZOEK_COOKIE, known, token);
        (visit.is_from(&self.config.front) && same).then_some(form)
    }
}

pub(super) fn with_visit(response: Response, fresh: Option<String>) -> Response {
    match fresh {
        Some(value) => web::with(response, web::set_cookie(BEZOEK_COOKIE, &value, BEZOEK_S)),
        None => response,
    }
}

/// One cookie for each login under way.
fn wachtend_cookie(state: &str) -> String {
    let short: String = state
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    format!("__Host-wacht-{short}")
}

pub(super) fn state_key(state: &str) -> Key {
    Key::Once(Space("pgo.state"), jose::sha256(state.as_bytes()))
}

/// Makes changes durable, and what the audit log hears of them; tells whether what they expected was still
/// so.
pub(super) struct Write(
    pub(super) Vec<Change<verdict::Clear>>,
    pub(super) Vec<Event>,
);

impl Journey for Write {
    type Reply = bool;
    type Question = ();

    fn begin(&self, _: &Run) -> Step<bool, ()> {
        Step::Done(Verdict {
            reply: true,
            changes: self.0.clone(),
            events: self.1.clone(),
        })
    }

    async fn answer(&self, _: &Run, (): ()) -> Result<Step<bool, ()>, Outage> {
        Ok(Step::reply(false))
    }

    fn lost(&self, _: &Key) -> Option<Step<bool, ()>> {
        Some(Step::reply(false))
    }
}

/// Spends something; tells whether it was still there to be spent.
pub(super) struct Spend(pub(super) Key);

impl Journey for Spend {
    type Reply = bool;
    type Question = ();

    fn begin(&self, run: &Run) -> Step<bool, ()> {
        Step::Done(Verdict {
            reply: true,
            changes: vec![Change::spend(self.0.clone(), run.now.plus_s(WACHTEND_S))],
            events: Vec::new(),
        })
    }

    async fn answer(&self, _: &Run, (): ()) -> Result<Step<bool, ()>, Outage> {
        Ok(Step::reply(false))
    }

    fn lost(&self, _: &Key) -> Option<Step<bool, ()>> {
        Some(Step::reply(false))
    }
}
