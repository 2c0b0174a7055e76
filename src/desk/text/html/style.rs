//! Whether a reader sees a text, as far as the elements around it say.
//!
//! Promises: an inner size or colour overrules an outer one, as in a browser; what is not displayed stays so inside.
//! Rejected: style sheets in `<style>`; most clients drop them, so what they hide is seen by most readers.

use html5gum::StartTag;

/// What the elements around a text make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    gone: bool,
    tiny: bool,
    pale: bool,
    dark: bool,
    /// Line ends and spaces of the source are shown.
    pub preformatted: bool,
}

impl Look {
    /// The look inside an element with these attributes.
    #[must_use]
    pub fn inside(self, tag: &StartTag<()>) -> Self {
        let attribute = |name: &[u8]| tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).to_ascii_lowercase());
        let style: String = attribute(b"style").unwrap_or_default().chars().filter(|character| !character.is_whitespace()).collect();
        let value = |name: &str| {
            let found = style.split(';').filter_map(|declaration| declaration.split_once(':')).rfind(|(key, _)| *key == name);
            found.map(|(_, value)| value.trim_end_matches("!important").to_owned())
        };
        let is = |name: &str, values: &[&str]| value(name).is_some_and(|value| values.contains(&value.as_str()));
        let colour = value("color").or_else(|| attribute(b"color"));
        let background = value("background-color").or_else(|| value("background")).or_else(|| attribute(b"bgcolor"));
        Self {
            gone: self.gone
                || tag.attributes.contains_key(b"hidden".as_slice())
                || is("display", &["none"])
                || is("visibility", &["hidden", "collapse"])
                || is("opacity", &["0", "0.0"])
                || is("mso-hide", &["all"]),
            tiny: value("font-size").map_or(self.tiny, |size| NO_SIZE.contains(&size.as_str())),
            pale: colour.map_or(self.pale, |colour| WHITE.contains(&colour.trim())),
            dark: background
                .filter(|background| !SEE_THROUGH.contains(&background.as_str()))
                .map_or(self.dark, |background| !WHITE.contains(&background.trim())),
            preformatted: self.preformatted
                || tag.name.as_slice() == b"pre"
                || value("white-space").is_some_and(|space| space.starts_with("pre")),
        }
    }

    /// Whether a reader sees the text: displayed, of some size, and not white on white (no background counts as white).
    #[must_use]
    pub const fn is_visible(self) -> bool {
        !self.gone && !self.tiny && (!self.pale || self.dark)
    }
}

const NO_SIZE: &[&str] = &["0", "0px", "0pt", "0em", "0%"];
const WHITE: &[&str] = &["white", "#fff", "#ffffff", "rgb(255,255,255)"];
const SEE_THROUGH: &[&str] = &["transparent", "inherit", "none", "initial", "unset"];
