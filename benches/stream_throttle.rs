//! Throttled streams: one whose period is over each time, one that is not held up at all, and many
//! that wait for each item.

use std::{pin::pin, time::Duration};

use futures::{Stream, StreamExt, stream};
use selvedge_benches::{Group, Run, timed};

use crate::sleep::{cpu, in_rounds, tokio_alone};

/// Over by the time it is looked at.
const OVER: Duration = Duration::from_nanos(1);
const STREAMS: usize = 1000;
/// What each of them gives, one a millisecond.
const ITEMS: usize = 20;

/// What is held up.
type Items = stream::Take<stream::Repeat<u64>>;

fn items(n: usize) -> Items {
    stream::repeat(1).take(n)
}

/// Goes through a stream on this thread.
fn through<S: Stream>(throttle: impl Fn(Items) -> S + 'static) -> Run {
    let runtime = tokio_alone();
    Box::new(move |n| {
        runtime.block_on(async {
            let mut slow = pin!(throttle(items(n as usize)));
            let start = std::time::Instant::now();
            while slow.next().await.is_some() {}
            start.elapsed()
        })
    })
}

/// A task a stream, on tokio's one thread: the time that the process computes.
fn many<S: Stream<Item: Send> + Send + 'static>(throttle: fn(Items) -> S) -> Run {
    let runtime = tokio_alone();
    in_rounds(STREAMS * ITEMS, move || {
        let before = cpu();
        runtime.block_on(async {
            let run = async move |slow: S| {
                let mut slow = pin!(slow);
                while slow.next().await.is_some() {}
            };
            let tasks: Vec<_> =
                (0..STREAMS).map(|_| tokio::spawn(run(throttle(items(ITEMS))))).collect();
            for task in tasks {
                task.await.expect("it ends");
            }
        });
        cpu() - before
    })
}

pub(crate) fn groups() -> Vec<Group> {
    use selvedge_timer::stream_throttle as ours;
    use tokio_stream::StreamExt as Tokio;

    const MILLISECOND: Duration = Duration::from_millis(1);
    vec![
        Group {
            // tokio's periods are whole milliseconds.
            name: "stream_throttle/over".into(),
            contestants: vec![
                ("selvedge", through(|items| ours(OVER, items))),
                (
                    "clock floor*",
                    // A look when the period begins, and one to see that it is over.
                    Box::new(|n| {
                        timed(|| {
                            for _ in 0..2 * n {
                                std::hint::black_box(std::time::Instant::now());
                            }
                        })
                    }),
                ),
            ],
        },
        Group {
            name: "stream_throttle/no_period".into(),
            contestants: vec![
                ("selvedge", through(|items| ours(Duration::ZERO, items))),
                ("tokio", through(|items| Tokio::throttle(items, Duration::ZERO))),
            ],
        },
        Group {
            name: format!("stream_throttle/cpu/{STREAMS}"),
            contestants: vec![
                ("selvedge", many(|items| ours(MILLISECOND, items))),
                // It waits for two milliseconds each time, so fewer wake-ups do for all.
                ("tokio", many(|items| Tokio::throttle(items, MILLISECOND))),
            ],
        },
    ]
}
