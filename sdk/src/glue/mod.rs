//! Between the traits of this crate and the exports of a component. Only the export macros name it.

mod scheduler;

pub use scheduler::SchedulerOf;

use crate::bindings::aggregator::exports::hsm::plugin::aggregator;
use crate::bindings::generator::exports::hsm::plugin::generator;
use crate::{Aggregate, Artifact, Blame, Failure, Generate, Results, Table};
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::marker::PhantomData;

/// The component of a generator.
#[derive(Debug)]
pub struct GeneratorOf<P>(PhantomData<P>);

/// The component of an aggregator.
#[derive(Debug)]
pub struct AggregatorOf<P>(PhantomData<P>);

/// A search under way; components have no threads, so no two calls overlap.
#[derive(Debug)]
pub struct Search<P>(RefCell<P>);

/// An aggregation under way, until it is finished.
#[derive(Debug)]
pub struct Aggregation<P>(RefCell<Option<P>>);

impl<P: Generate + 'static> generator::Guest for GeneratorOf<P> {
    type Search = Search<P>;
}

impl<P: Generate + 'static> generator::GuestSearch for Search<P> {
    fn open(spec: generator::Spec) -> Result<generator::Search, Failure> {
        let config = parse::<P::Config>(&spec.config, "the generator's configuration", Blame::Config)?;
        let search = P::open(config, spec.axes, spec.seed)?;
        Ok(generator::Search::new(Self(RefCell::new(search))))
    }

    fn size(&self) -> Option<u64> {
        self.0.borrow().size()
    }

    fn next(&self, max_rows: u32) -> Result<Table, Failure> {
        self.0.borrow_mut().next(max_rows)
    }
}

impl<P: Aggregate + 'static> aggregator::Guest for AggregatorOf<P> {
    type Aggregation = Aggregation<P>;
}

impl<P: Aggregate + 'static> aggregator::GuestAggregation for Aggregation<P> {
    fn open(config: String, sweep_json: String) -> Result<aggregator::Aggregation, Failure> {
        let config = parse::<P::Config>(&config, "the aggregator's configuration", Blame::Config)?;
        let sweep = parse(&sweep_json, "the description of the sweep", Blame::Internal)?;
        let aggregation = P::open(config, sweep)?;
        Ok(aggregator::Aggregation::new(Self(RefCell::new(Some(aggregation)))))
    }

    fn add(&self, results: Results) -> Result<(), Failure> {
        self.0.borrow_mut().as_mut().ok_or_else(finished)?.add(results)
    }

    fn finish(&self) -> Result<Vec<Artifact>, Failure> {
        self.0.borrow_mut().take().ok_or_else(finished)?.finish()
    }
}

/// Reads JSON that the host handed in.
///
/// # Errors
/// A failure that names `what` and carries the reader's own words.
pub fn parse<T: DeserializeOwned>(json: &str, what: &str, blame: Blame) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|error| {
        let text = error.to_string();
        // Users wrote YAML or flags, so a position in the JSON made from it says nothing to them.
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words);
        Failure::new(blame, "bad-config", format!("{what} cannot be read: {text}"))
    })
}

fn finished() -> Failure {
    Failure::new(Blame::Internal, "bad-call", "the aggregation has been finished already")
}
