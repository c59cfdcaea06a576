//! What must hold of a task in two halves in every interleaving.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use loom::cell::UnsafeCell;
use selvedge::context::{JoinError, remote};

use crate::runner::{block_on, block_on_moved, check, spawn};

/// What a task does, for loom to see who looks at it when.
pub(crate) struct Done(UnsafeCell<u32>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Sync for Done {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Send for Done {}

impl Done {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(0)))
    }

    pub(crate) fn touch(&self) {
        self.0.with_mut(|_| ());
    }
}

/// The output comes, with all that the task did.
///
/// Red when: `is_done` or `send` is Relaxed; mutants "a receiver looks once", "a value arrives
/// without a wake-up".
#[test]
fn the_output_comes() {
    check(3, || {
        let (task, handle) = remote(async { 7 });
        let runner = spawn(move || block_on(task));
        assert_eq!(block_on(handle).unwrap(), 7);
        runner.join().unwrap();
    });
}

/// Whoever sees that the task is over sees what it did.
///
/// Red when: `is_done` is Relaxed.
#[test]
fn finished_means_finished() {
    check(3, || {
        let done = Done::new();
        let inside = done.clone();
        let (task, handle) = remote(async move { inside.touch() });
        let runner = spawn(move || block_on(task));
        if handle.is_finished() {
            done.touch();
        }
        handle.detach();
        runner.join().unwrap();
    });
}

/// A handle that moves to another task is woken there.
///
/// Red when: the slot keeps the first waker.
#[test]
fn a_moved_handle_is_woken_where_it_is() {
    check(3, || {
        let (task, handle) = remote(async { 7 });
        let runner = spawn(move || block_on(task));
        assert_eq!(block_on_moved(handle).unwrap(), 7);
        runner.join().unwrap();
    });
}

/// Abort against complete: one of the two is what the handle hears, and the task ends.
///
/// Red when: mutant "a value arrives without a wake-up".
#[test]
fn abort_against_complete() {
    check(3, || {
        let mut first = true;
        let (task, handle) = remote(poll_fn(move |cx| {
            if std::mem::take(&mut first) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(7)
        }));
        let runner = spawn(move || block_on(task));
        handle.abort();
        match block_on(handle) {
            Ok(output) => assert_eq!(output, 7),
            Err(error) => assert!(error.is_aborted()),
        }
        runner.join().unwrap();
    });
}

/// A task that would wait for ever ends when it is aborted.
///
/// Red when: mutants "a sender looks once", "a task that is stopped is not woken".
#[test]
fn an_aborted_task_ends() {
    check(3, || {
        let (task, handle) = remote(pending::<()>());
        let runner = spawn(move || block_on(task));
        handle.abort();
        assert!(block_on(handle).unwrap_err().is_aborted());
        runner.join().unwrap();
    });
}

/// Dropping the handle against completion: the output is dropped once, by one of the two, and not
/// before it is whole.
///
/// Red when: the `fetch_or` of the receiver's `drop` is Relaxed.
#[test]
fn a_handle_that_goes_as_the_output_comes() {
    struct Output(Arc<Done>);

    impl Drop for Output {
        fn drop(&mut self) {
            self.0.touch();
        }
    }

    check(3, || {
        let done = Done::new();
        let inside = done.clone();
        let (task, handle) = remote(async move {
            inside.touch();
            Output(inside)
        });
        let runner = spawn(move || block_on(task));
        drop(handle);
        runner.join().unwrap();
        assert_eq!(Arc::strong_count(&done), 1, "the output is dropped");
        done.touch();
    });
}

/// Detach against completion: the task goes on.
#[test]
fn detached_it_goes_on() {
    check(3, || {
        let done = Done::new();
        let inside = done.clone();
        let (task, handle) = remote(async move { inside.touch() });
        let runner = spawn(move || block_on(task));
        handle.detach();
        runner.join().unwrap();
        assert_eq!(Arc::strong_count(&done), 1);
    });
}

/// Executor gone against completion: the task is polled once and dropped, and the handle hears of
/// it, whichever it was.
///
/// Red when: mutant "a dropped task does not tell".
#[test]
fn executor_gone_against_completion() {
    check(3, || {
        let (gate, opens) = remote(async {});
        let (task, handle) = remote(async move { opens.await.unwrap() });
        let opener = spawn(move || block_on(gate));
        let executor = spawn(move || {
            let mut task = Box::pin(task);
            let _ = pin!(&mut task).poll(&mut Context::from_waker(Waker::noop()));
            drop(task);
        });
        match block_on(handle) {
            Ok(()) | Err(JoinError::Lost) => {}
            Err(error) => panic!("{error}"),
        }
        opener.join().unwrap();
        executor.join().unwrap();
    });
}
