//! Waiting for the first that succeeds.

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
    let mut futures = futures.into_iter();
    RaceOk(match Few::of(&mut futures) {
        Ok(few) => Racing::Few(few),
        Err(first) => {
            let children = Children::of(first.into_iter().chain(futures));
            let errors = (0..children.len()).map(|_| None).collect();
            Racing::Many(children, errors)
        }
    })
}

/// The future of [`race_ok`].
#[must_use = "futures do nothing unless polled"]
pub struct RaceOk<F, E>(Racing<F, E>);

enum Racing<F, E> {
    Few(Few<F, E>),
    Many(Children<F>, Vec<Option<E>>),
    Over,
}

// The children are pinned where they lie, and nothing else is.
impl<F, E> Unpin for RaceOk<F, E> {}

impl<F: Future<Output = Result<T, E>>, T, E> Future for RaceOk<F, E> {
    type Output = Result<T, Vec<E>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = match &mut self.0 {
            Racing::Few(few) => match few.poll(cx, swap) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(output)) => Ok(output),
                Poll::Ready(Ok(())) => Err(few.outputs()),
            },
            Racing::Many(children, errors) => loop {
                if children.is_empty() {
                    let errors = errors.drain(..);
                    break Err(errors.map(|error| error.expect("every child has ended")).collect());
                }
                match children.poll_next(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Event::Ended(at, Err(error))) => errors[at as usize] = Some(error),
                    Poll::Ready(Event::Ended(_, Ok(output))) => break Ok(output),
                    Poll::Ready(Event::Own(_)) => {}
                }
            },
            Racing::Over => panic!("a future was polled after completion"),
        };
        // The others are dropped here.
        self.0 = Racing::Over;
        Poll::Ready(ended)
    }
}

/// An error is kept, and an output ends the race.
fn swap<T, E>(outcome: Result<T, E>) -> Result<E, T> {
    match outcome {
        Ok(output) => Err(output),
        Err(error) => Ok(error),
    }
}

impl<F, E> fmt::Debug for RaceOk<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = match &self.0 {
            Racing::Few(few) => few.left(),
            Racing::Many(children, _) => children.len(),
            Racing::Over => 0,
        };
        f.debug_struct("RaceOk").field("left", &left).finish_non_exhaustive()
    }
}
