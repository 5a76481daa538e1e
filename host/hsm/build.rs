//! Has `hsm` built again when a file is added to what it embeds: the macro that embeds a folder only follows the files it found.

fn main() {
    for folder in ["src/templates", "../../sdk/src", "../../wit"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
