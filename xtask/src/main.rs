//! The commands of this repository: `cargo xtask test | models | weaken | features | soak | …`.

mod bench;
mod docs;
mod features;
mod harden;
mod models;
mod msrv;
mod package;
mod run;
mod test;
mod weaken;

use std::{env, process::ExitCode};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test             everything that must be green: format, lints, tests, examples, docs, models
  models [NAME]    the loom models, or those whose name contains NAME
  models --random [NAME]
                   the models whose schedules chance chooses
  weaken [NAME]    weakens each ordering, and switches on each mutant, until a model turns red
  features         checks each feature alone, none and all
  msrv             the tests, by the oldest compiler that is promised
  docs             the documentation: no warning, and no page that leads to no example
  soak [--seconds N] [--seed N] [FAMILY]
                   random operations, cancelled at random, on all cores
  sanitize [address | thread] [SECONDS]
                   the sanitizers of rustc (nightly, or RUSTC_BOOTSTRAP=1)
  valgrind [NAME]  memcheck over the behaviour tests
  deny             licences, duplicates and sources of the dependencies, by cargo-deny
  package          what would be published: complete, and built from what is in it
  bench            every row against the peers, into benches/report/; --full for longer
  bench --count    the instruction counts alone
  bench --draw     the tables and charts anew, from what was measured
  bench paired [WORD…] | criterion [FILTER] | fairness | cancelled | lateness
                   some rows, on the terminal";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<_> = args.collect();
    let result = match &*command {
        "test" => test::all(),
        "models" => models::check(&rest),
        "weaken" => weaken::all(rest.iter().find(|arg| !arg.starts_with("--"))),
        "features" => features::check(),
        "msrv" => msrv::check(),
        "docs" => docs::check(),
        "soak" => harden::soak(&rest),
        "sanitize" => harden::sanitize(&rest),
        "valgrind" => harden::valgrind(&rest),
        "deny" => harden::deny(),
        "package" => package::check(),
        "bench" => bench::command(&rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
