//! The lists of MedMij.
#![no_main]
use medmij::lists::{FrontchannelPort, Gnl, Ocl, Whitelist, Zakl, Zal, ZalRelease, ZalRules};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for release in [ZalRelease::Release2, ZalRelease::Release3] {
        let rules = ZalRules { release, frontchannel_port: FrontchannelPort::Allowed };
        let _ = Zal::parse(bytes, rules);
    }
    let _ = Zakl::parse(bytes);
    let _ = Ocl::parse(bytes);
    let _ = Gnl::parse(bytes);
    let _ = Whitelist::parse(bytes);
});
