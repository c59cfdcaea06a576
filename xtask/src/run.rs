//! Runs a command as a step, with its name and its time.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root").to_owned()
}

/// `cargo` with these arguments, in the root.
pub(crate) fn cargo<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Step {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(root());
    Step(command)
}

/// A command that is about to run.
pub(crate) struct Step(pub(crate) Command);

impl Step {
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.0.args(args);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(key, value);
        self
    }

    /// Adds `flag` to the flags that the caller has set.
    pub(crate) fn rustflag(self, flag: &str) -> Self {
        let before = std::env::var("RUSTFLAGS").unwrap_or_default();
        self.env("RUSTFLAGS", format!("{before} {flag}").trim())
    }

    /// Runs it to its end; an error names it.
    pub(crate) fn step(mut self, name: &str) -> Result<(), String> {
        println!("── {name}");
        let start = Instant::now();
        let status = self.0.status().map_err(|error| format!("{name}: {error}"))?;
        println!("── {name}: {:.1} s", start.elapsed().as_secs_f64());
        if status.success() { Ok(()) } else { Err(format!("{name} failed")) }
    }

    /// As [`step`](Self::step), for what might never end.
    pub(crate) fn step_within(mut self, limit: Duration, name: &str) -> Result<(), String> {
        println!("── {name}");
        let told = |error| format!("{name}: {error}");
        let start = Instant::now();
        let mut child = self.0.spawn().map_err(told)?;
        let status = loop {
            if let Some(status) = child.try_wait().map_err(told)? {
                break status;
            }
            if start.elapsed() > limit {
                child.kill().map_err(told)?;
                child.wait().map_err(told)?;
                return Err(format!("{name} was not done after {} s", limit.as_secs()));
            }
            thread::sleep(Duration::from_millis(50));
        };
        println!("── {name}: {:.1} s", start.elapsed().as_secs_f64());
        if status.success() { Ok(()) } else { Err(format!("{name} failed: {status}")) }
    }

    /// Runs it to its end and hands out what it printed.
    pub(crate) fn output(mut self, name: &str) -> Result<String, String> {
        let output = self.0.output().map_err(|error| format!("{name}: {error}"))?;
        if !output.status.success() {
            return Err(format!("{name} failed:\n{}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
