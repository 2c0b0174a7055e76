//! Clients set to other languages, and clients that are rare in Japan.
//!
//! Staff of care offices come from many countries, and their mail clients with them. Promises: labels and separators are those
//! of the clients' localisations; dates stay in RFC 5322 form, since a local form without a zone says less than is compared.
//! Rejected: one case a language of the whole catalogue; the product's own label table is tested for that.

use super::Row::{Cc, Date, From, Line, Sender, Subject, To};
use super::clients::{GMAIL_WEB, THUNDERBIRD};
use super::{DateForm, Layout, Quote, Row};

const fn thunderbird(name: &'static str, above: &'static str, rows: &'static [Row]) -> Layout {
    Layout { name, above, rows, ..THUNDERBIRD }
}

/// Horde IMP pads its labels, and says where the mail ends.
const HORDE: Layout = Layout {
    name: "horde-padded-labels-and-end-line",
    above: "----- 転送されたメッセージ -----\n",
    rows: &[Date("    日付: "), From("    From: "), Subject("    件名: "), To("      To: ")],
    gap: "\n",
    below: "\n\n----- 転送するメッセージは以上です -----\n",
    date: DateForm::Rfc5322,
    ..GMAIL_WEB
};

/// Every one states sender and subject.
pub const ABROAD: &[Layout] = &[
    thunderbird(
        "thunderbird-german",
        "-------- Weitergeleitete Nachricht --------\n",
        &[Subject("Betreff: \t"), Date("Datum: \t"), From("Von: \t"), To("An: \t")],
    ),
    thunderbird(
        "thunderbird-french-space-before-colon",
        "-------- Message transféré --------\n",
        &[Subject("Sujet\u{a0}: \t"), Date("Date\u{a0}: \t"), From("De\u{a0}: \t"), To("Pour\u{a0}: \t")],
    ),
    thunderbird(
        "thunderbird-spanish",
        "-------- Mensaje reenviado --------\n",
        &[Subject("Asunto: \t"), Date("Fecha: \t"), From("De: \t"), To("Para: \t")],
    ),
    thunderbird(
        "thunderbird-brazilian-portuguese",
        "-------- Mensagem encaminhada --------\n",
        &[Subject("Assunto: \t"), Date("Data: \t"), From("De: \t"), To("Para: \t")],
    ),
    thunderbird(
        "thunderbird-simplified-chinese",
        "-------- 转发的消息 --------\n",
        &[Subject("主题: \t"), Date("日期: \t"), From("发件人: \t"), To("收件人: \t")],
    ),
    thunderbird(
        "thunderbird-traditional-chinese",
        "-------- 轉寄郵件 --------\n",
        &[Subject("主旨: \t"), Date("日期: \t"), From("寄件者: \t"), To("收件者: \t")],
    ),
    thunderbird(
        "thunderbird-korean",
        "-------- 전달된 메시지 --------\n",
        &[Subject("제목: \t"), Date("날짜: \t"), From("보낸 사람: \t"), To("받는 사람: \t")],
    ),
    thunderbird(
        "thunderbird-vietnamese",
        "-------- Tin nhắn đã được chuyển tiếp --------\n",
        &[Subject("Tiêu đề: \t"), Date("Ngày: \t"), From("Từ: \t"), To("Đến: \t")],
    ),
    thunderbird(
        "thunderbird-indonesian",
        "-------- Pesan Diteruskan --------\n",
        &[Subject("Subjek: \t"), Date("Tanggal: \t"), From("Dari: \t"), To("Kepada: \t")],
    ),
    Layout {
        name: "sogo",
        above: "-------- 元のメッセージ --------\n",
        rows: &[Subject("件名: "), Date("日付: "), From("送信者: "), To("宛先: "), Line("組織: 事務局")],
        gap: "\n",
        date: DateForm::NoWeekday,
        ..GMAIL_WEB
    },
    HORDE,
    Layout { name: "horde-separator-around-a-name", above: "----- 山田 花子 から転送されたメッセージ -----\n", ..HORDE },
    Layout {
        name: "evolution-original-message-and-reply-to",
        above: "-------- オリジナルのメッセージ --------\n",
        rows: &[From("差出人: "), Line("返信先: help@reply.example.jp"), To("宛先: "), Subject("件名: "), Date("日付: ")],
        gap: "\n",
        date: DateForm::Rfc5322,
        prefix: "[Fwd: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "roundcube-copies-and-reply-to",
        above: "-------- 元のメッセージ --------\n",
        rows: &[Subject("件名: "), Date("日付: "), From("差出人: "), To("宛先: "), Cc("写し(Cc): "), Line("返信先: help@reply.example.jp")],
        gap: "\n",
        date: DateForm::NoWeekday,
        ..GMAIL_WEB
    },
    Layout {
        name: "thunderbird-reply-to",
        above: "-------- 転送されたメッセージ --------\n",
        rows: &[Subject("件名: \t"), Date("日付: \t"), From("差出人: \t"), Line("Reply-To: \thelp@reply.example.jp"), To("宛先: \t")],
        gap: "\n\n",
        date: DateForm::Rfc5322,
        ..GMAIL_WEB
    },
    Layout {
        name: "reply-with-header-reply-to",
        above: "-------- Original Message --------\n",
        rows: &[From("差出人: "), Line("に返信: help@reply.example.jp"), To("宛先: "), Subject("件名: "), Date("日付: ")],
        gap: "\n\n",
        date: DateForm::Rfc5322,
        ..GMAIL_WEB
    },
    Layout {
        name: "sylpheed-begin-forwarded-message",
        above: "Begin forwarded message:\n\n",
        rows: &[Date("Date: "), From("From: "), To("To: "), Subject("Subject: ")],
        gap: "\n\n",
        date: DateForm::Rfc5322,
        prefix: "Fw: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "mailspring",
        above: "---------- 転送されたメッセージ ---------\n\n",
        rows: &[From("差出人: "), Subject("件名: "), Date("日付: "), To("宛先: ")],
        gap: "\n",
        date: DateForm::WeekdaySpaced,
        ..GMAIL_WEB
    },
    Layout {
        name: "proton-mail",
        above: "------- Forwarded Message -------\n",
        rows: &[From("From: "), Date("Date: "), Subject("Subject: "), To("To: ")],
        gap: "\n\n",
        date: DateForm::Rfc5322,
        ..GMAIL_WEB
    },
    Layout {
        name: "missive-quoted-with-separator-above",
        above: "---------- Forwarded message ----------\n",
        rows: &[From("From: "), Date("Date: "), Subject("Subject: "), To("To: ")],
        gap: "\n",
        date: DateForm::EnglishAt,
        quote: Quote::BlockAndBody,
        ..GMAIL_WEB
    },
    Layout {
        name: "mailmate-date-last",
        above: "Forwarded message:\n\n",
        rows: &[From("From: "), To("To: "), Subject("Subject: "), Date("Date: ")],
        gap: "\n",
        date: DateForm::Rfc5322,
        ..GMAIL_WEB
    },
    Layout {
        name: "reply-with-header-add-on",
        above: "-------- 転送メール --------\n",
        rows: &[From("送信者: "), Date("送信メール: "), To("宛先: "), Subject("件名: ")],
        gap: "\n",
        date: DateForm::Rfc5322,
        ..GMAIL_WEB
    },
    Layout {
        name: "blackberry-blank-lines-between-labels",
        above: "-----Original Message-----\n",
        rows: &[From("From: "), Line(""), Date("Date: "), Line(""), To("To: "), Line(""), Subject("Subject: ")],
        gap: "\n",
        date: DateForm::Rfc5322,
        prefix: "Fw: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "mutt-sender-in-the-separator",
        above: "",
        rows: &[
            Sender("----- Forwarded message from ", " -----"),
            Line(""),
            Date("Date: "),
            From("From: "),
            To("To: "),
            Subject("Subject: "),
        ],
        gap: "\n",
        below: "\n\n----- End forwarded message -----\n",
        date: DateForm::Rfc5322,
        ..GMAIL_WEB
    },
    Layout {
        name: "snappymail",
        above: "-------- 転送されたメッセージ -------\n",
        rows: &[From("差出人: "), Date("送信済み: "), To("宛先: "), Cc("CC: "), Subject("件名: ")],
        gap: "\n\n",
        date: DateForm::NoWeekday,
        ..GMAIL_WEB
    },
    Layout {
        name: "zimbra-beginning-of-the-forwarded-message",
        above: "転送メッセージの開始：\n\n",
        rows: &[From("差出人： "), To("宛先： "), Date("送信済み： "), Subject("件名： ")],
        gap: "\n",
        date: DateForm::WeekdayInFull,
        ..GMAIL_WEB
    },
    Layout {
        name: "reply-with-header-original-message",
        above: "-------- オリジナルメッセージ --------\n",
        rows: &[From("送信者: "), Date("日時: "), To("宛先: "), Cc("Cc: "), Subject("件名: ")],
        gap: "\n",
        date: DateForm::Rfc5322,
        ..GMAIL_WEB
    },
    Layout {
        name: "webmail-quoted-message",
        above: "----- 引用元メッセージ -----\n",
        rows: &[From("差出人: "), Date("送信日時: "), To("宛先: "), Subject("表題: ")],
        gap: "\n",
        date: DateForm::Hyphens,
        ..GMAIL_WEB
    },
    Layout {
        name: "webmail-original-text",
        above: "----- 原文 -----\n",
        rows: &[From("送信者: "), Date("受信日時: "), Subject("題名: "), To("宛先: ")],
        gap: "\n",
        date: DateForm::Slashes,
        ..GMAIL_WEB
    },
    Layout {
        name: "becky-end-of-forwarded-message",
        above: "----- Forwarded by 総務課 山之端 -----\n",
        rows: &[From("差出人: "), To("宛先: "), Date("日時: "), Subject("件名: ")],
        gap: "\n",
        below: "\n-- End of Forwarded Message\n",
        date: DateForm::Rfc5322,
        prefix: "Fw: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "notes-forwarded-by-with-padded-labels",
        above: "----- Forwarded by Hana Yamanoha/Soumu/Tsubame on 2026/05/02 09:10 -----\n\n",
        rows: &[From("From:        "), To("To:          "), Cc("Cc:          "), Date("Date:        "), Subject("Subject:     ")],
        gap: "\n",
        date: DateForm::Slashes,
        ..GMAIL_WEB
    },
    Layout {
        name: "full-width-latin-labels",
        above: "----- 転送 -----\n",
        rows: &[From("Ｆｒｏｍ："), Date("Ｄａｔｅ："), To("Ｔｏ："), Cc("ＣＣ："), Subject("Ｓｕｂｊｅｃｔ：")],
        gap: "\n",
        date: DateForm::Slashes,
        prefix: "転送：",
        ..GMAIL_WEB
    },
];
