//! Waiting for some, and getting the others back.

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use std::time::Instant;

use selvedge_timer::{Sleep, sleep_until};

use crate::raw::children::{Children, Event};

/// What [`wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Until {
    /// Until one is over.
    FirstCompleted,
    /// Until one has failed, or all are over.
    FirstError,
    /// Until all are over.
    All,
}

/// Waits for some of `futures`, mostly [`Handle`](crate::Handle)s, and gives the others back.
///
/// Nobody is aborted by it: what is not over when the wait ends is in [`Waited::pending`].
///
/// # Cancel safety
///
/// Dropping the future drops `futures`, and so aborts the tasks if they are handles. Lend them
/// (`handles.iter_mut()`) to keep them; the outcomes of those that are over by then are lost.
///
/// # Panics
///
/// A panic of one of `futures` goes on. With handles there is none: it is an outcome.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{future::pending, time::{Duration, Instant}};
///
/// use selvedge_context::{Threads, Until, spawn_on, wait};
///
/// let quick = spawn_on(&Threads, async { "weft" });
/// let slow = spawn_on(&Threads, pending());
/// let waited = wait([quick, slow], Until::FirstCompleted).await;
/// assert!(matches!(waited.done[..], [(0, Ok("weft"))]));
///
/// let left = waited.pending.into_iter().map(|(_, handle)| handle);
/// let waited = wait(left, Until::All).by(Instant::now() + Duration::from_millis(1)).await;
/// assert_eq!((waited.done.len(), waited.pending.len()), (0, 1));
/// # });
/// ```
#[doc(alias = "asyncio.wait")]
pub fn wait<F, T, E>(futures: impl IntoIterator<Item = F>, until: Until) -> Wait<F, T, E>
where
    F: Future<Output = Result<T, E>> + Unpin,
{
    Wait { children: Children::of(futures), done: Vec::new(), until, deadline: None }
}

/// The future of [`wait`].
#[must_use = "futures do nothing unless polled"]
pub struct Wait<F, T, E> {
    children: Children<F>,
    done: Vec<(usize, Result<T, E>)>,
    until: Until,
    deadline: Option<Sleep>,
}

// The futures are, and nothing else is pinned.
impl<F, T, E> Unpin for Wait<F, T, E> {}

/// What [`wait`] has waited for. The numbers are the futures' places in what it was given.
#[derive(Debug)]
pub struct Waited<F, T, E> {
    /// The outcomes, in the order in which they came.
    pub done: Vec<(usize, Result<T, E>)>,
    /// Those that are not over, in their order.
    pub pending: Vec<(usize, F)>,
}

impl<F, T, E> Wait<F, T, E> {
    /// Waits until `deadline` at the latest.
    ///
    /// What is over when the deadline has passed counts all the same.
    ///
    /// # Panics
    ///
    /// If the timer's thread cannot be started.
    pub fn by(mut self, deadline: Instant) -> Self {
        self.deadline = Some(sleep_until(deadline));
        self
    }
}

impl<F, T, E> Future for Wait<F, T, E>
where
    F: Future<Output = Result<T, E>> + Unpin,
{
    type Output = Waited<F, T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut enough = false;
        while !this.children.is_empty() {
            // Once there is enough, those that were woken along with it are looked at still.
            let poll =
                if enough { this.children.poll_batch() } else { this.children.poll_next(cx) };
            match poll {
                Poll::Pending => break,
                Poll::Ready(Event::Ended(at, outcome)) => {
                    enough |= match this.until {
                        Until::FirstCompleted => true,
                        Until::FirstError => outcome.is_err(),
                        Until::All => false,
                    };
                    this.done.push((at as usize, outcome));
                }
                Poll::Ready(Event::Own(_)) => {}
            }
        }
        let mut late = || match &mut this.deadline {
            Some(sleep) => Pin::new(sleep).poll(cx).is_ready(),
            None => false,
        };
        if !enough && !this.children.is_empty() && !late() {
            return Poll::Pending;
        }
        this.deadline = None;
        let mut pending = Vec::with_capacity(this.children.len());
        for number in this.children.numbers() {
            pending.extend(this.children.take(number).map(|future| (number as usize, future)));
        }
        Poll::Ready(Waited { done: core::mem::take(&mut this.done), pending })
    }
}

impl<F, T, E> fmt::Debug for Wait<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Wait");
        text.field("until", &self.until).field("left", &self.children.len());
        text.finish_non_exhaustive()
    }
}
