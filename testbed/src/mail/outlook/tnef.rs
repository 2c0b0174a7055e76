//! winmail.dat (MS-OXTNEF).
//!
//! Promises: attributes in the order in which Outlook writes them, checksums right, and named and multi-valued properties between
//! the others. Rejected: the MAPI properties alone; the oldest attributes are still met with.

use super::property::{Held, PropertyValue, attachment_properties, cp932, embedded_properties, message_properties, recipient_properties};
use super::{BodyForm, Sample};

const MESSAGE: u8 = 1;
const ATTACHMENT: u8 = 2;
const EMBEDDED: &[u8] = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46";

/// Writes a winmail.dat.
#[must_use]
pub fn winmail(sample: &Sample) -> Vec<u8> {
    let mut file = 0x223e_9f78u32.to_le_bytes().to_vec();
    file.extend_from_slice(&1u16.to_le_bytes());
    let form = sample.form;
    let page: u32 = if form == BodyForm::Unicode { 1252 } else { 932 };
    attribute(&mut file, MESSAGE, 0x0008_9006, &0x0001_0000u32.to_le_bytes());
    attribute(&mut file, MESSAGE, 0x0006_9007, &[page.to_le_bytes(), [0; 4]].concat());
    attribute(&mut file, MESSAGE, 0x0007_8008, b"IPM.Microsoft Mail.Note\0");
    let mut held = message_properties(sample);
    if form == BodyForm::Cp932 {
        attribute(&mut file, MESSAGE, 0x0000_8000, &sender(sample));
        attribute(&mut file, MESSAGE, 0x0001_8004, &[&cp932(&sample.subject)[..], b"\0"].concat());
        attribute(&mut file, MESSAGE, 0x0003_8005, &civil(sample.sent));
        attribute(&mut file, MESSAGE, 0x0002_800c, &[&cp932(&sample.body.replace('\n', "\r\n"))[..], b"\0"].concat());
        held.retain(|Held(id, _)| !matches!(id, 0x0037 | 0x0039 | 0x0042 | 0x0064 | 0x0065 | 0x0c1a | 0x0c1e | 0x0c1f | 0x0e06 | 0x1000));
    }
    let people: Vec<_> = sample.to.iter().map(|party| (party, 1)).chain(sample.cc.iter().map(|party| (party, 2))).collect();
    let mut table = u32::try_from(people.len()).unwrap_or(0).to_le_bytes().to_vec();
    for (party, kind) in people {
        table.extend_from_slice(&list(&recipient_properties(party, kind, form), &[]));
    }
    attribute(&mut file, MESSAGE, 0x0006_9004, &table);
    attribute(&mut file, MESSAGE, 0x0006_9003, &list(&held, &noise()));
    let mut number = 0;
    for (name, content_type, bytes) in &sample.attachments {
        attachment(&mut file, name, &list(&attachment_properties(number, name, content_type, form), &[]), Some(bytes));
        number += 1;
    }
    for inner in &sample.embedded {
        let mut object = [&0x3701_000du32.to_le_bytes()[..], &1u32.to_le_bytes()].concat();
        push_padded(&mut object, &[EMBEDDED, &winmail(inner)].concat());
        attachment(&mut file, &inner.subject, &list(&embedded_properties(number, &inner.subject, form), &[object]), None);
        number += 1;
    }
    file
}

fn attachment(file: &mut Vec<u8>, title: &str, properties: &[u8], data: Option<&Vec<u8>>) {
    let mut rendering = vec![1, 0];
    rendering.extend_from_slice(&[0xff; 4]);
    rendering.extend_from_slice(&[0; 8]);
    attribute(file, ATTACHMENT, 0x0006_9002, &rendering);
    if let Some(bytes) = data {
        attribute(file, ATTACHMENT, 0x0006_800f, bytes);
    }
    attribute(file, ATTACHMENT, 0x0001_8010, &[&cp932(title)[..], b"\0"].concat());
    attribute(file, ATTACHMENT, 0x0006_9005, properties);
}

/// Level, id, size, data and the sum of its bytes.
fn attribute(file: &mut Vec<u8>, level: u8, id: u32, data: &[u8]) {
    file.push(level);
    file.extend_from_slice(&id.to_le_bytes());
    file.extend_from_slice(&size(data));
    file.extend_from_slice(data);
    let sum = data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    file.extend_from_slice(&sum.to_le_bytes());
}

fn size(data: &[u8]) -> [u8; 4] {
    u32::try_from(data.len()).unwrap_or(0).to_le_bytes()
}

/// A property list; `more` are properties that are written already.
fn list(held: &[Held], more: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = u32::try_from(held.len() + more.len()).unwrap_or(0).to_le_bytes().to_vec();
    // The written ones go first, so that a reader must find its way past them.
    more.iter().for_each(|written| bytes.extend_from_slice(written));
    for Held(id, value) in held {
        bytes.extend_from_slice(&value.kind().to_le_bytes());
        bytes.extend_from_slice(&id.to_le_bytes());
        match value {
            PropertyValue::Long(value) => bytes.extend_from_slice(&value.to_le_bytes()),
            PropertyValue::Bool(value) => bytes.extend_from_slice(&u32::from(*value).to_le_bytes()),
            PropertyValue::Time(value) => bytes.extend_from_slice(&value.to_le_bytes()),
            PropertyValue::Unicode(text) => {
                variable(&mut bytes, &text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<_>>())
            }
            PropertyValue::EightBit(text) => variable(&mut bytes, &[&text[..], b"\0"].concat()),
            PropertyValue::Binary(data) => variable(&mut bytes, data),
            PropertyValue::Object => {}
        }
    }
    bytes
}

fn variable(bytes: &mut Vec<u8>, data: &[u8]) {
    bytes.extend_from_slice(&1u32.to_le_bytes());
    push_padded(bytes, data);
}

fn push_padded(bytes: &mut Vec<u8>, data: &[u8]) {
    bytes.extend_from_slice(&size(data));
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(4).max(bytes.len()), 0);
}

/// Properties between those that matter: named by a string, named by a number, and with several values.
fn noise() -> Vec<Vec<u8>> {
    let units = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut by_string = [&0x8001_001fu32.to_le_bytes()[..], &[0x29; 16], &1u32.to_le_bytes()].concat();
    push_padded(&mut by_string, &units("Keywords"));
    variable(&mut by_string, &units("申請"));
    let by_number = [&0x8002_0003u32.to_le_bytes()[..], &[0x08; 16], &[0; 4], &0x8554u32.to_le_bytes(), &7u32.to_le_bytes()].concat();
    let mut strings = [&0x66f0_101fu32.to_le_bytes()[..], &2u32.to_le_bytes()].concat();
    push_padded(&mut strings, &units("一"));
    push_padded(&mut strings, &units("二つ"));
    let shorts = [&0x66f1_1002u32.to_le_bytes()[..], &3u32.to_le_bytes(), &[1, 0, 2, 0, 3, 0, 0, 0]].concat();
    vec![by_string, by_number, strings, shorts]
}

/// A TRP structure, its end mark included.
fn sender(sample: &Sample) -> Vec<u8> {
    let mut name = [&cp932(&sample.from.0)[..], b"\0"].concat();
    let mut address = format!("SMTP:{}\0", sample.from.1).into_bytes();
    name.resize(name.len().next_multiple_of(2), 0);
    address.resize(address.len().next_multiple_of(2), 0);
    let short = |value: usize| u16::try_from(value).unwrap_or(0).to_le_bytes();
    let total = short(8 + name.len() + address.len() + 8);
    [&short(4)[..], &total, &short(name.len()), &short(address.len()), &name, &address, &[0; 8]].concat()
}

/// A DTR structure: seven numbers from the year to the day of the week, UTC.
fn civil(seconds: i64) -> Vec<u8> {
    let days = seconds.div_euclid(86_400);
    let second = seconds.rem_euclid(86_400);
    let (mut year, mut left) = (1970, days);
    let length = |year: i64| if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 };
    while left >= length(year) {
        left -= length(year);
        year += 1;
    }
    let february = length(year) - 337;
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    let parts = [year, month, left + 1, second / 3600, second / 60 % 60, second % 60, (days + 4) % 7];
    parts.iter().flat_map(|part| u16::try_from(*part).unwrap_or(0).to_le_bytes()).collect()
}
