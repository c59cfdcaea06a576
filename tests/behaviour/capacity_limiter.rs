//! A capacity limiter, polled by hand.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    thread,
};

use selvedge::sync::{
    AcquireToken, AlreadyBorrowed, CapacityLimiter, NotBorrowed, TryBorrowError, WouldBlock,
};

use crate::{
    harness::{Watched, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

fn waiting(limiter: &CapacityLimiter) -> (Watched, Pin<Box<AcquireToken<'_>>>) {
    let watched = Watched::new();
    let mut acquire = Box::pin(limiter.acquire());
    assert!(watched.poll(acquire.as_mut()).is_pending());
    (watched, acquire)
}

/// Semantics 30.
#[test]
fn the_total_is_raised_and_lowered_while_in_use() {
    let limiter = CapacityLimiter::new(1);
    let first = limiter.try_acquire().unwrap();
    let mut line: Vec<_> = (0..4).map(|_| waiting(&limiter)).collect();
    limiter.set_total(3);
    assert_eq!(line.iter().map(|(woken, _)| woken.woken()).collect::<Vec<_>>(), [1, 1, 0, 0]);
    let held: Vec<_> = line[..2].iter_mut().map(|(_, wait)| ready(wait.as_mut())).collect();
    assert_eq!((limiter.borrowed(), limiter.total(), limiter.waiting()), (3, 3, 2));

    limiter.set_total(1);
    let seen = limiter.statistics();
    assert_eq!((seen.borrowed, seen.total, seen.waiting), (3, 1, 2));
    drop(held);
    assert_eq!((limiter.borrowed(), line[2].0.woken()), (1, 0), "it takes effect as they return");
    drop(first);
    assert_eq!((line[2].0.woken(), line[3].0.woken()), (1, 0));
    drop(ready(line[2].1.as_mut()));
    assert_eq!(line[3].0.woken(), 1);
}

/// Semantics 31.
#[test]
fn a_borrower_borrows_once_and_gives_back_what_it_has() {
    let limiter = CapacityLimiter::new(2);
    assert_eq!(limiter.release_on_behalf_of(1), Err(NotBorrowed));
    ready(pin!(limiter.acquire_on_behalf_of(1))).unwrap();
    assert_eq!(ready(pin!(limiter.acquire_on_behalf_of(1))), Err(AlreadyBorrowed));
    assert_eq!(limiter.try_acquire_on_behalf_of(1), Err(TryBorrowError::AlreadyBorrowed));
    limiter.try_acquire_on_behalf_of(2).unwrap();
    assert_eq!(limiter.try_acquire_on_behalf_of(3), Err(TryBorrowError::WouldBlock));
    assert_eq!(limiter.statistics().borrowers, [1, 2]);

    // One who waits has nothing to give back, and waits once.
    let mut wait = Box::pin(limiter.acquire_on_behalf_of(3));
    assert!(poll(wait.as_mut()).is_pending());
    assert_eq!(limiter.release_on_behalf_of(3), Err(NotBorrowed));
    assert_eq!(ready(pin!(limiter.acquire_on_behalf_of(3))), Err(AlreadyBorrowed));
    drop(wait);
    let mut wait = pin!(limiter.acquire_on_behalf_of(3));
    assert!(poll(wait.as_mut()).is_pending());
    limiter.release_on_behalf_of(1).unwrap();
    ready(wait.as_mut()).unwrap();
    assert_eq!((limiter.borrowed(), limiter.available()), (2, 0));
    for borrower in [2, 3] {
        limiter.release_on_behalf_of(borrower).unwrap();
        assert_eq!(limiter.release_on_behalf_of(borrower), Err(NotBorrowed));
    }
    assert_eq!((limiter.borrowed(), limiter.available()), (0, 2));
    assert_eq!(AlreadyBorrowed.to_string(), TryBorrowError::AlreadyBorrowed.to_string());
    assert_eq!(WouldBlock.to_string(), TryBorrowError::WouldBlock.to_string());
    assert_eq!(NotBorrowed.to_string(), "the borrower has nothing to give back");
}

/// Semantics 32.
#[test]
fn a_place_on_its_way_is_not_taken_by_another() {
    let limiter = CapacityLimiter::new(1);
    let held = limiter.try_acquire().unwrap();
    let (_, mut wait) = waiting(&limiter);
    drop(held);
    assert_eq!(limiter.try_acquire().unwrap_err(), WouldBlock);
    assert_eq!((limiter.borrowed(), limiter.available()), (1, 0));
    let _token = ready(wait.as_mut());
    assert_eq!(limiter.borrowed(), 1);
}

/// Semantics 33.
#[test]
fn a_cancelled_borrower_hands_its_place_on() {
    let limiter = CapacityLimiter::new(1);
    limiter.try_acquire_on_behalf_of(1).unwrap();
    let mut first = Box::pin(limiter.acquire_on_behalf_of(2));
    assert!(poll(first.as_mut()).is_pending());
    let (woken, mut second) = waiting(&limiter);
    limiter.release_on_behalf_of(1).unwrap();
    drop(first);
    assert_eq!(woken.woken(), 1);
    drop(ready(second.as_mut()));
    // And it may come again.
    ready(pin!(limiter.acquire_on_behalf_of(2))).unwrap();
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let limiter = CapacityLimiter::new(1);
    let mut wait = pin!(limiter.acquire_on_behalf_of(1));
    ready(wait.as_mut()).unwrap();
    let _ = poll(wait.as_mut());
}

#[test]
fn too_large_a_total_is_refused() {
    let limiter = CapacityLimiter::new(0);
    assert!(panics(|| limiter.set_total(usize::MAX)));
    assert!(panics(|| drop(CapacityLimiter::new(usize::MAX))));
    assert!(limiter.try_acquire().is_err());
}

#[test]
fn threads_borrow() {
    let limiter = Arc::new(CapacityLimiter::new(2));
    let threads = [0, 1, 2, 3].map(|n| {
        let limiter = limiter.clone();
        thread::spawn(move || {
            for _ in 0..200 {
                if n < 2 {
                    pollster::block_on(limiter.acquire_on_behalf_of(n)).unwrap();
                    limiter.release_on_behalf_of(n).unwrap();
                } else {
                    drop(limiter.blocking_acquire());
                }
                assert!(limiter.borrowed() <= 2);
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!((limiter.borrowed(), limiter.available()), (0, 2));
}

#[test]
fn debug_shows_the_state() {
    let limiter = CapacityLimiter::new(2);
    let _token = limiter.try_acquire().unwrap();
    assert_eq!(format!("{limiter:?}"), "CapacityLimiter { total: 2, borrowed: 1, waiting: 0 }");
    let wait = limiter.acquire_on_behalf_of(7);
    assert_eq!(format!("{wait:?}"), "AcquireOnBehalfOf { borrower: 7, .. }");
}

pub(crate) fn sweep(report: Report<'_>) {
    fn limiter(
        name: &'static str,
        wait: fn(&Arc<CapacityLimiter>) -> Waiting,
    ) -> Swept<CapacityLimiter> {
        Swept {
            name,
            make: || CapacityLimiter::new(0),
            wait,
            free: |limiter| limiter.set_total(1),
            waiting: CapacityLimiter::waiting,
            is_free: |limiter| limiter.available() == 1 && limiter.waiting() == 0,
            close: None,
        }
    }
    limiter("CapacityLimiter::acquire", |limiter| {
        let limiter = limiter.clone();
        Box::pin(async move {
            drop(limiter.acquire().await);
            true
        })
    })
    .sweep(report);
    limiter("CapacityLimiter::acquire_owned", |limiter| {
        let acquire = limiter.clone().acquire_owned();
        Box::pin(async move {
            drop(acquire.await);
            true
        })
    })
    .sweep(report);
    limiter("CapacityLimiter::acquire_on_behalf_of", |limiter| {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let limiter = limiter.clone();
        let borrower = NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Box::pin(async move {
            limiter.acquire_on_behalf_of(borrower).await.unwrap();
            limiter.release_on_behalf_of(borrower).is_ok()
        })
    })
    .sweep(report);
}
