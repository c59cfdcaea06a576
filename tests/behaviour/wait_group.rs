//! A wait group, polled by hand.

use std::{
    future::IntoFuture,
    pin::pin,
    sync::{Arc, Mutex},
    thread,
};

use selvedge::sync::{Wait, WaitGroup};

use crate::{
    harness::{Watched, poll, ready},
    sweep::{Report, Swept},
};

#[test]
fn it_waits_for_every_handle() {
    let group = WaitGroup::new();
    let (one, other) = (group.clone(), group.clone());
    assert_eq!(group.handles(), 3);
    let watched = Watched::new();
    let mut wait = pin!(group.into_future());
    assert!(watched.poll(wait.as_mut()).is_pending());
    drop(one);
    assert_eq!((watched.woken(), other.handles()), (0, 1));
    // A handle that is there may be cloned while others wait.
    let late = other.clone();
    drop(other);
    assert_eq!(watched.woken(), 0);
    drop(late);
    assert_eq!(watched.woken(), 1);
    ready(wait.as_mut());
}

#[test]
fn alone_it_is_over_at_once() {
    ready(pin!(WaitGroup::default().into_future()));
}

#[test]
fn a_wait_may_be_cloned() {
    let group = WaitGroup::new();
    let working = group.clone();
    let mut first = pin!(group.into_future());
    assert!(poll(first.as_mut()).is_pending());
    let mut second = pin!(first.clone());
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(first.waiters(), 2);
    drop(working);
    ready(second.as_mut());
    ready(first.as_mut());
    ready(pin!(first.clone()));
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let mut wait = pin!(WaitGroup::new().into_future());
    ready(wait.as_mut());
    let _ = poll(wait.as_mut());
}

#[test]
fn threads_are_waited_for() {
    for _ in 0..100 {
        let group = WaitGroup::new();
        for _ in 0..3 {
            let working = group.clone();
            thread::spawn(move || drop(working.clone()));
        }
        pollster::block_on(group.into_future());
    }
}

#[test]
fn debug_shows_the_state() {
    let group = WaitGroup::new();
    assert_eq!(format!("{group:?}"), "WaitGroup { handles: 1, waiting: 0 }");
    assert_eq!(format!("{:?}", group.into_future()), "Wait { .. }");
}

pub(crate) fn sweep(report: Report<'_>) {
    struct Group {
        working: Mutex<Option<WaitGroup>>,
        wait: Wait,
    }
    Swept {
        name: "WaitGroup",
        make: || {
            let group = WaitGroup::new();
            Group { working: Mutex::new(Some(group.clone())), wait: group.into_future() }
        },
        wait: |group: &Arc<Group>| {
            let wait = group.wait.clone();
            Box::pin(async move {
                wait.await;
                true
            })
        },
        free: |group| {
            let working = group.working.lock().unwrap().take();
            drop(working);
        },
        waiting: |group| group.wait.waiters(),
        is_free: |group| poll(pin!(group.wait.clone())).is_ready() && group.wait.waiters() == 0,
        close: None,
    }
    .sweep(report);
}
