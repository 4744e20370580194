//! Koppeltaal over TLS: the authorization service of a domain, and applications that call it.

mod assertions;
mod beheer;
mod discovery;
mod keys;
mod limits;
mod tokens;
mod world;
