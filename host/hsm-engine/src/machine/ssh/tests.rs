//! The link against a program that stands for `ssh`: it runs the far side here, with a home of its own. What ssh itself does is shown
//! against real servers, in the end-to-end tests.

mod asking;
mod sweeping;
mod world;
