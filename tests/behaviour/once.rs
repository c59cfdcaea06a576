//! Something that is done once, polled by hand.

use std::{
    cell::Cell,
    future::{pending, ready as at_once},
    pin::pin,
};

use selvedge::sync::Once;

use crate::{
    harness::{Watched, panics, poll, ready},
    once_cell::Making,
    sweep::{Report, Swept},
};

/// Semantics 67.
#[test]
fn it_is_done_once_and_waited_for() {
    let once = Once::new();
    let runs = Cell::new(0);
    let watched = Watched::new();
    let mut wait = pin!(once.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    for _ in 0..3 {
        ready(pin!(once.call_once(|| {
            runs.set(runs.get() + 1);
            at_once(())
        })));
    }
    assert_eq!((runs.get(), once.is_completed(), watched.woken()), (1, true, 1));
    ready(wait.as_mut());
    once.blocking_wait();
}

/// Semantics 68 and 70.
#[test]
fn cancelled_or_panicked_another_takes_over() {
    let once = Once::default();
    let mut running = Box::pin(once.call_once(pending));
    assert!(poll(running.as_mut()).is_pending());
    let watched = [(); 2].map(|()| Watched::new());
    let mut second = Box::pin(once.call_once(|| async { panic!("on purpose") }));
    let mut third = Box::pin(once.call_once(|| at_once(())));
    assert!(watched[0].poll(second.as_mut()).is_pending());
    assert!(watched[1].poll(third.as_mut()).is_pending());
    drop(running);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 0]);
    assert!(panics(|| _ = poll(second.as_mut())));
    assert_eq!((watched[1].woken(), once.is_completed()), (1, false));
    ready(third.as_mut());
    assert!(once.is_completed());
}

#[test]
fn debug_shows_the_state() {
    assert_eq!(format!("{:?}", Once::new()), "Once { completed: false, waiting: 0 }");
}

pub(crate) fn sweep(report: Report<'_>) {
    let once = |name, wait, free| Swept {
        name,
        make: || Making::new(Once::new(), |once| async move { once.call_once(pending).await }),
        wait,
        free,
        waiting: |making: &Making<Once>| {
            let seen = format!("{:?}", making.cell());
            seen[..seen.len() - 2].rsplit(' ').next().unwrap().parse().unwrap()
        },
        is_free: |making| format!("{:?}", making.cell()).ends_with("waiting: 0 }"),
        close: None,
    };
    once(
        "Once::call_once",
        |making| {
            let once = making.cell();
            Box::pin(async move {
                once.call_once(|| at_once(())).await;
                true
            })
        },
        Making::cancel,
    )
    .sweep(report);
    once(
        "Once::wait",
        |making| {
            let once = making.cell();
            Box::pin(async move {
                once.wait().await;
                true
            })
        },
        |making| {
            making.cancel();
            let once = making.cell();
            ready(pin!(once.call_once(|| at_once(()))));
        },
    )
    .sweep(report);
}
