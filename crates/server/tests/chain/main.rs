//! The chain of Mitz over TLS, against a whole network that runs: cases that show on the wire.

mod assertion;
mod dva;
mod journey;
mod lists;
mod login;
mod logout;
mod overheard;
mod pgo;
mod token;
mod trouble;
mod userinfo;
mod withdrawal;
mod world;
