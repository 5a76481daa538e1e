//! What hsm refuses to use or to add, with the built binary: every refusal with its message and its way forward, at sites with a policy and
//! without one.
//!
//! [`REFUSALS`] is the list; `host/hsm-plugin/README.md` shows it, and a test compares the two.

use hsm_tests::{Run, World, hollow_component};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Something that is refused.
struct Refused {
    /// What is wrong.
    what: &'static str,
    /// What the message says of it.
    says: &'static str,
    /// What the hint says.
    hint: &'static str,
    /// The exit code.
    code: i32,
    /// Makes it happen.
    happens: fn(&World) -> Run,
}

/// What a scheduler plugin asks for.
pub(crate) const SCHEDULER: &str = "[capabilities]\ncommands = ['qstat', 'qsub']\n";

/// Every refusal.
const REFUSALS: &[Refused] = &[
    Refused {
        what: "unsigned, where the site requires a signature",
        says: "this site requires plugins of the role aggregator to be signed, and it is not",
        hint: "ask whoever made it for a signed bundle",
        code: 6,
        happens: |world| at_site(world, "[signatures]\nrequired = ['aggregator']\n", None),
    },
    Refused {
        what: "signed with a key that nobody vouches for",
        says: "which is not among the known ones",
        hint: "put their public key into `~/.hsm/keys/NAME.pub`",
        code: 6,
        happens: |world| {
            let _ = signed(world, "stranger");
            add(world)
        },
    },
    Refused {
        what: "signed with a key of the user's, where the site requires one of its own",
        says: "it is signed with your own key",
        hint: "ask an administrator of this site to sign it",
        code: 6,
        happens: |world| {
            let _ = signed(world, "own");
            world.trust_key("own");
            site_policy(world, "[signatures]\nrequired = ['aggregator']\n");
            world.hsm_at_site("", &["plugin", "add", "sample.tar"])
        },
    },
    Refused {
        what: "signed with a key of the site's that its policy does not name",
        says: "which is not among those that this site's policy names",
        hint: "or to allow the key in the policy",
        code: 6,
        happens: |world| {
            at_site(
                world,
                "[signatures]\nrequired = ['aggregator']\nkeys = ['E7620F1842B4E81F']\n",
                Some("lab"),
            )
        },
    },
    Refused {
        what: "signed with a key that is not for this role",
        says: "which is not for plugins of the role aggregator",
        hint: "limits what the key is good for",
        code: 6,
        happens: |world| limited_key(world, "roles = ['generator']\n"),
    },
    Refused {
        what: "signed with a key that is not for this name",
        says: "which is not for plugins of this name",
        hint: "limits what the key is good for",
        code: 6,
        happens: |world| limited_key(world, "names = ['lab-*']\n"),
    },
    Refused {
        what: "changed after it was signed",
        says: "its signature is not one that the key",
        hint: "do not use it: its `plugin.toml` was changed after it was signed",
        code: 6,
        happens: |world| {
            trusted(world);
            unpacked(world);
            let manifest = World::read(world.project("packed/plugin.toml"));
            world.write("packed/plugin.toml", manifest.replace("A sample.", "Another one."));
            world.hsm(&["plugin", "add", "packed"])
        },
    },
    Refused {
        what: "a signature that is none",
        says: "its signature is not in minisign's format",
        hint: "sign it again with `hsm plugin sign`",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "aggregator", "0.1.0", "");
            unpacked(world);
            world.write("packed/plugin.toml.minisig", "trust me\n");
            world.hsm(&["plugin", "add", "packed"])
        },
    },
    Refused {
        what: "a signature of minisign's legacy kind",
        says: "its signature is of minisign's legacy kind, which is not accepted",
        hint: "sign it again",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "aggregator", "0.1.0", "");
            unpacked(world);
            stock(world, &["-G", "-W", "-p", "stock.pub", "-s", "stock.key"]);
            stock(world, &["-S", "-l", "-s", "stock.key", "-m", "packed/plugin.toml"]);
            world.trust_key("stock");
            world.hsm(&["plugin", "add", "packed"])
        },
    },
    Refused {
        what: "a capability that the site gives no plugin",
        says: "it asks for `read-results`, which this site gives no plugin",
        hint: "ask an administrator of this site to allow it in the policy",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "aggregator", "0.1.0", "[capabilities]\nread-results = true\n");
            site_policy(world, "[capabilities]\nread-results = false\n");
            world.hsm_at_site("", &["plugin", "add", "sample.tar"])
        },
    },
    Refused {
        what: "a command that the site allows no plugin, granted or not",
        says: "it wants to have `qsub` run, which this site allows no plugin",
        hint: "ask an administrator of this site to allow it in the policy",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "scheduler", "0.1.0", SCHEDULER);
            site_policy(world, "[commands]\nallowed = ['qstat']\n");
            world.hsm_at_site("", &["plugin", "add", "sample.tar", "--grant", "qsub,qstat"])
        },
    },
    Refused {
        what: "a limit above the site's ceiling",
        says: "it asks for `memory_mib = 512`, and this site gives at most 300",
        hint: "raise `memory_mib` in the policy",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "aggregator", "0.1.0", "[limits]\nmemory_mib = 512\n");
            site_policy(world, "[limits]\nmemory_mib = 300\n");
            world.hsm_at_site("", &["plugin", "add", "sample.tar"])
        },
    },
    Refused {
        what: "a flag above the site's ceiling",
        says: "`--plugin-limit memory_mib=4096` is more than this site allows, which is 300",
        hint: "ask for less",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "aggregator", "0.1.0", "");
            site_policy(world, "[limits]\nmemory_mib = 300\n");
            world.hsm_at_site("", &["--plugin-limit", "memory_mib=4096", "plugin", "verify", "./sample.tar"])
        },
    },
    Refused {
        what: "other files under the same version",
        says: "its files are not those that the project locked under this version",
        hint: "ask its author for a new version number",
        code: 6,
        happens: |world| {
            added(world);
            world.write_plugin("sample", "aggregator", "0.1.0", "");
            world.write("sample/README.md", "# Changed\n");
            world.hsm(&["plugin", "add", "sample"])
        },
    },
    Refused {
        what: "an installed file that was changed",
        says: "`README.md` is not the file that its manifest lists",
        hint: "get the plugin again",
        code: 6,
        happens: |world| {
            added(world);
            world.write(".hsm/plugins/sample/README.md", "# Changed\n");
            world.hsm(&["plugin", "verify", "sample"])
        },
    },
    Refused {
        what: "an installed plugin of another version than the locked one",
        says: "the project's lock pins version 0.1.0",
        hint: "bring back the lock as it was",
        code: 6,
        happens: |world| {
            added(world);
            let lock = World::read(world.project(".hsm/plugins.lock"));
            world.pack_plugin("newer", "aggregator", "0.2.0", "");
            let _ = world.hsm(&["plugin", "add", "newer.tar"]).succeeds();
            world.write(".hsm/plugins.lock", lock);
            world.hsm(&["plugin", "verify", "sample"])
        },
    },
    Refused {
        what: "a new release with another signer",
        says: ", and the project locked it as signed by the key ",
        hint: "find out why",
        code: 6,
        happens: |world| {
            trusted(world);
            let _ = add(world).succeeds();
            world.pack_plugin("newer", "aggregator", "0.2.0", "");
            let _ = world.make_key("other");
            world.trust_key("other");
            world.sign_plugin("newer", "other");
            world.hsm(&["plugin", "add", "newer.tar"])
        },
    },
    Refused {
        what: "a new release without the signature that the old one had",
        says: "it is signed by nobody, and the project locked it as signed by the key ",
        hint: "find out why",
        code: 6,
        happens: |world| {
            trusted(world);
            let _ = add(world).succeeds();
            world.pack_plugin("newer", "aggregator", "0.2.0", "");
            world.hsm(&["plugin", "add", "newer.tar"])
        },
    },
    Refused {
        what: "a lock that contradicts itself",
        says: "its entry in the project's lock was edited: the `role` there is not that of the plugin",
        hint: "bring back the lock as it was",
        code: 6,
        happens: |world| {
            added(world);
            let lock = World::read(world.project(".hsm/plugins.lock"));
            world.write(".hsm/plugins.lock", lock.replace("aggregator", "generator"));
            world.hsm(&["plugin", "verify", "sample"])
        },
    },
    Refused {
        what: "a lock that makes no sense",
        says: "plugins.lock:5:9: ",
        hint: "bring back the lock as it was",
        code: 6,
        happens: |world| {
            added(world);
            let lock = World::read(world.project(".hsm/plugins.lock"));
            world.write(".hsm/plugins.lock", lock.replace("[[plugin]]", "<<<<<<< HEAD"));
            world.hsm(&["plugin", "list"])
        },
    },
    Refused {
        what: "commands that nobody granted, off a terminal",
        says: "the plugin wants to have qstat, qsub run as you, which was not granted",
        hint: "`hsm plugin add sample.tar --grant qstat,qsub`",
        code: 4,
        happens: |world| {
            world.pack_plugin("sample", "scheduler", "0.1.0", SCHEDULER);
            add(world)
        },
    },
    Refused {
        what: "commands that a cloned project brings along",
        says: "it wants to have `qstat`, `qsub` run as you, which you have not granted",
        hint: "--grant qstat,qsub`",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "scheduler", "0.1.0", SCHEDULER);
            let _ = world.hsm(&["plugin", "add", "sample.tar", "--grant", "qstat,qsub"]).succeeds();
            fs::remove_file(world.path("home/.hsm/grants.toml")).expect("the grants");
            world.hsm(&["plugin", "verify", "sample"])
        },
    },
    Refused {
        what: "a command that the granted release did not have",
        says: "it also wants to have `qdel` run as you, which version 0.1.0 did not",
        hint: "--grant qdel,qstat,qsub`",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "scheduler", "0.1.0", SCHEDULER);
            let _ = world.hsm(&["plugin", "add", "sample.tar", "--grant", "qstat,qsub"]).succeeds();
            let more = "[capabilities]\ncommands = ['qdel', 'qstat', 'qsub']\n";
            world.pack_plugin("newer", "scheduler", "0.2.0", more);
            world.hsm(&["plugin", "verify", "./newer.tar"])
        },
    },
    Refused {
        what: "a component of another role than its manifest says",
        says: "its `plugin.toml` says that it is an aggregator, and its component is a generator",
        hint: "correct `role` in its `plugin.toml`",
        code: 6,
        happens: |world| {
            world.write_plugin("sample", "aggregator", "0.1.0", "");
            world.write("sample/plugin.wasm", hollow_component("generator", &[]));
            world.hsm(&["plugin", "add", "sample"])
        },
    },
    Refused {
        what: "a policy that others may write",
        says: "`/etc/hsm/policy.toml` may be written by others (mode 666)",
        hint: "`chmod go-w /etc/hsm/policy.toml`",
        code: 6,
        happens: |world| spoiled_site(world, "chmod 666 /etc/hsm/policy.toml"),
    },
    Refused {
        what: "a policy in a folder that others may write",
        says: "`/etc/hsm` may be written by others (mode 777)",
        hint: "`chmod go-w /etc/hsm`",
        code: 6,
        happens: |world| spoiled_site(world, "chmod 777 /etc/hsm"),
    },
    Refused {
        what: "a policy of somebody else",
        says: "`/etc/hsm/policy.toml` belongs to user 1234, and it has to belong to user 0",
        hint: "`chown 0 /etc/hsm/policy.toml`",
        code: 6,
        happens: |world| spoiled_site(world, "chown 1234 /etc/hsm/policy.toml"),
    },
    Refused {
        what: "a policy that is a link",
        says: "`/etc/hsm/policy.toml` is a symbolic link, and it has to be a plain file",
        hint: "put the real one there",
        code: 6,
        happens: |world| {
            spoiled_site(world, "cd /etc/hsm && mv policy.toml x && ln -s x policy.toml && cd - >/dev/null")
        },
    },
    Refused {
        what: "a policy that does not parse",
        says: "/etc/hsm/policy.toml:2:12: ",
        hint: "correct the file",
        code: 6,
        happens: |world| spoiled_site(world, "printf 'format = 1\\n[signatures\\n' >/etc/hsm/policy.toml"),
    },
    Refused {
        what: "a policy with a key that there is none of",
        says: "/etc/hsm/policy.toml:3:1: there is no key `require` here",
        hint: "did you mean `required`?",
        code: 6,
        happens: |world| {
            spoiled_site(world, "printf 'format = 1\\n[signatures]\\nrequire = []\\n' >/etc/hsm/policy.toml")
        },
    },
    Refused {
        what: "a key of the site's that others may write",
        says: "`/etc/hsm/keys/lab.pub` may be written by others",
        hint: "`chmod go-w /etc/hsm/keys/lab.pub`",
        code: 6,
        happens: |world| spoiled_site(world, "chmod 666 /etc/hsm/keys/lab.pub"),
    },
    Refused {
        what: "restrictions of a key that is not there",
        says: "`/etc/hsm/keys/lba.toml` restricts a key, and there is no `/etc/hsm/keys/lba.pub` beside it",
        hint: "rename `/etc/hsm/keys/lba.toml` after its key",
        code: 6,
        happens: |world| spoiled_site(world, "echo 'roles = []' >/etc/hsm/keys/lba.toml"),
    },
    Refused {
        what: "keys of the user's that others may write",
        says: "/home/.hsm/keys` may be written by others (mode 777)",
        hint: "chmod go-w ",
        code: 6,
        happens: |world| {
            trusted(world);
            open_to_all(world, "home/.hsm/keys", 0o777);
            add(world)
        },
    },
    Refused {
        what: "grants that others may write",
        says: "/home/.hsm/grants.toml` may be written by others (mode 666)",
        hint: "chmod go-w ",
        code: 6,
        happens: |world| {
            world.pack_plugin("sample", "scheduler", "0.1.0", SCHEDULER);
            let _ = world.hsm(&["plugin", "add", "sample.tar", "--yes"]).succeeds();
            open_to_all(world, "home/.hsm/grants.toml", 0o666);
            world.hsm(&["plugin", "verify"])
        },
    },
];

/// Adds `sample.tar`.
fn add(world: &World) -> Run {
    world.hsm(&["plugin", "add", "sample.tar"])
}

/// An aggregator that was added, unsigned.
fn added(world: &World) {
    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    let _ = add(world).succeeds();
}

/// `sample.tar` with the signature of a new key, whose id this gives.
pub(crate) fn signed(world: &World, key: &str) -> String {
    let id = world.make_key(key);
    world.pack_plugin("sample", "aggregator", "0.1.0", "");
    world.sign_plugin("sample", key);
    id
}

/// `sample.tar` with a signature that counts.
fn trusted(world: &World) {
    let _ = signed(world, "lab");
    world.trust_key("lab");
}

/// `sample.tar` as the folder `packed`.
fn unpacked(world: &World) {
    fs::create_dir(world.project("packed")).expect("a folder");
    let unpack = world.program("tar").args(["-xf", "sample.tar", "-C", "packed"]).status().expect("tar");
    assert!(unpack.success());
}

fn stock(world: &World, arguments: &[&str]) {
    let output = world.program(World::minisign()).args(arguments).output().expect("minisign");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Adding what is signed with a key that has this beside it.
fn limited_key(world: &World, restrictions: &str) -> Run {
    trusted(world);
    fs::write(world.path("home/.hsm/keys/lab.toml"), restrictions).expect("restrictions");
    add(world)
}

/// Writes the policy of a site.
pub(crate) fn site_policy(world: &World, text: &str) {
    world.write_site("policy.toml", &format!("format = 1\n{text}"));
}

/// Adding a plugin at a site with this policy; signed, where a key is named, with one that is in the site's folder.
fn at_site(world: &World, policy: &str, key: Option<&str>) -> Run {
    site_policy(world, policy);
    match key {
        None => world.pack_plugin("sample", "aggregator", "0.1.0", ""),
        Some(key) => {
            let _ = signed(world, key);
            world.write_site(&format!("keys/{key}.pub"), &World::read(world.project(&format!("{key}.pub"))));
        }
    }
    world.hsm_at_site("", &["plugin", "add", "sample.tar"])
}

/// Adding a plugin that would do, at a site whose files were spoiled.
fn spoiled_site(world: &World, spoil: &str) -> Run {
    let _ = signed(world, "lab");
    site_policy(world, "[signatures]\nrequired = ['aggregator']\n");
    world.write_site("keys/lab.pub", &World::read(world.project("lab.pub")));
    world.hsm_at_site(spoil, &["plugin", "add", "sample.tar"])
}

fn open_to_all(world: &World, name: &str, mode: u32) {
    fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
}

#[test]
fn everything_that_is_refused_says_why_and_what_to_do() {
    for refused in REFUSALS {
        let world = World::new();
        let run = (refused.happens)(&world);
        assert_eq!(run.code(), Some(refused.code), "{}\n{run}", refused.what);
        let hint = run.stderr.lines().rfind(|line| line.starts_with("hint: ")).unwrap_or_default();
        assert!(hint.contains(refused.hint), "{}: the hint lacks `{}`\n{run}", refused.what, refused.hint);
        let _ = run.says(&["error: ", refused.says]);
    }
}

/// The same list, where people read it.
#[test]
fn the_readme_lists_every_refusal() {
    let readme = World::read(World::checkout("host/hsm-plugin/README.md"));
    let (_, rest) = readme.split_once("<!-- refusals: begin -->\n").expect("the list begins");
    let (listed, _) = rest.split_once("<!-- refusals: end -->").expect("the list ends");
    let mut expected = String::from("| what is refused | because | way forward |\n|---|---|---|\n");
    for Refused { what, says, hint, .. } in REFUSALS {
        expected.push_str(&format!("| {what} | … {} … | … {} … |\n", says.trim(), hint.trim()));
    }
    assert_eq!(listed.trim(), expected.trim(), "the list in the README should be:\n{expected}");
}
