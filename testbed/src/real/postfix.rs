//! A private Postfix: takes mail by submission with login and by an inbound port without, delivers into Dovecot's Maildirs.
//!
//! Promises: Dovecot judges the logins, an unknown user of a local domain is refused with 550 5.1.1 (or bounces, where asked for), mail for other domains is refused with
//! 550 5.1.2 after a login and with 554 5.7.1 on the inbound port; no name is looked up and nothing leaves the machine.
//! Rejected: `postfix start`; it checks and repairs the installation that it finds, and keeps its own pid file in charge of the end.

use std::path::{Path, PathBuf};

use super::Dovecot;
use super::fault::Fault;
use super::folder::{Folder, Owner};
use super::port;
use super::process::{Group, Plan, Process};
use super::program::{Privilege, answer, find, plain_name};

/// How Postfix is set up.
pub struct Options<'dovecot> {
    /// Judges logins and holds the mailboxes; has to outlive the Postfix that asks it.
    pub dovecot: &'dovecot Dovecot,
    /// Local domains; the mailboxes are those of Dovecot's users. At least one.
    pub domains: Vec<String>,
    pub unknown: Unknown,
}

/// What becomes of mail to a user that a local domain does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// 550 5.1.1 to RCPT.
    Refused,
    /// Taken, and then a bounce, as relays do that know the users of no other domain.
    Bounced,
}

/// A running Postfix; dropping it ends the processes and removes the folder with its queue.
pub struct Postfix {
    // Declared before the folder, hence dropped before it.
    process: Process,
    #[expect(dead_code, reason = "held so that the folder is removed with the handle")]
    folder: Folder,
    ports: [u16; 3],
}

impl Postfix {
    /// Starts Postfix and waits until it greets. Blocks the thread for about a fifth of a second.
    ///
    /// # Errors
    /// Postfix is not installed or does not start (the error holds its log), or this process does not run as root.
    pub fn start(options: Options<'_>) -> Result<Self, Fault> {
        let postconf = find("postconf", "postfix")?;
        if Privilege::of_this_process() == Privilege::Ordinary {
            return Err(Fault::NeedsRoot { name: "Postfix" });
        }
        port::while_taken(|| Self::start_once(&postconf, &options))
    }

    fn start_once(postconf: &Path, options: &Options<'_>) -> Result<Self, Fault> {
        let folder = Folder::new("postfix")?;
        let ports = port::free()?;
        make_queue(&folder)?;
        folder.write("main.cf", &main_configuration(&folder, options)?)?;
        folder.write("master.cf", &services(ports))?;
        folder.write("mailboxes", &mailboxes(options.dovecot))?;
        let programs = PathBuf::from(answer(postconf, &["-d", "-h", "daemon_directory"])?);
        let process = Process::start(&Plan {
            name: "Postfix",
            program: programs.join("master"),
            arguments: vec!["-c".to_owned(), folder.path().display().to_string(), "-s".to_owned()],
            group: Group::MadeByItself,
            output: folder.join("output"),
            log: folder.join("log/postfix.log"),
        })?;
        // Postfix binds all its ports before the first greeting, so the one that speaks TLS at once is ready, too.
        let [_, submission, inbound] = ports;
        process.greets(&[submission, inbound], &folder.name())?;
        Ok(Self { process, folder, ports })
    }

    /// TLS from the first byte, then a login (RFC 8314).
    #[must_use]
    pub fn smtps_port(&self) -> u16 {
        let [smtps, _, _] = self.ports;
        smtps
    }

    /// STARTTLS is required, then a login (RFC 6409).
    #[must_use]
    pub fn submission_port(&self) -> u16 {
        let [_, submission, _] = self.ports;
        submission
    }

    /// What port 25 is elsewhere: no login, local domains only.
    #[must_use]
    pub fn inbound_port(&self) -> u16 {
        let [_, _, inbound] = self.ports;
        inbound
    }

    /// The id of Postfix's master and of its process group, for tests that interrupt it.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// All that Postfix has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// The folders that `postfix check` makes for an installation, with the owners and modes of its `postfix-files`.
fn make_queue(folder: &Folder) -> Result<(), Fault> {
    let (id, getent) = (find("id", "coreutils")?, find("getent", "libc-bin")?);
    let number = |text: &str| text.parse().map_err(|_| Fault::Missing { program: "the user postfix", package: "postfix" });
    let postfix = Owner { uid: number(&answer(&id, &["-u", "postfix"])?)?, gid: number(&answer(&id, &["-g", "postfix"])?)? };
    let group = answer(&getent, &["group", "postdrop"])?;
    let drop = Owner { uid: postfix.uid, gid: number(group.split(':').nth(2).unwrap_or_default())? };
    folder.make("log", 0o755, Some(postfix))?;
    folder.make("data", 0o700, Some(postfix))?;
    folder.make("queue", 0o755, None)?;
    folder.make("queue/pid", 0o755, None)?;
    for name in ["incoming", "active", "deferred", "bounce", "defer", "flush", "hold", "trace", "saved", "corrupt", "private"] {
        folder.make(&format!("queue/{name}"), 0o700, Some(postfix))?;
    }
    folder.make("queue/public", 0o2710, Some(drop))?;
    folder.make("queue/maildrop", 0o1730, Some(drop))?;
    Ok(())
}

fn main_configuration(folder: &Folder, options: &Options<'_>) -> Result<String, Fault> {
    let first = options.domains.first().map_or("", String::as_str);
    plain_name("the first domain", first)?;
    for domain in &options.domains {
        plain_name("the domain", domain)?;
    }
    let [key, certificate] = options.dovecot.certificate_files();
    // Root starts both servers, so the mail has an owner of its own.
    let owner = options.dovecot.mail_owner().ok_or(Fault::NeedsRoot { name: "Postfix" })?;
    let text = include_str!("main.cf")
        .replace("@folder@", &folder.path().display().to_string())
        .replace("@refuse-unlisted@", if options.unknown == Unknown::Refused { "yes" } else { "no" })
        .replace("@mark@", &folder.name())
        .replace("@first-domain@", first)
        .replace("@domains@", &options.domains.join(", "))
        .replace("@login-socket@", &options.dovecot.login_socket().display().to_string())
        .replace("@key@", &key.display().to_string())
        .replace("@certificate@", &certificate.display().to_string())
        .replace("@mail@", &options.dovecot.mail_folder().display().to_string())
        .replace("@mail-uid@", &owner.uid.to_string())
        .replace("@mail-gid@", &owner.gid.to_string());
    Ok(text)
}

fn services([smtps, submission, inbound]: [u16; 3]) -> String {
    include_str!("master.cf")
        .replace("@smtps@", &smtps.to_string())
        .replace("@submission@", &submission.to_string())
        .replace("@inbound@", &inbound.to_string())
}

fn mailboxes(dovecot: &Dovecot) -> String {
    dovecot.users().iter().map(|user| format!("{user} {user}/Maildir/\n")).collect()
}
