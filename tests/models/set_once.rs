//! What must hold of a cell that is set once, in every interleaving.

use std::sync::Arc;

use selvedge::sync::SetOnce;

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// Whoever waits sees the value, whole.
///
/// Red when: the store of `write`, or the load of `is_set`, is Relaxed; mutants "lines up without a
/// second look" and "raising wakes one".
#[test]
fn whoever_waits_sees_the_value() {
    check(3, || {
        let cell = Arc::new(SetOnce::new());
        let waiters = [(); 2].map(|()| {
            let cell = cell.clone();
            spawn(move || assert_eq!(*block_on(cell.wait()), 7))
        });
        cell.set(7).unwrap();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(cell.waiters(), 0);
    });
}

/// Whoever finds it set without waiting sees the value, whole.
///
/// Red when: the store of `write`, or the load of `is_set`, is Relaxed.
#[test]
fn a_look_sees_the_value_whole() {
    check(3, || {
        let cell = Arc::new(SetOnce::new());
        let setter = spawn({
            let cell = cell.clone();
            move || cell.set(7).unwrap()
        });
        assert!(cell.get().is_none_or(|value| *value == 7));
        assert!(poll_and_cancel(cell.wait()).is_none_or(|value| *value == 7));
        setter.join().unwrap();
        assert_eq!(cell.get(), Some(&7));
    });
}

/// Of two who set it one does, and the other finds that value.
///
/// Red when: mutant "a cell is set twice".
#[test]
fn one_of_two_sets_it() {
    check(3, || {
        let cell = Arc::new(SetOnce::new());
        let other = spawn({
            let cell = cell.clone();
            move || (cell.set(1).is_ok(), *cell.get().unwrap())
        });
        let here = (cell.set(2).is_ok(), *cell.get().unwrap());
        let there = other.join().unwrap();
        assert!(here.0 != there.0);
        assert_eq!(here.1, there.1);
    });
}
