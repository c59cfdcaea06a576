//! So many in a time.

use std::{
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use selvedge::context::decorate::{CallError, RateLimit, Time, op, ticks};

use super::{Failed, MS, Turned};
use crate::harness::{Watched, panics, poll, ready};

#[test]
fn a_burst_begins_at_once_and_the_rest_at_the_rate() {
    let time = Turned::new();
    let limit = RateLimit::new(1, 10 * MS).burst(2);
    let now = op(async || Ok::<_, Failed>(())).with_time(time.clone()).rate_limit(&limit);
    assert_eq!(ready(pin!(now.call0())), Ok(()));
    assert_eq!(ready(pin!(now.call0())), Ok(()));
    let watched = Watched::new();
    let (mut third, mut fourth) = (pin!(now.call0()), pin!(now.call0()));
    assert!(watched.poll(third.as_mut()).is_pending());
    assert!(watched.poll(fourth.as_mut()).is_pending());
    time.turn(10 * MS);
    assert_eq!(watched.woken(), 1);
    assert_eq!(poll(third.as_mut()), Poll::Ready(Ok(())));
    assert!(watched.poll(fourth.as_mut()).is_pending());
    time.turn(10 * MS);
    assert_eq!(poll(fourth.as_mut()), Poll::Ready(Ok(())));
}

#[test]
fn a_call_that_is_cancelled_gives_the_last_slot_back() {
    let time = Turned::new();
    let limit = RateLimit::new(1, 10 * MS);
    let start = time.now();
    limit.try_take(start, 1).unwrap();
    let quitter = op(async || Ok::<_, Failed>(())).with_time(time.clone()).rate_limit(&limit);
    let mut waiting = Box::pin(quitter.call0());
    assert!(poll(waiting.as_mut()).is_pending());
    drop(waiting);
    assert_eq!(limit.reserve(start, 1).unwrap().wait(start), 10 * MS, "as if it had not been");
}

/// Whoever has been told when to begin counts on the slots before.
#[test]
fn a_slot_in_the_middle_is_not_given_back() {
    let limit = RateLimit::new(1, 10 * MS);
    let start = Instant::now();
    limit.try_take(start, 1).unwrap();
    let (second, third) = (limit.reserve(start, 1).unwrap(), limit.reserve(start, 1).unwrap());
    assert_eq!((second.wait(start), third.wait(start)), (10 * MS, 20 * MS));
    drop(second);
    let fourth = limit.reserve(start, 1).unwrap();
    assert_eq!(fourth.wait(start), 30 * MS);
    // Given back from the end on, all of them are free again.
    drop(fourth);
    drop(third);
    assert_eq!(limit.reserve(start, 1).unwrap().wait(start), 20 * MS);
}

#[test]
fn what_costs_more_than_a_burst_is_an_error() {
    let limit = RateLimit::new(1, MS).burst(3);
    let now = Instant::now();
    let error = limit.reserve(now, 4).unwrap_err();
    assert_eq!(error.retry_after(), None);
    assert!(error.to_string().contains("costs more"));
    assert!(limit.try_take(now, 3).is_ok(), "nothing was taken");
    let error = limit.try_take(now, 2).unwrap_err();
    assert_eq!(error.retry_after(), Some(2 * MS));
    let _: CallError<()> = error.into();
}

/// A clock that goes back lets nobody in early, and nobody wait longer than before.
#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let limit = RateLimit::new(1, 10 * MS);
    let later = Instant::now() + 100 * MS;
    limit.try_take(later, 1).unwrap();
    let earlier = later - 50 * MS;
    assert!(limit.try_take(earlier, 1).is_err());
    assert!(limit.try_take(later + 10 * MS, 1).is_ok());
}

/// A clock that is behind the first that was ever asked is a clock like any other.
#[test]
fn an_early_clock_runs_too() {
    let late = Instant::now();
    let early = late.checked_sub(Duration::from_secs(3600)).unwrap();
    assert!(ticks(early) < ticks(late));
    let limit = RateLimit::new(1, 10 * MS);
    limit.try_take(early, 1).unwrap();
    assert!(limit.try_take(early + 9 * MS, 1).is_err());
    assert!(limit.try_take(early + 10 * MS, 1).is_ok());
}

#[test]
fn a_future_can_be_limited_without_a_chain() {
    let time = Turned::new();
    let limit = RateLimit::new(1, 10 * MS);
    assert_eq!(ready(pin!(limit.run(async { 1 }))), 1);
    time.turn(Duration::from_secs(1));
    assert_eq!(ready(pin!(limit.run_on(time.clone(), async { 2 }))), 2);
    let mut quitter = Box::pin(limit.run_on(time.clone(), async { 3 }));
    assert!(poll(quitter.as_mut()).is_pending());
    drop(quitter);
    let watched = Watched::new();
    let mut waiting = pin!(limit.run_on(time.clone(), async { 3 }));
    assert!(watched.poll(waiting.as_mut()).is_pending());
    time.turn(10 * MS);
    assert_eq!(watched.woken(), 1, "the slot of the one that was dropped is the next one's");
    assert_eq!(ready(waiting), 3);
}

/// Two sources of time, one rate.
#[test]
fn the_counter_of_the_processor_agrees_with_the_clock() {
    use selvedge::context::decorate::{Quanta, Time};

    let counter = Quanta::new();
    let before = ticks(Instant::now());
    let (count, now) = (counter.ticks(), counter.now());
    let after = ticks(Instant::now());
    // It drifts from the clock, but not by much in so short a time.
    let slack = 50_000_000;
    assert!((before - slack..=after + slack).contains(&count), "{before} {count} {after}");
    assert!((before - slack..=after + slack).contains(&ticks(now)));
    let limit = RateLimit::new(1, Duration::from_secs(3600)).burst(2);
    assert_eq!(ready(pin!(limit.run_on(Quanta::sleeping(Turned::new()), async { 1 }))), 1);
    assert!(limit.try_take(Instant::now(), 1).is_ok());
    assert!(limit.try_take(Instant::now(), 1).is_err());
}

#[test]
fn a_rate_of_nothing_is_refused() {
    assert!(panics(|| drop(RateLimit::new(0, MS))));
    assert!(panics(|| drop(RateLimit::new(2, Duration::from_nanos(1)))));
    assert!(panics(|| drop(RateLimit::new(1, MS).burst(0))));
}

proptest! {
    /// In any window there begin at most `burst + rate * window` calls, whatever they cost, whenever
    /// they come, and whoever gives up.
    #[test]
    fn no_window_has_too_many(
        burst in 1_u32..8,
        calls in prop::collection::vec((0_u64..30, 1_u32..4, prop::bool::weighted(0.2)), 1..60),
    ) {
        let limit = RateLimit::new(1, 10 * MS).burst(burst);
        let start = Instant::now();
        let (mut now, mut begun) = (start, Vec::new());
        for (pause, cost, gives_up) in calls {
            now += Duration::from_millis(pause);
            let Ok(slot) = limit.reserve(now, cost) else {
                prop_assert!(cost > burst);
                continue;
            };
            if !gives_up {
                begun.push((now + slot.wait(now), u64::from(cost)));
                slot.begin();
            }
        }
        prop_assert!(begun.is_sorted_by_key(|(at, _)| *at), "first come, first served");
        for from in 0..begun.len() {
            let mut cost = 0;
            for (at, one) in &begun[from..] {
                cost += one;
                let window = at.duration_since(begun[from].0);
                let most = u128::from(burst) + window.as_nanos() / (10 * MS).as_nanos();
                prop_assert!(u128::from(cost) <= most, "{cost} in {window:?}");
            }
        }
    }
}
