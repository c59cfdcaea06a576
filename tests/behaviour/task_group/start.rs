//! A child that says that it has started, and who waits to hear it.

use std::{
    future::{Pending, pending},
    pin::{Pin, pin},
    thread,
};

use futures_lite::future::yield_now;
use selvedge::context::{Member, NotStarted, Scope, Start, Started, TaskGroup, scope};

use super::group;
use crate::{
    handle::Drops,
    harness::{Meddler, PollWith, Watched, allocations, growth, panics, poll, ready as now},
    sweep::Report,
};

/// What a child says, and who waits for it; its group has dropped the child itself.
fn both<T>() -> (Started<T>, Start<T>) {
    let mut said = None;
    let group = TaskGroup::new(drop::<Member<Pending<Result<(), ()>>, ()>>);
    let start = group.start(|started| {
        said = Some(started);
        pending()
    });
    (said.expect("the child was made"), start)
}

/// What becomes of the child, after its word was waited for `polls` times.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Says,
    Ends,
    Fails,
    IsCancelled,
    Nothing,
}

const ENDS: [End; 5] = [End::Says, End::Ends, End::Fails, End::IsCancelled, End::Nothing];

/// Who waits is dropped after each number of polls, before and after each end of the child.
fn cancel_at_every_poll() -> usize {
    let mut cases = 0;
    for (polls, turns) in (0..4).flat_map(|polls| (0..4).map(move |turns| (polls, turns))) {
        for (end, waits) in ENDS.into_iter().flat_map(|end| [(end, false), (end, true)]) {
            let (executor, group) = group();
            let drops = Drops::default();
            let guard = drops.guard();
            let mut start = Box::pin(group.start(async move |started| {
                yield_now().await;
                yield_now().await;
                match end {
                    End::Says => _ = started.send(guard),
                    End::Ends => {}
                    End::Fails => return Err("torn"),
                    End::IsCancelled | End::Nothing => pending().await,
                }
                yield_now().await;
                Ok(())
            }));
            let watched = Watched::new();
            for _ in 0..polls {
                assert!(watched.poll(start.as_mut()).is_pending());
            }
            (0..turns).for_each(|_| executor.run());
            let start = Some(start).filter(|_| waits);
            assert_eq!(watched.kept(), usize::from(waits && polls > 0 && watched.woken() == 0));
            if end == End::IsCancelled {
                group.cancel("enough");
            }
            (0..4).for_each(|_| executor.run());
            if let Some(mut start) = start.filter(|_| end != End::Nothing) {
                let heard = now(start.as_mut());
                assert_eq!(heard.as_ref().err(), (end != End::Says).then_some(&NotStarted));
            }
            drop(group);
            executor.run();
            assert_eq!((drops.count(), executor.len(), watched.kept()), (1, 0, 0));
            cases += 1;
        }
    }
    cases
}

/// The child says it while who waits goes, or waits.
fn in_parallel() -> usize {
    const ROUNDS: usize = 300;
    for waits in [false, true] {
        let drops = Drops::default();
        for _ in 0..ROUNDS {
            let (started, start) = both();
            let guard = drops.guard();
            let child = thread::spawn(move || started.send(guard));
            if waits {
                assert!(pollster::block_on(start).is_ok());
            } else {
                drop(start);
            }
            assert!(child.join().unwrap() || !waits);
        }
        assert_eq!(drops.count(), ROUNDS);
    }
    2 * ROUNDS
}

/// What is said when nobody waits any more, or the group is closed.
fn after_the_end() -> usize {
    let drops = Drops::default();
    let (started, start) = both();
    drop(start);
    assert!(!started.send(drops.guard()), "nobody heard it");
    assert_eq!(drops.count(), 1);

    // A group that takes no child.
    let (executor, group) = group();
    group.cancel("enough");
    let start = group.start(async |started| {
        started.send(());
        Ok(())
    });
    assert_eq!((now(pin!(start)), executor.len()), (Err(NotStarted), 0));

    // What is said, and not looked at.
    let (started, mut start) = both();
    let watched = Watched::new();
    assert!(watched.poll(Pin::new(&mut start)).is_pending());
    assert!(started.send(drops.guard()));
    assert_eq!((watched.woken(), drops.count()), (1, 1));
    drop(start);
    assert_eq!(drops.count(), 2, "what was said and not heard goes with who waited");

    // In a scope.
    let over = pin!(scope(async |scope: Scope<'_, ()>| {
        scope.cancel("enough");
        assert_eq!(scope.start(async |_: Started<()>| Ok(())).await, Err(NotStarted));
        Ok(())
    }));
    assert!(now(over).is_err());
    4
}

fn meddling_wakers() -> usize {
    for meddles in [false, true] {
        let drops = Drops::default();
        let (started, mut start) = both();
        let waker = Meddler::waker(move || assert!(!meddles, "on purpose"), || ());
        assert!(Pin::new(&mut start).poll_with(&waker).is_pending());
        let guard = drops.guard();
        assert_eq!(panics(|| _ = started.send(guard)), meddles);
        assert!(now(Pin::new(&mut start)).is_ok());
        assert_eq!(drops.count(), 1);
    }
    2
}

fn nothing_grows() -> usize {
    const TIMES: usize = 1000;
    let watched = Watched::new();
    let (started, mut start) = both::<()>();
    assert!(watched.poll(Pin::new(&mut start)).is_pending());
    let count = allocations(|| {
        for _ in 0..TIMES {
            assert!(watched.poll(Pin::new(&mut start)).is_pending());
        }
    });
    assert_eq!((count, watched.kept(), watched.woken()), (0, 1, 0));
    drop(started);
    assert!(now(Pin::new(&mut start)).is_err());
    let turn = || {
        let (started, mut start) = both::<()>();
        assert!(poll(Pin::new(&mut start)).is_pending());
        drop((started, start));
    };
    turn();
    let grown = growth(|| (0..TIMES).for_each(|_| turn()));
    assert_eq!(grown, 0);
    2 * TIMES
}

pub(super) fn sweep(report: Report<'_>) {
    report("start", "1 cancel at every poll", cancel_at_every_poll());
    report("start", "2 handles dropped in parallel", in_parallel());
    report("start", "3 given back after close", after_the_end());
    report("start", "4 wakers that re-enter, panic", meddling_wakers());
    report("start", "6 nothing grows", nothing_grows());
}
