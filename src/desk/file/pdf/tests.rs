use super::*;
use testbed::mail::pdf::{PdfForm, pdf};

const MAIL: [&str; 7] = [
    "差出人\tSECURITY ACTION事務局",
    "日時\t2026年11月25日 12:34",
    "件名\t自己宣言完了のお知らせ",
    "",
    "株式会社つばめ　様",
    "自己宣言ID：12345678901",
    "ｶﾌﾞｼｷ ①㈱",
];

fn read(bytes: &[u8]) -> Result<PdfText, Unread> {
    text(bytes, &Bounds::default())
}

/// A file of these objects, numbered from 1, the catalog first.
fn file(objects: &[&str]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.4\n");
    for (index, object) in objects.iter().enumerate() {
        file.push_str(&format!("{} 0 obj {object} endobj\n", index + 1));
    }
    file.push_str("trailer << /Root 1 0 R >>");
    file.into_bytes()
}

/// A page whose content is this, with this font; further objects start at 6.
fn page(content: &str, font: &str, more: &[&str]) -> Vec<u8> {
    let content = format!("<< >> stream\n{content}\nendstream");
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >> >>",
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>",
        &content,
        font,
    ];
    objects.extend(more);
    file(&objects)
}

const HELVETICA: &str = "<< /Subtype /Type1 /BaseFont /Helvetica >>";

fn whole(text: &str) -> Result<PdfText, Unread> {
    Ok(PdfText { text: text.to_owned(), legibility: Legibility::Legible, reach: Reach::Whole, hidden_text: String::new() })
}

#[test]
fn japanese_forms_read_as_printed() {
    for form in [PdfForm::UniJisUtf16, PdfForm::Rksj90ms, PdfForm::IdentityWithToUnicode, PdfForm::ObjectStreams] {
        assert_eq!(read(&pdf(&MAIL, form)), whole(&MAIL.join("\n")), "{form:?}");
    }
}

#[test]
fn pages_are_an_empty_line_apart_and_surrogates_read() {
    let lines: Vec<&str> = std::iter::repeat_n("𠮷野家", 51).collect();
    let expected = format!("{}\n\n𠮷野家", lines[..50].join("\n"));
    assert_eq!(read(&pdf(&lines, PdfForm::UniJisUtf16)), whole(&expected));
    assert_eq!(read(&pdf(&lines, PdfForm::IdentityWithToUnicode)), whole(&expected));
}

#[test]
fn latin_scan_encrypted_and_others_are_told_apart() {
    assert_eq!(read(&pdf(&["ID\t“12345678901” café"], PdfForm::WinAnsi)), whole("ID\t“12345678901” café"));
    assert_eq!(read(&pdf(&MAIL, PdfForm::ScanOnly)), Err(Unread::NoText));
    assert_eq!(read(&pdf(&MAIL, PdfForm::Encrypted)), Err(Unread::Encrypted));
    assert_eq!(read(b"hello"), Err(Unread::NotAPdf));
    assert_eq!(read(b"%PDF-1.4\nhello"), Err(Unread::Broken));
}

#[test]
fn text_operators_place_lines_and_words() {
    let content = "BT /F 10 Tf 12 TL 50 700 Td (one) Tj T* [(t) -20 (wo) -600 (words)] TJ (three) ' 1 2 (four) \" 0 -40 TD (five) Tj ET";
    assert_eq!(read(&page(content, HELVETICA, &[])), whole("one\ntwo words\nthree\nfour\n\nfive"));
}

#[test]
fn hidden_text_stays_apart() {
    let read = read(&page("BT /F 10 Tf 0 0 Td (seen) Tj 3 Tr 0 -12 Td (ocr) Tj ET", HELVETICA, &[])).unwrap();
    assert_eq!((read.text.as_str(), read.hidden_text.as_str()), ("seen", "ocr"));
}

#[test]
fn unmapped_glyphs_make_it_illegible() {
    let font = "<< /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [<< >>] >>";
    let read = read(&page("BT /F 10 Tf <00010002> Tj ET", font, &[])).unwrap();
    assert_eq!((read.text.as_str(), read.legibility), ("\u{fffd}\u{fffd}", Legibility::Illegible));
}

#[test]
fn differences_and_japan1_numbers_read() {
    let font = "<< /Subtype /Type1 /Encoding << /Differences [1 /A /uni81EA /u5DF1 /eacute /comma] >> >>";
    assert_eq!(read(&page("BT /F 10 Tf <0102030405> Tj ET", font, &[])), whole("A自己é,"));
    let font = "<< /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [<< /CIDSystemInfo << /Ordering (Japan1) >> >>] >>";
    // Glyphs 843, 925, 1125 and 7477: あ, ァ, 亜, 瑤.
    assert_eq!(read(&page("BT /F 10 Tf <034B039D04651D35> Tj ET", font, &[])), whole("あァ亜瑤"));
}

#[test]
fn filters_read_in_chains() {
    let content = "q BT /F 10 Tf (in layers) Tj ET Q";
    let hex: String = content.bytes().map(|byte| format!("{byte:02x}")).collect();
    let bytes = page("", HELVETICA, &[&format!("<< /Subtype /Form /Filter [/AHx] >> stream\n{hex}>\nendstream")]);
    let bytes = String::from_utf8(bytes).unwrap().replace("stream\n\nendstream", "stream\n/X Do\nendstream");
    assert_eq!(read(bytes.as_bytes()), whole("in layers"));
}

#[test]
fn a_flate_bomb_is_cut() {
    let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; 100 << 20], 1);
    let mut bytes = page("BT ET", HELVETICA, &[]);
    bytes.extend_from_slice(b"\n4 0 obj << /Filter /FlateDecode >> stream\n");
    bytes.extend_from_slice(&bomb);
    bytes.extend_from_slice(b"\nendstream endobj");
    assert_eq!(read(&bytes).map(|read| read.reach), Ok(Reach::Cut));
}

#[test]
fn circles_end() {
    let pages = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 3 0 R 3 0 R] >>", "<< /Kids [2 0 R] >>"];
    assert_eq!(read(&file(&pages)), Err(Unread::Broken));
    assert_eq!(read(&file(&["2 0 R", "1 0 R"])), Err(Unread::Broken));
    let form = "<< /Subtype /Form >> stream\n/X Do /X Do /X Do /X Do /X Do /X Do /X Do /X Do BT /F 1 Tf (a) Tj ET\nendstream";
    assert!(read(&page("/X Do", HELVETICA, &[form])).is_ok());
}

#[test]
fn deep_and_wide_values_end() {
    let deep = format!("BT /F 10 Tf {} (after) Tj ET", "[".repeat(200_000));
    assert!(read(&page(&deep, HELVETICA, &["[".repeat(200_000).as_str()])).is_err());
    let strings = "1 0 obj ((((".repeat(50_000);
    assert_eq!(read(format!("%PDF-1.4 {strings}").as_bytes()), Err(Unread::Broken));
}

#[test]
fn a_range_of_all_codes_and_huge_widths_cost_nothing() {
    let font = "<< /Subtype /Type0 /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [<< /W [0 2147483647 500 0 4294967295 1] >>] >>";
    let map = "<< >> stream\n1 beginbfrange <00000000> <FFFFFFFF> <0041> <0000> <FFFFFFFF> [<0042>] endbfrange\nendstream";
    assert_eq!(read(&page("BT /F 10 Tf <00010002> Tj ET", font, &[map])), whole("BC"));
    let wide = format!("<< /Subtype /Type0 /Encoding /UniJIS-UCS2-H /DescendantFonts [<< /W [1 [{}]] >>] >>", "5 ".repeat(900_000));
    assert_eq!(read(&page("BT /F 10 Tf <81EA> Tj ET", &wide, &[])), whole("自"));
}

/// What is asserted is that reading returns.
#[test]
fn mutations_do_not_panic() {
    let mut noise = testbed::mail::Random::named("damaged print-outs");
    let mut random = move |below: usize| usize::try_from(noise.below(u64::try_from(below).unwrap())).unwrap();
    let bounds = Bounds { inflated_bytes: 1 << 20, objects: 20_000, pages: 10, operators: 20_000, text_bytes: 10_000 };
    for form in [PdfForm::UniJisUtf16, PdfForm::Rksj90ms, PdfForm::ObjectStreams, PdfForm::ScanOnly] {
        let original = pdf(&MAIL, form);
        for _ in 0..400 {
            let mut bytes = original.clone();
            for _ in 0..=random(8) {
                let at = random(bytes.len());
                match random(4) {
                    0 => bytes[at] = u8::try_from(random(256)).unwrap(),
                    1 => bytes.truncate(at.max(1)),
                    2 => bytes[at] = b"<>[]()/ 09R"[random(11)],
                    _ => drop(bytes.splice(at..at, original[..random(original.len())].iter().copied())),
                }
            }
            std::hint::black_box(text(&bytes, &bounds).is_ok());
        }
    }
}
