//! Every page, rendered from its samples: for tests, and for whoever wants to look at them.

use super::{
    AdFout, AdInloggen, Afgemeld, Bediening, BeheerApplicatie, BeheerDomein, BeheerDomeinen,
    BeheerIdp, BeheerInloggen, BeheerLogboek, BeheerMelding, BeheerNoodrem, BeheerRol, Berichten,
    Brand, DigidDoorsturen, DigidInloggen, DigidNietGevonden, DigidTerug, DigidUitgelogd,
    DigidUitloggen, DigidVertegenwoordigen, DvMelding, DvSessie, DvStart, DvaBeeindigen, DvaFout,
    DvaGestrand, DvaLanding, DvaNietVerder, DvaStoring, DvaToestemmingen, DvaVerklaring, Eis,
    HmFout, HmKiezen, IdpFout, IdpInloggen, KoppeltaalFout, Lang, MitzFout, MitzGeannuleerd,
    MitzNietIngelogd, ModuleMelding, ModuleTaak, MrBeheer, MrFout, MrKiezen, MrMachtiging,
    MrMachtigingen, MrNieuweMachtiging, Netwerk, Origin, Overzicht, Page, PageContext,
    PgoBeeindigen, PgoDelen, PgoDelenBon, PgoKeuze, PgoMelding, PgoRechtstreeks, PgoResultaat,
    PgoStart, PgoVerbindingen, PortaalFout, PortaalOpenen, PortaalStart, RegisterFout, Reis, Shell,
    Technisch, Toestemming,
};

/// A rendered sample.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Page, number and language: `pgo_start-0-nl`.
    pub name: String,
    /// The page.
    pub page: Page,
}

/// Every sample of every page in `lang`.
pub fn samples(lang: Lang) -> Vec<Sample> {
    [
        of::<PgoStart>("pgo_start", Brand::Pgo, lang),
        of::<PgoResultaat>("pgo_resultaat", Brand::Pgo, lang),
        of::<PgoRechtstreeks>("pgo_rechtstreeks", Brand::Pgo, lang),
        of::<PgoKeuze>("pgo_keuze", Brand::Pgo, lang),
        of::<PgoDelen>("pgo_delen", Brand::Pgo, lang),
        of::<PgoDelenBon>("pgo_delen_bon", Brand::Pgo, lang),
        of::<PgoVerbindingen>("pgo_verbindingen", Brand::Pgo, lang),
        of::<PgoBeeindigen>("pgo_beeindigen", Brand::Pgo, lang),
        of::<PgoMelding>("pgo_melding", Brand::Pgo, lang),
        of::<DigidInloggen>("digid_inloggen", Brand::DigidSimulator, lang),
        of::<DigidNietGevonden>("digid_niet_gevonden", Brand::DigidSimulator, lang),
        of::<DigidUitloggen>("digid_uitloggen", Brand::DigidSimulator, lang),
        of::<DigidVertegenwoordigen>("digid_vertegenwoordigen", Brand::DigidSimulator, lang),
        of::<DigidTerug>("digid_terug", Brand::DigidSimulator, lang),
        of::<DigidUitgelogd>("digid_uitgelogd", Brand::DigidSimulator, lang),
        of::<DvaLanding>("dva_landing", Brand::Dva, lang),
        of::<DvaGestrand>("dva_gestrand", Brand::Dva, lang),
        of::<DvaVerklaring>("dva_verklaring", Brand::Dva, lang),
        of::<DvaNietVerder>("dva_niet_verder", Brand::Dva, lang),
        of::<DvaStoring>("dva_storing", Brand::Dva, lang),
        of::<DvaFout>("dva_fout", Brand::Dva, lang),
        of::<DvaToestemmingen>("dva_toestemmingen", Brand::Dva, lang),
        of::<DvaBeeindigen>("dva_beeindigen", Brand::Dva, lang),
        of::<MitzGeannuleerd>("mitz_geannuleerd", Brand::Mitz, lang),
        of::<MitzNietIngelogd>("mitz_niet_ingelogd", Brand::Mitz, lang),
        of::<DigidDoorsturen>("digid_doorsturen", Brand::Mitz, lang),
        of::<MitzFout>("mitz_fout", Brand::Mitz, lang),
        of::<Toestemming>("toestemming", Brand::Toestemmingen, lang),
        of::<Overzicht>("overzicht", Brand::Toestemmingen, lang),
        of::<RegisterFout>("register_fout", Brand::Toestemmingen, lang),
        of::<Afgemeld>("register_afgemeld", Brand::Toestemmingen, lang),
        of::<KoppeltaalFout>("koppeltaal_fout", Brand::Koppeltaal, lang),
        of::<BeheerInloggen>("beheer_inloggen", Brand::Koppeltaal, lang),
        of::<BeheerDomeinen>("beheer_domeinen", Brand::Koppeltaal, lang),
        of::<BeheerDomein>("beheer_domein", Brand::Koppeltaal, lang),
        of::<BeheerApplicatie>("beheer_applicatie", Brand::Koppeltaal, lang),
        of::<BeheerRol>("beheer_rol", Brand::Koppeltaal, lang),
        of::<BeheerIdp>("beheer_idp", Brand::Koppeltaal, lang),
        of::<BeheerNoodrem>("beheer_noodrem", Brand::Koppeltaal, lang),
        of::<BeheerLogboek>("beheer_logboek", Brand::Koppeltaal, lang),
        of::<BeheerMelding>("beheer_melding", Brand::Koppeltaal, lang),
        of::<IdpInloggen>("idp_inloggen", Brand::Idp, lang),
        of::<IdpFout>("idp_fout", Brand::Idp, lang),
        of::<PortaalStart>("portaal_start", Brand::Portaal, lang),
        of::<PortaalOpenen>("portaal_openen", Brand::Portaal, lang),
        of::<PortaalFout>("portaal_fout", Brand::Portaal, lang),
        of::<ModuleTaak>("module_taak", Brand::Module, lang),
        of::<ModuleMelding>("module_melding", Brand::Module, lang),
        of_etoegang(lang),
        of::<Netwerk>("netwerk", Brand::Netwerk, lang),
        of::<Bediening>("bediening", Brand::Netwerk, lang),
        of::<Reis>("reis", Brand::Netwerk, lang),
        of::<Berichten>("berichten", Brand::Netwerk, lang),
        of::<Eis>("eis", Brand::Netwerk, lang),
        of::<Technisch>("technisch", Brand::Pgo, lang),
    ]
    .concat()
}

fn of_etoegang(lang: Lang) -> Vec<Sample> {
    [
        of::<HmKiezen>("hm_kiezen", Brand::Hm, lang),
        of::<HmFout>("hm_fout", Brand::Hm, lang),
        of::<AdInloggen>("ad_inloggen", Brand::Ad, lang),
        of::<AdFout>("ad_fout", Brand::Ad, lang),
        of::<MrKiezen>("mr_kiezen", Brand::Mr, lang),
        of::<MrFout>("mr_fout", Brand::Mr, lang),
        of::<MrBeheer>("mr_beheer", Brand::Mr, lang),
        of::<MrMachtigingen>("mr_machtigingen", Brand::Mr, lang),
        of::<MrMachtiging>("mr_machtiging", Brand::Mr, lang),
        of::<MrNieuweMachtiging>("mr_nieuwe_machtiging", Brand::Mr, lang),
        of::<DvStart>("dv_start", Brand::Dv, lang),
        of::<DvSessie>("dv_sessie", Brand::Dv, lang),
        of::<DvMelding>("dv_melding", Brand::Dv, lang),
    ]
    .concat()
}

fn of<C: PageContext>(name: &str, party: Brand, lang: Lang) -> Vec<Sample> {
    let trace = String::from("6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c01");
    let mut shell = Shell::new(lang, party, trace, String::from("/hier?aanvraag=1&stap=2"));
    shell.form_action = Origin::of("https://pgo.localhost:8443/terug")
        .into_iter()
        .collect();
    let sample = |(number, context): (usize, C)| Sample {
        name: format!("{name}-{number}-{}", lang.code()),
        page: context.render(&shell),
    };
    C::samples().into_iter().enumerate().map(sample).collect()
}
