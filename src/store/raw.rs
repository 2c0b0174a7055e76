//! Raw mails at rest: compressed, in pieces.
//!
//! Promises: what comes back is what was received, byte for byte; no statement, no row and no compressor holds more than one
//! piece, whatever a mail's size. Packing and unpacking need no connection, so that they are done beside the store's thread and not on it.
//! Rejected: one row a mail; SQLite copies a bound value twice, which for a mail of 25 MB is 50 MB.

use std::cell::RefCell;

use rusqlite::{Connection, params};

use super::StoreError;

/// Bytes of a mail in one row, before compression.
const PIECE: usize = 256 * 1024;

/// zstd's own default is 3; level 1 compresses mails nearly as well at a third of the time.
const LEVEL: i32 = 1;

/// A mail as its rows hold it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Packed {
    pieces: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Packed {
    /// Bodies never reach a log by accident.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Packed({} pieces)", self.pieces.len())
    }
}

/// A thread's own tools: new ones for every mail cost more than the work.
struct Tools {
    compressor: zstd::bulk::Compressor<'static>,
    decompressor: zstd::bulk::Decompressor<'static>,
    /// One piece, packed or unpacked, before it goes where it belongs at its true length.
    scratch: Vec<u8>,
}

thread_local! {
    static TOOLS: RefCell<Option<Tools>> = const { RefCell::new(None) };
}

fn with_tools<T>(work: impl FnOnce(&mut Tools) -> std::io::Result<T>) -> Result<T, StoreError> {
    let outcome = TOOLS.with_borrow_mut(|kept| {
        let tools = match kept {
            Some(tools) => tools,
            None => kept.insert(Tools {
                compressor: zstd::bulk::Compressor::new(LEVEL)?,
                decompressor: zstd::bulk::Decompressor::new()?,
                scratch: Vec::with_capacity(zstd::zstd_safe::compress_bound(PIECE)),
            }),
        };
        tools.scratch.clear();
        work(tools)
    });
    outcome.map_err(|error| StoreError::Row(format!("a raw mail cannot be packed or unpacked: {error}")))
}

impl Packed {
    /// Packs the bytes of a mail.
    ///
    /// # Errors
    /// [`StoreError::Row`] when there is no memory for the compressor.
    pub fn of(bytes: &[u8]) -> Result<Self, StoreError> {
        // An empty mail is one empty piece: it was received, too.
        let pieces = bytes.chunks(PIECE).chain(bytes.is_empty().then_some(bytes));
        let pack = |piece| {
            with_tools(|tools| {
                tools.compressor.compress_to_buffer(piece, &mut tools.scratch)?;
                Ok(tools.scratch.as_slice().to_vec())
            })
        };
        Ok(Self { pieces: pieces.map(pack).collect::<Result<_, _>>()? })
    }

    /// The bytes as received. `size` is what they are expected to be, a hint.
    ///
    /// # Errors
    /// [`StoreError::Row`] when a row holds something else than what [`Packed::of`] made.
    pub fn unpacked(&self, size: usize) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(size);
        for piece in &self.pieces {
            with_tools(|tools| {
                tools.decompressor.decompress_to_buffer(piece.as_slice(), &mut tools.scratch)?;
                bytes.extend_from_slice(&tools.scratch);
                Ok(())
            })?;
        }
        Ok(bytes)
    }
}

/// Keeps a submission's mail.
///
/// # Errors
/// [`StoreError`].
pub fn keep(connection: &Connection, submission: i64, packed: &Packed) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("INSERT INTO raw_mails (submission, piece, zstd) VALUES (?1, ?2, ?3)")?;
    for (number, piece) in (0_i64..).zip(&packed.pieces) {
        statement.execute(params![submission, number, piece])?;
    }
    Ok(())
}

/// A submission's mail; none where it was not kept.
///
/// # Errors
/// [`StoreError`].
pub fn kept(connection: &Connection, submission: i64) -> Result<Option<Packed>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT zstd FROM raw_mails WHERE submission = ?1 ORDER BY piece")?;
    let pieces = statement.query_map(params![submission], |row| row.get(0))?.collect::<Result<Vec<Vec<u8>>, _>>()?;
    Ok((!pieces.is_empty()).then_some(Packed { pieces }))
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
            keep(&connection, id, &Packed::of(&mail).expect("packed")).expect("kept");
            let kept = kept(&connection, id).expect("read").expect("there");
            assert_eq!(kept.unpacked(length).expect("unpacked"), mail, "{length}");
        }
        assert_eq!(kept(&connection, 9).expect("read"), None);
    }

    #[test]
    fn a_row_that_holds_something_else_is_an_error_and_not_a_mail() {
        let strange = Packed { pieces: vec![b"no zstd frame".to_vec()] };
        assert!(strange.unpacked(0).expect_err("refused").to_string().contains("cannot be packed or unpacked"));
    }
}
