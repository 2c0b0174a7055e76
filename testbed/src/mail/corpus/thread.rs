//! Threads and doubles: several notices in one mail, chains of replies, our own letter quoted back, files of odd names.
//!
//! Promises: our letter's text names the notices' subjects and proves nothing; a proof beside it proves as usual.
//! Rejected: cases that need the store (an answer to a letter that we know); those belong to the desk's own tests.

use super::Build;
use crate::mail::encode::{Charset, Transfer, base64_lines, with_crlf};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::files;
use crate::mail::layout::clients::{APPLE_IOS, GMAIL_WEB, OUTLOOK_WINDOWS};
use crate::mail::layout::{Layout, MailboxForm, quoted};
use crate::mail::letter::{Carried, Letter, Mailbox};
use crate::mail::notice::{Notice, Sort, Stars};
use crate::mail::submission::{DESK, Scene, Submission, plain};

const ONE: Sort = Sort::Completion(Stars::One);

/// Station `verdict`.
pub const TABLE: &[(&str, Build)] = &[
    ("accepted-two-offices-side-by-side", |name| side_by_side(name, &GMAIL_WEB, ONE, ONE, &["several_notices"])),
    ("accepted-two-offices-side-by-side-without-separators", |name| side_by_side(name, &OUTLOOK_WINDOWS, ONE, ONE, &["several_notices"])),
    ("accepted-completion-and-acceptance", |name| {
        side_by_side(name, &OUTLOOK_WINDOWS, ONE, Sort::Acceptance, &["several_notices", "star_level_unstated"])
    }),
    ("accepted-receipt-and-completion-side-by-side", |name| {
        side_by_side(name, &GMAIL_WEB, Sort::Receipt, ONE, &["other_notice_too", "several_notices"])
    }),
    ("accepted-completion-and-receipt-side-by-side", |name| {
        side_by_side(name, &APPLE_IOS, ONE, Sort::Receipt, &["other_notice_too", "several_notices"])
    }),
    ("accepted-in-the-middle-of-a-reply-chain", reply_chain),
    ("missing-our-letter-quoted-back", |name| {
        our_letter(name, Verdict::Missing, |scene, letter| plain(&format!("{}\n\n{}\n", scene.message, gmail_quote(letter))))
    }),
    ("missing-our-letter-below-an-outlook-block", |name| {
        our_letter(name, Verdict::Missing, |scene, letter| plain(&scene.above(&OUTLOOK_WINDOWS.render(letter))))
    }),
    ("missing-our-letter-below-an-outlook-block-of-names", |name| {
        our_letter(name, Verdict::Missing, |scene, letter| {
            plain(&scene.above(&Layout { mailbox: MailboxForm::NameOnly, ..OUTLOOK_WINDOWS }.render(letter)))
        })
    }),
    ("missing-our-letter-forwarded", |name| {
        our_letter(name, Verdict::Missing, |scene, letter| plain(&scene.above(&GMAIL_WEB.render(letter))))
    }),
    ("missing-our-letter-without-attribution", |name| {
        our_letter(name, Verdict::Missing, |scene, letter| plain(&format!("{}\n\n{}\n", scene.message, quoted(&letter.body, "> "))))
    }),
    ("accepted-attached-above-our-letter", |name| {
        our_letter(name, Verdict::Accepted, |scene, letter| {
            let words = plain(&format!("{}\n\n{}\n", scene.message, gmail_quote(letter)));
            Entity::multipart("mixed", "=_answer", &[words, Entity::message(&scene.letter.raw(Charset::Iso2022Jp, Transfer::SevenBit))])
        })
    }),
    ("accepted-inline-above-our-letter", |name| {
        our_letter(name, Verdict::Accepted, |scene, letter| {
            plain(&format!("{}\n\n{}\n", scene.above(&GMAIL_WEB.render(&scene.letter)), gmail_quote(letter)))
        })
    }),
    ("accepted-inline-below-our-letter", |name| {
        our_letter(name, Verdict::Accepted, |scene, letter| {
            plain(&format!("{}\n\n{}\n\n{}\n", scene.message, gmail_quote(letter), GMAIL_WEB.render(&scene.letter).text))
        })
    }),
    ("missing-question-that-quotes-the-subject", |name| {
        words(
            name,
            "申請について",
            "「【SECURITY ACTION】一つ星：自己宣言完了のお知らせ」というメールが見当たりません。\nどうすればよいでしょうか。",
        )
    }),
    ("missing-colleague-of-whom-only-the-name-is-known", colleague_by_name),
    ("review-notice-as-a-text-file-without-header-lines", text_file),
    ("review-uuencoded-file-in-the-text", uuencoded),
    ("review-web-page-saved-by-a-browser", saved_page),
];

/// Station `container`.
pub const CONTAINERS: &[(&str, Build)] = &[
    ("eml-inside-an-eml", eml_in_eml),
    ("eml-without-ending-as-octet-stream", |name| {
        file(name, Carried::File, &["Content-Type: application/octet-stream; name=\"notice\""], |raw| raw)
    }),
    ("eml-without-ending-as-download", |name| {
        file(name, Carried::File, &["Content-Type: application/x-download; name=\"message\""], |raw| raw)
    }),
    ("eml-below-a-byte-order-mark", |name| {
        file(name, Carried::File, &["Content-Type: application/octet-stream; name=\"a.eml\""], |raw| {
            [b"\xef\xbb\xbf".as_slice(), &raw].concat()
        })
    }),
    ("eml-below-empty-lines", |name| {
        file(name, Carried::File, &["Content-Type: application/octet-stream; name=\"a.eml\""], |raw| [b"\n\n".as_slice(), &raw].concat())
    }),
    ("eml-below-an-mbox-line", |name| {
        file(name, Carried::File, &["Content-Type: application/octet-stream; name=\"a.eml\""], |raw| {
            [b"From info@example.jp Fri May  1 10:00:00 2026\n".as_slice(), &raw].concat()
        })
    }),
    ("eml-named-by-an-encoded-word-in-pieces", |name| {
        file(
            name,
            Carried::File,
            &[
                "Content-Type: application/octet-stream",
                "Content-Disposition: attachment;\n filename*0=\"=?UTF-8?B?6Ieq5bex5a6j6KiA5a6M\";\n filename*1=\"5LqG?=.eml\"",
            ],
            |raw| raw,
        )
    }),
    ("eml-named-in-raw-eight-bit", |name| {
        file(name, Carried::File, &["Content-Type: application/octet-stream; name=自己宣言.eml"], |raw| raw)
    }),
    ("message-rfc822-in-upper-case", |name| file(name, Carried::Attached, &["CONTENT-TYPE: MESSAGE/RFC822; NAME=\"X\""], |raw| raw)),
    ("message-rfc822-below-an-empty-line", |name| {
        file(name, Carried::Attached, &["Content-Type: message/rfc822"], |raw| [b"\n".as_slice(), &raw].concat())
    }),
    ("message-global", |name| file(name, Carried::Attached, &["Content-Type: message/global"], |raw| raw)),
    ("text-file-with-the-forward", |name| {
        let scene = Scene::named(name, ONE);
        let inline = OUTLOOK_WINDOWS.render(&scene.letter);
        let file = Entity::attachment("text/plain; charset=utf-8", "メール.txt", inline.text.as_bytes());
        let mail = scene.mail("添付します", Entity::multipart("mixed", "=_text_file", &[plain(&format!("{}\n", scene.message)), file]));
        Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
    }),
];

/// Two notices below each other; how deep the second lies is not compared.
fn side_by_side(name: &str, layout: &Layout, first: Sort, second: Sort, findings: &[&str]) -> Submission {
    let mut scene = Scene::named(name, first);
    let mut other = Notice::invented(&mut scene.random, second, &scene.applicant);
    other.company = format!("{} 第2事業所", scene.applicant.corporation);
    let letter = other.letter();
    let (one, two) = (layout.render(&scene.letter), layout.render(&letter));
    let mail = scene.text_mail("二通転送します", &format!("{}\n\n{}\n\n\n{}\n", scene.message, one.text, two.text));
    let entry = |notice: &Notice, inline: &crate::mail::layout::Inline| super::without(notice.json(&inline.seen), "original", "depth");
    let expected = Expected::new(&mail, Verdict::Accepted)
        .message(&scene.message)
        .findings(findings)
        .notice(entry(&scene.notice, &one))
        .notice(entry(&other, &two))
        .json_without(&["originals"]);
    Submission { raw: mail.raw(), expected }
}

/// Applicant, colleague, notice, colleague again: the notice lies in the middle.
fn reply_chain(name: &str) -> Submission {
    let mut scene = Scene::named(name, Sort::Completion(Stars::Unsaid));
    let colleague = scene.applicant.colleague(&mut scene.random);
    let (colleague_name, colleague_address) = (colleague.name.unwrap_or_default(), colleague.address.unwrap_or_default());
    let inner = format!(
        "届いていました。転送してください。\n\n2026年5月1日(金) 10:00 {} <{}>:\n{}\n\n以上です。\n",
        scene.letter.from.name.clone().unwrap_or_default(),
        scene.letter.from.address.clone().unwrap_or_default(),
        quoted(&scene.letter.body, "> ")
    );
    let text = format!("{}\n\n2026年5月2日(土) 11:00 {colleague_name} <{colleague_address}>:\n{}\n", scene.message, quoted(&inner, "> "));
    let mail = scene.text_mail("Re: メールの件", &text);
    let mut seen = scene.letter.seen(Carried::Inline).at_depth(2);
    (seen.date, seen.subject) = (Some("2026-05-01T10:00:00+09:00".to_owned()), None);
    Submission {
        raw: mail.raw(),
        expected: scene.expect(&mail, Verdict::Accepted, &seen).findings(&["subject_unstated"]).json_without(&["originals"]),
    }
}

/// What the office answers to a submission without proof, in the words of the shipped template as far as they matter.
fn our(scene: &Scene) -> Letter {
    Letter {
        from: Mailbox::new("ICT導入支援事業費補助金事務局", DESK),
        to: vec![scene.applicant.mailbox.clone()],
        cc: Vec::new(),
        subject: "【再提出のお願い】SECURITY ACTIONのメールを確認できませんでした（受付番号 20260501-000012）".to_owned(),
        sent: scene.notice.sent.later(7_200),
        body:
            "ご担当者様\n\nICT導入支援事業費補助金事務局です。\nSECURITY ACTIONの自己宣言についてのメールが含まれておりませんでした。\n\n\
               ■ お送りいただくメール\nSECURITY ACTION事務局（IPA）から届いた、次の件名のメール（いずれか1通）です。\n\
               ・【SECURITY ACTION】一つ星/二つ星：自己宣言完了のお知らせ\n・【SECURITY ACTION】申込受理のご連絡\n\n\
               見つからないときは、SECURITY ACTION事務局（security-action-info@ipa.go.jp）にご依頼ください。"
                .to_owned(),
        message_id: "<letter.20260501-000012@ict-hojo.example.jp>".to_owned(),
    }
}

fn gmail_quote(letter: &Letter) -> String {
    let (name, address) = (letter.from.name.clone().unwrap_or_default(), letter.from.address.clone().unwrap_or_default());
    format!("2026年5月1日(金) 12:00 {name} <{address}>:\n\n{}", quoted(&letter.body, "> "))
}

/// The applicant's answer to our letter. Which of the texts count as originals is not this case's matter.
fn our_letter(name: &str, verdict: Verdict, write: fn(&Scene, &Letter) -> Entity) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = if verdict == Verdict::Missing {
        "先日お送りしたはずですが、届いていませんか。"
    } else {
        "あらためてお送りします。"
    }
    .to_owned();
    let letter = our(&scene);
    let mail = scene.mail(&format!("Re: {}", letter.subject), write(&scene, &letter));
    if verdict == Verdict::Missing {
        let expected = Expected::new(&mail, verdict).findings(&["no_notice"]).json_without(&["originals", "message"]);
        return Submission { raw: mail.raw(), expected };
    }
    let mut expected = Expected::new(&mail, verdict);
    expected = expected.findings(scene.notice.findings());
    Submission { raw: mail.raw(), expected: expected.json_without(&["originals", "message", "notices"]) }
}

fn words(name: &str, subject: &str, text: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail = scene.text_mail(subject, &format!("{text}\n\n{}\n", scene.applicant.signature()));
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Missing).findings(&["no_notice"]).json() }
}

/// Exchange writes colleagues by their names; a colleague's question about SECURITY ACTION is still none of IPA's mails.
fn colleague_by_name(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.from = scene.applicant.colleague(&mut scene.random);
    scene.letter.subject = "SECURITY ACTIONの申込みについて".to_owned();
    scene.letter.body = "補助金の申請に必要だそうです。\nどなたか手続きをお願いします。".to_owned();
    let inline = Layout { mailbox: MailboxForm::NameOnly, ..OUTLOOK_WINDOWS }.render(&scene.letter);
    let mail = scene.text_mail("FW: SECURITY ACTIONの申込みについて", &scene.above(&inline));
    Submission {
        raw: mail.raw(),
        expected: Expected::new(&mail, Verdict::Missing).message(&scene.message).findings(&["no_notice"]).original(&inline.seen).json(),
    }
}

fn text_file(name: &str) -> Submission {
    let scene = Scene::named(name, Sort::Completion(Stars::Unsaid));
    let file = Entity::attachment("text/plain; charset=utf-8", "お知らせ.txt", scene.letter.body.as_bytes());
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_text_file", &[plain("添付いたします。\n"), file]));
    let expected = Expected::new(&mail, Verdict::Review).findings(&["pasted_without_headers", "star_level_unstated"]).json_without(&[
        "originals",
        "notices",
        "message",
    ]);
    Submission { raw: mail.raw(), expected }
}

/// A browser saves a page as a mail of nobody: what it shows is a print-out, not the mail.
fn saved_page(name: &str) -> Submission {
    let scene = Scene::named(name, Sort::Completion(Stars::Unsaid));
    let mut page = Entity::text(
        "html",
        Charset::Utf8,
        Transfer::QuotedPrintable,
        &format!("<html><body>{}</body></html>\n", crate::mail::html::lines(&scene.letter.body)),
    );
    page.put_on_top(vec![
        ("From".to_owned(), b"<Saved by Blink>".to_vec()),
        ("Subject".to_owned(), b"webmail".to_vec()),
        ("Date".to_owned(), b"Fri, 1 May 2026 10:00:00 -0000".to_vec()),
        ("MIME-Version".to_owned(), b"1.0".to_vec()),
    ]);
    let file = Entity::attachment("multipart/related", "メール.mhtml", &with_crlf(&page.bytes()))
        .with_changed("Content-Type", Some("application/octet-stream; name=\"mail.mhtml\""));
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_page", &[plain("添付いたします。\n"), file]));
    Submission {
        raw: mail.raw(),
        expected: Expected::new(&mail, Verdict::Review).json_without(&["originals", "notices", "message", "findings"]),
    }
}

/// Old clients write files into the text.
fn uuencoded(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail =
        scene.text_mail("添付します", "ファイルをお送りします。\n\nbegin 644 notice.eml\nM1G)O;3H@:6YF;T!E>&%M<&QE+FIP\"@``\n`\nend\n");
    Submission {
        raw: mail.raw(),
        expected: Expected::new(&mail, Verdict::Review).findings(&["unread_attachment"]).json_without(&["message"]),
    }
}

fn raw(scene: &Scene) -> Vec<u8> {
    scene.letter.raw(Charset::Iso2022Jp, Transfer::SevenBit)
}

fn file(name: &str, carried: Carried, headers: &[&str], change: fn(Vec<u8>) -> Vec<u8>) -> Submission {
    let scene = Scene::named(name, ONE);
    let is_message = carried == Carried::Attached;
    let mut fields: Vec<(&str, &str)> = headers.iter().filter_map(|line| line.split_once(": ")).collect();
    let content = change(raw(&scene));
    let body = if is_message { content } else { base64_lines(&with_crlf(&content)) };
    if !is_message {
        fields.push(("Content-Transfer-Encoding", "base64"));
    }
    let parts = [plain(&format!("{}\n", scene.message)), Entity::ready(&fields, &body)];
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_file", &parts));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &scene.letter.seen(carried)).json() }
}

/// A colleague saved a mail to which the notice was attached as a file.
fn eml_in_eml(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let mut middle = scene.letter.clone();
    middle.from = scene.applicant.colleague(&mut scene.random);
    middle.subject = "保存しておいたメール".to_owned();
    middle.body = "添付のとおりです。".to_owned();
    let inner = Entity::attachment("application/octet-stream", "notice.eml", &with_crlf(&raw(&scene)));
    let mut between = Entity::multipart("mixed", "=_between", &[plain("添付のとおりです。\n"), inner]);
    between.put_on_top(middle.headers(crate::mail::encode::HeaderForm::Base64(Charset::Utf8)));
    let outer = Entity::attachment("application/octet-stream", "保存.eml", &with_crlf(&between.bytes()));
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_outermost", &[plain(&format!("{}\n", scene.message)), outer]));
    let seen = scene.letter.seen(Carried::File).at_depth(2);
    let expected = Expected::new(&mail, Verdict::Accepted)
        .message(&scene.message)
        .findings(scene.notice.findings())
        .notice(scene.notice.json(&seen))
        .original(&middle.seen(Carried::File))
        .original(&seen);
    Submission { raw: mail.raw(), expected: expected.json() }
}

/// Cases of the station `gate`: who is a person, and who is not.
pub const GATES: &[(&str, Build)] = &[
    ("a-person-asks-about-an-automatic-reply", |name| person(name, "自動返信メールが届きません")),
    ("a-person-who-was-absent", |name| person(name, "不在にしていたため遅くなりました")),
    ("a-person-answers-an-automatic-reply", |name| person(name, "Re: 自動応答: 受付のお知らせ")),
    ("looping-mark-of-a-strangers-forwarder-with-a-msg-file", |name| marked(name, ("X-Loop", "forwarder@example.co.jp"))),
    ("null-return-path-with-a-msg-file", |name| marked(name, ("Return-Path", "<>"))),
    ("calendar-answer", calendar_answer),
];

/// Judged as a person's mail; whether a letter goes out may be decided either way.
fn person(name: &str, subject: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail = scene.text_mail(subject, "お世話になっております。\nよろしくお願いいたします。\n");
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Missing).findings(&["no_notice"]).json_without(&["reply"]) }
}

/// A file that nobody opened may be the proof, whichever program passed the mail on.
fn marked(name: &str, top: (&str, &str)) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let file = Entity::attachment("application/vnd.ms-outlook", "お知らせ.msg", &files::msg(&mut scene.random));
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_msg", &[plain("添付します。\n"), file])).with_top(top.0, top.1);
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Review).findings(&["unread_attachment"]).json() }
}

/// RFC 6047: a calendar program answers an invitation.
fn calendar_answer(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let entity =
        Entity::new("text/calendar; charset=utf-8; method=REPLY", Transfer::EightBit, b"BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n");
    let mail = scene.mail("承諾: 説明会", entity);
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Ignored).json() }
}
