//! The models, built with `--cfg selvedge_loom` in a target folder of their own.

use crate::run::{Step, cargo};

/// The build that all models share.
pub(crate) fn build() -> Step {
    cargo(["test", "--release", "--target-dir", "target/loom", "--test", "models"])
        .args(["--no-default-features", "--features", "std,sync,channel,context,model"])
        .rustflag("--cfg selvedge_loom")
}

pub(crate) fn check(names: &[String]) -> Result<(), String> {
    build().args(["--"]).args(names).step("models")
}
