//! Plugins to pack, sign and refuse: real folders around components that export a role and hold nothing, so that none has to be built.

use crate::run::{Run, Running};
use crate::wait::PATIENCE;
use crate::world::World;
use std::fs;

/// A component that exports `hsm:plugin/<role>` and imports these interfaces.
#[must_use]
pub fn hollow_component(role: &str, imports: &[&str]) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    section(&mut bytes, 10, imports, &[5, 0]);
    section(&mut bytes, 11, &[&format!("hsm:plugin/{role}@0.1.0")], &[5, 0, 0]);
    bytes
}

/// A section of names, each followed by the same description of an instance.
fn section(bytes: &mut Vec<u8>, id: u8, names: &[&str], description: &[u8]) {
    let mut body = vec![u8::try_from(names.len()).expect("few names")];
    for name in names {
        body.push(0);
        body.extend(length(name.len()));
        body.extend(name.as_bytes());
        body.extend(description);
    }
    bytes.push(id);
    bytes.extend(length(body.len()));
    bytes.extend(body);
}

/// A length below 16,384 as the format writes it, in two bytes.
fn length(length: usize) -> [u8; 2] {
    let low = u8::try_from(length & 0x7f).expect("seven bits");
    let high = u8::try_from(length >> 7).expect("a short section");
    [low | 0x80, high]
}

impl World {
    /// Writes the source folder of a plugin called `sample` into the project: its role, its version, and more for its manifest.
    pub fn write_plugin(&self, folder: &str, role: &str, version: &str, more: &str) {
        let manifest = format!(
            "# A sample.\nformat = 1\nname = \"sample\"\nversion = \"{version}\"\nrole = \"{role}\"\nwit = \"0.1\"\n\
             summary = \"A sample.\"\nlicense = \"MIT\"\n{more}"
        );
        self.write(&format!("{folder}/plugin.toml"), manifest);
        self.write(&format!("{folder}/plugin.wasm"), hollow_component(role, &["hsm:plugin/types@0.1.0"]));
        self.write(&format!("{folder}/README.md"), format!("# Sample {version}\n"));
        self.write(&format!("{folder}/LICENSE-MIT"), "MIT\n");
        self.write(&format!("{folder}/fixtures/one/input.json"), "{}\n");
        self.write(&format!("{folder}/src/lib.rs"), "//! Not part of a bundle.\n");
    }

    /// Writes such a folder and packs it into `<folder>.tar`.
    pub fn pack_plugin(&self, folder: &str, role: &str, version: &str, more: &str) {
        self.write_plugin(folder, role, version, more);
        let _ = self.hsm(&["plugin", "pack", folder, "-o", &format!("{folder}.tar")]).succeeds();
    }

    /// Makes a key `<name>.key` in the project, and gives its id.
    ///
    /// # Panics
    /// When hsm makes none.
    #[must_use]
    pub fn make_key(&self, name: &str) -> String {
        let path = format!("{name}.key");
        let made = self.hsm(&["plugin", "keygen", "--no-password", "-o", &path]).succeeds();
        let comment = made.stdout.lines().next().unwrap_or_default().to_owned();
        comment.rsplit(' ').next().expect("the id of the key").to_owned()
    }

    /// Makes such a key one of those whose signatures count for the user.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn trust_key(&self, name: &str) {
        let folder = self.path("home/.hsm/keys");
        fs::create_dir_all(&folder).expect("a folder of keys");
        fs::copy(self.project(&format!("{name}.pub")), folder.join(format!("{name}.pub"))).expect("a key");
    }

    /// Signs `<folder>.tar` with such a key.
    pub fn sign_plugin(&self, folder: &str, key: &str) {
        let (tar, key) = (format!("{folder}.tar"), format!("{key}.key"));
        let _ = self.hsm(&["plugin", "sign", &tar, "--key", &key]).succeeds();
    }

    /// Brings a plugin that was built in a folder of its name all the way to where `hsm --plugin NAME` finds it: tested, packed, signed with a
    /// new key, verified and added. `options` go with every command.
    ///
    /// # Panics
    /// When a step fails.
    pub fn ship_plugin(&self, name: &str, options: &[&str]) {
        let hsm = |arguments: &[&str]| self.start(&[options, arguments].concat()).wait_within(PATIENCE);
        let tar = format!("{name}.tar");
        let tested = hsm(&["plugin", "test", name]).succeeds();
        assert!(tested.stderr.contains("each twice"), "{tested}");
        let _ = hsm(&["plugin", "pack", name, "-o", &tar]).succeeds();
        let key = self.make_key("author");
        self.sign_plugin(name, "author");
        let _ = hsm(&["plugin", "verify", &tar])
            .ends_with(6)
            .says(&[&key, "hint: if you trust whoever signed it"]);
        self.trust_key("author");
        let _ = hsm(&["plugin", "verify", &tar]).succeeds().prints(&[&key]);
        let _ = hsm(&["plugin", "add", &tar]).succeeds();
        let _ = hsm(&["plugin", "list"]).succeeds().prints(&[name, &key, "ready"]);
    }

    /// Runs hsm at a site: where `/etc/hsm` is a copy of the world's folder `site`, owned by root. `prepare` is said to a shell there first.
    /// Only this one command sees it: it has a mount namespace of its own.
    ///
    /// # Panics
    /// When this machine allows no mount namespaces.
    pub fn hsm_at_site(&self, prepare: &str, arguments: &[&str]) -> Run {
        fs::create_dir_all(self.path("site/keys")).expect("the site's folder");
        let script = format!(
            "mount -t tmpfs -o mode=755 hsm-test /etc && cp -r \"$SITE_FOLDER\" /etc/hsm && chmod -R go-w /etc/hsm || exit 99\n\
             {prepare}\nexec \"$@\""
        );
        let mut command = self.program("unshare");
        command.arg("--mount");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        let hsm = self.command(arguments);
        command.args(["sh", "-c", &script, "sh"]).arg(hsm.get_program()).args(hsm.get_args());
        command.env("SITE_FOLDER", self.path("site"));
        let run = Running::start(&mut command, &self.path("")).wait();
        assert_ne!(
            run.code(),
            Some(99),
            "this test needs a mount namespace, which only root or a user namespace has\n{run}"
        );
        run
    }

    /// Writes a file of the site.
    ///
    /// # Panics
    /// When it cannot.
    pub fn write_site(&self, name: &str, text: &str) {
        let path = self.path("site").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the site's folder");
        fs::write(path, text).expect("a file of the site");
    }
}
