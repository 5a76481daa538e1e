//! hsm end to end: the built binary, real processes, real plugins. One module a theme; `tests/README.md` says what is shown where.

mod authoring;
mod bad_input;
mod bundles;
mod cancelling;
mod collecting;
mod commands;
mod compile_cache;
mod completing;
mod fake_pbs;
mod gpus;
mod grid_engine;
mod hostile;
mod installing;
mod interrupting;
mod journal;
mod killing;
mod labs;
mod local;
mod log;
mod pbs;
mod planning;
mod plugins;
mod reference;
mod refusals;
mod shown;
mod trust;
