//! Lines for whoever watches the plugin work. Natively, in tests, they go nowhere.

pub use crate::bindings::shared::hsm::plugin::log::Level;

/// Writes one line.
pub fn write(level: Level, message: &str) {
    // The import exists in components only.
    if cfg!(target_family = "wasm") {
        crate::bindings::shared::hsm::plugin::log::write(level, message);
    }
}

/// Something failed.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message.as_ref());
}

/// Something deserves a look.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message.as_ref());
}

/// Progress.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message.as_ref());
}

/// Details for the author of a configuration.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message.as_ref());
}
