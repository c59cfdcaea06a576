//! At most one in a time, the first and the last of many.

use std::{cell::RefCell, pin::pin, sync::Arc, task::Poll, time::Duration};

use proptest::prelude::*;
use selvedge::context::decorate::{CallError, Skipped, Throttle, Time, op};

use super::{Failed, MS, Turned};
use crate::harness::{Watched, panics, poll, ready};

fn left_out<R>(poll: &Poll<Result<R, Failed>>) -> bool {
    matches!(poll, Poll::Ready(Err(CallError::Skipped(Skipped))))
}

async fn echo(n: u32) -> Result<u32, Failed> {
    Ok(n)
}

/// The first begins at once, the last at the end of the window; those between are left out, and told
/// so at once.
#[test]
fn both_edges_of_a_window_begin() {
    let time = Turned::new();
    let throttle = Arc::new(Throttle::new(10 * MS));
    let call = op(echo).with_time(time.clone()).throttle(throttle.clone());
    assert_eq!(ready(pin!(call.call(1))), Ok(1));
    let (watched, last) = (Watched::new(), Watched::new());
    let (mut second, mut third) = (pin!(call.call(2)), pin!(call.call(3)));
    assert!(watched.poll(second.as_mut()).is_pending());
    time.turn(3 * MS);
    assert!(last.poll(third.as_mut()).is_pending());
    assert_eq!(watched.woken(), 1, "it is told that another took its place");
    assert!(left_out(&watched.poll(second)));
    time.turn(6 * MS);
    assert_eq!(last.woken(), 0);
    time.turn(MS);
    assert_eq!(last.woken(), 1);
    assert_eq!(last.poll(third), Poll::Ready(Ok(3)));
    // A window follows that one, too.
    let mut fourth = pin!(call.call(4));
    assert!(last.poll(fourth.as_mut()).is_pending());
    time.turn(10 * MS);
    assert_eq!(last.poll(fourth), Poll::Ready(Ok(4)));
    time.turn(10 * MS);
    assert_eq!(ready(pin!(call.call(5))), Ok(5), "after a quiet window at once");
}

#[test]
fn without_the_trailing_edge_the_rest_is_left_out() {
    let time = Turned::new();
    let throttle = Throttle::new(10 * MS).trailing(false);
    let call = op(echo).with_time(time.clone()).throttle(&throttle);
    assert_eq!(ready(pin!(call.call(1))), Ok(1));
    time.turn(9 * MS);
    assert!(left_out(&poll(pin!(call.call(2)))));
    time.turn(MS);
    assert_eq!(ready(pin!(call.call(3))), Ok(3));
}

#[test]
fn without_the_leading_edge_the_first_opens_the_window() {
    let time = Turned::new();
    let throttle = Throttle::new(10 * MS).leading(false);
    let call = op(echo).with_time(time.clone()).throttle(&throttle);
    let watched = Watched::new();
    let (mut first, mut second) = (pin!(call.call(1)), pin!(call.call(2)));
    assert!(watched.poll(first.as_mut()).is_pending());
    time.turn(4 * MS);
    assert!(watched.poll(second.as_mut()).is_pending());
    assert!(left_out(&poll(first)));
    time.turn(6 * MS);
    assert_eq!(poll(second), Poll::Ready(Ok(2)));
}

/// A call that finds the window over begins, and stands for the one that has not noticed yet.
#[test]
fn whoever_comes_late_is_stood_for() {
    let time = Turned::new();
    for leading in [true, false] {
        let throttle = Throttle::new(10 * MS).leading(leading);
        let call = op(echo).with_time(time.clone()).throttle(&throttle);
        if leading {
            assert_eq!(ready(pin!(call.call(0))), Ok(0));
        }
        let mut waits = pin!(call.call(1));
        assert!(poll(waits.as_mut()).is_pending());
        time.turn(10 * MS);
        assert_eq!(ready(pin!(call.call(2))), Ok(2));
        assert!(left_out(&poll(waits)));
        assert!(poll(pin!(call.call(3))).is_pending());
        time.turn(100 * MS);
    }
}

/// Whoever is dropped takes its place along, and the next window is as if it had not been.
#[test]
fn who_is_cancelled_begins_nowhere() {
    let time = Turned::new();
    let throttle = Throttle::new(10 * MS);
    let began = RefCell::new(Vec::new());
    let call = op(async |n: u32| {
        began.borrow_mut().push(n);
        Ok::<_, Failed>(n)
    })
    .with_time(time.clone())
    .throttle(&throttle);
    assert_eq!(ready(pin!(call.call(1))), Ok(1));
    let watched = Watched::new();
    let mut quitter = Box::pin(call.call(2));
    assert!(watched.poll(quitter.as_mut()).is_pending());
    drop(quitter);
    let mut unpolled = Box::pin(call.call(3));
    time.turn(10 * MS);
    assert!(poll(unpolled.as_mut()).is_ready(), "at once: nobody waits, the window is over");
    assert_eq!(*began.borrow(), [1, 3]);
    // One that was skipped leaves the one that waits alone when it goes.
    let (mut old, mut new) = (Box::pin(call.call(4)), Box::pin(call.call(5)));
    assert!(poll(old.as_mut()).is_pending());
    assert!(poll(new.as_mut()).is_pending());
    drop(old);
    time.turn(10 * MS);
    assert_eq!(poll(new.as_mut()), Poll::Ready(Ok(5)));
}

#[test]
fn a_future_can_be_throttled_without_a_chain() {
    let throttle = Throttle::new(Duration::MAX);
    assert_eq!(ready(pin!(throttle.run(echo(1)))), Ok(1));
    let mut never = pin!(throttle.run_on(Turned::new(), echo(2)));
    assert!(poll(never.as_mut()).is_pending());
    let throttle = Throttle::new(Duration::ZERO);
    assert_eq!(ready(pin!(throttle.run(echo(1)))), Ok(1));
    assert_eq!(ready(pin!(throttle.run(echo(2)))), Ok(2), "no time is no window");
    assert!(panics(|| drop(Throttle::new(MS).leading(false).trailing(false))));
    assert!(panics(|| drop(Throttle::new(MS).trailing(false).leading(false))));
}

proptest! {
    /// No two calls begin within a window, and the last one of all begins.
    #[test]
    fn no_two_begin_within_a_window(
        leading in any::<bool>(),
        pauses in prop::collection::vec(0_u32..15, 1..40),
    ) {
        let time = Turned::new();
        let throttle = Throttle::new(10 * MS).leading(leading);
        let began = RefCell::new(Vec::new());
        let call = op(async |n: usize| {
            began.borrow_mut().push((time.now(), n));
            Ok::<_, Failed>(())
        })
        .with_time(time.clone())
        .throttle(&throttle);
        let mut calls = Vec::new();
        for (n, pause) in pauses.iter().enumerate() {
            for _ in 0..*pause {
                time.turn(MS);
                calls.retain_mut(|call: &mut std::pin::Pin<Box<dyn Future<Output = _>>>| {
                    poll(call.as_mut()).is_pending()
                });
            }
            let mut next = Box::pin(call.call(n));
            let waits = poll(next.as_mut()).is_pending();
            // Whoever waited has been left out.
            calls.retain_mut(|call| poll(call.as_mut()).is_pending());
            if waits {
                calls.push(next);
            }
            prop_assert!(calls.len() <= 1, "one waits at most");
        }
        time.turn(10 * MS);
        calls.retain_mut(|call| poll(call.as_mut()).is_pending());
        prop_assert!(calls.is_empty());
        drop(calls);
        let began = began.take();
        for two in began.windows(2) {
            prop_assert!(two[1].0 - two[0].0 >= 10 * MS && two[1].1 > two[0].1, "{began:?}");
        }
        prop_assert_eq!(began.last().map(|(_, n)| *n), Some(pauses.len() - 1));
    }
}
