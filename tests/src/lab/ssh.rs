//! Hosts that are reached by ssh: each with a home, processes and a network of its own, and what can happen to them.

use super::{new_folder, script, text, unpacked};
use crate::world::World;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What the hosts are like. A host is named as in `host2`.
#[derive(Clone, Debug)]
pub struct SshOptions {
    /// How many there are: `host1`, `host2` …
    pub hosts: u32,
    /// Lines of a host's `sshd_config`, such as `("host2", "PasswordAuthentication yes")`, before the lab's own.
    pub lines: Vec<(&'static str, &'static str)>,
    /// The hosts whose shells print on both outputs when they start.
    pub talkative: Vec<&'static str>,
    /// The hosts whose login shell is tcsh.
    pub csh: Vec<&'static str>,
    /// The hosts that have a disk of 4 MiB at `~/small`.
    pub small: Vec<&'static str>,
    /// Hosts and how far their clocks are off, such as `("host3", "+2h")`.
    pub clocks: Vec<(&'static str, &'static str)>,
    /// The hosts that have a Slurm cluster of four nodes.
    pub slurm: Vec<&'static str>,
    /// Whether they do without networks of their own, as they do where there is no root.
    pub loopback: bool,
}

impl Default for SshOptions {
    fn default() -> Self {
        Self {
            hosts: 3,
            lines: Vec::new(),
            talkative: Vec::new(),
            csh: Vec::new(),
            small: Vec::new(),
            clocks: Vec::new(),
            slurm: Vec::new(),
            loopback: false,
        }
    }
}

impl SshOptions {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--hosts".to_owned(), self.hosts.to_string()];
        let named = [
            ("--talkative", &self.talkative),
            ("--csh", &self.csh),
            ("--small", &self.small),
            ("--slurm", &self.slurm),
        ];
        for (option, hosts) in named {
            arguments.extend(hosts.iter().flat_map(|host| [option.to_owned(), (*host).to_owned()]));
        }
        for (option, entries) in [("--line", &self.lines), ("--clock", &self.clocks)] {
            for (host, what) in entries {
                arguments.extend([option.to_owned(), format!("{host}:{what}")]);
            }
        }
        if self.loopback {
            arguments.push("--loopback".to_owned());
        }
        arguments
    }
}

/// Hosts in a folder. They end when this does.
#[derive(Debug)]
pub struct SshHosts {
    folder: PathBuf,
}

impl SshHosts {
    /// Brings hosts up, which takes half a second.
    ///
    /// # Panics
    /// When one does not come up.
    #[must_use]
    pub fn up(options: &SshOptions) -> Self {
        let hosts = Self { folder: new_folder("ssh") };
        let owner = std::process::id().to_string();
        let options = options.arguments();
        let mut arguments = vec!["up", text(&hosts.folder), "--owner", &owner];
        arguments.extend(options.iter().map(String::as_str));
        // Where this panics, dropping the hosts takes down what came up of them.
        if let Err(error) = script("ssh", &arguments) {
            panic!("{error}");
        }
        hosts
    }

    /// Three hosts like any others, for tests that do nothing to them. They end with the process that runs the tests.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<SshHosts> = OnceLock::new();
        SHARED.get_or_init(|| Self::up(&SshOptions::default()))
    }

    /// The folder of all of them, with `logs` and `mode` in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The client's configuration: the hosts, and `jump2`, which is `host2` by way of `host1`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.join("config")
    }

    /// The home of the one user of a host. It has the same path there and here; only what is on the small disk is not seen here.
    #[must_use]
    pub fn home(&self, host: &str) -> PathBuf {
        self.folder.join(host).join("home")
    }

    /// The process ids, as this machine counts them, of everything that lives on a host: sshd, its sessions and whatever they left.
    #[must_use]
    pub fn processes(&self, host: &str) -> Vec<i32> {
        // What is written down is the parent of the host's first process. It is outside, but knows into which namespace its children go.
        let recorded = fs::read_to_string(self.folder.join("processes").join(host)).unwrap_or_default();
        let parent = recorded.split(' ').next().unwrap_or_default();
        let Ok(namespace) = fs::read_link(format!("/proc/{parent}/ns/pid_for_children")) else {
            return Vec::new();
        };
        let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        entries
            .filter(|entry| fs::read_link(entry.path().join("ns/pid")).is_ok_and(|other| other == namespace))
            .filter(|entry| !has_ended(&entry.path()))
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect()
    }

    /// Runs a line of sh on a host and gives what it printed, as somebody does who sits before it: over no link, and past sshd. Where the host
    /// has a cluster, `squeue` and its like are on the path.
    ///
    /// # Panics
    /// When the line fails.
    #[must_use]
    pub fn console(&self, host: &str, line: &str) -> String {
        script("ssh", &["console", text(&self.folder), host, line]).unwrap_or_else(|error| panic!("{error}"))
    }

    /// How often somebody has logged in to a host since the lab came up. Sessions over an open master count once.
    #[must_use]
    pub fn logins(&self, host: &str) -> usize {
        // A talkative sshd says of keys that it accepts them before anybody has shown that they are his.
        let log = self.log(host);
        log.lines().filter(|line| line.starts_with("Accepted ") && !line.starts_with("Accepted key ")).count()
    }

    /// What a host's sshd has said.
    #[must_use]
    pub fn log(&self, host: &str) -> String {
        World::read(self.folder.join("logs").join(host))
    }

    /// Makes all packets to and from a host vanish.
    pub fn cut(&self, host: &str) {
        self.deed("cut", host);
    }

    /// Connects a host that was cut off.
    pub fn heal(&self, host: &str) {
        self.deed("heal", host);
    }

    /// Stops every process of a host: connections to it are taken, and nothing answers.
    pub fn stall(&self, host: &str) {
        self.deed("stall", host);
    }

    /// Lets a stalled host go on.
    pub fn resume(&self, host: &str) {
        self.deed("resume", host);
    }

    /// Takes a host's power away: all its processes are gone, and no client is told.
    pub fn kill(&self, host: &str) {
        self.deed("kill", host);
    }

    /// Starts a host, after a power cut where it lives: same files, another boot id.
    pub fn restart(&self, host: &str) {
        self.deed("restart", host);
    }

    /// Gives a host another key than the one that clients know.
    pub fn rekey(&self, host: &str) {
        self.deed("rekey", host);
    }

    /// Leaves no room on a host's small disk.
    pub fn fill(&self, host: &str) {
        self.deed("fill", host);
    }

    /// Removes everything from a host's small disk.
    pub fn empty(&self, host: &str) {
        self.deed("empty", host);
    }

    fn deed(&self, verb: &str, host: &str) {
        script("ssh", &[verb, text(&self.folder), host]).unwrap_or_else(|error| panic!("{error}"));
    }
}

impl Drop for SshHosts {
    fn drop(&mut self) {
        // What cannot be taken down now is when this process ends.
        let _ = script("ssh", &["down", text(&self.folder)]);
    }
}

impl World {
    /// The same world with these hosts in its `~/.ssh/config`, where a test may add more, and with the lab's `ssh` and `rsync` on its path.
    ///
    /// `ssh` takes the home from the machine's accounts and not from `HOME`, so the one on the path is a script that names the configuration.
    /// What it reads there has only whole paths in it.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn with_ssh(self, hosts: &SshHosts) -> Self {
        let programs = unpacked("ssh").join("bin");
        let config = self.path("home/.ssh/config");
        fs::create_dir_all(self.path("home/.ssh")).expect("the world's ~/.ssh");
        fs::copy(hosts.config(), &config).expect("the lab's configuration");
        let (program, config) = (programs.join("ssh"), config.display());
        self.write_program(
            "bin/ssh",
            &format!("#!/bin/sh\nexec '{}' -F '{config}' \"$@\"\n", program.display()),
        );
        for name in ["rsync", "ssh-add", "ssh-agent", "ssh-keygen"] {
            symlink(programs.join(name), self.path("bin").join(name)).expect("a link to a program");
        }
        self
    }
}

/// Whether only its parent still knows of a process. The state stands after the name, which may contain anything.
fn has_ended(process: &Path) -> bool {
    let stat = fs::read(process.join("stat")).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with(['Z', 'X']))
}
