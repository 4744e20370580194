//! The chain of MedMij and Mitz as a picture: who is there, who speaks with whom, and what is the matter with whom.
//!
//! The drawing is 320 units wide and a page shows it at 288 pixels or more, so that its letters are
//! of the size of small print. What it shows, the page also says in a list.

use super::{BedieningPartij, Storing};

/// Width and height of a box.
const BREED: i32 = 92;
const HOOG: i32 = 44;

/// A party: its name, the key of what it is, and where its box has its middle.
type Plaats = (&'static str, &'static str, (i32, i32));

/// The parties; the observer is who looks at them.
#[rustfmt::skip] // a line each, as they stand in the drawing
const PLAATSEN: [Plaats; 9] = [
    ("digid", "partij-digid", (48, 26)),
    ("mitz", "partij-mitz", (160, 26)),
    ("lokalisatie", "partij-lokalisatie", (272, 26)),
    ("pgo", "partij-pgo", (160, 128)),
    ("dva", "partij-dva", (48, 206)),
    ("dva2", "partij-dva", (272, 206)),
    ("xis", "partij-xis", (48, 296)),
    ("stelselnode", "partij-stelselnode", (160, 296)),
    ("xis2", "partij-xis", (272, 296)),
];

/// Who speaks with whom; the last three fetch lists.
const LIJNEN: [(&str, &str); 12] = [
    ("mitz", "digid"),
    ("mitz", "lokalisatie"),
    ("pgo", "mitz"),
    ("pgo", "dva"),
    ("pgo", "dva2"),
    ("dva", "mitz"),
    ("dva2", "mitz"),
    ("dva", "xis"),
    ("dva2", "xis2"),
    ("pgo", "stelselnode"),
    ("dva", "stelselnode"),
    ("dva2", "stelselnode"),
];

/// The picture.
#[derive(Debug)]
pub(super) struct Plaat<'a> {
    /// The value of `d` of the lines.
    pub(super) lijnen: String,
    pub(super) vakken: Vec<Vak<'a>>,
}

/// A party as it is drawn and listed.
#[derive(Debug)]
pub(super) struct Vak<'a> {
    pub(super) naam: &'static str,
    /// The key of what it is.
    pub(super) wat: &'static str,
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) met: Vec<&'static str>,
    /// What is the matter, where anything can be.
    pub(super) stand: Option<&'a BedieningPartij>,
    /// Whether somebody else's server plays it.
    pub(super) van_anderen: bool,
}

impl<'a> Plaat<'a> {
    /// The picture, with what is the matter with these parties, and with those that others play.
    pub(super) fn draw(standen: &'a [BedieningPartij], anderen: &[String]) -> Self {
        let line = |(a, b): &(&str, &str)| Some((middle(a)?, middle(b)?));
        let path = |((x, y), (to_x, to_y))| format!("M{x} {y}L{to_x} {to_y}");
        let vak = |(naam, wat, (x, y)): &Plaats| Vak {
            naam,
            wat,
            x: x - BREED / 2,
            y: y - HOOG / 2,
            met: neighbours(naam),
            stand: standen.iter().find(|stand| stand.naam == *naam),
            van_anderen: anderen.iter().any(|ander| ander == naam),
        };
        Self {
            lijnen: LIJNEN.iter().filter_map(line).map(path).collect(),
            vakken: PLAATSEN.iter().map(vak).collect(),
        }
    }
}

impl Vak<'_> {
    /// The class of its box: a party in trouble has another border too.
    pub(super) fn class(&self) -> &'static str {
        match self.stand.map(|stand| stand.storing) {
            _ if self.van_anderen => "vak ander",
            None | Some(Storing::Geen) => "vak",
            Some(Storing::Traag(_)) => "vak traag",
            Some(Storing::Weg) => "vak weg",
            Some(Storing::Bezet | Storing::Weigert | Storing::Verloren | Storing::Fout(_)) => {
                "vak kapot"
            }
        }
    }

    /// The key of the word in its box, when something is the matter or somebody else plays it.
    pub(super) fn kort(&self) -> Option<&'static str> {
        if self.van_anderen {
            return Some("plaat-ander");
        }
        match self.stand?.storing {
            Storing::Geen => None,
            Storing::Traag(_) => Some("plaat-traag"),
            Storing::Weg => Some("plaat-weg"),
            Storing::Bezet | Storing::Weigert | Storing::Verloren | Storing::Fout(_) => {
                Some("plaat-fout")
            }
        }
    }

    /// The middle of its box.
    pub(super) const fn midden(&self) -> i32 {
        self.x + BREED / 2
    }
}

fn middle(naam: &str) -> Option<(i32, i32)> {
    let mut places = PLAATSEN.iter();
    places
        .find(|(known, ..)| *known == naam)
        .map(|place| place.2)
}

/// With whom a party speaks, in the order of the drawing.
fn neighbours(naam: &str) -> Vec<&'static str> {
    let speaks = |other: &&str| {
        let pair = |(a, b): &(&str, &str)| (*a, *b) == (naam, *other) || (*b, *a) == (naam, *other);
        LIJNEN.iter().any(pair)
    };
    PLAATSEN
        .iter()
        .map(|(other, ..)| *other)
        .filter(speaks)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Party;

    #[test]
    fn every_party_but_the_observer_is_drawn_and_speaks_with_somebody() {
        let drawn = Plaat::draw(&[], &[]);
        let chain = Party::ALL.into_iter();
        let chain = chain.filter(|party| party.is_of_the_chain());
        for party in chain.clone() {
            let vak = drawn.vakken.iter().find(|vak| vak.naam == party.name());
            assert!(!vak.expect("a box").met.is_empty(), "{party:?}");
        }
        assert_eq!(drawn.vakken.len(), chain.count());
        assert_eq!(drawn.lijnen.matches('M').count(), LIJNEN.len());
    }

    #[test]
    fn no_two_boxes_touch_and_none_leaves_the_drawing() {
        let drawn = Plaat::draw(&[], &[]);
        for (at, vak) in drawn.vakken.iter().enumerate() {
            assert!(vak.x >= 0 && vak.x + BREED <= 320 && vak.y >= 0 && vak.y + HOOG <= 322);
            for other in &drawn.vakken[..at] {
                let apart = (vak.x - other.x).abs() > BREED || (vak.y - other.y).abs() > HOOG;
                assert!(apart, "{} and {}", vak.naam, other.naam);
            }
        }
    }

    #[test]
    fn a_party_that_others_play_says_so_in_its_box() {
        let others = ["dva2".to_owned()];
        let drawn = Plaat::draw(&[], &others);
        let of = |naam: &str| drawn.vakken.iter().find(|vak| vak.naam == naam);
        let words = |naam: &str| of(naam).map(|vak| (vak.class(), vak.kort()));
        assert_eq!(words("dva2"), Some(("vak ander", Some("plaat-ander"))));
        assert_eq!(words("dva"), Some(("vak", None)));
    }
}
