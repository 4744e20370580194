//! The way through the steps.

use std::time::Duration;

use etoegang::authenticatiedienst::bewijs::code_van;
use etoegang::authenticatiedienst::middel::Middel;
use etoegang::dv_app::Begonnen;
use etoegang::machtiging::Gemachtigde;
use jose::aead::Key32;
use serde_json::{Value, json};
use server::door::TraceId;
use server::etoegangbeheer::geheim_van_de_demo;
use server::input::{Etoegang, EtoegangMiddel};
use server::network::{Form, Party, Person, Running, Shown};
use server::outside::{Answer, Headers, Outside};
use store::Store as _;
use tokio::time::{Instant, sleep};
use verdict::Outcome;

use super::super::browser;
use super::super::steps::Went;
use super::app::{App, REDIRECT_URI, Tokens, granted, in_short};

/// How long the means of the sample may take to be registered, and how often we look.
const MEANS_WAIT: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Seconds for which a code stands on a device.
const CODE_S: u64 = 30;
/// Seconds for which the mandate of this run holds.
const MANDATE_S: i64 = 3_600;
/// Events of one look at an audit log, at most.
const EVENTS_MAX: u16 = 100;

/// What is known on the way.
pub(super) struct Walk<'a> {
    running: &'a Running,
    network: &'a Etoegang,
    outside: Outside,
    app: App,
    person: Person,
    /// The reference of the mandate of this run.
    machtiging: String,
    begonnen: Option<Begonnen>,
    page: Option<Shown>,
    tokens: Option<Tokens>,
    refreshed: Option<Refreshed>,
}

/// What a refresh brought, and how far the logs of AD and MR were before it.
struct Refreshed {
    answer: Answer,
    spent: String,
    ad_from: u64,
    mr_from: u64,
}

impl<'a> Walk<'a> {
    /// A browser, and an app of the first DV.
    pub(super) fn begin(running: &'a Running, trace: TraceId) -> Result<Self, String> {
        let network = &running.input.etoegang;
        let outside = browser(running)?;
        let takes = |uri: &String| uri.starts_with("http://127.0.0.1/");
        let mut apps = network.apps.iter();
        let app = apps.find(|app| app.redirect_uris.iter().any(takes));
        let app = app.ok_or("etoegang.json has no app with a loopback redirect_uri")?;
        Ok(Self {
            app: App {
                outside: outside.clone(),
                issuer: format!("{}{}", running.hosts.url("hm"), network.pad),
                client_id: app.client_id.clone(),
                dv: app.dv.clone(),
            },
            person: Person::new(outside.clone(), trace).stopping_at(REDIRECT_URI),
            machtiging: String::new(),
            begonnen: None,
            page: None,
            tokens: None,
            refreshed: None,
            running,
            network,
            outside,
        })
    }

    /// Does one step: what came of it.
    pub(super) async fn step(&mut self, number: u8) -> Went {
        match number {
            1 => self.register().await,
            2 => self.ask().await,
            3 => self.choose_ad("organisatie").await,
            4 => self.prove().await,
            5 => self.choose_mandate().await,
            6 => self.get_tokens().await,
            7 => self.open_backend().await,
            8 => self.present().await,
            9 => self.ad_was_asked().await,
            10 => self.ad_declared().await,
            11 => self.mr_was_asked().await,
            12 => self.got_new_tokens().await,
            13 => self.for_himself().await,
            14 => self.present_spent().await,
            _ => self.withdraw().await,
        }
    }

    // ── The mandate ─────────────────────────────────────────────────────────────────────────────

    /// For the holder of the first means that proves two factors, at a service that he has a mandate for.
    async fn register(&mut self) -> Went {
        let middel = self.middel(true)?;
        let dienst = self.dienst(Some(middel))?;
        let organisatie = self.network.organisaties.iter().next();
        let (kenmerk, naam) = organisatie.ok_or("etoegang.json has no organisatie")?;
        let now = server::clock::Clock::system().now();
        let said = json!({
            "vertegenwoordigde": kenmerk,
            "gemachtigde": Gemachtigde::Persoon(middel.houder.clone()),
            "service_uuid": dienst.1,
            "niveau": middel.niveau,
            "van": now.unix(),
            "tot": now.unix() + MANDATE_S,
        });
        let url = format!("{}/beheer/machtigingen", self.running.hosts.url("mr"));
        let headers = Headers::none().bearer(&self.sleutel()?);
        let sent =
            self.outside
                .post_bytes(&url, "application/json", said.to_string().into(), headers);
        let answer = sent.await.map_err(|why| why.to_string())?;
        if answer.status.as_u16() != 201 {
            return Err(in_short(&answer));
        }
        let made: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let id = made["id"].as_str().ok_or("the mandate has no id")?;
        id.clone_into(&mut self.machtiging);
        Ok(format!("{} for {naam}", self.machtiging))
    }

    async fn withdraw(&mut self) -> Went {
        let url = format!(
            "{}/beheer/machtigingen/{}",
            self.running.hosts.url("mr"),
            self.machtiging
        );
        let headers = Headers::none().bearer(&self.sleutel()?);
        let answer = self.outside.delete(&url, headers).await;
        let answer = answer.map_err(|why| why.to_string())?;
        if answer.status.as_u16() != 200 {
            return Err(in_short(&answer));
        }
        let tokens = self.tokens.as_ref().ok_or("there are no tokens")?;
        let token = tokens.refresh_token.as_deref().ok_or("no refresh token")?;
        self.ends(token, "the mandate was withdrawn").await
    }

    /// The key with which mandates are administered.
    fn sleutel(&self) -> Result<String, String> {
        let mr = self.running.apps.get(&Party::Mr);
        let mr = mr.ok_or("the MR runs elsewhere: its key of administration is not here")?;
        Ok(geheim_van_de_demo(mr))
    }

    // ── The login ───────────────────────────────────────────────────────────────────────────────

    async fn ask(&mut self) -> Went {
        let (service_id, _) = self.dienst(Some(self.middel(true)?))?;
        self.begin_login(&service_id).await
    }

    async fn begin_login(&mut self, service_id: &str) -> Went {
        let (begonnen, url) = self.app.begin(service_id);
        let page = self.person.open(&url).await?;
        page.form(&format!("{}/kiezen", self.network.pad))?;
        self.begonnen = Some(begonnen);
        self.page = Some(page);
        Ok(format!("the HM asks which AD, for {service_id}"))
    }

    async fn choose_ad(&mut self, voor: &str) -> Went {
        let form = self
            .form("kiezen")?
            .with("voor", voor)
            .with("keuze", "verder");
        let form = form.with("ad", self.network.ad.as_str());
        let page = self.person.send(form).await?;
        page.form(&format!("{}/inloggen", self.network.pad))?;
        self.page = Some(page);
        Ok("the AD asks who it is".to_owned())
    }

    async fn prove(&mut self) -> Went {
        let middel = self.middel(true)?.clone();
        self.log_in(&middel).await?;
        let page = self.page.as_ref().ok_or("there is no page")?;
        page.form(&format!("{}/machtiging", self.network.pad))?;
        Ok(format!(
            "{} is logged in, and the MR asks for whom",
            middel.naam
        ))
    }

    /// A code serves once: with one that was used just before, the next one is waited for.
    async fn log_in(&mut self, middel: &EtoegangMiddel) -> Result<(), String> {
        self.means_is_there(&middel.naam).await?;
        for last in [false, true] {
            let code = middel.codesleutel.map(Key32::new);
            let now = server::clock::Clock::system().now();
            let code = code.map_or_else(String::new, |key| code_van(&key, now));
            let form = self.form("inloggen")?;
            let form = form.with("naam", &middel.naam).with("code", &code);
            let form = form
                .with("wachtwoord", &middel.wachtwoord)
                .with("keuze", "inloggen");
            let page = self.person.send(form).await?;
            let is_again = page.form(&format!("{}/inloggen", self.network.pad)).is_ok();
            self.page = Some(page);
            if !is_again {
                return Ok(());
            }
            if last || middel.codesleutel.is_none() {
                return Err("the AD does not take password and code".to_owned());
            }
            let into = u64::try_from(now.unix()).unwrap_or_default() % CODE_S;
            sleep(Duration::from_secs(CODE_S - into)).await;
        }
        Ok(())
    }

    /// The demo registers its means when it starts, which takes a moment.
    async fn means_is_there(&self, naam: &str) -> Result<(), String> {
        let Some(ad) = self.running.apps.get(&Party::Ad) else {
            return Ok(());
        };
        let began = Instant::now();
        while began.elapsed() < MEANS_WAIT {
            let found = ad.load::<Middel>(Middel::key(naam), ad.clock.now()).await;
            if found.map_err(|why| why.to_string())?.is_some() {
                return Ok(());
            }
            sleep(LOOK_AGAIN).await;
        }
        Err(format!("the AD does not know {naam}"))
    }

    async fn choose_mandate(&mut self) -> Went {
        let form = self.form("machtiging")?;
        let form = form
            .with("machtiging", &self.machtiging)
            .with("keuze", "kiezen");
        let page = self.person.send(form).await?;
        if !page.url.as_str().starts_with(REDIRECT_URI) {
            return Err(format!("the person saw {}", page.heading()));
        }
        self.page = Some(page);
        Ok("the browser is back at the app, with a code".to_owned())
    }

    async fn get_tokens(&mut self) -> Went {
        let begonnen = self.begonnen.as_ref().ok_or("no login was begun")?;
        let page = self.page.as_ref().ok_or("there is no page")?;
        let tokens = self.app.exchange(begonnen, page).await?;
        let represents = tokens.claims.represents.as_ref();
        let represents = represents.ok_or("the token says nobody who is represented")?;
        // etoegang case 78
        let note = format!(
            "{} for {}",
            tokens.claims.acr.naam(),
            represents.sub_id_type
        );
        if tokens.refresh_token.is_none() {
            return Err("the HM gave no refresh token".to_owned());
        }
        self.tokens = Some(tokens);
        Ok(note)
    }

    async fn open_backend(&mut self) -> Went {
        let tokens = self.tokens.as_ref().ok_or("there are no tokens")?;
        let url = format!("{}/api/bericht", self.running.hosts.url("dv"));
        let headers = Headers::none().bearer(&tokens.access_token);
        let answer = self.outside.get(&url, headers).await;
        let body = granted(&answer.map_err(|why| why.to_string())?)?;
        Ok(body["dienst"].as_str().unwrap_or_default().to_owned())
    }

    // ── GUC9 ────────────────────────────────────────────────────────────────────────────────────

    async fn present(&mut self) -> Went {
        let tokens = self.tokens.as_ref().ok_or("there are no tokens")?;
        let token = tokens.refresh_token.clone().ok_or("no refresh token")?;
        let (ad_from, mr_from) = (
            self.log_end(Party::Ad).await?,
            self.log_end(Party::Mr).await?,
        );
        let answer = self.app.refresh(&token).await?;
        let status = answer.status.as_u16();
        // What AD or MR refuse or leave unanswered, a later step tells.
        let is_of_the_chain = matches!(status, 200 | 502 | 503) || is_invalid_grant(&answer);
        if !is_of_the_chain {
            return Err(in_short(&answer));
        }
        self.refreshed = Some(Refreshed {
            answer,
            spent: token,
            ad_from,
            mr_from,
        });
        Ok("the HM takes it".to_owned())
    }

    async fn ad_was_asked(&mut self) -> Went {
        let from = self.refreshed()?.ad_from;
        match self.told(Party::Ad, from).await? {
            None => Ok("the AD runs elsewhere".to_owned()),
            Some(events) if events.is_empty() => {
                Err("the AD was not asked, or could not".to_owned())
            }
            Some(_) => Ok("the AD was asked".to_owned()),
        }
    }

    async fn ad_declared(&mut self) -> Went {
        let from = self.refreshed()?.ad_from;
        self.granted(Party::Ad, from, "GUC9 9.3").await
    }

    async fn mr_was_asked(&mut self) -> Went {
        let from = self.refreshed()?.mr_from;
        self.granted(Party::Mr, from, "GUC9 9.4").await
    }

    async fn got_new_tokens(&mut self) -> Went {
        let refreshed = self.refreshed.as_ref().ok_or("nothing was refreshed")?;
        let body = granted(&refreshed.answer)?;
        let new = self.app.tokens(&body).await?;
        let old = self.tokens.as_ref().ok_or("there are no tokens")?;
        // etoegang case 6
        let is_same = new.claims.sub == old.claims.sub
            && new.claims.represents == old.claims.represents
            && new.claims.auth_time == old.claims.auth_time;
        if !is_same || new.claims.jti == old.claims.jti {
            return Err("the new token is about something else, or is no new one".to_owned());
        }
        if new.refresh_token.as_deref() == Some(&*refreshed.spent) {
            return Err("the refresh token was not replaced".to_owned());
        }
        self.tokens = Some(new);
        Ok("same person, same mandate, new token".to_owned())
    }

    fn refreshed(&self) -> Result<&Refreshed, String> {
        let refreshed = self.refreshed.as_ref();
        refreshed.ok_or_else(|| "nothing was refreshed".to_owned())
    }

    /// How far the audit log of a party is.
    async fn log_end(&self, party: Party) -> Result<u64, String> {
        let mut end = 0;
        let Some(app) = self.running.apps.get(&party) else {
            return Ok(end);
        };
        loop {
            let rows = app.home.audit(end, EVENTS_MAX).await;
            let rows = rows.map_err(|why| why.to_string())?;
            match rows.last() {
                Some(last) => end = last.seq,
                None => return Ok(end),
            }
        }
    }

    /// The events of a party since; nothing when it runs elsewhere.
    async fn told(
        &self,
        party: Party,
        from: u64,
    ) -> Result<Option<Vec<(String, Outcome, String)>>, String> {
        let Some(app) = self.running.apps.get(&party) else {
            return Ok(None);
        };
        let rows = app.home.audit(from, EVENTS_MAX).await;
        let rows = rows.map_err(|why| why.to_string())?;
        let told = rows
            .into_iter()
            .map(|row| (row.requirement, row.outcome, row.what));
        Ok(Some(told.collect()))
    }

    /// Whether a party did what this action asks.
    async fn granted(&self, party: Party, from: u64, action: &str) -> Went {
        let Some(events) = self.told(party, from).await? else {
            return Ok(format!("{} runs elsewhere", party.name()));
        };
        let done = events.iter().find(|(requirement, outcome, _)| {
            requirement == action && *outcome == Outcome::Granted
        });
        match (done, events.last()) {
            (Some((_, _, what)), _) => Ok(what.clone()),
            (None, Some((_, _, what))) => Err(what.clone()),
            (None, None) => Err(format!("{} was not asked, or could not", party.name())),
        }
    }

    // ── Branches ────────────────────────────────────────────────────────────────────────────────

    /// GUC7, with the means that has a password alone, at a service that asks for no more.
    async fn for_himself(&mut self) -> Went {
        let middel = self.middel(false)?.clone();
        let (service_id, _) = self.dienst(None)?;
        self.begin_login(&service_id).await?;
        self.choose_ad("zelf").await?;
        let from = self.log_end(Party::Mr).await?;
        self.log_in(&middel).await?;
        let begonnen = self.begonnen.as_ref().ok_or("no login was begun")?;
        let page = self.page.as_ref().ok_or("there is no page")?;
        let tokens = self.app.exchange(begonnen, page).await?;
        if tokens.claims.represents.is_some() {
            return Err("the token says that somebody is represented".to_owned());
        }
        if self
            .told(Party::Mr, from)
            .await?
            .is_some_and(|told| !told.is_empty())
        {
            return Err("the MR was asked".to_owned());
        }
        let first = tokens.refresh_token.ok_or("the HM gave no refresh token")?;
        let answer = self.app.refresh(&first).await?;
        granted(&answer)?;
        if let Some(refreshed) = &mut self.refreshed {
            refreshed.spent = first;
        }
        Ok(format!("{}, and one refresh", tokens.claims.acr.naam()))
    }

    async fn present_spent(&mut self) -> Went {
        let spent = self.refreshed()?.spent.clone();
        self.ends(&spent, "it was spent before").await
    }

    /// The refresh is refused in the one way that says nothing.
    async fn ends(&self, token: &str, why: &str) -> Went {
        let answer = self.app.refresh(token).await?;
        if answer.status.as_u16() != 400 || !is_invalid_grant(&answer) {
            return Err(in_short(&answer));
        }
        Ok(format!("{}: {why}", in_short(&answer)))
    }

    // ── Of the input ────────────────────────────────────────────────────────────────────────────

    /// The first means that proves two factors, or one.
    fn middel(&self, two: bool) -> Result<&'a EtoegangMiddel, String> {
        let mut middelen = self.network.middelen.iter();
        let found = middelen.find(|middel| middel.codesleutel.is_some() == two);
        found.ok_or_else(|| "etoegang.json has no such middel".to_owned())
    }

    /// A service of the app's DV for native apps: one for which this person has a mandate, or without a
    /// person the one that asks for the lowest level.
    fn dienst(
        &self,
        van: Option<&EtoegangMiddel>,
    ) -> Result<(String, identity::ServiceUuid), String> {
        let settings = etoegang::instellingen::Instellingen::default();
        let own = self.network.namen.iter();
        let own = own.filter(|(_, naam)| naam.dv == self.app.dv);
        let services = own.filter_map(|(id, _)| self.network.catalogus.van_scope(id.as_str()));
        let mut fitting: Vec<_> = services
            .filter(|dienst| dienst.is_native_app(&settings))
            .filter(|dienst| {
                van.is_none_or(|van| {
                    let mut mandates = self.network.machtigingen.iter();
                    mandates.any(|one| {
                        let is_his = server::input::Gerechtigde::Persoon(van.houder.clone());
                        one.aan == is_his && one.service_uuid == dienst.service_uuid
                    })
                })
            })
            .collect();
        fitting.sort_by_key(|dienst| dienst.niveau);
        let dienst = fitting.first();
        let dienst = dienst.ok_or("etoegang.json has no service for this")?;
        Ok((dienst.service_id.to_string(), dienst.service_uuid.clone()))
    }

    /// The form of the page that the person sees.
    fn form(&self, path: &str) -> Result<Form, String> {
        let page = self.page.as_ref().ok_or("there is no page")?;
        page.form(&format!("{}/{path}", self.network.pad))
    }
}

fn is_invalid_grant(answer: &Answer) -> bool {
    protocol::refusal::is_invalid_grant(&answer.body)
}
