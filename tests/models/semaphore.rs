//! What must hold of a semaphore in every interleaving.

use std::sync::Arc;

use selvedge::{
    model::Cell,
    sync::{Semaphore, TryAcquireError},
};

use crate::runner::{design, moved};

/// A value that one permit protects; whoever touches it beside another is reported.
struct Protected {
    semaphore: Semaphore,
    value: Cell<i32>,
}

impl Protected {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { semaphore: Semaphore::new(permits), value: Cell::new(0) })
    }

    /// Touches the value, for whoever holds the permit.
    fn bump(&self) {
        #[expect(unsafe_code, reason = "the value is shared on purpose")]
        // SAFETY: the caller holds the permit; if that is not enough, the model turns red.
        unsafe {
            self.value.with(|value| *value += 1);
        }
    }
}

/// One permit is mutual exclusion.
///
/// Red when: the CAS of `try_take`, `put`, `admit` or `serve` is Relaxed.
#[test]
fn one_permit_excludes() {
    design(3, |d| {
        let shared = Protected::new(1);
        for name in ["one", "two", "three"] {
            let shared = shared.clone();
            d.task(name, async move {
                let _permit = shared.semaphore.acquire().await.unwrap();
                shared.bump();
            });
        }
        d.after(move || {
            let _permit = shared.semaphore.try_acquire().unwrap();
            shared.bump();
        });
    });
}

/// Whoever takes a permit without waiting sees what its last holder did.
///
/// Red when: the CAS of `try_take` or `put` is Relaxed.
#[test]
fn try_acquire_sees_the_last_holder() {
    design(3, |d| {
        let shared = Protected::new(1);
        for name in ["one", "two"] {
            let shared = shared.clone();
            d.task(name, async move {
                if let Ok(_permit) = shared.semaphore.try_acquire() {
                    shared.bump();
                }
            });
        }
        d.after(move || {
            let _permit = shared.semaphore.try_acquire().unwrap();
            shared.bump();
        });
    });
}

/// What was left over by serving the line is published to those who come after.
///
/// Red when: the CAS of `serve` is Relaxed.
#[test]
fn what_serving_leaves_is_published() {
    design(3, |d| {
        let shared = Protected::new(1);
        shared.semaphore.try_acquire().unwrap().forget();
        let (holder, quitter, other) = (shared.clone(), shared.clone(), shared.clone());
        d.thread("holder", move || {
            holder.bump();
            holder.semaphore.add_permits(1);
        });
        d.cancellable("quitter", async move { drop(quitter.semaphore.acquire().await) });
        d.task("other", async move {
            if let Ok(_permit) = other.semaphore.try_acquire() {
                other.bump();
            }
        });
        d.after(move || assert_eq!(shared.semaphore.available_permits(), 1));
    });
}

/// Whoever comes while others wait, and finds a permit after all, sees what its last holder did.
///
/// Red when: the CAS of `admit` is Relaxed.
#[test]
fn a_late_permit_is_seen_whole() {
    design(3, |d| {
        let shared = Protected::new(1);
        shared.semaphore.try_acquire().unwrap().forget();
        let holder = shared.clone();
        d.thread("holder", move || {
            holder.bump();
            holder.semaphore.add_permits(1);
        });
        d.task("other", async move {
            let _permit = shared.semaphore.acquire().await.unwrap();
            shared.bump();
        });
    });
}

/// A waiter that was granted a permit and cancels gives it to the next.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn cancelled_waiter_passes_its_permit_on() {
    design(3, |d| {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.clone().try_acquire_owned().unwrap();
        let (quitter, stayer) = (semaphore.clone(), semaphore.clone());
        d.thread("holder", move || drop(held));
        d.cancellable("quitter", async move { drop(quitter.acquire().await) });
        d.task("stayer", async move { drop(stayer.acquire_owned().await.unwrap()) });
        d.after(move || assert_eq!((semaphore.available_permits(), semaphore.waiters()), (1, 0)));
    });
}

/// When a waiter for many at the head cancels, those behind it that now fit are woken.
///
/// Red when: mutant "who leaves lets nobody in".
#[test]
fn a_heavy_head_that_cancels_lets_others_in() {
    design(3, |d| {
        let semaphore = Arc::new(Semaphore::new(1));
        let (heavy, light) = (semaphore.clone(), semaphore.clone());
        // It would wait for ever, so it waits until it is in line, and leaves.
        d.task("heavy", async move {
            let mut acquire = std::pin::pin!(heavy.acquire_many(2));
            std::future::poll_fn(|cx| {
                assert!(acquire.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
        });
        d.task("light", async move { drop(light.acquire().await.unwrap()) });
        d.after(move || assert_eq!(semaphore.available_permits(), 1));
    });
}

/// A waiter that moves to another task is woken there.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    design(3, |d| {
        let semaphore = Arc::new(Semaphore::new(0));
        let (giver, mover) = (semaphore.clone(), semaphore.clone());
        d.thread("giver", move || giver.add_permits(1));
        d.task("mover", async move { drop(moved(mover.acquire()).await.unwrap()) });
        d.after(move || assert_eq!(semaphore.available_permits(), 1));
    });
}

/// Permits that come at once wake as many as they are for, in more than one batch.
///
/// Red when: mutant "wakes one of many", or `serve` forgets what does not fit a batch.
#[test]
fn many_permits_wake_many() {
    design(2, |d| {
        let semaphore = Arc::new(Semaphore::new(0));
        let giver = semaphore.clone();
        d.thread("giver", move || giver.add_permits(3));
        for name in ["one", "two", "three"] {
            let semaphore = semaphore.clone();
            d.task(name, async move { semaphore.acquire().await.unwrap().forget() });
        }
        d.after(move || assert_eq!(semaphore.available_permits(), 0));
    });
}

/// Closing sends everybody away who waits or is about to.
///
/// Red when: mutant "closing sends one away".
#[test]
fn closing_sends_all_away() {
    design(2, |d| {
        let semaphore = Arc::new(Semaphore::new(0));
        let closer = semaphore.clone();
        d.thread("closer", move || closer.close());
        for name in ["one", "two", "three"] {
            let semaphore = semaphore.clone();
            d.task(name, async move { assert!(semaphore.acquire().await.is_err()) });
        }
        d.after(move || {
            assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
            assert_eq!(semaphore.waiters(), 0);
        });
    });
}

/// A permit given back while the semaphore closes is neither lost nor doubled.
///
/// Red when: mutant "what comes back after closing is lost".
#[test]
fn closing_loses_no_permit() {
    design(3, |d| {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.clone().try_acquire_owned().unwrap();
        let (waiter, closer) = (semaphore.clone(), semaphore.clone());
        d.thread("holder", move || drop(held));
        d.task("waiter", async move { drop(waiter.acquire().await) });
        d.thread("closer", move || closer.close());
        d.after(move || {
            assert!(semaphore.is_closed());
            assert_eq!(semaphore.available_permits(), 1);
        });
    });
}

/// Permits that are owed are paid before anybody in line is served.
///
/// Red when: mutant "debts are not paid".
#[test]
fn debts_are_paid_exactly() {
    design(3, |d| {
        let semaphore = Arc::new(Semaphore::new(2));
        let held = semaphore.clone().try_acquire_many_owned(2).unwrap();
        let (reducer, waiter) = (semaphore.clone(), semaphore.clone());
        d.thread("holder", move || drop(held));
        d.thread("reducer", move || reducer.reduce_permits(1));
        d.task("waiter", async move { drop(waiter.acquire().await.unwrap()) });
        d.after(move || {
            let seen = semaphore.statistics();
            assert_eq!((seen.available, seen.total, seen.owed, seen.waiting), (1, 1, 0, 0));
        });
    });
}

/// Raising and taking at the same time keep the count.
///
/// Red when: mutant "resizing counts what is on hand".
#[test]
fn resizing_keeps_the_count() {
    design(3, |d| {
        let semaphore = Arc::new(Semaphore::new(1));
        let (resizer, forgetter, taker) = (semaphore.clone(), semaphore.clone(), semaphore.clone());
        d.thread("resizer", move || resizer.set_permits(2));
        d.thread("forgetter", move || assert!(forgetter.forget_permits(1) <= 1));
        d.task("taker", async move { drop(taker.acquire_all(0).await.unwrap()) });
        d.after(move || {
            let seen = semaphore.statistics();
            assert_eq!(seen.available, seen.total);
            assert!(seen.total == 1 || seen.total == 2);
        });
    });
}
