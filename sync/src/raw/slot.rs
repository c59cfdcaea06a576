//! Room for the waker of the one task that waits.
//!
//! `atomic-waker` in a build. It is not aware of loom, so a model has a lock around the waker.

use core::{fmt, task::Waker};

/// Room for one waker: one task registers, anybody wakes.
///
/// Whoever registers and then looks at a state, and whoever changes that state and then wakes,
/// cannot miss each other: both go through the slot, which publishes what went before.
pub struct WakerSlot(imp::Slot);

impl WakerSlot {
    super::shim::const_in_build! {
        /// Nobody waits.
        #[expect(clippy::new_without_default, reason = "made by a primitive, in a const")]
        pub fn new() -> Self {
            Self(imp::Slot::new())
        }
    }

    /// Leaves `waker`, in place of the one that was there.
    #[inline]
    pub fn register(&self, waker: &Waker) {
        self.0.register(waker);
    }

    /// Wakes who waits, if somebody does. No lock is held by the caller.
    #[inline]
    pub fn wake(&self) {
        if let Some(waker) = self.0.take() {
            waker.wake();
        }
    }

    /// Takes the waker out.
    #[inline]
    #[must_use = "who waits sleeps until it is woken"]
    pub fn take(&self) -> Option<Waker> {
        self.0.take()
    }
}

impl fmt::Debug for WakerSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WakerSlot(..)")
    }
}

#[cfg(not(selvedge_loom))]
mod imp {
    pub(super) use atomic_waker::AtomicWaker as Slot;
}

#[cfg(selvedge_loom)]
mod imp {
    use core::task::Waker;

    use crate::raw::shim::Lock;

    pub(super) struct Slot(Lock<Option<Waker>>);

    impl Slot {
        #[track_caller]
        pub(super) fn new() -> Self {
            Self(Lock::new(None))
        }

        #[track_caller]
        pub(super) fn register(&self, waker: &Waker) {
            let waker = waker.clone();
            drop(self.0.with(|slot| slot.replace(waker)));
        }

        #[track_caller]
        pub(super) fn take(&self) -> Option<Waker> {
            self.0.with(Option::take)
        }
    }
}
