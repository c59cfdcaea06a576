//! Waiting for the first.

use core::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::raw::{
    children::{Children, Event},
    few::Few,
};

/// Waits for the first of `futures` that is ready; `None` if there are none.
///
/// The others are dropped before the output is seen.
///
/// # Fairness
///
/// They are first polled in their order. After that up to 16 are polled in their order again, and
/// more in the order in which they are woken: of those that are ready at once, the first one wins.
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
    let mut futures = futures.into_iter();
    Race(match Few::of(&mut futures) {
        Ok(few) => Racing::Few(few),
        Err(first) => Racing::Many(Children::of(first.into_iter().chain(futures))),
    })
}

/// The future of [`race`].
#[must_use = "futures do nothing unless polled"]
pub struct Race<F>(Racing<F>);

enum Racing<F> {
    /// What ends is not kept, but handed out.
    Few(Few<F, Infallible>),
    Many(Children<F>),
    Over,
}

// The children are pinned where they lie, and nothing else is.
impl<F> Unpin for Race<F> {}

impl<F: Future> Future for Race<F> {
    type Output = Option<F::Output>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = match &mut self.0 {
            Racing::Few(few) => match few.poll(cx, Err) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(first)) => Some(first),
                Poll::Ready(Ok(())) => None,
            },
            Racing::Many(children) => loop {
                match children.poll_next(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Event::Ended(_, first)) => break Some(first),
                    Poll::Ready(Event::Own(_)) => {}
                }
            },
            Racing::Over => panic!("a future was polled after completion"),
        };
        // The others are dropped here.
        self.0 = Racing::Over;
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for Race<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = match &self.0 {
            Racing::Few(few) => few.left(),
            Racing::Many(children) => children.len(),
            Racing::Over => 0,
        };
        f.debug_struct("Race").field("left", &left).finish_non_exhaustive()
    }
}
