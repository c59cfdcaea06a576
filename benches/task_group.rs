//! Groups of tasks: what a child costs over a bare task of the same executor.

use std::{
    future::{Future, poll_fn},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
};

use async_executor::Executor;
use pollster::block_on;
use selvedge_benches::{Group, Run, at_once, timed, yield_now};
use selvedge_context::TaskGroup;

/// How many children a group has.
const CHILDREN: u64 = 100_000;

/// Runs `round` for groups of at most [`CHILDREN`].
fn rounds(n: u64, mut round: impl FnMut(u64)) {
    let mut left = n;
    while left > 0 {
        let children = left.min(CHILDREN);
        round(children);
        left -= children;
    }
}

/// Runs the executor on this thread until it has nothing to do.
fn drain(executor: &Executor<'_>) {
    while executor.try_tick() {}
}

/// Children that run `body`, on one thread.
fn on_one_thread<F: Future<Output = ()> + Send + 'static>(name: &str, body: fn() -> F) -> Group {
    let ours: Run = Box::new(move |n| {
        let executor = Executor::new();
        timed(|| {
            rounds(n, |children| {
                let group: TaskGroup<_, ()> = TaskGroup::new(&executor);
                for _ in 0..children {
                    let body = body();
                    group.spawn(async {
                        body.await;
                        Ok(())
                    });
                }
                drain(&executor);
                at_once(group.join()).expect("nobody fails");
            });
        })
    });
    let bare: Run = Box::new(move |n| {
        let executor = Executor::new();
        timed(|| {
            rounds(n, |children| {
                for _ in 0..children {
                    executor.spawn(body()).detach();
                }
                drain(&executor);
            });
        })
    });
    let handles: Run = Box::new(move |n| {
        let executor = Executor::new();
        timed(|| {
            rounds(n, |children| {
                let tasks: Vec<_> = (0..children).map(|_| executor.spawn(body())).collect();
                block_on(executor.run(async {
                    for task in tasks {
                        task.await;
                    }
                }));
            });
        })
    });
    Group {
        name: name.into(),
        contestants: vec![("selvedge", ours), ("spawn+detach*", bare), ("spawn+await", handles)],
    }
}

/// The same on the embedded executor, whose threads run while others are spawned.
fn on_the_embedded_executor() -> Group {
    let ours: Run = Box::new(|n| {
        timed(|| {
            rounds(n, |children| {
                let group: TaskGroup<_, ()> = TaskGroup::new(selvedge::Embedded);
                for _ in 0..children {
                    group.spawn(async { Ok(()) });
                }
                block_on(group.join()).expect("nobody fails");
            });
        })
    });
    let bare: Run = Box::new(|n| {
        timed(|| {
            rounds(n, |children| {
                let left = Arc::new(AtomicUsize::new(children as usize));
                let thread = std::thread::current();
                for _ in 0..children {
                    let (left, thread) = (left.clone(), thread.clone());
                    selvedge::spawn(async move {
                        if left.fetch_sub(1, SeqCst) == 1 {
                            thread.unpark();
                        }
                    })
                    .detach();
                }
                while left.load(SeqCst) > 0 {
                    std::thread::park();
                }
            });
        })
    });
    Group {
        name: "task_group/embedded".into(),
        contestants: vec![("selvedge", ours), ("spawn+detach*", bare)],
    }
}

/// A group that is cancelled: each child is woken, and drops itself.
fn cancel() -> Group {
    let ours: Run = Box::new(|n| {
        let executor = Executor::new();
        timed(|| {
            rounds(n, |children| {
                let group: TaskGroup<_, ()> = TaskGroup::new(&executor);
                for _ in 0..children {
                    group.spawn(std::future::pending());
                }
                drain(&executor);
                group.cancel("enough");
                drain(&executor);
                assert!(at_once(group.join()).is_err());
            });
        })
    });
    let tasks: Run = Box::new(|n| {
        let executor = Executor::new();
        timed(|| {
            rounds(n, |children| {
                let tasks: Vec<_> =
                    (0..children).map(|_| executor.spawn(std::future::pending::<()>())).collect();
                drain(&executor);
                drop(tasks);
                drain(&executor);
            });
        })
    });
    Group {
        name: "task_group/cancel".into(),
        contestants: vec![("selvedge", ours), ("drop tasks", tasks)],
    }
}

/// A floor: a child that is woken twice.
async fn yields() {
    yield_now().await;
    poll_fn(|_| Poll::Ready(())).await;
}

pub(crate) fn groups() -> Vec<Group> {
    vec![
        on_one_thread("task_group/spawn", || async {}),
        on_one_thread("task_group/yield", yields),
        on_the_embedded_executor(),
        cancel(),
    ]
}
