//! Disks that are small, or that nobody may write: what no mode of a file says, and root is stopped by as well.

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use std::fs;
use std::path::PathBuf;

/// A small disk at some place of a world, gone with the test.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// An empty disk of this size, as in `2m`.
    ///
    /// # Panics
    /// When the test does not run as root.
    #[must_use]
    pub fn mount(at: PathBuf, size: &str) -> Self {
        fs::create_dir_all(&at).expect("a folder to mount at");
        let options = std::ffi::CString::new(format!("size={size}")).expect("an option");
        mount("hsm-test", &at, "tmpfs", MountFlags::empty(), Some(options.as_c_str())).unwrap_or_else(
            |error| panic!("this test mounts a small tmpfs, for which it has to run as root: {error}"),
        );
        Self(at)
    }

    /// From now on nothing on it can be changed.
    ///
    /// # Panics
    /// When somebody has a file open there to write.
    pub fn make_read_only(&self) {
        mount_remount(&self.0, MountFlags::RDONLY, c"").expect("a disk that can only be read");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}
