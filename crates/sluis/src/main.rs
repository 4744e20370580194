//! `sluis`: one program that plays every role of four Dutch trust frameworks.
//!
//! Start reading at [`commands`].

mod commands;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::Sluis::parse().run()
}
