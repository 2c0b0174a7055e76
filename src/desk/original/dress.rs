//! What clients and people put around a label or a separator: stars of bold text, bullets, colons of every script, hyphens.
//!
//! Promises: what is taken off says nothing. Rejected: one set of signs for all; a star before a label is dress, inside a value it is text.

/// The value without the stars of a bold label (`*差出人:* x`, `*差出人: x*`) or of a bold value (`差出人: *x*`). Stars that
/// belong to neither are the writer's.
pub(super) fn unbold<'a>(line: &str, value: &'a str) -> &'a str {
    let value = value.trim();
    if !line.contains('*') {
        return value;
    }
    let dressed = line.trim_start_matches(|character: char| character != '*' && is_decoration_or_space(character));
    let label_stars = dressed.chars().take_while(|character| *character == '*').count();
    let value_stars = value.chars().take_while(|character| *character == '*').count();
    if label_stars > 0 && value_stars > 0 {
        return value.get(label_stars.min(value_stars)..).unwrap_or_default().trim_start();
    }
    let inner = value.trim_matches('*');
    let is_bold_value =
        value.starts_with('*') && value.ends_with('*') && !inner.is_empty() && !inner.contains('*') && inner.trim() == inner;
    let is_bold_line = label_stars > 0 && value.ends_with('*') && !value.trim_end_matches('*').contains('*');
    if is_bold_value {
        inner
    } else if is_bold_line {
        value.trim_end_matches('*').trim_end()
    } else {
        value
    }
}

pub(super) fn is_decoration_or_space(character: char) -> bool {
    character.is_whitespace()
        || crate::desk::text::fold::is_invisible(character)
        || matches!(character, '*' | '_' | '#' | '"' | '■' | '●' | '・' | '◆' | '▼' | '|' | '】' | '＞' | '>')
}

/// What stands before the labels of a hand-made list.
pub(super) const fn is_bullet(character: char) -> bool {
    matches!(
        character,
        '-' | '–'
            | '‐'
            | '•'
            | '‣'
            | '▪'
            | '○'
            | '◎'
            | '◇'
            | '□'
            | '▲'
            | '△'
            | '▶'
            | '▷'
            | '►'
            | '★'
            | '☆'
            | '※'
            | '＊'
            | '│'
    )
}

/// Colons of the scripts that clients are localised in: with the Khmer, Ethiopic and Armenian ones.
pub(super) const fn is_colon(character: char) -> bool {
    matches!(character, ':' | '：' | '﹕' | '︰' | '∶' | '꞉' | '៖' | '፦' | '፡' | '՝' | '`')
}

/// What rules and the frames of separators are made of.
pub(super) const fn is_rule(character: char) -> bool {
    matches!(character, '-' | '–' | '—' | '―' | '‐' | '‑' | '−' | 'ー' | '─' | '━' | '＝' | '=' | '_' | '＿' | '*' | '~' | '・')
}
