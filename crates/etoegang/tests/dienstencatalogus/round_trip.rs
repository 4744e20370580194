//! What is written is read back as it was.

use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::uitgave::{
    Definitie, Dienstverlener, GevraagdAttribuut, Instantie, Tekst, ToegestaanKenmerk, Uitgave,
    Versie,
};
use identity::{Oin, ServiceId, ServiceUuid};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use verdict::Moment;

use crate::common::{BEHEERDER, trusted};

fn oin() -> impl Strategy<Value = Oin> {
    "[0-9]{20}".prop_map(|text| Oin::parse(&text).expect("twenty digits"))
}

fn uuid() -> impl Strategy<Value = ServiceUuid> {
    "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        .prop_map(|text| ServiceUuid::parse(&text).expect("a UUID"))
}

/// Any text that has no white space at its ends and that XML can hold.
fn text(bytes_max: usize) -> impl Strategy<Value = String> {
    let chars = vec(any::<char>(), 1..16).prop_map(String::from_iter);
    chars.prop_filter_map("a text", move |text: String| {
        let is_ok = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
        let text: String = text.chars().filter(is_ok).take(bytes_max).collect();
        let text = text.trim_matches(' ').to_owned();
        (!text.is_empty()).then_some(text)
    })
}

fn teksten(min: usize) -> impl Strategy<Value = Vec<Tekst>> {
    let tekst = ("[a-z]{2}", text(16)).prop_map(|(taal, tekst)| Tekst { taal, tekst });
    vec(tekst, min..3)
}

fn attribuut() -> impl Strategy<Value = GevraagdAttribuut> {
    (text(16), any::<bool>(), teksten(0)).prop_map(|(naam, verplicht, doelen)| GevraagdAttribuut {
        naam,
        verplicht,
        doelen,
    })
}

fn kenmerk() -> impl Strategy<Value = ToegestaanKenmerk> {
    (text(16), option::of(any::<u32>())).prop_map(|(soort, set)| ToegestaanKenmerk { soort, set })
}

fn definitie() -> impl Strategy<Value = Definitie> {
    let niveau = prop::sample::select(&Betrouwbaarheidsniveau::ALL[1..]);
    let names = (teksten(1), teksten(1), vec(text(16), 0..2));
    let asked = (vec(kenmerk(), 1..3), vec(attribuut(), 0..3));
    (uuid(), any::<bool>(), names, niveau, oin(), asked).prop_map(
        |(service_uuid, openbaar, names, niveau, herkenningsmakelaar, asked)| Definitie {
            service_uuid,
            openbaar,
            namen: names.0,
            omschrijvingen: names.1,
            niveau,
            herkenningsmakelaar,
            kenmerken: asked.0,
            beperkingen: names.2,
            attributen: asked.1,
        },
    )
}

fn instantie() -> impl Strategy<Value = (u32, Instantie)> {
    let of = (option::of(uuid()), option::of(uuid()));
    let rest = (vec(oin(), 1..3), vec(text(16), 0..3));
    (1_u32.., uuid(), of, any::<bool>(), rest).prop_map(|(index, uuid, of, openbaar, rest)| {
        let service_id = ServiceId::parse("urn:etoegang:DV:00000001234567890000:services:1");
        let instantie = Instantie {
            service_id: service_id.expect("a ServiceID"),
            service_uuid: uuid,
            definitie: of.0,
            bemiddelt: of.1,
            openbaar,
            herkenningsmakelaars: rest.0,
            classifiers: rest.1,
        };
        (index, instantie)
    })
}

fn dienstverlener() -> impl Strategy<Value = Dienstverlener> {
    let diensten = (vec(definitie(), 0..3), vec(instantie(), 0..3));
    (oin(), any::<bool>(), teksten(1), diensten).prop_map(|(oin, openbaar, namen, diensten)| {
        let own = |(index, instantie): (u32, Instantie)| Instantie {
            service_id: ServiceId::parse(&format!("urn:etoegang:DV:{oin}:services:{index}"))
                .expect("a ServiceID"),
            ..instantie
        };
        Dienstverlener {
            openbaar,
            namen,
            definities: diensten.0,
            instanties: diensten.1.into_iter().map(own).collect(),
            oin,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_is_published_is_read_back(
        dienstverleners in vec(dienstverlener(), 1..4),
        at in 0_i64..4_000_000_000,
        number in any::<u32>(),
    ) {
        let uitgave = Uitgave {
            versie: Versie::of(true, number),
            uitgegeven: Moment::from_unix(at),
            dienstverleners,
        };
        let file = uitgave.to_xml("_a1", &BEHEERDER).expect("a file");
        // etoegang.md §5.5
        prop_assert_eq!(Uitgave::read(file.as_bytes(), trusted()), Ok(uitgave));
    }
}
