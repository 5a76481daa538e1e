//! What `qstat -xml -r` lists: a `job_list` for each element that runs, and one for all elements of a job that wait in the same way.

use hsm_sdk::{Blame, Command, Failure, JobState, Sighting, Site};
use roxmltree::{Document, Node};

/// The states in which something of a job is on a machine: running, being transferred, suspended in one way or another.
const ON_A_MACHINE: [char; 5] = ['r', 't', 's', 'S', 'T'];

/// One entry of the listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The job's id.
    pub job: String,
    /// Its whole name.
    pub name: Option<String>,
    /// The letters of its state.
    pub letters: String,
    /// The machine, where it is on one.
    pub node: Option<String>,
    /// The elements, as they are written.
    pub elements: Option<String>,
}

/// The look at all that a user has there. With `-r`, names are whole also in releases that cut them otherwise.
pub fn command(site: &Site) -> Command {
    Command::new("qstat").args(["-u", &site.user, "-xml", "-r"])
}

/// The entries of a listing.
pub fn entries(listing: &str) -> Result<Vec<Entry>, Failure> {
    // Whatever else a site prints comes before the document.
    let listing = listing.find("<?xml").map_or(listing, |start| &listing[start..]);
    let document = Document::parse(listing).map_err(|error| {
        Failure::new(Blame::Transient, "bad-listing", format!("`qstat -xml` printed no XML: {error}"))
            .with_hint("run it by hand; a wrapper of the site's may have changed what it prints")
    })?;
    Ok(document.descendants().filter(|node| node.has_tag_name("job_list")).filter_map(entry).collect())
}

fn entry(node: Node<'_, '_>) -> Option<Entry> {
    let text = |name: &str| {
        let child = node.children().find(|child| child.has_tag_name(name))?;
        child.text().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Some(Entry {
        job: text("JB_job_number")?,
        name: text("full_job_name").or_else(|| text("JB_name")),
        letters: text("state")?,
        node: text("queue_name").and_then(|queue| Some(queue.split_once('@')?.1.to_owned())),
        elements: text("tasks"),
    })
}

impl Entry {
    /// What it says about its job as a whole.
    pub fn sighting(&self) -> Sighting {
        let state = state(&self.letters);
        let mut sighting = Sighting::new(&self.job, state);
        sighting.name.clone_from(&self.name);
        sighting.node.clone_from(&self.node);
        if self.letters.contains('E') {
            sighting.class = Some("impossible".to_owned());
            sighting.reason = Some(format!("state {}: `qstat -j {}` says why", self.letters, self.job));
        } else if state == JobState::Held {
            sighting.reason = Some(format!("state {}", self.letters));
        }
        sighting
    }
}

/// The letters are those of the manual. An element in error stays where it is until somebody clears it; one being deleted still runs.
fn state(letters: &str) -> JobState {
    if letters.contains('E') {
        JobState::Held
    } else if letters.contains(ON_A_MACHINE) {
        JobState::Running
    } else if letters.contains('h') {
        JobState::Held
    } else {
        JobState::Queued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_states() {
        for (letters, expected) in [
            ("qw", JobState::Queued),
            ("hqw", JobState::Held),
            ("Eqw", JobState::Held),
            ("Rq", JobState::Queued),
            ("r", JobState::Running),
            ("hr", JobState::Running),
            ("dr", JobState::Running),
            ("dt", JobState::Running),
            ("Rr", JobState::Running),
            ("s", JobState::Running),
            ("dqw", JobState::Queued),
        ] {
            assert_eq!(state(letters), expected, "{letters}");
        }
    }

    #[test]
    fn a_banner_is_passed_over_and_anything_else_is_a_failure() {
        let empty = "Welcome!\n<?xml version='1.0'?>\n<job_info><queue_info></queue_info></job_info>\n";
        assert_eq!(entries(empty), Ok(vec![]));
        assert_eq!(entries("job-ID  prior   name").unwrap_err().code, "bad-listing");
    }
}
