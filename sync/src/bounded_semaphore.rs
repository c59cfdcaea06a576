//! A semaphore that never has more permits than at the beginning.
//!
//! # State
//!
//! A [`Semaphore`], and its bound. What is on hand and what is held are the bound together, less the
//! permits that were forgotten: those alone can be released by hand.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    raw::{
        line::{Primitive, Turn, Wait},
        shim::{const_in_build, mutant},
    },
    semaphore::{AcquireError, Permits, Semaphore, SemaphoreStatistics, TryAcquireError},
};

/// A [`Semaphore`] that never has more permits than at the beginning.
///
/// A permit that is dropped is given back, as ever. One that was
/// [forgotten](BoundedPermit::forget) is given back by [`release`](Self::release), possibly by
/// somebody else: to release more than that is an error, and changes nothing.
///
/// # Fairness
///
/// As for [`Semaphore`]: strictly first come, first served.
///
/// # Memory ordering
///
/// Whoever gets a permit sees everything that happened before it was last given back.
///
/// # Panics in a critical section
///
/// A permit that is dropped by a panic is given back.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::BoundedSemaphore;
///
/// static SHUTTLES: BoundedSemaphore = BoundedSemaphore::new(2);
///
/// SHUTTLES.acquire().await?.forget();
/// assert!(SHUTTLES.release(1).is_ok());
/// assert!(SHUTTLES.release(1).is_err(), "all are back");
/// # Ok::<(), selvedge_sync::AcquireError>(())
/// # }).unwrap();
/// ```
#[doc(alias = "asyncio.BoundedSemaphore")]
pub struct BoundedSemaphore {
    semaphore: Semaphore,
    bound: usize,
}

impl BoundedSemaphore {
    const_in_build! {
        /// A semaphore with `permits` on hand, and never more.
        ///
        /// # Panics
        ///
        /// Panics above [`Semaphore::MAX_PERMITS`].
        #[must_use]
        #[track_caller]
        pub fn new(permits: usize) -> Self {
            Self { semaphore: Semaphore::new(permits), bound: permits }
        }
    }

    /// Waits for a permit.
    ///
    /// # Cancel safety
    ///
    /// As for [`Semaphore::acquire`]: dropping the future gives up the place in line, and nothing
    /// else.
    ///
    /// # Errors
    ///
    /// The future ends with [`AcquireError`] once the semaphore is [closed](Self::close).
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> AcquireBounded<'_> {
        self.acquire_many(1)
    }

    /// Waits for `n` permits, all at once.
    ///
    /// # Cancel safety
    ///
    /// As for [`Semaphore::acquire_many`].
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// Panics above the bound, for there will never be so many. The future panics if polled after
    /// completion.
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, n: u32) -> AcquireBounded<'_> {
        AcquireBounded { wait: Wait::new(self, self.ask(n)) }
    }

    /// As [`acquire`](Self::acquire), and keeps the semaphore alive for as long as the permit lives.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> AcquireBoundedOwned {
        let ask = self.ask(1);
        AcquireBoundedOwned { wait: Wait::new(self, ask) }
    }

    /// Parks the calling thread until it has a permit.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<BoundedPermit<'_>, AcquireError> {
        crate::raw::block::block_on(self.acquire())
    }

    /// Takes a permit if one is on hand and nobody waits.
    ///
    /// # Errors
    ///
    /// Says whether the semaphore is closed or has none to give.
    #[inline]
    #[track_caller]
    pub fn try_acquire(&self) -> Result<BoundedPermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if they are on hand and nobody waits.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    ///
    /// # Panics
    ///
    /// Panics above the bound.
    #[track_caller]
    pub fn try_acquire_many(&self, n: u32) -> Result<BoundedPermit<'_>, TryAcquireError> {
        let turn = Turn::try_take(self, self.ask(n)).map_err(TryAcquireError::from)?;
        Ok(BoundedPermit { turn })
    }

    /// As [`try_acquire`](Self::try_acquire), and keeps the semaphore alive for as long as the
    /// permit lives.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::BoundedSemaphore;
    ///
    /// let looms = Arc::new(BoundedSemaphore::new(2));
    /// let one = looms.clone().try_acquire_owned()?;
    /// let two = looms.blocking_acquire().expect("never closed");
    /// assert!(looms.clone().try_acquire_owned().is_err());
    /// # drop((one, two));
    /// # Ok::<(), selvedge_sync::TryAcquireError>(())
    /// ```
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedBoundedPermit, TryAcquireError> {
        let ask = self.ask(1);
        let turn = Turn::try_take(self, ask).map_err(TryAcquireError::from)?;
        Ok(OwnedBoundedPermit { turn })
    }

    /// Gives `n` permits back that were [forgotten](BoundedPermit::forget), and wakes those in line
    /// that now fit.
    ///
    /// # Errors
    ///
    /// If fewer were forgotten: there would be more than at the beginning. Nothing is released then.
    pub fn release(&self, n: usize) -> Result<(), ReleaseError> {
        let limit =
            if mutant!("releases have no bound") { Semaphore::MAX_PERMITS } else { self.bound };
        if self.semaphore.add_up_to(limit, n) { Ok(()) } else { Err(ReleaseError(())) }
    }

    /// How many permits there are at most.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// Closes the semaphore, as [`Semaphore::close`] does.
    pub fn close(&self) {
        self.semaphore.close();
    }

    /// Whether it was [closed](Self::close).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.semaphore.is_closed()
    }

    /// How many permits could be taken now: none while somebody waits, who comes first.
    #[must_use]
    #[doc(alias = "locked")]
    pub fn available_permits(&self) -> usize {
        self.semaphore.available_permits()
    }

    /// How many tasks and threads stand in line: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.semaphore.waiters()
    }

    /// What there is and who waits: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> SemaphoreStatistics {
        self.semaphore.statistics()
    }

    #[track_caller]
    fn ask(&self, n: u32) -> Permits {
        let permits = Permits::many(n);
        assert!(
            permits.count() <= self.bound,
            "a bounded semaphore never has more permits than {}",
            self.bound
        );
        permits
    }
}

/// Permits of a borrowed [`BoundedSemaphore`], given back when dropped.
#[must_use = "the permits are given back at once if they are not kept"]
#[clippy::has_significant_drop]
pub struct BoundedPermit<'a> {
    turn: Turn<&'a BoundedSemaphore, Permits>,
}

/// Permits of an [`Arc`]ed [`BoundedSemaphore`], given back when dropped.
#[must_use = "the permits are given back at once if they are not kept"]
#[clippy::has_significant_drop]
pub struct OwnedBoundedPermit {
    turn: Turn<Arc<BoundedSemaphore>, Permits>,
}

impl BoundedPermit<'_> {
    /// Lets the permits be given back by [`BoundedSemaphore::release`] instead.
    pub fn forget(self) {
        let n = self.num_permits();
        self.turn.into_handle().semaphore.forget_held(n);
    }

    /// How many permits these are.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.turn.asks().count()
    }
}

impl OwnedBoundedPermit {
    /// Lets the permits be given back by [`BoundedSemaphore::release`] instead.
    pub fn forget(self) {
        let n = self.num_permits();
        self.turn.into_handle().semaphore.forget_held(n);
    }

    /// How many permits these are.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.turn.asks().count()
    }
}

// SAFETY: the semaphore inside stays where it is.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for BoundedSemaphore {
    type Core = Semaphore;

    #[inline(always)]
    fn core(&self) -> &Semaphore {
        &self.semaphore
    }
}

pin_project! {
    /// The future of [`BoundedSemaphore::acquire`] and
    /// [`acquire_many`](BoundedSemaphore::acquire_many).
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct AcquireBounded<'a> {
        #[pin]
        wait: Wait<&'a BoundedSemaphore, Permits>,
    }
}

pin_project! {
    /// The future of [`BoundedSemaphore::acquire_owned`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct AcquireBoundedOwned {
        #[pin]
        wait: Wait<Arc<BoundedSemaphore>, Permits>,
    }
}

impl<'a> Future for AcquireBounded<'a> {
    type Output = Result<BoundedPermit<'a>, AcquireError>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let permit = |turn| BoundedPermit { turn };
        self.project().wait.poll_turn(cx).map(|turn| turn.map(permit).ok_or(AcquireError(())))
    }
}

impl Future for AcquireBoundedOwned {
    type Output = Result<OwnedBoundedPermit, AcquireError>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let permit = |turn| OwnedBoundedPermit { turn };
        self.project().wait.poll_turn(cx).map(|turn| turn.map(permit).ok_or(AcquireError(())))
    }
}

/// There would be more permits than at the beginning ([`BoundedSemaphore::release`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseError(());

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more permits were released than were taken")
    }
}

impl core::error::Error for ReleaseError {}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("BoundedSemaphore")
            .field("bound", &self.bound)
            .field("available", &seen.available)
            .field("waiting", &seen.waiting)
            .field("closed", &seen.closed)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BoundedPermit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedPermit")
            .field("permits", &self.num_permits())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedBoundedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedBoundedPermit")
            .field("permits", &self.num_permits())
            .finish_non_exhaustive()
    }
}
