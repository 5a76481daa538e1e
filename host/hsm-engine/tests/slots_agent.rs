//! The agent of hsm's own slots, run by a real bash: jobs that share slots, workers that are killed, tasks that will not end.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test of what a shell does starts one, and says how long that took"
)]

use hsm_core::batch::{Body, ChunkTask, ClaimFile, EndRecord, Packing, TASKS_PER_CHUNK, chunk, script};
use hsm_core::scheduler::{
    AGENT, Command, Ending, Exchange, Hold, Job, JobState, Outcome, Resources, Scheduler, Sighting, Site,
    Slots, Submission, converse, forget, not_forgotten,
};
use std::fs;
use std::path::PathBuf;
use std::process;
use std::time::{Duration, Instant};

/// A machine's folders, with the agent staged.
struct Box {
    folder: tempfile::TempDir,
    slots: u32,
    gpus: Vec<u32>,
    grace_s: u64,
}

impl Box {
    fn new(slots: u32) -> Self {
        let folder = tempfile::Builder::new().prefix("slots ").tempdir().unwrap();
        fs::write(folder.path().join("agent.sh"), AGENT).unwrap();
        Self { folder, slots, gpus: vec![], grace_s: 1 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn site(&self) -> Site {
        let config = serde_json::json!({
            "agent": self.text("agent.sh"), "state": self.text("state"), "slots": self.slots,
            "gpus": self.gpus, "grace_s": self.grace_s,
        });
        Site { config, ..Site::default() }
    }

    /// Stages a job of which each element runs one of the shell lines.
    fn stage(&self, token: &str, tasks: &[String], gpus: bool) {
        for name in ["claims", "ends", "chunks"] {
            fs::create_dir_all(self.path(&format!("{token}/{name}"))).unwrap();
        }
        fs::create_dir_all(self.path(&format!("{token}/tasks"))).unwrap();
        let of = |(at, lines): (usize, &String)| ChunkTask {
            task: at as u64 + 1,
            argv: vec!["bash".into(), "-c".into(), lines.clone()],
            params: "{}".into(),
        };
        let all: Vec<ChunkTask> = tasks.iter().enumerate().map(of).collect();
        for (number, tasks) in all.chunks(TASKS_PER_CHUNK as usize).enumerate() {
            let text = chunk(number as u64 * TASKS_PER_CHUNK, tasks);
            fs::write(self.path(&format!("{token}/chunks/{number}.sh")), text).unwrap();
        }
        let body = Body {
            folder: &self.text(token),
            tasks_folder: &self.text(&format!("{token}/tasks")),
            workdir: &self.text(token),
            sweep_id: "s",
            tasks: tasks.len() as u64,
            packing: Packing { tasks_per_element: 1, side_by_side: 1 },
            element_variable: "HSM_ELEMENT",
            first_element: 0,
            environment: &[],
            modules: &[],
            pre_script: None,
            gpus,
        };
        fs::write(self.path(&format!("{token}/job.sh")), script(&[], &body)).unwrap();
    }

    fn request(&self, token: &str, elements: usize) -> Submission {
        Submission {
            token: token.into(),
            elements: u32::try_from(elements).unwrap(),
            script: self.text(&format!("{token}/job.sh")),
            stdout: self.text(&format!("{token}/scheduler.log")),
            ..Submission::default()
        }
    }

    fn submit(&self, request: &Submission) -> Outcome {
        let site = self.site();
        converse(|so_far| Slots.submit(&site, request, so_far), |command| Ok(run(command))).answer.unwrap()
    }

    /// Stages a job and hands it in.
    fn start(&self, token: &str, tasks: &[String]) -> Job {
        self.stage(token, tasks, false);
        self.hand_in(&self.request(token, tasks.len()))
    }

    fn hand_in(&self, request: &Submission) -> Job {
        let Outcome::Accepted(ticket) = self.submit(request) else { panic!("{:?}", self.submit(request)) };
        assert_eq!((ticket.job.as_str(), ticket.elements), (request.token.as_str(), request.elements));
        Job { job: ticket.job, token: request.token.clone(), elements: ticket.elements, only: vec![] }
    }

    fn look(&self, job: &Job) -> Vec<Sighting> {
        let (site, jobs) = (self.site(), [job.clone()]);
        let answer =
            converse(|so_far| Slots.observe(&site, &jobs, so_far), |command| Ok(run(command))).answer;
        let mut seen = answer.unwrap();
        seen.sort_by_key(|sighting| sighting.index);
        seen
    }

    fn cancel(&self, job: &Job) {
        let (site, jobs) = (self.site(), [job.clone()]);
        let answer = converse(|so_far| Slots.cancel(&site, &jobs, so_far), |command| Ok(run(command))).answer;
        assert!(answer.as_ref().unwrap().iter().all(|verdict| verdict.accepted), "{answer:?}");
    }

    /// Looks until every element of the job is over.
    fn until_over(&self, job: &Job) -> Vec<Sighting> {
        let mut seen = vec![];
        wait_until(|| {
            seen = self.look(job);
            seen.len() == job.elements as usize && seen.iter().all(|sighting| sighting.state.is_over())
        });
        seen
    }

    fn end(&self, token: &str, task: usize) -> Option<EndRecord> {
        let text = fs::read_to_string(self.path(&format!("{token}/ends/{task}"))).ok()?;
        ClaimFile::parse(&text)?.end
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Processes with these words in their command line, and this box's folder in their environment or command line.
    fn processes(&self, words: &str) -> Vec<String> {
        let folder = self.folder.path().to_str().unwrap().to_owned();
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.bytes().all(|byte| byte.is_ascii_digit()).then_some(name)
        });
        let ours = |pid: &String| {
            let read = |file: &str| {
                String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default())
                    .into_owned()
            };
            let line = read("cmdline").replace('\0', " ");
            line.contains(words) && (line.contains(&folder) || read("environ").contains(&folder))
        };
        pids.filter(ours).collect()
    }

    fn workers(&self) -> Vec<String> {
        self.processes("agent.sh work ")
    }

    fn kill(&self, pids: &[String]) {
        assert!(process::Command::new("kill").arg("-KILL").args(pids).status().unwrap().success());
    }
}

impl Drop for Box {
    /// Nothing of a failed test goes on.
    fn drop(&mut self) {
        let left = self.processes("");
        if !left.is_empty() {
            let _ = process::Command::new("kill").arg("-KILL").args(&left).output();
        }
    }
}

fn run(command: &Command) -> Exchange {
    let output = process::Command::new(&command.program).args(&command.args).output().unwrap();
    Exchange {
        command: command.clone(),
        ending: Ending::Exited,
        exit_code: output.status.code(),
        stdout: output.stdout,
        stderr: output.stderr,
        truncated: false,
    }
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(40), "it did not come to that");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn all(lines: &str, count: usize) -> Vec<String> {
    vec![lines.to_owned(); count]
}

fn states(seen: &[Sighting]) -> Vec<JobState> {
    seen.iter().map(|sighting| sighting.state).collect()
}

/// Writes when a task began and ended, as lines of `+` and `-`, and stays between them.
fn stays(seconds: &str) -> String {
    format!("echo + >>../marks; sleep {seconds}; echo - >>../marks")
}

/// The most tasks that ran at once, by those marks.
fn most_at_once(marks: &str) -> i32 {
    let (mut now, mut most) = (0, 0);
    for line in marks.lines() {
        now += if line == "+" { 1 } else { -1 };
        most = most.max(now);
    }
    most
}

#[test]
fn two_jobs_share_the_slots_and_each_element_runs_once() {
    let host = Box::new(3);
    let (one, two) = (host.start("one", &all(&stays("0.1"), 12)), host.start("two", &all(&stays("0.1"), 12)));
    for job in [&one, &two] {
        assert_eq!(states(&host.until_over(job)), [JobState::Completed; 12]);
    }
    let marks = host.read("marks");
    assert_eq!((marks.lines().count(), most_at_once(&marks)), (48, 3), "{marks}");
    wait_until(|| host.workers().is_empty());
}

#[test]
fn many_quick_elements_run_once_each() {
    let host = Box::new(4);
    let began = Instant::now();
    let job = host.start("quick", &all("true", 200));
    wait_until(|| (1..=200).all(|task| host.end("quick", task).is_some()));
    let rate = 200.0 / began.elapsed().as_secs_f64();
    println!("200 elements by four slots: {rate:.0} a second");
    assert_eq!(states(&host.until_over(&job)), [JobState::Completed; 200]);
    assert!((1..=200).all(|task| host.end("quick", task).is_some_and(|end| end.code == 0)));
    // A claim that was found taken is an element that ran twice.
    assert_eq!(host.read("quick/scheduler.log"), "");
}

#[test]
fn only_what_is_over_is_forgotten() {
    let host = Box::new(1);
    let over = host.start("over", &all("true", 3));
    host.until_over(&over);
    let more = format!("{}; until [ -e ../go ]; do sleep 0.05; done", "echo + >>../marks");
    let runs = host.start("runs", &[more, "true".to_owned()]);
    wait_until(|| host.read("marks") == "+\n");
    let tokens = ["over", "runs", "never"].map(str::to_owned);
    let ask = || not_forgotten(&run(&forget(&host.text("state"), &tokens)), &tokens).unwrap();
    assert_eq!(ask().into_iter().collect::<Vec<_>>(), ["runs"]);
    let folder = fs::read_dir(host.path("state")).unwrap().next().unwrap().unwrap().path();
    assert!(!folder.join("jobs/over").exists() && folder.join("jobs/runs/spec").exists());
    fs::write(host.path("go"), "").unwrap();
    assert_eq!(states(&host.until_over(&runs)), [JobState::Completed; 2]);
    // A worker may still be about to end; it belongs to no job.
    wait_until(|| ask().is_empty());
    assert_eq!(fs::read_dir(folder.join("jobs")).unwrap().count(), 0);
    assert_eq!(host.read("over/scheduler.log"), "", "nothing ran again");
}

#[test]
fn how_elements_end_is_told() {
    let host = Box::new(2);
    let job = host.start("ends", &["exit 0".into(), "exit 3".into(), "kill -9 $PPID; sleep 0.3".into()]);
    let seen = host.until_over(&job);
    let told: Vec<_> = seen.iter().map(|seen| (seen.state, seen.exit_code, seen.signal)).collect();
    assert_eq!(
        told,
        [
            (JobState::Completed, Some(0), None),
            (JobState::Failed, Some(3), None),
            (JobState::Failed, None, Some(9))
        ]
    );
    assert!(host.end("ends", 3).is_none());
}

#[test]
fn handing_in_again_changes_nothing() {
    let host = Box::new(2);
    host.stage("again", &all(&stays("0.2"), 6), false);
    let request = host.request("again", 6);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let submits: Vec<_> = (0..4).map(|_| scope.spawn(|| host.submit(&request))).collect();
        submits.into_iter().map(|submit| submit.join().unwrap()).collect()
    });
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))), "{outcomes:?}");
    let job = host.hand_in(&request);
    host.until_over(&job);
    host.hand_in(&request);
    let marks = host.read("marks");
    assert_eq!((marks.lines().count(), most_at_once(&marks)), (12, 2), "{marks}");
    let site = host.site();
    let found = |token| {
        converse(|so_far| Slots.recover(&site, token, so_far), |command| Ok(run(command))).answer.unwrap()
    };
    assert!(matches!(found("again"), Outcome::Accepted(_)));
    assert!(matches!(found("never"), Outcome::Refused(_)));
}

#[test]
fn a_task_outlives_its_worker_and_keeps_its_slot() {
    let host = Box::new(1);
    let job = host.start("long", &[stays("1.5"), stays("0")]);
    wait_until(|| host.read("marks") == "+\n");
    host.kill(&host.workers());
    assert_eq!(states(&host.look(&job)), [JobState::Running, JobState::Queued]);
    let seen = host.until_over(&job);
    assert_eq!(host.read("marks"), "+\n-\n+\n-\n");
    // Nobody saw how the first one ended; its own record says so.
    assert_eq!((seen[0].state, seen[0].signal), (JobState::Failed, Some(9)));
    assert_eq!(host.end("long", 1).map(|end| end.code), Some(0));
    assert_eq!(seen[1].state, JobState::Completed);
}

#[test]
fn an_element_that_is_stopped_for_a_while_keeps_its_slot() {
    let host = Box::new(1);
    let job = host.start("still", &[stays("0.2"), stays("0")]);
    wait_until(|| host.read("marks") == "+\n");
    let script = host.processes("job.sh");
    let signal = |name: &str| {
        assert!(process::Command::new("kill").arg(name).args(&script).status().unwrap().success());
    };
    signal("-STOP");
    wait_until(|| host.read("marks") == "+\n-\n");
    // Its worker hears of the stop at once.
    for _ in 0..10 {
        assert_eq!(states(&host.look(&job)), [JobState::Running, JobState::Queued]);
        std::thread::sleep(Duration::from_millis(50));
    }
    signal("-CONT");
    assert_eq!(states(&host.until_over(&job)), [JobState::Completed; 2]);
}

#[test]
fn after_everything_was_killed_a_look_brings_the_rest_to_run() {
    let host = Box::new(2);
    let job = host.start("all", &[vec![stays("100"); 2], vec!["exit 0".to_owned(); 5]].concat());
    wait_until(|| host.read("marks") == "+\n+\n");
    host.kill(&host.processes(""));
    // The second one began before the machine was last started.
    let here = fs::read_dir(host.path("state")).unwrap().next().unwrap().unwrap().path();
    let record = here.join("jobs/all/begun/1");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let earlier = fs::read_to_string(&record).unwrap().replace(boot.trim(), "an-earlier-boot");
    fs::write(&record, earlier).unwrap();
    let seen = host.until_over(&job);
    for (killed, why) in seen[..2].iter().zip(["was killed", "was restarted while it ran"]) {
        assert_eq!((killed.state, killed.signal, killed.exit_code), (JobState::Failed, Some(9), None));
        assert!(killed.reason.as_ref().unwrap().contains(why), "{killed:?}");
    }
    assert_eq!(states(&seen[2..]), [JobState::Completed; 5]);
}

#[test]
fn a_cancellation_reaches_what_left_its_session_and_ignores_term() {
    let host = Box::new(2);
    let stubborn =
        "trap '' TERM; setsid bash -c 'trap \"\" TERM; touch ../away; exec sleep 98761' & sleep 98761";
    // What it started has no environment, and no parent once the task itself has ended.
    let orphaning = "setsid env -i bash -c 'trap \"\" TERM; touch ../bare; exec sleep 98761' & sleep 98761";
    let tasks = [all(stubborn, 1), all(orphaning, 1), all("touch ../late", 3)].concat();
    let job = host.start("stop", &tasks);
    wait_until(|| host.path("away").exists() && host.path("bare").exists());
    let began = Instant::now();
    host.cancel(&job);
    let answered = began.elapsed();
    assert_eq!(states(&host.until_over(&job)), [JobState::Cancelled; 5]);
    assert!(answered < Duration::from_millis(900), "it waited for the end of the tasks: {answered:?}");
    assert!(!host.path("late").exists());
    wait_until(|| host.processes("").is_empty());
    let sleeping = process::Command::new("pgrep").args(["-f", "^sleep 98761$"]).output().unwrap().stdout;
    assert_eq!(String::from_utf8_lossy(&sleeping), "");
    host.cancel(&job);
}

#[test]
fn some_elements_are_cancelled_and_the_rest_go_on() {
    let host = Box::new(1);
    let job = host.start("some", &all(&stays("0.3"), 6));
    host.cancel(&Job { only: vec![2, 4], ..job.clone() });
    let (ran, not) = (JobState::Completed, JobState::Cancelled);
    assert_eq!(states(&host.until_over(&job)), [ran, ran, not, ran, not, ran]);
    assert_eq!(host.read("marks").lines().count(), 8);
}

#[test]
fn jobs_are_held_and_let_go() {
    let host = Box::new(1);
    let job = host.start("hold", &all(&stays("0.4"), 3));
    let hold = |hold| {
        let (site, jobs) = (host.site(), [job.clone()]);
        converse(|so_far| Slots.hold(&site, &jobs, hold, so_far), |command| Ok(run(command))).answer.unwrap()
    };
    assert!(hold(Hold::Hold)[0].accepted);
    wait_until(|| host.workers().is_empty());
    let held = host.look(&job);
    assert_eq!(held[2].state, JobState::Held, "{held:?}");
    assert!(hold(Hold::Release)[0].accepted);
    assert_eq!(states(&host.until_over(&job)), [JobState::Completed; 3]);
}

#[test]
fn a_task_that_takes_too_long_is_stopped() {
    let host = Box::new(2);
    host.stage("slow", &["trap '' TERM; sleep 1000 & wait; wait; sleep 1000".into(), "exit 0".into()], false);
    let resources = Resources { walltime_s: Some(1), ..Resources::default() };
    let seen = host.until_over(&host.hand_in(&Submission { resources, ..host.request("slow", 2) }));
    assert_eq!((seen[0].state, seen[0].class.as_deref()), (JobState::Failed, Some("time-limit")));
    assert_eq!(seen[1].state, JobState::Completed);
    assert_eq!(host.end("slow", 1).map(|end| end.signal), Some(9));
    wait_until(|| host.processes("").is_empty());
}

#[test]
fn no_gpu_is_used_twice_at_once() {
    let mut host = Box::new(4);
    // A GPU's folder can be made by one task at a time.
    let uses = "for gpu in ${CUDA_VISIBLE_DEVICES//,/ }; do mkdir ../gpu$gpu || exit 1; done; sleep 0.1; \
                for gpu in ${CUDA_VISIBLE_DEVICES//,/ }; do rmdir ../gpu$gpu; done; \
                echo $CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER >>../used";
    let mut jobs = vec![];
    for (token, gpus, each) in
        [("first", vec![0, 1, 2], 1), ("second", vec![1, 2, 3], 1), ("pairs", vec![0, 3, 5], 2)]
    {
        host.gpus = gpus;
        host.stage(token, &all(uses, 5), true);
        let resources = Resources { gpus: Some(each), ..Resources::default() };
        jobs.push(host.hand_in(&Submission { resources, ..host.request(token, 5) }));
    }
    for job in &jobs {
        assert_eq!(states(&host.until_over(job)), [JobState::Completed; 5], "{}", host.read("used"));
    }
    assert_eq!(host.read("used").lines().filter(|line| line.ends_with(" PCI_BUS_ID")).count(), 15);
    assert_eq!(host.read("used").lines().filter(|line| line.contains(',')).count(), 5);
}

/// Runs a command that can make files and write nothing into them, as on a full disk.
fn run_without_room(command: &Command) -> Exchange {
    let limits = "trap '' XFSZ; ulimit -S -f 0; exec \"$@\"";
    run(&Command::new("bash").args(["-c", limits, "bash", &command.program]).args(&command.args))
}

#[test]
fn without_room_nothing_is_taken_and_nothing_is_lost() {
    let host = Box::new(1);
    host.stage("full", &all("true", 3), false);
    let (site, request) = (host.site(), host.request("full", 3));
    let refused =
        converse(|so_far| Slots.submit(&site, &request, so_far), |command| Ok(run_without_room(command)));
    let Outcome::Refused(failure) = refused.answer.unwrap() else { panic!("it was taken") };
    assert_eq!(failure.code, "no-room", "{failure}");
    let recovered = converse(|so_far| Slots.recover(&site, "full", so_far), |command| Ok(run(command)));
    assert!(matches!(recovered.answer, Ok(Outcome::Refused(_))));
    let waiting = host.start("wait", &[vec![stays("1")], all("touch ../late", 2)].concat());
    wait_until(|| host.read("marks") == "+\n");
    let jobs = [Job { only: vec![1, 2], ..waiting.clone() }];
    let cancelled =
        converse(|so_far| Slots.cancel(&site, &jobs, so_far), |command| Ok(run_without_room(command)));
    assert_eq!(cancelled.answer.unwrap_err().code, "no-room");
    host.cancel(&jobs[0]);
    let (ran, not) = (JobState::Completed, JobState::Cancelled);
    assert_eq!(states(&host.until_over(&waiting)), [ran, not, not]);
    assert_eq!(states(&host.until_over(&host.hand_in(&request))), [ran; 3]);
    assert!(!host.path("late").exists());
}

#[test]
fn a_folder_that_is_not_ours_is_refused() {
    let host = Box::new(1);
    fs::create_dir(host.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(host.path("elsewhere"), host.path("state")).unwrap();
    host.stage("link", &all("true", 1), false);
    let Outcome::Refused(failure) = host.submit(&host.request("link", 1)) else { panic!("it was taken") };
    assert!(failure.message.contains("symbolic link"), "{failure}");
    assert_eq!(fs::read_dir(host.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_job_that_nobody_knows_is_gone() {
    let host = Box::new(1);
    let job = Job { job: "nobody".into(), token: "nobody".into(), elements: 3, only: vec![] };
    let seen = host.look(&job);
    assert_eq!((seen.len(), seen[0].state, seen[0].index), (1, JobState::Gone, None));
}
