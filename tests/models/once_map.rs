//! What must hold of a map whose values are made once, in every interleaving.

use std::{
    future::{pending, ready},
    sync::Arc,
};

use selvedge::sync::OnceMap;

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// All who ask get one value, through a maker that is cancelled, and it stays.
///
/// Red when: mutants "buckets are overwritten", "an entry is entered that has left" and "nobody
/// takes over".
#[test]
fn all_get_one_value() {
    check(2, || {
        let map = Arc::new(OnceMap::new());
        let others = [1, 2].map(|n| {
            let map = map.clone();
            spawn(move || block_on(map.compute(7, || ready(n))))
        });
        let _ = poll_and_cancel(map.compute(7, pending::<i32>));
        let seen = others.map(|other| other.join().unwrap());
        assert_eq!(seen[0], seen[1]);
        assert_eq!((map.get(&7), map.len()), (Some(seen[0]), 1));
    });
}

/// Failures and cancels leave nothing behind, whoever goes last.
///
/// Red when: mutant "unused entries stay".
#[test]
fn what_comes_to_nothing_leaves_nothing() {
    check(3, || {
        let map = Arc::new(OnceMap::<u8, u8>::new());
        let failing = {
            let map = map.clone();
            spawn(move || assert!(block_on(map.try_compute(7, || ready(Err(())))).is_err()))
        };
        let _ = poll_and_cancel(map.compute(7, pending));
        failing.join().unwrap();
        assert!(map.is_empty());
    });
}

/// A key that is removed while its value is made begins anew, and whoever leaves the old one leaves
/// the new one alone.
///
/// Red when: mutant "who leaves takes the key along".
#[test]
fn removing_beside_a_maker() {
    check(3, || {
        let map = Arc::new(OnceMap::new());
        let quitter = {
            let map = map.clone();
            spawn(move || _ = poll_and_cancel(map.compute(7, pending)))
        };
        assert_eq!(map.remove(&7), None);
        let made = block_on(map.compute(7, || ready(2)));
        quitter.join().unwrap();
        assert_eq!((made, map.get(&7), map.len()), (2, Some(2), 1));
    });
}
