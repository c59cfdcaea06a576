//! A semaphore: permits, taken one or many at a time, strictly in order.
//!
//! # State
//!
//! One word. The line behind it ([`Line`]) has a lock of its own.
//!
//! ```text
//!   63                              3        2         1         0
//! ┌──────────────────────────────────┬──────────┬──────────┬──────────┐
//! │          permits on hand         │   DEBT   │ WAITERS  │  CLOSED  │
//! └──────────────────────────────────┴──────────┴──────────┴──────────┘
//! ```
//!
//! | `DEBT` | `WAITERS` | `CLOSED` | meaning                                                      |
//! |:------:|:---------:|:--------:|--------------------------------------------------------------|
//! |   0    |     0     |    0     | open; permits are taken and given back by a CAS              |
//! |   0    |     1     |    0     | the head asks for more than there is on hand                 |
//! |   1    |     –     |    –     | permits are owed: nothing is on hand, releases pay first     |
//! |   –    |     0     |    1     | closed; permits still come back                              |
//! |   –    |     1     |    1     | never: closing sends the whole line away                     |
//!
//! Invariants:
//! 1. `WAITERS` is set exactly while somebody is in line, and changes with the line locked only.
//! 2. While `WAITERS` or `DEBT` is set, the word changes with the line locked only.
//! 3. `DEBT` is set exactly while `debt` is not 0; then there is nothing on hand.

use alloc::sync::Arc;
use core::{fmt, sync::atomic::Ordering::Relaxed};

use crate::raw::{
    line::{Line, Turn, Wait},
    shim::{Label, atomic::AtomicUsize, const_in_build, mutant, op},
    wakers::in_batches,
};

pub use self::futures::{Acquire, AcquireOwned};
pub(crate) use self::turns::Permits;
use self::{
    amount::{signed, too_many_permits},
    turns::Ask,
};
pub use self::{
    error::{AcquireError, TryAcquireError},
    permits::{OwnedSemaphorePermit, SemaphorePermit},
};

mod amount;
mod error;
mod futures;
mod permits;
mod turns;

const CLOSED: usize = 0b001;
const WAITERS: usize = 0b010;
const DEBT: usize = 0b100;
/// One permit.
const ONE: usize = 0b1000;

/// Permits that are taken, held and given back, one or many at a time.
///
/// # Fairness
///
/// Strictly first come, first served, in the order of the first poll: a task that waits for three
/// permits is not overtaken by one that wants a single one, `try_acquire` included. A task that
/// waits holds nothing meanwhile.
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
/// use selvedge_sync::Semaphore;
///
/// /// At most two looms run at a time.
/// static LOOMS: Semaphore = Semaphore::new(2);
///
/// let first = LOOMS.acquire().await?;
/// let second = LOOMS.acquire().await?;
/// assert!(LOOMS.try_acquire().is_err());
///
/// drop(first);
/// assert!(LOOMS.try_acquire().is_ok());
/// # drop(second);
/// # Ok::<(), selvedge_sync::AcquireError>(())
/// # }).unwrap();
/// ```
#[doc(alias = "asyncio.Semaphore")]
pub struct Semaphore {
    state: AtomicUsize,
    /// How many permits there are in all, held or on hand, less those owed: what
    /// [`set_permits`](Self::set_permits) counts from. An `isize` by its bits, for permits can be
    /// forgotten that are owed. Never read to decide who gets one.
    total: AtomicUsize,
    /// How many permits are owed. Changes with the line locked only.
    debt: AtomicUsize,
    line: Line<Ask>,
    label: Label,
}

impl Semaphore {
    /// The largest number of permits there can be.
    pub const MAX_PERMITS: usize = usize::MAX >> 3;

    const_in_build! {
        /// A semaphore with `permits` on hand; 0 is fine.
        ///
        /// # Panics
        ///
        /// Panics above [`MAX_PERMITS`](Self::MAX_PERMITS).
        #[must_use]
        #[track_caller]
        pub fn new(permits: usize) -> Self {
            assert!(permits <= Self::MAX_PERMITS, "a semaphore may not have more than MAX_PERMITS permits");
            Self {
                state: AtomicUsize::new(permits * ONE),
                total: AtomicUsize::new(permits),
                debt: AtomicUsize::new(0),
                line: Line::new(),
                label: Label::new("semaphore"),
            }
        }
    }

    const_in_build! {
        /// As [`new`](Self::new), under tokio's name for it.
        #[must_use]
        #[track_caller]
        pub fn const_new(permits: usize) -> Self {
            Self::new(permits)
        }
    }

    /// Waits for a permit.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else: a permit that was already
    /// granted goes to the next in line.
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
    pub fn acquire(&self) -> Acquire<'_> {
        Acquire { wait: Wait::new(self, Permits::exactly(1)) }
    }

    /// Waits for `n` permits, all at once; 0 are there without waiting.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Self::acquire): the future holds no permits while it waits, so there are
    /// none to lose; those behind it that now fit are woken at once.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// Panics above [`MAX_PERMITS`](Self::MAX_PERMITS). The future panics if polled after
    /// completion.
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, n: u32) -> Acquire<'_> {
        Acquire { wait: Wait::new(self, Permits::many(n)) }
    }

    /// Waits until there are at least `min` permits on hand, and takes all there are.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_many`](Self::acquire_many).
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// As for [`acquire_many`](Self::acquire_many).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_sync::Semaphore;
    ///
    /// let bytes = Semaphore::new(1500);
    /// let permit = bytes.acquire_all(1000).await?;
    /// assert_eq!(permit.num_permits(), 1500);
    /// # Ok::<(), selvedge_sync::AcquireError>(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn acquire_all(&self, min: u32) -> Acquire<'_> {
        Acquire { wait: Wait::new(self, Permits::many(min).at_least()) }
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
    #[doc(alias = "acquire_arc")]
    #[inline]
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> AcquireOwned {
        AcquireOwned { wait: Wait::new(self, Permits::exactly(1)) }
    }

    /// As [`acquire_many`](Self::acquire_many), and keeps the semaphore alive for as long as the
    /// permit lives.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire_many`](Self::acquire_many).
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// As for [`acquire_many`](Self::acquire_many).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::Semaphore;
    ///
    /// let bytes = Arc::new(Semaphore::new(1000));
    /// let page = bytes.clone().acquire_many_owned(400).await?;
    /// // A task of its own may carry it.
    /// std::thread::spawn(move || drop(page)).join().unwrap();
    /// assert_eq!(bytes.available_permits(), 1000);
    /// # Ok::<(), selvedge_sync::AcquireError>(()) }).unwrap();
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_many_owned(self: Arc<Self>, n: u32) -> AcquireOwned {
        AcquireOwned { wait: Wait::new(self, Permits::many(n)) }
    }

    /// Parks the calling thread until it has a permit.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "acquire_blocking")]
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        crate::raw::block::block_on(self.acquire())
    }

    /// Parks the calling thread until it has `n` permits.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// As for [`acquire_many`](Self::acquire_many).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::Semaphore;
    ///
    /// let looms = Arc::new(Semaphore::const_new(5));
    /// let one = looms.blocking_acquire()?;
    /// let two = looms.blocking_acquire_many(2)?;
    /// let third = looms.clone().blocking_acquire_owned()?;
    /// let fourth = looms.clone().blocking_acquire_many_owned(1)?;
    /// assert_eq!(looms.available_permits(), 0);
    /// # drop((one, two, third, fourth));
    /// # Ok::<(), selvedge_sync::AcquireError>(())
    /// ```
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        crate::raw::block::block_on(self.acquire_many(n))
    }

    /// As [`blocking_acquire`](Self::blocking_acquire), and keeps the semaphore alive for as long
    /// as the permit lives.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "acquire_arc_blocking")]
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        crate::raw::block::block_on(self.acquire_owned())
    }

    /// As [`blocking_acquire_many`](Self::blocking_acquire_many), and keeps the semaphore alive for
    /// as long as the permit lives.
    ///
    /// # Errors
    ///
    /// As for [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// As for [`acquire_many`](Self::acquire_many).
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        crate::raw::block::block_on(self.acquire_many_owned(n))
    }

    /// Takes a permit if one is on hand and nobody waits.
    ///
    /// # Errors
    ///
    /// Says whether the semaphore is closed or has none to give.
    #[inline]
    #[track_caller]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        let turn = Turn::try_take(self, Permits::exactly(1)).map_err(TryAcquireError::from)?;
        Ok(SemaphorePermit { turn })
    }

    /// Takes `n` permits if they are on hand and nobody waits.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    ///
    /// # Panics
    ///
    /// Panics above [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        let turn = Turn::try_take(self, Permits::many(n)).map_err(TryAcquireError::from)?;
        Ok(SemaphorePermit { turn })
    }

    /// As [`try_acquire`](Self::try_acquire), and keeps the semaphore alive for as long as the
    /// permit lives.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    #[doc(alias = "try_acquire_arc")]
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let turn = Turn::try_take(self, Permits::exactly(1)).map_err(TryAcquireError::from)?;
        Ok(OwnedSemaphorePermit { turn })
    }

    /// As [`try_acquire_many`](Self::try_acquire_many), and keeps the semaphore alive for as long
    /// as the permit lives.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    ///
    /// # Panics
    ///
    /// Panics above [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::Semaphore;
    ///
    /// let looms = Arc::new(Semaphore::new(5));
    /// let mut mine = looms.clone().try_acquire_many_owned(2)?;
    /// mine.merge(looms.clone().try_acquire_owned()?);
    /// assert!(Arc::ptr_eq(mine.semaphore(), &looms));
    /// assert_eq!((mine.num_permits(), looms.available_permits()), (3, 2));
    /// assert!(looms.clone().try_acquire_many_owned(3).is_err());
    /// # Ok::<(), selvedge_sync::TryAcquireError>(())
    /// ```
    #[track_caller]
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let turn = Turn::try_take(self, Permits::many(n)).map_err(TryAcquireError::from)?;
        Ok(OwnedSemaphorePermit { turn })
    }

    /// Closes the semaphore: whoever waits is sent away, and nobody gets a permit any more.
    ///
    /// Permits that are held stay valid, and come back as ever. Closing twice changes nothing.
    pub fn close(&self) {
        in_batches(|wakes| {
            self.line.with(|queue| {
                // RACE: 1. A finds the semaphore open. 2. B closes it and sends the line away.
                //       3. A lines up, and sleeps for ever. So A notes itself, with the line locked,
                //       by a CAS that fails once `CLOSED` is set.
                self.state.fetch_or(CLOSED, Relaxed);
                while !queue.is_empty() {
                    if wakes.is_full() {
                        return true;
                    }
                    wakes.push(queue.refuse());
                    if mutant!("closing sends one away") {
                        return false;
                    }
                }
                self.state.fetch_and(!WAITERS, Relaxed);
                false
            })
        });
        op!(self.label, "closed");
    }

    /// Whether it was [closed](Self::close).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state.load(Relaxed) & CLOSED != 0
    }

    /// How many permits could be taken now: none while somebody waits, who comes first.
    #[must_use]
    #[doc(alias = "locked")]
    pub fn available_permits(&self) -> usize {
        let state = self.state.load(Relaxed);
        if state & WAITERS == 0 { state / ONE } else { 0 }
    }

    /// How many tasks and threads stand in line: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.line.with(|queue| queue.len())
    }

    /// What there is, what is owed and who waits: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> SemaphoreStatistics {
        self.line.with(|queue| {
            let state = self.state.load(Relaxed);
            SemaphoreStatistics {
                available: state / ONE,
                total: usize::try_from(signed(self.total.load(Relaxed))).unwrap_or(0),
                owed: self.debt.load(Relaxed),
                waiting: queue.len(),
                closed: state & CLOSED != 0,
            }
        })
    }
}

/// What [`Semaphore::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SemaphoreStatistics {
    /// How many permits were on hand: with a line, too few for its head.
    pub available: usize,
    /// How many there were in all, held or on hand.
    pub total: usize,
    /// How many of those that come back will be kept ([`Semaphore::reduce_permits`]).
    pub owed: usize,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
    /// Whether it was closed.
    pub closed: bool,
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("Semaphore")
            .field("available", &seen.available)
            .field("waiting", &seen.waiting)
            .field("closed", &seen.closed)
            .finish_non_exhaustive()
    }
}
