//! The shell: sockets, clock, randomness and keys around rules that know none of them.
//!
//! A request comes in through [`door`], which turns bytes into a bounded request from a known peer;
//! what a party says to another goes out through [`outside`]. [`certificates`] makes the test
//! certificates with which the demo's parties know each other. [`clock`] and [`chance`] are the only
//! places of the program that read the clock and draw randomness.
//!
//! This crate decides nothing that a framework's text decides.
//!
//! Start reading at [`door::serve`].

pub mod app;
pub mod audit;
pub mod backup;
pub mod catalogus;
pub mod certificates;
pub mod chance;
pub mod clock;
pub mod config;
pub mod date;
pub mod digid;
pub mod domeinbeheer;
pub mod door;
pub mod etoegangbeheer;
pub mod finishing;
pub mod home;
pub mod input;
pub mod jwks;
pub mod keys;
pub mod lists;
pub mod log;
pub mod machtigingenbeheer;
pub mod network;
pub mod node;
pub mod observer;
pub mod outside;
pub mod pages;
mod plain;
pub mod recording;
pub mod redact;
pub mod requirements;
pub mod routes;
pub mod seal;
pub mod settle;
pub mod trust;
pub mod web;
