use super::*;
use std::fmt::Write as _;
use std::fs;

fn entry(name: &str, signer: Option<&str>) -> LockEntry {
    LockEntry {
        name: name.parse().unwrap(),
        version: Version::new(1, 2, 3),
        role: Role::Scheduler,
        digest: Digest::of(name.as_bytes()),
        signer: signer.map(|signer| signer.parse().unwrap()),
    }
}

#[test]
fn a_lock_is_what_was_written() {
    let project = tempfile::tempdir().unwrap();
    assert_eq!(Lock::read(project.path()).unwrap(), Lock::default());
    let mut lock = Lock::default();
    lock.set(entry("pbs", Some("E7620F1842B4E81F")));
    lock.set(entry("lsf", None));
    lock.write(project.path()).unwrap();
    assert_eq!(Lock::read(project.path()).unwrap(), lock);
    insta::assert_snapshot!(World::text(project.path()), @r#"
    # Which plugins this project uses: written by `hsm plugin add` and `hsm plugin remove`, and not to be edited.
    # Keep it under version control. It says what a plugin has to be; it allows nothing.
    format = 1

    [[plugin]]
    name = "lsf"
    version = "1.2.3"
    role = "scheduler"
    digest = "08af8acd5b6d479ebbf12aa8f0393e05f22595bd243637181416caf62e0872c0"

    [[plugin]]
    name = "pbs"
    version = "1.2.3"
    role = "scheduler"
    digest = "2b9bbcb8686af76fbb1094211741aa7b981cb5189b2c9558d84d60ef0cbbdd1a"
    signer = "E7620F1842B4E81F"
    "#);
    let name = "pbs".parse().unwrap();
    assert!(lock.remove(&name) && !lock.remove(&name));
    lock.write(project.path()).unwrap();
    let names: Vec<String> =
        Lock::read(project.path()).unwrap().entries().map(|entry| entry.name.to_string()).collect();
    assert_eq!(names, ["lsf"]);
}

struct World;

impl World {
    fn text(project: &Path) -> String {
        fs::read_to_string(project.join(".hsm/plugins.lock")).unwrap()
    }
}

/// What somebody may have done to a lock by hand, with what is said about it.
#[test]
fn a_lock_that_makes_no_sense_says_where() {
    let digest = Digest::of(b"x").to_string();
    let good = format!(
        "format = 1\n[[plugin]]\nname = 'a'\nversion = '1.0.0'\nrole = 'generator'\ndigest = '{digest}'\n"
    );
    let cases = [
        String::new(),
        "format = 9\n".to_owned(),
        "<<<<<<< HEAD\n".to_owned(),
        good.replace("1.0.0", "latest"),
        good.replace("generator", "any"),
        good.replace("name = 'a'", "name = '../a'"),
        good.replace("name = 'a'\n", ""),
        good.replace(&digest, "e3b0"),
        format!("{good}signer = 'me'\n"),
        format!("{good}trusted = true\n"),
        format!("{good}{}", good.replace("format = 1\n", "")),
    ];
    let said = cases.iter().fold(String::new(), |mut said, text| {
        let error = Lock::parse(text.as_bytes(), "plugins.lock").expect_err(text);
        let _ = writeln!(said, "{error} | {}", error.hint.as_deref().unwrap_or_default());
        said
    });
    insta::assert_snapshot!(said, @"
    plugins.lock:1:1: the key `format` is missing | bring back the lock as it was, or remove the entry and add the plugin again
    plugins.lock:1:10: this is format 9, and this hsm reads format 1 | use a newer hsm
    plugins.lock:1:9: key with no value, expected `=` | bring back the lock as it was, or remove the entry and add the plugin again
    plugins.lock:4:11: this is no semantic version | bring back the lock as it was, or remove the entry and add the plugin again
    plugins.lock:5:8: `any` is none of `generator`, `aggregator`, `scheduler` | there are `generator`, `aggregator`, `scheduler`
    plugins.lock:3:8: `../a` is no name for a plugin | bring back the lock as it was, or remove the entry and add the plugin again
    plugins.lock:2:1: the key `name` is missing | bring back the lock as it was, or remove the entry and add the plugin again
    plugins.lock:6:10: a SHA-256 digest is 64 hexadecimal digits in lower case | bring back the lock as it was, or remove the entry and add the plugin again
    plugins.lock:7:10: the id of a key is 16 hexadecimal digits, such as `E7620F1842B4E81F` | bring back the lock as it was, or remove the entry and add the plugin again
    plugins.lock:7:1: there is no key `trusted` here | there are `name`, `version`, `role`, `digest`, `signer`
    plugins.lock:8:8: the plugin `a` is locked twice | bring back the lock as it was, or remove the entry and add the plugin again
    ");
}
