//! What would be published: that it is complete, builds alone, and holds nothing else.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::run::{cargo, root};

/// The crates that are published, each before those that use it; and where they lie.
pub(crate) const PUBLISHED: [(&str, &str); 5] = [
    ("selvedge-sync", "sync"),
    ("selvedge-channel", "channel"),
    ("selvedge-timer", "timer"),
    ("selvedge-context", "context"),
    ("selvedge", "."),
];

/// What crates.io shows of a crate, and what a licence asks for.
const KEYS: [&str; 5] = ["description", "readme", "documentation", "keywords", "include"];
const FILES: [&str; 5] = ["Cargo.toml", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "src/lib.rs"];

/// The report is of the package that measures, and lies in the repository alone. The README says so,
/// and says in words what a chart shows that a page cannot show.
const REPORT: &str = "benches/report/";

/// The largest a package may be, in files: an include list that lets more in is wrong.
const MOST_FILES: usize = 200;

pub(crate) fn check() -> Result<(), String> {
    for (package, folder) in PUBLISHED {
        let path = root().join(folder).join("Cargo.toml");
        let manifest =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        for key in KEYS {
            if !manifest.lines().any(|line| line.starts_with(&format!("{key} = "))) {
                return Err(format!("{package} has no {key}"));
            }
        }
        let list = cargo(["package", "--list", "--allow-dirty", "-p", package])
            .output(&format!("list of {package}"))?;
        let files: Vec<_> = list.lines().collect();
        for file in FILES {
            if !files.contains(&file) {
                return Err(format!("{package} would be published without {file}"));
            }
        }
        let readme = fs::read_to_string(root().join(folder).join("README.md"))
            .map_err(|error| format!("{package}: README.md: {error}"))?;
        for link in readme.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let elsewhere = link.is_empty() || link.starts_with("http") || link.starts_with(REPORT);
            if !elsewhere && !files.contains(&link) {
                return Err(format!("{package}: its README links to {link}, which is not in it"));
            }
        }
        let foreign = |file: &&&str| file.starts_with("tests/") || file.starts_with("benches/");
        if let Some(file) = files.iter().find(foreign) {
            return Err(format!("{package} would be published with {file}"));
        }
        if files.len() > MOST_FILES {
            return Err(format!("{package} would be published with {} files", files.len()));
        }
        println!("{package}: {} files", files.len());
    }
    // cargo unpacks a package once for its name, its version and the folder it came from: from the
    // folder of the run before it would build the sources of the run before.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let target = root().join("target").join(format!("package-{}", now.as_secs()));
    // Together, so that each is built against what the others would be published as.
    let result = cargo(["package", "--allow-dirty", "--quiet", "--target-dir"])
        .args([&target.display().to_string()])
        .args(PUBLISHED.iter().flat_map(|(package, _)| ["-p", package]))
        .step("packages, each built from what is in it");
    let removed =
        fs::remove_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()));
    result.and(removed)
}
