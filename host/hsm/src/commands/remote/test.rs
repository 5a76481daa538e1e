//! `hsm remote test`: connects to machines and says, point by point, whether tasks can run there.

use super::asking::{ask_all, exit_of, meant};
use super::machines::Machine;
use crate::args::AskRemotesArgs;
use crate::output::{Align, Console, TextTable};
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_core::roles::Failure;
use hsm_engine::{Look, RootState, look};
use serde::Serialize;

/// Free room below which the results of a sweep hardly fit, in KiB.
const ROOM_MIN_KIB: u64 = 1 << 20;
/// How far two clocks may be apart before that is worth a word, in milliseconds.
const CLOCK_APART_MAX_MS: u64 = 2_000;
/// How long a question may take before every look at the machine is slow, in milliseconds.
const LATENCY_MAX_MS: u128 = 500;

/// Tests the machines.
///
/// # Errors
/// When one that is named is not known, or the settings cannot be used.
pub fn run(args: &AskRemotesArgs, console: Console) -> Result<Exit, Problem> {
    let machines = meant(&Project::find(console)?, &args.names, console)?;
    let answers = ask_all(&machines, |machine, link| look(link, &machine.wanted()))?;
    let reached = exit_of(&answers);
    let reports: Vec<Report> = machines
        .iter()
        .zip(&answers)
        .map(|(machine, answer)| Report {
            name: machine.name.clone(),
            points: match answer {
                Ok(look) => points(machine, look, &twins(machine, look, &machines, &answers)),
                Err(failure) => vec![Point::unreachable(failure)],
            },
        })
        .collect();
    let bad = reports.iter().any(|report| report.points.iter().any(|point| point.verdict == Verdict::Bad));
    if args.json {
        console.json_list(&[("format", &1)], "remotes", reports.into_iter())?;
    } else {
        console.data(&text(&reports))?;
    }
    Ok(if reached == Exit::Success && bad { Exit::General } else { reached })
}

/// How good something is for running tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// As it should be.
    Good,
    /// Tasks can run, and something about them will not be as expected.
    Doubtful,
    /// Tasks cannot run.
    Bad,
}

#[derive(Debug, Serialize)]
struct Report {
    name: String,
    points: Vec<Point>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Point {
    what: &'static str,
    verdict: Verdict,
    found: String,
    hint: Option<String>,
}

impl Point {
    fn good(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Good, found: found.into(), hint: None }
    }

    fn but(self, verdict: Verdict, hint: impl Into<String>) -> Self {
        Self { verdict, hint: Some(hint.into()), ..self }
    }

    fn unreachable(failure: &Failure) -> Self {
        Self {
            hint: failure.hint.clone(),
            verdict: Verdict::Bad,
            ..Self::good("connection", &failure.message)
        }
    }
}

fn points(machine: &Machine, look: &Look, twins: &[&str]) -> Vec<Point> {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "not known".to_owned());
    let mut points = vec![
        latency(look),
        Point::good("shell", known(&look.shell)),
        Point::good("bash", known(&look.bash)),
        match &look.rsync {
            Some(version) => Point::good("rsync", version),
            None => Point::good("rsync", "there is none")
                .but(Verdict::Bad, "have it installed there, or put one of your own on the `PATH`"),
        },
        root(look),
        disk(look),
        clock(look),
        processors(look),
    ];
    points.push(python(machine, look));
    if let Some(wanted) = &machine.remote.conda_env {
        points.push(match &look.conda_env {
            Some(place) => Point::good("conda", place),
            None => Point::good("conda", format!("there is no environment `{wanted}`"))
                .but(Verdict::Bad, "make it there, or give its whole path as `conda_env`"),
        });
    }
    if !twins.is_empty() {
        let others = twins.join(", ");
        points.push(Point::good("machine", format!("the same as {others}")).but(
            Verdict::Doubtful,
            "used together, each takes tasks as if it were alone there: remove or disable all but one",
        ));
    }
    points
}

fn latency(look: &Look) -> Point {
    let milliseconds = look.latency.as_millis();
    let point = Point::good("latency", format!("{milliseconds} ms"));
    if milliseconds <= LATENCY_MAX_MS {
        return point;
    }
    point.but(Verdict::Doubtful, "the line is slow, or the machine busy: `hsm remote health` shows its load")
}

fn root(look: &Look) -> Point {
    let path = look.root.as_deref().unwrap_or_default();
    let bad = |found: String, hint: &str| Point::good("root", found).but(Verdict::Bad, hint);
    let other = "name another folder as `remote_root`";
    match &look.root_state {
        RootState::There => Point::good("root", path),
        RootState::Absent => Point::good("root", format!("{path}, which is not there yet")),
        RootState::Closed(folder) => bad(format!("{path}: {folder} cannot be written to"), other),
        RootState::Symlink => bad(
            format!("{path} is a symbolic link"),
            "name the folder that it leads to as `remote_root`: nothing is written or deleted through links",
        ),
        RootState::File => bad(format!("{path} is no folder"), other),
        RootState::Foreign => bad(format!("{path} belongs to somebody else"), other),
        RootState::Unknown => bad("not known".to_owned(), "look at what is there"),
    }
}

fn disk(look: &Look) -> Point {
    let (Some(free), Some(total)) = (look.disk_free_kib, look.disk_total_kib) else {
        return Point::good("disk", "not known").but(Verdict::Doubtful, "look at it there with `df`");
    };
    let point = Point::good("disk", format!("{} of {} free", room(free), room(total)));
    if free >= ROOM_MIN_KIB {
        return point;
    }
    point.but(Verdict::Doubtful, "make room, or name a folder on another disk as `remote_root`")
}

/// An amount of memory or disk, given in KiB.
pub fn room(kibibytes: u64) -> String {
    match kibibytes {
        0..1_048_576 => format!("{} MiB", kibibytes >> 10),
        more => format!("{} GiB", more >> 20),
    }
}

fn clock(look: &Look) -> Point {
    let Some(ahead) = look.clock_ahead_ms else {
        return Point::good("clock", "not known").but(Verdict::Doubtful, "look at `date` there");
    };
    let seconds = ahead.unsigned_abs() / 1000;
    if ahead.unsigned_abs() <= CLOCK_APART_MAX_MS {
        return Point::good("clock", "as here");
    }
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    Point::good("clock", format!("{seconds} s {side} this machine's"))
        .but(Verdict::Doubtful, "times are corrected by hsm; what tasks note themselves is not")
}

fn processors(look: &Look) -> Point {
    let number = look.processors.map_or_else(|| "not known".to_owned(), |number| number.to_string());
    let load = look.load.map_or_else(String::new, |load| format!(", load {load}"));
    Point::good("processors", format!("{number}{load}"))
}

fn python(machine: &Machine, look: &Look) -> Point {
    match (&look.python, &machine.remote.python_path) {
        (Some(found), _) => Point::good("python", found),
        (None, Some(wanted)) => Point::good("python", format!("there is no `{wanted}`"))
            .but(Verdict::Bad, "name one that is there as `python_path`"),
        // Tasks need not be Python's.
        (None, None) => Point::good("python", "there is no `python3`")
            .but(Verdict::Doubtful, "name one as `python_path` where tasks are to use it"),
    }
}

/// The other machines of the project that are this one.
fn twins<'a>(
    machine: &Machine,
    look: &Look,
    machines: &'a [Machine],
    answers: &[Result<Look, Failure>],
) -> Vec<&'a str> {
    let same = |(other, answer): &(&Machine, &Result<Look, Failure>)| {
        let boots = answer.as_ref().ok().and_then(|other| other.boot_id.as_ref());
        other.name != machine.name && look.boot_id.is_some() && boots == look.boot_id.as_ref()
    };
    machines.iter().zip(answers).filter(same).map(|(other, _)| other.name.as_str()).collect()
}

fn text(reports: &[Report]) -> String {
    let mut table = TextTable::new(&["machine", "what", "verdict", "found"].map(|name| (name, Align::Left)));
    let mut hints = String::new();
    for report in reports {
        for point in &report.points {
            let verdict = match point.verdict {
                Verdict::Good => "good",
                Verdict::Doubtful => "doubtful",
                Verdict::Bad => "bad",
            };
            table.row(&[&report.name, point.what, verdict, &point.found]);
            if let Some(hint) = &point.hint {
                hints += &format!("{}, {}: {}\n", report.name, point.what, crate::output::escape(hint));
            }
        }
    }
    if hints.is_empty() { table.render() } else { format!("{}\n{hints}", table.render()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_follow_from_what_was_found() {
        let look = Look {
            clock_ahead_ms: Some(-7_200_000),
            disk_free_kib: Some(10),
            disk_total_kib: Some(4096),
            ..Look::default()
        };
        assert_eq!(clock(&look).found, "7200 s behind this machine's");
        assert_eq!((clock(&look).verdict, disk(&look).verdict), (Verdict::Doubtful, Verdict::Doubtful));
        assert_eq!(disk(&look).found, "0 MiB of 4 MiB free");
        assert_eq!(clock(&Look { clock_ahead_ms: Some(1999), ..Look::default() }).verdict, Verdict::Good);
        for (state, verdict) in [
            (RootState::There, Verdict::Good),
            (RootState::Absent, Verdict::Good),
            (RootState::Symlink, Verdict::Bad),
            (RootState::Foreign, Verdict::Bad),
            (RootState::Closed("/x".to_owned()), Verdict::Bad),
            (RootState::Unknown, Verdict::Bad),
        ] {
            assert_eq!(root(&Look { root_state: state, ..Look::default() }).verdict, verdict);
        }
    }
}
