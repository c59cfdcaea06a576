//! Short cuts for the models: the shapes that many of them share.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use selvedge::model::{Check, Design};
pub(crate) use selvedge::model::{block_on, spawn};

/// Checks `model` in every schedule with at most `preemptions` of them.
#[track_caller]
pub(crate) fn check(preemptions: usize, model: impl Fn() + Copy + Send + Sync + 'static) {
    Check::new().preemptions(preemptions).run(move |design| design.thread("main", model)).unwrap();
}

/// Checks a design in every schedule with at most `preemptions` of them.
#[track_caller]
pub(crate) fn design(preemptions: usize, design: impl Fn(&mut Design) + Send + Sync + 'static) {
    Check::new().preemptions(preemptions).run(design).unwrap();
}

/// Waits for `future` after it was polled with a waker that leads nowhere: a waiter that moves from
/// task to task.
pub(crate) async fn moved<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let first = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    match first {
        Poll::Ready(output) => output,
        Poll::Pending => future.await,
    }
}

/// Polls `future` once, with a waker that does nothing, and drops it: a waiter that cancels.
pub(crate) fn poll_and_cancel<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls `future` once, with a waker that does nothing, and says whether it has to wait.
pub(crate) fn is_pending<F: Future>(future: Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// Polls `future` with a waker that leads nowhere first, then waits for it: a waiter that moves
/// from task to task.
pub(crate) fn block_on_moved<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => block_on(future),
    }
}
