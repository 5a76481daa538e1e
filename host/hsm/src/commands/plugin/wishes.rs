//! What a plugin may do, in sentences: the same ones wherever somebody has to decide about it.

use hsm_plugin::Role;
use hsm_plugin::bundle::Manifest;
use hsm_plugin::trust::{Signer, Trusted};

/// What a plugin with this manifest may do, once it is allowed to.
pub fn sentences(manifest: &Manifest) -> Vec<String> {
    let wishes = &manifest.capabilities;
    let mut sentences = Vec::new();
    if wishes.read_results {
        sentences.push("it may read the folders of the tasks whose results it is given".to_owned());
    }
    if !wishes.commands.is_empty() {
        let commands: Vec<String> = wishes.commands.iter().map(|command| format!("`{command}`")).collect();
        sentences.push(format!("it may have {} run as you", commands.join(", ")));
        sentences.push(
            "whoever may submit jobs can run anything as you on the cluster: the one who signed it is whom you trust".to_owned(),
        );
    }
    if sentences.is_empty() {
        let what = match manifest.role {
            Role::Generator => "it gets settings and returns points",
            Role::Aggregator => "it gets results and returns files",
            Role::Scheduler => "it gets questions about jobs and returns answers",
        };
        sentences.push(format!("{what}; it has no files, no network, no clock and no programs"));
    }
    sentences
}

/// Whose signature a plugin has, in one line.
pub fn signature(trusted: &Trusted) -> String {
    match &trusted.signer {
        None => "none, and nothing asks for one".to_owned(),
        Some(signer) => signed_by(signer),
    }
}

/// `of the key E7620F1842B4E81F (/etc/hsm/keys/lab.pub), the site's: hsm plugin …`
fn signed_by(signer: &Signer) -> String {
    let whose = if signer.of_site { "the site's" } else { "yours" };
    format!("of the key {} (`{}`), {whose}: {}", signer.id, signer.key, signer.comment)
}
