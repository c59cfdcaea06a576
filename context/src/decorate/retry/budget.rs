//! How many retries there may be, in proportion to the calls.
//!
//! # State
//!
//! One word: what is left, in thousandths of a retry. Calls add to it up to the most it holds, a
//! retry takes a thousand. Nothing else is published by it, so all is Relaxed.

use alloc::sync::Arc;
use core::{fmt, sync::atomic::Ordering::Relaxed};

use selvedge_sync::raw::shim::{atomic::AtomicU64, const_in_build, mutant};

/// One retry.
const RETRY: u64 = 1000;

/// A budget for retries, shared by all who call the same place: when it fails for everybody, they do
/// not multiply its load.
///
/// Each call pays in a part of a retry, each retry takes a whole one out. Exact, and lock-free.
///
/// ```
/// use selvedge_context::decorate::Budget;
///
/// /// One retry for ten calls, and ten retries when it has been quiet.
/// static BUDGET: Budget = Budget::new(10, 10);
///
/// assert_eq!((0..).take_while(|_| BUDGET.withdraw()).count(), 10);
/// (0..20).for_each(|_| BUDGET.deposit());
/// assert_eq!((0..).take_while(|_| BUDGET.withdraw()).count(), 2);
/// ```
pub struct Budget {
    left: AtomicU64,
    most: u64,
    deposit: u64,
}

impl Budget {
    const_in_build! {
        /// A hundred calls allow `percent` retries; `most` can be saved up, and are there at the start.
        #[must_use]
        pub fn new(percent: u32, most: u32) -> Self {
            let most = most as u64 * RETRY;
            Self { left: AtomicU64::new(most), most, deposit: percent as u64 * RETRY / 100 }
        }
    }

    /// A call: pays in.
    #[inline]
    pub fn deposit(&self) {
        let mut left = self.left.load(Relaxed);
        // Full already is the usual case, and changes nothing.
        while left < self.most {
            let more = left.saturating_add(self.deposit).min(self.most);
            match self.left.compare_exchange_weak(left, more, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => left = now,
            }
        }
    }

    /// A retry: takes one out. Whether there was one.
    pub fn withdraw(&self) -> bool {
        let mut left = self.left.load(Relaxed);
        while left >= RETRY {
            if mutant!("two retries are paid with one") {
                self.left.store(left - RETRY, Relaxed);
                return true;
            }
            match self.left.compare_exchange_weak(left, left - RETRY, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => left = now,
            }
        }
        false
    }

    /// How many retries there could be now.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left.load(Relaxed) / RETRY
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget").field("left", &self.left()).finish_non_exhaustive()
    }
}

/// Where a policy's retries are paid from: a [`Budget`], or nowhere.
pub trait Spends {
    /// The budget, if there is one.
    fn budget(&self) -> Option<&Budget>;
}

/// Retries cost nothing: there is no [`Budget`].
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBudget;

impl Spends for NoBudget {
    #[inline]
    fn budget(&self) -> Option<&Budget> {
        None
    }
}

impl Spends for &Budget {
    #[inline]
    fn budget(&self) -> Option<&Budget> {
        Some(self)
    }
}

impl Spends for Arc<Budget> {
    #[inline]
    fn budget(&self) -> Option<&Budget> {
        Some(self)
    }
}
