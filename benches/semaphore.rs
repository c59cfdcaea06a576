//! The semaphore: alone, and with more tasks than permits.

use std::{hint::black_box, sync::Arc};

use selvedge_benches::{
    Group, Run, Task, at_once, on_one_thread, on_two_workers, timed, yield_now,
};

/// A contestant from its type, and how it takes `n` permits.
macro_rules! contestant {
    ($semaphore:ty, $size:ty, |$s:ident, $n:ident| $acquire:expr) => {
        (
            |permits: $size, need: u32| -> Run {
                let semaphore = <$semaphore>::new(permits);
                Box::new(move |n| {
                    timed(|| {
                        pollster::block_on(async {
                            let ($s, $n) = (&semaphore, need);
                            for _ in 0..n {
                                drop(black_box($acquire));
                            }
                        });
                    })
                })
            },
            |permits: $size, tasks: u64, need: u32, run: fn(Vec<Task>) -> _| -> Run {
                Box::new(move |n| {
                    let semaphore = Arc::new(<$semaphore>::new(permits));
                    let one = |semaphore: Arc<$semaphore>| -> Task {
                        Box::pin(async move {
                            let ($s, $n) = (&semaphore, need);
                            for _ in 0..n.div_ceil(tasks) {
                                let permit = $acquire;
                                yield_now().await;
                                drop(permit);
                            }
                        })
                    };
                    run((0..tasks).map(|_| one(semaphore.clone())).collect())
                })
            },
        )
    };
}

pub(crate) fn groups() -> Vec<Group> {
    let ours = || {
        contestant!(selvedge_sync::Semaphore, usize, |s, n| s.acquire_many(n).await.expect("open"))
    };
    let tokio = || {
        contestant!(tokio::sync::Semaphore, usize, |s, n| s.acquire_many(n).await.expect("open"))
    };
    let mea = || contestant!(mea::semaphore::Semaphore, usize, |s, n| s.acquire(n as usize).await);
    let maitake = || {
        contestant!(maitake_sync::Semaphore, usize, |s, n| s
            .acquire(n as usize)
            .await
            .expect("open"))
    };
    // Barges, and knows single permits only.
    let async_lock = || {
        contestant!(async_lock::Semaphore, usize, |s, n| {
            let _: u32 = n;
            s.acquire().await
        })
    };

    let one = || {
        contestant!(selvedge_sync::Semaphore, usize, |s, n| {
            let _: u32 = n;
            s.acquire().await.expect("open")
        })
    };
    let tokio_one = || {
        contestant!(tokio::sync::Semaphore, usize, |s, n| {
            let _: u32 = n;
            s.acquire().await.expect("open")
        })
    };

    let mut groups = vec![
        Group {
            name: "semaphore/uncontended".into(),
            contestants: vec![
                ("selvedge", one().0(1, 1)),
                ("tokio", tokio_one().0(1, 1)),
                ("async-lock", async_lock().0(1, 1)),
                ("mea", mea().0(1, 1)),
                ("maitake", maitake().0(1, 1)),
            ],
        },
        Group {
            name: "semaphore/many".into(),
            contestants: vec![
                ("selvedge", ours().0(1000, 10)),
                ("tokio", tokio().0(1000, 10)),
                ("mea", mea().0(1000, 10)),
                ("maitake", maitake().0(1000, 10)),
            ],
        },
    ];
    /// As above, but of one poll each, without an executor.
    macro_rules! once {
        ($semaphore:expr) => {{
            let semaphore = $semaphore;
            let run: Run = Box::new(move |n| {
                timed(|| {
                    for _ in 0..n {
                        drop(black_box(at_once(black_box(&semaphore).acquire())));
                    }
                })
            });
            run
        }};
        ($semaphore:expr, one) => {{
            let semaphore = $semaphore;
            let run: Run = Box::new(move |n| {
                timed(|| {
                    for _ in 0..n {
                        drop(black_box(at_once(black_box(&semaphore).acquire(1))));
                    }
                })
            });
            run
        }};
    }
    groups.push(Group {
        name: "semaphore/one_poll".into(),
        contestants: vec![
            ("selvedge", once!(selvedge_sync::Semaphore::new(1))),
            ("tokio", once!(tokio::sync::Semaphore::new(1))),
            ("async-lock", once!(async_lock::Semaphore::new(1))),
            ("mea", once!(mea::semaphore::Semaphore::new(1), one)),
            ("maitake", once!(maitake_sync::Semaphore::new(1), one)),
        ],
    });
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    for (place, run) in places {
        for (permits, tasks, need) in [(1, 8, 1), (4, 64, 1), (10, 64, 3)] {
            let mut contestants = vec![
                ("selvedge", ours().1(permits, tasks, need, run)),
                ("tokio", tokio().1(permits, tasks, need, run)),
                ("mea", mea().1(permits, tasks, need, run)),
                ("maitake", maitake().1(permits, tasks, need, run)),
            ];
            if need == 1 {
                contestants.push(("async-lock*", async_lock().1(permits, tasks, need, run)));
            }
            let name = format!("semaphore/{place}/{tasks}_tasks_{permits}_permits_{need}_each");
            groups.push(Group { name, contestants });
        }
    }
    groups
}
