//! Which machine it was.

use std::{fs, process::Command, thread};

use super::output;

/// Processor, cores, kernel, compiler, date, commit; and how it was measured.
pub(super) fn describe(how: &str) -> Result<String, String> {
    let first = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value).trim().to_owned()
    };
    let processor = first("/proc/cpuinfo", "model name");
    let cores = thread::available_parallelism().map_err(|error| error.to_string())?;
    let kernel = output(Command::new("uname").arg("-sr")).unwrap_or_else(|_| "unknown".into());
    let rustc = output(Command::new("rustc").arg("--version"))?;
    let date = output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
    let commit = output(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]))
        .unwrap_or_else(|_| "unknown".into());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    let (kernel, rustc, date, commit) = (kernel.trim(), rustc.trim(), date.trim(), commit.trim());
    Ok(format!(
        "{processor}, {cores} cores (virtual ones count); {kernel}; {rustc}; {date}; commit {commit}; {how}; \
        load average {load} when it began\n"
    ))
}
