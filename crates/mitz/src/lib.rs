//! Mitz: the national consent register, and the OpenID Connect chain that hangs on it.
//!
//! One file per role or interface of the chain of seed 000, named as the seed names it:
//!
//! | steps | file |
//! |---|---|
//! | 2–7 | [`authorization_server::aanvraag`], [`authorization_server::aanmelding`], [`authorization_server::code`] |
//! | 5–6 | [`toestemmingenregister`] |
//! | 8–10 | [`authorization_server::token`] |
//! | 11–19 | [`authorization_server::userinfo`], [`toestemmingenregister::opvragen`], [`lokalisatie`] |
//! | 20–22 | [`discovery`] |
//! | 23–28 | [`dva::token`], and steps 24–26 [`authorization_server::toestemmingsvraag`] |
//! | 29–30 | [`dva::resource`] |
//! | the client's checks | [`dvp`] |
//!
//! This crate never opens a socket or a database, reads a clock or signs anything: it says what to
//! ask, what to store and what to sign. It knows no other framework.

pub mod authorization_server;
pub mod catalogus;
pub mod discovery;
pub mod dva;
pub mod dvp;
pub mod locatietoken;
pub mod lokalisatie;
pub mod toestemming;
pub mod toestemmingenregister;

mod rows;
#[cfg(test)]
mod testing;
