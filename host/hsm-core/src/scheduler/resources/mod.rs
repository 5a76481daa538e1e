//! What people ask for: `--resources` in the words of Slurm or of PBS, and the blocks `slurm` and `pbs` of settings.
//!
//! Both languages can be used for either scheduler as far as both have a word for something; where one has not, the message says how to
//! write it.
//!
//! **Must not:** pass on a word that nobody knows: a slip in a flag would be found out when the job has waited for days.

mod flags;
mod select;
mod words;

use super::Resources;
use crate::failure::{Blame, Failure};
use crate::settings;
use crate::suggest::did_you_mean;

/// Whose words a script will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Lines are options of `sbatch`.
    Slurm,
    /// Lines are options of `qsub`.
    Pbs,
    /// A plugin's scheduler: only what [`Resources`] has a field for.
    Plain,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// What each task needs.
    pub resources: Resources,
    /// Machines to keep off.
    pub exclude_nodes: Vec<String>,
}

impl Request {
    /// Reads the text of `--resources`: `--mem=16G -c 4 --gres=gpu:a100:1`, or `select=1:ncpus=4:mem=16gb,walltime=01:00:00`.
    ///
    /// # Errors
    /// `bad-resources`, with the column in the message and the right word in the hint where there is one that resembles it.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, Failure> {
        let words = words::split(text)?;
        let mut request = Self::default();
        match words.first() {
            None => {}
            Some(_) if words.iter().any(|word| word.text == "-l") => {
                select::read_flags(&words, dialect, &mut request)?
            }
            Some(first) if first.text.starts_with('-') => flags::read(&words, dialect, &mut request)?,
            Some(_) => words.iter().try_for_each(|word| select::read(word, dialect, &mut request))?,
        }
        Ok(request)
    }

    /// What the block `slurm` says.
    ///
    /// # Errors
    /// `bad-resources` where `mem` and `mem_per_cpu` are both given.
    pub fn of_slurm(settings: &settings::Slurm) -> Result<Self, Failure> {
        let mut directives = vec![];
        if let Some(memory) = &settings.mem_per_cpu {
            if settings.mem.is_some() {
                return Err(bad("`slurm.mem` and `slurm.mem_per_cpu` exclude each other")
                    .with_hint("keep one of them"));
            }
            directives.push(format!("--mem-per-cpu={}M", memory.as_mebibytes()));
        }
        let mut exclude_nodes = vec![];
        for directive in settings.extra_directives.iter().flat_map(|directives| &directives.0) {
            match directive.strip_prefix("--exclude=").or_else(|| directive.strip_prefix("-x ")) {
                Some(nodes) => exclude_nodes.extend(words::list(nodes)),
                None => directives.push(directive.clone()),
            }
        }
        let resources = Resources {
            walltime_s: settings.walltime.map(settings::Walltime::as_seconds),
            cpus: settings.cpus_per_task,
            memory_mib: settings.mem.as_ref().map(settings::Memory::as_mebibytes),
            gpus: settings.gpus,
            gpu_type: settings.gpu_type.clone(),
            nodes: None,
            partition: settings.partition.clone(),
            account: settings.account.clone(),
            qos: settings.qos.clone(),
            directives,
        };
        Ok(Self { resources, exclude_nodes })
    }

    /// What the block `pbs` says; `default_resources` may be in either language.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn of_pbs(settings: &settings::Pbs) -> Result<Self, Failure> {
        let mut request =
            Self::parse(settings.default_resources.as_deref().unwrap_or_default(), Dialect::Pbs).map_err(
                |failure| Failure {
                    message: format!("`pbs.default_resources`: {}", failure.message),
                    ..failure
                },
            )?;
        let Resources { walltime_s, partition, account, .. } = &mut request.resources;
        *walltime_s = settings.default_walltime.map(settings::Walltime::as_seconds).or(*walltime_s);
        *partition = settings.queue.clone().or(partition.take());
        *account = settings.account.clone().or(account.take());
        Ok(request)
    }

    /// This where it says something, and `lower` elsewhere. Directives and machines to keep off are those of both.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        let (upper, below) = (self.resources, lower.resources);
        // A number of GPUs without a model does not want the model that settings had in mind for another number; no GPU wants none.
        let gpu_type = if upper.gpus == Some(0) { None } else { upper.gpu_type.or(below.gpu_type) };
        let name = |directive: &str| directive.split(['=', ' ']).next().unwrap_or_default().to_owned();
        let named: Vec<String> = upper.directives.iter().map(|directive| name(directive)).collect();
        let kept = below
            .directives
            .into_iter()
            .filter(|directive| name(directive) == "-l" || !named.contains(&name(directive)));
        let resources = Resources {
            walltime_s: upper.walltime_s.or(below.walltime_s),
            cpus: upper.cpus.or(below.cpus),
            memory_mib: upper.memory_mib.or(below.memory_mib),
            gpus: upper.gpus.or(below.gpus),
            gpu_type,
            nodes: upper.nodes.or(below.nodes),
            partition: upper.partition.or(below.partition),
            account: upper.account.or(below.account),
            qos: upper.qos.or(below.qos),
            directives: kept.chain(upper.directives.iter().cloned()).collect(),
        };
        let mut exclude_nodes = lower.exclude_nodes;
        exclude_nodes.extend(self.exclude_nodes.into_iter().filter(|node| !node.is_empty()));
        Self { resources, exclude_nodes }
    }

    /// Whether the quality of service is among those that settings allow; without a list, any is.
    ///
    /// # Errors
    /// `qos-not-allowed`, with the list.
    pub fn check_qos(&self, allowed: Option<&[String]>) -> Result<(), Failure> {
        let (Some(qos), Some(allowed)) = (&self.resources.qos, allowed) else { return Ok(()) };
        if allowed.contains(qos) {
            return Ok(());
        }
        let message = format!(
            "the quality of service `{qos}` is not in `slurm.qos_whitelist`, which has {}",
            listed(allowed)
        );
        let failure = Failure::new(Blame::Config, "qos-not-allowed", message);
        Err(match did_you_mean(qos, allowed.iter().map(String::as_str)) {
            Some(hint) => failure.with_hint(hint),
            None => failure.with_hint("use one of these, or add it to the list in the settings"),
        })
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(Blame::Config, "bad-resources", message)
}

#[cfg(test)]
mod tests;
