//! The permits of a semaphore: how many there are, who is owed some, and where they go.

use std::{mem, pin::pin, sync::Arc, thread};

use selvedge::sync::{Semaphore, TryAcquireError};

use crate::harness::{Meddler, PollWith, panics, poll, ready};

fn left(semaphore: &Semaphore) -> [usize; 4] {
    let seen = semaphore.statistics();
    [seen.available, seen.total, seen.owed, seen.waiting]
}

/// Semantics 26.
#[test]
fn a_heavy_waiter_takes_nothing_while_it_waits() {
    let semaphore = Semaphore::new(2);
    let mut heavy = Box::pin(semaphore.acquire_many(3));
    assert!(poll(heavy.as_mut()).is_pending());
    assert_eq!(left(&semaphore), [2, 2, 0, 1]);
    drop(heavy);
    assert_eq!(left(&semaphore), [2, 2, 0, 0]);
    assert_eq!(semaphore.available_permits(), 2);
}

/// Semantics 21: whoever leaves from the middle.
#[test]
fn order_is_kept_when_somebody_leaves_from_the_middle() {
    for leaver in 0..4 {
        let semaphore = Semaphore::new(0);
        let mut line: Vec<_> = (0..4).map(|_| Box::pin(semaphore.acquire())).collect();
        for acquire in &mut line {
            assert!(poll(acquire.as_mut()).is_pending());
        }
        drop(line.remove(leaver));
        for at in 0..line.len() {
            semaphore.add_permits(1);
            for other in &mut line[at + 1..] {
                assert!(poll(other.as_mut()).is_pending());
            }
            ready(line[at].as_mut()).unwrap().forget();
        }
        assert_eq!(left(&semaphore), [0, 0, 0, 0]);
    }
}

/// Semantics 28.
#[test]
fn a_permit_that_was_granted_before_closing_is_had() {
    let semaphore = Semaphore::new(0);
    let mut granted = Box::pin(semaphore.acquire());
    let mut waiting = Box::pin(semaphore.acquire());
    assert!(poll(granted.as_mut()).is_pending());
    assert!(poll(waiting.as_mut()).is_pending());
    semaphore.add_permits(1);
    semaphore.close();
    drop(ready(granted.as_mut()).expect("it came first"));
    assert!(ready(waiting.as_mut()).is_err());
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(semaphore.try_acquire_many(0).unwrap_err(), TryAcquireError::Closed);
}

/// Semantics 28: permits that come back while the line is being sent away, batch after batch.
#[test]
fn closing_grants_nobody_on_the_way() {
    let semaphore = Arc::new(Semaphore::new(0));
    let inside = semaphore.clone();
    let waker = Meddler::waker(move || inside.add_permits(5), || ());
    let mut line: Vec<_> = (0..100).map(|_| Box::pin(semaphore.acquire())).collect();
    for acquire in &mut line {
        assert!(acquire.as_mut().poll_with(&waker).is_pending());
    }
    semaphore.close();
    assert!(line.iter_mut().all(|acquire| ready(acquire.as_mut()).is_err()));
    assert_eq!(left(&semaphore), [500, 500, 0, 0]);
}

/// Semantics 28.
#[test]
fn a_closed_semaphore_still_counts() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.try_acquire_many(2).unwrap();
    semaphore.close();
    semaphore.reduce_permits(2);
    assert_eq!(left(&semaphore), [0, 1, 1, 0]);
    drop(held);
    assert_eq!(left(&semaphore), [1, 1, 0, 0]);
    semaphore.add_permits(1);
    assert_eq!(semaphore.forget_permits(9), 2);
}

/// Semantics 30.
#[test]
fn raising_pays_debts_first() {
    let semaphore = Semaphore::new(3);
    let mut held = semaphore.try_acquire_many(3).unwrap();
    semaphore.set_permits(0);
    assert_eq!(left(&semaphore), [0, 0, 3, 0]);
    semaphore.set_permits(2);
    assert_eq!(left(&semaphore), [0, 2, 1, 0]);
    semaphore.add_permits(2);
    assert_eq!(left(&semaphore), [1, 4, 0, 0]);
    semaphore.reduce_permits(2);
    drop(held.split(1));
    assert_eq!(left(&semaphore), [0, 2, 0, 0]);
    drop(held);
    assert_eq!(left(&semaphore), [2, 2, 0, 0]);
}

/// Semantics 30.
#[test]
fn debts_are_paid_before_the_line_is_served() {
    let semaphore = Semaphore::new(4);
    let mut held = semaphore.try_acquire_many(4).unwrap();
    let mut waiting = pin!(semaphore.acquire());
    assert!(poll(waiting.as_mut()).is_pending());
    semaphore.reduce_permits(3);
    for owed in (0..3).rev() {
        drop(held.split(1));
        assert_eq!(left(&semaphore), [0, 1, owed, 1]);
        assert!(poll(waiting.as_mut()).is_pending());
    }
    drop(held);
    drop(ready(waiting.as_mut()).unwrap());
    assert_eq!(left(&semaphore), [1, 1, 0, 0]);
}

/// Semantics 29.
#[test]
fn what_a_heavy_waiter_waits_for_can_be_forgotten() {
    let semaphore = Semaphore::new(2);
    let mut heavy = pin!(semaphore.acquire_many(3));
    assert!(poll(heavy.as_mut()).is_pending());
    assert_eq!(semaphore.forget_permits(5), 2);
    semaphore.add_permits(2);
    assert!(poll(heavy.as_mut()).is_pending());
    semaphore.add_permits(1);
    assert_eq!(ready(heavy.as_mut()).unwrap().num_permits(), 3);
}

#[test]
fn a_refused_change_changes_nothing() {
    let most = Semaphore::MAX_PERMITS;
    let semaphore = Semaphore::new(most);
    let held = semaphore.try_acquire_many(5).unwrap();
    for too_many in [1, most, most + 1, usize::MAX] {
        assert!(panics(|| semaphore.add_permits(too_many)));
    }
    assert!(panics(|| semaphore.set_permits(most + 1)));
    assert_eq!(left(&semaphore), [most - 5, most, 0, 0]);
    held.forget();
    semaphore.add_permits(5);
    assert_eq!(left(&semaphore), [most, most, 0, 0]);

    let semaphore = Semaphore::new(2);
    assert!(panics(|| semaphore.reduce_permits(3)));
    assert_eq!(left(&semaphore), [2, 2, 0, 0]);
    semaphore.reduce_permits(0);
    semaphore.add_permits(0);
    semaphore.set_permits(2);
    assert_eq!(left(&semaphore), [2, 2, 0, 0]);
    assert!(Semaphore::const_new(most).try_acquire_many(u32::MAX).is_ok());
}

#[test]
fn waiting_for_all_keeps_its_place_and_takes_the_rest() {
    let semaphore = Semaphore::new(0);
    let mut one = pin!(semaphore.acquire());
    let mut all = pin!(semaphore.acquire_all(2));
    let mut late = pin!(semaphore.acquire());
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll(all.as_mut()).is_pending());
    assert!(poll(late.as_mut()).is_pending());
    semaphore.add_permits(2);
    drop(ready(one.as_mut()).unwrap());
    let held = ready(all.as_mut()).unwrap();
    assert_eq!(held.num_permits(), 2);
    assert!(poll(late.as_mut()).is_pending());
    drop(held);
    drop(ready(late.as_mut()).unwrap());
    assert_eq!(ready(pin!(semaphore.acquire_all(0)).as_mut()).unwrap().num_permits(), 2);
    semaphore.forget_permits(2);
    assert_eq!(ready(pin!(semaphore.acquire_all(0)).as_mut()).unwrap().num_permits(), 0);
}

#[test]
fn permits_that_are_forgotten_by_mem_forget_are_held_for_ever() {
    let semaphore = Arc::new(Semaphore::new(3));
    mem::forget(semaphore.try_acquire().unwrap());
    mem::forget(semaphore.clone().try_acquire_owned().unwrap());
    assert_eq!(left(&semaphore), [1, 3, 0, 0]);
    let held = semaphore.try_acquire().unwrap();
    let mut next = Box::pin(semaphore.acquire());
    assert!(poll(next.as_mut()).is_pending());
    drop(held);
    assert!(ready(next.as_mut()).is_ok());
}

#[test]
fn owned_permits_keep_the_semaphore_alive() {
    let semaphore = Arc::new(Semaphore::new(3));
    let mut held = ready(pin!(semaphore.clone().acquire_many_owned(2)).as_mut()).unwrap();
    let part = held.split(1).unwrap();
    assert!(Arc::ptr_eq(part.semaphore(), &semaphore));
    assert_eq!(Arc::strong_count(&semaphore), 3);
    held.merge(part);
    assert_eq!(Arc::strong_count(&semaphore), 2);
    let stranger = Arc::new(Semaphore::new(1));
    assert!(panics(|| held.merge(stranger.clone().try_acquire_owned().unwrap())));
    assert_eq!((stranger.available_permits(), Arc::strong_count(&stranger)), (1, 1));
    held.forget();
    assert_eq!((Arc::strong_count(&semaphore), left(&semaphore)), (1, [1, 1, 0, 0]));

    let mut waiting = Box::pin(semaphore.clone().acquire_many_owned(2));
    assert!(poll(waiting.as_mut()).is_pending());
    semaphore.close();
    assert!(ready(waiting.as_mut()).is_err());
    assert_eq!(Arc::strong_count(&semaphore), 1, "a future that was refused keeps no handle");
}

#[test]
fn polling_after_completion_panics() {
    let semaphore = Semaphore::new(1);
    let mut acquire = pin!(semaphore.acquire());
    drop(ready(acquire.as_mut()));
    assert!(panics(|| drop(poll(acquire.as_mut()))));
    semaphore.close();
    let mut refused = pin!(semaphore.acquire());
    drop(ready(refused.as_mut()));
    assert!(panics(|| drop(poll(refused.as_mut()))));
}

/// Semantics 28, for threads.
#[test]
fn closing_sends_threads_away() {
    let semaphore = Arc::new(Semaphore::new(0));
    let threads = [0, 1, 2, 3].map(|which| {
        let semaphore = semaphore.clone();
        thread::spawn(move || match which {
            0 => semaphore.blocking_acquire().is_err(),
            1 => semaphore.blocking_acquire_many(2).is_err(),
            2 => semaphore.blocking_acquire_owned().is_err(),
            _ => semaphore.blocking_acquire_many_owned(2).is_err(),
        })
    });
    while semaphore.waiters() < threads.len() {
        thread::yield_now();
    }
    semaphore.close();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    assert_eq!(semaphore.waiters(), 0);
}

/// A thread may wait inside of a runtime, which is not asked.
#[tokio::test]
async fn blocking_minds_no_runtime() {
    let semaphore = Semaphore::new(1);
    drop(semaphore.blocking_acquire().unwrap());
    assert_eq!(*selvedge::sync::Mutex::new(1).blocking_lock(), 1);
}
