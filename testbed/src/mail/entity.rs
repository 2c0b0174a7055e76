//! MIME entities: header fields and a body, composed as clients compose them.
//!
//! Promises: bytes go out exactly in the order and form in which a case asked for them, wrong forms included.
//! Rejected: a builder that keeps mails valid; half of the corpus must be invalid.

use super::encode::{Charset, HeaderForm, Transfer};

/// Header fields and a body.
#[derive(Debug, Clone)]
pub struct Entity {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Entity {
    /// A text part under the charset's own label.
    #[must_use]
    pub fn text(subtype: &str, charset: Charset, transfer: Transfer, text: &str) -> Self {
        Self::labelled_text(subtype, charset, charset.label(), transfer, text)
    }

    /// A text part under any label.
    #[must_use]
    pub fn labelled_text(subtype: &str, charset: Charset, label: &str, transfer: Transfer, text: &str) -> Self {
        Self::new(&format!("text/{subtype}; charset={label}"), transfer, &charset.encode(text))
    }

    /// Any part: the media type with its parameters, and the decoded bytes.
    #[must_use]
    pub fn new(media_type: &str, transfer: Transfer, bytes: &[u8]) -> Self {
        let headers = vec![
            ("Content-Type".to_owned(), media_type.as_bytes().to_vec()),
            ("Content-Transfer-Encoding".to_owned(), transfer.label().as_bytes().to_vec()),
        ];
        Self { headers, body: transfer.encode(bytes) }
    }

    /// A part whose bytes are already as they travel.
    #[must_use]
    pub fn ready(headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        Self { headers, body: body.to_vec() }
    }

    /// An attachment in base64. Line ends of binary files stay as they are.
    #[must_use]
    pub fn attachment(media_type: &str, file_name: &str, bytes: &[u8]) -> Self {
        let name = HeaderForm::Base64(Charset::Utf8).text(file_name);
        let quoted = String::from_utf8_lossy(&name).into_owned();
        let mut entity = Self::ready(
            &[
                ("Content-Type", &format!("{media_type};\n name=\"{quoted}\"")),
                ("Content-Disposition", &format!("attachment;\n filename=\"{quoted}\"")),
                ("Content-Transfer-Encoding", "base64"),
            ],
            &[],
        );
        entity.body = super::encode::base64_lines(bytes);
        entity
    }

    /// message/rfc822, carried as RFC 2046 asks for.
    #[must_use]
    pub fn message(original: &[u8]) -> Self {
        Self::ready(&[("Content-Type", "message/rfc822"), ("Content-Disposition", "attachment")], original)
    }

    /// A multipart of any subtype; the boundary must not occur in the parts.
    #[must_use]
    pub fn multipart(subtype: &str, boundary: &str, parts: &[Self]) -> Self {
        let mut body = Vec::new();
        for part in parts {
            body.extend_from_slice(format!("--{boundary}\n").as_bytes());
            body.extend_from_slice(&part.bytes());
            if !body.ends_with(b"\n") {
                body.push(b'\n');
            }
        }
        body.extend_from_slice(format!("--{boundary}--\n").as_bytes());
        Self { headers: vec![("Content-Type".to_owned(), format!("multipart/{subtype};\n boundary=\"{boundary}\"").into_bytes())], body }
    }

    /// Puts fields above those that describe the body.
    pub fn put_on_top(&mut self, mut headers: Vec<(String, Vec<u8>)>) {
        headers.append(&mut self.headers);
        self.headers = headers;
    }

    /// The same with a field added below.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// The same with one field's value changed, or the field removed.
    #[must_use]
    pub fn with_changed(mut self, name: &str, value: Option<&str>) -> Self {
        self.headers.retain_mut(|(field, held)| {
            if field != name {
                return true;
            }
            if let Some(value) = value {
                *held = value.as_bytes().to_vec();
            }
            value.is_some()
        });
        self
    }

    /// Raw bytes with LF line ends.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.body.len() + 512);
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
