//! The points of a sweep, from its own lists or from a generator: how many there are, single ones for a look, all of them to submit.

use crate::args::GlobalArgs;
use crate::plugins;
use crate::report::{Exit, Problem};
use hsm_core::journal::PluginUse;
use hsm_core::plan::{PlannedTask, Planner, SearchPoints};
use hsm_core::roles::{Generator, GeneratorSpec, Loaded, Search};
use hsm_core::sweep::{Factor, FactorKind, Space, SweepFile};
use hsm_engine::Points;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Where the points of a sweep come from.
#[derive(Debug)]
pub struct PointSource {
    space: Space,
    generator: Option<(Loaded<dyn Generator>, GeneratorSpec)>,
    max_runs: Option<u64>,
}

impl PointSource {
    /// The points that `sweep` describes, at most `max_runs` of them. A `--plugin` makes them in place of the one that the file names.
    ///
    /// # Errors
    /// When the generator cannot be found, or the file has lists that no generator can use.
    pub fn open(
        sweep: &SweepFile,
        global: &GlobalArgs,
        project_root: &Path,
        max_runs: Option<u64>,
    ) -> Result<Self, Problem> {
        let space = sweep.space.clone();
        let block = sweep.generator.as_ref();
        // A path that was typed starts where it was typed, one in the file at the project.
        let typed = plugins::typed_generator(global, project_root)?;
        let (reference, base) = match (typed, block.and_then(|block| block.plugin.as_ref())) {
            (Some(typed), _) => (typed, PathBuf::from(".")),
            (None, Some(named)) => (named.as_str(), project_root.to_owned()),
            (None, None) if block.is_none() => return Ok(Self { space, generator: None, max_runs }),
            (None, None) => {
                return Err(Problem::new(
                    Exit::Configuration,
                    "the `generator` of the sweep file names no `plugin`",
                )
                .with_hint("add `plugin: PATH` to it, or say `--plugin PATH`"));
            }
        };
        if let Some(factor) = space.factors().iter().find(|factor| *factor.kind() != FactorKind::Grid) {
            let names = factor.names().join("`, `");
            return Err(Problem::new(
                Exit::Configuration,
                format!("a generator uses the lists of `grid` only, and `{names}` stand elsewhere"),
            )
            .with_hint("move them into `grid`, or run without `--plugin`"));
        }
        let loaded = plugins::roles(global, base, project_root)?.generator(reference, None).map_err(|failure| {
            let problem = Problem::from(failure);
            match typed {
                None => problem.with_hint(
                    "say where it is with `--plugin PATH`, or name one that `hsm plugin list` shows as the generator's `plugin`",
                ),
                Some(_) => problem,
            }
        })?;
        let spec = GeneratorSpec {
            config: block.map_or_else(|| "{}".to_owned(), |block| block.config.clone()),
            axes: space.axes(),
            seed: block.map_or(0, |block| block.seed),
        };
        Ok(Self { space, generator: Some((loaded, spec)), max_runs })
    }

    /// The lists of the sweep file.
    pub fn factors(&self) -> &[Factor] {
        self.space.factors()
    }

    /// The name of the generator that makes the points, where one does.
    pub fn generator_name(&self) -> Option<&str> {
        self.generator.as_ref().map(|(loaded, _)| loaded.name.as_str())
    }

    /// The plugins that take part, for the journal.
    pub fn plugins(&self) -> Vec<PluginUse> {
        let used = self.generator.iter().map(|(loaded, _)| PluginUse {
            name: loaded.name.clone(),
            role: "generator".to_owned(),
            digest: loaded.digest.clone(),
        });
        used.collect()
    }

    /// How many points there are. Those of the file's own lists are counted without making them.
    ///
    /// # Errors
    /// When the generator fails.
    pub fn count(&self) -> Result<u128, Problem> {
        let all = match &self.generator {
            None => self.space.count(),
            Some((loaded, spec)) => {
                let mut search = loaded.role.open(spec)?;
                match search.size()? {
                    Some(size) => u128::from(size),
                    None => SearchPoints::new(search).try_fold(0, |count, point| point.map(|_| count + 1))?,
                }
            }
        };
        Ok(self.max_runs.map_or(all, |max| all.min(u128::from(max))))
    }

    /// All points, to submit.
    ///
    /// # Errors
    /// When the generator fails.
    pub fn points(&self) -> Result<Points, Problem> {
        Ok(Points::from(self.search()?))
    }

    /// The first `count` tasks.
    ///
    /// # Errors
    /// When the generator fails.
    pub fn first(
        &self,
        count: u64,
    ) -> Result<impl Iterator<Item = Result<PlannedTask, Problem>> + use<>, Problem> {
        let count = self.max_runs.map_or(count, |max| count.min(max));
        let mut planner = Planner::new();
        let points = SearchPoints::new(self.search()?).take(usize::try_from(count).unwrap_or(usize::MAX));
        Ok(points.filter_map(move |point| {
            point.map(|point| planner.plan(point)).map_err(Problem::from).transpose()
        }))
    }

    /// One task, or nothing where there are not so many.
    ///
    /// # Errors
    /// When the generator fails.
    pub fn task(&self, task: u64) -> Result<Option<PlannedTask>, Problem> {
        if self.max_runs.is_some_and(|max| task > max) {
            return Ok(None);
        }
        if self.generator.is_none() && !repeats(self.space.factors()) {
            // No point comes twice, so its identity needs no look at those before it.
            let point = self.space.point(u128::from(task) - 1);
            return Ok(point.map(|point| PlannedTask { task, id: point.identity(0), point }));
        }
        self.first(task)?.last().transpose().map(|last| last.filter(|last| last.task == task))
    }

    fn search(&self) -> Result<Box<dyn Search>, Problem> {
        match &self.generator {
            None => Ok(Box::new(self.space.search())),
            Some((loaded, spec)) => Ok(loaded.role.open(spec)?),
        }
    }
}

/// Whether a list has an entry twice: only then can a point come twice, since no two lists share a parameter.
fn repeats(factors: &[Factor]) -> bool {
    factors.iter().any(|factor| {
        let mut seen = HashSet::new();
        let text = |row: &Vec<Option<_>>| -> Vec<Option<String>> {
            row.iter()
                .map(|value| value.as_ref().map(|value| hsm_core::render::plain(value).into_owned()))
                .collect()
        };
        !factor.rows().iter().all(|row| seen.insert(text(row)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str, max_runs: Option<u64>) -> PointSource {
        let sweep = SweepFile::parse(text, "s.yaml").unwrap().value;
        PointSource::open(&sweep, &GlobalArgs::default(), Path::new("."), max_runs).unwrap()
    }

    #[test]
    fn one_task_is_the_same_as_in_the_whole_plan() {
        for text in ["grid:\n  a: [1, 2, 3]\n  b: [x, y]\n", "grid:\n  a: [1, 1, 2]\n  b: [x, x]\n"] {
            let source = source(text, None);
            let all: Vec<PlannedTask> = source.first(u64::MAX).unwrap().map(Result::unwrap).collect();
            assert_eq!(all.len(), 6);
            for planned in &all {
                assert_eq!(source.task(planned.task).unwrap().as_ref(), Some(planned), "{text}");
            }
            assert_eq!(source.task(7).unwrap(), None);
        }
    }

    #[test]
    fn max_runs_counts_everywhere() {
        let source = source("grid:\n  a: [1, 2, 3]\n", Some(2));
        assert_eq!(source.count().unwrap(), 2);
        assert_eq!(source.first(10).unwrap().count(), 2);
        assert_eq!(source.task(3).unwrap(), None);
    }

    #[test]
    fn a_generator_without_a_plugin_says_what_to_do() {
        let sweep = SweepFile::parse("generator:\n  seed: 1\n", "s.yaml").unwrap().value;
        let problem = PointSource::open(&sweep, &GlobalArgs::default(), Path::new("."), None).unwrap_err();
        assert_eq!(problem.exit, Exit::Configuration);
    }
}
