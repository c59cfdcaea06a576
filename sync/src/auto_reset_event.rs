//! An event that lets one through and clears itself.
//!
//! It is the permit of a [`Notify`], without the calls: the state, its picture and its orderings
//! are in `notify.rs`.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    notify::{Notify, Since, keep},
    raw::{line::Wait, shim::const_in_build},
};

/// A signal for one: whoever waits takes it along, and it is not set any more.
///
/// [`set`](Self::set) lets one through who waits; with nobody there it is kept for the next. Setting
/// it twice is setting it once.
///
/// # Fairness
///
/// First come, first served, in the order of the first poll.
///
/// # Memory ordering
///
/// Whoever has waited sees everything that happened before the event was set, every time that it
/// was.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::AutoResetEvent;
///
/// static WORK: AutoResetEvent = AutoResetEvent::new(false);
///
/// let boss = std::thread::spawn(|| WORK.set());
/// WORK.wait().await;
/// assert!(!WORK.is_set());
/// # boss.join().unwrap();
/// # });
/// ```
pub struct AutoResetEvent {
    notify: Notify,
}

impl AutoResetEvent {
    const_in_build! {
        /// An event, set or not.
        #[must_use]
        pub fn new(is_set: bool) -> Self {
            Self { notify: Notify::with(is_set) }
        }
    }

    /// Waits for the signal, and takes it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line. A signal that had already been given to it
    /// goes to the next in line, or is kept.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    pub fn wait(&self) -> AutoResetEventWait<'_> {
        AutoResetEventWait { wait: Wait::new(&self.notify, self.notify.since()) }
    }

    /// Parks the calling thread until it has the signal.
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_wait(&self) {
        crate::raw::block::block_on(self.wait());
    }

    /// Gives the signal to the first in line, or keeps it for the next who comes.
    #[inline]
    pub fn set(&self) {
        self.notify.notify_one();
    }

    /// Takes the signal back, if nobody has taken it.
    #[doc(alias = "clear")]
    pub fn reset(&self) {
        self.notify.take_back();
    }

    /// Whether the signal is there to be taken: a look that may be old by the time it returns.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.notify.is_kept()
    }

    /// Whether it is set and how many wait: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> AutoResetEventStatistics {
        let seen = self.notify.statistics();
        AutoResetEventStatistics { is_set: seen.kept, waiting: seen.waiting }
    }
}

/// What [`AutoResetEvent::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AutoResetEventStatistics {
    /// Whether the signal was there to be taken.
    pub is_set: bool,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
}

pin_project! {
    /// The future of [`AutoResetEvent::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct AutoResetEventWait<'a> {
        #[pin]
        wait: Wait<&'a Notify, Since>,
    }
}

impl Future for AutoResetEventWait<'_> {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        keep(self.project().wait.poll_turn(cx))
    }
}

impl Default for AutoResetEvent {
    /// Not set.
    fn default() -> Self {
        Self::new(false)
    }
}

impl fmt::Debug for AutoResetEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("AutoResetEvent")
            .field("is_set", &seen.is_set)
            .field("waiting", &seen.waiting)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AutoResetEventWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoResetEventWait").finish_non_exhaustive()
    }
}
