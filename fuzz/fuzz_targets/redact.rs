//! What the observer is shown of a body: the first byte chooses its media type.
#![no_main]
use server::redact::{SHOWN_BYTES_MAX, body};

const MEDIA_TYPES: [&str; 5] = [
    "application/x-www-form-urlencoded",
    "application/json",
    "application/jwt",
    "text/xml",
    "text/html",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let media_type = MEDIA_TYPES[usize::from(*first) % MEDIA_TYPES.len()];
    let shown = body(media_type, bytes);
    let shown = serde_json::to_string(&shown).expect("JSON");
    assert!(shown.len() <= SHOWN_BYTES_MAX);
    // A BSN leaves as its length, wherever it stood: no list allows one.
    assert!(!shown.contains("900186021"), "a BSN was shown");
});
