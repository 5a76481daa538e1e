//! What `hsm` prints: data to standard output, everything else to standard error, foreign text without control characters.
//! Nothing here asks a sweep anything; it is handed what to show.

mod console;
mod progress;
mod table;
mod text;

pub use console::{ClosedPipe, Console, Field};
pub use progress::Progress;
pub use table::{Align, TextTable};
pub use text::{age, counted, duration, escape, escape_lines, rfc3339, shell_line};
