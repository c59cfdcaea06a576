//! The readers-writer lock: alone, with readers on two workers, and with some writers among them.

use std::{hint::black_box, sync::Arc};

use selvedge_benches::{
    Group, Run, Task, at_once, on_one_thread, on_two_workers, timed, yield_now,
};

/// One contestant on each workload, from its type.
macro_rules! contestant {
    ($lock:ty) => {{
        let read: fn() -> Run = || {
            let lock = <$lock>::new(Default::default());
            Box::new(move |n| {
                timed(|| {
                    pollster::block_on(async {
                        for _ in 0..n {
                            black_box(*lock.read().await);
                        }
                    });
                })
            })
        };
        let write: fn() -> Run = || {
            let lock = <$lock>::new(Default::default());
            Box::new(move |n| {
                timed(|| {
                    pollster::block_on(async {
                        for _ in 0..n {
                            let mut guard = lock.write().await;
                            *guard += 1;
                            black_box(&mut *guard);
                        }
                    });
                })
            })
        };
        let read_once: fn() -> Run = || {
            let lock = <$lock>::new(Default::default());
            Box::new(move |n| {
                timed(|| {
                    for _ in 0..n {
                        drop(black_box(at_once(black_box(&lock).read())));
                    }
                })
            })
        };
        let write_once: fn() -> Run = || {
            let lock = <$lock>::new(Default::default());
            Box::new(move |n| {
                timed(|| {
                    for _ in 0..n {
                        drop(black_box(at_once(black_box(&lock).write())));
                    }
                })
            })
        };
        // One write in so many; never for 0.
        let mixed: fn(u64, u64, bool, fn(Vec<Task>) -> _) -> Run = |tasks, one_in, inside, run| {
            Box::new(move |n| {
                let lock = Arc::new(<$lock>::new(Default::default()));
                let one = |lock: Arc<$lock>, who: u64| -> Task {
                    Box::pin(async move {
                        for at in 0..n.div_ceil(tasks) {
                            if one_in != 0 && (at + who) % one_in == 0 {
                                let mut guard = lock.write().await;
                                *guard += 1;
                                if inside {
                                    yield_now().await;
                                }
                                black_box(&mut *guard);
                            } else {
                                let guard = lock.read().await;
                                if inside {
                                    yield_now().await;
                                }
                                black_box(*guard);
                            }
                            if !inside && at % 64 == 63 {
                                yield_now().await;
                            }
                        }
                    })
                };
                run((0..tasks).map(|who| one(lock.clone(), who)).collect())
            })
        };
        (read, write, read_once, write_once, mixed)
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    macro_rules! each {
        (|$contestant:ident| $run:expr) => {
            [
                ("selvedge", contestant!(selvedge_sync::RwLock<u64>)),
                ("tokio", contestant!(tokio::sync::RwLock<u64>)),
                ("async-lock", contestant!(async_lock::RwLock<u64>)),
                ("mea", contestant!(mea::rwlock::RwLock<u64>)),
            ]
            .map(|(name, $contestant)| (name, $run))
            .into()
        };
    }
    let mut groups = vec![
        Group { name: "rwlock/read".into(), contestants: each!(|c| c.0()) },
        Group { name: "rwlock/write".into(), contestants: each!(|c| c.1()) },
        Group { name: "rwlock/read_one_poll".into(), contestants: each!(|c| c.2()) },
        Group { name: "rwlock/write_one_poll".into(), contestants: each!(|c| c.3()) },
    ];
    for (name, tasks, one_in, inside, run) in [
        ("one_thread_90_10_8", 8, 10, true, on_one_thread as fn(_) -> _),
        ("readers2", 2, 0, false, on_two_workers),
        ("90_10_2", 2, 10, false, on_two_workers),
        ("90_10_64", 64, 10, false, on_two_workers),
        ("90_10_64_inside", 64, 10, true, on_two_workers),
    ] {
        let contestants = each!(|c| c.4(tasks, one_in, inside, run));
        groups.push(Group { name: format!("rwlock/{name}"), contestants });
    }
    groups
}
