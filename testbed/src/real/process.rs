//! One server process: started, watched until it greets, ended by its own id.
//!
//! Promises: after the handle is dropped the process is gone (TERM, five seconds, KILL) and has been waited for, and so are the helpers of
//! its process group; a test that is killed takes its servers with it, since every one asks the kernel for a signal when its parent dies.
//! Rejected: the servers' own stop commands; they read pid files and look for instances by name.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::fault::Fault;
use super::folder::at;

/// The longest that a server may take to greet; on a busy machine with two cores a start takes half a second.
const GREETING: Duration = Duration::from_secs(30);
/// The longest that a server may take to end by itself.
const GOODBYE: Duration = Duration::from_secs(5);
/// Between two looks at something that reports no event: a port nobody listens on yet, a process that is not our child.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What to run and where its words go.
pub(super) struct Plan {
    /// For sentences.
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) group: Group,
    /// The file for standard output and standard error.
    pub(super) output: PathBuf,
    /// The file that the server writes by itself.
    pub(super) log: PathBuf,
}

/// How the server comes to lead a process group of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// We make one; the server makes none.
    Made,
    /// The server calls setsid, which fails in a process that leads a group already.
    MadeByItself,
}

pub(super) struct Process {
    name: &'static str,
    id: u32,
    logs: [PathBuf; 2],
    ended: Arc<Ended>,
    keeper: Option<JoinHandle<()>>,
}

/// Set once, by the thread that waits for the child.
#[derive(Default)]
struct Ended {
    status: Mutex<Option<ExitStatus>>,
    changed: Condvar,
}

impl Ended {
    fn set(&self, status: ExitStatus) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
        self.changed.notify_all();
    }

    /// The status as soon as there is one, at the latest after this time.
    fn within(&self, limit: Duration) -> Option<ExitStatus> {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        *self.changed.wait_timeout_while(status, limit, |status| status.is_none()).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Process {
    /// Starts the program; returns before it is ready.
    pub(super) fn start(plan: &Plan) -> Result<Self, Fault> {
        let output = at(&plan.output, fs::File::create(&plan.output))?;
        let errors = at(&plan.output, output.try_clone())?;
        // setpriv execs the program: one process, one id.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(&plan.program).args(&plan.arguments);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        if plan.group == Group::Made {
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let ended = Arc::new(Ended::default());
        let (id, keeper) = keep(plan, command, Arc::clone(&ended))?;
        Ok(Self { name: plan.name, id, logs: [plan.output.clone(), plan.log.clone()], ended, keeper: Some(keeper) })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Waits until each port answers with a first line that holds `mark`, which no other server says.
    pub(super) fn greets(&self, ports: &[u16], mark: &str) -> Result<(), Fault> {
        let begun = Instant::now();
        for port in ports {
            while !first_line(*port).contains(mark) {
                if let Some(status) = self.ended.within(LOOK_AGAIN) {
                    return Err(Fault::Ended { name: self.name, status, log: self.log() });
                }
                let waited = begun.elapsed();
                if waited > GREETING {
                    return Err(Fault::Silent { name: self.name, port: *port, waited, log: self.log() });
                }
            }
        }
        Ok(())
    }

    /// What the server has said up to now: its output, then its log.
    pub(super) fn log(&self) -> String {
        let texts = self.logs.iter().map(|path| fs::read(path).unwrap_or_default());
        texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended.within(Duration::ZERO).is_none() {
            signal("TERM", &self.id.to_string());
            if self.ended.within(GOODBYE).is_none() {
                signal("KILL", &self.id.to_string());
            }
        }
        if let Some(keeper) = self.keeper.take() {
            // Its only end is the child's end; after KILL that comes.
            drop(keeper.join());
        }
        self.end_group();
    }
}

impl Process {
    /// Helpers outlive their master by a moment; a hung one would outlive the tests.
    fn end_group(&self) {
        if !self.group_ends() {
            signal("KILL", &format!("-{}", self.id));
            self.group_ends();
        }
    }

    /// Whether nobody of the group runs any more, after a wait.
    fn group_ends(&self) -> bool {
        let begun = Instant::now();
        while group_lives(self.id) {
            if begun.elapsed() > GOODBYE {
                return false;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        true
    }
}

/// Spawns and waits in one thread: the kernel's "parent died" signal is about the thread that spawned, and a test's thread ends early.
fn keep(plan: &Plan, mut command: Command, ended: Arc<Ended>) -> Result<(u32, JoinHandle<()>), Fault> {
    let (send, receive) = mpsc::sync_channel(1);
    let keep = move || match command.spawn() {
        Ok(mut child) => {
            drop(send.send(Ok(child.id())));
            if let Ok(status) = child.wait() {
                ended.set(status);
            }
        }
        Err(error) => drop(send.send(Err(error))),
    };
    let keeper = std::thread::Builder::new().name(format!("keeper of {}", plan.name)).spawn(keep);
    let keeper = keeper.map_err(|source| Fault::Thread { name: plan.name, source })?;
    let spawned = receive.recv().unwrap_or_else(|_| Err(ErrorKind::BrokenPipe.into()));
    let id = spawned.map_err(|source| Fault::Spawn { name: plan.name, program: plan.program.clone(), source })?;
    Ok((id, keeper))
}

/// The first octets that a port says, up to a line's end; empty if nobody says anything.
fn first_line(port: u16) -> String {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else { return String::new() };
    if stream.set_read_timeout(Some(Duration::from_secs(5))).is_err() {
        return String::new();
    }
    let mut line = Vec::new();
    let mut octets = [0; 512];
    while !line.contains(&b'\n') && line.len() < 4096 {
        match stream.read(&mut octets) {
            Ok(0) | Err(_) => break,
            Ok(count) => line.extend(octets.iter().take(count)),
        }
    }
    String::from_utf8_lossy(&line).into_owned()
}

/// The shell's own `kill`; the standard library can only send KILL, and the program of that name is not installed everywhere.
fn signal(signal: &str, target: &str) {
    let mut command = Command::new("sh");
    command.args(["-c", "kill -s \"$1\" -- \"$2\"", "sh", signal, target]);
    // The process may have ended in this moment; that is what we want.
    drop(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status());
}

/// Whether a process of this group still runs; one that has ended and that nobody has waited for does not.
pub(super) fn group_lives(group: u32) -> bool {
    let Ok(entries) = fs::read_dir("/proc") else { return false };
    entries.flatten().any(|entry| belongs(&entry.path(), group))
}

/// Reads `/proc/N/stat`, proc(5): after the name in parentheses come state, parent and process group.
fn belongs(process: &Path, group: u32) -> bool {
    let Ok(stat) = fs::read_to_string(process.join("stat")) else { return false };
    let Some((_, facts)) = stat.rsplit_once(')') else { return false };
    let mut facts = facts.split_ascii_whitespace();
    let alive = facts.next().is_some_and(|state| state != "Z" && state != "X");
    alive && facts.nth(1) == Some(group.to_string().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::folder::Folder;
    use crate::real::program::find;

    fn says(process: &Process, text: &str) {
        let begun = Instant::now();
        while process.log() != text {
            assert!(begun.elapsed() < GREETING, "the shell speaks in time");
            std::thread::yield_now();
        }
    }

    fn shell(folder: &Folder, script: &str) -> Process {
        let plan = Plan {
            name: "a shell",
            program: find("sh", "dash").unwrap(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            group: Group::Made,
            output: folder.join("output"),
            log: folder.join("log"),
        };
        Process::start(&plan).unwrap()
    }

    #[test]
    fn a_server_that_ends_early_shows_what_it_said() {
        let folder = Folder::new("process").unwrap();
        let log = folder.join("log");
        let process = shell(&folder, &format!("echo out; echo err >&2; echo own > {}; exit 89", log.display()));
        let [port] = crate::real::port::free().unwrap();
        let fault = process.greets(&[port], "ready").unwrap_err();
        assert!(!fault.is_a_taken_port());
        assert_eq!(fault.to_string(), "a shell ended with exit status: 89 before it answered; mend what its log names:\nout\nerr\nown\n");
    }

    #[test]
    fn a_server_and_its_helpers_end_with_the_handle() {
        let folder = Folder::new("process").unwrap();
        let process = shell(&folder, "sleep 300 & sleep 300 & echo begun; wait");
        says(&process, "begun\n");
        let group = process.id();
        assert!(group_lives(group));
        let begun = Instant::now();
        drop(process);
        assert!(!group_lives(group));
        assert!(begun.elapsed() >= GOODBYE, "helpers get the time to end by themselves");
    }

    #[test]
    fn a_server_deaf_to_term_is_killed() {
        let folder = Folder::new("process").unwrap();
        let process = shell(&folder, "trap '' TERM; echo deaf; while :; do sleep 1; done");
        let group = process.id();
        says(&process, "deaf\n");
        drop(process);
        assert!(!group_lives(group));
    }
}
