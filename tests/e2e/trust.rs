//! What hsm trusts, with the built binary: the signatures that a site asks for, and the commands that a user grants. What it refuses is in
//! `refusals`.

use crate::refusals::{SCHEDULER, signed, site_policy};
use hsm_tests::World;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

/// What a site's policy asks for can be had: the same plugin with the site's signature.
#[test]
fn a_site_can_be_satisfied() {
    let world = World::new();
    let id = signed(&world, "lab");
    world.write_site("keys/lab.pub", &World::read(world.project("lab.pub")));
    world.write_site("keys/lab.toml", "roles = ['aggregator']\nnames = ['sam*']\n");
    site_policy(
        &world,
        &format!("[signatures]\nrequired = ['aggregator']\nkeys = ['{id}']\n[limits]\nmemory_mib = 300\n"),
    );
    let _ = world
        .hsm_at_site("", &["plugin", "add", "sample.tar"])
        .succeeds()
        .says(&["the site's: hsm plugin sample 0.1.0"]);
    let check = world.hsm_at_site("", &["plugin", "check", "sample.tar", "--json"]).succeeds().json();
    assert_eq!(check["signer"], id.as_str());
    // The site's key folder is nobody else's: without it, the signature cannot be verified, and is not ignored.
    let _ =
        world.hsm(&["plugin", "verify", "sample"]).ends_with(6).says(&["which is not among the known ones"]);

    // The user's own keys, where the policy lets them count.
    site_policy(&world, "[signatures]\nrequired = ['aggregator']\nuser-keys = true\n");
    fs::remove_dir_all(world.path("site/keys")).expect("the site's keys");
    world.trust_key("lab");
    let _ = world.hsm_at_site("", &["plugin", "verify", "sample"]).succeeds();
    // Neither a variable nor a flag takes the policy away.
    site_policy(&world, "[signatures]\nrequired = ['aggregator']\n");
    let world = world.with_variable("HSM_POLICY", "/dev/null").with_variable("HSM_SITE", "/nowhere");
    let _ = world
        .hsm_at_site("", &["plugin", "verify", "sample"])
        .ends_with(6)
        .says(&["it is signed with your own key"]);
}

/// What is granted holds for exactly the files that were looked at.
#[test]
fn commands_are_granted_by_the_user() {
    let world = World::new();
    world.pack_plugin("sample", "scheduler", "0.1.0", SCHEDULER);
    let partly = world.hsm(&["plugin", "add", "sample.tar", "--grant", "qstat"]).ends_with(4);
    let _ = partly.says(&["the plugin wants to have qsub run as you", "--grant qstat,qsub"]);
    let _ = world
        .hsm(&["plugin", "add", "sample.tar", "--grant", "qstat,qsub,rm"])
        .ends_with(2)
        .says(&["does not ask for the command `rm`"]);
    assert!(!world.project(".hsm/plugins").exists());
    let granted = world.hsm(&["plugin", "add", "sample.tar", "--grant", "qstat,qsub"]).succeeds();
    let _ = granted.says(&["whoever may submit jobs can run anything as you on the cluster"]);
    let grants = World::read(world.path("home/.hsm/grants.toml"));
    assert!(grants.contains("\"qstat\"") && grants.contains("\"qsub\""), "{grants}");
    let mode = |path: &str| fs::metadata(world.path(path)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode("home/.hsm/grants.toml"), mode("home/.hsm")), (0o600, 0o700));
    let _ = world.hsm(&["plugin", "verify", "sample"]).succeeds();
    // Used by its path, the same bundle is granted, too; another release of it is not.
    let _ = world.hsm(&["plugin", "verify", "./sample.tar"]).succeeds();
    world.pack_plugin("newer", "scheduler", "0.2.0", SCHEDULER);
    let _ = world
        .hsm(&["plugin", "verify", "./newer.tar"])
        .ends_with(6)
        .says(&["you have let version 0.1.0 have commands run, and not this one"]);
}

/// Runs hsm at a terminal, with this answer typed; gives its exit code, and what the terminal showed.
fn at_terminal(world: &World, answer: &str, arguments: &[&str]) -> (Option<i32>, String) {
    use std::io::Write as _;
    const TERMINAL: &str =
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let hsm = world.command(arguments);
    let mut command = world.program("python3");
    command.args(["-c", TERMINAL]).arg(hsm.get_program()).args(hsm.get_args());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("python3");
    child.stdin.take().expect("a pipe").write_all(answer.as_bytes()).expect("an answer");
    let output = child.wait_with_output().expect("its end");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// At a terminal the question is asked, and only yes means yes.
#[test]
fn consent_is_asked_for_at_a_terminal() {
    let world = World::new();
    world.pack_plugin("sample", "scheduler", "0.1.0", SCHEDULER);
    for answer in ["n\n", "\n", "what?\n"] {
        let (code, shown) = at_terminal(&world, answer, &["plugin", "add", "sample.tar"]);
        assert_eq!(code, Some(4), "{shown}");
        assert!(shown.contains("let it have qstat, qsub run as you? [y/N]"), "{shown}");
        assert!(!world.project(".hsm/plugins").exists(), "{shown}");
    }
    let (code, shown) = at_terminal(&world, "y\n", &["plugin", "add", "sample.tar"]);
    assert_eq!(code, Some(0), "{shown}");
    let _ = world.hsm(&["plugin", "verify", "sample"]).succeeds();
}
