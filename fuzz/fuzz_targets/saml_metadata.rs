//! Metadata of DigiD and of service providers.
#![no_main]
use saml::metadata::{IdpMetadata, SpMetadata};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = IdpMetadata::parse(bytes);
    let _ = SpMetadata::parse(bytes);
});
