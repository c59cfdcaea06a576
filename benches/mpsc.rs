//! Many producers, one consumer: without waiting, on one thread, on two workers.
//!
//! kanal is marked: it loses a message when a receive is dropped that it was handed to. Where senders
//! may have to wait, flume and futures are marked as well: as kanal does, they deliver a message
//! whose send was dropped while it was pending, so their senders need not run once for each.

use std::hint::black_box;

use futures::{SinkExt, StreamExt};
use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers, timed};

/// Sends and receives without waiting.
macro_rules! at_once {
    ($make:expr, |$tx:ident, $value:ident| $send:expr, |$rx:ident| $recv:expr) => {{
        // Some peers send by `&mut`.
        let (mut $tx, mut $rx) = $make;
        let _ = (&mut $tx, &mut $rx);
        let run: Run = Box::new(move |n| {
            timed(|| {
                for $value in 0..n {
                    let _ = $send;
                    let _ = black_box($recv);
                }
            })
        });
        run
    }};
}

/// `$producers` tasks send, one receives.
macro_rules! flow {
    (
        $producers:expr,
        $place:expr,
        $make:expr,
        |$tx:ident, $value:ident| $send:expr,
        |$rx:ident| $recv:expr
    ) => {{
        let (producers, run): (u64, fn(Vec<Task>) -> _) = ($producers, $place);
        let flow: Run = Box::new(move |n| {
            let each = n.div_ceil(producers);
            let (sender, mut $rx) = $make;
            let mut tasks: Vec<Task> = (0..producers)
                .map(|_| {
                    // Some peers send by `&mut`.
                    let mut $tx = sender.clone();
                    let _ = &mut $tx;
                    let task: Task = Box::pin(async move {
                        for $value in 0..each {
                            $send;
                        }
                    });
                    task
                })
                .collect();
            tasks.push(Box::pin(async move {
                let _open = sender;
                for _ in 0..each * producers {
                    black_box($recv);
                }
                let _ = &mut $rx;
            }));
            run(tasks)
        });
        flow
    }};
}

/// Each contestant of a bounded channel, through `$with`.
macro_rules! bounded {
    ($capacity:expr, $with:ident $(, $arg:expr)*) => {
        vec![
            ("selvedge", $with!($($arg,)* selvedge_channel::mpsc::channel::<u64>($capacity),
                |tx, v| tx.send(v).await.unwrap(), |rx| rx.recv().await.unwrap())),
            ("tokio", $with!($($arg,)* tokio::sync::mpsc::channel::<u64>($capacity),
                |tx, v| tx.send(v).await.unwrap(), |rx| rx.recv().await.unwrap())),
            ("async-channel", $with!($($arg,)* async_channel::bounded::<u64>($capacity),
                |tx, v| tx.send(v).await.unwrap(), |rx| rx.recv().await.unwrap())),
            ("flume*", $with!($($arg,)* flume::bounded::<u64>($capacity),
                |tx, v| tx.send_async(v).await.unwrap(), |rx| rx.recv_async().await.unwrap())),
            ("kanal*", $with!($($arg,)* kanal::bounded_async::<u64>($capacity),
                |tx, v| tx.send(v).await.unwrap(), |rx| rx.recv().await.unwrap())),
            ("crossfire", $with!($($arg,)* crossfire::mpsc::bounded_async::<u64>($capacity),
                |tx, v| tx.send(v).await.unwrap(), |rx| rx.recv().await.unwrap())),
            ("thingbuf", $with!($($arg,)* thingbuf::mpsc::channel::<u64>($capacity),
                |tx, v| tx.send(v).await.unwrap(), |rx| rx.recv().await.unwrap())),
            ("mea", $with!($($arg,)* mea::mpsc::bounded::<u64>($capacity),
                |tx, v| tx.send(v).await.unwrap(), |rx| rx.recv().await.unwrap())),
            ("futures*", $with!($($arg,)* futures::channel::mpsc::channel::<u64>($capacity),
                |tx, v| tx.send(v).await.unwrap(), |rx| rx.next().await.unwrap())),
        ]
    };
}

/// Each contestant of an unbounded channel, through `$with`.
macro_rules! unbounded {
    ($with:ident $(, $arg:expr)*) => {
        vec![
            ("selvedge", $with!($($arg,)* selvedge_channel::mpsc::unbounded_channel::<u64>(),
                |tx, v| tx.send(v).unwrap(), |rx| rx.recv().await.unwrap())),
            ("tokio", $with!($($arg,)* tokio::sync::mpsc::unbounded_channel::<u64>(),
                |tx, v| tx.send(v).unwrap(), |rx| rx.recv().await.unwrap())),
            ("async-channel", $with!($($arg,)* async_channel::unbounded::<u64>(),
                |tx, v| tx.try_send(v).unwrap(), |rx| rx.recv().await.unwrap())),
            ("flume", $with!($($arg,)* flume::unbounded::<u64>(),
                |tx, v| tx.send(v).unwrap(), |rx| rx.recv_async().await.unwrap())),
            ("kanal*", $with!($($arg,)* kanal::unbounded_async::<u64>(),
                |tx, v| assert!(tx.try_send(v).unwrap()), |rx| rx.recv().await.unwrap())),
            ("crossfire", $with!($($arg,)* crossfire::mpsc::unbounded_async::<u64>(),
                |tx, v| tx.send(v).unwrap(), |rx| rx.recv().await.unwrap())),
            ("mea", $with!($($arg,)* mea::mpsc::unbounded::<u64>(),
                |tx, v| tx.send(v).unwrap(), |rx| rx.recv().await.unwrap())),
            ("futures", $with!($($arg,)* futures::channel::mpsc::unbounded::<u64>(),
                |tx, v| tx.unbounded_send(v).unwrap(), |rx| rx.next().await.unwrap())),
        ]
    };
}

fn without_waiting() -> [Group; 3] {
    let bounded = vec![
        (
            "selvedge",
            at_once!(selvedge_channel::mpsc::channel::<u64>(100), |tx, v| tx.try_send(v), |rx| rx
                .try_recv()),
        ),
        (
            "tokio",
            at_once!(tokio::sync::mpsc::channel::<u64>(100), |tx, v| tx.try_send(v), |rx| rx
                .try_recv()),
        ),
        (
            "async-channel",
            at_once!(async_channel::bounded::<u64>(100), |tx, v| tx.try_send(v), |rx| rx
                .try_recv()),
        ),
        ("flume", at_once!(flume::bounded::<u64>(100), |tx, v| tx.try_send(v), |rx| rx.try_recv())),
        (
            "kanal*",
            at_once!(kanal::bounded_async::<u64>(100), |tx, v| tx.try_send(v), |rx| rx.try_recv()),
        ),
        (
            "crossfire",
            at_once!(crossfire::mpsc::bounded_async::<u64>(100), |tx, v| tx.try_send(v), |rx| rx
                .try_recv()),
        ),
        (
            "thingbuf",
            at_once!(thingbuf::mpsc::channel::<u64>(100), |tx, v| tx.try_send(v), |rx| rx
                .try_recv()),
        ),
    ];
    let unbounded = vec![
        (
            "selvedge",
            at_once!(
                selvedge_channel::mpsc::unbounded_channel::<u64>(),
                |tx, v| tx.send(v),
                |rx| rx.try_recv()
            ),
        ),
        (
            "tokio",
            at_once!(tokio::sync::mpsc::unbounded_channel::<u64>(), |tx, v| tx.send(v), |rx| rx
                .try_recv()),
        ),
        (
            "kanal*",
            at_once!(kanal::unbounded_async::<u64>(), |tx, v| tx.try_send(v), |rx| rx.try_recv()),
        ),
        ("flume", at_once!(flume::unbounded::<u64>(), |tx, v| tx.send(v), |rx| rx.try_recv())),
        (
            "crossfire",
            at_once!(crossfire::mpsc::unbounded_async::<u64>(), |tx, v| tx.send(v), |rx| rx
                .try_recv()),
        ),
    ];
    [
        Group { name: "mpsc/try_bounded".into(), contestants: bounded },
        Group { name: "mpsc/try_unbounded".into(), contestants: unbounded },
        Group { name: "mpsc/batches_of_64".into(), contestants: batches() },
    ]
}

/// 64 sends, and one receive of all.
fn batches() -> Vec<(&'static str, Run)> {
    macro_rules! batch {
        ($make:expr, |$rx:ident, $buffer:ident| $recv:expr) => {{
            let (tx, mut $rx) = $make;
            let _ = &mut $rx;
            let mut $buffer = Vec::with_capacity(64);
            let run: Run = Box::new(move |n| {
                timed(|| {
                    pollster::block_on(async {
                        for _ in 0..n.div_ceil(64) {
                            for value in 0..64 {
                                let _ = tx.try_send(value);
                            }
                            let _ = $recv;
                            black_box(&$buffer);
                            $buffer.clear();
                        }
                    });
                })
            });
            run
        }};
    }
    vec![
        (
            "selvedge",
            batch!(selvedge_channel::mpsc::channel::<u64>(64), |rx, buffer| rx
                .recv_many(&mut buffer, 64)
                .await),
        ),
        (
            "tokio",
            batch!(tokio::sync::mpsc::channel::<u64>(64), |rx, buffer| rx
                .recv_many(&mut buffer, 64)
                .await),
        ),
        (
            "kanal*",
            batch!(kanal::bounded_async::<u64>(64), |rx, buffer| rx.drain_into(&mut buffer)),
        ),
        ("flume", batch!(flume::bounded::<u64>(64), |rx, buffer| buffer.extend(rx.drain()))),
    ]
}

pub(crate) fn groups() -> Vec<Group> {
    let mut groups = Vec::from(without_waiting());
    let places = [
        ("one_thread", on_one_thread as fn(_) -> _, &[1, 16][..]),
        ("two_workers", on_two_workers, &[1, 4, 16, 64]),
    ];
    for (place, run, producers) in places {
        for &producers in producers {
            for capacity in [1, 100] {
                groups.push(Group {
                    name: format!("mpsc/{place}/bounded_{capacity}/{producers}_producers"),
                    contestants: bounded!(capacity, flow, producers, run),
                });
            }
            groups.push(Group {
                name: format!("mpsc/{place}/unbounded/{producers}_producers"),
                contestants: unbounded!(flow, producers, run),
            });
        }
    }
    groups
}
