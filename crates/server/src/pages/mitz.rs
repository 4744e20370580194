//! The pages of Mitz's authorization server: what a person sees when the login did not succeed, or
//! when the request cannot be answered with a redirect.

use saml::authn_request::PostForm;

use super::melding::Melding;
use super::{Page, PageContext, Shell};

/// The person broke the login off: offers to log in after all, or to stop (Annuleringspagina,
/// core.usrint.101).
///
/// Forms: POST `/opnieuw` and POST `/stoppen`, each with `aanvraag` and `formulier`.
#[derive(Clone, Debug)]
pub struct MitzGeannuleerd {
    /// The name of the PGO that asks.
    pub pgo: String,
    /// Which authorization request.
    pub aanvraag: String,
    /// The token that binds the forms to it.
    pub formulier: String,
}

page!(
    MitzGeannuleerd,
    |_| "mitz-geannuleerd",
    "mitz_geannuleerd.html"
);

/// It could not be established who the person is: the request is not granted (MedMij,
/// Authenticeren 1).
///
/// Forms: POST `/stoppen`, and POST `/opnieuw` when `onbereikbaar`, each with `aanvraag` and
/// `formulier`.
#[derive(Clone, Debug)]
pub struct MitzNietIngelogd {
    /// The name of the PGO that asks.
    pub pgo: String,
    /// Which authorization request.
    pub aanvraag: String,
    /// The token that binds the forms to it.
    pub formulier: String,
    /// Whether it was because DigiD gives no answer now.
    pub onbereikbaar: bool,
}

page!(
    MitzNietIngelogd,
    MitzNietIngelogd::key,
    "mitz_niet_ingelogd.html"
);

/// A request that must not or cannot be answered with a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MitzFout {
    /// Why.
    pub soort: MitzFoutSoort,
}

/// See [`MitzFout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MitzFoutSoort {
    /// No such client (RFC 6749 §4.1.2.1).
    OnbekendeClient,
    /// The client is known, the address to return to is not (RFC 6749 §4.1.2.1).
    OnbekendeRedirectUri,
    /// The request cannot be read.
    OngeldigVerzoek,
    /// The question was answered before.
    AlBeantwoord,
    /// The person took too long.
    Verlopen,
    /// The person stopped.
    Gestopt,
    /// Something failed here.
    Storing,
}

impl MitzFoutSoort {
    const ALL: [Self; 7] = [
        Self::OnbekendeClient,
        Self::OnbekendeRedirectUri,
        Self::OngeldigVerzoek,
        Self::AlBeantwoord,
        Self::Verlopen,
        Self::Gestopt,
        Self::Storing,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::OnbekendeClient => "mitz-onbekende-client",
            Self::OnbekendeRedirectUri => "mitz-onbekende-redirect-uri",
            Self::OngeldigVerzoek => "mitz-ongeldig-verzoek",
            Self::AlBeantwoord => "mitz-al-beantwoord",
            Self::Verlopen => "mitz-verlopen",
            Self::Gestopt => "mitz-gestopt",
            Self::Storing => "storing",
        }
    }
}

impl PageContext for MitzFout {
    fn render(&self, shell: &Shell) -> Page {
        let (key, link) = (self.soort.key(), None);
        Melding { key, link }.render(shell)
    }

    fn samples() -> Vec<Self> {
        MitzFoutSoort::ALL.map(|soort| Self { soort }).to_vec()
    }
}

/// On the way to DigiD with a message that goes by POST (digid.md §2.2, 2.7): no script sends the
/// form, so the person does.
#[derive(Clone, Debug)]
pub struct DigidDoorsturen {
    /// What DigiD is asked.
    pub waarvoor: Doorsturen,
    /// DigiD's address.
    pub action: String,
    /// The message, base64.
    pub saml_request: String,
    /// Comes back with the answer.
    pub relay_state: String,
}

/// See [`DigidDoorsturen`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doorsturen {
    /// To log in.
    Inloggen,
    /// To log out there too.
    Uitloggen,
}

impl Doorsturen {
    const fn titel(self) -> &'static str {
        match self {
            Self::Inloggen => "digid-doorsturen",
            Self::Uitloggen => "digid-doorsturen-uitloggen",
        }
    }

    const fn uitleg(self) -> &'static str {
        match self {
            Self::Inloggen => "digid-doorsturen-uitleg",
            Self::Uitloggen => "digid-doorsturen-uitloggen-uitleg",
        }
    }
}

page!(
    DigidDoorsturen,
    |page| page.waarvoor.titel(),
    "digid_doorsturen.html"
);

impl DigidDoorsturen {
    /// The page that carries this form.
    pub fn new(waarvoor: Doorsturen, form: PostForm) -> Self {
        Self {
            waarvoor,
            action: form.action,
            saml_request: form.saml_request,
            relay_state: form.relay_state.unwrap_or_default(),
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let of = |waarvoor| {
            let form = PostForm {
                action: String::from("https://digid.example/request_authentication"),
                saml_request: String::from("PHNhbWxwOkF1dGhuUmVxdWVzdC8+"),
                relay_state: Some(String::from("r-1")),
            };
            Self::new(waarvoor, form)
        };
        vec![of(Doorsturen::Inloggen), of(Doorsturen::Uitloggen)]
    }
}

impl MitzGeannuleerd {
    fn voorbeelden() -> Vec<Self> {
        vec![Self {
            pgo: String::from("De Proef-PGO"),
            aanvraag: String::from("a-1"),
            formulier: String::from("f-123"),
        }]
    }
}

impl MitzNietIngelogd {
    fn key(&self) -> &'static str {
        if self.onbereikbaar {
            "mitz-digid-onbereikbaar"
        } else {
            "mitz-niet-ingelogd"
        }
    }

    fn voorbeelden() -> Vec<Self> {
        let sample = |onbereikbaar| Self {
            pgo: String::from("De Proef-PGO"),
            aanvraag: String::from("a-1"),
            formulier: String::from("f-123"),
            onbereikbaar,
        };
        [false, true].map(sample).to_vec()
    }
}
