//! What the office decides, and what it asks for.
//!
//! Promises: one reason a mail for its verdict. Rejected: cases that need a roster, a deadline or earlier mails; those belong to
//! scenarios with a store.

use super::Build;
use crate::mail::encode::{Charset, Transfer, with_crlf};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::files::{self, Lock};
use crate::mail::layout::clients::{APPLE_IOS, GMAIL_WEB, OUTLOOK_WINDOWS, YAHOO_JAPAN};
use crate::mail::letter::Carried;
use crate::mail::moment::Moment;
use crate::mail::notice::{Notice, Sort, Stars};
use crate::mail::submission::{Scene, Submission, forwarded, plain};

const ONE: Sort = Sort::Completion(Stars::One);
const UNSAID: Sort = Sort::Completion(Stars::Unsaid);

pub const TABLE: &[(&str, Build)] = &[
    ("accepted-completion", |name| forwarded(&Scene::named(name, ONE), &OUTLOOK_WINDOWS)),
    ("accepted-acceptance", |name| forwarded(&Scene::named(name, Sort::Acceptance), &APPLE_IOS)),
    ("wrong-type-receipt", |name| forwarded(&Scene::named(name, Sort::Receipt), &YAHOO_JAPAN)),
    ("wrong-type-receipt-attached", receipt_attached),
    ("wrong-type-newsletter", |name| forwarded(&Scene::named(name, Sort::Newsletter), &OUTLOOK_WINDOWS)),
    ("accepted-beside-receipt", accepted_beside_receipt),
    ("missing-thank-you", |name| {
        missing(name, "ありがとうございました", "先日はご対応いただき、ありがとうございました。\n今後ともよろしくお願いいたします。")
    }),
    ("missing-question-about-security-action", |name| {
        missing(
            name,
            "SECURITY ACTIONについて質問",
            "SECURITY ACTIONの自己宣言は、一つ星でよいのでしょうか。\n二つ星が必要でしたらお知らせください。",
        )
    }),
    ("missing-signature-mentions-security-action", |name| {
        missing(name, "申請書類の件", "書類は来週お送りします。\n\n--\nみずほ野ケアサービス\n当社はSECURITY ACTION一つ星を宣言しています。")
    }),
    ("missing-forward-forgotten", |name| missing(name, "Fwd: 自己宣言", "転送します。")),
    ("missing-empty-body", |name| missing(name, "SECURITY ACTION", "")),
    ("missing-no-subject", |name| missing(name, "", "メールを送ります。")),
    ("missing-forward-of-another-mail", other_forward),
    ("missing-reply-to-a-schedule", |name| {
        missing(name, "Re: 日程のご連絡", "承知しました。\n\n> 説明会は6月10日です。\n> ご参加ください。")
    }),
    ("missing-tiny-logo-only", tiny_logo),
    ("missing-encrypted-zip", encrypted_zip),
    ("review-picture-only", |name| {
        attached_only(name, "picture_attached", |scene| {
            Entity::attachment("image/png", "スクリーンショット 2026-05-01.png", &files::png(96, &mut scene.random))
        })
    }),
    ("review-picture-inline-by-cid", |name| {
        attached_only(name, "picture_attached", |scene| {
            Entity::attachment("image/png", "image001.png", &files::png(100, &mut scene.random)).with("Content-ID", "<image001@example.jp>")
        })
    }),
    ("review-picture-as-octet-stream", |name| {
        attached_only(name, "picture_attached", |scene| {
            Entity::attachment("application/octet-stream", "IMG_0001.png", &files::png(96, &mut scene.random))
        })
    }),
    ("review-pdf-only", |name| {
        attached_only(name, "pdf_attached", |_| Entity::attachment("application/pdf", "自己宣言完了のお知らせ.pdf", &files::pdf()))
    }),
    ("review-zip-inside-a-zip", |name| {
        attached_only(name, "unread_attachment", |scene| {
            let inner =
                files::zip("notice.eml", &with_crlf(&scene.letter.raw(Charset::Utf8, Transfer::EightBit)), Lock::Open, &mut scene.random);
            Entity::attachment("application/zip", "二重.zip", &files::zip("notice.zip", &inner, Lock::Open, &mut scene.random))
        })
    }),
    ("review-zip-with-a-pdf", |name| {
        attached_only(name, "pdf_attached", |scene| {
            Entity::attachment("application/zip", "お知らせ.zip", &files::zip("お知らせ.pdf", &files::pdf(), Lock::Open, &mut scene.random))
        })
    }),
    ("review-zip-cut-off", |name| {
        attached_only(name, "unread_attachment", |scene| {
            let mut cut = files::zip("notice.eml", &scene.random.noise(400), Lock::Open, &mut scene.random.clone());
            cut.truncate(300);
            Entity::attachment("application/zip", "お知らせ.zip", &cut)
        })
    }),
    ("review-outlook-msg", |name| {
        attached_only(name, "unread_attachment", |scene| {
            Entity::attachment("application/vnd.ms-outlook", "お知らせ.msg", &files::msg(&mut scene.random))
        })
    }),
    ("review-winmail-dat", |name| {
        attached_only(name, "unread_attachment", |scene| {
            Entity::attachment("application/ms-tnef", "winmail.dat", &files::winmail(&mut scene.random))
        })
    }),
    ("review-seven-zip", |name| {
        attached_only(name, "unread_attachment", |scene| {
            Entity::attachment("application/x-7z-compressed", "mail.7z", &files::seven_zip(&mut scene.random))
        })
    }),
    ("review-lzh", |name| {
        attached_only(name, "unread_attachment", |scene| {
            Entity::attachment("application/octet-stream", "mail.lzh", &files::lzh(&mut scene.random))
        })
    }),
    ("review-office-document", |name| attached_only(name, "unread_attachment", office_document)),
    ("review-multipart-partial", partial),
    ("review-pasted-without-headers", pasted),
    ("review-date-in-the-future", future),
];

fn missing(name: &str, subject: &str, text: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail = scene.text_mail(subject, &format!("{text}\n"));
    let expected = Expected::new(&mail, Verdict::Missing).findings(&["no_notice"]);
    // A mail without a subject line's text may be shown as "" or as null.
    let expected = if subject.is_empty() { expected.json_without(&["subject"]) } else { expected.json() };
    Submission { raw: mail.raw(), expected }
}

fn receipt_attached(name: &str) -> Submission {
    let scene = Scene::named(name, Sort::Receipt);
    let parts = [plain(&format!("{}\n", scene.message)), Entity::message(&scene.letter.raw(Charset::Utf8, Transfer::Base64))];
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_mixed", &parts));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::WrongType, &scene.letter.seen(Carried::Attached)).json() }
}

fn accepted_beside_receipt(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let receipt = Notice::invented(&mut scene.random, Sort::Receipt, &scene.applicant);
    let earlier = receipt.letter();
    let parts = [
        plain(&format!("{}\n", scene.message)),
        Entity::message(&earlier.raw(Charset::Utf8, Transfer::Base64)),
        Entity::message(&scene.letter.raw(Charset::Utf8, Transfer::Base64)),
    ];
    let mail = scene.mail("二通お送りします", Entity::multipart("mixed", "=_mixed", &parts));
    let (first, second) = (earlier.seen(Carried::Attached), scene.letter.seen(Carried::Attached));
    let expected = Expected::new(&mail, Verdict::Accepted)
        .message(&scene.message)
        .findings(&["other_notice_too", "several_notices"])
        .notice(receipt.json(&first))
        .notice(scene.notice.json(&second))
        .original(&first)
        .original(&second);
    Submission { raw: mail.raw(), expected: expected.json() }
}

/// A forward, and well found, but of a mail that has nothing to do with the programme.
fn other_forward(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.from = scene.applicant.colleague(&mut scene.random);
    scene.letter.subject = "備品の納品日について".to_owned();
    scene.letter.body = "先日ご注文の備品は、来週水曜日にお届けします。\nよろしくお願いいたします。".to_owned();
    scene.message = "ご確認ください。".to_owned();
    let (mail, inline) = scene.forward(&GMAIL_WEB);
    let expected = Expected::new(&mail, Verdict::Missing).message(&scene.message).findings(&["no_notice"]).original(&inline.seen);
    Submission { raw: mail.raw(), expected: expected.json() }
}

fn attachment_mail(scene: &mut Scene, attach: fn(&mut Scene) -> Entity) -> crate::mail::Mail {
    scene.message = "ご担当者様\n\n添付のとおりお送りします。\nよろしくお願いいたします。".to_owned();
    let parts = [plain(&format!("{}\n", scene.message)), attach(scene)];
    scene.mail("自己宣言の書類を送ります", Entity::multipart("mixed", "=_attachment", &parts))
}

fn attached_only(name: &str, finding: &str, attach: fn(&mut Scene) -> Entity) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let mail = attachment_mail(&mut scene, attach);
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Review).findings(&[finding]).json() }
}

fn tiny_logo(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let mail = attachment_mail(&mut scene, |scene| Entity::attachment("image/png", "logo.png", &files::png(24, &mut scene.random)));
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Missing).findings(&["no_notice"]).json() }
}

fn encrypted_zip(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let mail = attachment_mail(&mut scene, |scene| zip(scene, Lock::Encrypted));
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Missing).findings(&["encrypted_attachment", "no_notice"]).json() }
}

fn zip(scene: &mut Scene, lock: Lock) -> Entity {
    let original = with_crlf(&scene.letter.raw(Charset::Utf8, Transfer::EightBit));
    Entity::attachment("application/zip", "お知らせ.zip", &files::zip("notice.eml", &original, lock, &mut scene.random))
}

fn office_document(scene: &mut Scene) -> Entity {
    let content = files::zip("word/document.xml", b"<document/>", Lock::Open, &mut scene.random);
    Entity::attachment("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "お知らせ.docx", &content)
}

fn partial(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let piece = scene.letter.raw(Charset::Utf8, Transfer::Base64);
    let entity = Entity::ready(&[("Content-Type", "message/partial; id=\"split-1@example.co.jp\"; number=1; total=3")], &piece);
    let mail = scene.mail("分割してお送りします (1/3)", entity);
    Submission {
        raw: mail.raw(),
        expected: Expected::new(&mail, Verdict::Review).findings(&["unread_attachment"]).json_without(&["originals", "notices", "message"]),
    }
}

/// The text of the notice, copied by hand: nothing says from whom it came.
fn pasted(name: &str) -> Submission {
    let scene = Scene::named(name, UNSAID);
    let layout = crate::mail::Layout { quote: crate::mail::layout::Quote::Nothing, ..crate::mail::clients::BARE_QUOTE };
    let inline = layout.render(&scene.letter);
    let mail = scene.text_mail("届いたメールの内容です", &format!("{}\n", inline.text));
    let mut seen = inline.seen;
    seen.body = None;
    let expected = scene.expect(&mail, Verdict::Review, &seen).findings(&["pasted_without_headers"]).json_without(&["message"]);
    Submission { raw: mail.raw(), expected }
}

/// 2099: later than any run of these tests.
fn future(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.letter.sent = Moment::japan(4_081_194_000);
    let (mail, inline) = scene.forward(&OUTLOOK_WINDOWS);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["date_in_future"]).json() }
}
