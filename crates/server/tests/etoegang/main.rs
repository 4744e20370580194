//! eToegang over TLS sockets: an app of a DV, a person at HM, AD and MR, and GUC9 with whatever can go
//! wrong in it.

mod algoritmen;
mod attributen;
mod backend;
#[path = "../bezoek/mod.rs"]
mod bezoek;
mod buiten;
mod catalogus;
mod dv;
mod guc9;
mod hm;
mod keten;
mod ketens;
mod login;
mod machtigingen;
mod nodes;
mod registratie;
mod rijen;
mod rollen;
#[path = "../uitgave/mod.rs"]
#[expect(dead_code, reason = "the tests of the catalogue need more of it")]
mod uitgave;
mod world;
