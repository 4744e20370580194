//! The lists as they are published, read and printed.

use std::path::PathBuf;

use identity::{GegevensdienstId, Hostname, Ura, Zorgaanbiedernaam};
use proptest::prelude::*;

use super::*;

const ZAL: &str = include_str!("../../tests/documents/Zorgaanbiederslijst-release3.xml");

const ZAKL: &str = include_str!("../../tests/documents/Zorgaanbiederskoppellijst-release1.xml");

const OCL: &str = include_str!("../../tests/documents/OAuthclientlist-release2-erkend.xml");

const GNL: &str = include_str!("../../tests/documents/Gegevensdienstnamenlijst-release1.xml");

const WHITELIST: &str = include_str!("../../tests/documents/Whitelist-release2.xml");

const RULES: ZalRules = ZalRules {
    release: ZalRelease::Release3,
    frontchannel_port: FrontchannelPort::Forbidden,
};

fn parse_zal(text: &str) -> Result<Zal, BadList> {
    Zal::parse(text.as_bytes(), RULES)
}

fn zal() -> Zal {
    parse_zal(ZAL).expect("list")
}

fn zakl() -> Zakl {
    Zakl::parse(ZAKL.as_bytes()).expect("list")
}

fn ura(text: &str) -> Ura {
    text.parse().expect("ura")
}

fn naam(text: &str) -> Zorgaanbiedernaam {
    text.parse().expect("name")
}

fn host(text: &str) -> Hostname {
    text.parse().expect("host")
}

fn id(text: &str) -> GegevensdienstId {
    text.parse().expect("id")
}

#[test]
fn a_zal_says_where_a_data_service_stands() {
    let zal = zal();
    assert_eq!(zal.uitgave().volgnummer.number(), 7);
    assert_eq!(
        zal.uitgave().tijdstempel.to_string(),
        "2026-01-02T03:04:05Z"
    );
    let entry = zal.entry(&naam("ziekenhuisnoord@medmij")).expect("entry");
    assert_eq!(
        entry.aanbiedertype.as_ref().map(Aanbiedertype::as_str),
        Some("ZA")
    );
    let versie = "2.2.0".parse().expect("version");
    let dienst = entry.gegevensdienst(&versie, &id("51")).expect("service");
    assert_eq!(
        dienst.token_endpoint.as_str(),
        "https://dva-back.test:8443/oauth/token"
    );
    assert_eq!(dienst.authorization_endpoint.hostname(), &host("dva.test"));
    let abonneren = dienst.abonneren.as_ref().expect("subscriptions");
    assert_eq!(abonneren.maximale_duur_days, 90);
    let [rol] = &dienst.systeemrollen[..] else {
        panic!("one role");
    };
    assert_eq!(rol.resource_endpoint.as_str(), "https://dva-back.test/fhir");
    assert_eq!(entry.gegevensdienst(&versie, &id("52")), None);
    let other = "1.4.0".parse().expect("version");
    assert_eq!(entry.gegevensdienst(&other, &id("51")), None);
    assert_eq!(zal.entry(&naam("onbekend@medmij")), None);
}

#[test]
fn the_other_lists_answer_their_questions() {
    let ocl = Ocl::parse(OCL.as_bytes()).expect("list");
    let client = ocl
        .client(&host("medmij.deenigeechtepgo.nl"))
        .expect("client");
    // core.ocl.300
    assert_eq!(client.organisatienaam.as_str(), "De Enige Echte PGO");
    assert!(client.is_recognised(&id("52")) && !client.is_recognised(&id("53")));
    let other = ocl.client(&host("pgo.test")).expect("client");
    assert!(other.is_recognised(&id("53")), "the list does not say");
    assert_eq!(ocl.client(&host("deenigeechtepgo.nl")), None);
    let gnl = Gnl::parse(GNL.as_bytes()).expect("list");
    let weergavenaam = gnl.weergavenaam(&id("51")).map(Weergavenaam::as_str);
    assert_eq!(weergavenaam, Some("Basisgegevens Zorg"));
    assert_eq!(gnl.weergavenaam(&id("5")), None);
    let whitelist = Whitelist::parse(WHITELIST.as_bytes()).expect("list");
    assert!(whitelist.contains(&host("dva-back.test")));
    // core.whl.306: a name counts as a whole.
    assert!(!whitelist.contains(&host("back.test")));
    assert!(!whitelist.contains(&host("a.dva-back.test")));
    let zakl = zakl();
    assert_eq!(
        zakl.names_of(&ura("00000659")),
        [naam("ziekenhuisnoord@medmij")]
    );
    assert_eq!(zakl.koppelingen()[1].kenmerken.len(), 2);
}

#[test]
fn every_list_reads_back_what_it_prints() {
    let printed = zal().to_xml();
    assert_eq!(parse_zal(&printed), Ok(zal()));
    assert!(printed.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Zorgaanbiederslijst xmlns=\"xmlns:"
    ));
    // medmij.md §1.2
    assert!(
        printed.contains("\n  <Zorgaanbieder>\n"),
        "one element per line"
    );
    let printed = zakl().to_xml();
    assert!(printed.contains("Basisgegevens &amp; meer"));
    assert_eq!(Zakl::parse(printed.as_bytes()), Ok(zakl()));
    let ocl = Ocl::parse(OCL.as_bytes()).expect("list");
    assert_eq!(Ocl::parse(ocl.to_xml().as_bytes()), Ok(ocl));
    let gnl = Gnl::parse(GNL.as_bytes()).expect("list");
    assert_eq!(Gnl::parse(gnl.to_xml().as_bytes()), Ok(gnl));
    let whitelist = Whitelist::parse(WHITELIST.as_bytes()).expect("list");
    assert_eq!(
        Whitelist::parse(whitelist.to_xml().as_bytes()),
        Ok(whitelist)
    );
}

#[test]
fn a_list_made_from_entries_is_the_list_read() {
    let zal = zal();
    let entries = zal.entries().iter().rev().cloned().collect();
    assert_eq!(
        Zal::new(zal.uitgave(), ZalRelease::Release3, entries),
        Ok(zal.clone())
    );
    let twice = vec![
        zal.entries()[0].clone(),
        zal.entries()[1].clone(),
        zal.entries()[0].clone(),
    ];
    assert_eq!(
        Zal::new(zal.uitgave(), ZalRelease::Release3, twice),
        Err(Twice(2))
    );
}

#[test]
fn release_2_of_the_zal_has_services_for_every_interface_release() {
    let old = ZAL
        .replace("release3", "release2")
        .replace("   <Aanbiedertype>ZA</Aanbiedertype>\n", "");
    let without = |text: &str, names: [&str; 3]| {
        let keep = |line: &&str| !names.iter().any(|name| line.contains(&format!("{name}>")));
        text.lines().filter(keep).collect::<Vec<_>>().join("\n")
    };
    let old = without(
        &old,
        ["Interfaceversies", "Interfaceversie", "InterfaceversieId"],
    );
    let old = without(
        &old,
        ["Abonneren", "MaximaleDuur", "SubscriptionEndpointuri"],
    );
    let rules = ZalRules {
        release: ZalRelease::Release2,
        ..RULES
    };
    let zal = Zal::parse(old.as_bytes(), rules).expect("list");
    let entry = zal.entry(&naam("huisartszuid@medmij")).expect("entry");
    for versie in ["1.1.0", "2.2.0"] {
        let versie = versie.parse().expect("version");
        assert!(entry.gegevensdienst(&versie, &id("51")).is_some());
    }
    assert_eq!(Zal::parse(zal.to_xml().as_bytes(), rules), Ok(zal));
    let document = Document::parse(old.as_bytes(), FrontchannelPort::Forbidden);
    let document = document.expect("any release that there is");
    assert_eq!((document.soort(), document.release()), (Soort::Zal, 2));
}

#[test]
fn medmij_case_104_a_release_2_zal_is_not_taken_by_a_reader_of_release_3() {
    let old = ZAL.replace("/release3/", "/release2/");
    let bad = parse_zal(&old).expect_err("refused");
    assert_eq!((bad.line, bad.column, bad.why), (3, 1, Why::Release));
    assert_eq!(bad.requirement, "core.alst.202");
}

#[test]
fn medmij_case_078_two_providers_of_one_name_are_refused() {
    let twice = ZAL.replacen("huisartszuid@", "ziekenhuisnoord@", 1);
    let bad = parse_zal(&twice).expect_err("refused");
    assert_eq!((bad.line, bad.why), (43, Why::Twice("Zorgaanbiedernaam")));
    let path = "Zorgaanbiederslijst/Zorgaanbieders/Zorgaanbieder[2]/Zorgaanbiedernaam";
    assert_eq!(&*bad.path, path);
}

#[test]
fn mitz_case_032_a_ura_without_name_is_skipped_and_others_proceed() {
    let (zal, zakl) = (zal(), zakl());
    assert_eq!(resolve(&ura("99999999"), &zakl, &zal), []);
    let [Resolution::Discover { entry, endpoint }] = resolve(&ura("00000659"), &zakl, &zal)[..]
    else {
        panic!("one name with a discovery server");
    };
    // seed 000 step 20; mitz.md §4.2
    assert_eq!(entry.naam, naam("ziekenhuisnoord@medmij"));
    // seed 000 step 21: whom to ask.
    assert_eq!(endpoint.as_str(), "https://discovery.test");
    let [Resolution::Direct { entry }] = resolve(&ura("00000666"), &zakl, &zal)[..] else {
        panic!("one name without a discovery server");
    };
    assert_eq!(entry.naam, naam("huisartszuid@medmij"));
}

#[test]
fn a_provider_with_several_names_gives_one_resolution_for_each() {
    let both = ZAKL.replace("00000666", "00000659");
    let zakl = Zakl::parse(both.as_bytes()).expect("list");
    let only = ZAL.replace("huisartszuid@", "huisartsoost@");
    let zal = parse_zal(&only).expect("list");
    let found = resolve(&ura("00000659"), &zakl, &zal);
    assert_eq!(found.len(), 2);
    let missing = naam("huisartszuid@medmij");
    // mitz.md §2.9
    assert_eq!(found[0], Resolution::NotInZal { naam: &missing });
    assert!(matches!(found[1], Resolution::Discover { .. }));
    assert_eq!(resolve(&ura("00000666"), &zakl, &zal), []);
}

#[test]
fn a_list_that_breaks_its_schema_is_refused_with_the_line() {
    let refusal = |from: &str, to: &str| {
        assert!(ZAL.contains(from), "{from}");
        let bad = parse_zal(&ZAL.replacen(from, to, 1)).expect_err(to);
        (bad.line, bad.why)
    };
    // core.alst.202
    let dienst = "<GegevensdienstId>51</GegevensdienstId>";
    assert_eq!(refusal(dienst, ""), (17, Why::Expected("GegevensdienstId")));
    let more = format!("{dienst}<Meer/>");
    assert_eq!(
        refusal(dienst, &more),
        (16, Why::Expected("AuthorizationEndpoint"))
    );
    assert_eq!(
        refusal(">51<", ">5 1<"),
        (16, Why::Value("GegevensdienstId"))
    );
    assert_eq!(refusal(">51<", "><b>51</b><"), (16, Why::Unexpected));
    assert_eq!(
        refusal(dienst, &format!("x{dienst}")),
        (15, Why::Unexpected)
    );
    assert_eq!(
        refusal("<Zorgaanbieders>", "<Zorgaanbieders a=\"1\">").1,
        Why::Unexpected
    );
    assert_eq!(refusal(">7<", ">0<"), (6, Why::Value("Volgnummer")));
    assert_eq!(refusal("05Z<", "05<"), (5, Why::Value("Tijdstempel")));
    assert_eq!(refusal(">90<", ">+90<"), (24, Why::Value("MaximaleDuur")));
    // medmij.md case 79
    let port = refusal("//dva.test/", "//dva.test:8443/");
    assert_eq!(port, (18, Why::Value("AuthorizationEndpointuri")));
    let discovery = refusal("DiscoveryEndpointuri>https", "x>https");
    assert_eq!(discovery, (40, Why::Expected("DiscoveryEndpointuri")));
    let foreign = refusal("discovery:release1", "discovery:release2");
    assert_eq!(foreign.1, Why::Unexpected);
    assert_eq!(refusal("/release3/", "/release4/"), (3, Why::Release));
    assert_eq!(refusal("</Zorgaanbiederslijst>", "").1, Why::NotXml);
    assert_eq!(
        refusal("</Zorgaanbiederslijst>", "</Zorgaanbiederslijst><a/>").1,
        Why::NotXml
    );
}

#[test]
fn a_list_of_clients_or_names_that_breaks_its_schema_is_refused() {
    let ocl = |from: &str, to: &str| {
        let bad = Ocl::parse(OCL.replacen(from, to, 1).as_bytes());
        bad.map_err(|bad| bad.why).expect_err(to)
    };
    // core.ocl.202
    assert_eq!(ocl("deenigeechtepgo.nl", "De PGO"), Why::Value("Hostname"));
    let naam = Why::Value("OAuthclientOrganisatienaam");
    assert_eq!(ocl("De Enige Echte PGO", "PG"), naam);
    assert_eq!(ocl("release2", "release1"), Why::Release);
    assert_eq!(ocl(">51<", ">52<"), Why::Twice("GegevensdienstId"));
    let element = |id: u16| ["<GegevensdienstId>", &id.to_string(), "</GegevensdienstId>"].concat();
    let more: String = (1000..1499).map(element).collect();
    let too_many = format!("{more}<GegevensdienstId>51<");
    assert_eq!(
        ocl("<GegevensdienstId>51<", &too_many),
        Why::TooMany("GegevensdienstId")
    );
    let gnl = |from: &str, to: &str| {
        let bad = Gnl::parse(GNL.replacen(from, to, 1).as_bytes());
        bad.map_err(|bad| bad.why).expect_err(to)
    };
    // core.gnl.202
    assert_eq!(gnl(">51<", "><"), Why::Value("GegevensdienstId"));
    assert_eq!(gnl("Basisgegevens Zorg", ""), Why::Value("Weergavenaam"));
    assert_eq!(gnl("release1", "release2"), Why::Release);
}

#[test]
fn medmij_case_077_a_node_without_host_name_is_refused() {
    let bad = WHITELIST.replacen("<Hostname>dva-back.test</Hostname>", "dva-back.test", 1);
    let refused = Whitelist::parse(bad.as_bytes()).expect_err("refused");
    assert_eq!(refused.why, Why::Unexpected);
    let twice = WHITELIST.replace("medmij.deenigeechtepgo.nl", "dva-back.test");
    let refused = Whitelist::parse(twice.as_bytes()).expect_err("refused");
    assert_eq!((refused.line, refused.why), (8, Why::Twice("Hostname")));
}

#[test]
fn medmij_case_076_a_host_name_in_upper_case_or_of_one_label_is_refused() {
    // core.whl.304
    for bad in ["DVA-back.test", "dva"] {
        let list = WHITELIST.replace("dva-back.test", bad);
        let refused = Whitelist::parse(list.as_bytes()).expect_err(bad);
        assert_eq!((refused.line, refused.column), (6, 4), "{bad}");
        assert_eq!(refused.why, Why::Value("Hostname"), "{bad}");
        assert_eq!(
            &*refused.path,
            "Whitelist/MedMijNodes/MedMijNode[1]/Hostname"
        );
        assert_eq!(refused.requirement, "core.whl.304");
    }
}

/// The pattern so many times, with 0, 1, 2 and so on for `#`.
fn numbered(count: usize, pattern: &str) -> String {
    let each = |number: usize| pattern.replace('#', &number.to_string());
    (0..count).map(each).collect()
}

#[test]
fn a_hostile_document_is_refused() {
    let why = |bytes: &[u8]| Whitelist::parse(bytes).expect_err("refused").why;
    let doctype = format!("<!DOCTYPE Whitelist [<!ENTITY a \"b\">]>{WHITELIST}");
    assert_eq!(why(doctype.as_bytes()), Why::NotXml);
    assert_eq!(why(b"\xff\xfe<"), Why::NotUtf8);
    assert_eq!(why(b""), Why::NotXml);
    assert_eq!(why(OCL.as_bytes()), Why::OtherList);
    let latin = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{WHITELIST}");
    assert_eq!(why(latin.as_bytes()), Why::NotUtf8);
    assert_eq!(
        why(WHITELIST.replace("dva-back.test", "&b;").as_bytes()),
        Why::NotXml
    );
    let deep = WHITELIST.replace("dva-back.test", &"<a>".repeat(100_000));
    assert_eq!(why(deep.as_bytes()), Why::Unexpected);
    let attributes = numbered(100_000, " a#=\">\"");
    let wide = WHITELIST.replacen("<MedMijNode>", &format!("<MedMijNode{attributes}>"), 1);
    assert_eq!(why(wide.as_bytes()), Why::NotXml);
    let large = vec![b' '; BYTES_MAX + 1];
    assert_eq!(why(&large), Why::TooLarge);
    assert_eq!(why(&large[1..]), Why::NotXml);
}

#[test]
fn every_kind_of_value_has_a_rule_in_words() {
    for list in [ZAL, ZAKL, OCL, GNL, WHITELIST] {
        let document = Document::parse(list.as_bytes(), FrontchannelPort::Forbidden);
        let soort = document.expect("list").soort();
        for (at, _) in list.match_indices("</") {
            let start = list[..at].rfind('>').map_or(0, |found| found + 1);
            if list[start..at].trim().is_empty() {
                continue;
            }
            let damaged = format!("{}\u{1f512} {}", &list[..start], &list[start..]);
            let damaged = damaged.replacen("\u{1f512} ", &"\u{1f512} ".repeat(40), 1);
            let bad = Document::parse(damaged.as_bytes(), FrontchannelPort::Forbidden);
            let bad = bad.expect_err("a value of no type");
            assert!(bad.why.to_string().contains("its type: "), "{bad}");
            assert_eq!(bad.requirement, soort.requirement());
        }
    }
}

#[test]
fn editions_of_a_list_are_compared_entry_by_entry() {
    let read = |text: &str| {
        let read = Document::parse(text.as_bytes(), FrontchannelPort::Forbidden);
        read.expect("list").vermeldingen()
    };
    let earlier = read(ZAL);
    assert_eq!(earlier[1].sleutel, "ziekenhuisnoord@medmij");
    let later = ZAL.replace("huisartszuid@", "huisartsoost@");
    let later = later.replace("<MaximaleDuur>90<", "<MaximaleDuur>30<");
    let verschil = Verschil::tussen(&earlier, &read(&later));
    assert_eq!(verschil.erbij, ["huisartsoost@medmij"]);
    assert_eq!(verschil.eraf, ["huisartszuid@medmij"]);
    let change = Wijziging {
        gegeven: "2.2.0 51 MaximaleDuur".to_owned(),
        was: Some("90".to_owned()),
        wordt: Some("30".to_owned()),
    };
    let anders = [("ziekenhuisnoord@medmij".to_owned(), vec![change])];
    assert_eq!(verschil.anders, anders);
    assert!(Verschil::tussen(&earlier, &earlier).is_empty());
    for list in [ZAKL, OCL, GNL, WHITELIST] {
        let entries = read(list);
        let none = Verschil::tussen(&entries, &[]);
        assert_eq!(none.eraf.len(), entries.len());
        assert!(!entries.is_empty());
    }
}

#[test]
fn another_edition_says_the_same_under_its_own_number() {
    for list in [ZAL, ZAKL, OCL, GNL, WHITELIST] {
        let read = |text: &str| Document::parse(text.as_bytes(), FrontchannelPort::Forbidden);
        let document = read(list).expect("list");
        let uitgave = Uitgave {
            tijdstempel: "2027-01-01T00:00:00Z".parse().expect("stamp"),
            volgnummer: document.uitgave().volgnummer.next(),
        };
        let next = document.clone().with_uitgave(uitgave);
        assert_eq!(next.uitgave(), uitgave);
        assert_eq!(next.vermeldingen(), document.vermeldingen());
        let other = Document::parse_as(
            next.soort(),
            next.to_xml().as_bytes(),
            FrontchannelPort::Forbidden,
        );
        assert_eq!(other, Ok(next));
    }
}

#[test]
fn a_file_that_begins_with_a_byte_order_mark_is_read() {
    let marked = format!("\u{feff}{WHITELIST}");
    assert!(Whitelist::parse(marked.as_bytes()).is_ok());
}

#[test]
fn a_value_may_be_written_in_pieces() {
    let pieces = WHITELIST.replace("dva-back.test", "dva<!-- x -->-<![CDATA[back]]>&#46;test");
    let whitelist = Whitelist::parse(pieces.as_bytes()).expect("list");
    assert!(whitelist.contains(&host("dva-back.test")));
}

#[test]
fn more_entries_than_the_bound_are_refused() {
    let nodes = |count: usize| {
        let nodes = numbered(
            count,
            "<MedMijNode><Hostname>n#.test</Hostname></MedMijNode>",
        );
        let start = WHITELIST.find("  <MedMijNode>").expect("nodes");
        let end = WHITELIST.find(" </MedMijNodes>").expect("nodes");
        format!("{}{nodes}{}", &WHITELIST[..start], &WHITELIST[end..])
    };
    let full = Whitelist::parse(nodes(ENTRIES_MAX).as_bytes()).expect("list");
    assert_eq!(full.hostnames().len(), ENTRIES_MAX);
    assert!(full.contains(&host("n99999.test")));
    let refused = Whitelist::parse(nodes(ENTRIES_MAX + 1).as_bytes()).expect_err("refused");
    assert_eq!(refused.why, Why::TooMany("MedMijNode"));
}

#[test]
fn a_refusal_says_the_line_and_no_value() {
    let bad = parse_zal(&ZAL.replacen(">51<", ">5 1<", 1)).expect_err("refused");
    let text = bad.to_string();
    assert_eq!(
        text,
        "line 16, column 8: Zorgaanbiederslijst/Zorgaanbieders/Zorgaanbieder[1]/Interfaceversies/\
         Interfaceversie[1]/Gegevensdiensten/Gegevensdienst[1]/GegevensdienstId: the value of \
         GegevensdienstId is not of its type: 1 to 30 visible characters without \" ~ and \
         backslash (core.alst.202)"
    );
}

/// A published example list, or a note that it is not there.
fn example(path: &str) -> Option<Vec<u8>> {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/medmij");
    let found = std::fs::read(data.join(path));
    if found.is_err() {
        println!("published examples are not here: {path} was not tested");
    }
    found.ok()
}

fn example_lists() -> Option<(Zal, Zakl)> {
    let folder = "minvws-nl-mgo-localization/tests/app/zal_importer";
    let zal = example(&format!(
        "{folder}/MedMij_Zorgaanbiederslijst_example.9.3.xml"
    ))?;
    let zakl = example(&format!(
        "{folder}/MedMij_Zorgaanbiederskoppellijst_example.5.1.xml"
    ))?;
    Some((
        Zal::parse(&zal, RULES).expect("list"),
        Zakl::parse(&zakl).expect("list"),
    ))
}

#[test]
fn mitz_case_030_a_ura_leads_to_the_name_in_the_published_koppellijst() {
    let Some((_, zakl)) = example_lists() else {
        return;
    };
    let expected = [naam("radiologencentraalflevoland@medmij")];
    assert_eq!(zakl.names_of(&ura("12345678")), expected);
}

#[test]
fn mitz_case_031_the_name_leads_to_the_endpoints_in_the_published_aanbiederslijst() {
    let Some((zal, zakl)) = example_lists() else {
        return;
    };
    let [Resolution::Direct { entry }] = resolve(&ura("12345678"), &zakl, &zal)[..] else {
        panic!("one name, and the published list knows no discovery server");
    };
    let versie = "1.4.0".parse().expect("version");
    let dienst = entry.gegevensdienst(&versie, &id("1")).expect("service");
    assert_eq!(
        dienst.token_endpoint.as_str(),
        "https://medmij.xisbridge.net/oauth/token"
    );
    let resources: Vec<&str> = dienst
        .systeemrollen
        .iter()
        .map(|rol| rol.resource_endpoint.as_str())
        .collect();
    assert_eq!(resources, ["https://rcf-rso.nl/rcf/fhir-stu3"]);
}

#[test]
fn medmij_case_103_the_published_aanbiederslijst_reads_in_full() {
    let Some((zal, _)) = example_lists() else {
        return;
    };
    assert_eq!(zal.entries().len(), 2);
    let entry = zal.entry(&naam("umcharderwijk@medmij")).expect("entry");
    assert_eq!(
        entry.aanbiedertype.as_ref().map(Aanbiedertype::as_str),
        Some("ZA")
    );
    let versie = "1.4.0".parse().expect("version");
    for (dienst, days) in [("4", 365), ("6", 30)] {
        let dienst = entry.gegevensdienst(&versie, &id(dienst)).expect("service");
        let abonneren = dienst.abonneren.as_ref().expect("subscriptions");
        assert_eq!(abonneren.maximale_duur_days, days);
    }
    assert_eq!(parse_zal(&zal.to_xml()), Ok(zal));
}

#[test]
fn medmij_case_105_the_published_whitelist_allows_who_stands_on_it() {
    let stub = "minvws-nl-mgo-dvp-proxy/services/proxy/tests/feature/stubs/medmij/whitelist.xml";
    let Some(bytes) = example(stub) else {
        return;
    };
    // core.whl.304, .306
    let whitelist = Whitelist::parse(&bytes).expect("list");
    assert!(whitelist.contains(&host("medmij.deenigeechtepgo.nl")));
    assert!(!whitelist.contains(&host("evil.example")));
}

#[test]
fn published_examples_of_the_other_lists_read() {
    let old = ZalRules {
        release: ZalRelease::Release2,
        ..RULES
    };
    let folder = "openpgo-php/Resources/examples";
    let Some(bytes) = example(&format!("{folder}/MedMij_Zorgaanbiederslijst_example.xml")) else {
        return;
    };
    assert!(!Zal::parse(&bytes, old).expect("list").entries().is_empty());
    let read = |name: &str| example(&format!("{folder}/{name}_example.xml")).expect("file");
    let ocl = Ocl::parse(&read("MedMij_OAuthclientlist")).expect("list");
    assert!(!ocl.clients().is_empty());
    let gnl = Gnl::parse(&read("MedMij_Gegevensdienstnamenlijst")).expect("list");
    assert!(!gnl.namen().is_empty());
    let whitelist = Whitelist::parse(&read("MedMij_Whitelist")).expect("list");
    assert!(!whitelist.hostnames().is_empty());
    let single = "openpgo-java/src/test/resources/WhitelistExampleSingle1.xml";
    let refused = Whitelist::parse(&example(single).expect("file"));
    assert_eq!(refused.map_err(|bad| bad.why), Err(Why::Unexpected));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Zal::parse(&bytes, RULES).is_err());
        prop_assert!(Zakl::parse(&bytes).is_err());
        prop_assert!(Whitelist::parse(&bytes).is_err());
    }

    #[test]
    fn a_damaged_list_is_read_or_refused(at in any::<proptest::sample::Index>(), piece in "[<>&/\"' a1\\[\\]!-]{0,3}", length in 0_usize..9) {
        for list in [ZAL, ZAKL] {
            let start = at.index(list.len());
            let mut damaged = list.as_bytes().to_vec();
            let end = (start + length).min(list.len());
            damaged.splice(start..end, piece.bytes());
            if let Ok(zal) = Zal::parse(&damaged, RULES) {
                prop_assert_eq!(parse_zal(&zal.to_xml()), Ok(zal));
            }
            let _ = Zakl::parse(&damaged);
        }
    }
}
