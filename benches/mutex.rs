//! The mutex: alone, with an await inside, and short on two workers.

use std::{hint::black_box, sync::Arc};

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers, timed, yield_now};

/// One contestant on each workload, from its type.
macro_rules! contestant {
    ($mutex:ty) => {{
        let alone: fn() -> Run = || {
            let mutex = <$mutex>::new(0_u64);
            Box::new(move |n| {
                timed(|| {
                    pollster::block_on(async {
                        for _ in 0..n {
                            let mut guard = mutex.lock().await;
                            *guard += 1;
                            black_box(&mut *guard);
                        }
                    });
                })
            })
        };
        let inside: fn(u64) -> Run = |tasks| {
            Box::new(move |n| {
                let mutex = Arc::new(<$mutex>::new(0_u64));
                let one = |mutex: Arc<$mutex>| -> Task {
                    Box::pin(async move {
                        for _ in 0..n.div_ceil(tasks) {
                            let mut guard = mutex.lock().await;
                            *guard += 1;
                            yield_now().await;
                        }
                    })
                };
                on_one_thread((0..tasks).map(|_| one(mutex.clone())).collect())
            })
        };
        let short: fn(u64) -> Run = |tasks| {
            Box::new(move |n| {
                let mutex = Arc::new(<$mutex>::new(0_u64));
                let one = |mutex: Arc<$mutex>| -> Task {
                    Box::pin(async move {
                        for at in 0..n.div_ceil(tasks) {
                            let mut guard = mutex.lock().await;
                            *guard += 1;
                            black_box(&mut *guard);
                            if at % 64 == 63 {
                                yield_now().await;
                            }
                        }
                    })
                };
                on_two_workers((0..tasks).map(|_| one(mutex.clone())).collect())
            })
        };
        (alone, inside, short)
    }};
}

/// What the loop around an operation costs by itself.
fn bare_loop() -> Run {
    let mut value = 0_u64;
    Box::new(move |n| {
        timed(|| {
            pollster::block_on(async {
                for _ in 0..n {
                    value += 1;
                    black_box(&mut value);
                }
            });
        })
    })
}

pub(crate) fn groups() -> Vec<Group> {
    let contestants = || {
        [
            ("selvedge", contestant!(selvedge_sync::Mutex<u64>)),
            ("tokio", contestant!(tokio::sync::Mutex<u64>)),
            ("async-lock", contestant!(async_lock::Mutex<u64>)),
            ("mea", contestant!(mea::mutex::Mutex<u64>)),
            // One task may keep it for as long as it likes.
            ("futures*", contestant!(futures::lock::Mutex<u64>)),
        ]
    };
    let mut alone: Vec<_> = contestants().map(|(name, (alone, ..))| (name, alone())).into();
    alone.push(("loop", bare_loop()));
    let mut groups = vec![Group { name: "mutex/uncontended".into(), contestants: alone }];
    for tasks in [2, 8, 64, 1024] {
        groups.push(Group {
            name: format!("mutex/await_inside/{tasks}"),
            contestants: contestants().map(|(name, (_, inside, _))| (name, inside(tasks))).into(),
        });
    }
    for tasks in [2, 8, 64] {
        groups.push(Group {
            name: format!("mutex/short/{tasks}"),
            contestants: contestants().map(|(name, (_, _, short))| (name, short(tasks))).into(),
        });
    }
    groups
}
