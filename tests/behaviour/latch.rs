//! A latch, polled by hand.

use std::{
    pin::pin,
    sync::{Arc, Barrier},
    thread,
};

use selvedge::sync::Latch;

use crate::{
    harness::{Watched, allocations, poll, ready},
    sweep::{Report, Swept},
};

#[test]
fn it_opens_at_the_last_step() {
    let latch = Latch::new(3);
    let watched = Watched::new();
    let mut wait = pin!(latch.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    latch.count_down();
    assert_eq!((latch.count(), latch.try_wait(), watched.woken()), (2, Err(2), 0));
    latch.arrive(2);
    assert_eq!((latch.count(), latch.try_wait(), watched.woken()), (0, Ok(()), 1));
    ready(wait.as_mut());
    ready(pin!(latch.wait()));
    latch.blocking_wait();
}

#[test]
fn steps_beyond_the_last_change_nothing() {
    let latch = Latch::new(2);
    latch.arrive(0);
    assert_eq!(latch.count(), 2);
    latch.arrive(u32::MAX);
    latch.count_down();
    assert_eq!((latch.count(), latch.try_wait()), (0, Ok(())));
}

#[test]
fn none_to_count_is_open() {
    ready(pin!(Latch::new(0).wait()));
    ready(pin!(Arc::new(Latch::new(0)).wait_owned()));
}

#[test]
fn the_owned_wait_keeps_it_alive() {
    let latch = Arc::new(Latch::new(1));
    let mut wait = Box::pin(latch.clone().wait_owned());
    assert!(poll(wait.as_mut()).is_pending());
    let other = Arc::downgrade(&latch);
    latch.count_down();
    drop(latch);
    assert!(other.upgrade().is_some());
    ready(wait.as_mut());
    assert!(other.upgrade().is_none(), "let go as soon as it is over");
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let latch = Latch::new(0);
    let mut wait = pin!(latch.wait());
    ready(wait.as_mut());
    let _ = poll(wait.as_mut());
}

#[test]
fn no_wait_allocates() {
    let latch = Latch::new(1);
    let mut wait = pin!(latch.wait());
    let count = allocations(|| {
        assert!(poll(wait.as_mut()).is_pending());
        latch.count_down();
        ready(wait.as_mut());
    });
    assert_eq!(count, 0);
}

#[test]
fn threads_wait_beside_tasks() {
    for _ in 0..100 {
        let latch = Arc::new(Latch::new(2));
        let start = Arc::new(Barrier::new(4));
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let (latch, start) = (latch.clone(), start.clone());
                thread::spawn(move || {
                    start.wait();
                    match n {
                        0 => latch.blocking_wait(),
                        1 => pollster::block_on(latch.wait_owned()),
                        _ => latch.count_down(),
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

#[test]
fn debug_shows_the_state() {
    let latch = Latch::new(2);
    assert_eq!(format!("{latch:?}"), "Latch { count: 2, waiting: 0 }");
}

pub(crate) fn sweep(report: Report<'_>) {
    let latch = |name, wait| Swept {
        name,
        make: || Latch::new(1),
        wait,
        free: Latch::count_down,
        waiting: Latch::waiters,
        is_free: |latch| latch.try_wait().is_ok() && latch.waiters() == 0,
        close: None,
    };
    latch("Latch::wait", |latch| {
        let latch = latch.clone();
        Box::pin(async move {
            latch.wait().await;
            true
        })
    })
    .sweep(report);
    latch("Latch::wait_owned", |latch| {
        let wait = latch.clone().wait_owned();
        Box::pin(async move {
            wait.await;
            true
        })
    })
    .sweep(report);
}
