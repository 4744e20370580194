//! Cases 49, 92 and 93.

use etoegang::attribuut::Attribuutnaam;
use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use etoegang::dienstencatalogus::Dienstattribuut;
use etoegang::dienstencatalogus::geldend::{Geldend, Geweigerd, Keuring, OUDST_S};
use etoegang::dienstencatalogus::reading::CatalogusFout;
use etoegang::dienstencatalogus::uitgave::{Uitgave, Versie};
use identity::ServiceUuid;
use saml::reader::Unreadable;
use saml::signature::SignatureFault;
use verdict::Moment;

use crate::common::{ANDER, EXAMPLE, NOW, keuring, signed, signed_by, trusted, with};

const SERVICE: &str = "urn:etoegang:DV:00000001234567890000:services:1";
const VERSION: &str = "service-catalogue:T:7";
const ISSUED: &str = "2026-11-22T10:00:00Z";

fn in_force() -> Geldend {
    Geldend::read(signed(EXAMPLE).as_bytes(), keuring()).expect("the example")
}

fn refused(xml: &str) -> Geweigerd {
    let held = in_force();
    let refused = held.opvolger(signed(xml).as_bytes(), keuring());
    // etoegang case 92
    assert_eq!(held, in_force(), "what was in force is as it was");
    refused.expect_err("refused")
}

fn schema(changes: &[(&str, &str)]) -> &'static str {
    match refused(&with(changes)) {
        Geweigerd::Fout(CatalogusFout::Schema(part)) => part,
        _ => "another fault",
    }
}

#[test]
fn a_service_has_the_level_and_the_attributes_of_its_definition() {
    let geldend = in_force();
    let dienst = geldend.catalogus().van_scope(SERVICE).expect("a service");
    // etoegang.md §5.5
    assert_eq!(dienst.niveau, Betrouwbaarheidsniveau::Loa3);
    let makelaars: Vec<_> = dienst
        .herkenningsmakelaars
        .iter()
        .map(identity::Oin::as_str)
        .collect();
    assert_eq!(makelaars, ["00000003273226310000", "00000003273226320000"]);
    assert_eq!(dienst.classifiers, ["native-app"]);
    let attribute = "urn:etoegang:1.11:attribute-represented:CompanyName";
    let naam = Attribuutnaam::parse(attribute).expect("a name");
    let verplicht = true;
    assert_eq!(dienst.attributen, [Dienstattribuut { naam, verplicht }]);
    let uuid = ServiceUuid::parse("2c9d1c2e-1d0a-4d6b-8f5e-000000000001").expect("a UUID");
    assert_eq!(geldend.uitgave().naam(&uuid, "en"), Some("Trial return"));
    assert_eq!(geldend.uitgave().naam(&uuid, "fy"), Some("Proefaangifte"));
}

#[test]
fn an_attribute_that_a_definition_names_twice_is_asked_for_once_and_required_if_either_is() {
    let twice = "</esc:RequestedAttribute><esc:RequestedAttribute \
                 Name=\"urn:etoegang:1.11:attribute-represented:CompanyName\">\
                 <esc:PurposeStatement xml:lang=\"nl\">Nog eens.</esc:PurposeStatement>\
                 </esc:RequestedAttribute>";
    let xml = with(&[("</esc:RequestedAttribute>", twice)]);
    let read = Geldend::read(signed(&xml).as_bytes(), keuring()).expect("a catalogue");
    let dienst = read.catalogus().van_scope(SERVICE).expect("a service");
    // etoegang.md §5.5
    assert_eq!(
        dienst.attributen,
        in_force()
            .catalogus()
            .van_scope(SERVICE)
            .expect("one")
            .attributen
    );
}

#[test]
fn etoegang_case_049_a_service_without_its_definition_or_of_another_is_not_there() {
    let second = "urn:etoegang:DV:00000001234567890000:services:2";
    // etoegang case 49: its definition is not in the file
    assert_eq!(in_force().catalogus().van_scope(second), None);
    let of = "<esc:InstanceOfService>2c9d1c2e-1d0a-4d6b-8f5e-0000000000a1</esc:InstanceOfService>";
    let through = of.replace("InstanceOfService", "IntermediatedService");
    let xml = with(&[(of, &format!("{of}{through}"))]);
    let geldend = Geldend::read(signed(&xml).as_bytes(), keuring()).expect("readable");
    assert_eq!(geldend.catalogus().van_scope(SERVICE), None);
}

#[test]
fn etoegang_case_092_a_broken_signature_refuses_the_whole_file_and_the_previous_one_stays() {
    let held = in_force();
    let newer = with(&[(VERSION, "service-catalogue:T:8")]);
    let refused = |file: &str| held.opvolger(file.as_bytes(), keuring());
    let unsigned = |fault| Err(Geweigerd::Fout(CatalogusFout::Handtekening(fault)));
    // etoegang case 92
    let changed = signed(&newer).replace("assurance-class:loa3", "assurance-class:loa2");
    assert_eq!(refused(&changed), unsigned(SignatureFault::Digest));
    assert_eq!(
        refused(&signed_by(&ANDER, &newer)),
        unsigned(SignatureFault::Value)
    );
    assert_eq!(refused(newer.trim()), unsigned(SignatureFault::Missing));
    let twice = signed(&signed(&newer));
    assert_eq!(refused(&twice), unsigned(SignatureFault::Repeated));
    let service = held.catalogus().van_scope(SERVICE).expect("as before");
    assert_eq!(service.niveau, Betrouwbaarheidsniveau::Loa3);
    let followed = held.opvolger(signed(&newer).as_bytes(), keuring());
    let followed = followed.expect("a good signature").expect("a newer one");
    assert_eq!(followed.uitgave().versie, Versie::of(false, 8));
}

#[test]
fn etoegang_case_092_a_forged_catalogue_around_the_signed_one_is_refused() {
    let forged = with(&[(VERSION, "service-catalogue:T:8"), ("_voorbeeld", "_vals")]);
    let signed = signed(EXAMPLE);
    let signature = {
        let (from, to) = ("<ds:Signature ", "</ds:Signature>");
        let (start, end) = (signed.find(from), signed.find(to));
        &signed[start.expect("signed")..end.expect("signed") + to.len()]
    };
    let first = "<esc:ServiceProvider ";
    let put = |inside: &str| forged.replacen(first, &format!("{inside}{first}"), 1);
    let own_id = |xml: &str| xml.replace("\"_vals\"", "\"_voorbeeld\"");
    // etoegang case 92
    for forged in [
        put(&signed),
        put(&[signature, &signed].concat()),
        put(signature),
        own_id(&put(signature)),
        own_id(&put(&signed)),
    ] {
        let refused = in_force().opvolger(forged.trim().as_bytes(), keuring());
        assert!(matches!(refused, Err(Geweigerd::Fout(_))), "{refused:?}");
    }
}

#[test]
fn etoegang_case_092_an_older_catalogue_does_not_come_back() {
    // etoegang case 92
    assert_eq!(
        refused(&with(&[(VERSION, "service-catalogue:T:6")])),
        Geweigerd::Ouder
    );
    assert_eq!(
        refused(&with(&[(ISSUED, "2026-11-22T09:59:59Z")])),
        Geweigerd::Ouder
    );
    let other_series = [(VERSION, "53"), (ISSUED, "2026-11-22T09:59:59Z")];
    assert_eq!(refused(&with(&other_series)), Geweigerd::Ouder);
    assert_eq!(
        refused(&with(&[("De Proefdienst", "De Dienst")])),
        Geweigerd::Anders
    );
    assert_eq!(
        in_force().opvolger(signed(EXAMPLE).as_bytes(), keuring()),
        Ok(None)
    );
    // etoegang.md §8, C15
    let other_series = with(&[(VERSION, "53"), (ISSUED, "2026-11-22T10:00:01Z")]);
    let next = in_force().opvolger(signed(&other_series).as_bytes(), keuring());
    assert!(next.expect("a later moment").is_some());
}

#[test]
fn a_catalogue_that_a_fast_clock_took_too_early_is_followed_by_one_of_now() {
    let tomorrow = NOW.plus_s(86_400);
    let ahead = Keuring {
        now: tomorrow,
        ..keuring()
    };
    let issued = |at: &str, number: &str| {
        signed(&with(&[
            (ISSUED, at),
            (VERSION, &format!("service-catalogue:T:{number}")),
        ]))
    };
    let held = Geldend::read(issued("2026-11-23T10:00:00Z", "8").as_bytes(), ahead);
    let held = held.expect("of tomorrow");
    let next = issued("2026-11-22T10:30:00Z", "9");
    assert_eq!(
        held.opvolger(next.as_bytes(), ahead),
        Err(Geweigerd::Ouder),
        "while the clock is still ahead"
    );
    let taken = held.opvolger(next.as_bytes(), keuring()).expect("taken");
    assert!(taken.is_some());
    let lower = issued("2026-11-22T10:30:00Z", "7");
    let refused = held.opvolger(lower.as_bytes(), keuring());
    assert_eq!(refused, Err(Geweigerd::Ouder), "its number still counts");
}

#[test]
fn a_catalogue_is_taken_for_ninety_days_and_not_before_it_was_issued() {
    let issued = NOW.minus_s(3600);
    let at = |now: Moment, oudst_s| {
        let keuring = Keuring {
            now,
            oudst_s,
            ..keuring()
        };
        Geldend::read(signed(EXAMPLE).as_bytes(), keuring).map(|_| ())
    };
    // etoegang.md §5.5
    assert_eq!(at(issued.plus_s(OUDST_S - 1), Some(OUDST_S)), Ok(()));
    assert_eq!(
        at(issued.plus_s(OUDST_S), Some(OUDST_S)),
        Err(Geweigerd::Verlopen)
    );
    assert_eq!(at(issued.plus_s(OUDST_S), None), Ok(()));
    assert!(in_force().is_verouderd(issued.plus_s(OUDST_S), OUDST_S));
    assert!(!in_force().is_verouderd(NOW, OUDST_S));
    assert_eq!(at(issued.minus_s(300), None), Ok(()));
    assert_eq!(at(issued.minus_s(301), None), Err(Geweigerd::Toekomst));
}

#[test]
fn etoegang_case_093_an_oin_of_nineteen_digits_is_an_error_of_the_schema() {
    // etoegang case 93
    let provider = ("ID>00000001234567890000", "ID>0000000123456789000");
    assert_eq!(schema(&[provider]), "ServiceProviderID");
    let hm = (
        "makelaarId>00000003273226310000",
        "makelaarId>0000000327322631000",
    );
    assert_eq!(schema(&[hm]), "HerkenningsmakelaarId");
    let other = ("00000003273226320000", "0000000327322632000");
    assert_eq!(schema(&[other]), "AdditionalHerkenningsmakelaarId");
    let service = ("DV:00000001234567890000", "DV:0000000123456789000");
    assert_eq!(schema(&[service]), "ServiceID");
}

#[test]
fn etoegang_case_093_what_is_not_of_the_schema_refuses_the_file_by_the_parts_name() {
    // etoegang case 93
    let foreign = ("DV:00000001234567890000", "DV:00000001234567890001");
    assert_eq!(schema(&[foreign]), "ServiceID");
    assert_eq!(
        schema(&[("class:loa3", "class:loa1")]),
        "AuthnContextClassRef"
    );
    assert_eq!(schema(&[("esc:IsPublic=\"false\"", "")]), "IsPublic");
    assert_eq!(
        schema(&[("isRequired=\"true\"", "isRequired=\"ja\"")]),
        "isRequired"
    );
    assert_eq!(
        schema(&[("setNumber=\"1\"", "setNumber=\"-1\"")]),
        "setNumber"
    );
    assert_eq!(schema(&[("Trial return", &"x".repeat(65))]), "ServiceName");
    assert_eq!(
        schema(&[("Aangifte op proef.", &"x".repeat(1025))]),
        "ServiceDescription"
    );
    assert_eq!(schema(&[("2C9D1C2E-", "2C9D1C2E")]), "ServiceUUID");
    assert_eq!(schema(&[(ISSUED, "vandaag")]), "IssueInstant");
    assert_eq!(
        schema(&[("urn:etoegang:1.13:service-catalogue:T:7", "7")]),
        "Version"
    );
    assert_eq!(
        schema(&[("1.13:service-catalog\"", "1.11:service-catalog\"")]),
        "ServiceCatalogue"
    );
    let twice = with(&[
        ("services:2", "services:1"),
        ("0000000000ff", "0000000000a1"),
    ]);
    assert_eq!(refused(&twice), Geweigerd::Dubbel);
}

#[test]
fn a_file_beyond_the_bounds_is_not_read() {
    let read = |xml: &str| Uitgave::read(xml.as_bytes(), trusted());
    let refused = |why| Err(CatalogusFout::Onleesbaar(why));
    let deep = with(&[(
        "De Proefdienst",
        &format!("{}x{}", "<a>".repeat(20), "</a>".repeat(20)),
    )]);
    assert_eq!(read(&deep), refused(Unreadable::Malformed));
    let wide: Vec<_> = (0..70).map(|n| format!(" a{n}=\"\"")).collect();
    let wide = wide.concat();
    let wide = with(&[(" esc:IsPublic=\"false\"", &wide)]);
    assert_eq!(read(&wide), refused(Unreadable::TooMany));
    assert_eq!(read(&"<a>".repeat(1_000_001)), refused(Unreadable::TooMany));
    assert_eq!(
        read(&" ".repeat(16 * 1024 * 1024 + 1)),
        refused(Unreadable::TooLarge)
    );
    let entity = format!("<!DOCTYPE a>{EXAMPLE}");
    assert_eq!(read(&entity), refused(Unreadable::Doctype));
}
