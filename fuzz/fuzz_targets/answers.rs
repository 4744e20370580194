//! JSON that parties answer each other with.
#![no_main]
use mitz::dva::token::MitzAntwoord;
use mitz::toestemming::Functie;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fhir::Bundle::parse(bytes);
    let _ = mitz::discovery::Found::read(bytes, &["https://dva.localhost".to_owned()], |_| true);
    let _ = mitz::lokalisatie::Locaties::parse(bytes);
    let _ = mitz::toestemmingenregister::opvragen::Opgevraagd::parse(bytes);
    let ura = "00000659".parse();
    if let (Ok(ura), Ok(value)) = (ura, serde_json::from_slice(bytes)) {
        for functie in [Functie::Verzamelen, Functie::Delen] {
            let _ = MitzAntwoord::read(&value, &ura, "pgo.localhost", functie);
        }
    }
});
