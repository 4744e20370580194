//! The chain of Mitz over TLS, against a whole network that runs: cases that show on the wire.

mod assertion;
mod dva;
mod journey;
mod keys;
mod lists;
mod login;
mod logout;
mod not_before;
mod overheard;
mod pgo;
mod token;
mod trouble;
mod userinfo;
mod withdrawal;
mod world;
