//! The same suite on every executor.
#![cfg(not(selvedge_loom))]

mod suite;
mod time;

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use suite::{Job, suite};

#[test]
fn embedded() {
    selvedge::block_on(suite(|job| selvedge::spawn(job).detach()));
}

#[test]
fn tokio_on_many_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(suite(|job| drop(tokio::spawn(job))));
}

#[test]
fn tokio_on_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(suite(|job| drop(tokio::spawn(job))));
}

#[test]
fn smol_global() {
    smol::block_on(suite(|job| smol::spawn(job).detach()));
}

#[test]
fn local_executor() {
    let executor = smol::LocalExecutor::new();
    futures_lite::future::block_on(executor.run(suite(|job| executor.spawn(job).detach())));
}

/// No executor at all: a thread a task.
#[test]
fn a_thread_a_task() {
    pollster::block_on(suite(|job| drop(std::thread::spawn(|| pollster::block_on(job)))));
}

/// A task that panics ends itself, and no worker.
#[test]
fn a_panicking_task_leaves_the_workers_alone() {
    for _ in 0..16 {
        let task = selvedge::spawn(async { panic!("on purpose") });
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            selvedge::block_on(task);
        }));
        assert!(ended.is_err());
    }
    assert_eq!(selvedge::block_on(selvedge::spawn(async { 7 })), 7);
}

/// Polls whichever task it likes, woken or not, in an order that a generator makes up.
#[test]
fn one_that_polls_without_reason() {
    struct Unpark(std::thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let jobs = std::cell::RefCell::new(Vec::<Job>::new());
    let mut main: Pin<&mut dyn Future<Output = ()>> =
        pin!(suite(|job| jobs.borrow_mut().push(job)));
    let mut live = Vec::<Job>::new();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    loop {
        live.append(&mut jobs.borrow_mut());
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let pick = state as usize % (live.len() + 1);
        // A waker of its own for each poll: whoever keeps an old one is not heard.
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut cx = Context::from_waker(&waker);
        if pick == live.len() {
            if main.as_mut().poll(&mut cx).is_ready() {
                return;
            }
        } else if live[pick].as_mut().poll(&mut cx) == Poll::Ready(()) {
            drop(live.swap_remove(pick));
        }
    }
}
