//! A journey as a sequence diagram: roles beside each other, steps below each other.
//!
//! Rows in, places in an SVG out, as `grafiek.rs` does for charts. A page shows the drawing with links
//! to its own steps; [`Diagram::as_file`] is the same as a file of its own.
//!
//! Start reading at [`Diagram::draw`].

use askama::Template;

use super::Lang;
use super::texts::{Texts, texts};

/// From one line of life to the next.
const BAAN: i32 = 108;
/// What is kept free left and right of the outer ones, for half a name.
const RAND: i32 = 56;
/// Height of the names.
const KOP: i32 = 62;
/// Height of a line of a name.
const REGEL: i32 = 15;
/// Height of a row: letters above, arrow below. Also what a finger must hit.
const RIJ: i32 = 36;
/// Letters of a line of a name.
const NAAM_CHARS_MAX: usize = 14;
/// Letters of what stands at an arrow; a longer text is shortened.
const TEKST_CHARS_MAX: usize = 64;
/// Width of a letter at an arrow, a little more than it needs.
const LETTER: i32 = 7;
/// How far work bulges out of its line.
const BOCHT: i32 = 20;
/// Rows that are drawn: the 30 steps with 20 providers are fewer.
const RIJEN_MAX: usize = 260;

/// A row of the diagram, before it is drawn.
#[derive(Clone, Debug)]
pub struct DiagramRij {
    /// The step's number.
    pub nummer: u8,
    /// From which role, by its place.
    pub van: usize,
    /// To which; the same when it is work.
    pub naar: usize,
    /// What is sent or done.
    pub bericht: String,
    /// At which provider.
    pub aanbieder: Option<String>,
    /// How it went.
    pub stand: DiagramStand,
}

/// How a row went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiagramStand {
    /// As asked.
    Gelukt,
    /// Refused.
    Geweigerd,
    /// It has not happened yet.
    NietGezien,
}

/// A drawn diagram.
#[derive(Clone, Debug)]
pub struct Diagram {
    pub(super) breedte: i32,
    pub(super) hoogte: i32,
    /// Where the lines of life begin.
    pub(super) kop: i32,
    /// Where they end.
    pub(super) onder: i32,
    pub(super) banen: Vec<Baan>,
    pub(super) pijlen: Vec<Pijl>,
}

/// A role: its line of life, and the lines of its name.
#[derive(Clone, Debug)]
pub(super) struct Baan {
    pub(super) x: i32,
    pub(super) naam: Vec<(i32, String)>,
}

/// A step as it is drawn.
#[derive(Clone, Debug)]
pub(super) struct Pijl {
    pub(super) nummer: u8,
    pub(super) class: &'static str,
    /// Top of its row.
    pub(super) boven: i32,
    /// The value of `d` of the line, of its head, and of the cross on one that was refused.
    pub(super) lijn: String,
    pub(super) punt: String,
    pub(super) kruis: Option<String>,
    pub(super) tekst_x: i32,
    pub(super) tekst_y: i32,
    pub(super) anker: &'static str,
    pub(super) tekst: String,
}

impl Diagram {
    /// The drawing of these rows, in their order. Rows beyond what can be looked at are left out; the
    /// list below the drawing has them.
    pub fn draw(rollen: &[&str], rijen: &[DiagramRij]) -> Self {
        let last = i32::try_from(rollen.len()).unwrap_or(0).max(1) - 1;
        let breedte = 2 * RAND + last * BAAN;
        let shown = &rijen[..rijen.len().min(RIJEN_MAX)];
        let tops = (0..).map(|nth: i32| KOP + 10 + nth * RIJ);
        let pijlen: Vec<Pijl> = shown
            .iter()
            .zip(tops)
            .map(|(rij, boven)| Pijl::of(rij, boven, breedte))
            .collect();
        let onder = pijlen.last().map_or(KOP, |pijl| pijl.boven + RIJ) + 6;
        Self {
            breedte,
            hoogte: onder + 4,
            kop: KOP,
            onder,
            banen: rollen.iter().enumerate().map(Baan::of).collect(),
            pijlen,
        }
    }

    /// The diagram of a journey as an SVG that needs nothing else.
    pub fn as_file(&self, trace: &str, lang: Lang) -> String {
        let file = File {
            d: self,
            trace,
            lang,
            t: texts(lang),
        };
        // Writing to a String cannot fail.
        file.render().unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "diagram.svg")]
struct File<'a> {
    d: &'a Diagram,
    trace: &'a str,
    lang: Lang,
    t: &'static Texts,
}

impl Baan {
    fn of((nth, naam): (usize, &&str)) -> Self {
        let regels = in_lines(naam);
        let first = KOP - 12 - REGEL * (i32::try_from(regels.len()).unwrap_or(1) - 1);
        let ys = (0..).map(|nth: i32| first + nth * REGEL);
        Self {
            x: baan_x(nth),
            naam: ys.zip(regels).collect(),
        }
    }
}

impl Pijl {
    fn of(rij: &DiagramRij, boven: i32, breedte: i32) -> Self {
        let (from, to) = (baan_x(rij.van), baan_x(rij.naar));
        let y = boven + RIJ - 9;
        let is_work = from == to;
        let back = if from < to { -8 } else { 8 };
        let (lijn, punt) = if is_work {
            let lijn = format!("M{from} {}h{BOCHT}v10H{}", y - 7, to + 8);
            (lijn, format!("M{to} {}l8-4v8z", y + 3))
        } else {
            let lijn = format!("M{from} {y}H{}", to + back);
            (lijn, format!("M{to} {y}l{back}-4v8z"))
        };
        let cross_x = if is_work {
            from + BOCHT
        } else {
            i32::midpoint(from, to)
        };
        let cross = || format!("M{} {}l10 10m0-10l-10 10", cross_x - 5, y - 5);
        let tekst = label(rij);
        let left = from.min(to) + if is_work { BOCHT + 12 } else { 8 };
        let (tekst_x, anker) = placed(left, from.max(to) - 8, &tekst, breedte);
        Self {
            nummer: rij.nummer,
            class: rij.stand.class(),
            boven,
            lijn,
            punt,
            kruis: (rij.stand == DiagramStand::Geweigerd).then(cross),
            tekst_x,
            tekst_y: if is_work { y + 2 } else { y - 7 },
            anker,
            tekst,
        }
    }
}

impl DiagramStand {
    const fn class(self) -> &'static str {
        match self {
            Self::Gelukt => "pijl",
            Self::Geweigerd => "pijl mislukt",
            Self::NietGezien => "pijl leeg",
        }
    }
}

fn baan_x(nth: usize) -> i32 {
    RAND + i32::try_from(nth).unwrap_or(0) * BAAN
}

/// Number, message, and at whom.
fn label(rij: &DiagramRij) -> String {
    let whole = match &rij.aanbieder {
        Some(aanbieder) => format!("{} {} · {aanbieder}", rij.nummer, rij.bericht),
        None => format!("{} {}", rij.nummer, rij.bericht),
    };
    if whole.chars().count() <= TEKST_CHARS_MAX {
        return whole;
    }
    let kept: String = whole.chars().take(TEKST_CHARS_MAX - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Where a text begins, or ends when it would run out of the drawing.
fn placed(left: i32, right: i32, tekst: &str, breedte: i32) -> (i32, &'static str) {
    let long = i32::try_from(tekst.chars().count()).unwrap_or(0) * LETTER;
    if left + long <= breedte {
        (left, "start")
    } else {
        (right.max(long.min(breedte)), "end")
    }
}

/// A name in lines that fit above its line of life: broken between words, and a long word in itself.
fn in_lines(naam: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in naam.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        let pieces = letters.chunks(NAAM_CHARS_MAX - 1);
        let count = pieces.len();
        for (nth, piece) in pieces.enumerate() {
            let mut piece: String = piece.iter().collect();
            if nth + 1 < count {
                piece.push('-');
            }
            match lines.last_mut() {
                Some(line)
                    if line.chars().count() + piece.chars().count() < NAAM_CHARS_MAX
                        && nth == 0 =>
                {
                    line.push(' ');
                    line.push_str(&piece);
                }
                _ => lines.push(piece),
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use uppsala::Parser;

    use super::*;

    fn rij(nummer: u8, van: usize, naar: usize, stand: DiagramStand) -> DiagramRij {
        DiagramRij {
            nummer,
            van,
            naar,
            bericht: "OpenID Connect token request".to_owned(),
            aanbieder: None,
            stand,
        }
    }

    #[test]
    fn a_step_that_was_refused_is_marked_by_more_than_its_colour() {
        use DiagramStand::{Gelukt, Geweigerd, NietGezien};
        let rows = [
            rij(1, 0, 1, Gelukt),
            rij(2, 1, 0, Geweigerd),
            rij(3, 1, 1, NietGezien),
        ];
        let drawn = Diagram::draw(&["A", "B"], &rows);
        let marked: Vec<bool> = drawn.pijlen.iter().map(|p| p.kruis.is_some()).collect();
        assert_eq!(marked, [false, true, false]);
        assert_eq!(drawn.pijlen[0].lijn, "M56 99H156");
        assert_eq!(drawn.pijlen[1].lijn, "M164 135H64");
    }

    #[test]
    fn every_text_stays_inside_the_drawing() {
        let long = DiagramRij {
            aanbieder: Some("Een zorgaanbieder met een bijzonder lange naam & <zonen>".to_owned()),
            ..rij(8, 0, 0, DiagramStand::Gelukt)
        };
        for (van, naar) in [(0, 1), (8, 8), (8, 0), (7, 8), (4, 5)] {
            let row = DiagramRij {
                van,
                naar,
                ..long.clone()
            };
            let drawn = Diagram::draw(&["A"; 9], &[row]);
            let pijl = &drawn.pijlen[0];
            let count = i32::try_from(pijl.tekst.chars().count()).expect("short");
            let (from, until) = match pijl.anker {
                "start" => (pijl.tekst_x, pijl.tekst_x + count * LETTER),
                _ => (pijl.tekst_x - count * LETTER, pijl.tekst_x),
            };
            assert!(
                from >= 0 && until <= drawn.breedte,
                "{van} {naar}: {from} {until}"
            );
        }
    }

    #[test]
    fn a_long_name_is_broken() {
        assert_eq!(
            in_lines("Mitz Toestemmingenregister"),
            ["Mitz", "Toestemmingen-", "register"]
        );
        assert_eq!(in_lines("DVP client"), ["DVP client"]);
        assert_eq!(
            in_lines("Mitz Authorization server"),
            ["Mitz", "Authorization", "server"]
        );
    }

    #[test]
    fn a_file_is_well_formed_and_has_its_own_style() {
        let row = DiagramRij {
            aanbieder: Some("A & <B>".to_owned()),
            ..rij(8, 0, 1, DiagramStand::Geweigerd)
        };
        for lang in Lang::ALL {
            let file = Diagram::draw(&["A", "B"], std::slice::from_ref(&row)).as_file("x<y", lang);
            Parser::new().parse(&file).expect("well-formed");
            assert!(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
            assert!(file.contains("<style>") && !file.contains("<a ") && !file.contains('⟦'));
            assert!(file.contains("A &#38; &#60;B&#62;"));
        }
    }
}
