//! `hsm collect`: the results of a sweep as one table, or what an aggregator makes of them.

use crate::args::{CollectArgs, Format, GlobalArgs, KeyValue};
use crate::context::Context;
use crate::output::{Align, Console, TextTable, counted, escape, escape_lines};
use crate::plugins;
use crate::report::{Exit, Problem};
use hsm_core::metrics::flat_names;
use hsm_core::render::plain;
use hsm_engine::results::{Collected, WrittenArtifact, write_csv, write_json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How many reasons for missing metrics are named.
const NAMED_REASONS: usize = 5;

/// Collects the results.
///
/// # Errors
/// When there is no such sweep, its results cannot be read or written, or the plugin fails.
pub fn run(args: &CollectArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let config = configuration(args, global)?;
    let context = Context::find(global, console)?;
    let sweep_dir = context.sweep_dir(&args.sweep)?;
    let aggregator = match &global.plugin {
        Some(reference) => Some(
            plugins::roles(global, PathBuf::from("."), &context.project.root)?.aggregator(reference, None)?,
        ),
        None => None,
    };
    let collected = collect(&context, &sweep_dir)?;
    if let Some(aggregator) = aggregator {
        let artifacts = context.manager.aggregate(&collected, &aggregator, &config)?;
        show_artifacts(&artifacts, console)?;
    }
    match (&args.output, &global.plugin) {
        (Some(file), _) => {
            write_file(&collected, args.format.unwrap_or_else(|| format_of(file)), file)?;
            console.say(&format!(
                "wrote {} to `{}`",
                counted(collected.rows().len() as u128, "row", "rows"),
                file.display()
            ));
        }
        (None, Some(_)) => {}
        (None, None) => {
            let format = args.format.unwrap_or_default();
            console.stream(|out| write_table(&collected, format, out))?;
        }
    }
    say_missing(&collected, console);
    Ok(Exit::Success)
}

fn configuration(args: &CollectArgs, global: &GlobalArgs) -> Result<String, Problem> {
    let usage = |message: String| Problem::new(Exit::Configuration, message);
    if global.plugin.is_none() && !args.config.is_empty() {
        return Err(usage("`--config` configures a plugin, and none was named".to_owned())
            .with_hint("add `--plugin REF`"));
    }
    if global.plugin.is_some() && args.format.is_some() && args.output.is_none() {
        return Err(usage("`--format` is about the table, and a plugin takes its place".to_owned())
            .with_hint("add `-o FILE` to write the table as well"));
    }
    let object = KeyValue::object(&args.config)
        .map_err(|name| usage(format!("`--config` gives `{name}` both a value and values below it")))?;
    Ok(object.to_string())
}

/// Reads the results and keeps the tables; where this user may only read the sweep, without keeping them.
fn collect(context: &Context, sweep_dir: &Path) -> Result<Collected, Problem> {
    match context.manager.collect_results(sweep_dir, None) {
        Err(error) if error.is_permission() => {
            let collected = context.manager.read_results(sweep_dir)?;
            context.console.warn(&format!("the tables in `results/` were not written: {error}"));
            Ok(collected)
        }
        collected => Ok(collected?),
    }
}

fn show_artifacts(artifacts: &[WrittenArtifact], console: Console) -> Result<(), Problem> {
    for (index, text) in artifacts.iter().filter_map(|artifact| artifact.text.as_ref()).enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        let end = if text.ends_with('\n') { "" } else { "\n" };
        console.data(&format!("{gap}{}{end}", escape_lines(text)))?;
    }
    for artifact in artifacts {
        console.say(&format!("wrote `{}`", escape(&artifact.path.display().to_string())));
    }
    Ok(())
}

/// The format that a file's name asks for.
fn format_of(file: &Path) -> Format {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        _ => Format::Table,
    }
}

fn write_table(collected: &Collected, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Csv => write_csv(collected, out),
        Format::Json => write_json(collected, out),
        Format::Table => out.write_all(text(collected).as_bytes()),
    }
}

/// Writes a file that is there as a whole or not at all: under another name beside it first.
fn write_file(collected: &Collected, format: Format, file: &Path) -> Result<(), Problem> {
    let failed = |error: &io::Error| Problem::file("write", file, error);
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let unfinished = file.with_file_name(name);
    let written = File::create_new(&unfinished).and_then(|created| {
        let mut out = io::BufWriter::new(created);
        write_table(collected, format, &mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&unfinished, file)
    });
    written.map_err(|error| {
        let _ = std::fs::remove_file(&unfinished);
        failed(&error)
    })
}

fn text(collected: &Collected) -> String {
    let names = flat_names(collected.param_names(), collected.metric_names());
    let fixed =
        [("task", Align::Right), ("state", Align::Left)].map(|(name, align)| (name.to_owned(), align));
    let params = names.params.into_iter().map(|name| (name, Align::Left));
    let metrics = names.metrics.into_iter().map(|name| (name, Align::Right));
    let columns: Vec<(String, Align)> = fixed.into_iter().chain(params).chain(metrics).collect();
    let mut table = TextTable::new(&columns);
    let param_names: Vec<&str> = collected.param_names().collect();
    let metric_names: Vec<&str> = collected.metric_names().collect();
    for row in collected.rows() {
        let params = param_names
            .iter()
            .map(|name| row.params.get(name).map_or_else(String::new, |value| plain(value).into_owned()));
        let metrics =
            metric_names.iter().map(|name| row.metric(name).map_or_else(String::new, ToString::to_string));
        let fixed = [row.task.to_string(), row.facts.state.to_string()];
        let cells: Vec<String> = fixed.into_iter().chain(params).chain(metrics).collect();
        table.row(&cells);
    }
    table.render()
}

/// Why rows have no metrics, most frequent reason first.
fn say_missing(collected: &Collected, console: Console) {
    let mut reasons: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (reason, task) in collected.rows().iter().filter_map(|row| Some((row.missing.as_deref()?, row.task)))
    {
        reasons.entry(reason).or_insert((0, task)).0 += 1;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, (count, task))| (std::cmp::Reverse(*count), *task));
    for (reason, (count, first)) in reasons.iter().take(NAMED_REASONS) {
        let who = if *count == 1 {
            format!("task {first}")
        } else {
            format!("{count} tasks (the first is {first})")
        };
        console.say(&format!("no metrics of {who}: {}", escape(reason)));
    }
    if reasons.len() > NAMED_REASONS {
        console.say(&format!(
            "… {} further reasons; `--format json` has all of them",
            reasons.len() - NAMED_REASONS
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_its_format() {
        for (name, expected) in [
            ("a.csv", Format::Csv),
            ("a.json", Format::Json),
            ("a.txt", Format::Table),
            ("csv", Format::Table),
        ] {
            assert_eq!(format_of(Path::new(name)), expected, "{name}");
        }
    }
}
