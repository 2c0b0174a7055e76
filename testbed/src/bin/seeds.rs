//! Writes a folder of well-formed files for each fuzz target: `make fuzz`.

use std::fs;
use std::io;
use std::path::Path;

use testbed::mail::clients::WHOLE;
use testbed::mail::files::{Lock, zip};
use testbed::mail::html::lines;
use testbed::mail::outlook::{BodyForm, Sample, msg, winmail};
use testbed::mail::pdf::{PdfForm, pdf};
use testbed::mail::{Random, Scene, Sort, Stars, corpus};

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(io::Error::other("usage: seeds DIR"));
    };
    let folder = Path::new(&folder);
    for case in corpus::cases() {
        write(folder, "mail", &case.name, &case.submission.raw)?;
    }
    for layout in WHOLE {
        let scene = Scene::named(layout.name, Sort::Completion(Stars::One));
        let text = layout.render(&scene.letter).text;
        write(folder, "inline", layout.name, text.as_bytes())?;
        write(folder, "charset", layout.name, encoding_rs::SHIFT_JIS.encode(&text).0.as_ref())?;
        write(folder, "html", layout.name, format!("<div class=\"gmail_quote\"><p>{}</p></div>", lines(&text)).as_bytes())?;
        let printed: Vec<&str> = text.lines().collect();
        write(folder, "pdf", layout.name, &pdf(&printed, PdfForm::IdentityWithToUnicode))?;
    }
    for form in [BodyForm::Unicode, BodyForm::Cp932, BodyForm::RtfFromHtml, BodyForm::RtfFromText] {
        let name = format!("{form:?}");
        let inner = sample(form, Vec::new());
        let outer = sample(form, vec![inner]);
        write(folder, "outlook", &name, &msg(&outer))?;
        write(folder, "tnef", &name, &winmail(&outer))?;
    }
    write(folder, "archive", "one", &zip("notice.eml", b"From: a@example.jp\n\nx", Lock::Open, &mut Random::new(1)))?;
    write(folder, "archive", "locked", &zip("notice.eml", b"From: a@example.jp\n\nx", Lock::Encrypted, &mut Random::new(1)))
}

fn write(folder: &Path, target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}

fn sample(form: BodyForm, embedded: Vec<Sample>) -> Sample {
    Sample {
        from: ("事務局".to_owned(), "office@example.jp".to_owned()),
        to: vec![("山之端 太郎".to_owned(), "taro@example.co.jp".to_owned())],
        cc: Vec::new(),
        subject: "一つ星：自己宣言完了のお知らせ".to_owned(),
        body: "利用者番号:9876543210\n自己宣言ID:41234567890".to_owned(),
        html: Some("<p>自己宣言ID:41234567890</p>".to_owned()),
        sent: 1_777_600_000,
        message_id: "<seed@example.jp>".to_owned(),
        form,
        attachments: vec![("a.txt".to_owned(), "text/plain".to_owned(), b"a".to_vec())],
        embedded,
    }
}
