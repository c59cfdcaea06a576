//! What the harness finds, and how it tells of it.

use std::{sync::Arc, time::Duration};

use selvedge::{
    model::{
        self, Check,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    sync::{Mutex, Semaphore},
};

use super::locks;

/// Ends when the flag is up; nobody wakes it.
async fn forgetful(flag: Arc<AtomicBool>) {
    std::future::poll_fn(|_| match flag.load(Relaxed) {
        true => std::task::Poll::Ready(()),
        false => std::task::Poll::Pending,
    })
    .await;
}

/// A lost wake-up is found, and the table names who sleeps for ever.
///
/// Red when: the harness wakes a task that nobody woke.
#[test]
fn a_lost_wake_up_is_found_and_named() {
    let report = Check::new().named("lost").run(|d| {
        let flag = Arc::new(AtomicBool::new(false));
        let setter = flag.clone();
        d.task("sleeper", forgetful(flag));
        d.task("setter", async move { setter.store(true, Relaxed) });
    });
    let text = report.to_string();
    assert!(report.failure.is_some_and(|failure| failure.starts_with("deadlock")), "{text}");
    assert!(text.contains("sleeper sleeps for ever"), "{text}");
    assert!(text.contains("SLEEPS FOR EVER"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120 || line.starts_with("pictures")));
}

/// A read, then a write, of a counter is found to lose an increment.
///
/// Red when: the two tasks share a thread. A load may be old without any preemption.
#[test]
fn a_racy_counter_is_found() {
    let report = Check::new().named("racy").run(|d| {
        let count = Arc::new(AtomicUsize::new(0));
        for name in ["one", "two"] {
            let count = count.clone();
            d.task(name, async move { count.store(count.load(Relaxed) + 1, Relaxed) });
        }
        d.after(move || assert_eq!(count.load(Relaxed), 2));
    });
    assert!(report.failure.is_some());
}

/// A search that was cut is no pass.
///
/// Red when: `Report::unwrap` looks at the failure alone.
#[test]
#[should_panic(expected = "cut after")]
fn a_search_that_was_cut_fails() {
    Check::new()
        .named("cut")
        .unbounded()
        .max_duration(Duration::ZERO)
        .run(|d| locks(d, 3, 3))
        .unwrap();
}

/// A wake-up that is lost, but for a timeout that makes up for it, shows when time stands still.
///
/// Red when: `Check::frozen` lets timers fire.
#[test]
fn a_frozen_clock_shows_what_a_timeout_hides() {
    let forgotten = |check: Check| {
        check.run(|d| {
            let (clock, flag) = (d.clock(), Arc::new(AtomicBool::new(false)));
            let setter = flag.clone();
            d.task("patient", async move {
                while clock.timeout(1, forgetful(flag.clone())).await.is_err() && clock.now() < 2 {}
            });
            d.task("setter", async move { setter.store(true, Relaxed) });
        })
    };
    forgotten(Check::new().named("ticking")).unwrap();
    let report = forgotten(Check::new().named("frozen").frozen());
    assert!(report.to_string().contains("patient sleeps for ever"), "{report}");
}

/// A waker that outlives its task is a leak, and so is a message that nobody drops.
///
/// Red when: `Ledger::close` forgets to look, or is asked before the schedule has gone.
#[test]
fn what_is_left_behind_is_a_leak() {
    let report = Check::new().named("waker").run(|d| {
        d.task("careless", async {
            std::future::poll_fn(|cx| {
                std::mem::forget(cx.waker().clone());
                std::task::Poll::Ready(())
            })
            .await;
        });
    });
    let failure = report.failure.expect("a leak");
    assert_eq!(failure, "leak: a waker of `careless` is kept by what outlives it");

    let report = Check::new().named("token").run(|d| {
        let message = d.token("the message");
        d.task("forgetter", async move { std::mem::forget(message) });
    });
    assert_eq!(report.failure.as_deref(), Some("leak: `the message` is never dropped"));

    let report = Check::new().named("arc").run(|d| {
        let shared = model::Arc::new(());
        d.task("forgetter", async move { std::mem::forget(shared) });
    });
    assert!(report.failure.is_some_and(|failure| failure.contains("Arc")));
}

/// Two accesses that nothing orders are told with their places.
///
/// Red when: `model::Cell` goes around loom.
#[test]
fn a_data_race_is_found() {
    struct Racy(model::Cell<u32>);
    let report = Check::new().named("race").run(|d| {
        let cell = Arc::new(Racy(model::Cell::new(0)));
        for name in ["one", "two"] {
            let cell = cell.clone();
            #[expect(unsafe_code, reason = "the race is the point")]
            d.task(name, async move {
                // SAFETY: there is none; loom has to say so.
                unsafe { cell.0.with(|n| *n += 1) }
            });
        }
    });
    let text = report.to_string();
    assert!(text.contains("Causality violation"), "{text}");
    assert!(text.contains("It went wrong in step"), "{text}");
    assert!(text.contains("model/findings.rs"), "{text}");
}

/// A panic is told with its step and its task, and the rows with the lines that did them.
///
/// Red when: `watched` forgets to write the row, or `op!` is not told who called.
#[test]
fn a_panic_is_told_with_its_step() {
    let report = Check::new().named("panic").run(|d| {
        let mutex = Arc::new(Mutex::new(0));
        for name in ["one", "two"] {
            let mutex = mutex.clone();
            d.task(name, async move {
                let mut count = mutex.lock().await;
                *count += 1;
                model::note("counted");
                assert!(*count < 2, "one too many");
            });
        }
    });
    let text = report.to_string();
    assert!(text.contains("FAILS: one too many"), "{text}");
    assert!(text.contains("It went wrong in step"), "{text}");
    assert!(text.contains("| findings.rs:"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 120 || line.starts_with("pictures")));
}

/// Destructors that use primitives, atomics and shared state, when the model has already failed,
/// do not end the test before the report.
///
/// Red when: the shim's atomics, lock or `model::Arc` touch loom in a failed model: an abort.
#[test]
fn a_second_panic_does_not_hide_the_first() {
    struct Bold(model::Arc<AtomicUsize>, Arc<Semaphore>);
    impl Drop for Bold {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
            self.1.add_permits(1);
            drop(self.1.try_acquire());
        }
    }
    let report = Check::new().named("bold").run(|d| {
        let (count, looms) = (model::Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        for name in ["one", "two"] {
            let bold = Bold(count.clone(), looms.clone());
            let looms = looms.clone();
            d.task(name, async move {
                let _permit = looms.acquire().await;
                assert!(bold.1.is_closed(), "on purpose");
            });
        }
        let looms = looms.clone();
        d.task("giver", async move { looms.add_permits(1) });
    });
    assert!(report.failure.is_some_and(|failure| failure.starts_with("on purpose")));
}

/// The same check finds its failing schedule again at once; a design that was mended passes.
///
/// Red when: the choices are not kept with loom's checkpoint, or are taken for another design's.
#[test]
fn a_failure_is_found_again_at_once() {
    let racy = |mended: bool| {
        Check::new().named("again").run(move |d| {
            let count = Arc::new(AtomicUsize::new(0));
            let chosen = d.choose(3);
            for name in ["one", "two"] {
                let count = count.clone();
                d.task(name, async move {
                    if mended || chosen < 2 {
                        count.fetch_add(1, Relaxed);
                    } else {
                        count.store(count.load(Relaxed) + 1, Relaxed);
                    }
                });
            }
            d.after(move || assert_eq!(count.load(Relaxed), 2));
        })
    };
    racy(true).unwrap();
    let first = racy(false);
    assert!(first.failure.is_some() && first.schedules > 1, "{first}");
    let again = racy(false);
    assert_eq!((&again.failure, again.schedules), (&first.failure, 1), "{again}");
    racy(true).unwrap();
    assert_eq!(racy(false).schedules, first.schedules);
    racy(true).unwrap();
}

/// Calls whose answers no order explains are found.
///
/// Red when: `Design::linearizable` forgets to look in the end.
#[test]
fn what_is_not_linearizable_is_found() {
    let report = Check::new().named("not linearizable").run(|d| {
        let count = Arc::new(AtomicUsize::new(0));
        let history = d.linearizable(0_usize, |state, (): &()| {
            *state += 1;
            *state
        });
        for name in ["one", "two"] {
            let (count, history) = (count.clone(), history.clone());
            d.thread(name, move || {
                history.call((), || {
                    let next = count.load(Relaxed) + 1;
                    count.store(next, Relaxed);
                    next
                });
            });
        }
    });
    assert!(report.failure.is_some_and(|failure| failure.starts_with("no order of the calls")));
}
