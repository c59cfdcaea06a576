//! The last of many, once there are no more.

use std::{cell::RefCell, pin::pin, sync::Arc, task::Poll, time::Duration};

use proptest::prelude::*;
use selvedge::context::decorate::{CallError, Debounce, Skipped, Time, op};

use super::{Failed, MS, Turned};
use crate::harness::{Watched, panics, poll, ready};

fn left_out<R>(poll: &Poll<Result<R, Failed>>) -> bool {
    matches!(poll, Poll::Ready(Err(CallError::Skipped(Skipped))))
}

async fn echo(n: u32) -> Result<u32, Failed> {
    Ok(n)
}

#[test]
fn the_last_one_begins_when_it_has_become_quiet() {
    let time = Turned::new();
    let debounce = Arc::new(Debounce::new(10 * MS));
    let call = op(echo).with_time(time.clone()).debounce(debounce.clone());
    let (watched, last) = (Watched::new(), Watched::new());
    let (mut first, mut second) = (pin!(call.call(1)), pin!(call.call(2)));
    assert!(watched.poll(first.as_mut()).is_pending());
    time.turn(9 * MS);
    assert!(last.poll(second.as_mut()).is_pending());
    assert_eq!(watched.woken(), 1);
    assert!(left_out(&watched.poll(first)));
    time.turn(9 * MS);
    assert_eq!(last.woken(), 0, "each call begins the quiet time anew");
    time.turn(MS);
    assert_eq!(last.woken(), 1);
    assert_eq!(last.poll(second), Poll::Ready(Ok(2)));
}

#[test]
fn the_leading_edge_begins_at_once() {
    let time = Turned::new();
    let debounce = Debounce::new(10 * MS).leading(true);
    let call = op(echo).with_time(time.clone()).debounce(&debounce);
    assert_eq!(ready(pin!(call.call(1))), Ok(1));
    time.turn(10 * MS);
    assert_eq!(ready(pin!(call.call(2))), Ok(2), "alone it is not called again");
    time.turn(5 * MS);
    let mut third = pin!(call.call(3));
    assert!(poll(third.as_mut()).is_pending());
    time.turn(10 * MS);
    assert_eq!(poll(third), Poll::Ready(Ok(3)));
}

#[test]
fn without_the_trailing_edge_the_rest_is_left_out() {
    let time = Turned::new();
    let debounce = Debounce::new(10 * MS).leading(true).trailing(false);
    let call = op(echo).with_time(time.clone()).debounce(&debounce);
    assert_eq!(ready(pin!(call.call(1))), Ok(1));
    for n in 2..5 {
        time.turn(9 * MS);
        assert!(left_out(&poll(pin!(call.call(n)))), "it has not been quiet for long enough");
    }
    time.turn(10 * MS);
    assert_eq!(ready(pin!(call.call(5))), Ok(5));
}

#[test]
fn it_does_not_wait_for_quiet_for_ever() {
    let time = Turned::new();
    let debounce = Debounce::new(10 * MS).max_wait(25 * MS);
    let began = RefCell::new(Vec::new());
    let call = op(async |n: u32| {
        began.borrow_mut().push(n);
        Ok::<_, Failed>(())
    })
    .with_time(time.clone())
    .debounce(&debounce);
    let mut calls = Vec::new();
    for n in 0..56 {
        calls.push(Box::pin(call.call(n)));
        calls.retain_mut(|call| poll(call.as_mut()).is_pending());
        time.turn(MS);
        calls.retain_mut(|call| poll(call.as_mut()).is_pending());
    }
    assert_eq!(*began.borrow(), [24, 49], "25 ms after the first, and after the one that began");
}

/// A call that finds one due begins, and stands for it: however busy, one begins in the end.
#[test]
fn whoever_comes_late_is_stood_for() {
    let time = Turned::new();
    let debounce = Debounce::new(10 * MS);
    let call = op(echo).with_time(time.clone()).debounce(&debounce);
    let mut waits = pin!(call.call(1));
    assert!(poll(waits.as_mut()).is_pending());
    time.turn(10 * MS);
    assert_eq!(ready(pin!(call.call(2))), Ok(2));
    assert!(left_out(&poll(waits)));
}

#[test]
fn who_is_cancelled_begins_nowhere() {
    let time = Turned::new();
    let debounce = Debounce::new(10 * MS);
    let call = op(echo).with_time(time.clone()).debounce(&debounce);
    let watched = Watched::new();
    let mut quitter = Box::pin(call.call(1));
    assert!(watched.poll(quitter.as_mut()).is_pending());
    drop(quitter);
    time.turn(20 * MS);
    let mut next = pin!(call.call(2));
    assert!(poll(next.as_mut()).is_pending(), "a burst of its own");
    time.turn(10 * MS);
    assert_eq!(poll(next), Poll::Ready(Ok(2)));
}

#[test]
fn a_future_can_be_debounced_without_a_chain() {
    let debounce = Debounce::new(Duration::ZERO);
    assert_eq!(ready(pin!(debounce.run_on(Turned::new(), echo(1)))), Ok(1));
    let debounce = Debounce::new(Duration::MAX).leading(true);
    assert_eq!(ready(pin!(debounce.run(echo(1)))), Ok(1));
    assert!(panics(|| drop(Debounce::new(MS).trailing(false))));
    assert!(panics(|| drop(Debounce::new(MS).leading(true).trailing(false).leading(false))));
}

proptest! {
    /// The last call of each burst begins, a quiet time after it came, and no other.
    #[test]
    fn the_last_of_each_burst_begins(pauses in prop::collection::vec(0_u32..15, 1..40)) {
        let time = Turned::new();
        let debounce = Debounce::new(10 * MS);
        let began = RefCell::new(Vec::new());
        let call = op(async |n: usize| {
            began.borrow_mut().push((n, time.now()));
            Ok::<_, Failed>(())
        })
        .with_time(time.clone())
        .debounce(&debounce);
        let (mut calls, mut expected) = (Vec::new(), Vec::new());
        for (n, pause) in pauses.iter().enumerate() {
            if pauses.get(n + 1).is_none_or(|pause| *pause >= 10) {
                expected.push((n, time.now() + (*pause + 10) * MS));
            }
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
            prop_assert_eq!(calls.len(), 1);
        }
        time.turn(10 * MS);
        calls.retain_mut(|call| poll(call.as_mut()).is_pending());
        prop_assert!(calls.is_empty());
        drop(calls);
        prop_assert_eq!(began.take(), expected);
    }
}
