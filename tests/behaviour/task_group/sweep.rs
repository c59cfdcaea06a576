//! Each wait, in the six shapes, and owners whose wakers meddle.

use std::{future::pending, sync::Arc};

use futures_lite::future::yield_now;
use selvedge::context::TaskGroup;

use super::{
    endings::no_child_after_a_failure_or_the_end, group, many_children_on_many_threads, start,
};
use crate::{
    handle::Drops,
    harness::{Meddler, PollWith, Watched, allocations, panics, ready as now},
    sweep::Report,
};

/// Children are dropped after each number of polls, by cancel, by failure, and by their executor.
/// The owner's waker spawns, cancels or panics when the last child ends, and cancels when it goes.
fn meddling_wakers() -> usize {
    const CASES: usize = 4;
    for case in 0..CASES {
        let executor = Arc::new(async_executor::Executor::new());
        let group: TaskGroup<_, &'static str> = TaskGroup::new(executor.clone());
        group.spawn(async {
            yield_now().await;
            Ok(())
        });
        let (woken, dropped) = ((*group).clone(), (*group).clone());
        let waker = Meddler::waker(
            move || match case {
                0 => woken.cancel("enough"),
                1 => assert!(woken.spawn(async { Ok(()) })),
                2 => panic!("on purpose"),
                _ => {}
            },
            move || dropped.cancel("too late"),
        );
        let mut join = Box::pin(group.join());
        assert!(join.as_mut().poll_with(&waker).is_pending());
        // The panic is the executor's, which keeps it for nobody: the child was let go.
        assert!(!panics(|| while executor.try_tick() {}));
        while executor.try_tick() {}
        drop(waker);
        let error = now(join.as_mut()).unwrap_err();
        let reason = error.cancelled().map(ToString::to_string);
        assert_eq!(reason.as_deref(), Some(if case == 0 { "enough" } else { "too late" }));
        assert!(executor.is_empty() && error.errors().next().is_none());
    }
    CASES
}

pub(crate) fn sweep(report: Report<'_>) {
    start::sweep(report);
    report("task_group", "4 wakers that re-enter, panic", meddling_wakers());
    let mut cases = 0;
    for children in 0..4 {
        for polls in 0..4 {
            for ends in 0..4 {
                let (executor, group) = group();
                let drops = Drops::default();
                for _ in 0..children {
                    let guard = drops.guard();
                    group.spawn(async move {
                        let _guard = guard;
                        yield_now().await;
                        yield_now().await;
                        Ok(())
                    });
                }
                (0..polls).for_each(|_| executor.run());
                let watched = Watched::new();
                let spawner = (*group).clone();
                let mut join = Box::pin(group.join());
                let _ = watched.poll(join.as_mut());
                match ends {
                    0 => (0..3).for_each(|_| executor.run()),
                    1 => spawner.cancel("enough"),
                    2 => executor.die(),
                    _ => drop(join),
                }
                executor.run();
                assert_eq!((executor.len(), spawner.len()), (0, 0));
                assert_eq!((drops.count(), watched.kept()), (children, 0));
                cases += 1;
            }
        }
    }
    report("task_group", "1 cancel at every poll", cases);
    many_children_on_many_threads();
    report("task_group", "2 handles dropped in parallel", 10_000);
    no_child_after_a_failure_or_the_end();
    report("task_group", "3 given back after close", 4);

    // Children that wait keep one waker each, however often they are polled.
    let (executor, group) = group();
    for _ in 0..10 {
        group.spawn(pending());
    }
    executor.run();
    let watched = Watched::new();
    let mut join = Box::pin(group.join());
    assert!(watched.poll(join.as_mut()).is_pending());
    let count = allocations(|| {
        for _ in 0..1000 {
            assert!(watched.poll(join.as_mut()).is_pending());
        }
    });
    assert_eq!((count, watched.kept(), watched.woken()), (0, 1, 0));
    report("task_group", "6 nothing grows", 1000);
}
