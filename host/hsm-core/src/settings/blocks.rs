//! The blocks of a settings file, key by key.

use crate::diagnostic::{Diagnostics, Findings, Parsed};
use crate::settings::reading::Setting;
use crate::settings::value::{Backend, Directives, HostName, Memory, ShellLines, Strategy};
use crate::settings::walltime::Walltime;
use crate::yaml::{Entry, Fields, Node, parse};

/// What every block can do.
pub(super) trait Block: Default {
    /// The keys of the block.
    const KEYS: &'static [&'static str];

    /// Reads the block called `name`. Unknown keys are reported; the known ones survive them.
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Self;

    /// The keys of this block, and those of `lower` that it does not have.
    fn over(self, lower: Self) -> Self;
}

/// A struct of optional settings and how it is read and layered, from one list of its keys.
macro_rules! block {
    ($(#[$about:meta])* $name:ident { $($(#[$key_about:meta])* $key:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $($(#[$key_about])* pub $key: Option<$type>,)*
        }

        impl Block for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            fn read(node: &Node, name: &str, findings: &mut Findings) -> Self {
                let mut block = Self::default();
                let Some(mut fields) = Fields::of(node, &format!("`{name}`"), Self::KEYS, findings) else { return block };
                $(
                    if let Some(node) = fields.take(stringify!($key)) {
                        block.$key = <$type as Setting>::read(node, stringify!($key), findings);
                    }
                )*
                for (at, key, hint) in fields.unknown() {
                    findings.warning(at, format!("`{name}` has no key `{key}`; it is passed over"), hint);
                }
                block
            }

            fn over(self, lower: Self) -> Self {
                Self { $($key: self.$key.or(lower.$key),)* }
            }
        }
    };
}

block! {
    /// `project`.
    Project {
        /// Its name.
        name: String,
        /// Its root folder; the folder above the settings, where not given.
        root: String,
    }
}

block! {
    /// `paths`: relative ones start at the project's root.
    Paths {
        /// The conda environment to run scripts in, by name or path.
        conda_env: String,
        /// The Python interpreter. Deprecated: `conda_env` says more.
        python_interpreter: String,
        /// The script to run where the sweep file names none.
        train_script: String,
        /// Where Hydra's configuration is.
        config_dir: String,
        /// Where sweeps are kept; `sweeps/outputs`, where not given.
        output_dir: String,
    }
}

block! {
    /// `wandb`.
    Wandb {
        /// The project there.
        project: String,
        /// Whose project it is.
        entity: String,
    }
}

block! {
    /// `local`: tasks on this machine.
    Local {
        /// How long one attempt may run.
        walltime: Walltime,
        /// CPUs for each task.
        cpus_per_task: u32,
        /// Memory for each task.
        mem: Memory,
        /// GPUs for each task.
        gpus: u32,
        /// The GPUs that may be used, by `nvidia-smi`'s index.
        visible_gpus: Vec<u32>,
        /// Shell lines before each task.
        pre_script: ShellLines,
        /// Where sweeps are kept, over `paths.output_dir`.
        sweeps_root: String,
        /// How many tasks run at once.
        max_parallel_jobs: u32,
    }
}

block! {
    /// `slurm`.
    Slurm {
        /// How long one attempt may run.
        walltime: Walltime,
        /// CPUs for each task.
        cpus_per_task: u32,
        /// Memory for each task.
        mem: Memory,
        /// Memory for each CPU, in place of `mem`.
        mem_per_cpu: Memory,
        /// GPUs for each task.
        gpus: u32,
        /// The kind of GPU.
        gpu_type: String,
        /// The partition.
        partition: String,
        /// The quality of service.
        qos: String,
        /// The account that pays.
        account: String,
        /// Modules to load before each task.
        modules: Vec<String>,
        /// Shell lines before each task.
        pre_script: ShellLines,
        /// Further options of `sbatch`.
        extra_directives: Directives,
        /// The qualities of service that may be used.
        qos_whitelist: Vec<String>,
        /// The most elements of one array.
        max_array_size: u32,
    }
}

block! {
    /// `pbs`, which older files call `hpc`.
    Pbs {
        /// The scheduler, in older files.
        system: String,
        /// How long one attempt may run.
        default_walltime: Walltime,
        /// What each task gets: `select=1:ncpus=4:mem=16gb`.
        default_resources: String,
        /// The queue.
        queue: String,
        /// The account that pays.
        account: String,
        /// The most elements of one array.
        max_array_size: u32,
    }
}

block! {
    /// `distributed`: several machines.
    Distributed {
        /// Whether they are used.
        enabled: bool,
        /// How they share the tasks.
        strategy: Strategy,
        /// How many tasks run here.
        local_max_jobs: u32,
        /// How often finished tasks come home, in seconds.
        collect_interval: u64,
        /// How often machines are asked how they are, in seconds.
        health_check_interval: u64,
        /// How often a task is tried again elsewhere.
        max_retries: u32,
        /// Where sweeps are kept on the machines.
        remote_root: String,
        /// The conda environment there.
        conda_env: String,
        /// The Python interpreter there.
        python_path: String,
        /// What is not copied there.
        rsync_excludes: Vec<String>,
        /// Whether what `.gitignore` names is not copied there either.
        gitignore: bool,
        /// Whether the copy there is kept when all went well.
        keep_remote_on_success: bool,
        /// The machines, by alias.
        remotes: Vec<(HostName, Remote)>,
    }
}

block! {
    /// `distributed.remotes.NAME`: one machine.
    Remote {
        /// What starts tasks there.
        backend: Backend,
        /// Its name for ssh.
        host: HostName,
        /// The key to log in with.
        ssh_key: String,
        /// The port of its ssh server.
        ssh_port: u16,
        /// Whether it is used.
        enabled: bool,
        /// How many tasks run there at once.
        max_parallel_jobs: u32,
        /// The GPUs that may be used there, by `nvidia-smi`'s index.
        gpus: Vec<u32>,
        /// The conda environment there, over `distributed.conda_env`.
        conda_env: String,
        /// The Python interpreter there, over `distributed.python_path`.
        python_path: String,
        /// Where sweeps are kept there, over `distributed.remote_root`.
        remote_root: String,
        /// What is not copied there, over `distributed.rsync_excludes`.
        rsync_excludes: Vec<String>,
        /// Whether what `.gitignore` names is not copied there either, over `distributed.gitignore`.
        gitignore: bool,
        /// Whether the copy there is kept when all went well, over `distributed.keep_remote_on_success`.
        keep_remote_on_success: bool,
        /// What each task gets there, over the block of its scheduler.
        spec: Slurm,
        /// The folder that tasks start in there.
        workdir: String,
        /// Where finished sweeps are archived there.
        archive_dir: String,
        /// When they are.
        archive_on: String,
        /// The qualities of service that may be used there.
        qos_whitelist: Vec<String>,
    }
}

/// A layer of settings, or several put over each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The project.
    pub project: Project,
    /// Its paths.
    pub paths: Paths,
    /// Weights & Biases.
    pub wandb: Wandb,
    /// Tasks on this machine.
    pub local: Local,
    /// Slurm.
    pub slurm: Slurm,
    /// PBS.
    pub pbs: Pbs,
    /// Several machines.
    pub distributed: Distributed,
}

/// The blocks of a settings file.
pub(super) const BLOCKS: &[&str] =
    &["project", "paths", "wandb", "local", "slurm", "pbs", "hpc", "distributed"];

impl Settings {
    /// Reads the text of a settings file, which messages call `file`.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its place. Unknown keys are warnings.
    pub fn parse(text: &str, file: &str) -> Result<Parsed<Self>, Diagnostics> {
        let mut findings = Findings::new(file);
        let settings = parse(text, &mut findings).map(|root| Self::read(&root, &mut findings));
        findings.conclude(settings)
    }

    /// These settings where they say something, and `lower` elsewhere, key by key; a remote machine counts as one key.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            project: self.project.over(lower.project),
            paths: self.paths.over(lower.paths),
            wandb: self.wandb.over(lower.wandb),
            local: self.local.over(lower.local),
            slurm: self.slurm.over(lower.slurm),
            pbs: self.pbs.over(lower.pbs),
            distributed: self.distributed.over(lower.distributed),
        }
    }

    /// What counts of a user's own file: `local` alone, since the rest belongs to projects.
    #[must_use]
    pub fn for_user(self) -> Self {
        Self { local: self.local, ..Self::default() }
    }

    fn read(root: &Node, findings: &mut Findings) -> Self {
        let mut settings = Self::default();
        let Some(mut fields) = Fields::of(root, "a settings file", BLOCKS, findings) else { return settings };
        for name in BLOCKS {
            if let Some(node) = fields.take(name) {
                settings.read_block(name, node, findings);
            }
        }
        for (at, key, hint) in fields.unknown() {
            findings.warning(at, format!("settings have no block `{key}`; it is passed over"), hint);
        }
        if let Some(entry) = entry(root, "paths").and_then(|paths| entry(&paths.value, "python_interpreter"))
        {
            let hint = Some("name the environment in `paths.conda_env`".to_owned());
            findings.warning(entry.key.at, "`python_interpreter` is deprecated", hint);
        }
        settings
    }

    /// Reads one block, over what an earlier block of the same kind said.
    pub(super) fn read_block(&mut self, name: &str, node: &Node, findings: &mut Findings) {
        match name {
            "project" => self.project = Block::read(node, name, findings),
            "paths" => self.paths = Block::read(node, name, findings),
            "wandb" => self.wandb = Block::read(node, name, findings),
            "local" => self.local = Block::read(node, name, findings),
            "slurm" => self.slurm = Block::read(node, name, findings),
            "pbs" | "hpc" => self.pbs = std::mem::take(&mut self.pbs).over(Block::read(node, name, findings)),
            _ => self.distributed = Block::read(node, name, findings),
        }
    }
}

/// The keys of a block that a variable can set.
pub(super) fn keys(block: &str) -> &'static [&'static str] {
    match block {
        "project" => Project::KEYS,
        "paths" => Paths::KEYS,
        "wandb" => Wandb::KEYS,
        "local" => Local::KEYS,
        "slurm" => Slurm::KEYS,
        "pbs" | "hpc" => Pbs::KEYS,
        _ => Distributed::KEYS,
    }
}

impl Slurm {
    /// These settings where they say something, and `lower` elsewhere.
    #[must_use]
    pub fn over_slurm(self, lower: Self) -> Self {
        self.over(lower)
    }
}

impl Setting for Slurm {
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
        Some(Block::read(node, name, findings))
    }
}

impl Setting for Vec<(HostName, Remote)> {
    fn read(node: &Node, name: &str, findings: &mut Findings) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            findings.error(
                node.at,
                format!("`{name}` is a map of machines, and {} stands here", node.kind()),
                None,
            );
            return None;
        };
        let mut remotes = Self::new();
        for Entry { key, value } in entries {
            match key.name.parse() {
                Ok(alias) => {
                    remotes.push((alias, Remote::read(value, &format!("remotes.{}", key.name), findings)))
                }
                Err(error) => findings.error(key.at, error, None),
            }
        }
        Some(remotes)
    }
}

fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a Entry> {
    node.as_map()?.iter().find(|entry| entry.key.name == name)
}
