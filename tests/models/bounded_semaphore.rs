//! What must hold of a bounded semaphore in every interleaving.

use std::sync::Arc;

use selvedge::sync::BoundedSemaphore;

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// Of two who bring one permit back one is refused, and the one who waits gets it, once.
///
/// Red when: mutant "releases have no bound".
#[test]
fn one_permit_is_brought_back_once() {
    check(3, || {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        semaphore.try_acquire().unwrap().forget();
        let releasing = {
            let semaphore = semaphore.clone();
            spawn(move || semaphore.release(1).is_ok())
        };
        let waiter = {
            let semaphore = semaphore.clone();
            spawn(move || block_on(semaphore.acquire()).unwrap().forget())
        };
        let here = semaphore.release(1).is_ok();
        let there = releasing.join().unwrap();
        waiter.join().unwrap();
        // Two releases may follow each other, if the waiter forgot its permit in between.
        assert!(here || there);
        let more = usize::from(here) + usize::from(there) - 1;
        assert_eq!(semaphore.available_permits(), more);
        assert_eq!(semaphore.release(1).is_ok(), more == 0);
    });
}

/// A waiter that cancels hands on what was released to it.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn a_cancelled_waiter_hands_on() {
    check(3, || {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        semaphore.try_acquire().unwrap().forget();
        let quitter = {
            let semaphore = semaphore.clone();
            spawn(move || drop(poll_and_cancel(semaphore.acquire())))
        };
        let stayer = {
            let semaphore = semaphore.clone();
            spawn(move || drop(block_on(semaphore.acquire()).unwrap()))
        };
        semaphore.release(1).unwrap();
        quitter.join().unwrap();
        stayer.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}
