//! The order of locks, checked.
//!
//! ```sh
//! cargo test -p bank                                                  # stress, on threads
//! RUSTFLAGS="--cfg selvedge_loom" cargo test --release -p bank        # every schedule
//! RUSTFLAGS="--cfg selvedge_loom" cargo test --release -p bank --features bug
//! ```

use std::sync::Arc;

use bank::Bank;
use selvedge::model::{Check, Report};

/// Two who move money in opposite directions, one of whom may give up; and an auditor.
fn check() -> Report {
    Check::new().named("bank").run(|d| {
        let bank = Arc::new(Bank::new([5, 5]));
        let amount = [1, 9][d.choose(2)];
        let (there, back, auditor) = (bank.clone(), bank.clone(), bank.clone());
        d.task("there", async move { _ = there.transfer(0, 1, amount).await });
        d.cancellable("back", async move { _ = back.transfer(1, 0, 1).await });
        d.task("auditor", async move { assert_eq!(auditor.total().await, 10) });
    })
}

#[cfg(not(feature = "bug"))]
#[test]
fn no_two_transfers_wait_for_each_other() {
    println!("{}", check().unwrap());
}

#[cfg(all(feature = "bug", selvedge_loom))]
#[test]
fn the_check_finds_the_seeded_bug() {
    let report = check();
    println!("{report}");
    assert!(report.seconds < 10.0, "{report}");
    assert!(report.failure.as_ref().is_some_and(|failure| failure.starts_with("deadlock")));
    let timeline = report.timeline.unwrap();
    let verdict = timeline.verdict().join(" ");
    assert!(verdict.contains("sleeps for ever from step"), "{verdict}");
    // The README shows the end of it.
    let told = [timeline.table(), timeline.verdict().join("\n")].concat();
    let readme = include_str!("../../../README.md");
    let (_, shown) = readme.split_once("  # | there").expect("the table");
    let (shown, _) = shown.split_once("```").expect("its end");
    for line in shown.lines().skip(2) {
        assert!(told.contains(line), "{line:?} is in the README, and not in\n{told}");
    }
}
