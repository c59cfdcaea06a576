//! Waiting for the first that succeeds.

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::raw::children::{Children, Event};

/// Waits for the first of `futures` that succeeds; if none does, all errors in the order of the
/// futures.
///
/// The others are dropped before the output is seen.
///
/// # Fairness
///
/// As of [`race`](crate::race).
///
/// # Cancel safety
///
/// Dropping the future drops all of `futures`, and the errors that are there.
///
/// # Errors
///
/// All errors, if all of `futures` fail; none if there are none.
///
/// # Panics
///
/// A panic of one of `futures` goes on.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::race_ok;
///
/// let parse = |text: &'static str| async move { text.parse::<u8>() };
/// assert_eq!(race_ok(["warp", "7"].map(parse)).await, Ok(7));
/// assert_eq!(race_ok(["warp", "weft"].map(parse)).await.unwrap_err().len(), 2);
/// # });
/// ```
#[doc(alias = "select_ok")]
pub fn race_ok<F, T, E>(futures: impl IntoIterator<Item = F>) -> RaceOk<F, E>
where
    F: Future<Output = Result<T, E>>,
{
    let children = Children::of(futures);
    let errors = (0..children.len()).map(|_| None).collect();
    RaceOk { children: Some(children), errors }
}

/// The future of [`race_ok`].
#[must_use = "futures do nothing unless polled"]
pub struct RaceOk<F, E> {
    children: Option<Children<F>>,
    errors: Vec<Option<E>>,
}

// The children are pinned where they lie, and nothing else is.
impl<F, E> Unpin for RaceOk<F, E> {}

impl<F: Future<Output = Result<T, E>>, T, E> Future for RaceOk<F, E> {
    type Output = Result<T, Vec<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let children = this.children.as_mut().expect("a future was polled after completion");
        while !children.is_empty() {
            match children.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Event::Ended(at, Err(error))) => {
                    this.errors[at as usize] = Some(error);
                }
                Poll::Ready(Event::Ended(_, Ok(output))) => {
                    this.children = None;
                    this.errors.clear();
                    return Poll::Ready(Ok(output));
                }
                Poll::Ready(Event::Own(_)) => {}
            }
        }
        this.children = None;
        let errors = this.errors.drain(..);
        Poll::Ready(Err(errors.map(|error| error.expect("every child has ended")).collect()))
    }
}

impl<F, E> fmt::Debug for RaceOk<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.children.as_ref().map_or(0, Children::len);
        f.debug_struct("RaceOk").field("left", &left).finish_non_exhaustive()
    }
}
