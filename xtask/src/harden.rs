//! What goes beyond the tests: soaks, and a look at what others wrote.

use std::{path::Path, process::Command};

use crate::run::{Step, cargo, root};

/// Runs for so many seconds, in release.
pub(crate) fn soak(args: &[String]) -> Result<(), String> {
    cargo(["test", "--quiet", "--release", "--test", "soak", "--"]).args(args).step("soak")
}

/// The version of cargo-deny that deny.toml is written for.
const DENY: &str = "0.20.2";

/// Licences, duplicates and sources of all dependencies.
pub(crate) fn deny() -> Result<(), String> {
    let tools = root().join("target/tools");
    let program = tools.join("bin/cargo-deny");
    let version = Command::new(&program).arg("--version").output();
    let is_there =
        version.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).trim().ends_with(DENY));
    if !is_there {
        cargo(["install", "--locked", "cargo-deny", "--version", DENY, "--root"])
            .args([&tools])
            .step("installing cargo-deny")?;
    }
    // The advisories are not asked for: their database is a repository of its own, and CI has none.
    step(&program).args(["check", "licenses", "bans", "sources"]).step("deny")
}

fn step(program: &Path) -> Step {
    let mut command = Command::new(program);
    command.current_dir(root());
    Step(command)
}
