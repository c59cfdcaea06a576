//! Waiting for all.

use alloc::vec::Vec;
use core::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use selvedge_sync::raw::shim::mutant;

use crate::raw::{
    children::{Children, Event},
    few::Few,
};

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
    let mut futures = futures.into_iter();
    JoinAll(match Few::of(&mut futures) {
        Ok(few) => Joined::Few(few),
        Err(first) => {
            let children = Children::of(first.into_iter().chain(futures));
            let outputs = (0..children.len()).map(|_| None).collect();
            Joined::Many(children, outputs)
        }
    })
}

/// The future of [`join_all`].
#[must_use = "futures do nothing unless polled"]
pub struct JoinAll<F: Future>(Joined<F>);

enum Joined<F: Future> {
    Few(Few<F, F::Output>),
    Many(Children<F>, Vec<Option<F::Output>>),
    Over,
}

// The children are pinned where they lie, and nothing else is.
impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut nowhere = Context::from_waker(Waker::noop());
        let cx = if mutant!("a child of all wakes nobody") { &mut nowhere } else { cx };
        let outputs = match &mut self.0 {
            Joined::Few(few) => match few.poll(cx, Ok::<_, Infallible>) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) => few.outputs(),
            },
            Joined::Many(children, outputs) => {
                while !children.is_empty() {
                    match children.poll_next(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Event::Ended(at, output)) => {
                            outputs[at as usize] = Some(output)
                        }
                        Poll::Ready(Event::Own(_)) => {}
                    }
                }
                let outputs = outputs.drain(..);
                outputs.map(|output| output.expect("every child has ended")).collect()
            }
            Joined::Over => panic!("a future was polled after completion"),
        };
        self.0 = Joined::Over;
        Poll::Ready(outputs)
    }
}

impl<F: Future> fmt::Debug for JoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = match &self.0 {
            Joined::Few(few) => few.left(),
            Joined::Many(children, _) => children.len(),
            Joined::Over => 0,
        };
        f.debug_struct("JoinAll").field("left", &left).finish_non_exhaustive()
    }
}
