//! Reads the blocks of a sweep file that are no parameters: the program, the generator, the metrics, and what is only kept.

use crate::command::{Program, Template};
use crate::diagnostic::{Findings, Position};
use crate::metrics::Patterns;
use crate::render::params_json;
use crate::value::{Quantity, Value};
use crate::yaml::{Content, Entry, Fields, Node, Reading, Values, as_written, number, read};

/// What makes the points, where the space does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratorBlock {
    /// The plugin: a path, or a bundle's name. Without it the caller says which.
    pub plugin: Option<String>,
    /// The seed of everything random; 0 where the file has none.
    pub seed: u64,
    /// The generator's own configuration, as JSON text.
    pub config: String,
    /// Where the block stands.
    pub at: Position,
}

/// A metric that is read from a task's standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricPattern {
    /// The metric.
    pub name: String,
    /// The regular expression whose group `value`, or else first group, or else whole match is the metric.
    pub pattern: String,
    /// Where the pattern stands.
    pub at: Position,
}

/// `script` or `command`, and where every argument of a command stands.
pub(super) fn program(
    script: Option<&Entry>,
    command: Option<&Entry>,
    findings: &mut Findings,
) -> Option<(Program, Vec<Position>)> {
    match (script, command) {
        (Some(script), Some(command)) => {
            let message = format!("`command` and `script` are both given, `script` at {}", script.key.at);
            findings.error(command.key.at, message, Some("keep the one that is to run".to_owned()));
            None
        }
        (Some(script), None) => {
            let path = text(&script.value, "`script`", "the path of a script", findings)?;
            Some((Program::Script { script: path }, Vec::new()))
        }
        (None, Some(command)) => template(&command.value, findings),
        (None, None) => None,
    }
}

fn template(node: &Node, findings: &mut Findings) -> Option<(Program, Vec<Position>)> {
    let Some(items) = node.as_list() else {
        let hint =
            Some("write `command: [\"./program\", \"--option\", \"{name}\"]`: no shell splits it".to_owned());
        findings.error(
            node.at,
            format!("`command` is a list of arguments, and {} stands here", node.kind()),
            hint,
        );
        return None;
    };
    let mut arguments = Vec::with_capacity(items.len());
    for item in items {
        match &item.content {
            Content::Scalar(scalar) if !item.is_null() => arguments.push(scalar.text.clone()),
            _ => {
                let hint = Some("quote an argument that has braces or brackets".to_owned());
                findings.error(
                    item.at,
                    format!("an argument is text, and {} stands here", item.kind()),
                    hint,
                );
                return None;
            }
        }
    }
    match Template::parse(arguments) {
        Ok(template) => Some((Program::Command(template), items.iter().map(|item| item.at).collect())),
        Err(error) => {
            let at = items.get(error.argument).map_or(node.at, |item| item.at);
            findings.error(at, error.to_string(), None);
            None
        }
    }
}

/// `generator`.
pub(super) fn generator(node: &Node, values: &mut Values, findings: &mut Findings) -> Option<GeneratorBlock> {
    let mut fields = Fields::of(node, "`generator`", &["plugin", "seed", "config"], findings)?;
    let plugin = fields.take("plugin").and_then(|node| text(node, "`plugin`", "a path or a name", findings));
    let seed = fields.take("seed").map_or(Some(0), |node| seed(node, findings));
    let config = fields.take("config").map_or(Value::Map(Vec::new()), |node| values.value(node, findings));
    for (at, name, hint) in fields.unknown() {
        findings.error(at, format!("`generator` has no key `{name}`"), hint);
    }
    if !matches!(config, Value::Map(_)) {
        findings.error(node.at, "the `config` of a generator is a map", None);
    }
    let mut json = String::new();
    params_json(&config, &mut json);
    Some(GeneratorBlock { plugin, seed: seed?, config: json, at: node.at })
}

fn seed(node: &Node, findings: &mut Findings) -> Option<u64> {
    let seed = node.as_text().and_then(|text| {
        let integer = number(text).and_then(|number| match number.quantity() {
            Quantity::Integer(integer) => u64::try_from(integer).ok(),
            Quantity::Float(_) => None,
        });
        integer.or_else(|| text.parse().ok())
    });
    if seed.is_none() {
        findings.error(node.at, "`seed` is an integer from 0 to 18446744073709551615", None);
    }
    seed
}

/// `metrics`.
pub(super) fn metrics(node: &Node, findings: &mut Findings) -> Vec<MetricPattern> {
    let Some(entries) = node.as_map() else {
        findings.error(
            node.at,
            format!("`metrics` is a map of patterns, and {} stands here", node.kind()),
            None,
        );
        return Vec::new();
    };
    let read = |entry: &Entry| {
        let name = entry.key.name.clone();
        let pattern = text(&entry.value, &format!("`{name}`"), "a regular expression", findings)?;
        if let Err(error) = Patterns::new([(name.as_str(), pattern.as_str())]) {
            findings.error(entry.value.at, error.to_string(), None);
            return None;
        }
        Some(MetricPattern { name, pattern, at: entry.value.at })
    };
    entries.iter().filter_map(read).collect()
}

/// `hydra`.
pub(super) fn hydra(node: &Node, findings: &mut Findings) -> Option<bool> {
    let reading = match &node.content {
        Content::Scalar(scalar) => Some(read(scalar)),
        _ => None,
    };
    match reading {
        Some(Reading::Value(Value::Bool(truth)) | Reading::Word(truth)) => Some(truth),
        _ => {
            findings.error(
                node.at,
                format!("`hydra` is true or false, and {} stands here", node.kind()),
                None,
            );
            None
        }
    }
}

/// `metadata` and `complete`: kept as they are, so nothing in them is an error.
pub(super) fn kept(node: &Node, what: &str, findings: &mut Findings) -> Vec<(String, Value)> {
    match as_written(node) {
        Value::Map(entries) => entries,
        Value::Null => Vec::new(),
        _ => {
            findings.warning(node.at, format!("{what} is a map, and {} stands here", node.kind()), None);
            Vec::new()
        }
    }
}

fn text(node: &Node, what: &str, expected: &str, findings: &mut Findings) -> Option<String> {
    let text = node.as_text().filter(|text| !text.is_empty());
    if text.is_none() {
        findings.error(node.at, format!("{what} is {expected}, and {} stands here", node.kind()), None);
    }
    text.map(str::to_owned)
}
