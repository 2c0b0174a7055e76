//! Forwards in HTML of every cut: tables, paragraphs in cells, one long line, preformatted text, entities, dark backgrounds.
//!
//! Promises: each document shows a person the same forward. How far apart paragraphs stand is the renderer's taste, so bodies
//! are not compared. Rejected: style sheets in `<style>`; mail clients themselves disagree about those.

use super::Build;
use crate::mail::encode::{Charset, Transfer};
use crate::mail::entity::Entity;
use crate::mail::expected::{Expected, Verdict};
use crate::mail::files;
use crate::mail::html::{escape, lines};
use crate::mail::layout::clients::GMAIL_WEB;
use crate::mail::letter::{Carried, Letter, Seen};
use crate::mail::moment::DateForm;
use crate::mail::notice::{Sort, Stars};
use crate::mail::submission::{Mail, Scene, Submission, plain};

const ONE: Sort = Sort::Completion(Stars::One);

pub const TABLE: &[(&str, Build)] = &[
    ("html-table-with-paragraphs-in-its-cells", |name| {
        html(name, |letter, date| {
            let row = |label: &str, value: &str| {
                format!(
                    "<tr><td><p class=\"MsoNormal\"><b>{label}:</b></p></td><td><p class=\"MsoNormal\">{value}<o:p></o:p></p></td></tr>"
                )
            };
            format!("<table>{}</table><p>&nbsp;</p><p>{}</p>", four(letter, date, row), lines(&letter.body))
        })
    }),
    ("html-table-with-divs-in-its-cells-and-no-colon", |name| {
        html(name, |letter, date| {
            let row = |label: &str, value: &str| format!("<tr><th><div>{label}</div></th><td><div>{value}</div></td></tr>\n");
            format!("<table><tbody>{}</tbody></table><div>{}</div>", four(letter, date, row), lines(&letter.body))
        })
    }),
    ("html-inside-a-layout-table", |name| {
        html(name, |letter, date| {
            let row = |label: &str, value: &str| format!("<div><b>{label}:</b> {value}</div>");
            format!(
                "<table width=\"100%\"><tr><td><table><tr><td>{}</td></tr><tr><td><p>{}</p></td></tr></table></td></tr></table>",
                four(letter, date, row),
                lines(&letter.body)
            )
        })
    }),
    ("html-one-paragraph-a-label", |name| {
        html(name, |letter, date| {
            format!("{}<p>{}</p>", four(letter, date, |label, value| format!("<p><b>{label}:</b> {value}</p>\n")), lines(&letter.body))
        })
    }),
    ("html-label-and-value-in-divs-of-their-own", |name| {
        html(name, |letter, date| {
            format!(
                "{}<br><div>{}</div>",
                four(letter, date, |label, value| format!("<div><b>{label}:</b></div><div>{value}</div>")),
                lines(&letter.body)
            )
        })
    }),
    ("html-definition-list", |name| {
        html(name, |letter, date| {
            format!(
                "<dl>{}</dl><div>{}</div>",
                four(letter, date, |label, value| format!("<dt>{label}:</dt><dd>{value}</dd>")),
                lines(&letter.body)
            )
        })
    }),
    ("html-one-line-of-bold-labels", |name| {
        html(name, |letter, date| {
            format!(
                "<div>{}</div><div>{}</div>",
                four(letter, date, |label, value| format!("<b>{label}:</b> {value} ")),
                lines(&letter.body)
            )
        })
    }),
    ("html-labels-cut-into-spans", |name| {
        html(name, |letter, date| {
            let cut = |label: &str| label.chars().map(|character| format!("<span lang=\"JA\">{character}</span>")).collect::<String>();
            format!(
                "<p>{}</p><p>{}</p>",
                four(letter, date, |label, value| format!("{}<span>:</span> {value}<br>", cut(label))),
                lines(&letter.body)
            )
        })
    }),
    ("html-entities-in-labels-and-addresses", |name| {
        html(name, |letter, date| {
            let block = four(letter, date, |label, value| {
                let label: String = label.chars().map(|character| format!("&#x{:X};", u32::from(character))).collect();
                format!("{label}&nbsp;:&nbsp;{}<br>", value.replace('@', "&#64;"))
            });
            format!("<div>{block}</div><div>&nbsp;</div><div>{}</div>", lines(&letter.body))
        })
    }),
    ("html-address-linked-and-written-twice", |name| {
        html(name, |letter, date| {
            let address = letter.from.address.clone().unwrap_or_default();
            let link = format!("<a href=\"mailto:{address}\">{address}</a>&lt;<a href=\"mailto:{address}\">mailto:{address}</a>&gt;");
            let block = four(letter, date, |label, value| {
                format!("<b>{label}:</b> {}<br>", value.replace(&format!("&lt;{address}&gt;"), &format!("&lt;{link}&gt;")))
            });
            format!("<div>{block}</div><br><div>{}</div>", lines(&letter.body))
        })
    }),
    ("html-preformatted-by-style", |name| {
        html(name, |letter, date| {
            format!(
                "<div style=\"font-family: monospace; white-space : pre-wrap\">{}\n{}</div>",
                four(letter, date, |label, value| format!("{label}: {value}\n")),
                escape(&letter.body)
            )
        })
    }),
    ("html-upper-case-tags-without-end-tags", |name| {
        html(name, |letter, date| {
            format!(
                "<TABLE>{}</TABLE><P>{}",
                four(letter, date, |label, value| format!("<TR><TD><B>{label}:</B><TD>{value}\n")),
                lines(&letter.body)
            )
        })
    }),
    ("html-three-hundred-nested-divs", |name| {
        html(name, |letter, date| {
            let block = four(letter, date, |label, value| format!("<div>{label}: {value}</div>"));
            format!("{}{block}<div>{}</div>{}", "<div>".repeat(300), lines(&letter.body), "</div>".repeat(300))
        })
    }),
    ("html-three-hundred-open-paragraphs", |name| {
        html(name, |letter, date| {
            let block = four(letter, date, |label, value| format!("<b>{label}:</b> {value}<br>"));
            format!("{}<div>{block}</div><div>{}</div>", "<p>&nbsp;".repeat(300), lines(&letter.body))
        })
    }),
    ("html-white-on-a-dark-page", |name| {
        html(name, |letter, date| {
            let block =
                four(letter, date, |label, value| format!("<span style=\"color: rgb(255, 255, 255)\"><b>{label}:</b> {value}</span><br>"));
            format!(
                "<div style=\"background-color: rgb(36, 36, 36)\"><div>{block}<br><span style=\"color:#fff\">{}</span></div></div>",
                lines(&letter.body)
            )
        })
    }),
    ("html-zero-size-around-sized-text", |name| {
        html(name, |letter, date| {
            let block = four(letter, date, |label, value| format!("<div style=\"font-size:14px\"><b>{label}:</b> {value}</div>"));
            format!(
                "<table><tr><td style=\"font-size:0px\">{block}<div style=\"font-size:14px\">{}</div></td></tr></table>",
                lines(&letter.body)
            )
        })
    }),
    ("html-hidden-preheader-above", |name| {
        html(name, |letter, date| {
            let block = four(letter, date, |label, value| format!("<b>{label}:</b> {value}<br>"));
            format!("<p style=\"display:none\">見えない前置き<p>{block}</p><div>{}</div>", lines(&letter.body))
        })
    }),
    ("html-gmail-forward-in-a-table-cell-signature-below", |name| {
        html(name, |letter, date| {
            let block = four(letter, date, |label, value| format!("{label}: {value}<br>"));
            format!(
                "<table><tr><td><div class=\"gmail_quote\">---------- Forwarded message ---------<br>{block}<br>{}</div><div>転送係</div></td></tr></table>",
                lines(&letter.body)
            )
        })
    }),
    ("html-gmail-old-header-block-in-a-span", |name| {
        html(name, |letter, date| {
            let block = four(letter, date, |label, value| format!("{label}: {value}<br>"));
            format!("---------- Forwarded message ----------<br><span class=\"gmail_quote\">{block}</span><br><br>{}", lines(&letter.body))
        })
    }),
    ("html-stray-end-tag-in-a-forwarded-table", |name| {
        html(name, |letter, date| {
            let block = four(letter, date, |label, value| format!("{label}: {value}<br>"));
            format!(
                "<div class=\"gmail_quote\">---------- Forwarded message ---------<br>{block}<br><table><tr><td>お知らせ</div></td></tr></table>{}</div>",
                lines(&letter.body)
            )
        })
    }),
    ("html-charset-in-meta-only-shift-jis", |name| meta(name, Charset::ShiftJis)),
    ("html-charset-in-meta-only-euc-jp", |name| meta(name, Charset::EucJp)),
    ("html-charset-in-meta-only-iso-2022-jp", |name| meta(name, Charset::Iso2022Jp)),
    ("alternatives-in-the-wrong-order", |name| {
        arranged(name, |text, html, _| Entity::multipart("alternative", "=_wrong_order", &[html, text]))
    }),
    ("alternatives-inside-related", |name| {
        arranged(name, |text, html, logo| {
            Entity::multipart("related", "=_outer", &[Entity::multipart("alternative", "=_inner", &[text, html]), logo])
        })
    }),
    ("mixed-inside-alternative", |name| {
        arranged(name, |text, html, logo| {
            Entity::multipart("alternative", "=_outer", &[text, Entity::multipart("mixed", "=_inner", &[html, logo])])
        })
    }),
    ("alternative-with-a-watch-part", |name| {
        arranged(name, |text, html, _| {
            let watch = Entity::text("watch-html", Charset::Utf8, Transfer::EightBit, "<b>要約</b>\n");
            Entity::multipart("alternative", "=_watch", &[text, watch, html])
        })
    }),
];

/// The four header lines, each written by the case.
fn four(letter: &Letter, date: &str, row: impl Fn(&str, &str) -> String) -> String {
    let from = format!(
        "{} &lt;{}&gt;",
        escape(letter.from.name.as_deref().unwrap_or_default()),
        letter.from.address.as_deref().unwrap_or_default()
    );
    let to = letter.to.iter().map(|mailbox| {
        format!("{} &lt;{}&gt;", mailbox.name.as_deref().unwrap_or_default(), mailbox.address.as_deref().unwrap_or_default())
    });
    [("差出人", from), ("送信日時", date.to_owned()), ("宛先", to.collect::<Vec<_>>().join("; ")), ("件名", escape(&letter.subject))]
        .iter()
        .map(|(label, value)| row(label, value))
        .collect()
}

fn document(scene: &Scene, inner: &str) -> String {
    format!("<html><body>\n<div>{}</div>\n{inner}\n</body></html>\n", lines(&scene.message))
}

fn seen(scene: &Scene) -> (String, Seen) {
    let date = DateForm::WeekdayInFull.write(scene.letter.sent);
    let mut seen = scene.letter.seen(Carried::Inline);
    (seen.date, seen.date_text, seen.body) = (date.meaning, Some(date.text.clone()), None);
    (date.text, seen)
}

fn html(name: &str, write: fn(&Letter, &str) -> String) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = "転送いたします。".to_owned();
    let (date, seen) = seen(&scene);
    let text = document(&scene, &write(&scene.letter, &date));
    let mail = scene.mail("転送します", Entity::text("html", Charset::Utf8, Transfer::QuotedPrintable, &text));
    judged(&scene, &mail, &seen)
}

fn judged(scene: &Scene, mail: &Mail, seen: &Seen) -> Submission {
    Submission { raw: mail.raw(), expected: scene.expect(mail, Verdict::Accepted, seen).json() }
}

/// No charset in the part's header: only the document names it.
fn meta(name: &str, charset: Charset) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = "転送いたします。".to_owned();
    let (date, seen) = seen(&scene);
    let block = four(&scene.letter, &date, |label, value| format!("<b>{label}:</b> {value}<br>"));
    let inner = format!("<div>{block}</div><br><div>{}</div>", lines(&scene.letter.body));
    let text = document(&scene, &inner).replace("<html>", &format!("<html><head><meta charset=\"{}\"></head>", charset.label()));
    let mail = scene.mail("転送します", Entity::new("text/html", Transfer::Base64, &charset.encode(&text)));
    judged(&scene, &mail, &seen)
}

/// Text and HTML of the same forward, arranged by the case; the logo is too small to count.
fn arranged(name: &str, arrange: fn(Entity, Entity, Entity) -> Entity) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = "転送いたします。".to_owned();
    let inline = GMAIL_WEB.render(&scene.letter);
    let html = Entity::text("html", Charset::Utf8, Transfer::Base64, &document(&scene, &lines(&inline.text)));
    let logo = Entity::attachment("image/png", "logo.png", &files::png(24, &mut scene.random)).with("Content-ID", "<logo@example.jp>");
    let mail = scene.mail(&scene.forward_subject(&GMAIL_WEB), arrange(plain(&scene.above(&inline)), html, logo));
    judged(&scene, &mail, &inline.seen)
}

/// Cases of the station `verdict` that need HTML.
pub const VERDICTS: &[(&str, Build)] = &[("review-picture-inside-the-html", picture_in_html)];

/// A screenshot pasted into the text, as a `data:` address: a picture like any other.
fn picture_in_html(name: &str) -> Submission {
    let mut scene = Scene::named(name, ONE);
    scene.message = "画面をお送りします。".to_owned();
    let picture: String = String::from_utf8_lossy(&crate::mail::encode::base64_lines(&files::png(96, &mut scene.random))).replace('\n', "");
    let text = document(&scene, &format!("<img src=\"data:image/png;base64,{picture}\" alt=\"\">"));
    let mail = scene.mail("自己宣言の画面", Entity::text("html", Charset::Utf8, Transfer::Base64, &text));
    Submission { raw: mail.raw(), expected: Expected::new(&mail, Verdict::Review).findings(&["picture_attached"]).json() }
}
