//! A colleague's mail program: puts mails into folders, removes them, and tells what stands there. In the clear, one command at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub struct Client {
    reader: BufReader<TcpStream>,
    next: u32,
}

impl Client {
    pub fn login(port: u16, user: &str, password: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut client = Self { reader: BufReader::new(stream), next: 0 };
        client.line();
        client.ask(&format!("LOGIN {user} {password}"));
        client
    }

    /// One response line, with the literals in it.
    fn line(&mut self) -> Vec<u8> {
        let mut whole = Vec::new();
        loop {
            let begun = whole.len();
            assert!(
                self.reader.read_until(b'\n', &mut whole).unwrap() > 0,
                "the server hung up after {:?}",
                String::from_utf8_lossy(&whole)
            );
            let line = String::from_utf8_lossy(&whole[begun..]).into_owned();
            let literal = line.trim_end().strip_suffix('}').and_then(|line| line.rsplit_once('{')).and_then(|(_, size)| size.parse().ok());
            let Some(size) = literal else { return whole };
            let mut octets = vec![0; size];
            self.reader.read_exact(&mut octets).unwrap();
            whole.extend(octets);
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.reader.get_mut().write_all(bytes).unwrap();
    }

    /// The lines up to the tagged OK.
    pub fn ask(&mut self, command: &str) -> Vec<String> {
        self.next += 1;
        let tag = format!("C{}", self.next);
        self.say(format!("{tag} {command}\r\n").as_bytes());
        self.answer(&tag, command)
    }

    fn answer(&mut self, tag: &str, command: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = String::from_utf8_lossy(&self.line()).into_owned();
            if let Some(end) = line.strip_prefix(&format!("{tag} ")) {
                assert!(end.starts_with("OK"), "{command}: {line}");
                return lines;
            }
            lines.push(line);
        }
    }

    pub fn append(&mut self, folder: &str, mail: &[u8]) {
        self.next += 1;
        let tag = format!("C{}", self.next);
        self.say(format!("{tag} APPEND \"{folder}\" {{{}}}\r\n", mail.len()).as_bytes());
        let ready = self.line();
        assert!(ready.starts_with(b"+"), "{}", String::from_utf8_lossy(&ready));
        self.say(&[mail, b"\r\n"].concat());
        self.answer(&tag, "APPEND");
    }

    /// UIDs of a folder, ascending, each with its flags.
    pub fn flags(&mut self, folder: &str) -> Vec<(u32, Vec<String>)> {
        self.ask(&format!("SELECT \"{folder}\""));
        let mut found: Vec<(u32, Vec<String>)> =
            self.ask("UID FETCH 1:* (UID FLAGS)").iter().filter_map(|line| uid_and_flags(line)).collect();
        found.sort();
        found.dedup_by_key(|(uid, _)| *uid);
        found
    }

    pub fn uids(&mut self, folder: &str) -> Vec<u32> {
        self.flags(folder).into_iter().map(|(uid, _)| uid).collect()
    }

    pub fn remove(&mut self, folder: &str, uid: u32) {
        self.ask(&format!("SELECT \"{folder}\""));
        self.ask(&format!("UID STORE {uid} +FLAGS (\\Deleted)"));
        self.ask("EXPUNGE");
    }
}

fn uid_and_flags(line: &str) -> Option<(u32, Vec<String>)> {
    let uid = line.split("UID ").nth(1)?.split([' ', ')']).next()?.parse().ok()?;
    let flags = line.split("FLAGS (").nth(1)?.split(')').next()?;
    Some((uid, flags.split_whitespace().map(str::to_owned).collect()))
}
