//! Control words that stand for characters, groups that hold no text, and what a font's charset says.
//!
//! Promises: data only, no state. Rejected: a table file; the words are those of the specification and do not grow.

use super::Form;

/// The text that a control word stands for.
#[must_use]
pub fn text(word: &[u8], form: Form) -> Option<&'static str> {
    Some(match (word, form) {
        (b"par" | b"line" | b"sect" | b"page" | b"row", _) => "\n",
        (b"tab" | b"cell" | b"nestcell", _) => "\t",
        // MS-OXRTFEX: in HTML these come back as entities.
        (b"lquote", Form::Html) => "&lsquo;",
        (b"rquote", Form::Html) => "&rsquo;",
        (b"ldblquote", Form::Html) => "&ldquo;",
        (b"rdblquote", Form::Html) => "&rdquo;",
        (b"bullet", Form::Html) => "&bull;",
        (b"endash", Form::Html) => "&ndash;",
        (b"emdash", Form::Html) => "&mdash;",
        (b"lquote", Form::Plain) => "\u{2018}",
        (b"rquote", Form::Plain) => "\u{2019}",
        (b"ldblquote", Form::Plain) => "\u{201c}",
        (b"rdblquote", Form::Plain) => "\u{201d}",
        (b"bullet", Form::Plain) => "\u{2022}",
        (b"endash", Form::Plain) => "\u{2013}",
        (b"emdash", Form::Plain) => "\u{2014}",
        (b"emspace", _) => "\u{2003}",
        (b"enspace", _) => "\u{2002}",
        _ => return None,
    })
}

/// The text that a control symbol stands for.
#[must_use]
pub fn symbol(symbol: u8, form: Form) -> Option<&'static str> {
    Some(match (symbol, form) {
        (b'~', Form::Html) => "&nbsp;",
        (b'_', Form::Html) => "&shy;",
        (b'~', Form::Plain) => "\u{a0}",
        (b'_', Form::Plain) => "-",
        _ => return None,
    })
}

/// Whether a group that begins with the word holds no text of the body. Groups that begin with `\*` and an unknown word are
/// ignored in any case.
#[must_use]
pub fn is_apart(word: &[u8]) -> bool {
    matches!(
        word,
        b"colortbl"
            | b"stylesheet"
            | b"info"
            | b"pict"
            | b"filetbl"
            | b"fldinst"
            | b"header"
            | b"headerl"
            | b"headerr"
            | b"headerf"
            | b"footer"
            | b"footerl"
            | b"footerr"
            | b"footerf"
            | b"ftnsep"
            | b"ftnsepc"
            | b"nonshppict"
            | b"objdata"
            | b"pntext"
            | b"rxe"
            | b"tc"
            | b"xe"
    )
}

/// Windows code page of a `\fcharsetN`; `None` where it says no more than the document does.
#[must_use]
pub fn page_of_charset(charset: i32) -> Option<u32> {
    Some(match charset {
        77 => 10000,
        128 => 932,
        129 | 130 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}
