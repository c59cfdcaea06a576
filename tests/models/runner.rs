//! Short cuts for the models: the shapes that many of them share.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use selvedge::model::Check;
pub(crate) use selvedge::model::{block_on, spawn};

/// Checks `model` in every schedule with at most `preemptions` of them.
#[track_caller]
pub(crate) fn check(preemptions: usize, model: impl Fn() + Copy + Send + Sync + 'static) {
    Check::new().preemptions(preemptions).run(move |design| design.thread("main", model)).unwrap();
}

/// Polls `future` once, with a waker that does nothing, and drops it: a waiter that cancels.
pub(crate) fn poll_and_cancel<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
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
