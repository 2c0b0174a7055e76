//! Finds the servers' programs and asks them and the machine short questions.
//!
//! Promises: `/usr/sbin` is looked into even where it is not in PATH, as for most users who are not root. Rejected: fixed paths; other
//! systems have Dovecot in `/usr/local`.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::fault::Fault;

/// Who runs this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privilege {
    Root,
    /// Neither chroot nor another user is possible.
    Ordinary,
}

impl Privilege {
    pub(super) fn of_this_process() -> Self {
        match fs::metadata("/proc/self") {
            Ok(own) if own.uid() == 0 => Self::Root,
            _ => Self::Ordinary,
        }
    }
}

/// The path of an installed program.
pub(super) fn find(program: &'static str, package: &'static str) -> Result<PathBuf, Fault> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from);
    let mut candidates = env::split_paths(&path).chain(usual).map(|folder| folder.join(program));
    candidates.find(|candidate| candidate.is_file()).ok_or(Fault::Missing { program, package })
}

/// The first line that a program prints; `timeout` of coreutils ends it after ten seconds.
pub(super) fn answer(program: &Path, arguments: &[&str]) -> Result<String, Fault> {
    let output = Command::new("timeout").arg("10").arg(program).args(arguments).stdin(Stdio::null()).output();
    let failed = |reason: String| Fault::Helper { command: format!("{} {}", program.display(), arguments.join(" ")), reason };
    let output = output.map_err(|error| failed(error.to_string()))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match printed.lines().next() {
        Some(line) if output.status.success() => Ok(line.trim().to_owned()),
        _ => Err(failed(format!("{}, {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))),
    }
}

/// A configuration file takes only names that cannot end a line, a word or a quotation.
pub(super) fn plain_name(what: &'static str, value: &str) -> Result<(), Fault> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "@.-_+".contains(letter);
    if !value.is_empty() && !value.starts_with('.') && value.chars().all(plain) {
        return Ok(());
    }
    Err(Fault::Name { what, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_package() {
        let missing = find("uketsuke-no-such-program", "no-such-package").unwrap_err().to_string();
        assert_eq!(
            missing,
            "uketsuke-no-such-program is missing; install the Debian package no-such-package, or run scripts/install-test-servers as root"
        );
    }

    #[test]
    fn names_that_would_change_a_configuration_are_refused() {
        for value in ["", "a b@example.jp", "a@example.jp\nmail_uid = root", "a/../b@example.jp", "..", "受付@example.jp", "a:b@example.jp"]
        {
            assert!(plain_name("the user", value).is_err(), "{value:?}");
        }
        assert!(plain_name("the user", "taro.yamada+1@office-1.example.jp").is_ok());
    }

    #[test]
    fn a_helper_that_fails_tells_what_it_said() {
        let sh = find("sh", "dash").unwrap();
        assert_eq!(answer(&sh, &["-c", "echo one; echo two"]).unwrap(), "one");
        let said = answer(&sh, &["-c", "echo nothing works >&2; exit 7"]).unwrap_err().to_string();
        assert!(said.contains("exit status: 7, nothing works"), "{said}");
    }
}
