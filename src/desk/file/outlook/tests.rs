use std::io::{Cursor, Write};

use super::*;
use crate::desk::file::Reach;
use crate::desk::file::mapi::Party;

const BOUNDS: Bounds = Bounds { depth: 4, members: 100, bytes: 1 << 24 };

/// A compound file with these streams; storages come into being by their paths.
fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create_with_version(cfb::Version::V4, Cursor::new(Vec::new())).unwrap();
    for (path, bytes) in streams {
        if let Some((storage, _)) = path.rsplit_once('/') {
            file.create_storage_all(format!("/{storage}")).unwrap();
        }
        file.create_stream(format!("/{path}")).unwrap().write_all(bytes).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn an_exchange_address_leaves_the_name_and_the_address_of_the_sender() {
    let file = compound(&[
        ("__properties_version1.0", &[0; 32]),
        ("__substg1.0_0042001F", &utf16("燕 花子")),
        ("__substg1.0_0065001F", &utf16("/O=EXAMPLE/OU=TOKYO/CN=RECIPIENTS/CN=HANAKO")),
        ("__recip_version1.0_#00000000/__properties_version1.0", &[0; 8]),
        ("__recip_version1.0_#00000000/__substg1.0_3001001F", &utf16("受付")),
        ("__recip_version1.0_#00000000/__substg1.0_3003001F", &utf16("/o=Example/cn=uketsuke")),
    ]);
    let mail = read(&file, &BOUNDS).unwrap();
    assert_eq!(mail.from, Some(Party { name: Some("燕 花子".to_owned()), address: None }));
    assert_eq!(mail.to, vec![Party { name: Some("受付".to_owned()), address: None }]);
}

#[test]
fn headers_and_names_in_the_message_itself_are_read() {
    let file = compound(&[
        ("__properties_version1.0", &[0; 32]),
        ("__substg1.0_007D001E", b"From: hanako@example.jp\r\nTo: a@example.jp\r\n\0"),
        ("__substg1.0_0E04001F", &utf16("'受付係'; 控え")),
        ("__substg1.0_0037001F", &utf16("\u{1}\u{5}FW: お知らせ")),
        ("__substg1.0_1013001F", &utf16("<p>お知らせ</p>")),
    ]);
    let mail = read(&file, &BOUNDS).unwrap();
    assert_eq!(mail.headers.as_deref(), Some("From: hanako@example.jp\r\nTo: a@example.jp\r\n"));
    assert_eq!(mail.to.iter().map(|party| party.name.as_deref()).collect::<Vec<_>>(), [Some("受付係"), Some("控え")]);
    assert_eq!((mail.subject.as_deref(), mail.html.as_deref()), (Some("FW: お知らせ"), Some("<p>お知らせ</p>")));
}

#[test]
fn an_rtf_body_that_cannot_be_read_makes_the_mail_illegible() {
    let file = compound(&[("__properties_version1.0", &[0; 32]), ("__substg1.0_10090102", b"noise"), ("__substg1.0_1000001E", b"a")]);
    let mail = read(&file, &BOUNDS).unwrap();
    assert_eq!((mail.plain.as_deref(), mail.legibility), (Some("a"), crate::desk::text::charset::Legibility::Illegible));
}

#[test]
fn an_attachment_whose_name_cannot_be_read_makes_the_mail_illegible() {
    let file = compound(&[
        ("__properties_version1.0", &[0; 32]),
        ("__attach_version1.0_#00000000/__properties_version1.0", &[0; 8]),
        ("__attach_version1.0_#00000000/__substg1.0_3707001F", &[0x00, 0xd8, 0x01, 0xd8]),
    ]);
    assert_eq!(read(&file, &BOUNDS).unwrap().legibility, crate::desk::text::charset::Legibility::Illegible);
}

#[test]
fn an_ole_object_is_noted_as_not_read() {
    let file = compound(&[
        ("__properties_version1.0", &[0; 32]),
        ("__attach_version1.0_#00000000/__properties_version1.0", &[0; 8]),
        ("__attach_version1.0_#00000000/__substg1.0_3701000D/CONTENTS", b"ole"),
    ]);
    let mail = read(&file, &BOUNDS).unwrap();
    let object = MapiAttachment { name: None, content_type: None, content: Content::Bytes(Vec::new()) };
    assert_eq!((mail.attachments, mail.reach), (vec![object], Reach::Cut));
}

#[test]
fn other_compound_files_hold_no_message() {
    assert_eq!(read(&compound(&[("WordDocument", b"a")]), &BOUNDS), Err(Broken::NoMessage));
    assert_eq!(read(b"PK\x03\x04", &BOUNDS), Err(Broken::NotCompound));
    assert_eq!(read(MAGIC, &BOUNDS), Err(Broken::NotCompound));
    let mut odd = compound(&[]);
    odd[30] = 40;
    assert_eq!(read(&odd, &BOUNDS), Err(Broken::SectorSize));
    odd[30] = 12;
    odd[48..52].fill(0xff);
    assert_eq!(read(&odd, &BOUNDS), Err(Broken::NoDirectory));
}

/// A header for 512-byte sectors: the directory in sector 0, one FAT sector, a DIFAT sector.
fn header(fat: u32, difat: u32) -> Vec<u8> {
    let mut bytes = vec![0xff; 512];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[30..32].copy_from_slice(&9u16.to_le_bytes());
    bytes[48..52].copy_from_slice(&0u32.to_le_bytes());
    bytes[60..64].copy_from_slice(&1u32.to_le_bytes());
    bytes[68..72].copy_from_slice(&difat.to_le_bytes());
    bytes[76..80].copy_from_slice(&fat.to_le_bytes());
    bytes
}

fn entry(name: &str, kind: u8, links: [u32; 3], start: u32, size: u64) -> Vec<u8> {
    let mut bytes = utf16(name);
    let length = u16::try_from(bytes.len() + 2).unwrap();
    bytes.resize(64, 0);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&[kind, 1]);
    links.iter().for_each(|link| bytes.extend_from_slice(&link.to_le_bytes()));
    bytes.resize(116, 0);
    bytes.extend_from_slice(&start.to_le_bytes());
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes
}

#[test]
fn circles_of_sectors_and_entries_and_claims_of_gigabytes_end() {
    let none = u32::MAX;
    let mut file = header(1, 1);
    // The directory, in a circle with itself; entries that are each other's siblings and children.
    file.extend(entry("Root Entry", 5, [0, 0, 1], 2, u64::MAX));
    file.extend(entry("__properties_version1.0", 2, [2, 1, 1], 2, 0xffff_ffff));
    file.extend(entry("__attach_version1.0_#00000000", 1, [1, 3, 0], 0, 0));
    file.extend(entry("__substg1.0_1000001E", 2, [none, 2, none], 1, 100));
    // The FAT: every chain is a circle. It is the mini FAT and the DIFAT, too.
    for next in [0u32, 1, 3, 2] {
        file.extend_from_slice(&next.to_le_bytes());
    }
    file.resize(512 * 5, 1);
    let mail = read(&file, &BOUNDS).unwrap();
    assert_eq!(mail.reach, Reach::Cut);
}

#[test]
fn a_fat_that_is_listed_a_thousand_times_costs_no_more_than_the_file() {
    // Every DIFAT sector names sector 1 a hundred and twenty-seven times, and the next DIFAT sector.
    let sectors = 20_000u32;
    let mut file = header(1, 2);
    file.resize(512 * 3, 0xff);
    for sector in 2..sectors {
        (0..127).for_each(|_| file.extend_from_slice(&1u32.to_le_bytes()));
        file.extend_from_slice(&(sector + 1).to_le_bytes());
    }
    assert_eq!(read(&file, &BOUNDS), Err(Broken::NoDirectory));
}

#[test]
fn many_streams_over_one_chain_are_paid_for_each() {
    let wide = vec![b'a'; 1 << 20];
    let paths: Vec<String> = (0..60).map(|number| format!("__attach_version1.0_#{number:08X}/__substg1.0_37010102")).collect();
    let mut streams: Vec<(&str, &[u8])> = vec![("__properties_version1.0", &[0; 32])];
    let properties: Vec<String> = (0..60).map(|number| format!("__attach_version1.0_#{number:08X}/__properties_version1.0")).collect();
    properties.iter().for_each(|path| streams.push((path, &[0; 8])));
    paths.iter().for_each(|path| streams.push((path, &wide)));
    let mail = read(&compound(&streams), &BOUNDS).unwrap();
    let holds_bytes = |attachment: &&MapiAttachment| matches!(&attachment.content, Content::Bytes(bytes) if !bytes.is_empty());
    let total = mail.attachments.iter().filter(holds_bytes).count();
    assert_eq!((mail.attachments.len(), total, mail.reach), (60, 16, Reach::Cut));
}
