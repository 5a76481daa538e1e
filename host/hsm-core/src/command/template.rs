//! The argv template of `command:`: arguments with placeholders in braces.

use serde::{Deserialize, Serialize};

/// An argv template. `{name}` stands for a parameter, `{task}`, `{task_dir}` and `{sweep_id}` for the task's number, folder and sweep,
/// `{params}` for the file with all parameters as JSON; `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Template {
    written: Vec<String>,
    arguments: Vec<Vec<Piece>>,
}

/// One piece of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands.
    Text(String),
    /// The plain text of a parameter.
    Parameter(String),
    /// The task's number.
    Task,
    /// The task's folder.
    TaskDir,
    /// The sweep's id.
    SweepId,
    /// The path of the task's parameters as JSON.
    Params,
}

/// Why a template cannot be used, and the argument, from 0, where that shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct TemplateError {
    /// The argument, from 0.
    pub argument: usize,
    /// What is wrong with it.
    pub problem: TemplateProblem,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// It has no arguments, or an empty program.
    #[error("a command begins with a program")]
    NoProgram,
    /// A brace has no counterpart.
    #[error("a `{0}` has no counterpart; a brace itself is written `{0}{0}`")]
    LoneBrace(char),
    /// A placeholder names nothing that there is.
    #[error("`{{{0}}}` names no parameter of this sweep")]
    UnknownParameter(String),
    /// A parameter appears nowhere, so its tasks would all be alike.
    #[error("the parameter `{0}` appears nowhere in the command")]
    UnusedParameter(String),
    /// A parameter has the name of a placeholder with a meaning of its own.
    #[error("a parameter cannot be called `{0}`, which stands for something else in a command")]
    ReservedName(String),
}

impl Template {
    /// The template of these arguments, the program first.
    ///
    /// # Errors
    /// When there is no program or a brace has no counterpart.
    pub fn parse(written: Vec<String>) -> Result<Self, TemplateError> {
        if written.first().is_none_or(String::is_empty) {
            return Err(TemplateError { argument: 0, problem: TemplateProblem::NoProgram });
        }
        let arguments = (written.iter().enumerate())
            .map(|(argument, text)| {
                pieces(text)
                    .map_err(|brace| TemplateError { argument, problem: TemplateProblem::LoneBrace(brace) })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { written, arguments })
    }

    /// The arguments as they were written.
    #[must_use]
    pub fn written(&self) -> &[String] {
        &self.written
    }

    /// The pieces of every argument.
    #[must_use]
    pub fn arguments(&self) -> &[Vec<Piece>] {
        &self.arguments
    }

    /// Makes sure that the template uses exactly these parameters.
    ///
    /// # Errors
    /// When it names a parameter that is not there, leaves one out, or one has the name of another placeholder.
    pub fn check<'a>(&self, names: impl IntoIterator<Item = &'a str> + Clone) -> Result<(), TemplateError> {
        // Every task of a sweep comes through here, so nothing is allocated unless something is wrong.
        let uses_all = self.pieces().any(|(_, piece)| *piece == Piece::Params);
        for (argument, piece) in self.pieces() {
            if let Piece::Parameter(name) = piece
                && !names.clone().into_iter().any(|known| known == name)
            {
                return Err(TemplateError {
                    argument,
                    problem: TemplateProblem::UnknownParameter(name.clone()),
                });
            }
        }
        for name in names {
            let is_used =
                |(_, piece): (usize, &Piece)| matches!(piece, Piece::Parameter(used) if used == name);
            let problem = if own_placeholder(name).is_some() {
                TemplateProblem::ReservedName(name.to_owned())
            } else if uses_all || self.pieces().any(is_used) {
                continue;
            } else {
                TemplateProblem::UnusedParameter(name.to_owned())
            };
            return Err(TemplateError { argument: 0, problem });
        }
        Ok(())
    }

    fn pieces(&self) -> impl Iterator<Item = (usize, &Piece)> {
        self.arguments
            .iter()
            .enumerate()
            .flat_map(|(index, pieces)| pieces.iter().map(move |piece| (index, piece)))
    }
}

impl TryFrom<Vec<String>> for Template {
    type Error = TemplateError;

    fn try_from(written: Vec<String>) -> Result<Self, Self::Error> {
        Self::parse(written)
    }
}

impl From<Template> for Vec<String> {
    fn from(template: Template) -> Self {
        template.written
    }
}

/// The pieces of one argument, or the brace without a counterpart.
fn pieces(argument: &str) -> Result<Vec<Piece>, char> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = argument;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let tail = &rest[at..];
        if tail.starts_with("{{") || tail.starts_with("}}") {
            text.push_str(&tail[..1]);
            rest = &tail[2..];
            continue;
        }
        if tail.starts_with('}') {
            return Err('}');
        }
        let end = tail.find('}').ok_or('{')?;
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        let name = &tail[1..end];
        pieces.push(own_placeholder(name).unwrap_or_else(|| Piece::Parameter(name.to_owned())));
        rest = &tail[end + 1..];
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

/// The placeholders that name no parameter.
fn own_placeholder(name: &str) -> Option<Piece> {
    Some(match name {
        "task" => Piece::Task,
        "task_dir" => Piece::TaskDir,
        "sweep_id" => Piece::SweepId,
        "params" => Piece::Params,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(arguments: &[&str], names: &[&str]) -> String {
        let written = arguments.iter().map(|text| (*text).to_owned()).collect();
        let template = Template::parse(written);
        match template.and_then(|template| template.check(names.iter().copied()).map(|()| template)) {
            Ok(template) => format!("{:?}", template.arguments()),
            Err(error) => format!("argument {}: {error}", error.argument),
        }
    }

    #[test]
    fn placeholders_stand_for_parameters_and_the_tasks_own_facts() {
        insta::assert_snapshot!(checked(&["./solve", "--dt={dt}", "{task}{task_dir}-{sweep_id}", "{params}"], &["dt", "x"]), @r#"[[Text("./solve")], [Text("--dt="), Parameter("dt")], [Task, TaskDir, Text("-"), SweepId], [Params]]"#);
        insta::assert_snapshot!(checked(&["a", "{{x}} {x}"], &["x"]), @r#"[[Text("a")], [Text("{x} "), Parameter("x")]]"#);
        insta::assert_snapshot!(checked(&["a", "", "{a.b}"], &["a.b"]), @r#"[[Text("a")], [], [Parameter("a.b")]]"#);
    }

    #[test]
    fn a_template_names_every_parameter_and_no_other() {
        insta::assert_snapshot!(checked(&["a", "{dt}", "{dx}"], &["dt"]), @"argument 2: `{dx}` names no parameter of this sweep");
        insta::assert_snapshot!(checked(&["a", "{dt}"], &["dt", "dx"]), @"argument 0: the parameter `dx` appears nowhere in the command");
        insta::assert_snapshot!(checked(&["a", "{task}"], &["task"]), @"argument 0: a parameter cannot be called `task`, which stands for something else in a command");
        insta::assert_snapshot!(checked(&[], &[]), @"argument 0: a command begins with a program");
        insta::assert_snapshot!(checked(&[""], &[]), @"argument 0: a command begins with a program");
        insta::assert_snapshot!(checked(&["a", "b}"], &[]), @"argument 1: a `}` has no counterpart; a brace itself is written `}}`");
        insta::assert_snapshot!(checked(&["a", "{b"], &[]), @"argument 1: a `{` has no counterpart; a brace itself is written `{{`");
    }
}
