use super::*;

fn visible(html: &str) -> String {
    render(html).visible
}

#[test]
fn blocks_break_lines_and_cells_are_tabbed() {
    assert_eq!(visible("<div>a</div><div>b<br>c</div>"), "a\nb\nc\n");
    assert_eq!(visible("<table><tr><th>差出人:</th><td>x</td></tr><tr><td>y</td></tr></table>"), "差出人:\tx\ny\n");
    assert_eq!(visible("<p>a</p><p>b</p>"), "a\n\nb\n\n");
}

#[test]
fn unescaped_addresses_are_kept() {
    assert_eq!(visible("From: x <taro@example.jp><br>"), "From: x <taro@example.jp>\n");
    assert_eq!(visible("From: x &lt;taro@example.jp&gt;"), "From: x <taro@example.jp>\n");
}

#[test]
fn quotations_get_quote_marks() {
    assert_eq!(visible("a<blockquote type=\"cite\">b<div>c</div></blockquote>d"), "a\n> b\n> c\nd\n");
    assert_eq!(visible("<blockquote style=\"margin:0\">b</blockquote>"), "b\n");
}

#[test]
fn hidden_text_stands_apart() {
    let rendered = render("a<span style=\"display: none\">secret</span><style>x{}</style>b");
    assert_eq!(rendered, Rendered { visible: "ab\n".to_owned(), hidden: "secret\n".to_owned(), ..Rendered::default() });
}

#[test]
fn white_text_is_hidden_unless_its_background_is_dark() {
    assert_eq!(visible("<p style=\"color:#FFF\">a</p>"), "");
    assert_eq!(visible("<p style=\"color: #fff; background-color: #ffffff\">a</p>"), "");
    assert_eq!(visible("<p style=\"color:#fff;background:#333\">a</p>"), "a\n\n");
}

#[test]
fn white_space_collapses_but_not_in_pre() {
    assert_eq!(visible("<div>a \n  b</div><pre>c\nd  e</pre>"), "a b\nc\nd  e\n");
}

#[test]
fn a_label_and_its_value_share_a_line_whatever_blocks_stand_in_the_cells() {
    assert_eq!(
        visible("<table><tr><td><p>差出人:</p></td><td><p>x<br></p></td></tr><tr><td><div>y</div></td></tr></table>"),
        "差出人:\tx\ny\n"
    );
    assert_eq!(visible("<table><tr><td><p>a</p><p>b</p></td></tr></table>"), "a\n\nb\n");
    assert_eq!(visible("<table><tr><td><blockquote type=cite>a</blockquote>b</td></tr></table>"), "> a\nb\n");
}

#[test]
fn elements_without_end_tags_end_where_browsers_end_them() {
    assert_eq!(visible("<p style=\"display:none\">a<p>b<div>c</div>"), "b\n\nc\n");
    assert_eq!(visible("<table><tr><td hidden>a<td>b<tr><td>c</table>d"), "b\nc\nd\n");
}

#[test]
fn an_inner_style_overrules_an_outer_one() {
    assert_eq!(visible("<div style=\"font-size:0\">a<b style=\"font-size:14px\">b</b></div>"), "b\n");
    assert_eq!(visible("<div style=\"background:#222\"><p style=\"color:white\">a</p></div>"), "a\n\n");
    assert_eq!(visible("<div style=\"display:none\"><b style=\"display:block\">a</b></div>"), "");
    assert_eq!(visible("<body bgcolor=\"#000000\"><font color=\"#ffffff\">a</font>"), "a\n");
    assert_eq!(visible("<font color=\"#ffffff\">a</font>"), "");
}

#[test]
fn deep_nesting_keeps_its_balance_and_quote_marks_stay_few() {
    let deep = format!("{}<p>a</p>{}<p hidden>b</p><p>c</p>", "<div>".repeat(1_000), "</div>".repeat(1_000));
    assert_eq!(visible(&deep), "a\n\nc\n\n");
    let quoted = format!("{}a", "<blockquote type=cite>".repeat(1_000));
    assert_eq!(visible(&quoted), format!("{}a\n", "> ".repeat(32)));
}

#[test]
fn a_picture_inside_the_document_is_weighed() {
    let html = format!("<img src=\"data:image/png;base64,{}\"><img src=\"cid:x\">", "A".repeat(4_000));
    assert!(render(&html).picture_bytes >= 3_000);
    assert_eq!(render("<img src=\"https://example.jp/a.png\">").picture_bytes, 0);
}

#[test]
fn the_places_of_forwarded_mails_are_told() {
    let wrapped = |html: &str| {
        let rendered = render(html);
        rendered.wraps.iter().map(|wrap| rendered.visible.get(wrap.clone()).unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    for (html, expected) in [
        ("a<div class=\"gmail_quote gmail_quote_container\">b<br>c</div>d", vec!["b\nc\n"]),
        ("<table><tr><td><div>a</div><div class=\"moz-forward-container\"><div>b</div></div>c</td></tr></table>", vec!["b\n"]),
        ("<div class=yahoo_quoted>a<div class=protonmail_quote>b</div>c</div>d", vec!["b\n", "a\nb\nc\n"]),
        ("<div class=gmail_quote>a<table><tr><td>b</div></td></tr></table>c</div>d", vec!["a\nb\nc\n"]),
        ("<div class=gmail_quote>a", vec![]),
        ("<span><div class=gmail_quote>a</span>b</div>c", vec![]),
        ("<body><div class=gmail_quote>a</body></html>b</div>c", vec![]),
        ("<span class=gmail_quote>a</span><div class=gmail_quoted>b</div>", vec![]),
    ] {
        assert_eq!(wrapped(html), expected, "{html}");
    }
}

#[test]
fn what_looks_like_a_tag_where_nothing_is_shown_is_none() {
    for html in [
        "<title>x <td></title>a",
        "<script>document.write(\"<table><tr><td>x\")</script>a",
        "<head><style> <td> </style><td></head><body>a",
        "<head><title>x</title><body>a",
        "<noscript><table><tr><td>x</noscript>a",
        "<div><style>/* </div> <div> */</style>a</div>",
    ] {
        assert_eq!(render(html).visible, "a\n", "{html}");
    }
}
