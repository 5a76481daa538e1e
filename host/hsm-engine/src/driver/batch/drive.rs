//! Where the driver and its batch sources meet.

use super::Batch;
use crate::batch::BatchSource;
use crate::driver::Driver;
use crate::error::{Error, ErrorKind, Result};
use crate::job_manager::scheduler_of;
use crate::source::{ComputeSource, RunSettings, Strategy};
use hsm_core::campaign::{Action, Campaign, Event, Room};
use hsm_core::command::Launch;
use hsm_core::scheduler::Hold;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

impl Driver {
    /// Whether tasks are handed over from here on, to one scheduler or several.
    pub(in super::super) fn hands_over(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.source.batches().next().is_some())
    }

    /// Opens the sources that the newest settings name, unless they are open. One that has no part in them any more is kept for as long as it
    /// has submissions.
    pub(in super::super) fn open_sources(&mut self) -> Result<()> {
        let Some(settings) = self.settings.clone() else { return Ok(()) };
        let named: Vec<&BatchSource> = settings.source.batches().collect();
        let busy = self.busy_sources();
        self.batches.retain(|batch| {
            named.iter().any(|source| **source == batch.source)
                || (busy.contains(&batch.name) && !named.iter().any(|source| source.name() == batch.name))
        });
        for source in named {
            self.open_source(&settings.launch, source)?;
        }
        let is_named = |batch: &&mut Batch| settings.source.batches().any(|source| *source == batch.source);
        for batch in self.batches.iter_mut().filter(is_named) {
            batch.launch.clone_from(&settings.launch);
        }
        Ok(())
    }

    fn open_source(&mut self, launch: &Launch, source: &BatchSource) -> Result<()> {
        if self.batches.iter().any(|batch| batch.name == source.name()) {
            return Ok(());
        }
        let scheduler = scheduler_of(&source.scheduler, self.roles.as_deref())?;
        self.opened += 1;
        let batch = Batch::open(self, self.opened, launch, source, scheduler)?;
        self.batches.push(batch);
        Ok(())
    }

    /// The sources that have submissions, or what their tasks left. The empty name is that of the only one there was.
    fn busy_sources(&self) -> BTreeSet<String> {
        let sent = self.campaign.sent().map(|(_, sent)| sent.source.clone());
        let away = self.campaign.ledger().away().iter().map(|(source, _)| source.to_owned());
        sent.chain(away).collect()
    }

    /// Opens the sources of earlier launches that have submissions and no part in the newest launch.
    pub(in super::super) fn open_earlier_sources(&mut self, launches: &[Box<RawValue>]) -> Result<()> {
        for busy in self.busy_sources() {
            let is_open = |batch: &Batch| batch.name == busy || busy.is_empty();
            if self.batches.iter().any(is_open) {
                continue;
            }
            let parsed = launches.iter().rev().filter_map(|launch| serde_json::from_str(launch.get()).ok());
            let earlier = parsed.into_iter().find_map(|settings: RunSettings| {
                let its = |source: &&BatchSource| source.name() == busy || busy.is_empty();
                let source = settings.source.batches().find(its)?.clone();
                Some((settings.launch, source))
            });
            let Some((launch, source)) = earlier else {
                let message = format!("the journal has jobs of `{busy}`, and does not say what that is");
                return Err(Error::new(ErrorKind::Submission, message));
            };
            self.open_source(&launch, &source)?;
        }
        Ok(())
    }

    /// Room for submissions, at most one a source, in the order in which the sources are to be served.
    pub(in super::super) fn rooms(&mut self) -> Vec<Room> {
        let Some(settings) = self.settings.clone() else { return Vec::new() };
        let named = |batch: &&Batch| settings.source.batches().any(|source| *source == batch.source);
        let mut batches: Vec<&Batch> = self.batches.iter().filter(named).collect();
        if settings.source.local().is_some() || batches.iter().any(|batch| batch.is_of_use()) {
            batches.retain(|batch| !batch.is_aside());
        }
        match settings.source.strategy() {
            Strategy::RoundRobin => {
                let first = self.served % batches.len().max(1);
                batches.rotate_left(first);
            }
            Strategy::LeastLoaded => batches.sort_by_key(|batch| batch.load(&self.campaign)),
            Strategy::CapabilityBased => {
                batches.sort_by_key(|batch| std::cmp::Reverse(batch.source.capability()));
            }
        }
        let mut left = self.campaign.queued();
        // What every source could start at once comes before what any of them could keep for later.
        let mut startable: u64 = batches.iter().map(|batch| batch.startable(&self.campaign)).sum();
        let mut rooms = Vec::new();
        for batch in batches {
            let its = batch.startable(&self.campaign);
            startable -= its;
            let share =
                if batch.source.in_pool { left.saturating_sub(startable).max(its).min(left) } else { left };
            let Some(room) = batch.room(&self.campaign, share) else { continue };
            left = left.saturating_sub(room.tasks);
            rooms.push(room);
        }
        self.served = self.served.wrapping_add(usize::from(!rooms.is_empty()));
        rooms
    }

    /// Carries out what the campaign wants of a compute source.
    pub(in super::super) fn tell_sources(&mut self, action: &Action) {
        let campaign = &self.campaign;
        match action {
            Action::Submit { token } | Action::Recall { token } => {
                let Some(sent) = campaign.sent_as(token) else { return };
                let Some(batch) = self.batches.iter_mut().find(|batch| batch.has(sent)) else { return };
                match action {
                    Action::Submit { .. } => batch.submit(token, campaign),
                    _ => batch.recall(token, campaign),
                }
            }
            Action::Hold => self.batches.iter_mut().for_each(|batch| batch.hold(Hold::Hold, campaign)),
            Action::Release => self.batches.iter_mut().for_each(|batch| batch.hold(Hold::Release, campaign)),
            _ => {}
        }
    }

    /// What is due at the sources and in the folders of their jobs.
    pub(in super::super) fn look_at_sources(&mut self) -> Vec<Event> {
        if self.slots_are_named() || self.batches.iter().any(Batch::is_of_use) {
            let campaign = &self.campaign;
            self.batches.iter_mut().for_each(|batch| batch.give_back(campaign));
        }
        self.with_batches(Batch::look)
    }

    fn with_batches(&mut self, mut ask: impl FnMut(&mut Batch, &Campaign) -> Vec<Event>) -> Vec<Event> {
        let campaign = &self.campaign;
        self.batches.iter_mut().flat_map(|batch| ask(batch, campaign)).collect()
    }
}

impl ComputeSource {
    /// How several sources share tasks.
    fn strategy(&self) -> Strategy {
        match self {
            Self::Pool(pool) => pool.strategy,
            Self::Local(_) | Self::Batch(_) => Strategy::RoundRobin,
        }
    }
}
