//! Waiting for all.

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::raw::children::{Children, Event};

/// Waits for all of `futures`; their outputs, in the order of the futures.
///
/// # Cancel safety
///
/// Dropping the future drops all of `futures`, and the outputs that are there.
///
/// # Panics
///
/// A panic of one of `futures` goes on.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::join_all;
///
/// let squares = join_all((0..5).map(|thread| async move { thread * thread }));
/// assert_eq!(squares.await, [0, 1, 4, 9, 16]);
/// # });
/// ```
#[doc(alias = "gather")]
#[doc(alias = "asyncio.gather")]
pub fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> JoinAll<F> {
    let children = Children::of(futures);
    let outputs = (0..children.len()).map(|_| None).collect();
    JoinAll { children, outputs: Some(outputs) }
}

/// The future of [`join_all`].
#[must_use = "futures do nothing unless polled"]
pub struct JoinAll<F: Future> {
    children: Children<F>,
    outputs: Option<Vec<Option<F::Output>>>,
}

// The children are pinned where they lie, and nothing else is.
impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let outputs = this.outputs.as_mut().expect("a future was polled after completion");
        while !this.children.is_empty() {
            match this.children.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Event::Ended(at, output)) => outputs[at as usize] = Some(output),
                Poll::Ready(Event::Own(_)) => {}
            }
        }
        let outputs = this.outputs.take().into_iter().flatten();
        Poll::Ready(outputs.map(|output| output.expect("every child has ended")).collect())
    }
}

impl<F: Future> fmt::Debug for JoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll").field("left", &self.children.len()).finish_non_exhaustive()
    }
}
