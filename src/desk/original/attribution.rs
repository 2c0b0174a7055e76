//! Lines that introduce quoted text: `2026年10月1日(木) 10:00 NAME <a@b>:`, `On … wrote:`, `NAME さんは書きました:`.

use std::sync::LazyLock;

use regex::Regex;

use crate::desk::text::address::{Mailbox, mailbox};

/// What an attribution line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    pub from: Option<Mailbox>,
    pub date_text: Option<String>,
}

/// Without bounded repeats and Unicode classes, which take megabytes once compiled; the line's length is bounded below. Before AM and PM
/// Apple writes a narrow no-break space.
#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by the tests below")]
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"^On (?P<date>.+?[0-9０-９]{1,2}[:.][0-9０-９]{2}(?:[:.][0-9０-９]{2})?(?:[ \t\u{A0}\u{202F}]?[AaPp]\.?[Mm]\.?)?),? (?P<from>[^,<]*?<[^<>@ ]+@[^<> ]+>) wrote:$",
        r"^(?P<date>[0-9０-９]{4}[年/.-][ \t\u{A0}\u{202F}]?[0-9０-９]{1,2}[月/.-][ \t\u{A0}\u{202F}]?[0-9０-９]{1,2}日?.*?[0-9０-９]{1,2}[:時][0-9０-９]{2}(?:[:分][0-9０-９]{2}秒?)?) ?[、,に]? ?(?P<from>[^<>:]*?[<＜][^<>＞@＠ ]+[@＠][^<>＞ ]+[>＞])(?: ?のメール| ?さんは書きました| ?wrote)?[:：]$",
        r"^On (?P<date>.+?[0-9０-９]{1,2}[:.][0-9０-９]{2}(?:[:.][0-9０-９]{2})?(?:[ \t\u{A0}\u{202F}]?[AaPp]\.?[Mm]\.?)?),? (?P<from>[^<>@]+?) wrote:$",
        r"^(?P<date>.+?)に ?(?P<from>.+?) ?さん[はが](?:書きました|書いたメッセージ)[:：]?$",
        r"^(?P<date>[0-9０-９]{4}[年/.-][ \t\u{A0}\u{202F}]?[0-9０-９]{1,2}[月/.-][ \t\u{A0}\u{202F}]?[0-9０-９]{1,2}日?.*?[0-9０-９]{1,2}[:時][0-9０-９]{2}(?:[:分][0-9０-９]{2}秒?)?)[、,] ?(?P<from>.+?) ?(?:のメール|より)[:：]$",
        r"^(?P<date>[0-9０-９]{4}[年/.-][ \t\u{A0}\u{202F}]?[0-9０-９]{1,2}[月/.-][ \t\u{A0}\u{202F}]?[0-9０-９]{1,2}日?.*?[0-9０-９]{1,2}[:時][0-9０-９]{2}(?:[:分][0-9０-９]{2}秒?)?)[、,] ?(?P<from>.+?) ?さん[はが]書きました[:：]?$",
        r"^(?P<from>.+?) ?さん[はが](?P<date>.+?)に書きました[:：]?$",
        r"^(?P<from>.+?) ?さん[はが]書きました[:：]?$",
        r"^(?P<from>[^:]+?) wrote:$",
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).unwrap())
    .collect()
});

/// The longest attribution, in bytes: date, name and address.
const LONGEST: usize = 400;

/// Reads an attribution, given as one line (a wrapped one is joined by the caller).
#[must_use]
pub fn attribution(line: &str) -> Option<Attribution> {
    let line = line.trim();
    if line.len() > LONGEST || !may_be(line) {
        return None;
    }
    let found = PATTERNS.iter().find_map(|pattern| pattern.captures(line))?;
    let from = found.name("from").and_then(|from| mailbox(from.as_str().trim_end_matches([',', '、'])));
    let date_text = found.name("date").map(|date| date.as_str().trim().trim_end_matches(['、', ',']).to_owned());
    Some(Attribution { from, date_text })
}

/// A cheap look before the patterns run.
fn may_be(line: &str) -> bool {
    let ends = line.ends_with([':', '：']) || line.ends_with("書きました");
    ends && (line.contains(['@', '＠'])
        || line.ends_with("wrote:")
        || line.contains("書")
        || line.contains("のメール")
        || line.contains("より"))
}

/// Whether the next line may be the second half of a wrapped attribution.
#[must_use]
pub fn may_continue(line: &str) -> bool {
    let line = line.trim();
    let begins = line.starts_with("On ") || line.get(..4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
    begins && line.len() <= LONGEST && !line.ends_with([':', '：'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributions_of_the_clients_are_read() {
        for (line, date, from) in [
            ("On Thu, Oct 1, 2026 at 10:00 AM Taro <taro@example.jp> wrote:", Some("Thu, Oct 1, 2026 at 10:00 AM"), "taro@example.jp"),
            ("2026年10月1日(木) 10:00 山田 太郎 <taro@example.jp>:", Some("2026年10月1日(木) 10:00"), "taro@example.jp"),
            ("2026年10月1日 10:00、山田 <taro@example.jp> のメール:", Some("2026年10月1日 10:00"), "taro@example.jp"),
            ("2026/10/01 10:00、山田 <taro@example.jp>のメール：", Some("2026/10/01 10:00"), "taro@example.jp"),
            ("2026年10月1日 10:00 に 山田 さんは書きました:", Some("2026年10月1日 10:00"), "山田"),
            ("On 2026/05/01 10:00, 山田 wrote:", Some("2026/05/01 10:00"), "山田"),
            ("2026/05/01 10:00、山田 さんは書きました:", Some("2026/05/01 10:00"), "山田"),
            ("山田さんが書きました:", None, "山田"),
            ("Taro Yamada wrote:", None, "Taro Yamada"),
        ] {
            let found = attribution(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(found.date_text.as_deref(), date, "{line}");
            assert_eq!(found.from.as_ref().and_then(Mailbox::shown), Some(from), "{line}");
        }
        for line in ["次のとおりです:", "連絡先 <taro@example.jp>", "よろしくお願いします。", "http://example.jp/a@b:"]
        {
            assert_eq!(attribution(line), None, "{line}");
        }
    }
}
