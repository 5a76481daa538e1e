//! `hsm plugin check`: everything that can be known of a plugin without running it, with a verdict on each thing.

use super::support::{refused, title, trust};
use super::wishes;
use crate::args::{CheckPluginArgs, GlobalArgs};
use crate::output::{Align, Console, TextTable};
use crate::plugins;
use crate::report::{Exit, Problem};
use hsm_core::roles::{Blame, Failure};
use hsm_plugin::bundle::{self, Bundle, Origin};
use hsm_plugin::trust::{self, Trust, Trusted};
use hsm_plugin::{ImportVerdict, Limit, Limits, Survey};
use serde_json::{Value, json};

/// Checks the plugin.
///
/// # Errors
/// When it could not be used here: the last thing that is said is why.
pub fn run(args: &CheckPluginArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let (trust, flags) = (trust()?, plugins::limits(global)?);
    let component = bundle::read_component(&args.path, &flags).map_err(refused)?;
    let survey = hsm_plugin::survey(&component).map_err(|error| {
        refused(Failure::new(Blame::Config, error.code(), error.to_string()).with_hint(error.hint()))
    })?;
    // A component that is no plugin still has imports that its author wants to see.
    let bundle = match bundle::read(&args.path, &flags) {
        Ok(bundle) => bundle,
        Err(error) => {
            if !args.json {
                console.data(&imports(&survey))?;
            }
            return Err(refused(error));
        }
    };
    let verdict = trust::admit_new(&bundle, &trust.policy, &trust.keys, None);
    let limits = trust
        .limits(&bundle, &flags)
        .map_err(|error| Problem::new(Exit::Configuration, error.to_string()))?;
    if args.json {
        let refusal = verdict.as_ref().err().map(
            |refusal| json!({"code": refusal.code(), "message": refusal.to_string(), "hint": refusal.hint()}),
        );
        let found = as_json(&bundle, &survey, &limits, verdict.as_ref().ok(), refusal);
        console.data(&format!("{found}\n"))?;
    } else {
        console.data(&text(&bundle, &survey, &limits, &trust, verdict.as_ref().ok()))?;
    }
    verdict.map_err(refused)?;
    console.say("it may be used here");
    Ok(Exit::Success)
}

fn text(
    bundle: &Bundle,
    survey: &Survey,
    limits: &Limits,
    trust: &Trust,
    trusted: Option<&Trusted>,
) -> String {
    let manifest = &bundle.manifest;
    let what = match bundle.origin {
        Origin::Packed => "a packed bundle",
        Origin::Source => "a source folder",
        Origin::Component => "a component alone",
    };
    let signature = match (trusted, &bundle.signature) {
        (Some(trusted), _) => wishes::signature(trusted),
        (None, Some(_)) => "there is one".to_owned(),
        (None, None) => "none".to_owned(),
    };
    let mut lines = vec![title(bundle), manifest.summary.clone(), String::new()];
    let rows = [
        ("what", what.to_owned()),
        ("interface", format!("hsm:plugin {}", exported(survey))),
        ("license", manifest.license.clone()),
        ("digest", bundle.digest.to_string()),
        ("signature", signature),
        ("policy", trust.policy.path.clone().unwrap_or_else(|| "this site has none".to_owned())),
    ];
    lines.extend(rows.map(|(name, value)| format!("{name:<11}{value}")));
    lines.push(String::new());
    lines.extend(wishes::sentences(manifest));
    format!("{}\n\n{}\n{}", lines.join("\n"), imports(survey), limits_table(bundle, limits, trust))
}

fn exported(survey: &Survey) -> String {
    let versions = survey.exports.iter().map(|(role, version)| format!("{role} {version}"));
    versions.collect::<Vec<_>>().join(", ")
}

fn imports(survey: &Survey) -> String {
    let mut table = TextTable::new(&[("import", Align::Left), ("verdict", Align::Left)]);
    for import in &survey.imports {
        table.row(&[import.name.as_str(), verdict_words(import.verdict)]);
    }
    table.render()
}

fn verdict_words(verdict: ImportVerdict) -> &'static str {
    match verdict {
        ImportVerdict::Given => "given: hsm's own interface",
        ImportVerdict::Empty => "linked, and grants nothing",
        ImportVerdict::OtherVersion => "refused: another version of hsm's interface",
        ImportVerdict::Refused => "refused: no plugin is given it",
    }
}

fn limits_table(bundle: &Bundle, limits: &Limits, trust: &Trust) -> String {
    let columns = [
        ("limit", Align::Left),
        ("default", Align::Right),
        ("asked for", Align::Right),
        ("site", Align::Right),
        ("here", Align::Right),
    ];
    let mut table = TextTable::new(&columns);
    let shown = |value: Option<&u64>| value.map(u64::to_string).unwrap_or_default();
    for limit in Limit::ALL {
        let (asked, ceiling) = (bundle.manifest.limits.get(&limit), trust.policy.ceilings.get(&limit));
        table.row(&[
            limit.name().to_owned(),
            limit.default_value().to_string(),
            shown(asked),
            shown(ceiling),
            limits.value(limit).to_string(),
        ]);
    }
    table.render()
}

fn as_json(
    bundle: &Bundle,
    survey: &Survey,
    limits: &Limits,
    trusted: Option<&Trusted>,
    refusal: Option<Value>,
) -> Value {
    let manifest = &bundle.manifest;
    let signer = trusted.and_then(|trusted| trusted.signer.as_ref());
    let imports = survey.imports.iter().map(|import| {
        json!({"name": import.name, "good": import.verdict.is_good(), "verdict": verdict_words(import.verdict)})
    });
    let limits = Limit::ALL.map(|limit| (limit.name().to_owned(), Value::from(limits.value(limit))));
    json!({
        "format": 1,
        "name": manifest.name.as_str(),
        "version": manifest.version.to_string(),
        "role": manifest.role.as_str(),
        "wit": manifest.wit,
        "summary": manifest.summary,
        "license": manifest.license,
        "packed": bundle.origin == Origin::Packed,
        "digest": bundle.digest.to_string(),
        "signed": bundle.signature.is_some(),
        "signer": signer.map(|signer| signer.id.to_string()),
        "capabilities": {
            "read_results": manifest.capabilities.read_results,
            "commands": manifest.capabilities.commands,
        },
        "imports": imports.collect::<Vec<_>>(),
        "limits": serde_json::Map::from_iter(limits),
        "refusal": refusal,
    })
}
