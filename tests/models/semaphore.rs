//! What must hold of a semaphore in every interleaving.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use selvedge::sync::{Semaphore, TryAcquireError};

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// A value that one permit protects; loom reports whoever touches it beside another.
struct Protected {
    semaphore: Semaphore,
    value: UnsafeCell<i32>,
}

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Sync for Protected {}

impl Protected {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { semaphore: Semaphore::new(permits), value: UnsafeCell::new(0) })
    }

    /// Touches the value, for whoever holds the permit.
    fn bump(&self) {
        self.value.with_mut(|_| ());
    }
}

/// One permit is mutual exclusion.
///
/// Red when: the CAS of `try_take`, `put`, `admit` or `serve` is Relaxed.
#[test]
fn one_permit_excludes() {
    check(3, || {
        let shared = Protected::new(1);
        let others = [(); 2].map(|()| {
            let shared = shared.clone();
            spawn(move || {
                let permit = block_on(shared.semaphore.acquire()).unwrap();
                shared.bump();
                drop(permit);
            })
        });
        for other in others {
            other.join().unwrap();
        }
        let _permit = shared.semaphore.try_acquire().unwrap();
        shared.bump();
    });
}

/// Whoever takes a permit without waiting sees what its last holder did.
///
/// Red when: the CAS of `try_take` or `put` is Relaxed.
#[test]
fn try_acquire_sees_the_last_holder() {
    check(3, || {
        let shared = Protected::new(1);
        let touch = |shared: &Protected| {
            shared.semaphore.try_acquire().map(|_permit| shared.bump()).is_ok()
        };
        let other = spawn({
            let shared = shared.clone();
            move || touch(&shared)
        });
        let here = touch(&shared);
        assert!(other.join().unwrap() || here);
        assert!(touch(&shared));
    });
}

/// What was left over by serving the line is published to those who come after.
///
/// Red when: the CAS of `serve` is Relaxed.
#[test]
fn what_serving_leaves_is_published() {
    check(3, || {
        let shared = Protected::new(1);
        let held = shared.semaphore.try_acquire().unwrap();
        let quitter = spawn({
            let shared = shared.clone();
            move || drop(poll_and_cancel(shared.semaphore.acquire()))
        });
        let other = spawn({
            let shared = shared.clone();
            move || shared.semaphore.try_acquire().map(|_permit| shared.bump()).is_ok()
        });
        shared.bump();
        drop(held);
        quitter.join().unwrap();
        other.join().unwrap();
        assert_eq!(shared.semaphore.available_permits(), 1);
    });
}

/// Whoever comes while others wait, and finds a permit after all, sees what its last holder did.
///
/// Red when: the CAS of `admit` is Relaxed.
#[test]
fn a_late_permit_is_seen_whole() {
    check(3, || {
        let shared = Protected::new(1);
        let held = shared.semaphore.try_acquire().unwrap();
        let other = spawn({
            let shared = shared.clone();
            move || {
                let _permit = block_on(shared.semaphore.acquire()).unwrap();
                shared.bump();
            }
        });
        shared.bump();
        drop(held);
        other.join().unwrap();
    });
}

/// A waiter that was granted a permit and cancels gives it to the next.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn cancelled_waiter_passes_its_permit_on() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.try_acquire().unwrap();
        let quitter = spawn({
            let semaphore = semaphore.clone();
            move || drop(poll_and_cancel(semaphore.acquire()))
        });
        let stayer = spawn({
            let semaphore = semaphore.clone();
            move || drop(block_on(semaphore.acquire_owned()).unwrap())
        });
        drop(held);
        quitter.join().unwrap();
        stayer.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
        assert_eq!(semaphore.waiters(), 0);
    });
}

/// When a waiter for many at the head cancels, those behind it that now fit are woken.
///
/// Red when: mutant "who leaves lets nobody in".
#[test]
fn a_heavy_head_that_cancels_lets_others_in() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let heavy = spawn({
            let semaphore = semaphore.clone();
            move || drop(poll_and_cancel(semaphore.acquire_many(2)))
        });
        let light = spawn({
            let semaphore = semaphore.clone();
            move || drop(block_on(semaphore.acquire()).unwrap())
        });
        heavy.join().unwrap();
        light.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// A waiter that moves to another task is woken there.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let mover = spawn({
            let semaphore = semaphore.clone();
            move || drop(block_on_moved(semaphore.acquire()).unwrap())
        });
        semaphore.add_permits(1);
        mover.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// Permits that come at once wake as many as they are for, in more than one batch.
///
/// Red when: mutant "wakes one of many", or `serve` forgets what does not fit a batch.
#[test]
fn many_permits_wake_many() {
    check(2, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiters = [(); 3].map(|()| {
            let semaphore = semaphore.clone();
            spawn(move || block_on(semaphore.acquire()).unwrap().forget())
        });
        semaphore.add_permits(3);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 0);
    });
}

/// Closing sends everybody away who waits or is about to.
///
/// Red when: mutant "closing sends one away".
#[test]
fn closing_sends_all_away() {
    check(2, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiters = [(); 3].map(|()| {
            let semaphore = semaphore.clone();
            spawn(move || assert!(block_on(semaphore.acquire()).is_err()))
        });
        semaphore.close();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
        assert_eq!(semaphore.waiters(), 0);
    });
}

/// A permit given back while the semaphore closes is neither lost nor doubled.
///
/// Red when: mutant "what comes back after closing is lost".
#[test]
fn closing_loses_no_permit() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.try_acquire().unwrap();
        let waiter = spawn({
            let semaphore = semaphore.clone();
            move || drop(block_on(semaphore.acquire()))
        });
        let closer = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.close()
        });
        drop(held);
        waiter.join().unwrap();
        closer.join().unwrap();
        assert!(semaphore.is_closed());
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// Permits that are owed are paid before anybody in line is served.
///
/// Red when: mutant "debts are not paid".
#[test]
fn debts_are_paid_exactly() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(2));
        let held = semaphore.try_acquire_many(2).unwrap();
        let reducer = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.reduce_permits(1)
        });
        let waiter = spawn({
            let semaphore = semaphore.clone();
            move || drop(block_on(semaphore.acquire()).unwrap())
        });
        drop(held);
        reducer.join().unwrap();
        waiter.join().unwrap();
        let seen = semaphore.statistics();
        assert_eq!((seen.available, seen.total, seen.owed, seen.waiting), (1, 1, 0, 0));
    });
}

/// Raising and taking at the same time keep the count.
///
/// Red when: mutant "resizing counts what is on hand".
#[test]
fn resizing_keeps_the_count() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let resizer = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.set_permits(2)
        });
        let forgetter = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.forget_permits(1)
        });
        drop(block_on(semaphore.acquire_all(0)).unwrap());
        resizer.join().unwrap();
        let forgotten = forgetter.join().unwrap();
        let seen = semaphore.statistics();
        assert_eq!(seen.available, seen.total);
        assert!(seen.total == 2 || seen.total == 2 - forgotten);
    });
}
