//! Queries and form bodies.
#![no_main]
use protocol::wire::{Known, Parameters};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(parameters) = Parameters::parse(bytes) {
        let _ = protocol::token_exchange::Exchange::read(&parameters, true);
        let _ = mitz::authorization_server::toestemmingsvraag::Toestemmingsvraag::read(&parameters);
        let _ = mitz::authorization_server::token::Offer::read(&parameters, |_, _| None);
        let _ = fhir::Search::read("Observation", &parameters);
    }
    let _ = Known::read(bytes, &["code", "state"]).all();
});
