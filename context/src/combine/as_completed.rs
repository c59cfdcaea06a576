//! Outputs in the order in which they come.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::raw::children::{Children, Event};

/// Runs `futures` side by side, and hands out their outputs as they come, each with its number.
///
/// It is a stream too, with the feature `stream`. The futures go on only while an output is waited
/// for: whoever takes long over each output had better do that in the futures themselves, or in
/// [`for_each_limit`](crate::for_each_limit).
///
/// # Cancel safety
///
/// Dropping it drops all of `futures`, and outputs that were not handed out.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::as_completed;
///
/// let mut completed = as_completed(["weft", "warp"].map(std::future::ready));
/// assert_eq!(completed.next().await, Some((0, "weft")));
/// assert_eq!(completed.next().await, Some((1, "warp")));
/// assert_eq!(completed.next().await, None);
/// # });
/// ```
#[doc(alias = "asyncio.as_completed")]
#[doc(alias = "FuturesUnordered")]
pub fn as_completed<F: Future>(futures: impl IntoIterator<Item = F>) -> AsCompleted<F> {
    AsCompleted { children: Children::of(futures) }
}

/// Outputs as they come: what [`as_completed`] makes.
#[must_use = "futures do nothing unless polled"]
pub struct AsCompleted<F> {
    children: Children<F>,
}

// The children are pinned where they lie, and nothing else is.
impl<F> Unpin for AsCompleted<F> {}

impl<F: Future> AsCompleted<F> {
    /// Waits for the next output; `None` when all have been handed out.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the outputs come to whoever asks next.
    ///
    /// # Panics
    ///
    /// A panic of one of the futures goes on.
    #[expect(clippy::should_implement_trait, reason = "the name that streams have it under")]
    pub fn next(&mut self) -> NextCompleted<'_, F> {
        NextCompleted { completed: self }
    }

    /// How many outputs are still to come.
    #[must_use]
    pub fn left(&self) -> usize {
        self.children.len()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        while !self.children.is_empty() {
            match self.children.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Event::Ended(at, output)) => {
                    return Poll::Ready(Some((at as usize, output)));
                }
                Poll::Ready(Event::Own(_)) => {}
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(feature = "stream")]
impl<F: Future> futures_core::Stream for AsCompleted<F> {
    type Item = (usize, F::Output);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left(), Some(self.left()))
    }
}

impl<F> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.children.len()).finish_non_exhaustive()
    }
}

/// The future of [`AsCompleted::next`]: [`as_completed`] shows it.
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct NextCompleted<'a, F> {
    completed: &'a mut AsCompleted<F>,
}

impl<F: Future> Future for NextCompleted<'_, F> {
    type Output = Option<(usize, F::Output)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.completed.poll(cx)
    }
}
