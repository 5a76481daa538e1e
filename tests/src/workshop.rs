//! A world in which Rust can be built as whoever runs the tests does it: with their compiler, and their packages, without a network.
#![expect(
    clippy::disallowed_methods,
    reason = "where the compiler is, only the environment of whoever runs the tests says"
)]

use crate::world::World;
use std::path::PathBuf;

impl World {
    /// The same world with a Rust compiler. Builds share a folder, so that only the first one is slow.
    #[must_use]
    pub fn with_rust(self) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let below_home = |name: &str| variable("HOME").map(|home| format!("{home}/{name}"));
        let target = variable("CARGO_TARGET_DIR").map_or_else(|| Self::checkout("target"), PathBuf::from);
        let path = format!("{}:{}", self.path("bin").display(), variable("PATH").unwrap_or_default());
        let inherited = [
            ("CARGO_HOME", variable("CARGO_HOME").or_else(|| below_home(".cargo"))),
            ("RUSTUP_HOME", variable("RUSTUP_HOME").or_else(|| below_home(".rustup"))),
            ("RUSTUP_TOOLCHAIN", variable("RUSTUP_TOOLCHAIN")),
            ("HSM_GUEST_PATH", variable("HSM_GUEST_PATH")),
        ];
        let world = self
            .with_variable("PATH", path)
            .with_variable("CARGO_TARGET_DIR", target.join("authoring"))
            .with_variable("CARGO_NET_OFFLINE", "true")
            .with_variable("CARGO_PROFILE_DEV_DEBUG", "0");
        inherited.into_iter().fold(world, |world, (name, value)| match value {
            Some(value) => world.with_variable(name, value),
            None => world,
        })
    }
}
