//! Waiting for some, and getting the others back.

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
};
use std::time::Instant;

use selvedge_timer::{Sleep, sleep_until};

use crate::raw::{
    children::{Children, Event},
    few::FEW,
};

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
    let left = Left::of(futures.into_iter());
    Wait { left, done: Vec::new(), until, deadline: None }
}

/// The future of [`wait`].
#[must_use = "futures do nothing unless polled"]
pub struct Wait<F, T, E> {
    left: Left<F>,
    done: Vec<(usize, Result<T, E>)>,
    until: Until,
    deadline: Option<Sleep>,
}

/// Those that are not over.
enum Left<F> {
    /// So few that all are polled, with the task's own waker; by their places.
    Few(Vec<(usize, F)>),
    Many(Children<F>),
}

// The futures are, and nothing else is pinned.
impl<F, T, E> Unpin for Wait<F, T, E> {}

/// What [`wait`] has waited for. The numbers are the futures' places in what it was given.
#[derive(Debug)]
pub struct Waited<F, T, E> {
    /// The outcomes, in the order in which they came; of up to 16 futures, those that came in the same
    /// turn are in the order of the futures.
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
        let (until, done) = (this.until, &mut this.done);
        let enough = this.left.turn(cx, |at, outcome, room| {
            let enough = match until {
                Until::FirstCompleted => true,
                Until::FirstError => outcome.is_err(),
                Until::All => false,
            };
            if done.is_empty() {
                done.reserve(room);
            }
            done.push((at, outcome));
            enough
        });
        let mut late = || match &mut this.deadline {
            Some(sleep) => Pin::new(sleep).poll(cx).is_ready(),
            None => false,
        };
        if !enough && this.left.len() > 0 && !late() {
            return Poll::Pending;
        }
        this.deadline = None;
        let (done, pending) = (mem::take(&mut this.done), this.left.take());
        Poll::Ready(Waited { done, pending })
    }
}

impl<F> Left<F> {
    fn of(mut futures: impl Iterator<Item = F>) -> Self {
        if futures.size_hint().0 > FEW {
            return Self::Many(Children::of(futures));
        }
        let few: Vec<_> = futures.by_ref().take(FEW + 1).enumerate().collect();
        if few.len() <= FEW {
            return Self::Few(few);
        }
        let first = few.into_iter().map(|(_, future)| future);
        Self::Many(Children::of(first.chain(futures)))
    }

    fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(children) => children.len(),
        }
    }
}

impl<F: Future + Unpin> Left<F> {
    /// Polls those that were woken, or all; whether it is enough for `ended`. If so, those that were
    /// woken along with it have been looked at still. `ended` is told, too, for how many outcomes to
    /// make room.
    #[inline]
    fn turn(
        &mut self,
        cx: &mut Context<'_>,
        mut ended: impl FnMut(usize, F::Output, usize) -> bool,
    ) -> bool {
        let mut enough = false;
        match self {
            Self::Few(few) => {
                let room = few.len();
                few.retain_mut(|(at, future)| match Pin::new(future).poll(cx) {
                    Poll::Pending => true,
                    Poll::Ready(outcome) => {
                        enough |= ended(*at, outcome, room);
                        false
                    }
                });
            }
            Self::Many(children) => {
                while !children.is_empty() {
                    let poll = if enough { children.poll_batch() } else { children.poll_next(cx) };
                    match poll {
                        Poll::Pending => break,
                        Poll::Ready(Event::Ended(at, outcome)) => {
                            enough |= ended(at as usize, outcome, 1);
                        }
                        Poll::Ready(Event::Own(_)) => {}
                    }
                }
            }
        }
        enough
    }

    /// All of them, in their order, with their places.
    fn take(&mut self) -> Vec<(usize, F)> {
        let children = match self {
            Self::Few(few) => return mem::take(few),
            Self::Many(children) => children,
        };
        let mut pending = Vec::with_capacity(children.len());
        for number in children.numbers() {
            pending.extend(children.take(number).map(|future| (number as usize, future)));
        }
        pending
    }
}

impl<F, T, E> fmt::Debug for Wait<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Wait");
        text.field("until", &self.until).field("left", &self.left.len());
        text.finish_non_exhaustive()
    }
}
