//! What can be seen of a component from outside, with a verdict on each thing that it imports: for people who want to know why.

use super::{InspectError, Role, Surface, check_format, check_version, hsm_interface, is_empty_wasi};
use crate::plain::plain_line;

/// The outside of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// What it exports of hsm's interfaces: the role and the version that it was made for.
    pub exports: Vec<(Role, String)>,
    /// What it imports.
    pub imports: Vec<Import>,
}

/// Something that a component imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its name, fit to show.
    pub name: String,
    /// What becomes of it.
    pub verdict: ImportVerdict,
}

/// What becomes of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportVerdict {
    /// It is hsm's own interface, and there.
    Given,
    /// It is linked, and grants nothing by itself.
    Empty,
    /// It is hsm's own interface, of a version that is not there.
    OtherVersion,
    /// No plugin gets it, so that a component with it is refused.
    Refused,
}

impl ImportVerdict {
    /// Whether a component with this import may be used.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Given | Self::Empty)
    }
}

/// Looks at the outside of a component.
///
/// # Errors
/// When it is no component, or is damaged.
pub fn survey(bytes: &[u8]) -> Result<Survey, InspectError> {
    check_format(bytes)?;
    let Surface { imports, exports } = Surface::read(bytes)?;
    let role = |name: &str| Role::ALL.into_iter().find(|role| role.as_str() == name);
    let exported = exports.iter().filter_map(|name| hsm_interface(name));
    let exported = exported.filter_map(|(name, version)| Some((role(name)?, plain_line(version, 40))));
    let imported = imports.iter().map(|name| Import { name: plain_line(name, 200), verdict: verdict(name) });
    Ok(Survey { exports: exported.collect(), imports: imported.collect() })
}

fn verdict(import: &str) -> ImportVerdict {
    match hsm_interface(import) {
        Some(("log" | "types", version)) if check_version(version).is_ok() => ImportVerdict::Given,
        Some(("log" | "types", _)) => ImportVerdict::OtherVersion,
        _ if is_empty_wasi(import) => ImportVerdict::Empty,
        _ => ImportVerdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::component;
    use super::*;

    #[test]
    fn each_import_has_its_verdict() {
        let imports = [
            ("hsm:plugin/types@0.1.0", ImportVerdict::Given),
            ("hsm:plugin/log@0.1.4", ImportVerdict::Given),
            ("hsm:plugin/log@0.2.0", ImportVerdict::OtherVersion),
            ("wasi:io/streams@0.2.6", ImportVerdict::Empty),
            ("wasi:http/types@0.2.0", ImportVerdict::Refused),
            ("env", ImportVerdict::Refused),
        ];
        let names = imports.map(|(name, _)| name);
        let found =
            survey(&component(&names, &["hsm:plugin/generator@0.1.2", "other:thing/x@1.0.0"])).unwrap();
        assert_eq!(found.exports, [(Role::Generator, "0.1.2".to_owned())]);
        let verdicts: Vec<_> =
            found.imports.iter().map(|import| (import.name.as_str(), import.verdict)).collect();
        assert_eq!(verdicts, imports);
        assert_eq!(survey(b""), Err(InspectError::Empty));
    }
}
