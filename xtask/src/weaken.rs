//! Weakens each ordering and switches on each mutant, in one build: a model must turn red for each.
//!
//! A breakage in a primitive is shown to the models of that primitive, one in the foundation of a
//! crate to all models of the crate, each until the first that turns red.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use crate::{models, run::root};

/// The operations that take an ordering.
const OPERATIONS: [&str; 12] = [
    ".load(",
    ".store(",
    ".swap(",
    ".compare_exchange(",
    ".compare_exchange_weak(",
    ".fetch_add(",
    ".fetch_sub(",
    ".fetch_update(",
    ".fetch_xor(",
    "fence(",
    ".fetch_or(",
    ".fetch_and(",
];

/// How soon a bug is to be found.
const SOON: f64 = 10.0;

/// One thing to break.
struct Breakage {
    key: &'static str,
    value: String,
    /// The models that are asked.
    models: Vec<String>,
}

pub(crate) fn all(only: Option<&String>) -> Result<(), String> {
    let binary = binary()?;
    let breakages = breakages(only.map_or("", String::as_str))?;
    let (mut survivors, mut late) = (0, 0);
    for Breakage { key, value, models } in &breakages {
        let start = Instant::now();
        let output = Command::new(&binary)
            .args(models)
            .args(["--skip", "model::", "--nocapture"])
            .current_dir(root())
            .env(key, value)
            .env("SELVEDGE_FIRST_RED", "1")
            .output()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let seconds = start.elapsed().as_secs_f64();
        let told = String::from_utf8_lossy(&output.stdout);
        let red = told.lines().find_map(|line| line.split_once("RED ")).map(|(_, red)| red);
        let survives = output.status.success();
        let verdict = if survives { "SURVIVES" } else { "red" };
        println!("{verdict:<8} {seconds:>5.1} s  {key}={value}");
        if let Some(red) = red {
            println!("                  {}", red.chars().take(160).collect::<String>());
        }
        survivors += usize::from(survives);
        late += usize::from(!survives && seconds > SOON);
    }
    println!("{} breakages, {survivors} survivors, {late} found after {SOON} s", breakages.len());
    match (survivors, breakages.len()) {
        (_, 0) => Err("there is nothing to break".into()),
        (0, _) => Ok(()),
        _ => Err(format!("{survivors} breakages turned no model red")),
    }
}

/// What there is to break in the files whose names contain `only`.
fn breakages(only: &str) -> Result<Vec<Breakage>, String> {
    let mut found = Vec::new();
    for krate in ["sync", "channel", "timer", "context"] {
        let folder = root().join(krate).join("src");
        let files = sources(&folder);
        let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml"))
            .map_err(|error| format!("{krate}/Cargo.toml: {error}"))?;
        let primitives: Vec<_> = files.iter().filter_map(|file| primitive(&folder, file)).collect();
        for file in &files {
            let name = file.strip_prefix(root()).unwrap_or(file).display().to_string();
            // The shim's own orderings are those of a build, which a model does not run.
            if name.contains("raw/shim") || !name.contains(only) {
                continue;
            }
            let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
            let models = primitive(&folder, file)
                .map_or_else(|| primitives.clone(), |own| with_dependents(&manifest, own));
            found.extend(breakages_in(&name, &text, &models));
        }
    }
    Ok(found)
}

/// The models of a primitive, and of those that are made of it: whose features need its feature.
fn with_dependents(manifest: &str, own: String) -> Vec<String> {
    let needs = format!("\"{}\"", own.trim_end_matches("::"));
    let features = manifest.lines().filter_map(|line| line.split_once(" = ["));
    let others = features.filter(|(name, list)| *name != "default" && list.contains(&needs));
    let others: Vec<_> = others.map(|(name, _)| format!("{name}::")).collect();
    [vec![own], others].concat()
}

/// The models of the primitive to which `file` belongs; none if it is of the crate's foundation.
fn primitive(folder: &Path, file: &Path) -> Option<String> {
    let mut parts = file.strip_prefix(folder).ok()?.iter().filter_map(|part| part.to_str());
    let mut first = parts.next()?;
    if ["combine", "decorate"].contains(&first) {
        first = parts.next()?;
    }
    let name = first.strip_suffix(".rs").unwrap_or(first);
    let is_shared = ["raw", "lib", "error"].contains(&name);
    (!is_shared).then(|| format!("{name}::"))
}

fn breakages_in(name: &str, text: &str, models: &[String]) -> Vec<Breakage> {
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
                    models: models.to_vec(),
                });
            }
        }
        // A bug that is planted in several places of a file is one bug.
        let mutant = line.split_once("mutant!(\"").and_then(|(_, rest)| rest.split_once('"'));
        let mutant = mutant
            .map(|(name, _)| name)
            .filter(|name| !found.iter().any(|known: &Breakage| known.value == **name));
        if let Some(mutant) = mutant {
            found.push(Breakage {
                key: "SELVEDGE_MUTANT",
                value: mutant.to_owned(),
                models: models.to_vec(),
            });
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
