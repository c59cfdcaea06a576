//! Waits that are given up at a deadline, polled by hand.

use std::{
    future::{pending, ready as at_once},
    pin::pin,
    sync::Arc,
};

use selvedge::sync::{DeadlineExt, Expired, Latch, Mutex, Semaphore};

use crate::{
    harness::{Watched, poll, ready},
    sweep::{Report, Swept},
};

#[test]
fn what_is_ready_wins() {
    assert_eq!(ready(pin!(at_once(7).until(at_once(())))), Ok(7));
    assert_eq!(ready(pin!(at_once(7).until(pending::<()>()))), Ok(7));
    assert_eq!(ready(pin!(pending::<u8>().until(at_once(())))), Err(Expired));
    assert_eq!(Expired.to_string(), "the deadline came first");
}

/// Semantics 98: the wait is over before the error is seen.
#[test]
fn what_is_given_up_is_gone_before_the_error_is_seen() {
    let mutex = Mutex::new(());
    let deadline = Latch::new(1);
    let held = mutex.try_lock().unwrap();
    let watched = Watched::new();
    let mut wait = pin!(mutex.lock().until(deadline.wait()));
    assert!(watched.poll(wait.as_mut()).is_pending());
    assert_eq!(mutex.statistics().waiting, 1);
    deadline.count_down();
    assert_eq!(watched.woken(), 1);
    assert_eq!(ready(wait.as_mut()).unwrap_err(), Expired);
    assert_eq!((mutex.statistics().waiting, watched.kept()), (0, 0));
    drop(held);
    assert!(mutex.try_lock().is_ok());
}

/// Semantics 99: the turn and the deadline in one step.
#[test]
fn a_turn_that_came_with_the_deadline_is_taken() {
    let semaphore = Semaphore::new(0);
    let deadline = Latch::new(1);
    let mut wait = pin!(semaphore.acquire().until(deadline.wait()));
    assert!(poll(wait.as_mut()).is_pending());
    deadline.count_down();
    semaphore.add_permits(1);
    ready(wait.as_mut()).unwrap().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
}

/// Semantics 102: of nested deadlines the outer one is reported, if that has come.
#[test]
fn nested_deadlines() {
    let (inner, outer) = (Latch::new(1), Latch::new(1));
    let mut wait = pin!(pending::<()>().until(inner.wait()).until(outer.wait()));
    assert!(poll(wait.as_mut()).is_pending());
    inner.count_down();
    assert_eq!(ready(wait.as_mut()), Ok(Err(Expired)));
    let mut wait = pin!(pending::<()>().until(pending::<()>()).until(outer.wait()));
    assert!(poll(wait.as_mut()).is_pending());
    outer.count_down();
    assert_eq!(ready(wait.as_mut()), Err(Expired));
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let mut wait = pin!(at_once(7).until(pending::<()>()));
    assert_eq!(ready(wait.as_mut()), Ok(7));
    let _ = poll(wait.as_mut());
}

#[test]
fn debug_hides_the_futures() {
    assert_eq!(format!("{:?}", at_once(7).until(pending::<()>())), "Until { .. }");
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "DeadlineExt::until",
        make: || Semaphore::new(0),
        wait: |semaphore: &Arc<Semaphore>| {
            let semaphore = semaphore.clone();
            Box::pin(async move {
                matches!(semaphore.acquire().until(pending::<()>()).await, Ok(Ok(_)))
            })
        },
        free: |semaphore| semaphore.add_permits(1),
        waiting: Semaphore::waiters,
        is_free: |semaphore| semaphore.available_permits() == 1 && semaphore.waiters() == 0,
        close: Some(Semaphore::close),
    }
    .sweep(report);
}
