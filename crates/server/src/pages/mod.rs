//! The pages that people see: a typed context in, HTML and its content security policy out.
//!
//! Every page is a struct that implements [`PageContext`]; its fields are what the page shows, and
//! its text says to which path its forms go and under which names. What every page has in common
//! (language, party, trace id) is in [`Shell`]. The words stand in `texts/nl.ftl` and
//! `texts/en.ftl`, the HTML in `templates/`, the looks in `templates/stijl.css`.
//!
//! This module never reads a request or decides anything. It escapes whatever it is given, and every
//! page is well-formed XML as well as HTML. No page needs a script; the observer's alone have one
//! ([`LIVE_SCRIPT`]), which brings them up to date.
//!
//! Start reading at [`PageContext`], then [`PgoStart`].

mod datum;
mod diagram;
mod geheel;
mod grafiek;
mod kaarten;
mod lang;
mod melding;
mod naam;
mod plaat;
mod samples;
mod shell;
mod texts;
mod tijd;
mod waarde;

/// Gives a context its [`PageContext::render`]: the key of the text that is both title and heading,
/// and the template; or the text itself, where the title names what the page is about. Its samples are
/// a method of its own, `voorbeelden`.
macro_rules! page {
    ($context:ty, $titel:expr, $template:tt) => {
        page!($context, with |page: &$context, t: &$crate::pages::texts::Texts| {
            let titel: fn(&$context) -> &'static str = $titel;
            t.say(titel(page))
        }, $template);
    };
    ($context:ty, with $titel:expr, $template:tt) => {
        impl $crate::pages::PageContext for $context {
            fn render(&self, shell: &$crate::pages::Shell) -> $crate::pages::Page {
                #[derive(askama::Template)]
                #[template(path = $template)]
                struct View<'a> {
                    titel: String,
                    page: &'a $context,
                    shell: &'a $crate::pages::Shell,
                    t: &'static $crate::pages::texts::Texts,
                }
                let t = $crate::pages::texts::texts(shell.lang);
                let titel: fn(&$context, &$crate::pages::texts::Texts) -> String = $titel;
                let titel = titel(self, t);
                let page = self;
                $crate::pages::Page::of(
                    &View {
                        titel,
                        page,
                        shell,
                        t,
                    },
                    shell,
                )
            }

            fn samples() -> Vec<Self> {
                Self::voorbeelden()
            }
        }
    };
}

mod bediening;
mod beheer;
mod beheer_applicatie;
mod beheer_delen;
mod berichten;
mod digid;
mod dva;
mod eis;
mod etoegang;
mod idp;
mod koppeltaal;
mod launch;
mod machtiging_nieuw;
mod machtigingen;
mod mitz;
mod netwerk;
mod pgo;
mod pgo_delen;
mod pgo_rechtstreeks;
mod pgo_verbindingen;
mod reis;
mod technisch;
#[cfg(test)]
mod tests;
mod toestemmingen;
mod uitwisseling;
mod voorbeelden;

pub use self::bediening::{Bediening, BedieningPartij, Storing};
pub use self::beheer::{
    BeheerApplicatieRegel, BeheerBij, BeheerDomein, BeheerDomeinRegel, BeheerDomeinen,
    BeheerGedaan, BeheerInlogfout, BeheerInloggen, BeheerLogboek, BeheerLogboekregel,
    BeheerMelding, BeheerMeldingSoort, BeheerNoodrem, BeheerPlek,
};
pub use self::beheer_applicatie::{
    BeheerApplicatie, BeheerApplicatieVelden, BeheerGegeven, BeheerKeuze, BeheerSoort, BeheerVeld,
};
pub use self::beheer_delen::{
    BeheerIdp, BeheerIdpVelden, BeheerMatrixRij, BeheerRecht, BeheerRol, segment,
};
pub use self::berichten::Berichten;
pub use self::diagram::{Diagram, DiagramRij, DiagramStand};
pub use self::digid::{
    DigidInloggen, DigidNietGevonden, DigidTerug, DigidUitgelogd, DigidUitloggen,
    DigidVertegenwoordigen, Grond, Testpersoon, Vertegenwoordigde,
};
pub use self::dva::{
    DvaBeeindigen, DvaFout, DvaFoutSoort, DvaGestrand, DvaLanding, DvaNietVerder,
    DvaNietVerderSoort, DvaStoring, DvaToestemming, DvaToestemmingen, DvaVerklaring, DvaVoor,
    DvaWaarvoor,
};
pub use self::eis::Eis;
pub use self::etoegang::{
    AdAfwijzing, AdFout, AdInloggen, AdTestpersoon, DvDienst, DvMelding, DvMeldingSoort, DvSessie,
    DvStart, Gegeven, HmFout, HmFoutSoort, HmKeuze, HmKiezen, MrFout, MrKeuze, MrKiezen,
};
pub use self::idp::{IdpFout, IdpInloggen, IdpPersoon};
pub use self::kaarten::{
    Gebruik, Item, Kaarten, Lijst, Lijstsoort, Medicijn, Medicijnen, Meetkaart, Meting, Normaal,
};
pub use self::koppeltaal::{KoppeltaalFout, KoppeltaalFoutSoort};
pub use self::lang::Lang;
pub use self::launch::{
    ModuleMelding, ModuleMeldingSoort, ModuleTaak, PortaalFout, PortaalOpenen, PortaalStart,
    PortaalTaak, Taakstand,
};
pub use self::machtiging_nieuw::{MrDienstkeuze, MrInvulfout, MrInvulling, MrNieuweMachtiging};
pub use self::machtigingen::{
    MrBeheer, MrGedaan, MrGemachtigde, MrHandeling, MrIntrekfout, MrMachtiging, MrMachtigingen,
    MrNummer, MrPartij, MrRegel, MrStand,
};
pub use self::mitz::{
    DigidDoorsturen, Doorsturen, MitzFout, MitzFoutSoort, MitzGeannuleerd, MitzNietIngelogd,
};
pub use self::netwerk::{Host, Netwerk, ReisUitkomst, ReisVermelding};
pub use self::pgo::{
    Groep, Inhoud, PgoAanbieder, PgoMelding, PgoMeldingSoort, PgoResultaat, PgoStart,
    PgoVerbindingenStand, ResultaatAanbieder, Rij, Uitkomst,
};
pub use self::pgo_delen::{PgoDelen, PgoDelenBon};
pub use self::pgo_rechtstreeks::{
    PgoDienst, PgoIngang, PgoKeuze, PgoKiesfout, PgoRechtstreeks, PgoVoor, PgoVoorSoort,
};
pub use self::pgo_verbindingen::{
    PgoAfloop, PgoBeeindigen, PgoGedaan, PgoMoment, PgoVerbinding, PgoVerbindingSoort,
    PgoVerbindingen,
};
pub use self::reis::{Afwijzing, Gezien, Reis, Stap, StapUitkomst};
pub use self::samples::{Sample, samples};
pub use self::shell::{Brand, NotAnOrigin, Origin, Page, Shell, without_taal};
pub use self::technisch::{Technisch, TechnischSoort};
pub use self::tijd::Tijd;
pub use self::toestemmingen::{
    AanbiederKeuze, Afgemeld, BijDigid, CategorieKeuze, Overzicht, OverzichtKeuze, OverzichtPgo,
    RegisterFout, RegisterFoutSoort, Toestemming, Voor,
};
pub use self::uitwisseling::{Uitwisseling, Zijde};
pub use self::waarde::{Getal, Grens, Waarde};

/// The style sheet of every page, to be served as `/stijl.css`.
pub const STYLESHEET: &str = concat!(
    include_str!("../../templates/stijl.css"),
    include_str!("../../templates/diagram.css"),
    include_str!("../../templates/netwerk.css"),
    include_str!("../../templates/beheer.css"),
);

/// The one script: it brings the observer's pages up to date, and no other party's pages may run it.
/// To be served as `/live.js`.
pub const LIVE_SCRIPT: &str = include_str!("../../templates/live.js");

/// A page: what it shows, and how that looks.
///
/// To add one: a struct with `voorbeelden`, a template that extends `basis.html`, its texts in both
/// languages, a `page!` line, and a line in `samples.rs`. The tests then find it.
pub trait PageContext: Sized {
    /// The finished page. The same context and shell always give the same bytes.
    fn render(&self, shell: &Shell) -> Page;

    /// Contexts that between them show everything this page can show: every variant, every empty
    /// list. Tests render them all.
    fn samples() -> Vec<Self>;
}
