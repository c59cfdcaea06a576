//! Waiting for all.

use std::{
    cell::Cell,
    future::{Ready, pending, poll_fn, ready},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use futures_lite::future::yield_now;
use selvedge::{context::join_all, sync::Semaphore};

use crate::{
    combine::{gated, gates},
    handle::Drops,
    harness::{Meddler, PollWith, Watched, allocations, growth, panics, poll, ready as now},
    scope::finish,
};

#[test]
fn join_all_keeps_the_order() {
    let (gates, polls) = (gates(3), Cell::new(0));
    let mut all = pin!(join_all((0..3).map(|at| gated(&gates[at], &polls, at))));
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    for (at, gate) in gates.iter().enumerate().rev() {
        gate.add_permits(1);
        assert_eq!(watched.poll(all.as_mut()).is_ready(), at == 0);
    }
    assert_eq!(finish(join_all([ready(1), ready(2)])), [1, 2]);
    assert_eq!(finish(join_all::<Ready<u8>>([])), []);
}

/// A thousand children that are woken one by one cost a thousand polls more.
#[test]
fn only_those_that_are_woken_are_polled() {
    const CHILDREN: usize = 1000;
    let (gates, polls) = (gates(CHILDREN), Cell::new(0));
    let mut all = pin!(join_all(gates.iter().map(|gate| gated(gate, &polls, ()))));
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    for (at, gate) in gates.iter().enumerate() {
        assert_eq!((polls.get(), watched.woken()), (CHILDREN + at, at));
        gate.add_permits(1);
        assert_eq!(watched.poll(all.as_mut()).is_ready(), at + 1 == CHILDREN);
    }
    assert_eq!(polls.get(), 2 * CHILDREN);
}

/// The children lie in chunks, and their wakers are pointers into blocks.
#[test]
fn children_are_not_boxed() {
    let count = allocations(|| {
        let mut all = pin!(join_all((0..1000).map(|_| pending::<()>())));
        assert!(poll(all.as_mut()).is_pending());
    });
    assert!(count < 100, "{count} allocations for 1000 children");
}

/// Wakers of children that have ended, and of one that is no more.
#[test]
fn late_wakers_do_no_harm() {
    let kept = Arc::new(std::sync::Mutex::new(Vec::new()));
    // Those that are polled 0 times are there so that they are many, and have wakers of their own.
    let keep = |polls: usize| {
        let (kept, mut left) = (kept.clone(), polls);
        poll_fn(move |cx| {
            if polls == 0 {
                return Poll::Pending;
            }
            kept.lock().unwrap().push(cx.waker().clone());
            left -= 1;
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
    };
    let many = [1, 2, 9].into_iter().chain([0; 20]);
    let mut all = Box::pin(join_all(many.map(keep)));
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    let wakers = kept.lock().unwrap().clone();
    // The first one has ended: its waker wakes the task, and nobody is polled.
    wakers[0].wake_by_ref();
    assert!(watched.poll(all.as_mut()).is_pending());
    assert_eq!((kept.lock().unwrap().len(), watched.woken()), (3, 1));
    // Woken twice, polled once.
    wakers[1].wake_by_ref();
    wakers[1].wake_by_ref();
    assert!(watched.poll(all.as_mut()).is_pending());
    assert_eq!((kept.lock().unwrap().len(), watched.woken()), (4, 2));
    drop(all);
    assert_eq!(watched.kept(), 0);
    for waker in wakers {
        waker.wake();
    }
    assert_eq!(watched.woken(), 2);
}

/// A child that wakes itself does not keep the task, and is not forgotten.
#[test]
fn a_child_that_wakes_itself() {
    let watched = Watched::new();
    let mut all = pin!(join_all([async {
        for _ in 0..3 {
            yield_now().await;
        }
    }]));
    for turn in 0..3 {
        assert!(watched.poll(all.as_mut()).is_pending());
        assert_eq!(watched.woken(), turn + 1);
    }
    now(all);
}

/// A child's panic goes on, and the others are dropped with the combinator.
#[test]
fn panics_go_on() {
    let drops = Drops::default();
    let child = |at: u8| {
        let guard = drops.guard();
        async move {
            let _guard = guard;
            assert!(at != 1, "on purpose");
            pending::<()>().await;
        }
    };
    let mut all = Box::pin(join_all((0..3).map(child)));
    assert!(panics(|| drop(poll(all.as_mut()))));
    drop(all);
    assert_eq!(drops.count(), 3);
}

#[test]
fn wakers_may_do_anything() {
    let gates = Arc::new(gates(3));
    let mut all = Box::pin(join_all((0..3).map({
        let gates = gates.clone();
        move |at| {
            let gates = gates.clone();
            async move { gates[at].acquire().await.unwrap().forget() }
        }
    })));
    // The task's waker wakes another child; its drop as well.
    let (woken, dropped) = (gates.clone(), gates.clone());
    let waker = Meddler::waker(move || woken[1].add_permits(1), move || dropped[2].add_permits(1));
    assert!(all.as_mut().poll_with(&waker).is_pending());
    gates[0].add_permits(1);
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    drop(waker);
    assert_eq!(watched.woken(), 1);
    now(all.as_mut());

    let turn = || {
        let gate = Semaphore::new(0);
        let mut one = Box::pin(join_all([gate.acquire()]));
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        assert!(one.as_mut().poll_with(&waker).is_pending());
        assert!(panics(|| gate.add_permits(1)));
        assert!(now(one.as_mut())[0].is_ok());
    };
    // The first panic may leave something behind, for the next ones.
    turn();
    assert_eq!(growth(turn), 0, "a panic keeps something");
}

#[test]
fn nothing_grows() {
    let gate = Semaphore::new(0);
    let mut all = Box::pin(join_all((0..100).map(|_| gate.acquire())));
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    let grown = growth(|| {
        for _ in 0..1000 {
            assert!(watched.poll(all.as_mut()).is_pending());
        }
    });
    assert_eq!((grown, watched.woken(), watched.kept()), (0, 0, 1));
}
