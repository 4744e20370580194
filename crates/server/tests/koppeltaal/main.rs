//! Koppeltaal over TLS: the authorization service of a domain, and applications that call it.

mod assertions;
mod beheer;
mod beheer_paginas;
#[path = "../bezoek/mod.rs"]
mod bezoek;
mod devices;
mod discovery;
mod keys;
mod limits;
mod tokens;
mod world;
