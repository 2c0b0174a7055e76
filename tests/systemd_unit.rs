//! The shipped systemd files: accepted by systemd without a word, and as closed as they claim.
//!
//! Needs `systemd-analyze`, `systemd-sysusers` and `systemd-tmpfiles` (Debian: package systemd); says so where they are missing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// In tenths: `systemd-analyze` wants its threshold so. 1.5 leaves room for newer versions that look at more.
const THRESHOLD: &str = "--threshold=15";
/// Where the package installs the daemon; a checkout has nothing there, and `verify` wants a program that exists.
const INSTALLED: &str = "ExecStart=/usr/bin/uketsuke ";

fn systemd() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("systemd")
}

/// Runs a tool with a deadline of a minute; coreutils' `timeout` answers 124 when it strikes.
fn run(tool: &str, arguments: &[&str], file: &Path) -> Output {
    let path = format!("{}:/usr/bin:/bin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new("timeout").arg("60").arg(tool).args(arguments).arg(file).env("PATH", path).env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| panic!("`timeout` of coreutils cannot be run: {error}; install the package coreutils"));
    assert_ne!(output.status.code(), Some(127), "{tool} is missing; install the package systemd (252 or later) to run this test");
    assert_ne!(output.status.code(), Some(124), "{tool} did not end within a minute");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `systemd-analyze verify` says about a unit of this text; its exit code is 0 even for unknown keys.
fn verified(unit: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("uketsuke.service");
    fs::write(&file, unit).unwrap();
    let output = run("systemd-analyze", &["verify", "--man=no"], &file);
    text(&output.stdout) + &text(&output.stderr)
}

fn unit_with_a_program_that_exists() -> String {
    let unit = fs::read_to_string(systemd().join("uketsuke.service")).unwrap();
    assert_eq!(unit.matches(INSTALLED).count(), 1, "the unit must start /usr/bin/uketsuke, once");
    unit.replace(INSTALLED, "ExecStart=/bin/true ")
}

#[test]
fn systemd_has_nothing_to_say_about_the_unit() {
    assert_eq!(verified(&unit_with_a_program_that_exists()), "");
}

#[test]
fn a_misspelt_key_would_be_noticed() {
    let misspelt = unit_with_a_program_that_exists().replace("WatchdogSec=", "WatchDogSeconds=");
    let said = verified(&misspelt);
    assert!(said.contains("WatchDogSeconds"), "systemd-analyze said: {said:?}");
}

#[test]
fn the_exposure_is_at_most_one_and_a_half() {
    let output = run("systemd-analyze", &["security", "--offline=true", "--no-pager", THRESHOLD], &systemd().join("uketsuke.service"));
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_unit_without_its_sandbox_would_exceed_the_threshold() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("uketsuke.service");
    let unit = unit_with_a_program_that_exists();
    let bare: Vec<_> = unit.lines().filter(|line| !line.starts_with("System")).collect();
    fs::write(&file, bare.join("\n")).unwrap();
    let output = run("systemd-analyze", &["security", "--offline=true", "--no-pager", THRESHOLD], &file);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
}

#[test]
fn the_unit_keeps_what_operators_rely_on() {
    let unit = fs::read_to_string(systemd().join("uketsuke.service")).unwrap();
    let lines: Vec<&str> = unit.lines().collect();
    for line in [
        "Type=notify",
        "NotifyAccess=main",
        "ExecStart=/usr/bin/uketsuke --config /etc/uketsuke/uketsuke.toml run",
        "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'",
        "WatchdogSec=120",
        "Restart=on-failure",
        "RestartPreventExitStatus=2 78 243",
        "TimeoutStopSec=30",
        "User=uketsuke",
        "StateDirectory=uketsuke",
        "StateDirectoryMode=0700",
        "LoadCredential=imap-password:/etc/uketsuke/credentials/imap-password",
        "LoadCredential=smtp-password:/etc/uketsuke/credentials/smtp-password",
        "LimitCORE=0",
    ] {
        assert!(lines.contains(&line), "the unit lacks {line}");
    }
    for key in ["Environment=", "EnvironmentFile=", "DynamicUser=", "RestartSteps=", "RestartMaxDelaySec="] {
        assert!(!lines.iter().any(|line| line.starts_with(key)), "the unit must not use {key}");
    }
}

/// The paths of a tmpfiles.d file under another root, with their modes.
fn modes(root: &Path) -> Vec<(String, u32)> {
    ["etc/uketsuke", "etc/uketsuke/credentials", "var/lib/uketsuke"]
        .map(|path| (path.to_owned(), fs::metadata(root.join(path)).map_or(0, |metadata| metadata.permissions().mode() & 0o7777)))
        .to_vec()
}

#[test]
fn the_account_and_the_folders_come_about_in_an_empty_system() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["etc", "var/lib"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    let under = format!("--root={}", root.path().display());

    let output = run("systemd-sysusers", &[&under], &systemd().join("sysusers.d/uketsuke.conf"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let accounts = fs::read_to_string(root.path().join("etc/passwd")).unwrap();
    let account = accounts.lines().find(|line| line.starts_with("uketsuke:")).unwrap_or_default();
    assert!(account.ends_with(":uketsuke mail reception:/var/lib/uketsuke:/usr/sbin/nologin"), "{account:?}");

    let output = run("systemd-tmpfiles", &["--create", &under], &systemd().join("tmpfiles.d/uketsuke.conf"));
    assert!(!text(&output.stderr).contains("Unknown") && !text(&output.stderr).contains("Invalid"), "{}", text(&output.stderr));
    let expected = [("etc/uketsuke", 0o750), ("etc/uketsuke/credentials", 0o700), ("var/lib/uketsuke", 0o700)];
    assert_eq!(modes(root.path()), expected.map(|(path, mode)| (path.to_owned(), mode)));
}
