//! Compound files: the little file system in a .msg (MS-CFB).
//!
//! Promises: each table is at most as long as the file has sectors, each chain ends after as many steps, each directory entry
//! has one place in the tree; circles and lies about sizes cost nothing. Damage shortens what is read, it is no error.
//! Rejected: the cfb crate for reading; a DIFAT that names one FAT sector a hundred times over makes it allocate a hundred
//! times the file, and it refuses files with one damaged chain.

use super::super::mapi::Broken;
use super::super::mapi::cursor::Cursor;
use super::MAGIC;

/// Marks of the end of a chain, and of nothing (section 2.1, 2.6.1); any other number from here on is no sector either.
const FIRST_MARK: u32 = 0xffff_fffa;
/// A link that leads nowhere (section 2.6.1).
const NOTHING: u32 = u32::MAX;
/// FAT sectors that the header itself lists (section 2.2).
const IN_HEADER: usize = 109;
const MINI_SHIFT: u32 = 6;
/// Streams below this many bytes lie in the mini stream (section 2.2).
const MINI_CUTOFF: u64 = 4096;
const ENTRY: usize = 128;

/// What a directory entry is (section 2.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Storage,
    Stream,
    Root,
    Unused,
}

#[derive(Debug, Clone)]
pub struct Entry {
    /// In lower case: names are compared without regard to case (section 2.6.4).
    pub name: String,
    pub kind: Kind,
    /// As claimed.
    pub size: u64,
    start: u32,
    left: u32,
    right: u32,
    child: u32,
}

pub struct Compound<'a> {
    bytes: &'a [u8],
    /// 9 or 12: sectors of 512 or 4096 bytes.
    shift: u32,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    /// Sectors of the mini stream, in order.
    mini_stream: Vec<u32>,
    entries: Vec<Entry>,
    children: Vec<Vec<usize>>,
    /// Whether part of the directory is missing.
    is_damaged: bool,
}

/// The fields of the header that are used.
struct Header {
    shift: u32,
    directory: u32,
    mini_fat: u32,
    difat: u32,
    fat_sectors: Vec<u32>,
}

impl<'a> Compound<'a> {
    /// The root storage.
    pub const ROOT: usize = 0;

    pub fn open(bytes: &'a [u8]) -> Result<Self, Broken> {
        let header = header(bytes)?;
        let mut compound = Self {
            bytes,
            shift: header.shift,
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini_stream: Vec::new(),
            entries: Vec::new(),
            children: Vec::new(),
            is_damaged: false,
        };
        compound.fat = compound.read_fat(&header);
        compound.mini_fat = compound.chain(header.mini_fat).flat_map(|sector| numbers(compound.sector(sector))).collect();
        compound.entries = compound.read_directory(header.directory);
        let root = compound.entries.first().filter(|root| root.kind == Kind::Root).ok_or(Broken::NoDirectory)?;
        compound.mini_stream = compound.chain(root.start).collect();
        (compound.children, compound.is_damaged) = tree(&compound.entries);
        Ok(compound)
    }

    /// Bytes of the whole file.
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Whether entries are named that the directory does not hold: a file that breaks off.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// What lies in a storage.
    pub fn children(&self, storage: usize) -> impl Iterator<Item = (usize, &Entry)> {
        let places = self.children.get(storage).into_iter().flatten().copied();
        places.filter_map(|place| self.entries.get(place).map(|entry| (place, entry)))
    }

    /// The first bytes of a stream; fewer than asked for where its chain breaks off.
    pub fn read(&self, entry: &Entry, most: usize) -> Vec<u8> {
        let most = usize::try_from(entry.size).unwrap_or(usize::MAX).min(most);
        let mut bytes = Vec::new();
        if entry.size < MINI_CUTOFF {
            for sector in walk(&self.mini_fat, entry.start) {
                let piece = self.mini_sector(sector);
                // Beyond the mini stream; a longer walk would gain nothing.
                if bytes.len() >= most || piece.is_empty() {
                    break;
                }
                bytes.extend_from_slice(piece);
            }
        } else {
            for sector in self.chain(entry.start) {
                if bytes.len() >= most {
                    break;
                }
                bytes.extend_from_slice(self.sector(sector));
            }
        }
        bytes.truncate(most);
        bytes
    }

    fn chain(&self, start: u32) -> impl Iterator<Item = u32> {
        walk(&self.fat, start)
    }

    /// How many sectors the file has room for, a last one that is cut short included.
    fn sectors(&self) -> usize {
        self.bytes.len().div_ceil(1 << self.shift).saturating_sub(1)
    }

    /// The bytes of a sector: sector 0 lies behind the header (section 2.1).
    fn sector(&self, sector: u32) -> &'a [u8] {
        let size = 1usize << self.shift;
        let start = usize::try_from(sector).ok().and_then(|sector| sector.checked_add(1)?.checked_mul(size));
        start.map_or(&[], |start| piece(self.bytes, start, size))
    }

    /// The bytes of a sector of the mini stream (section 2.4).
    fn mini_sector(&self, sector: u32) -> &'a [u8] {
        let Some(offset) = usize::try_from(sector).ok().and_then(|sector| sector.checked_mul(1 << MINI_SHIFT)) else { return &[] };
        let host = self.mini_stream.get(offset >> self.shift).map_or(&[][..], |host| self.sector(*host));
        piece(host, offset & ((1 << self.shift) - 1), 1 << MINI_SHIFT)
    }

    /// Sections 2.3 and 2.5. A FAT longer than the file has sectors is padding, or a bomb.
    fn read_fat(&self, header: &Header) -> Vec<u32> {
        let most = self.sectors();
        let mut fat = Vec::new();
        let mut list = header.fat_sectors.clone();
        let mut next = header.difat;
        for _ in 0..=most {
            for sector in list.drain(..).filter(|sector| *sector < FIRST_MARK) {
                if fat.len() >= most {
                    break;
                }
                fat.extend(numbers(self.sector(sector)));
            }
            if fat.len() >= most || next >= FIRST_MARK {
                break;
            }
            list = numbers(self.sector(next)).collect();
            next = list.pop().unwrap_or(FIRST_MARK);
        }
        fat.truncate(most);
        fat
    }

    fn read_directory(&self, start: u32) -> Vec<Entry> {
        self.chain(start).flat_map(|sector| self.sector(sector).chunks_exact(ENTRY)).filter_map(|bytes| entry(bytes, self.shift)).collect()
    }
}

/// Follows a chain, for at most as many steps as its table has entries.
fn walk(table: &[u32], start: u32) -> impl Iterator<Item = u32> {
    let follow = |sector: &u32| table.get(usize::try_from(*sector).ok()?).copied().filter(|next| *next < FIRST_MARK);
    std::iter::successors(Some(start).filter(|start| *start < FIRST_MARK), follow).take(table.len())
}

/// The piece of a slice that is there.
fn piece(bytes: &[u8], start: usize, size: usize) -> &[u8] {
    let rest = bytes.get(start..).unwrap_or_default();
    rest.get(..size).unwrap_or(rest)
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.chunks_exact(4).filter_map(|number| number.first_chunk().copied().map(u32::from_le_bytes))
}

/// Section 2.2. Of the fields, only those are looked at that are needed; writers differ in the rest.
fn header(bytes: &[u8]) -> Result<Header, Broken> {
    if !bytes.starts_with(MAGIC) {
        return Err(Broken::NotCompound);
    }
    let mut cursor = Cursor::new(bytes);
    cursor.take_most(30);
    let shift = cursor.u16().map(u32::from).ok_or(Broken::NotCompound)?;
    if shift != 9 && shift != 12 {
        return Err(Broken::SectorSize);
    }
    cursor.take_most(16);
    let directory = cursor.u32().ok_or(Broken::NotCompound)?;
    cursor.take_most(8);
    let mini_fat = cursor.u32().ok_or(Broken::NotCompound)?;
    cursor.take_most(4);
    let difat = cursor.u32().ok_or(Broken::NotCompound)?;
    cursor.take_most(4);
    let fat_sectors = numbers(cursor.take_most(IN_HEADER * 4)).collect();
    Ok(Header { shift, directory, mini_fat, difat, fat_sectors })
}

/// Section 2.6.1.
fn entry(bytes: &[u8], shift: u32) -> Option<Entry> {
    let mut cursor = Cursor::new(bytes);
    let name = cursor.take(64)?;
    let name_bytes = usize::from(cursor.u16()?).saturating_sub(2);
    let units = name.get(..name_bytes).unwrap_or(name).chunks_exact(2).filter_map(|unit| unit.first_chunk().copied());
    let name: String = char::decode_utf16(units.map(u16::from_le_bytes)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let kind = match cursor.u8()? {
        1 => Kind::Storage,
        2 => Kind::Stream,
        5 => Kind::Root,
        _ => Kind::Unused,
    };
    cursor.take(1)?;
    let (left, right, child) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    cursor.take(36)?;
    let start = cursor.u32()?;
    let size = cursor.u64()?;
    // Writers of 512-byte sectors left noise in the upper half.
    let size = if shift == 9 { size & u64::from(u32::MAX) } else { size };
    Some(Entry { name: name.to_ascii_lowercase(), kind, size, start, left, right, child })
}

/// Who lies in which storage: the sibling trees, walked once, whatever shape they have (section 2.6.4); and whether links lead
/// to entries that are missing.
fn tree(entries: &[Entry]) -> (Vec<Vec<usize>>, bool) {
    let mut is_damaged = false;
    let mut children = vec![Vec::new(); entries.len()];
    let mut seen = vec![false; entries.len()];
    let mut open = Vec::new();
    if let (Some(root), Some(seen_root)) = (entries.first(), seen.first_mut()) {
        *seen_root = true;
        open.push((Compound::ROOT, root.child));
    }
    while let Some((parent, place)) = open.pop() {
        if place == NOTHING {
            continue;
        }
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let (Some(entry), Some(seen)) = (entries.get(place), seen.get_mut(place)) else {
            is_damaged = true;
            continue;
        };
        if std::mem::replace(seen, true) {
            continue;
        }
        open.push((parent, entry.left));
        open.push((parent, entry.right));
        if entry.kind == Kind::Storage {
            open.push((place, entry.child));
        }
        if let Some(inside) = children.get_mut(parent) {
            inside.push(place);
        }
    }
    (children, is_damaged)
}
