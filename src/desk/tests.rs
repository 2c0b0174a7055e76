use super::rules::Rules;
use super::standing::Standing;
use super::words::{Class, FindingCode, Verdict};
use super::*;

const RECEIVED: i64 = 1_790_000_000;

fn completion(level: &str, id: &str) -> String {
    format!(
        "差出人: SECURITY ACTION事務局 <security-action-info@ipa.go.jp>\n日時: 2026年5月1日 10:00\n件名: 【SECURITY ACTION】{level}：自己宣言完了のお知らせ\n\n\
         株式会社つばめ\n山田 太郎 様\n\n手続きが完了しました。\n利用者番号:9876543210\n自己宣言ID:{id}\nロゴマークは1～2週間後です。二つ星もご検討ください。\n"
    )
}

fn acceptance() -> String {
    "差出人: SECURITY ACTION事務局 <security-action-info@ipa.go.jp>\n日時: 2026年5月1日 10:00\n件名: 【SECURITY ACTION】申込受理のご連絡\n\n株式会社つばめ\n山田 太郎 様\n\n\
     ロゴマークダウンロード手順\n正しい表記:「一つ星(二つ星)を宣言しました」\n"
        .to_owned()
}

fn judged(body: &str, rules: &Rules, standing: &Standing) -> (Reading, Conclusion) {
    let raw = format!("From: taro@applicant.example.jp\nSubject: Fwd\nContent-Type: text/plain; charset=utf-8\n\n転送します。\n\n{body}");
    examine(raw.as_bytes(), rules, standing, RECEIVED, RECEIVED)
}

fn classes(conclusion: &Conclusion) -> Vec<(FindingCode, Class)> {
    conclusion.findings.iter().map(|finding| (finding.code, finding.class)).collect()
}

fn two_stars() -> Rules {
    let mut rules = sample_rules();
    rules.programme.required_stars = 2;
    rules
}

#[test]
fn where_two_stars_are_asked_for_one_is_of_the_wrong_type() {
    let (_, one) = judged(&completion("一つ星", "41234567890"), &two_stars(), &Standing::default());
    assert_eq!((one.verdict, one.reply.word()), (Verdict::WrongType, "wrong_type"));
    assert_eq!(classes(&one), [(FindingCode::OneStarStated, Class::Defect)]);
    let (_, two) = judged(&completion("二つ星", "41234567890"), &two_stars(), &Standing::default());
    assert_eq!((two.verdict, classes(&two)), (Verdict::Accepted, vec![]));
}

#[test]
fn where_two_stars_are_asked_for_an_unstated_level_is_a_persons_question() {
    // The subject of the manual names both; what the text below recommends is no level.
    for body in [completion("一つ星/二つ星", "41234567890"), acceptance()] {
        let (reading, conclusion) = judged(&body, &two_stars(), &Standing::default());
        assert_eq!(reading.notices.notices.first().map(|notice| notice.stars), Some(None));
        assert_eq!((conclusion.verdict, classes(&conclusion)), (Verdict::Review, vec![(FindingCode::StarLevelUnstated, Class::Doubt)]));
        let (_, one) = judged(&body, &sample_rules(), &Standing::default());
        assert_eq!((one.verdict, classes(&one)), (Verdict::Accepted, vec![(FindingCode::StarLevelUnstated, Class::Note)]));
    }
}

#[test]
fn one_star_beside_two_stars_is_a_persons_question() {
    let both = format!("{}\n\n{}", completion("一つ星", "41234567890"), completion("二つ星", "51234567890"));
    let (_, conclusion) = judged(&both, &two_stars(), &Standing::default());
    assert_eq!(conclusion.verdict, Verdict::Review);
    assert_eq!(judged(&both, &sample_rules(), &Standing::default()).1.verdict, Verdict::Accepted);
}

#[test]
fn a_notice_dated_outside_the_window_is_doubtful() {
    // 2026-05-01 10:00 in Japan.
    const SENT: i64 = 1_777_597_200;
    for (not_before, not_after, verdict) in [
        (Some(SENT), Some(SENT), Verdict::Accepted),
        (Some(SENT + 1), None, Verdict::Review),
        (None, Some(SENT - 1), Verdict::Review),
        (Some(SENT - 1), Some(SENT + 1), Verdict::Accepted),
    ] {
        let mut rules = sample_rules();
        (rules.programme.not_before, rules.programme.not_after) = (not_before, not_after);
        let (_, conclusion) = judged(&completion("一つ星", "41234567890"), &rules, &Standing::default());
        assert_eq!(conclusion.verdict, verdict, "{not_before:?} {not_after:?}");
        let is_outside = conclusion.findings.iter().any(|finding| finding.code == FindingCode::DateOutsideWindow);
        assert_eq!(is_outside, verdict == Verdict::Review);
    }
}

#[test]
fn an_operators_own_kind_may_be_the_only_one_accepted() {
    let mut rules = sample_rules();
    rules.programme.accepted_kinds = vec!["acceptance".to_owned()];
    assert_eq!(judged(&completion("一つ星", "41234567890"), &rules, &Standing::default()).1.verdict, Verdict::WrongType);
    assert_eq!(judged(&acceptance(), &rules, &Standing::default()).1.verdict, Verdict::Accepted);
}

#[test]
fn what_others_hold_and_what_answers_our_letter_goes_to_a_person() {
    let held = Standing { ids_held_by_others: vec!["41234567890".to_owned()], ..Standing::default() };
    let (_, conclusion) = judged(&completion("一つ星", "4123-4567-890"), &sample_rules(), &held);
    assert_eq!((conclusion.verdict, classes(&conclusion)), (Verdict::Review, vec![(FindingCode::IdHeldByOther, Class::Doubt)]));
    let answers = Standing { answers_our_letter: true, ..Standing::default() };
    assert_eq!(judged("届いていませんか。", &sample_rules(), &answers).1.verdict, Verdict::Review);
    assert_eq!(judged(&completion("一つ星", "41234567890"), &sample_rules(), &answers).1.verdict, Verdict::Accepted);
    let mismatch = Standing { roster_names: vec!["社会福祉法人あおぞら会".to_owned()], ..Standing::default() };
    assert_eq!(judged(&completion("一つ星", "41234567890"), &sample_rules(), &mismatch).1.verdict, Verdict::Review);
    let known = Standing { roster_names: vec!["㈱つばめ　本社".to_owned()], ..Standing::default() };
    assert_eq!(judged(&completion("一つ星", "41234567890"), &sample_rules(), &known).1.verdict, Verdict::Accepted);
}

#[test]
fn domains_that_look_like_the_senders_are_not() {
    let rules = sample_rules();
    for address in ["a@ipa.go.jp", "a@IPA.GO.JP", "a@mail.ipa.go.jp", "a@ipa.go.jp."] {
        assert!(rules.is_sender(address), "{address}");
    }
    for address in [
        "a@ipa.go.jp.evil.example",
        "a@ipa-go.jp",
        "a@xipa.go.jp",
        "a@go.jp",
        "ipa.go.jp",
        "a@ipa.go.jp@evil.example",
        "a@ｉpa.go.jp",
        "a@\u{456}pa.go.jp",
        "a@.",
        "a@",
        "@",
    ] {
        assert!(!rules.is_sender(address), "{address}");
    }
}

#[test]
fn only_ids_and_never_words_of_the_sender_reach_a_letters_header() {
    let raw = "From: taro@applicant.example.jp\nMessage-ID: <a@x> Bcc: y@example.jp\nReferences: <b@x>\n <c\u{e9}@x> <d@x>evil <e@x>\nIn-Reply-To: =?utf-8?Q?<f@x>=0D=0ABcc:_z@x?=\n\nx";
    let reading = read(raw.as_bytes(), &sample_rules());
    assert_eq!(reading.references, ["<b@x>", "<e@x>", "<f@x>"]);
    assert!(reading.message_id.is_none_or(|id| !letter::is_message_id(&id)));
}
