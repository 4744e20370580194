//! The chain of Mitz as conversations in memory: every party, no socket.
//!
//! Each test is a sentence about one acceptance case; it looks at the reply, at the rows that are
//! left and at the audit events that were committed with them. [`world`] holds the parties and
//! answers the questions of the rules as the server's routes do.

mod authorize_and_login;
mod client_assertion;
mod consent_question;
mod discovery;
mod dva_token;
mod register;
mod resource;
mod token;
mod userinfo;
mod world;
