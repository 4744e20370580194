//! Demos in processes of their own.
#![allow(dead_code, reason = "each test file uses what it needs")]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How long a start may take before the test gives up.
pub(crate) const READY_TRIES_MAX: u32 = 600;
pub(crate) const READY_AGAIN: Duration = Duration::from_millis(50);

/// A demo that runs until the test is done with it.
pub(crate) struct Demo(pub(crate) Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder that goes with the test.
pub(crate) struct State(pub(crate) PathBuf);

impl State {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sluis-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn text(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn sluis(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
    command.arg("demo").args(arguments);
    command
}

pub(crate) fn start(state: &State, arguments: &[&str]) -> Demo {
    let mut command = sluis(&["--state", state.text()]);
    let child = command
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .expect("starts");
    Demo(child)
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Waits for `demo.json` of this process.
pub(crate) fn ready(state: &State, demo: &Demo) -> Value {
    ready_in(state, demo, "demo.json")
}

pub(crate) fn ready_in(state: &State, demo: &Demo, file: &str) -> Value {
    for _ in 0..READY_TRIES_MAX {
        if let Ok(text) = std::fs::read(state.0.join(file))
            && let Ok(json) = serde_json::from_slice::<Value>(&text)
            && json["pid"] == demo.0.id()
        {
            return json;
        }
        std::thread::sleep(READY_AGAIN);
    }
    unreachable!("the demo did not become ready");
}
