//! How a group ends early: by a failure, by a cancel, by its own end.

use std::{
    cell::Cell,
    future::{pending, ready},
    pin::pin,
    rc::Rc,
};

use futures_lite::future::{block_on, yield_now};
use selvedge::{
    Embedded,
    context::{Failure, GroupError, NotStarted, Spawner, TaskGroup, Who},
};

use super::{Bad, group};
use crate::{
    handle::{Drops, Manual},
    harness::{Watched, growth, panics, poll, ready as now},
    scope::{errors, why},
};

/// Semantics 109.
#[test]
fn the_first_failure_drops_the_others_and_the_body() {
    let (executor, group) = group();
    let drops = Drops::default();
    for _ in 0..3 {
        let guard = drops.guard();
        group.spawn(async move {
            let _guard = guard;
            pending().await
        });
    }
    group.spawn_named("weft", async { Err("torn") });
    let guard = drops.guard();
    let mut run = pin!(group.run(async move |_| {
        let _guard = guard;
        pending::<Result<(), _>>().await
    }));
    let watched = Watched::new();
    assert!(watched.poll(run.as_mut()).is_pending());
    executor.run();
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(run.as_mut()).is_pending(), "the children are there still");
    assert_eq!(drops.count(), 1, "the body went");
    executor.run();
    assert_eq!((drops.count(), executor.len(), watched.woken()), (4, 0, 2));
    let error = now(run).unwrap_err();
    assert_eq!(error.to_string(), r#"child "weft" failed: torn; 4 did not finish"#);
}

/// Semantics 110.
#[test]
fn a_failing_body_drops_the_children() {
    let (executor, group) = group();
    let mut run = pin!(group.run(async |group: Spawner<_, _>| {
        group.spawn(pending());
        Err::<(), _>("body")
    }));
    assert!(poll(run.as_mut()).is_pending());
    executor.run();
    let error = now(run).unwrap_err();
    assert_eq!((errors(&error), error.unfinished().len()), (vec!["body"], 1));
}

/// Semantics 111: nobody outlives the group for long, whoever goes.
#[test]
fn dropping_it_cancels_everybody() {
    for joins in [false, true] {
        let (executor, group) = group();
        let drops = Drops::default();
        let guard = drops.guard();
        group.spawn(async move {
            let _guard = guard;
            pending().await
        });
        executor.run();
        if joins {
            let mut join = Box::pin(group.join());
            assert!(poll(join.as_mut()).is_pending());
        } else {
            drop(group);
        }
        assert_eq!(drops.count(), 0);
        executor.run();
        assert_eq!((drops.count(), executor.len()), (1, 0));
    }
}

/// Semantics 111, by signal: everybody is waited for, and it ends as cancelled.
#[test]
fn a_cancelled_group_says_so() {
    let (executor, group) = group();
    let spawner = (*group).clone();
    spawner.spawn(pending());
    executor.run();
    let mut join = pin!(group.join());
    assert!(poll(join.as_mut()).is_pending());
    spawner.cancel("closing time");
    spawner.cancel("too late");
    assert!(!spawner.is_open());
    assert!(poll(join.as_mut()).is_pending());
    assert_eq!(spawner.len(), 1);
    executor.run();
    assert_eq!(spawner.len(), 0);
    let error = now(join).unwrap_err();
    assert_eq!(error.to_string(), "the group was cancelled: closing time; 1 did not finish");
}

/// Semantics 112.
#[test]
fn children_that_fail_as_they_are_dropped() {
    let (executor, group) = group();
    group.spawn_named("bad", async {
        let _bad = Bad;
        pending().await
    });
    executor.run();
    group.cancel("closing time");
    assert!(!panics(|| executor.run()));
    let error = now(pin!(group.join())).unwrap_err();
    let [(who, Failure::Panicked(panic))] = error.failures() else { panic!("{error}") };
    assert_eq!((who.name(), panic.message()), (Some("bad"), Some("bad end")));
    assert_eq!(why(&error), Some("closing time".to_owned()));
}

/// Semantics 113.
#[test]
fn nested_groups_keep_their_errors_apart() {
    let outer = TaskGroup::new(Embedded);
    outer.spawn(async {
        let inner = TaskGroup::new(Embedded).supervise();
        inner.spawn(async { Err("warp") });
        inner.spawn(async { Err("weft") });
        inner.join().await
    });
    let error: GroupError<GroupError<&str>> = block_on(outer.join()).unwrap_err();
    let inner: Vec<_> = error.errors().collect();
    assert_eq!(inner.len(), 1);
    let mut texts = errors(inner[0]);
    texts.sort_unstable();
    assert_eq!(texts, ["warp", "weft"]);
}

/// Semantics 114.
#[test]
fn an_error_and_a_cancel_at_the_same_time() {
    for cancel_first in [false, true] {
        let (executor, group) = group();
        let inner = (*group).clone();
        group.spawn(async move {
            if cancel_first {
                inner.cancel("closing time");
            }
            Err("weft")
        });
        executor.run();
        if !cancel_first {
            group.cancel("closing time");
        }
        let error = now(pin!(group.join())).unwrap_err();
        assert_eq!((errors(&error), why(&error)), (vec!["weft"], Some("closing time".to_owned())));
    }
}

/// Semantics 115.
#[test]
fn a_cancelled_group_is_its_own_business() {
    let outer = TaskGroup::<_, &str>::new(Embedded);
    let output = block_on(outer.run(async |group: Spawner<_, _>| {
        let inner = TaskGroup::<_, &str>::new(Embedded);
        inner.cancel("only this one");
        assert!(inner.join().await.unwrap_err().cancelled().is_some());
        assert!(group.spawn(ready(Ok(()))));
        Ok("goes on")
    }));
    assert_eq!(output.unwrap(), "goes on");
}

/// Semantics 116.
#[test]
pub(super) fn no_child_after_a_failure_or_the_end() {
    let drops = Drops::default();
    for fails in [false, true] {
        let (executor, group) = group();
        let spawner = (*group).clone();
        group.spawn(ready(if fails { Err("weft") } else { Ok(()) }));
        executor.run();
        let before = drops.count();
        let refuse = || {
            let guard = drops.guard();
            let taken = spawner.spawn(async move {
                let _guard = guard;
                Ok(())
            });
            assert!(!taken);
        };
        if fails {
            refuse();
        }
        assert_eq!(now(pin!(group.join())).is_err(), fails);
        refuse();
        assert_eq!(drops.count(), before + 1 + usize::from(fails));
        assert_eq!((executor.len(), spawner.len()), (0, 0));
        assert_eq!(now(pin!(spawner.start::<u8, _, _>(async |_| Ok(())))), Err(NotStarted));
    }
}

/// Semantics 117.
#[test]
fn a_group_that_keeps_spawning_is_brought_down() {
    fn spawn_on(spawner: &Spawner<Manual, &'static str>, count: Rc<Cell<usize>>) {
        let inner = spawner.clone();
        spawner.spawn(Box::pin(async move {
            count.set(count.get() + 1);
            spawn_on(&inner, count);
            Ok(())
        }) as std::pin::Pin<Box<dyn Future<Output = _>>>);
    }
    let (executor, group) = group();
    let count = Rc::new(Cell::new(0));
    spawn_on(&group, count.clone());
    for _ in 0..10 {
        executor.run();
    }
    assert_eq!(count.get(), 10);
    group.spawn(ready(Err("enough")));
    let mut join = pin!(group.join());
    assert!(poll(join.as_mut()).is_pending());
    for _ in 0..2 {
        executor.run();
    }
    assert_eq!(executor.len(), 0);
    assert_eq!(errors(&now(join).unwrap_err()), ["enough"]);
    assert_eq!(count.get(), 11);
}

/// Semantics 118.
#[test]
fn body_and_child_fail_in_the_same_step() {
    let (executor, group) = group();
    let mut run = pin!(group.run(async |group: Spawner<_, _>| {
        group.spawn(ready(Err("child")));
        yield_now().await;
        Err::<(), _>("body")
    }));
    assert!(poll(run.as_mut()).is_pending());
    executor.run();
    let error = now(run).unwrap_err();
    assert_eq!(errors(&error), ["child", "body"]);
    assert_eq!(error.failures()[1].0, Who::Body);
}

/// The group is freed with whoever is left last: owner, spawner or child, in whatever order they go.
#[test]
fn whoever_is_left_last_frees_it() {
    let turn = |order: usize| {
        let (executor, group) = group();
        for _ in 0..3 {
            let mut spawner = Some((*group).clone());
            group.spawn(async move {
                if order % 2 == 0 {
                    spawner = None;
                }
                yield_now().await;
                drop(spawner);
                Ok(())
            });
        }
        let spawner = (*group).clone();
        // All children go, and others come.
        (0..order).for_each(|_| executor.run());
        spawner.spawn(ready(Ok(())));
        match order % 3 {
            0 => drop((group, spawner)),
            1 => drop((spawner, group)),
            _ => {
                drop(group);
                executor.run();
                assert!(!spawner.spawn(pending()));
            }
        }
        executor.run();
        executor.run();
        assert_eq!(executor.len(), 0);
    };
    for order in 0..6 {
        turn(order);
        assert_eq!(growth(|| turn(order)), 0, "{order}");
    }
}
