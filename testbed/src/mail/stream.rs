//! Submissions for tests, the demo and benchmarks: any number of them, no two with the same declaration.
//!
//! Promises: [`bulk`] is lazy and flat in memory; its sizes have a median of about 6 kB. Rejected: one corpus mail repeated; a
//! store that recognises duplicates would make such a benchmark a lie.

use super::Layout;
use super::encode::{Charset, Transfer};
use super::entity::Entity;
use super::expected::{Expected, Verdict};
use super::files;
use super::layout::clients::{self, APPLE_IOS, ATTRIBUTIONS, GMAIL_WEB, OUTLOOK_WEB, OUTLOOK_WINDOWS, THUNDERBIRD, WHOLE, YAHOO_JAPAN};
use super::letter::{Carried, Mailbox};
use super::notice::{OFFICE_ADDRESS, OFFICE_NAME, Sort, Stars};
use super::random::Random;
use super::submission::{Mail, Scene, Submission, forwarded, plain};

/// One forward by one client, CRLF line ends.
#[must_use]
pub fn submission(seed: u64, layout: &Layout, sort: Sort) -> Submission {
    forwarded(&Scene::invented(Random::new(seed), sort), layout).wire()
}

/// A dozen of every sort, each with a name that says what it shows.
#[must_use]
pub fn demo_dozen(seed: u64) -> Vec<(&'static str, Submission)> {
    let scene = |place: u64, sort: Sort| Scene::invented(Random::new(seed.wrapping_mul(1_000).wrapping_add(place)), sort);
    let one = Sort::Completion(Stars::One);
    vec![
        ("completion forwarded by Gmail", forwarded(&scene(1, one), &GMAIL_WEB)),
        ("completion forwarded by Outlook for Windows, no separator", forwarded(&scene(2, one), &OUTLOOK_WINDOWS)),
        ("acceptance forwarded by Outlook in a browser", forwarded(&scene(3, Sort::Acceptance), &OUTLOOK_WEB)),
        ("two stars forwarded by an iPhone", forwarded(&scene(4, Sort::Completion(Stars::Two)), &APPLE_IOS)),
        ("completion attached as message/rfc822 in ISO-2022-JP", attached(&scene(5, one))),
        ("completion forwarded by Thunderbird", forwarded(&scene(6, one), &THUNDERBIRD)),
        ("the earlier receipt mail in place of the notice", forwarded(&scene(7, Sort::Receipt), &YAHOO_JAPAN)),
        ("a newsletter in place of the notice", forwarded(&scene(8, Sort::Newsletter), &GMAIL_WEB)),
        ("only a greeting, the forward forgotten", forgotten(&scene(9, one))),
        ("a screenshot of the notice", pictured(&scene(10, one))),
        ("an out-of-office notice", automatic(&scene(11, one))),
        ("a notice whose sender is not the office", stranger(&scene(12, one))),
    ]
    .into_iter()
    .map(|(name, submission)| (name, submission.wire()))
    .collect()
}

/// `count` submissions: mostly accepted, some of every other verdict, median about 6 kB, 2 % with 0.2 to 2 MB attached.
pub fn bulk(seed: u64, count: usize) -> impl Iterator<Item = Submission> {
    (0..u64::try_from(count).unwrap_or(u64::MAX)).map(move |number| one_of_bulk(seed, number))
}

fn one_of_bulk(seed: u64, number: u64) -> Submission {
    let mut random = Random::new(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9)));
    let lot = random.below(100);
    let sort = match lot {
        0..=54 => Sort::Completion(Stars::One),
        55..=64 => Sort::Completion(Stars::Two),
        65..=79 => Sort::Acceptance,
        80..=85 => Sort::Receipt,
        86..=87 => Sort::Newsletter,
        // An attribution states no subject, and the body no level: whoever reads the level elsewhere would otherwise be right, too.
        94..=95 => Sort::Completion(Stars::Unsaid),
        _ => Sort::Completion(Stars::One),
    };
    // One in forty of the four fifths that can carry ballast.
    let heavy = random.below(40) == 0;
    let weight = random.below(1_800_000);
    let layout = random.choose(WHOLE).copied().unwrap_or(GMAIL_WEB);
    let attribution = random.choose(ATTRIBUTIONS).copied().unwrap_or(GMAIL_WEB);
    let mut scene = Scene::invented(random, sort);
    unique(&mut scene, seed, number);
    pad(&mut scene);
    let submission = match lot {
        0..=79 if heavy => with_ballast(&scene, &layout, 200_000 + weight),
        0..=87 => forwarded(&scene, &layout),
        88..=91 => forgotten(&scene),
        92..=93 => attached(&scene),
        94..=95 => attributed(&scene, &attribution),
        96..=97 => stranger(&scene),
        _ => automatic(&scene),
    };
    with_received(submission, number).wire()
}

/// A bijection on ten digits: no two numbers of one seed share a declaration or a user number.
fn unique(scene: &mut Scene, seed: u64, number: u64) {
    const DIGITS: u128 = 10_000_000_000;
    let scattered = (u128::from(seed) * 7_919 + u128::from(number) * 7_368_787_393) % DIGITS;
    scene.notice.declaration_id = format!("{}{scattered:010}", 4 + number % 2);
    scene.notice.user_number = format!("9{:09}", (scattered / 10) % 1_000_000_000);
    scene.letter = scene.notice.letter();
    let host = scene.applicant.mailbox.address.clone().unwrap_or_default();
    scene.applicant.mailbox.address = Some(format!("u{number}.{host}"));
    scene.notice.recipient = scene.applicant.mailbox.clone();
    scene.letter.to = vec![scene.applicant.mailbox.clone()];
    scene.letter.message_id = format!("<{scattered}@notice.example.jp>");
}

/// Small offices' signatures carry disclaimers; they make most of a mail's bytes.
fn pad(scene: &mut Scene) {
    let disclaimer =
        "このメールは、宛先に記した方だけにお送りするものです。心当たりのないときは、お手数ですが破棄のうえお知らせください。\n";
    let times = usize::try_from(6 + scene.random.below(20)).unwrap_or(6);
    scene.message = format!("{}\n{}", scene.message, disclaimer.repeat(times).trim_end());
}

/// The trace of three servers and an invented signature, as each real mail has them.
fn with_received(submission: Submission, number: u64) -> Submission {
    let mut raw = Vec::new();
    for hop in 1..=3 {
        let line = format!(
            "Received: from relay{hop}.example.jp (relay{hop}.example.jp [192.0.2.{hop}])\n\tby mx{hop}.example.jp (Postfix) with ESMTPS id {number:08X}{hop}\n\
             \tfor <{}>; Mon, 5 Oct 2026 10:00:0{hop} +0900 (JST)\n",
            super::DESK
        );
        raw.extend_from_slice(line.as_bytes());
    }
    let mut random = Random::new(number);
    let noise = super::encode::base64(&random.noise(256));
    raw.extend_from_slice(b"X-Relay-Seal: v=1; h=date:from:to:subject:message-id;\n");
    for chunk in noise.as_bytes().chunks(70) {
        raw.push(b'\t');
        raw.extend_from_slice(chunk);
        raw.push(b'\n');
    }
    raw.extend_from_slice(&submission.raw);
    Submission { raw, expected: submission.expected }
}

fn attributed(scene: &Scene, layout: &Layout) -> Submission {
    let (mail, inline) = scene.forward(layout);
    let expected = scene.expect(&mail, scene.verdict(), &inline.seen).findings(&["subject_unstated"]).json();
    Submission { raw: mail.raw(), expected }
}

fn attached(scene: &Scene) -> Submission {
    let original = scene.letter.raw(Charset::Iso2022Jp, Transfer::SevenBit);
    let entity = Entity::multipart("mixed", "=_forward_1", &[plain(&format!("{}\n", scene.message)), Entity::message(&original)]);
    let mail = scene.mail(&format!("Fwd: {}", scene.letter.subject), entity);
    let seen = scene.letter.seen(Carried::Attached);
    Submission { raw: mail.raw(), expected: scene.expect(&mail, scene.verdict(), &seen).json() }
}

fn with_ballast(scene: &Scene, layout: &Layout, bytes: u64) -> Submission {
    let inline = layout.render(&scene.letter);
    let mut random = scene.random.clone();
    let ballast = random.noise(usize::try_from(bytes).unwrap_or(0));
    let parts = [plain(&scene.above(&inline)), Entity::attachment("application/octet-stream", "見積書.bin", &ballast)];
    let mail = scene.mail(&scene.forward_subject(layout), Entity::multipart("mixed", "=_ballast_1", &parts));
    Submission { raw: mail.raw(), expected: scene.expect(&mail, scene.verdict(), &inline.seen).json() }
}

fn forgotten(scene: &Scene) -> Submission {
    let mail = scene.text_mail("SECURITY ACTIONの件", &format!("{}\n", scene.message));
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Missing).findings(&["no_notice"]).json() }
}

fn pictured(scene: &Scene) -> Submission {
    let mut random = scene.random.clone();
    let picture = Entity::attachment("image/png", "スクリーンショット.png", &files::png(96, &mut random));
    let entity = Entity::multipart("mixed", "=_picture_1", &[plain(&format!("{}\n", scene.message)), picture]);
    let mail = scene.mail("画面の写真を送ります", entity);
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Review).findings(&["picture_attached"]).json() }
}

fn automatic(scene: &Scene) -> Submission {
    let mail: Mail = scene
        .text_mail("自動応答: 不在にしております", "ただいま不在にしております。戻りしだいご連絡いたします。\n")
        .with_top("Auto-Submitted", "auto-replied");
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Ignored).json() }
}

fn stranger(scene: &Scene) -> Submission {
    let mut scene = scene.clone();
    scene.letter.from = Mailbox::new(OFFICE_NAME, &OFFICE_ADDRESS.replace("ipa.go.jp", "ipa-go.example.jp"));
    let (mail, inline) = scene.forward(&clients::GMAIL_WEB);
    let expected = scene.expect(&mail, Verdict::Review, &inline.seen).findings(&["sender_outside_domain"]).json();
    Submission { raw: mail.raw(), expected }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::mail::with_date;

    fn verdict(submission: &Submission) -> String {
        submission.expected["verdict"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_seed_names_a_mail_for_good() {
        let one = submission(42, &GMAIL_WEB, Sort::Acceptance);
        let again = submission(42, &GMAIL_WEB, Sort::Acceptance);
        let other = submission(43, &GMAIL_WEB, Sort::Acceptance);
        assert_eq!((one.raw.clone(), one.expected.clone()), (again.raw, again.expected));
        assert_ne!(one.raw, other.raw);
    }

    #[test]
    fn the_dozen_shows_every_verdict() {
        let dozen = demo_dozen(1);
        assert_eq!(dozen.len(), 12);
        let verdicts: BTreeSet<String> = dozen.iter().map(|(_, submission)| verdict(submission)).collect();
        assert_eq!(verdicts.into_iter().collect::<Vec<_>>(), ["accepted", "ignored", "missing", "review", "wrong_type"]);
    }

    #[test]
    fn the_bulk_has_the_promised_sizes_and_no_declaration_twice() {
        let mut sizes = Vec::new();
        let mut ids = BTreeSet::new();
        let mut messages = BTreeSet::new();
        let mut verdicts = BTreeSet::new();
        for submission in bulk(9, 1_500) {
            sizes.push(submission.raw.len());
            verdicts.insert(verdict(&submission));
            assert!(messages.insert(submission.expected["message_id"].to_string()), "{}", submission.expected["message_id"]);
            for notice in submission.expected["notices"].as_array().unwrap() {
                if let Some(id) = notice["declaration_id"].as_str() {
                    assert!(ids.insert(id.to_owned()), "{id} occurs twice");
                }
            }
        }
        sizes.sort_unstable();
        let median = sizes[sizes.len() / 2];
        assert!((5_000..7_000).contains(&median), "median {median}");
        let heavy = sizes.iter().filter(|size| **size > 200_000).count();
        assert!((10..50).contains(&heavy), "{heavy} heavy mails of 1500");
        assert!(sizes.last().is_some_and(|largest| *largest < 3_000_000));
        assert_eq!(verdicts.len(), 5, "{verdicts:?}");
    }

    #[test]
    fn another_date_changes_the_mails_own_date_and_nothing_else() {
        let before = submission(5, &THUNDERBIRD, Sort::Acceptance);
        let after = with_date(before.clone(), 1_790_848_985);
        let lines = |raw: &[u8]| String::from_utf8(raw.to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
        let changed: Vec<_> =
            lines(&before.raw).into_iter().zip(lines(&after.raw)).filter(|(old, new)| old != new).map(|(_, new)| new).collect();
        assert_eq!(changed, ["Date: Thu, 1 Oct 2026 19:03:05 +0900"]);
    }

    #[test]
    fn what_goes_over_the_wire_has_crlf_line_ends_only() {
        for (name, submission) in demo_dozen(3) {
            let bare = submission
                .raw
                .iter()
                .zip(submission.raw.iter().skip(1))
                .filter(|(first, second)| **second == b'\n' && **first != b'\r')
                .count();
            assert_eq!(bare, 0, "{name}");
        }
    }
}
