//! What a plugin's users may write as its configuration. The manifest says it, so that a slip is found before anything runs.

use hsm_core::suggest;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The settings that a manifest describes, by their names.
pub type ConfigSchema = BTreeMap<String, Setting>;

/// One setting of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// What its value is.
    #[serde(rename = "type")]
    pub kind: SettingKind,
    /// Whether it has to be given.
    #[serde(default)]
    pub required: bool,
    /// What it is for, in one line.
    #[serde(default)]
    pub summary: String,
}

/// What the value of a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingKind {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number; whole ones are numbers too.
    Number,
    /// Text.
    Text,
    /// A list of anything.
    List,
    /// Names with values.
    Map,
}

impl SettingKind {
    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::List => value.is_array(),
            Self::Map => value.is_object(),
        }
    }
}

impl fmt::Display for SettingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "text",
            Self::List => "a list",
            Self::Map => "a map",
        })
    }
}

/// Why a configuration is not the one that a manifest describes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The configuration is no map of names to values.
    #[error("the configuration is {found}, and it has to be a map")]
    NotAMap {
        /// What it is.
        found: &'static str,
    },
    /// There is no such setting.
    #[error("the plugin has no setting `{key}`")]
    Unknown {
        /// What was written.
        key: String,
        /// What to do about it.
        hint: String,
    },
    /// A setting that has to be given is not.
    #[error("the setting `{key}` is missing")]
    Missing {
        /// The setting.
        key: String,
        /// What it takes.
        kind: SettingKind,
        /// What it is for.
        summary: String,
    },
    /// A value of another kind.
    #[error("the setting `{key}` takes {kind}, and `{found}` is {found_kind}")]
    Kind {
        /// The setting.
        key: String,
        /// What it takes.
        kind: SettingKind,
        /// The beginning of what was written, as JSON.
        found: String,
        /// What that is.
        found_kind: &'static str,
    },
}

impl ConfigError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotAMap { .. } => "write a name and a value for each setting".to_owned(),
            Self::Unknown { hint, .. } => hint.clone(),
            Self::Missing { key, kind, summary } if summary.is_empty() => format!("give it: `{key}`, {kind}"),
            Self::Missing { key, kind, summary } => format!("give it: `{key}`, {kind}: {summary}"),
            Self::Kind { key, kind, .. } => format!("write {kind} for `{key}`"),
        }
    }
}

/// Holds a configuration against the settings that a manifest describes.
///
/// # Errors
/// The first thing that does not fit.
pub(super) fn check(schema: &ConfigSchema, config: &Value) -> Result<(), ConfigError> {
    let Some(config) = config.as_object() else {
        // No configuration at all is an empty one.
        if config.is_null() {
            return check(schema, &Value::Object(serde_json::Map::new()));
        }
        return Err(ConfigError::NotAMap { found: kind_of(config) });
    };
    for (key, value) in config {
        let Some(setting) = schema.get(key) else { return Err(unknown(schema, key)) };
        if !setting.kind.holds(value) {
            return Err(ConfigError::Kind {
                key: key.clone(),
                kind: setting.kind,
                found: crate::plain::plain_line(&value.to_string(), 60),
                found_kind: kind_of(value),
            });
        }
    }
    match schema.iter().find(|(key, setting)| setting.required && !config.contains_key(*key)) {
        None => Ok(()),
        Some((key, setting)) => Err(ConfigError::Missing {
            key: key.clone(),
            kind: setting.kind,
            summary: setting.summary.clone(),
        }),
    }
}

fn unknown(schema: &ConfigSchema, key: &str) -> ConfigError {
    let known = || schema.keys().map(String::as_str);
    let listed = || known().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let hint = match suggest::did_you_mean(key, known()) {
        Some(hint) => hint,
        None if schema.is_empty() => "it takes no settings".to_owned(),
        None => format!("its settings are {}", listed()),
    };
    ConfigError::Unknown { key: crate::plain::plain_line(key, 60), hint }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> ConfigSchema {
        let setting = |kind, required, summary: &str| Setting { kind, required, summary: summary.to_owned() };
        [
            ("metrics", setting(SettingKind::List, true, "The two metrics to compare.")),
            ("k", setting(SettingKind::Integer, false, "")),
            ("share", setting(SettingKind::Number, false, "")),
            ("title", setting(SettingKind::Text, false, "")),
            ("draw", setting(SettingKind::Boolean, false, "")),
            ("colours", setting(SettingKind::Map, false, "")),
        ]
        .map(|(name, setting)| (name.to_owned(), setting))
        .into()
    }

    #[test]
    fn what_fits_is_let_through() {
        let good = [
            json!({"metrics": ["a", "b"]}),
            json!({"metrics": [], "k": 3, "share": 1, "title": "", "draw": false, "colours": {}}),
            json!({"metrics": [], "share": 0.5, "k": 18_446_744_073_709_551_615_u64}),
        ];
        for config in good {
            assert_eq!(check(&schema(), &config), Ok(()), "{config}");
        }
        assert_eq!(check(&ConfigSchema::new(), &Value::Null), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let bad = [
            json!([]),
            json!({"metrics": [], "metric": 1}),
            json!({"metrics": [], "zebra": 1}),
            json!({"k": 3}),
            json!({"metrics": "a"}),
            json!({"metrics": [], "k": 3.0}),
            json!({"metrics": [], "draw": "yes"}),
            json!({"metrics": [], "title": null}),
            Value::Null,
        ];
        let said: String = bad
            .iter()
            .map(|config| check(&schema(), config).unwrap_err())
            .map(|error| format!("{error} | {}\n", error.hint()))
            .collect();
        insta::assert_snapshot!(said, @r#"
        the configuration is a list, and it has to be a map | write a name and a value for each setting
        the plugin has no setting `metric` | did you mean `metrics`?
        the plugin has no setting `zebra` | its settings are `colours`, `draw`, `k`, `metrics`, `share`, `title`
        the setting `metrics` is missing | give it: `metrics`, a list: The two metrics to compare.
        the setting `metrics` takes a list, and `"a"` is text | write a list for `metrics`
        the setting `k` takes an integer, and `3.0` is a number | write an integer for `k`
        the setting `draw` takes a boolean, and `"yes"` is text | write a boolean for `draw`
        the setting `title` takes text, and `null` is nothing | write text for `title`
        the setting `metrics` is missing | give it: `metrics`, a list: The two metrics to compare.
        "#);
        let error = check(&ConfigSchema::new(), &json!({"a": 1})).unwrap_err();
        assert_eq!(error.hint(), "it takes no settings");
    }
}
