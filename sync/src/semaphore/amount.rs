//! How many permits there are, held or on hand, and how that changes.

use core::sync::atomic::Ordering::Relaxed;

use super::{ONE, Semaphore};
use crate::raw::shim::{mutant, op};

impl Semaphore {
    /// Adds `n` permits, and wakes those in line that now fit.
    ///
    /// # Panics
    ///
    /// Panics if there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS); nothing is added then.
    #[doc(alias = "release")]
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        if !self.add_up_to(Self::MAX_PERMITS, n) {
            too_many_permits();
        }
    }

    /// Adds `n` permits if there are at most `limit` in all then, held or on hand; whether it did.
    pub(crate) fn add_up_to(&self, limit: usize, n: usize) -> bool {
        if n > limit {
            return false;
        }
        let mut total = self.total.load(Relaxed);
        loop {
            let sum = total.wrapping_add(n);
            if signed(sum) > signed(limit) {
                return false;
            }
            match self.total.compare_exchange_weak(total, sum, Relaxed, Relaxed) {
                Ok(_) => break,
                Err(now) => total = now,
            }
        }
        self.put(n);
        true
    }

    /// Forgets `n` permits that are held, and are not given back.
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(crate) fn forget_held(&self, n: usize) {
        op!(self.label, "permit forgotten");
        self.total.fetch_sub(n, Relaxed);
    }

    /// Removes up to `n` permits that are on hand, for good. How many there were.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_sync::Semaphore;
    ///
    /// let looms = Semaphore::new(3);
    /// assert_eq!(looms.forget_permits(2), 2);
    /// assert_eq!(looms.forget_permits(2), 1); // there was no more
    /// assert_eq!(looms.available_permits(), 0);
    /// ```
    #[doc(alias = "reduce_permits")]
    pub fn forget_permits(&self, n: usize) -> usize {
        let taken = self.line.with(|_| self.take_back(n, 0));
        self.total.fetch_sub(taken, Relaxed);
        taken
    }

    /// Removes `n` permits for good: those on hand now, and the rest as they come back, before
    /// anybody in line is served.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer than `n` permits in all, held or on hand; nothing is removed then.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = selvedge_sync::Semaphore::new(3);
    /// let held = semaphore.try_acquire_many(2)?;
    /// semaphore.reduce_permits(2); // one is on hand, the other is owed
    /// assert_eq!(semaphore.available_permits(), 0);
    /// drop(held);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # Ok::<(), selvedge_sync::TryAcquireError>(())
    /// ```
    #[track_caller]
    pub fn reduce_permits(&self, n: usize) {
        if let Err(there) = self.reduce(|there| (n <= there).then_some(n)) {
            panic!("a semaphore of {there} permits cannot be reduced by {n}");
        }
    }

    /// Makes it `total` permits in all, those that are held included.
    ///
    /// More than before wakes those in line that now fit; fewer is
    /// [`reduce_permits`](Self::reduce_permits).
    ///
    /// # Panics
    ///
    /// Panics above [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = selvedge_sync::Semaphore::new(3);
    /// let held = semaphore.try_acquire()?;
    /// semaphore.set_permits(5);
    /// assert_eq!(semaphore.available_permits(), 4);
    /// semaphore.set_permits(1);
    /// assert_eq!(semaphore.available_permits(), 0);
    /// # drop(held);
    /// # Ok::<(), selvedge_sync::TryAcquireError>(())
    /// ```
    #[track_caller]
    pub fn set_permits(&self, total: usize) {
        if total > Self::MAX_PERMITS {
            too_many_permits();
        }
        let mut before = self.total.load(Relaxed);
        // What is there is never more than `total` says, so raising begins with it ...
        while signed(before) < signed(total) {
            match self.total.compare_exchange_weak(before, total, Relaxed, Relaxed) {
                Ok(_) if mutant!("resizing counts what is on hand") => {
                    return self.put(total - self.state.load(Relaxed) / ONE);
                }
                Ok(_) => return self.put(total.wrapping_sub(before)),
                Err(now) => before = now,
            }
        }
        // ... and lowering ends with it. Fewer than `total` by now: somebody else lowered it.
        let _ = self.reduce(|there| there.checked_sub(total));
    }
}

/// A count by its bits, where it may have fallen below 0.
pub(super) const fn signed(count: usize) -> isize {
    isize::from_ne_bytes(count.to_ne_bytes())
}

#[cold]
#[track_caller]
pub(super) fn too_many_permits() -> ! {
    panic!("a semaphore may not have more than MAX_PERMITS permits")
}
