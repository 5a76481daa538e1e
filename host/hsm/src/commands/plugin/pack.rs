//! `hsm plugin pack`: one file of a plugin's folder, the same bytes each time.

use super::support::{refused, title, write_whole};
use crate::args::{GlobalArgs, PackPluginArgs};
use crate::output::{Console, counted, escape};
use crate::plugins;
use crate::report::{Exit, Problem};
use hsm_plugin::bundle::{self, Origin};
use std::path::PathBuf;

/// Packs the folder.
///
/// # Errors
/// When it holds no plugin that could be read back, or the file cannot be written.
pub fn run(args: &PackPluginArgs, global: &GlobalArgs, console: Console) -> Result<Exit, Problem> {
    let bundle = bundle::read(&args.folder, &plugins::limits(global)?).map_err(refused)?;
    if bundle.origin == Origin::Component {
        let message =
            format!("`{}` is a component without a manifest", escape(&args.folder.to_string_lossy()));
        return Err(Problem::new(Exit::Configuration, message)
            .with_hint("name the folder that its `plugin.toml` is in; `hsm plugin new` begins one"));
    }
    let manifest = &bundle.manifest;
    let output = args
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}-{}.tar", manifest.name, manifest.version)));
    let packed = bundle::pack(&bundle).map_err(|error| Problem::file("write", &output, &error))?;
    write_whole(&output, &packed)?;
    let shown = escape(&output.to_string_lossy());
    let files = counted(bundle.files.len() as u128, "file", "files");
    console.say(&format!("packed {}, into `{shown}`: {files} and its manifest", title(&bundle)));
    console.say(&format!("digest {}", bundle.digest));
    if bundle.signature.is_none() {
        console
            .hint(&format!("sign it with `hsm plugin sign {shown}`, use it with `hsm plugin add {shown}`"));
    }
    Ok(Exit::Success)
}
