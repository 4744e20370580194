//! OAuth 2.0 and OpenID Connect as functions of values, for every framework that builds on them.
//!
//! This crate reads requests into types, decides what the RFCs decide, and names every refusal. It
//! never touches a socket, clock, random source or database, knows no framework, and has no
//! hooks: a framework calls these functions in the order that its own specification asks for.
//!
//! Start reading at [`authorize`] (the front channel) and [`grant`] (what a code and a refresh
//! token are).

pub mod access_token;
pub mod assertion;
pub mod authorize;
pub mod bearer;
pub mod callback;
pub mod client;
pub mod discovery;
pub mod grant;
pub mod handle;
pub mod id_token;
pub mod not_before;
pub mod pkce;
pub mod pushed;
pub mod redirect;
pub mod refusal;
pub mod request_object;
pub mod scope;
pub mod token_exchange;
pub mod wire;
