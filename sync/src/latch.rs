//! A latch: a count that goes down to 0 once, and those who wait for that.
//!
//! # State
//!
//! The count, in one word. Whoever brings it to 0 sends off those in line ([`Signal`]).

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Answer, Primitive, Turn, Wait},
    shim::{atomic::AtomicU32, const_in_build, mutant},
    signal::{Condition, For, Signal, raise},
};

/// Opens once it was counted down to 0, and stays open.
///
/// # Memory ordering
///
/// Whoever finds the latch open sees everything that happened before each step of the count.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::Latch;
///
/// static READY: Latch = Latch::new(2);
///
/// let threads = [(); 2].map(|()| std::thread::spawn(|| READY.count_down()));
/// READY.wait().await;
/// assert_eq!(READY.count(), 0);
/// # for thread in threads { thread.join().unwrap(); }
/// # });
/// ```
#[doc(alias = "CountDownLatch")]
pub struct Latch {
    count: AtomicU32,
    signal: Signal,
}

impl Latch {
    const_in_build! {
        /// A latch that opens after `count` steps; at 0 it is open.
        #[must_use]
        pub fn new(count: u32) -> Self {
            Self { count: AtomicU32::new(count), signal: Signal::new("latch") }
        }
    }

    /// Waits until the latch is open.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait(&self) -> LatchWait<'_> {
        LatchWait { wait: Wait::new(self, For(())) }
    }

    /// As [`wait`](Self::wait), and keeps the latch alive meanwhile.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_owned(self: Arc<Self>) -> LatchWaitOwned {
        LatchWaitOwned { wait: Wait::new(self, For(())) }
    }

    /// Parks the calling thread until the latch is open.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait(&self) {
        crate::raw::block::block_on(self.wait());
    }

    /// One step.
    pub fn count_down(&self) {
        self.arrive(1);
    }

    /// `n` steps at once; more than are left open the latch all the same.
    pub fn arrive(&self, n: u32) {
        if n == 0 {
            return;
        }
        let mut count = self.count.load(Relaxed);
        loop {
            let left = count.saturating_sub(n);
            // ORDERING: Release pairs with the Acquire in `is_open`, and with this one: whoever
            // takes the last step has seen what happened before the others, and passes it on.
            match self.count.compare_exchange_weak(count, left, AcqRel, Relaxed) {
                Ok(0) => return,
                Ok(_) if left > 0 || mutant!("an open latch tells nobody") => return,
                Ok(_) => return raise(self),
                Err(now) => count = now,
            }
        }
    }

    /// Whether the latch is open.
    ///
    /// # Errors
    ///
    /// How many steps are left.
    pub fn try_wait(&self) -> Result<(), u32> {
        // ORDERING: Acquire pairs with the Release in `arrive`.
        match self.count.load(Acquire) {
            0 => Ok(()),
            left => Err(left),
        }
    }

    /// How many steps are left: a look that is old by the time it returns.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    /// How many tasks and threads stand in line: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.signal.waiters()
    }
}

impl Condition for Latch {
    type Ask = ();

    #[inline(always)]
    fn signal(&self) -> &Signal {
        &self.signal
    }

    #[inline(always)]
    fn holds(&self, (): ()) -> Answer<()> {
        match self.try_wait() {
            Ok(()) => Answer::Granted(()),
            Err(_) => Answer::Wait,
        }
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Latch {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

pin_project! {
    /// The future of [`Latch::wait`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct LatchWait<'a> {
        #[pin]
        wait: Wait<&'a Latch, For<()>>,
    }
}

pin_project! {
    /// The future of [`Latch::wait_owned`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct LatchWaitOwned {
        #[pin]
        wait: Wait<Arc<Latch>, For<()>>,
    }
}

impl Future for LatchWait<'_> {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll_turn(cx).map(|turn| _ = turn.map(Turn::into_handle))
    }
}

impl Future for LatchWaitOwned {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll_turn(cx).map(|turn| _ = turn.map(Turn::into_handle))
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latch")
            .field("count", &self.count())
            .field("waiting", &self.signal.waiters())
            .finish()
    }
}
