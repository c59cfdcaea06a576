//! A share in an `Arc` that many hold together: those who count themselves in what it leads to
//! anyway need no count of their own in the `Arc`.
//!
//! Invariants:
//! 1. While anybody is counted, one count of the `Arc` is theirs: the first to be counted takes it,
//!    and whoever was the last one counted gives it back.
//! 2. Whoever is counted stays so until their share is dropped.
#![expect(unsafe_code, reason = "what is shared is reached by pointer")]

use alloc::sync::Arc;
use core::{fmt, ops::Deref, ptr::NonNull, sync::atomic::Ordering::Acquire};

use selvedge_sync::raw::{
    line,
    shim::{atomic::fence, doomed, mutant},
};

/// Something that counts those who share in it.
///
/// # Safety
///
/// `join` counts one more, `leave` one fewer, and they tell whether nobody else is counted; nothing
/// else changes the count. `leave` is a Release, and its last access.
pub unsafe trait Counts {
    /// What one is told who joins.
    type Joined;

    /// Counts one more; whether nobody was counted.
    fn join(&self) -> (bool, Self::Joined);

    /// Counts one fewer; whether nobody is counted any more.
    fn leave(&self) -> bool;

    /// Nobody was counted any more, a moment ago.
    fn deserted(&self);
}

/// One who is counted.
pub struct Share<T: Counts>(NonNull<T>);

// SAFETY: it is as good as an `Arc`.
unsafe impl<T: Counts + Send + Sync> Send for Share<T> {}
// SAFETY: as above.
unsafe impl<T: Counts + Send + Sync> Sync for Share<T> {}

// SAFETY: it leads to one place, as an `Arc` does.
unsafe impl<T: Counts + line::Primitive> line::Handle for Share<T> {}

impl<T: Counts> Share<T> {
    /// One more who is counted.
    #[inline]
    pub fn join(of: &Arc<T>) -> (Self, T::Joined) {
        let (is_first, joined) = of.join();
        if is_first {
            // SAFETY: the pointer is that of `of`, which is alive.
            unsafe { Arc::increment_strong_count(Arc::as_ptr(of)) };
        }
        // SAFETY: an `Arc`'s pointer is not null.
        (Self(unsafe { NonNull::new_unchecked(Arc::as_ptr(of).cast_mut()) }), joined)
    }
}

impl<T: Counts> Deref for Share<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while this one is counted (2), a count of the `Arc` keeps it alive (1), or, until
        // the first one has taken that, the `Arc` they join by.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Counts> Drop for Share<T> {
    #[inline]
    fn drop(&mut self) {
        if doomed() || !self.leave() {
            return;
        }
        // ORDERING: Acquire pairs with the Releases of the others' `leave`: what they did there comes
        // before it is freed.
        fence(Acquire);
        // SAFETY: this was the last one, so the count is its to give back (1).
        let last = unsafe { Arc::from_raw(self.0.as_ptr()) };
        last.deserted();
        if mutant!("the last one to leave keeps what was shared") {
            core::mem::forget(last);
        }
    }
}

impl<T: Counts> fmt::Debug for Share<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Share")
    }
}
