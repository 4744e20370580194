//! A client, a browser and a person at Mitz: steps 2–7, and what a person withdraws later.

use identity::Loa;
use mitz::authorization_server::aanmelding::{self, Aanmelding, Terugkeer, Uitkomst};
use mitz::authorization_server::aanvraag::{AANVRAAG_S, Aanvraag, Doel, Verzoek};
use mitz::authorization_server::code::{self, Terug};
use mitz::authorization_server::token::CODE;
use mitz::dvp::Wachtend;
use mitz::toestemming::{Functie, Keuze};
use mitz::toestemmingenregister::intrekken::{Intrekken, Omvang};
use mitz::toestemmingenregister::vastleggen::{self, Beslissing, Openen, Vastgelegd, Vastleggen};
use mitz::toestemmingenregister::{Koppeling, Toestemmingen};
use protocol::authorize::AuthorizeRefusal;
use protocol::handle::Handle;
use protocol::wire::Parameters;
use verdict::{Record as _, Step};

use super::{MITZ, World, bsn, persoon};

/// A client, with what it keeps of one authorization request.
pub(crate) struct Dvp {
    pub(crate) id: &'static str,
    pub(crate) wachtend: Wachtend,
}

impl Dvp {
    pub(crate) fn redirect_uri(&self) -> String {
        format!("https://{}/callback", self.id)
    }

    /// The query of its authorization request.
    pub(crate) fn query(&self, functie: Functie) -> String {
        let endpoint = format!("{MITZ}/authorize");
        let url =
            self.wachtend
                .authorization_url(&endpoint, self.id, &self.redirect_uri(), functie);
        url.split_once('?').expect("a query").1.to_owned()
    }

    /// What the client makes of the URL to which the browser was sent.
    pub(crate) fn receives(&self, url: &str) -> Result<String, protocol::callback::Callback> {
        let (target, query) = url.split_once('?').expect("a query");
        assert_eq!(target, self.redirect_uri());
        let parameters = Parameters::parse(query.as_bytes()).expect("well formed");
        self.wachtend.code(&parameters, MITZ)
    }
}

impl World {
    /// A client at the start of a run.
    pub(crate) fn dvp(&self, id: &'static str) -> Dvp {
        let trace = self.entropy().uuid("trace");
        Dvp {
            id,
            wachtend: Wachtend::new(&self.entropy(), trace),
        }
    }

    /// Step 2: what the browser's cookie holds when it goes to DigiD.
    pub(crate) fn authorize(&self, query: &str) -> Result<Aanvraag, AuthorizeRefusal> {
        let parameters = Parameters::parse(query.as_bytes()).expect("well formed");
        let verzoek = Verzoek::read(&parameters, &self.mitz)?;
        Ok(self.to_digid(Doel::Koppelen(verzoek)))
    }

    /// Step 3: a new AuthnRequest for this.
    pub(crate) fn to_digid(&self, doel: Doel) -> Aanvraag {
        let aanvraag = Aanvraag {
            doel,
            authn_request: format!("_{}", self.entropy().uuid("saml.authn_request")),
            requested_at: self.now().unix(),
            trace: self.entropy().uuid("trace"),
            until: self.now().plus_s(AANVRAAG_S).unix(),
        };
        // The cookie is versioned data: what comes back is what was written.
        let cookie = serde_json::to_string(&aanvraag).expect("written");
        serde_json::from_str(&cookie).expect("read")
    }

    /// Step 4: the browser comes back with an artifact that stands for this.
    pub(crate) fn back_from_digid(
        &self,
        aanvraag: &Aanvraag,
        uitkomst: &Uitkomst,
    ) -> aanmelding::Vervolg {
        let (now, entropy) = (self.now(), self.entropy());
        self.settle(
            &self.at_mitz,
            || Terugkeer::new(aanvraag.clone(), now, &entropy).begin(),
            |question| match question {
                aanmelding::Vraag::AlBeantwoord(q) => {
                    let seen = self.at_mitz.exists(&q.key(), now);
                    q.answer(seen)
                }
                aanmelding::Vraag::Artefact(q) => {
                    assert_eq!(q.authn_request(), aanvraag.authn_request);
                    self.ask("digid");
                    q.answer(uitkomst.clone())
                }
                aanmelding::Vraag::Persoon(q) => {
                    let tag = persoon(q.bsn());
                    q.answer(tag)
                }
            },
            |_| None,
        )
    }

    /// What DigiD says when this person logged in.
    pub(crate) fn logged_in(&self, person: &str) -> Uitkomst {
        Uitkomst::Ingelogd {
            bsn: bsn(person),
            level: Loa::Substantieel,
            auth_time: self.now().unix(),
        }
    }

    /// Steps 2–4: the aanmelding of this person.
    pub(crate) fn log_in(&self, dvp: &Dvp, functie: Functie, person: &str) -> [u8; 16] {
        let aanvraag = self
            .authorize(&dvp.query(functie))
            .expect("keeps to the rules");
        self.log_in_for(&aanvraag, person)
    }

    /// Step 4 for this aanvraag.
    pub(crate) fn log_in_for(&self, aanvraag: &Aanvraag, person: &str) -> [u8; 16] {
        match self.back_from_digid(aanvraag, &self.logged_in(person)) {
            aanmelding::Vervolg::Toestemming { id } => id,
            other => unreachable!("{other:?}"),
        }
    }

    /// Step 5: the browser opens the register with its ticket.
    pub(crate) fn open_register(&self, id: [u8; 16]) -> bool {
        let now = self.now();
        self.settle(
            &self.at_mitz,
            || Step::Ask(Openen { id, now }),
            |question: Openen| {
                let found = self.at_mitz.load::<Aanmelding>(&question.key(), now);
                question.answer(found)
            },
            |_| None,
        )
    }

    /// Step 5a: the person decides.
    pub(crate) fn decide(&self, id: [u8; 16], beslissing: &Beslissing) -> Vastgelegd {
        let (now, entropy) = (self.now(), self.entropy());
        self.settle(
            &self.at_mitz,
            || Vastleggen::new(id, beslissing.clone(), now, &entropy).begin(),
            |question| match question {
                vastleggen::Vraag::Aanmelding(q) => {
                    let found = self.at_mitz.load(&q.key(), now);
                    q.answer(found)
                }
                vastleggen::Vraag::Toestemmingen(q) => {
                    let found = self.at_mitz.load(&q.key(), now);
                    q.answer(found)
                }
            },
            |_| None,
        )
    }

    /// Steps 6 and 7: the browser is back at the authorization server.
    pub(crate) fn back_from_register(&self, id: [u8; 16]) -> code::Vervolg {
        let (now, entropy) = (self.now(), self.entropy());
        self.settle(
            &self.at_mitz,
            || Terug::new(id, now, &entropy).begin(),
            |question| match question {
                code::Vraag::Aanmelding(q) => {
                    let found = self.at_mitz.load(&q.key(), now);
                    q.answer(found)
                }
                code::Vraag::Pseudoniem(q) => {
                    let found = self.at_mitz.load(&q.key(), now);
                    q.answer(found)
                }
            },
            |key| (key.space() == Koppeling::SPACE).then(|| Step::reply(code::Vervolg::Onbekend)),
        )
    }

    /// Step 7: where the browser is sent.
    pub(crate) fn redirect(&self, vervolg: &code::Vervolg) -> String {
        let url = match vervolg {
            code::Vervolg::Code { verzoek, grant } => {
                let handle = Handle {
                    id: *grant,
                    generation: 0,
                };
                verzoek.granted(MITZ, &self.handles.make(CODE, handle))
            }
            code::Vervolg::Geweigerd { verzoek } => verzoek.refused(MITZ, "access_denied"),
            code::Vervolg::Onbekend => unreachable!("nothing was decided"),
        };
        self.sent(&url);
        url
    }

    /// Steps 2–6: the aanmelding of a person who consented.
    pub(crate) fn consent(
        &self,
        dvp: &Dvp,
        functie: Functie,
        person: &str,
        keuzes: Vec<Keuze>,
    ) -> [u8; 16] {
        let id = self.log_in(dvp, functie, person);
        assert!(self.open_register(id), "a fresh ticket");
        let decided = self.decide(id, &Beslissing::Geven(keuzes));
        assert_eq!(decided, Vastgelegd::Terug);
        id
    }

    /// Steps 2–7: the code, as the client receives it.
    pub(crate) fn code(&self, dvp: &Dvp, person: &str, keuzes: Vec<Keuze>) -> String {
        let functie = keuzes[0].functie;
        let id = self.consent(dvp, functie, person, keuzes);
        let url = self.redirect(&self.back_from_register(id));
        dvp.receives(&url).expect("a code")
    }

    /// A person withdraws.
    pub(crate) fn withdraw(&self, person: &str, client_id: &str, omvang: Omvang) {
        let intrekken = Intrekken {
            persoon: persoon(&bsn(person)),
            client_id: client_id.to_owned(),
            omvang,
            now: self.now(),
        };
        self.settle(
            &self.at_mitz,
            || Step::Ask(intrekken.clone()),
            |question: Intrekken| {
                let found = self.at_mitz.load(&question.key(), self.now());
                question.answer(found)
            },
            |_| None,
        );
    }

    /// What the register holds of a person for a client.
    pub(crate) fn consents_of(&self, person: &str, client_id: &str) -> Option<Toestemmingen> {
        let key = Toestemmingen::key(persoon(&bsn(person)), client_id);
        self.at_mitz.load(&key, self.now()).map(|found| found.value)
    }
}
