//! A place to fall: tests end the process between any two transactions, as a power cut would.
//!
//! Only in debug builds, and only where the environment asks for it; a release build holds nothing of this.

/// Ends the process by SIGKILL when `UKETSUKE_HALT_AFTER` names this point.
#[cfg(debug_assertions)]
pub fn after(point: &str) {
    if std::env::var_os("UKETSUKE_HALT_AFTER").is_some_and(|wanted| wanted == point) {
        let _unreachable = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Nothing in a release build.
#[cfg(not(debug_assertions))]
pub const fn after(_point: &str) {}
