//! Adobe-Japan1 glyph numbers to text, for fonts without a `ToUnicode` map (Adobe Technical Note 5078).
//!
//! The first Japanese glyphs were numbered in the order of JIS X 0208, so the table is counted rather than shipped.
//! Promises: rows 1 to 8 and both levels of kanji, the Latin letters and half-width katakana; other numbers stay unmapped.
//! Rejected: the whole of cid2code.txt, for glyph variants that no mail has.

use std::sync::LazyLock;

use encoding_rs::EUC_JP;

/// Glyph 633 and those after it, up to 7477.
static KANJI: LazyLock<Vec<char>> = LazyLock::new(|| {
    // Rows 1 to 7 (row 8, line drawing, has numbers elsewhere), then level 1 and 2 without what JIS added in 1990 (row 84, 5 and 6).
    let rows = (1u8..=7).chain(16..=84);
    let cells = rows.flat_map(|row| (1u8..=94).map(move |cell| (row, cell)));
    let cells = cells.filter(|(row, cell)| !(*row == 84 && *cell > 4));
    cells.filter_map(|(row, cell)| assigned([row + 0xa0, cell + 0xa0])).collect()
});

fn assigned(code: [u8; 2]) -> Option<char> {
    EUC_JP.decode_without_bom_handling_and_without_replacement(&code)?.chars().next()
}

/// The character of a glyph number of the Adobe-Japan1 collection.
pub(crate) fn character(glyph: u32) -> Option<char> {
    match glyph {
        // Glyph 61 is a yen sign in place of a backslash, as on Japanese keyboards; readers of code want the backslash.
        1..=95 => char::from_u32(glyph - 1 + 0x20),
        231..=325 => char::from_u32(glyph - 231 + 0x20),
        327..=389 => char::from_u32(glyph - 327 + 0xff61),
        633..=7477 => KANJI.get(usize::try_from(glyph - 633).ok()?).copied(),
        _ => None,
    }
}
