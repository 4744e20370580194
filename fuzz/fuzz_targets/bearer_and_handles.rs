//! `Authorization` headers, codes, refresh tokens and cookies of ours.
#![no_main]
use protocol::handle::{HandleKeys, Purpose};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = protocol::bearer::token(Some(bytes));
    if let (Ok(text), Some(keys)) = (std::str::from_utf8(bytes), HandleKeys::new(&[(1, [7; 32])])) {
        assert!(keys.open(Purpose("fuzz"), text).is_none(), "a MAC was guessed");
        let _ = protocol::access_token::grant_of(text);
    }
});
