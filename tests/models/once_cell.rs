//! What must hold of a cell and those who make its value, in every interleaving.

use std::{
    convert::Infallible,
    future::{pending, ready},
    sync::Arc,
};

use loom::cell::Cell;
use selvedge::sync::OnceCell;

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// A cell, and what only one initialiser at a time may touch.
struct Work {
    cell: OnceCell<u32>,
    runs: Cell<u32>,
}

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the cell is shared on purpose")]
unsafe impl Sync for Work {}

impl Work {
    fn new() -> Arc<Self> {
        Arc::new(Self { cell: OnceCell::new(), runs: Cell::new(0) })
    }

    fn run(&self) -> u32 {
        self.runs.set(self.runs.get() + 1);
        self.runs.get()
    }
}

/// One makes the value, and all see it, whole.
///
/// Red when: the store of `write`, or the load of `is_set`, is Relaxed; mutants "a maker lines up
/// without a second look" and "a value sends one maker away".
#[test]
fn one_makes_it_and_all_see_it() {
    check(2, || {
        let work = Work::new();
        let others = [(); 2].map(|()| {
            let work = work.clone();
            spawn(move || assert_eq!(*block_on(work.cell.get_or_init(|| ready(work.run()))), 1))
        });
        assert_eq!(*block_on(work.cell.get_or_init(|| ready(work.run()))), 1);
        for other in others {
            other.join().unwrap();
        }
        assert_eq!((work.runs.get(), work.cell.statistics().waiting), (1, 0));
    });
}

/// A value wakes all who only wait for it.
///
/// Red when: the store of `write`, or the load of `is_set`, is Relaxed; mutants "raising wakes one"
/// and "lines up without a second look".
#[test]
fn a_value_wakes_all_who_wait() {
    check(2, || {
        let cell = Arc::new(OnceCell::new());
        let waiters = [(); 2].map(|()| {
            let cell = cell.clone();
            spawn(move || *block_on(cell.wait()))
        });
        let made = *block_on(cell.get_or_init(|| ready(7)));
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap(), made);
        }
        assert_eq!(cell.statistics().waiting, 0);
    });
}

/// When whoever makes it is cancelled, exactly one takes over, with its own.
///
/// Red when: `give_back` stores Relaxed, or the CAS of `try_take` is Relaxed; mutant "nobody takes
/// over".
#[test]
fn one_takes_over_from_who_is_cancelled() {
    check(3, || {
        let work = Work::new();
        let quitter = spawn({
            let work = work.clone();
            move || {
                let init = work.cell.get_or_init(|| {
                    work.runs.set(work.runs.get());
                    pending()
                });
                let _ = poll_and_cancel(init);
            }
        });
        let stayer = spawn({
            let work = work.clone();
            move || *block_on(work.cell.get_or_init(|| ready(work.run())))
        });
        quitter.join().unwrap();
        assert_eq!(stayer.join().unwrap(), 1);
        assert_eq!(work.cell.get(), Some(&1));
    });
}

/// A waiter that is granted the turn and cancels hands it on.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn a_cancelled_successor_hands_on() {
    check(3, || {
        let cell = Arc::new(OnceCell::new());
        let quitter = spawn({
            let cell = cell.clone();
            move || _ = poll_and_cancel(cell.get_or_init(pending::<u32>))
        });
        let stayer = spawn({
            let cell = cell.clone();
            move || *block_on_moved(cell.get_or_init(|| ready(2)))
        });
        let _ = poll_and_cancel(cell.get_or_init(pending::<u32>));
        quitter.join().unwrap();
        assert_eq!(stayer.join().unwrap(), 2);
    });
}

/// Failures end with their own caller; the next tries, and sees what was done before.
///
/// Red when: `give_back` stores Relaxed, or the CAS of `try_take` is Relaxed.
#[test]
fn a_failure_lets_the_next_try() {
    check(3, || {
        let work = Work::new();
        let failing = spawn({
            let work = work.clone();
            move || {
                let made = work.cell.get_or_try_init(|| {
                    work.runs.set(work.runs.get());
                    ready(Err("no warp"))
                });
                block_on(made).map(|value| *value)
            }
        });
        let made = work.cell.get_or_try_init(|| ready(Ok::<_, Infallible>(work.run())));
        assert_eq!(block_on(made), Ok(&1));
        assert!(failing.join().unwrap().map_or_else(|error| error == "no warp", |seen| seen == 1));
    });
}

/// `set` either does, or says who was first.
///
/// Red when: the store of `write`, or the load of `is_set`, is Relaxed; mutant "a maker lines up
/// without a second look".
#[test]
fn set_beside_a_maker() {
    check(3, || {
        let cell = Arc::new(OnceCell::new());
        let maker = spawn({
            let cell = cell.clone();
            move || *block_on(cell.get_or_init(|| ready(1)))
        });
        let set = cell.set(2);
        let made = maker.join().unwrap();
        assert_eq!(made, if set.is_ok() { 2 } else { 1 });
    });
}
