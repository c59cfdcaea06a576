//! What must hold of a circuit breaker in every interleaving.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use selvedge::{
    context::decorate::{Breaker, BreakerState},
    model::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::runner::{design, spawn};

const WAIT: Duration = Duration::from_millis(10);

/// One that is open and whose wait is over, with so many probes.
fn waited(probes: u32) -> (Arc<Breaker>, Instant) {
    let start = Instant::now();
    let breaker = Arc::new(Breaker::new(1).wait(WAIT).probes(probes));
    breaker.ask(|| start).unwrap().ended(true, || start);
    assert_eq!(breaker.state(), BreakerState::Open);
    (breaker, start + WAIT)
}

/// Of three that ask at the same time, as many are let in as there are probes.
///
/// Red when: mutant "half-open lets one more in".
#[test]
fn half_open_admits_its_probes() {
    design(2, |d| {
        let (breaker, now) = waited(2);
        let admitted = Arc::new(AtomicU64::new(0));
        for name in ["one", "two", "three"] {
            let (breaker, admitted) = (breaker.clone(), admitted.clone());
            d.thread(name, move || {
                if let Ok(permit) = breaker.ask(|| now) {
                    admitted.fetch_add(1, Relaxed);
                    std::mem::forget(permit);
                }
            });
        }
        d.after(move || assert_eq!(admitted.load(Relaxed), 2));
    });
}

/// A probe that is dropped gives its place to another, and the breaker closes in the end.
///
/// Red when: mutant "a dropped probe keeps its place".
#[test]
fn a_dropped_probe_gives_its_place_back() {
    design(3, |d| {
        let (breaker, now) = waited(1);
        let (quitter, other) = (breaker.clone(), breaker.clone());
        d.thread("quitter", move || drop(quitter.ask(|| now)));
        d.thread("other", move || {
            if let Ok(permit) = other.ask(|| now) {
                permit.ended(false, || now);
            }
        });
        d.after(move || {
            if breaker.state() != BreakerState::Closed {
                breaker.ask(|| now).unwrap().ended(false, || now);
            }
            assert_eq!(breaker.state(), BreakerState::Closed);
        });
    });
}

/// What was let in before it opened changes nothing afterwards.
///
/// Red when: mutant "a late result of an old cycle counts".
#[test]
fn a_late_result_does_not_count() {
    design(3, |d| {
        let start = Instant::now();
        let breaker = Arc::new(Breaker::new(1).wait(WAIT));
        d.thread("late", move || {
            let permit = breaker.ask(|| start).unwrap();
            let fails = spawn({
                let breaker = breaker.clone();
                move || {
                    breaker.ask(|| start).unwrap().ended(true, || start);
                    // Half-open from here on: the late one must not close it.
                    std::mem::forget(breaker.ask(|| start + WAIT).unwrap());
                }
            });
            permit.ended(false, || start);
            fails.join().unwrap();
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
        });
    });
}

/// Whoever finds it open knows until when.
///
/// Red when: the CAS of `open`, or the load of `ask_again`, is Relaxed.
#[test]
fn whoever_finds_it_open_knows_until_when() {
    design(3, |d| {
        let start = Instant::now();
        let breaker = Arc::new(Breaker::new(1).wait(WAIT));
        let (fails, asks) = (breaker.clone(), breaker);
        d.thread("fails", move || fails.ask(|| start).unwrap().ended(true, || start));
        d.thread("asks", move || match asks.ask(|| start) {
            Ok(permit) => {
                assert_ne!(asks.state(), BreakerState::HalfOpen, "no wait is over");
                std::mem::forget(permit);
            }
            Err(open) => assert_eq!(open.retry_after(), Some(WAIT)),
        });
    });
}
