//! A lazy value, polled by hand.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
};

use selvedge::sync::{Lazy, LazyFuture};

use crate::{
    harness::{Watched, panics, poll, ready},
    once_cell::Making,
    sweep::{Report, Swept},
};

/// Waits once, then is 7.
fn seven() -> LazyFuture<u8> {
    let mut first = true;
    Box::pin(poll_fn(move |_| match std::mem::take(&mut first) {
        true => Poll::Pending,
        false => Poll::Ready(7),
    }))
}

/// Semantics 67.
#[test]
fn it_is_made_once_at_the_first_use() {
    let runs = Arc::new(AtomicUsize::new(0));
    let mut lazy = Lazy::new({
        let runs = runs.clone();
        move || {
            runs.fetch_add(1, SeqCst);
            seven()
        }
    });
    assert_eq!((lazy.get(), runs.load(SeqCst)), (None, 0));
    {
        let mut first = pin!(lazy.force());
        let mut second = pin!((&lazy).into_future());
        let watched = Watched::new();
        assert!(poll(first.as_mut()).is_pending());
        assert!(watched.poll(second.as_mut()).is_pending());
        assert_eq!((ready(first.as_mut()), watched.woken()), (&7, 1));
        assert_eq!((ready(second.as_mut()), runs.load(SeqCst)), (&7, 1));
    }
    assert_eq!((lazy.get(), ready(pin!(lazy.force()))), (Some(&7), &7));
    assert_eq!(lazy.get_mut(), Some(&mut 7));
}

/// The initialiser in flight survives whoever drives it, and the next drives on the same one.
#[test]
fn the_initialiser_survives_a_cancel() {
    let runs = Arc::new(AtomicUsize::new(0));
    let lazy = Lazy::new({
        let runs = runs.clone();
        move || {
            runs.fetch_add(1, SeqCst);
            seven()
        }
    });
    let mut first = Box::pin(lazy.force());
    assert!(poll(first.as_mut()).is_pending());
    let watched = Watched::new();
    let mut second = Box::pin(lazy.force());
    assert!(watched.poll(second.as_mut()).is_pending());
    drop(first);
    assert_eq!((watched.woken(), ready(second.as_mut()), runs.load(SeqCst)), (1, &7, 1));
}

/// Semantics 70.
#[test]
fn after_a_panic_the_next_begins_anew() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static LAZY: Lazy<u8> = Lazy::new(|| match RUNS.fetch_add(1, SeqCst) {
        0 => Box::pin(async { panic!("on purpose") }),
        1 => panic!("on purpose"),
        _ => Box::pin(async { 7 }),
    });
    assert!(panics(|| _ = poll(pin!(LAZY.force()))));
    assert!(panics(|| _ = poll(pin!(LAZY.force()))));
    assert_eq!(LAZY.get(), None);
    assert_eq!((ready(pin!(LAZY.force())), RUNS.load(SeqCst)), (&7, 3));
}

#[test]
fn threads_drive_it_together() {
    for _ in 0..100 {
        let lazy = Arc::new(Lazy::<u8>::new(|| Box::pin(async { 7 })));
        let threads = [(); 3].map(|()| {
            let lazy = lazy.clone();
            thread::spawn(move || *pollster::block_on(lazy.force()))
        });
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == 7));
    }
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let lazy = Lazy::<u8>::new(|| Box::pin(async { 7 }));
    let mut force = pin!(lazy.force());
    ready(force.as_mut());
    let _ = poll(force.as_mut());
}

#[test]
fn debug_shows_the_value() {
    let lazy = Lazy::<u8>::new(seven);
    assert_eq!(format!("{lazy:?}"), "Lazy { value: None, .. }");
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "Lazy::force",
        make: || {
            Making::new(Lazy::<u8>::new(seven), |lazy| async move {
                lazy.force().await;
            })
        },
        wait: |making| {
            let lazy = making.cell();
            Box::pin(async move { *lazy.force().await == 7 })
        },
        free: Making::cancel,
        waiting: |making: &Making<Lazy<u8>>| making.cell().waiters(),
        is_free: |making| making.cell().waiters() == 0,
        close: None,
    }
    .sweep(report);
}
