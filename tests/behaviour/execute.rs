//! Every adapter runs what it is given, and tells when it cannot.

use std::{
    future::pending,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    thread,
};

use futures_lite::future::{block_on, yield_now};
use selvedge::{
    Embedded,
    context::{
        Execute, Futures, FuturesLocal, Handle, JoinError, Member, Remote, Smol, TaskGroup,
        Threads, Tokio, TokioLocal, spawn_on,
    },
    sync::Semaphore,
};

use crate::{
    handle::{Drops, Manual},
    harness::{Meddler, PollWith, Watched, growth, panics, ready},
    sweep::Report,
};

async fn work(input: u32) -> u32 {
    yield_now().await;
    assert!(input != 13, "unlucky");
    input + 1
}

async fn child(input: u32) -> Result<(), u32> {
    match work(input).await {
        8 => Err(8),
        _ => Ok(()),
    }
}

/// Outputs, panics, aborts and groups, on one executor.
async fn suite<X>(name: &str, executor: X)
where
    X: Execute<Remote<std::pin::Pin<Box<dyn Future<Output = u32> + Send>>>>
        + Execute<Member<std::pin::Pin<Box<dyn Future<Output = Result<(), u32>> + Send>>, u32>>,
{
    let task = |input| Box::pin(work(input)) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>;
    assert_eq!(spawn_on(&executor, task(7)).await.unwrap(), 8, "{name}");
    let panicked = spawn_on(&executor, task(13)).await.unwrap_err();
    assert_eq!(panicked.to_string(), "the task panicked: unlucky", "{name}");
    let aborted = spawn_on(&executor, Box::pin(pending()) as _);
    aborted.abort();
    assert!(aborted.await.unwrap_err().is_aborted(), "{name}");

    let group = TaskGroup::new(executor);
    for input in 20..30 {
        assert!(group.spawn(Box::pin(child(input)) as _));
    }
    assert!(group.spawn(Box::pin(pending()) as _));
    assert!(group.spawn(Box::pin(child(7)) as _));
    let error = group.join().await.unwrap_err();
    assert_eq!(error.errors().collect::<Vec<_>>(), [&8], "{name}");
    assert!(!error.unfinished().is_empty(), "{name}");
}

/// The same with futures that stay on their thread.
async fn local_suite<X>(name: &str, executor: X)
where
    X: Execute<Remote<std::pin::Pin<Box<dyn Future<Output = Rc<u32>>>>>>
        + Execute<Member<std::pin::Pin<Box<dyn Future<Output = Result<(), Rc<u32>>>>>, Rc<u32>>>,
{
    let input = Rc::new(7);
    let task = |input: Rc<u32>| async move { Rc::new(work(*input).await) };
    let handle = spawn_on(&executor, Box::pin(task(input.clone())) as _);
    assert_eq!(*handle.await.unwrap(), 8, "{name}");
    let handle = spawn_on(&executor, Box::pin(task(Rc::new(13))) as _);
    assert!(handle.await.unwrap_err().is_panic(), "{name}");

    let group = TaskGroup::new(executor);
    group.spawn(Box::pin(async move { Err(input) }) as _);
    group.spawn(Box::pin(pending()) as _);
    let error = group.join().await.unwrap_err();
    assert_eq!(error.errors().collect::<Vec<_>>(), [&Rc::new(7)], "{name}");
}

#[test]
fn the_embedded_executor() {
    selvedge::block_on(suite("embedded", Embedded));
}

#[test]
fn a_thread_a_future() {
    block_on(suite("threads", Threads));
}

#[test]
fn smol() {
    block_on(suite("smol", Smol));
}

#[test]
fn tokio() {
    let many = ::tokio::runtime::Builder::new_multi_thread().build().unwrap();
    many.block_on(suite("tokio, many threads", Tokio));
    // From outside of it.
    block_on(suite("tokio's handle", many.handle().clone()));
    let one = ::tokio::runtime::Builder::new_current_thread().build().unwrap();
    one.block_on(suite("tokio, one thread", Tokio));
    ::tokio::task::LocalSet::new().block_on(&one, local_suite("tokio, local", TokioLocal));
}

#[test]
fn async_executor() {
    let executor = Arc::new(::async_executor::Executor::new());
    block_on(executor.run(suite("async-executor", executor.clone())));
    block_on(executor.run(suite("async-executor, borrowed", &*executor)));
    let local = Rc::new(::async_executor::LocalExecutor::new());
    block_on(local.run(local_suite("async-executor, local", local.clone())));
    block_on(local.run(local_suite("async-executor, local, borrowed", &*local)));
}

/// Its tasks may borrow what outlives it.
#[test]
fn an_executor_on_the_stack() {
    let text = String::from("weft");
    let executor = ::async_executor::LocalExecutor::new();
    let handle = spawn_on(&&executor, async { text.len() });
    assert_eq!(block_on(executor.run(handle)).unwrap(), 4);
}

#[test]
fn futures() {
    let pool = ::futures::executor::ThreadPool::builder().pool_size(2).create().unwrap();
    block_on(suite("futures, thread pool", Futures(pool)));
    let mut pool = ::futures::executor::LocalPool::new();
    let spawner = pool.spawner();
    pool.run_until(local_suite("futures, local pool", FuturesLocal(spawner)));
}

/// A dead executor resolves its handles with an error; so does one that has died before.
#[test]
fn executors_that_die() {
    let runtime = ::tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let tokio = runtime.handle().clone();
    let before = spawn_on(&tokio, pending::<()>());
    drop(runtime);
    assert!(matches!(block_on(before), Err(JoinError::Lost)));
    assert!(matches!(block_on(spawn_on(&tokio, pending::<()>())), Err(JoinError::Lost)));

    let executor = Arc::new(::async_executor::Executor::new());
    let weak = spawn_on(&executor, pending::<()>());
    drop(executor);
    assert!(matches!(ready(pin!(weak)), Err(JoinError::Lost)));

    let pool = ::futures::executor::LocalPool::new();
    let spawner = FuturesLocal(pool.spawner());
    let before = spawn_on(&spawner, pending::<()>());
    drop(pool);
    assert!(matches!(ready(pin!(before)), Err(JoinError::Lost)));
    assert!(matches!(ready(pin!(spawn_on(&spawner, pending::<()>()))), Err(JoinError::Lost)));
}

/// A group hears of it as well.
#[test]
fn a_group_whose_executor_dies() {
    let pool = ::futures::executor::LocalPool::new();
    let group: TaskGroup<_, &str> = TaskGroup::new(FuturesLocal(pool.spawner()));
    group.spawn_named("weft", pending());
    drop(pool);
    let error = block_on(group.join()).unwrap_err();
    assert_eq!(error.to_string(), r#"child "weft" was dropped by its executor"#);
}

/// An executor that panics has dropped the future: the handle hears of it, and the group.
#[test]
fn outside_of_tokio() {
    let group: TaskGroup<_, ()> = TaskGroup::new(Tokio);
    let panicked = thread::scope(|scope| scope.spawn(|| group.spawn(pending())).join().is_err());
    assert!(panicked);
    assert!(block_on(group.join()).is_err());
}

type Boxed = Pin<Box<dyn Future<Output = u32>>>;

/// An executor that runs when told to, until all its tasks sleep. Dropped, it dies.
struct Driven {
    name: &'static str,
    spawn: Box<dyn Fn(Boxed) -> Handle<u32>>,
    run: Box<dyn FnMut()>,
}

/// Tasks that are not `Send`, on all adapters that take such.
fn driven() -> Vec<Driven> {
    fn spawn(on: impl Execute<Remote<Boxed>> + 'static) -> Box<dyn Fn(Boxed) -> Handle<u32>> {
        Box::new(move |future| spawn_on(&on, future))
    }
    let one = Rc::new(::tokio::runtime::Builder::new_current_thread().build().unwrap());
    let set = Rc::new(::tokio::task::LocalSet::new());
    let mut pool = ::futures::executor::LocalPool::new();
    let local = Rc::new(::async_executor::LocalExecutor::new());
    let manual = Manual::default();
    let turns = async || {
        for _ in 0..8 {
            ::tokio::task::yield_now().await;
        }
    };
    vec![
        Driven {
            name: "tokio, local",
            spawn: {
                let set = set.clone();
                Box::new(move |future| spawn_on(&*set, future))
            },
            run: Box::new(move || set.block_on(&one, turns())),
        },
        Driven {
            name: "futures, local pool",
            spawn: spawn(FuturesLocal(pool.spawner())),
            run: Box::new(move || pool.run_until_stalled()),
        },
        Driven {
            name: "async-executor, local",
            spawn: spawn(local.clone()),
            run: Box::new(move || while local.try_tick() {}),
        },
        Driven {
            name: "a closure",
            spawn: {
                let manual = manual.clone();
                spawn(move |task: Remote<Boxed>| manual.execute(task))
            },
            run: Box::new(move || (0..8).for_each(|_| manual.run())),
        },
    ]
}

/// A task that waits at three gates; it holds `guard` until its end.
fn gated(gate: &Rc<Semaphore>, guard: impl Send + 'static) -> Boxed {
    let gate = gate.clone();
    Box::pin(async move {
        for _ in 0..3 {
            gate.acquire().await.unwrap().forget();
        }
        drop(guard);
        7
    })
}

/// A task's handle or its executor goes, or the task is aborted, after each step of the task.
fn cancel_at_every_step() -> usize {
    let mut cases = 0;
    for (steps, end) in (0..4).flat_map(|steps| (0..4).map(move |end| (steps, end))) {
        for Driven { name, spawn, mut run } in driven() {
            let case = format!("{name}: {end} after {steps}");
            let (gate, drops) = (Rc::new(Semaphore::new(0)), Drops::default());
            let mut handle = Some(spawn(gated(&gate, drops.guard())));
            let watched = Watched::new();
            assert!(watched.poll(pin!(handle.as_mut().unwrap())).is_pending());
            for step in 0..steps {
                run();
                assert_eq!((watched.woken(), gate.waiters()), (0, 1), "{case}, {step}");
                gate.add_permits(1);
            }
            run();
            let ended = steps == 3;
            assert_eq!((watched.woken(), drops.count()), (ended.into(), ended.into()), "{case}");
            let mut executor = Some((spawn, run));
            match end {
                0 => drop(handle.take()),
                1 => handle.iter().for_each(Handle::abort),
                2 => drop(executor.take()),
                _ => gate.add_permits(3),
            }
            // It hears of it when it is next due.
            if let Some((_, run)) = &mut executor {
                run();
            }
            assert_eq!((drops.count(), gate.waiters()), (1, 0), "{case}");
            cases += 1;
            let Some(handle) = handle else { continue };
            let outcome = ready(pin!(handle));
            match outcome {
                Ok(output) => assert_eq!((output, ended || end == 3), (7, true), "{case}"),
                Err(JoinError::Aborted) => assert_eq!((end, ended), (1, false), "{case}"),
                Err(JoinError::Lost) => assert_eq!((end, ended), (2, false), "{case}"),
                Err(error) => panic!("{case}: {error}"),
            }
        }
    }
    cases
}

/// Handles go while their executor dies, with threads that run the tasks.
fn drop_in_parallel() -> usize {
    const ROUNDS: usize = 20;
    const TASKS: usize = 50;
    let drops = Drops::default();
    for round in 0..ROUNDS {
        let runtime =
            ::tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let pool = ::futures::executor::ThreadPool::builder().pool_size(2).create().unwrap();
        let task = |at: usize| {
            let guard = drops.guard();
            async move {
                let _guard = guard;
                match at % 3 {
                    0 => {}
                    1 => yield_now().await,
                    _ => pending().await,
                }
            }
        };
        let mut handles: Vec<_> =
            (0..TASKS).map(|at| spawn_on(runtime.handle(), task(at))).collect();
        let mut others: Vec<_> =
            (0..TASKS).map(|at| spawn_on(&Futures(pool.clone()), task(at))).collect();
        let kept = handles.split_off(TASKS / 2);
        let waits = others.split_off(TASKS / 2);
        thread::scope(|scope| {
            scope.spawn(|| drop(runtime));
            scope.spawn(|| drop(pool));
            scope.spawn(|| drop((handles, others)));
        });
        for handle in kept {
            assert!(!block_on(handle).is_err_and(|error| !matches!(error, JoinError::Lost)));
        }
        // The pool's threads go on until they have nothing to do, if it is gone.
        waits.iter().for_each(Handle::abort);
        for handle in waits {
            assert!(!block_on(handle).is_err_and(|error| !error.is_aborted()));
        }
        while drops.count() < (round + 1) * 2 * TASKS {
            thread::yield_now();
        }
    }
    2 * ROUNDS * TASKS
}

/// What an executor is given when it is dead is dropped, and says so; in a task's own destructor too.
fn given_to_the_dead() -> usize {
    let mut cases = 0;
    for Driven { name, spawn, run } in driven() {
        let drops = Drops::default();
        let gate = Rc::new(Semaphore::new(0));
        let spawn = Rc::new(spawn);
        let before = spawn(gated(&gate, drops.guard()));
        drop(run);
        if name == "futures, local pool" {
            // The others keep a half of themselves alive.
            let after = spawn(gated(&gate, drops.guard()));
            assert!(matches!(ready(pin!(after)), Err(JoinError::Lost)), "{name}");
            assert_eq!(drops.count(), 2);
        }
        drop(spawn);
        assert!(matches!(ready(pin!(before)), Err(JoinError::Lost)), "{name}");
        assert_eq!(gate.waiters(), 0, "{name}");
        cases += 1;
    }
    cases
}

/// The waker of whoever waits for a task is woken by the executor: one that panics, or spawns.
fn meddling_wakers() -> usize {
    let mut cases = 0;
    for Driven { name, spawn, mut run } in driven() {
        let drops = Drops::default();
        let gate = Rc::new(Semaphore::new(3));
        let mut handle = spawn(gated(&gate, drops.guard()));
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        assert!(pin!(&mut handle).poll_with(&waker).is_pending());
        let _ = panics(&mut run);
        assert_eq!((ready(pin!(handle)).unwrap(), drops.count()), (7, 1), "{name}");
        cases += 1;
    }
    cases
}

/// Tasks that have ended, and those that were aborted, leave nothing behind.
fn nothing_grows() -> usize {
    const TASKS: usize = 500;
    let mut cases = 0;
    for Driven { name, spawn, mut run } in driven() {
        let gate = Rc::new(Semaphore::new(0));
        let mut turn = |ends: bool| {
            let mut handle = spawn(gated(&gate, Drops::default().guard()));
            let watched = Watched::new();
            for _ in 0..3 {
                assert!(watched.poll(pin!(&mut handle)).is_pending());
            }
            run();
            if ends {
                gate.add_permits(3);
                run();
                assert_eq!(ready(pin!(handle)).unwrap(), 7);
            } else {
                drop(handle);
                run();
            }
            assert_eq!((watched.kept(), gate.waiters()), (0, 0), "{name}");
        };
        (0..200).for_each(|at| turn(at % 2 == 0));
        let grown = growth(|| (0..TASKS).for_each(|at| turn(at % 2 == 0)));
        assert_eq!(grown, 0, "{name}");
        cases += TASKS;
    }
    cases
}

pub(crate) fn sweep(report: Report<'_>) {
    report("execute", "1 cancel at every poll", cancel_at_every_step());
    report("execute", "2 handles dropped in parallel", drop_in_parallel());
    report("execute", "3 given back after close", given_to_the_dead());
    report("execute", "4 wakers that re-enter, panic", meddling_wakers());
    report("execute", "6 nothing grows", nothing_grows());
}
