//! The lists of MedMij.
#![no_main]
use medmij::lists::{
    Document, FrontchannelPort, Gnl, Ocl, Soort, Whitelist, Zakl, Zal, ZalRelease, ZalRules,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for release in [ZalRelease::Release2, ZalRelease::Release3] {
        let rules = ZalRules { release, frontchannel_port: FrontchannelPort::Allowed };
        let _ = Zal::parse(bytes, rules);
    }
    let _ = Zakl::parse(bytes);
    let _ = Ocl::parse(bytes);
    let _ = Gnl::parse(bytes);
    let _ = Whitelist::parse(bytes);
    for soort in Soort::ALL {
        let _ = Document::parse_as(soort, bytes, FrontchannelPort::Forbidden);
    }
    // What one reads, one prints so that it reads the same.
    if let Ok(list) = Document::parse(bytes, FrontchannelPort::Allowed) {
        let again = Document::parse(list.to_xml().as_bytes(), FrontchannelPort::Allowed);
        assert_eq!(again, Ok(list));
    }
});
