//! Finding the original again, whichever client forwarded it.
//!
//! Promises: one case a layout, then the shapes that no layout covers (HTML, alternatives, words around the forward).
//! Rejected: the product of all clients and all kinds of notices; a failure should point at one cause.

use super::{Build, Case};
use crate::mail::encode::{Charset, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::Verdict;
use crate::mail::html::HtmlClient;
use crate::mail::layout::abroad::ABROAD;
use crate::mail::layout::clients::{APPLE_IOS, ATTRIBUTIONS, BARE_QUOTE, GMAIL_WEB, OUTLOOK_WINDOWS, WHOLE};
use crate::mail::layout::{Layout, MailboxForm};
use crate::mail::letter::Mailbox;
use crate::mail::moment::{DateForm, Moment};
use crate::mail::notice::{Sort, Stars};
use crate::mail::random::Random;
use crate::mail::submission::{Scene, Submission, forwarded, plain};

const ONE: Sort = Sort::Completion(Stars::One);
const UNSAID: Sort = Sort::Completion(Stars::Unsaid);

/// One case a client: those with a whole header block, then those with an attribution line only.
pub fn cases() -> Vec<Case> {
    let whole =
        WHOLE.iter().chain(ABROAD).map(|layout| Case { station: "original", name: layout.name.to_owned(), submission: by_client(layout) });
    let attributed =
        ATTRIBUTIONS.iter().map(|layout| Case { station: "original", name: layout.name.to_owned(), submission: by_attribution(layout) });
    whole.chain(attributed).collect()
}

pub const TABLE: &[(&str, Build)] = &[
    ("quote-without-attribution", bare_quote),
    ("outlook-windows-exchange-name-without-address", |name| {
        with_layout(name, &Layout { mailbox: MailboxForm::NameOnly, ..OUTLOOK_WINDOWS }, &["sender_unstated"])
    }),
    ("gmail-web-address-without-name", |name| with_layout(name, &Layout { mailbox: MailboxForm::AddressOnly, ..GMAIL_WEB }, &[])),
    ("outlook-windows-date-with-slashes", |name| with_layout(name, &Layout { date: DateForm::Slashes, ..OUTLOOK_WINDOWS }, &[])),
    ("html-only-gmail", |name| html_only(name, HtmlClient::Gmail)),
    ("html-only-outlook-windows-border", |name| html_only(name, HtmlClient::OutlookWindows)),
    ("html-only-outlook-web-divRplyFwdMsg", |name| html_only(name, HtmlClient::OutlookWeb)),
    ("html-only-apple-mail-blockquote-cite", |name| html_only(name, HtmlClient::Apple)),
    ("html-only-thunderbird-headers-table", |name| html_only(name, HtmlClient::Thunderbird)),
    ("html-only-gmail-signature-below-the-forward", |name| html_signed(name, HtmlClient::Gmail, SIGNATURE)),
    ("html-only-apple-mail-signature-below-the-forward", |name| html_signed(name, HtmlClient::Apple, SIGNATURE)),
    ("html-only-thunderbird-signature-below-the-forward", |name| html_signed(name, HtmlClient::Thunderbird, SIGNATURE)),
    ("alternative-gmail-text-and-html", |name| alternative(name, &GMAIL_WEB, HtmlClient::Gmail)),
    ("alternative-outlook-windows-text-and-html", |name| alternative(name, &OUTLOOK_WINDOWS, HtmlClient::OutlookWindows)),
    ("alternative-apple-mail-text-and-html", |name| alternative(name, &APPLE_IOS, HtmlClient::Apple)),
    ("cc-and-several-recipients", several_recipients),
    ("no-words-above-the-forward", |name| saying(name, &GMAIL_WEB, "")),
    ("no-words-above-and-no-separator", |name| saying(name, &OUTLOOK_WINDOWS, "")),
    ("english-words-above", |name| {
        saying(
            name,
            &GMAIL_WEB,
            "Dear all,\n\nPlease find the mail below. From now on we write from this address.\n\nBest regards,\nOffice",
        )
    }),
    ("chinese-words-above", |name| saying(name, &OUTLOOK_WINDOWS, "您好：\n\n请查收以下邮件，谢谢。")),
    ("vietnamese-words-above", |name| {
        saying(name, &APPLE_IOS, "Kính gửi Quý văn phòng,\n\nTôi xin chuyển tiếp thư bên dưới.\nTrân trọng.")
    }),
    ("korean-words-above", |name| saying(name, &GMAIL_WEB, "안녕하세요.\n아래 메일을 전달합니다. 확인 부탁드립니다.")),
    ("disclaimer-with-underscore-rule-above-outlook-block", disclaimer_rule),
    ("signature-with-hyphen-rules-and-label-like-lines", |name| {
        saying(
            name,
            &OUTLOOK_WINDOWS,
            "転送します。\n\n--------------------------------\n有限会社こもれび野介護センター\n担当: 水上野\n電話: 03-0000-0000\n宛先: 〒100-0000 東京都千代田区\n--------------------------------",
        )
    }),
    ("words-above-mention-an-earlier-date-and-a-colon", |name| {
        saying(name, &GMAIL_WEB, "2026年4月2日(木)に届いたメールです:\n件名は「自己宣言完了のお知らせ」でした。")
    }),
];

fn by_client(layout: &Layout) -> Submission {
    let sort = match Random::named(layout.name).below(5) {
        0 => Sort::Acceptance,
        1 => Sort::Completion(Stars::Two),
        _ => ONE,
    };
    let mut scene = Scene::named(layout.name, sort);
    if layout.date == DateForm::Ambiguous {
        scene.letter.sent = Moment::japan(1_777_857_300);
    }
    if layout.name == "roundcube-copies-and-reply-to" {
        scene.letter.cc = scene.letter.to.clone();
    }
    if layout.name == "outlook-mobile-ios" {
        scene.message = "確認をお願いします。\n\nOutlook for iOS を入手".to_owned();
    }
    forwarded(&scene, layout)
}

/// No subject line, and the body of a completion names no level.
fn by_attribution(layout: &Layout) -> Submission {
    let scene = Scene::named(layout.name, UNSAID);
    let (mail, inline) = scene.forward(layout);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).findings(&["subject_unstated"]).json() }
}

fn bare_quote(name: &str) -> Submission {
    let scene = Scene::named(name, UNSAID);
    let (mail, inline) = scene.forward(&BARE_QUOTE);
    Submission {
        raw: mail.raw(),
        expected: scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["pasted_without_headers"]).json(),
    }
}

fn with_layout(name: &str, layout: &Layout, notes: &[&str]) -> Submission {
    let scene = Scene::named(name, ONE);
    let (mail, inline) = scene.forward(layout);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).findings(notes).json() }
}

fn saying(name: &str, layout: &Layout, words: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = words.to_owned();
    forwarded(&scene, layout)
}

fn html_only(name: &str, client: HtmlClient) -> Submission {
    html_signed(name, client, "")
}

/// A signature of the forwarder stands below the mail, outside of what the client puts around it: none of it is the original's.
const SIGNATURE: &str = "<div><br></div><span class=\"gmail_signature_prefix\">-- </span><br><div>特定非営利活動法人のはら 転送係</div>";

fn html_signed(name: &str, client: HtmlClient, signature: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    // One line: how far apart a client's paragraphs stand is the renderer's taste.
    scene.message = "転送いたします。".to_owned();
    let (document, seen) = client.render(&scene.message, &scene.letter);
    let document = document.replace("</body>", &format!("{signature}</body>"));
    let mail =
        scene.mail(&format!("Fwd: {}", scene.letter.subject), Entity::text("html", Charset::Utf8, Transfer::QuotedPrintable, &document));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &seen).json() }
}

fn alternative(name: &str, layout: &Layout, client: HtmlClient) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = "転送します。\nご確認ください。".to_owned();
    let inline = layout.render(&scene.letter);
    let (document, _) = client.render(&scene.message, &scene.letter);
    let parts = [plain(&scene.above(&inline)), Entity::text("html", Charset::Utf8, Transfer::Base64, &document)];
    let mail = scene.mail(&scene.forward_subject(layout), Entity::multipart("alternative", "0000000000alt", &parts));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, Verdict::Accepted, &inline.seen).json() }
}

fn several_recipients(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    let colleague = scene.applicant.colleague(&mut scene.random);
    scene.letter.to.push(colleague);
    scene.letter.cc = vec![Mailbox::new("事務担当", "jimu@example.co.jp"), Mailbox::bare("info@example.co.jp")];
    forwarded(&scene, &GMAIL_WEB)
}

fn disclaimer_rule(name: &str) -> Submission {
    let rule = "_".repeat(32);
    saying(
        name,
        &OUTLOOK_WINDOWS,
        &format!(
            "転送いたします。\n\n{rule}\n本メールは宛先の方だけにお送りするものです。\n誤って届いたときは破棄をお願いします。\n{rule}"
        ),
    )
}
