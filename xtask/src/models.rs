//! The models, built with `--cfg selvedge_loom` in a target folder of their own.

use crate::run::{Step, cargo};

/// The build that all models share.
pub(crate) fn build() -> Step {
    cargo(["test", "--release", "--target-dir", "target/loom", "--test", "models"])
        .args(["--no-default-features", "--features", "std,sync,channel,timer,context,model"])
        .rustflag("--cfg selvedge_loom")
}

pub(crate) fn check(names: &[String]) -> Result<(), String> {
    if let Some(("--random", names)) = names.split_first().map(|(first, rest)| (&**first, rest)) {
        return random(names);
    }
    build().args(["--"]).args(names).step("models")
}

/// Those whose schedules chance chooses.
pub(crate) fn random(names: &[String]) -> Result<(), String> {
    cargo(["test", "--release", "--target-dir", "target/random", "--test", "random"])
        .args(["--no-default-features", "--features", "std,sync,model"])
        .rustflag("--cfg selvedge_loom --cfg selvedge_random")
        .args(["--"])
        .args(names)
        .step("random models")
}
