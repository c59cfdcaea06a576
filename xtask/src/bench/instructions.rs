//! Instructions an operation, by callgrind: they repeat, whatever else the machine does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use super::{output, there_is};

/// Rows in which threads take part that callgrind would run one after the other, or the clock; and
/// those whose rounds are longer than what is counted.
const NOT_COUNTED: [&str; 10] = [
    "two_workers",
    "/short/",
    "fire_cpu",
    "offload/",
    "execute/",
    "handle/",
    "task_group/",
    "100003",
    "1000003",
    "/1e",
];

/// What each contestant of each row that one thread runs executes an operation; nothing if there
/// is no valgrind.
pub(super) fn count<'a>(
    binary: &Path,
    names: impl Iterator<Item = &'a str>,
) -> Result<Option<String>, String> {
    if !there_is("valgrind") {
        println!("── no valgrind: instructions are not counted");
        return Ok(None);
    }
    println!("── instructions");
    let folder = std::env::temp_dir().join(format!("selvedge-counts-{}", process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut text = String::new();
    for name in names.filter(|name| NOT_COUNTED.iter().all(|word| !name.contains(word))) {
        match row(binary, name, &folder) {
            Ok(contestants) => {
                for (contestant, instructions) in contestants {
                    text.push_str(&format!("{name}\t{contestant}\t{instructions:.1}\n"));
                }
            }
            Err(failure) => println!("{name} is not counted: {failure}"),
        }
    }
    fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(Some(text))
}

/// One process a row. For each contestant it calls `counted` for nothing, which takes what came
/// before, and twice for work, the second time for twice as many operations. Callgrind dumps after
/// each call and begins anew. The difference of the two is the loop alone.
fn row(binary: &Path, name: &str, folder: &Path) -> Result<Vec<(String, f64)>, String> {
    let dump = folder.join("dump");
    let printed = output(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet"])
            .arg("--dump-after=selvedge_benches::counted*")
            .arg(format!("--callgrind-out-file={}", dump.display()))
            .arg(binary)
            .args(["counted", name]),
    )?;
    let mut found = Vec::new();
    for (at, line) in printed.lines().enumerate() {
        let Some((who, few)) = line.split_once('\t') else { continue };
        let few: f64 = few.parse().map_err(|_| format!("{name}: {line}"))?;
        let total = |call: usize| total(&folder.join(format!("dump.{}", 3 * at + call + 1)));
        found.push((who.to_owned(), (total(2)? - total(1)?) / few));
    }
    for file in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path: PathBuf = file.map_err(|error| error.to_string())?.path();
        fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(found)
}

/// The instructions in a dump.
fn total(dump: &Path) -> Result<f64, String> {
    let text = fs::read_to_string(dump).map_err(|error| format!("{}: {error}", dump.display()))?;
    let lines = text.lines().rev();
    let total = lines.filter_map(|line| line.strip_prefix("totals: ")).next();
    let parsed = total.and_then(|total| total.trim().parse().ok());
    parsed.ok_or_else(|| format!("{}: no total", dump.display()))
}
