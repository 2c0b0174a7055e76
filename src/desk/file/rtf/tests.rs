use super::*;
use crate::desk::file::Reach;
use crate::desk::file::mapi::Bounds;
use crate::desk::text::charset::Legibility;
use testbed::mail::outlook as generator;

const BOUNDS: Bounds = Bounds { depth: 4, members: 100, bytes: 1 << 20 };

fn read_with(bytes: &[u8], bounds: &Bounds) -> (Result<Rtf, Broken>, Reach) {
    let mut budget = Budget::new(bounds);
    let read = read(bytes, &mut budget);
    (read, budget.reach())
}

/// The text of RTF that is not wrapped.
fn text(rtf: &[u8]) -> (Form, String) {
    let (read, reach) = read_with(rtf, &BOUNDS);
    let read = read.unwrap();
    assert_eq!((read.decoded.legibility, reach), (Legibility::Legible, Reach::Whole), "{:?}", read.decoded.text);
    (read.form, read.decoded.text)
}

fn plain(rtf: &[u8]) -> String {
    let (form, text) = text(rtf);
    assert_eq!(form, Form::Plain);
    text
}

#[test]
fn html_survives_encapsulation_and_compression() {
    let html =
        "<html><body bgcolor=\"#ffffff\">\n<p>手続きが<b>完了</b>しました。表・ソ・能\\{x} 𠮷 &amp;&nbsp;caf\u{e9}</p>\n</body></html>";
    let expected = (Form::Html, html.to_owned());
    assert_eq!(text(&generator::from_html(html)), expected);
    assert_eq!(text(&generator::stored(&generator::from_html(html))), expected);
    assert_eq!(text(&generator::compressed(&generator::from_html(html))), expected);
}

#[test]
fn plain_text_survives_encapsulation_and_compression() {
    let body = "申込受理のご連絡\n\tＩＤ：①㈱髙﨑 ｶﾞ\n\n😀 {a}\\b".repeat(400);
    let expected = (Form::Plain, body.clone());
    assert_eq!(text(&generator::compressed(&generator::from_text(&body))), expected);
    assert_eq!(text(&generator::stored(&generator::from_text(&body))), expected);
}

#[test]
fn the_worked_examples_of_the_specification_decompress() {
    // MS-OXRTFCP: a simple stream, and one whose reference runs across the place of writing.
    let simple = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125B2\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
    assert_eq!(plain(simple), "hello world");
    let crossing = b"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4KQA\0\x04 WXYZ\x0dn}\x01\x0e\xb0";
    assert_eq!(plain(crossing), "WXYZWXYZWXYZWXYZWXYZ");
}

#[test]
fn a_double_byte_character_may_be_cut_by_formatting_or_hold_an_ascii_byte() {
    assert_eq!(plain(br"{\rtf1\ansi\ansicpg932 \'8e{\b\'a9}\'8c\b0\'c8}"), "自己");
    assert_eq!(plain(br"{\rtf1\ansi\ansicpg932 \'83A\'83\\\'94\{}"), "アソ倍");
}

#[test]
fn the_charset_of_the_font_wins_over_the_document() {
    let rtf = br"{\rtf1\ansi\ansicpg1252\deff1{\fonttbl{\f0\fcharset128 MS Gothic;}{\f1\fcharset0 Arial;}{\f2\fcharset204 Arial;}}caf\'e9 \f0 \'8e\'a9\f2 \'c4\'e0}";
    assert_eq!(plain(rtf), "café 自Да");
}

#[test]
fn cp932_under_a_western_document_is_recognised_by_its_kana() {
    assert_eq!(plain(br"{\rtf1\ansi\ansicpg1252 \'82\'a8\'92\'6d\'82\'e7\'82\'b9}"), "お知らせ");
}

#[test]
fn unicode_words_skip_their_fallback_and_nothing_else() {
    assert_eq!(plain(br"{\rtf1\ansi\uc1 \u-32460\'8e\u24049?!}"), "\u{8134}己!");
    assert_eq!(plain(br"{\rtf1\ansi\uc2 \u12354\'82\'a0b{\uc0\u12356x}\u12358\'82\'a4}"), "あbいxう");
    assert_eq!(plain(br"{\rtf1\ansi\uc1 a\u12354\par b}"), "aあ\nb");
    assert_eq!(plain(br"{\rtf1\ansi\uc0 \u-10179\u-8704}"), "😀");
}

#[test]
fn tables_pictures_and_unknown_destinations_are_no_text() {
    let rtf = br"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\stylesheet{\s0 Normal;}}{\info{\author Hanako}}{\*\generator X 1.0;}{\pict\wmetafile8\bin6 }}}}}}0102}{\field{\*\fldinst HYPERLINK x}{\fldrslt y}}{\v hidden}a\tab b\line c}";
    assert_eq!(plain(rtf), "ya\tb\nc");
}

#[test]
fn html_is_only_claimed_at_the_start() {
    assert_eq!(text(br"{\rtf1\ansi a {\*\x\fromhtml1}\fromhtml1 b}"), (Form::Plain, "a b".to_owned()));
    assert_eq!(
        text(br"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\b x\htmlrtf0 y\~\htmlrtf }\htmlrtf0{\*\mhtmltag z}{\*\htmltag72 </p>}}")
            .1,
        "<p>y&nbsp;</p>"
    );
}

#[test]
fn what_is_no_rtf_is_named() {
    assert_eq!(read_with(b"LZFu", &BOUNDS).0, Err(Broken::RtfCompression));
    assert_eq!(read_with(b"\x10\0\0\0\0\0\0\0ZIPP\0\0\0\0", &BOUNDS).0, Err(Broken::RtfCompression));
    assert_eq!(read_with(&generator::stored(b"PK\x03\x04"), &BOUNDS).0, Err(Broken::NotRtf));
}

#[test]
fn groups_without_end_are_read_and_noted() {
    let deep = [&b"{\\rtf1 "[..], &b"{".repeat(500_000), b"a", &b"}".repeat(400_000), b"b"].concat();
    let (read, reach) = read_with(&deep, &BOUNDS);
    assert_eq!((read.unwrap().decoded.text, reach), ("ab".to_owned(), Reach::Cut));
}

#[test]
fn compression_cannot_expand_beyond_the_budget() {
    let bomb = generator::compressed(&[&b"{\\rtf1 "[..], &b"a".repeat(200_000)].concat());
    let (read, reach) = read_with(&bomb, &Bounds { bytes: 100_000, ..BOUNDS });
    let text = read.unwrap().decoded.text;
    assert_eq!(reach, Reach::Cut);
    assert_eq!(text.len(), 100_000 - 7);
}

#[test]
fn what_follows_the_outermost_group_is_no_text() {
    assert_eq!(plain(&generator::stored(b"\r\n{\\rtf1\\ansi {a}b}\0 slack {c}")), "ab");
}

#[test]
fn illegible_bytes_show() {
    let rtf = br"{\rtf1\ansi\ansicpg932 \'ff\'ff\'ff}";
    assert_eq!(read_with(rtf, &BOUNDS).0.unwrap().decoded.legibility, Legibility::Illegible);
}
