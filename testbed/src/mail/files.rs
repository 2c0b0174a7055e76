//! Attachments of the kinds that applicants send in place of the mail.
//!
//! Promises: magic numbers, checksums and the flags that matter are right; what lies inside is noise.
//! Rejected: sample files made by the real programs; they carry their makers' names.

use super::random::Random;

/// A grey PNG of noise: `side` × `side` pixels, about `side`² bytes.
#[must_use]
pub fn png(side: u16, random: &mut Random) -> Vec<u8> {
    let mut pixels = Vec::new();
    for _ in 0..side {
        pixels.push(0);
        pixels.extend_from_slice(&random.noise(usize::from(side)));
    }
    let mut header = Vec::new();
    header.extend_from_slice(&u32::from(side).to_be_bytes());
    header.extend_from_slice(&u32::from(side).to_be_bytes());
    header.extend_from_slice(&[8, 0, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend_from_slice(&png_chunk(b"IHDR", &header));
    file.extend_from_slice(&png_chunk(b"IDAT", &stored_zlib(&pixels)));
    file.extend_from_slice(&png_chunk(b"IEND", &[]));
    file
}

/// A one-page PDF that shows a filled rectangle and no text, as scanners make them.
#[must_use]
pub fn pdf() -> Vec<u8> {
    let drawing = "0.8 g 72 400 450 300 re f";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{drawing}\nendstream", drawing.len()),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", number + 1));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for place in &places {
        file.push_str(&format!("{place:010} 00000 n \n"));
    }
    file.push_str(&format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1));
    file.into_bytes()
}

/// Whether a zip's member bears the encryption bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Readable.
    Open,
    /// General purpose bit 0 set and twelve bytes of encryption header, as `ZipCrypto` has them.
    Encrypted,
}

/// A zip with one stored member.
#[must_use]
pub fn zip(member: &str, content: &[u8], lock: Lock, random: &mut Random) -> Vec<u8> {
    let checksum = crc32(content).to_le_bytes();
    let (flag, data): (u16, Vec<u8>) = match lock {
        Lock::Open => (0x0800, content.to_vec()),
        Lock::Encrypted => (0x0801, random.noise(content.len() + 12)),
    };
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut common = Vec::new();
    common.extend_from_slice(&[20, 0]);
    common.extend_from_slice(&flag.to_le_bytes());
    common.extend_from_slice(&[0, 0, 0, 0x50, 0x81, 0x5c]);
    common.extend_from_slice(&checksum);
    common.extend_from_slice(&size(&data));
    common.extend_from_slice(&size(content));
    common.extend_from_slice(&u16::try_from(member.len()).unwrap_or(0).to_le_bytes());
    common.extend_from_slice(&[0, 0]);
    let mut file = b"PK\x03\x04".to_vec();
    file.extend_from_slice(&common);
    file.extend_from_slice(member.as_bytes());
    file.extend_from_slice(&data);
    let directory = file.len();
    file.extend_from_slice(b"PK\x01\x02\x14\x00");
    file.extend_from_slice(&common);
    file.extend_from_slice(&[0; 14]);
    file.extend_from_slice(member.as_bytes());
    let length = file.len() - directory;
    file.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&u32::try_from(length).unwrap_or(0).to_le_bytes());
    file.extend_from_slice(&u32::try_from(directory).unwrap_or(0).to_le_bytes());
    file.extend_from_slice(&[0, 0]);
    file
}

/// The start of an Outlook .msg: the OLE magic, then noise.
#[must_use]
pub fn msg(random: &mut Random) -> Vec<u8> {
    after_magic(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 1_016, random)
}

/// The start of a winmail.dat: the TNEF magic, then noise.
#[must_use]
pub fn winmail(random: &mut Random) -> Vec<u8> {
    after_magic(b"\x78\x9f\x3e\x22", 700, random)
}

/// The start of a 7z archive, then noise.
#[must_use]
pub fn seven_zip(random: &mut Random) -> Vec<u8> {
    after_magic(b"7z\xbc\xaf\x27\x1c\x00\x04", 600, random)
}

/// The start of an LZH archive (method `-lh5-`), then noise.
#[must_use]
pub fn lzh(random: &mut Random) -> Vec<u8> {
    after_magic(b"\x22\x5a-lh5-", 600, random)
}

fn after_magic(magic: &[u8], count: usize, random: &mut Random) -> Vec<u8> {
    let mut file = magic.to_vec();
    file.extend_from_slice(&random.noise(count));
    file
}

fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut checked = kind.to_vec();
    checked.extend_from_slice(data);
    let mut chunk = u32::try_from(data.len()).unwrap_or(0).to_be_bytes().to_vec();
    chunk.extend_from_slice(&checked);
    chunk.extend_from_slice(&crc32(&checked).to_be_bytes());
    chunk
}

/// A zlib stream of stored blocks: noise does not shrink anyway.
fn stored_zlib(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (low, high) = data.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend_from_slice(&((high << 16) | low).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |register, byte| {
        (0..8)
            .fold(register ^ u32::from(*byte), |register, _| if register & 1 == 1 { (register >> 1) ^ 0xedb8_8320 } else { register >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_has_the_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn only_the_locked_zip_bears_the_encryption_bit() {
        let mut random = Random::new(5);
        assert_eq!(zip("a.eml", b"x", Lock::Open, &mut random)[6] & 1, 0);
        assert_eq!(zip("a.eml", b"x", Lock::Encrypted, &mut random)[6] & 1, 1);
    }

    #[test]
    fn the_screenshot_is_large_and_the_logo_small() {
        let mut random = Random::new(6);
        assert!(png(96, &mut random).len() >= 8 * 1_024);
        assert!(png(24, &mut random).len() < 2 * 1_024);
    }
}
