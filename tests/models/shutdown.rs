//! What must hold of a shutdown in every interleaving.

use std::{sync::Arc, time::Duration};

use loom::cell::UnsafeCell;
use selvedge::{
    context::{Exit, Shutdown},
    time::VirtualClock,
};

use crate::{
    runner::{block_on, check, poll_and_cancel, spawn},
    sleep::run,
};

/// What a task does; loom reports whoever looks before it has ended.
struct Work(UnsafeCell<i32>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Sync for Work {}

/// The last task leaves a cleanup and ends, beside the end of its phase: the phase waits for both,
/// and sees what they did.
///
/// Red when: mutant "a phase ends with its tasks", "the last task leaves the line asleep" or "who
/// waits for tasks looks once".
#[test]
fn the_last_task_leaves_a_cleanup() {
    check(2, || {
        let mut shutdown = Shutdown::new();
        let phase = shutdown.phase("tasks");
        let work = Arc::new(Work(UnsafeCell::new(0)));
        let task = spawn({
            let (token, reaper) = (phase.tracker().token(), phase.reaper().clone());
            let work = work.clone();
            move || {
                work.0.with_mut(|_| ());
                drop(reaper.guard((), async |(), _| ()));
                drop(token);
            }
        });
        let report = block_on(shutdown.run_on(VirtualClock::new(), "over"));
        work.0.with(|_| ());
        assert!(report.is_complete());
        assert_eq!(report.phases[0].cleanups.done, 1);
        task.join().unwrap();
    });
}

/// A cleanup gives another thread a task: the phase waits for that one too.
///
/// Red when: mutant "a phase looks at its tasks once", or the `fetch_sub` of the tracker's `leave` is
/// Relaxed.
#[test]
fn a_cleanup_tracks_a_task() {
    check(2, || {
        let mut shutdown = Shutdown::new();
        let phase = shutdown.phase("tasks");
        let work = Arc::new(Work(UnsafeCell::new(0)));
        let close = {
            let (tracker, work) = (phase.tracker().clone(), work.clone());
            async move |(), _: Exit| {
                let token = tracker.token();
                drop(spawn(move || {
                    work.0.with_mut(|_| ());
                    drop(token);
                }));
            }
        };
        drop(phase.reaper().guard((), close));
        let report = block_on(shutdown.run_on(VirtualClock::new(), "over"));
        work.0.with(|_| ());
        assert!(report.is_complete());
    });
}

/// The deadline beside the last task's exit: the phase ends by the one or the other, and has nothing
/// left unless its time was over. The next phase has a task that never ends, and ends all the same.
///
/// Red when: mutant "a phase outlives its time".
#[test]
fn the_last_task_leaves_at_the_deadline() {
    check(2, || {
        let driver = run(2);
        let second = Duration::from_secs(1);
        let mut shutdown = Shutdown::new();
        let phase = shutdown.phase_within("tasks", second);
        let stuck = shutdown.phase_within("stuck", second);
        let (token, never) = (phase.tracker().token(), stuck.tracker().token());
        let task = spawn(move || drop(token));
        let report = block_on(shutdown.run_on(&driver.timer, "over"));
        let [first, last] = &report.phases[..] else { panic!("two phases") };
        assert!(first.is_complete() || first.elapsed);
        assert_eq!((last.elapsed, last.tasks_left), (true, 1));
        task.join().unwrap();
        assert!(phase.tracker().is_empty());
        drop(never);
        driver.stop();
    });
}

/// A run that is dropped beside the last task's exit is gone on with by the next.
///
/// Red when: mutant "a phase ends with its tasks".
#[test]
fn a_dropped_run_is_gone_on_with() {
    check(2, || {
        let mut shutdown = Shutdown::new();
        let phase = shutdown.phase("tasks");
        let task = spawn({
            let (token, reaper) = (phase.tracker().token(), phase.reaper().clone());
            move || {
                drop(reaper.guard((), async |(), _| ()));
                drop(token);
            }
        });
        let clock = VirtualClock::new();
        poll_and_cancel(shutdown.run_on(&clock, "over"));
        let report = block_on(shutdown.run_on(&clock, "again"));
        assert_eq!((report.is_complete(), report.phases[0].cleanups.done), (true, 1));
        assert_eq!(phase.token().reason().unwrap().to_string(), "over");
        task.join().unwrap();
    });
}
