//! Time passes on every executor: never early, and in the end always.

use std::{
    future::{pending, poll_fn, ready},
    pin::pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_lite::StreamExt;
use selvedge::{
    SendTimeoutExt,
    channel::mpsc,
    time::{
        Deadline, DelayQueue, Elapsed, chunks_timeout, interval, sleep, sleep_until,
        stream_throttle, timeout,
    },
};

use crate::{Crew, TASKS, hosts::Tasks};

const TICK: Duration = Duration::from_millis(1);

pub(crate) async fn sleeps_end_in_order_of_their_deadlines(tasks: Tasks) {
    let (order, mut crew) = (Arc::new(Mutex::new(Vec::new())), Crew::new(&tasks));
    let start = Instant::now();
    for task in 0..TASKS {
        let order = order.clone();
        crew.add(async move {
            let at = start + TICK * u32::try_from(task).unwrap();
            sleep_until(at).await;
            assert!(Instant::now() >= at);
            order.lock().unwrap().push(task);
        });
    }
    crew.end().await;
    let mut order = order.lock().unwrap().clone();
    order.sort_unstable();
    assert!(order.into_iter().eq(0..TASKS));
}

pub(crate) async fn a_timeout_cuts_what_takes_longer(tasks: Tasks) {
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        crew.add(async {
            assert_eq!(timeout(Duration::from_secs(3600), ready(1)).await, Ok(1));
            assert_eq!(timeout(2 * TICK, pending::<()>()).await, Err(Elapsed));
            assert_eq!(timeout(Duration::from_secs(3600), sleep(TICK)).await, Ok(()));
        });
    }
    crew.end().await;
}

pub(crate) async fn an_interval_ticks(tasks: Tasks) {
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        crew.add(async {
            let (start, mut ticks) = (Instant::now(), interval(TICK));
            for _ in 0..5 {
                ticks.tick().await;
            }
            assert!(start.elapsed() >= 4 * TICK);
        });
    }
    crew.end().await;
}

pub(crate) async fn a_delay_queue_hands_out_what_is_due(tasks: Tasks) {
    let mut crew = Crew::new(&tasks);
    crew.add(async {
        let mut queue = DelayQueue::new();
        let start = Instant::now();
        let keys: Vec<_> = (0..8_u32).map(|n| queue.insert_at(n, start + TICK * n)).collect();
        queue.reset_at(&keys[0], start + TICK * 9);
        assert_eq!(queue.remove(&keys[3]).into_inner(), 3);
        let mut seen = Vec::new();
        while let Some(due) = poll_fn(|cx| queue.poll_expired(cx)).await {
            assert!(Instant::now() >= due.deadline());
            seen.push(due.into_inner());
        }
        assert_eq!(seen, [1, 2, 4, 5, 6, 7, 0]);
    });
    crew.end().await;
}

pub(crate) async fn a_deadline_can_be_moved(tasks: Tasks) {
    let (deadline, mut crew) = (Deadline::never(), Crew::new(&tasks));
    for _ in 0..TASKS {
        let deadline = deadline.clone();
        crew.add(async move { assert_eq!(deadline.limit(pending::<()>()).await, Err(Elapsed)) });
    }
    sleep(TICK).await;
    assert!(!deadline.is_expired());
    deadline.reschedule_after(TICK);
    crew.end().await;
    assert!(deadline.is_expired());
}

pub(crate) async fn a_send_is_cut_by_its_timeout(tasks: Tasks) {
    let ((tx, mut rx), mut crew) = (mpsc::channel(1), Crew::new(&tasks));
    tx.send(0).await.unwrap();
    for task in 1..=TASKS {
        let tx = tx.clone();
        crew.add(async move {
            let late = tx.send_timeout(task, TICK).await.unwrap_err();
            assert_eq!(late.into_inner(), task);
        });
    }
    crew.end().await;
    assert_eq!((rx.recv().await, rx.try_recv().is_err()), (Some(0), true));
}

pub(crate) async fn a_stream_is_slowed_and_cut_into_chunks(tasks: Tasks) {
    let (tx, rx) = mpsc::channel(1);
    let (start, mut crew) = (Instant::now(), Crew::new(&tasks));
    crew.add(async move {
        let chunks = chunks_timeout(4, 2 * TICK, stream_throttle(TICK, rx));
        let chunks: Vec<Vec<usize>> = pin!(chunks).collect().await;
        assert!(chunks.iter().all(|chunk| (1..=4).contains(&chunk.len())));
        assert!(chunks.into_iter().flatten().eq(0..TASKS));
    });
    crew.add(async move {
        for number in 0..TASKS {
            tx.send(number).await.unwrap();
        }
    });
    crew.end().await;
    assert!(start.elapsed() >= TICK * u32::try_from(TASKS - 1).unwrap());
}
