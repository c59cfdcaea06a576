//! `core` and `std`.

mod bit;
#[cfg(feature = "std")]
#[cfg_attr(selvedge_spin, expect(dead_code, reason = "its lock is replaced"))]
mod park;

use core::cell::UnsafeCell;

// ThreadSanitizer does not look into std's lock, which is compiled already: with this flag all
// locks are ours.
#[cfg(any(selvedge_spin, not(feature = "std")))]
pub(super) use self::bit::Bit as Lock;
pub(super) use self::bit::{Bit as Brief, Held};
#[cfg(all(feature = "std", not(selvedge_spin)))]
pub(super) use self::park::Lock;
#[cfg(feature = "std")]
pub use self::park::{Flag, Parker};

pub(super) struct Cell<T>(UnsafeCell<T>);

impl<T> Cell<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }

    #[inline(always)]
    pub(super) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }
}

/// Lies in an allocation that is freed by hand, so that a model reports one that never is.
/// Nothing in a build.
#[derive(Debug)]
pub struct Heap;

impl Heap {
    /// For a new allocation.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
    #[inline(always)]
    pub const fn new() -> Self {
        Self
    }
}

pub(super) struct Track;
pub(super) type Reading = ();
pub(super) type Writing = ();

impl Track {
    pub(super) const fn new() -> Self {
        Self
    }

    #[inline(always)]
    pub(super) fn reading(&self) {}

    #[inline(always)]
    pub(super) fn writing(&self) {}

    #[inline(always)]
    pub(super) fn pause(&self, (): &mut Reading) {}

    #[inline(always)]
    pub(super) fn resume(&self, (): &mut Reading) {}
}

/// The name of an object in a timeline; nothing in a build, but for `diagnose`.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    #[cfg(feature = "diagnose")]
    kind: &'static str,
}

impl Label {
    /// Names an object after its kind.
    #[inline(always)]
    pub const fn new(_kind: &'static str) -> Self {
        Self {
            #[cfg(feature = "diagnose")]
            kind: _kind,
        }
    }

    /// What it is.
    #[cfg(feature = "diagnose")]
    pub const fn kind(self) -> &'static str {
        self.kind
    }
}

/// Whether a model has failed, so that destructors keep away from loom. Never in a build.
#[inline(always)]
pub const fn doomed() -> bool {
    false
}

/// Lets another thread go on, in a loop that waits for it.
#[inline(always)]
pub fn relax() {
    core::hint::spin_loop();
}
