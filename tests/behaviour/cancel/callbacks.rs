//! Callbacks and drop guards: what runs when a token is cancelled, or goes.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use selvedge::context::{CancellationToken, Reason};

use crate::harness::{Meddler, PollWith, Watched, panics, ready};

#[test]
fn drop_guards_cancel_unless_disarmed() {
    let token = CancellationToken::new();
    drop(token.clone().drop_guard().disarm());
    let _same: &CancellationToken = token.drop_guard_ref().disarm();
    assert!(!token.is_cancelled());
    let guard = token.child_token().drop_guard();
    let child = guard.token().clone();
    drop(guard);
    assert!(matches!(child.reason(), Some(Reason::Dropped)));
    assert!(!token.is_cancelled());
    drop(token.drop_guard_ref());
    assert!(token.is_cancelled());
}

/// A destructor: other people's panics end in it.
#[test]
fn a_drop_guard_never_panics() {
    let token = CancellationToken::new();
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    let mut waiting = pin!(token.cancelled());
    assert!(waiting.as_mut().poll_with(&waker).is_pending());
    token.on_cancel(|| panic!("on purpose")).detach();
    assert!(!panics(|| drop(token.clone().drop_guard())));
    ready(waiting);
}

#[test]
fn callbacks_run_once_after_all_are_cancelled() {
    let root = CancellationToken::new();
    let child = root.child_token();
    let link = CancellationToken::any_of([&child, &CancellationToken::new()]);
    let calls = Arc::new(AtomicUsize::new(0));
    let family = [root.clone(), child.clone(), link.clone()];
    let registrations: Vec<_> = family
        .iter()
        .map(|token| {
            let (calls, family) = (calls.clone(), family.clone());
            token.on_cancel(move || {
                assert!(family.iter().all(CancellationToken::is_cancelled));
                calls.fetch_add(1, SeqCst);
            })
        })
        .collect();
    let taken_back = root.on_cancel(|| panic!("taken back"));
    drop(taken_back);
    root.cancel();
    root.cancel();
    assert_eq!(calls.load(SeqCst), 3);
    drop(registrations);
    let late = calls.clone();
    let registration = link.on_cancel(move || bump(&late));
    assert_eq!(calls.load(SeqCst), 4);
    drop(registration);
}

fn bump(count: &AtomicUsize) {
    count.fetch_add(1, SeqCst);
}

/// Semantics' fourth shape, for callbacks: they may do anything.
#[test]
fn a_callback_may_use_the_token() {
    let token = CancellationToken::new();
    let inside = token.clone();
    let ran = Arc::new(AtomicUsize::new(0));
    let count = ran.clone();
    let registration = token.on_cancel(move || {
        inside.cancel();
        assert!(inside.child_token().is_cancelled());
        let again = count.clone();
        inside.on_cancel(move || bump(&again)).detach();
        count.fetch_add(1, SeqCst);
    });
    token.cancel();
    assert_eq!(ran.load(SeqCst), 2);
    drop(registration);
}

#[test]
fn a_callback_that_panics_costs_the_others_nothing() {
    let root = CancellationToken::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let children = [(); 5].map(|()| root.child_token());
    let watched = Watched::new();
    let mut waiting = pin!(children[4].cancelled());
    assert!(watched.poll(waiting.as_mut()).is_pending());
    let mut bad = pin!(children[0].cancelled());
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    assert!(bad.as_mut().poll_with(&waker).is_pending());
    for child in &children {
        let count = calls.clone();
        child.on_cancel(move || bump(&count)).detach();
        child.on_cancel(|| panic!("on purpose")).detach();
        let count = calls.clone();
        child.on_cancel(move || bump(&count)).detach();
    }
    assert!(panics(|| root.cancel()));
    assert_eq!((calls.load(SeqCst), watched.woken()), (10, 1));
    ready(waiting);
    ready(bad);
}

#[test]
fn what_a_callback_holds_goes_with_it() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let token = CancellationToken::new();
    let held = Arc::new(());
    let inner = held.clone();
    drop(token.on_cancel(move || drop(inner)));
    assert_eq!(Arc::strong_count(&held), 1);
    let inner = held.clone();
    token.on_cancel(move || drop(inner)).detach();
    let loud = Loud;
    let registration = token.on_cancel(move || drop(loud));
    assert!(!panics(|| drop(registration)));
    let loud = Loud;
    token.on_cancel(move || drop(loud)).detach();
    assert!(!panics(|| drop(token)));
    assert_eq!(Arc::strong_count(&held), 1);
}
