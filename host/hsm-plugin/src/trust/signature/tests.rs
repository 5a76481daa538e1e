use super::super::samples;
use super::*;
use crate::bundle;
use crate::inspect::Role;

#[test]
fn only_a_signature_over_these_bytes_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (lab, other) = (samples::key(folder.path(), "lab"), samples::key(folder.path(), "other"));
    let sample = bundle::samples::bundle(Role::Generator, "");
    let good = lab.sign(&sample).unwrap();
    let public = |name: &str, of_site| {
        let text = std::fs::read_to_string(folder.path().join(format!("{name}.pub"))).unwrap();
        Key::of(&text, name, of_site)
    };
    let keys = samples::keys(vec![public("lab", true), public("lab", false)]);
    let (key, signer) = verify(&sample.manifest_bytes, &good, &keys).unwrap();
    assert!(key.of_site && signer.of_site && signer.id == lab.id());
    assert_eq!(signer.comment, "hsm plugin sample 0.1.0 (generator)");

    let text = String::from_utf8(good.clone()).unwrap();
    let changed = [sample.manifest_bytes.as_slice(), b"\n"].concat();
    let comment = text.replace("(generator)", "(scheduler)");
    let untrusted = text.replace("untrusted comment: signature", "untrusted comment: signed");
    let line = text.lines().nth(1).unwrap();
    let other_letter = if &line[60..61] == "A" { "B" } else { "A" };
    let flipped = text.replace(line, &format!("{}{other_letter}{}", &line[..60], &line[61..]));
    let broken = Err(Unverified::Broken(lab.id(), "lab".to_owned()));
    type Case<'a> = (&'a str, &'a [u8], &'a [u8], Result<(), Unverified>);
    let cases: [Case<'_>; 10] = [
        ("as it is", &sample.manifest_bytes, &good, Ok(())),
        ("another untrusted comment", &sample.manifest_bytes, untrusted.as_bytes(), Ok(())),
        ("a changed manifest", &changed, &good, broken.clone()),
        ("a changed comment", &sample.manifest_bytes, comment.as_bytes(), broken.clone()),
        (
            "another key",
            &sample.manifest_bytes,
            &other.sign(&sample).unwrap(),
            Err(Unverified::UnknownKey(other.id())),
        ),
        ("nothing", &sample.manifest_bytes, b"", Err(Unverified::Malformed)),
        ("no text", &sample.manifest_bytes, b"\xff\xff", Err(Unverified::Malformed)),
        ("half of it", &sample.manifest_bytes, &good[..good.len() / 2], Err(Unverified::Malformed)),
        (
            "more behind it",
            &sample.manifest_bytes,
            &[good.as_slice(), b"more\n"].concat(),
            Err(Unverified::Malformed),
        ),
        ("a flipped bit", &sample.manifest_bytes, flipped.as_bytes(), broken),
    ];
    for (what, manifest, signature, expected) in cases {
        let found = verify(manifest, signature, &keys).map(|_| ());
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn the_legacy_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lab = samples::key(folder.path(), "lab");
    let sample = bundle::samples::bundle(Role::Generator, "");
    // The second letter of the signature in Base64 is part of its algorithm's name.
    let text = String::from_utf8(lab.sign(&sample).unwrap()).unwrap().replace("\nRU", "\nRW");
    let public = std::fs::read_to_string(folder.path().join("lab.pub")).unwrap();
    let keys = samples::keys(vec![Key::of(&public, "lab", true)]);
    assert_eq!(verify(&sample.manifest_bytes, text.as_bytes(), &keys).map(|_| ()), Err(Unverified::Legacy));
}
