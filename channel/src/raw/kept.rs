//! A value that is kept for as long as somebody looks at it, and changed while nobody does.
//!
//! An `Arc` but for one bit of its count: whoever wants the value for itself marks it, and the last
//! one that looks is told.
//!
//! Invariants:
//! 1. The allocation lives while `refs` counts anybody.
//! 2. The value is written by whoever has the only [`Kept`] and no [`Look`] beside it, by `&mut`.
//! 3. Only the one [`Kept`] makes a [`Look`].
#![expect(unsafe_code, reason = "the value is shared by counting")]

use alloc::boxed::Box;
use core::{
    cell::UnsafeCell,
    fmt,
    mem::ManuallyDrop,
    ptr::NonNull,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
};

use selvedge_sync::raw::shim::{Heap, Reading, Track, atomic::AtomicUsize, doomed, mutant};

/// Somebody wants the value for itself.
const WANTED: usize = 0b01;
/// One that keeps the value.
const ONE: usize = 0b10;

struct Inner<T> {
    refs: AtomicUsize,
    track: Track,
    value: UnsafeCell<T>,
    _heap: Heap,
}

/// The value, as its owner has it.
pub(crate) struct Kept<T>(NonNull<Inner<T>>);

/// A look at the value, which keeps it as it is.
pub(crate) struct Look<'a, T, W: Wanted> {
    inner: NonNull<Inner<T>>,
    token: ManuallyDrop<Reading>,
    owner: &'a W,
}

/// Who is told that nobody looks any more.
pub(crate) trait Wanted {
    /// The last one that looked at a [wanted](Kept::want) value has gone.
    fn tell(&self);
}

// SAFETY: as an `Arc`: the value is shared, and goes with whoever comes last.
unsafe impl<T: Send + Sync> Send for Kept<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Kept<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync, W: Wanted + Sync> Send for Look<'_, T, W> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync, W: Wanted + Sync> Sync for Look<'_, T, W> {}

impl<T> Kept<T> {
    /// Keeps `value`.
    pub(crate) fn new(value: T) -> Self {
        Self(NonNull::from(Box::leak(Box::new(Inner {
            refs: AtomicUsize::new(ONE),
            track: Track::new(),
            value: UnsafeCell::new(value),
            _heap: Heap::new(),
        }))))
    }

    #[inline(always)]
    fn inner(&self) -> &Inner<T> {
        // SAFETY: it counts us (1).
        unsafe { self.0.as_ref() }
    }

    /// Looks at the value.
    #[inline(always)]
    pub(crate) fn look<'a, W: Wanted>(&self, owner: &'a W) -> Look<'a, T, W> {
        self.inner().refs.fetch_add(ONE, Relaxed);
        let token = ManuallyDrop::new(self.inner().track.reading());
        Look { inner: self.0, token, owner }
    }

    /// Whether nobody looks at it.
    #[inline(always)]
    pub(crate) fn is_alone(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `release`: those who looked are done.
        self.inner().refs.load(Acquire) & !WANTED == ONE
    }

    /// The value, if nobody looks at it.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        if !self.is_alone() {
            return None;
        }
        let _token = self.inner().track.writing();
        // SAFETY: nobody looks, and nobody can begin to while `self` is borrowed (2, 3).
        Some(f(unsafe { &mut *self.inner().value.get() }))
    }

    /// Asks to be told, unless nobody looks.
    pub(crate) fn want(&self) {
        // RACE: 1. A finds that B looks. 2. B goes, and finds that nobody wants the value. 3. A
        //       waits for ever. So this is a step on the word that B goes by.
        self.inner().refs.fetch_or(WANTED, Relaxed);
    }

    /// Asks no more. Nobody looks.
    pub(crate) fn had(&self) {
        self.inner().refs.fetch_and(!WANTED, Relaxed);
    }

    /// The value, if nobody looks at it.
    pub(crate) fn into_value(self) -> Result<T, Self> {
        if !self.is_alone() {
            return Err(self);
        }
        let this = ManuallyDrop::new(self);
        let _ = this.inner().track.writing();
        // SAFETY: it came from a box, and nobody else has it (2).
        Ok(unsafe { Box::from_raw(this.0.as_ptr()) }.value.into_inner())
    }
}

/// One less keeps the value; whoever comes last frees it. Whether somebody is to be told.
///
/// # Safety
///
/// The caller is counted, and touches it no more.
#[inline(always)]
unsafe fn release<T>(inner: NonNull<Inner<T>>) -> bool {
    // SAFETY: it counts the caller (1).
    let count = unsafe { &inner.as_ref().refs };
    // ORDERING: Release pairs with the Acquires in `is_alone` and in `free`.
    let refs = count.fetch_sub(ONE, Release);
    if refs & !WANTED == ONE {
        // SAFETY: it counted the caller alone.
        unsafe { free(inner) };
        return false;
    }
    refs == WANTED | (2 * ONE)
}

/// # Safety
///
/// It counts nobody.
#[cold]
#[inline(never)]
unsafe fn free<T>(inner: NonNull<Inner<T>>) {
    // SAFETY: it is not freed yet.
    let count = unsafe { &inner.as_ref().refs };
    // ORDERING: Acquire pairs with the Release in `release`: all that looked are done.
    let _ = count.load(Acquire);
    // SAFETY: as above. Noted, so that a model sees whether they are.
    let _ = unsafe { inner.as_ref() }.track.writing();
    // SAFETY: it came from a box, and nobody has it any more (1).
    drop(unsafe { Box::from_raw(inner.as_ptr()) });
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        if !doomed() {
            // SAFETY: we are counted, and go.
            let _ = unsafe { release(self.0) };
        }
    }
}

impl<T, W: Wanted> Look<'_, T, W> {
    /// The value.
    #[inline(always)]
    pub(crate) fn get(&self) -> &T {
        // SAFETY: it counts us (1), so nobody writes (2).
        unsafe { &*self.inner.as_ref().value.get() }
    }
}

impl<T, W: Wanted> Drop for Look<'_, T, W> {
    #[inline(always)]
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        // SAFETY: the token is not used after this.
        unsafe { ManuallyDrop::drop(&mut self.token) };
        // SAFETY: we are counted, and go.
        let is_wanted = unsafe { release(self.inner) };
        if is_wanted && !mutant!("kept: nobody is told") {
            self.owner.tell();
        }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl<T, W: Wanted> fmt::Debug for Look<'_, T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Look")
    }
}
