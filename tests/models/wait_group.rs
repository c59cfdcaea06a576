//! What must hold of a wait group in every interleaving.

use std::{future::IntoFuture, sync::Arc};

use loom::cell::Cell;
use selvedge::sync::WaitGroup;

use crate::runner::{block_on, check, poll_and_cancel, spawn};

struct Work([Cell<u32>; 2]);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the cells are shared on purpose")]
unsafe impl Sync for Work {}

/// Whoever has waited sees what was done before each handle went.
///
/// Red when: `drop` counts down Relaxed, or the load of `holds` is Relaxed; mutant "the last handle
/// tells nobody".
#[test]
fn what_each_handle_did_is_seen() {
    check(3, || {
        let work = Arc::new(Work([Cell::new(0), Cell::new(0)]));
        let group = WaitGroup::new();
        let workers = [0, 1].map(|n| {
            let (work, handle) = (work.clone(), group.clone());
            spawn(move || {
                work.0[n].set(1);
                drop(handle);
            })
        });
        block_on(group.into_future());
        assert_eq!(work.0[0].get() + work.0[1].get(), 2);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

/// A wait that finds the last handle gone, without having been in line, sees as much.
///
/// Red when: `drop` counts down Relaxed, or the load of `holds` is Relaxed.
#[test]
fn a_late_wait_sees_it_too() {
    check(3, || {
        let work = Arc::new(Work([Cell::new(0), Cell::new(0)]));
        let group = WaitGroup::new();
        let handle = group.clone();
        let wait = group.into_future();
        let worker = spawn({
            let work = work.clone();
            move || {
                work.0[0].set(1);
                drop(handle);
            }
        });
        if poll_and_cancel(wait).is_some() {
            assert_eq!(work.0[0].get(), 1);
        }
        worker.join().unwrap();
    });
}

/// A handle that is cloned while others wait is waited for as well, and every clone of the wait
/// ends.
///
/// Red when: mutants "the last handle tells nobody" and "raising wakes one".
#[test]
fn clones_of_both_kinds_count() {
    check(2, || {
        let group = WaitGroup::new();
        let handle = group.clone();
        let wait = group.into_future();
        let waiters = [(); 2].map(|()| {
            let wait = wait.clone();
            spawn(move || block_on(wait))
        });
        let late = handle.clone();
        drop(handle);
        drop(late);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(wait.waiters(), 0);
    });
}
