//! A stream of chunks: so many items, or as many as came in time.
//!
//! The time of a chunk starts with its first item. The sleep is registered only when the stream
//! inside has no more for now, and no more than once a chunk.

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::mutant;

use crate::{Current, Sleep, Timer, never, raw::timer::after, sleep_until_on};

/// How many items are taken in one poll, before the clock is looked at and others have their turn.
const BATCH: usize = 64;

/// Gives the items of `stream` in chunks of `max`, or of as many as came within `duration` of the
/// first of them. No chunk is empty, and none is lost when `stream` ends.
///
/// # Cancel safety
///
/// Dropping what waits for the next chunk loses nothing: what it would have had stays in the stream.
///
/// # Panics
///
/// If `max` is zero, or as [`sleep`](crate::sleep()); the stream panics if the timer's thread cannot
/// be started.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{pin::pin, time::Duration};
///
/// use futures_lite::{StreamExt, stream};
/// use selvedge_timer::chunks_timeout;
///
/// let rows = stream::iter(1..=5).chain(stream::pending());
/// let mut chunks = pin!(chunks_timeout(3, Duration::from_millis(2), rows));
/// assert_eq!(chunks.next().await, Some(vec![1, 2, 3]));
/// assert_eq!(chunks.next().await, Some(vec![4, 5]), "what came in time");
/// # });
/// ```
#[track_caller]
pub fn chunks_timeout<S: Stream>(max: usize, duration: Duration, stream: S) -> ChunksTimeout<S> {
    chunks_timeout_on(Current::get(), max, duration, stream)
}

/// As [`chunks_timeout`], by a timer of the caller's choice, borrowed or kept.
///
/// # Panics
///
/// If `max` is zero.
#[track_caller]
pub fn chunks_timeout_on<T: Timer, S: Stream>(
    timer: T,
    max: usize,
    duration: Duration,
    stream: S,
) -> ChunksTimeout<S, T> {
    assert!(max > 0, "a chunk must have room for an item");
    let (sleep, items) = (sleep_until_on(timer, never()), Vec::new());
    ChunksTimeout { stream, sleep, max, duration, items, room: 0, ended: false }
}

pin_project! {
    /// The stream of [`chunks_timeout`].
    #[must_use = "streams do nothing unless polled"]
    pub struct ChunksTimeout<S, T = Current>
    where
        S: Stream,
        T: Timer,
    {
        #[pin]
        stream: S,
        sleep: Sleep<T>,
        max: usize,
        duration: Duration,
        items: Vec<S::Item>,
        // What the next chunk is given room for: as much as the last one needed.
        room: usize,
        ended: bool,
    }
}

impl<S: Stream, T: Timer> ChunksTimeout<S, T> {
    /// The stream inside.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream inside.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream inside, and the items of the chunk that is not full yet.
    pub fn into_inner(self) -> (S, Vec<S::Item>) {
        (self.stream, self.items)
    }

    /// The items of the chunk that is not full yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{pin::pin, time::Duration};
    ///
    /// use futures_lite::{StreamExt, future, stream};
    /// use selvedge_timer::chunks_timeout;
    ///
    /// let rows = stream::iter(["warp", "weft"]).chain(stream::pending());
    /// let mut chunks = pin!(chunks_timeout(10, Duration::from_secs(60), rows));
    /// # pollster::block_on(async {
    /// assert!(future::poll_once(chunks.next()).await.is_none(), "no chunk is full, and it is early");
    /// // The program ends now, and shall not lose what has come: pinned, `into_inner` is out of reach.
    /// assert_eq!(chunks.as_mut().into_remainder(), ["warp", "weft"]);
    /// # });
    /// ```
    pub fn into_remainder(self: Pin<&mut Self>) -> Vec<S::Item> {
        mem::take(self.project().items)
    }
}

impl<S: Stream, T: Timer> Stream for ChunksTimeout<S, T> {
    type Item = Vec<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Vec<S::Item>>> {
        let mut this = self.project();
        let mut sleep = Pin::new(this.sleep);
        let mut idle = *this.ended;
        for _ in 0..BATCH {
            if *this.ended {
                break;
            }
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    if this.items.is_empty() {
                        let end = after(sleep.timer().now(), *this.duration);
                        sleep.as_mut().reset(end);
                        this.items.reserve(*this.room);
                    }
                    this.items.push(item);
                    if this.items.len() == *this.max {
                        return Poll::Ready(Some(chunk(&mut sleep, this.items, this.room)));
                    }
                }
                Poll::Ready(None) => *this.ended = true,
                Poll::Pending => {
                    idle = true;
                    break;
                }
            }
        }
        if this.items.is_empty() {
            return if *this.ended { Poll::Ready(None) } else { Poll::Pending };
        }
        let over = !mutant!("a chunk waits until it is full") && sleep.as_mut().poll(cx).is_ready();
        if over || *this.ended {
            return Poll::Ready(Some(chunk(&mut sleep, this.items, this.room)));
        }
        if !idle {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let started = usize::from(!self.items.is_empty());
        let (least, most) = if self.ended { (0, Some(0)) } else { self.stream.size_hint() };
        let least = least.saturating_add(self.items.len()).div_ceil(self.max);
        (least, most.and_then(|most| most.checked_add(started)))
    }
}

/// Takes the chunk, and the timer knows nothing of it any more.
fn chunk<T: Timer, I>(sleep: &mut Sleep<T>, items: &mut Vec<I>, room: &mut usize) -> Vec<I> {
    sleep.forget();
    *room = items.len();
    mem::take(items)
}

impl<S: Stream, T: Timer> fmt::Debug for ChunksTimeout<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunksTimeout")
            .field("max", &self.max)
            .field("duration", &self.duration)
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}
