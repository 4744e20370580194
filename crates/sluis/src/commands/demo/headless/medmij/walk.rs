//! The way through the steps.

use medmij::dvp::resource::resource_url;
use medmij::dvp::tokens::{Token, Tokens};
use medmij::dvp::verzoek::{Code, TokenForm, Wachtend, refresh_form};
use medmij::dvp::wens::{Voor, Wens};
use medmij::lists::{Document, FrontchannelPort, Soort};
use medmij::scope::Functie;
use medmij::vertegenwoordiging::{GeboortedatumParameter, Vertegenwoordiging};
use protocol::wire::Parameters;
use serde_json::Value;
use server::chance;
use server::door::TraceId;
use server::input::{DvaId, Person as Somebody, Provider};
use server::network::{Form, Person, Running, Shown, hostname};
use server::outside::{Answer, Headers, Outside, OutsideConfig};
use server::routes::digid::Grond;

use super::super::browser;
use super::super::steps::Went;

/// The demo's PGO as a client.
const CLIENT: &str = "pgo.localhost";
/// The same as a host of the demo.
const CLIENT_HOST: &str = "pgo";

/// What is known on the way.
pub(super) struct Walk<'a> {
    running: &'a Running,
    /// The DVP's way to the DVA, with its certificate.
    dvp: Outside,
    trace: TraceId,
    /// A provider of the first DVA.
    provider: &'a Provider,
    /// Who is at the keyboard, and whose data it is about.
    acting: &'a Somebody,
    subject: &'a Somebody,
    redirect_uri: String,
    person: Person,
    page: Option<Shown>,
    wachtend: Option<Wachtend>,
    code: Option<Code>,
    tokens: Option<Tokens>,
}

impl<'a> Walk<'a> {
    /// The first person of the input, at the first provider that the first DVA serves.
    pub(super) fn for_oneself(running: &'a Running, trace: TraceId) -> Result<Self, String> {
        let first = running
            .input
            .people
            .first()
            .ok_or("there is nobody in the input")?;
        Self::of(running, trace, first, first)
    }

    /// Whoever may act for the first person, else whoever may act for anybody.
    pub(super) fn for_other(running: &'a Running, trace: TraceId) -> Result<Self, String> {
        let people = &running.input.people;
        let may_act = |acting: &Somebody, subject: &Somebody| {
            let mut represents = acting.represents.iter();
            represents.any(|(whom, by)| *whom == subject.bsn && *by == Grond::Machtiging)
        };
        let mut pairs = people.iter().flat_map(|subject| {
            let acting = people.iter().filter(move |acting| may_act(acting, subject));
            acting.map(move |acting| (acting, subject))
        });
        let (acting, subject) = pairs.next().ok_or("nobody of the input acts for another")?;
        Self::of(running, trace, acting, subject)
    }

    fn of(
        running: &'a Running,
        trace: TraceId,
        acting: &'a Somebody,
        subject: &'a Somebody,
    ) -> Result<Self, String> {
        let served = |provider: &&Provider| provider.dva == Some(DvaId::Dva) && !provider.down;
        let provider = running.input.providers.iter().find(served);
        let redirect_uri = format!("{}/callback", running.hosts.url("pgo"));
        Ok(Self {
            dvp: dvp(running)?,
            provider: provider.ok_or("the first DVA serves nobody")?,
            person: Person::new(browser(running)?, trace).stopping_at(&redirect_uri),
            running,
            trace,
            acting,
            subject,
            redirect_uri,
            page: None,
            wachtend: None,
            code: None,
            tokens: None,
        })
    }

    /// A step of the journey for oneself.
    pub(super) async fn own_step(&mut self, number: u8) -> Went {
        match number {
            1 => self.read_list().await,
            2 => self.request(Voor::Mijzelf).await,
            3 => self.go_to_digid().await,
            4 => {
                self.log_in().await?;
                self.asked()
            }
            5 => self.agree().await,
            6 => self.redeem().await,
            7 => self.collect().await,
            8 => self.refresh().await,
            9 => self.withdraw().await,
            _ => self.refused().await,
        }
    }

    /// A step of the journey for somebody else.
    pub(super) async fn other_step(&mut self, number: u8) -> Went {
        match number {
            1 => self.request_for_other().await,
            2 => self.go_to_entrance().await,
            3 => self.log_in_for_other().await,
            4 => self.asked(),
            5 => self.agree().await,
            6 => self.redeem().await,
            _ => self.collect_theirs().await,
        }
    }

    async fn read_list(&self) -> Went {
        let base = self.running.hosts.url("stelselnode");
        let url = format!("{base}/MedMij_Zorgaanbiederslijst.xml?api=2");
        let answer = self.dvp.get(&url, Headers::none()).await;
        let answer = answer.map_err(|why| why.to_string())?;
        let read = Document::parse_as(Soort::Zal, &answer.body, FrontchannelPort::Allowed);
        let Ok(Document::Zal(zal)) = read else {
            return Err("the Zorgaanbiederslijst cannot be read".to_owned());
        };
        let entry = zal
            .entry(&self.provider.naam)
            .ok_or("the Aanbieder is not in the list")?;
        Ok(entry.naam.to_string())
    }

    async fn request_for_other(&mut self) -> Went {
        let born = self.subject.birth_date.strftime("%Y%m%d").to_string();
        let geboortedatum = GeboortedatumParameter::parse(&born);
        self.request(Voor::Ander {
            soort: Vertegenwoordiging::Machtiging,
            geboortedatum: geboortedatum.map_err(|_| "the date of birth is no day")?,
        })
        .await
    }

    async fn request(&mut self, voor: Voor) -> Went {
        let wens = Wens {
            naam: self.provider.naam.clone(),
            functie: Functie::Verzamelen,
            voor,
        };
        let wachtend = Wachtend::new(
            &chance::entropy(),
            self.trace.to_string(),
            wens,
            format!("{}/authorize", self.running.hosts.url("dva")),
            self.redirect_uri.clone(),
        );
        let url = wachtend.authorization_url(CLIENT, &number());
        self.wachtend = Some(wachtend);
        let page = self.person.open(&url).await?;
        if !page.html.contains(&self.provider.weergavenaam) {
            return Err(format!("the person saw {}", page.in_short()));
        }
        self.page = Some(page);
        Ok("the landing page names the Aanbieder".to_owned())
    }

    async fn go_to_digid(&mut self) -> Went {
        let page = self.send("/inloggen", |form| form).await?;
        if !page
            .url
            .as_str()
            .starts_with(&self.running.hosts.url("digid"))
        {
            return Err(format!("the person saw {}", page.in_short()));
        }
        page.form("/inloggen")?;
        self.page = Some(page);
        Ok("by signed redirect".to_owned())
    }

    /// At the entrance of DigiD 4.x, by a form.
    async fn go_to_entrance(&mut self) -> Went {
        let page = self.send("/inloggen", |form| form).await?;
        self.page = Some(page);
        let digid = self.running.hosts.url("digid");
        let entrance = format!("{digid}/saml/v4/entrance/request_authentication");
        let page = self.send(&entrance, |form| form).await?;
        page.form("/inloggen")?;
        self.page = Some(page);
        Ok("DigiD 4.x, with the BVD in the request".to_owned())
    }

    async fn log_in(&mut self) -> Went {
        let bsn = self.acting.bsn.reveal().to_owned();
        let page = self.send("/inloggen", |form| {
            form.with("bsn", &bsn).with("keuze", "inloggen")
        });
        self.page = Some(page.await?);
        Ok("logged in".to_owned())
    }

    async fn log_in_for_other(&mut self) -> Went {
        self.log_in().await?;
        let whom = self.subject.bsn.reveal().to_owned();
        let choose = |form: Form| form.with("bsn", &whom).with("keuze", "vertegenwoordigen");
        let page = self.send("/vertegenwoordigen", choose).await?;
        if !page
            .url
            .as_str()
            .starts_with(&self.running.hosts.url("dva"))
        {
            return Err(format!("the person saw {}", page.in_short()));
        }
        self.page = Some(page);
        Ok("for somebody else".to_owned())
    }

    /// Whether the person is asked for consent.
    fn asked(&self) -> Went {
        let page = self.page.as_ref().ok_or("there is no page")?;
        if page.html.contains("name=\"langdurig\"") {
            return Ok("Toestemming geven".to_owned());
        }
        Err(format!(
            "the person saw {}: {}",
            page.in_short(),
            page.heading()
        ))
    }

    async fn agree(&mut self) -> Went {
        let yes = |form: Form| form.with("keuze", "ja").with("langdurig", "ja");
        let page = self.send("/verklaring", yes).await?;
        let answer = Parameters::parse(page.url.query().unwrap_or_default().as_bytes());
        let answer = answer.map_err(|_| "the client got an unreadable answer")?;
        // core.tknint.202
        let code = self.asked_for()?.code(&answer);
        let code = code.map_err(|why| format!("{why:?}: the person saw {}", page.in_short()))?;
        self.code = Some(code);
        Ok("code, and the client's own state".to_owned())
    }

    async fn redeem(&mut self) -> Went {
        // core.tknint.203: it is taken, and there is none any more.
        let code = self.code.take().ok_or("the client got no code")?;
        let form = code.form(self.asked_for()?, CLIENT);
        let answer = self.token(&form).await?;
        self.took(&answer)
    }

    fn asked_for(&self) -> Result<&Wachtend, String> {
        let wachtend = self.wachtend.as_ref();
        wachtend.ok_or_else(|| "the client asked for nothing".to_owned())
    }

    async fn refresh(&mut self) -> Went {
        let answer = self.refreshed().await?;
        let before = self.refresh_token().cloned();
        let went = self.took(&answer)?;
        if self.refresh_token() == before.as_ref() {
            return Err("the refresh token was not rotated".to_owned());
        }
        Ok(went)
    }

    async fn refreshed(&self) -> Result<Answer, String> {
        let token = self
            .refresh_token()
            .ok_or("the client got no refresh token")?;
        self.token(&refresh_form(token, &self.redirect_uri, CLIENT))
            .await
    }

    fn refresh_token(&self) -> Option<&Token> {
        self.tokens.as_ref()?.refresh_token.as_ref()
    }

    fn took(&mut self, answer: &Answer) -> Went {
        good(answer)?;
        let tokens = Tokens::read(&answer.body, &Functie::Verzamelen);
        let tokens = tokens.map_err(|why| why.0)?;
        let diensten = tokens.diensten.iter().map(ToString::to_string);
        let scope = diensten.collect::<Vec<_>>().join(" ");
        self.tokens = Some(tokens);
        Ok(format!("scope {scope}, 900 s"))
    }

    async fn token(&self, form: &TokenForm) -> Result<Answer, String> {
        let url = format!("{}/token", self.running.hosts.url("dva-back"));
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = self.dvp.post_form(&url, &form, self.headers()).await;
        answer.map_err(|why| why.to_string())
    }

    /// The first gegevensdienst of the provider that has something.
    async fn collect(&self) -> Went {
        let diensten = self.running.input.gegevensdiensten_of(self.provider);
        for (id, dienst) in &diensten {
            for zoekvraag in &dienst.zoekvragen {
                let found = self.resource(id.as_str(), &zoekvraag.resource_type).await;
                if let Some(entries) = found?["entry"].as_array().filter(|all| !all.is_empty()) {
                    return Ok(format!("{} of gegevensdienst {id}", entries.len()));
                }
            }
        }
        Err("there is nothing in any gegevensdienst".to_owned())
    }

    /// That the data are of the represented person shows by the date of birth.
    async fn collect_theirs(&self) -> Went {
        let diensten = self.running.input.gegevensdiensten_of(self.provider);
        let found = diensten
            .iter()
            .find(|(_, dienst)| dienst.contains("Patient"));
        let (id, _) = found.ok_or("no gegevensdienst has the Patient")?;
        let bundle = self.resource(id.as_str(), "Patient").await?;
        let born = &bundle["entry"][0]["resource"]["birthDate"];
        if *born == self.subject.birth_date.to_string() {
            return Ok(format!("Patient of gegevensdienst {id}"));
        }
        Err("the data are not of the represented person".to_owned())
    }

    async fn resource(&self, dienst: &str, kind: &str) -> Result<Value, String> {
        let back = self.running.hosts.url("dva-back");
        let endpoint = format!("{back}/resource/{}/{dienst}/fhir", self.provider.ura);
        // medmij case 71
        let url = resource_url(&endpoint, kind).map_err(|_| "the URL names a person")?;
        let tokens = self.tokens.as_ref().ok_or("the client got no token")?;
        let headers = self.headers().bearer(tokens.access_token.reveal());
        let answer = self
            .dvp
            .get(&url, headers)
            .await
            .map_err(|why| why.to_string())?;
        // core.tknint.201: what the scope does not name is not had.
        if answer.status == 403 {
            return Ok(Value::Null);
        }
        good(&answer)
    }

    async fn withdraw(&mut self) -> Went {
        let dva = self.running.hosts.url("dva");
        self.page = Some(self.person.open(&format!("{dva}/toestemmingen")).await?);
        self.go_to_digid().await?;
        self.log_in().await?;
        let overview = self.page.as_ref().ok_or("there is no page")?;
        let link = "href=\"/toestemmingen/beeindigen?";
        let (_, after) = overview
            .html
            .split_once(link)
            .ok_or("the consent is not there")?;
        let query = after.split('"').next().unwrap_or_default();
        let url = format!("{dva}/toestemmingen/beeindigen?{query}");
        self.page = Some(self.person.open(&url).await?);
        let page = self.send("/toestemmingen/beeindigen", |form| form).await?;
        if page.html.contains(link) {
            return Err("the consent is still there".to_owned());
        }
        Ok("Beëindigingsverklaring".to_owned())
    }

    async fn refused(&self) -> Went {
        let answer = self.refreshed().await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if answer.status == 400 && body["error"] == "invalid_grant" {
            return Ok("invalid_grant".to_owned());
        }
        Err(format!("the answer was {}", answer.status.as_u16()))
    }

    /// Sends the form of the page that leads to this path, filled in.
    async fn send(&mut self, path: &str, fill: impl Fn(Form) -> Form) -> Result<Shown, String> {
        let page = self.page.take().ok_or("there is no page")?;
        self.person.send(fill(page.form(path)?)).await
    }

    /// core.tknint.208, core.rscint.201.
    fn headers(&self) -> Headers {
        Headers::none()
            .correlation_id(self.trace)
            .medmij_request_id(&number())
    }
}

/// The DVP's client, with the certificate of the demo's PGO.
fn dvp(running: &Running) -> Result<Outside, String> {
    let host = hostname(CLIENT_HOST)?;
    let directory = running.state.join("pgo");
    let made = running
        .authority
        .client(&directory, &host, running.clock.wall());
    let identity = made.map_err(|fault| fault.to_string())?;
    let config = OutsideConfig::new(running.trust(), Some(identity));
    Outside::new(config).map_err(|bad| bad.to_string())
}

/// The number of one request.
fn number() -> String {
    chance::entropy().uuid("medmij_request_id")
}

/// The JSON of a good answer.
fn good(answer: &Answer) -> Result<Value, String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status == 200 {
        return Ok(body);
    }
    Err(format!(
        "the answer was {} {}",
        answer.status.as_u16(),
        body["error"]
    ))
}
