use super::*;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn site(root: &Path) -> Site {
    Site { root: root.to_owned(), owner: me() }
}

const POLICY: &str = r#"
format = 1
[signatures]
required = ["aggregator", "scheduler"]
keys = ["E7620F1842B4E81F"]
user-keys = true
[limits]
memory_mib = 512
[capabilities]
read-results = false
[commands]
allowed = ["qsub", "qstat"]
[scheduler]
poll_interval_s = 30
"#;

#[test]
fn everything_a_policy_says_is_read() {
    let root = tempfile::tempdir().unwrap();
    assert_eq!(Policy::read(&site(root.path())).unwrap(), Policy::default());
    assert_eq!(Policy::read(&site(&root.path().join("gone"))).unwrap(), Policy::default());
    fs::write(root.path().join("policy.toml"), POLICY).unwrap();
    let policy = Policy::read(&site(root.path())).unwrap();
    assert_eq!(policy.required, [Role::Aggregator, Role::Scheduler].into());
    assert_eq!(policy.keys, Some(["E7620F1842B4E81F".parse().unwrap()].into()));
    assert!(policy.user_keys && !policy.read_results);
    assert_eq!(policy.ceilings, [(Limit::MemoryMib, 512)].into());
    assert_eq!(policy.commands, Some(["qsub".to_owned(), "qstat".to_owned()].into()));
    assert_eq!(policy.poll_interval_s, Some(30));
}

#[test]
fn a_short_policy_allows_the_rest() {
    let policy = Policy::parse(b"format = 1\n", "policy.toml").unwrap();
    assert_eq!(Policy { path: None, ..policy }, Policy::default());
}

/// A policy that is not the owner's word, or makes no sense, is an error and no absence of a policy.
#[test]
fn a_policy_that_cannot_be_believed_is_an_error() {
    let chmod = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let write = |root: &Path, text: &str| fs::write(root.join("policy.toml"), text).unwrap();
    type Spoil<'a> = &'a dyn Fn(&Path);
    let cases: [(&str, Spoil<'_>); 15] = [
        ("for a group to write", &|root| chmod(&root.join("policy.toml"), 0o664)),
        ("for all to write", &|root| chmod(&root.join("policy.toml"), 0o646)),
        ("in a folder for a group to write", &|root| chmod(root, 0o775)),
        ("in a folder for all to write", &|root| chmod(root, 0o1777)),
        ("a link", &|root| {
            fs::rename(root.join("policy.toml"), root.join("x")).unwrap();
            symlink("x", root.join("policy.toml")).unwrap();
        }),
        ("a folder", &|root| {
            fs::remove_file(root.join("policy.toml")).unwrap();
            fs::create_dir(root.join("policy.toml")).unwrap();
        }),
        ("no TOML", &|root| write(root, "format = 1\n[signatures\n")),
        ("no format", &|root| write(root, "[signatures]\n")),
        ("a newer format", &|root| write(root, "format = 2\n")),
        ("an unknown key", &|root| write(root, "format = 1\n[signatures]\nrequire = ['scheduler']\n")),
        ("an unknown role", &|root| write(root, "format = 1\n[signatures]\nrequired = ['schedular']\n")),
        ("no id of a key", &|root| write(root, "format = 1\n[signatures]\nkeys = ['lab']\n")),
        ("an unknown limit", &|root| write(root, "format = 1\n[limits]\nmemory = 1\n")),
        ("no limit at all", &|root| write(root, "format = 1\n[limits]\nmemory_mib = 0\n")),
        ("an unknown capability", &|root| write(root, "format = 1\n[capabilities]\nnetwork = false\n")),
    ];
    let mut said = String::new();
    for (what, spoil) in cases {
        let world = tempfile::tempdir().unwrap();
        let root = world.path().join("site");
        fs::create_dir(&root).unwrap();
        fs::write(root.join("policy.toml"), POLICY).unwrap();
        spoil(&root);
        let error = Policy::read(&site(&root)).expect_err(what);
        let text = format!("{what}: {error} [{}] {}", error.code(), error.hint());
        let _ = writeln!(said, "{}", text.replace(&*world.path().to_string_lossy(), "WORLD"));
    }
    insta::assert_snapshot!(said, @"
    for a group to write: `WORLD/site/policy.toml` may be written by others (mode 664) [trust-unsafe] look at what is in `WORLD/site/policy.toml`; if it is right: `chmod go-w WORLD/site/policy.toml`
    for all to write: `WORLD/site/policy.toml` may be written by others (mode 646) [trust-unsafe] look at what is in `WORLD/site/policy.toml`; if it is right: `chmod go-w WORLD/site/policy.toml`
    in a folder for a group to write: `WORLD/site` may be written by others (mode 775) [trust-unsafe] look at what is in `WORLD/site`; if it is right: `chmod go-w WORLD/site`
    in a folder for all to write: `WORLD/site` may be written by others (mode 1777) [trust-unsafe] look at what is in `WORLD/site`; if it is right: `chmod go-w WORLD/site`
    a link: `WORLD/site/policy.toml` is a symbolic link, and it has to be a plain file [trust-unsafe] move `WORLD/site/policy.toml` away, and put the real one there
    a folder: `WORLD/site/policy.toml` is a folder, and it has to be a plain file [trust-unsafe] move `WORLD/site/policy.toml` away, and put the real one there
    no TOML: WORLD/site/policy.toml:2:12: unclosed table, expected `]` [trust-invalid] correct the file
    no format: WORLD/site/policy.toml:1:1: the key `format` is missing [trust-invalid] correct the file
    a newer format: WORLD/site/policy.toml:1:10: this is format 2, and this hsm reads format 1 [trust-invalid] use a newer hsm
    an unknown key: WORLD/site/policy.toml:3:1: there is no key `require` here [trust-invalid] did you mean `required`?
    an unknown role: WORLD/site/policy.toml:3:13: `schedular` is none of `generator`, `aggregator`, `scheduler` [trust-invalid] did you mean `scheduler`?
    no id of a key: WORLD/site/policy.toml:3:8: the id of a key is 16 hexadecimal digits, such as `E7620F1842B4E81F` [trust-invalid] correct the file
    an unknown limit: WORLD/site/policy.toml:3:1: there is no limit `memory` (did you mean `memory_mib`?): there are memory_mib, call_time_s, total_time_s, component_mib, call_data_mib, table_cells, points, artifacts, artifacts_mib, log_lines, compile_time_s, compile_memory_mib [trust-invalid] correct the file
    no limit at all: WORLD/site/policy.toml:3:14: `0` is no value for `memory_mib`: it takes a whole number from 1 to 4294967296 [trust-invalid] correct the file
    an unknown capability: WORLD/site/policy.toml:3:1: there is no key `network` here [trust-invalid] there is only `read-results`
    ");
}

#[test]
fn a_policy_of_somebody_else_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("policy.toml"), POLICY).unwrap();
    let error = Policy::read(&Site { owner: me() + 1, ..site(root.path()) }).unwrap_err();
    assert!(matches!(error, TrustError::Owner { .. }), "{error}");
}
