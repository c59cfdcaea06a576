//! What must hold of a capacity limiter in every interleaving.

use std::sync::Arc;

use selvedge::sync::CapacityLimiter;

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// One borrower that two act for borrows once.
///
/// Red when: mutant "a borrower borrows twice".
#[test]
fn a_borrower_borrows_once() {
    check(3, || {
        let limiter = Arc::new(CapacityLimiter::new(2));
        let other = {
            let limiter = limiter.clone();
            spawn(move || block_on(limiter.acquire_on_behalf_of(7)).is_ok())
        };
        let here = limiter.try_acquire_on_behalf_of(7).is_ok();
        assert!(here != other.join().unwrap());
        assert_eq!(limiter.borrowed(), 1);
        limiter.release_on_behalf_of(7).unwrap();
        assert!(limiter.release_on_behalf_of(7).is_err());
        assert_eq!(limiter.available(), 2);
    });
}

/// A borrower that cancels leaves its place to the next, and may come again.
///
/// Red when: mutants "a borrower waits for ever" and "no re-grant on cancel".
#[test]
fn a_cancelled_borrower_hands_on() {
    check(3, || {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let held = limiter.try_acquire().unwrap();
        let quitter = {
            let limiter = limiter.clone();
            spawn(move || {
                if poll_and_cancel(limiter.acquire_on_behalf_of(7)).is_some() {
                    limiter.release_on_behalf_of(7).unwrap();
                }
            })
        };
        let stayer = {
            let limiter = limiter.clone();
            spawn(move || drop(block_on(limiter.acquire_owned())))
        };
        drop(held);
        quitter.join().unwrap();
        stayer.join().unwrap();
        limiter.try_acquire_on_behalf_of(7).unwrap();
        assert_eq!((limiter.borrowed(), limiter.waiting()), (1, 0));
    });
}

/// The total is raised beside one who gives back: all who then fit get in, and the count is kept.
///
/// Red when: mutant "resizing counts what is on hand".
#[test]
fn raising_beside_a_release() {
    check(2, || {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let held = limiter.try_acquire().unwrap();
        let waiters = [1, 2].map(|borrower| {
            let limiter = limiter.clone();
            spawn(move || block_on(limiter.acquire_on_behalf_of(borrower)).unwrap())
        });
        limiter.set_total(2);
        drop(held);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        let seen = limiter.statistics();
        assert_eq!((seen.borrowed, seen.total, seen.waiting), (2, 2, 0));
        assert_eq!(seen.borrowers, [1, 2]);
    });
}
