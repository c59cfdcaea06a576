//! Wake-ups that leave a lock as values, and happen after it.
//!
//! A waker is other people's code: it may take locks, call back into the primitive, or panic. So
//! whoever grants a turn hands a [`Wake`] or a [`WakeList`] out of the lock.
#![expect(unsafe_code, reason = "the list is filled by hand")]

use core::{fmt, mem::MaybeUninit, task::Waker};

use super::shim::mutant;

/// How many wake-ups leave a lock at a time. Under loom two, so that a model sees a second batch.
pub const BATCH: usize = if cfg!(selvedge_loom) { 2 } else { 32 };

/// One wake-up, or none.
#[must_use = "a granted task sleeps until it is woken"]
#[derive(Debug)]
pub struct Wake(pub Option<Waker>);

impl Wake {
    /// Nobody to wake.
    pub const NOBODY: Self = Self(None);

    /// Wakes the task. No lock is held by the caller.
    #[inline]
    pub fn wake(self) {
        if let Some(waker) = self.0 {
            if !mutant!("a wake-up is lost") {
                waker.wake();
            }
        }
    }
}

/// Up to [`BATCH`] wake-ups, without an allocation.
///
/// Invariant: `wakers[next..len]` are initialised, the others are not.
#[must_use = "granted tasks sleep until they are woken"]
pub struct WakeList {
    wakers: [MaybeUninit<Waker>; BATCH],
    next: usize,
    len: usize,
}

impl WakeList {
    /// Nobody to wake yet.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
    #[inline]
    pub const fn new() -> Self {
        Self { wakers: [const { MaybeUninit::uninit() }; BATCH], next: 0, len: 0 }
    }

    /// Whether there is no room for another.
    #[inline]
    pub const fn is_full(&self) -> bool {
        self.len == BATCH
    }

    /// Adds a wake-up.
    ///
    /// # Panics
    ///
    /// Panics if the list [is full](Self::is_full).
    #[inline]
    pub fn push(&mut self, wake: Wake) {
        if let Some(waker) = wake.0 {
            self.wakers[self.len].write(waker);
            self.len += 1;
        }
    }

    /// Wakes the tasks, in the order in which they were added. No lock is held by the caller.
    ///
    /// # Panics
    ///
    /// Passes a waker's panic on, after the others were woken.
    #[inline]
    pub fn wake(mut self) {
        self.wake_rest();
    }

    #[inline]
    fn wake_rest(&mut self) {
        while self.next < self.len {
            let at = self.next;
            self.next += 1;
            // SAFETY: `at` was in `next..len`, which is initialised, and has just been taken out.
            unsafe { self.wakers[at].assume_init_read() }.wake();
        }
    }
}

impl Drop for WakeList {
    /// Goes on behind a waker that panicked: the tasks behind it have been granted their turns.
    fn drop(&mut self) {
        while self.next < self.len {
            #[cfg(feature = "std")]
            // A second panic would abort. The first one is on its way to the caller.
            drop(std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| self.wake_rest())));
            #[cfg(not(feature = "std"))]
            self.wake_rest();
        }
    }
}

impl fmt::Debug for WakeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeList").field("len", &(self.len - self.next)).finish()
    }
}

/// Wakes batch after batch: `fill` collects one with the lock held and says whether there are
/// more.
///
/// # Panics
///
/// Passes a waker's panic on, after all the others were woken.
#[inline]
pub fn in_batches<F: FnMut(&mut WakeList) -> bool>(fill: F) {
    let mut batches = Batches { fill, more: true };
    while batches.more {
        batches.next();
    }
}

struct Batches<F: FnMut(&mut WakeList) -> bool> {
    fill: F,
    more: bool,
}

impl<F: FnMut(&mut WakeList) -> bool> Batches<F> {
    #[inline]
    fn next(&mut self) {
        // Woken where it is: the list is large, and to move it costs more than a wake-up.
        let mut wakes = WakeList::new();
        self.more = (self.fill)(&mut wakes);
        wakes.wake_rest();
    }
}

impl<F: FnMut(&mut WakeList) -> bool> Drop for Batches<F> {
    /// Goes on behind a batch whose waker panicked.
    fn drop(&mut self) {
        while self.more {
            #[cfg(feature = "std")]
            if std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| self.next())).is_err() {
                continue;
            }
            #[cfg(not(feature = "std"))]
            self.next();
        }
    }
}
