//! A private Dovecot 2.3 in a temporary folder, ended by its own process id.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use testbed::tls::Authority;

pub struct Dovecot {
    folder: tempfile::TempDir,
    child: Child,
    port: u16,
    tls_port: u16,
    delivered: AtomicUsize,
}

impl Dovecot {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        let authority = Authority::new();
        let (certificate, key) = authority.write_server_files(root).unwrap();
        authority.write_pem(&root.join("authority.pem")).unwrap();
        let (port, tls_port) = (free_port(), free_port());
        fs::write(root.join("passwd"), "desk:{PLAIN}himitsu\n").unwrap();
        let configuration = configuration(root, port, tls_port, &certificate, &key);
        fs::write(root.join("dovecot.conf"), configuration).unwrap();
        for box_folder in ["new", "cur", "tmp"] {
            fs::create_dir_all(root.join("mail/desk/Maildir").join(box_folder)).unwrap();
        }
        let child = Command::new("/usr/sbin/dovecot")
            .args(["-F", "-c"])
            .arg(root.join("dovecot.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dovecot must be installed");
        let dovecot = Self { folder, child, port, tls_port, delivered: AtomicUsize::new(0) };
        dovecot.own();
        dovecot.wait_for_port();
        dovecot
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Delivers mails as a local delivery agent does: into tmp, then renamed into new.
    pub fn fill(&self, mails: &[String]) {
        for mail in mails {
            let number = self.delivered.fetch_add(1, Ordering::Relaxed);
            // The numbers order the mails; Dovecot sorts new files by name's time part.
            let name = format!("{}.M{number:06}P1.test", 1_700_000_000 + number);
            let waiting = self.maildir("").join("tmp").join(&name);
            fs::write(&waiting, mail).unwrap();
            std::os::unix::fs::chown(&waiting, Some(65_534), Some(65_534)).unwrap();
            fs::rename(waiting, self.maildir("").join("new").join(name)).unwrap();
        }
    }

    /// A new UIDVALIDITY: the index is lost, and the list of UIDs begins anew. (Without the new list an open session writes
    /// the old UIDVALIDITY back and gives the old mails new UIDs under it: 2.3.19, 2026-11.)
    pub fn renumber(&self) {
        let begun = self.maildir("").join("tmp/uidlist");
        fs::write(&begun, "3 V1900000000 N1 G00112233445566778899aabbccddeeff\n").unwrap();
        std::os::unix::fs::chown(&begun, Some(65_534), Some(65_534)).unwrap();
        fs::rename(begun, self.maildir("").join("dovecot-uidlist")).unwrap();
        for entry in fs::read_dir(self.maildir("")).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dovecot.index")) && path.is_file() {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// Mails in a folder of the maildir.
    pub fn count(&self, folder: &str) -> usize {
        self.files(folder).len()
    }

    /// The flag letters of each mail in INBOX.
    pub fn flags(&self) -> Vec<String> {
        self.files("").into_iter().map(|name| name.rsplit_once(":2,").map_or(String::new(), |(_, flags)| flags.to_owned())).collect()
    }

    fn files(&self, folder: &str) -> Vec<String> {
        let names = |part: &str| {
            fs::read_dir(self.maildir(folder).join(part)).map_or_else(
                |_| Vec::new(),
                |entries| entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect(),
            )
        };
        [names("new"), names("cur")].concat()
    }

    fn maildir(&self, folder: &str) -> PathBuf {
        self.folder.path().join("mail/desk/Maildir").join(folder)
    }

    fn own(&self) {
        let done = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(self.folder.path().join("mail")).status().unwrap();
        assert!(done.success());
    }

    fn wait_for_port(&self) {
        let deadline = Instant::now() + Duration::from_secs(15);
        while TcpStream::connect(("127.0.0.1", self.tls_port)).is_err() {
            assert!(
                Instant::now() < deadline,
                "dovecot does not listen: {}",
                fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
            std::thread::yield_now();
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Only the master; it ends its own processes.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Kills the imap processes of this master, and of no other.
pub fn kill_sessions_of(master: u32) {
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let status = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let Some((before, after)) = status.rsplit_once(") ") else { continue };
        let parent = after.split(' ').nth(1).and_then(|parent| parent.parse::<u32>().ok());
        if before.ends_with("(imap") && parent == Some(master) {
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn configuration(root: &Path, port: u16, tls_port: u16, certificate: &Path, key: &Path) -> String {
    let root = root.display();
    let (certificate, key) = (certificate.display(), key.display());
    format!(
        "base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/log
protocols = imap
listen = 127.0.0.1
default_login_user = dovenull
default_internal_user = dovecot
default_internal_group = dovecot
first_valid_uid = 1
mail_uid = nobody
mail_gid = nogroup
mail_home = {root}/mail/%u
mail_location = maildir:{root}/mail/%u/Maildir
mail_max_userip_connections = 100
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
passdb {{
  driver = passwd-file
  args = {root}/passwd
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={root}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"
    )
}
