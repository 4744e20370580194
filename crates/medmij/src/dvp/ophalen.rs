//! When a DVP may collect by itself (medmij.md §2.6).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use verdict::Moment;

/// Seconds after which an account that nobody used is inactive (core.account.101): half a year.
pub const INACTIEF_S: u32 = 183 * DAG_S;
/// Seconds between two automatic collections at one DVA, at least (core.gegevensuitwisseling.102).
pub const TUSSEN_S: u32 = DAG_S;
/// Seconds without any exchange after which the person hears of it (medmij.md §2.6).
pub const STIL_S: u32 = 2 * DAG_S;
/// Minutes of the night over which accounts are spread, so that no DVA meets all of them at once. The
/// last half hour is left to those that came a little too early for their 24 hours.
pub const MINUTEN: u16 = NACHT_MINUTEN - 30;

const DAG_S: u32 = 86_400;
const UUR_S: i64 = 3_600;
/// The night begins at 23.00 and ends at 06.00 (core.gegevensuitwisseling.201).
const BEGIN_S: i64 = 23 * UUR_S;
const NACHT_MINUTEN: u16 = 7 * 60;

/// What the rule must know of an account and one DVA.
#[derive(Clone, Copy, Debug)]
pub struct Stand {
    /// Whether the person ordered it.
    pub besteld: bool,
    /// When the person was last here.
    pub gebruikt: Moment,
    /// When something was last collected by itself at this DVA, whatever came of it.
    pub bij_dva: Option<Moment>,
}

/// Why nothing is collected by itself now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NuNiet {
    /// Nobody asked for it.
    NietBesteld,
    /// The account rests until the person comes back (core.account.101).
    Inactief,
    /// The DVA was asked less than 24 hours ago (medmij case 99).
    AlGedaan,
    /// It is not night (medmij case 100).
    Overdag,
}

/// Where a moment lies in a night, on the clocks of the Netherlands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nacht {
    /// Which night: one more for each that follows.
    pub nummer: i64,
    /// Minutes since 23.00.
    pub minuut: u16,
}

/// Whether this account may be collected for at this DVA now.
///
/// # Errors
/// [`NuNiet`]; the first that holds.
pub fn mag(stand: &Stand, now: Moment) -> Result<(), NuNiet> {
    // medmij.md §2.6: by order of the person alone
    if !stand.besteld {
        return Err(NuNiet::NietBesteld);
    }
    if is_inactief(stand.gebruikt, now) {
        return Err(NuNiet::Inactief);
    }
    // core.gegevensuitwisseling.201
    if Nacht::of(now).is_none() {
        return Err(NuNiet::Overdag);
    }
    // core.gegevensuitwisseling.102
    match stand.bij_dva {
        Some(last) if !last.plus_s(TUSSEN_S).is_over_at(now) => Err(NuNiet::AlGedaan),
        _ => Ok(()),
    }
}

/// Whether an account was unused for half a year (core.account.101).
pub const fn is_inactief(gebruikt: Moment, now: Moment) -> bool {
    gebruikt.plus_s(INACTIEF_S).is_over_at(now)
}

/// Whether the person is to hear that nothing was exchanged for 48 hours, since the order or since the
/// last time that it went well.
pub fn is_stil(besteld: Moment, gelukt: Option<Moment>, now: Moment) -> bool {
    let since = gelukt.map_or(besteld, |gelukt| gelukt.max(besteld));
    since.plus_s(STIL_S).is_over_at(now)
}

/// A moment on the clocks of the Netherlands; nothing outside the calendar.
pub fn op_de_klok(moment: Moment) -> Option<DateTime> {
    let local = moment.unix().checked_add(offset_s(moment)?)?;
    let local = Timestamp::from_second(local).ok()?;
    Some(local.to_zoned(TimeZone::UTC).datetime())
}

impl Nacht {
    /// The night in which a moment lies; nothing by day.
    pub fn of(now: Moment) -> Option<Self> {
        let local = now.unix().checked_add(offset_s(now)?)?;
        let since = local.checked_sub(BEGIN_S)?;
        let minuut = u16::try_from(since.rem_euclid(i64::from(DAG_S)) / 60).ok()?;
        (minuut < NACHT_MINUTEN).then_some(Self {
            nummer: since.div_euclid(i64::from(DAG_S)),
            minuut,
        })
    }
}

/// Seconds by which Dutch clocks are ahead of UTC: two hours from the last Sunday of March, 01.00 UTC, to
/// the last Sunday of October, 01.00 UTC (Directive 2000/84/EC), else one.
fn offset_s(now: Moment) -> Option<i64> {
    let utc = Timestamp::from_second(now.unix()).ok()?;
    let utc = utc.to_zoned(TimeZone::UTC).datetime();
    let change = |month| last_sunday(utc.year(), month).map(|day| day.at(1, 0, 0, 0));
    let is_summer = change(3)? <= utc && utc < change(10)?;
    Some(if is_summer { 2 * UUR_S } else { UUR_S })
}

fn last_sunday(year: i16, month: i8) -> Option<Date> {
    let last = Date::new(year, month, 1).ok()?.last_of_month();
    if last.weekday() == Weekday::Sunday {
        return Some(last);
    }
    last.nth_weekday(-1, Weekday::Sunday).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Moment {
        let moment: Timestamp = text.parse().expect("a moment");
        Moment::from_unix(moment.as_second())
    }

    fn stand(now: Moment) -> Stand {
        Stand {
            besteld: true,
            gebruikt: now.minus_s(DAG_S),
            bij_dva: None,
        }
    }

    #[test]
    fn medmij_case_099_a_dva_is_asked_once_in_24_hours() {
        let first = at("2026-11-27T01:00:00+01:00");
        let then = |now: &str| {
            let last = Some(first);
            let stand = Stand {
                bij_dva: last,
                ..stand(first)
            };
            mag(&stand, at(now))
        };
        // medmij case 99; core.gegevensuitwisseling.102
        assert_eq!(mag(&stand(first), first), Ok(()));
        assert_eq!(then("2026-11-27T01:00:00+01:00"), Err(NuNiet::AlGedaan));
        assert_eq!(then("2026-11-27T23:30:00+01:00"), Err(NuNiet::AlGedaan));
        assert_eq!(then("2026-11-28T00:59:59+01:00"), Err(NuNiet::AlGedaan));
        assert_eq!(then("2026-11-28T01:00:00+01:00"), Ok(()));
        // A clock that went back gives nothing away.
        assert_eq!(then("2026-11-26T23:30:00+01:00"), Err(NuNiet::AlGedaan));
    }

    #[test]
    fn medmij_case_100_it_is_night_from_23_to_6_on_dutch_clocks_summer_and_winter() {
        let mag = |now: &str| mag(&stand(at(now)), at(now));
        // medmij case 100; core.gegevensuitwisseling.201
        for day in ["2026-01-15T", "2026-07-15T"] {
            let zone = if day.contains("07") {
                "+02:00"
            } else {
                "+01:00"
            };
            let at = |clock: &str| mag(&format!("{day}{clock}{zone}"));
            for clock in ["23:00:00", "23:59:59", "00:00:00", "05:59:59"] {
                assert_eq!(at(clock), Ok(()), "{day}{clock}");
            }
            for clock in ["06:00:00", "12:00:00", "22:59:59"] {
                assert_eq!(at(clock), Err(NuNiet::Overdag), "{day}{clock}");
            }
        }
    }

    #[test]
    fn the_clocks_change_on_the_last_sundays_of_march_and_october() {
        let minuut = |now: &str| Nacht::of(at(now)).map(|nacht| nacht.minuut);
        // 29 March 2026: 02.00 becomes 03.00.
        assert_eq!(minuut("2026-03-29T00:59:00Z"), Some(179));
        assert_eq!(minuut("2026-03-29T01:00:00Z"), Some(240));
        assert_eq!(minuut("2026-03-29T04:00:00Z"), None);
        // 25 October 2026: 03.00 becomes 02.00.
        assert_eq!(minuut("2026-10-25T00:59:00Z"), Some(239));
        assert_eq!(minuut("2026-10-25T01:00:00Z"), Some(180));
        // 31 October 2027 is a Sunday and the last day of its month.
        assert_eq!(minuut("2027-10-31T00:59:00Z"), Some(239));
        assert_eq!(minuut("2027-10-31T01:00:00Z"), Some(180));
    }

    #[test]
    fn a_moment_is_read_from_a_dutch_clock() {
        let read = |text: &str| op_de_klok(at(text)).expect("a moment").to_string();
        assert_eq!(read("2026-01-15T23:30:00Z"), "2026-01-16T00:30:00");
        assert_eq!(read("2026-07-15T23:30:00Z"), "2026-07-16T01:30:00");
        assert_eq!(op_de_klok(Moment::from_unix(i64::MAX)), None);
    }

    #[test]
    fn a_night_has_one_number_before_and_after_midnight() {
        let nummer = |now: &str| Nacht::of(at(now)).expect("night").nummer;
        let evening = nummer("2026-11-27T23:30:00+01:00");
        assert_eq!(nummer("2026-11-28T05:00:00+01:00"), evening);
        assert_eq!(nummer("2026-11-28T23:00:00+01:00"), evening + 1);
    }

    #[test]
    fn core_account_101_an_account_of_half_a_year_ago_rests_and_without_an_order_nothing_happens() {
        let now = at("2026-11-27T01:00:00+01:00");
        let with = |gebruikt, besteld| {
            let stand = Stand {
                gebruikt,
                besteld,
                bij_dva: None,
            };
            mag(&stand, now)
        };
        // core.account.101
        let half_a_year_ago = now.minus_s(INACTIEF_S);
        assert_eq!(with(half_a_year_ago, true), Err(NuNiet::Inactief));
        assert_eq!(with(half_a_year_ago.plus_s(1), true), Ok(()));
        // medmij.md §2.6
        assert_eq!(with(now, false), Err(NuNiet::NietBesteld));
    }

    #[test]
    fn the_person_hears_of_two_days_without_an_exchange() {
        let now = at("2026-11-27T12:00:00+01:00");
        let ago = |s: u32| now.minus_s(s);
        // medmij.md §2.6
        assert!(!is_stil(ago(STIL_S - 1), None, now));
        assert!(is_stil(ago(STIL_S), None, now));
        assert!(!is_stil(ago(9 * DAG_S), Some(ago(STIL_S - 1)), now));
        assert!(is_stil(ago(9 * DAG_S), Some(ago(STIL_S)), now));
        // What went well before the order says nothing of it.
        assert!(!is_stil(ago(60), Some(ago(9 * DAG_S)), now));
    }

    proptest! {
        #[test]
        fn no_moment_is_collected_twice_in_a_day(steps in proptest::collection::vec(0u32..90_000, 1..60)) {
            let mut now = Moment::from_unix(1_795_305_600);
            let mut last: Option<Moment> = None;
            for step in steps {
                now = now.plus_s(step);
                if mag(&Stand { bij_dva: last, ..stand(now) }, now).is_ok() {
                    if let Some(last) = last {
                        prop_assert!(now.unix() - last.unix() >= i64::from(DAG_S));
                    }
                    prop_assert!(Nacht::of(now).is_some());
                    last = Some(now);
                }
            }
        }

        #[test]
        fn any_moment_has_an_answer(unix in any::<i64>()) {
            let _ = Nacht::of(Moment::from_unix(unix));
        }
    }
}
