//! How long the largest Zorgaanbiederslijst takes to read, and how much memory.
//!
//! `cargo bench -p medmij` makes a list of 50 000 providers, some five times what the Netherlands
//! could fill, each with one data service, reads it a few times, and prints the best time and the
//! memory of the process when it was highest: the document, the list, and everything on the way.
//! The bar is 1 s and 100 MB. `PROVIDERS=…` makes another size.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use medmij::lists::{Document, FrontchannelPort};

/// Readings, of which the best counts: the neighbours decide the rest.
const READINGS: u32 = 5;

fn main() {
    let providers = env::var("PROVIDERS").ok();
    let providers = providers.and_then(|count| count.parse().ok());
    let xml = zal(providers.unwrap_or(50_000));
    let made = peak();
    let mut best = Duration::MAX;
    for _ in 0..READINGS {
        #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
        let start = Instant::now();
        let read = Document::parse(xml.as_bytes(), FrontchannelPort::Forbidden);
        best = best.min(start.elapsed());
        if let Err(bad) = black_box(read) {
            println!("not read: {bad}");
            return;
        }
    }
    println!(
        "{} MB of XML read in {} ms; memory at most {} MB, of which {} MB before reading",
        xml.len() / 1_000_000,
        best.as_millis(),
        peak() / 1_000,
        made / 1_000,
    );
}

/// Kilobytes of memory that the process had at most.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A list of so many providers, as MedMij prints it.
fn zal(providers: usize) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Zorgaanbiederslijst \
         xmlns=\"xmlns://afsprakenstelsel.medmij.nl/zorgaanbiederslijst/release3/\">\n \
         <Tijdstempel>2026-01-02T03:04:05Z</Tijdstempel>\n <Volgnummer>7</Volgnummer>\n \
         <Zorgaanbieders>\n",
    );
    for number in 0..providers {
        provider(&mut xml, number);
    }
    xml.push_str(" </Zorgaanbieders>\n</Zorgaanbiederslijst>\n");
    xml
}

fn provider(xml: &mut String, number: usize) {
    let host = format!("dva{}.voorbeeld.nl", number % 40);
    let _ = write!(
        xml,
        "  <Zorgaanbieder>\n   <Zorgaanbiedernaam>aanbieder{}@medmij</Zorgaanbiedernaam>\n   \
         <Aanbiedertype>ZA</Aanbiedertype>\n   <Interfaceversies>\n    <Interfaceversie>\n     \
         <InterfaceversieId>2.2.0</InterfaceversieId>\n     <Gegevensdiensten>\n",
        letters(number)
    );
    let _ = write!(
        xml,
        "      <Gegevensdienst>\n       <GegevensdienstId>51</GegevensdienstId>\n       \
             <AuthorizationEndpoint>\n        <AuthorizationEndpointuri>https://{host}/authorize\
             </AuthorizationEndpointuri>\n       </AuthorizationEndpoint>\n       \
             <TokenEndpoint>\n        <TokenEndpointuri>https://{host}/token</TokenEndpointuri>\n\
             \x20      </TokenEndpoint>\n       <Systeemrollen>\n        <Systeemrol>\n         \
             <Systeemrolcode>MM-3.0-BZB-FHIR</Systeemrolcode>\n         <ResourceEndpoint>\n          \
             <ResourceEndpointuri>https://{host}/{number}/fhir</ResourceEndpointuri>\n         \
             </ResourceEndpoint>\n        </Systeemrol>\n       </Systeemrollen>\n      \
             </Gegevensdienst>\n"
    );
    xml.push_str("     </Gegevensdiensten>\n    </Interfaceversie>\n   </Interfaceversies>\n");
    xml.push_str("  </Zorgaanbieder>\n");
}

/// A number in letters, since a Zorgaanbiedernaam has no digits.
fn letters(number: usize) -> String {
    let digits = format!("{number:05}");
    digits
        .bytes()
        .map(|digit| char::from(b'a' + (digit - b'0')))
        .collect()
}
