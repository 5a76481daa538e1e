//! The one function that quotes for a shell.

/// `text` as one word of a POSIX shell, which stands for exactly these bytes.
///
/// ```
/// # use hsm_core::batch::quoted;
/// assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
