//! What systemd is told of a service of `Type=notify` (`sd_notify(3)`).

use std::os::unix::net::UnixDatagram;

/// The node serves.
pub(super) fn ready() {
    tell("READY=1");
}

/// The node lets running requests finish.
pub(super) fn stopping() {
    tell("STOPPING=1");
}

/// Nobody listens when systemd did not start us, which is no fault.
fn tell(state: &str) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    if let Ok(from) = UnixDatagram::unbound() {
        let _ = from.send_to(state.as_bytes(), socket);
    }
}
