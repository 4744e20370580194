//! What a DVP keeps of one person at one Aanbieder: for whom, by which consent, and when it was used.

use serde::{Deserialize, Serialize};
use verdict::Moment;

use super::ophalen;
use super::tokens::Token;
use super::verzoek::Wachtend;
use super::wens::Wens;

/// Exchanges that are remembered, at most: the oldest go first.
pub const MOMENTEN_MAX: usize = 20;
/// Refusals in a row after which a refresh token is given up: a week of nights. One alone says little,
/// since the same answer also means that nothing is available today (medmij.md §3.6).
pub const GEWEIGERD_MAX: usize = 7;

/// A connection with an Aanbieder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verbinding {
    /// What the person wanted.
    pub wens: Wens,
    /// At which authorization server.
    pub authorization_endpoint: String,
    /// Where its answer came.
    pub redirect_uri: String,
    /// For the next exchange: with a long-lived consent alone.
    pub refresh_token: Option<Token>,
    /// Since when it is collected by itself, in seconds since 1970; nothing without an order.
    opdracht: Option<i64>,
    /// The newest first.
    momenten: Vec<Ophaalmoment>,
}

/// One exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ophaalmoment {
    /// When, in seconds since 1970.
    pub at: i64,
    /// Whether by itself (medmij.md §2.6).
    pub vanzelf: bool,
    /// What came of it.
    pub afloop: Afloop,
}

/// What came of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Afloop {
    /// So many pieces of data.
    Gekregen(u32),
    /// The person confirmed Delen.
    Bevestigd,
    /// The equal refusal: the consent ended, or there is nothing.
    Geweigerd,
    /// No answer.
    NietBereikbaar,
    /// An answer that is not taken.
    NietVertrouwd,
}

impl Afloop {
    /// Whether something was exchanged, be it nothing new.
    pub const fn is_gelukt(self) -> bool {
        matches!(self, Self::Gekregen(_) | Self::Bevestigd)
    }
}

impl Verbinding {
    /// What a code made possible.
    pub fn new(wachtend: Wachtend, refresh_token: Option<Token>) -> Self {
        Self {
            authorization_endpoint: wachtend.authorization_endpoint,
            redirect_uri: wachtend.redirect_uri,
            wens: wachtend.wens,
            refresh_token,
            opdracht: None,
            momenten: Vec::new(),
        }
    }

    /// Whether that request is for this connection.
    pub fn is_for(&self, wachtend: &Wachtend) -> bool {
        self.wens == wachtend.wens && self.authorization_endpoint == wachtend.authorization_endpoint
    }

    /// The person gave consent again. An order stands only as long as there is a refresh token for it.
    pub fn renew(&mut self, wachtend: Wachtend, refresh_token: Option<Token>) {
        self.redirect_uri = wachtend.redirect_uri;
        self.refresh_token = refresh_token;
        self.opdracht = self.opdracht.filter(|_| self.refresh_token.is_some());
    }

    /// Orders automatic collection, or ends the order. Without a long-lived consent there is nothing
    /// to order; tells whether the order is as asked.
    pub fn bestel(&mut self, vanzelf: bool, now: Moment) -> bool {
        if !vanzelf {
            self.opdracht = None;
            return true;
        }
        let can_be = self.refresh_token.is_some() && self.wens.is_verzamelen();
        if can_be {
            self.opdracht.get_or_insert(now.unix());
        }
        can_be
    }

    /// Whether the person ordered automatic collection.
    pub const fn is_besteld(&self) -> bool {
        self.opdracht.is_some()
    }

    /// Remembers an exchange.
    pub fn noteer(&mut self, moment: Ophaalmoment) {
        self.momenten.insert(0, moment);
        self.momenten.truncate(MOMENTEN_MAX);
        let refused = |moment: &&Ophaalmoment| moment.afloop == Afloop::Geweigerd;
        if self.momenten.iter().take_while(refused).count() >= GEWEIGERD_MAX {
            self.refresh_token = None;
            self.opdracht = None;
        }
    }

    /// The exchanges, the newest first.
    pub fn momenten(&self) -> &[Ophaalmoment] {
        &self.momenten
    }

    /// Whether the person is to hear that nothing came by itself for 48 hours (medmij.md §2.6).
    pub fn is_stil(&self, now: Moment) -> bool {
        let mut gelukt = self.momenten.iter().filter(|m| m.afloop.is_gelukt());
        let gelukt = gelukt.next().map(|moment| Moment::from_unix(moment.at));
        self.opdracht
            .is_some_and(|besteld| ophalen::is_stil(Moment::from_unix(besteld), gelukt, now))
    }
}

#[cfg(test)]
mod tests {
    use identity::{GegevensdienstId, Zorgaanbiedernaam};
    use verdict::Entropy;

    use super::*;
    use crate::dvp::wens::Voor;
    use crate::scope::Functie;

    const NOW: Moment = Moment::from_unix(1_795_305_600);

    fn wachtend(functie: Functie, voor: Voor) -> Wachtend {
        let naam = Zorgaanbiedernaam::parse("eenofanderezorgaanbieder@medmij").expect("a name");
        let wens = Wens {
            naam,
            functie,
            voor,
        };
        let (server, cb) = ("https://as.example.nl/auth", "https://pgo.example.nl/cb");
        let entropy = Entropy::new([5; 32]);
        Wachtend::new(&entropy, "run".into(), wens, server.into(), cb.into())
    }

    fn verzamelen() -> Wachtend {
        wachtend(Functie::Verzamelen, Voor::Mijzelf)
    }

    fn langdurig() -> Verbinding {
        Verbinding::new(verzamelen(), Some(Token::of("r")))
    }

    fn moment(number: u32, afloop: Afloop) -> Ophaalmoment {
        Ophaalmoment {
            at: NOW.plus_s(number).unix(),
            vanzelf: false,
            afloop,
        }
    }

    #[test]
    fn the_last_twenty_exchanges_are_remembered_the_newest_first() {
        let mut verbinding = langdurig();
        for number in 0..25 {
            verbinding.noteer(moment(number, Afloop::Gekregen(number)));
        }
        let momenten = verbinding.momenten();
        assert_eq!(momenten.len(), MOMENTEN_MAX);
        assert_eq!(momenten[0].afloop, Afloop::Gekregen(24));
        assert_eq!(momenten[19].afloop, Afloop::Gekregen(5));
    }

    #[test]
    fn a_refresh_token_is_given_up_after_a_week_of_refusals_and_not_before() {
        let mut verbinding = langdurig();
        assert!(verbinding.bestel(true, NOW));
        for number in 0..6 {
            verbinding.noteer(moment(number, Afloop::Geweigerd));
        }
        verbinding.noteer(moment(6, Afloop::NietBereikbaar));
        for number in 7..13 {
            verbinding.noteer(moment(number, Afloop::Geweigerd));
            assert!(verbinding.refresh_token.is_some() && verbinding.is_besteld());
        }
        verbinding.noteer(moment(13, Afloop::Geweigerd));
        assert!(verbinding.refresh_token.is_none() && !verbinding.is_besteld());
    }

    #[test]
    fn only_a_long_lived_consent_to_collect_can_be_ordered() {
        let mut once = Verbinding::new(verzamelen(), None);
        assert!(!once.bestel(true, NOW) && !once.is_besteld());
        let dienst = GegevensdienstId::parse("42").expect("an id");
        let mut delen = Verbinding::new(wachtend(Functie::Delen(dienst), Voor::Mijzelf), None);
        assert!(!delen.bestel(true, NOW));
        let mut lasting = langdurig();
        assert!(lasting.bestel(true, NOW) && lasting.is_besteld());
        assert!(lasting.bestel(false, NOW) && !lasting.is_besteld());
        // Consent for once takes the order away with the refresh token.
        assert!(lasting.bestel(true, NOW));
        lasting.renew(verzamelen(), None);
        assert!(!lasting.is_besteld() && lasting.refresh_token.is_none());
    }

    #[test]
    fn two_days_after_the_order_or_the_last_exchange_the_person_hears_of_it() {
        let mut verbinding = langdurig();
        let later = |days: u32| NOW.plus_s(days * 86_400);
        assert!(!verbinding.is_stil(later(30)), "nobody ordered anything");
        assert!(verbinding.bestel(true, NOW));
        assert!(!verbinding.is_stil(later(1)));
        // medmij.md §2.6
        assert!(verbinding.is_stil(later(2)));
        verbinding.noteer(moment(86_400, Afloop::Gekregen(0)));
        verbinding.noteer(moment(90_000, Afloop::NietBereikbaar));
        assert!(!verbinding.is_stil(later(2)));
        assert!(verbinding.is_stil(later(3)));
    }

    #[test]
    fn another_person_or_another_server_is_another_connection() {
        let verbinding = langdurig();
        assert!(verbinding.is_for(&verzamelen()));
        let mut elsewhere = verzamelen();
        elsewhere.authorization_endpoint = "https://ander.example.nl/auth".into();
        assert!(!verbinding.is_for(&elsewhere));
        let dienst = GegevensdienstId::parse("42").expect("an id");
        assert!(!verbinding.is_for(&wachtend(Functie::Delen(dienst), Voor::Mijzelf)));
    }

    #[test]
    fn a_connection_prints_no_token() {
        let printed = format!(
            "{:?}",
            Verbinding::new(verzamelen(), Some(Token::of("geheim")))
        );
        assert!(!printed.contains("geheim"), "{printed}");
    }
}
