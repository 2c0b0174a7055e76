//! How mail clients write a forwarded mail into a text body.
//!
//! A client is a row of data ([`Layout`]), not code: adding one is adding a constant to `layout/clients.rs`.
//! Promises: [`Layout::render`] gives the text together with what it still says of the original.
//! Rejected: one function a client; forty functions would hide that the clients differ in a handful of choices.

use super::letter::{Carried, Letter, Mailbox, Seen};
use super::moment::DateForm;

pub mod abroad;
pub mod catalogue;
pub mod clients;

/// One client's way.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// For file names: which client, and what is special.
    pub name: &'static str,
    /// Lines between the forwarder's words and the header block, each with its line end.
    pub above: &'static str,
    /// The header block.
    pub rows: &'static [Row],
    /// Between the header block and the body.
    pub gap: &'static str,
    /// What follows the body.
    pub below: &'static str,
    /// How mailboxes are written.
    pub mailbox: MailboxForm,
    /// How dates are written.
    pub date: DateForm,
    /// What is quoted.
    pub quote: Quote,
    /// Whether the header block has line ends.
    pub block: Block,
    /// What the client puts before the subject.
    pub prefix: &'static str,
    /// What stands between two recipients.
    pub between: &'static str,
}

/// One line of a header block: the text before the value, colon and spaces included.
#[derive(Debug, Clone, Copy)]
pub enum Row {
    /// The sender.
    From(&'static str),
    /// The recipients.
    To(&'static str),
    /// Further recipients; the line is left out when there are none.
    Cc(&'static str),
    /// The subject.
    Subject(&'static str),
    /// The date.
    Date(&'static str),
    /// A line that says nothing that is extracted.
    Line(&'static str),
    /// A sentence that names date and sender: before the date, between, after the sender.
    DateThenSender(&'static str, &'static str, &'static str),
    /// A sentence that names the sender, then the date.
    SenderThenDate(&'static str, &'static str, &'static str),
    /// A sentence that names the sender only.
    Sender(&'static str, &'static str),
}

/// How a mailbox is written in a header block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxForm {
    /// `N <a@b>`
    Angle,
    /// `"N" <a@b>`
    QuotedName,
    /// `N [mailto:a@b]`
    SquareMailto,
    /// `N<mailto:a@b>`
    AngleMailto,
    /// `N (a@b)`
    Parentheses,
    /// `N ＜a＠b＞`
    FullWidth,
    /// `N <` and the address on the next line (78 columns)
    Wrapped,
    /// `N`
    NameOnly,
    /// `a@b`
    AddressOnly,
}

/// Which lines bear quote marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// None.
    Nothing,
    /// Header block and body.
    BlockAndBody,
    /// The body alone.
    Body,
    /// The body, indented by four spaces.
    IndentedBody,
}

/// Whether a header block has line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// One line a field.
    Lines,
    /// All on one line (the text part of Yahoo! Mail).
    OneLine,
}

/// A rendered forward.
#[derive(Debug, Clone)]
pub struct Inline {
    /// Separator, header block, body.
    pub text: String,
    /// What it says, at depth 1.
    pub seen: Seen,
}

impl Layout {
    /// Writes the letter as this client forwards it.
    #[must_use]
    pub fn render(&self, letter: &Letter) -> Inline {
        let mut seen = Seen {
            from: None,
            to: None,
            cc: None,
            subject: None,
            date: None,
            date_text: None,
            // Whether an indent of four spaces is a quote mark is the reader's taste.
            body: (self.quote != Quote::IndentedBody).then(|| letter.body.trim().to_owned()),
            carried: Carried::Inline,
            depth: 1,
        };
        let block: String = self.rows.iter().map(|row| self.line(*row, letter, &mut seen)).collect();
        let block = match self.block {
            Block::Lines => block,
            Block::OneLine => format!("{}\n", block.trim_end().replace('\n', " ")),
        };
        let text = match self.quote {
            Quote::Nothing => format!("{}{block}{}{}{}", self.above, self.gap, letter.body, self.below),
            Quote::BlockAndBody => format!("{}{}{}", self.above, quoted(&format!("{block}{}{}", self.gap, letter.body), "> "), self.below),
            Quote::Body => format!("{}{block}{}{}{}", self.above, self.gap, quoted(&letter.body, "> "), self.below),
            Quote::IndentedBody => format!("{}{block}{}{}{}", self.above, self.gap, quoted(&letter.body, "    "), self.below),
        };
        Inline { text, seen }
    }

    fn line(&self, row: Row, letter: &Letter, seen: &mut Seen) -> String {
        let mut date = || {
            let written = self.date.write(letter.sent);
            seen.date = written.meaning;
            seen.date_text = Some(written.text.clone());
            written.text
        };
        match row {
            Row::Line(text) => format!("{text}\n"),
            Row::Date(label) => format!("{label}{}\n", date()),
            Row::DateThenSender(before, between, after) => {
                let date = date();
                format!("{before}{date}{between}{}{after}\n", self.sender(letter, seen))
            }
            Row::SenderThenDate(before, between, after) => {
                let date = date();
                format!("{before}{}{between}{date}{after}\n", self.sender(letter, seen))
            }
            Row::Sender(before, after) => format!("{before}{}{after}\n", self.sender(letter, seen)),
            Row::From(label) => format!("{label}{}\n", self.sender(letter, seen)),
            Row::To(label) => {
                seen.to = Some(letter.to.iter().map(|mailbox| self.mailbox.seen(mailbox)).collect());
                format!("{label}{}\n", self.list(&letter.to))
            }
            Row::Cc(_) if letter.cc.is_empty() => String::new(),
            Row::Cc(label) => {
                seen.cc = Some(letter.cc.iter().map(|mailbox| self.mailbox.seen(mailbox)).collect());
                format!("{label}{}\n", self.list(&letter.cc))
            }
            Row::Subject(label) => {
                seen.subject = Some(letter.subject.clone());
                format!("{label}{}\n", letter.subject)
            }
        }
    }

    fn sender(&self, letter: &Letter, seen: &mut Seen) -> String {
        seen.from = Some(self.mailbox.seen(&letter.from));
        self.mailbox.write(&letter.from)
    }

    fn list(&self, mailboxes: &[Mailbox]) -> String {
        mailboxes.iter().map(|mailbox| self.mailbox.write(mailbox)).collect::<Vec<_>>().join(self.between)
    }
}

impl MailboxForm {
    fn write(self, mailbox: &Mailbox) -> String {
        let (Some(name), Some(address)) = (&mailbox.name, &mailbox.address) else {
            return match (&mailbox.name, &mailbox.address) {
                (None, Some(address)) if self == Self::AddressOnly => address.clone(),
                (None, Some(address)) => format!("<{address}>"),
                (name, _) => name.clone().unwrap_or_default(),
            };
        };
        match self {
            Self::Angle => format!("{name} <{address}>"),
            Self::QuotedName => format!("\"{name}\" <{address}>"),
            Self::SquareMailto => format!("{name} [mailto:{address}]"),
            Self::AngleMailto => format!("{name}<mailto:{address}>"),
            Self::Parentheses => format!("{name} ({address})"),
            Self::FullWidth => format!("{name} ＜{}＞", address.replace('@', "＠")),
            Self::Wrapped => format!("{name} <\n{address}>"),
            Self::NameOnly => name.clone(),
            Self::AddressOnly => address.clone(),
        }
    }

    fn seen(self, mailbox: &Mailbox) -> Mailbox {
        match self {
            Self::NameOnly if mailbox.name.is_some() => Mailbox { name: mailbox.name.clone(), address: None },
            Self::AddressOnly if mailbox.address.is_some() => Mailbox { name: None, address: mailbox.address.clone() },
            _ => mailbox.clone(),
        }
    }
}

/// Each line after the mark; an empty line gets the mark without its trailing space.
#[must_use]
pub fn quoted(text: &str, mark: &str) -> String {
    let lines: Vec<String> =
        text.lines().map(|line| if line.is_empty() { mark.trim_end().to_owned() } else { format!("{mark}{line}") }).collect();
    lines.join("\n")
}
