//! The oneshot: an answer that is there, and one that is waited for.

use std::{
    future::{Future, IntoFuture},
    hint::black_box,
    pin::pin,
    task::{Context, Waker},
};

use selvedge_benches::{Group, Run, Task, at_once, on_one_thread, on_two_workers, timed};

/// A contestant from its constructor: an answer that is there, one that is polled for before, and
/// one that passes between two tasks.
macro_rules! contestant {
    ($channel:expr) => {
        (
            || -> Run {
                Box::new(|n| {
                    timed(|| {
                        for at in 0..n {
                            let (tx, rx) = $channel;
                            let _ = black_box(tx.send(black_box(at)));
                            let _ = black_box(at_once(rx.into_future()));
                        }
                    })
                })
            },
            || -> Run {
                Box::new(|n| {
                    timed(|| {
                        let mut cx = Context::from_waker(Waker::noop());
                        for at in 0..n {
                            let (tx, rx) = $channel;
                            let mut rx = pin!(rx.into_future());
                            assert!(rx.as_mut().poll(&mut cx).is_pending());
                            let _ = black_box(tx.send(black_box(at)));
                            assert!(black_box(rx.as_mut().poll(&mut cx)).is_ready());
                        }
                    })
                })
            },
            |run: fn(Vec<Task>) -> _| -> Run {
                Box::new(move |n| {
                    let mut receivers = Vec::new();
                    let mut senders = Vec::new();
                    for at in 0..n {
                        let (tx, rx) = $channel;
                        senders.push((tx, at));
                        receivers.push(rx);
                    }
                    let receive: Task = Box::pin(async move {
                        for rx in receivers {
                            let _ = black_box(rx.await);
                        }
                    });
                    let send: Task = Box::pin(async move {
                        for (tx, at) in senders {
                            let _ = tx.send(at);
                            selvedge_benches::yield_now().await;
                        }
                    });
                    run(vec![receive, send])
                })
            },
        )
    };
}

pub(crate) fn groups() -> Vec<Group> {
    macro_rules! group {
        ($name:literal, $part:tt $(, $argument:expr)?) => {
            Group {
                name: $name.into(),
                contestants: vec![
                    ("selvedge", contestant!(selvedge_channel::oneshot::channel::<u64>()).$part($($argument)?)),
                    ("tokio", contestant!(tokio::sync::oneshot::channel::<u64>()).$part($($argument)?)),
                    ("futures", contestant!(futures::channel::oneshot::channel::<u64>()).$part($($argument)?)),
                    ("mea", contestant!(mea::oneshot::channel::<u64>()).$part($($argument)?)),
                    ("oneshot", contestant!(oneshot::channel::<u64>()).$part($($argument)?)),
                ],
            }
        };
    }
    vec![
        group!("oneshot/ready", 0),
        group!("oneshot/waiting", 1),
        group!("oneshot/one_thread", 2, on_one_thread),
        group!("oneshot/two_workers", 2, on_two_workers),
    ]
}
