//! A cell that is set once, polled by hand.

use std::{
    pin::pin,
    sync::{Arc, Barrier},
    thread,
};

use selvedge::sync::{SetOnce, SetOnceError};

use crate::{
    harness::{Watched, allocations, poll, ready},
    sweep::{Report, Swept},
};

#[test]
fn whoever_waits_sees_the_value() {
    let cell = SetOnce::new();
    let watched = Watched::new();
    let mut wait = pin!(cell.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    assert_eq!((cell.get(), cell.initialized(), cell.waiters()), (None, false, 1));
    cell.set(7).unwrap();
    assert_eq!((watched.woken(), ready(wait.as_mut())), (1, &7));
    assert_eq!((cell.get(), cell.initialized(), cell.waiters()), (Some(&7), true, 0));
    assert_eq!(cell.blocking_wait(), &7);
}

/// Semantics 71, for a cell without initialisers: a second value comes back.
#[test]
fn it_is_set_once() {
    let cell = SetOnce::const_new_with("first");
    let error = cell.set("second").unwrap_err();
    assert_eq!(error, SetOnceError("second"));
    assert_eq!(error.to_string(), "the cell is set already");
    assert_eq!(cell.into_inner(), Some("first"));
}

#[test]
fn of_many_who_set_it_one_does() {
    for _ in 0..100 {
        let cell = Arc::new(SetOnce::new());
        let start = Arc::new(Barrier::new(3));
        let threads = [1, 2, 3].map(|n| {
            let (cell, start) = (cell.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                let set = cell.set(n).is_ok();
                // Whoever is told that it is set finds it so.
                (set, *cell.get().unwrap())
            })
        });
        let seen = threads.map(|thread| thread.join().unwrap());
        assert_eq!(seen.iter().filter(|(set, _)| *set).count(), 1);
        assert!(seen.iter().all(|(_, value)| *value == seen[0].1));
    }
}

#[test]
fn the_value_is_dropped_once() {
    let value = Arc::new(());
    let cell = SetOnce::from(value.clone());
    assert!(cell.set(value.clone()).is_err());
    assert_eq!(Arc::strong_count(&value), 2);
    let copy = cell.clone();
    drop(cell);
    assert_eq!(Arc::strong_count(&value), 2);
    drop(copy);
    assert_eq!(Arc::strong_count(&value), 1);
    drop(SetOnce::<Arc<()>>::default());
}

#[test]
fn no_wait_allocates() {
    let cell = SetOnce::new();
    let mut wait = pin!(cell.wait());
    let count = allocations(|| {
        assert!(poll(wait.as_mut()).is_pending());
        cell.set(1).unwrap();
        ready(wait.as_mut());
    });
    assert_eq!(count, 0);
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let cell = SetOnce::from(1);
    let mut wait = pin!(cell.wait());
    ready(wait.as_mut());
    let _ = poll(wait.as_mut());
}

#[test]
fn debug_and_equality_go_by_the_value() {
    let cell = SetOnce::new_with(Some(7));
    assert_eq!(format!("{cell:?}"), "SetOnce { value: Some(7) }");
    assert_eq!(cell, SetOnce::from(7));
    assert_ne!(cell, SetOnce::new_with(None));
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "SetOnce::wait",
        make: SetOnce::new,
        wait: |cell: &Arc<SetOnce<u8>>| {
            let cell = cell.clone();
            Box::pin(async move { *cell.wait().await == 7 })
        },
        free: |cell| cell.set(7).unwrap(),
        waiting: SetOnce::waiters,
        is_free: |cell| cell.initialized() && cell.waiters() == 0,
        close: None,
    }
    .sweep(report);
}
