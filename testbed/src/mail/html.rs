//! Forwards as HTML, one shape a client family.
//!
//! Promises: the anchors (classes, ids, borders) are those that the clients write; the text says the same as a [`Letter`].
//! Rejected: real clients' complete markup with its style sheets; it would be somebody else's text and forty kilobytes a mail.

use super::letter::{Carried, Letter, Mailbox, Seen};
use super::moment::DateForm;

/// A client that forwards in HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HtmlClient {
    /// `div.gmail_quote` with `div.gmail_attr`.
    Gmail,
    /// A bordered `div`, each label in bold.
    OutlookWindows,
    /// `div#divRplyFwdMsg`.
    OutlookWeb,
    /// `blockquote type="cite"`.
    Apple,
    /// `div.moz-forward-container` with a table.
    Thunderbird,
}

impl HtmlClient {
    /// The whole document and what it says.
    #[must_use]
    pub fn render(self, message: &str, letter: &Letter) -> (String, Seen) {
        let (date_form, inner): (DateForm, fn(&Letter, &str) -> String) = match self {
            Self::Gmail => (DateForm::WeekdayInParentheses, gmail),
            Self::OutlookWindows => (DateForm::WeekdayInFull, outlook_windows),
            Self::OutlookWeb => (DateForm::WeekdayInFull, outlook_web),
            Self::Apple => (DateForm::HalfDayJst, apple),
            Self::Thunderbird => (DateForm::Rfc5322, thunderbird),
        };
        let date = date_form.write(letter.sent);
        let above = match self {
            Self::Gmail => format!("<div dir=\"ltr\">{}</div>", lines(message)),
            Self::OutlookWindows => format!("<div class=\"WordSection1\">{}</div>", paragraphs(message)),
            _ => format!("<div>{}</div>", lines(message)),
        };
        let document = format!(
            "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\"></head><body>\n{above}\n{}\n</body></html>\n",
            inner(letter, &date.text)
        );
        let body = match self {
            // Word's paragraphs and table cells leave the number of empty lines to the reader.
            Self::OutlookWindows => None,
            _ => Some(letter.body.clone()),
        };
        let mut seen = letter.seen(Carried::Inline);
        (seen.date, seen.date_text, seen.body) = (date.meaning, Some(date.text), body);
        (document, seen)
    }
}

/// Text as HTML with `<br>` at each line end.
#[must_use]
pub fn lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("<br>\n")
}

/// The five characters that HTML reserves.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn paragraphs(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.is_empty() {
                "<p class=\"MsoNormal\">&nbsp;</p>".to_owned()
            } else {
                format!("<p class=\"MsoNormal\">{}</p>", escape(line))
            }
        })
        .collect()
}

fn linked(mailbox: &Mailbox) -> String {
    let address = escape(mailbox.address.as_deref().unwrap_or_default());
    let name = escape(mailbox.name.as_deref().unwrap_or_default());
    format!("{name} &lt;<a href=\"mailto:{address}\">{address}</a>&gt;")
}

fn plain(mailbox: &Mailbox) -> String {
    format!("{} &lt;{}&gt;", escape(mailbox.name.as_deref().unwrap_or_default()), escape(mailbox.address.as_deref().unwrap_or_default()))
}

fn all(mailboxes: &[Mailbox], write: fn(&Mailbox) -> String) -> String {
    mailboxes.iter().map(write).collect::<Vec<_>>().join(", ")
}

fn gmail(letter: &Letter, date: &str) -> String {
    let from = &letter.from;
    let (name, address) = (escape(from.name.as_deref().unwrap_or_default()), escape(from.address.as_deref().unwrap_or_default()));
    format!(
        "<br><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">---------- Forwarded message ---------<br>差出人: \
         <strong class=\"gmail_sendername\" dir=\"auto\">{name}</strong> <span dir=\"auto\">&lt;<a href=\"mailto:{address}\">{address}</a>&gt;</span><br>\
         Date: {date}<br>Subject: {}<br>To:  {}<br></div><br><br>{}</div>",
        escape(&letter.subject),
        all(&letter.to, linked),
        lines(&letter.body)
    )
}

fn outlook_windows(letter: &Letter, date: &str) -> String {
    format!(
        "<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0mm 0mm 0mm'><p class=\"MsoNormal\">\
         <b><span lang=\"JA\">差出人</span><span lang=\"EN-US\">:</span></b><span lang=\"EN-US\"> {}<br></span>\
         <b><span lang=\"JA\">送信日時</span>:</b> {date}<br><b><span lang=\"JA\">宛先</span>:</b> {}<br><b><span lang=\"JA\">件名</span>:</b> {}</p></div></div>\
         <p class=\"MsoNormal\">&nbsp;</p>{}",
        plain(&letter.from),
        all(&letter.to, plain),
        escape(&letter.subject),
        paragraphs(&letter.body)
    )
}

fn outlook_web(letter: &Letter, date: &str) -> String {
    format!(
        "<div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" tabindex=\"-1\">\
         <div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri, sans-serif\" style=\"font-size:11pt\" color=\"#000000\">\
         <b>差出人:</b> {}<br><b>送信日時:</b> {date}<br><b>宛先:</b> {}<br><b>件名:</b> {}</font><div>&nbsp;</div></div><div>{}</div>",
        plain(&letter.from),
        all(&letter.to, plain),
        escape(&letter.subject),
        lines(&letter.body)
    )
}

fn apple(letter: &Letter, date: &str) -> String {
    let row = |label: &str, value: &str| format!("<div><span><b>{label}: </b></span><span>{value}<br></span></div>");
    format!(
        "<div><br><blockquote type=\"cite\"><div>転送されたメッセージ:</div><br class=\"Apple-interchange-newline\">{}{}{}{}<br><div>{}</div></blockquote></div>",
        row("差出人", &linked(&letter.from)),
        row("件名", &escape(&letter.subject)),
        row("日時", date),
        row("宛先", &all(&letter.to, linked)),
        lines(&letter.body)
    )
}

fn thunderbird(letter: &Letter, date: &str) -> String {
    let row = |label: &str, value: &str| {
        format!("<tr><th valign=\"BASELINE\" align=\"RIGHT\" nowrap=\"nowrap\">{label}: </th><td>{value}</td></tr>\n")
    };
    format!(
        "<div class=\"moz-forward-container\"><br><br>-------- Forwarded Message --------\n\
         <table class=\"moz-email-headers-table\" cellspacing=\"0\" cellpadding=\"0\" border=\"0\"><tbody>\n{}{}{}{}</tbody></table><br><br>{}</div>",
        row("Subject", &escape(&letter.subject)),
        row("Date", date),
        row("From", &linked(&letter.from)),
        row("To", &all(&letter.to, linked)),
        lines(&letter.body)
    )
}
