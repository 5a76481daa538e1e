//! The verdict over every combination that matters: what is refused, with its words, and what is not.

use super::super::samples;
use super::super::signer::SigningKey;
use super::*;
use crate::bundle::samples::bundle;
use crate::digest::Digest;
use crate::inspect::Role;
use semver::Version;
use std::fmt::Write as _;
use tempfile::TempDir;

/// Keys of a site and of a user, and what they signed.
struct World {
    folder: TempDir,
    lab: SigningKey,
    own: SigningKey,
    foreign: SigningKey,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = |name| samples::key(folder.path(), name);
        let (lab, own, foreign) = (key("lab"), key("own"), key("foreign"));
        Self { folder, lab, own, foreign }
    }

    fn public(&self, name: &str, of_site: bool) -> Key {
        let text = std::fs::read_to_string(self.folder.path().join(format!("{name}.pub"))).unwrap();
        Key::of(&text, &format!("{name}.pub"), of_site)
    }

    /// The site's key `lab` and the user's `own`.
    fn keys(&self) -> Keys {
        samples::keys(vec![self.public("lab", true), self.public("own", false)])
    }

    /// What is said, with the keys' ids, which are others each time, as names.
    fn named(&self, text: &str) -> String {
        let names = [(&self.lab, "LAB"), (&self.own, "OWN"), (&self.foreign, "FOREIGN")];
        names.iter().fold(text.to_owned(), |text, (key, name)| text.replace(&key.id().to_string(), name))
    }
}

fn aggregator(more: &str) -> Bundle {
    bundle(Role::Aggregator, more)
}

fn scheduler() -> Bundle {
    bundle(Role::Scheduler, "[capabilities]\ncommands = ['qstat', 'qsub']\n")
}

fn requiring(role: Role) -> Policy {
    Policy { required: [role].into(), ..Policy::default() }
}

fn signer(world: &World, bundle: &Bundle) -> Option<Signer> {
    check_signature(bundle, &Policy::default(), &world.keys()).unwrap()
}

fn locked(world: &World, bundle: &Bundle) -> LockEntry {
    LockEntry::new(bundle, signer(world, bundle).as_ref())
}

fn granted(bundle: &Bundle, commands: &[&str]) -> Grants {
    let mut grants = Grants::default();
    grants.set(bundle, commands.iter().map(|command| (*command).to_owned()).collect());
    grants
}

#[test]
fn what_may_be_used() {
    let world = World::new();
    let plain = aggregator("[capabilities]\nread-results = true\n[limits]\nmemory_mib = 512\n");
    let (by_lab, by_own) = (samples::signed(&plain, &world.lab), samples::signed(&plain, &world.own));
    let users_count = Policy { user_keys: true, ..requiring(Role::Aggregator) };
    let ceiling = Policy { ceilings: [(Limit::MemoryMib, 512)].into(), ..Policy::default() };
    let batch = scheduler();
    let allowed =
        Policy { commands: Some(["qdel", "qstat", "qsub"].map(str::to_owned).into()), ..Policy::default() };
    let lab_only = Policy { keys: Some([world.lab.id()].into()), ..requiring(Role::Aggregator) };
    let none = Grants::default();
    let (lock, unsigned_lock) = (locked(&world, &by_lab), locked(&world, &plain));
    let cases: [(&str, &Bundle, &Policy, Option<&LockEntry>, &Grants); 11] = [
        ("unsigned where nothing asks for more", &plain, &Policy::default(), None, &none),
        ("unsigned where another role has to be", &plain, &requiring(Role::Scheduler), None, &none),
        ("signed by the site", &by_lab, &requiring(Role::Aggregator), None, &none),
        ("signed by a key that the policy names", &by_lab, &lab_only, None, &none),
        ("signed by the user", &by_own, &Policy::default(), None, &none),
        ("signed by the user where that counts", &by_own, &users_count, None, &none),
        ("as it was locked", &by_lab, &Policy::default(), Some(&lock), &none),
        ("signed since it was locked", &by_lab, &Policy::default(), Some(&unsigned_lock), &none),
        ("at the ceiling", &plain, &ceiling, None, &none),
        (
            "with its commands granted",
            &batch,
            &Policy::default(),
            None,
            &granted(&batch, &["qstat", "qsub", "x"]),
        ),
        ("with its commands allowed", &batch, &allowed, None, &granted(&batch, &["qstat", "qsub"])),
    ];
    for (what, bundle, policy, lock, grants) in cases {
        let trusted = judge(bundle, policy, &world.keys(), lock, grants);
        let trusted = trusted.unwrap_or_else(|refusal| panic!("{what}: {refusal}"));
        assert_eq!(trusted.signer.is_some(), bundle.signature.is_some(), "{what}");
        assert_eq!(trusted.capabilities, bundle.manifest.capabilities, "{what}");
    }
}

/// Every refusal, each with its own word, its message and its way forward.
#[test]
fn what_may_not_be_used() {
    let world = World::new();
    let keys = world.keys();
    let plain = aggregator("");
    let by = |key: &SigningKey| samples::signed(&plain, key);
    let with_signature = |signature: Vec<u8>| Bundle { signature: Some(signature), ..plain.clone() };
    let (by_lab, by_own, by_foreign) = (by(&world.lab), by(&world.own), by(&world.foreign));
    let legacy = String::from_utf8(by_lab.signature.clone().unwrap()).unwrap().replace("\nRU", "\nRW");
    let limited = |key: Key| samples::keys(vec![key, world.public("own", false)]);
    let for_generators = limited(world.public("lab", true).limited(&[Role::Generator], &["*"]));
    let for_names = limited(world.public("lab", true).limited(&[Role::Aggregator], &["lab-*"]));
    // A copy of the site's key in the user's own folder lifts none of the site's restrictions.
    let copied = samples::keys(vec![
        world.public("lab", true).limited(&[Role::Generator], &["*"]),
        world.public("lab", false),
    ]);
    let own_named = Policy { keys: Some([world.own.id()].into()), ..requiring(Role::Aggregator) };
    let reading = aggregator("[capabilities]\nread-results = true\n");
    let no_reading = Policy { read_results: false, ..Policy::default() };
    let batch = scheduler();
    let only_qstat = Policy { commands: Some(["qstat".to_owned()].into()), ..Policy::default() };
    let hungry = aggregator("[limits]\nmemory_mib = 513\n");
    let ceiling = Policy { ceilings: [(Limit::MemoryMib, 512)].into(), ..Policy::default() };
    let lock = locked(&world, &by_lab);
    let entry = |change: fn(&mut LockEntry)| {
        let mut entry = locked(&world, &by_lab);
        change(&mut entry);
        entry
    };
    let other_digest = entry(|entry| entry.digest = Digest::of(b"other"));
    let other_version = entry(|entry| {
        entry.digest = Digest::of(b"other");
        entry.version = Version::new(0, 2, 0);
    });
    let edited_version = entry(|entry| entry.version = Version::new(9, 9, 9));
    let edited_role = entry(|entry| entry.role = Role::Generator);
    let before = bundle(Role::Scheduler, "[capabilities]\ncommands = ['qstat']\n");
    let same_before =
        bundle(Role::Scheduler, "[limits]\nlog_lines = 5\n[capabilities]\ncommands = ['qstat', 'qsub']\n");
    let (free, none) = (Policy::default(), Grants::default());
    let signed_only = requiring(Role::Aggregator);
    type Case<'a> = (&'a Bundle, &'a Policy, &'a Keys, Option<&'a LockEntry>, Grants);
    let cases: Vec<Case<'_>> = vec![
        (&plain, &signed_only, &keys, None, none.clone()),
        (&by_foreign, &free, &keys, None, none.clone()),
        (&by_foreign, &signed_only, &keys, None, none.clone()),
        (&by_own, &signed_only, &keys, None, none.clone()),
        (&by_own, &own_named, &keys, None, none.clone()),
        (&by_lab, &own_named, &keys, None, none.clone()),
        (&by_lab, &free, &for_generators, None, none.clone()),
        (&by_lab, &free, &for_names, None, none.clone()),
        (&by_lab, &free, &copied, None, none.clone()),
        (&reading, &no_reading, &keys, None, none.clone()),
        (&batch, &only_qstat, &keys, None, granted(&batch, &["qstat", "qsub"])),
        (&hungry, &ceiling, &keys, None, none.clone()),
        (&by_lab, &free, &keys, Some(&other_digest), none.clone()),
        (&by_lab, &free, &keys, Some(&other_version), none.clone()),
        (&by_lab, &free, &keys, Some(&edited_version), none.clone()),
        (&by_lab, &free, &keys, Some(&edited_role), none.clone()),
        (&by_own, &free, &keys, Some(&lock), none.clone()),
        (&plain, &free, &keys, Some(&lock), none.clone()),
        (&batch, &free, &keys, None, none.clone()),
        (&batch, &free, &keys, None, granted(&batch, &["qstat"])),
        (&batch, &free, &keys, None, granted(&before, &["qstat"])),
        (&batch, &free, &keys, None, granted(&same_before, &["qstat", "qsub"])),
    ];
    let spoiled = [
        with_signature(b"hello".to_vec()),
        with_signature(legacy.into_bytes()),
        with_signature(
            samples::signed(&aggregator("[limits]\nlog_lines = 5\n"), &world.lab).signature.unwrap(),
        ),
    ];
    let spoiled = spoiled.iter().map(|bundle| (bundle, &free, &keys, None, none.clone()));
    let mut said = String::new();
    for (bundle, policy, keys, lock, grants) in cases.into_iter().chain(spoiled) {
        let refusal = judge(bundle, policy, keys, lock, &grants).expect_err("should be refused");
        let _ = writeln!(said, "[{}] {}\n    {}", refusal.code(), refusal.reason, refusal.hint());
    }
    let said =
        said.replace(&plain.digest.to_string(), "FOUND").replace(&Digest::of(b"other").to_string(), "OTHER");
    insta::assert_snapshot!(world.named(&said), @"
    [unsigned] this site requires plugins of the role aggregator to be signed, and it is not
        ask whoever made it for a signed bundle, or an administrator to sign this one: `hsm plugin sign`
    [unknown-key] it is signed with the key FOREIGN, which is not among the known ones
        if you trust whoever signed it, put their public key into `~/.hsm/keys/NAME.pub`
    [unknown-key] it is signed with the key FOREIGN, which is not among the known ones
        if you trust whoever signed it, put their public key into `~/.hsm/keys/NAME.pub`
    [users-key] it is signed with your own key OWN, and this site requires a signature of its own
        ask an administrator of this site to sign it, or to allow the key in the policy
    [users-key] it is signed with your own key OWN, and this site requires a signature of its own
        ask an administrator of this site to sign it, or to allow the key in the policy
    [key-not-allowed] it is signed with the key LAB, which is not among those that this site's policy names
        ask an administrator of this site to sign it, or to allow the key in the policy
    [key-not-for-role] it is signed with the key LAB (`lab.pub`), which is not for plugins of the role aggregator
        whoever keeps `lab.pub` limits what the key is good for, in the file of the same name that ends in `.toml`
    [key-not-for-name] it is signed with the key LAB (`lab.pub`), which is not for plugins of this name
        whoever keeps `lab.pub` limits what the key is good for, in the file of the same name that ends in `.toml`
    [key-not-for-role] it is signed with the key LAB (`lab.pub`), which is not for plugins of the role aggregator
        whoever keeps `lab.pub` limits what the key is good for, in the file of the same name that ends in `.toml`
    [capability-refused] it asks for `read-results`, which this site gives no plugin
        ask an administrator of this site to allow it in the policy, or use a plugin that does without
    [command-refused] it wants to have `qsub` run, which this site allows no plugin
        ask an administrator of this site to allow it in the policy, or use a plugin that does without
    [above-ceiling] it asks for `memory_mib = 513`, and this site gives at most 512
        ask an administrator of this site to raise `memory_mib` in the policy, or the plugin's author to ask for less
    [changed-digest] its files are not those that the project locked under this version: its digest is FOUND, and OTHER is locked
        ask its author for a new version number; to use the changed files all the same: `hsm plugin remove sample`, then add it again
    [other-version] the project's lock pins version 0.2.0
        bring back the lock as it was, or say what you want: `hsm plugin remove sample`, then `hsm plugin add` its bundle
    [lock-edited] its entry in the project's lock was edited: the `version` there is not that of the plugin with this digest
        bring back the lock as it was, or say what you want: `hsm plugin remove sample`, then `hsm plugin add` its bundle
    [lock-edited] its entry in the project's lock was edited: the `role` there is not that of the plugin with this digest
        bring back the lock as it was, or say what you want: `hsm plugin remove sample`, then `hsm plugin add` its bundle
    [changed-signer] it is signed by the key OWN, and the project locked it as signed by the key LAB
        find out why; if you trust the new release: `hsm plugin remove sample`, then add it again
    [changed-signer] it is signed by nobody, and the project locked it as signed by the key LAB
        find out why; if you trust the new release: `hsm plugin remove sample`, then add it again
    [not-granted] it wants to have `qstat`, `qsub` run as you, which you have not granted
        if it may: `hsm plugin add sample.tar --grant qstat,qsub`
    [command-added] it also wants to have `qsub` run as you, which version 0.1.0 did not
        if it may: `hsm plugin add sample.tar --grant qstat,qsub`
    [command-added] it also wants to have `qsub` run as you, which version 0.1.0 did not
        if it may: `hsm plugin add sample.tar --grant qstat,qsub`
    [granted-to-another-release] you have let version 0.1.0 have commands run, and not this one, which wants the same: `qstat`, `qsub`
        if it may: `hsm plugin add sample.tar --grant qstat,qsub`
    [malformed-signature] its signature is not in minisign's format
        get the bundle again, or sign it again with `hsm plugin sign`
    [legacy-signature] its signature is of minisign's legacy kind, which is not accepted
        sign it again with `hsm plugin sign`, or with a `minisign` of version 0.10 or newer
    [broken-signature] its signature is not one that the key LAB (`lab.pub`) made for this `plugin.toml`
        do not use it: its `plugin.toml` was changed after it was signed; get it again
    ");
}

#[test]
fn what_takes_the_place_of_another_release() {
    let world = World::new();
    let keys = world.keys();
    let plain = aggregator("");
    let (by_lab, by_own) = (samples::signed(&plain, &world.lab), samples::signed(&plain, &world.own));
    let older = |signer| LockEntry {
        version: Version::new(0, 0, 9),
        digest: Digest::of(b"older"),
        ..LockEntry::new(&plain, signer)
    };
    let by = |bundle: &Bundle| signer(&world, bundle);
    let same_version = LockEntry { digest: Digest::of(b"other"), ..LockEntry::new(&plain, None) };
    let other_role = LockEntry { role: Role::Generator, ..older(None) };
    let cases = [
        (&plain, None, Ok(())),
        (&plain, Some(LockEntry::new(&plain, None)), Ok(())),
        (&plain, Some(older(None)), Ok(())),
        (&by_lab, Some(older(None)), Ok(())),
        (&by_lab, Some(older(by(&by_lab).as_ref())), Ok(())),
        (&by_own, Some(older(by(&by_lab).as_ref())), Err("changed-signer")),
        (&plain, Some(older(by(&by_lab).as_ref())), Err("changed-signer")),
        (&plain, Some(same_version), Err("changed-digest")),
        (&plain, Some(other_role), Err("other-role")),
    ];
    for (number, (bundle, lock, expected)) in cases.into_iter().enumerate() {
        let found = admit_new(bundle, &Policy::default(), &keys, lock.as_ref());
        assert_eq!(found.map(|_| ()).map_err(|refusal| refusal.code()), expected, "case {number}");
    }
    let batch = scheduler();
    assert!(admit_new(&batch, &Policy::default(), &keys, None).is_ok(), "grants come after this");
}
