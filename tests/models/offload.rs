//! What must hold of functions that run elsewhere in every interleaving.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use selvedge::{
    context::{JoinError, offload_to},
    sync::Semaphore,
};

use crate::{
    handle::Done,
    runner::{block_on, check, spawn},
};

/// The output comes, with all that the function did.
///
/// Red when: `is_done` or `send` is Relaxed; mutants "a receiver looks once", "a value arrives
/// without a wake-up".
#[test]
fn the_output_comes() {
    check(3, || {
        let done = Done::new();
        let inside = done.clone();
        let pool = Arc::new(Mutex::new(None));
        let thread = pool.clone();
        let offload = offload_to(
            move |job| {
                *thread.lock().unwrap() = Some(spawn(move || job.run()));
            },
            move |_| inside.touch(),
        );
        block_on(offload).unwrap();
        done.touch();
        pool.lock().unwrap().take().unwrap().join().unwrap();
    });
}

/// Abandoned as it ends: the permit comes back, and the output is dropped once.
///
/// Red when: the `fetch_or` of the receiver's `drop` is Relaxed.
#[test]
fn abandoned_as_it_ends() {
    check(3, || {
        let limiter = Arc::new(Semaphore::new(1));
        let pool = Arc::new(Mutex::new(None));
        let (thread, output) = (pool.clone(), Done::new());
        let inside = output.clone();
        let mut offload = Box::pin(
            offload_to(
                move |job| {
                    *thread.lock().unwrap() = Some(spawn(move || job.run()));
                },
                move |_| inside,
            )
            .limit(limiter.clone()),
        );
        let _ = pin!(&mut offload).poll(&mut Context::from_waker(Waker::noop()));
        drop(offload);
        pool.lock().unwrap().take().unwrap().join().unwrap();
        assert_eq!((limiter.available_permits(), Arc::strong_count(&output)), (1, 1));
    });
}

/// A pool that goes: whoever waits hears of it.
///
/// Red when: mutant "a value arrives without a wake-up".
#[test]
fn a_pool_that_goes() {
    check(3, || {
        let pool = Arc::new(Mutex::new(None));
        let thread = pool.clone();
        let offload = offload_to(
            move |job| {
                *thread.lock().unwrap() = Some(spawn(move || drop(job)));
            },
            |_| (),
        );
        assert!(matches!(block_on(offload), Err(JoinError::Lost)));
        pool.lock().unwrap().take().unwrap().join().unwrap();
    });
}
