//! Where the driver and its batch source meet.

use super::Batch;
use crate::driver::Driver;
use crate::error::{Error, ErrorKind, Result};
use crate::job_manager::scheduler_of;
use crate::source::{ComputeSource, RunSettings};
use hsm_core::campaign::{Action, Campaign, Event, Room};
use hsm_core::scheduler::Hold;
use serde_json::value::RawValue;
use std::sync::Arc;

impl Driver {
    /// Whether tasks are handed to a scheduler from here on.
    pub(in super::super) fn hands_to_scheduler(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| matches!(settings.source, ComputeSource::Batch(_)))
    }

    /// Opens the scheduler that the newest settings name, unless it is open.
    pub(in super::super) fn open_source(&mut self) -> Result<()> {
        let Some(settings) = self.settings.clone() else { return Ok(()) };
        let ComputeSource::Batch(source) = &settings.source else { return Ok(()) };
        if self.batch.as_ref().is_some_and(|batch| batch.source == **source) {
            return Ok(());
        }
        let scheduler = scheduler_of(&source.scheduler, self.roles.as_deref())?;
        self.batch = Some(Batch::open(self, source, scheduler)?);
        Ok(())
    }

    /// Opens the scheduler that has tasks of an earlier launch, where the newest launch names none.
    pub(in super::super) fn open_earlier_source(&mut self, launches: Vec<Box<RawValue>>) -> Result<()> {
        if self.batch.is_some() || self.campaign.sent().next().is_none() {
            return Ok(());
        }
        let parsed =
            launches.iter().rev().filter_map(|launch| serde_json::from_str::<RunSettings>(launch.get()).ok());
        let earlier = parsed.into_iter().find(|settings| matches!(settings.source, ComputeSource::Batch(_)));
        let Some(earlier) = earlier else {
            let message = "the journal has jobs of a scheduler, and does not say which";
            return Err(Error::new(ErrorKind::Submission, message));
        };
        let newest = self.settings.replace(Arc::new(earlier));
        let opened = self.open_source();
        self.settings = newest;
        opened
    }

    /// Room for a submission, where tasks are handed to a scheduler and it has some.
    pub(in super::super) fn room(&self) -> Option<Room> {
        if !self.hands_to_scheduler() {
            return None;
        }
        self.batch.as_ref()?.room(&self.campaign)
    }

    /// Carries out what the campaign wants of the scheduler.
    pub(in super::super) fn tell_scheduler(&mut self, action: &Action) -> Vec<Event> {
        self.with_batch(|batch, campaign| match action {
            Action::Submit { token } => {
                batch.submit(token, campaign);
                Vec::new()
            }
            Action::Recall { token } => batch.recall(token, campaign),
            Action::Hold => {
                batch.hold(Hold::Hold, campaign);
                Vec::new()
            }
            Action::Release => {
                batch.hold(Hold::Release, campaign);
                Vec::new()
            }
            _ => Vec::new(),
        })
    }

    /// What is due at the scheduler and in the folders of its jobs.
    pub(in super::super) fn look_at_batch(&mut self) -> Vec<Event> {
        self.with_batch(Batch::look)
    }

    pub(in super::super) fn with_batch(
        &mut self,
        ask: impl FnOnce(&mut Batch, &Campaign) -> Vec<Event>,
    ) -> Vec<Event> {
        self.batch.as_mut().map_or_else(Vec::new, |batch| ask(batch, &self.campaign))
    }
}
