//! Between the host's schedulers and those behind the wall. Text that came through commands of others is made fit to show on its way in.

use crate::plain::plain_line;
use crate::sandbox::bindings::scheduler::exports::hsm::plugin::scheduler as wit;
use crate::sandbox::fault;
use hsm_core::scheduler::{
    Command, Ending, Exchange, Job, JobState, Outcome, Resources, SchedulerTraits, Sighting, Site,
    Submission, Ticket, Verdict,
};
use serde_json::Value;

/// A batch system's own words are cut here: they should be a sentence.
const WORDS_BYTES_MAX: usize = 1_024;

pub(crate) fn site_out(site: &Site) -> wit::Site {
    let Site { config, user, staging_dir, now_ms, utc_offset_minutes } = site.clone();
    let config = if config.is_null() { "{}".to_owned() } else { Value::to_string(&config) };
    wit::Site { config, user, staging_dir, now_ms, utc_offset_minutes }
}

pub(crate) fn exchanges_out(so_far: &[Exchange]) -> Vec<wit::Exchange> {
    let exchange = |exchange: &Exchange| {
        let Exchange { command, ending, exit_code, stdout, stderr, truncated } = exchange.clone();
        let Command { program, args, stdin, timeout_ms } = command;
        let ending = match ending {
            Ending::Exited => wit::Ending::Exited,
            Ending::Signalled => wit::Ending::Signalled,
            Ending::TimedOut => wit::Ending::TimedOut,
            Ending::NotStarted => wit::Ending::NotStarted,
        };
        let command = wit::Command { program, args, stdin, timeout_ms };
        wit::Exchange { command, ending, exit_code, stdout, stderr, truncated }
    };
    so_far.iter().map(exchange).collect()
}

pub(crate) fn submission_out(request: &Submission) -> wit::Submission {
    let Submission {
        token,
        name,
        resources,
        elements,
        max_running,
        nice,
        exclude_nodes,
        workdir,
        stdout,
        stderr,
        script,
    } = request.clone();
    let Resources {
        walltime_s,
        cpus,
        memory_mib,
        gpus,
        gpu_type,
        nodes,
        partition,
        account,
        qos,
        directives,
    } = resources;
    let resources = wit::Resources {
        walltime_s,
        cpus,
        memory_mib,
        gpus,
        gpu_type,
        nodes,
        partition,
        account,
        qos,
        directives,
    };
    wit::Submission {
        token,
        name,
        resources,
        elements,
        max_running,
        nice,
        exclude_nodes,
        workdir,
        stdout,
        stderr,
        script,
    }
}

pub(crate) fn jobs_out(jobs: &[Job]) -> Vec<wit::Job> {
    let job = |Job { job, token, elements, only }: Job| wit::Job { job, token, elements, only };
    jobs.iter().cloned().map(job).collect()
}

pub(crate) fn command_in(command: wit::Command) -> Command {
    let wit::Command { program, args, stdin, timeout_ms } = command;
    Command { program, args, stdin, timeout_ms }
}

pub(crate) fn traits_in(traits: wit::Traits) -> SchedulerTraits {
    SchedulerTraits {
        elements_per_job: traits.elements_per_job,
        jobs_per_query: traits.jobs_per_query,
        poll_interval_ms: traits.poll_interval_ms,
        element_variable: traits.element_variable,
        first_element: traits.first_element,
        directive_prefix: traits.directive_prefix,
        single_element_arrays: traits.single_element_arrays,
        job_name_max: traits.job_name_max,
        visible_after_end_s: traits.visible_after_end_s,
        elements_in_queue: traits.elements_in_queue,
    }
}

pub(crate) fn outcome_in(outcome: wit::Outcome) -> Outcome {
    match outcome {
        wit::Outcome::Accepted(wit::Ticket { job, elements }) => Outcome::Accepted(Ticket { job, elements }),
        wit::Outcome::Refused(failure) => Outcome::Refused(fault::reported(failure)),
        wit::Outcome::Unknown(why) => Outcome::Unknown(plain_line(&why, WORDS_BYTES_MAX)),
    }
}

pub(crate) fn sighting_in(sighting: wit::Sighting) -> Sighting {
    let state = match sighting.state {
        wit::State::Queued => JobState::Queued,
        wit::State::Held => JobState::Held,
        wit::State::Running => JobState::Running,
        wit::State::Completed => JobState::Completed,
        wit::State::Failed => JobState::Failed,
        wit::State::Cancelled => JobState::Cancelled,
        wit::State::Gone => JobState::Gone,
    };
    Sighting {
        job: sighting.job,
        index: sighting.index,
        state,
        exit_code: sighting.exit_code,
        signal: sighting.signal,
        class: sighting.class,
        reason: words(sighting.reason),
        // Compared with what the host submitted, and never shown without being escaped there.
        name: sighting.name,
        submitted_ms: sighting.submitted_ms,
        node: words(sighting.node),
    }
}

pub(crate) fn verdict_in(verdict: wit::Verdict) -> Verdict {
    let wit::Verdict { job, accepted, reason } = verdict;
    Verdict { job, accepted, reason: words(reason) }
}

fn words(text: Option<String>) -> Option<String> {
    text.map(|text| plain_line(&text, WORDS_BYTES_MAX))
}
