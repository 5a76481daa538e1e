//! Metrics that a program only prints: named patterns, sought in its standard output.

use super::{Metric, Metrics};
use regex::{Regex, RegexBuilder};

/// The compiled `metrics:` of a sweep file. The last match of a pattern counts; its value is the group called `value`, or else the
/// first group, or else all of the match. `^` and `$` stand for the beginning and the end of a line.
#[derive(Clone, Debug, Default)]
pub struct Patterns(Vec<(String, Regex)>);

/// A pattern that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern of metric `{name}` is not a regular expression: {reason}")]
pub struct PatternError {
    /// The metric's name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Patterns {
    /// Compiles pairs of a metric's name and its regular expression.
    ///
    /// # Errors
    /// [`PatternError`] for the first that is not a regular expression.
    pub fn new<'a>(patterns: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, PatternError> {
        let compile = |(name, pattern): (&str, &str)| match RegexBuilder::new(pattern)
            .multi_line(true)
            .crlf(true)
            .build()
        {
            Ok(regex) => Ok((name.to_owned(), regex)),
            Err(error) => Err(PatternError { name: name.to_owned(), reason: last_line(&error.to_string()) }),
        };
        patterns.into_iter().map(compile).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is nothing to look for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The metrics' names, in the order of the sweep file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// What the patterns find in a text; those that match nothing are not in the answer.
    #[must_use]
    pub fn search(&self, text: &str) -> Metrics {
        let mut metrics = Metrics::default();
        for (name, regex) in &self.0 {
            let Some(captures) = regex.captures_iter(text).last() else { continue };
            let value = captures.name("value").or_else(|| captures.get(1)).or_else(|| captures.get(0));
            if let Some(value) = value {
                metrics.insert(name.clone(), Metric::of_text(value.as_str()));
            }
        }
        metrics
    }
}

/// The regex crate draws the place over several lines and says the reason in the last one.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: Option<Metric>) {
        let patterns = Patterns::new([("loss", pattern)]).unwrap();
        assert_eq!(patterns.search(text).get("loss"), expected.as_ref(), "{pattern}");
    }

    #[test]
    fn the_last_match_counts() {
        check(r"loss: ([\d.]+)", "loss: 0.5\nloss: 0.25\nend", Some(Metric::Number(0.25)));
        check(
            r"^final (?:a|b) (?<unit>\w+) (?<value>\S+)$",
            "x\r\nfinal a ms 12\r\n",
            Some(Metric::Integer(12)),
        );
        check("done|failed", "failed\ndone\n", Some(Metric::Text("done".to_owned())));
        check("loss: (.*)", "nothing", None);
    }

    #[test]
    fn a_bad_pattern_is_named() {
        let error = Patterns::new([("a", "x"), ("loss", "(")]).unwrap_err();
        insta::assert_snapshot!(error, @"the pattern of metric `loss` is not a regular expression: unclosed group");
    }
}
