//! What bounded channels do with sends and receives that are cancelled, and how often their tasks
//! have to run: a report, not a time.
//!
//! Who lets a dropped send arrive may let a task run once for several messages: a receiver takes the
//! message of a waiting send along, and the task learns of it later. Who does not has to run the
//! sender for each message that waited, and with one place each message does. So there two polls a
//! message is the least: one of the sender, one of the receiver.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Waker},
};

use futures::{SinkExt, StreamExt};
use selvedge_benches::{Task, on_one_thread};

/// How many messages are sent.
const MESSAGES: u64 = 3000;

/// What a channel does.
struct Habits {
    /// Whether a send arrives that was dropped while it waited.
    sends: bool,
    /// Whether a message is lost when a receive is dropped that was woken for it.
    loses: bool,
    /// How often both tasks are polled, on one thread, with one place.
    polls: u64,
}

/// The task, which counts in `polls` how often it is polled.
fn watched(polls: &Arc<AtomicU64>, mut task: Task) -> Task {
    let polls = polls.clone();
    Box::pin(std::future::poll_fn(move |cx| {
        polls.fetch_add(1, Relaxed);
        task.as_mut().poll(cx)
    }))
}

macro_rules! habits {
    ($make:expr, |$tx:ident, $value:ident| $send:expr, |$rx:ident| $recv:expr) => {{
        let mut cx = Context::from_waker(Waker::noop());

        let (mut $tx, mut $rx) = $make;
        let _ = (&mut $tx, &mut $rx);
        {
            let $value = 1;
            assert!(pin!(async { $send }).poll(&mut cx).is_ready());
        }
        let mut first = Vec::new();
        {
            let $value = 2;
            let mut sends = pin!(async { $send });
            let _ = sends.as_mut().poll(&mut cx);
            // With a place of its own, or one that waits for it.
            if let std::task::Poll::Ready(value) = pin!(async { $recv }).poll(&mut cx) {
                first.push(value);
            }
        }
        let sends = pin!(async { $recv }).poll(&mut cx).is_ready();
        assert_eq!(first, [1]);

        let (mut $tx, mut $rx) = $make;
        let _ = (&mut $tx, &mut $rx);
        {
            let mut receives = pin!(async { $recv });
            assert!(receives.as_mut().poll(&mut cx).is_pending());
            let $value = 1;
            assert!(pin!(async { $send }).poll(&mut cx).is_ready());
        }
        let loses = pin!(async { $recv }).poll(&mut cx).is_pending();

        let polls = Arc::new(AtomicU64::new(0));
        let (mut $tx, mut $rx) = $make;
        let sender: Task = Box::pin(async move {
            let _ = &mut $tx;
            for $value in 0..MESSAGES {
                $send;
            }
        });
        let receiver: Task = Box::pin(async move {
            let _ = &mut $rx;
            for value in 0..MESSAGES {
                assert_eq!($recv, value);
            }
        });
        on_one_thread(vec![watched(&polls, sender), watched(&polls, receiver)]);
        Habits { sends, loses, polls: polls.load(Relaxed) }
    }};
}

/// Prints what each of them does.
pub(crate) fn cancelled() {
    let all = [
        (
            "selvedge",
            habits!(selvedge_channel::mpsc::channel(1), |tx, v| tx.send(v).await.unwrap(), |rx| rx
                .recv()
                .await
                .unwrap()),
        ),
        (
            "tokio",
            habits!(tokio::sync::mpsc::channel(1), |tx, v| tx.send(v).await.unwrap(), |rx| rx
                .recv()
                .await
                .unwrap()),
        ),
        (
            "async-channel",
            habits!(async_channel::bounded(1), |tx, v| tx.send(v).await.unwrap(), |rx| rx
                .recv()
                .await
                .unwrap()),
        ),
        (
            "flume",
            habits!(flume::bounded(1), |tx, v| tx.send_async(v).await.unwrap(), |rx| rx
                .recv_async()
                .await
                .unwrap()),
        ),
        (
            "kanal",
            habits!(kanal::bounded_async(1), |tx, v| tx.send(v).await.unwrap(), |rx| rx
                .recv()
                .await
                .unwrap()),
        ),
        (
            "thingbuf",
            habits!(thingbuf::mpsc::channel(1), |tx, v| tx.send(v).await.unwrap(), |rx| rx
                .recv()
                .await
                .unwrap()),
        ),
        (
            "futures",
            habits!(futures::channel::mpsc::channel(1), |tx, v| tx.send(v).await.unwrap(), |rx| rx
                .next()
                .await
                .unwrap()),
        ),
    ];
    println!("bounded channels of one place, one sender, one receiver, on one thread");
    for (name, Habits { sends, loses, polls }) in all {
        println!(
            "  {name:<14} {:.2} polls a message; a dropped send {}; a dropped receive {}",
            polls as f64 / MESSAGES as f64,
            if sends { "arrives all the same" } else { "sends nothing" },
            if loses { "loses a message" } else { "loses nothing" },
        );
    }
}
