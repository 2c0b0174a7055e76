//! Whatever original goes through whichever client's forward, in whatever charset holds it, comes back exactly.
//!
//! Every Japanese client's layout, and every client and locale of the catalogue; a new row of the tables is in the next run.
//! The seed is printed, and `UKETSUKE_SEED` sets it: a failure can be repeated. Rejected: comparing with a stored result; the writer
//! knows what it wrote.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "a test states facts; one that does not hold may panic"
)]

use std::collections::BTreeSet;

use testbed::mail::encode::{ABROAD, Charset, Transfer};
use testbed::mail::entity::Entity;
use testbed::mail::layout::{Inline, MailboxForm, Quote, abroad, catalogue, clients};
use testbed::mail::letter::{Letter, Mailbox};
use testbed::mail::local_date::{Shown, is_known};
use testbed::mail::moment::{DateForm, Moment};
use testbed::mail::{Layout, Random};
use uketsuke::config::shipped_rules;
use uketsuke::desk::original::Original;
use uketsuke::desk::rules::Rules;
use uketsuke::desk::words::{Carried, FindingCode};
use uketsuke::desk::{self, Reading};

/// At least so many originals a run.
const CASES: usize = 2_400;

/// Words of several scripts; none of them is a header label or a separator.
const WORDS: [&[&str]; 11] = [
    &["介護", "施設", "申込", "完了", "番号", "①", "㈱", "ﾃｽﾄ", "確認しました。", "～", "「例」"],
    &["report", "meeting", "Tuesday", "a-b", "x_y", "50%", "e.g.", "(draft)", "#7", "=", "**", "it’s", "“so”", "–"],
    &["отчёт", "завтра", "спасибо"],
    &["報告", "明天", "謝謝"],
    &["报告", "明天", "谢谢"],
    &["보고서", "내일", "감사"],
    &["báo", "cáo", "ngày", "😀", "é"],
    &["Grüße", "für", "naïve", "été", "garçon", "señor", "über"],
    &["příště", "żółw", "Škoda", "őr"],
    &["αναφορά", "αύριο"],
    &["รายงาน", "พรุ่งนี้"],
];

/// The script of a mail; half of them mix all.
type Script = Option<&'static [&'static str]>;

fn phrase(random: &mut Random, script: Script, most: u64) -> String {
    let script = script.or_else(|| random.choose(&WORDS).copied()).unwrap_or_default();
    let count = 1 + random.below(most);
    (0..count).map(|_| random.pick(script)).collect::<Vec<_>>().join(" ")
}

fn body(random: &mut Random, script: Script) -> String {
    let mut lines: Vec<String> =
        (0..=random.below(9)).map(|_| if random.below(4) == 0 { String::new() } else { phrase(random, script, 6) }).collect();
    // The first and the last line are seen; what is empty there, nobody can tell from the gap.
    lines.insert(0, format!("{} begins", random.digits(4)));
    lines.push(format!("{} ends", random.digits(4)));
    lines.join("\n")
}

fn mailbox(random: &mut Random, script: Script) -> Mailbox {
    let names = ["山之端 太郎", "Hana Tanaka", "事務局", "Отдел", "Nguyen Van A", "李小龙"];
    let domains = ["example.co.jp", "example.jp", "mail.example.jp"];
    let name = if script.is_some() { "Hana Tanaka" } else { random.pick(&names) };
    Mailbox::new(name, &format!("u{}@{}", random.digits(3), random.pick(&domains)))
}

fn letter_of(random: &mut Random, script: Script) -> Letter {
    Letter {
        from: mailbox(random, script),
        to: (0..=random.below(3)).map(|_| mailbox(random, script)).collect(),
        cc: (0..random.below(3)).map(|_| mailbox(random, script)).collect(),
        subject: phrase(random, script, 7),
        sent: Moment::japan(1_775_001_600 + i64::try_from(random.below(15_000_000)).unwrap_or(0)),
        body: body(random, script),
        message_id: "<original@example.jp>".to_owned(),
    }
}

fn same(found: Option<&uketsuke::desk::text::address::Mailbox>, written: Option<&Mailbox>) -> bool {
    found.map(|mailbox| (mailbox.name.as_deref(), mailbox.address.as_deref()))
        == written.map(|mailbox| (mailbox.name.as_deref(), mailbox.address.as_deref()))
}

fn differences(found: &Original, inline: &Inline, layout: &Layout) -> Vec<String> {
    let seen = &inline.seen;
    let mut wrong = Vec::new();
    if !same(found.from.as_ref(), seen.from.as_ref()) {
        wrong.push(format!("from {:?}, wrote {:?}", found.from, seen.from));
    }
    for (field, found, written) in [("to", found.to.mailboxes(), &seen.to), ("cc", found.cc.mailboxes(), &seen.cc)] {
        let written = written.clone().unwrap_or_default();
        if found.len() != written.len() || !found.iter().zip(&written).all(|(found, written)| same(Some(found), Some(written))) {
            wrong.push(format!("{field} {found:?}, wrote {written:?}"));
        }
    }
    if found.subject != seen.subject {
        wrong.push(format!("subject {:?}, wrote {:?}", found.subject, seen.subject));
    }
    let date = found.date.as_ref().map(desk::text::date::Dated::rfc3339);
    let is_excused = date.is_none() && matches!(layout.date, DateForm::Local(..)) && seen.date_text.as_deref().is_some_and(is_ambiguous);
    if date != seen.date && !is_excused {
        wrong.push(format!("date {date:?}, wrote {:?} as {:?}", seen.date, seen.date_text));
    }
    if layout.quote != Quote::IndentedBody && seen.body.as_deref() != Some(found.body.as_str()) {
        wrong.push(format!("body {:?}, wrote {:?}", found.body, seen.body));
    }
    wrong
}

/// Every layout that says all that is compared, the catalogue's with a label and a separator by turns.
fn layouts(turn: usize) -> Vec<Layout> {
    // Names alone say less than was written, and a day that may be a month is another test's matter.
    let is_exact = |layout: &Layout| layout.mailbox != MailboxForm::NameOnly && layout.date != DateForm::Ambiguous;
    let own = clients::WHOLE.iter().chain(abroad::ABROAD).copied();
    let styles = catalogue::styles();
    own.chain(styles.iter().filter_map(|style| style.layout(turn))).filter(is_exact).collect()
}

/// A client that has no way of its own in the testbed would be left out without a word.
#[test]
fn every_client_of_the_catalogue_writes_its_forward() {
    let without = catalogue::styles().into_iter().filter(|style| style.layout(0).is_none());
    let without: Vec<String> = without.map(|style| format!("{} {}", style.client, style.locale)).collect();
    assert_eq!(without, ["any (header fields as sent) *"]);
}

/// A charset that holds the text: one of the classic ones of Japan, of another country, or UTF-8.
fn charset(random: &mut Random, text: &str) -> Charset {
    let classic = [Charset::Utf8, Charset::Iso2022Jp, Charset::ShiftJis, Charset::EucJp];
    let all = classic.into_iter().chain(ABROAD.iter().copied().map(Charset::Other));
    let holding: Vec<Charset> =
        all.filter(|charset| charset.holds(text) && charset.encoding().decode(&charset.encode(text)).0 == text).collect();
    random.choose(&holding).copied().unwrap_or(Charset::Utf8)
}

fn transfer(random: &mut Random, charset: Charset) -> Transfer {
    let choice =
        [if charset == Charset::Iso2022Jp { Transfer::SevenBit } else { Transfer::EightBit }, Transfer::Base64, Transfer::QuotedPrintable];
    random.choose(&choice).copied().unwrap_or(Transfer::Base64)
}

fn read(text: &str, charset: Charset, transfer: Transfer, rules: &Rules) -> Reading {
    let mut entity = Entity::text("plain", charset, transfer, text);
    let top = [("From", "taro@applicant.example.jp"), ("Subject", "x"), ("MIME-Version", "1.0")];
    entity.put_on_top(top.into_iter().map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect());
    desk::read(&entity.bytes(), rules)
}

#[test]
fn whatever_original_goes_through_a_clients_layout_comes_back_exactly() {
    let (mut random, seed) = Random::of_this_run();
    println!("UKETSUKE_SEED={seed}");
    let rules = shipped_rules().expect("the shipped rules are valid");
    let all = [layouts(0), layouts(1), layouts(2)].concat();
    assert!(all.len() > 2_700, "only {} layouts", all.len());
    let mut wrong = Vec::new();
    let mut charsets = std::collections::BTreeMap::new();
    for layout in all.iter().cycle().take(all.len().max(CASES)) {
        let script = if random.below(2) == 0 { None } else { random.choose(&WORDS).copied() };
        let original = letter_of(&mut random, script);
        let inline = layout.render(&original);
        let words = format!("{} above\n{} below", phrase(&mut random, script, 5), phrase(&mut random, script, 5));
        let text = format!("{words}\n\n{}\n", inline.text);
        let charset = charset(&mut random, &text);
        let transfer = transfer(&mut random, charset);
        *charsets.entry(charset.label()).or_insert(0) += 1;
        let reading = read(&text, charset, transfer, &rules);
        if reading.findings.iter().any(|finding| finding.code == FindingCode::Illegible) {
            wrong.push(format!("{}: illegible in {charset:?} {transfer:?}\n{text}", layout.name));
            continue;
        }
        let [found] = reading.originals.as_slice() else {
            wrong.push(format!("{}: {} originals in {charset:?}\n{text}", layout.name, reading.originals.len()));
            continue;
        };
        assert_eq!((found.carried, found.depth), (Carried::Inline, 1), "{}", layout.name);
        let mut differs = differences(found, &inline, layout);
        if reading.message != words {
            differs.push(format!("message {:?}, wrote {words:?}", reading.message));
        }
        if !differs.is_empty() {
            wrong.push(format!("{} in {charset:?} {transfer:?}:\n{}\nin\n{text}", layout.name, differs.join("\n")));
        }
    }
    println!("{} originals, {charsets:?}", all.len().max(CASES));
    let shown: Vec<&str> = wrong.iter().take(20).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), shown.join("\n=======\n"));
}

/// Whether nobody can tell what a date in words means, or the same words are another date elsewhere.
fn is_ambiguous(written: &str) -> bool {
    // October in Croatia, November in Poland. `At` in Wales, or the morning.
    let is_two_things = written.contains(" listopada ") || written.contains(" am 12:");
    // The morning in Somalia, or a Thursday; a Saturday in Germany, or `at` on Cebu.
    let is_part_or_day = written.contains(" 12:") && written.ends_with(" GH") || written.contains(" sa ") && written.ends_with(" PM");
    // Portugal writes a weekday before numbers that it may fit in either order.
    is_two_things || is_part_or_day || written.contains('/')
}

/// Every month and weekday, by day and by night, in every language of the catalogue.
#[test]
fn a_date_in_the_words_of_any_language_is_read_as_it_was_meant() {
    let locales: BTreeSet<&str> = catalogue::styles().iter().map(|style| style.locale).filter(|locale| is_known(locale)).collect();
    let mut wrong = Vec::new();
    let (mut read, mut unread) = (0, 0);
    for (locale, step) in locales.iter().flat_map(|locale| (0..24).map(move |step| (locale, step))) {
        // Fifteen days and seven hours further each time: through the year, the week and the day.
        let moment = Moment::japan(1_767_225_600 + step * (15 * 24 + 7) * 3_600);
        for shown in [Shown::WeekdayAndMinute, Shown::Second] {
            let written = DateForm::Local(locale, shown).write(moment);
            let found = desk::text::date::date(&written.text).map(|date| date.rfc3339());
            if found == written.meaning {
                read += 1;
            } else if found.is_none() && is_ambiguous(&written.text) {
                unread += 1;
            } else {
                wrong.push(format!("{locale} {shown:?}: {found:?} of {}", written.text));
            }
        }
    }
    println!("{read} dates in {} locales, {unread} that nobody can tell", locales.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(read > 8_000 && unread < 50, "{read} read, {unread} not");
}
