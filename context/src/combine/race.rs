//! Waiting for the first.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::raw::children::{Children, Event};

/// Waits for the first of `futures` that is ready; `None` if there are none.
///
/// The others are dropped before the output is seen.
///
/// # Fairness
///
/// They are first polled in their order, and then in the order in which they are woken: of those
/// that are ready at once, the first one wins.
///
/// # Cancel safety
///
/// Dropping the future drops all of `futures`.
///
/// # Panics
///
/// A panic of one of `futures` goes on.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::race;
///
/// let shuttles = [std::future::ready("left"), std::future::ready("right")];
/// assert_eq!(race(shuttles).await, Some("left"));
/// assert_eq!(race([] as [std::future::Ready<u8>; 0]).await, None);
/// # });
/// ```
#[doc(alias = "select_all")]
pub fn race<F: Future>(futures: impl IntoIterator<Item = F>) -> Race<F> {
    Race { children: Some(Children::of(futures)) }
}

/// The future of [`race`].
#[must_use = "futures do nothing unless polled"]
pub struct Race<F> {
    children: Option<Children<F>>,
}

// The children are pinned where they lie, and nothing else is.
impl<F> Unpin for Race<F> {}

impl<F: Future> Future for Race<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let children = self.children.as_mut().expect("a future was polled after completion");
        let mut output = None;
        while !children.is_empty() {
            match children.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Event::Ended(_, first)) => {
                    output = Some(first);
                    break;
                }
                Poll::Ready(Event::Own(_)) => {}
            }
        }
        self.children = None;
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for Race<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.children.as_ref().map_or(0, Children::len);
        f.debug_struct("Race").field("left", &left).finish_non_exhaustive()
    }
}
