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
    context::{Failure, NotStarted, TaskGroup, Threads, ZeroLimit},
};

use crate::{
    handle::{Drops, Manual},
    harness::{Watched, allocations, panics, poll, ready as now},
    scope::errors,
};

mod endings;
mod start;
mod sweep;

pub(crate) use sweep::sweep;

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
