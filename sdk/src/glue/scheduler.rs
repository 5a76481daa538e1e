//! The component of a scheduler: its types as the interface has them, and back.

use super::parse;
use crate::bindings::scheduler::exports::hsm::plugin::scheduler as wit;
use crate::{
    Blame, Command, Ending, Exchange, Failure, Hold, Job, JobState, Outcome, Resources, Schedule,
    SchedulerTraits, Sighting, Site, Step, Submission, Ticket, Verdict,
};
use std::marker::PhantomData;

/// The component of a scheduler.
#[derive(Debug)]
pub struct SchedulerOf<P>(PhantomData<P>);

impl<P: Schedule + 'static> wit::Guest for SchedulerOf<P> {
    fn describe(site: wit::Site, so_far: Vec<wit::Exchange>) -> Result<wit::DescribeStep, Failure> {
        Ok(match P::describe(&site_in(site)?, &exchanges_in(so_far))? {
            Step::Run(command) => wit::DescribeStep::Run(command_out(command)),
            Step::Done(traits) => wit::DescribeStep::Done(traits_out(traits)),
        })
    }

    fn directives(site: wit::Site, request: wit::Submission) -> Result<Vec<String>, Failure> {
        P::directives(&site_in(site)?, &submission_in(request))
    }

    fn submit(
        site: wit::Site,
        request: wit::Submission,
        so_far: Vec<wit::Exchange>,
    ) -> Result<wit::SubmitStep, Failure> {
        Ok(match P::submit(&site_in(site)?, &submission_in(request), &exchanges_in(so_far))? {
            Step::Run(command) => wit::SubmitStep::Run(command_out(command)),
            Step::Done(outcome) => wit::SubmitStep::Done(outcome_out(outcome)),
        })
    }

    fn recover(
        site: wit::Site,
        token: String,
        so_far: Vec<wit::Exchange>,
    ) -> Result<wit::RecoverStep, Failure> {
        Ok(match P::recover(&site_in(site)?, &token, &exchanges_in(so_far))? {
            Step::Run(command) => wit::RecoverStep::Run(command_out(command)),
            Step::Done(outcome) => wit::RecoverStep::Done(outcome_out(outcome)),
        })
    }

    fn observe(
        site: wit::Site,
        jobs: Vec<wit::Job>,
        so_far: Vec<wit::Exchange>,
    ) -> Result<wit::ObserveStep, Failure> {
        Ok(match P::observe(&site_in(site)?, &jobs_in(jobs), &exchanges_in(so_far))? {
            Step::Run(command) => wit::ObserveStep::Run(command_out(command)),
            Step::Done(seen) => wit::ObserveStep::Done(seen.into_iter().map(sighting_out).collect()),
        })
    }

    fn cancel(
        site: wit::Site,
        jobs: Vec<wit::Job>,
        so_far: Vec<wit::Exchange>,
    ) -> Result<wit::CancelStep, Failure> {
        Ok(match P::cancel(&site_in(site)?, &jobs_in(jobs), &exchanges_in(so_far))? {
            Step::Run(command) => wit::CancelStep::Run(command_out(command)),
            Step::Done(verdicts) => wit::CancelStep::Done(verdicts.into_iter().map(verdict_out).collect()),
        })
    }

    fn hold(
        site: wit::Site,
        jobs: Vec<wit::Job>,
        release: bool,
        so_far: Vec<wit::Exchange>,
    ) -> Result<wit::HoldStep, Failure> {
        let (site, so_far) = (site_in(site)?, exchanges_in(so_far));
        Ok(match P::hold(&site, &jobs_in(jobs), Hold::or_release(release), &so_far)? {
            Step::Run(command) => wit::HoldStep::Run(command_out(command)),
            Step::Done(verdicts) => wit::HoldStep::Done(verdicts.into_iter().map(verdict_out).collect()),
        })
    }
}

fn site_in(site: wit::Site) -> Result<Site, Failure> {
    Ok(Site {
        config: parse(&site.config, "the scheduler's configuration", Blame::Config)?,
        user: site.user,
        staging_dir: site.staging_dir,
        now_ms: site.now_ms,
        utc_offset_minutes: site.utc_offset_minutes,
    })
}

fn exchanges_in(so_far: Vec<wit::Exchange>) -> Vec<Exchange> {
    let exchange = |exchange: wit::Exchange| {
        let wit::Command { program, args, stdin, timeout_ms } = exchange.command;
        let ending = match exchange.ending {
            wit::Ending::Exited => Ending::Exited,
            wit::Ending::Signalled => Ending::Signalled,
            wit::Ending::TimedOut => Ending::TimedOut,
            wit::Ending::NotStarted => Ending::NotStarted,
        };
        Exchange {
            command: Command { program, args, stdin, timeout_ms },
            ending,
            exit_code: exchange.exit_code,
            stdout: exchange.stdout,
            stderr: exchange.stderr,
            truncated: exchange.truncated,
        }
    };
    so_far.into_iter().map(exchange).collect()
}

fn submission_in(request: wit::Submission) -> Submission {
    Submission {
        token: request.token,
        name: request.name,
        resources: resources_in(request.resources),
        elements: request.elements,
        max_running: request.max_running,
        nice: request.nice,
        exclude_nodes: request.exclude_nodes,
        workdir: request.workdir,
        stdout: request.stdout,
        stderr: request.stderr,
        script: request.script,
    }
}

fn resources_in(resources: wit::Resources) -> Resources {
    Resources {
        walltime_s: resources.walltime_s,
        cpus: resources.cpus,
        memory_mib: resources.memory_mib,
        gpus: resources.gpus,
        gpu_type: resources.gpu_type,
        nodes: resources.nodes,
        partition: resources.partition,
        account: resources.account,
        qos: resources.qos,
        directives: resources.directives,
    }
}

fn jobs_in(jobs: Vec<wit::Job>) -> Vec<Job> {
    let job = |wit::Job { job, token, elements, only }: wit::Job| Job { job, token, elements, only };
    jobs.into_iter().map(job).collect()
}

fn command_out(command: Command) -> wit::Command {
    let Command { program, args, stdin, timeout_ms } = command;
    wit::Command { program, args, stdin, timeout_ms }
}

fn traits_out(traits: SchedulerTraits) -> wit::Traits {
    wit::Traits {
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

fn outcome_out(outcome: Outcome) -> wit::Outcome {
    match outcome {
        Outcome::Accepted(Ticket { job, elements }) => wit::Outcome::Accepted(wit::Ticket { job, elements }),
        Outcome::Refused(failure) => wit::Outcome::Refused(failure),
        Outcome::Unknown(why) => wit::Outcome::Unknown(why),
    }
}

fn sighting_out(sighting: Sighting) -> wit::Sighting {
    let state = match sighting.state {
        JobState::Queued => wit::State::Queued,
        JobState::Held => wit::State::Held,
        JobState::Running => wit::State::Running,
        JobState::Completed => wit::State::Completed,
        JobState::Failed => wit::State::Failed,
        JobState::Cancelled => wit::State::Cancelled,
        JobState::Gone => wit::State::Gone,
    };
    wit::Sighting {
        job: sighting.job,
        index: sighting.index,
        state,
        exit_code: sighting.exit_code,
        signal: sighting.signal,
        class: sighting.class,
        reason: sighting.reason,
        name: sighting.name,
        submitted_ms: sighting.submitted_ms,
        node: sighting.node,
    }
}

fn verdict_out(verdict: Verdict) -> wit::Verdict {
    let Verdict { job, accepted, reason } = verdict;
    wit::Verdict { job, accepted, reason }
}
