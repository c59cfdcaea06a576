//! The benchmarks: every row against its peers, into the tables and charts of `benches/report/`.

mod chart;
mod instructions;
mod machine;
mod rows;
mod table;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use self::rows::Row;
use crate::run::{Step, cargo, root};

pub(crate) fn command(args: &[String]) -> Result<(), String> {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => report(false),
        ["--full"] => report(true),
        ["--draw"] => write(),
        ["--count"] => count(),
        ["criterion", ..] => benches().args(&args[1..]).step("criterion"),
        _ => benches().args(args).step("bench"),
    }
}

fn benches() -> Step {
    cargo(["bench", "-p", "selvedge-benches", "--"])
}

/// Where the report lies.
fn folder() -> PathBuf {
    root().join("benches/report")
}

/// Measures every row, a process each, and writes the report.
fn report(full: bool) -> Result<(), String> {
    let binary = build()?;
    let start = Instant::now();
    let how = if full { "long turns (`cargo xtask bench --full`)" } else { "a quick run" };
    let machine = machine::describe(how)?;
    let names = output(Command::new(&binary).arg("list"))?;
    let mut measured = String::new();
    for name in names.lines() {
        let rows = row(&binary, name, full)?;
        for row in rows.lines() {
            measured.push_str(&format!("{name}\t{row}\n"));
        }
        let ours = rows.lines().next().and_then(|row| row.split('\t').nth(1)).unwrap_or("?");
        println!("{name}: {ours} ns");
    }
    println!("── measured in {:.0} s", start.elapsed().as_secs_f64());
    fs::create_dir_all(folder()).map_err(|error| format!("benches/report: {error}"))?;
    save("times.tsv", &measured)?;
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    save("machine.txt", &format!("{}; measured in {minutes:.0} minutes\n", machine.trim_end()))?;
    if let Some(counts) = instructions::count(&binary, names.lines())? {
        save("instructions.tsv", &counts)?;
    }
    println!("── in {:.0} s with the counts", start.elapsed().as_secs_f64());
    write()
}

/// Counts instructions anew, and leaves the times as they are.
fn count() -> Result<(), String> {
    let binary = build()?;
    let names = output(Command::new(&binary).arg("list"))?;
    if let Some(counts) = instructions::count(&binary, names.lines())? {
        save("instructions.tsv", &counts)?;
    }
    write()
}

/// Measures a row in a process of its own. A contestant that loses a wake-up makes it sleep for
/// ever, so it has its time, and several tries.
fn row(binary: &Path, name: &str, full: bool) -> Result<String, String> {
    let limit = Duration::from_secs(if full { 600 } else { 90 });
    for _ in 0..TRIES {
        let mut command = Command::new(binary);
        command.args(["report", name]).args(full.then_some("--full")).stdout(Stdio::piped());
        let failed = |error: io::Error| format!("{name}: {error}");
        let mut child = command.spawn().map_err(failed)?;
        let end = Instant::now() + limit;
        while child.try_wait().map_err(failed)?.is_none() && Instant::now() < end {
            thread::sleep(Duration::from_millis(20));
        }
        if child.try_wait().map_err(failed)?.is_none() {
            println!("{name}: not done after {limit:?}, so a contestant sleeps for ever; again");
            child.kill().map_err(failed)?;
            child.wait().map_err(failed)?;
            continue;
        }
        let output = child.wait_with_output().map_err(failed)?;
        if !output.status.success() {
            return Err(format!("{name}: {}", output.status));
        }
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{name}: not done in {TRIES} tries"))
}

/// How often a row may begin.
const TRIES: usize = 3;

/// Builds the benches; the program.
fn build() -> Result<PathBuf, String> {
    println!("── build");
    let messages = cargo(["bench", "-p", "selvedge-benches", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"])
        .output("build of the benches")?;
    let mut programs = messages.lines().filter_map(|line| {
        let (_, after) = line.split_once("\"executable\":\"")?;
        after.split_once('"').map(|(path, _)| PathBuf::from(path))
    });
    programs.next_back().ok_or_else(|| "cargo named no program".into())
}

/// The tables and the charts, from what was measured.
fn write() -> Result<(), String> {
    let times = rows::read(&load("times.tsv")?)?;
    let counts = load("instructions.tsv").unwrap_or_default();
    let mut charts = Vec::new();
    for (family, title) in rows::FAMILIES {
        let here: Vec<&Row> = times.iter().filter(|row| row.family() == family).collect();
        if here.is_empty() {
            continue;
        }
        chart::draw(title, &here, &folder().join(format!("{family}.svg")))?;
        charts.push((family, title));
    }
    save("README.md", &table::all(&load("machine.txt")?, &charts, &times, &rows::counts(&counts)))?;
    println!("── written: benches/report/README.md");
    Ok(())
}

fn save(name: &str, text: &str) -> Result<(), String> {
    fs::write(folder().join(name), text).map_err(|error| format!("benches/report/{name}: {error}"))
}

fn load(name: &str) -> Result<String, String> {
    fs::read_to_string(folder().join(name))
        .map_err(|error| format!("benches/report/{name}: {error}"))
}

/// What a command prints; an error if it fails.
fn output(command: &mut Command) -> Result<String, String> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name} failed:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether there is such a program.
fn there_is(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| Path::new(&folder).join(program).is_file())
}
