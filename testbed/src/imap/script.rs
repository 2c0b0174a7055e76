//! The script: when the server misbehaves, and how.
//!
//! Promises: a new misbehaviour is one variant of [`What`] and its arm in [`What::effect`]; nothing else knows the list.
//! All rules that fire for a command apply: the first that replaces the answer wins, then the others bend the answer in their order.
//! Rejected: canned conversations; they break whenever the client sends one command more, and they cannot serve 20,000 messages.

use std::time::Duration;

use super::reply::{Attention, Cut, IdleEnd, Line, Piece, Reply, Then};

/// Which of the matching occasions count; they are counted from 1 over all connections that the rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    Always,
    Nth(usize),
    /// The first so many.
    First(usize),
    /// This one and all later ones.
    From(usize),
}

impl Occurrence {
    pub(crate) fn holds(self, count: usize) -> bool {
        match self {
            Self::Always => true,
            Self::Nth(number) => count == number,
            Self::First(number) => count <= number,
            Self::From(number) => count >= number,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Moment {
    Connect,
    Greeting,
    Command(String),
}

/// The occasion of a rule. Without further words: always, on every connection.
#[derive(Debug, Clone)]
pub struct When {
    moment: Moment,
    containing: Option<String>,
    occurrence: Occurrence,
    connection: Option<usize>,
}

impl When {
    /// The TCP connection stands; nothing was said, TLS has not begun.
    #[must_use]
    pub fn connect() -> Self {
        Self::at(Moment::Connect)
    }

    /// The server is about to greet.
    #[must_use]
    pub fn greeting() -> Self {
        Self::at(Moment::Greeting)
    }

    /// A command whose text after the tag begins with these words, whatever the case: `UID FETCH`, `UID FETCH 5`, `SELECT`, `DONE`.
    /// Words end where they end: `ID` is not `IDLE`. An empty text is any command.
    #[must_use]
    pub fn command(beginning: &str) -> Self {
        Self::at(Moment::Command(beginning.to_ascii_uppercase()))
    }

    fn at(moment: Moment) -> Self {
        Self { moment, containing: None, occurrence: Occurrence::Always, connection: None }
    }

    /// Only if the command also holds this text somewhere, such as `BODY.PEEK[]`.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_ascii_uppercase());
        self
    }

    #[must_use]
    pub fn nth(self, number: usize) -> Self {
        self.occurring(Occurrence::Nth(number))
    }

    #[must_use]
    pub fn occurring(mut self, occurrence: Occurrence) -> Self {
        self.occurrence = occurrence;
        self
    }

    /// Only on the n-th connection, counted from 1.
    #[must_use]
    pub fn on_connection(mut self, number: usize) -> Self {
        self.connection = Some(number);
        self
    }

    /// Makes the rule.
    #[must_use]
    pub fn then(self, what: What) -> Rule {
        Rule { when: self, what, matched: 0 }
    }

    fn matches(&self, occasion: Occasion<'_>, connection: usize) -> bool {
        let said = match (&self.moment, occasion) {
            (Moment::Connect, Occasion::Connect) | (Moment::Greeting, Occasion::Greeting) => true,
            (Moment::Command(beginning), Occasion::Command(text)) => {
                let text = text.to_ascii_uppercase();
                begins_with_words(&text, beginning) && self.containing.as_ref().is_none_or(|part| text.contains(part.as_str()))
            }
            _ => false,
        };
        said && self.connection.is_none_or(|number| number == connection)
    }
}

fn begins_with_words(text: &str, beginning: &str) -> bool {
    let ended = |character: char| !character.is_ascii_alphanumeric();
    match text.strip_prefix(beginning) {
        Some(rest) => beginning.chars().next_back().is_none_or(ended) || rest.chars().next().is_none_or(ended),
        None => false,
    }
}

/// One line of the script.
#[derive(Debug, Clone)]
pub struct Rule {
    when: When,
    what: What,
    matched: usize,
}

/// What is happening, for the script to judge.
#[derive(Clone, Copy)]
pub(super) enum Occasion<'text> {
    Connect,
    Greeting,
    Command(&'text str),
}

/// What the server does when a rule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The command is refused with a tagged NO and not carried out.
    No(String),
    /// The same with BAD.
    Bad(String),
    /// An untagged BYE instead of an answer, then an orderly end.
    Bye(String),
    /// Orderly end (with TLS: `close_notify`) after so many responses of the answer. The command was carried out.
    CutAfterLines(usize),
    /// Orderly end after so many octets of the answer. The command was carried out.
    CutAfterBytes(usize),
    /// Orderly end instead of an answer.
    Close,
    /// The connection is dropped instead of an answer; with TLS there is no `close_notify`.
    Abort,
    /// Never answers, never closes.
    Stall,
    /// These octets instead of an answer; the connection goes on.
    Garbage(Vec<u8>),
    /// IDLE: this message is delivered, and `EXISTS` sent, before the "+". Exchange does so.
    ExistsBeforePlus(Vec<u8>),
    /// IDLE: the tagged OK comes right after the "+", without a DONE.
    EndIdle,
    /// IDLE: BYE and an orderly end right after the "+".
    ByeInIdle,
    /// IDLE: an orderly end without a word right after the "+".
    CloseInIdle,
    /// IDLE: DONE is not answered.
    IgnoreDone,
    /// IDLE: new mail is not told.
    DeafIdle,
    /// IDLE: `* OK Still here` at this interval, as Dovecot does every two minutes.
    StillHere(Duration),
    /// SELECT, EXAMINE and STATUS do not name UIDNEXT (Courier, 163.com).
    OmitUidnext,
    /// SELECT, EXAMINE and STATUS name this UIDNEXT.
    LieUidnext(u32),
    /// SELECT, EXAMINE and STATUS do not name UIDVALIDITY.
    OmitUidvalidity,
    /// A warning just before the tagged line (RFC 3501 7.1.2).
    UntaggedNo(String),
    /// The tagged line with no data at all.
    EmptyOk,
    /// FETCH: NIL in place of every body.
    BodyNil,
    /// Flag changes without a UID, before the first response and after it.
    UnsolicitedFetch,
    /// FETCH of a body whose set holds this UID: NO, and nothing of the others either.
    NoForUid(u32),
    /// FETCH of anything whose answer holds this UID: NO, and nothing of the others either.
    NoWordOfUid(u32),
    /// So many responses, then a tagged NO.
    NoAfterLines(usize, String),
    /// FETCH: the response for this UID cannot be parsed. Listings, too: use [`When::containing`] to spare them.
    MalformedForUid(u32),
    /// FETCH: of more messages than this, only the last ones are told, the newest first, as RFC 9738 has it.
    MessageLimit(usize),
    /// The same, and a colleague has expunged: the limit is told in an untagged line.
    MessageLimitBesideExpunge(usize),
    /// FETCH: no literal is longer than this; the rest of the piece is left out.
    PiecesAtMost(usize),
    /// FETCH: pieces come without saying where they begin.
    PiecesWithoutOrigin,
    /// FETCH: announces a literal of so many octets in the first response that has one, and sends nothing more.
    HugeLiteral(u64),
    /// BYE in place of the greeting, then an orderly end.
    GreetingBye,
    /// This text after `* OK`.
    Greeting(String),
    /// The greeting says that the client is logged in already.
    Preauth,
}

type Bend = Box<dyn FnOnce(&mut Reply) + Send>;

enum Effect {
    Instead(Reply),
    Afterwards(Bend),
}

impl What {
    fn effect(self) -> Effect {
        match self {
            Self::No(text) => Effect::Instead(Reply::tagged(format!("NO {text}"))),
            Self::Bad(text) => Effect::Instead(Reply::tagged(format!("BAD {text}"))),
            Self::Bye(text) => Effect::Instead(bye(&text)),
            Self::GreetingBye => Effect::Instead(bye("Not now")),
            Self::Close => Effect::Instead(Reply::untagged(Vec::new()).then(Then::Close)),
            Self::Abort => Effect::Instead(Reply::untagged(Vec::new()).then(Then::Abort)),
            Self::Stall => Effect::Instead(Reply::untagged(Vec::new()).then(Then::Stall)),
            Self::Garbage(bytes) => Effect::Instead(Reply::untagged(vec![Line::raw(bytes)])),
            Self::Greeting(text) => afterwards(move |reply| reply.lines = vec![Line::text(format!("* OK {text}"))]),
            Self::Preauth => afterwards(|reply| {
                reply.lines = vec![Line::text("* PREAUTH Welcome back")];
                reply.greeted = super::reply::Greeted::Authenticated;
            }),
            Self::CutAfterLines(lines) => afterwards(move |reply| cut(reply, Cut::Lines(lines))),
            Self::CutAfterBytes(bytes) => afterwards(move |reply| cut(reply, Cut::Bytes(bytes))),
            Self::ExistsBeforePlus(bytes) => afterwards(move |reply| reply.idle.deliver_first = Some(bytes)),
            Self::EndIdle => afterwards(|reply| reply.idle.end = IdleEnd::TaggedOk),
            Self::ByeInIdle => afterwards(|reply| reply.idle.end = IdleEnd::Bye),
            Self::CloseInIdle => afterwards(|reply| reply.idle.end = IdleEnd::Close),
            Self::IgnoreDone => afterwards(|reply| reply.idle.to_done = Attention::Ignored),
            Self::DeafIdle => afterwards(|reply| reply.idle.to_news = Attention::Ignored),
            Self::StillHere(interval) => afterwards(move |reply| reply.idle.keepalive = Some(interval)),
            Self::OmitUidnext => afterwards(|reply| omit(reply, "UIDNEXT")),
            Self::OmitUidvalidity => afterwards(|reply| omit(reply, "UIDVALIDITY")),
            Self::LieUidnext(number) => afterwards(move |reply| retell(reply, "UIDNEXT", number)),
            Self::UntaggedNo(text) => afterwards(move |reply| reply.lines.push(Line::text(format!("* NO {text}")))),
            Self::EmptyOk => afterwards(|reply| reply.lines.clear()),
            Self::BodyNil => afterwards(|reply| reply.lines.iter_mut().for_each(without_bodies)),
            Self::UnsolicitedFetch => afterwards(|reply| {
                let told = || Line::text("* 1 FETCH (FLAGS (\\Seen))");
                reply.lines.insert(reply.lines.len().min(1), told());
                reply.lines.insert(0, told());
            }),
            Self::NoForUid(uid) => afterwards(move |reply| {
                if reply.bodies_asked.contains(&uid) {
                    *reply = Reply::tagged("NO [SERVERBUG] Message cannot be read");
                }
            }),
            Self::NoWordOfUid(uid) => afterwards(move |reply| {
                if reply.lines.iter().any(|line| line.uid == Some(uid)) {
                    *reply = Reply::tagged("NO Message cannot be read");
                }
            }),
            Self::NoAfterLines(lines, text) => afterwards(move |reply| {
                reply.lines.truncate(lines);
                reply.tagged = Some(format!("NO {text}"));
            }),
            Self::MalformedForUid(uid) => afterwards(move |reply| {
                for line in reply.lines.iter_mut().filter(|line| line.uid == Some(uid)) {
                    line.pieces = vec![Piece::Text(format!("* 1 FETCH (UID {uid} BODY[ }}{{ not IMAP").into_bytes())];
                }
            }),
            Self::MessageLimit(limit) => afterwards(move |reply| {
                if let Some(told) = limit_messages(reply, limit) {
                    reply.tagged = Some(format!("OK {told}"));
                }
            }),
            Self::MessageLimitBesideExpunge(limit) => afterwards(move |reply| {
                if let Some(told) = limit_messages(reply, limit) {
                    reply.lines.push(Line::text(format!("* NO {told}")));
                    reply.tagged = Some("OK [EXPUNGEISSUED] Some of the messages are gone".to_owned());
                }
            }),
            Self::PiecesAtMost(octets) => afterwards(move |reply| {
                for piece in reply.lines.iter_mut().flat_map(|line| &mut line.pieces) {
                    if let Piece::Literal(_, range) = piece {
                        range.end = range.end.min(range.start + octets);
                    }
                }
            }),
            Self::PiecesWithoutOrigin => afterwards(|reply| {
                for piece in reply.lines.iter_mut().flat_map(|line| &mut line.pieces) {
                    if let Piece::Text(text) = piece
                        && let Some(label) = text.windows(7).position(|window| window == b"BODY[]<")
                        && let Some(length) = text.iter().skip(label).position(|byte| *byte == b'>')
                    {
                        text.drain(label + 6..=label + length);
                    }
                }
            }),
            Self::HugeLiteral(length) => afterwards(move |reply| announce(reply, length)),
        }
    }
}

fn afterwards(bend: impl FnOnce(&mut Reply) + Send + 'static) -> Effect {
    Effect::Afterwards(Box::new(bend))
}

/// What the script wants of one answer.
#[derive(Default)]
pub(super) struct Effects {
    instead: Option<Reply>,
    afterwards: Vec<Bend>,
}

impl Effects {
    /// Asks every rule, and counts the matches.
    pub(super) fn of(rules: &mut [Rule], occasion: Occasion<'_>, connection: usize) -> Self {
        let mut effects = Self::default();
        for rule in rules.iter_mut().filter(|rule| rule.when.matches(occasion, connection)) {
            rule.matched += 1;
            if rule.when.occurrence.holds(rule.matched) {
                match rule.what.clone().effect() {
                    Effect::Instead(reply) => effects.instead = effects.instead.or(Some(reply)),
                    Effect::Afterwards(bend) => effects.afterwards.push(bend),
                }
            }
        }
        effects
    }

    /// Whether the command will be carried out at all.
    pub(super) fn carries_out(&self) -> bool {
        self.instead.is_none()
    }

    /// The answer: the script's own, or that of `perform`, bent.
    pub(super) fn applied(self, perform: impl FnOnce() -> Reply) -> Reply {
        let mut reply = self.instead.unwrap_or_else(perform);
        for bend in self.afterwards {
            bend(&mut reply);
        }
        reply
    }
}

fn bye(text: &str) -> Reply {
    Reply::untagged(vec![Line::text(format!("* BYE {text}"))]).then(Then::Close)
}

fn cut(reply: &mut Reply, cut: Cut) {
    reply.cut = Some(cut);
    reply.then = Then::Close;
}

fn without_bodies(line: &mut Line) {
    for piece in &mut line.pieces {
        if let Piece::Literal(..) = piece {
            *piece = Piece::Text(b"NIL".to_vec());
        }
    }
}

/// RFC 9738, 3.1: the highest numbers are told, in descending order, and the code names the last UID that was. Nothing within the limit.
fn limit_messages(reply: &mut Reply, limit: usize) -> Option<String> {
    if reply.lines.len() <= limit {
        return None;
    }
    reply.lines.drain(..reply.lines.len() - limit);
    reply.lines.reverse();
    let last = reply.lines.last().and_then(|line| line.uid).unwrap_or(0);
    Some(format!("[MESSAGELIMIT {limit} {last}] FETCH completed with {limit} partial results"))
}

fn announce(reply: &mut Reply, length: u64) {
    let is_literal = |piece: &Piece| matches!(piece, Piece::Literal(..));
    let Some(first) = reply.lines.iter().position(|line| line.pieces.iter().any(is_literal)) else { return };
    reply.lines.truncate(first + 1);
    if let Some(line) = reply.lines.last_mut() {
        let before = line.pieces.iter().position(is_literal).unwrap_or(0);
        line.pieces.truncate(before);
        line.pieces.push(Piece::Text(format!("{{{length}}}").into_bytes()));
    }
    reply.tagged = None;
    reply.then = Then::Stall;
}

/// `* OK [UIDNEXT 5]` goes; `* STATUS INBOX (MESSAGES 4 UIDNEXT 5)` loses the pair.
fn omit(reply: &mut Reply, item: &str) {
    let code = format!("[{item} ");
    reply.lines.retain(|line| !plain(line).contains(&code));
    for line in &mut reply.lines {
        let text = plain(line);
        if let Some((before, rest)) = around(&text, item) {
            let before = before.trim_end();
            let rest = if before.ends_with('(') { rest.trim_start() } else { rest };
            *line = Line::text(format!("{before}{rest}"));
        }
    }
}

fn retell(reply: &mut Reply, item: &str, number: u32) {
    for line in &mut reply.lines {
        let text = plain(line);
        if let Some((before, rest)) = around(&text, item) {
            *line = Line::text(format!("{before}{item} {number}{rest}"));
        }
    }
}

/// The text before an item and after its number.
fn around<'text>(text: &'text str, item: &str) -> Option<(&'text str, &'text str)> {
    let (before, after) = text.split_once(item)?;
    Some((before, after.strip_prefix(' ')?.trim_start_matches(|digit: char| digit.is_ascii_digit())))
}

/// The text of a line without literals; empty for others, which no item is looked for in.
fn plain(line: &Line) -> String {
    match line.pieces.as_slice() {
        [Piece::Text(text)] => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    }
}
