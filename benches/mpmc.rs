//! Many producers, many consumers: without waiting, on one thread, on two workers.
//!
//! kanal is marked: it loses a message when a receive is dropped that it was handed to. So is flume
//! where senders may have to wait: as kanal does, it delivers a message whose send was dropped while
//! it was pending. In a rendezvous all do, for the receiver takes the message out of its hands.

use std::hint::black_box;

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers, timed};

/// Sends and receives without waiting.
macro_rules! at_once {
    ($make:expr) => {{
        let (tx, rx) = $make;
        let run: Run = Box::new(move |n| {
            timed(|| {
                for value in 0..n {
                    let _ = tx.try_send(value);
                    let _ = black_box(rx.try_recv());
                }
            })
        });
        run
    }};
}

/// As many tasks send as receive.
macro_rules! flow {
    ($tasks:expr, $run:expr, $make:expr, $send:ident, $recv:ident) => {{
        let (tasks, run): (u64, fn(Vec<Task>) -> _) = ($tasks, $run);
        let flow: Run = Box::new(move |n| {
            let each = n.div_ceil(tasks);
            let (tx, rx) = $make;
            let all = (0..tasks).flat_map(|_| {
                let (tx, rx) = (tx.clone(), rx.clone());
                let sends: Task = Box::pin(async move {
                    for value in 0..each {
                        tx.$send(value).await.unwrap();
                    }
                });
                let receives: Task = Box::pin(async move {
                    for _ in 0..each {
                        black_box(rx.$recv().await.unwrap());
                    }
                });
                [sends, receives]
            });
            run(all.collect())
        });
        flow
    }};
}

macro_rules! all {
    ($capacity:expr, $tasks:expr, $run:expr) => {
        vec![
            (
                "selvedge",
                flow!($tasks, $run, selvedge_channel::mpmc::bounded::<u64>($capacity), send, recv),
            ),
            (
                "async-channel",
                flow!($tasks, $run, async_channel::bounded::<u64>($capacity), send, recv),
            ),
            (
                "flume*",
                flow!($tasks, $run, flume::bounded::<u64>($capacity), send_async, recv_async),
            ),
            ("kanal*", flow!($tasks, $run, kanal::bounded_async::<u64>($capacity), send, recv)),
            (
                "crossfire",
                flow!($tasks, $run, crossfire::mpmc::bounded_async::<u64>($capacity), send, recv),
            ),
        ]
    };
}

macro_rules! rendezvous {
    ($tasks:expr, $run:expr) => {
        vec![
            (
                "selvedge",
                flow!($tasks, $run, selvedge_channel::mpmc::rendezvous::<u64>(), send, recv),
            ),
            ("flume", flow!($tasks, $run, flume::bounded::<u64>(0), send_async, recv_async)),
            ("kanal*", flow!($tasks, $run, kanal::bounded_async::<u64>(0), send, recv)),
        ]
    };
}

pub(crate) fn groups() -> Vec<Group> {
    let bounded = vec![
        ("selvedge", at_once!(selvedge_channel::mpmc::bounded::<u64>(100))),
        ("async-channel", at_once!(async_channel::bounded::<u64>(100))),
        ("flume", at_once!(flume::bounded::<u64>(100))),
        ("kanal*", at_once!(kanal::bounded_async::<u64>(100))),
        ("crossfire", at_once!(crossfire::mpmc::bounded_async::<u64>(100))),
    ];
    let unbounded = vec![
        ("selvedge", at_once!(selvedge_channel::mpmc::unbounded::<u64>())),
        ("async-channel", at_once!(async_channel::unbounded::<u64>())),
        ("kanal*", at_once!(kanal::unbounded_async::<u64>())),
    ];
    let mut groups = vec![
        Group { name: "mpmc/try_bounded".into(), contestants: bounded },
        Group { name: "mpmc/try_unbounded".into(), contestants: unbounded },
    ];
    let places = [
        ("one_thread", on_one_thread as fn(_) -> _, &[1, 4][..]),
        ("two_workers", on_two_workers, &[4, 16]),
    ];
    for (place, run, tasks) in places {
        for &tasks in tasks {
            for capacity in [1, 100] {
                groups.push(Group {
                    name: format!("mpmc/{place}/bounded_{capacity}/{tasks}x{tasks}"),
                    contestants: all!(capacity, tasks, run),
                });
            }
            groups.push(Group {
                name: format!("mpmc/{place}/rendezvous/{tasks}x{tasks}"),
                contestants: rendezvous!(tasks, run),
            });
        }
    }
    groups
}
