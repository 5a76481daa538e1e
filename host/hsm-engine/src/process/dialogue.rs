//! Programs that are talked to: started once, written to and listened to for as long as they live. Nobody here knows what is said.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How much of what such a program complains about is kept.
const COMPLAINT_BYTES: usize = 16 << 10;
/// How long a program that has closed its output may take to end.
const LEAVING: Duration = Duration::from_secs(1);
/// How often a program without a pipe to listen to is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A program that is being talked to. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Dialogue {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: Option<ChildStderr>,
    complaint: Vec<u8>,
}

/// Why there is no more to hear.
#[derive(Debug)]
pub(crate) enum Silence {
    /// The time was up.
    TimedOut,
    /// The program has closed its output, or nothing can be written to it any more.
    Ended,
    /// The system refused.
    System(io::Error),
}

impl Dialogue {
    /// Starts `argv` in a process group of its own, so that an interrupt typed at a terminal is not meant for it.
    pub(crate) fn start(argv: &[String]) -> io::Result<Self> {
        let mut command = command(argv)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the program has no pipes"));
        };
        let stderr = child.stderr.take();
        let dialogue = Self { child, stdin, stdout, stderr, complaint: Vec::new() };
        do_not_wait(&dialogue.stdin)?;
        do_not_wait(&dialogue.stdout)?;
        if let Some(stderr) = &dialogue.stderr {
            do_not_wait(stderr)?;
        }
        Ok(dialogue)
    }

    /// Whether the program is there to be spoken to. What it said unasked is dropped.
    pub(crate) fn is_listening(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.stdout.read(&mut buffer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }

    /// Writes `text`, and listens meanwhile and afterwards until `heard` says that it has heard enough. The text is written to its end even
    /// where enough was heard before.
    pub(crate) fn talk(
        &mut self,
        mut text: &[u8],
        until: Instant,
        mut heard: impl FnMut(&[u8]) -> bool,
    ) -> Result<(), Silence> {
        let mut enough = false;
        let mut buffer = vec![0; 64 << 10];
        while !enough || !text.is_empty() {
            let ready = self.wait(!text.is_empty(), until)?;
            if ready.input && !text.is_empty() {
                match self.stdin.write(text) {
                    Ok(written) => text = &text[written..],
                    Err(error) if passes(&error) => {}
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Silence::Ended),
                    Err(error) => return Err(Silence::System(error)),
                }
            }
            if ready.complaint {
                self.listen_to_complaint();
            }
            if ready.output {
                match self.stdout.read(&mut buffer) {
                    Ok(0) => return Err(Silence::Ended),
                    Ok(read) => enough = heard(&buffer[..read]),
                    Err(error) if passes(&error) => {}
                    Err(error) => return Err(Silence::System(error)),
                }
            }
        }
        Ok(())
    }

    fn wait(&self, writing: bool, until: Instant) -> Result<Ready, Silence> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Silence::TimedOut);
        }
        let limit = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut watched = vec![PollFd::new(&self.stdout, PollFlags::IN)];
        if let Some(stderr) = &self.stderr {
            watched.push(PollFd::new(stderr, PollFlags::IN));
        }
        if writing {
            watched.push(PollFd::new(&self.stdin, PollFlags::OUT));
        }
        match poll(&mut watched, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(Silence::System(errno.into())),
        }
        let happened: Vec<bool> = watched.iter().map(|one| !one.revents().is_empty()).collect();
        let has_stderr = self.stderr.is_some();
        Ok(Ready {
            output: happened[0],
            complaint: has_stderr && happened[1],
            input: writing && happened.last().copied().unwrap_or(false),
        })
    }

    fn listen_to_complaint(&mut self) {
        let mut buffer = [0; 4096];
        while let Some(stderr) = &mut self.stderr {
            match stderr.read(&mut buffer) {
                Ok(0) => self.stderr = None,
                Ok(read) => {
                    let room = COMPLAINT_BYTES.saturating_sub(self.complaint.len());
                    self.complaint.extend_from_slice(&buffer[..read.min(room)]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What cannot be read now is read later, or never.
                Err(_) => return,
            }
        }
    }

    /// Ends the program, and says what it complained about.
    pub(crate) fn end(mut self) -> String {
        let until = Instant::now() + LEAVING;
        while Instant::now() < until && !matches!(self.child.try_wait(), Ok(Some(_))) && !self.is_listening()
        {
            std::thread::sleep(LOOK);
        }
        self.listen_to_complaint();
        String::from_utf8_lossy(&self.complaint).trim().to_owned()
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        // One that has ended already is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Ready {
    output: bool,
    complaint: bool,
    input: bool,
}

fn passes(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn do_not_wait(file: impl AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(&file)?;
    Ok(fcntl_setfl(&file, flags | OFlags::NONBLOCK)?)
}

#[expect(clippy::disallowed_methods, reason = "this is part of the one module that starts processes")]
fn command(argv: &[String]) -> io::Result<Command> {
    let (program, arguments) =
        argv.split_first().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the command is empty"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

/// Runs a program that goes into the background when it is ready, and waits until it has: how it ended, nothing where its time was up, and
/// what it complained about. `at_terminal` leaves it the terminal, to ask its user there.
pub(crate) fn send_to_background(
    argv: &[String],
    limit: Duration,
    at_terminal: bool,
) -> io::Result<(Option<ExitStatus>, String)> {
    let mut command = command(argv)?;
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // What stays in the background may keep its standard error: a file has an end, a pipe would have none.
    let complaint = if at_terminal { None } else { Some(tempfile::tempfile()?) };
    if let Some(file) = &complaint {
        command.stderr(file.try_clone()?).process_group(0);
    }
    let until = Instant::now() + limit;
    let mut child = command.spawn()?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() >= until {
            let _ = child.kill();
            child.wait()?;
            break None;
        }
        std::thread::sleep(LOOK);
    };
    Ok((status, complaint.map(text_of).transpose()?.unwrap_or_default()))
}

fn text_of(mut file: File) -> io::Result<String> {
    let mut text = Vec::new();
    file.rewind()?;
    file.take(COMPLAINT_BYTES as u64).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}

/// Connects a program's standard streams with `input` and `output`: writes `first` to it, drops what it says up to and including `marker`,
/// and then hands bytes both ways without looking at them. The program's exit code.
pub(crate) fn connect(
    argv: &[String],
    first: &[u8],
    marker: &[u8],
    mut input: File,
    mut output: File,
) -> io::Result<i32> {
    let mut command = command(argv)?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("the program has no pipes"));
    };
    stdin.write_all(first)?;
    // It ends with the process: whoever is at the other end of `input` may have nothing more to say for a long time.
    std::thread::Builder::new().spawn(move || hand_on(&mut input, &mut stdin))?;
    let mut noise = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(at) = memchr::memmem::find(&noise, marker) {
            output.write_all(&noise[at + marker.len()..])?;
            hand_on(&mut stdout, &mut output)?;
            break;
        }
        let kept = noise.len().saturating_sub(marker.len());
        noise.drain(..kept);
        match stdout.read(&mut buffer)? {
            0 => break,
            read => noise.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(child.wait()?.code().unwrap_or(1))
}

/// Hands bytes on as they come. `io::copy` would have the kernel do it, which keeps a pipe locked against its reader while it waits for more.
fn hand_on(from: &mut impl io::Read, to: &mut impl io::Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => to.write_all(&buffer[..read])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
