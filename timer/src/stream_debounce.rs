//! A stream of which each burst becomes one item, or two.
//!
//! The deadline of the sleep inside is the end of the quiet that a burst ends with: what comes before
//! it belongs to the burst, and moves it. It is slept for only while an item is held; else it is
//! enough to compare.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::mutant;

use crate::{Current, Sleep, Timer, raw::timer::after, sleep_until_on};

/// How many items are taken in one poll, before others have their turn.
const BATCH: usize = 64;

/// Gives the last item of each burst of `stream`, when nothing has come for `quiet`; the others are
/// dropped. [`DebounceEdge`] says what else there is.
///
/// A burst that never pauses gives nothing while it lasts. When `stream` ends, so does the burst: an
/// item that is held is given at once.
///
/// # Cancel safety
///
/// Dropping what waits for the next item loses nothing: an item that is held stays in the stream.
///
/// # Panics
///
/// As [`sleep`](crate::sleep()); the stream panics if the timer's thread cannot be started.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{pin::pin, time::Duration};
///
/// use futures_lite::{StreamExt, stream};
/// use selvedge_timer::{DebounceEdge, stream_debounce};
///
/// let quiet = Duration::from_millis(2);
/// let keys = || stream::iter(["w", "we", "wef", "weft"]);
/// assert_eq!(pin!(stream_debounce(quiet, keys())).next().await, Some("weft"));
///
/// let mut both = pin!(stream_debounce(quiet, keys()).edge(DebounceEdge::Both));
/// assert_eq!((both.next().await, both.next().await), (Some("w"), Some("weft")));
/// # });
/// ```
#[track_caller]
pub fn stream_debounce<S: Stream>(quiet: Duration, stream: S) -> StreamDebounce<S> {
    stream_debounce_on(Current::get(), quiet, stream)
}

/// As [`stream_debounce`], by a timer of the caller's choice, borrowed or kept.
pub fn stream_debounce_on<T: Timer, S: Stream>(
    timer: T,
    quiet: Duration,
    stream: S,
) -> StreamDebounce<S, T> {
    let now = timer.now();
    let (sleep, edge) = (sleep_until_on(timer, now), DebounceEdge::default());
    StreamDebounce { stream, sleep, quiet, edge, held: None, ended: false }
}

/// Which items of a burst are given ([`stream_debounce`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DebounceEdge {
    /// The last, when the burst is over.
    #[default]
    Trailing,
    /// The first, at once.
    Leading,
    /// The first, at once, and the last, when the burst is over, if there were more than one.
    Both,
}

pin_project! {
    /// The stream of [`stream_debounce`].
    #[must_use = "streams do nothing unless polled"]
    pub struct StreamDebounce<S, T = Current>
    where
        S: Stream,
        T: Timer,
    {
        #[pin]
        stream: S,
        sleep: Sleep<T>,
        quiet: Duration,
        edge: DebounceEdge,
        // The last of the burst, so far.
        held: Option<S::Item>,
        ended: bool,
    }
}

impl<S: Stream, T: Timer> StreamDebounce<S, T> {
    /// Gives other items of a burst than the last.
    pub fn edge(mut self, edge: DebounceEdge) -> Self {
        self.edge = edge;
        self
    }

    /// The stream inside.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream inside.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The stream inside, and the item that is held.
    pub fn into_inner(self) -> (S, Option<S::Item>) {
        (self.stream, self.held)
    }
}

impl<S: Stream, T: Timer> Stream for StreamDebounce<S, T> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let mut sleep = Pin::new(this.sleep);
        // First, so that a task that is late does not mix two bursts.
        if this.held.is_some() && sleep.as_mut().poll(cx).is_ready() {
            return Poll::Ready(this.held.take());
        }
        if *this.ended {
            return Poll::Ready(None);
        }
        let mut now = None;
        let mut idle = false;
        for _ in 0..BATCH {
            match this.stream.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    let now = *now.get_or_insert_with(|| sleep.timer().now());
                    let is_first = sleep.deadline() <= now;
                    if is_first && *this.edge != DebounceEdge::Trailing {
                        sleep.as_mut().reset(after(now, *this.quiet));
                        return Poll::Ready(Some(item));
                    }
                    if *this.edge != DebounceEdge::Leading {
                        *this.held = Some(item);
                    }
                }
                Poll::Ready(None) => {
                    *this.ended = true;
                    sleep.forget();
                    return Poll::Ready(this.held.take());
                }
                Poll::Pending => {
                    idle = true;
                    break;
                }
            }
        }
        if let Some(now) = now {
            sleep.as_mut().reset(after(now, *this.quiet));
        }
        let held = this.held.is_some() && !mutant!("an item that is held waits for the next");
        if held && sleep.poll(cx).is_ready() {
            return Poll::Ready(this.held.take());
        }
        if !idle {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let held = usize::from(self.held.is_some());
        let most = if self.ended { Some(0) } else { self.stream.size_hint().1 };
        (held, most.and_then(|most| most.checked_add(held)))
    }
}

impl<S: Stream, T: Timer> fmt::Debug for StreamDebounce<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamDebounce")
            .field("quiet", &self.quiet)
            .field("edge", &self.edge)
            .finish_non_exhaustive()
    }
}
