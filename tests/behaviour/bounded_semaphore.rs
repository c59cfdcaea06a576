//! A bounded semaphore, polled by hand.

use std::{pin::pin, sync::Arc, thread};

use selvedge::sync::{BoundedSemaphore, TryAcquireError};

use crate::{
    harness::{Watched, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

/// Semantics 25.
#[test]
fn releasing_above_the_initial_value_is_an_error_and_changes_nothing() {
    let semaphore = BoundedSemaphore::new(2);
    let error = semaphore.release(1).unwrap_err();
    assert_eq!(error.to_string(), "more permits were released than were taken");
    let held = semaphore.try_acquire().unwrap();
    // What is held comes back by itself.
    assert!(semaphore.release(1).is_err());
    assert_eq!(semaphore.available_permits(), 1);
    held.forget();
    assert!(semaphore.release(2).is_err(), "one was forgotten, not two");
    assert_eq!(semaphore.available_permits(), 1);
    semaphore.release(1).unwrap();
    assert!(semaphore.release(usize::MAX).is_err());
    assert_eq!((semaphore.available_permits(), semaphore.bound()), (2, 2));
}

/// Semantics 16 and 26.
#[test]
fn what_is_released_goes_to_the_line_in_order() {
    let semaphore = BoundedSemaphore::new(2);
    semaphore.try_acquire_many(2).unwrap().forget();
    let watched = [(); 3].map(|()| Watched::new());
    let quitter = {
        let mut quitter = Box::pin(semaphore.acquire());
        assert!(poll(quitter.as_mut()).is_pending());
        quitter
    };
    let mut heavy = pin!(semaphore.acquire_many(2));
    let mut light = pin!(semaphore.acquire());
    assert!(watched[0].poll(heavy.as_mut()).is_pending());
    assert!(watched[1].poll(light.as_mut()).is_pending());
    drop(quitter);
    semaphore.release(1).unwrap();
    assert_eq!((watched[0].woken(), watched[1].woken(), semaphore.waiters()), (0, 0, 2));
    semaphore.release(1).unwrap();
    let permit = ready(heavy.as_mut()).unwrap();
    assert_eq!((permit.num_permits(), watched[1].woken()), (2, 0));
    drop(permit);
    assert_eq!(ready(light.as_mut()).unwrap().num_permits(), 1);
}

/// Semantics 28.
#[test]
fn closing_sends_waiters_away() {
    let semaphore = Arc::new(BoundedSemaphore::new(1));
    let held = semaphore.clone().try_acquire_owned().unwrap();
    let mut wait = pin!(semaphore.clone().acquire_owned());
    assert!(poll(wait.as_mut()).is_pending());
    semaphore.close();
    assert!(ready(wait.as_mut()).is_err());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    held.forget();
    semaphore.release(1).unwrap();
    assert!(semaphore.is_closed());
    assert_eq!(semaphore.statistics().available, 1);
}

#[test]
fn asking_for_more_than_there_will_ever_be_panics() {
    let semaphore = BoundedSemaphore::new(1);
    assert!(panics(|| drop(semaphore.acquire_many(2))));
    assert!(panics(|| _ = semaphore.try_acquire_many(2)));
    assert!(panics(|| _ = BoundedSemaphore::new(0).acquire()));
    assert!(semaphore.try_acquire().is_ok());
}

#[test]
fn threads_lend_and_bring_back() {
    let semaphore = Arc::new(BoundedSemaphore::new(2));
    let threads = [(); 4].map(|()| {
        let semaphore = semaphore.clone();
        thread::spawn(move || {
            for round in 0..200 {
                let permit = semaphore.blocking_acquire().unwrap();
                if round % 2 == 0 {
                    permit.forget();
                    semaphore.release(1).unwrap();
                }
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(semaphore.available_permits(), 2);
    assert!(semaphore.release(1).is_err());
}

#[test]
fn debug_shows_the_state() {
    let semaphore = BoundedSemaphore::new(2);
    let permit = semaphore.try_acquire().unwrap();
    assert_eq!(format!("{permit:?}"), "BoundedPermit { permits: 1, .. }");
    assert_eq!(
        format!("{semaphore:?}"),
        "BoundedSemaphore { bound: 2, available: 1, waiting: 0, closed: false, .. }"
    );
}

pub(crate) fn sweep(report: Report<'_>) {
    fn bounded(
        name: &'static str,
        wait: fn(&Arc<BoundedSemaphore>) -> Waiting,
    ) -> Swept<BoundedSemaphore> {
        Swept {
            name,
            make: || {
                let semaphore = BoundedSemaphore::new(1);
                semaphore.try_acquire().unwrap().forget();
                semaphore
            },
            wait,
            free: |semaphore| semaphore.release(1).unwrap(),
            waiting: BoundedSemaphore::waiters,
            is_free: |semaphore| semaphore.available_permits() == 1 && semaphore.waiters() == 0,
            close: Some(BoundedSemaphore::close),
        }
    }
    bounded("BoundedSemaphore::acquire", |semaphore| {
        let semaphore = semaphore.clone();
        Box::pin(async move { semaphore.acquire().await.is_ok() })
    })
    .sweep(report);
    bounded("BoundedSemaphore::acquire_owned", |semaphore| {
        let acquire = semaphore.clone().acquire_owned();
        Box::pin(async move { acquire.await.is_ok() })
    })
    .sweep(report);
}
