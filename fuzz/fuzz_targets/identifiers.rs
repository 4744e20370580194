//! Identifiers, languages, trace ids and certificates.
#![no_main]
use server::{certificates, door::TraceId, pages::Lang};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = certificates::peer_hostname(bytes);
    let _ = certificates::validity(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = identity::Bsn::parse(text);
    let _ = identity::Ura::parse(text);
    let _ = identity::Hostname::parse(text);
    let _ = identity::Zorgaanbiedernaam::parse(text);
    let _ = identity::GegevensdienstId::parse(text);
    let asked = Lang::of_ui_locales(text);
    let _ = Lang::choose(Lang::chosen(Some(text), asked, Some(text)), Some(text));
    let _ = TraceId::parse(text);
    let _ = fhir::Geboortedatum::parse(text);
    let _ = medmij::scope::Scope::parse(text);
    let _ = medmij::vertegenwoordiging::GeboortedatumParameter::parse(text);
});
