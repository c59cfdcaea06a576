//! The oldest compiler that is promised, tried.

use std::{fs, process::Command};

use crate::run::{Step, root};

/// The tests of all that is published, by the compiler that the manifest names.
pub(crate) fn check() -> Result<(), String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml"))
        .map_err(|error| format!("Cargo.toml: {error}"))?;
    let oldest = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .map(|version| format!("{}.0", version.trim_matches('"')))
        .ok_or("Cargo.toml names no rust-version")?;
    let asked = Command::new("rustup").args(["run", &oldest, "rustc", "--version"]).output();
    if !asked.is_ok_and(|told| told.status.success()) {
        return Err(format!(
            "Rust {oldest} was not tried: it is not here (rustup toolchain install {oldest})"
        ));
    }
    let mut rustup = Command::new("rustup");
    rustup
        .args(["run", &oldest, "cargo", "test", "--features", "selvedge/model"])
        // Compilers do not share what they have built.
        .args(["--target-dir", "target/oldest"])
        .current_dir(root());
    Step(rustup).step(&format!("tests, by Rust {oldest}"))
}
