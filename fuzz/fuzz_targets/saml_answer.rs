//! DigiD's answer, as the service provider judges it.
#![no_main]
use identity::Loa;
use saml::digid::{Asked, Version, accept};
use verdict::Moment;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = Moment::from_unix(1_795_000_000);
    let asked = Asked {
        authn_request_id: "_a",
        requested_at: now,
        artifact_resolve_id: "_b",
        sp_entity_id: "https://mitz.localhost/saml/metadata",
        acs_url: "https://mitz.localhost/saml/acs",
        min_loa: Loa::Substantieel,
        idp_entity_id: "https://digid.localhost/saml/idp/metadata",
        idp_keys: &[],
        version: Version::V3,
    };
    assert!(accept(bytes, &asked, now, 60).is_err(), "nothing is signed by nobody");
});
