//! The broadcast channel: what a delivery costs.

use std::hint::black_box;

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers, yield_now};

const CAPACITY: usize = 128;

/// A contestant: how it is made, a receiver more, how it sends, and how it receives into a count.
macro_rules! contestant {
    (
        $make:expr, |$hub:ident| $more:expr, |$tx:ident, $value:ident| $send:expr,
        |$rx:ident, $count:ident| $recv:expr, |$left:ident| $is_behind:expr
    ) => {
        |receivers: u64, run: fn(Vec<Task>) -> _| -> Run {
            Box::new(move |n| {
                let $hub = $make;
                let messages = n.div_ceil(receivers);
                let mut tasks: Vec<Task> = Vec::new();
                for _ in 0..receivers {
                    let mut $rx = $more;
                    tasks.push(Box::pin(async move {
                        let mut $count = 0;
                        while $count < messages {
                            $recv
                        }
                    }));
                }
                let $tx = {
                    let (tx, _first) = $hub;
                    tx
                };
                tasks.push(Box::pin(async move {
                    for $value in 0..messages {
                        $send;
                        // Nobody is overtaken: half the channel at a time.
                        if $value % (CAPACITY as u64 / 2) == 0 {
                            let $left = &$tx;
                            yield_now().await;
                            while $is_behind {
                                yield_now().await;
                            }
                        }
                    }
                }));
                run(tasks)
            })
        }
    };
}

pub(crate) fn groups() -> Vec<Group> {
    let ours = contestant!(
        (selvedge_channel::broadcast::Sender::<u64>::new(CAPACITY), ()),
        |hub| hub.0.subscribe(),
        |tx, value| _ = tx.send(value),
        |rx, count| match rx.recv().await {
            Ok(value) => {
                black_box(value);
                count += 1;
            }
            Err(selvedge_channel::broadcast::error::RecvError::Lagged(missed)) => count += missed,
            Err(_) => return,
        },
        |left| !left.is_empty()
    );
    let tokio = contestant!(
        (tokio::sync::broadcast::Sender::<u64>::new(CAPACITY), ()),
        |hub| hub.0.subscribe(),
        |tx, value| _ = tx.send(value),
        |rx, count| match rx.recv().await {
            Ok(value) => {
                black_box(value);
                count += 1;
            }
            Err(tokio::sync::broadcast::error::RecvError::Lagged(missed)) => count += missed,
            Err(_) => return,
        },
        |left| !left.is_empty()
    );
    // Keeps messages that everybody has, and does not know who is behind.
    let mea = contestant!(
        mea::broadcast::overflow::channel::<u64>(CAPACITY),
        |hub| hub.1.clone(),
        |tx, value| tx.send(value),
        |rx, count| match rx.recv().await {
            Ok(value) => {
                black_box(value);
                count += 1;
            }
            Err(mea::broadcast::overflow::RecvError::Lagged(missed)) => count += missed,
            Err(_) => return,
        },
        |left| {
            let _ = left;
            false
        }
    );
    let lossless = contestant!(
        (
            selvedge_channel::broadcast::Sender::<u64>::with_overflow(
                CAPACITY,
                selvedge_channel::broadcast::Overflow::Wait
            ),
            ()
        ),
        |hub| hub.0.subscribe(),
        |tx, value| _ = tx.broadcast(value).await,
        |rx, count| {
            black_box(rx.recv().await.ok());
            count += 1;
        },
        |left| {
            let _ = left;
            false
        }
    );
    let async_broadcast = contestant!(
        async_broadcast::broadcast::<u64>(CAPACITY),
        |hub| hub.1.clone(),
        |tx, value| _ = tx.broadcast_direct(value).await,
        |rx, count| {
            black_box(rx.recv().await.ok());
            count += 1;
        },
        |left| {
            let _ = left;
            false
        }
    );
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    let mut groups = Vec::new();
    for (place, run) in places {
        for receivers in [1, 10, 100] {
            groups.push(Group {
                name: format!("broadcast/{place}/{receivers}"),
                contestants: vec![
                    ("selvedge", ours(receivers, run)),
                    ("tokio", tokio(receivers, run)),
                    ("mea", mea(receivers, run)),
                ],
            });
            groups.push(Group {
                name: format!("broadcast/lossless/{place}/{receivers}"),
                contestants: vec![
                    ("selvedge", lossless(receivers, run)),
                    ("async-broadcast", async_broadcast(receivers, run)),
                ],
            });
        }
    }
    groups
}
