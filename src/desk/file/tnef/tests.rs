use super::*;
use crate::desk::file::Reach;

const BOUNDS: Bounds = Bounds { depth: 4, members: 100, bytes: 1 << 20 };

fn tnef(attributes: &[(u8, u16, &[u8])]) -> Vec<u8> {
    let mut file = [MAGIC, b"\x01\x00"].concat();
    for (level, attribute, data) in attributes {
        file.push(*level);
        file.extend_from_slice(&attribute.to_le_bytes());
        file.extend_from_slice(&[0, 0]);
        file.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        file.extend_from_slice(data);
        // A wrong checksum.
        file.extend_from_slice(b"\xba\xad");
    }
    file
}

#[test]
fn a_wrong_checksum_and_unknown_attributes_are_tolerated() {
    let file =
        tnef(&[(1, 0x8004, b"FW: a\0"), (1, 0x8fff, b"unknown"), (1, 0x800c, b"body\0"), (2, 0x8010, b"a.txt\0"), (2, 0x800f, b"data")]);
    let mail = read(&file, &BOUNDS).unwrap();
    let attachment = MapiAttachment { name: Some("a.txt".to_owned()), content_type: None, content: Content::Bytes(b"data".to_vec()) };
    assert_eq!((mail.subject.as_deref(), mail.plain.as_deref(), mail.reach), (Some("FW: a"), Some("body"), Reach::Whole));
    assert_eq!(mail.attachments, vec![attachment]);
}

#[test]
fn padding_behind_the_last_attribute_and_a_missing_last_checksum_are_no_damage() {
    let file = tnef(&[(1, 0x8004, b"a\0")]);
    let ends = [[&file[..], &[0; 20]].concat(), [&file[..], b"\r\n"].concat(), file[..file.len() - 2].to_vec()];
    for file in ends {
        assert_eq!(read(&file, &BOUNDS).unwrap().reach, Reach::Whole);
    }
    assert_eq!(read(&[&file[..], b"\0\x02"].concat(), &BOUNDS).unwrap().reach, Reach::Cut);
}

#[test]
fn an_empty_name_in_the_properties_does_not_hide_the_title() {
    let list = [&1u32.to_le_bytes()[..], b"\x1e\0\x01\x30", &1u32.to_le_bytes(), &1u32.to_le_bytes(), &[0; 4]].concat();
    let mail = read(&tnef(&[(2, 0x9002, b""), (2, 0x8010, b"a.txt\0"), (2, 0x9005, &list)]), &BOUNDS).unwrap();
    assert_eq!(mail.attachments.first().and_then(|attachment| attachment.name.as_deref()), Some("a.txt"));
}

#[test]
fn a_stream_that_breaks_off_keeps_what_came_before() {
    let file = tnef(&[(1, 0x8004, b"a\0"), (1, 0x800c, b"long body")]);
    let mail = read(&file[..file.len() - 6], &BOUNDS).unwrap();
    assert_eq!((mail.subject.as_deref(), mail.plain.as_deref(), mail.reach), (Some("a"), Some("long "), Reach::Cut));
}

#[test]
fn what_is_no_tnef_is_named() {
    assert_eq!(read(b"PK\x03\x04", &BOUNDS), Err(Broken::NotTnef));
    assert_eq!(read(b"\x78\x9f\x3e\x22\x01\x00", &BOUNDS), Err(Broken::Hollow));
}

#[test]
fn counts_and_sizes_of_gigabytes_end_with_the_bytes() {
    let most = [0xff; 4];
    let strings = [&most[..], b"\x1e\x10\xf0\x66", &most, b"\0\0\0\0"].concat();
    let longs = [&most[..], b"\x03\x10\xf0\x66", &most, b"\0\0\0\0"].concat();
    let name = [&most[..], b"\x03\0\x01\x80", &[0; 16], &most, &most].concat();
    let value = [&most[..], b"\x02\x01\x09\x10", &most, &most, b"ab"].concat();
    for properties in [strings, longs, name, value] {
        let file = tnef(&[(1, 0x9003, &properties), (1, 0x9004, &most), (2, 0x9005, &properties)]);
        assert_eq!(read(&file, &BOUNDS).unwrap().reach, Reach::Cut);
    }
}

#[test]
fn the_date_before_mapi_is_read_as_utc() {
    let date_of = |parts: [u16; 7]| date(&parts.map(u16::to_le_bytes).concat());
    assert_eq!(date_of([2026, 5, 28, 20, 26, 41, 4]), Some(1_780_000_001));
    assert_eq!(date_of([2026, 13, 28, 20, 26, 41, 4]), None);
    assert_eq!(date_of([0, 0, 0, 0, 0, 0, 0]), None);
}

#[test]
fn an_embedded_object_that_is_no_message_stays_bytes() {
    let object = [EMBEDDED_MESSAGE, b"not TNEF"].concat();
    let list = [&1u32.to_le_bytes()[..], b"\x0d\0\x01\x37", &1u32.to_le_bytes(), &24u32.to_le_bytes(), &object].concat();
    let mail = read(&tnef(&[(2, 0x9002, b""), (2, 0x9005, &list)]), &BOUNDS).unwrap();
    let attachment = MapiAttachment { name: None, content_type: None, content: Content::Bytes(b"not TNEF".to_vec()) };
    assert_eq!((mail.attachments, mail.reach), (vec![attachment], Reach::Cut));
}
