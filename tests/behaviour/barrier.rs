//! Barriers, polled by hand.

use std::{
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    thread,
};

use selvedge::sync::{Barrier, BarrierWait};

use crate::{
    harness::{Meddler, PollWith, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept},
};

fn waiting(barrier: &Barrier) -> (Watched, Pin<Box<BarrierWait<'_>>>) {
    let watched = Watched::new();
    let mut wait = Box::pin(barrier.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    (watched, wait)
}

fn waits(barrier: &Barrier) -> usize {
    barrier.statistics().waiting
}

fn arrived(barrier: &Barrier) -> usize {
    barrier.statistics().arrived
}

/// Semantics 57 and 58, with rounds of several batches.
#[test]
fn all_pass_together_and_one_leads() {
    for n in [2, 3, 32, 33, 34, 100] {
        let barrier = Barrier::new(n);
        for _ in 0..3 {
            let mut all: Vec<_> = (1..n).map(|_| waiting(&barrier)).collect();
            assert_eq!((arrived(&barrier), waits(&barrier)), (n - 1, n - 1));
            assert!(ready(pin!(barrier.wait())).is_leader());
            assert_eq!((arrived(&barrier), waits(&barrier)), (0, 0));
            for (watched, wait) in &mut all {
                assert_eq!(watched.woken(), 1);
                assert!(!ready(wait.as_mut()).is_leader());
            }
        }
    }
}

/// Semantics 58.
#[test]
fn who_comes_back_early_waits_for_the_next_round() {
    let barrier = Arc::new(Barrier::new(70));
    let early = Arc::new(Mutex::new(Vec::new()));
    let waker = {
        let (barrier, early) = (barrier.clone(), early.clone());
        Meddler::waker(
            move || {
                let (watched, barrier) = (Watched::new(), barrier.clone());
                let mut wait = Box::pin(async move { barrier.wait().await.is_leader() });
                assert!(watched.poll(wait.as_mut()).is_pending());
                early.lock().unwrap().push((watched, wait));
            },
            || (),
        )
    };
    let mut first = Box::pin(barrier.wait());
    assert!(first.as_mut().poll_with(&waker).is_pending());
    let mut rest: Vec<_> = (1..69).map(|_| waiting(&barrier)).collect();
    assert!(ready(pin!(barrier.wait())).is_leader());
    ready(first.as_mut());
    for (_, wait) in &mut rest {
        ready(wait.as_mut());
    }
    let (watched, mut wait) = early.lock().unwrap().pop().unwrap();
    assert!(watched.poll(wait.as_mut()).is_pending());
    assert_eq!((watched.woken(), arrived(&barrier), waits(&barrier)), (0, 1, 1));
}

/// Semantics 59.
#[test]
fn alone_one_passes_again_and_again() {
    for n in [0, 1] {
        let barrier = Barrier::new(n);
        assert_eq!(barrier.statistics().parties, 1);
        for _ in 0..3 {
            assert!(ready(pin!(barrier.wait())).is_leader());
        }
    }
}

/// Semantics 60.
#[test]
fn who_gives_up_has_arrived() {
    let barrier = Barrier::new(3);
    let (first, wait) = waiting(&barrier);
    drop(wait);
    assert_eq!((first.kept(), arrived(&barrier), waits(&barrier)), (0, 1, 0));
    drop(barrier.wait());
    let (watched, mut wait) = waiting(&barrier);
    assert!(ready(pin!(barrier.wait())).is_leader());
    assert_eq!(watched.woken(), 1);
    assert!(!ready(wait.as_mut()).is_leader());
    assert_eq!(arrived(&barrier), 0);
}

/// One who was let through and leaves takes nobody along, and nothing with it.
#[test]
fn who_is_let_through_and_leaves_is_gone() {
    let barrier = Barrier::new(3);
    let (_, first) = waiting(&barrier);
    let (_, mut second) = waiting(&barrier);
    assert!(ready(pin!(barrier.wait())).is_leader());
    drop(first);
    ready(second.as_mut());
    assert_eq!((arrived(&barrier), waits(&barrier)), (0, 0));
}

#[test]
fn a_waker_that_panics_costs_the_others_nothing() {
    for place in [0, 31, 32, 69] {
        let barrier = Barrier::new(71);
        let mut before: Vec<_> = (0..place).map(|_| waiting(&barrier)).collect();
        let mut bad = Box::pin(barrier.wait());
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        assert!(bad.as_mut().poll_with(&waker).is_pending());
        let mut behind: Vec<_> = (place..69).map(|_| waiting(&barrier)).collect();
        assert!(panics(|| drop(poll(pin!(barrier.wait())))));
        ready(bad.as_mut());
        for (watched, wait) in before.iter_mut().chain(&mut behind) {
            assert_eq!(watched.woken(), 1);
            ready(wait.as_mut());
        }
    }
}

#[test]
fn polled_after_completion_it_panics() {
    let barrier = Barrier::new(1);
    let mut wait = pin!(barrier.wait());
    ready(wait.as_mut());
    assert!(panics(|| assert!(poll(wait.as_mut()).is_pending())));
}

#[test]
fn nothing_is_allocated() {
    let barrier = Barrier::new(2);
    let mut wait = pin!(barrier.wait());
    let count = allocations(|| {
        assert!(poll(wait.as_mut()).is_pending());
        ready(pin!(barrier.wait()));
        ready(wait.as_mut());
    });
    assert_eq!(count, 0);
}

#[test]
fn threads_wait_as_well() {
    static BARRIER: Barrier = Barrier::new(3);
    let threads = [(); 3].map(|()| thread::spawn(|| BARRIER.blocking_wait().is_leader()));
    let leaders = threads.map(|thread| thread.join().unwrap());
    assert_eq!(leaders.iter().filter(|leads| **leads).count(), 1);
}

#[test]
fn it_shows_what_it_is() {
    let barrier = Barrier::new(2);
    let (_, _wait) = waiting(&barrier);
    assert_eq!(format!("{barrier:?}"), "Barrier { parties: 2, arrived: 1, .. }");
    assert_eq!(format!("{:?}", barrier.wait()), "BarrierWait { .. }");
}

/// Who gives up, and who stays, in parallel: the round is complete all the same.
fn leave_in_parallel() -> usize {
    const ROUNDS: usize = 200;
    for _ in 0..ROUNDS {
        let barrier = Barrier::new(3);
        let mut quitter = Box::pin(barrier.wait());
        assert!(poll(quitter.as_mut()).is_pending());
        thread::scope(|scope| {
            let stayers = [(); 2].map(|()| scope.spawn(|| barrier.blocking_wait().is_leader()));
            drop(quitter);
            let leaders = stayers.map(|stayer| stayer.join().unwrap());
            assert!(leaders[0] != leaders[1]);
        });
    }
    ROUNDS
}

pub(crate) fn sweep(report: Report<'_>) {
    let barrier = Swept {
        name: "Barrier::wait",
        // More than cancel in a sweep: each of them arrives.
        make: || Barrier::new(15_000),
        wait: |barrier: &Arc<Barrier>| {
            let barrier = barrier.clone();
            Box::pin(async move {
                barrier.wait().await;
                true
            })
        },
        free: |barrier| while poll(pin!(barrier.wait())).is_pending() {},
        waiting: waits,
        is_free: |barrier| waits(barrier) == 0,
        close: None,
    };
    barrier.sweep_alone(report);
    report(barrier.name, "2 handles dropped in parallel", leave_in_parallel());
}
