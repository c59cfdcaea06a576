//! Every adapter runs what it is given, and tells when it cannot.

use std::{future::pending, pin::pin, rc::Rc, sync::Arc, thread};

use futures_lite::future::{block_on, yield_now};
use selvedge::{
    Embedded,
    context::{
        Execute, Futures, FuturesLocal, JoinError, Member, Remote, Smol, TaskGroup, Threads, Tokio,
        TokioLocal, spawn_on,
    },
};

use crate::harness::ready;

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
