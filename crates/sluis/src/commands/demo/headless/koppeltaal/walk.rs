//! The way through the steps.

use std::time::Duration;

use koppeltaal::domeinbeheer::{
    Beheersleutel, Bewerking, Domeinen, Gewijzigd, Macht, SLEUTEL, Verwacht, Wijzigen,
};
use koppeltaal::domeinconfiguratie::Regels;
use koppeltaal::permissie::{Actie, Bereik, Permissie, ResourceType};
use koppeltaal::{ClientId, DomeinUrls};
use protocol::assertion;
use serde_json::{Value, json};
use server::chance;
use server::domeinbeheer;
use server::door::TraceId;
use server::network::{Party, Person, Running, Shown};
use server::outside::{Answer, Headers, Outside};
use tokio::time::{Instant, sleep};

use super::super::browser;
use super::super::steps::Went;
use super::applicatie::{Applicatie, new_key, show_keys};

/// How long the tasks of the sample may take to be made, and how often we look.
const TASKS_WAIT: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What is known on the way.
pub(super) struct Walk<'a> {
    running: &'a Running,
    outside: Outside,
    trace: TraceId,
    urls: DomeinUrls,
    /// Of the administrator.
    sleutel: String,
    eigen: Option<Applicatie>,
    ander: Option<Applicatie>,
    token: String,
    person: Person,
    /// What the person sees.
    page: Option<Shown>,
    /// What the portal says of the task that is opened.
    task: String,
}

impl<'a> Walk<'a> {
    /// A browser, and a key to administer the domain.
    pub(super) async fn begin(running: &'a Running, trace: TraceId) -> Result<Self, String> {
        let domein = &running.input.koppeltaal.domein;
        let outside = browser(running)?;
        let idp = running.hosts.url("idp");
        Ok(Self {
            urls: running.hosts.domein(domein),
            sleutel: administration_key(running).await?,
            eigen: None,
            ander: None,
            token: String::new(),
            person: Person::new(outside.clone(), trace).stopping_at(&idp),
            page: None,
            task: String::new(),
            running,
            outside,
            trace,
        })
    }

    /// Does one step: what came of it.
    pub(super) async fn step(&mut self, number: u8) -> Went {
        match number {
            1 => self.register().await,
            2 => self.get_token().await,
            3 => self.make_task().await,
            4 => self.search().await,
            5 => self.launch().await,
            6 => self.at_idp(),
            7 => self.log_in().await,
            8 => self.at_module().await,
            9 => self.introspect().await,
            _ => self.remove().await,
        }
    }

    /// Two applications with a role that the domain has: the first that may make Tasks.
    async fn register(&mut self) -> Went {
        let (eigen, ander) = (new_key()?, new_key()?);
        let keys = [("eigen", &eigen), ("ander", &ander)];
        let shown = show_keys(&keys).await?;
        let eigen_at = format!("{shown}/eigen");
        let eigen_id = self.registered("Proefapplicatie", &eigen_at).await?;
        self.eigen = Some(Applicatie {
            id: eigen_id,
            key: eigen,
        });
        let ander_at = format!("{shown}/ander");
        let ander_id = self.registered("Andere proefapplicatie", &ander_at).await?;
        self.ander = Some(Applicatie {
            id: ander_id,
            key: ander,
        });
        Ok(format!("client_id {eigen_id} and {ander_id}"))
    }

    async fn registered(&self, name: &str, jwks_uri: &str) -> Result<ClientId, String> {
        let said = json!({
            "name": name, "jwks_uri": jwks_uri, "status": "approved", "role": self.role()?,
        });
        let url = format!("{}/applications", self.urls.management());
        let answer = self.post_json(&url, &said, &self.sleutel).await?;
        let made = expect(&answer, 201)?;
        let id = made["application"]["client_id"]
            .as_str()
            .unwrap_or_default();
        ClientId::parse(id).map_err(|why| why.to_string())
    }

    /// A role of the domain that makes Tasks and reads its own alone.
    fn role(&self) -> Result<String, String> {
        let task = ResourceType::parse("Task").ok_or("Task is no resource type")?;
        let makes_its_own = |permissies: &[Permissie]| {
            [Actie::Create, Actie::Read].iter().all(|actie| {
                permissies.contains(&Permissie {
                    resource: task.clone(),
                    actie: *actie,
                    bereik: Bereik::Own,
                })
            })
        };
        let mut rollen = self.running.input.koppeltaal.rollen.iter();
        let found = rollen.find(|(_, permissies)| makes_its_own(permissies));
        let none = "no role of the domain makes Tasks and reads its own alone";
        found
            .map(|(name, _)| name.clone())
            .ok_or_else(|| none.to_owned())
    }

    async fn get_token(&mut self) -> Went {
        let (token, scope) = self.token_of(self.eigen.as_ref()).await?;
        self.token = token;
        Ok(format!("scope of {} permissions", scope.split(' ').count()))
    }

    async fn token_of(&self, who: Option<&Applicatie>) -> Result<(String, String), String> {
        let who = who.ok_or("there is no application")?;
        let proof = self.assertion(who, &self.urls.token())?;
        let fields = [
            ("grant_type", "client_credentials"),
            ("scope", "*"),
            ("client_assertion_type", assertion::TYPE),
            ("client_assertion", &proof),
        ];
        let granted = self.post_form(&self.urls.token(), &fields).await?;
        let text = |name: &str| granted[name].as_str().unwrap_or_default().to_owned();
        Ok((text("access_token"), text("scope")))
    }

    async fn make_task(&mut self) -> Went {
        let task = json!({
            "resourceType": "Task", "status": "ready", "intent": "order", "priority": "routine",
            "identifier": [{ "system": "https://proef.localhost/taak", "value": self.trace.to_string() }],
            "description": "Proeftaak",
        });
        let url = format!("{}/Task", self.urls.fhir());
        let headers = self.headers().bearer(&self.token);
        let sent = self.outside.post_bytes(
            &url,
            "application/fhir+json",
            task.to_string().into(),
            headers,
        );
        let made = expect(&sent.await.map_err(|why| why.to_string())?, 201)?;
        let eigen = self
            .eigen
            .as_ref()
            .map(|eigen| eigen.id.device())
            .unwrap_or_default();
        let origin = &made["extension"][0]["valueReference"]["reference"];
        if *origin != eigen {
            return Err("the Task has another resource-origin than its maker".to_owned());
        }
        Ok(format!("Task/{}", made["id"].as_str().unwrap_or_default()))
    }

    async fn search(&mut self) -> Went {
        let (token, _) = self.token_of(self.ander.as_ref()).await?;
        let seen = async |token: &str| {
            let url = format!("{}/Task?identifier={}", self.urls.fhir(), self.trace);
            let headers = self.headers().bearer(token);
            let answer = self.outside.get(&url, headers).await;
            let found = expect(&answer.map_err(|why| why.to_string())?, 200)?;
            if found["type"] != "searchset" {
                return Err("the answer is no searchset".to_owned());
            }
            Ok(found["entry"].as_array().map_or(0, Vec::len))
        };
        match (seen(&self.token).await?, seen(&token).await?) {
            (1, 0) => Ok("its maker sees one, the other none".to_owned()),
            (own, other) => Err(format!("its maker sees {own}, the other {other}")),
        }
    }

    async fn launch(&mut self) -> Went {
        let portaal = self.tasks().await?;
        let task = self.task_of_somebody_active(&portaal.html)?;
        task.clone_into(&mut self.task);
        let id = between(task, "name=\"taak\" value=\"", "\"").ok_or("the task has no id")?;
        let form = portaal.form("/openen")?.with("taak", id);
        let opened = self.person.send(form).await?;
        let start = format!("{}/start", self.running.hosts.url("module"));
        let page = self.person.send(opened.form(&start)?).await?;
        let is_at = |host: &str| {
            let host = self.running.hosts.url(host);
            page.url.as_str().starts_with(&host)
        };
        if is_at("module") || is_at("portaal") {
            return Err(format!("the person saw {}", page.in_short()));
        }
        self.page = Some(page);
        Ok("HTI 2.0 token by form".to_owned())
    }

    /// The portal with its tasks, which are made when the demo starts.
    async fn tasks(&mut self) -> Result<Shown, String> {
        let began = Instant::now();
        loop {
            let page = self.person.open(&self.running.hosts.url("portaal")).await?;
            if page.form("/openen").is_ok() || began.elapsed() > TASKS_WAIT {
                return Ok(page);
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// What the portal says of its first task whose person may log in (koppeltaal case 103).
    fn task_of_somebody_active<'page>(&self, portaal: &'page str) -> Result<&'page str, String> {
        let resources = self.running.input.koppeltaal_resources.iter();
        let inactive: Vec<String> = resources
            .filter(|seed| seed.resource["active"] == false)
            .filter_map(|seed| seed.resource.pointer("/name/0/text")?.as_str())
            .map(in_brackets)
            .collect();
        let mut tasks = portaal
            .split("</form>")
            .filter(|of| of.contains("name=\"taak\""));
        tasks
            .find(|task| !inactive.iter().any(|name| task.contains(name)))
            .ok_or_else(|| "the portal has no task of somebody who is active".to_owned())
    }

    fn at_idp(&self) -> Went {
        let page = self.page.as_ref().ok_or("there is no page")?;
        let idp = self.running.hosts.url("idp");
        if page.url.as_str().starts_with(&idp) {
            Ok("to the IdP".to_owned())
        } else {
            Err(format!("the person saw {}", page.in_short()))
        }
    }

    /// The person of the task is whom the portal's button names in brackets.
    async fn log_in(&mut self) -> Went {
        let at = self.page.take().ok_or("there is no page")?.url;
        let module = format!("{}/terug", self.running.hosts.url("module"));
        self.person = self.person.clone().stopping_at(&module);
        let choose = self.person.open(at.as_str()).await?;
        let form = choose.form("/inloggen")?;
        let is_theirs = |(name, value): &&(String, String)| {
            let known = label(&choose.html, value);
            name == "persoon" && known.is_some_and(|known| self.task.contains(&in_brackets(known)))
        };
        let chosen = form.choices.iter().find(is_theirs).cloned();
        let (name, value) = chosen.ok_or("the IdP does not know the person of the task")?;
        let form = form.with(&name, &value).with("keuze", "inloggen");
        let page = self.person.send(form).await?;
        if !page.url.as_str().starts_with(&module) {
            return Err(format!("the person saw {}", page.in_short()));
        }
        self.page = Some(page);
        Ok("code to the module".to_owned())
    }

    async fn at_module(&mut self) -> Went {
        let back = self.page.take().ok_or("there is no page")?.url;
        let mut person = self.person.clone().stopping_at("about:");
        let page = person.open(back.as_str()).await?;
        if page.status == 200 && page.url.path() == "/taak" {
            Ok("NOOP, ID token, and the task".to_owned())
        } else {
            Err(format!("the person saw {}", page.in_short()))
        }
    }

    async fn introspect(&mut self) -> Went {
        let (eigen, ander) = self
            .eigen
            .as_ref()
            .zip(self.ander.as_ref())
            .ok_or("there is nobody")?;
        let now = self.running.clock.now();
        let hti = json!({
            "iss": eigen.id.to_string(), "aud": ander.id.device(), "sub": "Patient/proef",
            "resource": "Task/proef", "iat": now.unix(), "exp": now.plus_s(300).unix(),
            "jti": chance::entropy().uuid("hti"),
        });
        let hti = eigen.key.sign("JWT", &hti).map_err(|_| "no signature")?;
        let asked = async || {
            let proof = self.assertion(ander, &self.urls.introspect())?;
            let fields = [
                ("token", hti.as_str()),
                ("client_assertion_type", assertion::TYPE),
                ("client_assertion", &proof),
            ];
            self.post_form(&self.urls.introspect(), &fields).await
        };
        let (first, again) = (asked().await?, asked().await?);
        if first["active"] != true || first["resource"] != "Task/proef" {
            return Err("the launch token is not active".to_owned());
        }
        if again != json!({ "active": false }) {
            return Err("the launch token is active twice".to_owned());
        }
        Ok("active once".to_owned())
    }

    /// So that a demo that goes on is as it was.
    pub(super) async fn remove(&mut self) -> Went {
        for who in [self.eigen.take(), self.ander.take()].into_iter().flatten() {
            self.removed(who.id).await?;
        }
        Ok("gone".to_owned())
    }

    async fn removed(&self, client_id: ClientId) -> Result<(), String> {
        let app = &self.running.apps[&Party::Koppeltaal];
        let (regels, now) = (Regels::ON_ONE_MACHINE, app.clock.now());
        let domein = &self.running.input.koppeltaal.domein;
        let nu = domeinbeheer::nu(&app.home, domein, regels, now).await;
        let nu = nu
            .map_err(|why| why.to_string())?
            .ok_or("the domain is gone")?;
        let wijzigen = Wijzigen {
            domein: domein.clone(),
            bewerking: Bewerking::ApplicatieEraf(client_id),
            verwacht: Verwacht::Versie(nu.versie),
            macht: Macht::Alles,
            wie: "headless".to_owned(),
            regels,
            now,
            nonce: chance::entropy().bytes("headless.nonce"),
        };
        match domeinbeheer::wijzigen(&app.home, &wijzigen).await {
            Ok(Gewijzigd::Ja { .. }) => Ok(()),
            Ok(other) => Err(format!("the application stays: {other:?}")),
            Err(why) => Err(why.to_string()),
        }
    }

    /// Sends a form, and reads the JSON of a good answer.
    async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<Value, String> {
        let answer = self.outside.post_form(url, fields, self.headers()).await;
        expect(&answer.map_err(|why| why.to_string())?, 200)
    }

    fn headers(&self) -> Headers {
        Headers::none().correlation_id(self.trace)
    }

    fn assertion(&self, who: &Applicatie, audience: &str) -> Result<String, String> {
        let now = self.running.clock.now();
        let claims = json!({
            "iss": who.id.to_string(), "sub": who.id.to_string(), "aud": audience,
            "iat": now.unix(), "exp": now.plus_s(300).unix(),
            "jti": chance::entropy().uuid("jti"),
        });
        let signed = who.key.sign("JWT", &claims);
        signed.map_err(|_| "the assertion was not signed".to_owned())
    }

    async fn post_json(&self, url: &str, said: &Value, bearer: &str) -> Result<Answer, String> {
        let headers = self.headers().bearer(bearer);
        let bytes = said.to_string().into_bytes();
        let answer = self
            .outside
            .post_bytes(url, "application/json", bytes, headers);
        answer.await.map_err(|why| why.to_string())
    }
}

/// A key with which this run may administer the domain.
async fn administration_key(running: &Running) -> Result<String, String> {
    let app = running.apps.get(&Party::Koppeltaal);
    let app = app.ok_or("koppeltaal is not played here")?;
    let now = app.clock.now();
    let sleutel = Beheersleutel::nieuw("headless", Domeinen::Alle, 600, now);
    let sleutel = sleutel.map_err(|why| why.to_string())?;
    let id = chance::entropy().bytes("headless");
    let made = domeinbeheer::sleutel_erbij(&app.home, id, &sleutel, "demo", now).await;
    made.map_err(|why| why.to_string())?;
    Ok(app.handles.make(SLEUTEL, Beheersleutel::handle(id)))
}

/// How the button of a task names its person.
fn in_brackets(name: &str) -> String {
    format!("({name})")
}

/// What stands between the two.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

/// The name beside a radio button of the IdP.
fn label<'a>(html: &'a str, value: &str) -> Option<&'a str> {
    let (_, label) = html.split_once(&format!("for=\"persoon-{value}\""))?;
    between(label.split_once("<strong")?.1, ">", "<")
}

/// The JSON of an answer with this status.
fn expect(answer: &Answer, status: u16) -> Result<Value, String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status == status {
        return Ok(body);
    }
    let code = body["error"].as_str().or_else(|| body["title"].as_str());
    Err(format!(
        "the answer is {} {}",
        answer.status.as_u16(),
        code.unwrap_or_default()
    ))
}
