//! A semaphore, polled by hand.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    thread,
};

use selvedge::sync::{Acquire, Semaphore, TryAcquireError};

use crate::{
    harness::{Meddler, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

fn waiting(semaphore: &Semaphore, n: u32) -> (Watched, Pin<Box<Acquire<'_>>>) {
    let watched = Watched::new();
    let mut acquire = Box::pin(semaphore.acquire_many(n));
    assert!(watched.poll(acquire.as_mut()).is_pending());
    (watched, acquire)
}

/// Semantics 15.
#[test]
fn starting_with_none_is_legal() {
    let semaphore = Semaphore::new(0);
    let (watched, mut acquire) = waiting(&semaphore, 1);
    semaphore.add_permits(1);
    assert_eq!(watched.woken(), 1);
    drop(ready(acquire.as_mut()).unwrap());
}

/// Semantics 16.
#[test]
fn cancelled_waiters_are_passed_over() {
    let semaphore = Semaphore::new(0);
    let (_, one) = waiting(&semaphore, 1);
    let (_, two) = waiting(&semaphore, 1);
    let (three_woken, mut three) = waiting(&semaphore, 1);
    let (four_woken, mut four) = waiting(&semaphore, 1);
    drop((one, two));
    semaphore.add_permits(1);
    assert_eq!((three_woken.woken(), four_woken.woken()), (1, 0));
    let permit = ready(three.as_mut()).unwrap();
    assert!(poll(four.as_mut()).is_pending());
    drop(permit);
}

/// Semantics 17 and 24.
#[test]
fn a_granted_waiter_that_cancels_gives_it_on() {
    let semaphore = Semaphore::new(0);
    let (_, first) = waiting(&semaphore, 1);
    let (woken, mut second) = waiting(&semaphore, 1);
    semaphore.add_permits(1);
    drop(first);
    assert_eq!(woken.woken(), 1);
    ready(second.as_mut()).unwrap().forget();
    assert_eq!((semaphore.available_permits(), semaphore.waiters()), (0, 0));

    let (_, only) = waiting(&semaphore, 1);
    semaphore.add_permits(1);
    drop(only);
    assert_eq!((semaphore.available_permits(), semaphore.waiters()), (1, 0));
}

/// Semantics 18.
#[test]
fn a_waiter_cancelled_by_the_holder_leaves_the_permit_free() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let (_, waiter) = waiting(&semaphore, 1);
    drop(held);
    drop(waiter);
    assert!(semaphore.try_acquire().is_ok());
}

/// Semantics 19 to 21.
#[test]
fn order_is_kept_through_rounds_and_cancels() {
    let semaphore = Semaphore::new(1);
    let mut held = Some(semaphore.try_acquire().unwrap());
    let mut line: std::collections::VecDeque<_> =
        (0..3).map(|who| (who, waiting(&semaphore, 1).1)).collect();
    for round in 0..9 {
        drop(held.take());
        assert!(semaphore.try_acquire().is_err(), "it is promised");
        let (who, mut acquire) = line.pop_front().unwrap();
        assert_eq!(who, round % 3);
        held = Some(ready(acquire.as_mut()).unwrap());
        line.push_back((who, waiting(&semaphore, 1).1));
    }
    line.pop_front();
    drop(held);
    assert!(ready(line[0].1.as_mut()).is_ok());
}

/// Semantics 22 and 23.
#[test]
fn several_releases_wake_as_many() {
    let semaphore = Semaphore::new(0);
    let mut all: Vec<_> = (0..3).map(|_| waiting(&semaphore, 1)).collect();
    semaphore.add_permits(1);
    semaphore.add_permits(1);
    assert_eq!(all.iter().map(|(woken, _)| woken.woken()).collect::<Vec<_>>(), [1, 1, 0]);
    assert_eq!(semaphore.available_permits(), 0);
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    // The second does not need the first to run.
    let second = ready(all[1].1.as_mut()).unwrap();
    let first = ready(all[0].1.as_mut()).unwrap();
    drop((first, second));
    assert!(ready(all[2].1.as_mut()).is_ok());
}

/// Semantics 26.
#[test]
fn a_heavy_head_is_not_overtaken() {
    let semaphore = Semaphore::new(2);
    let (woken, mut heavy) = waiting(&semaphore, 3);
    let (_, mut light) = waiting(&semaphore, 1);
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    assert_eq!((semaphore.available_permits(), semaphore.statistics().available), (0, 2));
    semaphore.add_permits(1);
    assert_eq!(woken.woken(), 1);
    let permit = ready(heavy.as_mut()).unwrap();
    assert_eq!(permit.num_permits(), 3);
    assert!(poll(light.as_mut()).is_pending());
    drop(permit);
    assert!(ready(light.as_mut()).is_ok());
}

/// Semantics 27.
#[test]
fn a_heavy_head_that_cancels_lets_those_in_that_fit() {
    let semaphore = Semaphore::new(2);
    let (_, heavy) = waiting(&semaphore, 3);
    let lights: Vec<_> = (0..3).map(|_| waiting(&semaphore, 1)).collect();
    drop(heavy);
    assert_eq!(lights.iter().map(|(woken, _)| woken.woken()).collect::<Vec<_>>(), [1, 1, 0]);
}

/// Semantics 28.
#[test]
fn closing_sends_waiters_away_and_keeps_permits_valid() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let (woken, mut waiter) = waiting(&semaphore, 1);
    semaphore.close();
    semaphore.close();
    assert_eq!(woken.woken(), 1);
    let error = ready(waiter.as_mut()).unwrap_err();
    assert_eq!(error.to_string(), "the semaphore is closed");
    assert!(ready(pin!(semaphore.acquire()).as_mut()).is_err());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    drop(held);
    assert_eq!((semaphore.is_closed(), semaphore.available_permits()), (true, 1));
}

/// Semantics 29.
#[test]
fn forgetting_shrinks_and_adding_wakes() {
    let semaphore = Semaphore::new(3);
    semaphore.try_acquire().unwrap().forget();
    assert_eq!(semaphore.forget_permits(5), 2);
    assert_eq!((semaphore.available_permits(), semaphore.statistics().total), (0, 0));
    let (woken, _waiter) = waiting(&semaphore, 2);
    semaphore.add_permits(1);
    assert_eq!(woken.woken(), 0);
    semaphore.add_permits(1);
    assert_eq!(woken.woken(), 1);
}

/// Semantics 30, for a semaphore that is resized.
#[test]
fn resizing_counts_those_that_are_held() {
    let semaphore = Semaphore::new(3);
    let mut held = semaphore.try_acquire_many(3).unwrap();
    let lights: Vec<_> = (0..3).map(|_| waiting(&semaphore, 1)).collect();
    semaphore.set_permits(5);
    assert_eq!(lights.iter().map(|(woken, _)| woken.woken()).sum::<usize>(), 2);
    semaphore.set_permits(4);
    assert_eq!(semaphore.statistics().owed, 1);
    drop(held.split(1));
    assert_eq!(lights[2].0.woken(), 0, "the first that comes back is owed");
    drop(held);
    assert_eq!(lights[2].0.woken(), 1);
    drop(lights);
    let seen = semaphore.statistics();
    assert_eq!((seen.available, seen.total, seen.owed), (4, 4, 0));
}

#[test]
fn owed_permits_may_be_forgotten() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.try_acquire_many(3).unwrap();
    semaphore.reduce_permits(2);
    held.forget();
    semaphore.add_permits(2);
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.set_permits(1);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn all_takes_what_there_is() {
    let semaphore = Semaphore::new(5);
    let held = semaphore.try_acquire_many(4).unwrap();
    let mut all = pin!(semaphore.acquire_all(2));
    assert!(poll(all.as_mut()).is_pending());
    drop(held);
    assert_eq!(ready(all.as_mut()).unwrap().num_permits(), 5);
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
fn none_at_all_are_there_without_waiting() {
    let semaphore = Semaphore::new(0);
    let (_, _waiter) = waiting(&semaphore, 1);
    assert_eq!(ready(pin!(semaphore.acquire_many(0)).as_mut()).unwrap().num_permits(), 0);
}

#[test]
fn permits_merge_and_split() {
    let (one, other) = (Semaphore::new(5), Semaphore::new(1));
    let mut held = one.try_acquire_many(2).unwrap();
    held.merge(one.try_acquire_many(3).unwrap());
    assert_eq!(held.num_permits(), 5);
    assert!(held.split(6).is_none());
    assert_eq!(held.split(2).unwrap().num_permits(), 2);
    assert_eq!((held.num_permits(), one.available_permits()), (3, 2));
    assert!(panics(|| held.merge(other.try_acquire().unwrap())));
    assert!(std::ptr::eq(one.try_acquire().unwrap().semaphore(), &raw const one));
    assert_eq!((one.available_permits(), other.available_permits()), (2, 1));
}

#[test]
fn too_many_permits_are_refused() {
    assert!(panics(|| drop(Semaphore::new(Semaphore::MAX_PERMITS + 1))));
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    assert!(panics(|| semaphore.add_permits(1)));
    assert!(panics(|| semaphore.add_permits(usize::MAX)));
    assert!(panics(|| semaphore.set_permits(usize::MAX)));
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert!(panics(|| Semaphore::new(1).reduce_permits(2)));
}

#[test]
fn a_waker_that_panics_costs_the_others_nothing() {
    let semaphore = Semaphore::new(0);
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    let mut first = Box::pin(semaphore.acquire());
    assert!(
        std::future::Future::poll(first.as_mut(), &mut std::task::Context::from_waker(&waker))
            .is_pending()
    );
    let others: Vec<_> = (0..99).map(|_| waiting(&semaphore, 1)).collect();
    assert!(panics(|| semaphore.add_permits(100)));
    assert!(others.iter().all(|(woken, _)| woken.woken() == 1));
}

#[test]
fn no_wait_allocates() {
    let semaphore = Semaphore::new(0);
    let mut acquire = pin!(semaphore.acquire());
    let count = allocations(|| {
        assert!(poll(acquire.as_mut()).is_pending());
        semaphore.add_permits(1);
        drop(ready(acquire.as_mut()));
    });
    assert_eq!(count, 0);
}

#[test]
fn threads_wait_beside_tasks() {
    let semaphore = Arc::new(Semaphore::new(2));
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let semaphore = semaphore.clone();
            thread::spawn(move || {
                for _ in 0..300 {
                    match n {
                        0 => drop(semaphore.blocking_acquire().unwrap()),
                        1 => drop(semaphore.blocking_acquire_many(2).unwrap()),
                        2 => drop(semaphore.clone().blocking_acquire_owned().unwrap()),
                        _ => drop(semaphore.clone().blocking_acquire_many_owned(2).unwrap()),
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn debug_shows_the_state() {
    let semaphore = Semaphore::new(2);
    let permit = semaphore.try_acquire().unwrap();
    assert_eq!(format!("{permit:?}"), "SemaphorePermit { permits: 1, .. }");
    assert_eq!(
        format!("{semaphore:?}"),
        "Semaphore { available: 1, waiting: 0, closed: false, .. }"
    );
}

pub(crate) fn sweep(report: Report<'_>) {
    /// A semaphore whose waiters ask for `N` permits.
    fn semaphore<const N: usize>(
        name: &'static str,
        wait: fn(&Arc<Semaphore>) -> Waiting,
    ) -> Swept<Semaphore> {
        Swept {
            name,
            make: || Semaphore::new(0),
            wait,
            free: |semaphore| semaphore.add_permits(N),
            waiting: Semaphore::waiters,
            is_free: |semaphore| semaphore.available_permits() == N && semaphore.waiters() == 0,
            close: Some(Semaphore::close),
        }
    }
    semaphore::<1>("Semaphore::acquire", |semaphore| {
        let semaphore = semaphore.clone();
        Box::pin(async move { semaphore.acquire().await.is_ok() })
    })
    .sweep(report);
    semaphore::<3>("Semaphore::acquire_many", |semaphore| {
        let semaphore = semaphore.clone();
        Box::pin(async move { semaphore.acquire_many(3).await.is_ok() })
    })
    .sweep(report);
    semaphore::<2>("Semaphore::acquire_all", |semaphore| {
        let semaphore = semaphore.clone();
        Box::pin(async move { semaphore.acquire_all(2).await.is_ok() })
    })
    .sweep(report);
    semaphore::<1>("Semaphore::acquire_owned", |semaphore| {
        let acquire = semaphore.clone().acquire_owned();
        Box::pin(async move { acquire.await.is_ok() })
    })
    .sweep(report);
    semaphore::<3>("Semaphore::acquire_many_owned", |semaphore| {
        let acquire = semaphore.clone().acquire_many_owned(3);
        Box::pin(async move { acquire.await.is_ok() })
    })
    .sweep(report);
}
