//! The mails of the SECURITY ACTION office, as far as their facts are known, in our own words.
//!
//! Promises: labels, marks and subjects are those that the programme's manual shows; every name and number is invented.
//! Rejected: copying the office's real texts; facts are free, sentences are not.

use serde_json::{Value, json};

use super::letter::{Letter, Mailbox, Seen};
use super::moment::Moment;
use super::people::Applicant;
use super::random::Random;

/// The office's address, also named in its signature.
pub const OFFICE_ADDRESS: &str = "security-action-info@ipa.go.jp";
/// The office's name.
pub const OFFICE_NAME: &str = "SECURITY ACTION事務局";

/// What the subject of a completion says about the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stars {
    /// 一つ星.
    One,
    /// 二つ星.
    Two,
    /// The literal 一つ星/二つ星 of the manual.
    Unsaid,
}

/// A sort of mail from the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// 自己宣言完了のお知らせ: accepted.
    Completion(Stars),
    /// 申込受理のご連絡: accepted.
    Acceptance,
    /// The earlier 受付確認 mail with a link: the likeliest wrong one.
    Receipt,
    /// A newsletter about SECURITY ACTION.
    Newsletter,
    /// A mail of an unknown kind that nevertheless shows a 自己宣言ID.
    Unknown,
}

/// One mail of the office to one invented applicant.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Which mail.
    pub sort: Sort,
    /// The line above the person's.
    pub company: String,
    /// Without 様.
    pub person: String,
    /// 利用者番号, ten digits; a credential, so goldens show it masked.
    pub user_number: String,
    /// 自己宣言ID.
    pub declaration_id: String,
    /// When the office sent it.
    pub sent: Moment,
    /// To whom.
    pub recipient: Mailbox,
}

impl Notice {
    /// A notice to the given applicant.
    pub fn invented(random: &mut Random, sort: Sort, applicant: &Applicant) -> Self {
        let first = random.pick(&["4", "5"]);
        Self {
            sort,
            company: applicant.corporation.clone(),
            person: applicant.person.clone(),
            user_number: format!("9{}", random.digits(9)),
            declaration_id: format!("{first}{}", random.digits(10)),
            sent: Moment::invented(random),
            recipient: applicant.mailbox.clone(),
        }
    }

    /// The subject as the office writes it.
    #[must_use]
    pub fn subject(&self) -> String {
        match self.sort {
            Sort::Completion(Stars::One) => "【SECURITY ACTION】一つ星：自己宣言完了のお知らせ",
            Sort::Completion(Stars::Two) => "【SECURITY ACTION】二つ星：自己宣言完了のお知らせ",
            Sort::Completion(Stars::Unsaid) => "【SECURITY ACTION】一つ星/二つ星：自己宣言完了のお知らせ",
            Sort::Acceptance => "【SECURITY ACTION】申込受理のご連絡",
            Sort::Receipt => "【SECURITY ACTION】受付確認のお知らせ",
            Sort::Newsletter => "【SECURITY ACTION】情報セキュリティ通信 夏号",
            Sort::Unknown => "【SECURITY ACTION】宣言内容の変更登録について",
        }
        .to_owned()
    }

    /// The text, LF line ends.
    #[must_use]
    pub fn body(&self) -> String {
        let text = match self.sort {
            Sort::Completion(_) => self.completion(),
            Sort::Acceptance => self.acceptance(),
            Sort::Receipt => RECEIPT.to_owned(),
            Sort::Newsletter => NEWSLETTER.to_owned(),
            Sort::Unknown => self.unknown(),
        };
        format!("{text}\n\n------------------------------\n{OFFICE_NAME}\n{OFFICE_ADDRESS}\n------------------------------")
    }

    /// The mail.
    #[must_use]
    pub fn letter(&self) -> Letter {
        Letter {
            from: Mailbox::new(OFFICE_NAME, OFFICE_ADDRESS),
            to: vec![self.recipient.clone()],
            cc: Vec::new(),
            subject: self.subject(),
            sent: self.sent,
            body: self.body(),
            message_id: format!("<{}.{}@notice.example.jp>", self.sent.digits(), self.user_number),
        }
    }

    /// The golden entry of `notices`, as carried.
    #[must_use]
    pub fn json(&self, seen: &Seen) -> Value {
        let completion = matches!(self.sort, Sort::Completion(_) | Sort::Unknown);
        let addressed = matches!(self.sort, Sort::Completion(_) | Sort::Acceptance);
        json!({
            "kind": self.kind(),
            "stars": self.stars(),
            "declaration_id": completion.then_some(&self.declaration_id),
            "user_number": matches!(self.sort, Sort::Completion(_)).then(|| masked(&self.user_number)),
            "company": addressed.then_some(&self.company),
            "person": addressed.then_some(&self.person),
            "evidence": seen.carried.evidence(),
            "original": {
                "from": seen.from.as_ref().and_then(Mailbox::address_or_name),
                "date": seen.date,
                "subject": seen.subject,
                "carried": seen.carried.word(),
                "depth": seen.depth,
            },
        })
    }

    /// The notes that the kind alone brings along where one star is enough.
    #[must_use]
    pub fn findings(&self) -> &'static [&'static str] {
        match self.sort {
            Sort::Completion(Stars::Unsaid) | Sort::Acceptance => &["star_level_unstated"],
            Sort::Completion(_) => &[],
            Sort::Receipt | Sort::Newsletter => &["wrong_kind"],
            Sort::Unknown => &["unknown_notice_with_id"],
        }
    }

    fn kind(&self) -> &'static str {
        match self.sort {
            Sort::Completion(_) => "completion",
            Sort::Acceptance => "acceptance",
            Sort::Receipt | Sort::Newsletter | Sort::Unknown => "other",
        }
    }

    fn stars(&self) -> Option<u8> {
        match self.sort {
            Sort::Completion(Stars::One) => Some(1),
            Sort::Completion(Stars::Two) => Some(2),
            _ => None,
        }
    }

    fn completion(&self) -> String {
        let Self { company, person, user_number, declaration_id, .. } = self;
        format!(
            "{company}\n{person} 様\n\n\
             SECURITY ACTIONへのお申し込み、ありがとうございます。\n\
             自己宣言の手続きが完了しました。以下の番号は大切に保管してください。\n\n\
             利用者番号:{user_number}\n\
             自己宣言ID:{declaration_id}\n\n\
             ロゴマークの使い方は、内容を確認したうえで1～2週間ほどでご連絡します。\n\
             それまでの間、いましばらくお待ちください。"
        )
    }

    fn acceptance(&self) -> String {
        let Self { company, person, .. } = self;
        format!(
            "{company}\n{person} 様\n\n\
             SECURITY ACTIONのお申し込みを受理しましたので、ご連絡します。\n\n\
             ■ロゴマークダウンロード手順\n\
             1. 次のページを開き、ログインしてください。\n\
             \u{20}  https://security-shien.ipa.go.jp/security/index.html\n\
             2. 画面の案内に従い、ロゴマークを保存してください。\n\n\
             ■宣言についての正しい表記\n\
             ・正しい例:「一つ星(二つ星)を宣言しました」\n\
             ・誤った例:「一つ星(二つ星)の認定を受けました」「一つ星(二つ星)を取得しました」\n\
             自己宣言の制度ですので、認定や取得という言葉はお使いになれません。"
        )
    }

    fn unknown(&self) -> String {
        format!(
            "登録されている宣言内容の変更を受け付けました。\n\n自己宣言ID:{}\n\n変更した覚えのないときは、下記までご連絡ください。",
            self.declaration_id
        )
    }
}

/// Stars for all digits but the last four.
#[must_use]
pub fn masked(number: &str) -> String {
    let hidden = number.chars().count().saturating_sub(4);
    number.chars().enumerate().map(|(place, digit)| if place < hidden { '*' } else { digit }).collect()
}

const RECEIPT: &str = "SECURITY ACTIONの申込内容を受け付けました。\n\
手続きはまだ終わっていません。次のリンクを開き、受付確認を済ませてください。\n\n\
https://security-shien.ipa.go.jp/security/entry/confirm?key=3f9a-sample\n\n\
リンクの有効期限は24時間です。期限を過ぎたときは、はじめからお申し込みください。";

const NEWSLETTER: &str = "SECURITY ACTIONを宣言された事業者の方へ、季節の話題をお届けします。\n\n\
・中小企業の情報セキュリティ対策ガイドラインのご紹介\n\
・ランサムウェアに備えるバックアップの考え方\n\
・オンライン講習会の日程\n\n\
配信の停止は、マイページの設定からお手続きください。";

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(sort: Sort) -> Notice {
        let mut random = Random::new(11);
        let applicant = Applicant::invented(&mut random);
        Notice::invented(&mut random, sort, &applicant)
    }

    #[test]
    fn a_completion_bears_its_labels_and_an_id_of_eleven_digits() {
        let notice = notice(Sort::Completion(Stars::One));
        assert_eq!(notice.declaration_id.len(), 11);
        assert!(notice.declaration_id.starts_with(['4', '5']));
        for mark in ["利用者番号:9", "自己宣言ID:", "手続きが完了しました", "ロゴマーク", "1～2週間", OFFICE_NAME, OFFICE_ADDRESS]
        {
            assert!(notice.body().contains(mark), "{mark}");
        }
    }

    #[test]
    fn an_acceptance_has_no_number_at_all() {
        let notice = notice(Sort::Acceptance);
        assert!(!notice.body().contains("利用者番号"));
        assert!(!notice.body().contains("自己宣言ID"));
        for mark in [
            "ロゴマークダウンロード手順",
            "https://security-shien.ipa.go.jp/security/index.html",
            "正しい表記",
            "「一つ星(二つ星)を宣言しました」",
        ] {
            assert!(notice.body().contains(mark), "{mark}");
        }
    }

    #[test]
    fn a_user_number_shows_only_its_last_four_digits() {
        assert_eq!(masked("9876543210"), "******3210");
    }
}
