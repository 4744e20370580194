//! The launch of Koppeltaal over TLS: a portal's token, a module, the demo's IdP, and a FHIR server
//! that says who people are and takes AuditEvents.

mod authorize;
mod code;
mod demo;
mod introspection;
mod login;
mod outbox;
mod world;
