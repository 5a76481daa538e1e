use super::super::keys::parse_key;
use super::*;
use crate::bundle::samples;
use crate::inspect::Role;
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn no_password() -> io::Result<String> {
    Err(io::Error::other("nobody is there"))
}

#[test]
fn a_key_is_its_owners_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/hsm.key");
    let made = generate(&path, None).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::read_to_string(&made.public_path).unwrap(), made.public_text);
    assert_eq!(parse_key(&made.public_text).unwrap().1, made.id);
    assert_eq!(SigningKey::read(&path, &mut no_password).unwrap().id(), made.id);
    for gone in [&made.public_path, &path] {
        let error = generate(&path, None).unwrap_err();
        assert!(matches!(error, SigningError::Exists(_)), "{error}");
        fs::remove_file(gone).unwrap();
    }
    assert!(generate(&path, None).is_ok());
}

#[test]
fn a_password_is_asked_for_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hsm.key");
    let made = generate(&path, Some(&mut || Ok("correct horse".to_owned()))).unwrap();
    let key = SigningKey::read(&path, &mut || Ok("correct horse".to_owned())).unwrap();
    assert_eq!(key.id(), made.id);
    assert!(!format!("{key:?}").contains("secret"));
    let wrong = SigningKey::read(&path, &mut || Ok("battery".to_owned())).unwrap_err();
    assert!(matches!(wrong, SigningError::WrongPassword(_)), "{wrong}");
    let none = SigningKey::read(&path, &mut no_password).unwrap_err();
    assert_eq!(none.to_string(), "the key needs a password, and there is none: nobody is there");
    let kept = generate(&folder.path().join("other.key"), Some(&mut no_password)).unwrap_err();
    assert!(matches!(kept, SigningError::NoPassword(_)) && !folder.path().join("other.key").exists());
}

#[test]
fn what_is_no_key_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hsm.key");
    generate(&path, None).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    let line = good.lines().nth(1).unwrap();
    let cases = [
        String::new(),
        "hello\nworld\n".to_owned(),
        fs::read_to_string(path.with_extension("pub")).unwrap(),
        good[..good.len() / 2].to_owned(),
        // A bit of the key that its checksum does not fit.
        good.replace(&line[100..104], if &line[100..104] == "AAAA" { "BBBB" } else { "AAAA" }),
    ];
    for text in cases {
        let other = folder.path().join("other.key");
        fs::write(&other, &text).unwrap();
        let error = SigningKey::read(&other, &mut no_password).unwrap_err();
        assert!(matches!(error, SigningError::NotAKey(_)), "{text}: {error}");
    }
    let gone = SigningKey::read(&folder.path().join("gone"), &mut no_password).unwrap_err();
    assert!(matches!(gone, SigningError::File(_)), "{gone}");
}

#[test]
fn only_a_packed_bundle_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    generate(&folder.path().join("hsm.key"), None).unwrap();
    let key = SigningKey::read(&folder.path().join("hsm.key"), &mut no_password).unwrap();
    let mut bundle = samples::bundle(Role::Generator, "");
    bundle.origin = crate::bundle::Origin::Source;
    assert!(matches!(key.sign(&bundle).unwrap_err(), SigningError::NotPacked));
}
