use std::{
    future::{Future, pending, poll_fn, ready as ready_with},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use selvedge::{
    sync::Semaphore,
    time::{Elapsed, Timer, VirtualClock, sleep_on, timeout_at_on, timeout_on},
};

use crate::{
    harness::{Watched, panics, poll, ready},
    sleep::seasoned,
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "Timeout",
        make: seasoned,
        wait: |clock| {
            let limited = timeout_on(VirtualClock::clone(clock), SECOND, pending::<()>());
            Box::pin(async { limited.await.is_err() })
        },
        free: |clock| clock.advance(SECOND),
        waiting: VirtualClock::waiting,
        is_free: |clock| clock.waiting() == 0,
        close: None,
    }
    .sweep(report);
}

/// Runs a task in time that jumps; how long that took.
fn run<F: Future>(task: impl FnOnce(VirtualClock) -> F) -> (F::Output, Duration) {
    let clock = VirtualClock::new();
    let start = clock.now();
    let output = pollster::block_on(clock.auto_advance(task(clock.clone())));
    (output, clock.now() - start)
}

/// Semantics 98.
#[test]
fn the_inner_future_is_dropped_before_the_error_is_seen() {
    let clock = VirtualClock::new();
    let alive = Arc::new(());
    let inner = alive.clone();
    let mut limited = pin!(timeout_on(&clock, SECOND, async move {
        let _inner = inner;
        pending::<()>().await;
    }));
    assert!(poll(limited.as_mut()).is_pending());
    clock.advance(SECOND);
    assert_eq!(Arc::strong_count(&alive), 2);
    assert_eq!(ready(limited), Err(Elapsed));
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// Semantics 99: whichever came first.
#[test]
fn a_result_in_the_same_tick_wins() {
    for result_first in [false, true] {
        let clock = VirtualClock::new();
        let semaphore = Semaphore::new(0);
        let watched = Watched::new();
        let mut limited = pin!(timeout_on(&clock, SECOND, semaphore.acquire()));
        assert!(watched.poll(limited.as_mut()).is_pending());
        if result_first {
            semaphore.add_permits(1);
        }
        clock.advance(SECOND);
        if !result_first {
            semaphore.add_permits(1);
        }
        let Poll::Ready(Ok(permit)) = watched.poll(limited.as_mut()) else { panic!("it lost") };
        drop(permit);
        assert_eq!((semaphore.available_permits(), watched.kept(), clock.waiting()), (1, 0, 0));
    }
}

/// Semantics 100.
#[test]
fn without_any_time_the_inner_future_is_polled_once() {
    let clock = VirtualClock::new();
    clock.advance(SECOND);
    assert_eq!(ready(pin!(timeout_on(&clock, Duration::ZERO, ready_with(1)))), Ok(1));
    let past = clock.now() - SECOND;
    assert_eq!(ready(pin!(timeout_at_on(&clock, past, ready_with(1)))), Ok(1));
    for at in [past, clock.now()] {
        let mut polls = 0;
        let counted = poll_fn(|_| {
            polls += 1;
            Poll::<()>::Pending
        });
        assert_eq!(ready(pin!(timeout_at_on(&clock, at, counted))), Err(Elapsed));
        assert_eq!(polls, 1);
    }
}

/// Semantics 101.
#[test]
fn an_error_of_the_inner_future_is_passed_on() {
    let (ended, took) = run(|clock| async move {
        timeout_on(&clock, 60 * SECOND, async {
            sleep_on(&clock, SECOND).await;
            Err::<(), _>("own")
        })
        .await
    });
    assert_eq!((ended, took), (Ok(Err("own")), SECOND));
}

/// Semantics 102, as 99 has it: one of them is reported, and it is the inner one. Its error is a
/// result that is there.
#[test]
fn of_nested_timeouts_with_one_deadline_the_inner_one_reports() {
    let (ended, took) = run(|clock| async move {
        let at = clock.now() + SECOND;
        timeout_at_on(&clock, at, timeout_at_on(&clock, at, pending::<()>())).await
    });
    assert_eq!((ended, took), (Ok(Err(Elapsed)), SECOND));

    // What goes on after the inner one ends with the outer one, at once.
    let (ended, took) = run(|clock| async move {
        let at = clock.now() + SECOND;
        timeout_at_on(&clock, at, async {
            assert_eq!(timeout_at_on(&clock, at, pending::<()>()).await, Err(Elapsed));
            pending::<()>().await;
        })
        .await
    });
    assert_eq!((ended, took), (Err(Elapsed), SECOND));
}

/// Semantics 103.
#[test]
fn an_inner_timeout_leaves_the_outer_one_alone() {
    let (ended, took) = run(|clock| async move {
        timeout_on(&clock, 3 * SECOND, async {
            assert_eq!(timeout_on(&clock, SECOND, pending::<()>()).await, Err(Elapsed));
            sleep_on(&clock, SECOND).await;
            // Busy past the outer deadline.
            clock.advance(5 * SECOND);
            pending::<()>().await;
        })
        .await
    });
    assert_eq!((ended, took), (Err(Elapsed), 7 * SECOND));
}

/// Semantics 104.
#[test]
fn no_deadline_means_never() {
    let clock = VirtualClock::new();
    let mut limited = pin!(timeout_on(&clock, Duration::MAX, pending::<()>()));
    assert!(poll(limited.as_mut()).is_pending());
    clock.advance(Duration::MAX);
    assert!(poll(limited.as_mut()).is_pending());
}

/// Semantics 105: cancelled from outside, by a signal or by being dropped.
#[test]
fn a_cancel_from_outside_is_no_timeout() {
    let (ended, took) = run(|clock| async move {
        let cancelled = async {
            sleep_on(&clock, SECOND).await;
            "cancelled"
        };
        timeout_on(&clock, 60 * SECOND, cancelled).await
    });
    assert_eq!((ended, took), (Ok("cancelled"), SECOND));

    let clock = VirtualClock::new();
    let (watched, alive) = (Watched::new(), Arc::new(()));
    let inner = alive.clone();
    let mut limited = Box::pin(timeout_on(&clock, SECOND, async move {
        let _inner = inner;
        pending::<()>().await;
    }));
    assert!(watched.poll(limited.as_mut()).is_pending());
    drop(limited);
    assert_eq!((Arc::strong_count(&alive), clock.waiting()), (1, 0));
    clock.advance(2 * SECOND);
    assert_eq!((watched.woken(), watched.kept()), (0, 0));
}

/// Semantics 106: a cancelled body's cleanup has its own timeout, before and after the outer
/// deadline.
#[test]
fn cleanup_after_a_cancel_has_its_timeout() {
    let cleanup =
        |clock: VirtualClock| async move { timeout_on(&clock, 2 * SECOND, pending::<()>()).await };
    let (ended, took) = run(|clock| async move {
        timeout_on(&clock, 60 * SECOND, async {
            // The cancel.
            sleep_on(&clock, SECOND).await;
            cleanup(clock.clone()).await
        })
        .await
    });
    assert_eq!((ended, took), (Ok(Err(Elapsed)), 3 * SECOND));

    let (ended, took) = run(|clock| async move {
        let ended = timeout_on(&clock, SECOND, pending::<()>()).await;
        (ended, cleanup(clock.clone()).await)
    });
    assert_eq!((ended, took), ((Err(Elapsed), Err(Elapsed)), 3 * SECOND));
}

#[test]
fn the_future_inside_can_be_reached_until_it_ends() {
    let clock = VirtualClock::new();
    let mut limited = timeout_on(&clock, SECOND, ready_with(1));
    *limited.get_mut() = ready_with(2);
    assert_eq!(format!("{:?}", limited.get_ref()), "Ready(Some(2))");
    assert_eq!(ready(pin!(limited.into_inner())), 2);

    let mut ended = timeout_on(&clock, SECOND, ready_with(1));
    assert_eq!(ready(pin!(&mut ended)), Ok(1));
    assert!(panics(|| _ = ended.get_ref()));
    assert!(panics(|| _ = poll(pin!(&mut ended))), "polled after completion");
    assert!(panics(|| _ = ended.into_inner()));
}

/// A future that panics takes nothing of the timer along.
#[test]
fn a_future_that_panics_leaves_nothing_behind() {
    let clock = VirtualClock::new();
    let mut polls = 0;
    let panicking = poll_fn(move |_| {
        polls += 1;
        assert!(polls < 2, "on purpose");
        Poll::<()>::Pending
    });
    let mut limited = Box::pin(timeout_on(&clock, SECOND, panicking));
    assert!(poll(limited.as_mut()).is_pending());
    assert!(panics(|| _ = poll(limited.as_mut())));
    drop(limited);
    assert_eq!(clock.waiting(), 0);
}
