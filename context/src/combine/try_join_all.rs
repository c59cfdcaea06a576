//! Waiting for all, or for the first that fails.

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::raw::{
    children::{Children, Event},
    few::Few,
};

/// Waits for all of `futures`; their outputs in order, or the first error.
///
/// At the first error the others are dropped, before the error is seen.
///
/// # Cancel safety
///
/// Dropping the future drops all of `futures`, and the outputs that are there.
///
/// # Errors
///
/// The first error.
///
/// # Panics
///
/// A panic of one of `futures` goes on.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::try_join_all;
///
/// let parse = |text: &'static str| async move { text.parse::<u8>() };
/// assert_eq!(try_join_all(["1", "2"].map(parse)).await, Ok(vec![1, 2]));
/// assert!(try_join_all(["1", "two"].map(parse)).await.is_err());
/// # });
/// ```
pub fn try_join_all<F, T, E>(futures: impl IntoIterator<Item = F>) -> TryJoinAll<F, T>
where
    F: Future<Output = Result<T, E>>,
{
    let mut futures = futures.into_iter();
    TryJoinAll(match Few::of(&mut futures) {
        Ok(few) => Joined::Few(few),
        Err(first) => {
            let children = Children::of(first.into_iter().chain(futures));
            let outputs = (0..children.len()).map(|_| None).collect();
            Joined::Many(children, outputs)
        }
    })
}

/// The future of [`try_join_all`].
#[must_use = "futures do nothing unless polled"]
pub struct TryJoinAll<F, T>(Joined<F, T>);

enum Joined<F, T> {
    Few(Few<F, T>),
    Many(Children<F>, Vec<Option<T>>),
    Over,
}

// The children are pinned where they lie, and nothing else is.
impl<F, T> Unpin for TryJoinAll<F, T> {}

impl<F: Future<Output = Result<T, E>>, T, E> Future for TryJoinAll<F, T> {
    type Output = Result<Vec<T>, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = match &mut self.0 {
            Joined::Few(few) => match few.poll(cx, |output| output) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(ended) => ended.map(|()| few.outputs()),
            },
            Joined::Many(children, outputs) => loop {
                if children.is_empty() {
                    let outputs = outputs.drain(..);
                    break Ok(outputs
                        .map(|output| output.expect("every child has ended"))
                        .collect());
                }
                match children.poll_next(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Event::Ended(at, Ok(output))) => {
                        outputs[at as usize] = Some(output)
                    }
                    Poll::Ready(Event::Ended(_, Err(error))) => break Err(error),
                    Poll::Ready(Event::Own(_)) => {}
                }
            },
            Joined::Over => panic!("a future was polled after completion"),
        };
        // The others are dropped here.
        self.0 = Joined::Over;
        Poll::Ready(ended)
    }
}

impl<F, T> fmt::Debug for TryJoinAll<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = match &self.0 {
            Joined::Few(few) => few.left(),
            Joined::Many(children, _) => children.len(),
            Joined::Over => 0,
        };
        f.debug_struct("TryJoinAll").field("left", &left).finish_non_exhaustive()
    }
}
