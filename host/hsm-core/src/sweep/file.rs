//! Reads a whole sweep file.

use crate::command::{Program, TemplateProblem};
use crate::diagnostic::{Diagnostics, Findings, Parsed, Position};
use crate::suggest::did_you_mean;
use crate::sweep::blocks::{self, GeneratorBlock, MetricPattern};
use crate::sweep::factor::Factor;
use crate::sweep::factors::Factors;
use crate::sweep::filters;
use crate::sweep::space::Space;
use crate::value::Value;
use crate::yaml::{Entry, Fields, Node, Values, parse};

/// The keys of a sweep file, whether or not they stand under `sweep`.
const KEYS: &[&str] = &[
    "grid",
    "paired",
    "combinations",
    "include",
    "exclude",
    "generator",
    "script",
    "command",
    "hydra",
    "metrics",
    "metadata",
    "complete",
    "defaults",
];

/// The key under which all others may stand.
const WRAPPER: &str = "sweep";

/// What a sweep file says.
#[derive(Clone, Debug)]
pub struct SweepFile {
    /// The points. Without `grid`, `paired` and `combinations` there are none, and a generator makes them.
    pub space: Space,
    /// What runs; the settings say, where the file does not.
    pub program: Option<Program>,
    /// What makes the points, where the space does not.
    pub generator: Option<GeneratorBlock>,
    /// Whether the script is Hydra's; looking at it tells, where the file does not.
    pub hydra: Option<bool>,
    /// Description, tags and the like.
    pub metadata: Vec<(String, Value)>,
    /// Options for completing the sweep, kept as they are.
    pub complete: Vec<(String, Value)>,
    /// Metrics read from standard output.
    pub metrics: Vec<MetricPattern>,
}

impl SweepFile {
    /// Reads the text of a sweep file, which messages call `file`.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its place.
    pub fn parse(text: &str, file: &str) -> Result<Parsed<Self>, Diagnostics> {
        let mut findings = Findings::new(file);
        let sweep = parse(text, &mut findings).and_then(|root| read(&root, &mut findings));
        findings.conclude(sweep)
    }
}

fn read(root: &Node, findings: &mut Findings) -> Option<SweepFile> {
    let mut fields = Fields::from_entries(entries(root, findings)?, KEYS);
    let mut values = Values::default();
    let generator = fields.take_entry("generator");
    let generator_at = generator.map(|entry| entry.key.at);
    let generator = generator.and_then(|entry| blocks::generator(&entry.value, &mut values, findings));
    let space = space(&mut fields, root.at, generator_at, &mut values, findings);
    values.report(findings);
    let program = blocks::program(fields.take_given("script"), fields.take_given("command"), findings);
    if let (Some(space), Some((program, places))) = (&space, &program)
        && generator_at.is_none()
    {
        check_command(program, places, space, findings);
    }
    let hydra = fields.take("hydra").and_then(|node| blocks::hydra(node, findings));
    let metadata = fields.take("metadata").map(|node| blocks::kept(node, "`metadata`", findings));
    let complete = fields.take("complete").map(|node| blocks::kept(node, "`complete`", findings));
    let metrics = fields.take("metrics").map(|node| blocks::metrics(node, findings));
    for (at, name, hint) in fields.unknown() {
        let hint =
            hint.unwrap_or_else(|| format!("the keys are {}; notes go under `metadata`", KEYS.join(", ")));
        findings.error(at, format!("a sweep file has no key `{name}`"), Some(hint));
    }
    Some(SweepFile {
        space: space?,
        program: program.map(|(program, _)| program),
        generator,
        hydra,
        metadata: metadata.unwrap_or_default(),
        complete: complete.unwrap_or_default(),
        metrics: metrics.unwrap_or_default(),
    })
}

/// The entries of the file, with those under `sweep` among them.
fn entries<'a>(root: &'a Node, findings: &mut Findings) -> Option<Vec<&'a Entry>> {
    if root.is_null() {
        findings.error(root.at, "the file says nothing", Some("a sweep has at least a `grid`".to_owned()));
        return None;
    }
    let Some(top) = root.as_map() else {
        findings.error(root.at, format!("a sweep file is a map, and {} stands here", root.kind()), None);
        return None;
    };
    let mut entries: Vec<&Entry> = top.iter().filter(|entry| entry.key.name != WRAPPER).collect();
    for wrapper in top.iter().filter(|entry| entry.key.name == WRAPPER && !entry.value.is_null()) {
        let Some(inner) = wrapper.value.as_map() else {
            let message = format!("`{WRAPPER}` is a map, and {} stands here", wrapper.value.kind());
            findings.error(wrapper.value.at, message, None);
            continue;
        };
        for entry in inner {
            let name = &entry.key.name;
            if let Some(outer) = entries.iter().find(|outer| outer.key.name == *name) {
                let message =
                    format!("`{name}` is given twice, here and outside of `{WRAPPER}` at {}", outer.key.at);
                findings.error(entry.key.at, message, Some("keep one of the two".to_owned()));
            } else {
                entries.push(entry);
            }
        }
    }
    Some(entries)
}

/// The factors and the filters as a space. A generator needs none.
fn space(
    fields: &mut Fields<'_>,
    at: Position,
    generator: Option<Position>,
    values: &mut Values,
    findings: &mut Findings,
) -> Option<Space> {
    let include = fields.take_given("include");
    let exclude = fields.take_given("exclude");
    let factors = factors(fields, generator, values, findings);
    let mut filter = |key, entry: Option<&Entry>| match entry {
        Some(entry) => filters::read(&entry.value, key, &factors, values, findings),
        None => Vec::new(),
    };
    let (keep, drop) = (filter("include", include), filter("exclude", exclude));
    if let Some(generator) = generator {
        refuse_beside_generator(&[include, exclude], generator, findings);
    } else if factors.is_empty() && !findings.has_errors() {
        let hint = "give it a `grid`, `paired`, `combinations` or a `generator`".to_owned();
        findings.error(at, "the sweep has no parameters", Some(hint));
    }
    if findings.has_errors() {
        return None;
    }
    let at = include.or(exclude).map_or(at, |entry| entry.key.at);
    match Space::new(factors, &keep, &drop) {
        Ok(space) => {
            if space.count() == 0 && generator.is_none() {
                findings.error(at, "no point is left: `include` and `exclude` drop all of them", None);
            }
            Some(space)
        }
        Err(error) => {
            findings.error(at, error.to_string(), None);
            None
        }
    }
}

fn factors(
    fields: &mut Fields<'_>,
    generator: Option<Position>,
    values: &mut Values,
    findings: &mut Findings,
) -> Vec<Factor> {
    let mut factors = Factors::default();
    let paired = fields.take_given("paired");
    let combinations = fields.take_given("combinations");
    if let Some(grid) = fields.take_given("grid") {
        factors.read_grid(&grid.value, values, findings);
    }
    if let Some(paired) = paired {
        factors.read_paired(&paired.value, values, findings);
    }
    if let Some(combinations) = combinations {
        factors.read_combinations(&combinations.value, values, findings);
    }
    if let Some(generator) = generator {
        refuse_beside_generator(&[paired, combinations], generator, findings);
    }
    factors.factors
}

/// A generator knows of the grid's axes alone.
fn refuse_beside_generator(blocks: &[Option<&Entry>], generator: Position, findings: &mut Findings) {
    for Entry { key, .. } in blocks.iter().copied().flatten() {
        let message =
            format!("`{}` says nothing to the `generator` at {generator}, which makes the points", key.name);
        findings.error(key.at, message, Some("remove one of the two".to_owned()));
    }
}

/// Makes sure that a command names the parameters that there are, and all of them.
fn check_command(program: &Program, places: &[Position], space: &Space, findings: &mut Findings) {
    let Program::Command(template) = program else { return };
    let Err(error) = template.check(space.names()) else { return };
    let hint = match &error.problem {
        TemplateProblem::UnknownParameter(name) => did_you_mean(name, space.names()).or_else(|| {
            let names: Vec<String> = space.names().map(|name| format!("{{{name}}}")).collect();
            Some(format!(
                "there are {}, {{task}}, {{task_dir}}, {{sweep_id}} and {{params}}",
                names.join(", ")
            ))
        }),
        TemplateProblem::UnusedParameter(name) => Some(format!(
            "add an argument with `{{{name}}}`, or with `{{params}}` for a file of all parameters"
        )),
        _ => None,
    };
    if let Some(at) = places.get(error.argument) {
        findings.error(*at, error.to_string(), hint);
    }
}
