//! MedMij's own interfaces at a DVA, over TLS: a person with a browser, and a DVP with its certificate.

mod authorize;
mod beheren;
mod delen;
mod login;
mod matrix;
mod pgo;
mod pgo_delen;
mod resource;
mod token;
mod vanzelf;
mod verbindingen;
mod vertegenwoordiging;
mod whitelist;
mod world;
