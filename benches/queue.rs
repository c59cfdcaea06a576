//! The queue: putting and getting, without a line and with one.
//!
//! No peer in Rust counts what is done; a channel, and a plain collection behind a lock, show what
//! that and the order cost.

use std::{
    collections::{BinaryHeap, VecDeque},
    hint::black_box,
    sync::{Arc, Mutex},
};

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers, timed};
use selvedge_channel::queue::{Fifo, Lifo, Order, Priority, Queue};

/// Puts and gets eight, so that there is something to sort.
fn ours<O: Order<u64> + 'static>() -> Run {
    let queue = Queue::<u64, O>::new(100);
    Box::new(move |n| {
        timed(|| {
            for at in 0..n / 8 {
                for part in 0..8 {
                    let _ = queue.put_nowait(black_box((at ^ part) & 7));
                }
                for _ in 0..8 {
                    let _ = black_box(queue.get_nowait());
                }
            }
        })
    })
}

fn floor<C: Default + 'static>(push: fn(&mut C, u64), pop: fn(&mut C) -> Option<u64>) -> Run {
    let queue = Mutex::new(C::default());
    let with = move |f: &mut dyn FnMut(&mut C)| f(&mut queue.lock().expect("nothing panics"));
    Box::new(move |n| {
        timed(|| {
            for at in 0..n / 8 {
                for part in 0..8 {
                    with(&mut |queue| push(queue, black_box((at ^ part) & 7)));
                }
                for _ in 0..8 {
                    with(&mut |queue| _ = black_box(pop(queue)));
                }
            }
        })
    })
}

fn channel() -> Run {
    let (tx, rx) = tokio::sync::mpsc::channel(100);
    let mut rx = rx;
    Box::new(move |n| {
        timed(|| {
            for at in 0..n / 8 {
                for part in 0..8 {
                    let _ = tx.try_send(black_box((at ^ part) & 7));
                }
                for _ in 0..8 {
                    let _ = black_box(rx.try_recv());
                }
            }
        })
    })
}

pub(crate) fn groups() -> Vec<Group> {
    let mut groups = vec![
        Group {
            name: "queue/fifo".into(),
            contestants: vec![
                ("selvedge", ours::<Fifo>()),
                ("tokio mpsc*", channel()),
                ("std floor*", floor(VecDeque::push_back, VecDeque::pop_front)),
            ],
        },
        Group {
            name: "queue/lifo".into(),
            contestants: vec![
                ("selvedge", ours::<Lifo>()),
                ("std floor*", floor(Vec::push, Vec::pop)),
            ],
        },
        Group {
            name: "queue/priority".into(),
            contestants: vec![
                ("selvedge", ours::<Priority>()),
                ("std floor*", floor(BinaryHeap::push, BinaryHeap::pop)),
            ],
        },
    ];
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    for (place, run) in places {
        let ours: Run = Box::new(move |n| {
            let queue = Arc::new(Queue::<u64>::new(16));
            let (put, got) = (queue.clone(), queue);
            let tasks: Vec<Task> = vec![
                Box::pin(async move {
                    for at in 0..n {
                        let _ = put.put(at).await;
                    }
                }),
                Box::pin(async move {
                    for _ in 0..n {
                        let _ = black_box(got.get().await);
                    }
                }),
            ];
            run(tasks)
        });
        let tokio: Run = Box::new(move |n| {
            let (tx, mut rx) = tokio::sync::mpsc::channel(16);
            let tasks: Vec<Task> = vec![
                Box::pin(async move {
                    for at in 0..n {
                        let _ = tx.send(at).await;
                    }
                }),
                Box::pin(async move {
                    for _ in 0..n {
                        let _ = black_box(rx.recv().await);
                    }
                }),
            ];
            run(tasks)
        });
        groups.push(Group {
            name: format!("queue/{place}"),
            contestants: vec![("selvedge", ours), ("tokio mpsc*", tokio)],
        });
    }
    groups
}
