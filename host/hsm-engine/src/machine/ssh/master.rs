//! The one connection to a machine, which every session goes through: the user's own master where one lives, or else one of hsm's. What
//! goes over it is not known here.

use super::target::{LinkOptions, Target};
use super::trouble;
use crate::process;
use hsm_core::roles::{Blame, Failure};
use hsm_core::scheduler::{Command, Ending};
use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a connection may take, key exchange and authentication included.
const CONNECT_LIMIT: Duration = Duration::from_secs(25);
/// How long a person may take to answer ssh's questions at the terminal.
const INTERACTIVE_LIMIT: Duration = Duration::from_secs(180);
/// How long ssh may take for what needs no network.
const LOCAL_LIMIT_MS: u32 = 10_000;
/// Servers allow ten sessions on a connection unless told otherwise, and the user may want some as well.
const SESSIONS_MAX: usize = 8;
/// How long a session waits for another one to end before it gives up.
const SEAT_LIMIT: Duration = Duration::from_secs(60);
/// ssh puts seventeen characters behind a path while it makes the socket, and the system takes 108 in all.
const CONTROL_PATH_MAX: usize = 90;
/// The word for a connection that only the user can make.
const NEEDS_USER: &str = "needs-you";
/// What every login shell understands in the same way. All the rest is said on standard input.
pub(crate) const REMOTE_COMMAND: &str = "exec bash --norc --noprofile -s";

/// A connection.
#[derive(Debug)]
pub(crate) struct Master {
    target: Target,
    options: LinkOptions,
    control: Option<Control>,
    /// Why the machine wants its user, who was not there. Nothing is tried again until the user has opened a connection: who tries too often
    /// is locked out.
    needs_user: Option<Failure>,
    /// Whether the user's own connection has no session to spare.
    passed_over: bool,
}

/// Where a live master listens.
#[derive(Clone, Debug)]
struct Control {
    path: String,
    /// The name of this connection's files in hsm's own folder, where the seats are.
    files: PathBuf,
    is_users: bool,
}

/// The right to one session. It is given back when this is dropped, whatever became of the process.
#[derive(Debug)]
pub(crate) struct Seat {
    _locked: File,
}

impl Master {
    pub(crate) fn new(target: Target, options: LinkOptions) -> Self {
        Self { target, options, control: None, needs_user: None, passed_over: false }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    pub(crate) fn options(&self) -> &LinkOptions {
        &self.options
    }

    /// Sees to it that there is a live connection.
    pub(crate) fn connect(&mut self) -> Result<(), Failure> {
        self.target.check()?;
        if self.control.as_ref().is_some_and(|control| self.is_alive(&control.path)) {
            return Ok(());
        }
        // A connection that had no session to spare may have one by now.
        self.passed_over &= self.control.take().is_none();
        let resolved = self.resolve()?;
        let files =
            private_folder(self.options.runtime_dir.as_deref())?.join(name_of(&self.target, &resolved));
        let configured = resolved.lines().find_map(|line| line.strip_prefix("controlpath "));
        let users = configured.filter(|path| !self.passed_over && *path != "none" && self.is_alive(path));
        let control = match users {
            Some(path) => Control { path: path.to_owned(), files, is_users: true },
            None => match self.own(files) {
                Err(failure) if failure.code == NEEDS_USER && !self.options.interactive => {
                    self.needs_user = Some(failure.clone());
                    return Err(failure);
                }
                control => control?,
            },
        };
        self.needs_user = None;
        self.control = Some(control);
        Ok(())
    }

    /// Turns to hsm's own connection where the user's has no session to spare; whether that is of any use.
    pub(crate) fn pass_over(&mut self) -> bool {
        let is_users = self.control.take_if(|control| control.is_users).is_some();
        self.passed_over |= is_users;
        is_users
    }

    /// Turns back to the user's connection, as hsm cannot have its own.
    pub(crate) fn turn_back(&mut self) {
        self.passed_over = false;
    }

    /// hsm's own master: the one that lives, or a new one.
    fn own(&self, files: PathBuf) -> Result<Control, Failure> {
        let control = Control { path: format!("{}.s", files.display()), files, is_users: false };
        let until = Instant::now() + self.limit();
        // Two that start at once would both connect, and the second would stay in the background for nobody.
        let _starting = lock(&control.files.with_extension("lock"), until)?.ok_or_else(|| {
            trouble::no_answer(&self.target, self.limit().as_secs(), self.options.agent_socket.as_deref())
        })?;
        if !self.is_alive(&control.path) {
            if let Some(failure) = &self.needs_user {
                return Err(failure.clone());
            }
            self.start(&control.path, until)?;
        }
        Ok(control)
    }

    fn start(&self, path: &str, until: Instant) -> Result<(), Failure> {
        let mut argv = self.ssh(&["-o", "ControlMaster=auto", "-o", &control_path(path)]);
        argv.extend(["-o", "ControlPersist=600", "-f", "-N", "--", &self.target.host].map(str::to_owned));
        let left = until.saturating_duration_since(Instant::now());
        let (status, complaint) = process::send_to_background(&argv, left, self.options.interactive)
            .map_err(|error| trouble::not_started(&self.options.ssh, &error))?;
        let agent = self.options.agent_socket.as_deref();
        match status {
            None => Err(trouble::no_answer(&self.target, self.limit().as_secs(), agent)),
            Some(status) if status.success() => Ok(()),
            Some(_) => Err(trouble::of_ssh(&complaint, &self.target, agent)),
        }
    }

    fn limit(&self) -> Duration {
        if self.options.interactive { INTERACTIVE_LIMIT } else { CONNECT_LIMIT }
    }

    /// What the user's configuration says of the host.
    fn resolve(&self) -> Result<String, Failure> {
        let argv = self.ssh(&["-G", "--", &self.target.host]);
        let said = process::exchange(&local(&argv), false);
        match (said.ending, said.exit_code) {
            (Ending::Exited, Some(0)) => Ok(String::from_utf8_lossy(&said.stdout).into_owned()),
            (Ending::NotStarted, _) => {
                Err(trouble::not_started(&self.options.ssh, &std::io::Error::other(text(&said.stderr))))
            }
            _ => Err(trouble::of_ssh(&text(&said.stderr), &self.target, None)),
        }
    }

    fn is_alive(&self, path: &str) -> bool {
        let argv = self.ssh(&["-O", "check", "-o", &control_path(path), "--", &self.target.host]);
        let said = process::exchange(&local(&argv), false);
        (said.ending, said.exit_code) == (Ending::Exited, Some(0))
    }

    /// The command of one session on the connection, and never of another connection.
    pub(crate) fn session(&self) -> Result<Vec<String>, Failure> {
        let control = self.control.as_ref().ok_or_else(|| not_connected(&self.target))?;
        let mut argv = self.ssh(&["-o", "ControlMaster=no", "-o", &control_path(&control.path)]);
        // A session that is refused would make ssh connect anew, and ask again where a second factor is wanted.
        argv.extend(
            ["-o", "ProxyCommand=false", "-T", "--", &self.target.host, REMOTE_COMMAND].map(str::to_owned),
        );
        Ok(argv)
    }

    /// Waits for one of the seats of the connection, which all of the user's processes share.
    pub(crate) fn seat(&self) -> Result<Seat, Failure> {
        let control = self.control.as_ref().ok_or_else(|| not_connected(&self.target))?;
        let until = Instant::now() + SEAT_LIMIT;
        loop {
            for number in 0..SESSIONS_MAX {
                let path = control.files.with_extension(number.to_string());
                if let Some(locked) = lock(&path, Instant::now())? {
                    return Ok(Seat { _locked: locked });
                }
            }
            if Instant::now() >= until {
                let host = &self.target.host;
                let message = format!("all {SESSIONS_MAX} sessions that hsm opens to `{host}` are in use");
                return Err(Failure::new(Blame::Transient, trouble::TOO_MANY_SESSIONS, message)
                    .with_hint("wait until another `hsm` on this machine has finished with it"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn ssh(&self, more: &[&str]) -> Vec<String> {
        let mut argv = vec![self.options.ssh.clone()];
        if !self.options.interactive {
            argv.extend(["-o", "BatchMode=yes", "-o", "NumberOfPasswordPrompts=0"].map(str::to_owned));
        }
        for option in [
            "ConnectTimeout=10",
            "ConnectionAttempts=1",
            "ServerAliveInterval=10",
            "ServerAliveCountMax=3",
            "ForwardAgent=no",
            "ForwardX11=no",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "RemoteCommand=none",
            "RequestTTY=no",
            "EscapeChar=none",
            "LogLevel=INFO",
        ] {
            argv.extend(["-o".to_owned(), option.to_owned()]);
        }
        if let Some(port) = self.target.port {
            argv.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(key) = &self.target.key {
            argv.extend(["-i".to_owned(), key.clone()]);
        }
        argv.extend(more.iter().map(|word| (*word).to_owned()));
        argv
    }
}

/// In a value of ssh's options, `%` begins what ssh fills in, and blanks end it unless it is quoted.
fn control_path(path: &str) -> String {
    format!("ControlPath=\"{}\"", path.replace('%', "%%"))
}

fn not_connected(target: &Target) -> Failure {
    Failure::new(Blame::Transient, "unreachable", format!("there is no connection to `{}`", target.host))
}

/// A name for the connection that changes with whatever ssh would do differently.
fn name_of(target: &Target, resolved: &str) -> String {
    let digest = Sha256::digest(format!("{}\n{resolved}", target.host));
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn local(argv: &[String]) -> Command {
    let mut command = Command::new(argv[0].clone()).args(argv[1..].iter().cloned());
    command.timeout_ms = LOCAL_LIMIT_MS;
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The folder of hsm's sockets, which nobody else may enter: made where it is missing, refused where it is not ours alone.
fn private_folder(runtime_dir: Option<&Path>) -> Result<PathBuf, Failure> {
    let fits = |folder: &PathBuf| folder.as_os_str().len() + "/0123456789abcdef.s".len() <= CONTROL_PATH_MAX;
    let uid = rustix::process::getuid().as_raw();
    let folder = runtime_dir
        .map(|folder| folder.join("hsm"))
        .filter(|folder| {
            folder.parent().is_some_and(Path::is_dir) && fits(folder) && folder.to_str().is_some()
        })
        .unwrap_or_else(|| PathBuf::from(format!("/tmp/hsm-{uid}")));
    let wrong = |why: String| {
        let message = format!("the folder `{}` of the connections cannot be used: {why}", folder.display());
        Failure::new(Blame::Config, "not-ours", message).with_hint("remove it; hsm makes it anew")
    };
    if let Err(error) = DirBuilder::new().mode(0o700).create(&folder)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(wrong(error.to_string()));
    }
    let facts = fs::symlink_metadata(&folder).map_err(|error| wrong(error.to_string()))?;
    if !facts.is_dir() {
        return Err(wrong("it is no folder".to_owned()));
    }
    if facts.uid() != uid || facts.mode() & 0o077 != 0 {
        return Err(wrong("others own it or may enter it".to_owned()));
    }
    Ok(folder)
}

/// The lock of `path`, once it can be had before `until`.
fn lock(path: &Path, until: Instant) -> Result<Option<File>, Failure> {
    let wrong = |error: std::io::Error| {
        Failure::new(Blame::Config, "no-lock", format!("could not lock `{}`: {error}", path.display()))
    };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(wrong)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) if Instant::now() >= until => return Ok(None),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            Err(fs::TryLockError::Error(error)) => return Err(wrong(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn the_folder_of_sockets_is_ours_alone() {
        let runtime = tempfile::tempdir().unwrap();
        let folder = private_folder(Some(runtime.path())).unwrap();
        assert_eq!(folder, runtime.path().join("hsm"));
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(private_folder(Some(runtime.path())).unwrap_err().code, "not-ours");
        fs::remove_dir(&folder).unwrap();
        symlink(runtime.path(), &folder).unwrap();
        assert_eq!(private_folder(Some(runtime.path())).unwrap_err().code, "not-ours");
    }

    #[test]
    fn a_long_runtime_folder_is_not_used() {
        let runtime = tempfile::tempdir().unwrap();
        let long = runtime.path().join("x".repeat(90));
        fs::create_dir(&long).unwrap();
        let folder = private_folder(Some(&long)).unwrap();
        assert!(folder.starts_with("/tmp"), "{}", folder.display());
    }

    #[test]
    fn a_lock_is_held_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path, Instant::now()).unwrap().unwrap();
        assert!(lock(&path, Instant::now()).unwrap().is_none());
        drop(held);
        assert!(lock(&path, Instant::now()).unwrap().is_some());
    }
}
