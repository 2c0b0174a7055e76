//! The clients, Japanese ones first.
//!
//! Promises: each constant differs from its neighbours in what its name says. The words are those of the clients' own
//! localisations. Rejected: reading them from the product's data files; a wrong label there must fail here.

use super::Row::{Cc, Date, DateThenSender, From, Line, Sender, SenderThenDate, Subject, To};
use super::{Block, DateForm, Layout, MailboxForm, Quote, Row};

/// Gmail in a browser, Japanese: only the sender's label is translated.
pub const GMAIL_WEB: Layout = Layout {
    name: "gmail-web",
    above: "---------- Forwarded message ---------\n",
    rows: &[From("差出人: "), Date("Date: "), Subject("Subject: "), To("To: "), Cc("Cc: ")],
    gap: "\n\n",
    below: "",
    mailbox: MailboxForm::Angle,
    date: DateForm::WeekdayInParentheses,
    quote: Quote::Nothing,
    block: Block::Lines,
    prefix: "Fwd: ",
    between: ", ",
};

const OUTLOOK_ROWS: &[Row] = &[From("差出人: "), Date("送信日時: "), To("宛先: "), Cc("CC: "), Subject("件名: ")];
const OUTLOOK_ENGLISH_ROWS: &[Row] = &[From("From: "), Date("Sent: "), To("To: "), Cc("Cc: "), Subject("Subject: ")];
const RULE: &str = "________________________________\n";

/// Outlook for Windows, Japanese, a border in HTML and nothing in the text part.
pub const OUTLOOK_WINDOWS: Layout = Layout {
    name: "outlook-windows-without-separator",
    above: "",
    rows: OUTLOOK_ROWS,
    gap: "\n",
    below: "",
    mailbox: MailboxForm::Angle,
    date: DateForm::WeekdayInFull,
    quote: Quote::Nothing,
    block: Block::Lines,
    prefix: "FW: ",
    between: "; ",
};

/// Outlook in a browser, Japanese.
pub const OUTLOOK_WEB: Layout =
    Layout { name: "outlook-web-with-underscore-rule", above: RULE, date: DateForm::WeekdayInFull, prefix: "Fw: ", ..OUTLOOK_WINDOWS };

/// Thunderbird: a TAB after the colon, English labels in Japanese, too.
pub const THUNDERBIRD: Layout = Layout {
    name: "thunderbird-tab-after-colon",
    above: "-------- Forwarded Message --------\n",
    rows: &[Subject("Subject: \t"), Date("Date: \t"), From("From: \t"), To("To: \t"), Cc("CC: \t")],
    gap: "\n\n\n",
    date: DateForm::Rfc5322,
    prefix: "Fwd: ",
    ..GMAIL_WEB
};

/// Apple Mail on a telephone.
pub const APPLE_IOS: Layout = Layout {
    name: "apple-mail-ios",
    above: "転送されたメッセージ:\n\n",
    rows: &[From("差出人: "), Date("日時: "), To("宛先: "), Cc("Cc: "), Subject("件名: ")],
    gap: "\n",
    date: DateForm::HalfDayJst,
    ..GMAIL_WEB
};

/// Apple Mail on a computer, full-width colon in the separator.
pub const APPLE_MACOS: Layout = Layout {
    name: "apple-mail-macos-full-width-colon",
    above: "転送されたメッセージ：\n\n",
    rows: &[From("差出人: "), Subject("件名: "), Date("日付: "), To("宛先: "), Cc("Cc: ")],
    gap: "\n",
    date: DateForm::HalfDayGmt,
    ..GMAIL_WEB
};

/// Yahoo! JAPAN: a space before each label.
pub const YAHOO_JAPAN: Layout = Layout {
    name: "yahoo-japan-leading-space",
    above: "----- Original Message -----\n",
    rows: &[From(" From: "), To(" To: "), Cc(" Cc: "), Date(" Date: "), Subject(" Subject: ")],
    gap: "\n",
    date: DateForm::SlashesAndWeekday,
    mailbox: MailboxForm::QuotedName,
    ..GMAIL_WEB
};

/// Roundcube, Japanese.
pub const ROUNDCUBE: Layout = Layout {
    name: "roundcube",
    above: "-------- 元のメッセージ --------\n",
    rows: &[Subject("件名: "), Date("日付: "), From("発信者: "), To("宛先: "), Cc("写し(Cc): ")],
    gap: "\n",
    date: DateForm::Hyphens,
    ..GMAIL_WEB
};

/// A bare quote: no attribution, no header line. What a reader can know is only the text.
pub const BARE_QUOTE: Layout =
    Layout { name: "quote-without-attribution", above: "", rows: &[], gap: "", quote: Quote::Body, prefix: "Re: ", ..GMAIL_WEB };

/// Every client whose forward states at least the sender and the subject.
pub const WHOLE: &[Layout] = &[
    GMAIL_WEB,
    Layout {
        name: "gmail-web-english-labels",
        rows: &[From("From: "), Date("Date: "), Subject("Subject: "), To("To: "), Cc("Cc: ")],
        ..GMAIL_WEB
    },
    Layout { name: "gmail-web-address-wrapped-after-angle", mailbox: MailboxForm::Wrapped, ..GMAIL_WEB },
    Layout {
        name: "gmail-english-account",
        above: "---------- Forwarded message ----------\n",
        rows: &[From("From: "), Date("Date: "), Subject("Subject: "), To("To: "), Cc("Cc: ")],
        date: DateForm::EnglishAt,
        ..GMAIL_WEB
    },
    Layout {
        name: "gmail-android-spaced-separator",
        above: "---------- 転送メッセージ ----------\n",
        rows: &[From("From: "), Date("日付: "), Subject("件名: "), To("To: "), Cc("Cc: ")],
        ..GMAIL_WEB
    },
    Layout {
        name: "gmail-android-tight-separator",
        above: "----------転送メッセージ----------\n",
        rows: &[From("From: "), Date("日付: "), Subject("件名: "), To("To: "), Cc("Cc: ")],
        ..GMAIL_WEB
    },
    Layout {
        name: "gmail-ios",
        above: "---------- 転送されたメッセージ ----------\n",
        rows: &[From("From: "), Date("日付: "), Subject("件名: "), To("To: "), Cc("Cc: ")],
        date: DateForm::WeekdaySpaced,
        ..GMAIL_WEB
    },
    OUTLOOK_WINDOWS,
    Layout { name: "outlook-windows-with-underscore-rule", above: RULE, ..OUTLOOK_WINDOWS },
    Layout { name: "outlook-windows-date-without-weekday", date: DateForm::NoWeekday, ..OUTLOOK_WINDOWS },
    Layout {
        name: "outlook-windows-importance-and-attachments",
        rows: &[
            From("差出人: "),
            Date("送信日時: "),
            To("宛先: "),
            Cc("CC: "),
            Subject("件名: "),
            Line("添付ファイル: 自己宣言の手引き.pdf"),
            Line("重要度: 高"),
        ],
        date: DateForm::WeekdaySpaced,
        ..OUTLOOK_WINDOWS
    },
    Layout {
        name: "outlook-windows-english-labels-without-separator",
        rows: OUTLOOK_ENGLISH_ROWS,
        date: DateForm::EnglishLong,
        ..OUTLOOK_WINDOWS
    },
    Layout {
        name: "outlook-windows-english-labels-with-rule",
        above: RULE,
        rows: OUTLOOK_ENGLISH_ROWS,
        date: DateForm::EnglishLong,
        ..OUTLOOK_WINDOWS
    },
    Layout {
        name: "outlook-plain-text-japanese",
        above: "-----元のメッセージ-----\n",
        mailbox: MailboxForm::SquareMailto,
        date: DateForm::WeekdayInFull,
        ..OUTLOOK_WINDOWS
    },
    Layout {
        name: "outlook-plain-text-english",
        above: "-----Original Message-----\n",
        rows: &[From("From: "), Date("Sent: "), To("To: "), Cc("Cc: "), Subject("Subject: "), Line("Importance: High")],
        mailbox: MailboxForm::SquareMailto,
        date: DateForm::EnglishLong,
        ..OUTLOOK_WINDOWS
    },
    Layout {
        name: "outlook-plain-text-english-separator-japanese-labels",
        above: "-----Original Message-----\n",
        date: DateForm::WeekdayInFull,
        ..OUTLOOK_WINDOWS
    },
    OUTLOOK_WEB,
    Layout { name: "outlook-web-mailto-in-angles", mailbox: MailboxForm::AngleMailto, ..OUTLOOK_WEB },
    Layout {
        name: "outlook-new-bold-labels",
        above: RULE,
        rows: &[From("*差出人:* "), Date("*送信日時:* "), To("*宛先:* "), Cc("*CC:* "), Subject("*件名:* ")],
        ..OUTLOOK_WINDOWS
    },
    Layout { name: "outlook-mobile-ios", date: DateForm::WeekdaySpaced, ..OUTLOOK_WEB },
    Layout {
        name: "outlook-express-english",
        above: "----- Original Message ----- \n",
        rows: &[From("From: "), To("To: "), Cc("Cc: "), Date("Sent: "), Subject("Subject: ")],
        mailbox: MailboxForm::QuotedName,
        date: DateForm::EnglishLong,
        ..OUTLOOK_WINDOWS
    },
    THUNDERBIRD,
    Layout { name: "thunderbird-older-original-message", above: "-------- Original Message --------\n", ..THUNDERBIRD },
    APPLE_IOS,
    Layout {
        name: "apple-mail-ios-full-width-colons",
        above: "転送されたメッセージ：\n\n",
        rows: &[From("差出人： "), Date("日時： "), To("宛先： "), Subject("件名： ")],
        ..APPLE_IOS
    },
    Layout {
        name: "apple-mail-ios-bold-labels",
        above: "転送されたメッセージ:\n\n",
        rows: &[From("*差出人:* "), Date("*日時:* "), To("*宛先:* "), Subject("*件名:* ")],
        ..APPLE_IOS
    },
    APPLE_MACOS,
    Layout { name: "apple-mail-macos-quoted", above: "転送されたメッセージ：\n\n", quote: Quote::BlockAndBody, ..APPLE_MACOS },
    Layout {
        name: "apple-mail-macos-english-quoted",
        above: "Begin forwarded message:\n\n",
        rows: &[From("From: "), Subject("Subject: "), Date("Date: "), To("To: "), Cc("Cc: ")],
        date: DateForm::EnglishApple,
        quote: Quote::BlockAndBody,
        ..APPLE_MACOS
    },
    Layout {
        name: "apple-mail-macos-english-double-bold-labels",
        above: "Begin forwarded message:\n\n",
        rows: &[From("**From: **"), Subject("**Subject: **"), Date("**Date: **"), To("**To: **")],
        date: DateForm::EnglishApple,
        ..APPLE_MACOS
    },
    Layout {
        name: "apple-mail-macos-older-date-colon-before-zone",
        above: "Begin forwarded message:\n\n",
        rows: &[From("差出人: "), Date("日時: "), To("宛先: "), Subject("件名: ")],
        date: DateForm::ColonBeforeZone,
        quote: Quote::BlockAndBody,
        ..APPLE_MACOS
    },
    YAHOO_JAPAN,
    Layout {
        name: "becky-original-message-with-end-line",
        above: "---------------- Original Message ----------------\n",
        rows: &[From(" From:    "), To(" To:      "), Date(" Date:    "), Subject(" Subject: ")],
        below: "\n--------------------- Original Message Ends --------------------\n",
        date: DateForm::Rfc5322,
        prefix: "Fw: ",
        ..YAHOO_JAPAN
    },
    Layout {
        name: "becky-quoted-body",
        above: "----- Forwarded by 事務担当 -----\n",
        rows: &[From("From: "), To("To: "), Date("Date: "), Subject("Subject: ")],
        date: DateForm::Rfc5322,
        quote: Quote::Body,
        ..YAHOO_JAPAN
    },
    Layout {
        name: "android-email-without-date-line",
        above: "-------- 元のメッセージ --------\n",
        rows: &[Subject("件名: "), From("From: "), To("To: "), Cc("Cc: ")],
        gap: "\n",
        ..GMAIL_WEB
    },
    Layout {
        name: "k9-mail",
        above: "-------- 元メール --------\n",
        rows: &[From("差出人: "), Date("送信日: "), To("宛先: "), Cc("Cc: "), Subject("件名: ")],
        gap: "\n",
        date: DateForm::Rfc5322Comment,
        ..GMAIL_WEB
    },
    ROUNDCUBE,
    Layout {
        name: "zimbra-mistranslated-sent-label",
        above: "----- 転送メッセージ -----\n",
        rows: &[From("差出人： "), To("宛先： "), Cc("Cc： "), Date("送信済み： "), Subject("件名： ")],
        gap: "\n",
        date: DateForm::WeekdayInFull,
        ..GMAIL_WEB
    },
    Layout {
        name: "desknets-like-era-date",
        above: "--------- 転送メール ---------\n",
        rows: &[From("送信者 : "), Date("日時 : "), To("宛先 : "), Subject("件名 : ")],
        gap: "\n",
        date: DateForm::EraInFull,
        mailbox: MailboxForm::Angle,
        ..GMAIL_WEB
    },
    Layout {
        name: "groupware-spaced-labels-and-bullets",
        above: "----- 引用元メッセージ -----\n",
        rows: &[From("■差出人　：　"), Date("■日　時　：　"), To("■宛　先　：　"), Subject("■件　名　：　")],
        gap: "\n",
        date: DateForm::FullWidthDigits,
        mailbox: MailboxForm::FullWidth,
        ..GMAIL_WEB
    },
    Layout {
        name: "groupware-title-label-era-short",
        above: "---- 転送メッセージ ----\n",
        rows: &[From("送信元:"), Date("受信日時:"), To("送信先:"), Subject("タイトル:")],
        gap: "\n",
        date: DateForm::EraShort,
        mailbox: MailboxForm::Parentheses,
        ..GMAIL_WEB
    },
    Layout {
        name: "hubspot-full-width-colon-without-space",
        above: "---------- メッセージを転送 ---------\n",
        rows: &[From("送信元："), Date("日付："), Subject("件名："), To("送信先："), Cc("CC：")],
        gap: "\n",
        date: DateForm::WeekdayInFullWithZone,
        ..GMAIL_WEB
    },
    Layout {
        name: "kmail-two-spaces-and-end-line",
        above: "----------  Forwarded Message  ----------\n\n",
        rows: &[Subject("Subject: "), Date("Date: "), From("From: "), To("To: "), Cc("CC: ")],
        gap: "\n",
        below: "\n-----------------------------------------\n",
        date: DateForm::Rfc5322,
        ..GMAIL_WEB
    },
    Layout {
        name: "evolution",
        above: "-------- 転送するメッセージ --------\n",
        rows: &[From("差出人: "), To("宛先: "), Cc("Cc: "), Subject("件名: "), Date("日付: ")],
        gap: "\n",
        date: DateForm::Rfc5322,
        prefix: "[Fwd: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "date-day-and-month-cannot-be-told-apart",
        above: "----- 転送メール -----\n",
        rows: &[From("From: "), Date("Date: "), To("To: "), Subject("Subject: ")],
        gap: "\n",
        date: DateForm::Ambiguous,
        ..GMAIL_WEB
    },
];

/// Clients that write the sender into a sentence and give no subject.
pub const ATTRIBUTIONS: &[Layout] = &[
    Layout {
        name: "outlook-mac-attribution-only",
        above: "",
        rows: &[DateThenSender("On ", ", ", " wrote:")],
        gap: "\n",
        date: DateForm::EnglishAt,
        mailbox: MailboxForm::QuotedName,
        quote: Quote::IndentedBody,
        ..OUTLOOK_WINDOWS
    },
    Layout {
        name: "reply-quote-gmail-attribution",
        above: "",
        rows: &[DateThenSender("", " ", ":")],
        gap: "\n",
        quote: Quote::Body,
        prefix: "Re: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "reply-quote-apple-attribution",
        above: "",
        rows: &[DateThenSender("", "、", "のメール:")],
        gap: "\n",
        date: DateForm::NoWeekday,
        quote: Quote::Body,
        prefix: "Re: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "reply-quote-written-by-attribution",
        above: "",
        rows: &[DateThenSender("", " に ", " さんは書きました:")],
        gap: "",
        date: DateForm::Hyphens,
        quote: Quote::Body,
        prefix: "Re: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "reply-quote-sender-before-date-attribution",
        above: "",
        rows: &[SenderThenDate("", " さんは ", " に書きました:")],
        gap: "",
        date: DateForm::NoWeekday,
        quote: Quote::Body,
        prefix: "Re: ",
        ..GMAIL_WEB
    },
    Layout {
        name: "reply-quote-sender-only-attribution",
        above: "",
        rows: &[Sender("", " wrote:")],
        gap: "",
        quote: Quote::Body,
        prefix: "Re: ",
        ..GMAIL_WEB
    },
];
