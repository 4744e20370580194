//! The FHIR resource service of Koppeltaal over TLS: applications with tokens, the gateway, and behind it
//! the FHIR server of the demo, or one that does as a test says.

mod access;
mod events;
mod odd;
mod refusals;
mod searching;
mod subscriptions;
mod world;
mod writing;
