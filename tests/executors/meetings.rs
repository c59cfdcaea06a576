//! Tasks that wait for each other meet.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use futures_lite::future::yield_now;
use selvedge::sync::{
    AutoResetEvent, Barrier, Completion, CyclicBarrier, Event, Latch, Notify, OnceCell, Phaser,
    WaitGroup,
};

use crate::{Crew, ROUNDS, TASKS, hosts::Tasks};

pub(crate) async fn a_barrier_lets_all_pass_together(tasks: Tasks) {
    let shared = Arc::new((Barrier::new(TASKS), AtomicUsize::new(0), AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            let (barrier, arrived, leaders) = &*shared;
            for round in 1..=ROUNDS {
                arrived.fetch_add(1, SeqCst);
                if barrier.wait().await.is_leader() {
                    leaders.fetch_add(1, SeqCst);
                }
                assert!(arrived.load(SeqCst) >= round * TASKS);
            }
        });
    }
    crew.end().await;
    assert_eq!(shared.2.load(SeqCst), ROUNDS);
}

pub(crate) async fn a_cyclic_barrier_gives_each_an_index(tasks: Tasks) {
    let shared = Arc::new((CyclicBarrier::new(TASKS), AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            for _ in 0..ROUNDS {
                let index = shared.0.wait().await.unwrap();
                shared.1.fetch_add(index, SeqCst);
            }
        });
    }
    crew.end().await;
    assert_eq!(shared.1.load(SeqCst), ROUNDS * TASKS * (TASKS - 1) / 2);
    assert_eq!(shared.0.waiting(), 0);
}

pub(crate) async fn a_notification_reaches_one(tasks: Tasks) {
    let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            for _ in 0..ROUNDS {
                shared.0.notified().await;
                shared.1.fetch_add(1, SeqCst);
                // Hands it on: there is one in the house.
                shared.0.notify_one();
            }
        });
    }
    shared.0.notify_one();
    crew.end().await;
    assert_eq!(shared.1.load(SeqCst), TASKS * ROUNDS);
    shared.0.notified().await;
}

pub(crate) async fn a_notification_of_all_reaches_those_who_wait(tasks: Tasks) {
    let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            let mut notified = pin!(shared.0.notified());
            notified.as_mut().enable();
            shared.1.fetch_add(1, SeqCst);
            notified.await;
        });
    }
    while shared.1.load(SeqCst) < TASKS {
        yield_now().await;
    }
    shared.0.notify_waiters();
    crew.end().await;
}

pub(crate) async fn an_event_lets_all_through(tasks: Tasks) {
    let event = Arc::new(Event::new(false));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let event = event.clone();
        crew.add(async move { event.wait().await });
    }
    yield_now().await;
    event.set();
    crew.end().await;
    assert!(event.is_set());
}

pub(crate) async fn an_auto_reset_event_lets_one_through(tasks: Tasks) {
    let shared = Arc::new((AutoResetEvent::new(true), AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            for _ in 0..ROUNDS {
                shared.0.wait().await;
                assert_eq!(shared.1.fetch_add(1, SeqCst), 0);
                yield_now().await;
                shared.1.fetch_sub(1, SeqCst);
                shared.0.set();
            }
        });
    }
    crew.end().await;
    assert!(shared.0.is_set());
}

pub(crate) async fn a_latch_opens_once(tasks: Tasks) {
    let latch = Arc::new(Latch::new(u32::try_from(TASKS).unwrap()));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let latch = latch.clone();
        crew.add(async move {
            latch.count_down();
            latch.wait().await;
            assert_eq!(latch.try_wait(), Ok(()));
        });
    }
    latch.wait().await;
    crew.end().await;
}

pub(crate) async fn a_wait_group_waits_for_its_handles(tasks: Tasks) {
    let (group, done) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let (handle, done) = (group.clone(), done.clone());
        crew.add(async move {
            yield_now().await;
            done.fetch_add(1, SeqCst);
            drop(handle);
        });
    }
    group.await;
    assert_eq!(done.load(SeqCst), TASKS);
    crew.end().await;
}

pub(crate) async fn a_cell_is_made_once(tasks: Tasks) {
    let shared = Arc::new((OnceCell::new(), AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            let made = shared.0.get_or_init(async || {
                yield_now().await;
                shared.1.fetch_add(1, SeqCst)
            });
            assert_eq!(*made.await, 0);
        });
    }
    assert_eq!(*shared.0.wait().await, 0);
    crew.end().await;
    assert_eq!(shared.1.load(SeqCst), 1);
}

pub(crate) async fn a_phaser_goes_in_step(tasks: Tasks) {
    let shared = Arc::new((Phaser::new(0), AtomicUsize::new(0)));
    shared.0.register(TASKS);
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let shared = shared.clone();
        crew.add(async move {
            for round in 1..=ROUNDS {
                shared.1.fetch_add(1, SeqCst);
                let phase = shared.0.arrive();
                shared.0.wait(phase).await.unwrap();
                assert!(shared.1.load(SeqCst) >= round * TASKS);
            }
        });
    }
    crew.end().await;
    assert_eq!(shared.0.phase(), ROUNDS);
}

pub(crate) async fn a_completion_is_seen_by_all(tasks: Tasks) {
    let (completer, completion) = Completion::new();
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let completion = completion.clone();
        crew.add(async move { assert_eq!(completion.wait().await, Ok(&7)) });
    }
    yield_now().await;
    completer.complete(7);
    crew.end().await;
}
