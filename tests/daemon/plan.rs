//! A configuration file in the making: sections and keys, with what every test needs already in place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use testbed::imap;

type Keys = BTreeMap<String, String>;

/// The keys of one office. Values are TOML, quotes and all.
#[derive(Debug, Clone)]
pub struct Plan {
    account: Keys,
    targets: Keys,
    oauth2: Keys,
    sections: BTreeMap<String, Keys>,
}

/// Quotes a text for TOML. Tests write no text that needs more than that.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Plan {
    /// An office that answers whatever lies in its mailbox, as fast as it may.
    pub fn new(folder: &Path, imap_port: u16, smtp_port: u16) -> Self {
        let mut plan = Self { account: Keys::new(), targets: Keys::new(), oauth2: Keys::new(), sections: BTreeMap::new() };
        let password = quoted(&format!("file:{}", folder.join("password").display()));
        for (key, value) in [
            ("name", quoted("desk")),
            ("host", quoted("127.0.0.1")),
            ("port", imap_port.to_string()),
            ("security", quoted("plaintext")),
            ("user", quoted(&imap::Options::default().user)),
            ("password", password),
            ("poll-seconds", "5".to_owned()),
        ] {
            plan = plan.account(key, &value);
        }
        plan.set("smtp", "host", "\"127.0.0.1\"")
            .set("smtp", "port", &smtp_port.to_string())
            .set("smtp", "security", "\"plaintext\"")
            .set("smtp", "letters-per-minute", "6000")
            .set("reply", "mode", "\"send\"")
            .set("reply", "start", "\"all\"")
            .set("reply", "per-domain-an-hour", "1000")
            .set("reply", "total-an-hour", "1000")
            .set("store", "path", &quoted(&folder.join("uketsuke.db").display().to_string()))
    }

    /// A key of the account.
    pub fn account(mut self, key: &str, value: &str) -> Self {
        self.account.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Access tokens in the place of the password, by a refresh token that lies in this file.
    pub fn tokens(mut self, url: &str, refresh_token: &Path) -> Self {
        self.account.remove("password");
        for (key, value) in [
            ("grant", "refresh-token".to_owned()),
            ("token-url", url.to_owned()),
            ("client-id", "desk".to_owned()),
            ("client-secret", String::new()),
            ("refresh-token", format!("file:{}", refresh_token.display())),
        ] {
            self.oauth2.insert(key.to_owned(), quoted(&value));
        }
        self
    }

    /// Filing of all verdicts but `ignored`: `keyword` or `move`, each to `prefix` and the verdict.
    pub fn filing(mut self, filing: &str, prefix: &str) -> Self {
        for verdict in ["accepted", "missing", "wrong_type", "review"] {
            self.targets.insert(verdict.to_owned(), quoted(&format!("{prefix}{verdict}")));
        }
        self.account("filing", &quoted(filing))
    }

    /// A key of another section.
    pub fn set(mut self, section: &str, key: &str, value: &str) -> Self {
        self.sections.entry(section.to_owned()).or_default().insert(key.to_owned(), value.to_owned());
        self
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut write = |heading: &str, keys: &Keys| {
            writeln!(text, "{heading}").unwrap();
            for (key, value) in keys {
                writeln!(text, "{key} = {value}").unwrap();
            }
        };
        write("[[accounts]]", &self.account);
        if !self.targets.is_empty() {
            write("[accounts.targets]", &self.targets);
        }
        if !self.oauth2.is_empty() {
            write("[accounts.oauth2]", &self.oauth2);
        }
        for (section, keys) in &self.sections {
            write(&format!("[{section}]"), keys);
        }
        text
    }
}
