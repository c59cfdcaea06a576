//! Who compares items, and must not use the queue.

/// Which thread is comparing items, with the queue locked: it must not use the queue meanwhile, and
/// is told so instead of sleeping for ever.
#[cfg(all(feature = "std", not(selvedge_loom)))]
pub(super) struct Comparing(selvedge_sync::raw::shim::atomic::AtomicUsize);

#[cfg(all(feature = "std", not(selvedge_loom)))]
impl Comparing {
    pub(super) const fn new() -> Self {
        Self(selvedge_sync::raw::shim::atomic::AtomicUsize::new(0))
    }

    /// An address that other threads do not have.
    fn thread() -> usize {
        std::thread_local! {
            static HERE: u8 = const { 0 };
        }
        HERE.try_with(|here| core::ptr::from_ref(here).addr()).unwrap_or(0)
    }

    pub(super) fn begin(&self) -> impl Drop + '_ {
        struct Ended<'a>(&'a Comparing);

        impl Drop for Ended<'_> {
            fn drop(&mut self) {
                self.0.0.store(0, core::sync::atomic::Ordering::Relaxed);
            }
        }

        self.0.store(Self::thread(), core::sync::atomic::Ordering::Relaxed);
        Ended(self)
    }

    /// A thread knows what it has stored itself: that is all that is asked.
    #[inline]
    #[track_caller]
    pub(super) fn check(&self) {
        let comparing = self.0.load(core::sync::atomic::Ordering::Relaxed);
        assert!(
            comparing == 0 || comparing != Self::thread(),
            "the `Ord` of an item uses the queue that it is put into"
        );
    }
}

/// Without threads there is nothing to tell them apart by.
#[cfg(not(all(feature = "std", not(selvedge_loom))))]
pub(super) struct Comparing;

#[cfg(not(all(feature = "std", not(selvedge_loom))))]
impl Comparing {
    pub(super) const fn new() -> Self {
        Self
    }

    pub(super) fn begin(&self) {}

    pub(super) fn check(&self) {}
}
