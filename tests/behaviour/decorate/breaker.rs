//! No more calls to what fails.

use std::{
    collections::VecDeque,
    future::{pending, ready as at_once},
    pin::pin,
    sync::Arc,
};

use proptest::prelude::*;
use selvedge::context::decorate::{Breaker, BreakerState, CallError, IfErr, Time, Verdict, op};

use super::{Failed, MS, Turned};
use crate::harness::{panics, poll, ready};

async fn answer(well: bool) -> Result<(), Failed> {
    if well { Ok(()) } else { Err(CallError::Inner("no answer")) }
}

fn is_open(result: &Result<(), Failed>) -> bool {
    matches!(result, Err(CallError::Open(_)))
}

#[test]
fn it_opens_waits_probes_and_closes() {
    let time = Turned::new();
    let breaker = Arc::new(Breaker::new(4).wait(10 * MS).probes(2));
    let ask = op(answer).with_time(time.clone()).breaker(breaker.clone());
    let call = |well| ready(pin!(ask.call(well)));
    for well in [true, false, true] {
        assert!(!is_open(&call(well)));
    }
    assert_eq!(breaker.state(), BreakerState::Closed, "three are fewer than the minimum");
    assert!(!is_open(&call(false)));
    assert_eq!(breaker.state(), BreakerState::Open);
    let Err(CallError::Open(open)) = call(true) else { panic!("it was let in") };
    assert_eq!(open.retry_after(), Some(10 * MS));
    time.turn(10 * MS);
    assert_eq!(call(true), Ok(()));
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert_eq!(call(true), Ok(()));
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert!(!is_open(&call(false)), "what was before is forgotten");
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn a_probe_that_fails_opens_it_again() {
    let time = Turned::new();
    let breaker = Breaker::new(1).wait(10 * MS).probes(3);
    let ask = op(answer).with_time(time.clone()).breaker(&breaker);
    let call = |well| ready(pin!(ask.call(well)));
    assert!(!is_open(&call(false)));
    time.turn(10 * MS);
    assert_eq!(call(true), Ok(()));
    assert!(!is_open(&call(false)));
    assert_eq!(breaker.state(), BreakerState::Open);
    time.turn(9 * MS);
    assert!(is_open(&call(true)));
    time.turn(MS);
    assert!((0..3).all(|_| call(true).is_ok()));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

/// Exactly as many are let in as there are probes; who is dropped, panics, or is ignored gives its
/// place to another.
#[test]
fn half_open_admits_exactly_its_probes() {
    let time = Turned::new();
    let breaker = Breaker::new(1).wait(MS).probes(2);
    let fails = op(answer).with_time(time.clone()).breaker(&breaker);
    assert!(!is_open(&ready(pin!(fails.call(false)))));
    time.turn(MS);
    let hangs = op(async || pending::<Result<(), Failed>>().await);
    let hangs = hangs.with_time(time.clone()).breaker(&breaker);
    let (mut one, mut two) = (Box::pin(hangs.call0()), Box::pin(hangs.call0()));
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll(two.as_mut()).is_pending());
    assert!(is_open(&ready(pin!(fails.call(true)))), "a third is one too many");
    drop(one);
    let bursts = op(async || -> Result<(), Failed> { panic!("on purpose") });
    let bursts = bursts.with_time(time.clone()).breaker(&breaker);
    assert!(panics(|| assert!(ready(pin!(bursts.call0())).is_ok())));
    let ignored = op(answer).with_time(time.clone());
    let ignored = ignored.breaker_when(&breaker, |_: &Result<(), Failed>| Verdict::Done);
    assert!(!is_open(&ready(pin!(ignored.call(false)))));
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert_eq!(ready(pin!(fails.call(true))), Ok(()));
    assert!(is_open(&ready(pin!(fails.call(true)))), "one succeeded, one hangs");
    drop(two);
    assert_eq!(ready(pin!(fails.call(true))), Ok(()));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[test]
fn the_late_result_of_an_old_cycle_does_not_count() {
    let time = Turned::new();
    let breaker = Breaker::new(1).wait(MS);
    let now = || time.now();
    let (late, later) = (breaker.ask(now).unwrap(), breaker.ask(now).unwrap());
    breaker.ask(now).unwrap().ended(true, now);
    assert_eq!(breaker.state(), BreakerState::Open);
    late.ended(false, now);
    time.turn(MS);
    let probe = breaker.ask(now).unwrap();
    later.ended(true, now);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    probe.ended(false, now);
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(breaker.statistics(time.now()).calls, 0);
}

#[test]
fn slow_calls_open_it_too() {
    let time = Turned::new();
    let breaker = Breaker::new(2).slow_rate(100, 5 * MS);
    let turned = time.clone();
    let slow = op(async || {
        turned.turn(5 * MS);
        at_once(Ok::<(), Failed>(())).await
    });
    let slow = slow.with_time(time.clone()).breaker(&breaker);
    assert_eq!(ready(pin!(slow.call0())), Ok(()));
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(ready(pin!(slow.call0())), Ok(()));
    assert_eq!(breaker.statistics(time.now()).state, BreakerState::Open);
}

#[test]
fn a_window_of_time_forgets() {
    let time = Turned::new();
    let breaker = Breaker::over(100 * MS).minimum_calls(2);
    let ask = op(answer).with_time(time.clone()).breaker(&breaker);
    assert!(ready(pin!(ask.call(false))).is_err());
    time.turn(110 * MS);
    assert!(ready(pin!(ask.call(false))).is_err());
    assert_eq!(breaker.statistics(time.now()).calls, 1);
    assert_eq!(breaker.state(), BreakerState::Closed);
    time.turn(50 * MS);
    assert!(ready(pin!(ask.call(false))).is_err());
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[test]
fn it_does_as_it_is_told() {
    let breaker = Breaker::new(1);
    let ask = op(answer).with_time(Turned::new()).breaker(&breaker);
    breaker.force_open();
    let Err(CallError::Open(open)) = ready(pin!(ask.call(true))) else { panic!("it was let in") };
    assert_eq!((open.retry_after(), breaker.state()), (None, BreakerState::ForcedOpen));
    breaker.disable();
    assert!(!is_open(&ready(pin!(ask.call(false)))));
    assert_eq!(breaker.state(), BreakerState::Disabled);
    breaker.metrics_only();
    assert!(!is_open(&ready(pin!(ask.call(false)))));
    assert!(!is_open(&ready(pin!(ask.call(false)))));
    assert_eq!(breaker.state(), BreakerState::MetricsOnly);
    let seen = breaker.statistics(Turned::new().now());
    assert_eq!((seen.calls, seen.failed, seen.slow), (2, 2, 0));
    breaker.reset();
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert!(panics(|| drop(Breaker::new(0))));
    assert!(panics(|| drop(Breaker::over(std::time::Duration::ZERO))));
    assert!(panics(|| drop(Breaker::new(1).probes(0))));
    assert!(panics(|| drop(Breaker::new(1).probes(5000))));
}

#[test]
fn a_future_can_be_guarded_without_a_chain() {
    let time = Turned::new();
    let breaker = Breaker::new(1).wait(MS);
    assert_eq!(ready(pin!(breaker.call(answer(true)))), Ok(()));
    assert!(!is_open(&ready(pin!(breaker.call_on(time.clone(), &IfErr, answer(false))))));
    assert!(is_open(&ready(pin!(breaker.call_on(time.clone(), &IfErr, answer(true))))));
    time.turn(MS);
    // The future that is ignored counts for nothing, and gives its place to another.
    let ignore = |_: &Result<(), Failed>| Verdict::Done;
    assert!(!is_open(&ready(pin!(breaker.call_on(time.clone(), &ignore, answer(false))))));
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert_eq!(ready(pin!(breaker.call_on(time, &IfErr, answer(true)))), Ok(()));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

/// An undisturbed call reads no clock.
#[test]
fn a_closed_breaker_reads_no_clock() {
    let time = Turned::new();
    let breaker = Breaker::new(10);
    let ask = op(answer).with_time(time.clone()).breaker(&breaker);
    assert_eq!(ready(pin!(ask.call(true))), Ok(()));
    assert_eq!(time.looks(), 0);
}

proptest! {
    /// The sums are those of the last calls: of all tenths that are not yet left behind.
    #[test]
    fn sums_are_those_of_the_window(
        size in 1_u32..60,
        outcomes in prop::collection::vec(any::<bool>(), 0..300),
    ) {
        let time = Turned::new();
        let breaker = Breaker::new(size);
        breaker.metrics_only();
        let now = || time.now();
        let part = size.div_ceil(10) as usize;
        let mut last = VecDeque::new();
        for (at, failed) in outcomes.into_iter().enumerate() {
            breaker.ask(now).unwrap().ended(failed, now);
            last.push_back((at / part, failed));
            while last.front().is_some_and(|(of, _)| of + 10 <= at / part) {
                last.pop_front();
            }
        }
        let seen = breaker.statistics(time.now());
        prop_assert_eq!(seen.calls, last.len() as u64);
        prop_assert_eq!(seen.failed, last.iter().filter(|(_, failed)| *failed).count() as u64);
    }

    /// Of a window of time, too: whatever is younger than nine tenths of it counts, and whatever is
    /// older than all of it does not.
    #[test]
    fn sums_are_those_of_the_time(
        outcomes in prop::collection::vec((0_u32..40, any::<bool>()), 0..200),
    ) {
        let time = Turned::new();
        let breaker = Breaker::over(100 * MS);
        breaker.metrics_only();
        let now = || time.now();
        let mut all = Vec::new();
        for (pause, failed) in outcomes {
            time.turn(pause * MS);
            breaker.ask(now).unwrap().ended(failed, now);
            all.push((time.now(), failed));
            let seen = breaker.statistics(time.now());
            let younger = |than| all.iter().filter(move |(at, _)| now() - *at < than);
            let (least, most) = (younger(90 * MS), younger(100 * MS));
            prop_assert!(seen.calls >= least.clone().count() as u64);
            prop_assert!(seen.calls <= most.clone().count() as u64);
            prop_assert!(seen.failed >= least.filter(|(_, failed)| *failed).count() as u64);
            prop_assert!(seen.failed <= most.filter(|(_, failed)| *failed).count() as u64);
            prop_assert!(seen.failed <= seen.calls && seen.slow == 0);
        }
    }

    /// However many ask at once, and however they end, there are never more probes out than there
    /// may be, and the breaker closes when all of them have succeeded.
    #[test]
    fn never_more_probes_than_there_may_be(
        probes in 1_u32..6,
        steps in prop::collection::vec((0_u8..4, any::<prop::sample::Index>()), 1..80),
    ) {
        let time = Turned::new();
        let breaker = Breaker::new(1).wait(MS).probes(probes);
        let now = || time.now();
        breaker.ask(now).unwrap().ended(true, now);
        time.turn(MS);
        let (mut out, mut succeeded) = (Vec::new(), 0);
        for (step, which) in steps {
            match (step, breaker.ask(now)) {
                (0 | 1, Ok(permit)) => out.push(permit),
                (_, Ok(permit)) => drop(permit),
                (_, Err(_)) => prop_assert_eq!(out.len() as u32 + succeeded, probes),
            }
            if step > 1 && !out.is_empty() {
                let permit = out.swap_remove(which.index(out.len()));
                if step == 2 {
                    permit.ended(false, now);
                    succeeded += 1;
                }
            }
            prop_assert!(out.len() as u32 + succeeded <= probes);
            if succeeded == probes {
                prop_assert_eq!(breaker.state(), BreakerState::Closed);
                break;
            }
            prop_assert_eq!(breaker.state(), BreakerState::HalfOpen);
        }
    }
}
