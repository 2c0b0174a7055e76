//! Raw mails at rest: compressed, in pieces.
//!
//! Promises: what comes back is what was received, byte for byte; no statement, no row and no compressor holds more than one
//! piece, whatever a mail's size. Rejected: one row a mail; SQLite copies a bound value twice, which for a mail of 25 MB is 50 MB.

use std::cell::RefCell;

use rusqlite::{Connection, params};

use super::StoreError;

/// Bytes of a mail in one row, before compression.
const PIECE: usize = 256 * 1024;

/// zstd's own default is 3; level 1 compresses mails nearly as well at a third of the time.
const LEVEL: i32 = 1;

/// The store thread's own tools: new ones for every mail cost more than the work.
struct Tools {
    compressor: zstd::bulk::Compressor<'static>,
    decompressor: zstd::bulk::Decompressor<'static>,
}

thread_local! {
    static TOOLS: RefCell<Option<Tools>> = const { RefCell::new(None) };
}

fn with_tools<T>(work: impl FnOnce(&mut Tools) -> std::io::Result<T>) -> Result<T, StoreError> {
    let outcome = TOOLS.with_borrow_mut(|kept| {
        let tools = match kept {
            Some(tools) => tools,
            None => kept.insert(Tools { compressor: zstd::bulk::Compressor::new(LEVEL)?, decompressor: zstd::bulk::Decompressor::new()? }),
        };
        work(tools)
    });
    outcome.map_err(|error| StoreError::Row(format!("a raw mail cannot be packed or unpacked: {error}")))
}

/// Keeps the bytes of a submission.
///
/// # Errors
/// [`StoreError`].
pub fn keep(connection: &Connection, submission: i64, bytes: &[u8]) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("INSERT INTO raw_mails (submission, piece, zstd) VALUES (?1, ?2, ?3)")?;
    // An empty mail is one empty piece: it was received, too.
    let pieces = bytes.chunks(PIECE).chain(bytes.is_empty().then_some(bytes));
    for (number, piece) in (0_i64..).zip(pieces) {
        let packed = with_tools(|tools| tools.compressor.compress(piece))?;
        statement.execute(params![submission, number, packed])?;
    }
    Ok(())
}

/// The bytes of a submission; none where they were not kept. `size` is what they are expected to be, a hint.
///
/// # Errors
/// [`StoreError`].
pub fn bytes(connection: &Connection, submission: i64, size: usize) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT zstd FROM raw_mails WHERE submission = ?1 ORDER BY piece")?;
    let mut rows = statement.query(params![submission])?;
    let mut whole: Option<Vec<u8>> = None;
    while let Some(row) = rows.next()? {
        let packed = row.get_ref(0)?.as_blob().map_err(|error| StoreError::Row(error.to_string()))?;
        let piece = with_tools(|tools| tools.decompressor.decompress(packed, PIECE))?;
        whole.get_or_insert_with(|| Vec::with_capacity(size)).extend_from_slice(&piece);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_what_was_received() {
        let connection = super::super::in_memory();
        let insert =
            "INSERT INTO submissions (id, account, folder, uidvalidity, uid, sha256, size, content, sighting, received_at, stored_at)
                      VALUES (?1, 'desk', 'INBOX', 1, ?1, ?1, 0, 'whole', 'live', '', '')";
        for (id, length) in [(1_i64, 0_usize), (2, 1), (3, PIECE), (4, PIECE + 1), (5, 3 * PIECE + 7)] {
            connection.execute(insert, params![id]).expect("inserted");
            let mail: Vec<u8> = (0..length).map(|at| u8::try_from(at * at % 251).expect("a byte")).collect();
            keep(&connection, id, &mail).expect("kept");
            assert_eq!(bytes(&connection, id, length).expect("read"), Some(mail), "{length}");
        }
        assert_eq!(bytes(&connection, 9, 0).expect("read"), None);
    }
}
