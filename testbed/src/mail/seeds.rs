//! Well-formed files for each reader of bytes, to be damaged by fuzzing.

use super::clients::WHOLE;
use super::corpus;
use super::files::{Lock, zip};
use super::html::lines;
use super::outlook::{BodyForm, Sample, msg, winmail};
use super::pdf::{PdfForm, pdf};
use super::{Random, Scene, Sort, Stars};

/// A file for one fuzz target.
#[derive(Debug, Clone)]
pub struct Seed {
    pub target: &'static str,
    pub name: String,
    pub bytes: Vec<u8>,
}

/// All seeds: the corpus for whole mails, each client's text for the readers of texts, and the containers in their forms.
#[must_use]
pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let mut add = |target, name: &str, bytes: &[u8]| seeds.push(Seed { target, name: name.to_owned(), bytes: bytes.to_vec() });
    for case in corpus::cases() {
        add("mail", &case.name, &case.submission.raw);
    }
    for layout in WHOLE {
        let scene = Scene::named(layout.name, Sort::Completion(Stars::One));
        let text = layout.render(&scene.letter).text;
        add("inline", layout.name, text.as_bytes());
        add("charset", layout.name, encoding_rs::SHIFT_JIS.encode(&text).0.as_ref());
        add("html", layout.name, format!("<div class=\"gmail_quote\"><p>{}</p></div>", lines(&text)).as_bytes());
        let printed: Vec<&str> = text.lines().collect();
        add("pdf", layout.name, &pdf(&printed, PdfForm::IdentityWithToUnicode));
    }
    for form in [BodyForm::Unicode, BodyForm::Cp932, BodyForm::RtfFromHtml, BodyForm::RtfFromText] {
        let name = format!("{form:?}");
        let inner = sample(form, Vec::new());
        let outer = sample(form, vec![inner]);
        add("outlook", &name, &msg(&outer));
        add("tnef", &name, &winmail(&outer));
    }
    add("archive", "one", &zip("notice.eml", b"From: a@example.jp\n\nx", Lock::Open, &mut Random::new(1)));
    add("archive", "locked", &zip("notice.eml", b"From: a@example.jp\n\nx", Lock::Encrypted, &mut Random::new(1)));
    seeds
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
