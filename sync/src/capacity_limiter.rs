//! A limit on how many do something at a time, which can be changed while in use.
//!
//! # State
//!
//! A [`Semaphore`] of as many permits as the limit, and the borrowers that are known by number:
//!
//! | borrower  | in the table | permit | meaning                                        |
//! |-----------|:------------:|:------:|------------------------------------------------|
//! | `WAITING` |     yes      |   no   | a future waits on its behalf                   |
//! | `BORROWS` |     yes      |  yes   | until it is released by number                 |
//! | unknown   |      no      |   –    | holds a [`CapacityToken`], or nothing          |

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};
use core::fmt;

use crate::{
    raw::{
        line::{Primitive, Turn, Wait},
        shim::{Lock, const_in_build},
    },
    semaphore::{Permits, Semaphore},
};

use self::claim::{Borrower, Claim, Step};
pub use self::{
    error::{AlreadyBorrowed, NotBorrowed, TryBorrowError, WouldBlock},
    futures::{AcquireOnBehalfOf, AcquireToken, AcquireTokenOwned},
};

mod claim;
mod error;
mod futures;

/// Limits how many borrow at a time; the total can be raised and lowered meanwhile.
///
/// Who borrows is anonymous, and holds a [`CapacityToken`]; or it is known by a number of the
/// caller's choice, borrows [on behalf of](Self::acquire_on_behalf_of) that, cannot borrow twice,
/// and gives back by that number.
///
/// # Fairness
///
/// Strictly first come, first served, in the order of the first poll.
///
/// # Memory ordering
///
/// Whoever borrows sees everything that happened before the place was last given back.
///
/// # Panics in a critical section
///
/// A token that is dropped by a panic is given back. What is borrowed by number is not.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::CapacityLimiter;
///
/// static THREADS: CapacityLimiter = CapacityLimiter::new(2);
///
/// let token = THREADS.acquire().await;
/// THREADS.acquire_on_behalf_of(7).await?;
/// assert!(THREADS.acquire_on_behalf_of(7).await.is_err(), "borrowed already");
/// assert!(THREADS.try_acquire().is_err());
///
/// THREADS.set_total(3);
/// assert_eq!((THREADS.borrowed(), THREADS.available()), (2, 1));
/// THREADS.release_on_behalf_of(7).unwrap();
/// # drop(token);
/// # Ok::<(), selvedge_sync::AlreadyBorrowed>(())
/// # }).unwrap();
/// ```
#[doc(alias = "anyio.CapacityLimiter")]
#[doc(alias = "trio.CapacityLimiter")]
pub struct CapacityLimiter {
    semaphore: Semaphore,
    borrowers: Lock<BTreeMap<u64, Borrower>>,
}

impl CapacityLimiter {
    const_in_build! {
        /// At most `total` borrow at a time; 0 is fine.
        ///
        /// # Panics
        ///
        /// Panics above [`Semaphore::MAX_PERMITS`].
        #[must_use]
        #[track_caller]
        pub fn new(total: usize) -> Self {
            Self { semaphore: Semaphore::new(total), borrowers: Lock::new(BTreeMap::new()) }
        }
    }

    /// Waits for a place.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else: a place that was already
    /// granted goes to the next in line.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> AcquireToken<'_> {
        AcquireToken { wait: Wait::new(self, Permits::exactly(1)) }
    }

    /// As [`acquire`](Self::acquire), and keeps the limiter alive for as long as the token lives.
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> AcquireTokenOwned {
        AcquireTokenOwned { wait: Wait::new(self, Permits::exactly(1)) }
    }

    /// Waits for a place for `borrower`, who has it until
    /// [`release_on_behalf_of`](Self::release_on_behalf_of).
    ///
    /// # Cancel safety
    ///
    /// As for [`acquire`](Self::acquire); the borrower is free to wait again. Once the future was
    /// ready the place is the borrower's, and dropping the future does not give it back.
    ///
    /// # Errors
    ///
    /// The future ends with [`AlreadyBorrowed`] if the borrower has a place, or waits for one.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn acquire_on_behalf_of(&self, borrower: u64) -> AcquireOnBehalfOf<'_> {
        AcquireOnBehalfOf {
            claim: Claim { limiter: self, borrower, step: Step::New },
            wait: Wait::new(self, Permits::exactly(1)),
        }
    }

    /// Parks the calling thread until it has a place.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_acquire(&self) -> CapacityToken<'_> {
        crate::raw::block::block_on(self.acquire())
    }

    /// Takes a place if there is one and nobody waits.
    ///
    /// # Errors
    ///
    /// If there is none to take.
    #[track_caller]
    pub fn try_acquire(&self) -> Result<CapacityToken<'_>, WouldBlock> {
        let turn = Turn::try_take(self, Permits::exactly(1)).map_err(|_| WouldBlock)?;
        Ok(CapacityToken { turn })
    }

    /// As [`try_acquire`](Self::try_acquire), and keeps the limiter alive for as long as the token
    /// lives.
    ///
    /// # Errors
    ///
    /// As for [`try_acquire`](Self::try_acquire).
    #[track_caller]
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedCapacityToken, WouldBlock> {
        let turn = Turn::try_take(self, Permits::exactly(1)).map_err(|_| WouldBlock)?;
        Ok(OwnedCapacityToken { turn })
    }

    /// Takes a place for `borrower`, if there is one and nobody waits.
    ///
    /// # Errors
    ///
    /// Says whether the borrower has one already, or there is none to take.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::CapacityLimiter;
    ///
    /// let places = Arc::new(CapacityLimiter::new(3));
    /// let token = places.blocking_acquire();
    /// let owned = places.clone().try_acquire_owned().expect("there is room");
    /// places.try_acquire_on_behalf_of(7).expect("there is room");
    /// assert!(places.try_acquire_on_behalf_of(8).is_err());
    /// # drop((token, owned));
    /// ```
    #[track_caller]
    pub fn try_acquire_on_behalf_of(&self, borrower: u64) -> Result<(), TryBorrowError> {
        let mut claim = Claim { limiter: self, borrower, step: Step::New };
        claim.make().map_err(|AlreadyBorrowed| TryBorrowError::AlreadyBorrowed)?;
        let turn = Turn::try_take(self, Permits::exactly(1));
        claim.keep(turn.map_err(|_| TryBorrowError::WouldBlock)?);
        Ok(())
    }

    /// Gives back what `borrower` has.
    ///
    /// # Errors
    ///
    /// If that is nothing; nothing changes then.
    pub fn release_on_behalf_of(&self, borrower: u64) -> Result<(), NotBorrowed> {
        let known = self.borrowers.with(|borrowers| {
            let borrows = borrowers.get(&borrower) == Some(&Borrower::Borrows);
            if borrows {
                borrowers.remove(&borrower);
            }
            borrows
        });
        if !known {
            return Err(NotBorrowed);
        }
        // The table had its turn.
        drop(Turn::of(self, Permits::exactly(1)));
        Ok(())
    }

    /// Changes how many may borrow at a time.
    ///
    /// More than before lets as many of those in line in. Fewer takes effect as places are given
    /// back, if there are too few left: nobody is thrown out.
    ///
    /// # Panics
    ///
    /// Panics above [`Semaphore::MAX_PERMITS`].
    #[track_caller]
    pub fn set_total(&self, total: usize) {
        self.semaphore.set_permits(total);
    }

    /// How many may borrow at a time.
    #[must_use]
    pub fn total(&self) -> usize {
        self.semaphore.statistics().total
    }

    /// How many borrow: a look that is old by the time it returns.
    #[must_use]
    pub fn borrowed(&self) -> usize {
        let seen = self.semaphore.statistics();
        (seen.total + seen.owed).saturating_sub(seen.available)
    }

    /// How many more could borrow now: none while somebody waits, who comes first.
    #[must_use]
    pub fn available(&self) -> usize {
        self.semaphore.available_permits()
    }

    /// How many wait for a place: a look that is old by the time it returns.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.semaphore.waiters()
    }

    /// Who borrows and who waits: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> CapacityLimiterStatistics {
        let seen = self.semaphore.statistics();
        let borrowers = self.borrowers.with(|borrowers| {
            let borrowing = borrowers.iter().filter(|(_, what)| **what == Borrower::Borrows);
            borrowing.map(|(borrower, _)| *borrower).collect()
        });
        CapacityLimiterStatistics {
            total: seen.total,
            borrowed: (seen.total + seen.owed).saturating_sub(seen.available),
            waiting: seen.waiting,
            borrowers,
        }
    }
}

/// What [`CapacityLimiter::statistics`] saw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapacityLimiterStatistics {
    /// How many may borrow at a time.
    pub total: usize,
    /// How many borrowed. More than `total` after that was lowered.
    pub borrowed: usize,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
    /// Those that borrowed by number, in ascending order.
    pub borrowers: Vec<u64>,
}

/// A place of a borrowed [`CapacityLimiter`], given back when dropped.
#[must_use = "the place is given back at once if the token is not kept"]
#[clippy::has_significant_drop]
#[derive(Debug)]
pub struct CapacityToken<'a> {
    #[expect(dead_code, reason = "held for its drop")]
    turn: Turn<&'a CapacityLimiter, Permits>,
}

/// A place of an [`Arc`]ed [`CapacityLimiter`], given back when dropped.
#[must_use = "the place is given back at once if the token is not kept"]
#[clippy::has_significant_drop]
#[derive(Debug)]
pub struct OwnedCapacityToken {
    #[expect(dead_code, reason = "held for its drop")]
    turn: Turn<Arc<CapacityLimiter>, Permits>,
}

// SAFETY: the semaphore inside stays where it is.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for CapacityLimiter {
    type Core = Semaphore;

    #[inline(always)]
    fn core(&self) -> &Semaphore {
        &self.semaphore
    }
}

impl fmt::Debug for CapacityLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("CapacityLimiter")
            .field("total", &seen.total)
            .field("borrowed", &seen.borrowed)
            .field("waiting", &seen.waiting)
            .finish()
    }
}
