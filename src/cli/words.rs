//! The fixed words in the operator's language.

/// Why no letter was written.
#[must_use]
pub fn gate(word: &str) -> &'static str {
    match word {
        "verdict" => "この判定では返信しません",
        "off" => "返信を切っている（全体、またはこのアカウント）か、以前から届いていたメール、または古いメールです",
        "loop" => "事務局の返信が戻ってきたものか、巡回しているメールです",
        "null-path" => "エラー通知（Return-Path が <>）です",
        "report" => "配信結果などの報告メールです",
        "auto" => "自動送信のメール（Auto-Submitted）です",
        "list" => "メーリングリストのメールです",
        "precedence" => "一斉送信のメール（Precedence）です",
        "suppress" => "自動返信を断る印（X-Auto-Response-Suppress）があります",
        "vendor" => "自動応答の印があるメールです",
        "address" => "返信できないアドレスです",
        "spam" => "迷惑メールと判定されています",
        "not-for-us" => "宛先に事務局のアドレスがありません",
        "headers" => "ヘッダーに矛盾があります（二重の差出人、別組織の Reply-To など）",
        "unauthenticated" => "差出人の認証に失敗しています",
        "looks-auto" => "件名が自動応答のものです",
        "settled" => "すでに受け付けた方か、事務局の返信への返信です",
        "answered" => "このメールへの返信は、送信済みフォルダーにすでにあります（記録を復元する前に送ったもの）",
        "rate" => "返信の上限に達しています",
        "bounced" => "以前の返信が届かなかったアドレスです",
        _ => "理由は記録されていません",
    }
}

/// What a letter's state means.
#[must_use]
pub fn state(word: &str) -> &'static str {
    match word {
        "held" => "許可待ち",
        "queued" => "送信待ち",
        "sending" | "data" => "送信中",
        "sent" => "送信済み",
        "refused" => "断られた",
        "unknown" => "届いたか不明",
        "cancelled" => "取消し",
        _ => "?",
    }
}

/// Why a letter is held.
#[must_use]
pub fn hold_reason(word: &str) -> &'static str {
    match word {
        "mode" => "reply.mode = \"hold\" のため",
        "breaker" => "1時間の上限（total-an-hour）を超えたため",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gate_is_explained() {
        use crate::desk::gate::Gate;
        for name in Gate::ALL {
            assert_ne!(gate(name.word()), gate("unknown"), "{}", name.word());
        }
        for reason in crate::desk::gate::HoldReason::ALL {
            assert_ne!(hold_reason(reason.word()), hold_reason("unknown"), "{}", reason.word());
        }
    }
}
