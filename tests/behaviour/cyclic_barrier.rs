//! Barriers that can be broken, polled by hand.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    thread,
};

use selvedge::sync::{BrokenBarrierError, CyclicBarrier, CyclicBarrierWait};

use crate::{
    harness::{Meddler, PollWith, Watched, panics, poll, ready},
    sweep::{Report, Swept},
};

type Waits<'a> = Pin<Box<CyclicBarrierWait<'a>>>;

fn waiting(barrier: &CyclicBarrier) -> (Watched, Waits<'_>) {
    let watched = Watched::new();
    let mut wait = Box::pin(barrier.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    (watched, wait)
}

fn several(barrier: &CyclicBarrier, n: usize) -> Vec<Waits<'_>> {
    (0..n).map(|_| waiting(barrier).1).collect()
}

#[track_caller]
fn fails(wait: &mut Waits<'_>) {
    assert!(ready(wait.as_mut()).is_err());
}

/// The number waiting, the number passing, and whether it is broken.
fn state(barrier: &CyclicBarrier) -> (usize, usize, bool) {
    let seen = barrier.statistics();
    assert_eq!((seen.waiting, seen.broken), (barrier.waiting(), barrier.is_broken()));
    (seen.waiting, seen.passing, seen.broken)
}

/// Semantics 57, 58 and 66, with rounds of several batches.
#[test]
fn all_pass_together_with_a_number_each() {
    for n in [2, 3, 32, 33, 34, 100] {
        let barrier = CyclicBarrier::new(n);
        assert_eq!(barrier.parties(), n);
        for _ in 0..3 {
            let mut all: Vec<_> = (1..n).map(|_| waiting(&barrier)).collect();
            assert_eq!(state(&barrier), (n - 1, 0, false));
            assert_eq!(ready(pin!(barrier.wait())), Ok(n - 1));
            assert_eq!(state(&barrier), (0, n - 1, false));
            for (at, (watched, wait)) in all.iter_mut().enumerate() {
                assert_eq!(watched.woken(), 1);
                assert_eq!(ready(wait.as_mut()), Ok(at));
            }
            assert_eq!(state(&barrier), (0, 0, false));
        }
    }
}

/// Semantics 58.
#[test]
fn who_comes_back_early_waits_for_the_next_round() {
    let barrier = CyclicBarrier::new(2);
    let mut first = several(&barrier, 1).remove(0);
    assert_eq!(ready(pin!(barrier.wait())), Ok(1));
    let (watched, mut back) = waiting(&barrier);
    assert_eq!((watched.woken(), state(&barrier)), (0, (1, 1, false)));
    assert_eq!(ready(first.as_mut()), Ok(0));
    assert!(poll(back.as_mut()).is_pending());
    assert_eq!(ready(pin!(barrier.wait())), Ok(1));
    assert_eq!(ready(back.as_mut()), Ok(0));
}

/// Semantics 59.
#[test]
fn alone_one_passes_again_and_again() {
    let barrier = CyclicBarrier::new(1);
    for _ in 0..3 {
        assert_eq!(ready(pin!(barrier.wait())), Ok(0));
    }
    barrier.abort();
    assert!(ready(pin!(barrier.wait())).is_err());
    barrier.reset();
    assert_eq!(ready(pin!(barrier.wait())), Ok(0));
}

/// Semantics 57 and 60.
#[test]
fn who_gives_up_is_not_counted_and_no_number_is_given_twice() {
    let barrier = CyclicBarrier::new(3);
    let mut all = several(&barrier, 2);
    drop(all.remove(0));
    assert_eq!(state(&barrier), (1, 0, false));
    drop(barrier.wait());
    all.extend(several(&barrier, 1));
    assert_eq!(ready(pin!(barrier.wait())), Ok(2));
    assert_eq!(ready(all[0].as_mut()), Ok(0));
    assert_eq!(ready(all[1].as_mut()), Ok(1));
    assert_eq!(state(&barrier), (0, 0, false));
}

/// Semantics 60: it is too late to be taken out.
#[test]
fn who_was_let_through_and_leaves_keeps_nobody() {
    let barrier = CyclicBarrier::new(3);
    let mut all = several(&barrier, 2);
    assert_eq!(ready(pin!(barrier.wait())), Ok(2));
    drop(all.remove(0));
    assert_eq!(state(&barrier), (0, 1, false));
    assert_eq!(ready(all[0].as_mut()), Ok(1));
    assert_eq!(state(&barrier), (0, 0, false));
}

/// Semantics 61.
#[test]
fn after_an_abort_all_fail_until_it_is_reset() {
    for n in [1, 31, 32, 33, 70] {
        let barrier = CyclicBarrier::new(n + 1);
        let mut all: Vec<_> = (0..n).map(|_| waiting(&barrier)).collect();
        barrier.abort();
        assert_eq!(state(&barrier), (0, 0, true));
        for (watched, wait) in &mut all {
            assert_eq!((watched.woken(), watched.kept()), (1, 0));
            fails(wait);
        }
        assert!(ready(pin!(barrier.wait())).is_err());
        barrier.abort();
        assert!(barrier.is_broken());
        barrier.reset();
        let mut all = several(&barrier, n);
        assert_eq!(ready(pin!(barrier.wait())), Ok(n));
        assert!(all.iter_mut().all(|wait| ready(wait.as_mut()).is_ok()));
        assert_eq!(state(&barrier), (0, 0, false));
    }
}

/// Semantics 62.
#[test]
fn a_reset_fails_who_waits_and_leaves_it_fresh() {
    for n in [1, 32, 33, 70] {
        let barrier = CyclicBarrier::new(n + 1);
        let mut all = several(&barrier, n);
        barrier.reset();
        assert_eq!(state(&barrier), (0, 0, false));
        all.iter_mut().for_each(fails);
        let mut all = several(&barrier, n);
        assert_eq!(ready(pin!(barrier.wait())), Ok(n));
        assert!(all.iter_mut().all(|wait| ready(wait.as_mut()).is_ok()));
    }
}

/// Semantics 63: half have passed, of whom two have come back.
#[test]
fn a_reset_while_a_round_passes_fails_the_rest_of_it() {
    let barrier = CyclicBarrier::new(5);
    let mut all = several(&barrier, 4);
    assert_eq!(ready(pin!(barrier.wait())), Ok(4));
    assert_eq!(ready(all[0].as_mut()), Ok(0));
    let mut back = several(&barrier, 2);
    barrier.reset();
    assert_eq!(state(&barrier), (2, 0, false));
    all[1..].iter_mut().for_each(fails);
    back.extend(several(&barrier, 2));
    assert_eq!(ready(pin!(barrier.wait())), Ok(4));
    for (at, wait) in back.iter_mut().enumerate() {
        assert_eq!(ready(wait.as_mut()), Ok(at));
    }
    assert_eq!(state(&barrier), (0, 0, false));
}

/// Semantics 62: a second reset is one of a barrier where nobody passes.
#[test]
fn a_second_reset_fails_who_waits() {
    let barrier = CyclicBarrier::new(2);
    let mut passing = several(&barrier, 1);
    assert_eq!(ready(pin!(barrier.wait())), Ok(1));
    let mut back = several(&barrier, 1);
    barrier.reset();
    barrier.reset();
    fails(&mut passing[0]);
    fails(&mut back[0]);
    assert_eq!(state(&barrier), (0, 0, false));
}

/// Semantics 64.
#[test]
fn an_abort_while_a_round_passes_fails_all_who_are_not_through() {
    let barrier = CyclicBarrier::new(5);
    let mut all = several(&barrier, 4);
    assert_eq!(ready(pin!(barrier.wait())), Ok(4));
    assert_eq!(ready(all[0].as_mut()), Ok(0));
    let mut back = several(&barrier, 2);
    barrier.abort();
    all[1..].iter_mut().for_each(fails);
    back.iter_mut().for_each(fails);
    assert!(ready(pin!(barrier.wait())).is_err());
    assert_eq!(state(&barrier), (0, 0, true));
}

/// Semantics 64: reset or not, who was stopped stays so.
#[test]
fn who_was_stopped_fails_though_it_was_reset() {
    let barrier = CyclicBarrier::new(3);
    let mut all = several(&barrier, 2);
    assert_eq!(ready(pin!(barrier.wait())), Ok(2));
    barrier.abort();
    barrier.reset();
    let _next = several(&barrier, 1);
    all.iter_mut().for_each(fails);
    assert_eq!(state(&barrier), (1, 0, false));
}

/// Semantics 65.
#[test]
fn a_party_that_fails_and_aborts_keeps_nobody() {
    let barrier = Arc::new(CyclicBarrier::new(3));
    let task = |fails: bool| {
        let barrier = barrier.clone();
        thread::spawn(move || {
            if fails {
                barrier.abort();
                return Err(None);
            }
            barrier.blocking_wait().map_err(Some)
        })
    };
    let results = [false, false, true].map(task).map(|thread| thread.join().unwrap());
    assert!(results.iter().all(Result::is_err));
    barrier.reset();
    let mut places = [(); 3].map(|()| task(false)).map(|thread| thread.join().unwrap().unwrap());
    places.sort_unstable();
    assert_eq!((places, state(&barrier)), ([0, 1, 2], (0, 0, false)));
}

/// A waker of the first batch aborts or resets while the rest is being sent off.
#[test]
fn broken_while_it_is_sent_off() {
    for by_abort in [false, true] {
        let barrier = Arc::new(CyclicBarrier::new(71));
        let inside = barrier.clone();
        let waker =
            Meddler::waker(move || if by_abort { inside.abort() } else { inside.reset() }, || ());
        let mut first = Box::pin(barrier.wait());
        assert!(first.as_mut().poll_with(&waker).is_pending());
        let mut rest = several(&barrier, 69);
        assert_eq!(ready(pin!(barrier.wait())), Ok(70));
        fails(&mut first);
        rest.iter_mut().for_each(fails);
        assert_eq!(state(&barrier), (0, 0, by_abort));
    }
}

#[test]
fn a_waker_that_panics_costs_the_others_nothing() {
    for place in [0, 31, 32, 69] {
        let barrier = CyclicBarrier::new(71);
        let mut before = several(&barrier, place);
        let mut bad = Box::pin(barrier.wait());
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        assert!(bad.as_mut().poll_with(&waker).is_pending());
        let mut behind = several(&barrier, 69 - place);
        assert!(panics(|| _ = poll(pin!(barrier.wait()))));
        for wait in before.iter_mut().chain([&mut bad]).chain(&mut behind) {
            assert!(ready(wait.as_mut()).is_ok());
        }
        assert_eq!(state(&barrier), (0, 0, false));
    }
}

#[test]
fn it_says_what_is_wrong() {
    assert!(panics(|| drop(CyclicBarrier::new(0))));
    let barrier = CyclicBarrier::new(1);
    let mut wait = pin!(barrier.wait());
    assert!(ready(wait.as_mut()).is_ok());
    assert!(panics(|| _ = poll(wait.as_mut())));
    barrier.abort();
    let error: BrokenBarrierError = ready(pin!(barrier.wait())).unwrap_err();
    assert_eq!(error.to_string(), "the barrier is broken");
    assert_eq!(
        format!("{barrier:?}"),
        "CyclicBarrier { parties: 1, waiting: 0, broken: true, .. }"
    );
    assert_eq!(format!("{:?}", barrier.wait()), "CyclicBarrierWait { .. }");
}

/// Who gives up, who stays and who aborts, in parallel: all come to an end.
fn leave_in_parallel() -> usize {
    const ROUNDS: usize = 200;
    for _ in 0..ROUNDS {
        let barrier = CyclicBarrier::new(3);
        let mut quitter = Box::pin(barrier.wait());
        assert!(poll(quitter.as_mut()).is_pending());
        thread::scope(|scope| {
            let stayers = [(); 2].map(|()| scope.spawn(|| barrier.blocking_wait()));
            scope.spawn(|| barrier.abort());
            drop(quitter);
            let results = stayers.map(|stayer| stayer.join().unwrap());
            assert!(results != [Ok(0), Ok(0)] && results != [Ok(1), Ok(1)]);
        });
        barrier.reset();
        assert_eq!(state(&barrier), (0, 0, false));
    }
    ROUNDS
}

pub(crate) fn sweep(report: Report<'_>) {
    let barrier = Swept {
        name: "CyclicBarrier::wait",
        make: || CyclicBarrier::new(8),
        wait: |barrier: &Arc<CyclicBarrier>| {
            let barrier = barrier.clone();
            Box::pin(async move { barrier.wait().await.is_ok() })
        },
        free: |barrier| {
            let mut others = Vec::new();
            loop {
                let mut wait = Box::pin(barrier.wait());
                if poll(wait.as_mut()).is_ready() {
                    return;
                }
                others.push(wait);
            }
        },
        waiting: CyclicBarrier::waiting,
        is_free: |barrier| barrier.waiting() == 0 && barrier.statistics().passing == 0,
        close: Some(CyclicBarrier::abort),
    };
    barrier.sweep_alone(report);
    report(barrier.name, "2 handles dropped in parallel", leave_in_parallel());
}
