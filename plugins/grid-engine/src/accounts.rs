//! What `qacct` knows of jobs that have ended: a block of lines for each element, and for each time that it was begun.

use hsm_sdk::{Command, Exchange, JobState, Sighting};

/// It was begun and put back into the queue; what became of it is in another block, or in the queue.
const PUT_BACK: [u32; 2] = [24, 25];

/// The master ended it for exceeding a limit.
const OVER_A_LIMIT: u32 = 37;

/// The program ended by a signal; of its own, or of whoever deleted the job.
const AFTER_THE_JOB: u32 = 100;

/// The program itself asked for the state of error, by exit code 100.
const ASKED_FOR_ERROR: u32 = 30;

/// The account of one element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The job's id.
    pub job: String,
    /// The job's whole name.
    pub name: String,
    /// The element; 1 for a job that is no array.
    pub element: u32,
    node: String,
    failed: u32,
    failed_words: String,
    exit_status: u32,
    wallclock_s: u64,
    walltime_s: Option<u64>,
}

/// Asks for a job, or for all jobs of a name: `*` stands for anything in it.
pub fn command(job: &str) -> Command {
    Command::new("qacct").args(["-j", job])
}

/// Whether it said that it knows no such job.
pub fn knows_nothing(exchange: &Exchange) -> bool {
    exchange.exit_code == Some(1) && exchange.stderr_text().contains("not found")
}

/// Every account in what it printed.
pub fn accounts(printed: &str) -> Vec<Account> {
    let blocks = printed.split("==============================================================");
    blocks.filter_map(account).collect()
}

fn account(block: &str) -> Option<Account> {
    let mut account = Account { element: 1, ..Account::default() };
    for line in block.lines() {
        let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let value = value.trim();
        match key {
            "jobnumber" => account.job = value.to_owned(),
            "jobname" => account.name = value.to_owned(),
            "hostname" => account.node = value.to_owned(),
            "taskid" => account.element = value.parse().unwrap_or(1),
            "failed" => {
                account.failed = leading(value)?;
                account.failed_words = value.split_once(':').map_or("", |(_, words)| words.trim()).to_owned();
            }
            "exit_status" => account.exit_status = leading(value)?,
            "ru_wallclock" => account.wallclock_s = u64::from(leading(value).unwrap_or_default()),
            "category" => account.walltime_s = requested(value, "h_rt").and_then(seconds),
            _ => {}
        }
    }
    (!account.job.is_empty()).then_some(account)
}

/// The number that a text begins with: of `137   (Killed)`, `100 : assumedly after job`, `4s`.
fn leading(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The value of a resource in `-l h_rt=4,h_vmem=300M -pe smp 2`.
fn requested<'a>(category: &'a str, name: &str) -> Option<&'a str> {
    let requests = category.split_whitespace().flat_map(|word| word.split(','));
    requests
        .filter_map(|request| request.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// `90`, or `0:1:30`.
fn seconds(text: &str) -> Option<u64> {
    text.split(':').try_fold(0_u64, |sum, part| Some(sum * 60 + part.parse::<u64>().ok()?))
}

impl Account {
    /// Whether it says how the element ended.
    pub fn is_final(&self) -> bool {
        !PUT_BACK.contains(&self.failed)
    }

    /// What it says about its element.
    pub fn sighting(&self) -> Sighting {
        let mut sighting = Sighting::new(&self.job, JobState::Failed).of_element(self.element);
        sighting.name = Some(self.name.clone());
        sighting.node = Some(self.node.clone()).filter(|node| !node.is_empty());
        let code = i32::try_from(self.exit_status).ok();
        let signal = self
            .exit_status
            .checked_sub(128)
            .filter(|signal| *signal > 0)
            .and_then(|s| i32::try_from(s).ok());
        match self.failed {
            0 if self.exit_status == 0 => {
                sighting.state = JobState::Completed;
                sighting.exit_code = code;
            }
            0 | ASKED_FOR_ERROR => sighting.exit_code = code,
            OVER_A_LIMIT => {
                sighting.signal = signal;
                sighting.class = self.is_out_of_time().then(|| "time-limit".to_owned());
            }
            AFTER_THE_JOB => sighting.signal = signal,
            // It was not begun as it should have been, so there is no exit code of the program's.
            _ => {}
        }
        if self.failed != 0 {
            sighting.reason = Some(self.reason(sighting.signal));
        }
        sighting
    }

    /// The words of Grid Engine are the same for time and memory; the time it took tells them apart.
    fn is_out_of_time(&self) -> bool {
        self.walltime_s.is_some_and(|walltime| self.wallclock_s >= walltime)
    }

    fn reason(&self, signal: Option<i32>) -> String {
        let words = format!("failed {}: {}", self.failed, self.failed_words);
        match (self.failed, signal) {
            // `qdel` leaves no other trace.
            (AFTER_THE_JOB, Some(9)) => format!("{words}; killed, by `qdel` or on its machine"),
            _ => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(failed: &str, exit_status: &str, more: &str) -> String {
        let line = "==============================================================";
        format!(
            "{line}\nqname        all.q\nhostname     n1\njobname      s.t\njobnumber    7\ntaskid       2\n\
             failed       {failed}\nexit_status  {exit_status}\n{more}"
        )
    }

    fn ended(
        failed: &str,
        exit_status: &str,
        more: &str,
    ) -> (JobState, Option<i32>, Option<i32>, Option<String>) {
        let accounts = accounts(&block(failed, exit_status, more));
        assert_eq!(accounts.len(), 1);
        let Sighting { state, exit_code, signal, class, .. } = accounts[0].sighting();
        (state, exit_code, signal, class)
    }

    #[test]
    fn how_an_element_ended() {
        let limit = "37  : qmaster enforced h_rt, h_cpu, or h_vmem limit";
        let killed = "137                  (Killed)";
        let out_of_time = "ru_wallclock 91s\ncategory     -l h_vmem=300M,h_rt=0:1:30";
        let in_time = "ru_wallclock 12s\ncategory     -l h_rt=90,h_vmem=300M";
        for (found, expected) in [
            (ended("0", "0", ""), (JobState::Completed, Some(0), None, None)),
            (ended("0", "3", ""), (JobState::Failed, Some(3), None, None)),
            (ended("0", "137", ""), (JobState::Failed, Some(137), None, None)),
            (ended("100 : assumedly after job", killed, ""), (JobState::Failed, None, Some(9), None)),
            (
                ended(limit, killed, out_of_time),
                (JobState::Failed, None, Some(9), Some("time-limit".to_owned())),
            ),
            (ended(limit, killed, in_time), (JobState::Failed, None, Some(9), None)),
            (ended("30  : application error returned", "100", ""), (JobState::Failed, Some(100), None, None)),
            (ended("26  : opening input/output file", "0", ""), (JobState::Failed, None, None, None)),
        ] {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_was_put_back_has_not_ended() {
        let put_back = accounts(&block("25  : rescheduling", "99", ""));
        assert!(!put_back[0].is_final());
        assert_eq!(accounts("Total System Usage\n"), []);
    }
}
