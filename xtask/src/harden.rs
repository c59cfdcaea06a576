//! What goes beyond the tests: soaks, fuzzing, sanitizers, valgrind, and a look at what others wrote.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::run::{Step, cargo, root};

/// Runs for so many seconds, in release.
pub(crate) fn soak(args: &[String]) -> Result<(), String> {
    cargo(["test", "--quiet", "--release", "--test", "soak", "--"]).args(args).step("soak")
}

/// The target of sanitized builds: it is named, so that no build script is sanitized.
const TARGET: &str = "x86_64-unknown-linux-gnu";

pub(crate) const SANITIZE: &str = "\
usage: cargo xtask sanitize [address | thread] [SECONDS]

  address  AddressSanitizer, and LeakSanitizer that comes with it, over the behaviour tests, the
           executors, the histories, the fuzz targets and a soak; tests that leak on purpose are
           not looked at for leaks
  thread   ThreadSanitizer over a soak, with every lock our own

Without a word, both; the soaks take SECONDS each, 20 unless told, and nothing takes longer than
ten minutes. Needs a nightly toolchain of rustup's; where there is none, the installed compiler
with RUSTC_BOOTSTRAP=1, and it says so. x86-64 Linux only.";

/// Whoever takes longer sleeps for ever.
const LONGEST: Duration = Duration::from_secs(600);

/// Parts of the names of tests that leak on purpose: what they forget shall hurt nobody else.
const LEAKY: [&str; 12] = [
    "a_child_is_stored_once",
    "a_forgotten_look",
    "a_forgotten_waiter",
    "a_hook_gets_what_nobody_will_get",
    "a_message_goes_when_everybody_has_it",
    "a_permit_that_comes_back_after_closing",
    "an_idle_channel_is_small",
    "forgetting_it_keeps",
    "forgotten_ends",
    "mem_forget",
    "sweep::",
    "what_is_forgotten",
];

/// tokio's own timers, which a slow machine makes late.
const TOKIO_S: &str = "drop_in::time::tokio_s";

/// The sanitizers of rustc.
pub(crate) fn sanitize(args: &[String]) -> Result<(), String> {
    let mut which = ["address", "thread"].to_vec();
    let mut seconds = "20";
    for arg in args {
        match &**arg {
            "address" | "thread" => which.retain(|name| name == arg),
            number if number.parse::<u32>().is_ok() => seconds = number,
            _ => return Err(format!("{arg:?}?\n\n{SANITIZE}")),
        }
    }
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("the sanitizers were not run: this is not x86-64 Linux".into());
    }
    let compiler = Compiler::find()?;
    for name in which {
        match name {
            "address" => address(&compiler, seconds)?,
            _ => thread(&compiler, seconds)?,
        }
    }
    Ok(())
}

fn address(compiler: &Compiler, seconds: &str) -> Result<(), String> {
    let tests = ["behaviour", "executors", "histories", "soak"];
    let mut programs = compiler.build("address", "selvedge", &tests)?;
    programs.extend(compiler.build("address", "selvedge-fuzz", &["fuzz"])?);
    for (test, program) in tests.iter().chain(&["fuzz"]).zip(programs) {
        let run = |leaks: bool| {
            let leaks = u8::from(leaks);
            // A place on the stack that is used too late is found as well.
            let options = format!("detect_stack_use_after_return=1:detect_leaks={leaks}");
            step(&program).env("ASAN_OPTIONS", options).env("RUST_BACKTRACE", "0")
        };
        let called = |what| format!("address sanitizer, {test}{what}");
        match *test {
            "soak" => run(true).args(["--seconds", seconds]).step_within(LONGEST, &called(""))?,
            "behaviour" => {
                let all = run(false).args(["--skip", TOKIO_S]);
                all.step_within(LONGEST, &called(", memory"))?;
                let skip = LEAKY.iter().chain([&TOKIO_S]).flat_map(|leaky| ["--skip", *leaky]);
                run(true).args(skip).step_within(LONGEST, &called(", leaks"))?;
            }
            _ => run(true).step_within(LONGEST, &called(""))?,
        }
    }
    Ok(())
}

fn thread(compiler: &Compiler, seconds: &str) -> Result<(), String> {
    for program in compiler.build("thread", "selvedge", &["soak"])? {
        step(&program)
            .args(["--seconds", seconds])
            .env("TSAN_OPTIONS", suppressions()?)
            .env("RUST_BACKTRACE", "0")
            .step_within(LONGEST, "thread sanitizer, soak")?;
    }
    Ok(())
}

/// What ThreadSanitizer does not understand, since std is compiled already.
const FALSE_ALARMS: &str = "\
# An `Arc` is freed behind a fence.
race:*drop_slow*
race_top:*alloc::sync::Arc*Drop*
# What is made once is made behind std's lock.
race:*once_lock::OnceLock*initialize*
";

fn suppressions() -> Result<String, String> {
    let file = root().join("target/tsan-suppressions");
    fs::write(&file, FALSE_ALARMS).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(format!("suppressions={} halt_on_error=1", file.display()))
}

fn step(program: &Path) -> Step {
    let mut command = Command::new(program);
    command.current_dir(root());
    Step(command)
}

/// What understands `-Z`.
enum Compiler {
    Nightly,
    Bootstrapped,
}

impl Compiler {
    fn find() -> Result<Self, String> {
        let asks = |args: &[&str]| {
            let asked = Command::new("rustup").args(args).output();
            asked.is_ok_and(|told| told.status.success())
        };
        if asks(&["run", "nightly", "rustc", "--version"]) {
            println!("the sanitizers are nightly's");
            return Ok(Self::Nightly);
        }
        // The runtime library comes with the standard library of the toolchain.
        let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
        let sysroot = sysroot.map_err(|error| format!("rustc: {error}"))?.stdout;
        let library = Path::new(String::from_utf8_lossy(&sysroot).trim())
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib/librustc-stable_rt.asan.a");
        if library.exists() {
            println!("no nightly toolchain: the sanitizers are stable's, with RUSTC_BOOTSTRAP=1");
            return Ok(Self::Bootstrapped);
        }
        Err("the sanitizers were not run: there is no nightly toolchain, and the installed one has \
             no runtime for them"
            .into())
    }

    /// Builds `tests` of `package`, and tells where they are.
    fn build(
        &self,
        sanitizer: &str,
        package: &str,
        tests: &[&str],
    ) -> Result<Vec<PathBuf>, String> {
        let build = match self {
            Self::Nightly => {
                let mut rustup = Command::new("rustup");
                rustup.args(["run", "nightly", "cargo"]).current_dir(root());
                Step(rustup)
            }
            Self::Bootstrapped => cargo::<&str>([]).env("RUSTC_BOOTSTRAP", "1"),
        };
        // std is not sanitized, which ThreadSanitizer has to be told is wanted; so no lock is std's.
        let own = match sanitizer {
            "thread" => "--cfg selvedge_spin -Cunsafe-allow-abi-mismatch=sanitizer",
            _ => "",
        };
        let build = build
            .args(["test", "--target", TARGET, "--target-dir", "target/sanitize", "-p", package])
            .args(["--features", "selvedge/model"])
            // The lints of nightly are not ours.
            .rustflag(&format!("-Zsanitizer={sanitizer} {own} --cap-lints allow"));
        executables(build, tests)
    }
}

/// Builds `tests` with `build`, and finds the programs.
fn executables(build: Step, tests: &[&str]) -> Result<Vec<PathBuf>, String> {
    let named = tests.iter().flat_map(|test| ["--test", *test]);
    println!("── building {}", tests.join(", "));
    let told = build.args(named).args(["--no-run", "--message-format=json"]).output("the build")?;
    tests
        .iter()
        .map(|test| {
            let name = format!("\"name\":\"{test}\"");
            let mut lines = told.lines().filter(|line| line.contains(&name));
            let path = lines.find_map(|line| {
                let (_, rest) = line.split_once("\"executable\":\"")?;
                rest.split_once('"').map(|(path, _)| PathBuf::from(path))
            });
            path.ok_or_else(|| format!("cargo did not say where {test} is"))
        })
        .collect()
}

/// Look at a clock that goes on: valgrind makes them late.
const HASTY: [&str; 4] =
    ["a_waker_may_use_the_timer_whenever", "in_real_time", "items_come_and_go", "drop_in::time"];

/// memcheck over the behaviour tests, or those whose names contain what is given: one at a time, for
/// memory and leaks; then those that leak on purpose, for memory alone.
pub(crate) fn valgrind(args: &[String]) -> Result<(), String> {
    let present = Command::new("valgrind").arg("--version").output();
    if !present.is_ok_and(|told| told.status.success()) {
        return Err("valgrind was not run: it is not installed".into());
    }
    for program in executables(cargo(["test"]), &["behaviour"])? {
        let run = |leaks: &str| {
            let mut valgrind = Command::new("valgrind");
            valgrind
                .args(["--quiet", "--error-exitcode=9", "--fair-sched=yes"])
                .args([&format!("--leak-check={leaks}"), "--show-leak-kinds=definite"])
                .arg("--errors-for-leak-kinds=definite")
                .arg(&program)
                .args(["--test-threads", "1"])
                .args(HASTY.iter().flat_map(|name| ["--skip", *name]))
                // A trace takes valgrind ten seconds.
                .env("RUST_BACKTRACE", "0")
                .current_dir(root());
            Step(valgrind)
        };
        run("full")
            .args(LEAKY.iter().flat_map(|name| ["--skip", *name]))
            .args(args)
            .step_within(LONGEST, "valgrind")?;
        if args.is_empty() {
            run("no").args(LEAKY).step_within(LONGEST, "valgrind, those that leak on purpose")?;
        }
    }
    Ok(())
}

/// The version of cargo-deny that deny.toml is written for.
const DENY: &str = "0.20.2";

/// Licences, duplicates and sources of all dependencies.
pub(crate) fn deny() -> Result<(), String> {
    let tools = root().join("target/tools");
    let program = tools.join("bin/cargo-deny");
    let version = Command::new(&program).arg("--version").output();
    let is_there =
        version.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).trim().ends_with(DENY));
    if !is_there {
        cargo(["install", "--locked", "cargo-deny", "--version", DENY, "--root"])
            .args([&tools])
            .step("installing cargo-deny")?;
    }
    // The advisories are not asked for: their database is a repository of its own, and CI has none.
    step(&program).args(["check", "licenses", "bans", "sources"]).step("deny")
}
