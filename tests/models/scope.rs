//! What must hold of a scope in every interleaving: its handles work from other threads.

use std::{
    future::{pending, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
};

use selvedge::context::{Scope, scope};

use crate::{
    handle::Done,
    runner::{block_on, check, spawn},
};

/// A handle that is handed to another thread, before the scope runs.
fn handle() -> Arc<Mutex<Option<Scope<'static, &'static str>>>> {
    Arc::default()
}

/// Spawn from elsewhere against the end: the child is run, or refused, and dropped in any case.
///
/// Red when: mutants "a scope that is over takes a child", "a parent sleeps though a child was
/// woken", "a woken child does not wake its parent".
#[test]
fn spawn_against_the_end() {
    check(3, || {
        let kept = handle();
        let inside = kept.clone();
        let running = scope(move |scope| {
            *inside.lock().unwrap() = Some(scope);
            async { Ok(()) }
        });
        let done = Done::new();
        let touched = done.clone();
        let polls = Arc::new(AtomicUsize::new(0));
        let polled = polls.clone();
        let other = spawn(move || {
            let scope = kept.lock().unwrap().take().unwrap();
            scope.spawn(async move {
                touched.touch();
                polled.fetch_add(1, Relaxed);
                Ok(())
            })
        });
        block_on(running).unwrap();
        let taken = other.join().unwrap();
        assert_eq!(polls.load(Relaxed), usize::from(taken));
        assert_eq!(Arc::strong_count(&done), 1, "it is dropped");
        done.touch();
    });
}

/// Cancel from elsewhere, against a body and a child that wait: the scope ends.
///
/// Red when: mutants "a parent sleeps though a child was woken", "a woken child does not wake its
/// parent".
#[test]
fn cancel_from_elsewhere() {
    check(3, || {
        let kept = handle();
        let inside = kept.clone();
        let running = scope(move |scope| {
            scope.spawn(pending());
            *inside.lock().unwrap() = Some(scope);
            pending::<Result<(), _>>()
        });
        let other = spawn(move || {
            let scope = kept.lock().unwrap().take().unwrap();
            scope.cancel("enough");
        });
        let error = block_on(running).unwrap_err();
        assert_eq!((error.cancelled().is_some(), error.unfinished().len()), (true, 2));
        other.join().unwrap();
    });
}

/// A child that is woken from elsewhere is polled, and sees what its waker did.
///
/// Red when: mutants "a parent sleeps though a child was woken", "a woken child does not wake its
/// parent".
#[test]
fn a_woken_child_is_polled() {
    check(3, || {
        let (waker, set) = (Arc::new(Mutex::new(None)), Arc::new(AtomicUsize::new(0)));
        let (waits, waited) = (waker.clone(), set.clone());
        let running = scope(move |scope: Scope<'_, ()>| {
            scope.spawn(poll_fn(move |cx| {
                *waits.lock().unwrap() = Some(cx.waker().clone());
                match waited.load(Relaxed) {
                    0 => Poll::Pending,
                    _ => Poll::Ready(Ok(())),
                }
            }));
            async { Ok(()) }
        });
        let other = spawn(move || {
            set.store(1, Relaxed);
            let waker = waker.lock().unwrap().take();
            if let Some(waker) = waker {
                std::task::Waker::wake(waker);
            }
        });
        block_on(running).unwrap();
        other.join().unwrap();
    });
}

/// Two spawn from elsewhere, and the first of them has the scope woken for both.
///
/// Red when: mutant "a child comes silently".
#[test]
fn who_comes_second_is_taken_up_too() {
    check(2, || {
        let kept = handle();
        let inside = kept.clone();
        let running = scope(move |scope| {
            *inside.lock().unwrap() = Some(scope);
            pending::<Result<(), _>>()
        });
        let others = [(); 2].map(|()| {
            let scope = kept.lock().unwrap().clone();
            spawn(move || {
                let scope = scope.unwrap();
                let inside = scope.clone();
                assert!(
                    scope.spawn(async move {
                        inside.cancel("enough");
                        Ok(())
                    }) || !scope.is_open()
                );
            })
        });
        drop(kept);
        assert!(block_on(running).is_err());
        for other in others {
            other.join().unwrap();
        }
    });
}
