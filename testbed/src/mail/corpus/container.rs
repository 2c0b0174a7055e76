//! Originals that are not inline.
//!
//! Promises: the original inside is a plain ISO-2022-JP mail unless the name says otherwise; only the wrapping differs.
//! Rejected: wrapping the inline forwards of every client; what lies in a part does not depend on how parts are framed.

use super::Build;
use crate::mail::encode::{Charset, HeaderForm, Transfer, base64_lines, with_crlf};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::files::{self, Lock};
use crate::mail::html::lines;
use crate::mail::layout::clients::{GMAIL_WEB, OUTLOOK_WINDOWS};
use crate::mail::letter::{Carried, Mailbox, Seen};
use crate::mail::notice::{Notice, Sort, Stars};
use crate::mail::outlook::{self, BodyForm, Sample};
use crate::mail::pdf::{PdfForm, pdf};
use crate::mail::submission::{DESK, Mail, Scene, Submission, plain};

const ONE: Sort = Sort::Completion(Stars::One);

pub const TABLE: &[(&str, Build)] = &[
    ("message-rfc822", |name| beside_text(name, Carried::Attached, |scene| Entity::message(&raw(scene)))),
    ("message-rfc822-with-file-name", |name| {
        beside_text(name, Carried::Attached, |scene| {
            Entity::ready(
                &[("Content-Type", "message/rfc822; name=\"notice.eml\""), ("Content-Disposition", "attachment; filename=\"notice.eml\"")],
                &raw(scene),
            )
        })
    }),
    ("message-rfc822-base64", |name| beside_text(name, Carried::Attached, base64_message)),
    ("message-rfc822-quoted-printable-original", |name| {
        beside_text(name, Carried::Attached, |scene| Entity::message(&scene.letter.raw(Charset::Utf8, Transfer::QuotedPrintable)))
    }),
    ("message-rfc822-as-the-whole-body", whole_body),
    ("eml-as-octet-stream", |name| {
        beside_text(name, Carried::File, |scene| Entity::attachment("application/octet-stream", "notice.eml", &with_crlf(&raw(scene))))
    }),
    ("eml-as-octet-stream-japanese-encoded-word-name", |name| {
        beside_text(name, Carried::File, |scene| {
            Entity::attachment("application/octet-stream", "【SECURITY ACTION】一つ星：自己宣言完了のお知らせ.eml", &with_crlf(&raw(scene)))
        })
    }),
    ("eml-as-octet-stream-rfc2231-continued-name", |name| beside_text(name, Carried::File, rfc2231_named)),
    ("eml-as-octet-stream-without-name", |name| beside_text(name, Carried::File, unnamed)),
    ("eml-as-text-plain", |name| beside_text(name, Carried::File, eml_as_text)),
    ("eml-as-application-eml-upper-case-ending", |name| {
        beside_text(name, Carried::File, |scene| Entity::attachment("application/x-eml", "NOTICE.EML", &with_crlf(&raw(scene))))
    }),
    ("eml-inside-a-zip", |name| {
        beside_text(name, Carried::File, |scene| {
            Entity::attachment(
                "application/zip",
                "お知らせ.zip",
                &files::zip("notice.eml", &with_crlf(&raw(scene)), Lock::Open, &mut scene.random.clone()),
            )
        })
    }),
    ("eml-inside-a-zip-as-octet-stream-without-names", |name| {
        beside_text(name, Carried::File, |scene| {
            let zip = files::zip("notice", &with_crlf(&raw(scene)), Lock::Open, &mut scene.random.clone());
            Entity::ready(
                &[
                    ("Content-Type", "application/octet-stream"),
                    ("Content-Transfer-Encoding", "base64"),
                    ("Content-Disposition", "attachment"),
                ],
                &base64_lines(&zip),
            )
        })
    }),
    ("outlook-msg-unicode", |name| outlook_msg(name, BodyForm::Unicode)),
    ("outlook-msg-code-page-932", |name| outlook_msg(name, BodyForm::Cp932)),
    ("outlook-msg-html-inside-rtf", |name| outlook_msg(name, BodyForm::RtfFromHtml)),
    ("outlook-msg-text-inside-rtf", |name| outlook_msg(name, BodyForm::RtfFromText)),
    ("outlook-msg-as-octet-stream-without-ending", |name| {
        by_properties(name, |scene| {
            Entity::attachment("application/octet-stream", "お知らせ", &outlook::msg(&sample(scene, BodyForm::Unicode)))
        })
    }),
    ("outlook-msg-inside-a-zip", |name| {
        by_properties(name, |scene| {
            let msg = outlook::msg(&sample(scene, BodyForm::Cp932));
            Entity::attachment("application/zip", "お知らせ.zip", &files::zip("notice.msg", &msg, Lock::Open, &mut scene.random.clone()))
        })
    }),
    ("winmail-dat-with-the-notice-embedded", |name| embedded_in_winmail(name, BodyForm::Unicode)),
    ("winmail-dat-code-page-932-with-the-notice-embedded", |name| embedded_in_winmail(name, BodyForm::Cp932)),
    ("attached-original-whose-text-lies-in-winmail-dat", |name| {
        beside_text(name, Carried::Attached, |scene| {
            let packed = outlook::winmail(&sample(scene, BodyForm::RtfFromText));
            let mut original = Entity::multipart("mixed", "=_packed", &[Entity::attachment("application/ms-tnef", "winmail.dat", &packed)]);
            original.put_on_top(scene.letter.headers(HeaderForm::Base64(Charset::Utf8)));
            Entity::message(&original.bytes())
        })
    }),
    ("winmail-dat-with-an-eml", |name| {
        beside_text(name, Carried::File, |scene| {
            let eml = ("notice.eml".to_owned(), "message/rfc822".to_owned(), with_crlf(&raw(scene)));
            let outer = Sample { attachments: vec![eml], ..around(scene, BodyForm::Unicode) };
            Entity::attachment("application/ms-tnef", "winmail.dat", &outlook::winmail(&outer))
        })
    }),
    ("pdf-print-with-a-font-of-the-reader", |name| printed(name, PdfForm::UniJisUtf16)),
    ("pdf-print-in-code-page-932", |name| printed(name, PdfForm::Rksj90ms)),
    ("pdf-print-with-an-embedded-font", |name| printed(name, PdfForm::IdentityWithToUnicode)),
    ("pdf-print-with-compressed-objects", |name| printed(name, PdfForm::ObjectStreams)),
    ("pdf-print-beside-the-forward", print_beside_forward),
    ("digest-with-the-notice", |name| {
        beside_text(name, Carried::Attached, |scene| Entity::multipart("digest", "=_digest", &[implicit_message(scene)]))
    }),
    ("attached-html-only-original", html_original),
    ("attached-inside-attached", attached_twice),
    ("attached-inside-three-multiparts", deep_multipart),
    ("attached-beside-a-screenshot", beside_a_screenshot),
    ("inline-beside-a-pdf", inline_beside_a_pdf),
    ("inline-inside-signed-multipart", signed),
    ("inline-inside-related-html-with-logo", related),
    ("several-offices-three-attached", three_offices),
    ("several-offices-two-eml-files", two_files),
    ("redirected-with-resent-fields", redirected),
    ("auto-forwarded-by-a-mailbox-rule", auto_forwarded),
    ("redirected-acceptance", redirected_acceptance),
    ("boundary-with-odd-characters", odd_boundary),
    ("preamble-and-epilogue-around-the-parts", preamble),
];

fn raw(scene: &Scene) -> Vec<u8> {
    scene.letter.raw(Charset::Iso2022Jp, Transfer::SevenBit)
}

fn words(scene: &Scene) -> Entity {
    plain(&format!("{}\n", scene.message))
}

fn beside_text(name: &str, carried: Carried, attach: fn(&Scene) -> Entity) -> Submission {
    let scene = Scene::named(name, ONE);
    let parts = [words(&scene), attach(&scene)];
    let mail = scene.mail("SECURITY ACTIONのメールを添付します", Entity::multipart("mixed", "=_mixed_boundary", &parts));
    judged(&scene, &mail, carried)
}

fn judged(scene: &Scene, mail: &Mail, carried: Carried) -> Submission {
    Submission { raw: mail.raw(), expected: scene.expect(mail, Verdict::Accepted, &scene.letter.seen(carried)).json() }
}

fn outlook_msg(name: &str, form: BodyForm) -> Submission {
    let scene = Scene::named(name, ONE);
    let entity = Entity::attachment("application/vnd.ms-outlook", "お知らせ.msg", &outlook::msg(&sample(&scene, form)));
    properties_judged(&scene, entity)
}

fn by_properties(name: &str, attach: fn(&Scene) -> Entity) -> Submission {
    let scene = Scene::named(name, ONE);
    let entity = attach(&scene);
    properties_judged(&scene, entity)
}

fn embedded_in_winmail(name: &str, form: BodyForm) -> Submission {
    let scene = Scene::named(name, ONE);
    let outer = Sample { embedded: vec![sample(&scene, form)], ..around(&scene, form) };
    properties_judged(&scene, Entity::attachment("application/ms-tnef", "winmail.dat", &outlook::winmail(&outer)))
}

/// Properties keep the time in UTC.
fn properties_judged(scene: &Scene, attachment: Entity) -> Submission {
    let mail =
        scene.mail("SECURITY ACTIONのメールを添付します", Entity::multipart("mixed", "=_mixed_boundary", &[words(scene), attachment]));
    let utc = Some(scene.letter.sent.utc());
    let seen = Seen { date: utc.clone(), date_text: utc, ..scene.letter.seen(Carried::File) };
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &seen).json() }
}

/// The office's mail as Outlook keeps it.
fn sample(scene: &Scene, form: BodyForm) -> Sample {
    let letter = &scene.letter;
    let pair = |mailbox: &Mailbox| (mailbox.name.clone().unwrap_or_default(), mailbox.address.clone().unwrap_or_default());
    Sample {
        from: pair(&letter.from),
        to: letter.to.iter().map(pair).collect(),
        cc: letter.cc.iter().map(pair).collect(),
        subject: letter.subject.clone(),
        body: letter.body.clone(),
        html: (form == BodyForm::RtfFromHtml).then(|| lines(&letter.body)),
        sent: letter.sent.unix_seconds(),
        message_id: letter.message_id.clone(),
        form,
        attachments: Vec::new(),
        embedded: Vec::new(),
    }
}

/// The applicant's own mail once more, as Exchange packs it into winmail.dat.
fn around(scene: &Scene, form: BodyForm) -> Sample {
    let own = &scene.applicant.mailbox;
    Sample {
        from: (own.name.clone().unwrap_or_default(), own.address.clone().unwrap_or_default()),
        to: vec![("受付".to_owned(), DESK.to_owned())],
        cc: Vec::new(),
        subject: "SECURITY ACTIONのメールを添付します".to_owned(),
        body: scene.message.clone(),
        ..sample(scene, form)
    }
}

/// A print-out of the mail, header lines and all.
fn print(scene: &Scene, form: PdfForm) -> Entity {
    let inline = OUTLOOK_WINDOWS.render(&scene.letter);
    let lines: Vec<&str> = inline.text.lines().collect();
    Entity::attachment("application/pdf", "自己宣言完了のお知らせ.pdf", &pdf(&lines, form))
}

fn printed(name: &str, form: PdfForm) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail = scene.mail("PDFでお送りします", Entity::multipart("mixed", "=_mixed_boundary", &[words(&scene), print(&scene, form)]));
    // A print breaks lines where the paper ends: its text is not compared.
    let seen = Seen { carried: Carried::Print, body: None, ..OUTLOOK_WINDOWS.render(&scene.letter).seen };
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Review, &seen).findings(&["pdf_attached"]).json() }
}

/// The same notice twice: the print adds nothing to the forward.
fn print_beside_forward(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let parts = [plain(&scene.above(&inline)), print(&scene, PdfForm::UniJisUtf16)];
    let mail = scene.mail("転送します", Entity::multipart("mixed", "=_mixed_boundary", &parts));
    let print = Seen { carried: Carried::Print, body: None, ..OUTLOOK_WINDOWS.render(&scene.letter).seen };
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).original(&print).json() }
}

/// Against RFC 2046, and written by several gateways.
fn base64_message(scene: &Scene) -> Entity {
    Entity::ready(&[("Content-Type", "message/rfc822"), ("Content-Transfer-Encoding", "base64")], &base64_lines(&with_crlf(&raw(scene))))
}

fn whole_body(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = String::new();
    let mail = scene.mail("Fwd", Entity::message(&raw(&scene)));
    judged(&scene, &mail, Carried::Attached)
}

fn rfc2231_named(scene: &Scene) -> Entity {
    Entity::ready(
        &[
            ("Content-Type", "application/octet-stream"),
            (
                "Content-Disposition",
                "attachment;\n filename*0*=UTF-8''%E8%87%AA%E5%B7%B1%E5%AE%A3%E8%A8%80;\n filename*1*=%E5%AE%8C%E4%BA%86.eml",
            ),
            ("Content-Transfer-Encoding", "base64"),
        ],
        &base64_lines(&with_crlf(&raw(scene))),
    )
}

fn unnamed(scene: &Scene) -> Entity {
    Entity::ready(
        &[("Content-Type", "application/octet-stream"), ("Content-Transfer-Encoding", "base64")],
        &base64_lines(&with_crlf(&raw(scene))),
    )
}

fn eml_as_text(scene: &Scene) -> Entity {
    Entity::ready(
        &[
            ("Content-Type", "text/plain; name=\"notice.eml\""),
            ("Content-Disposition", "attachment; filename=\"notice.eml\""),
            ("Content-Transfer-Encoding", "7bit"),
        ],
        &raw(scene),
    )
}

/// In a digest the media type is message/rfc822 where none is named.
fn implicit_message(scene: &Scene) -> Entity {
    Entity::ready(&[], &raw(scene))
}

fn html_original(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mut original =
        Entity::text("html", Charset::Utf8, Transfer::Base64, &format!("<html><body>{}</body></html>\n", lines(&scene.letter.body)));
    original.put_on_top(scene.letter.headers(HeaderForm::Base64(Charset::Utf8)));
    let parts = [words(&scene), Entity::message(&original.bytes())];
    let mail = scene.mail("添付します", Entity::multipart("mixed", "=_mixed", &parts));
    judged(&scene, &mail, Carried::Attached)
}

/// The applicant attaches a colleague's mail, to which the notice is attached.
fn attached_twice(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let mut colleague = scene.clone();
    colleague.applicant.mailbox = scene.applicant.colleague(&mut scene.random);
    colleague.message = "届いていたメールを添付します。".to_owned();
    let mut letter = scene.letter.clone();
    letter.from = colleague.applicant.mailbox.clone();
    letter.subject = "添付のとおりです".to_owned();
    letter.sent = scene.letter.sent.later(600);
    letter.message_id = format!("<{}.inner@example.co.jp>", letter.sent.digits());
    letter.body = colleague.message.clone();
    let mut between = Entity::multipart("mixed", "=_inner", &[words(&colleague), Entity::message(&raw(&scene))]);
    between.put_on_top(letter.headers(HeaderForm::Base64(Charset::Utf8)));
    let mail =
        scene.mail("Fwd: 添付のとおりです", Entity::multipart("mixed", "=_outer", &[words(&scene), Entity::message(&between.bytes())]));
    let innermost = scene.letter.seen(Carried::Attached).at_depth(2);
    let expected = Expected::new(&mail, Verdict::Accepted)
        .message(&scene.message)
        .original(&letter.seen(Carried::Attached))
        .original(&innermost)
        .notice(scene.notice.json(&innermost));
    Submission { raw: mail.raw(), expected: expected.json() }
}

fn deep_multipart(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let innermost = Entity::multipart("mixed", "=_third", &[words(&scene), Entity::message(&raw(&scene))]);
    let middle = Entity::multipart("related", "=_second", &[innermost]);
    let mail = scene.mail("Fwd: 添付", Entity::multipart("mixed", "=_first", &[middle]));
    judged(&scene, &mail, Carried::Attached)
}

/// Pictures count only where no notice was found.
fn beside_a_screenshot(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let picture = Entity::attachment("image/png", "画面.png", &files::png(96, &mut scene.random));
    let mail = scene.mail("Fwd: 添付", Entity::multipart("mixed", "=_mixed", &[words(&scene), picture, Entity::message(&raw(&scene))]));
    judged(&scene, &mail, Carried::Attached)
}

fn inline_beside_a_pdf(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let parts = [plain(&scene.above(&inline)), Entity::attachment("application/pdf", "申請書.pdf", &files::pdf())];
    let mail = scene.mail(&scene.forward_subject(&GMAIL_WEB), Entity::multipart("mixed", "=_mixed", &parts));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn signed(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let signature = Entity::attachment("application/pkcs7-signature", "smime.p7s", &scene.random.noise(600));
    let subtype = "signed; protocol=\"application/pkcs7-signature\"; micalg=sha-256";
    let mail =
        scene.mail(&scene.forward_subject(&GMAIL_WEB), Entity::multipart(subtype, "=_signed", &[plain(&scene.above(&inline)), signature]));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn related(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let inline = GMAIL_WEB.render(&scene.letter);
    let (document, _) = crate::mail::html::HtmlClient::Gmail.render(&scene.message, &scene.letter);
    let document = document.replace("</body>", "<img src=\"cid:logo@example.jp\" alt=\"\"></body>");
    let logo = Entity::attachment("image/png", "logo.png", &files::png(24, &mut scene.random)).with("Content-ID", "<logo@example.jp>");
    let html = Entity::text("html", Charset::Utf8, Transfer::Base64, &document);
    let parts = [plain(&scene.above(&inline)), Entity::multipart("related", "=_related", &[html, logo])];
    let mail = scene.mail(&scene.forward_subject(&GMAIL_WEB), Entity::multipart("alternative", "=_alternative", &parts));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

/// One proof an office, all in one mail.
fn several(name: &str, count: usize, carried: Carried, attach: fn(&Scene) -> Entity) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let mut parts = vec![words(&scene)];
    let mut offices = Vec::new();
    for number in 1..=count {
        let mut one = scene.clone();
        one.notice = Notice::invented(&mut scene.random, ONE, &scene.applicant);
        one.notice.company = format!("{} 第{number}事業所", scene.applicant.corporation);
        one.letter = one.notice.letter();
        parts.push(attach(&one));
        offices.push(one);
    }
    let mail = scene.mail("各事業所の分をまとめてお送りします", Entity::multipart("mixed", "=_offices", &parts));
    let mut expected = Expected::new(&mail, Verdict::Accepted).message(&scene.message).findings(&["several_notices"]);
    for one in &offices {
        let seen = one.letter.seen(carried);
        expected = expected.notice(one.notice.json(&seen)).original(&seen);
    }
    Submission { raw: mail.raw(), expected: expected.json() }
}

fn three_offices(name: &str) -> Submission {
    several(name, 3, Carried::Attached, |scene| Entity::message(&raw(scene)))
}

fn two_files(name: &str) -> Submission {
    several(name, 2, Carried::File, |scene| Entity::attachment("application/octet-stream", "notice.eml", &with_crlf(&raw(scene))))
}

/// The mail itself is the notice: From, Date and Subject are the office's, the Resent fields the applicant's.
fn itself(scene: &mut Scene, top: &[(&str, String)]) -> Mail {
    scene.message = String::new();
    let mut entity = Entity::text("plain", Charset::Iso2022Jp, Transfer::SevenBit, &format!("{}\n", scene.letter.body));
    let mut headers: Vec<(String, Vec<u8>)> = top.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes())).collect();
    headers.extend(scene.letter.headers(HeaderForm::Base64(Charset::Iso2022Jp)));
    entity.put_on_top(headers);
    let mut mail = scene.mail(&scene.letter.subject, entity);
    mail.from = Mailbox::bare(scene.letter.from.address.as_deref().unwrap_or_default());
    mail.message_id.clone_from(&scene.letter.message_id);
    mail
}

fn direct(scene: &mut Scene, top: &[(&str, String)]) -> Submission {
    let mail = itself(scene, top);
    let expected = scene.expect(&mail, Verdict::Accepted, &scene.letter.seen(Carried::Direct)).json();
    Submission { raw: mail.entity.bytes(), expected }
}

fn resent(scene: &Scene) -> Vec<(&'static str, String)> {
    let address = scene.applicant.mailbox.address.clone().unwrap_or_default();
    let when = scene.letter.sent.later(7_200);
    vec![
        ("Resent-From", address),
        ("Resent-To", DESK.to_owned()),
        ("Resent-Date", when.rfc5322()),
        ("Resent-Message-ID", format!("<{}.resent@example.co.jp>", when.digits())),
    ]
}

fn redirected(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let top = resent(&scene);
    direct(&mut scene, &top)
}

fn redirected_acceptance(name: &str) -> Submission {
    let mut scene = Scene::named(name, Sort::Acceptance);
    let top = resent(&scene);
    direct(&mut scene, &top)
}

fn auto_forwarded(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let address = scene.applicant.mailbox.address.clone().unwrap_or_default();
    direct(
        &mut scene,
        &[("Delivered-To", DESK.to_owned()), ("X-Forwarded-To", DESK.to_owned()), ("X-Forwarded-For", format!("{address} {DESK}"))],
    )
}

fn odd_boundary(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let mail =
        scene.mail("添付します", Entity::multipart("mixed", "--=_'Part(1)+,-./:=? x", &[words(&scene), Entity::message(&raw(&scene))]));
    judged(&scene, &mail, Carried::Attached)
}

fn preamble(name: &str) -> Submission {
    let scene = Scene::named(name, ONE);
    let inner = Entity::multipart("mixed", "=_framed", &[words(&scene), Entity::message(&raw(&scene))]).bytes();
    let body = inner.splitn(2, |byte| *byte == b'\n').nth(1).unwrap_or_default();
    let start = body.windows(2).position(|pair| pair == b"\n\n").map_or(0, |place| place + 2);
    let framed =
        [b"This is a multi-part message in MIME format.\n\n".as_slice(), body.get(start..).unwrap_or_default(), b"\nend of the mail\n"]
            .concat();
    let entity = Entity::ready(&[("Content-Type", "multipart/mixed; boundary=\"=_framed\"")], &framed);
    let mail = scene.mail("添付します", entity);
    judged(&scene, &mail, Carried::Attached)
}
