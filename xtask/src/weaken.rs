//! Weakens each ordering and switches on each mutant, in one build: a model must turn red for each.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{models, run::root};

/// The operations that take an ordering.
const OPERATIONS: [&str; 8] = [
    ".load(",
    ".store(",
    ".swap(",
    ".compare_exchange(",
    ".compare_exchange_weak(",
    ".fetch_add(",
    ".fetch_or(",
    ".fetch_and(",
];

/// One thing to break.
struct Breakage {
    key: &'static str,
    value: String,
}

pub(crate) fn all(only: Option<&String>) -> Result<(), String> {
    let binary = binary()?;
    let mut breakages = Vec::new();
    let folders = ["sync/src", "channel/src", "timer/src", "context/src"];
    for file in folders.iter().flat_map(|folder| sources(&root().join(folder))) {
        let name = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        // The shim's own orderings are those of a build, which a model does not run.
        if name.ends_with("shim.rs") || only.is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        breakages.extend(breakages_in(&name, &text));
    }
    let mut survivors = 0;
    for Breakage { key, value } in &breakages {
        let status = Command::new(&binary)
            .current_dir(root())
            .env(key, value)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        println!("{} {key}={value}", if status.success() { "SURVIVES" } else { "red     " });
        survivors += usize::from(status.success());
    }
    println!("{} breakages, {survivors} survivors", breakages.len());
    match (survivors, breakages.len()) {
        (_, 0) => Err("there is nothing to break".into()),
        (0, _) => Ok(()),
        _ => Err(format!("{survivors} breakages turned no model red")),
    }
}

fn breakages_in(name: &str, text: &str) -> Vec<Breakage> {
    let lines: Vec<_> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        if OPERATIONS.iter().any(|operation| line.contains(operation)) {
            // The call ends at the first semicolon or brace: its orderings stand before it.
            let call = lines[index..(index + 6).min(lines.len())].join(" ");
            let end = call.find([';', '{']).unwrap_or(call.len());
            if ["Acq,", "Acquire", "Release", "AcqRel"].iter().any(|o| call[..end].contains(o)) {
                found.push(Breakage {
                    key: "SELVEDGE_WEAKEN",
                    value: format!("{name}:{}", index + 1),
                });
            }
        }
        let mutant = line.split_once("mutant!(\"").and_then(|(_, rest)| rest.split_once('"'));
        if let Some((mutant, _)) = mutant {
            found.push(Breakage { key: "SELVEDGE_MUTANT", value: mutant.to_owned() });
        }
    }
    found
}

/// Builds the models once, and finds the program.
fn binary() -> Result<PathBuf, String> {
    let told = models::build().args(["--no-run", "--message-format=json"]).output("the models")?;
    let program =
        told.lines().filter(|line| line.contains("\"name\":\"models\"")).find_map(|line| {
            let (_, rest) = line.split_once("\"executable\":\"")?;
            rest.split_once('"').map(|(path, _)| PathBuf::from(path))
        });
    program.ok_or_else(|| "cargo did not say where the models are".into())
}

/// Every source file below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = file.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
