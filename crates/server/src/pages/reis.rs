//! A journey: its picture, its 30 steps with their messages, and its refusals.

use super::netwerk::TRACES;
use super::{Diagram, DiagramRij, DiagramStand, Uitwisseling};

/// One journey, step by step. Links lead to `/reizen/<trace>` with `.json`, `.har` and `.svg`.
#[derive(Clone, Debug)]
pub struct Reis {
    /// Its number: a UUID, which is put into the path as it is.
    pub trace: String,
    /// Changes whenever the page would.
    pub revisie: u64,
    /// The 30 steps in order, also those not seen.
    pub stappen: Vec<Stap>,
    /// Its picture; each arrow leads to its step.
    pub diagram: Diagram,
    /// The refusals, in the order in which they came.
    pub afwijzingen: Vec<Afwijzing>,
    /// Messages that carry none of the steps.
    pub overige: Vec<Uitwisseling>,
}

/// A refusal of a party.
#[derive(Clone, Debug)]
pub struct Afwijzing {
    /// Who refused.
    pub partij: String,
    /// The requirement that was not met: `mitz case 48`.
    pub eis: String,
    /// The page that tells what it asks, if there is one.
    pub href: Option<String>,
    /// The reason, in the words of the log.
    pub reden: String,
    /// Whom.
    pub wie: String,
    /// When: any text.
    pub tijd: String,
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
    /// The messages of which it is the first step.
    pub berichten: Vec<Uitwisseling>,
    /// Messages that carry it too and stand at an earlier step: number of each, and that step.
    pub elders: Vec<(usize, u8)>,
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
            berichten: Vec::new(),
            elders: Vec::new(),
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
        let mut full = Self {
            trace: TRACES[1].to_owned(),
            revisie: 7,
            stappen: (1..=30).map(some).collect(),
            diagram: diagram(),
            afwijzingen: vec![Afwijzing::voorbeeld()],
            overige: Uitwisseling::voorbeelden().split_off(1),
        };
        full.stappen[7].berichten = Uitwisseling::voorbeelden()[..1].to_vec();
        full.stappen[8].elders = vec![(1, 8)];
        let empty = Self {
            trace: TRACES[2].to_owned(),
            revisie: 0,
            stappen: (1..=30).map(|nummer| stap(nummer, Vec::new())).collect(),
            diagram: Diagram::draw(&["A"], &[]),
            afwijzingen: Vec::new(),
            overige: Vec::new(),
        };
        vec![full, empty]
    }
}

impl Afwijzing {
    pub(super) fn voorbeeld() -> Self {
        Self {
            partij: String::from("dva"),
            eis: String::from("RFC 7636 §4.6"),
            href: Some(String::from("/eisen/RFC%207636%20%C2%A74.6")),
            reden: String::from("another verifier <test>"),
            wie: String::from("pgo.localhost"),
            tijd: String::from("2026-11-22 10:46:03"),
        }
    }
}

/// Work, an answer that was refused, and a step that has not happened.
fn diagram() -> Diagram {
    let rij = |nummer, van, naar, aanbieder: Option<&str>, stand| DiagramRij {
        nummer,
        van,
        naar,
        bericht: "token request".to_owned(),
        aanbieder: aanbieder.map(str::to_owned),
        stand,
    };
    let rijen = [
        rij(8, 0, 1, None, DiagramStand::Gelukt),
        rij(9, 1, 1, None, DiagramStand::Gelukt),
        rij(
            23,
            1,
            0,
            Some("Kliniek De Dijk & <Zonen>"),
            DiagramStand::Geweigerd,
        ),
        rij(29, 0, 2, None, DiagramStand::NietGezien),
    ];
    Diagram::draw(&["DVP client", "Mitz Authorization server", "DVA"], &rijen)
}

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
