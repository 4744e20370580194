//! The pages of the demo's observer: which journeys there were, and the 30 steps of one.

/// Every journey that was seen, and where the parties live.
#[derive(Clone, Debug)]
pub struct Netwerk {
    /// The journeys, newest first if the caller so wishes.
    pub reizen: Vec<ReisVermelding>,
    /// The parties.
    pub hosts: Vec<Host>,
    /// Whether the network can be disturbed: then a link leads to `/bediening`.
    pub bediening: bool,
}

/// A journey in the list. It leads to `/reizen/<trace>`.
#[derive(Clone, Debug)]
pub struct ReisVermelding {
    /// Its number: a UUID, which is put into the path as it is.
    pub trace: String,
    /// When it began: any text.
    pub begonnen: String,
    /// How many of the 30 steps succeeded.
    pub stappen_gelukt: u8,
    /// How it stands.
    pub uitkomst: ReisUitkomst,
}

/// How a journey stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReisUitkomst {
    /// All steps succeeded.
    Gelukt,
    /// A step was refused.
    Geweigerd,
    /// Not over, as far as was seen.
    Onderweg,
}

/// Where a party lives.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its role: `pgo`, `mitz-back`.
    pub rol: String,
    /// Its base URL.
    pub url: String,
}

page!(Netwerk, |_| "netwerk", "netwerk.html");

/// One journey, step by step. A link leads to `/reizen/<trace>.json`.
#[derive(Clone, Debug)]
pub struct Reis {
    /// Its number: a UUID, which is put into the path as it is.
    pub trace: String,
    /// The 30 steps in order, also those not seen.
    pub stappen: Vec<Stap>,
}

/// A step of seed 000.
#[derive(Clone, Debug)]
pub struct Stap {
    /// 1 to 30. The page adds a sentence in plain words in the reader's language.
    pub nummer: u8,
    /// Who sends.
    pub van: String,
    /// Who receives; the same as `van` when the step is work and no message.
    pub naar: String,
    /// What is sent, in the (English) words of the wire.
    pub bericht: String,
    /// What was seen of it; nothing when it has not happened.
    pub gezien: Vec<Gezien>,
}

/// An event of the party that received a message.
#[derive(Clone, Debug)]
pub struct Gezien {
    /// Who reported it.
    pub door: String,
    /// Who was at the other end of the line.
    pub peer: String,
    /// How it ended.
    pub uitkomst: StapUitkomst,
    /// For which provider, where there may be several.
    pub aanbieder: Option<String>,
    /// When: any text.
    pub tijd: String,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StapUitkomst {
    /// As asked.
    Gelukt,
    /// Refused.
    Geweigerd,
}

page!(Reis, |_| "reis", "reis.html");

/// The 30 steps by part of the chain: the first step of each, and the key of its name.
const DELEN: [(u8, &str); 5] = [
    (1, "deel-toestemming"),
    (8, "deel-locaties"),
    (20, "deel-adres"),
    (23, "deel-toegang"),
    (29, "deel-gegevens"),
];

/// Some steps that belong together.
struct Deel<'a> {
    naam: &'static str,
    stappen: Vec<&'a Stap>,
}

impl Netwerk {
    fn voorbeelden() -> Vec<Self> {
        let reis = |trace: &str, stappen_gelukt, uitkomst| ReisVermelding {
            trace: trace.to_owned(),
            begonnen: String::from("2026-11-22 10:46:03"),
            stappen_gelukt,
            uitkomst,
        };
        let host = |rol: &str, url: &str| Host {
            rol: rol.to_owned(),
            url: url.to_owned(),
        };
        let full = Self {
            reizen: vec![
                reis(TRACES[0], 30, ReisUitkomst::Gelukt),
                reis(TRACES[1], 23, ReisUitkomst::Geweigerd),
                reis(TRACES[2], 4, ReisUitkomst::Onderweg),
            ],
            hosts: vec![
                host("pgo", "https://pgo.localhost:8443"),
                host("mitz", "https://mitz.localhost:8443"),
                host("toestemmingen", "https://toestemmingen.localhost:8443"),
                host("digid", "https://digid.localhost:8443"),
            ],
            bediening: true,
        };
        let empty = Self {
            reizen: Vec::new(),
            hosts: Vec::new(),
            bediening: false,
        };
        vec![full, empty]
    }
}

impl ReisUitkomst {
    const fn key(self) -> &'static str {
        match self {
            Self::Gelukt => "stand-gelukt",
            Self::Geweigerd => "stand-geweigerd",
            Self::Onderweg => "stand-onderweg",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Gelukt => "goed",
            Self::Geweigerd => "fout",
            Self::Onderweg => "stil",
        }
    }
}

impl StapUitkomst {
    const fn key(self) -> &'static str {
        match self {
            Self::Gelukt => "stand-gelukt",
            Self::Geweigerd => "stand-geweigerd",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Gelukt => "goed",
            Self::Geweigerd => "fout",
        }
    }
}

impl Stap {
    /// The key of its sentence; nothing for a number that is no step of seed 000.
    fn zin(&self) -> Option<String> {
        (1..=30)
            .contains(&self.nummer)
            .then(|| format!("stap-{}", self.nummer))
    }
}

impl Deel<'_> {
    /// The number at which its list begins.
    fn start(&self) -> u8 {
        self.stappen.first().map_or(1, |stap| stap.nummer)
    }
}

impl Reis {
    /// How many steps were seen, whatever came of them.
    fn gezien(&self) -> usize {
        self.stappen
            .iter()
            .filter(|stap| !stap.gezien.is_empty())
            .count()
    }

    /// The steps by part of the chain; a part without steps is left out.
    fn delen(&self) -> Vec<Deel<'_>> {
        let ends = DELEN.iter().skip(1).map(|(first, _)| *first);
        let parts = DELEN.iter().zip(ends.chain([u8::MAX]));
        let deel = |((first, naam), end): (&(u8, &'static str), u8)| {
            let belongs = |stap: &&Stap| (*first..end).contains(&stap.nummer);
            let stappen: Vec<&Stap> = self.stappen.iter().filter(belongs).collect();
            (!stappen.is_empty()).then_some(Deel { naam, stappen })
        };
        parts.filter_map(deel).collect()
    }

    fn voorbeelden() -> Vec<Self> {
        let stap = |nummer: u8, gezien| Stap {
            nummer,
            van: String::from("DVP client"),
            naar: String::from("Mitz AS"),
            bericht: String::from("token request"),
            gezien,
        };
        let some = |nummer: u8| match nummer {
            ..=22 => stap(nummer, vec![gezien(StapUitkomst::Gelukt, None)]),
            23..=25 => stap(
                nummer,
                vec![
                    gezien(StapUitkomst::Gelukt, Some("Ziekenhuis De Plas")),
                    gezien(StapUitkomst::Geweigerd, Some("Kliniek De Dijk & <Zonen>")),
                ],
            ),
            26.. => stap(nummer, Vec::new()),
        };
        vec![Self {
            trace: TRACES[1].to_owned(),
            stappen: (1..=30).map(some).collect(),
        }]
    }
}

const TRACES: [&str; 3] = [
    "6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c01",
    "6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c02",
    "6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c03",
];

fn gezien(uitkomst: StapUitkomst, aanbieder: Option<&str>) -> Gezien {
    Gezien {
        door: String::from("mitz-back"),
        peer: String::from("pgo.localhost"),
        uitkomst,
        aanbieder: aanbieder.map(str::to_owned),
        tijd: String::from("10:46:03"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_stands_in_one_part_and_in_order() {
        let reis = &Reis::voorbeelden()[0];
        let delen = reis.delen();
        let in_parts = delen.iter().flat_map(|deel| &deel.stappen);
        let numbers: Vec<u8> = in_parts.map(|stap| stap.nummer).collect();
        assert_eq!(numbers, (1..=30).collect::<Vec<u8>>());
        assert_eq!(delen.len(), DELEN.len());
    }
}
