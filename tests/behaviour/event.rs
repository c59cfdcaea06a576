//! Events that are set and cleared by hand, polled by hand.

use std::{
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    thread,
};

use selvedge::sync::{Event, EventWait};

use crate::{
    harness::{Meddler, PollWith, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

fn waiting(event: &Event) -> (Watched, Pin<Box<EventWait<'_>>>) {
    let watched = Watched::new();
    let mut wait = Box::pin(event.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    (watched, wait)
}

fn waits(event: &Event) -> usize {
    event.statistics().waiting
}

/// Semantics 40.
#[test]
fn waiting_for_a_set_event_is_ready_at_once() {
    let event = Event::new(true);
    for _ in 0..3 {
        ready(pin!(event.wait()));
    }
    event.set();
    assert!(event.is_set());
    event.clear();
    event.clear();
    assert!(!event.is_set());
    assert!(poll(pin!(event.wait())).is_pending());
}

/// Semantics 41.
#[test]
fn setting_wakes_all_and_clearing_puts_nobody_back_to_sleep() {
    for n in [1, 2, 31, 32, 33, 64, 100] {
        let event = Event::new(false);
        let mut all: Vec<_> = (0..n).map(|_| waiting(&event)).collect();
        let made = event.wait();
        event.set();
        event.clear();
        let (late, mut newcomer) = waiting(&event);
        for (watched, wait) in &mut all {
            assert_eq!(watched.woken(), 1);
            ready(wait.as_mut());
        }
        ready(pin!(made));
        assert_eq!((late.woken(), waits(&event)), (0, 1));
        assert!(poll(newcomer.as_mut()).is_pending());
        event.set();
        ready(newcomer.as_mut());
    }
}

/// A future that was made while the event was set waits for the next time.
#[test]
fn what_was_before_the_future_does_not_count() {
    let event = Event::new(true);
    let mut wait = pin!(event.wait());
    event.clear();
    assert!(poll(wait.as_mut()).is_pending());
    event.set();
    event.clear();
    ready(wait);
    for _ in 0..5 {
        event.set();
        event.clear();
    }
    assert!(poll(pin!(event.wait())).is_pending());
}

/// Semantics 42.
#[test]
fn who_leaves_leaves_nothing_behind() {
    let event = Event::new(false);
    let (first, one) = waiting(&event);
    let (second, two) = waiting(&event);
    drop(one);
    assert_eq!((first.kept(), second.kept(), waits(&event)), (0, 1, 1));
    drop(two);
    assert_eq!((second.kept(), waits(&event)), (0, 0));
    event.set();
    assert_eq!((first.woken(), second.woken()), (0, 0));
}

/// Semantics 43.
#[test]
fn set_and_left_in_one_step() {
    for set_first in [false, true] {
        let event = Event::new(false);
        let (_, quitter) = waiting(&event);
        let (watched, mut stayer) = waiting(&event);
        if set_first {
            event.set();
        }
        drop(quitter);
        if !set_first {
            event.set();
        }
        assert_eq!(watched.woken(), 1);
        ready(stayer.as_mut());
        assert!(event.is_set());
    }
}

/// The waker of the first batch clears the event, lines somebody up and polls those behind it.
#[test]
fn all_are_let_through_at_once_and_newcomers_never() {
    type Kept = Arc<Mutex<Vec<Waiting>>>;
    fn owned(event: &Arc<Event>) -> Waiting {
        let event = event.clone();
        Box::pin(async move {
            event.wait().await;
            true
        })
    }
    let event = Arc::new(Event::new(false));
    let (late, all): (Kept, Kept) = Default::default();
    let waker = {
        let (event, late, all) = (event.clone(), late.clone(), all.clone());
        Meddler::waker(
            move || {
                event.clear();
                let mut newcomer = owned(&event);
                assert!(poll(newcomer.as_mut()).is_pending());
                late.lock().unwrap().push(newcomer);
                let others: Vec<_> = all.lock().unwrap().drain(..).rev().collect();
                for mut other in others {
                    assert!(ready(other.as_mut()));
                }
            },
            || (),
        )
    };
    let mut first = owned(&event);
    assert!(first.as_mut().poll_with(&waker).is_pending());
    for _ in 0..70 {
        let mut wait = owned(&event);
        assert!(poll(wait.as_mut()).is_pending());
        all.lock().unwrap().push(wait);
    }
    event.set();
    assert!(all.lock().unwrap().is_empty());
    assert!(ready(first.as_mut()));
    assert_eq!(waits(&event), 1);
    assert!(poll(late.lock().unwrap()[0].as_mut()).is_pending());
}

#[test]
fn a_waker_that_panics_costs_the_others_nothing() {
    for place in [0, 31, 32, 70] {
        let event = Event::new(false);
        let mut before: Vec<_> = (0..place).map(|_| waiting(&event)).collect();
        let mut bad = Box::pin(event.wait());
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        assert!(bad.as_mut().poll_with(&waker).is_pending());
        let mut behind: Vec<_> = (place..70).map(|_| waiting(&event)).collect();
        assert!(panics(|| event.set()));
        ready(bad.as_mut());
        for (watched, wait) in before.iter_mut().chain(&mut behind) {
            assert_eq!(watched.woken(), 1);
            ready(wait.as_mut());
        }
        assert!(event.is_set());
    }
}

#[test]
fn polled_after_completion_it_panics() {
    let event = Event::new(true);
    let mut wait = pin!(event.wait());
    ready(wait.as_mut());
    assert!(panics(|| assert!(poll(wait.as_mut()).is_pending())));
}

#[test]
fn nothing_is_allocated() {
    let event = Event::new(false);
    let mut wait = pin!(event.wait());
    let count = allocations(|| {
        assert!(poll(wait.as_mut()).is_pending());
        event.set();
        ready(wait.as_mut());
    });
    assert_eq!(count, 0);
}

#[test]
fn threads_wait_as_well() {
    static EVENT: Event = Event::new(false);
    let threads = [(); 2].map(|()| thread::spawn(|| EVENT.blocking_wait()));
    EVENT.set();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn it_shows_what_it_is() {
    let event = Event::default();
    let (_, _wait) = waiting(&event);
    assert_eq!(format!("{event:?}"), "Event { is_set: false, waiting: 1, .. }");
    event.set();
    assert_eq!(format!("{event:?}"), "Event { is_set: true, waiting: 0, .. }");
    assert_eq!(format!("{:?}", event.wait()), "EventWait { .. }");
}

pub(crate) fn sweep(report: Report<'_>) {
    let event = Swept {
        name: "Event::wait",
        make: || Event::new(false),
        wait: |event: &Arc<Event>| {
            let event = event.clone();
            Box::pin(async move {
                event.wait().await;
                true
            })
        },
        free: Event::set,
        waiting: waits,
        is_free: |event| event.is_set() && waits(event) == 0,
        close: None,
    };
    event.sweep(report);
}
