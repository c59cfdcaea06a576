//! A group whose children are tasks of an executor.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn, ready},
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
};

use futures_lite::future::{block_on, yield_now};
use selvedge::{
    Embedded,
    context::{Failure, GroupError, NotStarted, Spawner, TaskGroup, Threads, Who, ZeroLimit},
};

use crate::{
    handle::{Drops, Manual},
    harness::{Meddler, PollWith, Watched, allocations, panics, poll, ready as now},
    scope::{errors, why},
    sweep::Report,
};

type Texts = TaskGroup<Manual, &'static str>;

fn group() -> (Manual, Texts) {
    let executor = Manual::default();
    (executor.clone(), TaskGroup::new(executor))
}

struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("bad end");
    }
}

/// Semantics 108.
#[test]
fn it_ends_when_all_have_ended() {
    let (executor, group) = group();
    let inner = (*group).clone();
    group.spawn(async move {
        yield_now().await;
        assert!(inner.spawn(async {
            yield_now().await;
            Ok(())
        }));
        Ok(())
    });
    let mut join = pin!(group.join());
    let watched = Watched::new();
    assert!(watched.poll(join.as_mut()).is_pending());
    for at in 0..4 {
        assert_eq!((at, watched.woken()), (at, 0));
        assert!(watched.poll(join.as_mut()).is_pending());
        executor.run();
    }
    assert_eq!(executor.len(), 0);
    assert_eq!(watched.woken(), 1);
    now(join).unwrap();
}

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
fn no_child_after_a_failure_or_the_end() {
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

/// Semantics 119.
#[test]
fn start_waits_for_the_word() {
    let (executor, group) = group();
    let mut port = pin!(group.start(async |started| {
        yield_now().await;
        assert!(started.send(8080));
        Ok(())
    }));
    assert!(poll(port.as_mut()).is_pending());
    executor.run();
    assert!(poll(port.as_mut()).is_pending());
    executor.run();
    assert_eq!(now(port), Ok(8080));
    let ended = group.start::<u8, _, _>(async |_| Ok(()));
    let failed = group.start::<u8, _, _>(async |_| Err("weft"));
    executor.run();
    assert_eq!(now(pin!(ended)), Err(NotStarted));
    assert_eq!(now(pin!(failed)), Err(NotStarted));
    assert_eq!(errors(&now(pin!(group.join())).unwrap_err()), ["weft"]);
}

#[test]
fn panics_are_carried_and_named() {
    let (executor, group) = group();
    group.spawn_named("weft", async { panic!("torn at {}", 7) });
    assert!(!panics(|| executor.run()));
    let error = now(pin!(group.join())).unwrap_err();
    assert_eq!(error.to_string(), r#"child "weft" panicked: torn at 7"#);

    let (_, group) = self::group();
    let mut run = pin!(group.run(async |_| -> Result<(), _> { panic!("in the body") }));
    let mut error = None;
    assert!(!panics(|| error = now(run.as_mut()).err()));
    assert_eq!(error.unwrap().to_string(), "the body panicked: in the body");
}

#[test]
fn an_executor_that_drops_a_child_fails_the_group() {
    let (executor, group) = group();
    group.spawn_named("weft", pending());
    group.spawn(async {
        let _bad = Bad;
        pending().await
    });
    executor.run();
    assert!(!panics(|| executor.die()));
    let error = now(pin!(group.join())).unwrap_err();
    assert!(matches!(error.failures()[0], (_, Failure::Lost)));
    assert!(matches!(error.failures()[1], (_, Failure::Panicked(_))));
}

#[test]
fn supervised_children_fail_alone() {
    let group = TaskGroup::new(Embedded).supervise();
    let done = Arc::new(AtomicUsize::new(0));
    for at in 0..10 {
        let done = done.clone();
        group.spawn(async move {
            yield_now().await;
            assert!(at != 3, "on purpose");
            done.fetch_add(1, SeqCst);
            if at == 5 { Err(at) } else { Ok(()) }
        });
    }
    let error = block_on(group.join()).unwrap_err();
    assert_eq!((done.load(SeqCst), error.failures().len()), (9, 2));
    assert_eq!((errors(&error), error.unfinished().len()), (vec![5], 0));
}

#[test]
fn a_limit_is_kept() {
    for limit in [1, 2, 3, 100] {
        let (executor, group) = group();
        let group = group.limit(limit).unwrap();
        let (inside, order) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
        for at in 0..10 {
            let (inside, order) = (inside.clone(), order.clone());
            group.spawn(async move {
                inside.set(inside.get() + 1);
                assert!(inside.get() <= limit);
                order.borrow_mut().push(at);
                yield_now().await;
                inside.set(inside.get() - 1);
                Ok(())
            });
        }
        let mut join = pin!(group.join());
        let mut rounds = 0;
        while poll(join.as_mut()).is_pending() {
            executor.run();
            rounds += 1;
            assert!(rounds < 30, "it does not end");
        }
        assert_eq!(*order.borrow(), (0..10).collect::<Vec<_>>());
    }
}

#[test]
fn a_limit_of_0_is_an_error() {
    let (_, group) = group();
    assert_eq!(group.limit(0).map(|_| ()), Err(ZeroLimit));
    let (_, group) = self::group();
    group.spawn(ready(Ok(())));
    assert!(panics(|| drop(group.limit(1))), "it is set up too late");
}

/// Children that wait for their turn are dropped when the group is cancelled.
#[test]
fn waiting_children_are_dropped_too() {
    let (executor, group) = group();
    let group = group.limit(1).unwrap();
    let drops = Drops::default();
    for _ in 0..4 {
        let guard = drops.guard();
        group.spawn(async move {
            let _guard = guard;
            pending().await
        });
    }
    executor.run();
    group.cancel("closing time");
    executor.run();
    assert_eq!((drops.count(), executor.len()), (4, 0));
    assert_eq!(now(pin!(group.join())).unwrap_err().unfinished().len(), 4);
}

#[test]
fn children_on_other_executors() {
    let group = TaskGroup::<_, ()>::new(Embedded);
    let name = || std::thread::current().name().map(ToOwned::to_owned);
    let there = group.start(async move |started| {
        started.send(name());
        Ok(())
    });
    assert!(block_on(there).unwrap().unwrap().starts_with("selvedge-"));
    let seen = Arc::new(std::sync::Mutex::new(None));
    let inside = seen.clone();
    group.spawn_with(&Threads, async move {
        *inside.lock().unwrap() = name();
        Ok(())
    });
    block_on(group.join()).unwrap();
    assert_eq!(seen.lock().unwrap().as_deref(), Some("selvedge-task"));
}

/// One allocation of ours at most: there is none at all, but for a child that waits for its turn.
#[test]
fn a_child_is_stored_once() {
    let size = Rc::new(Cell::new(0));
    let seen = size.clone();
    let group = TaskGroup::<_, ()>::new(move |member| {
        seen.set(size_of_val(&member));
        std::mem::forget(member);
    });
    let future = async {
        let room = [0_u8; 4096];
        yield_now().await;
        if room[7] == 0 { Ok(()) } else { Err(()) }
    };
    let alone = size_of_val(&future);
    assert_eq!(allocations(|| assert!(group.spawn(future))), 0);
    assert!(size.get() < alone + 30 * size_of::<usize>(), "{} for {alone}", size.get());
}

#[test]
fn many_children_on_many_threads() {
    const CHILDREN: usize = 10_000;
    let done = Arc::new(AtomicUsize::new(0));
    let group = TaskGroup::<_, ()>::new(Embedded);
    for _ in 0..CHILDREN {
        let done = done.clone();
        group.spawn(async move {
            yield_now().await;
            done.fetch_add(1, SeqCst);
            Ok(())
        });
    }
    block_on(group.join()).unwrap();
    assert_eq!(done.load(SeqCst), CHILDREN);

    // Cancelled while they are spawned: each is done, dropped, or was not taken.
    let dropped = Drops::default();
    let group = TaskGroup::<_, ()>::new(Embedded);
    let spawner = (*group).clone();
    let guards = dropped.clone();
    let spawning = std::thread::spawn(move || {
        (0..CHILDREN)
            .filter(|_| {
                let guard = guards.guard();
                spawner.spawn(async move {
                    let _guard = guard;
                    pending().await
                })
            })
            .count()
    });
    while group.len() < 10 {
        std::thread::yield_now();
    }
    group.cancel("enough");
    let error = block_on(group.join()).unwrap_err();
    let taken = spawning.join().unwrap();
    assert_eq!((error.unfinished().len(), dropped.count()), (taken, CHILDREN));
}

/// Nothing of the body is polled again after it has ended.
#[test]
fn the_body_ends_once() {
    let (executor, group) = group();
    let mut polls = 0;
    group.spawn(async {
        yield_now().await;
        Ok(())
    });
    let mut run = pin!(group.run(|_| poll_fn(|_| {
        polls += 1;
        Poll::Ready(Ok(polls))
    })));
    assert!(poll(run.as_mut()).is_pending());
    executor.run();
    assert!(poll(run.as_mut()).is_pending());
    executor.run();
    assert_eq!(now(run).unwrap(), 1);
}

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
