//! What `settings.json` can set; left out, everything is as the design decides.

use identity::Loa;
use protocol::assertion::Audience;

use super::fault::InputFault;
use super::files::File;
use super::place::Place;
use super::{DvaId, written};
use crate::routes::dva::{LeftOpen, Vormen};

/// What can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Mitz.
    pub mitz: MitzSettings,
    /// The first DVA.
    pub dva: DvaSettings,
    /// The second DVA.
    pub dva2: DvaSettings,
}

/// What can be set at Mitz.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MitzSettings {
    /// The lowest level of DigiD that will do.
    pub min_level: Loa,
    /// Whether a token that names several providers is taken in step 25.
    pub full_location_token: bool,
    /// What clients may write as `aud` into their assertions.
    pub assertion_audience: Audience,
}

/// What can be set at a DVA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DvaSettings {
    /// Whether RFC 7523 is taken beside RFC 8693.
    pub jwt_bearer: bool,
    /// Whether a token that names several providers is taken in step 23.
    pub full_location_token: bool,
    /// The age from which a person can collect, in years.
    pub age_min: u8,
    /// Days of a subscription, at most; 0 offers none (ext.abo.tknint.200).
    pub subscription_days_max: u32,
    /// In which forms a token request is taken: all three, as seed 003 draws them, where nothing else is said.
    pub vormen: Vormen,
    /// What MedMij's public text leaves open besides.
    pub left_open: LeftOpen,
}

impl Settings {
    /// The settings of one DVA.
    pub const fn of(&self, dva: DvaId) -> &DvaSettings {
        match dva {
            DvaId::Dva => &self.dva,
            DvaId::Dva2 => &self.dva2,
        }
    }

    /// What a file sets.
    pub(super) fn read(file: &File) -> Result<Self, InputFault> {
        let written: written::Settings = file.json()?;
        let min_level = match written.mitz.min_level {
            None => Self::default().mitz.min_level,
            Some(name) => level(&name).ok_or_else(|| {
                let place = Place::root().member("mitz").member("min_level");
                file.fault(&place, "expected basis, midden, substantieel or hoog")
            })?,
        };
        Ok(Self {
            mitz: MitzSettings {
                min_level,
                full_location_token: written.mitz.full_location_token,
                assertion_audience: if written.mitz.token_endpoint_as_audience {
                    Audience::IssuerOrTokenEndpoint
                } else {
                    Audience::Issuer
                },
            },
            dva: DvaSettings::of(&written.dva),
            dva2: DvaSettings::of(&written.dva2),
        })
    }
}

impl Default for Settings {
    fn default() -> Self {
        let nothing = written::DvaSettings::default();
        Self {
            mitz: MitzSettings {
                min_level: Loa::Substantieel,
                full_location_token: false,
                assertion_audience: Audience::Issuer,
            },
            dva: DvaSettings::of(&nothing),
            dva2: DvaSettings::of(&nothing),
        }
    }
}

impl DvaSettings {
    /// The age from which a person can collect, in years (MedMij, Verantwoordelijkheden Zorg).
    pub(crate) const AGE_MIN: u8 = 16;

    fn of(written: &written::DvaSettings) -> Self {
        Self {
            jwt_bearer: written.jwt_bearer,
            full_location_token: written.full_location_token,
            age_min: written.age_min.unwrap_or(Self::AGE_MIN),
            subscription_days_max: written.subscription_days_max,
            vormen: Vormen {
                post_query: written.post_query.unwrap_or(Vormen::ALL.post_query),
                get_query: written.get_query.unwrap_or(Vormen::ALL.get_query),
            },
            left_open: written.left_open.clone(),
        }
    }
}

/// The level of this name, as files write it.
pub(crate) fn level(name: &str) -> Option<Loa> {
    let named = |loa: &Loa| loa.to_string().to_lowercase() == name;
    Loa::ALL.into_iter().find(named)
}
