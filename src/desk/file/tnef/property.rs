//! Lists of MAPI properties inside TNEF attributes (MS-OXTNEF).
//!
//! Promises: counts and sizes are only followed as far as there are bytes; a property of an unknown type ends the list, since
//! nobody knows where the next one begins. Rejected: looking for a next property behind it; noise has plenty.

use std::borrow::Cow;

use crate::desk::file::mapi::budget::Budget;
use crate::desk::file::mapi::cursor::Cursor;
use crate::desk::file::mapi::property::{Properties, id, kind};

/// Ids from here on are named, and bring their names along.
const FIRST_NAMED: u16 = 0x8000;

/// Reads a counted list into `properties`.
pub fn list<'a>(cursor: &mut Cursor<'a>, properties: &mut Properties<'a>, budget: &mut Budget) {
    let Some(count) = cursor.u32() else {
        return budget.cut();
    };
    for _ in 0..count {
        if one(cursor, properties, budget).is_none() {
            // Nothing behind it can be told apart any more.
            cursor.take_most(usize::MAX);
            return budget.cut();
        }
    }
}

fn one<'a>(cursor: &mut Cursor<'a>, properties: &mut Properties<'a>, budget: &mut Budget) -> Option<()> {
    let (kind, id) = (cursor.u16()?, cursor.u16()?);
    if id >= FIRST_NAMED {
        skip_name(cursor)?;
    }
    let is_multiple = kind & kind::MULTIPLE != 0;
    match kind & !kind::MULTIPLE {
        single @ (kind::STRING_8 | kind::UNICODE | kind::BINARY | kind::OBJECT) => {
            // Single values are counted, too.
            let count = cursor.u32()?;
            for _ in 0..count {
                let bytes = padded(cursor, budget)?;
                if !is_multiple && id::is_wanted(id) {
                    // An object is paid for where it is read.
                    let granted = if single == kind::OBJECT { bytes.len() } else { budget.take(bytes.len()) };
                    properties.add_bytes(id, single, Cow::Borrowed(bytes.get(..granted).unwrap_or(bytes)));
                }
            }
        }
        single => {
            let width = width(single)?;
            if is_multiple {
                let count = cursor.length()?;
                cursor.take(count.checked_mul(width)?.checked_next_multiple_of(4)?)?;
            } else {
                let mut value = Cursor::new(cursor.take(width.next_multiple_of(4))?);
                let bits = if width == 8 { value.u64() } else { value.u32().map(u64::from) };
                properties.add_fixed(id, single, bits?);
            }
        }
    }
    Some(())
}

/// A size, that many bytes, and padding to the next multiple of four. A value that is cut short by the end of the stream counts.
fn padded<'a>(cursor: &mut Cursor<'a>, budget: &mut Budget) -> Option<&'a [u8]> {
    let length = cursor.length()?;
    let bytes = cursor.take_most(length);
    if bytes.len() < length {
        budget.cut();
    } else {
        cursor.take_most(length.next_multiple_of(4) - length);
    }
    Some(bytes)
}

/// A GUID, and a number or a padded UTF-16 name.
fn skip_name(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.take(16)?;
    match cursor.u32()? {
        0 => cursor.take(4)?,
        _ => {
            let length = cursor.length()?;
            cursor.take(length.checked_next_multiple_of(4)?)?
        }
    };
    Some(())
}

/// Bytes of a value of fixed size; each is padded to four.
fn width(kind: u16) -> Option<usize> {
    Some(match kind {
        kind::INTEGER_16 | kind::BOOLEAN => 2,
        kind::INTEGER_32 | kind::FLOATING_32 | kind::ERROR_CODE => 4,
        kind::FLOATING_64 | kind::CURRENCY | kind::FLOATING_TIME | kind::INTEGER_64 | kind::TIME => 8,
        kind::GUID => 16,
        _ => return None,
    })
}
