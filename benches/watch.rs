//! The watch: sending and looking, and waiting for a change.

use std::{hint::black_box, sync::RwLock};

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers, timed, yield_now};

/// A contestant from its constructor: send and look, and `changed` with a number of receivers.
macro_rules! contestant {
    ($channel:path) => {
        (
            || -> Run {
                let (tx, mut rx) = $channel(0_u64);
                Box::new(move |n| {
                    timed(|| {
                        for at in 0..n {
                            let _ = tx.send(black_box(at));
                            black_box(*rx.borrow_and_update());
                        }
                    })
                })
            },
            |receivers: u64, run: fn(Vec<Task>) -> _| -> Run {
                Box::new(move |n| {
                    let (tx, rx) = $channel(0_u64);
                    let rounds = n.div_ceil(receivers);
                    let mut tasks: Vec<Task> = Vec::new();
                    for _ in 0..receivers {
                        let mut rx = rx.clone();
                        tasks.push(Box::pin(async move {
                            while rx.changed().await.is_ok() {
                                if black_box(*rx.borrow_and_update()) == rounds {
                                    return;
                                }
                            }
                        }));
                    }
                    drop(rx);
                    tasks.push(Box::pin(async move {
                        for at in 1..=rounds {
                            let _ = tx.send(at);
                            yield_now().await;
                        }
                    }));
                    run(tasks)
                })
            },
        )
    };
}

pub(crate) fn groups() -> Vec<Group> {
    let ours = || contestant!(selvedge_channel::watch::channel);
    let tokio = || contestant!(tokio::sync::watch::channel);
    let floor: Run = {
        let lock = RwLock::new(0_u64);
        Box::new(move |n| {
            timed(|| {
                for at in 0..n {
                    *lock.write().expect("nothing panics") = black_box(at);
                    black_box(*lock.read().expect("nothing panics"));
                }
            })
        })
    };
    let mut groups = vec![Group {
        name: "watch/send_read".into(),
        contestants: vec![("selvedge", ours().0()), ("tokio", tokio().0()), ("std floor*", floor)],
    }];
    for (place, run) in
        [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)]
    {
        for receivers in [1, 10, 100] {
            groups.push(Group {
                name: format!("watch/{place}/{receivers}"),
                contestants: vec![
                    ("selvedge", ours().1(receivers, run)),
                    ("tokio", tokio().1(receivers, run)),
                ],
            });
        }
    }
    groups
}
