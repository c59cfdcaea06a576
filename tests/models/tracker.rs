//! What must hold of a task tracker in every interleaving.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use selvedge::context::TaskTracker;

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// What a task does; loom reports whoever looks before it has ended.
struct Work(UnsafeCell<i32>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Sync for Work {}

impl Work {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(0)))
    }
}

/// Whoever waited sees what each task did, by whichever way the wait ended.
///
/// Red when: the `fetch_sub` of `leave`, the `fetch_or` of `close` or the load of `try_take` is
/// Relaxed.
#[test]
fn whoever_waited_sees_the_work() {
    check(3, || {
        let tracker = TaskTracker::new();
        let works = [(); 2].map(|()| Work::new());
        let tasks = [0, 1].map(|at| {
            let (token, work) = (tracker.token(), works[at].clone());
            spawn(move || {
                work.0.with_mut(|_| ());
                drop(token);
            })
        });
        tracker.close();
        block_on(tracker.wait());
        for work in &works {
            work.0.with(|_| ());
        }
        for task in tasks {
            task.join().unwrap();
        }
    });
}

/// A close that finds the last task gone lets those go that wait, who see its work.
///
/// Red when: the `fetch_or` of `close` is Relaxed.
#[test]
fn a_close_ends_the_wait() {
    check(3, || {
        let tracker = TaskTracker::new();
        let work = Work::new();
        let task = spawn({
            let (token, work) = (tracker.token(), work.clone());
            move || {
                work.0.with_mut(|_| ());
                drop(token);
            }
        });
        let waits = spawn({
            let tracker = tracker.clone();
            move || {
                block_on(tracker.wait());
                work.0.with(|_| ());
            }
        });
        tracker.close();
        task.join().unwrap();
        waits.join().unwrap();
    });
}

/// The last task leaves while others line up, move and cancel: nobody sleeps for ever.
///
/// Red when: mutant "the last task leaves the line asleep" or "who waits for tasks looks once".
#[test]
fn the_last_task_leaves_beside_a_wait() {
    check(3, || {
        let tracker = TaskTracker::new();
        let token = tracker.token();
        tracker.close();
        let leaves = spawn(move || drop(token));
        let quits = spawn({
            let tracker = tracker.clone();
            move || poll_and_cancel(tracker.wait())
        });
        block_on_moved(tracker.wait());
        leaves.join().unwrap();
        quits.join().unwrap();
    });
}
