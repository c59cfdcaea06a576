//! What a guard points to.

use core::fmt;

/// A pointer to what a guard lends.
pub trait Part {
    /// What it points to.
    type Target: ?Sized;

    /// Points to `target`.
    fn of(target: *mut Self::Target) -> Self;

    /// Where it points.
    fn get(&self) -> *mut Self::Target;
}

/// A pointer to what may be read: covariant.
pub struct Shared<U: ?Sized>(pub(super) *const U);

/// A pointer to what may be written, or may become so: invariant.
pub struct Unique<U: ?Sized>(pub(super) *mut U);

// SAFETY: a `Shared` is a `&U` in all but name.
unsafe impl<U: ?Sized + Sync> Send for Shared<U> {}
// SAFETY: as above.
unsafe impl<U: ?Sized + Sync> Sync for Shared<U> {}
// SAFETY: a `Unique` is a `&mut U` in all but name.
unsafe impl<U: ?Sized + Send> Send for Unique<U> {}
// SAFETY: as above.
unsafe impl<U: ?Sized + Sync> Sync for Unique<U> {}

impl<U: ?Sized> Part for Shared<U> {
    type Target = U;

    #[inline(always)]
    fn of(target: *mut U) -> Self {
        Self(target)
    }

    #[inline(always)]
    fn get(&self) -> *mut U {
        self.0.cast_mut()
    }
}

impl<U: ?Sized> Part for Unique<U> {
    type Target = U;

    #[inline(always)]
    fn of(target: *mut U) -> Self {
        Self(target)
    }

    #[inline(always)]
    fn get(&self) -> *mut U {
        self.0
    }
}

impl<U: ?Sized> fmt::Debug for Shared<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

impl<U: ?Sized> fmt::Debug for Unique<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unique")
    }
}
