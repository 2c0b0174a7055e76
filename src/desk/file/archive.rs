//! Members of a zip (APPNOTE.TXT), one level deep.
//!
//! Promises: no more members and no more bytes are unpacked than the bounds allow, whatever the archive claims; names in the Windows
//! code page of Japan are read. Rejected: asking `zip` for the names; it takes what is not marked as UTF-8 for IBM's code page 437.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::desk::text::charset::decode;

/// A file inside an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Decoded. Data, never a path.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// How much is unpacked at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub members: usize,
    /// Of all members together.
    pub bytes: usize,
}

/// Why an archive, or a member of it, was not unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A member needs a password.
    Encrypted,
    /// More members or more bytes than the bounds allow.
    TooComplex,
    /// Not a zip, damaged, or packed by a method that nobody here unpacks.
    Broken,
}

/// Hands every member to `take`, in the archive's order, one at a time.
///
/// # Errors
/// The first reason for which a member could not be handed over.
pub fn unpack(bytes: &[u8], bounds: Bounds, mut take: impl FnMut(Member)) -> Result<(), Refusal> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Refusal::Broken)?;
    if archive.len() > bounds.members {
        return Err(Refusal::TooComplex);
    }
    let mut left = bounds.bytes;
    for index in 0..archive.len() {
        let is_encrypted = archive.by_index_raw(index).map_err(|_| Refusal::Broken)?.encrypted();
        if is_encrypted {
            return Err(Refusal::Encrypted);
        }
        let file = archive.by_index(index).map_err(|_| Refusal::Broken)?;
        let name = decode(file.name_raw(), None).text;
        if file.is_dir() || name.starts_with("__MACOSX/") {
            continue;
        }
        let mut content = Vec::new();
        let most = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut content).map_err(|_| Refusal::Broken)?;
        left = left.checked_sub(content.len()).ok_or(Refusal::TooComplex)?;
        take(Member { name, bytes: content });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    const BOUNDS: Bounds = Bounds { members: 10, bytes: 1_000_000 };

    fn packed(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated)).expect("started");
            writer.write_all(bytes).expect("written");
        }
        writer.finish().expect("finished").into_inner()
    }

    fn names(bytes: &[u8], bounds: Bounds) -> Result<Vec<String>, Refusal> {
        let mut names = Vec::new();
        unpack(bytes, bounds, |member| names.push(member.name)).map(|()| names)
    }

    #[test]
    fn members_are_handed_over_in_order() {
        let bytes = packed(&[("一.eml", b"a"), ("b.txt", b"b")]);
        assert_eq!(names(&bytes, BOUNDS), Ok(vec!["一.eml".to_owned(), "b.txt".to_owned()]));
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_whole() {
        let bytes = packed(&[("zeros", &vec![0; 2_000_000])]);
        assert!(bytes.len() < 20_000);
        assert_eq!(names(&bytes, BOUNDS), Err(Refusal::TooComplex));
        let many: Vec<(String, &[u8])> = (0..11).map(|number| (number.to_string(), &b""[..])).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        assert_eq!(names(&packed(&many), BOUNDS), Err(Refusal::TooComplex));
    }

    #[test]
    fn what_is_no_zip_or_was_cut_is_broken() {
        let bytes = packed(&[("a.eml", b"From: a@example.jp")]);
        for cut in 0..bytes.len() {
            assert_eq!(names(&bytes[..cut], BOUNDS), Err(Refusal::Broken), "{cut}");
        }
    }

    #[test]
    fn no_damage_panics() {
        let bytes = packed(&[("a.eml", b"From: a@example.jp"), ("b", &[7; 300])]);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let _read = names(&damaged, BOUNDS);
            }
        }
    }
}
