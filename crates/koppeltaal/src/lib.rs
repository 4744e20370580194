//! Koppeltaal 2.0: the domains of care providers, the applications in them, and what each may do.
//!
//! `domeinconfiguratie` is what an operator declares, and `domeinbeheer` how it is changed; `permissie` and `scope` turn a role into what
//! stands in a token; `token_endpoint` decides who gets one. Everything is per domain: a client, a
//! token and a key of one mean nothing in another (TOP-KT-018).
//!
//! The crate signs, stores and asks nothing by itself, and knows no other framework.
//!
//! Start reading at [`token_endpoint`].

pub mod auditevent;
pub mod client_assertion;
pub mod domein;
pub mod domeinbeheer;
pub mod domeinconfiguratie;
pub mod introspectie;
pub mod launch;
pub mod outbox;
pub mod permissie;
pub mod resource_service;
pub mod scope;
pub mod smart_configuration;
pub mod token_endpoint;

pub use domein::{ClientId, Domein, DomeinUrls};
