//! Both containers, judged by the same samples.

use super::*;
use crate::desk::file::mapi::budget::Budget;
use crate::desk::file::{outlook, rtf, tnef};
use testbed::mail::outlook::{self as generator, BodyForm, Sample, msg, winmail};

const BOUNDS: Bounds = Bounds { depth: 4, members: 100, bytes: 1 << 24 };
const FORMS: [BodyForm; 4] = [BodyForm::Unicode, BodyForm::Cp932, BodyForm::RtfFromHtml, BodyForm::RtfFromText];
const HTML: &str = "<html><body><p>手続きが<b>完了</b>しました。</p></body></html>";

fn pair(name: &str, address: &str) -> (String, String) {
    (name.to_owned(), address.to_owned())
}

fn sample(form: BodyForm) -> Sample {
    Sample {
        from: pair("燕 花子", "hanako@example.jp"),
        to: vec![pair("受付係", "uketsuke@example.co.jp"), pair("控え", "copy@example.jp")],
        cc: vec![pair("表計算", "cc@example.jp")],
        subject: "自己宣言完了のお知らせ".to_owned(),
        body: "手続きが完了しました。\n表・ソ・能\\{x}\nID: 12345 & <a@example.jp>".to_owned(),
        html: Some(HTML.to_owned()),
        sent: 1_780_000_001,
        message_id: "<1@example.jp>".to_owned(),
        form,
        attachments: vec![
            ("添付 資料.txt".to_owned(), "text/plain".to_owned(), b"abc".to_vec()),
            ("b.bin".to_owned(), "application/octet-stream".to_owned(), b"0123456789".repeat(900)),
        ],
        embedded: Vec::new(),
    }
}

fn forward(form: BodyForm) -> Sample {
    Sample { subject: "FW: 転送".to_owned(), embedded: vec![sample(form)], ..sample(form) }
}

/// What a reader should find.
fn expected(sample: &Sample) -> MapiMail {
    let party = |(name, address): &(String, String)| Party { name: Some(name.clone()), address: Some(address.clone()) };
    let files = sample.attachments.iter().map(|(name, content_type, bytes)| MapiAttachment {
        name: Some(name.clone()),
        content_type: Some(content_type.clone()),
        content: Content::Bytes(bytes.clone()),
    });
    let mails = sample.embedded.iter().map(|inner| MapiAttachment {
        name: Some(inner.subject.clone()),
        content_type: None,
        content: Content::Mail(Box::new(expected(inner))),
    });
    let (plain, html) = match sample.form {
        BodyForm::Unicode | BodyForm::Cp932 => (Some(sample.body.replace('\n', "\r\n")), sample.html.clone()),
        BodyForm::RtfFromHtml => (None, sample.html.clone()),
        BodyForm::RtfFromText => (Some(sample.body.clone()), None),
    };
    MapiMail {
        headers: None,
        from: Some(party(&sample.from)),
        to: sample.to.iter().map(party).collect(),
        cc: sample.cc.iter().map(party).collect(),
        subject: Some(sample.subject.clone()),
        sent: Some(sample.sent),
        message_id: Some(sample.message_id.clone()),
        plain,
        html,
        legibility: Legibility::Legible,
        attachments: files.chain(mails).collect(),
        reach: Reach::Whole,
    }
}

#[test]
fn every_form_of_a_msg_is_read_whole() {
    for form in FORMS {
        assert_eq!(outlook::read(&msg(&forward(form)), &BOUNDS), Ok(expected(&forward(form))), "{form:?}");
    }
}

#[test]
fn every_form_of_a_winmail_is_read_whole() {
    for form in FORMS {
        assert_eq!(tnef::read(&winmail(&forward(form)), &BOUNDS), Ok(expected(&forward(form))), "{form:?}");
    }
}

#[test]
fn the_same_sample_gives_the_same_bytes() {
    assert_eq!(msg(&forward(BodyForm::Cp932)), msg(&forward(BodyForm::Cp932)));
}

fn nested(levels: usize) -> Sample {
    let mut mail = Sample { attachments: Vec::new(), ..sample(BodyForm::Unicode) };
    for _ in 0..levels {
        mail = Sample { embedded: vec![mail], attachments: Vec::new(), ..sample(BodyForm::Unicode) };
    }
    mail
}

fn depth(mail: &MapiMail) -> usize {
    let inner = mail.attachments.iter().filter_map(|attachment| match &attachment.content {
        Content::Mail(mail) => Some(1 + depth(mail)),
        Content::Bytes(_) => None,
    });
    inner.max().unwrap_or(0)
}

#[test]
fn mails_inside_mails_end_at_the_depth_of_the_bounds() {
    for (mail, deepest) in [(nested(3), 3), (nested(4), 4), (nested(5), 4)] {
        let reach = if deepest == 4 && depth_of(&mail) > 4 { Reach::Cut } else { Reach::Whole };
        for read in [outlook::read(&msg(&mail), &BOUNDS), tnef::read(&winmail(&mail), &BOUNDS)] {
            let read = read.unwrap();
            assert_eq!((depth(&read), read.reach), (deepest, reach));
        }
    }
}

fn depth_of(sample: &Sample) -> usize {
    sample.embedded.iter().map(|inner| 1 + depth_of(inner)).max().unwrap_or(0)
}

#[test]
fn members_and_bytes_end_at_the_bounds() {
    let few = Bounds { members: 1, ..BOUNDS };
    let short = Bounds { bytes: 5_000, ..BOUNDS };
    let sample = sample(BodyForm::Unicode);
    for (few, short) in [
        (outlook::read(&msg(&sample), &few), outlook::read(&msg(&sample), &short)),
        (tnef::read(&winmail(&sample), &few), tnef::read(&winmail(&sample), &short)),
    ] {
        let (few, short) = (few.unwrap(), short.unwrap());
        assert_eq!((few.attachments.len(), few.reach), (1, Reach::Cut));
        assert_eq!(short.reach, Reach::Cut);
    }
}

/// A linear congruential generator: the same inputs on every machine.
struct Noise(u64);

impl Noise {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Damages a file at a few places: bytes, whole numbers, pieces copied elsewhere, a cut end.
fn damage(file: &mut Vec<u8>, noise: &mut Noise) {
    const NUMBERS: [u32; 6] = [0, 1, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff, 0x1000];
    for _ in 0..=noise.below(8) {
        let at = noise.below(file.len() - 4);
        match noise.below(8) {
            0..=2 => file[at] = u8::try_from(noise.below(256)).unwrap(),
            3 => file[at] ^= 1 << noise.below(8),
            4 | 5 => file[at & !3..][..4].copy_from_slice(&NUMBERS[noise.below(6)].to_le_bytes()),
            6 => {
                let length = noise.below(64).min(file.len() - at);
                let to = noise.below(file.len() - length);
                file.copy_within(at..at + length, to);
            }
            _ => file.truncate((at + 64).max(file.len() / 2)),
        }
    }
}

#[test]
fn damage_of_any_kind_is_survived() {
    const ROUNDS: usize = 300;
    let mut noise = Noise(20_260_401);
    for form in FORMS {
        let (msg, winmail, rtf) = (msg(&forward(form)), winmail(&forward(form)), generator::from_html(HTML));
        for _ in 0..ROUNDS {
            let (mut msg, mut winmail, mut rtf) = (msg.clone(), winmail.clone(), rtf.clone());
            for file in [&mut msg, &mut winmail, &mut rtf] {
                damage(file, &mut noise);
            }
            // Whatever comes out, it comes.
            drop((outlook::read(&msg, &BOUNDS), tnef::read(&winmail, &BOUNDS), rtf::read(&rtf, &mut Budget::new(&BOUNDS))));
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_survived() {
    for form in FORMS {
        let (msg, winmail) = (msg(&sample(form)), winmail(&sample(form)));
        for length in (0..winmail.len()).step_by(37) {
            let cut = tnef::read(&winmail[..length], &BOUNDS);
            // Between two attributes nothing shows that something is missing; the last checksum is missed by nobody.
            assert!(cut != Ok(expected(&sample(form))) || length + 2 >= winmail.len(), "{length}");
        }
        for length in (0..msg.len()).step_by(131) {
            if let Ok(mail) = outlook::read(&msg[..length], &BOUNDS) {
                // The last sectors may be slack.
                assert!(mail.reach == Reach::Cut || mail == expected(&sample(form)), "{length}");
            }
        }
    }
}
