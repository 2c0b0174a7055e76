//! What the daemon tells systemd. Without systemd every call does nothing.

use std::time::Duration;

use sd_notify::NotifyState;

/// Ready, with a line for `systemctl status`.
pub fn ready(line: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(line)]);
}

/// A new line for `systemctl status`.
pub fn status(line: &str) {
    send(&[NotifyState::Status(line)]);
}

/// The configuration is read again; must be followed by `ready`.
pub fn reloading() {
    let mut states = vec![NotifyState::Reloading];
    states.extend(NotifyState::monotonic_usec_now());
    send(&states);
}

/// The daemon ends.
pub fn stopping(line: &str) {
    send(&[NotifyState::Stopping, NotifyState::Status(line)]);
}

/// All parts are alive.
pub fn watchdog() {
    send(&[NotifyState::Watchdog]);
}

/// How often systemd wants to hear `watchdog`, if it does.
#[must_use]
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be told.");
    }
}
