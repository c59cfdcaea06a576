//! The permits of a semaphore, borrowed or owned.

use alloc::sync::Arc;
use core::fmt;

use super::{Semaphore, turns::Permits};
use crate::raw::line::Turn;

/// Permits of a borrowed [`Semaphore`], given back when dropped.
#[must_use = "the permits are given back at once if they are not kept"]
#[clippy::has_significant_drop]
pub struct SemaphorePermit<'a> {
    pub(super) turn: Turn<&'a Semaphore, Permits>,
}

/// Permits of an [`Arc`]ed [`Semaphore`], given back when dropped.
#[must_use = "the permits are given back at once if they are not kept"]
#[clippy::has_significant_drop]
pub struct OwnedSemaphorePermit {
    pub(super) turn: Turn<Arc<Semaphore>, Permits>,
}

/// What both kinds of permit can do.
macro_rules! permit {
    ([$($generics:tt)*] $name:literal $permit:ty: $handle:ty, $clone:expr) => {
        impl<$($generics)*> $permit {
            /// Keeps the permits from ever being given back: the semaphore has fewer from now on.
            #[cfg_attr(selvedge_loom, track_caller)]
            pub fn forget(self) {
                let n = self.turn.asks().count();
                self.turn.into_handle().forget_held(n);
            }

            /// Adds another's permits to these.
            ///
            /// # Panics
            ///
            /// Panics if they are not of the same semaphore.
            #[track_caller]
            pub fn merge(&mut self, other: Self) {
                assert!(
                    core::ptr::eq(self.semaphore_ref(), other.semaphore_ref()),
                    "merging permits from different semaphore instances"
                );
                let n = other.turn.asks().count();
                let _ = other.turn.into_handle();
                self.turn.set_asks(Permits::exactly(self.num_permits() + n));
            }

            /// Parts `n` permits from these; `None` if there are not so many.
            #[must_use = "the permits are given back at once if they are not kept"]
            #[track_caller]
            pub fn split(&mut self, n: usize) -> Option<Self> {
                let rest = self.num_permits().checked_sub(n)?;
                self.turn.set_asks(Permits::exactly(rest));
                let clone: fn(&$handle) -> $handle = $clone;
                let handle = clone(self.turn.handle());
                Some(Self { turn: Turn::of(handle, Permits::exactly(n)) })
            }

            /// How many permits these are.
            #[must_use]
            pub fn num_permits(&self) -> usize {
                self.turn.asks().count()
            }

            fn semaphore_ref(&self) -> &Semaphore {
                self.turn.handle()
            }
        }

        impl<$($generics)*> fmt::Debug for $permit {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($name)
                    .field("permits", &self.num_permits())
                    .finish_non_exhaustive()
            }
        }
    };
}

permit! { ['a] "SemaphorePermit" SemaphorePermit<'a>: &'a Semaphore, |handle| handle }
permit! { [] "OwnedSemaphorePermit" OwnedSemaphorePermit: Arc<Semaphore>, Arc::clone }

impl<'a> SemaphorePermit<'a> {
    /// The semaphore that these permits are of.
    #[must_use]
    pub fn semaphore(&self) -> &'a Semaphore {
        self.turn.handle()
    }
}

impl OwnedSemaphorePermit {
    /// The semaphore that these permits are of.
    #[must_use]
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        self.turn.handle()
    }
}
