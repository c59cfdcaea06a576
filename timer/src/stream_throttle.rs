//! A stream that gives its items no faster than one a period.
//!
//! The stream inside is not asked before the period is over: what cannot be given yet stays where it
//! is, and holds up whoever sends it.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::mutant;

use crate::{Current, Sleep, Timer, never, raw::timer::after, sleep_until_on};

/// Gives the items of `stream` no faster than one a `period`, and loses none.
///
/// The first comes at once. `stream` is not polled before the period is over, so its end is seen
/// only then, too. A period of zero holds up nothing.
///
/// # Cancel safety
///
/// Dropping what waits for the next item loses nothing.
///
/// # Panics
///
/// As [`sleep`](crate::sleep()); the stream panics if the timer's thread cannot be started.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{pin::pin, time::{Duration, Instant}};
///
/// use futures_lite::{StreamExt, stream};
/// use selvedge_timer::stream_throttle;
///
/// let start = Instant::now();
/// let mut slow = pin!(stream_throttle(Duration::from_millis(2), stream::iter([1, 2, 3])));
/// while slow.next().await.is_some() {}
/// assert!(start.elapsed() >= Duration::from_millis(4));
/// # });
/// ```
#[track_caller]
pub fn stream_throttle<S: Stream>(period: Duration, stream: S) -> StreamThrottle<S> {
    stream_throttle_on(Current::get(), period, stream)
}

/// As [`stream_throttle`], by a timer of the caller's choice, borrowed or kept.
pub fn stream_throttle_on<T: Timer, S: Stream>(
    timer: T,
    period: Duration,
    stream: S,
) -> StreamThrottle<S, T> {
    let sleep = sleep_until_on(timer, never());
    StreamThrottle { stream, sleep, period, waits: false, ended: false }
}

pin_project! {
    /// The stream of [`stream_throttle`].
    #[must_use = "streams do nothing unless polled"]
    pub struct StreamThrottle<S, T = Current>
    where
        T: Timer,
    {
        #[pin]
        stream: S,
        sleep: Sleep<T>,
        period: Duration,
        // Whether the period of the last item may still go on.
        waits: bool,
        ended: bool,
    }
}

impl<S, T: Timer> StreamThrottle<S, T> {
    /// The stream inside.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream inside.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream inside, as fast as it is.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: Stream, T: Timer> Stream for StreamThrottle<S, T> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if *this.waits && !mutant!("a throttled stream forgets its period") {
            ready!(Pin::new(&mut *this.sleep).poll(cx));
            *this.waits = false;
        }
        if *this.ended {
            return Poll::Ready(None);
        }
        let item = ready!(this.stream.poll_next(cx));
        if item.is_none() {
            *this.ended = true;
        } else if !this.period.is_zero() {
            let end = after(this.sleep.timer().now(), *this.period);
            Pin::new(this.sleep).reset(end);
            *this.waits = true;
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.ended { (0, Some(0)) } else { self.stream.size_hint() }
    }
}

impl<S, T: Timer> fmt::Debug for StreamThrottle<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamThrottle").field("period", &self.period).finish_non_exhaustive()
    }
}
