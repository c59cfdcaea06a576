//! A stream whose items are worked on side by side, so many at a time.

use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::{
    ZeroLimit,
    raw::children::{Children, Event},
};

/// How many items are taken in one poll: then others of the executor's tasks have their turn.
const BUDGET: usize = 64;

/// Runs `work` on each item of `stream`, at most `limit` at a time.
///
/// The work is done in here, so nothing that is in flight ever waits for a consumer: while one item
/// is slow, the others go on, and the stream is asked for more whenever there is room.
///
/// # Cancel safety
///
/// Dropping the future drops the stream, and the work that is in flight.
///
/// # Errors
///
/// If `limit` is 0, before anything of the stream is taken; [`ZeroLimit`]. (The stream is dropped.
/// Look at the limit first if that matters.)
///
/// # Panics
///
/// A panic of the work goes on.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::cell::Cell;
///
/// use selvedge_context::for_each_limit;
///
/// let sum = Cell::new(0);
/// let threads = futures_lite::stream::iter(1..=4);
/// for_each_limit(threads, 2, async |thread| sum.set(sum.get() + thread)).unwrap().await;
/// assert_eq!(sum.get(), 10);
/// # });
/// ```
#[doc(alias = "for_each_concurrent")]
#[doc(alias = "buffer_unordered")]
pub fn for_each_limit<S, W, F>(
    stream: S,
    limit: usize,
    work: W,
) -> Result<ForEachLimit<S, W, F>, ZeroLimit>
where
    S: Stream,
    W: FnMut(S::Item) -> F,
    F: Future<Output = ()>,
{
    Feed::new(stream, limit, work).map(|feed| ForEachLimit { feed })
}

/// As [`for_each_limit`], for work that may fail: the first error ends it.
///
/// # Cancel safety
///
/// As for [`for_each_limit`].
///
/// # Errors
///
/// If `limit` is 0. The future ends with the first error, after the rest of the work that is in
/// flight was dropped.
///
/// # Panics
///
/// A panic of the work goes on.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::try_for_each_limit;
///
/// let texts = futures_lite::stream::iter(["1", "two", "3"]);
/// let parse = async |text: &str| text.parse::<u8>().map(drop);
/// assert!(try_for_each_limit(texts, 2, parse).unwrap().await.is_err());
/// # });
/// ```
#[doc(alias = "try_for_each_concurrent")]
pub fn try_for_each_limit<S, W, F, E>(
    stream: S,
    limit: usize,
    work: W,
) -> Result<TryForEachLimit<S, W, F, E>, ZeroLimit>
where
    S: Stream,
    W: FnMut(S::Item) -> F,
    F: Future<Output = Result<(), E>>,
{
    let error = PhantomData;
    Feed::new(stream, limit, work).map(|feed| TryForEachLimit { feed, error })
}

pin_project! {
    /// The future of [`for_each_limit`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ForEachLimit<S, W, F> {
        #[pin]
        feed: Feed<S, W, F>,
    }
}

pin_project! {
    /// The future of [`try_for_each_limit`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TryForEachLimit<S, W, F, E> {
        #[pin]
        feed: Feed<S, W, F>,
        error: PhantomData<fn() -> E>,
    }
}

pin_project! {
    /// A stream, and the work on what came out of it.
    struct Feed<S, W, F> {
        #[pin]
        stream: Option<S>,
        // Whether it is worth asking: it was woken, or had something the last time. At first its
        // number counts as woken.
        asks: bool,
        work: W,
        limit: usize,
        children: Option<Children<F>>,
    }
}

/// The number of the stream's own waker.
const STREAM: u32 = 0;

impl<S, W, F> Feed<S, W, F>
where
    S: Stream,
    W: FnMut(S::Item) -> F,
    F: Future,
{
    fn new(stream: S, limit: usize, work: W) -> Result<Self, ZeroLimit> {
        if limit == 0 {
            return Err(ZeroLimit);
        }
        let children = Some(Children::new(1, limit));
        Ok(Self { stream: Some(stream), asks: false, work, limit, children })
    }

    /// Runs until the stream is over and all work is done, or until `done` finds a reason to stop.
    fn poll<B>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut done: impl FnMut(F::Output) -> Option<B>,
    ) -> Poll<Option<B>> {
        let mut this = self.project();
        let children = this.children.as_mut().expect("a future was polled after completion");
        let mut budget = BUDGET;
        let broken = loop {
            while *this.asks && budget > 0 && children.len() < *this.limit {
                let Some(stream) = this.stream.as_mut().as_pin_mut() else { break };
                let poll = children
                    .with_waker(STREAM, |waker| stream.poll_next(&mut Context::from_waker(waker)));
                match poll {
                    Poll::Pending => *this.asks = false,
                    Poll::Ready(None) => this.stream.set(None),
                    Poll::Ready(Some(item)) => {
                        children.insert((this.work)(item));
                        budget -= 1;
                    }
                }
            }
            if this.stream.is_none() && children.is_empty() {
                break None;
            }
            match children.poll_next(cx) {
                Poll::Pending => {
                    if budget == 0 {
                        // There may be more in the stream, which wakes nobody.
                        cx.waker().wake_by_ref();
                    }
                    return Poll::Pending;
                }
                Poll::Ready(Event::Own(_)) => *this.asks = true,
                Poll::Ready(Event::Ended(_, output)) => {
                    if let Some(broken) = done(output) {
                        break Some(broken);
                    }
                }
            }
        };
        *this.children = None;
        this.stream.set(None);
        Poll::Ready(broken)
    }
}

impl<S, W, F> Future for ForEachLimit<S, W, F>
where
    S: Stream,
    W: FnMut(S::Item) -> F,
    F: Future<Output = ()>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().feed.poll(cx, |()| None::<()>).map(drop)
    }
}

impl<S, W, F, E> Future for TryForEachLimit<S, W, F, E>
where
    S: Stream,
    W: FnMut(S::Item) -> F,
    F: Future<Output = Result<(), E>>,
{
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let broken = self.project().feed.poll(cx, Result::err);
        broken.map(|broken| broken.map_or(Ok(()), Err))
    }
}

impl<S, W, F> fmt::Debug for Feed<S, W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_flight = self.children.as_ref().map_or(0, Children::len);
        f.debug_struct("Feed").field("limit", &self.limit).field("in_flight", &in_flight).finish()
    }
}

impl<S, W, F> fmt::Debug for ForEachLimit<S, W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForEachLimit").field("feed", &self.feed).finish()
    }
}

impl<S, W, F, E> fmt::Debug for TryForEachLimit<S, W, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryForEachLimit").field("feed", &self.feed).finish()
    }
}
