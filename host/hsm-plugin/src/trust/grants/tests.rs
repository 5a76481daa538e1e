use super::*;
use crate::bundle::samples;
use crate::inspect::Role;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

fn scheduler() -> Bundle {
    samples::bundle(Role::Scheduler, "[capabilities]\ncommands = ['qstat', 'qsub']\n")
}

#[test]
fn grants_are_kept_by_digest_for_their_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".hsm");
    let mut grants = Grants::read(&folder).unwrap();
    assert_eq!(grants, Grants::default());
    let bundle = scheduler();
    grants.set(&bundle, ["qsub".to_owned()].into());
    grants.set(&bundle, ["qstat".to_owned(), "qsub".to_owned()].into());
    grants.write(&folder).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&folder), mode(&folder.join("grants.toml"))), (0o700, 0o600));

    let read = Grants::read(&folder).unwrap();
    assert_eq!(read, grants);
    assert_eq!(read.of(bundle.digest).unwrap().commands.len(), 2);
    assert_eq!(read.of(Digest::of(b"another")), None);
    assert_eq!(read.last_of(&bundle.manifest.name).unwrap().digest, bundle.digest);

    let taken = Grants::change(&folder, |grants| grants.revoke(&bundle.manifest.name)).unwrap();
    assert_eq!(taken.iter().map(|grant| grant.digest).collect::<Vec<_>>(), [bundle.digest]);
    assert_eq!(Grants::read(&folder).unwrap(), Grants::default());
}

#[test]
fn grants_that_others_could_have_written_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".hsm");
    let mut grants = Grants::default();
    grants.set(&scheduler(), ["qsub".to_owned()].into());
    grants.write(&folder).unwrap();
    let chmod = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let file = folder.join("grants.toml");
    chmod(&file, 0o620);
    assert!(matches!(Grants::read(&folder).unwrap_err(), TrustError::Mode { .. }));
    chmod(&file, 0o600);
    chmod(&folder, 0o770);
    assert!(matches!(Grants::read(&folder).unwrap_err(), TrustError::Mode { .. }));
    assert!(matches!(grants.write(&folder).unwrap_err(), TrustError::Mode { .. }));
    chmod(&folder, 0o700);
    fs::write(&file, "format = 1\n[[grant]]\ncommands = ['qsub']\n").unwrap();
    let error = Grants::read(&folder).unwrap_err();
    assert!(matches!(error, TrustError::Content(_)), "{error}");
}
