//! A private Dovecot: IMAP by TLS, STARTTLS and plaintext, login by password and by token, Maildirs that tests fill.
//!
//! Promises: works with Dovecot 2.3 and 2.4, as root and as an ordinary user; failed logins are answered within a second (Dovecot's
//! penalties are off); IDLE tells a delivery within 1.1 s, Dovecot's own pace.
//! Rejected: the shipped `/etc/dovecot`; every distribution and every operator changes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::folder::{Folder, Owner};
use super::port;
use super::process::{Group, Plan, Process};
use super::program::{Privilege, answer, find, plain_name};
use super::token::Provider;
use super::{Account, maildir};
use crate::imap::base64;
use crate::tls::Authority;

/// How Dovecot is set up.
pub struct Options<'authority> {
    /// Who may log in; each has an empty INBOX. Passwords may hold any character but NUL and line ends,
    /// tokens those of RFC 6750, and no two users may have the same token.
    pub users: Vec<Account>,
    /// Signs the certificate for `localhost` and 127.0.0.1.
    pub authority: &'authority Authority,
}

/// A running Dovecot; dropping it ends the processes and removes the folder.
pub struct Dovecot {
    // Declared before the folder, hence dropped before it: a server whose folder vanishes complains for minutes.
    process: Process,
    #[expect(dead_code, reason = "held so that it answers as long as Dovecot asks")]
    provider: Provider,
    folder: Folder,
    ports: [u16; 2],
    users: Vec<String>,
    mail_owner: Option<Owner>,
}

impl Dovecot {
    /// Starts Dovecot and waits until it greets. Blocks the thread for about a third of a second.
    ///
    /// # Errors
    /// Dovecot is not installed or does not start; the error holds its log.
    pub fn start(options: Options<'_>) -> Result<Self, Fault> {
        let program = find("dovecot", "dovecot-imapd")?;
        port::while_taken(|| Self::start_once(&program, &options))
    }

    fn start_once(program: &Path, options: &Options<'_>) -> Result<Self, Fault> {
        let folder = Folder::new("dovecot")?;
        let people = People::of_this_machine()?;
        let ports = port::free()?;
        folder.make("run", 0o755, None)?;
        folder.make("mail", 0o711, None)?;
        for account in &options.users {
            plain_name("the user", &account.user)?;
            maildir::make(&folder, &account.user, people.mail_owner)?;
        }
        let signed = options.authority.write_server_files(folder.path());
        super::folder::at(folder.path(), signed)?;
        folder.write("passwords", &passwords(&options.users))?;
        let provider = Provider::start(tokens(&options.users)?)?;
        folder.write("oauth2.conf", &include_str!("oauth2-2.3.conf").replace("@provider@", &provider.url()))?;
        let template = template(program)?.replace("@provider@", &provider.url());
        let configuration = folder.write("dovecot.conf", &configuration(&template, &folder, &people, ports))?;
        let process = Process::start(&Plan {
            name: "Dovecot",
            program: program.to_owned(),
            arguments: vec!["-F".to_owned(), "-c".to_owned(), configuration.display().to_string()],
            group: Group::Made,
            output: folder.join("output"),
            log: folder.join("log"),
        })?;
        // Dovecot binds all its ports before the first greeting, so the other one is ready, too.
        let [_, imap] = ports;
        process.greets(&[imap], &folder.name())?;
        let users = options.users.iter().map(|account| account.user.clone()).collect();
        Ok(Self { process, provider, folder, ports, users, mail_owner: people.mail_owner })
    }

    /// TLS from the first byte.
    #[must_use]
    pub fn imaps_port(&self) -> u16 {
        let [imaps, _] = self.ports;
        imaps
    }

    /// A plaintext greeting; STARTTLS is offered. Logins without it are taken as well: Dovecot regards a client on its own address as safe
    /// whatever its configuration says. A server that insists is [`crate::imap::Server`].
    #[must_use]
    pub fn imap_port(&self) -> u16 {
        let [_, imap] = self.ports;
        imap
    }

    /// The id of Dovecot's master and of its process group, for tests that interrupt it.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// All that Dovecot has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The user's Maildir, which is the INBOX.
    ///
    /// # Errors
    /// The options named no such user.
    pub fn maildir(&self, user: &str) -> Result<PathBuf, Fault> {
        if self.users.iter().any(|known| known == user) {
            return Ok(self.mail_folder().join(user).join("Maildir"));
        }
        Err(Fault::UnknownUser { user: user.to_owned() })
    }

    /// Lays a mail into the INBOX, octet by octet as given; returns its file.
    ///
    /// # Errors
    /// There is no such user, or the file cannot be written.
    pub fn deliver(&self, user: &str, mail: impl AsRef<[u8]>) -> Result<PathBuf, Fault> {
        let maildir = self.maildir(user)?;
        let delivered = maildir::deliver(&maildir, self.mail_owner, [mail])?;
        Ok(delivered.into_iter().next().unwrap_or(maildir))
    }

    /// Lays many mails into the INBOX at one go; their UIDs follow their order. Returns how many.
    ///
    /// # Errors
    /// There is no such user, or a file cannot be written.
    pub fn bulk_deliver<B: AsRef<[u8]>>(&self, user: &str, mails: impl IntoIterator<Item = B>) -> Result<usize, Fault> {
        Ok(maildir::deliver(&self.maildir(user)?, self.mail_owner, mails)?.len())
    }

    /// Gives the INBOX a new UIDVALIDITY and its mails new UIDs. A session that has it selected is told BYE at its next command.
    ///
    /// # Errors
    /// There is no such user, or a file cannot be removed.
    pub fn reset_uidvalidity(&self, user: &str) -> Result<(), Fault> {
        maildir::forget_uids(&self.maildir(user)?)
    }

    pub(super) fn users(&self) -> &[String] {
        &self.users
    }

    pub(super) fn mail_folder(&self) -> PathBuf {
        self.folder.join("mail")
    }

    pub(super) fn mail_owner(&self) -> Option<Owner> {
        self.mail_owner
    }

    /// Where other servers ask whether a password is right.
    pub(super) fn login_socket(&self) -> PathBuf {
        self.folder.join("run/smtp-login")
    }

    pub(super) fn certificate_files(&self) -> [PathBuf; 2] {
        [self.folder.join("key.pem"), self.folder.join("cert.pem")]
    }
}

/// Under which names the parts of Dovecot run.
struct People {
    login: String,
    internal: String,
    internal_group: String,
    mail: String,
    mail_group: String,
    /// `None`: everything belongs to this process's user anyway.
    mail_owner: Option<Owner>,
}

impl People {
    fn of_this_machine() -> Result<Self, Fault> {
        let id = find("id", "coreutils")?;
        if Privilege::of_this_process() == Privilege::Ordinary {
            let (user, group) = (answer(&id, &["-un"])?, answer(&id, &["-gn"])?);
            return Ok(Self {
                login: user.clone(),
                internal: user.clone(),
                internal_group: group.clone(),
                mail: user,
                mail_group: group,
                mail_owner: None,
            });
        }
        let number = |flag: &str| answer(&id, &[flag, "nobody"]).map(|text| text.parse().unwrap_or(u32::from(u16::MAX - 1)));
        Ok(Self {
            login: "dovenull".to_owned(),
            internal: "dovecot".to_owned(),
            internal_group: "dovecot".to_owned(),
            mail: "nobody".to_owned(),
            mail_group: answer(&id, &["-gn", "nobody"])?,
            mail_owner: Some(Owner { uid: number("-u")?, gid: number("-g")? }),
        })
    }
}

/// Dovecot's passwd-file; base64, since a colon would end the password.
fn passwords(users: &[Account]) -> String {
    let line = |account: &Account| format!("{}:{{PLAIN.b64}}{}::::::\n", account.user, base64::encode(account.password.as_bytes()));
    users.iter().map(line).collect()
}

fn tokens(users: &[Account]) -> Result<BTreeMap<String, String>, Fault> {
    let mut owners = BTreeMap::new();
    for account in users {
        let Some(token) = account.token.clone() else { continue };
        if owners.insert(token, account.user.clone()).is_some() {
            return Err(Fault::SharedToken { user: account.user.clone() });
        }
    }
    Ok(owners)
}

/// Dovecot 2.4 renamed half of the keys and refuses the old ones.
fn template(program: &Path) -> Result<&'static str, Fault> {
    let version = answer(program, &["--version"])?;
    match version.split(['.', '-', ' ']).take(2).collect::<Vec<_>>().as_slice() {
        ["2", "3"] => Ok(include_str!("dovecot-2.3.conf")),
        ["2", "4"] => Ok(include_str!("dovecot-2.4.conf")),
        _ => Err(Fault::Version { name: "Dovecot", version, known: "2.3 and 2.4" }),
    }
}

fn configuration(template: &str, folder: &Folder, people: &People, [imaps, imap]: [u16; 2]) -> String {
    template
        .replace("@folder@", &folder.path().display().to_string())
        .replace("@mark@", &folder.name())
        .replace("@login@", &people.login)
        .replace("@internal@", &people.internal)
        .replace("@internal-group@", &people.internal_group)
        .replace("@mail@", &people.mail)
        .replace("@mail-group@", &people.mail_group)
        .replace("@imaps@", &imaps.to_string())
        .replace("@imap@", &imap.to_string())
}
