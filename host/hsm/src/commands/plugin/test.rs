//! `hsm plugin test`: replays a plugin's fixtures in the sandbox. With `--bless`, and only then, it writes: into the fixtures of a folder.

use crate::args::{GlobalArgs, TestPluginArgs};
use crate::output::{Console, counted};
use crate::plugins;
use crate::report::{Exit, Problem};
use hsm_core::roles::Failure;
use hsm_plugin::Limits;
use hsm_plugin::bundle::{self, Bundle, Origin};
use hsm_plugin::fixtures::{self, Case, FixtureError, Replay, Verdict};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Replays every fixture, and says how each one ended.
///
/// # Errors
/// When the plugin or a fixture cannot be used, or an answer is not the expected one.
pub fn run(args: &TestPluginArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let bundle =
        bundle::read(&args.path, &Limits::default()).map_err(|error| Problem::from(Failure::from(error)))?;
    if args.bless {
        check_blessable(&bundle)?;
    }
    let cases = fixtures::cases(&bundle.files).map_err(unusable)?;
    check_readable(&bundle, &cases)?;
    let plugin = plugins::components(global, PathBuf::from("."), None)?.subject(&bundle)?;
    let mut wrong = 0;
    for case in &cases {
        let replay = plugin.replay(case).map_err(unusable)?;
        let kept = args.bless && bless(&args.path, case, &replay)?;
        wrong += usize::from(!kept && replay.verdict != Verdict::Expected);
        let line =
            format!("{} `{}`{}", word(&replay.verdict, kept), case.name(), details(&replay.verdict, kept));
        if kept || replay.verdict == Verdict::Expected {
            console.say(&line)
        } else {
            Console::error_line(&line)
        }
    }
    let name = &bundle.manifest.name;
    if wrong == 0 {
        console.say(&format!("{name}: {}, each twice", counted(cases.len() as u128, "fixture", "fixtures")));
        return Ok(Exit::Success);
    }
    let all = counted(cases.len() as u128, "fixture", "fixtures");
    Err(Problem::new(Exit::Plugin, format!("{wrong} of {all} of `{name}` did not end as expected"))
        .with_hint(format!("if the plugin is right, `hsm plugin test {} --bless`", args.path.display())))
}

fn word(verdict: &Verdict, kept: bool) -> &'static str {
    match verdict {
        Verdict::Expected => "ok     ",
        _ if kept => "written",
        Verdict::Open => "open   ",
        Verdict::Differs(_) => "differs",
        Verdict::Unsteady(_) => "unsteady",
    }
}

fn details(verdict: &Verdict, kept: bool) -> String {
    match verdict {
        Verdict::Expected => String::new(),
        Verdict::Open if kept => String::new(),
        Verdict::Open => ": it has no `expected.json`".to_owned(),
        Verdict::Differs(difference) => format!(": {difference}"),
        Verdict::Unsteady(difference) => format!(": asked again, it answered otherwise: {difference}"),
    }
}

fn unusable(error: FixtureError) -> Problem {
    Problem::new(Exit::Configuration, error.to_string()).with_hint(error.hint())
}

/// A plugin that does not ask to read results would never see the tasks of a fixture, and its author would wonder why.
fn check_readable(bundle: &Bundle, cases: &[Case]) -> Result<(), Problem> {
    let unread = cases.iter().find(|case| case.has_tasks() && !bundle.manifest.capabilities.read_results);
    unread.map_or(Ok(()), |case| {
        let message = format!(
            "the fixture `{}` has a folder `tasks`, and the plugin does not ask to read what tasks wrote",
            case.name()
        );
        Err(Problem::new(Exit::Configuration, message)
            .with_hint("write `read-results = true` below `[capabilities]` into its `plugin.toml`"))
    })
}

/// What is packed has its digests, so new expectations go where the plugin is worked on.
fn check_blessable(bundle: &Bundle) -> Result<(), Problem> {
    match bundle.origin {
        Origin::Source => Ok(()),
        Origin::Packed | Origin::Component => Err(Problem::new(
            Exit::Configuration,
            format!(
                "`{}` is no folder that a plugin is worked on in, so there is nothing to write",
                bundle.path
            ),
        )
        .with_hint("give the folder that `hsm plugin pack` takes")),
    }
}

/// Writes what the plugin answered as what it has to answer, and takes away what that no longer needs. Whether it did.
fn bless(folder: &Path, case: &Case, replay: &Replay) -> Result<bool, Problem> {
    let blessable = matches!(replay.verdict, Verdict::Open | Verdict::Differs(_));
    if !blessable || replay.files.is_empty() {
        return Ok(false);
    }
    let place = folder.join("fixtures").join(case.name());
    for stale in case.expected_files().filter(|file| !replay.files.contains_key(*file)) {
        let path = place.join(stale);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Problem::file("remove", &path, &error));
            }
            _ => {}
        }
    }
    for (file, content) in &replay.files {
        let path = place.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| Problem::file("make the folder", parent, &error))?;
        }
        bundle::write_file(&path, content).map_err(|error| Problem::file("write", &path, &error))?;
    }
    Ok(true)
}
