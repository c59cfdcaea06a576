//! Each feature alone, none and all; and what a user of one primitive gets.

use std::{collections::BTreeSet, fs};

use crate::run::{cargo, root};

const CRATES: [(&str, &str); 5] = [
    ("selvedge-sync", "sync"),
    ("selvedge-channel", "channel"),
    ("selvedge-timer", "timer"),
    ("selvedge-context", "context"),
    ("selvedge", "."),
];

pub(crate) fn check() -> Result<(), String> {
    for (package, folder) in CRATES {
        let check = |name: &str| {
            // Lints are denied here, as what is there for others is unused without them.
            cargo(["clippy", "--quiet", "-p", package])
                .args(name.split(' '))
                .args(["--", "-D", "warnings"])
        };
        check("--no-default-features").step(&format!("{package} without features"))?;
        check("--all-features").step(&format!("{package} with all"))?;
        // What has an underscore is what others have in common, and no use alone.
        for feature in features(folder)?.iter().filter(|name| !name.starts_with('_')) {
            check(&format!("--no-default-features --features {feature}"))
                .step(&format!("{package} with {feature}"))?;
        }
    }
    cargo(["test", "--quiet", "-p", "selvedge-sync", "--no-default-features"])
        .step("tests without features")?;
    cargo(["test", "--quiet", "-p", "selvedge-sync", "--all-features"]).step("tests with all")?;
    cargo(["check", "--manifest-path", "tests/no_std/Cargo.toml", "--target-dir", "target/no_std"])
        .step("no_std")?;
    few_dependencies()
}

/// The names under `[features]` in the manifest in `folder`.
fn features(folder: &str) -> Result<Vec<String>, String> {
    let path = root().join(folder).join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let section = text.split("\n[features]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let names =
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" ="));
    Ok(names.map(|(name, _)| name.trim().to_owned()).filter(|name| name != "default").collect())
}

/// What the README says that comes along with `mutex`.
const FOREIGN: [&str; 2] = ["atomic-waker", "pin-project-lite"];

/// Whoever takes only `mutex` gets these crates that are not ours.
fn few_dependencies() -> Result<(), String> {
    let tree = cargo(["tree", "-p", "selvedge", "--no-default-features", "--features", "mutex"])
        .args(["-e", "normal", "--prefix", "none"])
        .output("cargo tree")?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let foreign: BTreeSet<_> = names.filter(|name| !name.starts_with("selvedge")).collect();
    println!("a user of only `mutex` gets {foreign:?}");
    let told = foreign.iter().eq(&FOREIGN);
    if told { Ok(()) } else { Err(format!("`mutex` brings others than {FOREIGN:?}")) }
}
