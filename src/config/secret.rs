//! Where passwords come from: a file, a systemd credential, an environment variable; never the configuration itself.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::reader::Section;
use crate::secret::Secret;

/// Others may read a file with one of these bits.
const READABLE_BY_OTHERS: u32 = 0o004;

/// What a secret looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A password or token.
    Line,
    /// A key in PEM, a JSON file.
    Document,
}

impl Shape {
    /// The secret, or a sentence about the place where it should be.
    fn of(self, text: &str, place: &str) -> Result<Secret, String> {
        match self {
            Self::Line => {
                one_line(text).ok_or_else(|| format!("{place} is empty or has several lines; write the secret into it as its only line"))
            }
            Self::Document if text.trim().is_empty() => Err(format!("{place} is empty; copy the whole file there as it was given out")),
            Self::Document => Ok(Secret::new(text.to_owned())),
        }
    }
}

/// Takes a key that names where a secret is kept, and reads the secret: one line.
pub fn secret(section: &mut Section<'_>, name: &'static str, default: &str) -> Option<Secret> {
    let source = section.text(name, default);
    taken(section, name, &source, Shape::Line)
}

/// The same for a secret that may be switched off with "": the outer None is a problem, the inner none.
pub fn optional_secret(section: &mut Section<'_>, name: &'static str, default: &str) -> Option<Option<Secret>> {
    let source = section.text(name, default);
    if source.is_empty() { Some(None) } else { taken(section, name, &source, Shape::Line).map(Some) }
}

/// The same for a secret of many lines.
pub fn document(section: &mut Section<'_>, name: &'static str, default: &str) -> Option<Secret> {
    let source = section.text(name, default);
    taken(section, name, &source, Shape::Document)
}

fn taken(section: &mut Section<'_>, name: &'static str, source: &str, shape: Shape) -> Option<Secret> {
    let read = match source.split_once(':') {
        Some(("file", path)) => of_file(Path::new(path), shape),
        Some(("credential", credential)) => of_credential(credential, shape),
        Some(("env", variable)) => of_variable(variable, shape),
        _ => {
            // What stands here may be the password itself, so it is not shown.
            let key = section.key(name);
            section.problems.push(
                key,
                None,
                "must say where the secret is kept, not what it is: \"file:/path\", \"credential:name\" or \"env:NAME\"",
            );
            return None;
        }
    };
    read.map_err(|sentence| section.refuse(name, source, sentence)).ok()
}

fn of_file(path: &Path, shape: Shape) -> Result<Secret, String> {
    let shown = path.display();
    let metadata = fs::metadata(path)
        .map_err(|error| format!("the file {shown} cannot be read ({error}); create it with the secret in it, and chmod 600"))?;
    if metadata.mode() & READABLE_BY_OTHERS != 0 {
        return Err(format!("every user of this machine can read {shown}; run: chmod 600 {shown}"));
    }
    let text = fs::read_to_string(path)
        .map_err(|error| format!("the file {shown} cannot be read ({error}); it must belong to the service's user"))?;
    shape.of(&text, &format!("the file {shown}"))
}

fn of_credential(name: &str, shape: Shape) -> Result<Secret, String> {
    let directory = env::var_os("CREDENTIALS_DIRECTORY")
        .ok_or_else(|| format!("there is no $CREDENTIALS_DIRECTORY; run under systemd with LoadCredential={name}:…, set CREDENTIALS_DIRECTORY to the folder of its files for a command like `check`, or use \"file:…\""))?;
    let path = PathBuf::from(directory).join(name);
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("the credential {name} cannot be read ({error}); add LoadCredential={name}:… to the unit"))?;
    shape.of(&text, &format!("the credential {name}"))
}

fn of_variable(name: &str, shape: Shape) -> Result<Secret, String> {
    let text = env::var(name).map_err(|_| format!("the environment variable {name} is not set; set it, or use \"file:…\""))?;
    shape.of(&text, &format!("the environment variable {name}"))
}

/// Editors end a file with a line end, which is no part of the password.
fn one_line(text: &str) -> Option<Secret> {
    let line = text.trim_end_matches(['\r', '\n']);
    (!line.is_empty() && !line.contains(['\r', '\n'])).then(|| Secret::new(line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_that_everybody_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("password");
        fs::write(&path, "kaki\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
        assert!(of_file(&path, Shape::Line).expect_err("refused").contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        assert_eq!(of_file(&path, Shape::Line).expect("read").expose(), "kaki");
    }

    #[test]
    fn an_empty_or_absent_secret_is_refused_with_a_remedy() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("password");
        assert!(of_file(&path, Shape::Line).expect_err("refused").contains("create it"));
        fs::write(&path, "\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        assert!(of_file(&path, Shape::Line).expect_err("refused").contains("as its only line"));
        assert!(of_file(&path, Shape::Document).expect_err("refused").contains("copy the whole file"));
        fs::write(&path, "kaki\nkaki\n").expect("written");
        assert!(of_file(&path, Shape::Line).expect_err("refused").contains("has several lines"));
        assert_eq!(of_file(&path, Shape::Document).expect("read").expose(), "kaki\nkaki\n");
    }
}
