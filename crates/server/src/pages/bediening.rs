//! The page of the demo's control: the network's clock, and the trouble of each party.

/// Buttons that disturb the network, and one that puts it right.
///
/// Forms: POST `/bediening` with `formulier` and `doe`: `klok` with `seconden`; `partij` with `partij`, `storing`
/// (`geen`, `traag`, `weg`, `bezet`, `weigert`, `verloren`, or a way to be wrong) and `wachten` (seconds, for `traag`); `herstellen`.
#[derive(Clone, Debug)]
pub struct Bediening {
    /// The moment by the network's clock: any text.
    pub nu: String,
    /// Whether the clock was moved.
    pub verschoven: bool,
    /// The parties of this process.
    pub partijen: Vec<BedieningPartij>,
    /// The token of every form.
    pub formulier: String,
}

/// A party, and what is the matter with it.
#[derive(Clone, Debug)]
pub struct BedieningPartij {
    /// Its name.
    pub naam: String,
    /// What is the matter.
    pub storing: Storing,
}

/// What is the matter with a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storing {
    /// Nothing.
    Geen,
    /// It waits so many seconds before it answers.
    Traag(u32),
    /// It does not answer.
    Weg,
    /// It says that it is busy.
    Bezet,
    /// It refuses everything.
    Weigert,
    /// Its answers do not arrive.
    Verloren,
    /// It answers wrongly, in the way of this name.
    Fout(&'static str),
}

page!(Bediening, |_| "bediening", "bediening.html");

/// The seconds that a party waits unless somebody says otherwise.
const WACHTEN_S: u32 = 3;

/// The values of the list of troubles, with the key of each one's text.
const STORINGEN: [(&str, &str); 14] = [
    ("geen", "storing-geen"),
    ("traag", "storing-traag"),
    ("weg", "storing-weg"),
    ("bezet", "storing-bezet"),
    ("weigert", "storing-weigert"),
    ("verloren", "storing-verloren"),
    ("bad_signature", "storing-handtekening"),
    ("wrong_issuer", "storing-naam"),
    ("expired", "storing-verlopen"),
    ("truncated", "storing-afgekapt"),
    ("other_subject", "storing-ander"),
    ("lower_level", "storing-niveau"),
    ("not_applicable", "storing-geen-machtiging"),
    ("indeterminate", "storing-onbeslist"),
];

/// How far the buttons move the clock, in seconds, with the key of each one's text.
const STAPPEN: [(i64, &str); 4] = [
    (900, "klok-kwartier"),
    (86_400, "klok-dag"),
    (30 * 86_400, "klok-maand"),
    (184 * 86_400, "klok-halfjaar"),
];

impl Bediening {
    /// What the buttons move the clock by.
    const fn stappen(&self) -> [(i64, &'static str); 4] {
        let _ = self;
        STAPPEN
    }

    fn voorbeelden() -> Vec<Self> {
        let partij = |naam: &str, storing| BedieningPartij {
            naam: naam.to_owned(),
            storing,
        };
        let disturbed = Self {
            nu: String::from("2027-05-25 10:46:03"),
            verschoven: true,
            partijen: vec![
                partij("pgo", Storing::Geen),
                partij("mitz", Storing::Traag(5)),
                partij("digid", Storing::Weg),
                partij("dva", Storing::Fout("bad_signature")),
            ],
            formulier: String::from("f-123"),
        };
        let well = Self {
            nu: String::from("2026-11-22 10:46:03"),
            verschoven: false,
            partijen: vec![partij("pgo", Storing::Geen)],
            formulier: String::from("f-123"),
        };
        vec![disturbed, well]
    }
}

impl BedieningPartij {
    /// Each trouble: its value, the key of its text, whether it is the present one.
    fn storingen(&self) -> [(&'static str, &'static str, bool); 14] {
        let now = self.storing.value();
        STORINGEN.map(|(value, key)| (value, key, value == now))
    }

    const fn wachten(&self) -> u32 {
        match self.storing {
            Storing::Traag(seconds) => seconds,
            _ => WACHTEN_S,
        }
    }

    pub(super) fn key(&self) -> &'static str {
        let now = self.storing.value();
        let mut known = STORINGEN.iter();
        known
            .find(|(value, _)| *value == now)
            .map_or("storing-geen", |(_, key)| key)
    }

    pub(super) fn class(&self) -> &'static str {
        if self.storing == Storing::Geen {
            "goed"
        } else {
            "fout"
        }
    }
}

impl Storing {
    const fn value(self) -> &'static str {
        match self {
            Self::Geen => "geen",
            Self::Traag(_) => "traag",
            Self::Weg => "weg",
            Self::Bezet => "bezet",
            Self::Weigert => "weigert",
            Self::Verloren => "verloren",
            Self::Fout(how) => how,
        }
    }
}
