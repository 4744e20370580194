//! Two clients, Mitz, a DVA with two providers, the record systems behind it, and a clock.

mod dva;
mod home;
mod leak;
mod mitz_back;
mod mitz_front;
mod network;
mod settle;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use identity::{Bsn, Ura};
use mitz::authorization_server::Mitz;
use mitz::catalogus::Categorie;
use mitz::dva::DvaServer;
use mitz::toestemming::{Besluit, Functie, Keuze, Waarvoor};
use protocol::client::PeerCertificate;
use protocol::handle::HandleKeys;
use serde_json::Value;
use verdict::{Entropy, Event, Moment, Outcome, PersonTag};

pub(crate) use dva::Asked;
pub(crate) use leak::tells;
pub(crate) use mitz_back::{
    Tokens, claims, id_token_of, id_token_of_a_stranger, id_token_with, uras,
};
pub(crate) use mitz_front::Dvp;
pub(crate) use network::SLEUTEL_PGO_KEY;

use home::Home;

/// 22 November 2026.
pub(crate) const START: Moment = Moment::from_unix(1_795_305_600);
/// One day in seconds.
pub(crate) const DAY_S: u32 = 86_400;

/// The issuer of Mitz.
pub(crate) const MITZ: &str = "https://mitz.localhost:8443";
/// The issuer of the DVA in this world; it answers for [`WEST`] and [`OOST`].
pub(crate) const DVA: &str = "https://dva.localhost:8443";
/// The host in its client certificate.
pub(crate) const DVA_HOST: &str = "dva-back.localhost";
/// The issuer of another DVA, which answers for [`APOTHEEK`].
pub(crate) const DVA2: &str = "https://dva2.localhost:8443";
/// The host in its client certificate.
pub(crate) const DVA2_HOST: &str = "dva2-back.localhost";

/// A client.
pub(crate) const PGO: &str = "pgo.localhost";
/// Another client.
pub(crate) const ANDERE_PGO: &str = "anderpgo.localhost";
/// A client that proves itself by assertions.
pub(crate) const SLEUTEL_PGO: &str = "sleutelpgo.localhost";

/// A person.
pub(crate) const JANSEN: &str = "900186021";
/// Another person.
pub(crate) const BAKKER: &str = "900029365";

/// A hospital, served by [`DVA`].
pub(crate) const WEST: &str = "00000659";
/// Its name on the MedMij network.
pub(crate) const WEST_NAAM: &str = "ziekenhuiswest@medmij";
/// Another hospital, served by [`DVA`].
pub(crate) const OOST: &str = "00000666";
/// Its name on the MedMij network.
pub(crate) const OOST_NAAM: &str = "ziekenhuisoost@medmij";
/// A pharmacy, served by [`DVA2`].
pub(crate) const APOTHEEK: &str = "00000673";

/// Every party, and what is between them.
pub(crate) struct World {
    pub(crate) mitz: Arc<Mitz>,
    pub(crate) dva: DvaServer,
    pub(crate) at_mitz: Home,
    pub(crate) at_dva: Home,
    /// What the parties outside know, and whether they answer.
    pub(crate) outside: RefCell<Outside>,
    handles: HandleKeys,
    keys: network::Keys,
    now: Cell<Moment>,
    runs: Cell<u64>,
    meanwhile: RefCell<Option<Meanwhile>>,
    sent_to_dvp: RefCell<Vec<String>>,
}

/// Something that happens between a run's last read and its commit.
type Meanwhile = Box<dyn FnOnce(&World)>;

/// The parties of which only the answers count.
#[derive(Default)]
pub(crate) struct Outside {
    /// Which providers know a person, at the Lokalisatie server.
    pub(crate) bekend: BTreeMap<&'static str, Vec<&'static str>>,
    /// What a provider's record system holds about a person.
    pub(crate) dossiers: BTreeMap<(&'static str, &'static str), Dossier>,
    /// Who does not answer: `"register"`, `"lokalisatie"`, `"mitz"`, `"xis"`.
    pub(crate) down: BTreeSet<&'static str>,
    /// What every search of a record system brings beside what was asked for.
    pub(crate) beyond: Vec<Value>,
    /// Who was asked something, in order.
    asked: Vec<&'static str>,
}

/// A person in a record system.
#[derive(Clone, Default)]
pub(crate) struct Dossier {
    /// FHIR date.
    pub(crate) geboortedatum: Option<&'static str>,
    pub(crate) overleden: bool,
    /// Resources beside the Patient.
    pub(crate) resources: Vec<Value>,
}

impl World {
    /// The world as most tests want it: both persons are known at every provider, and both
    /// hospitals hold something of either gegevensdienst.
    pub(crate) fn new() -> Self {
        Self::with(|_, _| {})
    }

    /// The same, with another configuration.
    pub(crate) fn with(change: impl FnOnce(&mut Mitz, &mut DvaServer)) -> Self {
        let (mut mitz, mut dva) = (network::mitz(), network::dva());
        change(&mut mitz, &mut dva);
        Self {
            mitz: Arc::new(mitz),
            dva,
            at_mitz: Home::default(),
            at_dva: Home::default(),
            outside: RefCell::new(network::outside()),
            handles: HandleKeys::new(&[(1, [1; 32])]).expect("one key"),
            keys: network::Keys::new(),
            now: Cell::new(START),
            runs: Cell::new(0),
            meanwhile: RefCell::new(None),
            sent_to_dvp: RefCell::new(Vec::new()),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.now.get()
    }

    pub(crate) fn later_s(&self, seconds: u32) {
        self.now.set(self.now().plus_s(seconds));
    }

    /// Fresh entropy for one run.
    pub(crate) fn entropy(&self) -> Entropy {
        self.runs.set(self.runs.get() + 1);
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&self.runs.get().to_be_bytes());
        Entropy::new(bytes)
    }

    /// Lets this happen between the last read and the commit of the next run.
    pub(crate) fn meanwhile(&self, happens: impl FnOnce(&World) + 'static) {
        *self.meanwhile.borrow_mut() = Some(Box::new(happens));
    }

    /// The kinds of the rows that Mitz holds now.
    pub(crate) fn kinds_at_mitz(&self) -> Vec<&'static str> {
        self.at_mitz.kinds(self.now())
    }

    /// The kinds of the rows that the DVA holds now.
    pub(crate) fn kinds_at_dva(&self) -> Vec<&'static str> {
        self.at_dva.kinds(self.now())
    }

    /// Who was asked something since this was last asked.
    pub(crate) fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.outside.borrow_mut().asked)
    }

    /// Notes that `whom` is asked; whether an answer comes.
    fn ask(&self, whom: &'static str) -> bool {
        let mut outside = self.outside.borrow_mut();
        outside.asked.push(whom);
        !outside.down.contains(whom)
    }

    /// Somebody stops to answer.
    pub(crate) fn break_down(&self, whom: &'static str) {
        self.outside.borrow_mut().down.insert(whom);
    }

    /// Notes something that went to a DVP, as text and as a log would print it.
    fn sent(&self, text: impl Into<String>) {
        self.sent_to_dvp.borrow_mut().push(text.into());
    }

    /// Everything that ever went to a DVP.
    pub(crate) fn everything_sent_to_dvps(&self) -> Vec<String> {
        self.sent_to_dvp.borrow().clone()
    }
}

pub(crate) fn bsn(text: &str) -> Bsn {
    Bsn::parse(text).expect("passes the 11-check")
}

pub(crate) fn ura(text: &str) -> Ura {
    Ura::parse(text).expect("eight digits")
}

/// The tag of a person, as the shell would make it with its key.
pub(crate) fn persoon(bsn: &Bsn) -> PersonTag {
    PersonTag {
        key_id: 1,
        tag: jose::sha256(format!("look-up key {}", bsn.reveal()).as_bytes()),
    }
}

/// The certificate of this host.
pub(crate) fn certificate(host: &str) -> PeerCertificate {
    PeerCertificate {
        san_dns: vec![host.to_owned()],
        x5t_s256: jose::sha256(host.as_bytes()),
    }
}

/// Consent for one provider, to collect.
pub(crate) fn ja(aanbieder: &str) -> Keuze {
    keuze(Waarvoor::Aanbieder(ura(aanbieder)), Besluit::Toestemming)
}

/// An objection to one provider, to collect.
pub(crate) fn nee(aanbieder: &str) -> Keuze {
    keuze(Waarvoor::Aanbieder(ura(aanbieder)), Besluit::Bezwaar)
}

/// Consent for a category, to collect.
pub(crate) fn ja_categorie(naam: &str) -> Keuze {
    keuze(
        Waarvoor::Categorie(Categorie(naam.to_owned())),
        Besluit::Toestemming,
    )
}

fn keuze(waarvoor: Waarvoor, besluit: Besluit) -> Keuze {
    Keuze {
        waarvoor,
        functie: Functie::Verzamelen,
        besluit,
    }
}

/// The same choice, to share.
pub(crate) fn om_te_delen(keuze: Keuze) -> Keuze {
    Keuze {
        functie: Functie::Delen,
        ..keuze
    }
}

/// An audit event that grants.
pub(crate) const fn granted(requirement: &'static str) -> (&'static str, Outcome) {
    (requirement, Outcome::Granted)
}

/// An audit event that refuses.
pub(crate) const fn refused(requirement: &'static str) -> (&'static str, Outcome) {
    (requirement, Outcome::Refused)
}

/// Whether the event is about this person.
pub(crate) fn is_about(event: &Event, person: &str) -> bool {
    event.whose == Some(persoon(&bsn(person)))
}
