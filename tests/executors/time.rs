//! Sleeping and deadlines, on the thread timer: never early, and in the end always.

use std::{
    future::{Future, pending},
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use selvedge::time::{Elapsed, never, sleep, sleep_until, timeout, timeout_at};

/// Tells of its drop.
#[expect(dead_code, reason = "held for its count")]
struct OnDrop(Arc<()>);

/// Semantics 98.
#[test]
fn the_inner_future_is_dropped_before_the_error_is_seen() {
    let alive = Arc::new(());
    let inner = OnDrop(alive.clone());
    let ended = pollster::block_on(timeout(Duration::from_millis(1), async move {
        let _inner = inner;
        pending::<()>().await;
    }));
    assert_eq!(ended, Err(Elapsed));
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// Semantics 99 and 100.
#[test]
fn a_result_that_is_there_beats_the_deadline() {
    let past = Instant::now();
    assert_eq!(pollster::block_on(timeout_at(past, async { 1 })), Ok(1));
    assert_eq!(pollster::block_on(timeout(Duration::ZERO, async { 2 })), Ok(2));
    assert_eq!(pollster::block_on(timeout(Duration::ZERO, pending::<()>())), Err(Elapsed));
}

/// Semantics 101.
#[test]
fn an_error_of_the_inner_future_is_passed_on() {
    let ended = pollster::block_on(timeout(Duration::from_secs(60), async { Err::<(), _>("own") }));
    assert_eq!(ended, Ok(Err("own")));
}

/// Semantics 103.
#[test]
fn the_inner_deadline_leaves_the_outer_one_alone() {
    let ended = pollster::block_on(timeout(Duration::from_secs(60), async {
        timeout(Duration::from_millis(1), pending::<()>()).await
    }));
    assert_eq!(ended, Ok(Err(Elapsed)));
}

/// Semantics 104.
#[test]
fn never_is_never() {
    let cx = &mut Context::from_waker(Waker::noop());
    let mut sleep = pin!(sleep(Duration::MAX));
    assert_eq!(sleep.deadline(), never());
    assert!(sleep.as_mut().poll(cx).is_pending());
    sleep.as_mut().reset(Instant::now());
    assert!(sleep.is_elapsed());
    assert_eq!(sleep.as_mut().poll(cx), Poll::Ready(()));
}

/// Semantics 104: the task that waits for never is woken, though nobody polls it after the reset.
#[test]
fn a_deadline_that_replaces_never_wakes_who_waits() {
    struct Tell(mpsc::Sender<()>);

    impl Wake for Tell {
        fn wake(self: Arc<Self>) {
            let _ = self.0.send(());
        }
    }

    let (tell, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Tell(tell)));
    let mut sleep = pin!(sleep(Duration::MAX));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let at = Instant::now() + Duration::from_millis(2);
    sleep.as_mut().reset(at);
    woken.recv_timeout(Duration::from_secs(60)).expect("woken");
    assert!(Instant::now() >= at);
}

/// Semantics 103: a task that is busy past both deadlines hides neither.
#[test]
fn a_busy_task_does_not_hide_the_outer_deadline() {
    let start = Instant::now();
    let ended = pollster::block_on(timeout_at(start + Duration::from_millis(2), async {
        let inner = timeout_at(start + Duration::from_millis(1), pending::<()>()).await;
        std::thread::sleep(Duration::from_millis(4));
        assert_eq!(inner, Err(Elapsed));
        pending::<()>().await;
    }));
    assert_eq!(ended, Err(Elapsed));
}

#[test]
#[should_panic(expected = "polled after completion")]
fn a_timeout_that_has_ended_must_not_be_polled() {
    let cx = &mut Context::from_waker(Waker::noop());
    let mut ended = pin!(timeout(Duration::ZERO, std::future::ready(())));
    assert!(ended.as_mut().poll(cx).is_ready());
    let _ = ended.as_mut().poll(cx);
}

#[test]
fn a_sleep_is_never_early() {
    for micros in [0, 1, 63, 64, 500, 2000] {
        let start = Instant::now();
        pollster::block_on(sleep(Duration::from_micros(micros)));
        assert!(start.elapsed() >= Duration::from_micros(micros));
    }
}

/// A deadline that becomes the earliest wakes the timer's thread, which parks for a later one.
#[test]
fn an_earlier_deadline_is_not_held_up_by_a_later_one() {
    let cx = &mut Context::from_waker(Waker::noop());
    let mut later = pin!(sleep(Duration::from_secs(3600)));
    assert!(later.as_mut().poll(cx).is_pending());
    let start = Instant::now();
    pollster::block_on(sleep_until(start + Duration::from_millis(3)));
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_sleep_that_moves_to_another_task_wakes_it_there() {
    let mut sleep = pin!(sleep(Duration::from_millis(3)));
    assert!(sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    pollster::block_on(sleep);
}
