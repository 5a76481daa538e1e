//! Seeing to it that a sweep has a driver: a thread of this process, or a process of its own.

use crate::driver::{DriveOptions, drive};
use crate::error::{Error, ErrorKind, Result};
use crate::lease::{self, Driver};
use crate::machine::ssh::LinkOptions;
use crate::process;
use crate::sweep_dir::SweepDir;
use hsm_core::roles::Roles;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

/// Where drivers run.
#[derive(Default)]
pub(super) struct Drivers {
    /// The plugins, for drivers that are threads; a process finds its own.
    pub(super) roles: Option<Arc<dyn Roles>>,
    /// How drivers that are threads reach other machines.
    pub(super) links: LinkOptions,
    /// The program that drives in the background; without one, threads do.
    background: Option<PathBuf>,
    threads: Mutex<HashMap<PathBuf, JoinHandle<Result<()>>>>,
}

impl Drivers {
    pub(super) fn run_in_background(&mut self, program: PathBuf) {
        self.background = Some(program);
    }

    /// Starts a driver unless one lives. The caller has posted its request already: a driver that is just ending finds it before it goes.
    pub(super) fn ensure(&self, dir: &SweepDir, take_over: bool) -> Result<()> {
        match lease::driver(&dir.lease())? {
            Driver::Here(_) => return Ok(()),
            Driver::Elsewhere(_) if !take_over => return Ok(()),
            Driver::Elsewhere(_) | Driver::None => {}
        }
        let started = match &self.background {
            Some(program) => Self::start_process(program, dir, take_over),
            None => self.start_thread(dir, take_over),
        };
        // Somebody else may have started one in the same moment; any driver will do.
        started.or_else(|error| match lease::driver(&dir.lease()) {
            Ok(Driver::Here(_)) => Ok(()),
            _ => Err(error),
        })
    }

    fn start_process(program: &std::path::Path, dir: &SweepDir, take_over: bool) -> Result<()> {
        let mut arguments: Vec<OsString> = vec!["drive".into()];
        arguments.extend(take_over.then(|| OsString::from("--take-over")));
        arguments.push(dir.root().into());
        process::start_driver(program, &arguments, &dir.driver_log()).map_err(|error| {
            Error::new(ErrorKind::Submission, "could not start the sweep's driver")
                .because(error)
                .with_hint(format!("nothing was lost; `{}` may say more", dir.driver_log().display()))
        })
    }

    fn start_thread(&self, dir: &SweepDir, take_over: bool) -> Result<()> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = threads.remove(dir.root()) {
            // It has given its lease back or is about to; what it has to say is asked for by `wait`.
            let _ = before.join();
        }
        let (ready, started) = mpsc::channel();
        let failed = ready.clone();
        let (its, roles, links) = (dir.clone(), self.roles.clone(), self.links.clone());
        let body = move || {
            let options = DriveOptions { take_over, background: false, roles, links };
            let ended = drive(&its, &options, move || {
                // The starter may have gone away; the driver does not need it.
                let _ = ready.send(None);
            });
            if let Err(error) = &ended {
                let _ = failed.send(Some(error.to_string()));
            }
            ended
        };
        let thread = std::thread::Builder::new().name("hsm driver".to_owned()).spawn(body).map_err(|e| {
            Error::new(ErrorKind::Submission, "could not start the sweep's driver").because(e)
        })?;
        match started.recv() {
            Ok(None) => {
                threads.insert(dir.root().to_owned(), thread);
                Ok(())
            }
            _ => match thread.join() {
                Ok(ended) => ended,
                Err(_) => Err(Error::new(ErrorKind::Submission, "the sweep's driver has crashed")),
            },
        }
    }

    /// Waits for the driver thread of this process, if there is one.
    pub(super) fn join(&self, dir: &SweepDir) -> Result<()> {
        let thread = self.threads.lock().unwrap_or_else(PoisonError::into_inner).remove(dir.root());
        match thread.map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(Error::new(ErrorKind::Submission, "the sweep's driver has crashed")),
        }
    }
}
