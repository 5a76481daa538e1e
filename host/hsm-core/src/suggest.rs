//! "Did you mean": the known word that an unknown one most resembles.

/// How alike two words must be to be worth mentioning, from 0 (nothing in common) to 1 (equal). Below this, suggestions were noise
/// for words of three to twenty letters; one slip in a word of four letters is still above it.
const LIKENESS: f64 = 0.74;

/// The word among `known` that `unknown` most resembles, if any does; upper and lower case, `-` and `_` count as alike.
#[must_use]
pub fn closest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(unknown);
    known
        .into_iter()
        .map(|word| (likeness(&folded, &fold(word)), word))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, word)| word)
}

/// A hint that names the closest word (``did you mean `grid`?``), where there is one.
#[must_use]
pub fn did_you_mean<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(unknown, known).map(|word| format!("did you mean `{word}`?"))
}

fn likeness(left: &str, right: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(left, right).max(strsim::jaro_winkler(left, right) - 0.12)
}

fn fold(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known =
            ["grid", "paired", "combinations", "exclude", "include", "script", "metadata", "walltime"];
        for (unknown, expected) in [
            ("gird", Some("grid")),
            ("pair", Some("paired")),
            ("grids", Some("grid")),
            ("combination", Some("combinations")),
            ("exlude", Some("exclude")),
            ("Script", Some("script")),
            ("meta-data", Some("metadata")),
            ("wall_time", Some("walltime")),
            ("parameters", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest(unknown, known), expected, "{unknown}");
        }
    }
}
