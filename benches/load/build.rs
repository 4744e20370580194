//! Gives the server of the store's tests (`cluster.rs`) the directory for scratch files that Cargo
//! itself gives to tests and benches alone.

use std::env;
use std::path::Path;

fn main() {
    let out = env::var("OUT_DIR").unwrap_or_default();
    // target/PROFILE/build/load-HASH/out
    if let Some(target) = Path::new(&out).ancestors().nth(4) {
        println!(
            "cargo::rustc-env=CARGO_TARGET_TMPDIR={}/tmp",
            target.display()
        );
    }
    println!("cargo::rerun-if-changed=build.rs");
}
