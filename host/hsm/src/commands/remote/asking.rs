//! Asking several machines side by side: the ones that are meant, a link to each, and an answer or a failure from every one.

use super::machines::Machine;
use crate::context::links;
use crate::environment;
use crate::output::Console;
use crate::project::Project;
use crate::report::{Exit, Problem};
use hsm_core::roles::Failure;
use hsm_core::settings::HostName;
use hsm_core::suggest;
use hsm_engine::{Link, Target, is_ssh_alias, ssh_aliases};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many machines are asked at once.
const AT_ONCE_MAX: usize = 4;

/// The machines that were named, or all.
///
/// # Errors
/// When one that is named is neither registered nor an alias of the user's ssh configuration.
pub fn meant(project: &Project, names: &[HostName], console: Console) -> Result<Vec<Machine>, Problem> {
    let all = Machine::of(project);
    if names.is_empty() {
        if all.is_empty() {
            console.say("this project has no machines but this one; `hsm remote add NAME HOST` adds one");
        }
        return Ok(all);
    }
    let named = |name: &HostName| {
        if let Some(machine) = all.iter().find(|machine| machine.name == name.as_str()) {
            return Ok(machine.clone());
        }
        // `hsm run --remote` takes such a name, too.
        if is_alias(name)? {
            return Ok(Machine::alias(project, name));
        }
        Err({
            let hint = suggest::did_you_mean(name.as_str(), all.iter().map(|machine| machine.name.as_str()));
            Problem::new(Exit::NotFound, format!("there is no machine `{name}` in this project"))
                .with_hint(hint.unwrap_or_else(|| "`hsm remote list` shows those there are".to_owned()))
        })
    };
    names.iter().map(named).collect()
}

/// Whether the user's ssh configuration has something to say of that name.
fn is_alias(name: &HostName) -> Result<bool, Problem> {
    let aliases = environment::home().map(|home| ssh_aliases(&home)).unwrap_or_default();
    Ok(aliases.iter().any(|alias| alias == name.as_str()) || is_ssh_alias(name.as_str(), &links(false)?))
}

/// What every machine answers, in their order.
///
/// # Errors
/// When the program of hsm itself cannot be found.
pub fn ask_all<T: Send>(
    machines: &[Machine],
    ask: impl Fn(&Machine, &mut Link) -> Result<T, Failure> + Sync,
) -> Result<Vec<Result<T, Failure>>, Problem> {
    let options = links(true)?;
    let waiting = Mutex::new(machines.iter().enumerate());
    let answers = Mutex::new(Vec::with_capacity(machines.len()));
    thread::scope(|scope| {
        for _ in 0..machines.len().min(AT_ONCE_MAX) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((index, machine)) = next else { break };
                    let mut link = Link::new(target(machine), options.clone());
                    let answer = ask(machine, &mut link);
                    answers.lock().unwrap_or_else(PoisonError::into_inner).push((index, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

fn target(machine: &Machine) -> Target {
    let mut target = Target::new(&machine.name, &machine.host);
    target.port = machine.remote.ssh_port;
    target.key.clone_from(&machine.remote.ssh_key);
    target.root.clone_from(&machine.root);
    target
}

/// The code to end with: a connection's, where a machine could not be reached.
pub fn exit_of<T>(answers: &[Result<T, Failure>]) -> Exit {
    if answers.iter().all(Result::is_ok) { Exit::Success } else { Exit::Connection }
}
