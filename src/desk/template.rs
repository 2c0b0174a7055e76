//! The letters' texts: `Subject: …`, an empty line, the text; in minijinja's language, with a fixed set of variables.
//!
//! Promises: a `Templates` that exists renders. Every template is rendered at the start with every variable present and
//! absent, so that a typing error stops the start (or the reload), never a letter.

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::words::{FindingCode, ReplyKind};

/// Everything that a template may say. Nothing in it comes from the sender's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Name of the office.
    pub office: String,
    /// Name of the subsidy.
    pub programme: String,
    /// 受付番号.
    pub receipt: String,
    /// Receipt time in the office's time zone, as a reader writes it.
    pub received_at: String,
    pub deadline: Option<String>,
    pub contact: Option<String>,
    /// Subjects of the accepted notices, from the configuration.
    pub accepted_subjects: Vec<String>,
    pub required_stars: u8,
    /// Subjects of the kinds that were found, from the configuration.
    pub found: Vec<String>,
    /// Codes of what the applicant can mend ([`is_mentioned`]).
    pub findings: Vec<String>,
}

/// What letters speak of: the defects, and what an applicant can mend once a person has decided about it.
pub const MENTIONED: [FindingCode; 7] = [
    FindingCode::NoNotice,
    FindingCode::WrongKind,
    FindingCode::OneStarStated,
    FindingCode::EncryptedAttachment,
    FindingCode::PictureAttached,
    FindingCode::PdfAttached,
    FindingCode::SampleValues,
];

/// Whether a letter may speak of this finding.
#[must_use]
pub fn is_mentioned(code: FindingCode) -> bool {
    MENTIONED.contains(&code)
}

/// The compiled letters.
#[derive(Debug, Clone)]
pub struct Templates {
    environment: Environment<'static>,
}

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct TemplateProblem {
    pub kind: ReplyKind,
    pub problem: String,
}

/// A rendered letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
}

impl Templates {
    /// Compiles one template a kind, and renders each with everything, with as little as possible, and for every finding alone.
    ///
    /// # Errors
    /// Every template that does not compile or render, with minijinja's words.
    pub fn compile(texts: impl IntoIterator<Item = (ReplyKind, String)>) -> Result<Self, Vec<TemplateProblem>> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut problems = Vec::new();
        let mut kinds = Vec::new();
        for (kind, text) in texts {
            let text = text.replace("\r\n", "\n");
            match environment.add_template_owned(kind.word(), text) {
                Ok(()) => kinds.push(kind),
                Err(error) => problems.push(TemplateProblem { kind, problem: explained(&error) }),
            }
        }
        let templates = Self { environment };
        for kind in kinds {
            let single = |code: &FindingCode| Facts { findings: vec![code.word().to_owned()], ..sample_facts(Fullness::Everything) };
            let trials =
                [sample_facts(Fullness::Everything), sample_facts(Fullness::Least)].into_iter().chain(MENTIONED.iter().map(single));
            if let Some(problem) = trials.into_iter().find_map(|facts| templates.render(kind, &facts).err()) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(templates) } else { Err(problems) }
    }

    /// Renders a letter.
    ///
    /// # Errors
    /// When the template has no `Subject:` line or uses something that is not there; `compile` has ruled both out.
    pub fn render(&self, kind: ReplyKind, facts: &Facts) -> Result<Rendered, TemplateProblem> {
        let problem = |problem: String| TemplateProblem { kind, problem };
        let template = self.environment.get_template(kind.word()).map_err(|error| problem(explained(&error)))?;
        let rendered = template.render(minijinja::value::Serde(facts)).map_err(|error| problem(explained(&error)))?;
        let (head, text) = rendered.split_once("\n\n").ok_or_else(|| problem("it has no empty line after the subject".to_owned()))?;
        let subject = head
            .trim()
            .strip_prefix("Subject:")
            .map(str::trim)
            .filter(|subject| !subject.is_empty() && !subject.contains(char::is_control));
        let subject = subject.ok_or_else(|| problem("its first line is not `Subject: …`".to_owned()))?;
        Ok(Rendered { subject: subject.to_owned(), text: text.trim_end().to_owned() + "\n" })
    }
}

fn explained(error: &minijinja::Error) -> String {
    let line = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{}{detail}{line}", error.kind())
}

/// How much a trial rendering is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fullness {
    Everything,
    Least,
}

fn sample_facts(fullness: Fullness) -> Facts {
    let is_full = fullness == Fullness::Everything;
    let texts = |texts: &[&str]| if is_full { texts.iter().map(|text| (*text).to_owned()).collect() } else { Vec::new() };
    Facts {
        office: "事務局".to_owned(),
        programme: "補助金".to_owned(),
        receipt: "20261123-000001".to_owned(),
        received_at: "2026年11月23日 10:00".to_owned(),
        deadline: is_full.then(|| "2026年12月25日 17:00".to_owned()),
        contact: is_full.then(|| "desk@office.example.jp".to_owned()),
        accepted_subjects: texts(&["一", "二"]),
        required_stars: if is_full { 2 } else { 1 },
        found: texts(&["三"]),
        findings: texts(&MENTIONED.map(FindingCode::word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<Templates, Vec<TemplateProblem>> {
        Templates::compile([(ReplyKind::Missing, text.to_owned())])
    }

    #[test]
    fn a_template_renders_subject_and_text() {
        let templates = compile("Subject: 件名 {{ receipt }}\n\n{% if deadline %}締切 {{ deadline }}\n{% endif %}本文\n").expect("valid");
        let rendered = templates.render(ReplyKind::Missing, &sample_facts(Fullness::Least)).expect("renders");
        assert_eq!(rendered, Rendered { subject: "件名 20261123-000001".to_owned(), text: "本文\n".to_owned() });
    }

    #[test]
    fn a_wrong_template_is_refused_with_its_reason() {
        for (text, reason) in [
            ("Subject: x\n\n{{ sender_text }}", "undefined value in line 3"),
            ("Subject: x\n\n{% if %}", "syntax error"),
            ("x\n\ny", "its first line is not `Subject: …`"),
            ("Subject: x\ny", "no empty line"),
            ("Subject: x\n\n{{ deadline + 1 }}", "in line 3"),
            ("Subject: x\n\n{% if findings == [\"sample_values\"] %}{{ sample }}{% endif %}", "undefined value in line 3"),
        ] {
            let problems = compile(text).err().unwrap_or_default();
            assert!(problems.iter().any(|problem| problem.problem.contains(reason)), "{text}: {problems:?}");
        }
    }
}
