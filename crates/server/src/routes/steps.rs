//! The 30 steps of seed 000: who says what to whom.
//!
//! A step is told to the observer by the party that receives its message; a step that is work and
//! no message, by the party that does it.

use crate::pages::Lang;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number, 1 to 30.
    pub number: u8,
    /// Who sends the message, or does the work.
    pub from: Role,
    /// Who receives it; the same when it is work and no message.
    pub to: Role,
    /// The message, in Dutch.
    pub nl: &'static str,
    /// The message, in English.
    pub en: &'static str,
}

/// A role in the chain, as the seed draws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person.
    Persoon,
    /// The PGO: the person's user agent and the DVP's client behind it.
    DvpClient,
    /// The Authorization server of Mitz.
    MitzAs,
    /// DigiD.
    Digid,
    /// The Toestemmingenregister of Mitz.
    Register,
    /// The Lokalisatie server of Mitz.
    Lokalisatie,
    /// The Discovery server of a DVA.
    DvaDiscovery,
    /// The Authorization server of a DVA.
    DvaAs,
    /// The Resource server of a DVA.
    DvaRs,
}

impl Step {
    /// The message in a language.
    pub const fn text(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::Nl => self.nl,
            Lang::En => self.en,
        }
    }
}

impl Role {
    /// Every role, from left to right in the picture.
    pub const ALL: [Self; 9] = [
        Self::Persoon,
        Self::DvpClient,
        Self::MitzAs,
        Self::Digid,
        Self::Register,
        Self::Lokalisatie,
        Self::DvaDiscovery,
        Self::DvaAs,
        Self::DvaRs,
    ];

    /// Its place in [`Self::ALL`].
    pub fn place(self) -> usize {
        let before = Self::ALL.iter().take_while(|role| **role != self);
        before.count()
    }

    /// Its name in the picture.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Persoon => "Persoon",
            Self::DvpClient => "DVP client",
            Self::MitzAs => "Mitz Authorization server",
            Self::Digid => "DigiD",
            Self::Register => "Mitz Toestemmingenregister",
            Self::Lokalisatie => "Mitz Lokalisatie server",
            Self::DvaDiscovery => "DVA Discovery server",
            Self::DvaAs => "DVA Authorization server",
            Self::DvaRs => "DVA Resource server",
        }
    }
}

use Role::{Digid, DvaAs, DvaDiscovery, DvaRs, DvpClient, Lokalisatie, MitzAs, Persoon, Register};

/// The steps, in order.
#[rustfmt::skip] // a step a line, so that the table can be read down
pub const STEPS: [Step; 30] = [
    step(1, Persoon, DvpClient, "gegevens uitwisselen: verzamelen of delen", "exchange data: collect or share"),
    step(2, DvpClient, MitzAs, "OpenID Connect authorization request", "OpenID Connect authorization request"),
    step(3, MitzAs, Digid, "authenticatieverzoek", "authentication request"),
    step(4, Digid, MitzAs, "BSN van de persoon", "BSN of the person"),
    step(5, MitzAs, Register, "persoon, om toestemming vast te leggen", "the person, to record consent"),
    step(6, Register, MitzAs, "melding: toestemming is vastgelegd", "word that consent is recorded"),
    step(7, MitzAs, DvpClient, "authorization code", "authorization code"),
    step(8, DvpClient, MitzAs, "OpenID Connect token request", "OpenID Connect token request"),
    step(9, MitzAs, MitzAs, "controle van authorization code of refresh token", "check of the authorization code or refresh token"),
    step(10, MitzAs, DvpClient, "access token en refresh token", "access token and refresh token"),
    step(11, DvpClient, MitzAs, "verzoek om userinfo, met access token", "userinfo request, with access token"),
    step(12, MitzAs, MitzAs, "controle van het access token", "check of the access token"),
    step(13, MitzAs, Register, "verzoek om toestemmingen", "request for consents"),
    step(14, Register, MitzAs, "toestemmingen bij dit BSN en deze PGO", "consents of this BSN and this PGO"),
    step(15, MitzAs, Lokalisatie, "verzoek om locaties", "request for locations"),
    step(16, Lokalisatie, Lokalisatie, "verzamelen van de bekende locaties", "collecting the known locations"),
    step(17, Lokalisatie, MitzAs, "locaties", "locations"),
    step(18, MitzAs, MitzAs, "bepalen voor welke locaties toestemming is", "deciding for which locations there is consent"),
    step(19, MitzAs, DvpClient, "ID token met de locaties (URA's)", "ID token with the locations (URAs)"),
    step(20, DvpClient, DvpClient, "discovery endpoints bij de URA's, uit de ZAL", "discovery endpoints of the URAs, from the ZAL"),
    step(21, DvpClient, DvaDiscovery, "verzoek om endpoints", "request for endpoints"),
    step(22, DvaDiscovery, DvpClient, "endpoints van de Authorization server", "endpoints of the Authorization server"),
    step(23, DvpClient, DvaAs, "token request met het ID token", "token request with the ID token"),
    step(24, DvaAs, MitzAs, "verzoek om toestemming tot gegevensuitwisseling", "request for consent to the exchange"),
    step(25, MitzAs, MitzAs, "controle van het ID token", "check of the ID token"),
    step(26, MitzAs, DvaAs, "toestemming en BSN", "consent and BSN"),
    step(27, DvaAs, DvaAs, "beschikbaarheids- of ontvankelijkheidstoets", "availability or receivability check"),
    step(28, DvaAs, DvpClient, "access token", "access token"),
    step(29, DvpClient, DvaRs, "resource request met access token", "resource request with access token"),
    step(30, DvaRs, DvpClient, "gegevens", "data"),
];

const fn step(number: u8, from: Role, to: Role, nl: &'static str, en: &'static str) -> Step {
    Step {
        number,
        from,
        to,
        nl,
        en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_numbered_as_in_the_seed_and_hang_together() {
        let numbers = STEPS.map(|step| step.number);
        assert!(numbers.into_iter().eq(1..=30));
        // Work is done by whoever received the message before it, or, step 20, the answer.
        for pair in STEPS.windows(2).filter(|pair| pair[1].from == pair[1].to) {
            assert_eq!(pair[0].to, pair[1].from, "step {}", pair[1].number);
        }
    }

    #[test]
    fn the_steps_that_the_pgo_tells_are_those_it_receives_or_does() {
        let told = STEPS.iter().filter(|step| step.to == DvpClient);
        let told: Vec<u8> = told.map(|step| step.number).collect();
        assert_eq!(told, [1, 7, 10, 19, 20, 22, 28, 30]);
    }
}
