//! A generator of Latin hypercube samples.
//!
//! Of `samples` points, every axis gets one in each of `samples` equally likely strata, in an order of its own. So even a few
//! points cover every axis evenly, where a grid would repeat itself and independent draws would leave gaps.
//!
//! ```yaml
//! generator:
//!   plugin: latin-hypercube
//!   seed: 7
//!   config:
//!     samples: 64
//!     axes:
//!       lr: {log_uniform: [1.0e-5, 1.0e-1]}
//!       dropout: {uniform: [0, 0.5]}
//!       layers: {integer: [1, 8]}
//!       activation: {choice: [relu, tanh]}
//! ```
//! The lists of the sweep file's `grid` are axes too, each a choice among its values.

mod axis;
mod config;
mod strata;

use axis::Axis;
use config::Config;
use hsm_sdk::{Column, Failure, Generate, Table};

/// A sample being drawn.
#[derive(Debug)]
pub struct LatinHypercube {
    axes: Vec<Axis>,
    samples: u64,
    drawn: u64,
}

impl Generate for LatinHypercube {
    type Config = Config;

    fn open(config: Config, axes: Vec<Column>, seed: u64) -> Result<Self, Failure> {
        let samples = config.samples()?;
        Ok(Self { axes: config.axes(axes, samples, seed)?, samples, drawn: 0 })
    }

    fn size(&self) -> Option<u64> {
        Some(self.samples)
    }

    fn next(&mut self, max_rows: u32) -> Result<Table, Failure> {
        let start = self.drawn;
        self.drawn = self.samples.min(start + u64::from(max_rows));
        Ok(Table::new(self.axes.iter().map(|axis| axis.column(start..self.drawn))))
    }
}

hsm_sdk::generator!(LatinHypercube);

#[cfg(test)]
mod tests;
