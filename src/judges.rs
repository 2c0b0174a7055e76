//! Reading mails on every core, with results in order and a panic that costs one mail.
//!
//! Promises: a panic inside the desk becomes a reading that goes to `review`; the thread that panicked judges on. Threads
//! have large stacks, since a parser's recursion must not decide about the process.
//! Rejected: a general thread pool; its threads have small stacks, and a poison mail would poison a shared queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::desk::check::Finding;
use crate::desk::rules::Rules;
use crate::desk::words::FindingCode;
use crate::desk::{self, Reading};

/// Enough for every recursion that the limits allow, many times over. Only touched pages are ever used.
pub const STACK_BYTES: usize = 32 * 1024 * 1024;

/// A mail to read.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'m> {
    pub bytes: &'m [u8],
    pub extent: Extent,
}

/// How much of a mail there is to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// The mail was over the size limit; its header block alone was kept.
    HeadersOnly,
}

/// How many threads judge; 0 asks for one a core.
#[must_use]
pub fn threads(configured: usize) -> usize {
    if configured > 0 { configured } else { thread::available_parallelism().map_or(1, std::num::NonZero::get) }
}

/// A reading, and how long it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    pub reading: Reading,
    pub elapsed: Duration,
}

/// Reads mails on `threads` threads; the readings come in the order of the mails.
#[must_use]
pub fn read_all(mails: &[Mail<'_>], rules: &Rules, threads: usize) -> Vec<Timed> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Timed)>> = Mutex::new(Vec::with_capacity(mails.len()));
    let work = || {
        while let Some((index, mail)) = take(&next, mails) {
            let started = Instant::now();
            let reading = read(mail, rules);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, Timed { reading, elapsed: started.elapsed() }));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, mails.len().max(1)) {
            let spawned = thread::Builder::new().name("judge".to_owned()).stack_size(STACK_BYTES).spawn_scoped(scope, work);
            if let Err(error) = spawned {
                tracing::warn!(%error, "A judging thread could not be started; the others do its work.");
            }
        }
    });
    // Where no thread could be started at all, the work is done here.
    work();
    let mut readings = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    readings.sort_by_key(|(index, _)| *index);
    readings.into_iter().map(|(_, reading)| reading).collect()
}

fn take<'q, 'm>(next: &AtomicUsize, mails: &'q [Mail<'m>]) -> Option<(usize, &'q Mail<'m>)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    mails.get(index).map(|mail| (index, mail))
}

/// Reads one mail on this thread, which should have [`STACK_BYTES`] of stack; a panic becomes a doubt.
#[must_use]
pub fn read(mail: &Mail<'_>, rules: &Rules) -> Reading {
    let read = catch_unwind(AssertUnwindSafe(|| desk::read(mail.bytes, rules)));
    let mut reading = read.unwrap_or_else(|panic| {
        let reason = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(reason, "Reading a mail failed inside the desk; it goes to review. Please report this with the mail's structure.");
        desk::unread("panic")
    });
    if mail.extent == Extent::HeadersOnly {
        reading.findings.push(Finding::new(FindingCode::Oversize, None));
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_come_in_the_order_of_the_mails() {
        let rules = desk::sample_rules();
        let texts: Vec<String> = (0..200).map(|n| format!("From: a@example.jp\nSubject: {n}\n\nx")).collect();
        let mails: Vec<Mail<'_>> = texts.iter().map(|text| Mail { bytes: text.as_bytes(), extent: Extent::Whole }).collect();
        let subjects: Vec<String> = read_all(&mails, &rules, 4).into_iter().filter_map(|timed| timed.reading.subject).collect();
        assert_eq!(subjects, (0..200).map(|n| n.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn a_mail_of_headers_alone_goes_to_review() {
        let rules = desk::sample_rules();
        let reading = read(&Mail { bytes: b"From: a@applicant.example.jp\nSubject: x\n\n", extent: Extent::HeadersOnly }, &rules);
        let conclusion = desk::conclude(&reading, &rules, &desk::standing::Standing::default(), 0, 0);
        assert_eq!(conclusion.verdict, desk::words::Verdict::Review);
    }
}
