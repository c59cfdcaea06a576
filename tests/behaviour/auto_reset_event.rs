//! Events that clear themselves, polled by hand.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    thread,
};

use selvedge::sync::{AutoResetEvent, AutoResetEventWait};

use crate::{
    harness::{Watched, panics, poll, ready},
    sweep::{Report, Swept},
};

fn waiting(event: &AutoResetEvent) -> (Watched, Pin<Box<AutoResetEventWait<'_>>>) {
    let watched = Watched::new();
    let mut wait = Box::pin(event.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    (watched, wait)
}

fn waits(event: &AutoResetEvent) -> usize {
    event.statistics().waiting
}

/// Semantics 40 and 44.
#[test]
fn a_signal_is_kept_for_one() {
    let event = AutoResetEvent::new(true);
    event.set();
    assert!(event.is_set());
    ready(pin!(event.wait()));
    assert!(!event.is_set());
    assert!(poll(pin!(event.wait())).is_pending());
}

/// Semantics 41, for one at a time.
#[test]
fn each_signal_lets_one_through_in_order() {
    let event = AutoResetEvent::new(false);
    let mut all: Vec<_> = (0..3).map(|_| waiting(&event)).collect();
    for n in 0..3 {
        event.set();
        let woken: Vec<_> = all.iter().map(|(watched, _)| watched.woken()).collect();
        assert_eq!(woken, (0..3).map(|at| usize::from(at <= n)).collect::<Vec<_>>());
        assert!(!event.is_set());
    }
    event.reset();
    for (_, wait) in &mut all {
        ready(wait.as_mut());
    }
}

#[test]
fn what_is_kept_can_be_taken_back() {
    let event = AutoResetEvent::new(true);
    event.reset();
    event.reset();
    let (watched, mut wait) = waiting(&event);
    event.reset();
    assert_eq!((watched.woken(), waits(&event)), (0, 1));
    event.set();
    ready(wait.as_mut());
}

/// Semantics 42, 43 and 45.
#[test]
fn a_signal_of_one_who_left_goes_on_or_is_kept() {
    let event = AutoResetEvent::new(false);
    let (first, one) = waiting(&event);
    let (second, two) = waiting(&event);
    let (third, three) = waiting(&event);
    drop(two);
    event.set();
    drop(one);
    assert_eq!((first.woken(), second.woken(), third.woken()), (1, 0, 1));
    assert_eq!((first.kept(), second.kept(), third.kept()), (0, 0, 0));
    drop(three);
    assert_eq!((event.is_set(), waits(&event)), (true, 0));
}

#[test]
fn polled_after_completion_it_panics() {
    let event = AutoResetEvent::new(true);
    let mut wait = pin!(event.wait());
    ready(wait.as_mut());
    event.set();
    assert!(panics(|| assert!(poll(wait.as_mut()).is_pending())));
    assert!(event.is_set());
}

#[test]
fn threads_wait_as_well() {
    static EVENT: AutoResetEvent = AutoResetEvent::new(false);
    let thread = thread::spawn(|| EVENT.blocking_wait());
    EVENT.set();
    thread.join().unwrap();
    assert!(!EVENT.is_set());
}

#[test]
fn it_shows_what_it_is() {
    let event = AutoResetEvent::default();
    assert_eq!(format!("{event:?}"), "AutoResetEvent { is_set: false, waiting: 0, .. }");
    assert_eq!(format!("{:?}", event.wait()), "AutoResetEventWait { .. }");
}

pub(crate) fn sweep(report: Report<'_>) {
    let event = Swept {
        name: "AutoResetEvent::wait",
        make: || AutoResetEvent::new(false),
        wait: |event: &Arc<AutoResetEvent>| {
            let event = event.clone();
            Box::pin(async move {
                event.wait().await;
                event.set();
                true
            })
        },
        free: AutoResetEvent::set,
        waiting: waits,
        is_free: |event| event.is_set() && waits(event) == 0,
        close: None,
    };
    event.sweep(report);
}
