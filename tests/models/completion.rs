//! What must hold of a completion in every interleaving.

use std::sync::Arc;

use loom::cell::Cell;
use selvedge::sync::{Abandoned, Completion};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// Every observer sees the value.
///
/// Red when: the store of `write`, or the load of `outcome`, is Relaxed; mutant "lines up without a
/// second look".
#[test]
fn every_observer_sees_the_value() {
    check(3, || {
        let (completer, outcome) = Completion::new();
        let observers = [(); 2].map(|()| {
            let outcome = outcome.clone();
            spawn(move || assert_eq!(block_on(outcome.wait()), Ok(&7)))
        });
        let _ = poll_and_cancel(outcome.wait());
        completer.complete(7);
        for observer in observers {
            observer.join().unwrap();
        }
        assert_eq!(outcome.waiters(), 0);
    });
}

struct Left(Cell<u32>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the cell is shared on purpose")]
unsafe impl Sync for Left {}

/// Whoever is told that it was abandoned sees what was done before; waiting or not.
///
/// Red when: the store of `abandon`, or the load of `outcome`, is Relaxed.
#[test]
fn abandoning_is_seen_whole() {
    for wait in [true, false] {
        check(3, move || {
            let left = Arc::new(Left(Cell::new(0)));
            let (completer, outcome) = Completion::<u8>::new();
            let writer = spawn({
                let left = left.clone();
                move || {
                    left.0.set(1);
                    drop(completer);
                }
            });
            let seen = if wait { Some(block_on(outcome.wait())) } else { outcome.peek() };
            if let Some(seen) = seen {
                assert_eq!((seen, left.0.get()), (Err(Abandoned), 1));
            }
            writer.join().unwrap();
        });
    }
}

/// A wait that finds it abandoned at its first poll sees as much.
///
/// Red when: the load of `outcome` is Relaxed.
#[test]
fn a_first_poll_sees_it_whole() {
    check(3, || {
        let left = Arc::new(Left(Cell::new(0)));
        let (completer, outcome) = Completion::<u8>::new();
        let writer = spawn({
            let left = left.clone();
            move || {
                left.0.set(1);
                drop(completer);
            }
        });
        if poll_and_cancel(outcome.wait()).is_some() {
            assert_eq!(left.0.get(), 1);
        }
        writer.join().unwrap();
    });
}
