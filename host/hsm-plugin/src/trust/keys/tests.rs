use super::super::samples;
use super::*;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A site and a user, with a key each.
fn world() -> (TempDir, Site) {
    let world = tempfile::tempdir().unwrap();
    for folder in ["site/keys", "user/keys"] {
        fs::create_dir_all(world.path().join(folder)).unwrap();
    }
    samples::key(&world.path().join("site/keys"), "lab");
    samples::key(&world.path().join("user/keys"), "own");
    let site = Site { root: world.path().join("site"), owner: me() };
    (world, site)
}

#[test]
fn the_sites_keys_come_first() {
    let (world, site) = world();
    let keys = Keys::read(&site, Some(&world.path().join("user"))).unwrap();
    let found: Vec<(bool, bool)> =
        keys.iter().map(|key| (key.of_site, key.path.ends_with("lab.pub"))).collect();
    assert_eq!(found, [(true, true), (false, false)]);
    assert_eq!(Keys::read(&site, None).unwrap().iter().count(), 1);
    let nowhere = Site { root: world.path().join("nowhere"), owner: 0 };
    assert_eq!(Keys::read(&nowhere, Some(&world.path().join("nobody"))).unwrap().iter().count(), 0);
}

#[test]
fn a_key_is_good_for_what_is_said_beside_it() {
    let (world, site) = world();
    fs::write(
        world.path().join("site/keys/lab.toml"),
        "roles = ['aggregator']\nnames = ['lab-*', 'pareto']\n",
    )
    .unwrap();
    let keys = Keys::read(&site, None).unwrap();
    let key = keys.iter().next().unwrap();
    for (role, expected) in [(Role::Aggregator, true), (Role::Generator, false), (Role::Scheduler, false)] {
        assert_eq!(key.is_for_role(role), expected);
    }
    for (name, expected) in
        [("lab-x", true), ("lab-", true), ("pareto", true), ("lab", false), ("pareto2", false)]
    {
        assert_eq!(key.is_for_name(name), expected, "{name}");
    }
}

#[test]
fn patterns() {
    for (pattern, name, expected) in [
        ("*", "anything", true),
        ("*", "", true),
        ("a*c", "abc", true),
        ("a*c", "ab", false),
        ("*-*", "a-b", true),
        ("", "a", false),
        ("a", "a", true),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
}

#[test]
fn key_ids_are_those_that_minisign_shows() {
    let text = "untrusted comment: minisign public key E7620F1842B4E81F\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n";
    assert_eq!(parse_key(text).unwrap().1.to_string(), "E7620F1842B4E81F");
    for bad in ["", "E762", "E7620F1842B4E81G", "+7620F1842B4E81F"] {
        assert_eq!(bad.parse::<KeyId>(), Err(KeyIdError), "{bad}");
    }
}

/// Everything that is wrong with a key or its folder is an error.
#[test]
fn keys_that_others_could_have_written_are_refused() {
    let chmod = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    type Spoil<'a> = &'a dyn Fn(&Path);
    let cases: [(&str, Spoil<'_>); 11] = [
        ("a key for a group to write", &|world| chmod(&world.join("site/keys/lab.pub"), 0o664)),
        ("a key for all to write", &|world| chmod(&world.join("user/keys/own.pub"), 0o646)),
        ("a folder of keys for all to write", &|world| chmod(&world.join("site/keys"), 0o777)),
        ("a site for a group to write", &|world| chmod(&world.join("site"), 0o775)),
        ("a user's folder for a group to write", &|world| chmod(&world.join("user"), 0o775)),
        ("a linked key", &|world| {
            fs::rename(world.join("site/keys/lab.pub"), world.join("x")).unwrap();
            symlink(world.join("x"), world.join("site/keys/lab.pub")).unwrap();
        }),
        ("a linked folder", &|world| {
            fs::rename(world.join("site/keys"), world.join("x")).unwrap();
            symlink(world.join("x"), world.join("site/keys")).unwrap();
        }),
        ("no key at all", &|world| fs::write(world.join("site/keys/lab.pub"), "hello\n").unwrap()),
        ("a huge key", &|world| fs::write(world.join("site/keys/lab.pub"), vec![b'x'; 2 << 20]).unwrap()),
        ("restrictions of no key", &|world| {
            fs::write(world.join("site/keys/lba.toml"), "roles = []\n").unwrap()
        }),
        ("restrictions that make no sense", &|world| {
            fs::write(world.join("site/keys/lab.toml"), "role = ['aggregator']\n").unwrap();
        }),
    ];
    let mut said = String::new();
    for (what, spoil) in cases {
        let (world, site) = world();
        spoil(world.path());
        let error = Keys::read(&site, Some(&world.path().join("user"))).expect_err(what);
        let text = format!("{what}: {error} [{}] {}", error.code(), error.hint());
        let _ = writeln!(said, "{}", text.replace(&*world.path().to_string_lossy(), "WORLD"));
    }
    insta::assert_snapshot!(said, @"
    a key for a group to write: `WORLD/site/keys/lab.pub` may be written by others (mode 664) [trust-unsafe] look at what is in `WORLD/site/keys/lab.pub`; if it is right: `chmod go-w WORLD/site/keys/lab.pub`
    a key for all to write: `WORLD/user/keys/own.pub` may be written by others (mode 646) [trust-unsafe] look at what is in `WORLD/user/keys/own.pub`; if it is right: `chmod go-w WORLD/user/keys/own.pub`
    a folder of keys for all to write: `WORLD/site/keys` may be written by others (mode 777) [trust-unsafe] look at what is in `WORLD/site/keys`; if it is right: `chmod go-w WORLD/site/keys`
    a site for a group to write: `WORLD/site` may be written by others (mode 775) [trust-unsafe] look at what is in `WORLD/site`; if it is right: `chmod go-w WORLD/site`
    a user's folder for a group to write: `WORLD/user` may be written by others (mode 775) [trust-unsafe] look at what is in `WORLD/user`; if it is right: `chmod go-w WORLD/user`
    a linked key: `WORLD/site/keys/lab.pub` is a symbolic link, and it has to be a plain file [trust-unsafe] move `WORLD/site/keys/lab.pub` away, and put the real one there
    a linked folder: `WORLD/site/keys` is a symbolic link, and it has to be a folder [trust-unsafe] move `WORLD/site/keys` away, and put the real one there
    no key at all: `WORLD/site/keys/lab.pub` is no minisign public key [trust-invalid] a public key has two lines; `hsm plugin keygen` or `minisign -G` write one
    a huge key: `WORLD/site/keys/lab.pub` is larger than 1024 KiB [trust-invalid] look at what is in `WORLD/site/keys/lab.pub`
    restrictions of no key: `WORLD/site/keys/lba.toml` restricts a key, and there is no `WORLD/site/keys/lba.pub` beside it [trust-invalid] rename `WORLD/site/keys/lba.toml` after its key, or put the key into `WORLD/site/keys/lba.pub`
    restrictions that make no sense: WORLD/site/keys/lab.toml:1:1: there is no key `role` here [trust-invalid] did you mean `roles`?
    ");
}

#[test]
fn a_folder_without_keys_may_be_anything() {
    let (world, site) = world();
    fs::remove_dir_all(world.path().join("user/keys")).unwrap();
    fs::set_permissions(world.path().join("user"), Permissions::from_mode(0o775)).unwrap();
    assert_eq!(Keys::read(&site, Some(&world.path().join("user"))).unwrap().iter().count(), 1);
}

#[test]
fn somebody_elses_keys_are_refused() {
    let (_world, site) = world();
    let error = Keys::read(&Site { owner: me() + 1, ..site }, None).unwrap_err();
    assert!(matches!(error, TrustError::Owner { .. }), "{error}");
}
