//! What must hold of a latch in every interleaving.

use std::sync::Arc;

use loom::cell::Cell;
use selvedge::sync::Latch;

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// What those write who count down, and those read who have waited.
struct Work {
    latch: Latch,
    done: [Cell<u32>; 2],
}

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the cells are shared on purpose")]
unsafe impl Sync for Work {}

impl Work {
    fn new() -> Arc<Self> {
        Arc::new(Self { latch: Latch::new(2), done: [Cell::new(0), Cell::new(0)] })
    }

    fn start(self: &Arc<Self>, n: usize) -> loom::thread::JoinHandle<()> {
        let work = self.clone();
        spawn(move || {
            work.done[n].set(1);
            work.latch.count_down();
        })
    }

    fn look(&self) {
        assert_eq!(self.done[0].get() + self.done[1].get(), 2);
    }
}

/// Whoever waits until it is open sees what was done before each step, the first as the last.
///
/// Red when: the CAS of `arrive`, or the load of `try_wait`, is Relaxed; mutants "lines up without
/// a second look" and "an open latch tells nobody".
#[test]
fn each_step_is_seen() {
    check(3, || {
        let work = Work::new();
        let steps = [work.start(0), work.start(1)];
        block_on(work.latch.wait());
        work.look();
        for step in steps {
            step.join().unwrap();
        }
    });
}

/// Whoever finds it open without waiting sees as much.
///
/// Red when: the CAS of `arrive`, or the load of `try_wait`, is Relaxed.
#[test]
fn a_look_sees_each_step() {
    check(3, || {
        let work = Work::new();
        // Who looks is a thread of its own: loom tries no schedule for a load that comes before
        // another thread's load and CAS.
        let looker = {
            let work = work.clone();
            spawn(move || {
                if work.latch.try_wait().is_ok() {
                    work.look();
                }
            })
        };
        let other = work.start(1);
        work.done[0].set(1);
        work.latch.count_down();
        other.join().unwrap();
        looker.join().unwrap();
        assert_eq!(work.latch.try_wait(), Ok(()));
    });
}

/// All are woken, in more than one batch, and one who cancels takes nobody with it.
///
/// Red when: mutants "raising wakes one" and "an open latch tells nobody".
#[test]
fn all_are_let_through() {
    check(2, || {
        let latch = Arc::new(Latch::new(1));
        let waiters = [(); 3].map(|()| {
            let latch = latch.clone();
            spawn(move || block_on(latch.wait_owned()))
        });
        let _ = poll_and_cancel(latch.wait());
        latch.count_down();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(latch.waiters(), 0);
    });
}

/// A waiter that moves to another task is woken there.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    check(3, || {
        let latch = Arc::new(Latch::new(1));
        let mover = spawn({
            let latch = latch.clone();
            move || block_on_moved(latch.wait())
        });
        latch.count_down();
        mover.join().unwrap();
    });
}
