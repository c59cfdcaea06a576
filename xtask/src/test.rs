//! Everything that a user would want to see green.

use std::fs;

use crate::{
    docs, models,
    run::{cargo, root},
};

pub(crate) fn all() -> Result<(), String> {
    cargo(["fmt", "--all", "--check"]).step("format")?;
    cargo(["clippy", "--workspace", "--all-targets", "--exclude", "selvedge-benches"])
        .args(["--features", "selvedge/model", "--", "-D", "warnings"])
        .step("lints")?;
    cargo(["check", "-p", "selvedge-benches", "--all-targets"]).step("benches")?;
    cargo(["test", "--features", "selvedge/model"]).step("tests")?;
    cargo(["test", "--quiet", "-p", "selvedge-fuzz"]).step("fuzz targets")?;
    for (package, folder) in [
        ("selvedge", "examples"),
        ("selvedge-sync", "sync/examples"),
        ("selvedge-channel", "channel/examples"),
        ("selvedge-timer", "timer/examples"),
        ("selvedge-context", "context/examples"),
    ] {
        for example in examples(folder)? {
            // The features that are off unless asked for, and have an example.
            let features = match example.as_str() {
                name @ ("diagnose" | "tokio" | "tracing") => name,
                "async_io" => "async-io",
                _ => "",
            };
            cargo(["run", "--quiet", "-p", package, "--features", features, "--example", &example])
                .step(&format!("example {example}"))?;
        }
    }
    cargo([
        "test",
        "--quiet",
        "-p",
        "selvedge-sync",
        "--features",
        "diagnose",
        "--test",
        "diagnose",
    ])
    .step("diagnose")?;
    cargo(["run", "--quiet", "--manifest-path", "tests/no_std/Cargo.toml"])
        .args(["--target-dir", "target/no_std"])
        .step("a program without std")?;
    designs()?;
    docs::check()?;
    models::check(&[])?;
    models::random(&[])
}

/// The examples that are crates of their own, as a user's: each runs, and its design is checked by
/// stress and in every schedule, where its seeded bug is found, too.
fn designs() -> Result<(), String> {
    for name in ["pool", "bank", "work_queue"] {
        cargo(["run", "--quiet", "-p", name]).step(&format!("example {name}"))?;
        cargo(["test", "--quiet", "-p", name]).step(&format!("design {name}, stress"))?;
        for (how, features) in [("in every schedule", ""), ("its seeded bug", "bug")] {
            cargo(["test", "--quiet", "--release", "--target-dir", "target/loom", "-p", name])
                .args(["--features", features])
                .rustflag("--cfg selvedge_loom")
                .step(&format!("design {name}, {how}"))?;
        }
    }
    Ok(())
}

/// The names of the examples in `folder`.
fn examples(folder: &str) -> Result<Vec<String>, String> {
    let Ok(files) = fs::read_dir(root().join(folder)) else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for file in files {
        let path = file.map_err(|error| format!("{folder}: {error}"))?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}
