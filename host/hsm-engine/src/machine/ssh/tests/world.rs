//! A world of its own for each test: a far side in a folder, and the program that stands for ssh.

use super::super::{Link, LinkOptions, SshMachine, Target};
use crate::machine::Remote;
use crate::sweep_dir::SweepDir;
use hsm_core::sweep_id::SweepId;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

pub(super) struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        for name in ["home", "runtime"] {
            fs::create_dir(world.path(name)).unwrap();
        }
        let script = include_str!("ssh.sh").replace("$WORLD", world.folder.path().to_str().unwrap());
        fs::write(world.path("ssh"), script).unwrap();
        fs::set_permissions(world.path("ssh"), fs::Permissions::from_mode(0o755)).unwrap();
        world
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn options(&self) -> LinkOptions {
        LinkOptions {
            runtime_dir: Some(self.path("runtime")),
            ssh: self.path("ssh").display().to_string(),
            relay: vec![relay_program().display().to_string()],
            ..LinkOptions::new(&self.path("hsm"))
        }
    }

    pub(super) fn link(&self) -> Link {
        Link::new(Target::new("box", "box"), self.options())
    }

    /// The machine, for a sweep whose folder here is `sweep`.
    pub(super) fn machine(&self) -> SshMachine {
        for name in ["sweep/jobs", "sweep/tasks"] {
            fs::create_dir_all(self.path(name)).unwrap();
        }
        let target = Target { root: "~/far root/$USER".into(), ..Target::new("box", "box") };
        let remote = Remote::new(target, "/work/my project".into());
        let id = SweepId::new("scan").unwrap();
        SshMachine::new(remote, false, self.options(), SweepDir::new(self.path("sweep")), id)
    }

    /// How often ssh was started for a connection, and for a session.
    pub(super) fn calls(&self) -> (usize, usize) {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let of = |word| calls.lines().filter(|line| *line == word).count();
        (of("connected"), of("session"))
    }
}

/// The relay, which is built with this crate's examples.
fn relay_program() -> PathBuf {
    let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples/relay");
    assert!(program.exists(), "`{}` is missing: `cargo build -p hsm-engine --examples`", program.display());
    program
}
