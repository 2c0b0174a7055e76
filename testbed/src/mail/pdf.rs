//! PDF print-outs of a mail in the shapes that print drivers give them, for tests of whoever reads them.
//!
//! Promises: valid files that other readers open; the same lines give the same bytes; shares no code with the reader.
//! Rejected: recorded files, which would carry fonts and real people's mail. Panics on text that the form cannot encode.

/// How the text is encoded, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PdfForm {
    /// A Japanese font that is not embedded, text as UTF-16.
    UniJisUtf16,
    /// The same, text as Windows Shift_JIS.
    Rksj90ms,
    /// Glyph numbers of a subset, as browsers write them.
    IdentityWithToUnicode,
    /// Helvetica; Latin text only.
    WinAnsi,
    /// As `IdentityWithToUnicode`, in the compact layout of PDF 1.5.
    ObjectStreams,
    /// A picture without text.
    ScanOnly,
    /// An encryption dictionary; the strings themselves are plain.
    Encrypted,
}

const LINES_A_PAGE: usize = 50;
const SIZE: usize = 10;
const LEADING: usize = 15;
const CELL: usize = 100;

/// A print-out of the lines; a tab starts the next cell of a table, an empty line leaves a gap.
#[must_use]
pub fn pdf(lines: &[&str], form: PdfForm) -> Vec<u8> {
    let mut glyphs: Vec<char> = lines.iter().flat_map(|line| line.chars()).collect();
    glyphs.sort_unstable();
    glyphs.dedup();
    let pages: Vec<&[&str]> = if lines.is_empty() { vec![lines] } else { lines.chunks(LINES_A_PAGE).collect() };
    // 1 catalog, 2 pages, 3 font, 4 descendant, 5 ToUnicode or picture, 6 encryption, then a page and its content each.
    let kids: Vec<String> = (0..pages.len()).map(|index| format!("{} 0 R", 7 + 2 * index)).collect();
    let mut objects = vec![
        plain("<< /Type /Catalog /Pages 2 0 R >>"),
        plain(&format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len())),
        plain(&font(form)),
        plain(&descendant(form)),
        if form == PdfForm::ScanOnly { picture() } else { stream("", to_unicode(&glyphs).as_bytes()) },
        plain("<< /Filter /Standard /V 1 /R 2 /O (01234567890123456789012345678901) /U (01234567890123456789012345678901) /P -4 >>"),
    ];
    for (index, page) in pages.iter().enumerate() {
        let resources = "/Resources << /Font << /F1 3 0 R >> /XObject << /Im1 5 0 R >> >>";
        let content = 8 + 2 * index;
        objects.push(plain(&format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {resources} /Contents {content} 0 R >>")));
        objects.push(stream("", content_of(page, form, &glyphs).as_bytes()));
    }
    if form == PdfForm::ObjectStreams { compact(&objects) } else { classic(&objects, form) }
}

/// An object's bytes, and whether it may go into an object stream.
struct Object {
    bytes: Vec<u8>,
    is_stream: bool,
}

fn plain(text: &str) -> Object {
    Object { bytes: text.as_bytes().to_vec(), is_stream: false }
}

fn stream(entries: &str, data: &[u8]) -> Object {
    let mut bytes = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\nendstream");
    Object { bytes, is_stream: true }
}

fn picture() -> Object {
    stream("/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", &[0x80])
}

fn font(form: PdfForm) -> String {
    let encoding = match form {
        PdfForm::WinAnsi => return "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        PdfForm::Rksj90ms => "90ms-RKSJ-H",
        PdfForm::UniJisUtf16 | PdfForm::ScanOnly | PdfForm::Encrypted => "UniJIS-UTF16-H",
        PdfForm::IdentityWithToUnicode | PdfForm::ObjectStreams => "Identity-H /ToUnicode 5 0 R",
    };
    format!("<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /{encoding} /DescendantFonts [4 0 R] >>")
}

fn descendant(form: PdfForm) -> String {
    let (registry, ordering) = if is_subset(form) { ("Adobe", "Identity") } else { ("Adobe", "Japan1") };
    format!(
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /DW 1000 /W [1 95 500 231 389 500] \
         /CIDSystemInfo << /Registry ({registry}) /Ordering ({ordering}) /Supplement 0 >> \
         /FontDescriptor << /Type /FontDescriptor /FontName /HeiseiMin-W3 /Flags 4 /FontBBox [0 -200 1000 900] \
         /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >> >>"
    )
}

fn is_subset(form: PdfForm) -> bool {
    matches!(form, PdfForm::IdentityWithToUnicode | PdfForm::ObjectStreams)
}

/// Glyph numbers start high, where the widths above do not say half-width.
const FIRST_GLYPH: usize = 1000;

fn to_unicode(glyphs: &[char]) -> String {
    let mut map = String::from("/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n");
    map.push_str("1 begincodespacerange <0000> <FFFF> endcodespacerange\n");
    for (block, glyphs) in glyphs.chunks(100).enumerate() {
        map.push_str(&format!("{} beginbfchar\n", glyphs.len()));
        for (index, glyph) in glyphs.iter().enumerate() {
            map.push_str(&format!("<{:04X}> <{}>\n", FIRST_GLYPH + block * 100 + index, utf16(&glyph.to_string())));
        }
        map.push_str("endbfchar\n");
    }
    map.push_str("endcmap CMapName currentdict /CMap defineresource pop end end");
    map
}

fn utf16(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |hex, unit| format!("{hex}{unit:04X}"))
}

fn content_of(lines: &[&str], form: PdfForm, glyphs: &[char]) -> String {
    if form == PdfForm::ScanOnly {
        return "q 595 0 0 842 0 0 cm /Im1 Do Q".to_owned();
    }
    let mut content = format!("BT /F1 {SIZE} Tf\n");
    for (row, line) in lines.iter().enumerate() {
        for (column, cell) in line.split('\t').enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let (x, y) = (50 + column * CELL, 790 - row * LEADING);
            content.push_str(&format!("1 0 0 1 {x} {y} Tm <{}> Tj\n", encoded(cell, form, glyphs)));
        }
    }
    content.push_str("ET");
    content
}

fn encoded(text: &str, form: PdfForm, glyphs: &[char]) -> String {
    let legacy = |encoding: &'static encoding_rs::Encoding| {
        let (bytes, _, unmappable) = encoding.encode(text);
        assert!(!unmappable, "{text:?} is not in {}", encoding.name());
        bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"))
    };
    match form {
        PdfForm::UniJisUtf16 | PdfForm::Encrypted | PdfForm::ScanOnly => utf16(text),
        PdfForm::Rksj90ms => legacy(encoding_rs::SHIFT_JIS),
        PdfForm::WinAnsi => legacy(encoding_rs::WINDOWS_1252),
        PdfForm::IdentityWithToUnicode | PdfForm::ObjectStreams => text.chars().fold(String::new(), |hex, character| {
            let glyph = FIRST_GLYPH + glyphs.binary_search(&character).unwrap_or_default();
            format!("{hex}{glyph:04X}")
        }),
    }
}

/// A file with a cross-reference table (ISO 32000-1, 7.5.4).
fn classic(objects: &[Object], form: PdfForm) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        write_object(&mut file, index + 1, &object.bytes);
    }
    let start = file.len();
    let encrypt = if form == PdfForm::Encrypted { " /Encrypt 6 0 R /ID [<00> <00>]" } else { "" };
    let trailer = format!("trailer\n<< /Size {} /Root 1 0 R{encrypt} >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    file.extend_from_slice(table.as_bytes());
    file.extend_from_slice(trailer.as_bytes());
    file
}

/// A file with an object stream and a cross-reference stream, both deflated (ISO 32000-1, 7.5.7 and 7.5.8).
fn compact(objects: &[Object]) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let (holder, index_stream) = (objects.len() + 1, objects.len() + 2);
    let (mut header, mut body, mut held) = (String::new(), Vec::new(), 0usize);
    let mut rows: Vec<(u8, usize, usize)> = vec![(0, 0, 65535)];
    for (index, object) in objects.iter().enumerate() {
        if object.is_stream {
            rows.push((1, file.len(), 0));
            write_object(&mut file, index + 1, &object.bytes);
        } else {
            rows.push((2, holder, held));
            held += 1;
            header.push_str(&format!("{} {} ", index + 1, body.len()));
            body.extend_from_slice(&object.bytes);
            body.push(b'\n');
        }
    }
    rows.push((1, file.len(), 0));
    let entries = format!("/Type /ObjStm /N {held} /First {} /Filter /FlateDecode", header.len());
    write_object(&mut file, holder, &stream(&entries, &stored(&[header.as_bytes(), body.as_slice()].concat())).bytes);
    let start = file.len();
    rows.push((1, start, 0));
    let mut table = Vec::new();
    for (kind, second, third) in &rows {
        table.push(*kind);
        table.extend_from_slice(&u32::try_from(*second).unwrap_or_default().to_be_bytes());
        table.extend_from_slice(&u16::try_from(*third).unwrap_or_default().to_be_bytes());
    }
    let entries = format!("/Type /XRef /Size {} /W [1 4 2] /Root 1 0 R /Filter /FlateDecode", rows.len());
    write_object(&mut file, index_stream, &stream(&entries, &stored(&table)).bytes);
    file.extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
    file
}

fn write_object(file: &mut Vec<u8>, number: usize, bytes: &[u8]) {
    file.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
    file.extend_from_slice(bytes);
    file.extend_from_slice(b"\nendobj\n");
}

/// zlib with stored blocks (RFC 1950, RFC 1951 3.2.4): deflate without a compressor.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut output = vec![0x78, 0x01];
    let blocks = data.len().div_ceil(0xffff);
    for (index, block) in data.chunks(0xffff).enumerate() {
        output.push(u8::from(index + 1 == blocks));
        let length = u16::try_from(block.len()).unwrap_or_default();
        output.extend_from_slice(&length.to_le_bytes());
        output.extend_from_slice(&(!length).to_le_bytes());
        output.extend_from_slice(block);
    }
    let (low, high) = data.iter().fold((1u32, 0u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65521;
        (low, (high + low) % 65521)
    });
    output.extend_from_slice(&(high << 16 | low).to_be_bytes());
    output
}
