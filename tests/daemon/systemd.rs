//! What systemd is told on its socket, in order.

use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;
use testbed::imap::{What, When};

use crate::letters::office_with;
use crate::office::{DEADLINE, Office, until};
use crate::post::Post;

/// systemd's end of the socket.
struct Socket {
    socket: UnixDatagram,
    path: String,
    heard: Vec<String>,
}

impl Socket {
    fn new(office: &Office) -> Self {
        let path = office.path("notify");
        let socket = UnixDatagram::bind(&path).expect("bound");
        socket.set_nonblocking(true).expect("set");
        Self { socket, path: path.display().to_string(), heard: Vec::new() }
    }

    /// Takes in what came since.
    fn listen(&mut self) {
        let mut buffer = [0_u8; 8192];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            self.heard.extend(text.lines().map(str::to_owned));
        }
    }

    /// Waits until a line that begins so was heard after the first so many, and returns its place.
    async fn until_heard(&mut self, after: usize, beginning: &str) -> usize {
        until(beginning, String::new, || {
            self.listen();
            self.heard.iter().skip(after).position(|line| line.starts_with(beginning)).map(|place| after + place)
        })
        .await
    }
}

#[tokio::test]
async fn systemd_hears_ready_status_watchdog_reloading_and_stopping() {
    let office = Office::with_post(&Post::dozen(7), |plan| plan);
    let mut socket = Socket::new(&office);
    // A watchdog of 600 ms is fed every 200.
    let environment = [("NOTIFY_SOCKET", socket.path.clone()), ("WATCHDOG_USEC", "600000".to_owned())];
    let daemon = office.start_with(&environment.each_ref().map(|(name, value)| (*name, value.as_str())));
    let ready = socket.until_heard(0, "READY=1").await;
    let status = socket.until_heard(ready, "STATUS=watching").await;
    let mut fed = socket.until_heard(0, "WATCHDOG=1").await;
    for _ in 0..3 {
        fed = socket.until_heard(fed + 1, "WATCHDOG=1").await;
    }
    daemon.signal(Signal::HUP);
    let reloading = socket.until_heard(status, "RELOADING=1").await;
    socket.until_heard(reloading, "MONOTONIC_USEC=").await;
    let ready_again = socket.until_heard(reloading, "READY=1").await;
    daemon.close().await;
    socket.until_heard(ready_again, "STOPPING=1").await;
    assert_eq!(socket.heard.iter().filter(|line| *line == "READY=1").count(), 2);
}

#[tokio::test]
async fn systemd_hears_what_is_wrong_and_that_it_is_over() {
    let script = vec![When::command("EXAMINE").nth(1).then(What::Bye("Maintenance".to_owned()))];
    let office = Office::scripted(&Post::dozen(7), script, |plan| plan);
    let mut socket = Socket::new(&office);
    let daemon = office.start_with(&[("NOTIFY_SOCKET", &socket.path.clone())]);
    let sick = socket.until_heard(0, "STATUS=account:desk: the server says goodbye: Maintenance").await;
    socket.until_heard(sick, "STATUS=watching").await;
    assert_eq!(socket.heard.iter().filter(|line| *line == "READY=1").count(), 1, "an office with a broken server is open all the same");
    daemon.close().await;
}

#[tokio::test]
async fn systemd_hears_that_a_changed_file_was_refused_until_it_is_mended() {
    let office = office_with(&[], |plan| plan);
    let mut socket = Socket::new(&office);
    let daemon = office.start_with(&[("NOTIFY_SOCKET", &socket.path.clone()), ("WATCHDOG_USEC", "600000")]);
    let ready = socket.until_heard(0, "READY=1").await;
    office.write_text("[smtp]\nprot = 25\n");
    daemon.signal(Signal::HUP);
    let reloading = socket.until_heard(ready, "RELOADING=1").await;
    let refused = socket.until_heard(reloading, "STATUS=configuration: the changed file was refused, the old rules stay in force").await;
    // It stays so over the next beats, and does not vanish behind "watching".
    let mut beat = refused;
    for _ in 0..3 {
        beat = socket.until_heard(beat + 1, "WATCHDOG=1").await;
    }
    let last = socket.heard.iter().rfind(|line| line.starts_with("STATUS=")).expect("a status");
    assert!(last.starts_with("STATUS=configuration: "), "{last}");
    office.write(&office.plan());
    daemon.signal(Signal::HUP);
    socket.until_heard(beat, "STATUS=watching").await;
    daemon.close().await;
}

#[tokio::test]
async fn a_folder_of_thousands_does_not_starve_the_watchdog() {
    let mails: Vec<String> =
        (1..=1_500).map(|number| crate::letters::greeting(&format!("u{number}@applicant.example.co.jp"), number)).collect();
    let office = office_with(&mails, |plan| plan.set("reply", "mode", "\"off\""));
    let mut socket = Socket::new(&office);
    let daemon = office.start_with(&[("NOTIFY_SOCKET", &socket.path.clone()), ("WATCHDOG_USEC", "3000000")]);
    let started = std::time::Instant::now();
    let mut silence = std::time::Duration::ZERO;
    let mut last = started;
    let mut count = 0;
    until(
        "all verdicts",
        || office.story(),
        || {
            socket.listen();
            let fed = socket.heard.iter().filter(|line| *line == "WATCHDOG=1").count();
            if fed > count {
                count = fed;
                silence = silence.max(last.elapsed());
                last = std::time::Instant::now();
            }
            (office.rows("SELECT count(*) FROM submissions WHERE verdict IS NOT NULL") == ["1500"]).then_some(())
        },
    )
    .await;
    assert!(count > 0 && silence < std::time::Duration::from_secs(3) && last.elapsed() < std::time::Duration::from_secs(3), "{silence:?}");
    assert!(started.elapsed() < DEADLINE);
    daemon.close().await;
}
