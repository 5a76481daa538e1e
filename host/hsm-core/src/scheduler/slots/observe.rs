//! Looking at jobs: one request for all of them, answered with ranges of elements that wait or ended well and a line for each other.

use super::agent;
use super::config::Config;
use crate::failure::Failure;
use crate::scheduler::{Exchange, Job, JobState, Sighting, Step, ranges};

/// How an element waits or ended, where the words of one line say it of many.
const OF_MANY: &[(&str, JobState)] =
    &[("waiting", JobState::Queued), ("held", JobState::Held), ("completed", JobState::Completed)];

pub(super) fn observe(
    config: &Config,
    jobs: &[Job],
    so_far: &[Exchange],
) -> Result<Step<Vec<Sighting>>, Failure> {
    if jobs.is_empty() {
        return Ok(Step::Done(vec![]));
    }
    let Some(reply) = so_far.first() else {
        return Ok(Step::Run(config.command("look").args(jobs.iter().map(|job| job.job.as_str()))));
    };
    let lines = agent::lines(reply)?;
    // The last line says that the answer is whole, and where it comes from.
    let end = format!("looked {} ", jobs.len());
    let Some(node) = lines.last().and_then(|line| line.strip_prefix(&end)) else {
        return Err(agent::unclear(reply));
    };
    let mut sightings = Vec::new();
    for line in &lines[..lines.len() - 1] {
        let told = of_line(line, jobs, node).ok_or_else(|| agent::unclear(reply))?;
        sightings.extend(told);
    }
    Ok(Step::Done(sightings))
}

/// What one line says of the elements that are meant; nothing where it says something else than the agent does.
fn of_line(line: &str, jobs: &[Job], node: &str) -> Option<Vec<Sighting>> {
    let mut words = line.splitn(3, ' ');
    let (word, token) = (words.next()?, words.next()?);
    let job = jobs.iter().find(|job| job.job == token)?;
    let rest = words.next().unwrap_or_default();
    let about = |index: Option<u32>, state| Sighting {
        job: job.job.clone(),
        index,
        state,
        exit_code: None,
        signal: None,
        class: None,
        reason: None,
        name: None,
        submitted_ms: None,
        node: None,
    };
    if word == "unknown" {
        let reason = Some("the agent has no such job".to_owned());
        return Some(vec![Sighting { reason, ..about(None, JobState::Gone) }]);
    }
    let told = if let Some((_, state)) = OF_MANY.iter().find(|(known, _)| *known == word) {
        let spans = ranges::parse(rest)?;
        let exit_code = (*state == JobState::Completed).then_some(0);
        let reason = (*state == JobState::Completed).then(|| "completed".to_owned());
        ranges::within(&spans, 0..job.elements)
            .map(|index| Sighting { exit_code, reason: reason.clone(), ..about(Some(index), *state) })
            .collect()
    } else {
        let (index, rest) = rest.split_once(' ')?;
        let index: u32 = index.parse().ok()?;
        let sighting = match word {
            "running" => about(Some(index), JobState::Running),
            "over" => of_end(rest, about(Some(index), JobState::Failed))?,
            _ => return None,
        };
        vec![Sighting { node: Some(node.to_owned()), ..sighting }]
    };
    let meant = |sighting: &Sighting| sighting.index.is_none_or(|index| is_meant(job, index));
    Some(told.into_iter().filter(meant).collect())
}

/// How an element ended: `class code signal reason…`.
fn of_end(rest: &str, about: Sighting) -> Option<Sighting> {
    let mut words = rest.splitn(4, ' ');
    let (class, code, signal) = (words.next()?, words.next()?, words.next()?);
    let (code, signal): (i32, i32) = (code.parse().ok()?, signal.parse().ok()?);
    let reason = words.next().filter(|words| *words != "-" && !words.is_empty());
    let (state, class, said) = match class {
        "cancel" => (JobState::Cancelled, None, "cancelled"),
        "time-limit" => (JobState::Failed, Some("time-limit"), "it ran longer than its walltime"),
        "none" if code == 0 && signal == 0 => (JobState::Completed, None, "completed"),
        "none" => (JobState::Failed, None, "failed"),
        _ => return None,
    };
    Some(Sighting {
        state,
        // A script that a signal ended has no exit code.
        exit_code: (signal == 0 && state != JobState::Cancelled).then_some(code),
        signal: (signal != 0).then_some(signal),
        class: class.map(str::to_owned),
        reason: Some(reason.unwrap_or(said).to_owned()),
        ..about
    })
}

fn is_meant(job: &Job, index: u32) -> bool {
    index < job.elements && (job.only.is_empty() || job.only.contains(&index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::slots::config::testing;
    use crate::scheduler::testing::{exited, job, lead};

    fn seen(lines: &[&str], jobs: &[Job]) -> Result<Vec<String>, String> {
        let text: String = lines.iter().map(|line| format!("hsm-agent 1 {line}\n")).collect();
        let (_, answer) = lead(&[exited(0, &text, "")], |so_far| observe(&testing(), jobs, so_far));
        let told = |seen: Sighting| {
            let index = seen.index.map_or("-".to_owned(), |index| index.to_string());
            let (code, signal) = (seen.exit_code.unwrap_or(-1), seen.signal.unwrap_or(0));
            let class = seen.class.unwrap_or_default();
            format!(
                "{}/{index} {:?} {code} {signal} {class}|{}",
                seen.job,
                seen.state,
                seen.reason.unwrap_or_default()
            )
        };
        answer.map(|seen| seen.into_iter().map(told).collect()).map_err(|failure| failure.code)
    }

    #[test]
    fn every_line_has_its_meaning() {
        let lines = [
            "completed a 0,2-3",
            "running a 1 4711",
            "over a 4 none 3 0 -",
            "over a 5 none 137 9 -",
            "over a 6 time-limit 143 15 -",
            "over a 7 cancel 0 0 cancelled before it began",
            "over a 8 none 0 9 box was restarted while it ran",
            "waiting a 9-10",
            "unknown b",
            "held c 0",
            "looked 3 box",
        ];
        insta::assert_snapshot!(seen(&lines, &[job("a", 11), job("b", 2), job("c", 1)]).unwrap().join("\n"), @r"
        a/0 Completed 0 0 |completed
        a/2 Completed 0 0 |completed
        a/3 Completed 0 0 |completed
        a/1 Running -1 0 |
        a/4 Failed 3 0 |failed
        a/5 Failed -1 9 |failed
        a/6 Failed -1 15 time-limit|it ran longer than its walltime
        a/7 Cancelled -1 0 |cancelled before it began
        a/8 Failed -1 9 |box was restarted while it ran
        a/9 Queued -1 0 |
        a/10 Queued -1 0 |
        b/- Gone -1 0 |the agent has no such job
        c/0 Held -1 0 |
        ");
    }

    #[test]
    fn only_what_was_asked_about_is_told() {
        let some = Job { only: vec![2, 5], ..job("a", 4) };
        assert_eq!(
            seen(&["completed a 0-9", "running a 1 3", "looked 1 box"], &[some]),
            Ok(vec!["a/2 Completed 0 0 |completed".to_owned()])
        );
    }

    #[test]
    fn half_an_answer_is_none() {
        for lines in [
            ["waiting a 0-3", "looked 2 box"],
            ["waiting a 0-3", "waiting a 5"],
            ["waiting z 0-3", "looked 1 box"],
            ["waiting a 0-", "looked 1 box"],
            ["over a 1 none 3", "looked 1 box"],
            ["over a 1 none x 0 -", "looked 1 box"],
            ["over a 1 other 0 0 -", "looked 1 box"],
            ["flying a 1 2", "looked 1 box"],
        ] {
            assert_eq!(seen(&lines, &[job("a", 9)]), Err("unclear".to_owned()), "{lines:?}");
        }
    }
}
