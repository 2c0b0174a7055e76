//! Bytes to characters.
//!
//! Promises: the label is what the name says, right or wrong; the text is always the same kind of forward.
//! Rejected: charsets that no Japanese mailer writes; detection is measured elsewhere.

use super::Build;
use crate::mail::encode::{Charset, HeaderForm, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::Verdict;
use crate::mail::layout::clients::{GMAIL_WEB, OUTLOOK_WINDOWS};
use crate::mail::letter::{Carried, Mailbox};
use crate::mail::notice::{Sort, Stars};
use crate::mail::submission::{Scene, Submission, plain};

use Charset::{EucJp, Iso2022Jp, ShiftJis, Utf8};
use Transfer::{Base64, EightBit, QuotedPrintable, SevenBit};

const ONE: Sort = Sort::Completion(Stars::One);

pub const TABLE: &[(&str, Build)] = &[
    ("utf-8-eight-bit", |name| body(name, Utf8, Some("utf-8"), EightBit)),
    ("utf-8-base64", |name| body(name, Utf8, Some("UTF-8"), Base64)),
    ("utf-8-quoted-printable", |name| body(name, Utf8, Some("\"utf-8\""), QuotedPrintable)),
    ("utf-8-with-byte-order-mark", |name| text_of(name, |text| format!("\u{feff}{text}"))),
    ("iso-2022-jp-seven-bit", |name| body(name, Iso2022Jp, Some("iso-2022-jp"), SevenBit)),
    ("iso-2022-jp-base64", |name| body(name, Iso2022Jp, Some("ISO-2022-JP"), Base64)),
    ("iso-2022-jp-quoted-printable", |name| body(name, Iso2022Jp, Some("iso-2022-jp"), QuotedPrintable)),
    ("iso-2022-jp-half-width-kana", |name| special(name, "iso-2022-jp", "ﾃﾞｲｻｰﾋﾞｽｾﾝﾀｰあおば")),
    ("iso-2022-jp-nec-row-13", |name| special(name, "iso-2022-jp", "㈱ひだまり丘 第①事業所")),
    ("cp50220-nec-row-13", |name| special(name, "cp50220", "㈱わかくさ台 第②事業所")),
    ("cp50221-half-width-kana", |name| special(name, "cp50221", "ｸﾞﾙｰﾌﾟﾎｰﾑさくら")),
    ("iso-2022-jp-ms-label", |name| special(name, "iso-2022-jp-ms", "㈲やすらぎ川")),
    ("iso-2022-jp-dollar-esc-label", |name| body(name, Iso2022Jp, Some("_iso-2022-jp$ESC"), SevenBit)),
    ("shift-jis", |name| body(name, ShiftJis, Some("Shift_JIS"), EightBit)),
    ("shift-jis-base64", |name| body(name, ShiftJis, Some("shift_jis"), Base64)),
    ("cp932-label", |name| body(name, ShiftJis, Some("cp932"), Base64)),
    ("windows-31j-label", |name| body(name, ShiftJis, Some("Windows-31J"), QuotedPrintable)),
    ("ms932-label-row-13", |name| row_13_shift_jis(name, "ms932")),
    ("x-sjis-label", |name| body(name, ShiftJis, Some("x-sjis"), EightBit)),
    ("euc-jp", |name| body(name, EucJp, Some("EUC-JP"), EightBit)),
    ("cp51932-label", |name| body(name, EucJp, Some("cp51932"), Base64)),
    ("eucjp-ms-label", |name| body(name, EucJp, Some("eucJP-ms"), Base64)),
    ("missing-charset-utf-8", |name| body(name, Utf8, None, EightBit)),
    ("missing-charset-iso-2022-jp", |name| body(name, Iso2022Jp, None, SevenBit)),
    ("missing-charset-shift-jis", |name| body(name, ShiftJis, None, EightBit)),
    ("missing-charset-euc-jp", |name| body(name, EucJp, None, EightBit)),
    ("mislabelled-utf-8-called-iso-2022-jp", |name| body(name, Utf8, Some("iso-2022-jp"), EightBit)),
    ("mislabelled-shift-jis-called-utf-8", |name| body(name, ShiftJis, Some("utf-8"), EightBit)),
    ("mislabelled-iso-2022-jp-called-us-ascii", |name| body(name, Iso2022Jp, Some("us-ascii"), SevenBit)),
    ("mislabelled-utf-8-called-us-ascii", |name| body(name, Utf8, Some("us-ascii"), Base64)),
    ("unknown-charset-label", |name| body(name, Utf8, Some("x-unknown-9"), Base64)),
    ("header-base64-iso-2022-jp", |name| header(name, HeaderForm::Base64(Iso2022Jp))),
    ("header-base64-shift-jis", |name| header(name, HeaderForm::Base64(ShiftJis))),
    ("header-labelled-cp932", |name| header(name, HeaderForm::Labelled(ShiftJis, "cp932"))),
    ("header-quoted-utf-8", |name| header(name, HeaderForm::Quoted(Utf8))),
    ("header-quoted-euc-jp", |name| header(name, HeaderForm::Quoted(EucJp))),
    ("header-cut-inside-a-character-utf-8", |name| header(name, HeaderForm::CutInside(Utf8))),
    ("header-cut-inside-a-character-iso-2022-jp", |name| header(name, HeaderForm::CutInside(Iso2022Jp))),
    ("header-raw-utf-8", |name| header(name, HeaderForm::Raw(Utf8))),
    ("header-raw-shift-jis", |name| header(name, HeaderForm::Raw(ShiftJis))),
    ("header-raw-iso-2022-jp", |name| header(name, HeaderForm::Raw(Iso2022Jp))),
    ("attached-original-in-iso-2022-jp", |name| attached(name, Iso2022Jp, SevenBit)),
    ("attached-original-in-shift-jis-base64", |name| attached(name, ShiftJis, Base64)),
    ("attached-original-in-euc-jp", |name| attached(name, EucJp, Base64)),
];

/// The text part in a charset, under a label that may be wrong or missing.
fn body(name: &str, charset: Charset, label: Option<&str>, transfer: Transfer) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = OUTLOOK_WINDOWS.render(&scene.letter);
    let media_type = label.map_or("text/plain".to_owned(), |label| format!("text/plain; charset={label}"));
    let entity = Entity::new(&media_type, transfer, &charset.encode(&scene.above(&inline)));
    let mail = scene.mail(&scene.forward_subject(&OUTLOOK_WINDOWS), entity);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn text_of(name: &str, change: fn(&str) -> String) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let mail = scene.text_mail(&scene.forward_subject(&GMAIL_WEB), &change(&scene.above(&inline)));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

/// A company's name of characters that ISO-2022-JP proper does not have.
fn special(name: &str, label: &str, company: &str) -> Submission {
    let scene = of_company(name, company);
    let inline = GMAIL_WEB.render(&scene.letter);
    let entity = Entity::labelled_text("plain", Iso2022Jp, label, SevenBit, &scene.above(&inline));
    let mail = scene.mail(&scene.forward_subject(&GMAIL_WEB), entity);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn row_13_shift_jis(name: &str, label: &str) -> Submission {
    let scene = of_company(name, "㈱しらかば平 髙﨑センター");
    let inline = GMAIL_WEB.render(&scene.letter);
    let entity = Entity::labelled_text("plain", ShiftJis, label, Base64, &scene.above(&inline));
    let mail = scene.mail(&scene.forward_subject(&GMAIL_WEB), entity);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn of_company(name: &str, company: &str) -> Scene {
    let mut scene = Scene::named(name, ONE);
    scene.notice.company = company.to_owned();
    scene.letter = scene.notice.letter();
    scene
}

/// A submission's own header: the display name of its From is Japanese, too.
fn header(name: &str, form: HeaderForm) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let address = scene.applicant.mailbox.address.clone().unwrap_or_default();
    scene.applicant.mailbox = Mailbox::new(&scene.applicant.person, &address);
    let (mut mail, inline) = scene.forward(&GMAIL_WEB);
    mail.header_form = form;
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn attached(name: &str, charset: Charset, transfer: Transfer) -> Submission {
    let scene = Scene::named(name, ONE);
    let parts = [plain(&format!("{}\n", scene.message)), Entity::message(&scene.letter.raw(charset, transfer))];
    let mail = scene.mail("添付で転送します", Entity::multipart("mixed", "=_attached", &parts));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &scene.letter.seen(Carried::Attached)).json() }
}
