//! Every client in every locale of the catalogue: the words are the product's tables, the ways of the clients are here.
//!
//! Promises: a row that is added to the tables is a style of the next run. A client writes its fields in its own order, with its own
//! colon, quote marks and gap, and its dates by turns as RFC 5322 has them and in the words of its language. Where the tables do not know
//! a client's word, it writes what most clients of its language do. Rejected: copies of the words; the Japanese clients of `clients.rs`
//! have their own, and show a wrong table, while a hundred languages copied twice would only be wrong twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use super::Row::{Cc, Date, From, Subject, To};
use super::{Block, DateForm, Layout, MailboxForm, Quote, Row};
use crate::mail::local_date::{Shown, is_known};

const LABELS: &str = include_str!("../../../../src/desk/original/labels.tsv");
const SEPARATORS: &str = include_str!("../../../../src/desk/original/separators.tsv");

/// A client set to a language.
#[derive(Debug, Clone)]
pub struct Style {
    /// As the tables name it.
    pub client: &'static str,
    /// As the client names it; `*` where it writes the same everywhere.
    pub locale: &'static str,
    /// The words of each field, as many as the client has used.
    pub labels: BTreeMap<&'static str, Vec<&'static str>>,
    /// The lines above a forward; none where the client writes none.
    pub begins: Vec<&'static str>,
    /// The lines below it.
    pub ends: Vec<&'static str>,
}

/// How a client writes: `F`rom, `D`ate, `S`ubject, `T`o, `C`c in its order, and what stands between label and value.
struct Way {
    client: &'static str,
    order: &'static str,
    colon: &'static str,
    date: DateForm,
    mailbox: MailboxForm,
    quote: Quote,
    block: Block,
}

const fn way(client: &'static str, order: &'static str) -> Way {
    Way { client, order, colon: ": ", date: DateForm::Rfc5322, mailbox: MailboxForm::Angle, quote: Quote::Nothing, block: Block::Lines }
}

const WAYS: &[Way] = &[
    way("AOL", "FTCDS"),
    way("Android Email", "SFTC"),
    Way { quote: Quote::BlockAndBody, ..way("Apple Mail", "FSDTC") },
    way("Becky!", "FTDS"),
    way("BlackBerry", "FTDS"),
    way("Evolution", "FTCSD"),
    way("FairEmail", "FTCDS"),
    way("Gmail", "FDSTC"),
    Way { date: DateForm::WeekdayInParentheses, ..way("Gmail for Android", "FDSTC") },
    Way { date: DateForm::WeekdayInParentheses, ..way("Gmail for iOS", "FDSTC") },
    way("Gnus", "FSTCD"),
    way("HCL Notes", "FTCDS"),
    way("Horde IMP", "DFSTC"),
    way("HubSpot", "FDSTC"),
    way("IONOS", "FTCDS"),
    way("K-9 Mail", "FDTCS"),
    way("KMail", "SDFTC"),
    way("MailMate", "FTCSD"),
    way("Mail.ru", "FTDS"),
    way("Mailspring", "FSDTC"),
    Way { quote: Quote::BlockAndBody, ..way("Missive", "FDSTC") },
    Way { date: DateForm::WeekdayInFull, ..way("Outlook", "FDTCS") },
    way("Outlook 2019", "FDTCS"),
    Way { date: DateForm::EnglishLong, ..way("Outlook 365", "FDTCS") },
    way("Proton Mail", "FDSTC"),
    way("ReplyWithHeader", "FDTCS"),
    Way { date: DateForm::Hyphens, ..way("Roundcube", "SDFTC") },
    Way { date: DateForm::NoWeekday, ..way("SOGo", "SDFTC") },
    Way { date: DateForm::Slashes, ..way("Shuriken", "FTDS") },
    way("SnappyMail", "FTCDS"),
    way("Sylpheed", "DFTCS"),
    Way { colon: ": \t", ..way("Thunderbird", "SDFTC") },
    Way { colon: ": \t", ..way("Thunderbird before 24", "SDFT") },
    Way { date: DateForm::Slashes, colon: " : ", ..way("Webmail of Japan", "FDTCS") },
    Way { mailbox: MailboxForm::QuotedName, date: DateForm::EnglishLong, ..way("Windows Live Mail", "FTCDS") },
    Way { mailbox: MailboxForm::QuotedName, date: DateForm::SlashesAndWeekday, ..way("Yahoo! JAPAN", "FTCDS") },
    Way { block: Block::OneLine, ..way("Yahoo Mail", "FTCDS") },
    Way { mailbox: MailboxForm::QuotedName, ..way("Zimbra", "FTCDS") },
    way("mutt", "DFTCS"),
];

/// Every client and locale of the tables, in the order of the names.
#[must_use]
pub fn styles() -> Vec<Style> {
    let mut found: BTreeMap<(&str, &str), Style> = BTreeMap::new();
    for (field, label, client, locales) in rows(LABELS) {
        for locale in locales.split(' ') {
            let style = found.entry((client, locale)).or_insert_with(|| Style::of(client, locale));
            style.labels.entry(field).or_default().push(label);
        }
    }
    for (kind, line, client, locales) in rows(SEPARATORS) {
        let is_known = found.keys().any(|(known, _)| *known == client);
        for locale in locales.split(' ').filter(|locale| *locale != "*" || !is_known) {
            found.entry((client, locale)).or_insert_with(|| Style::of(client, locale));
        }
        let named: BTreeSet<&str> = locales.split(' ').collect();
        for style in found.values_mut().filter(|style| style.client == client && (named.contains("*") || named.contains(style.locale))) {
            if kind == "ends" { style.ends.push(line) } else { style.begins.push(line) }
        }
    }
    found.into_values().collect()
}

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut cells = line.split('\t');
        Some((cells.next()?, cells.next()?, cells.next()?, cells.next()?))
    })
}

/// What most clients of a language write: by field and language.
static USUAL: LazyLock<HashMap<(&str, &str), &str>> = LazyLock::new(|| {
    let mut clients: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (field, label, client, locales) in rows(LABELS) {
        for locale in locales.split(' ') {
            clients.entry((field, language(locale), label)).or_default().insert(client);
        }
    }
    let mut usual: HashMap<(&str, &str), (&str, usize)> = HashMap::new();
    for ((field, language, label), clients) in clients {
        let most = usual.entry((field, language)).or_insert((label, 0));
        if clients.len() > most.1 {
            *most = (label, clients.len());
        }
    }
    usual.into_iter().map(|(place, (label, _))| (place, label)).collect()
});

/// `pt-BR` is Portuguese. A client that writes the same everywhere writes English.
fn language(locale: &str) -> &str {
    if locale == "*" { "en" } else { locale.split(['-', '_', '@']).next().unwrap_or(locale) }
}

impl Style {
    const fn of(client: &'static str, locale: &'static str) -> Self {
        Self { client, locale, labels: BTreeMap::new(), begins: Vec::new(), ends: Vec::new() }
    }

    /// The client's layout, with one of its labels, separators and date forms chosen by `turn`. `None` where it is no client.
    #[must_use]
    pub fn layout(&self, turn: usize) -> Option<Layout> {
        let way = WAYS.iter().find(|way| way.client == self.client)?;
        // Gmail translates the sender's label only, and what nobody has translated stands in English.
        let languages = if self.client == "Gmail" { ["en"; 2] } else { [language(self.locale), "en"] };
        let label = |field: &str| {
            let word = match self.labels.get(field) {
                Some(own) => own.get(turn % own.len()),
                None => languages.iter().find_map(|language| USUAL.get(&(field, *language))),
            }?;
            Some(kept(format!("{word}{}", way.colon)))
        };
        let rows: Vec<Row> = way
            .order
            .chars()
            .filter_map(|field| match field {
                'F' => label("from").map(From),
                'D' => label("date").map(Date),
                'S' => label("subject").map(Subject),
                'T' => label("to").map(To),
                _ => label("cc").map(Cc),
            })
            .collect();
        let line = |lines: &[&'static str]| lines.get(turn % lines.len().max(1)).map(|line| line.replace("%s", "山之端 太郎"));
        let is_japanese = self.locale.starts_with("ja") || self.locale == "*";
        let date = match (is_japanese, turn % 3) {
            // A Japanese form in a French mail is nobody's.
            (true, _) => way.date,
            (false, 1) if is_known(self.locale) => DateForm::Local(self.locale, Shown::WeekdayAndMinute),
            (false, 2) if is_known(self.locale) => DateForm::Local(self.locale, Shown::Second),
            (false, _) => DateForm::Rfc5322,
        };
        Some(Layout {
            name: kept(format!("{} {}", self.client, self.locale)),
            above: kept(line(&self.begins).map_or_else(String::new, |line| format!("{line}\n"))),
            rows: Box::leak(rows.into_boxed_slice()),
            gap: "\n",
            below: kept(line(&self.ends).map_or_else(String::new, |line| format!("\n{line}\n"))),
            mailbox: way.mailbox,
            date,
            quote: way.quote,
            block: way.block,
            prefix: "Fwd: ",
            between: ", ",
        })
    }
}

/// Layouts are constants elsewhere; those of the tables are made once a run and kept.
fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// `docs/forwards.md`: what is recognised, per client and locale.
#[must_use]
pub fn document() -> String {
    let mut text = String::from(HEADING);
    let styles = styles();
    let clients: BTreeSet<&str> = styles.iter().map(|style| style.client).collect();
    for client in clients {
        text.push_str(&format!("\n## {client}\n\n| locale | From | Date | Subject | To | Cc | line above | line below |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n"));
        for style in styles.iter().filter(|style| style.client == client) {
            let cells = ["from", "date", "subject", "to", "cc"].map(|field| shown(style.labels.get(field)));
            let lines = [shown(Some(&style.begins)), shown(Some(&style.ends))];
            text.push_str(&format!("| {} | {} | {} |\n", style.locale, cells.join(" | "), lines.join(" | ")));
        }
    }
    text
}

const HEADING: &str = "# Forwards that are recognised\n\n\
    Written by `make forwards` from `src/desk/original/labels.tsv` and `separators.tsv`; `tests/docs.rs` holds it to them.\n\n\
    A forward is recognised by its header block: From and Date or Subject, in whatever order, of one client and language or mixed; a line\n\
    above it only adds to that. So these tables say which words are known, not which clients: a client that is not listed is read, too, if it\n\
    writes any of these labels. `*` is every language; `%s` stands for a name. Attribution lines (`On … wrote:`) are in\n\
    `src/desk/original/attributions.tsv`.\n\n\
    Labels are compared without regard to width, case, spaces, stars of bold text and the kind of colon; separators by their words alone.\n\
    A label of one letter counts only inside a block of its language; a label that means two fields is decided by the block.\n";

fn shown(words: Option<&Vec<&'static str>>) -> String {
    words.map(|words| words.iter().map(|word| code(word)).collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

fn code(word: &str) -> String {
    let visible: String = word.chars().filter(|character| !matches!(character, '\u{200B}'..='\u{200F}' | '\u{AD}')).collect();
    format!("`` {} ``", visible.replace('|', "\\|"))
}
