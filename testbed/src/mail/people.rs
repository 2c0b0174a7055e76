//! Invented corporations, offices and people of the care and welfare trades.
//!
//! Promises: every name is composed from general words, every address lies under `example.co.jp` or `example.jp`.
//! Rejected: names taken from any directory of real offices, however public.

use super::letter::Mailbox;
use super::random::Random;

const STEMS: [(&str, &str); 16] = [
    ("あおばの杜", "aoba-no-mori"),
    ("みずほ野", "mizuhono"),
    ("ひだまり丘", "hidamari-oka"),
    ("さくら坂下", "sakura-sakashita"),
    ("わかくさ台", "wakakusadai"),
    ("やすらぎ川", "yasuragigawa"),
    ("こもれび野", "komorebino"),
    ("はるかぜ浜", "harukaze-hama"),
    ("すずらん峠", "suzuran-toge"),
    ("ゆうなぎ島", "yunagi-jima"),
    ("つきみ原", "tsukimihara"),
    ("ほしぞら村", "hoshizora-mura"),
    ("なのはな畑", "nanohana-batake"),
    ("しらかば平", "shirakaba-daira"),
    ("うみかぜ町", "umikaze-machi"),
    ("まつかぜ谷", "matsukaze-dani"),
];

const CORPORATIONS: [(&str, &str); 8] = [
    ("社会福祉法人", "会"),
    ("社会福祉法人", "福祉会"),
    ("医療法人社団", "会"),
    ("医療法人", "会"),
    ("株式会社", "ケアサービス"),
    ("合同会社", "ライフサポート"),
    ("特定非営利活動法人", "ネット"),
    ("有限会社", "介護センター"),
];

const OFFICES: [&str; 8] = [
    "デイサービスセンター",
    "訪問介護ステーション",
    "グループホーム",
    "特別養護老人ホーム",
    "居宅介護支援事業所",
    "就労継続支援B型事業所",
    "小規模多機能ホーム",
    "訪問看護ステーション",
];

const FAMILIES: [(&str, &str); 16] = [
    ("山之端", "yamanoha"),
    ("川瀬戸", "kawaseto"),
    ("森下野", "morishitano"),
    ("石田原", "ishidahara"),
    ("青葉木", "aobagi"),
    ("浅瀬川", "asasegawa"),
    ("小野辺", "onobe"),
    ("高砂井", "takasagoi"),
    ("西堀江", "nishihorie"),
    ("東雲寺", "shinonomeji"),
    ("長谷辺", "hasebe"),
    ("松葉瀬", "matsubase"),
    ("花園田", "hanazonoda"),
    ("水上野", "mizukamino"),
    ("岩清水", "iwashimizu"),
    ("竹之原", "takenohara"),
];

const GIVEN: [(&str, &str); 12] = [
    ("太郎", "taro"),
    ("花子", "hanako"),
    ("健一", "kenichi"),
    ("由美", "yumi"),
    ("直樹", "naoki"),
    ("恵子", "keiko"),
    ("大輔", "daisuke"),
    ("美咲", "misaki"),
    ("誠", "makoto"),
    ("裕子", "yuko"),
    ("拓也", "takuya"),
    ("千尋", "chihiro"),
];

/// One applicant: a corporation, its office, and the clerk who writes.
#[derive(Debug, Clone)]
pub struct Applicant {
    /// 法人, with its legal form.
    pub corporation: String,
    /// 事業所.
    pub office: String,
    /// Family and given name with one space between.
    pub person: String,
    /// The clerk's mailbox.
    pub mailbox: Mailbox,
}

impl Applicant {
    /// Somebody who does not exist.
    pub fn invented(random: &mut Random) -> Self {
        let (stem, host) = random.choose(&STEMS).copied().unwrap_or_default();
        let (form, tail) = random.choose(&CORPORATIONS).copied().unwrap_or_default();
        let (family, family_sound) = random.choose(&FAMILIES).copied().unwrap_or_default();
        let (given, given_sound) = random.choose(&GIVEN).copied().unwrap_or_default();
        let zone = random.pick(&["example.co.jp", "example.jp"]);
        let person = format!("{family} {given}");
        Self {
            corporation: format!("{form}{stem}{tail}"),
            office: format!("{}{stem}", random.pick(&OFFICES)),
            mailbox: Mailbox::new(&person, &format!("{given_sound}.{family_sound}@{host}.{zone}")),
            person,
        }
    }

    /// A colleague of the same office.
    #[must_use]
    pub fn colleague(&self, random: &mut Random) -> Mailbox {
        let (family, sound) = random.choose(&FAMILIES).copied().unwrap_or_default();
        let (given, given_sound) = random.choose(&GIVEN).copied().unwrap_or_default();
        let domain = self.mailbox.address.as_deref().and_then(|address| address.split_once('@')).map_or("example.jp", |(_, domain)| domain);
        Mailbox::new(&format!("{family} {given}"), &format!("{given_sound}.{sound}.2@{domain}"))
    }

    /// A signature as small offices write it.
    #[must_use]
    pub fn signature(&self) -> String {
        let address = self.mailbox.address.as_deref().unwrap_or_default();
        format!(
            "*******************************\n{}\n{} {}\nE-mail {address}\n*******************************",
            self.corporation, self.office, self.person
        )
    }
}
