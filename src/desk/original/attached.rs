//! What a part is to the desk: a text, a mail, or a file that could hold a proof.
//!
//! Promises: a file that the desk cannot open is never taken for nothing.

use crate::desk::message::looks_like_mail;
use crate::desk::message::part::{Disposition, Part};
use crate::desk::rules::Limits;
use crate::desk::words::Carried;

/// A file that came along and that the desk did not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub sort: Sort,
    /// Its name, or its content type. Data, never a path.
    pub name: String,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Read as text of the mail.
    Text,
    /// A whole mail.
    Mail(Carried),
    /// A picture large enough to show a proof.
    Picture,
    Pdf,
    /// A file of Outlook (.msg).
    Outlook,
    /// What Outlook and Exchange send in place of MIME (winmail.dat).
    Tnef,
    /// A zip, to be looked into.
    Archive,
    /// A password-protected archive.
    Encrypted,
    /// A container that the desk cannot open: other archives, office documents …
    Unread,
    /// Calendar entries, signatures, contact cards, small pictures, short forms for watches: nothing that proves anything.
    Harmless,
}

/// Tells what a part is, by its content type, its name and its first bytes.
#[must_use]
pub fn sort(part: &Part<'_>, limits: &Limits) -> Sort {
    let content_type = part.content_type.as_str();
    if matches!(content_type, "message/rfc822" | "message/global") {
        return Sort::Mail(Carried::Attached);
    }
    if part.is_named(&[".eml", ".mht", ".mhtml"]) {
        return Sort::Mail(Carried::File);
    }
    if content_type.starts_with("text/") {
        return text(part, content_type);
    }
    if content_type.starts_with("image/") || part.is_named(&[".png", ".jpg", ".jpeg", ".gif", ".heic", ".webp", ".bmp", ".tif", ".tiff"]) {
        return if part.size() >= limits.picture_bytes { Sort::Picture } else { Sort::Harmless };
    }
    if is_harmless(content_type) {
        return Sort::Harmless;
    }
    by_bytes(part, content_type)
}

fn text(part: &Part<'_>, content_type: &str) -> Sort {
    match content_type {
        "text/calendar"
        | "text/vcard"
        | "text/x-vcard"
        | "text/directory"
        | "text/rfc822-headers"
        | "text/css"
        | "text/watch-html"
        | "text/x-amp-html" => Sort::Harmless,
        _ if part.disposition == Disposition::Attachment => {
            if looks_like_mail(&part.start()) {
                Sort::Mail(Carried::File)
            } else if part.is_html() || part.is_named(&[".txt", ".html", ".htm"]) {
                // A text file may be a print-out of the notice; somebody should look, but the desk reads it first.
                Sort::Text
            } else {
                Sort::Unread
            }
        }
        _ => Sort::Text,
    }
}

fn is_harmless(content_type: &str) -> bool {
    matches!(
        content_type,
        "application/pgp-signature"
            | "application/pkcs7-signature"
            | "application/x-pkcs7-signature"
            | "application/ics"
            | "message/delivery-status"
            | "message/disposition-notification"
    )
}

/// MS-OXTNEF section 2.1.3.1.
const TNEF: &[u8] = b"\x78\x9f\x3e\x22";
/// MS-CFB section 2.2.
const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

fn by_bytes(part: &Part<'_>, content_type: &str) -> Sort {
    let bytes = part.start();
    if content_type == "application/pdf" || part.is_named(&[".pdf"]) || bytes.starts_with(b"%PDF-") {
        return Sort::Pdf;
    }
    if bytes.starts_with(TNEF) {
        return Sort::Tnef;
    }
    // Old office documents are compound files, too: the reader tells them apart.
    if bytes.starts_with(COMPOUND_FILE) {
        return if part.is_named(&[".doc", ".xls", ".ppt"]) { Sort::Unread } else { Sort::Outlook };
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return if is_office_document(part, content_type) { Sort::Unread } else { Sort::Archive };
    }
    // A whole mailbox begins like a mail, too, but holds several.
    if !content_type.contains("mbox")
        && !content_type.starts_with("message/")
        && !part.is_named(&[".mbox", ".mbx"])
        && looks_like_mail(&bytes)
    {
        return Sort::Mail(Carried::File);
    }
    if bytes.trim_ascii().is_empty() { Sort::Harmless } else { Sort::Unread }
}

/// Office documents are zips, too, but hold no mails.
fn is_office_document(part: &Part<'_>, content_type: &str) -> bool {
    const ENDINGS: [&str; 10] = [".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".odt", ".ods", ".odp", ".xps", ".epub"];
    content_type.contains("officedocument") || content_type.contains("opendocument") || part.is_named(&ENDINGS)
}
