//! Charts: scales, ticks, and where everything stands. Numbers in, places in an SVG out.
//!
//! A drawing is [`BREEDTE`] units wide. A page shows it at 250 to 450 pixels, so that its letters are
//! of the size of small print there; it has no script and no style of its own. What it shows, the
//! page also says in a table.
//!
//! Start reading at [`Lijngrafiek::draw`] and [`Tijdbalken::draw`].

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::datum::maand_kort;
use super::texts::Texts;
use super::tijd::Tijd;
use super::waarde::in_language;

/// Width of every drawing, in its own units.
pub(super) const BREEDTE: f64 = 320.0;
/// Height of a chart of lines.
const HOOGTE: f64 = 190.0;
/// What is kept free above and to the right, for half a letter and half a dot.
const RAND: f64 = 12.0;
/// What is kept free below, for the dates.
const VOET: f64 = 26.0;
/// Width of a letter of the axes: 0.6 of 13 units, a little more than digits need.
const LETTER: f64 = 7.8;
/// Height of a name and its bar in a chart of bars.
const REGEL: f64 = 38.0;
/// The shortest bar: five days in five years must be seen.
const BALK_MIN: f64 = 4.0;
/// The letters of a name that fit above its bar.
const NAAM_MAX: usize = 44;
/// How far back a chart of bars goes, in days: five years. What began earlier runs in from the left.
const TERUG: i64 = 5 * 365 + 1;
/// The most ticks that an axis of numbers is given: more than four lines are a grid, not a help.
const GETALLEN_MAX: u8 = 5;
/// The most ticks that an axis of time has room for: words of four letters, and longer ones.
const JAREN_MAX: usize = 5;
const DATUMS_MAX: usize = 3;

/// A place in a drawing, to a tenth of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plek(f64);

impl std::fmt::Display for Plek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Adding nothing makes a negative zero a zero.
        write!(f, "{}", (self.0 * 10.0).round() / 10.0 + 0.0)
    }
}

/// What is drawn of one line: moments with their numbers, and whether the number is only a bound.
pub(super) type Lijn = Vec<(Tijd, f64, bool)>;

/// A chart with one or more lines over time.
#[derive(Debug)]
pub(super) struct Lijngrafiek {
    pub(super) hoogte: Plek,
    pub(super) links: Plek,
    pub(super) rechts: Plek,
    pub(super) onder: Plek,
    pub(super) getallen: Vec<Merk>,
    pub(super) datums: Vec<Merk>,
    /// The reference range: top and height.
    pub(super) band: Option<(Plek, Plek)>,
    pub(super) lijnen: Vec<Getekend>,
}

/// A tick: where, what it says, and on which side of its place the words stand.
#[derive(Debug)]
pub(super) struct Merk {
    pub(super) plek: Plek,
    pub(super) tekst: String,
    pub(super) anker: &'static str,
}

/// A line as it is drawn.
#[derive(Debug)]
pub(super) struct Getekend {
    /// The value of `d`.
    pub(super) pad: String,
    pub(super) punten: Vec<Punt>,
}

/// A value as it is drawn.
#[derive(Debug)]
pub(super) struct Punt {
    pub(super) x: Plek,
    pub(super) y: Plek,
    /// Only a bound: the true value is lower or higher.
    pub(super) open: bool,
}

impl Lijngrafiek {
    /// The chart of these lines, with a range behind them; none when there are no two values of one
    /// line to join. Moments need not be in order.
    pub(super) fn draw(t: &Texts, lijnen: &[Lijn], band: Band) -> Option<Self> {
        if !lijnen.iter().any(|lijn| lijn.len() >= 2) {
            return None;
        }
        let all = || lijnen.iter().flatten();
        let numbers = all().map(|(_, number, _)| *number);
        let getallen = Getallen::around(numbers.chain(band.laag).chain(band.hoog))?;
        let from = all().map(|(tijd, ..)| *tijd).min()?;
        let until = all().map(|(tijd, ..)| *tijd).max()?;
        let links = RAND + LETTER * getallen.letters(t);
        let x = Schaal::over(from, until, links, BREEDTE - RAND);
        let y = Schaal {
            van: (getallen.laag, getallen.hoog),
            naar: (HOOGTE - VOET, RAND),
        };
        Some(Self {
            hoogte: Plek(HOOGTE),
            links: Plek(links),
            rechts: Plek(BREEDTE - RAND),
            onder: Plek(HOOGTE - VOET),
            getallen: getallen.ticks(t, y),
            datums: ticks_of_time(t, from, until, x),
            band: band.drawn(y),
            lijnen: lijnen.iter().map(|lijn| Getekend::of(lijn, x, y)).collect(),
        })
    }
}

impl Lijngrafiek {
    /// How wide the field of the lines is.
    pub(super) fn breedte(&self) -> Plek {
        Plek(self.rechts.0 - self.links.0)
    }
}

impl Getekend {
    fn of(lijn: &Lijn, x: Schaal, y: Schaal) -> Self {
        let mut in_order = lijn.clone();
        in_order.sort_by_key(|(tijd, ..)| *tijd);
        let punt = |(tijd, number, open): &(Tijd, f64, bool)| Punt {
            x: x.at(tijd.as_f64()),
            y: y.at(*number),
            open: *open,
        };
        let punten: Vec<Punt> = in_order.iter().map(punt).collect();
        let step = |(nth, punt): (usize, &Punt)| {
            format!("{}{} {}", if nth == 0 { 'M' } else { 'L' }, punt.x, punt.y)
        };
        let pad = punten.iter().enumerate().map(step).collect();
        Self { pad, punten }
    }
}

/// A reference range; open on the sides that have no number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Band {
    pub(super) laag: Option<f64>,
    pub(super) hoog: Option<f64>,
}

impl Band {
    fn drawn(self, y: Schaal) -> Option<(Plek, Plek)> {
        self.laag.or(self.hoog)?;
        let (bottom, top) = y.naar;
        let upper = self.hoog.map_or(top, |hoog| y.place(hoog));
        let lower = self.laag.map_or(bottom, |laag| y.place(laag));
        Some((Plek(upper), Plek((lower - upper).max(0.0))))
    }
}

/// Bars over time, each row with its name.
#[derive(Debug)]
pub(super) struct Tijdbalken {
    pub(super) hoogte: Plek,
    /// Where the rows end and the dates begin.
    pub(super) onder: Plek,
    pub(super) datums: Vec<Merk>,
    /// Where today stands.
    pub(super) vandaag: Plek,
    pub(super) regels: Vec<Balkregel>,
}

/// A row: its name and its bars.
#[derive(Debug)]
pub(super) struct Balkregel {
    pub(super) naam: String,
    pub(super) naam_y: Plek,
    pub(super) balk_y: Plek,
    /// From where, how wide.
    pub(super) balken: Vec<(Plek, Plek)>,
    /// Whether a bar began before the drawing does.
    pub(super) eerder: bool,
    /// Whether the thing goes on.
    pub(super) loopt: bool,
}

/// A stretch of time: from, until (none: it goes on).
pub(super) type Duur = (Tijd, Option<Tijd>);

impl Tijdbalken {
    /// Bars up to `vandaag`; none without a row. A stretch that was over before the drawing begins
    /// has no bar, and its row is left out with it when it has no other.
    pub(super) fn draw(t: &Texts, regels: &[(String, Vec<Duur>)], vandaag: Tijd) -> Option<Self> {
        let (from, until) = Self::window(regels, vandaag)?;
        let x = Schaal::over(from, until, 0.0, BREEDTE - RAND);
        let seen = |(van, tot): &&Duur| *van <= until && tot.is_none_or(|tot| tot >= from);
        let shown: Vec<(&String, Vec<Duur>)> = regels
            .iter()
            .map(|(naam, duren)| (naam, duren.iter().filter(seen).copied().collect()))
            .filter(|(_, duren): &(_, Vec<Duur>)| !duren.is_empty())
            .collect();
        let mut onder = RAND / 2.0;
        let mut drawn = Vec::new();
        for (naam, duren) in shown {
            drawn.push(Balkregel::of(naam, &duren, (from, vandaag), x, onder));
            onder += REGEL;
        }
        Some(Self {
            hoogte: Plek(onder + VOET),
            onder: Plek(onder),
            datums: ticks_of_time(t, from, until, x),
            vandaag: x.at(vandaag.as_f64()),
            regels: drawn,
        })
    }

    /// From when to when: at most [`TERUG`], at least a month, and today is in it.
    fn window(regels: &[(String, Vec<Duur>)], vandaag: Tijd) -> Option<(Tijd, Tijd)> {
        let all = || regels.iter().flat_map(|(_, duren)| duren);
        let first = all().map(|(van, _)| *van).min()?;
        let last = all().map(|(van, tot)| tot.unwrap_or(*van)).max()?;
        let from = first.max(vandaag.plus_days(-TERUG));
        let from = from.min(vandaag.plus_days(-30));
        // A course that is planned is seen as far as a year ahead.
        let until = last.clamp(vandaag, vandaag.plus_days(365));
        Some((from, until))
    }
}

impl Balkregel {
    fn of(naam: &str, duren: &[Duur], (from, vandaag): (Tijd, Tijd), x: Schaal, top: f64) -> Self {
        let bar = |(van, tot): &Duur| {
            let end = x.place(tot.unwrap_or(vandaag).max(*van).as_f64());
            let end = end.clamp(x.naar.0 + BALK_MIN, x.naar.1);
            let start = x.place(van.max(&from).as_f64()).min(end - BALK_MIN);
            (Plek(start), Plek(end - start))
        };
        Self {
            naam: shortened(naam),
            naam_y: Plek(top + 13.0),
            balk_y: Plek(top + 19.0),
            balken: duren.iter().map(bar).collect(),
            eerder: duren.iter().any(|(van, _)| *van < from),
            loopt: duren.iter().any(|(_, tot)| tot.is_none()),
        }
    }
}

/// A name that fits above its bar.
fn shortened(naam: &str) -> String {
    if naam.chars().count() <= NAAM_MAX {
        return naam.to_owned();
    }
    let kept: String = naam.chars().take(NAAM_MAX - 1).collect();
    format!("{}…", kept.trim_end())
}

/// A straight scale from values to places.
#[derive(Clone, Copy, Debug)]
struct Schaal {
    van: (f64, f64),
    naar: (f64, f64),
}

impl Schaal {
    /// Of time. One single moment stands in the middle of two days.
    fn over(from: Tijd, until: Tijd, left: f64, right: f64) -> Self {
        let (from, until) = if from < until {
            (from, until)
        } else {
            (from.plus_days(-1), from.plus_days(1))
        };
        Self {
            van: (from.as_f64(), until.as_f64()),
            naar: (left, right),
        }
    }

    fn place(self, value: f64) -> f64 {
        let part = (value - self.van.0) / (self.van.1 - self.van.0);
        self.naar.0 + part.clamp(0.0, 1.0) * (self.naar.1 - self.naar.0)
    }

    fn at(self, value: f64) -> Plek {
        Plek(self.place(value))
    }
}

/// An axis of numbers: from a tick to a tick, in steps that people count in.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Getallen {
    laag: f64,
    hoog: f64,
    stap: f64,
}

impl Getallen {
    /// The narrowest axis of at most [`GETALLEN_MAX`] ticks around these numbers.
    fn around(numbers: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let low = numbers.clone().min_by(f64::total_cmp)?;
        let high = numbers.max_by(f64::total_cmp)?;
        // Values that are all the same, or differ in the last digit of what a float can tell.
        let least = (low.abs().max(high.abs()) * 1e-6).max(1e-6);
        let (low, high) = if high - low < least {
            let room = if low.abs() < least {
                1.0
            } else {
                low.abs() * 0.05
            };
            (low - room, high + room)
        } else {
            (low, high)
        };
        let power = 10_f64.powf(((high - low) / f64::from(GETALLEN_MAX)).log10().floor());
        let around = |stap: f64| Self {
            laag: (low / stap).floor() * stap,
            hoog: (high / stap).ceil() * stap,
            stap,
        };
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 25.0, 50.0].map(|n| around(n * power));
        let few = |axis: &&Self| axis.count() <= GETALLEN_MAX;
        steps.iter().find(few).or(steps.last()).copied()
    }

    /// How many ticks.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a float stops at the ends of u8, and some tens are the most there are"
    )]
    fn count(self) -> u8 {
        (((self.hoog - self.laag) / self.stap).round() as u8).saturating_add(1)
    }

    fn ticks(self, t: &Texts, y: Schaal) -> Vec<Merk> {
        let tick = |nth| {
            let number = self.laag + f64::from(nth) * self.stap;
            Merk {
                plek: y.at(number),
                tekst: self.written(t, number),
                anker: "end",
            }
        };
        (0..self.count()).map(tick).collect()
    }

    /// With the decimals that the step has, at most six.
    fn written(self, t: &Texts, number: f64) -> String {
        let decimals = (0..6).find(|decimals| {
            let scaled = self.stap * 10_f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6
        });
        let decimals = usize::try_from(decimals.unwrap_or(6)).unwrap_or(6);
        // Adding nothing makes a negative zero a zero.
        let number = if number.abs() < self.stap / 2.0 {
            0.0
        } else {
            number
        };
        in_language(t, &format!("{number:.decimals$}"))
    }

    /// Letters of the longest number, and a space.
    #[expect(clippy::cast_precision_loss, reason = "a dozen letters")]
    fn letters(self, t: &Texts) -> f64 {
        let ends = [self.laag, self.laag + self.stap, self.hoog];
        let longest = ends.map(|number| self.written(t, number).chars().count());
        longest.into_iter().max().unwrap_or_default() as f64 + 0.5
    }
}

/// In what an axis of time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stap {
    Dagen(i64),
    Maanden(i32),
    Jaren(i16),
}

const STAPPEN: [Stap; 18] = [
    Stap::Dagen(1),
    Stap::Dagen(2),
    Stap::Dagen(7),
    Stap::Dagen(14),
    Stap::Maanden(1),
    Stap::Maanden(2),
    Stap::Maanden(3),
    Stap::Maanden(6),
    Stap::Jaren(1),
    Stap::Jaren(2),
    Stap::Jaren(5),
    Stap::Jaren(10),
    Stap::Jaren(20),
    Stap::Jaren(50),
    Stap::Jaren(100),
    Stap::Jaren(500),
    Stap::Jaren(1_000),
    Stap::Jaren(5_000),
];

/// Ticks at round dates; when no two of them fall between the ends, the ends themselves.
fn ticks_of_time(t: &Texts, from: Tijd, until: Tijd, x: Schaal) -> Vec<Merk> {
    let all = STAPPEN
        .iter()
        .map(|stap| (*stap, stap.between(from, until)));
    let fitting = all
        .filter(|(stap, dates)| dates.len() <= stap.most())
        .find(|(_, dates)| dates.len() >= 2);
    let (stap, dates) = fitting.unwrap_or_else(|| {
        let ends = [from, until].into_iter().filter_map(Tijd::date);
        let mut ends: Vec<Date> = ends.collect();
        ends.dedup();
        (Stap::Dagen(1), ends)
    });
    let years = from.date().map(Date::year) != until.date().map(Date::year);
    let tick = |day: Date| {
        let plek = x.place(Tijd::of_date(day).as_f64());
        Merk::below(plek, stap.written(t, day, years))
    };
    dates.into_iter().map(tick).collect()
}

impl Merk {
    /// Words under a place, moved inwards where they would stick out of the drawing.
    #[expect(clippy::cast_precision_loss, reason = "a dozen letters")]
    fn below(plek: f64, tekst: String) -> Self {
        let half = tekst.chars().count() as f64 * LETTER / 2.0;
        let anker = if plek + half > BREEDTE {
            "end"
        } else if plek - half < 0.0 {
            "start"
        } else {
            "middle"
        };
        Self {
            plek: Plek(plek),
            tekst,
            anker,
        }
    }
}

impl Stap {
    /// Every date of this step from one moment to another, and no more than one too many.
    fn between(self, from: Tijd, until: Tijd) -> Vec<Date> {
        let Some(first) = from.date().and_then(|day| self.first(day)) else {
            return Vec::new();
        };
        let next = |day: &Date| match self {
            Self::Dagen(days) => day.checked_add(days.days()).ok(),
            Self::Maanden(months) => day.checked_add(months.months()).ok(),
            Self::Jaren(years) => day.checked_add(years.years()).ok(),
        };
        let inside = |day: &Date| (from..=until).contains(&Tijd::of_date(*day));
        std::iter::successors(Some(first), next)
            .skip_while(|day| Tijd::of_date(*day) < from)
            .take_while(inside)
            .take(self.most() + 1)
            .collect()
    }

    /// How many ticks there is room for.
    const fn most(self) -> usize {
        match self {
            Self::Jaren(_) => JAREN_MAX,
            Self::Maanden(_) | Self::Dagen(_) => DATUMS_MAX,
        }
    }

    /// The last round date up to a day.
    fn first(self, day: Date) -> Option<Date> {
        match self {
            Self::Dagen(days) => {
                let number = Tijd::of_date(day).days_since(Tijd::of_date(date(1970, 1, 5)));
                day.checked_sub(number.rem_euclid(days).days()).ok()
            }
            Self::Maanden(months) => {
                let month = i32::from(day.month()) - 1;
                let month = i8::try_from(month - month % months).ok()? + 1;
                Date::new(day.year(), month, 1).ok()
            }
            Self::Jaren(years) => {
                let year = day.year() - day.year().rem_euclid(years);
                Date::new(year, 1, 1).ok()
            }
        }
    }

    fn written(self, t: &Texts, day: Date, years: bool) -> String {
        let year = format!("{:04}", day.year());
        match self {
            Self::Jaren(_) => year,
            Self::Maanden(_) => format!("{} {year}", maand_kort(t, day.month())),
            Self::Dagen(_) if years => {
                format!("{}-{}-{year}", day.day(), day.month())
            }
            Self::Dagen(_) => format!("{} {}", day.day(), maand_kort(t, day.month())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{Lang, texts::texts};
    use proptest::prelude::*;

    fn at(day: &str) -> Tijd {
        Tijd::parse(day).expect("a day")
    }

    fn lijn(values: &[(&str, f64)]) -> Lijn {
        values
            .iter()
            .map(|(day, number)| (at(day), *number, false))
            .collect()
    }

    fn words(ticks: &[Merk]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.tekst.as_str()).collect()
    }

    fn drawn(lang: Lang, values: &[(&str, f64)], band: Band) -> Lijngrafiek {
        Lijngrafiek::draw(texts(lang), &[lijn(values)], band).expect("a chart")
    }

    const WEIGHT: [(&str, f64); 3] = [
        ("2024-02-13", 84.2),
        ("2025-02-11", 81.0),
        ("2026-08-11", 79.1),
    ];

    #[test]
    fn ticks_are_round_numbers_and_round_dates() {
        let chart = drawn(Lang::Nl, &WEIGHT, Band::default());
        assert_eq!(words(&chart.getallen), ["78", "80", "82", "84", "86"]);
        assert_eq!(words(&chart.datums), ["2025", "2026"]);
    }

    #[test]
    fn ticks_are_written_in_the_language() {
        let values = [("2026-01-01", 1.9), ("2026-08-01", 3.1)];
        let (nl, en) = (
            drawn(Lang::Nl, &values, Band::default()),
            drawn(Lang::En, &values, Band::default()),
        );
        assert_eq!(words(&nl.getallen), ["1,5", "2,0", "2,5", "3,0", "3,5"]);
        assert_eq!(words(&en.getallen), ["1.5", "2.0", "2.5", "3.0", "3.5"]);
        assert_eq!(words(&nl.datums), ["jan 2026", "apr 2026", "jul 2026"]);
        assert_eq!(words(&en.datums), ["Jan 2026", "Apr 2026", "Jul 2026"]);
    }

    #[test]
    fn days_are_told_apart_when_it_was_only_days() {
        let values = [("2026-11-14", 1.0), ("2026-11-20", 2.0)];
        let chart = drawn(Lang::Nl, &values, Band::default());
        assert_eq!(words(&chart.datums), ["15 nov", "17 nov", "19 nov"]);
        let over_new_year = [("2025-12-20", 1.0), ("2026-01-10", 2.0)];
        let chart = drawn(Lang::Nl, &over_new_year, Band::default());
        assert_eq!(
            words(&chart.datums),
            ["22-12-2025", "29-12-2025", "5-1-2026"]
        );
    }

    #[test]
    fn one_value_is_no_chart() {
        let t = texts(Lang::Nl);
        assert!(Lijngrafiek::draw(t, &[], Band::default()).is_none());
        let one = [lijn(&WEIGHT[..1]), lijn(&WEIGHT[..1])];
        assert!(Lijngrafiek::draw(t, &one, Band::default()).is_none());
    }

    #[test]
    fn higher_values_stand_higher_and_later_ones_further_to_the_right() {
        let chart = drawn(
            Lang::Nl,
            &[WEIGHT[2], WEIGHT[0], WEIGHT[1]],
            Band::default(),
        );
        let punten = &chart.lijnen[0].punten;
        assert!(punten.is_sorted_by(|a, b| a.x.0 < b.x.0 && a.y.0 < b.y.0));
        assert!(chart.lijnen[0].pad.starts_with('M') && chart.lijnen[0].pad.contains('L'));
    }

    #[test]
    fn fhir_r4_a_reference_range_is_in_the_chart_and_open_where_it_has_no_number() {
        // FHIR R4 §Observation.referenceRange
        let band = Band {
            laag: None,
            hoog: Some(70.0),
        };
        let chart = drawn(Lang::Nl, &WEIGHT, band);
        let (top, height) = chart.band.expect("a band");
        assert!((top.0 + height.0 - chart.onder.0).abs() < 0.01);
        assert!(chart.lijnen[0].punten.iter().all(|punt| punt.y.0 < top.0));
        assert_eq!(drawn(Lang::Nl, &WEIGHT, Band::default()).band, None);
    }

    #[test]
    fn values_that_are_all_the_same_are_a_line_in_the_middle() {
        for number in [0.0, 2.6, -1e9] {
            let values = [("2026-01-01", number), ("2026-01-01", number)];
            let chart = drawn(Lang::Nl, &values, Band::default());
            let punt = &chart.lijnen[0].punten[0];
            assert!(punt.y.0 > RAND && punt.y.0 < chart.onder.0, "{number}");
            assert_eq!(words(&chart.datums).len(), 1);
        }
    }

    /// A name, and from when until when.
    type Regel<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)]);

    fn bars(regels: &[Regel<'_>]) -> Tijdbalken {
        let duur = |(van, tot): &(&str, Option<&str>)| (at(van), tot.map(at));
        let regels: Vec<(String, Vec<Duur>)> = regels
            .iter()
            .map(|(naam, duren)| ((*naam).to_owned(), duren.iter().map(duur).collect()))
            .collect();
        Tijdbalken::draw(texts(Lang::Nl), &regels, at("2026-11-22")).expect("bars")
    }

    #[test]
    fn a_bar_runs_from_its_first_day_to_its_last_or_to_today() {
        let drawn = bars(&[
            ("Sinds lang", &[("2009-10-02", None)]),
            ("Kuur", &[("2025-08-19", Some("2025-08-24"))]),
            ("Voorbij", &[("2010-01-01", Some("2011-01-01"))]),
        ]);
        let names: Vec<&str> = drawn
            .regels
            .iter()
            .map(|regel| regel.naam.as_str())
            .collect();
        assert_eq!(names, ["Sinds lang", "Kuur"]);
        let (from, width) = drawn.regels[0].balken[0];
        assert!(drawn.regels[0].eerder && drawn.regels[0].loopt);
        assert!((from.0 + width.0 - drawn.vandaag.0).abs() < 0.01 && from.0.abs() < 0.01);
        let (_, shortest) = drawn.regels[1].balken[0];
        assert!(shortest.0 >= BALK_MIN && !drawn.regels[1].eerder);
        assert_eq!(
            words(&drawn.datums),
            ["2022", "2023", "2024", "2025", "2026"]
        );
    }

    #[test]
    fn a_long_name_is_shortened_and_nothing_is_no_chart() {
        let long = "x".repeat(NAAM_MAX + 1);
        let drawn = bars(&[(&long, &[("2026-01-01", None)])]);
        assert_eq!(drawn.regels[0].naam.chars().count(), NAAM_MAX);
        assert!(drawn.regels[0].naam.ends_with('…'));
        assert!(Tijdbalken::draw(texts(Lang::Nl), &[], at("2026-11-22")).is_none());
    }

    /// Any day of the calendar.
    fn day() -> impl Strategy<Value = Tijd> {
        (1_i16..=9_999, 1_i8..=12, 1_i8..=28)
            .prop_map(|(year, month, day)| Tijd::of_date(date(year, month, day)))
    }

    fn inside(plek: Plek, end: f64) -> bool {
        plek.0.is_finite() && (-0.01..=end + 0.01).contains(&plek.0)
    }

    proptest! {
        #[test]
        fn whatever_is_drawn_stays_inside_the_drawing(
            values in proptest::collection::vec((day(), -1e9..1e9_f64, any::<bool>()), 2..40),
            scale in -12..1_i32,
            laag in proptest::option::of(-1e9..1e9_f64),
            hoog in proptest::option::of(-1e9..1e9_f64),
        ) {
            let small = |(day, number, open)| (day, number * 10_f64.powi(scale), open);
            let values: Lijn = values.into_iter().map(small).collect();
            for lang in Lang::ALL {
                let chart = Lijngrafiek::draw(texts(lang), std::slice::from_ref(&values), Band { laag, hoog });
                let chart = chart.expect("a chart");
                prop_assert!((2..=5).contains(&chart.getallen.len()), "{:?}", chart.getallen);
                prop_assert!((1..=5).contains(&chart.datums.len()));
                prop_assert!(chart.links.0 < BREEDTE / 2.0, "{}", chart.links);
                for punt in &chart.lijnen[0].punten {
                    prop_assert!(inside(punt.x, BREEDTE) && inside(punt.y, HOOGTE));
                }
                if let Some((top, height)) = chart.band {
                    prop_assert!(inside(top, HOOGTE) && inside(height, HOOGTE));
                }
                for tick in &chart.getallen {
                    prop_assert!(inside(tick.plek, HOOGTE));
                }
                for tick in &chart.datums {
                    prop_assert!(inside(tick.plek, BREEDTE));
                }
            }
        }

        #[test]
        fn every_bar_stays_inside_the_drawing(
            duren in proptest::collection::vec((day(), proptest::option::of(day())), 1..12),
            vandaag in day(),
        ) {
            let regels = vec![("x".to_owned(), duren)];
            if let Some(drawn) = Tijdbalken::draw(texts(Lang::Nl), &regels, vandaag) {
                prop_assert!(inside(drawn.vandaag, BREEDTE) && drawn.datums.len() <= 5);
                for (from, width) in drawn.regels.iter().flat_map(|regel| &regel.balken) {
                    prop_assert!(inside(*from, BREEDTE) && width.0 >= BALK_MIN - 0.01);
                    prop_assert!(inside(Plek(from.0 + width.0), BREEDTE));
                }
            }
        }
    }
}
